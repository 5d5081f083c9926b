//! Whether two meanings that differ may still come to the same, as not all that they are made of is known.

use std::collections::VecDeque;

use serde_json::{Map, Value};

use super::{MAY_CHANGE, intrinsic};

/// Whether two meanings, `None` for nothing at all, may come to the same value. `is_open` tells the references that may
/// come to anything: parameters whose value is not known.
///
/// Whatever stands for a resource comes to what nothing else comes to.
pub(crate) fn may_be_same(
    before: Option<&Value>,
    after: Option<&Value>,
    is_open: &dyn Fn(&str) -> bool,
) -> bool {
    let (before, after) = (given(before), given(after));
    if before == after {
        return true;
    }
    let same = |before, after| may_be_same(before, after, is_open);
    match (before.and_then(choice), after.and_then(choice)) {
        (Some((condition, yes, no)), Some((other, other_yes, other_no))) => {
            // Of conditions that have nothing to do with one another any two branches may meet.
            condition != other
                || condition.is_array()
                || same(Some(yes), Some(other_yes))
                || same(Some(no), Some(other_no))
        }
        (Some((_, yes, no)), None) => same(Some(yes), after) || same(Some(no), after),
        (None, Some((_, yes, no))) => same(before, Some(yes)) || same(before, Some(no)),
        (None, None) => match (before, after) {
            (Some(before), Some(after)) => values(before, after, is_open),
            // A parameter has a value, if only an empty one.
            (Some(_), None) | (None, Some(_)) => false,
            (None, None) => true,
        },
    }
}

/// Nothing at all may be written too.
fn given(value: Option<&Value>) -> Option<&Value> {
    value.filter(|value| value["Ref"] != "AWS::NoValue")
}

/// The condition of an `Fn::If` and what it chooses between.
fn choice(value: &Value) -> Option<(&Value, &Value, &Value)> {
    match intrinsic(value.as_object()?)? {
        ("Fn::If", Value::Array(items)) => match items.as_slice() {
            [condition, yes, no] => Some((condition, yes, no)),
            _ => None,
        },
        _ => None,
    }
}

