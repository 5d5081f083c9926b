//! Conditions of statements: whether one that holds means that another one holds too.
//!
//! How each operator reads a key, and what it makes of a key that is not there, is in the
//! [reference](https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html).

use std::collections::BTreeSet;

use serde_json::Value;

use super::{address::AddressRange, effort::Effort, pattern::Pattern};

/// Operators and keys of a condition that do not hold whenever the narrower one does: `StringEquals aws:SourceArn`.
pub(super) fn unmet(
    wider: Option<&Value>,
    narrower: Option<&Value>,
    effort: &Effort,
) -> Vec<String> {
    let asked = constraints(wider);
    if asked.is_empty() {
        return Vec::new();
    }
    let given = constraints(narrower);
    asked
        .into_iter()
        .filter(|asked| !given.iter().any(|given| given.implies(asked, effort)))
        .map(|asked| format!("{} {}", asked.operator, asked.key))
        .collect()
}

/// What an operator asks of one key.
struct Constraint<'c> {
    /// As it is written, `ForAnyValue:StringLikeIfExists`.
    operator: &'c str,
    key: &'c str,
    quantifier: Quantifier,
    if_exists: bool,
    /// The operator without its quantifier and suffix.
    base: &'c str,
    is_negated: bool,
    values: Vec<String>,
}

/// Of a key with many values, how many must match.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Quantifier {
    One,
    All,
    Any,
}

fn constraints(condition: Option<&Value>) -> Vec<Constraint<'_>> {
    let operators = condition.and_then(Value::as_object).into_iter().flatten();
    operators
        .flat_map(|(operator, keys)| {
            let keys = keys.as_object().into_iter().flatten();
            keys.map(move |(key, values)| Constraint::read(operator, key, values))
        })
        .collect()
}

impl<'c> Constraint<'c> {
    fn read(operator: &'c str, key: &'c str, values: &'c Value) -> Self {
        let (quantifier, rest) = match operator.split_once(':') {
            Some(("ForAllValues", rest)) => (Quantifier::All, rest),
            Some(("ForAnyValue", rest)) => (Quantifier::Any, rest),
            _ => (Quantifier::One, operator),
        };
        let (base, if_exists) = match rest.strip_suffix("IfExists") {
            Some(base) => (base, true),
            None => (rest, false),
        };
        Self {
            operator,
            key,
            quantifier,
            if_exists,
            base,
            is_negated: base.contains("Not"),
            values: super::texts(values),
        }
    }

    fn implies(&self, wider: &Self, effort: &Effort) -> bool {
        self.key.eq_ignore_ascii_case(wider.key)
            && (self.is_same(wider)
                || (wider.asks_for_presence() && self.needs_presence())
                || self.implies_values(wider, effort))
    }

    fn is_same(&self, other: &Self) -> bool {
        let values =
            |constraint: &Self| -> BTreeSet<String> { constraint.values.iter().cloned().collect() };
        self.operator == other.operator && values(self) == values(other)
    }

    /// Whether all it asks is that the key is there.
    fn asks_for_presence(&self) -> bool {
        self.operator == "Null" && self.values.iter().all(|value| value == "false")
    }

    /// Whether it can hold only where the key is there.
    fn needs_presence(&self) -> bool {
        let is_known = self
            .values
            .first()
            .is_none_or(|value| self.set(value).is_some());
        self.base != "Null" && is_known && !self.holds_without_key()
    }

    fn holds_without_key(&self) -> bool {
        match self.quantifier {
            Quantifier::All => true,
            Quantifier::Any => self.if_exists,
            Quantifier::One => self.if_exists || self.is_negated,
        }
    }

    fn implies_values(&self, wider: &Self, effort: &Effort) -> bool {
        if self.quantifier != wider.quantifier
            || self.is_negated != wider.is_negated
            || (self.holds_without_key() && !wider.holds_without_key())
        {
            return false;
        }
        let sets = |constraint: &Self| -> Option<Vec<Set>> {
            let values = constraint.values.iter();
            values.map(|value| constraint.set(value)).collect()
        };
        let (Some(own), Some(other)) = (sets(self), sets(wider)) else {
            return false;
        };
        // Of what must not be, more is stricter; of what must be, less.
        let (inner, outer) = if self.is_negated {
            (other, own)
        } else {
            (own, other)
        };
        let is_within = |set: &Set| {
            let mut outer = outer.iter();
            outer.any(|outer| effort.spend(1) && set.is_within(outer, effort))
        };
        inner.iter().all(is_within)
    }

