//! Holds the members of a request against the constraints of their shapes, as the service does before anything else.

use serde_json::Value;

/// What a member may be.
pub(crate) enum Shape {
    /// A text of so many characters, and of a form.
    Text {
        least: usize,
        most: usize,
        form: Option<Form>,
    },
    /// One of some words.
    Enumeration(&'static [&'static str]),
    /// A whole number.
    Number { least: i64, most: i64 },
    /// So many of one shape.
    List {
        least: usize,
        most: usize,
        of: &'static Self,
    },
    /// Members; others are ignored, as an older service ignores those of a newer client.
    Structure(&'static [Member]),
}

/// The form of a text: its pattern, as it is told, and whether a text matches it from end to end.
pub(crate) struct Form {
    pub(crate) pattern: &'static str,
    pub(crate) matches: fn(&str) -> bool,
}

/// A member of a structure.
pub(crate) struct Member {
    name: &'static str,
    is_required: bool,
    shape: &'static Shape,
}

pub(crate) const fn required(name: &'static str, shape: &'static Shape) -> Member {
    Member {
        name,
        is_required: true,
        shape,
    }
}

pub(crate) const fn optional(name: &'static str, shape: &'static Shape) -> Member {
    Member {
        name,
        is_required: false,
        shape,
    }
}

/// All that is wrong with a request, in one message, or nothing. Values are never repeated: many of them are sensitive.
pub(crate) fn violations(input: &Value, members: &[Member]) -> Option<String> {
    let mut found = Vec::new();
    check_members(input, members, "", &mut found);
    let count = found.len();
    let plural = if count == 1 { "" } else { "s" };
    (count > 0).then(|| {
        let list = found.join("; ");
        format!("{count} validation error{plural} detected: {list}")
    })
}

fn check_members(value: &Value, members: &[Member], above: &str, found: &mut Vec<String>) {
    for member in members {
        let mut letters = member.name.chars();
        let first = letters.next().map(|letter| letter.to_ascii_lowercase());
        let name: String = first.into_iter().chain(letters).collect();
        let path = if above.is_empty() {
            name
        } else {
            format!("{above}.{name}")
        };
        match &value[member.name] {
            Value::Null if member.is_required => {
                found.push(violation(&path, "Member must not be null"));
            }
            Value::Null => {}
            value => check(value, member.shape, &path, found),
        }
    }
}

fn check(value: &Value, shape: &Shape, path: &str, found: &mut Vec<String>) {
    let mut wrong = |constraint: String| found.push(violation(path, &constraint));
    match (shape, value) {
        (Shape::Text { least, most, form }, Value::String(text)) => {
            let length = text.chars().count();
            check_length(length, *least, *most, &mut wrong);
            if let Some(form) = form
                && !(form.matches)(text)
            {
                let pattern = form.pattern;
                wrong(format!(
                    "Member must satisfy regular expression pattern: {pattern}"
                ));
            }
        }
        (Shape::Enumeration(words), Value::String(text)) => {
            if !words.contains(&text.as_str()) {
                let words = words.join(", ");
                wrong(format!("Member must satisfy enum value set: [{words}]"));
            }
        }
        (Shape::Number { least, most }, Value::Number(number)) => match number.as_i64() {
            Some(number) if number < *least => wrong(format!(
                "Member must have value greater than or equal to {least}"
            )),
            Some(number) if number > *most => wrong(format!(
                "Member must have value less than or equal to {most}"
            )),
            Some(_) => {}
            None => wrong("Member must be an integer".to_owned()),
        },
        (Shape::List { least, most, of }, Value::Array(items)) => {
            check_length(items.len(), *least, *most, &mut wrong);
            for (index, item) in items.iter().enumerate() {
                check(item, of, &format!("{path}.{}.member", index + 1), found);
            }
        }
        (Shape::Structure(members), Value::Object(_)) => {
            check_members(value, members, path, found);
        }
        (Shape::Text { .. } | Shape::Enumeration(_), _) => wrong("Member must be a string".into()),
        (Shape::Number { .. }, _) => wrong("Member must be an integer".into()),
        (Shape::List { .. }, _) => wrong("Member must be a list".into()),
        (Shape::Structure(_), _) => wrong("Member must be a structure".into()),
    }
}

