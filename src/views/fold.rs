//! What of a stack's changes is told together, so that what matters is not lost among what is alike.

use std::collections::HashMap;

use plan::{Action, Change, Impact, PropertyChange, Reason};
use serde_json::{Value, json};

/// From how many resources on those that are made alike are told on one line.
const LIKE_CREATIONS: usize = 4;
/// From how many resources on the same change of each is told once.
const LIKE_CHANGES: usize = 3;
/// The shortest run of hexadecimal digits that is taken for a digest: MD5's.
const DIGEST: usize = 32;

/// Changes that are told together.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Row<'p> {
    /// One resource.
    One(&'p Change),
    /// New resources of one type.
    Created(Vec<&'p Change>),
    /// Resources of which nothing changes but `Metadata`.
    Metadata(Vec<&'p Change>),
    /// Resources of which nothing changes but the digest in the name of an asset.
    Digest(Vec<&'p Change>),
    /// Resources that change in place in the same way.
    Alike(Vec<&'p Change>),
}

/// Folds changes; each group stands where its first stood.
pub(crate) fn fold(changes: Vec<&Change>) -> Vec<Row<'_>> {
    let mut rows: Vec<Row<'_>> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    for change in changes {
        let row = Row::of(change);
        let place = row
            .likeness()
            .map(|likeness| places.entry(likeness).or_insert(rows.len()));
        match place.and_then(|place| rows.get_mut(*place)) {
            Some(
                Row::Created(group) | Row::Metadata(group) | Row::Digest(group) | Row::Alike(group),
            ) => group.push(change),
            Some(Row::One(_)) | None => rows.push(row),
        }
    }
    rows.into_iter().flat_map(Row::unless_small).collect()
}

impl<'p> Row<'p> {
    fn of(change: &'p Change) -> Self {
        let group = vec![change];
        match change.action {
            Action::Create => Self::Created(group),
            Action::Update if change.likely_moved_from.is_none() => {
                if change.reason == Reason::MetadataChanged && change.properties.is_empty() {
                    Self::Metadata(group)
                } else if is_digest_alone(change) {
                    Self::Digest(group)
                } else {
                    Self::Alike(group)
                }
            }
            Action::Update
            | Action::Replace
            | Action::MayReplace
            | Action::Delete
            | Action::Orphan
            | Action::Import
            | Action::Move => Self::One(change),
        }
    }

    /// What its members have in common; changes with the same are told together.
    fn likeness(&self) -> Option<String> {
        match self {
            Self::One(_) => None,
            Self::Created(group) => Some(format!("+{}", group.first()?.type_name)),
            Self::Metadata(_) => Some("metadata".to_owned()),
            Self::Digest(_) => Some("digest".to_owned()),
            Self::Alike(group) => {
                let first = group.first()?;
                Some(json!([first.properties, first.attributes]).to_string())
            }
        }
    }

    /// The group, or its members where they are too few to be told together.
    fn unless_small(self) -> Vec<Self> {
        match self {
            Self::Created(group) if group.len() < LIKE_CREATIONS => {
                group.into_iter().map(Row::One).collect()
            }
            Self::Alike(group) if group.len() < LIKE_CHANGES => {
                group.into_iter().map(Row::One).collect()
            }
            row => vec![row],
        }
    }
}

/// Whether all that changes is a digest within names: the content of an asset is another, the rest is as it was.
fn is_digest_alone(change: &Change) -> bool {
    !change.properties.is_empty()
        && change.properties.iter().all(is_digest)
        && change
            .attributes
            .iter()
            .all(|attribute| attribute.name == "Metadata")
}

fn is_digest(property: &PropertyChange) -> bool {
    let (Some(Value::String(before)), Some(Value::String(after))) =
        (&property.before, &property.after)
    else {
        return false;
    };
    property.impact == Impact::InPlace
        && before != after
        && without_digests(before) == without_digests(after)
}

/// A text with every digest in it replaced by a mark.
fn without_digests(text: &str) -> String {
    let mut shown = String::new();
    let mut digits = String::new();
    for character in text.chars().chain(['\0']) {
        if character.is_ascii_hexdigit() {
            digits.push(character);
            continue;
        }
        shown.push_str(if digits.len() >= DIGEST {
            "\0"
        } else {
            &digits
        });
        digits.clear();
        shown.push(character);
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(id: &str, type_name: &str, properties: Value) -> Change {
        serde_json::from_value(json!({
            "logical_id": id, "type": type_name, "action": "update", "reason": "property_changed", "stateful": false,
            "properties": properties,
        }))
        .expect("it is a change")
    }

    fn property(name: &str, before: &str, after: &str) -> Value {
        json!([{"path": [name], "before": before, "after": after, "impact": "in_place"}])
    }

    #[test]
    fn only_what_is_alike_is_told_together() {
        let (old, new) = ("a".repeat(64), "b".repeat(64));
        let key = |digest: &str| format!("assets/{digest}.zip");
        let mut changes: Vec<Change> = (0..4)
            .map(|number| change(&format!("New{number}"), "AWS::SNS::Topic", json!([])))
            .collect();
        for new in &mut changes {
            new.action = Action::Create;
        }
        let mut other = change("Other", "AWS::SQS::Queue", json!([]));
        other.action = Action::Create;
        changes.push(other);
        let mut metadata = change("Metadata", "AWS::SNS::Topic", json!([]));
        metadata.reason = Reason::MetadataChanged;
        changes.push(metadata);
        changes.push(change("Code", "T", property("Key", &key(&old), &key(&new))));
        changes.push(change(
            "Text",
            "T",
            property("Key", "assets/one.zip", "assets/two.zip"),
        ));
        let mut replaced = change("Replaced", "T", property("Key", &key(&old), &key(&new)));
        replaced.properties[0].impact = Impact::Replace;
        changes.push(replaced);
        for number in 0..3 {
            changes.push(change(
                &format!("Tagged{number}"),
                "T",
                property("Tag", "a", "b"),
            ));
        }
        let rows = fold(changes.iter().collect());
        let told: Vec<(&str, Vec<&str>)> = rows
            .iter()
            .map(|row| {
                let (name, group) = match row {
                    Row::One(change) => ("one", vec![*change]),
                    Row::Created(group) => ("created", group.clone()),
                    Row::Metadata(group) => ("metadata", group.clone()),
                    Row::Digest(group) => ("digest", group.clone()),
                    Row::Alike(group) => ("alike", group.clone()),
                };
                (
                    name,
                    group
                        .iter()
                        .map(|change| change.logical_id.as_str())
                        .collect(),
                )
            })
            .collect();
        assert_eq!(
            told,
            [
                ("created", vec!["New0", "New1", "New2", "New3"]),
                ("one", vec!["Other"]),
                ("metadata", vec!["Metadata"]),
                ("digest", vec!["Code"]),
                ("one", vec!["Text"]),
                ("one", vec!["Replaced"]),
                ("alike", vec!["Tagged0", "Tagged1", "Tagged2"]),
            ]
        );
    }

    #[test]
    fn a_digest_is_told_from_a_word() {
        let (old, new) = ("0".repeat(32), "f".repeat(32));
        assert_eq!(
            without_digests(&format!("s3://assets/{old}.zip")),
            without_digests(&format!("s3://assets/{new}.zip"))
        );
        assert_ne!(without_digests("decade"), without_digests("facade"));
        assert_ne!(
            without_digests(&format!("one/{old}")),
            without_digests(&format!("two/{new}"))
        );
    }
}
