//! What a policy document says of a request.

use std::borrow::Cow;

use serde_json::Value;

/// What is asked for: an action on a resource, and the keys that conditions see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asked<'a> {
    pub(crate) action: String,
    pub(crate) resource: Cow<'a, str>,
    pub(crate) keys: Vec<(String, String)>,
}

/// Whether documents allow it, and none denies it.
pub(crate) fn allows(documents: &[Value], asked: &Asked<'_>) -> bool {
    let says = |effect: &str| {
        let mut statements = documents.iter().flat_map(|document| {
            // A single statement may stand without a list.
            items(&document["Statement"])
        });
        statements.any(|statement| statement["Effect"] == effect && applies(statement, asked))
    };
    says("Allow") && !says("Deny")
}

fn applies(statement: &Value, asked: &Asked<'_>) -> bool {
    let action = asked.action.to_ascii_lowercase();
    let is_action = |pattern: &str| glob(&pattern.to_ascii_lowercase(), &action);
    let is_resource = |pattern: &str| glob(pattern, &asked.resource);
    is_meant(statement, "Action", "NotAction", is_action)
        && is_meant(statement, "Resource", "NotResource", is_resource)
        && holds(&statement["Condition"], &asked.keys)
}

/// Whether a member names something, or its opposite does not. The statement of a trust has no resource.
fn is_meant(statement: &Value, member: &str, opposite: &str, is: impl Fn(&str) -> bool) -> bool {
    let named = |value: &Value| texts(value).any(&is);
    match (statement.get(member), statement.get(opposite)) {
        (Some(value), _) => named(value),
        (None, Some(value)) => !named(value),
        (None, None) => true,
    }
}

/// Whether all conditions hold. One by an operator that is not known here does.
pub(crate) fn holds(condition: &Value, keys: &[(String, String)]) -> bool {
    let mut operators = condition.as_object().into_iter().flatten();
    operators.all(|(operator, wanted)| {
        let (operator, if_exists) = match operator.strip_suffix("IfExists") {
            Some(operator) => (operator, true),
            None => (operator.as_str(), false),
        };
        let mut wanted = wanted.as_object().into_iter().flatten();
        wanted.all(|(key, values)| {
            let mut known = keys.iter();
            let found = known.find(|(name, _)| name.eq_ignore_ascii_case(key));
            let found = found.map(|(_, value)| value.as_str());
            if found.is_none() && if_exists {
                return true;
            }
            let is_any = |is: fn(&str, &str) -> bool| {
                found.is_some_and(|found| texts(values).any(|value| is(value, found)))
            };
            match operator {
                "StringEquals" | "ArnEquals" => is_any(|value, found| value == found),
                "StringLike" | "ArnLike" => is_any(glob),
                // What is not there differs from everything.
                "StringNotEquals" => !is_any(|value, found| value == found),
                "StringNotLike" => !is_any(glob),
                _ => true,
            }
        })
    })
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    match value {
        Value::Array(list) => list.as_slice(),
        single => std::slice::from_ref(single),
    }
    .iter()
}

fn texts(value: &Value) -> impl Iterator<Item = &str> {
    items(value).filter_map(Value::as_str)
}

/// Whether a text matches a pattern in which `*` stands for any characters and `?` for one.
pub(crate) fn glob(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut at, mut from) = (0, 0);
    // Where the last `*` stands, and how much of the text it took.
    let mut star = None;
    while from < text.len() {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at, from));
                at += 1;
            }
            Some(&byte) if byte == b'?' || byte == text[from] => {
                at += 1;
                from += 1;
            }
            _ => match star {
                Some((place, took)) => {
                    star = Some((place, took + 1));
                    at = place + 1;
                    from = took + 1;
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|&byte| byte == b'*')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn asked(action: &str, resource: &'static str, keys: &[(&str, &str)]) -> Asked<'static> {
        let owned = |&(key, value): &(&str, &str)| (key.to_owned(), value.to_owned());
        Asked {
            action: action.to_owned(),
            resource: resource.into(),
            keys: keys.iter().map(owned).collect(),
        }
    }

    #[test]
    fn patterns_match_as_in_iam() {
        for (pattern, text, matches) in [
            ("*", "", true),
            ("a*c", "abbc", true),
            ("a*c", "abb", false),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("*b*b", "abab", true),
            ("a", "ab", false),
        ] {
            assert_eq!(glob(pattern, text), matches, "{pattern} {text}");
        }
    }

    #[test]
    fn a_denial_goes_before_what_is_allowed_and_conditions_count() {
        let document = json!({"Statement": [
            {"Effect": "Allow", "Action": ["s3:Get*"], "Resource": "arn:aws:s3:::b/*"},
            {"Effect": "Deny", "NotAction": "s3:GetObject", "Resource": "*"},
            {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::b",
             "Condition": {"StringLikeIfExists": {"s3:prefix": "a/*"}}},
        ]});
        let document = [document];
        for (asked, may) in [
            (asked("s3:getobject", "arn:aws:s3:::b/k", &[]), true),
            (asked("s3:GetObjectTagging", "arn:aws:s3:::b/k", &[]), false),
            (asked("s3:GetObject", "arn:aws:s3:::c/k", &[]), false),
            (asked("s3:ListBucket", "arn:aws:s3:::b", &[]), false),
        ] {
            assert_eq!(allows(&document, &asked), may, "{asked:?}");
        }
        let condition = json!({"StringEquals": {"iam:PassedToService": ["a", "b"]}});
        let keys = |value: &str| vec![("iam:PassedToService".to_owned(), value.to_owned())];
        assert!(holds(&condition, &keys("b")));
        assert!(!holds(&condition, &keys("c")));
        assert!(!holds(&condition, &[]));
        let condition = json!({"StringLikeIfExists": {"s3:prefix": "a/*"}});
        assert!(holds(&condition, &[]));
        assert!(!holds(
            &condition,
            &[("s3:prefix".to_owned(), "b/".to_owned())]
        ));
    }
}