fn check_length(length: usize, least: usize, most: usize, wrong: &mut impl FnMut(String)) {
    if length < least {
        wrong(format!(
            "Member must have length greater than or equal to {least}"
        ));
    }
    if length > most {
        wrong(format!(
            "Member must have length less than or equal to {most}"
        ));
    }
}

fn violation(path: &str, constraint: &str) -> String {
    format!("Value at '{path}' failed to satisfy constraint: {constraint}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const WORD: Shape = Shape::Text {
        least: 2,
        most: 4,
        form: Some(Form {
            pattern: "[a-zé]*",
            matches: |text| {
                text.chars()
                    .all(|letter| letter.is_ascii_lowercase() || letter == 'é')
            },
        }),
    };
    const MEMBERS: &[Member] = &[
        required("Word", &WORD),
        optional("Kind", &Shape::Enumeration(&["A", "B"])),
        optional("Count", &Shape::Number { least: 1, most: 9 }),
        optional(
            "Parts",
            &Shape::List {
                least: 1,
                most: 2,
                of: &Shape::Structure(&[required("PartName", &WORD)]),
            },
        ),
    ];

    #[test]
    fn every_constraint_is_told_with_the_member_it_is_about() {
        for good in [
            json!({"Word": "ab", "Other": 1}),
            json!({"Word": "éééé", "Kind": null}),
            json!({"Word": "ab", "Kind": "B", "Count": 9, "Parts": [{"PartName": "abc"}]}),
        ] {
            assert_eq!(violations(&good, MEMBERS), None, "{good}");
        }
        let table = [
            (
                json!({}),
                "'word' failed to satisfy constraint: Member must not be null",
            ),
            (
                json!({"Word": null}),
                "'word' failed to satisfy constraint: Member must not be null",
            ),
            (
                json!({"Word": "a"}),
                "'word' failed to satisfy constraint: Member must have length greater than or equal to 2",
            ),
            (
                json!({"Word": "abcde"}),
                "'word' failed to satisfy constraint: Member must have length less than or equal to 4",
            ),
            (
                json!({"Word": "aB"}),
                "'word' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zé]*",
            ),
            (
                json!({"Word": 1}),
                "'word' failed to satisfy constraint: Member must be a string",
            ),
            (
                json!({"Word": "ab", "Kind": "C"}),
                "'kind' failed to satisfy constraint: Member must satisfy enum value set: [A, B]",
            ),
            (
                json!({"Word": "ab", "Count": 0}),
                "'count' failed to satisfy constraint: Member must have value greater than or equal to 1",
            ),
            (
                json!({"Word": "ab", "Count": 10}),
                "'count' failed to satisfy constraint: Member must have value less than or equal to 9",
            ),
            (
                json!({"Word": "ab", "Count": 1.5}),
                "'count' failed to satisfy constraint: Member must be an integer",
            ),
            (
                json!({"Word": "ab", "Count": "1"}),
                "'count' failed to satisfy constraint: Member must be an integer",
            ),
            (
                json!({"Word": "ab", "Parts": []}),
                "'parts' failed to satisfy constraint: Member must have length greater than or equal to 1",
            ),
            (
                json!({"Word": "ab", "Parts": {}}),
                "'parts' failed to satisfy constraint: Member must be a list",
            ),
            (
                json!({"Word": "ab", "Parts": ["ab"]}),
                "'parts.1.member' failed to satisfy constraint: Member must be a structure",
            ),
            (
                json!({"Word": "ab", "Parts": [{"PartName": "ab"}, {}]}),
                "'parts.2.member.partName' failed to satisfy constraint: Member must not be null",
            ),
        ];
        for (input, expected) in table {
            let expected = format!("1 validation error detected: Value at {expected}");
            assert_eq!(violations(&input, MEMBERS), Some(expected), "{input}");
        }
        let all = violations(&json!({"Word": "A", "Count": 0}), MEMBERS).expect("three");
        assert!(
            all.starts_with("3 validation errors detected: Value at 'word'"),
            "{all}"
        );
        assert_eq!(all.matches("; Value at").count(), 2, "{all}");
    }
}