fn values(before: &Value, after: &Value, is_open: &dyn Fn(&str) -> bool) -> bool {
    if let (Some(before), Some(after)) = (texts(before), texts(after)) {
        return texts_may_meet(before, after, is_open);
    }
    let is_structure = |value: &Value| match value {
        Value::Array(_) => true,
        Value::Object(entries) => intrinsic(entries).is_none(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    };
    let is_joined = |value: &Value| value.get("Fn::Join").is_some() || value.is_string();
    if (is_joined(before) && is_structure(after)) || (is_structure(before) && is_joined(after)) {
        return false;
    }
    if is_anything(before, is_open) || is_anything(after, is_open) {
        return true;
    }
    match (before, after) {
        (Value::Array(before), Value::Array(after)) => {
            before.len() == after.len()
                && before
                    .iter()
                    .zip(after)
                    .all(|(before, after)| may_be_same(Some(before), Some(after), is_open))
        }
        (Value::Object(before), Value::Object(after)) => members(before, after, is_open),
        _ => false,
    }
}

fn members(
    before: &Map<String, Value>,
    after: &Map<String, Value>,
    is_open: &dyn Fn(&str) -> bool,
) -> bool {
    let mut names = before.keys().chain(after.keys());
    names.all(|name| may_be_same(before.get(name), after.get(name), is_open))
}

/// Whether an expression may come to anything, or to something that nobody can tell.
fn is_anything(value: &Value, is_open: &dyn Fn(&str) -> bool) -> bool {
    let Some((name, argument)) = value.as_object().and_then(intrinsic) else {
        return false;
    };
    match (name, argument) {
        ("Ref", Value::String(target)) => is_open(target),
        _ => is_marked(argument) || holds_open(argument, is_open),
    }
}

fn is_marked(argument: &Value) -> bool {
    matches!(argument, Value::Array(items) if items.len() == 2 && items[1] == MAY_CHANGE)
}

fn holds_open(value: &Value, is_open: &dyn Fn(&str) -> bool) -> bool {
    match value {
        Value::Array(items) => {
            is_marked(value) || items.iter().any(|item| holds_open(item, is_open))
        }
        Value::Object(entries) => match intrinsic(entries) {
            Some(_) => choice(value).is_some() || is_anything(value, is_open),
            None => entries.values().any(|entry| holds_open(entry, is_open)),
        },
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

/// A text as the pieces it is joined of.
fn texts(value: &Value) -> Option<&[Value]> {
    match value {
        Value::String(_) => Some(std::slice::from_ref(value)),
        Value::Object(entries) => match intrinsic(entries)? {
            ("Fn::Join", Value::Array(join)) if join.len() == 2 && join[0] == "" => {
                join[1].as_array().map(Vec::as_slice)
            }
            ("Ref", _) => Some(std::slice::from_ref(value)),
            _ => None,
        },
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => None,
    }
}

/// Whether two texts may be the same: from both ends, what is known of one must agree with what is known of the other, up
/// to where one of them may be anything.
fn texts_may_meet(before: &[Value], after: &[Value], is_open: &dyn Fn(&str) -> bool) -> bool {
    let (mut one, mut other) = (pieces(before), pieces(after));
    for is_from_end in [false, true] {
        while let (Some(left), Some(right)) = (end(&one, is_from_end), end(&other, is_from_end)) {
            let taken = match (left, right) {
                (Piece::Text(left), Piece::Text(right)) => shared(left, right, is_from_end),
                _ if left == right => usize::MAX,
                (Piece::Expression(expression), _) | (_, Piece::Expression(expression))
                    if is_anything(expression, is_open) =>
                {
                    break;
                }
                _ => return false,
            };
            if taken == 0 {
                return false;
            }
            take(&mut one, taken, is_from_end);
            take(&mut other, taken, is_from_end);
        }
    }
    let is_text = |piece: &Piece<'_>| matches!(piece, Piece::Text(_));
    match (one.is_empty(), other.is_empty()) {
        (true, true) => true,
        (true, false) => !other.iter().any(is_text),
        (false, true) => !one.iter().any(is_text),
        (false, false) => true,
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Piece<'v> {
    Text(&'v str),
    Expression(&'v Value),
}

fn pieces(texts: &[Value]) -> VecDeque<Piece<'_>> {
    let pieces = texts.iter().map(|text| match text {
        Value::String(text) => Piece::Text(text),
        expression => Piece::Expression(expression),
    });
    pieces.filter(|piece| *piece != Piece::Text("")).collect()
}

fn end<'v>(pieces: &VecDeque<Piece<'v>>, is_from_end: bool) -> Option<Piece<'v>> {
    if is_from_end {
        pieces.back().copied()
    } else {
        pieces.front().copied()
    }
}

/// How many bytes two texts share at an end.
fn shared(left: &str, right: &str, is_from_end: bool) -> usize {
    let count = |pairs: &mut dyn Iterator<Item = (char, char)>| {
        let same = pairs.take_while(|(left, right)| left == right);
        same.map(|(left, _)| left.len_utf8()).sum()
    };
    if is_from_end {
        count(&mut left.chars().rev().zip(right.chars().rev()))
    } else {
        count(&mut left.chars().zip(right.chars()))
    }
}

/// Takes as much of the piece at an end as that, all of it where it is an expression.
fn take(pieces: &mut VecDeque<Piece<'_>>, bytes: usize, is_from_end: bool) {
    let place = if is_from_end {
        pieces.len().saturating_sub(1)
    } else {
        0
    };
    let rest = match pieces.get(place) {
        Some(Piece::Text(text)) if is_from_end => text.get(..text.len().saturating_sub(bytes)),
        Some(Piece::Text(text)) => text.get(bytes..),
        Some(Piece::Expression(_)) | None => None,
    };
    match rest {
        Some(rest) if !rest.is_empty() => pieces[place] = Piece::Text(rest),
        Some(_) | None => {
            // At an end this moves nothing, however many there are.
            pieces.remove(place);
        }
    }
}
