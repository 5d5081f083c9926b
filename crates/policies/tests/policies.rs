//! Rules of CloudFormation Guard, on a small template.

use policies::{Policies, Violation};
use serde_json::{Value, json};

fn template() -> Value {
    json!({"Resources": {
        "Files": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "files"}},
        "Jobs": {"Type": "AWS::SQS::Queue", "Properties": {"DelaySeconds": 5}},
    }})
}

fn parse(text: &str) -> Policies {
    Policies::parse([("policies/own.guard".to_owned(), text.to_owned())]).expect("these are rules")
}

fn broken(text: &str) -> Vec<Violation> {
    parse(text)
        .evaluate(&template())
        .expect("it can be evaluated")
}

fn error(text: &str) -> String {
    let errors = Policies::parse([("policies/own.guard".to_owned(), text.to_owned())]);
    errors.expect_err("these are no rules")[0].to_string()
}

#[test]
fn what_breaks_a_rule_is_told_in_its_words_with_its_place() {
    let rule = "
let buckets = Resources.*[ Type == 'AWS::S3::Bucket' ]

rule buckets_keep_versions when %buckets !empty {
    %buckets.Properties.VersioningConfiguration.Status == 'Enabled'
    <<
        buckets keep versions
        see the handbook
    >>
}
";
    assert_eq!(
        broken(rule),
        [Violation {
            rule: "buckets_keep_versions".to_owned(),
            message: "buckets keep versions; see the handbook".to_owned(),
            path: ["Resources", "Files", "Properties"]
                .map(str::to_owned)
                .to_vec(),
        }]
    );
    let kept =
        "rule queues_wait { Resources.*[ Type == 'AWS::SQS::Queue' ].Properties.DelaySeconds > 1 }";
    assert_eq!(broken(kept), []);
    let skipped = "rule topics_have_names when Resources.*[ Type == 'AWS::SNS::Topic' ] !empty { Resources.X exists }";
    assert_eq!(broken(skipped), []);
}

#[test]
fn a_rule_without_words_is_told_as_it_is_written() {
    let rule = "rule warn_short { Resources.Jobs.Properties.DelaySeconds in [1, 2] }";
    let found = broken(rule);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].is_warning());
    assert!(found[0].message.contains("DelaySeconds"), "{found:?}");
    assert_eq!(
        found[0].path,
        ["Resources", "Jobs", "Properties", "DelaySeconds"]
    );
}

#[test]
fn alternatives_are_one_violation() {
    let rule = "rule named { Resources.Files.Properties.BucketName == 'a' <<it is a>> OR Resources.Files.Properties.BucketName == 'b' <<it is b>> }";
    let found = broken(rule);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].message, "it is a, or it is b");
    assert!(!found[0].is_warning());
}

#[test]
fn what_is_no_rule_is_told_with_its_line() {
    assert!(error("rule x {\n  Resources.* exists\n").starts_with("policies/own.guard:3:1: "));
    assert!(
        error("rule a { Resources.* exists }\nrule c { Resources.Type == /(/ }\n")
            .starts_with("policies/own.guard:2:")
    );
    assert!(error("nonsense").starts_with("policies/own.guard:1:1: "));
    assert!(error(&"rule a { b { ".repeat(500)).contains("nest deeper than 200"));
    assert!(
        error(&format!(
            "rule a {{ Resources == '{}' }}",
            "x".repeat(1_000_000)
        ))
        .contains("may have 1000000 bytes")
    );
}

#[test]
fn files_of_comments_and_empty_files_have_no_rules() {
    for text in ["", "# nothing yet\n", "\n\n"] {
        assert!(parse(text).is_empty(), "{text:?}");
        assert_eq!(broken(text), []);
    }
}

#[test]
fn a_name_is_given_once() {
    let files = ["a", "b"].map(|name| {
        (
            format!("policies/{name}.guard"),
            "# x\nrule named { Resources exists }\n".to_owned(),
        )
    });
    let errors = Policies::parse(files).expect_err("both have the rule");
    assert_eq!(
        errors[0].to_string(),
        "policies/b.guard:2: `policies/a.guard` has a rule `named` already; give one of them another name"
    );
}

#[test]
fn more_findings_than_a_buffer_holds_are_all_told() {
    let resources: serde_json::Map<String, Value> = (0..200)
        .map(|index| {
            (
                format!("Queue{index}"),
                json!({"Type": "AWS::SQS::Queue", "Properties": {}}),
            )
        })
        .collect();
    let rule = "rule named { Resources.*.Properties.QueueName exists <<it has a name>> }";
    let found = parse(rule)
        .evaluate(&json!({"Resources": resources}))
        .expect("it can be evaluated");
    assert_eq!(found.len(), 200);
}

#[test]
fn a_rule_that_cannot_be_evaluated_is_an_error_and_no_panic() {
    let errors = parse("rule a { %nope exists }").evaluate(&template());
    let error = errors.expect_err("there is no such variable").to_string();
    assert!(
        error.starts_with("policies/own.guard: its rules cannot be evaluated: "),
        "{error}"
    );
}
