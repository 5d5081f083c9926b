//! Two templates read together are what each is when it is read alone.

use std::ptr;

use pairs::{Pair, Random};
use serde_json::{Value, json, ser::PrettyFormatter};
use template::{Body, MAXIMUM_DEPTH, Template, Token, parse_pair};

/// How many generated pairs are read.
const PAIRS: u64 = 100;

/// How many texts and keys a resource may have that is left unread.
type Left = usize;

/// Reads both texts together, whatever is left unread, and each alone, which must come to the same; gives the bodies of
/// which all is left unread that can be.
fn read<'t>(old: &'t [u8], new: &'t [u8]) -> Option<[Body<'t, Left>; 2]> {
    let alone = [old, new].map(|text| Template::parse_bytes(text).map(Body::from));
    let told = |text: &[u8]| String::from_utf8_lossy(text).into_owned();
    let together = [0, 5, usize::MAX].map(|most| {
        let together = parse_pair(old, new, |count: &mut Left, token| {
            *count += usize::from(matches!(token, Token::Key(_) | Token::Text(_)));
            *count <= most
        });
        assert_eq!(together, alone, "{most}\n{}\n{}", told(old), told(new));
        together
    });
    let [.., together] = together;
    let [Ok(old), Ok(new)] = together else {
        return None;
    };
    // Equality does not ask for the order.
    let alone = alone.map(|body| body.expect("it is equal to one that was read"));
    for (body, alone) in [&old, &new].into_iter().zip(&alone) {
        assert_eq!(format!("{body:?}"), format!("{alone:?}"));
    }
    Some([old, new])
}

