//! What must hold of everything that reads a file, whatever bytes stand in it.
//!
//! Each function is one target of the fuzzer, and is fed the committed samples by the normal tests.

use assembly::Environment;
use indexmap::IndexMap;
use plan::{Gist, Options, Resource, SchemaFacts, StackDiff, Summary};
use serde_json::Value;
use template::{ParseError, Position, Template, Token};

/// Between two templates: a byte that no text has.
pub const SEPARATOR: u8 = 0xFF;

/// A text is read, and everything in it has a place; or it is refused, with the place.
pub fn parse(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let template = match Template::parse_bytes(bytes) {
        Ok(template) => template,
        Err(errors) => return check_errors(&errors, &text),
    };
    check_places(&template, template.body(), &mut Vec::new());
    let written = template.body().to_string();
    let again = Template::parse(&written).expect("what was read can be written and read again");
    assert!(is_same(again.body(), template.body()), "{written}");
    template::references(template.body());
}

/// A template that can be read can be checked, and every finding has a message and a place.
pub fn validate(bytes: &[u8]) {
    let Ok(template) = Template::parse_bytes(bytes) else {
        return;
    };
    for finding in template::validate(&template, &template::Options::default()) {
        check_message(&finding.message);
        check_place(finding.position, template.text());
        assert!(!finding.rule.is_empty(), "{finding:?}");
    }
}

/// Two templates that can be read can be compared, each with itself too, which gives nothing.
pub fn diff(bytes: &[u8]) {
    let (before, after) = match bytes.iter().position(|byte| *byte == SEPARATOR) {
        Some(place) => (&bytes[..place], &bytes[place + 1..]),
        None => (bytes, bytes),
    };
    let [old, new] = template::parse_pair(before, after, note);
    for (together, bytes) in [(&old, before), (&new, after)] {
        let alone = Template::parse_bytes(bytes).map(template::Body::from);
        assert_eq!(*together, alone, "read together and alone");
    }
    let read = |bytes| Template::parse_bytes(bytes).map(Template::into_body);
    let (Ok(before), Ok(after)) = (read(before), read(after)) else {
        return;
    };
    let (Ok(old), Ok(new)) = (old, new) else {
        panic!("what is read alone is read together");
    };
    let together = plan::diff(
        parts(&old),
        parts(&new),
        &SchemaFacts,
        &IndexMap::new(),
        &Options::default(),
    );
    assert_eq!(
        together,
        compare(&before, &after),
        "compared by parts and whole"
    );
    for body in [&before, &after] {
        let diff = compare(body, body);
        assert!(diff.is_empty(), "{body} differs from itself: {diff:#?}");
        let _ = plan::render(body);
    }
    for (before, after) in [(&before, &after), (&after, &before)] {
        let diff = compare(before, after);
        assert_eq!(diff.summary, Summary::of(&diff.changes));
        let written = serde_json::to_string(&diff).expect("a plan is JSON");
        serde_json::from_str::<StackDiff>(&written).expect("what was written is read");
    }
}

/// An environment file is read, or refused with what is wrong and, where that is known, the place.
pub fn environment(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    if let Err(error) = Environment::<IndexMap<String, String>>::parse("environments/x.yaml", text)
    {
        check_message(&error.message);
        if let Some((line, column)) = error.position {
            assert!(line > 0 && column > 0, "{error:?}");
            assert!(line <= lines(text) + 1, "{error:?}");
        }
    }
}

fn compare<'a>(before: impl Into<plan::Body<'a>>, after: impl Into<plan::Body<'a>>) -> StackDiff {
    let origins = IndexMap::new();
    plan::diff(before, after, &SchemaFacts, &origins, &Options::default())
}

fn note(gist: &mut Gist, token: Token<'_>) -> bool {
    match token {
        Token::Key(key) => gist.key(key),
        Token::Text(text) => gist.text(text),
        Token::Scalar => gist.scalar(),
        Token::List => gist.list(),
    }
}

fn parts<'b>(body: &'b template::Body<'_, Gist>) -> plan::Body<'b> {
    let resources = body.resources();
    let resources = resources.map(|(id, resource)| (id, Resource::new(resource.gist(), resource)));
    plan::Body::new(body.sections(), resources)
}

fn check_errors(errors: &[ParseError], text: &str) {
    assert!(!errors.is_empty(), "it is refused without a reason");
    for error in errors {
        check_message(&error.message);
        check_place(error.position, text);
    }
}

fn check_message(message: &str) {
    assert!(
        !message.is_empty() && !message.contains('\n'),
        "a message is one line: {message:?}"
    );
}

/// A place may be behind the last character, where something is missing.
fn check_place(place: Position, text: &str) {
    let (line, column) = (place.line as usize, place.column as usize);
    assert!(line > 0 && column > 0, "{place} is no place");
    assert!(line <= lines(text) + 1, "{place} is behind the end");
    let longest = text.split('\n').map(|line| line.chars().count()).max();
    assert!(
        column <= longest.unwrap_or_default() + 2,
        "{place} is behind the end of every line"
    );
}

/// How many lines a text has at most: for YAML more ends one than a line feed.
fn lines(text: &str) -> usize {
    text.split(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}'])
        .count()
}

fn check_places(template: &Template, value: &Value, path: &mut Vec<String>) {
    let place = template
        .position(path)
        .expect("a value that was read has a place");
    check_place(place, template.text());
    // One of a kind is enough; looking all up takes long where there are many.
    const ENOUGH: usize = 20;
    match value {
        Value::Object(members) => {
            for (key, member) in members.iter().take(ENOUGH) {
                path.push(key.clone());
                check_places(template, member, path);
                path.pop();
            }
        }
        Value::Array(elements) => {
            for (index, element) in elements.iter().enumerate().take(ENOUGH) {
                path.push(index.to_string());
                check_places(template, element, path);
                path.pop();
            }
        }
        _ => {}
    }
}

/// Whether two values are the same up to how numbers are rounded when they are written.
fn is_same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => {
            // What is read from a long fraction may be off in the last digit.
            let distance = one
                .as_f64()
                .zip(other.as_f64())
                .map(|(one, other)| (one - other).abs() / one.abs().max(f64::MIN_POSITIVE));
            one == other || distance.is_some_and(|distance| distance < 1e-12)
        }
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len()
                && one
                    .iter()
                    .zip(other)
                    .all(|(one, other)| is_same(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one
                    .iter()
                    .zip(other)
                    .all(|((key, one), (other_key, other))| key == other_key && is_same(one, other))
        }
        _ => one == other,
    }
}
