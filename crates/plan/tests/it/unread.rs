//! What is left unread changes nothing in what a comparison says.

use indexmap::IndexMap;
use pairs::Pair;
use plan::{Gist, Options, Resource, SchemaFacts};
use serde_json::{Value, json};
use template::{Template, Token, parse_pair};

/// How many generated pairs are compared.
const PAIRS: u64 = 300;

/// Compares two templates, which must come to what it comes to when all is read; how many resources were left unread.
fn compare(before: &Value, after: &Value, options: &Options) -> usize {
    let texts = [before, after].map(|template| format!("{template:#}"));
    let [old, new] = parse_pair(texts[0].as_bytes(), texts[1].as_bytes(), note);
    let [old, new] = [old, new].map(|body| body.expect("it is a template"));
    let diff = plan::diff(
        body(&old),
        body(&new),
        &SchemaFacts,
        &IndexMap::new(),
        options,
    );
    let read = texts.each_ref().map(|text| Template::parse(text));
    let [old, read] = read.map(|template| template.expect("it is a template").into_body());
    let expected = plan::diff(&old, &read, &SchemaFacts, &IndexMap::new(), options);
    assert_eq!(diff, expected, "{before:#} {after:#}");
    let unread = new.resources().filter(|(_, one)| one.gist().is_some());
    unread.count()
}

fn note(gist: &mut Gist, token: Token<'_>) -> bool {
    match token {
        Token::Key(key) => gist.key(key),
        Token::Text(text) => gist.text(text),
        Token::Scalar => gist.scalar(),
        Token::List => gist.list(),
    }
}

fn body<'b>(body: &'b template::Body<'_, Gist>) -> plan::Body<'b> {
    let resources = body.resources();
    let resources = resources.map(|(id, resource)| (id, Resource::new(resource.gist(), resource)));
    plan::Body::new(body.sections(), resources)
}

#[test]
fn generated_pairs_differ_as_they_do_when_all_is_read() {
    let mut left = 0;
    for seed in 0..PAIRS {
        let pair = Pair::new(seed);
        let (before, after) = (pair.before(), pair.after());
        let given = Options {
            before_parameters: before.parameters.clone(),
            after_parameters: after.parameters.clone(),
            ..Options::default()
        };
        let open = Options {
            open_parameters: true,
            ..Options::default()
        };
        let (before, after) = (&before.template, &after.template);
        for options in [given, open] {
            for (before, after) in [(before, after), (after, before)] {
                left += compare(before, after, &options);
            }
        }
    }
    assert!(left > 1000, "{left} resources were left unread");
}

/// A resource that is changed, and one with these properties.
fn beside(type_name: &str, properties: &Value, is_changed: bool) -> Value {
    json!({
        "Parameters": {"Size": {"Type": "String", "Default": if is_changed { "2" } else { "1" }}},
        "Resources": {
            "Changed": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": if is_changed { "b" } else { "a" }}},
            "Other": {"Type": type_name, "Properties": properties, "DeletionPolicy": "Retain"}
        }
    })
}

#[test]
fn what_a_change_concerns_is_read() {
    const TOPIC: &str = "AWS::SNS::Topic";
    let table = [
        // Left unread, whether the change concerns it or not.
        (TOPIC, json!({"DisplayName": "a"}), true),
        (TOPIC, json!({"DisplayName": {"Ref": "Changed"}}), true),
        (TOPIC, json!({"DisplayName": {"Ref": "Size"}}), true),
        (
            TOPIC,
            json!({"DisplayName": {"Fn::GetAtt": ["Changed", "QueueName"]}}),
            true,
        ),
        (
            TOPIC,
            json!({"DisplayName": {"Fn::GetAtt": "Changed.QueueName"}}),
            true,
        ),
        (
            TOPIC,
            json!({"DisplayName": {"Fn::Sub": "${Changed}-${Size}-${Changed.Arn}"}}),
            true,
        ),
        (
            TOPIC,
            json!({"DisplayName": {"Fn::Join": ["", ["a", {"Ref": "Changed"}]]}}),
            true,
        ),
        (
            TOPIC,
            json!({"Tags": [{"Key": "a", "Value": {"Fn::Base64": {"Ref": "Size"}}}]}),
            true,
        ),
        // What cannot be told while it is gone over.
        (
            TOPIC,
            json!({"DisplayName": {"Fn::Sub": ["${A}", {"A": {"Ref": "Changed"}}]}}),
            false,
        ),
        (
            TOPIC,
            json!({"DisplayName": {"Fn::Join": [",", ["a", {"Ref": "Size"}]]}}),
            false,
        ),
        (
            TOPIC,
            json!({"DisplayName": {"Fn::If": ["No", "a", {"Ref": "Size"}]}}),
            false,
        ),
        (
            TOPIC,
            json!({"DisplayName": {"Ref": {"Ref": "Size"}}}),
            false,
        ),
        (
            TOPIC,
            json!({"DisplayName": "{\"Ref\": \"Changed\"}"}),
            false,
        ),
        // What says something of access, or is compared whatever changes.
        (
            TOPIC,
            json!({"DeliveryStatusLogging": [{"Principal": "*"}]}),
            false,
        ),
        ("AWS::IAM::Role", json!({}), false),
        (
            "AWS::EC2::SecurityGroup",
            json!({"GroupDescription": {"Ref": "Size"}}),
            false,
        ),
        (
            "AWS::Cognito::UserPool",
            json!({"UserPoolName": {"Ref": "Changed"}}),
            false,
        ),
    ];
    for (type_name, properties, is_left) in table {
        let (before, after) = (
            beside(type_name, &properties, false),
            beside(type_name, &properties, true),
        );
        for open_parameters in [false, true] {
            let options = Options {
                open_parameters,
                ..Options::default()
            };
            let unread = compare(&before, &after, &options);
            assert_eq!(unread == 1, is_left, "{type_name} {properties}");
        }
    }
}
