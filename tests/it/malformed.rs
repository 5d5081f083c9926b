//! Templates that are none, or that no one would write: each is told at its place, by `validate` and by `diff` on either
//! side, in time, and nothing panics.

use std::{
    fs,
    time::{Duration, Instant},
};

use crate::project::{Outcome, Project, snapshot};

/// What no run may take, however slow and busy the machine.
const LONGEST: Duration = Duration::from_secs(60);

/// A template that nothing is wrong with.
const GOOD: &str = "Resources:\n  Jobs:\n    Type: AWS::SQS::Queue\n";

/// The texts that nothing can be made of, small ones first.
fn refused(name: &str) -> Vec<u8> {
    let text = match name {
        "empty.yaml" => "",
        "comments.yaml" => "# nothing\n# yet\n",
        "list.yaml" => "- Resources\n- Outputs\n",
        "list.json" => "[{\"Resources\": {}}]",
        "scalar.yaml" => "just a text\n",
        "two-documents.yaml" => "Resources: {}\n---\nResources: {}\n",
        "two-documents.json" => "{\"Resources\": {}}\n{\"Resources\": {}}\n",
        "nul.yaml" => "Resources:\n  Jobs: \"a\0b\"\n",
        "nul.json" => "{\"Resources\":\n \"a\0b\"}",
        "tabs.yaml" => "Resources:\n\tJobs:\n\t\tType: AWS::SQS::Queue\n",
        "open-quote.yaml" => "Resources:\n  Jobs:\n    Type: 'AWS::SQS::Queue\n",
        "open-quote.json" => "{\"Resources\": {\"Jobs",
        "open-list.yaml" => "Resources:\n  Jobs:\n    Type: [AWS::SQS::Queue\nOutputs: {}\n",
        "open-mapping.yaml" => "Resources: {Jobs: {Type: AWS::SQS::Queue}\n",
        "open-object.json" => "{\"Resources\": {\"Jobs\": {}\n",
        "colon.yaml" => "Description: what it is: a queue\nResources: {}\n",
        "columns.yaml" => "Resources:\n  Jobs:\n    Type: AWS::SQS::Queue\n   Properties: {}\n",
        "no-colon.yaml" => "Resources:\n  Jobs\n  Type: AWS::SQS::Queue\n",
        "at-sign.yaml" => "Description: @home\n",
        "comma.json" => "{\"Resources\": {},}",
        "word.json" => "{\"Resources\": {\"Jobs\": tru}}",
        "apostrophes.json" => "{'Resources': {}}",
        "backslash.json" => "{\"Description\": \"C:\\queue\"}",
        "backslash.yaml" => "Description: \"C:\\queue\"\n",
        "line-break.json" => "{\"Description\": \"one\ntwo\"}",
        "number.json" => "{\"Metadata\": 1e999}",
        "twice.json" => "{\"Resources\": {},\n \"Resources\": {}}",
        "twice.yaml" => {
            "Resources:\n  Jobs:\n    Type: AWS::SQS::Queue\n  Jobs: {Type: AWS::SNS::Topic, Type: AWS::SNS::Topic}\n"
        }
        "twice-by-escape.json" => "{\"Resources\": {}, \"R\\u0065sources\": {}}",
        "tag.yaml" => "Description: !Foo bar\n",
        "tag-by-case.yaml" => "Description: !sub bar\n",
        "binary.yaml" => "Description: !!binary aGVsbG8=\n",
        "exclamation.yaml" => "Description: !important\n",
        "no-anchor.yaml" => "Description: *name\n",
        "alias-in-itself.yaml" => "Metadata: &a\n  Of: [*a]\n",
        "merge.yaml" => "Metadata:\n  <<: 5\n",
        "key.yaml" => "Metadata:\n  [a, b]: c\n",
        "no-key.yaml" => "Metadata:\n  ~: c\n",
        "latin-1.yaml" => return b"Resources: {}\nDescription: caf\xe9\n".to_vec(),
        "latin-1.json" => return b"{\"Description\": \"caf\xe9\"}".to_vec(),
        "utf-16.yaml" => return utf_16(GOOD, u16::to_le_bytes),
        "utf-16.json" => return utf_16("{\"Resources\": {}}", u16::to_be_bytes),
        "deep-flow.yaml" => return format!("Metadata: {}", "[".repeat(10_000)).into_bytes(),
        "deep-objects.yaml" => return format!("Metadata: {}", "{a: ".repeat(10_000)).into_bytes(),
        "deep-lists.yaml" => {
            return format!("Metadata:\n  {}x\n", "- ".repeat(10_000)).into_bytes();
        }
        "deep-blocks.yaml" => return deep_blocks().into_bytes(),
        "deep-lists.json" => {
            let (open, close) = ("[".repeat(10_000), "]".repeat(10_000));
            return format!("{{\"Metadata\": {open}{close}}}").into_bytes();
        }
        "deep-objects.json" => {
            let (open, close) = ("{\"a\":".repeat(10_000), "}".repeat(10_000));
            return format!("{{\"Metadata\": {open}1{close}}}").into_bytes();
        }
        "billion-laughs.yaml" => return laughs().into_bytes(),
        "long-alias.yaml" => {
            let text = "x".repeat(100_000);
            return format!("A: &a {text}\nB: [{}]\n", "*a, ".repeat(1000)).into_bytes();
        }
        "merges.yaml" => return merges().into_bytes(),
        "brackets.yaml" => return "[{".repeat(1_900_000).into_bytes(),
        "open-3-mb.json" => {
            return format!("{{\"a\": [{}", "\"é\",".repeat(700_000)).into_bytes();
        }
        "twice-3-mb.yaml" => return "Resources: {}\n".repeat(250_000).into_bytes(),
        "5-mb.json" => {
            let name = "x".repeat(5_000_000);
            return format!("{{\"Resources\": {{\n\"A\": \"{name}\"}}}}").into_bytes();
        }
        "too-long.yaml" => return GOOD.repeat(200_000).into_bytes(),
        other => panic!("no such text, {other}"),
    };
    text.as_bytes().to_vec()
}