/// How many resources of both bodies are one and the same value.
fn shared(bodies: &[Body<'_, Left>; 2]) -> usize {
    let [old, new] = bodies;
    let same = |one| old.resources().any(|(_, other)| ptr::eq(one, other));
    new.resources().filter(|(_, one)| same(*one)).count()
}

/// A template as programs lay it out: a member a line, so far to the right, or all on one.
fn laid_out(template: &Value, indentation: Option<&str>) -> String {
    let Some(indentation) = indentation else {
        return template.to_string();
    };
    let mut text = Vec::new();
    let formatter = PrettyFormatter::with_indent(indentation.as_bytes());
    let mut serializer = serde_json::Serializer::with_formatter(&mut text, formatter);
    serde::Serialize::serialize(template, &mut serializer).expect("it is JSON");
    String::from_utf8(text).expect("JSON is UTF-8")
}

#[test]
fn generated_pairs_are_what_each_is_alone() {
    let mut all_shared = 0;
    for seed in 0..PAIRS {
        let pair = Pair::new(seed);
        let (before, after) = (&pair.before().template, &pair.after().template);
        for indentation in [None, Some(" "), Some("  "), Some("    "), Some("\t")] {
            let [old, new] = [before, after].map(|template| laid_out(template, indentation));
            let bodies = read(old.as_bytes(), new.as_bytes()).expect("both are templates");
            let same = |(logical_id, resource): &(&String, &Value)| {
                // Equality does not ask for the order of members, and texts have one.
                let before = before["Resources"].get(logical_id);
                before.map(Value::to_string) == Some(resource.to_string())
            };
            let resources = after["Resources"].as_object().into_iter().flatten();
            let unchanged = resources.filter(same).count();
            assert_eq!(shared(&bodies), unchanged, "{pair}");
            all_shared += unchanged;
        }
        // One text may be laid out otherwise than the other.
        let (old, new) = (laid_out(before, Some(" ")), laid_out(after, None));
        read(old.as_bytes(), new.as_bytes()).expect("both are templates");
    }
    assert!(all_shared > 5 * usize::try_from(PAIRS).expect("it is small"));
}

#[test]
fn mangled_texts_give_the_same_errors() {
    const PIECES: [&str; 16] = [
        "{", "}", "[", "]", "\"", "\\", ":", ",", "\n", " ", "\n  }", "null", "1", "\u{1}", "é",
        "\u{feff}",
    ];
    let mut random = Random::new(1);
    let mut refused = 0;
    for seed in 0..PAIRS {
        let pair = Pair::new(seed);
        let indentation = *random.one(&[None, Some("  ")]);
        let templates = [&pair.before().template, &pair.after().template];
        let mut texts = templates.map(|template| laid_out(template, indentation).into_bytes());
        for _ in 0..4 {
            let text = &mut texts[random.below(2)];
            let place = random.below(text.len());
            let until = if random.percent(50) {
                place
            } else {
                (place + 1 + random.below(20)).min(text.len())
            };
            let piece = if random.percent(20) {
                ""
            } else {
                random.one(&PIECES)
            };
            text.splice(place..until, piece.bytes());
            refused += usize::from(read(&texts[0], &texts[1]).is_none());
        }
    }
    assert!(refused > 50, "{refused}");
}

#[test]
fn what_is_not_as_it_mostly_is_is_read_alone() {
    let good = "{\n  \"Resources\": {\n    \"A\": {\n      \"Type\": \"T\"\n    }\n  }\n}\n";
    let table = [
        (good.to_owned(), 1),
        (format!("\u{feff}{good}"), 0),
        (format!(" \r\n\t{good}\n"), 1),
        (good.replace('\n', "\r\n"), 0),
        (good.replace(['\n', ' '], ""), 0),
        (good.replace("\"Type\"", "\"\\u0054ype\""), 0),
        (good.replace("\"A\"", "\"\\u0041\""), 0),
        (good.replace("\"A\"", "\"A\\\"{\""), 0),
        (good.replace("\"A\"", "\"é\""), 0),
        (good.replace("\"A\": {", "\"A\": 1, \"B\": {"), 0),
        (good.replace("\"A\": {", "\"A\": {}, \"A\": {"), 0),
        (
            good.replace("\"A\": {", "\"Fn::GetAtt\": \"B.C\", \"A\": {"),
            0,
        ),
        (
            good.replace("\"Resources\"", "\"Resources\": {}, \"Resources\""),
            0,
        ),
        (
            good.replace("\"Resources\"", "\"Fn::GetAtt\": \"A.B\", \"Resources\""),
            0,
        ),
        (
            good.replace(
                "\"Resources\"",
                "\"Outputs\": {\"O\": {\"Value\": \"}{\\\"\"}}, \"Resources\"",
            ),
            1,
        ),
        (
            good.replace("\"Resources\"", "\"Description\": \"\\\\\", \"Resources\""),
            1,
        ),
        // Brackets that close where they seem to belong to others.
        (
            good.replace(
                "      \"Type\": \"T\"\n",
                "\"P\": {\n    },\n\"Type\": \"T\"\n",
            ),
            0,
        ),
        (
            good.replace("\n    }", "\n  }")
                .replace("\n  }\n}", "\n    }\n}"),
            0,
        ),
        (good.replace("\"T\"", "\"T\n    }\""), 0),
        (good.replace("\"T\"", "[\n    ]"), 0),
        (good.replace("\"T\"", "{]}"), 0),
        (good.replace("    }\n  }", "    },\n  }"), 0),
        (
            good.replace("\"Resources\": {", "\"Resources\": [")
                .replace("  }\n}", "  ]\n}"),
            0,
        ),
        (good.replace("\"Resources\"", "\"Rescources\""), 0),
        ("{\"Resources\": null}".to_owned(), 0),
        ("{\"Resources\": {}}".to_owned(), 0),
        ("{}".to_owned(), 0),
        ("[]".to_owned(), 0),
        (String::new(), 0),
        (format!("{good}x"), 0),
        (good.trim_end().trim_end_matches('}').to_owned(), 0),
        ("Resources:\n  A:\n    Type: T\n".to_owned(), 0),
        ("Resources:\n  A: {Type: T\n".to_owned(), 0),
    ];
    for (text, count) in &table {
        for [old, new] in [[good, text], [text, good]] {
            let bodies = read(old.as_bytes(), new.as_bytes());
            assert_eq!(bodies.as_ref().map_or(0, shared), *count, "{old}\n{new}");
        }
        read(text.as_bytes(), text.as_bytes());
    }
    read(b"{\"Resources\": {\"A\": \"\xff\"}}", good.as_bytes());
    read(good.as_bytes(), &[b' '; template::MAXIMUM_LENGTH + 1]);
}

#[test]
fn a_resource_is_as_deep_as_it_stands() {
    for depth in [MAXIMUM_DEPTH - 1, MAXIMUM_DEPTH, MAXIMUM_DEPTH + 1] {
        // Around it are the template and its resources.
        let lists = depth - 2;
        let value = format!("{}{}", "[".repeat(lists), "]".repeat(lists));
        let text = format!("{{\"Resources\": {{\"A\": {value}}}}}");
        let bodies = read(text.as_bytes(), text.as_bytes());
        assert_eq!(bodies.is_some(), depth <= MAXIMUM_DEPTH, "{depth}");
        let text = format!("{{\"Metadata\": {{\"A\": {value}}}, \"Resources\": {{}}}}");
        let bodies = read(text.as_bytes(), text.as_bytes());
        assert_eq!(bodies.is_some(), depth <= MAXIMUM_DEPTH, "{depth}");
    }
}

#[test]
fn sections_are_apart_from_resources() {
    let text = json!({"Outputs": {"O": {"Value": 1}}, "Resources": {"B": {}, "A": {}}, "Description": "d"});
    let text = text.to_string();
    let bytes = text.as_bytes();
    let [body, _] = read(bytes, bytes).expect("it is a template");
    let sections: Vec<&str> = body.sections().keys().map(String::as_str).collect();
    assert_eq!(sections, ["Outputs", "Description"]);
    let resources: Vec<&str> = body.resources().map(|(logical_id, _)| logical_id).collect();
    assert_eq!(resources, ["B", "A"]);
}

#[test]
fn what_stands_in_both_is_gone_over_in_its_order() {
    let text = |value: &Value| {
        json!({"Resources": {"A": {"B": [value, "c"], "D": {"E": null}}}}).to_string()
    };
    let told = |old: &str, new: &str| -> [Option<Vec<String>>; 2] {
        let note = |told: &mut Vec<String>, token: Token<'_>| {
            told.push(format!("{token:?}"));
            true
        };
        let bodies = parse_pair(old.as_bytes(), new.as_bytes(), note);
        bodies.map(|body| {
            let body = body.expect("it is a template");
            let (_, resource) = body.resources().next().expect("it has one");
            resource.gist().cloned()
        })
    };
    let expected = [
        "Key(\"B\")",
        "List",
        "Scalar",
        "Text(\"c\")",
        "Key(\"D\")",
        "Key(\"E\")",
        "Scalar",
    ];
    let expected = Some(expected.map(str::to_owned).to_vec());
    let one = text(&json!(1));
    assert_eq!(told(&one, &one), [expected.clone(), expected]);
    // What is not the same in both is read, as is what has a key with an escape in it, or too many.
    let many: serde_json::Map<_, _> = (0..100).map(|key| (key.to_string(), json!(key))).collect();
    let escaped = text(&json!({"a\nb": 1}));
    let many = text(&json!(many));
    for (old, new) in [(&one, &many), (&escaped, &escaped), (&many, &many)] {
        assert_eq!(told(old, new), [None, None], "{old} {new}");
    }
}
