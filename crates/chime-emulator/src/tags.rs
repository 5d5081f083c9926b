//! The tags of a meeting.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use crate::{
    model::MOST_TAGS,
    refusal::{Exception, Refusal},
};

#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Tag {
    pub(crate) key: String,
    pub(crate) value: String,
}

/// The values by key, in the order they were given.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tags(IndexMap<String, String>);

impl Tags {
    /// Sets tags; those that are there under the same keys get the new values.
    pub(crate) fn set(&mut self, tags: &[Tag], arn: &str) -> Result<(), Refusal> {
        let mut all = self.0.clone();
        for (index, tag) in tags.iter().enumerate() {
            if is_reserved(&tag.key) {
                return Err(Refusal::bad_request(format!(
                    "Value at 'tags.{}.member.key' failed to satisfy constraint: keys that begin with aws: are reserved",
                    index + 1
                )));
            }
            if tags[..index].iter().any(|earlier| earlier.key == tag.key) {
                return Err(Refusal::bad_request(format!(
                    "Value at 'tags.{}.member.key' failed to satisfy constraint: a key must not be given twice",
                    index + 1
                )));
            }
            all.insert(tag.key.clone(), tag.value.clone());
        }
        if all.len() > MOST_TAGS {
            let message = format!("A resource has at most {MOST_TAGS} tags");
            return Err(Refusal::new(Exception::TooManyTags, message).about(arn));
        }
        self.0 = all;
        Ok(())
    }

    /// Takes tags away; it is no matter which of them there are.
    pub(crate) fn remove(&mut self, keys: &[String]) {
        self.0.retain(|key, _| !keys.contains(key));
    }

    pub(crate) fn list(&self) -> Vec<Tag> {
        let tags = self.0.iter().map(|(key, value)| Tag {
            key: key.clone(),
            value: value.clone(),
        });
        tags.collect()
    }

    pub(crate) fn by_key(&self) -> &IndexMap<String, String> {
        &self.0
    }
}

/// Whether AWS keeps such keys and ids to itself.
pub(crate) fn is_reserved(text: &str) -> bool {
    text.get(..4)
        .is_some_and(|start| start.eq_ignore_ascii_case("aws:"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(pairs: &[(&str, &str)]) -> Vec<Tag> {
        let tag = |(key, value): &(&str, &str)| Tag {
            key: (*key).to_owned(),
            value: (*value).to_owned(),
        };
        pairs.iter().map(tag).collect()
    }

    #[test]
    fn tags_are_set_replaced_and_taken_away() {
        let mut mine = Tags::default();
        mine.set(&tags(&[("a", "1"), ("b", "2")]), "arn:x").unwrap();
        mine.set(&tags(&[("b", "3")]), "arn:x").unwrap();
        assert_eq!(mine.list(), tags(&[("a", "1"), ("b", "3")]));
        mine.remove(&["a".to_owned(), "c".to_owned()]);
        assert_eq!(mine.list(), tags(&[("b", "3")]));
    }

    #[test]
    fn reserved_and_repeated_keys_and_more_than_fifty_change_nothing() {
        let mut mine = Tags::default();
        let mut refused = |wanted: &[Tag], exception| {
            let refusal = mine.set(wanted, "arn:x").expect_err("it is refused");
            assert_eq!(refusal.exception, exception, "{}", refusal.message);
            assert!(mine.list().is_empty());
        };
        refused(&tags(&[("a", ""), ("AWS:a", "")]), Exception::BadRequest);
        refused(&tags(&[("a", "1"), ("a", "2")]), Exception::BadRequest);
        let many: Vec<Tag> = (0..=MOST_TAGS)
            .map(|number| Tag {
                key: format!("k{number}"),
                value: String::new(),
            })
            .collect();
        refused(&many, Exception::TooManyTags);
        mine.set(&many[1..], "arn:x").expect("fifty");
        let refusal = mine.set(&many[..1], "arn:x").expect_err("one more");
        assert_eq!(refusal.resource.as_deref(), Some("arn:x"));
        mine.set(&many[1..2], "arn:x").expect("it is there already");
    }
}
