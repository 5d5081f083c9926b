//! Whether what is allowed now was allowed before.
//!
//! Decided per statement, by cases of principal, action and resource: a case that is new widens access unless an earlier
//! statement allowed it under conditions no stricter. Where two patterns cannot be compared for certain, access is said
//! to widen.

use serde_json::Value;

use super::statement::{Clause, Statement};
use crate::{Effect, StatementKind};

/// Whether a new statement lets anyone do what nobody could before.
pub(super) fn addition_widens(statement: &Statement, before: &[Statement]) -> bool {
    match (statement.effect, statement.kind) {
        (Effect::Deny, _) => false,
        // A boundary takes away. Which one takes away more is not in the template: going from one to another widens.
        (Effect::Allow, StatementKind::Boundary) => before.iter().any(|old| {
            old.kind == StatementKind::Boundary && old.logical_id == statement.logical_id
        }),
        (Effect::Allow, _) => !is_covered(statement, before),
    }
}

/// Whether a statement that goes lets anyone do what nobody could before.
pub(super) fn removal_widens(statement: &Statement, after: &[Statement]) -> bool {
    match (statement.effect, statement.kind) {
        (Effect::Deny, _) => !is_covered(statement, after),
        (Effect::Allow, StatementKind::Boundary) => !after.iter().any(|new| {
            new.kind == StatementKind::Boundary && new.logical_id == statement.logical_id
        }),
        (Effect::Allow, _) => false,
    }
}

/// Whether every case of a statement is one of the others' too.
fn is_covered(statement: &Statement, others: &[Statement]) -> bool {
    let others: Vec<&Statement> = others
        .iter()
        .filter(|other| {
            other.effect == statement.effect
                && has_same_scope(other, statement)
                && is_no_stricter(other.condition.as_ref(), statement.condition.as_ref())
        })
        .collect();
    cases(&statement.principals).iter().all(|principal| {
        cases(&statement.actions).iter().all(|action| {
            cases(&statement.resources).iter().all(|resource| {
                others.iter().any(|other| {
                    is_within(principal, &other.principals, false)
                        && is_within(action, &other.actions, true)
                        && is_within(resource, &other.resources, false)
                })
            })
        })
    })
}

/// Whether two statements rule over the same: what a holder may do, or what may be done with one resource.
fn has_same_scope(one: &Statement, other: &Statement) -> bool {
    one.kind == other.kind
        && match one.kind {
            StatementKind::Identity
            | StatementKind::ManagedPolicy
            | StatementKind::Membership
            | StatementKind::Assignment => true,
            StatementKind::Trust | StatementKind::Resource | StatementKind::Boundary => {
                one.logical_id == other.logical_id
            }
        }
}

/// The cases of a clause: each pattern alone, or the whole where it is inverted or names nothing.
fn cases(clause: &Clause) -> Vec<Clause> {
    if clause.is_inverted || clause.patterns.is_empty() {
        return vec![clause.clone()];
    }
    let patterns = clause.patterns.iter();
    patterns
        .map(|pattern| Clause::of(vec![pattern.clone()]))
        .collect()
}

/// Whether all that one clause names is named by another.
fn is_within(inner: &Clause, outer: &Clause, ignores_case: bool) -> bool {
    let matches = |pattern: &str, text: &str| {
        if ignores_case {
            is_match(&pattern.to_ascii_lowercase(), &text.to_ascii_lowercase())
        } else {
            is_match(pattern, text)
        }
    };
    let names =
        |clause: &Clause, text: &str| clause.patterns.iter().any(|pattern| matches(pattern, text));
    match (inner.is_inverted, outer.is_inverted) {
        (false, false) if inner.patterns.is_empty() => {
            outer.patterns.is_empty() || names(outer, "*")
        }
        (false, false) => inner.patterns.iter().all(|text| names(outer, text)),
        // What is left out must have nothing in common with what is asked for.
        (false, true) => inner.patterns.iter().all(|text| {
            outer.patterns.iter().all(|excluded| {
                let both_wild = text.contains(['*', '?']) && excluded.contains(['*', '?']);
                !matches(excluded, text) && !matches(text, excluded) && !both_wild
            })
        }),
        (true, false) => names(outer, "*"),
        (true, true) => outer.patterns.iter().all(|excluded| names(inner, excluded)),
    }
}

/// Whether a pattern matches all that a text stands for, where the text may be a pattern too.
fn is_match(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), text.chars().collect());
    let (mut at, mut from) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while from < text.len() {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at, from));
                at += 1;
            }
            Some(letter) if is_one(*letter, text[from]) => {
                at += 1;
                from += 1;
            }
            _ => match &mut star {
                Some((place, reach)) => {
                    *reach += 1;
                    (at, from) = (*place + 1, *reach);
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|letter| *letter == '*')
}

/// Whether a letter of a pattern stands for a letter of a text; `?` stands for any one, `*` in the text for many.
fn is_one(pattern: char, text: char) -> bool {
    pattern == text || (pattern == '?' && text != '*')
}

/// Whether whatever meets the second condition meets the first.
fn is_no_stricter(one: Option<&Value>, other: Option<&Value>) -> bool {
    let Some(one) = one.and_then(Value::as_object) else {
        return true;
    };
    one.iter().all(|(operator, keys)| {
        keys.as_object()
            .into_iter()
            .flatten()
            .all(|(key, allowed)| {
                let asked = other.and_then(|other| other.get(operator)?.get(key));
                let (Some(asked), Some(allowed)) =
                    (asked.and_then(Value::as_array), allowed.as_array())
                else {
                    return false;
                };
                // Of what must not be, more is stricter; of what must be, less.
                if operator.contains("Not") {
                    allowed.iter().all(|value| asked.contains(value))
                } else {
                    asked.iter().all(|value| allowed.contains(value))
                }
            })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_what_they_contain() {
        let table = [
            ("*", "anything", true),
            ("*", "*", true),
            ("s3:Get*", "s3:GetObject", true),
            ("s3:Get*", "s3:*", false),
            ("s3:*", "s3:Get*", true),
            ("s3:GetObject", "s3:GetObject", true),
            ("a?c", "abc", true),
            ("a?c", "a*c", false),
            ("a*c", "a?c", true),
            ("a*b*c", "axxbyyc", true),
            ("a*b", "axxbyyc", false),
            ("", "", true),
            ("a", "", false),
        ];
        for (pattern, text, expected) in table {
            assert_eq!(is_match(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn clauses_contain_one_another() {
        let plain =
            |patterns: &[&str]| Clause::of(patterns.iter().map(|one| (*one).to_owned()).collect());
        let not = |patterns: &[&str]| Clause {
            is_inverted: true,
            ..plain(patterns)
        };
        let table = [
            (plain(&["a"]), plain(&["a", "b"]), true),
            (plain(&["a", "c"]), plain(&["a", "b"]), false),
            (plain(&["a"]), not(&["b"]), true),
            (plain(&["b*"]), not(&["bc"]), false),
            (not(&["a"]), plain(&["*"]), true),
            (not(&["a"]), plain(&["b*"]), false),
            (not(&["a", "b"]), not(&["a"]), true),
            (not(&["a"]), not(&["a", "b"]), false),
            (plain(&[]), plain(&[]), true),
            (plain(&["a"]), plain(&[]), false),
        ];
        for (inner, outer, expected) in table {
            assert_eq!(
                is_within(&inner, &outer, false),
                expected,
                "{inner:?} {outer:?}"
            );
        }
    }
}
