//! Policy documents: where they stand and what is the same to IAM.
//!
//! To IAM a lone value and a list of one are the same, no list has an order, actions are not case-sensitive, and a
//! document without a version is one of the [first version](https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_version.html).

use serde_json::{Map, Value, json};

use crate::meaning::{Mode, Place, intrinsic};

/// Whether an object is a policy document: it has statements, and they have effects.
pub(crate) fn is_document(object: &Value) -> bool {
    let Some(entries) = object.as_object() else {
        return false;
    };
    let known = |key: &String| matches!(key.as_str(), "Version" | "Id" | "Statement");
    let is_statement = |value: &Value| {
        value.as_object().is_some_and(|statement| {
            statement.contains_key("Effect") || intrinsic(statement).is_some()
        })
    };
    entries.keys().all(known)
        && match entries.get("Statement") {
            Some(Value::Array(statements)) => statements.iter().all(is_statement),
            Some(statement) => is_statement(statement),
            None => false,
        }
}

/// The meaning of a member of a policy document or of anything within: always a list.
pub(crate) fn member(place: &Place<'_>, meaning: Value) -> Value {
    if place.mode != Mode::Policy || place.key == "*" || meaning.is_array() {
        meaning
    } else {
        Value::Array(vec![meaning])
    }
}

/// The meaning of a lone text within a policy document.
pub(crate) fn scalar(place: &Place<'_>, text: String) -> Value {
    match place.name() {
        "Action" | "NotAction" => Value::String(text.to_ascii_lowercase()),
        "Principal" | "NotPrincipal" if text == "*" => json!({"AWS": ["*"]}),
        "AWS" => Value::from(account(&text).unwrap_or(&text)),
        _ => Value::String(text),
    }
}

/// Writes out what a policy document says by leaving it out.
pub(crate) fn complete(members: &mut Map<String, Value>) {
    if members.contains_key("Statement") && !members.contains_key("Version") {
        members.insert("Version".to_owned(), first_version());
    }
}

/// What a member of a policy document means that is left out.
pub(crate) fn absent(place: &Place<'_>) -> Option<Value> {
    (place.mode == Mode::Policy && place.key == "Version").then(first_version)
}

fn first_version() -> Value {
    json!(["2008-10-17"])
}

/// The account that a principal stands for: `arn:aws:iam::111122223333:root` is the same as its number.
pub(crate) fn account(principal: &str) -> Option<&str> {
    let (partition, account) = principal
        .strip_prefix("arn:")?
        .strip_suffix(":root")?
        .split_once(":iam::")?;
    let is_account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
    (is_account && !partition.contains(':')).then_some(account)
}
