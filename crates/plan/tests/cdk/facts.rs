//! What a change of a property causes: our facts and the library's, type by type and property by property.

use std::collections::BTreeMap;

use crate::library::KnownFacts;

/// What both sides know of one property, in words: `in_place`, `may_replace`, `replace`, or `in_part` where a change of
/// some members replaces and a change of others does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Dispute {
    pub(super) ours: &'static str,
    pub(super) theirs: &'static str,
}

/// Every property that both know and know different things of, `AWS::S3::Bucket ObjectLockEnabled`.
pub(super) fn disputes(theirs: &KnownFacts) -> BTreeMap<String, Dispute> {
    let mut disputes = BTreeMap::new();
    for (type_name, properties) in theirs {
        for (property, word) in properties {
            let theirs = match word.as_str() {
                "yes" => "replace",
                "maybe" => "may_replace",
                "no" => "in_place",
                other => panic!("the library says `{other}`"),
            };
            if let Some(ours) = our_word(type_name, property)
                && ours != theirs
            {
                let name = format!("{type_name} {property}");
                disputes.insert(name, Dispute { ours, theirs });
            }
        }
    }
    disputes
}

/// What our facts say of a property; none for one they do not have.
fn our_word(type_name: &str, property: &str) -> Option<&'static str> {
    let facts = schema::resource_type(type_name)?;
    facts.shape.properties.get(property)?;
    let path = [property];
    let is_part = |path: &schema::PropertyPath| path.segments()[0] == property;
    Some(if facts.is_create_only(&path) {
        "replace"
    } else if facts.is_conditional_create_only(&path) {
        "may_replace"
    } else if facts
        .create_only
        .iter()
        .chain(&facts.conditional_create_only)
        .any(is_part)
    {
        "in_part"
    } else {
        "in_place"
    })
}