    /// What a value stands for; `None` with an operator that is not known, or a value that is not.
    fn set(&self, value: &str) -> Option<Set> {
        let positive = self.base.replacen("Not", "", 1);
        Some(match positive.as_str() {
            "StringEquals" => Set::Exact(Pattern::exact(value)),
            "StringEqualsIgnoreCase" => Set::AnyCase(Pattern::exact(value).ignoring_case()),
            "StringLike" => Set::Like(Pattern::glob(value)),
            "ArnEquals" | "ArnLike" => Set::Arn(Pattern::glob(value)),
            "IpAddress" => Set::Addresses(value.parse().ok()?),
            "Bool" => Set::Exact(Pattern::exact(value).ignoring_case()),
            operator => {
                let (kind, order) = match operator.strip_prefix("Numeric") {
                    Some(order) => (Kind::Number, order),
                    None => (Kind::Date, operator.strip_prefix("Date")?),
                };
                let value = kind.read(value)?;
                let (from, to) = match order {
                    "Equals" => (Some((value, true)), Some((value, true))),
                    "LessThan" => (None, Some((value, false))),
                    "LessThanEquals" => (None, Some((value, true))),
                    "GreaterThan" => (Some((value, false)), None),
                    "GreaterThanEquals" => (Some((value, true)), None),
                    _ => return None,
                };
                Set::Between { kind, from, to }
            }
        })
    }
}