fn utf_16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    let units = std::iter::once(0xFEFF).chain(text.encode_utf16());
    units.flat_map(bytes).collect()
}

/// Mappings, each a column further right: 10,000 of them would be 50 MB.
fn deep_blocks() -> String {
    let mut text = String::from("Metadata:\n");
    for depth in 1..2_800 {
        text.extend(std::iter::repeat_n(' ', depth));
        text.push_str("a:\n");
    }
    text
}

/// Lists of eight of the list before.
fn laughs() -> String {
    let mut text = "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol]\n".to_owned();
    for level in 1..30 {
        let previous = format!("*a{}, ", level - 1).repeat(8);
        text.push_str(&format!("a{level}: &a{level} [{previous}]\n"));
    }
    text
}

/// Mappings that take in the one before twice.
fn merges() -> String {
    let mut text = "a0: &a0 {k: lol}\n".to_owned();
    for level in 1..60 {
        let last = level - 1;
        text.push_str(&format!(
            "a{level}: &a{level} {{x{level}: *a{last}, <<: *a{last}}}\n"
        ));
    }
    text
}

/// Runs the program, which must end in time, and by itself.
fn run(project: &Project, words: &str) -> Outcome {
    let begin = Instant::now();
    let outcome = project.run(words);
    assert!(
        begin.elapsed() < LONGEST,
        "`{words}` took {:?}",
        begin.elapsed()
    );
    assert!(outcome.status.code().is_some(), "{words}: {outcome}");
    assert!(!outcome.stderr.contains("panicked"), "{words}: {outcome}");
    outcome
}

/// Validates these files together. Each must be refused, and `diff` must refuse each for the same on either side.
fn refusals(names: &[&str]) -> Outcome {
    let project = Project::without_stacks();
    project.write("good.yaml", GOOD);
    for name in names {
        fs::write(project.path(name), refused(name)).expect("writable");
    }
    let all = run(&project, &format!("validate {}", names.join(" "))).ended_with(1);
    for name in names {
        let place = format!("{name}:");
        let found = all.stdout.lines().filter(|line| line.starts_with(&place));
        let told: Vec<String> = found
            .map(|line| line.replacen(" error CIF000:", "", 1))
            .collect();
        assert!(!told.is_empty(), "{name} is not refused\n{all}");
        let expected = format!("error: {}\n", told.join("\n"));
        for words in [
            format!("diff {name} good.yaml"),
            format!("diff good.yaml {name}"),
        ] {
            let outcome = run(&project, &words).ended_with(1);
            assert_eq!(outcome.stderr, expected, "{words}");
            assert_eq!(outcome.stdout, "", "{words}");
        }
    }
    all
}

