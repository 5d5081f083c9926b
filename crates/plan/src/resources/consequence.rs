//! What a change of a property means for its resource.

use serde_json::Value;

use crate::{Facts, Impact, Pattern, meaning::intrinsic};

/// What changes of the properties of one resource type mean.
pub(crate) struct Consequences {
    is_known: bool,
    create_only: Vec<Pattern>,
    conditional: Vec<Pattern>,
    write_only: Vec<Pattern>,
}

/// What AWS knows the resources of one type by.
pub(super) struct Identity(Vec<Pattern>);

impl Consequences {
    pub(crate) fn of(type_name: &str, facts: &dyn Facts) -> Self {
        Self {
            is_known: facts.is_known(type_name),
            create_only: facts.create_only(type_name),
            conditional: facts.conditional_create_only(type_name),
            write_only: facts.write_only(type_name),
        }
    }

    /// What the change of the value at a path means, its meaning before and after given.
    ///
    /// Of a type that nothing is known of, any change may replace the resource: a custom resource decides so itself.
    pub(crate) fn impact(
        &self,
        path: &[String],
        before: Option<&Value>,
        after: Option<&Value>,
    ) -> Impact {
        let gravest = |patterns: &[Pattern], gravest: Impact| {
            let impacts = patterns.iter().map(|pattern| {
                if !agree(pattern, path) {
                    Impact::InPlace
                } else if pattern.len() <= path.len() {
                    gravest
                } else {
                    within(&pattern[path.len()..], before, after).min(gravest)
                }
            });
            impacts.max().unwrap_or(Impact::InPlace)
        };
        if !self.is_known {
            return Impact::MayReplace;
        }
        gravest(&self.create_only, Impact::Replace)
            .max(gravest(&self.conditional, Impact::MayReplace))
    }

    /// Whether AWS never shows the value at a path again.
    pub(crate) fn is_write_only(&self, path: &[String]) -> bool {
        self.write_only
            .iter()
            .any(|pattern| pattern.len() <= path.len() && agree(pattern, path))
    }
}

impl Identity {
    pub(super) fn of(type_name: &str, facts: &dyn Facts) -> Self {
        Self(facts.primary_identifier(type_name))
    }

    /// Whether an attribute belongs to it, so that no update changes it.
    pub(super) fn has(&self, attribute: &str) -> bool {
        attribute == "Arn" || self.0.iter().any(|part| part.join(".") == attribute)
    }

    /// Whether an attribute names the resource all by itself, so that a new resource has another.
    pub(super) fn is_whole(&self, attribute: &str) -> bool {
        attribute == "Arn" || (self.0.len() == 1 && self.has(attribute))
    }
}

/// Whether a pattern and a path agree as far as both go.
fn agree(pattern: &[String], path: &[String]) -> bool {
    pattern
        .iter()
        .zip(path)
        .all(|(own, other)| own == "*" || own == other)
}

/// What the change of a whole value means for the part of it that a pattern names.
fn within(pattern: &[String], before: Option<&Value>, after: Option<&Value>) -> Impact {
    let (mut old, mut new) = (Found::default(), Found::default());
    old.look(pattern, before);
    new.look(pattern, after);
    if old.values != new.values {
        // An expression on one side may still come to what stands on the other.
        let certain = old.is_certain && new.is_certain;
        if certain {
            Impact::Replace
        } else {
            Impact::MayReplace
        }
    } else if old.is_certain == new.is_certain {
        Impact::InPlace
    } else {
        Impact::MayReplace
    }
}

/// The parts of a value that a pattern names.
struct Found<'v> {
    values: Vec<&'v Value>,
    is_certain: bool,
}

impl Default for Found<'_> {
    fn default() -> Self {
        Self {
            values: Vec::new(),
            is_certain: true,
        }
    }
}

impl<'v> Found<'v> {
    fn look(&mut self, pattern: &[String], value: Option<&'v Value>) {
        let Some(value) = value else { return };
        let Some((first, rest)) = pattern.split_first() else {
            self.values.push(value);
            return;
        };
        match value {
            Value::Array(items) => items.iter().for_each(|item| {
                let rest = if first == "*" { rest } else { pattern };
                self.look(rest, Some(item));
            }),
            Value::Object(entries) if intrinsic(entries).is_some() => {
                self.values.push(value);
                self.is_certain = false;
            }
            Value::Object(entries) if first == "*" => {
                entries
                    .values()
                    .for_each(|value| self.look(rest, Some(value)));
            }
            Value::Object(entries) => self.look(rest, entries.get(first)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_change_replaces_where_a_create_only_part_changes() {
        let consequences = Consequences {
            is_known: true,
            create_only: vec![
                vec!["Name".into()],
                vec!["Net".into(), "Subnets".into()],
                vec!["List".into(), "*".into(), "Id".into()],
            ],
            conditional: vec![vec!["Size".into()]],
            write_only: vec![],
        };
        let table = [
            ("Name", json!("a"), json!("b"), Impact::Replace),
            ("Name", json!(null), json!("b"), Impact::Replace),
            ("Size", json!(1), json!(2), Impact::MayReplace),
            ("Other", json!(1), json!(2), Impact::InPlace),
            (
                "Net",
                json!({"Subnets": ["a"]}),
                json!({"Subnets": ["b"]}),
                Impact::Replace,
            ),
            (
                "Net",
                json!({"Subnets": ["a"], "X": 1}),
                json!({"Subnets": ["a"]}),
                Impact::InPlace,
            ),
            ("Net", json!({"X": 1}), json!(null), Impact::InPlace),
            (
                "Net",
                json!({"Subnets": ["a"]}),
                json!({"Ref": "P"}),
                Impact::MayReplace,
            ),
            ("Net/Subnets/0", json!("a"), json!("b"), Impact::Replace),
            ("Net/Groups", json!("a"), json!("b"), Impact::InPlace),
            (
                "List",
                json!([{"Id": 1}]),
                json!([{"Id": 1}, {"X": 1}]),
                Impact::InPlace,
            ),
            (
                "List",
                json!([{"Id": 1}]),
                json!([{"Id": 2}]),
                Impact::Replace,
            ),
            ("List/0/Id", json!(1), json!(2), Impact::Replace),
            ("List/0/X", json!(1), json!(2), Impact::InPlace),
        ];
        for (path, before, after, expected) in table {
            let path: Vec<String> = path.split('/').map(str::to_owned).collect();
            let side = |value: Value| (!value.is_null()).then_some(value);
            let (before, after) = (side(before), side(after));
            let impact = consequences.impact(&path, before.as_ref(), after.as_ref());
            assert_eq!(impact, expected, "{path:?} {before:?} {after:?}");
        }
    }
}