/// The values that meet one value of a constraint.
#[derive(Debug)]
enum Set {
    Exact(Pattern),
    AnyCase(Pattern),
    Like(Pattern),
    Arn(Pattern),
    Addresses(AddressRange),
    /// Each end with whether it is one of them.
    Between {
        kind: Kind,
        from: Option<(f64, bool)>,
        to: Option<(f64, bool)>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Number,
    Date,
}

impl Kind {
    fn read(self, text: &str) -> Option<f64> {
        match self {
            Self::Number => text.parse().ok().filter(|number: &f64| number.is_finite()),
            // Dates of one form, `2026-01-31T12:00:00Z`, are in the order of their digits.
            Self::Date => {
                let is_form = text.len() == 20
                    && text.bytes().enumerate().all(|(place, byte)| match place {
                        4 | 7 => byte == b'-',
                        10 => byte == b'T',
                        13 | 16 => byte == b':',
                        19 => byte == b'Z',
                        _ => byte.is_ascii_digit(),
                    });
                let digits: String = text.chars().filter(char::is_ascii_digit).collect();
                is_form.then(|| digits.parse().ok()).flatten()
            }
        }
    }
}

impl Set {
    fn is_within(&self, outer: &Self, effort: &Effort) -> bool {
        match (self, outer) {
            (Self::Exact(inner), Self::Exact(outer))
            | (Self::AnyCase(inner), Self::AnyCase(outer)) => inner == outer,
            (Self::Exact(inner), Self::AnyCase(outer)) => inner.clone().ignoring_case() == *outer,
            (Self::Exact(inner) | Self::Like(inner) | Self::Arn(inner), Self::Like(outer)) => {
                outer.covers(inner, effort)
            }
            (Self::Exact(inner) | Self::Arn(inner), Self::Arn(outer)) => {
                outer.covers_arn(inner, effort)
            }
            // What has no wildcard is the text itself.
            (Self::Like(inner) | Self::Arn(inner), Self::Exact(outer)) => {
                inner.is_one_text() && inner == outer
            }
            (Self::Like(inner), Self::Arn(outer)) => {
                inner.is_one_text() && outer.covers_arn(inner, effort)
            }
            (Self::Addresses(inner), Self::Addresses(outer)) => outer.covers(inner),
            (
                Self::Between { kind, from, to },
                Self::Between {
                    kind: outer_kind,
                    from: outer_from,
                    to: outer_to,
                },
            ) => {
                kind == outer_kind
                    && is_inside(*from, *outer_from, |inner, outer| inner > outer)
                    && is_inside(*to, *outer_to, |inner, outer| inner < outer)
            }
            _ => false,
        }
    }
}

/// Whether an end of a range lies no further out than that of another one.
fn is_inside(
    inner: Option<(f64, bool)>,
    outer: Option<(f64, bool)>,
    is_further_in: impl Fn(f64, f64) -> bool,
) -> bool {
    match (inner, outer) {
        (_, None) => true,
        (None, Some(_)) => false,
        (Some((inner, takes_inner)), Some((outer, takes_outer))) => {
            is_further_in(inner, outer) || (inner == outer && (takes_outer || !takes_inner))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn implies(narrower: (&str, &[&str]), wider: (&str, &[&str])) -> bool {
        let condition =
            |(operator, values): (&str, &[&str])| json!({operator: {"aws:Key": values}});
        unmet(
            Some(&condition(wider)),
            Some(&condition(narrower)),
            &Effort::default(),
        )
        .is_empty()
    }

    #[test]
    fn what_holds_under_one_operator_holds_under_a_weaker_one() {
        // The stricter, the weaker, whether the weaker follows, whether the stricter follows from it.
        type Asked<'a> = (&'a str, &'a [&'a str]);
        let table: &[(Asked<'_>, Asked<'_>, bool, bool)] = &[
            (
                ("StringEquals", &["a"]),
                ("StringEquals", &["b", "a"]),
                true,
                false,
            ),
            (
                ("StringNotEquals", &["a", "b"]),
                ("StringNotEquals", &["a"]),
                true,
                false,
            ),
            (
                ("StringEquals", &["ab"]),
                ("StringLike", &["a*"]),
                true,
                false,
            ),
            (
                ("StringEquals", &["ab"]),
                ("StringLike", &["ab"]),
                true,
                true,
            ),
            (
                ("StringLike", &["ab*"]),
                ("StringLike", &["a*"]),
                true,
                false,
            ),
            (
                ("StringEquals", &["a*"]),
                ("StringLike", &["a*"]),
                true,
                false,
            ),
            (
                ("StringEquals", &["Ab"]),
                ("StringEqualsIgnoreCase", &["aB"]),
                true,
                false,
            ),
            (
                ("StringEquals", &["a"]),
                ("StringEqualsIfExists", &["a"]),
                true,
                false,
            ),
            (
                ("StringEquals", &["a"]),
                ("ForAllValues:StringEquals", &["a"]),
                false,
                false,
            ),
            (
                ("ForAnyValue:StringEquals", &["a"]),
                ("ForAllValues:StringEquals", &["a"]),
                false,
                false,
            ),
            (
                ("ForAllValues:StringEquals", &["a"]),
                ("ForAllValues:StringLike", &["a*"]),
                true,
                false,
            ),
            (("StringEquals", &["a"]), ("Null", &["false"]), true, false),
            (
                ("StringEqualsIfExists", &["a"]),
                ("Null", &["false"]),
                false,
                false,
            ),
            (
                ("StringNotEquals", &["a"]),
                ("Null", &["false"]),
                false,
                false,
            ),
            (
                ("ArnEquals", &["arn:aws:sns:*:1:t"]),
                ("ArnLike", &["arn:aws:sns:*:1:t"]),
                true,
                true,
            ),
            (
                ("ArnLike", &["arn:aws:sns:*:1:t"]),
                ("StringLike", &["arn:aws:sns:*"]),
                true,
                false,
            ),
            (
                ("StringLike", &["arn:aws:sns:*:1:t"]),
                ("ArnLike", &["arn:aws:sns:*:1:t"]),
                false,
                true,
            ),
            (
                ("NumericLessThan", &["5"]),
                ("NumericLessThanEquals", &["5"]),
                true,
                false,
            ),
            (
                ("NumericEquals", &["5"]),
                ("NumericLessThan", &["6"]),
                true,
                false,
            ),
            (
                ("NumericGreaterThan", &["6"]),
                ("NumericGreaterThan", &["5"]),
                true,
                false,
            ),
            (
                ("DateLessThan", &["2026-01-01T00:00:00Z"]),
                ("DateLessThan", &["2027-01-01T00:00:00Z"]),
                true,
                false,
            ),
            (
                ("IpAddress", &["10.1.0.0/16"]),
                ("IpAddress", &["10.0.0.0/8"]),
                true,
                false,
            ),
            (
                ("NotIpAddress", &["10.0.0.0/8"]),
                ("NotIpAddress", &["10.1.2.3"]),
                true,
                false,
            ),
            (("Bool", &["true"]), ("Bool", &["True"]), true, true),
            (
                ("Bool", &["true"]),
                ("BoolIfExists", &["true"]),
                true,
                false,
            ),
            (("Newer", &["a"]), ("Newer", &["a"]), true, true),
            (("Newer", &["a"]), ("Newer", &["a", "b"]), false, false),
            (
                ("StringEquals", &["${A}"]),
                ("StringLike", &["${A}"]),
                true,
                false,
            ),
        ];
        for (stricter, weaker, forth, back) in table {
            assert_eq!(
                implies(*stricter, *weaker),
                *forth,
                "{stricter:?} {weaker:?}"
            );
            assert_eq!(
                implies(*weaker, *stricter),
                *back,
                "{weaker:?} {stricter:?}"
            );
        }
    }

    #[test]
    fn keys_have_no_case_and_are_named_when_they_go() {
        let condition = json!({"StringEquals": {"AWS:sourcearn": "a"}});
        let same = json!({"StringEquals": {"aws:SourceArn": ["a"]}});
        assert!(unmet(Some(&condition), Some(&same), &Effort::default()).is_empty());
        assert_eq!(
            unmet(Some(&same), None, &Effort::default()),
            ["StringEquals aws:SourceArn"]
        );
        assert!(unmet(None, Some(&same), &Effort::default()).is_empty());
    }
}