#[test]
fn what_is_no_template_is_refused_where_it_is_not() {
    let outcome = refusals(&[
        "empty.yaml",
        "comments.yaml",
        "list.yaml",
        "list.json",
        "scalar.yaml",
        "two-documents.yaml",
        "two-documents.json",
        "nul.yaml",
        "nul.json",
        "latin-1.yaml",
        "latin-1.json",
        "utf-16.yaml",
        "utf-16.json",
    ]);
    snapshot!(outcome, @r"
    exit status: 1
    --- stdout
    empty.yaml:1:1: error CIF000: the template is empty; it needs a section `Resources` at least
    comments.yaml:1:1: error CIF000: the template is empty; it needs a section `Resources` at least
    list.yaml:1:1: error CIF000: a template is a mapping of sections such as `Resources`
    list.json:1:1: error CIF000: a template is a mapping of sections such as `Resources`
    scalar.yaml:1:1: error CIF000: a template is a mapping of sections such as `Resources`
    two-documents.yaml:2:1: error CIF000: a template is one document; a second one begins here, which belongs in a file of its own
    two-documents.json:2:1: error CIF000: the text is not JSON: nothing may follow the end of the template
    nul.yaml:2:11: error CIF000: the text is not YAML: the character U+0000 cannot stand in it; remove it, or write it as an escape in double quotes
    nul.json:2:4: error CIF000: the text is not JSON: a control character stands in a string; write it as an escape, `\n` or `\u0009`
    latin-1.yaml:2:17: error CIF000: the text is not UTF-8; save it in that encoding
    latin-1.json:1:21: error CIF000: the text is not UTF-8; save it in that encoding
    utf-16.yaml:1:1: error CIF000: the text is UTF-16; save it as UTF-8, the only encoding that is read
    utf-16.json:1:1: error CIF000: the text is UTF-16; save it as UTF-8, the only encoding that is read
    --- stderr
    error: 13 files checked: 13 errors, 0 warnings
    ");
}

#[test]
fn slips_are_told_with_what_to_do() {
    let outcome = refusals(&[
        "tabs.yaml",
        "open-quote.yaml",
        "open-quote.json",
        "open-list.yaml",
        "open-mapping.yaml",
        "open-object.json",
        "colon.yaml",
        "columns.yaml",
        "no-colon.yaml",
        "at-sign.yaml",
        "comma.json",
        "word.json",
        "apostrophes.json",
        "backslash.json",
        "backslash.yaml",
        "line-break.json",
        "number.json",
    ]);
    snapshot!(outcome, @r#"
    exit status: 1
    --- stdout
    tabs.yaml:2:2: error CIF000: the text is not YAML: tabs disallowed within this context (block indentation); indent with spaces
    open-quote.yaml:3:11: error CIF000: the text is not YAML: while scanning a quoted scalar, found unexpected end of stream; the quotation mark here is never closed
    open-quote.json:1:20: error CIF000: the text is not JSON: it ends before a string is closed by `"`
    open-list.yaml:4:8: error CIF000: the text is not YAML: illegal placement of ':' indicator; is a bracket or a brace before it never closed?
    open-mapping.yaml:2:1: error CIF000: the text is not YAML: while parsing a flow mapping, did not find expected ',' or '}'; is the brace `{` never closed?
    open-object.json:2:1: error CIF000: the text is not JSON: it ends before an object is closed by `}`
    colon.yaml:1:24: error CIF000: the text is not YAML: mapping values are not allowed in this context; quote a text with a colon in it, and let the keys of one mapping begin in the same column
    columns.yaml:4:4: error CIF000: the text is not YAML: while parsing a block mapping, did not find expected key; let the keys of one mapping begin in the same column
    no-colon.yaml:3:7: error CIF000: the text is not YAML: mapping values are not allowed in this context; quote a text with a colon in it, and let the keys of one mapping begin in the same column
    at-sign.yaml:1:14: error CIF000: the text is not YAML: unexpected character: `@'; quote a text that begins with it
    comma.json:1:18: error CIF000: the text is not JSON: nothing follows this comma; remove it
    word.json:1:27: error CIF000: the text is not JSON: this is no value; a text must be in double quotes
    apostrophes.json:1:2: error CIF000: the text is not JSON: a key must be in double quotes
    backslash.json:1:21: error CIF000: the text is not JSON: there is no such escape; write a backslash twice
    backslash.yaml:1:14: error CIF000: the text is not YAML: while parsing a quoted scalar, found unknown escape character; write a backslash twice, or the text in single quotes
    line-break.json:2:1: error CIF000: the text is not JSON: a control character stands in a string; write it as an escape, `\n` or `\u0009`
    number.json:1:18: error CIF000: the text is not JSON: number out of range
    --- stderr
    error: 17 files checked: 17 errors, 0 warnings
    "#);
}

#[test]
fn keys_tags_and_aliases_that_mean_nothing_are_named() {
    let outcome = refusals(&[
        "twice.json",
        "twice.yaml",
        "twice-by-escape.json",
        "tag.yaml",
        "tag-by-case.yaml",
        "binary.yaml",
        "exclamation.yaml",
        "no-anchor.yaml",
        "alias-in-itself.yaml",
        "merge.yaml",
        "key.yaml",
        "no-key.yaml",
    ]);
    snapshot!(outcome, @"
    exit status: 1
    --- stdout
    twice.json:2:2: error CIF000: key `Resources` stands here a second time; the first is at 1:2
    twice.yaml:4:33: error CIF000: key `Type` stands here a second time; the first is at 4:10
    twice.yaml:4:3: error CIF000: key `Jobs` stands here a second time; the first is at 2:3
    twice-by-escape.json:1:19: error CIF000: key `Resources` stands here a second time; the first is at 1:2
    tag.yaml:1:14: error CIF000: CloudFormation has no tag `!Foo`; a text that begins with an exclamation mark must be quoted
    tag-by-case.yaml:1:14: error CIF000: CloudFormation has no tag `!sub`; did you mean `!Sub`?
    binary.yaml:1:14: error CIF000: CloudFormation has no tag `!!binary`
    exclamation.yaml:1:14: error CIF000: CloudFormation has no tag `!important`; a text that begins with an exclamation mark must be quoted
    no-anchor.yaml:1:14: error CIF000: the text is not YAML: while parsing node, found unknown anchor; what an alias stands for is marked before it, with `&` and the same name
    alias-in-itself.yaml:2:8: error CIF000: the alias stands within what it stands for; write out what is meant
    merge.yaml:2:3: error CIF000: `<<` merges a mapping or a list of mappings
    key.yaml:2:3: error CIF000: a key must be a text; quote one that begins with a brace or a bracket
    no-key.yaml:2:3: error CIF000: a key is missing here; `~`, `null` and nothing are none
    --- stderr
    error: 12 files checked: 13 errors, 0 warnings
    ");
}

#[test]
fn depth_length_and_bombs_are_refused_in_time() {
    let outcome = refusals(&[
        "deep-flow.yaml",
        "deep-objects.yaml",
        "deep-lists.yaml",
        "deep-blocks.yaml",
        "deep-lists.json",
        "deep-objects.json",
        "billion-laughs.yaml",
        "long-alias.yaml",
        "merges.yaml",
        "brackets.yaml",
        "open-3-mb.json",
        "5-mb.json",
        "too-long.yaml",
    ]);
    snapshot!(outcome, @"
    exit status: 1
    --- stdout
    deep-flow.yaml:1:266: error CIF000: nested deeper than 120 levels, more than any template needs
    deep-objects.yaml:1:491: error CIF000: nested deeper than 120 levels, more than any template needs
    deep-lists.yaml:2:243: error CIF000: nested deeper than 120 levels, more than any template needs
    deep-blocks.yaml:122:122: error CIF000: nested deeper than 120 levels, more than any template needs
    deep-lists.json:1:133: error CIF000: nested deeper than 120 levels, more than any template needs
    deep-objects.json:1:609: error CIF000: nested deeper than 120 levels, more than any template needs
    billion-laughs.yaml:6:45: error CIF000: aliases stand for more than 4000000 bytes, more than any template may have; remove some
    long-alias.yaml:2:157: error CIF000: aliases stand for more than 4000000 bytes, more than any template may have; remove some
    merges.yaml:17:17: error CIF000: aliases stand for more than 4000000 bytes, more than any template may have; remove some
    brackets.yaml:1:256: error CIF000: nested deeper than 120 levels, more than any template needs
    open-3-mb.json:1:2800007: error CIF000: the text is not JSON: it ends where a value must stand
    5-mb.json:2:3999985: error CIF000: the text is longer than 4000000 bytes; CloudFormation takes 1000000 and nothing beyond is read
    too-long.yaml:266667:22: error CIF000: the text is longer than 4000000 bytes; CloudFormation takes 1000000 and nothing beyond is read
    --- stderr
    error: 13 files checked: 13 errors, 0 warnings
    ");
    // A hundred errors are told, not 250,000.
    let outcome = refusals(&["twice-3-mb.yaml"]);
    assert_eq!(outcome.stdout.lines().count(), 100);
}

/// A template in YAML and the same in JSON, which are read but which CloudFormation would refuse.
const WRONG: [(&str, &str, &str); 8] = [
    (
        "circle-of-all",
        "Resources:\n  A:\n    Type: AWS::SNS::Topic\n    Properties: {DisplayName: !Ref B}\n  B:\n    Type: AWS::SNS::Topic\n    Properties: {DisplayName: !GetAtt C.TopicName}\n  C:\n    Type: AWS::SNS::Topic\n    DependsOn: D\n  D:\n    Type: AWS::SNS::Topic\n    Properties: {DisplayName: !Sub 'of ${A}'}\n",
        r#"{"Resources": {
            "A": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": {"Ref": "B"}}},
            "B": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": {"Fn::GetAtt": ["C", "TopicName"]}}},
            "C": {"Type": "AWS::SNS::Topic", "DependsOn": "D"},
            "D": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": {"Fn::Sub": "of ${A}"}}}}}"#,
    ),
    (
        "of-itself",
        "Resources:\n  A:\n    Type: AWS::SNS::Topic\n    DependsOn: [A]\n",
        r#"{"Resources": {"A": {"Type": "AWS::SNS::Topic", "DependsOn": ["A"]}}}"#,
    ),
    (
        "circle-of-conditions",
        "Conditions:\n  A: !Not [!Condition B]\n  B: !Or [!Condition A, !Condition A]\nResources:\n  Topic: {Type: AWS::SNS::Topic, Condition: A}\n",
        r#"{"Conditions": {"A": {"Fn::Not": [{"Condition": "B"}]}, "B": {"Fn::Or": [{"Condition": "A"}, {"Condition": "A"}]}},
            "Resources": {"Topic": {"Type": "AWS::SNS::Topic", "Condition": "A"}}}"#,
    ),
    (
        "attribute-of-nothing",
        "Resources:\n  A: {Type: AWS::SNS::Topic}\nOutputs:\n  O: {Value: !GetAtt A}\n",
        r#"{"Resources": {"A": {"Type": "AWS::SNS::Topic"}}, "Outputs": {"O": {"Value": {"Fn::GetAtt": "A"}}}}"#,
    ),
    (
        "attribute-in-a-list-of-one",
        "Resources:\n  A: {Type: AWS::SNS::Topic}\nOutputs:\n  O: {Value: !GetAtt [A]}\n",
        r#"{"Resources": {"A": {"Type": "AWS::SNS::Topic"}}, "Outputs": {"O": {"Value": {"Fn::GetAtt": ["A"]}}}}"#,
    ),
    (
        "attribute-by-mapping",
        "Resources:\n  A: {Type: AWS::SNS::Topic}\nOutputs:\n  O: {Value: !GetAtt {A: TopicName}}\n",
        r#"{"Resources": {"A": {"Type": "AWS::SNS::Topic"}}, "Outputs": {"O": {"Value": {"Fn::GetAtt": {"A": "TopicName"}}}}}"#,
    ),
    (
        "huge-number",
        "Resources:\n  A:\n    Type: AWS::SQS::Queue\n    Properties:\n      DelaySeconds: 99999999999999999999999999999999999999999999\n",
        r#"{"Resources": {"A": {"Type": "AWS::SQS::Queue", "Properties": {"DelaySeconds": 99999999999999999999999999999999999999999999}}}}"#,
    ),
    (
        "section-of-wrong-kind",
        "Resources:\n  - Type: AWS::SNS::Topic\n",
        r#"{"Resources": [{"Type": "AWS::SNS::Topic"}]}"#,
    ),
];

#[test]
fn what_can_be_read_but_never_deployed_is_told_at_its_place() {
    let project = Project::without_stacks();
    project.write("good.yaml", GOOD);
    let mut files = Vec::new();
    for (name, yaml, json) in WRONG {
        for (ending, text) in [("yaml", yaml), ("json", json)] {
            let file = format!("{name}.{ending}");
            project.write(&file, text);
            files.push(file);
        }
    }
    let outcome = run(&project, &format!("validate {}", files.join(" "))).ended_with(1);
    for file in &files {
        assert!(
            outcome.stdout.contains(&format!("{file}:")),
            "{file}: {outcome}"
        );
        // A comparison says what is written, whatever CloudFormation thinks of it.
        run(&project, &format!("diff {file} {file}"))
            .ended_with(0)
            .says("No changes.");
        run(&project, &format!("diff good.yaml {file}")).ended_with(0);
        run(&project, &format!("diff {file} good.yaml")).ended_with(0);
    }
    // In JSON, a number of 44 digits is one that is rounded.
    let exact = WRONG.iter().filter(|(name, ..)| *name != "huge-number");
    for (name, ..) in exact {
        run(&project, &format!("diff {name}.yaml {name}.json"))
            .ended_with(0)
            .says("No changes.");
    }
    snapshot!(outcome, @"
    exit status: 1
    --- stdout
    circle-of-all.yaml:2:3: error CIF026: resources depend on each other in a circle: A → B → C → D → A  (Resources.A)
    circle-of-all.json:2:13: error CIF026: resources depend on each other in a circle: A → B → C → D → A  (Resources.A)
    of-itself.yaml:2:3: error CIF026: resource `A` depends on itself  (Resources.A)
    of-itself.json:1:16: error CIF026: resource `A` depends on itself  (Resources.A)
    circle-of-conditions.yaml:2:3: error CIF026: conditions depend on each other in a circle: A → B → A  (Conditions.A)
    circle-of-conditions.json:1:17: error CIF026: conditions depend on each other in a circle: A → B → A  (Conditions.A)
    attribute-of-nothing.yaml:4:14: error CIF021: `Fn::GetAtt` takes the name of a resource and one of its attributes  (Outputs.O.Value.Fn::GetAtt)
    attribute-of-nothing.json:1:79: error CIF021: `Fn::GetAtt` takes the name of a resource and one of its attributes  (Outputs.O.Value.Fn::GetAtt)
    attribute-in-a-list-of-one.yaml:4:14: error CIF021: `Fn::GetAtt` takes the name of a resource and one of its attributes  (Outputs.O.Value.Fn::GetAtt)
    attribute-in-a-list-of-one.json:1:79: error CIF021: `Fn::GetAtt` takes the name of a resource and one of its attributes  (Outputs.O.Value.Fn::GetAtt)
    attribute-by-mapping.yaml:4:14: error CIF021: `Fn::GetAtt` takes the name of a resource and one of its attributes  (Outputs.O.Value.Fn::GetAtt)
    attribute-by-mapping.json:1:79: error CIF021: `Fn::GetAtt` takes the name of a resource and one of its attributes  (Outputs.O.Value.Fn::GetAtt)
    huge-number.yaml:5:7: error CIF056: 99999999999999999999999999999999999999999999 is greater than 900  (Resources.A.Properties.DelaySeconds)
    huge-number.json:1:64: error CIF056: 1e+44 is greater than 900  (Resources.A.Properties.DelaySeconds)
    section-of-wrong-kind.yaml:1:1: error CIF003: section `Resources` must be a mapping, this is a list  (Resources)
    section-of-wrong-kind.json:1:2: error CIF003: section `Resources` must be a mapping, this is a list  (Resources)
    --- stderr
    error: 16 files checked: 16 errors, 0 warnings
    ");
}

#[test]
fn forms_that_editors_leave_are_read() {
    let project = Project::without_stacks();
    project.write("good.yaml", GOOD);
    let json = r#"{"Resources": {"Jobs": {"Type": "AWS::SQS::Queue"}}}"#;
    let texts = [
        ("mark.yaml", format!("\u{feff}{GOOD}")),
        ("mark.json", format!("\u{feff}{json}")),
        ("line-ends.yaml", GOOD.replace('\n', "\r\n")),
        ("line-ends.json", json.replace(' ', "\r\n")),
        ("old-line-ends.yaml", GOOD.replace('\n', "\r")),
        ("blanks.json", format!("\n\t {json}\n\n")),
        ("start.yaml", format!("%YAML 1.1\n---\n{GOOD}...\n")),
    ];
    for (name, text) in texts {
        project.write(name, &text);
        run(&project, &format!("validate {name}")).ended_with(0);
        run(&project, &format!("diff good.yaml {name}"))
            .ended_with(0)
            .says("No changes.");
    }
}

#[test]
fn what_cannot_be_read_is_named_with_the_reason() {
    let project = Project::without_stacks();
    project.write("good.yaml", GOOD);
    fs::create_dir(project.path("folder.yaml")).expect("the folder is new");
    // Whoever may read everything cannot read this.
    std::os::unix::fs::symlink("circle.yaml", project.path("circle.yaml")).expect("it is new");
    let mut told = String::new();
    for name in [
        "missing.yaml",
        "folder.yaml",
        "circle.yaml",
        "good.yaml/within.yaml",
    ] {
        let outcome = run(&project, &format!("validate {name}")).ended_with(2);
        told.push_str(&outcome.stderr);
        for words in [
            format!("diff {name} good.yaml"),
            format!("diff good.yaml {name}"),
        ] {
            let compared = run(&project, &words).ended_with(2);
            assert_eq!(compared.stderr, outcome.stderr, "{words}");
        }
    }
    for (name, message) in [
        ("/dev/null", "the template is empty"),
        ("/dev/zero", "the text is longer than"),
    ] {
        run(&project, &format!("validate {name}"))
            .ended_with(1)
            .says(message);
        run(&project, &format!("diff {name} good.yaml"))
            .ended_with(1)
            .says(message);
    }
    insta::assert_snapshot!(told, @"
    error: cannot read `missing.yaml`: No such file or directory (os error 2)
    error: cannot read `folder.yaml`: Is a directory (os error 21)
    error: cannot read `circle.yaml`: Too many levels of symbolic links (os error 40)
    error: cannot read `good.yaml/within.yaml`: Not a directory (os error 20)
    ");
}

#[test]
fn nothing_in_a_template_reaches_the_terminal_as_an_order() {
    let project = Project::without_stacks();
    let text = |value: &str| {
        let evil = "\\u001b[2J\\u009b31m\\u202e\\r";
        let properties = format!("{{\"Display{evil}Name\": \"{value}{evil}\"}}");
        let metadata = format!(
            "{{\"chitinfra\": {{\"suppress\": [{{\"rule\": \"CIF050\", \"reason\": \"{evil}\"}}]}}}}"
        );
        format!(
            "{{\"Description\": \"{value}{evil}\", \"Mappings\": {{\"M{evil}\": {{\"a{evil}\": {{\"b\": \"{value}\"}}}}}},
              \"Resources\": {{\"A{evil}\": {{\"Type\": \"AWS::SNS::Topic{evil}\", \"Metadata\": {metadata}, \"Properties\": {properties}}},
                \"B\": {{\"Type\": \"AWS::SNS::Topic\", \"Metadata\": {metadata}, \"Properties\": {properties}}}}},
              \"Outputs\": {{\"O{evil}\": {{\"Value\": \"{value}{evil}\"}}}}}}"
        )
    };
    project.write("old.json", &text("old"));
    project.write("new.json", &text("new"));
    project.write("broken\u{1b}[2J.yaml", "a: b: c\n");
    let runs = [
        ("validate old.json", 1),
        ("validate -v old.json", 1),
        ("validate broken\u{1b}[2J.yaml", 1),
        ("validate missing\u{1b}[2J.yaml", 2),
        ("diff old.json new.json", 0),
        ("diff -v old.json new.json", 0),
        ("diff broken\u{1b}[2J.yaml new.json", 1),
    ];
    for (words, code) in runs {
        let outcome = run(&project, words).ended_with(code);
        for stream in [&outcome.stdout, &outcome.stderr] {
            let hidden =
                |letter: char| letter != '\n' && (letter.is_control() || letter == '\u{202e}');
            assert!(!stream.contains(hidden), "{words}: {stream:?}");
        }
    }
}
