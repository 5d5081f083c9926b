//! Reading templates: what they mean, where everything stands, and what is refused.

use proptest::prelude::*;
use serde_json::{Value, json};
use template::{Format, MAXIMUM_DEPTH, Template};

fn body(text: &str) -> Value {
    Template::parse(text)
        .unwrap_or_else(|errors| panic!("{errors:?}\n{text}"))
        .into_body()
}

/// The errors of a text as `line:column: message`.
fn errors(text: &str) -> Vec<String> {
    match Template::parse(text) {
        Ok(template) => panic!("accepted: {}", template.body()),
        Err(errors) => errors.iter().map(ToString::to_string).collect(),
    }
}

#[test]
fn the_form_is_told_by_the_first_character() {
    for (text, format) in [
        (r#"{"Resources": {}}"#, Format::Json),
        ("\u{feff} \n{\"Resources\": {}}", Format::Json),
        ("Resources: {}", Format::Yaml),
        ("---\nResources: {}", Format::Yaml),
    ] {
        let template = Template::parse(text).expect("both are templates");
        assert_eq!(template.format(), format);
        assert_eq!(template.body(), &json!({"Resources": {}}));
    }
}

#[test]
fn short_forms_are_written_out() {
    let table = [
        ("!Ref A", json!({"Ref": "A"})),
        ("!Ref 123", json!({"Ref": "123"})),
        ("!Condition A", json!({"Condition": "A"})),
        ("!GetAtt A.B", json!({"Fn::GetAtt": ["A", "B"]})),
        (
            "!GetAtt A.Outputs.C",
            json!({"Fn::GetAtt": ["A", "Outputs.C"]}),
        ),
        ("!GetAtt [A, B]", json!({"Fn::GetAtt": ["A", "B"]})),
        (
            "!GetAtt [A, !Ref B]",
            json!({"Fn::GetAtt": ["A", {"Ref": "B"}]}),
        ),
        ("{'Fn::GetAtt': A.B}", json!({"Fn::GetAtt": ["A", "B"]})),
        ("!GetAZs ''", json!({"Fn::GetAZs": ""})),
        ("!GetAZs", json!({"Fn::GetAZs": ""})),
        ("!Sub 'a ${B}'", json!({"Fn::Sub": "a ${B}"})),
        (
            "!If [C, !Ref A, !Ref 'AWS::NoValue']",
            json!({"Fn::If": ["C", {"Ref": "A"}, {"Ref": "AWS::NoValue"}]}),
        ),
        (
            "\n  Fn::Base64:\n    !Sub |\n      #!/bin/sh\n      echo ${A}\n",
            json!({"Fn::Base64": {"Fn::Sub": "#!/bin/sh\necho ${A}\n"}}),
        ),
        (
            "!Transform {Name: AWS::Include, Parameters: {Location: !Ref A}}",
            json!({"Fn::Transform": {"Name": "AWS::Include", "Parameters": {"Location": {"Ref": "A"}}}}),
        ),
        ("!!str 5", json!("5")),
        ("!!int '5'", json!(5)),
        ("! 5", json!("5")),
        ("2012-10-17", json!("2012-10-17")),
        ("'yes'", json!("yes")),
        ("yes", json!(true)),
        (">-\n  a\n  b", json!("a b")),
        (">\n  a\n  b", json!("a b")),
        ("|\n  a\n  b", json!("a\nb")),
        ("|+\n  a", json!("a")),
        ("|\n  a\n  b\n", json!("a\nb\n")),
        ("|\n  a\n# b", json!("a\n")),
        ("|\n  a\n  ", json!("a\n")),
        ("|\n  a\n    ", json!("a\n  ")),
        ("|\n  a\n ", json!("a\n")),
    ];
    for (text, meaning) in table {
        assert_eq!(body(&format!("A: {text}")), json!({"A": meaning}), "{text}");
    }
}

#[test]
fn keys_are_what_is_written() {
    assert_eq!(
        body("012345678901: 1\nyes: 2\n1.10: 3\n2012-10-17: 4"),
        json!({"012345678901": 1, "yes": 2, "1.10": 3, "2012-10-17": 4})
    );
}

#[test]
fn aliases_and_merge_keys_are_expanded() {
    assert_eq!(
        body("A: &a {x: 1, y: 2}\nB:\n  <<: *a\n  y: 3\nC: *a\nD:\n  <<: [{x: 5}, *a]\n"),
        json!({
            "A": {"x": 1, "y": 2}, "B": {"y": 3, "x": 1}, "C": {"x": 1, "y": 2}, "D": {"x": 5, "y": 2},
        })
    );
}

#[test]
fn a_json_get_att_in_string_form_is_a_list_too() {
    assert_eq!(
        body(r#"{"A": {"Fn::GetAtt": "B.C.D"}}"#),
        json!({"A": {"Fn::GetAtt": ["B", "C.D"]}})
    );
}

#[test]
fn flow_collections_may_stand_left_of_what_they_belong_to() {
    let text = "A:\n  B:\n    C: [\n  {x: 1,\n  y: 'é'}, z\n]\n  D: {\n}\nE: 2\n";
    let template = Template::parse(text).expect("YAML 1.1 allows it");
    assert_eq!(
        template.body(),
        &json!({"A": {"B": {"C": [{"x": 1, "y": "é"}, "z"]}, "D": {}}, "E": 2})
    );
    let place = template.position(&["A", "B", "C", "0", "y"]);
    assert_eq!(place.map(|place| (place.line, place.column)), Some((5, 3)));
}

#[test]
fn positions_point_at_keys_and_elements() {
    let yaml = "Resources:\n  Bücket:\n    Type: A\n    List:\n      - x: 1\n      - !GetAtt B.C\n      - &a {q: 5}\n      - *a\n";
    let json = "{\n  \"Resources\": {\"Bücket\": {\"Type\": \"A\",\n  \"List\": [ {\"x\": 1},\n {\"Fn::GetAtt\": \"B.C\"}]}}}";
    type Expected = Option<(u32, u32)>;
    let table: [(&str, &[&str], Expected); 14] = [
        (yaml, &[], Some((1, 1))),
        (yaml, &["Resources"], Some((1, 1))),
        (yaml, &["Resources", "Bücket"], Some((2, 3))),
        (yaml, &["Resources", "Bücket", "Type"], Some((3, 5))),
        (
            yaml,
            &["Resources", "Bücket", "List", "0", "x"],
            Some((5, 9)),
        ),
        (
            yaml,
            &["Resources", "Bücket", "List", "1", "Fn::GetAtt", "1"],
            Some((6, 9)),
        ),
        (yaml, &["Resources", "Bücket", "List", "3"], Some((8, 9))),
        (
            yaml,
            &["Resources", "Bücket", "List", "3", "q"],
            Some((7, 13)),
        ),
        (yaml, &["Resources", "Bücket", "List", "4"], None),
        (json, &[], Some((1, 1))),
        (json, &["Resources"], Some((2, 3))),
        (json, &["Resources", "Bücket", "Type"], Some((2, 28))),
        (
            json,
            &["Resources", "Bücket", "List", "0", "x"],
            Some((3, 14)),
        ),
        (
            json,
            &["Resources", "Bücket", "List", "1", "Fn::GetAtt", "1"],
            Some((4, 3)),
        ),
    ];
    for (text, path, place) in table {
        let template = Template::parse(text).expect("both are templates");
        let found = template
            .position(path)
            .map(|found| (found.line, found.column));
        assert_eq!(found, place, "{path:?}");
    }
}

#[test]
fn malformed_text_is_refused_with_its_place() {
    let deep_json = format!("{{\"a\":{}", "[".repeat(10_000));
    let deep_flow = format!("a: {}", "[".repeat(10_000));
    let deep_block = "- ".repeat(10_000);
    let deep_maps: String = (0..1000)
        .map(|depth| format!("{}a:\n", " ".repeat(depth)))
        .collect();
    let deep_keys = "? ".repeat(10_000);
    let table = [
        (
            "",
            "1:1: the template is empty; it needs a section `Resources` at least",
        ),
        (
            "# nothing\n",
            "1:1: the template is empty; it needs a section `Resources` at least",
        ),
        (
            "[]",
            "1:1: a template is a mapping of sections such as `Resources`",
        ),
        (
            "{\"a\": 1,}",
            "1:9: the text is not JSON: nothing follows this comma; remove it",
        ),
        (
            "{\"a\": 1",
            "1:7: the text is not JSON: it ends before an object is closed by `}`",
        ),
        (
            "{\"a\": 1} x",
            "1:10: the text is not JSON: nothing may follow the end of the template",
        ),
        (
            "{\"é\": tru}",
            "1:10: the text is not JSON: this is no value; a text must be in double quotes",
        ),
        (
            "a: b: c",
            "1:5: the text is not YAML: mapping values are not allowed in this context; quote a text with a colon in it, and let the keys of one mapping begin in the same column",
        ),
        (
            "a:\n\t- b",
            "2:2: the text is not YAML: tabs disallowed within this context (block indentation); indent with spaces",
        ),
        (
            "a: 'b",
            "1:4: the text is not YAML: while scanning a quoted scalar, found unexpected end of stream; the quotation mark here is never closed",
        ),
        (
            "a: \"b\0\"\nc: 1",
            "1:6: the text is not YAML: the character U+0000 cannot stand in it; remove it, or write it as an escape in double quotes",
        ),
        (
            "a: 1\n# \u{1b}\n",
            "2:3: the text is not YAML: the character U+001B cannot stand in it; remove it, or write it as an escape in double quotes",
        ),
        (
            "a: *b",
            "1:4: the text is not YAML: while parsing node, found unknown anchor; what an alias stands for is marked before it, with `&` and the same name",
        ),
        (
            "a: &b [*b]",
            "1:8: the alias stands within what it stands for; write out what is meant",
        ),
        (
            "a: !ref b",
            "1:4: CloudFormation has no tag `!ref`; did you mean `!Ref`?",
        ),
        (
            "a: !Foo b",
            "1:4: CloudFormation has no tag `!Foo`; a text that begins with an exclamation mark must be quoted",
        ),
        ("a: !!binary b", "1:4: CloudFormation has no tag `!!binary`"),
        (
            "a: {[b]: c}",
            "1:5: a key must be a text; quote one that begins with a brace or a bracket",
        ),
        (
            "~: c",
            "1:1: a key is missing here; `~`, `null` and nothing are none",
        ),
        (
            "a: {<<: 5}",
            "1:5: `<<` merges a mapping or a list of mappings",
        ),
        (
            "a: 1\n---\nb: 2",
            "2:1: a template is one document; a second one begins here, which belongs in a file of its own",
        ),
        (
            deep_json.as_str(),
            "1:125: nested deeper than 120 levels, more than any template needs",
        ),
        (
            deep_flow.as_str(),
            "1:259: nested deeper than 120 levels, more than any template needs",
        ),
        (
            deep_block.as_str(),
            "1:243: nested deeper than 120 levels, more than any template needs",
        ),
        (
            deep_maps.as_str(),
            "122:122: nested deeper than 120 levels, more than any template needs",
        ),
        (
            deep_keys.as_str(),
            "1:3: a key must be a text; quote one that begins with a brace or a bracket",
        ),
    ];
    let mut wrong = Vec::new();
    for (text, error) in table {
        let found = errors(text);
        if found != [error] {
            wrong.push(format!("{error}\n  but {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_key_that_stands_twice_is_told() {
    assert_eq!(
        errors("{\"a\": 1,\n \"a\": {\"b\": 1, \"\\u0062\": 2}}"),
        [
            "2:2: key `a` stands here a second time; the first is at 1:2",
            "2:16: key `b` stands here a second time; the first is at 2:8",
        ]
    );
    assert_eq!(
        errors("a: 1\nc: {b: 1, b: 2}\na: 2\n"),
        [
            "2:11: key `b` stands here a second time; the first is at 2:5",
            "3:1: key `a` stands here a second time; the first is at 1:1",
        ]
    );
}

#[test]
fn bytes_that_are_not_utf_8_are_refused_where_they_stand() {
    let errors = Template::parse_bytes(b"a: 1\nb: \xff").expect_err("it is not UTF-8");
    assert_eq!(
        errors[0].to_string(),
        "2:4: the text is not UTF-8; save it in that encoding"
    );
}

#[test]
fn alias_bombs_are_refused() {
    let mut text = "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol]\n".to_owned();
    for level in 1..30 {
        let previous = format!("*a{}, ", level - 1).repeat(8);
        text.push_str(&format!("a{level}: &a{level} [{previous}]\n"));
    }
    assert!(errors(&text)[0].contains("aliases stand for more than"));
    let mut text = "a0: &a0 [x]\n".to_owned();
    for level in 1..=MAXIMUM_DEPTH {
        text.push_str(&format!("a{level}: &a{level} [*a{}]\n", level - 1));
    }
    assert!(errors(&text)[0].contains("nested deeper"));
    let long = "x".repeat(100_000);
    let text = format!("a: &a {long}\nb: [{}]", "*a, ".repeat(1000));
    assert!(errors(&text)[0].contains("aliases stand for more than"));
}

#[test]
fn large_texts_are_read_in_reasonable_time() {
    let lines: String = (0..150_000)
        .map(|line| format!("key{line}: value {line}\n"))
        .collect();
    assert!(lines.len() > 3_000_000);
    assert_eq!(
        body(&lines).as_object().map(serde_json::Map::len),
        Some(150_000)
    );
    let junk = "[{".repeat(1_900_000);
    assert_eq!(errors(&junk).len(), 1);
    let one_line = format!("{{\"a\": [{}\"é\"]}}", "\"é\",".repeat(500_000));
    let template = Template::parse(&one_line).expect("it is JSON");
    let last = template
        .position(&["a", "500000"])
        .map(|place| place.column);
    assert_eq!(last, Some(2_000_008));
}

/// Any JSON value.
fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<i32>().prop_map(|quarters| Value::from(f64::from(quarters) / 4.0)),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 64, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::hash_map(any::<String>(), inner, 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// Every path of a value, with the key or element it ends at.
fn paths<'a>(
    value: &'a Value,
    path: &mut Vec<String>,
    all: &mut Vec<(Vec<String>, Option<&'a str>)>,
) {
    match value {
        Value::Object(members) => {
            for (key, child) in members {
                path.push(key.clone());
                all.push((path.clone(), Some(key)));
                paths(child, path, all);
                path.pop();
            }
        }
        Value::Array(elements) => {
            for (index, child) in elements.iter().enumerate() {
                path.push(index.to_string());
                all.push((path.clone(), None));
                paths(child, path, all);
                path.pop();
            }
        }
        _ => {}
    }
}

proptest! {
    #[test]
    fn json_is_read_as_serde_json_reads_it(value in any_value(), pretty in any::<bool>()) {
        let whole = json!({ "root": value });
        let text = if pretty {
            serde_json::to_string_pretty(&whole)
        } else {
            serde_json::to_string(&whole)
        }.expect("a value is JSON");
        let template = Template::parse(&text).expect("JSON is a template");
        let whole: Value = serde_json::from_str(&text).expect("it is JSON");
        prop_assert_eq!(template.body(), &whole);
        let lines: Vec<Vec<char>> = text.split('\n').map(|line| line.chars().collect()).collect();
        let mut all = Vec::new();
        paths(&whole, &mut Vec::new(), &mut all);
        for (path, key) in all {
            let place = template.position(&path).expect("the path is in the value");
            let rest: String = lines[place.line as usize - 1][place.column as usize - 1..].iter().collect();
            match key {
                Some(key) => {
                    let quoted = serde_json::to_string(key).expect("a string is JSON");
                    prop_assert!(rest.starts_with(&quoted), "{:?} at {}: {}", path, place, rest);
                }
                None => prop_assert!(!rest.starts_with([' ', ',', ']', ':']), "{}", rest),
            }
        }
    }

    #[test]
    fn yaml_reads_json_with_quoted_strings_alike(value in any_value()) {
        let text = format!("---\n{}", serde_json::to_string(&json!({ "root": value })).expect("a value is JSON"));
        // Control characters that JSON writes as they are, YAML may refuse; numbers with an exponent are text in YAML 1.1.
        if let Ok(template) = Template::parse(&text) && !text.contains('e') {
            let whole: Value = serde_json::from_str(&text[4..]).expect("it is JSON");
            prop_assert_eq!(template.body(), &whole);
        }
    }

    #[test]
    fn no_text_makes_it_panic(text in any::<String>()) {
        let _ = Template::parse(&text);
        let _ = Template::parse(&format!("a: {text}"));
        let _ = Template::parse(&format!("{{{text}"));
    }
}
