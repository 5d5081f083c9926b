//! Tables of what values evaluate to.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

/// A world with one of everything.
struct World;

impl Lookups for World {
    fn reference(&self, logical_id: &str) -> Result<Value, Failure> {
        match logical_id {
            "Files" => Ok(json!("files-1")),
            "Later" => Ok(json!(KNOWN_AFTER_APPLY)),
            _ => Err(Failure::new("no such resource")),
        }
    }

    fn attribute(&self, logical_id: &str, attribute: &str) -> Result<Value, Failure> {
        self.reference(logical_id).map(|value| match value {
            Value::String(text) if text != KNOWN_AFTER_APPLY => {
                json!(format!("{text}.{attribute}"))
            }
            value => value,
        })
    }

    fn import(&self, name: &str) -> Result<Value, Failure> {
        Ok(json!(format!("import of {name}")))
    }

    fn stack_output(
        &self,
        stack: &str,
        output: &str,
        region: Option<&str>,
    ) -> Result<Value, Failure> {
        Ok(json!(format!(
            "{stack}/{output}/{}",
            region.unwrap_or("here")
        )))
    }

    fn stored_parameter(&self, name: &str) -> Result<String, Failure> {
        match name {
            "/a:1" => Ok("stored".to_owned()),
            _ => Err(Failure::new("no such parameter")),
        }
    }
}

const TEMPLATE: &str = r#"{
    "Parameters": {"Env": {"Type": "String"}, "List": {"Type": "CommaDelimitedList"}, "Count": {"Type": "Number"}},
    "Mappings": {"M": {"a": {"x": 1, "l": ["p", "q"]}}},
    "Conditions": {"Second": {"Fn::Not": [{"Condition": "First"}]}, "First": {"Fn::Equals": [{"Ref": "Env"}, "prod"]}},
    "Resources": {"Files": {"Type": "AWS::S3::Bucket"}, "Later": {"Type": "AWS::S3::Bucket"}}}"#;

fn evaluate(node: &Value) -> Result<Option<Value>, Failure> {
    let document = Document::parse(TEMPLATE).expect("the template is sound");
    let parameters = [("Env", "prod"), ("List", "a, b"), ("Count", "3")];
    let given: Vec<Given> = parameters
        .iter()
        .map(|(name, value)| Given {
            name: (*name).to_owned(),
            value: Some((*value).to_owned()),
            use_previous: false,
        })
        .collect();
    let values = resolve_parameters(&document, &given, None, &World)?;
    let mut scope = Scope {
        document: &document,
        parameters: typed_parameters(&document, &values),
        conditions: BTreeMap::new(),
        pseudo: Pseudo {
            account: "111122223333".to_owned(),
            region: "cn-north-1".to_owned(),
            stack_id: "arn".to_owned(),
            stack_name: "shop".to_owned(),
            notification_arns: vec!["n".to_owned()],
        },
        lookups: &World,
    };
    evaluate_conditions(&mut scope)?;
    let mut value = scope.value(node)?;
    if let Some(value) = &mut value {
        dynamic::resolve(value, &World)?;
    }
    Ok(value)
}

#[test]
fn values() {
    for (node, expected) in [
        (json!({"A": [1, true, null]}), json!({"A": [1, true]})),
        (json!({"Ref": "List"}), json!(["a", "b"])),
        (json!({"Ref": "Count"}), json!("3")),
        (json!({"Ref": "AWS::Partition"}), json!("aws-cn")),
        (json!({"Ref": "AWS::URLSuffix"}), json!("amazonaws.com.cn")),
        (json!({"Ref": "AWS::NotificationARNs"}), json!(["n"])),
        (json!({"Ref": "Files"}), json!("files-1")),
        (
            json!({"Fn::GetAtt": ["Files", "Arn"]}),
            json!("files-1.Arn"),
        ),
        (json!({"Fn::GetAtt": "Files.A.B"}), json!("files-1.A.B")),
        (
            json!({"A": {"Ref": "AWS::NoValue"}, "B": 1}),
            json!({"B": 1}),
        ),
        (
            json!([{"Fn::If": ["Second", 1, {"Ref": "AWS::NoValue"}]}, 2]),
            json!([2]),
        ),
        (
            json!({"Fn::If": ["First", {"Fn::If": ["Second", 1, 2]}, 3]}),
            json!(2),
        ),
        (
            json!({"Fn::Join": ["-", ["a", 1, true]]}),
            json!("a-1-true"),
        ),
        (
            json!({"Fn::Sub": "${List}/${Files.Arn}/${!Env}"}),
            json!("a,b/files-1.Arn/${Env}"),
        ),
        (
            json!({"Fn::Sub": ["${Env}${X}", {"Env": "own", "X": {"Ref": "Count"}}]}),
            json!("own3"),
        ),
        (json!({"Fn::Select": ["1", {"Ref": "List"}]}), json!("b")),
        (json!({"Fn::Split": ["|", "a||b"]}), json!(["a", "", "b"])),
        (json!({"Fn::FindInMap": ["M", "a", "l"]}), json!(["p", "q"])),
        (
            json!({"Fn::FindInMap": ["M", "a", "none", {"DefaultValue": 7}]}),
            json!(7),
        ),
        (
            json!({"Fn::ImportValue": {"Fn::Sub": "${Env}-x"}}),
            json!("import of prod-x"),
        ),
        (
            json!({"Fn::GetStackOutput": {"StackName": "s", "OutputName": "o", "Region": "r"}}),
            json!("s/o/r"),
        ),
        (
            json!({"Fn::GetAZs": {"Ref": "AWS::Region"}}),
            json!(["cn-north-1a", "cn-north-1b", "cn-north-1c"]),
        ),
        (json!({"Fn::Length": {"Ref": "List"}}), json!(2)),
        (
            json!({"Fn::ToJsonString": {"a": {"Ref": "Count"}}}),
            json!("{\"a\":\"3\"}"),
        ),
        (json!("x {{resolve:ssm:/a:1}} y"), json!("x stored y")),
        (
            json!("{{resolve:secretsmanager:s:SecretString}}"),
            json!("{{resolve:secretsmanager:s:SecretString}}"),
        ),
        // What is known only later spreads.
        (
            json!({"Fn::Select": [0, {"Fn::Split": ["-", {"Ref": "Later"}]}]}),
            json!(KNOWN_AFTER_APPLY),
        ),
        (
            json!({"Fn::Base64": {"Fn::Sub": "a${Later}"}}),
            json!(KNOWN_AFTER_APPLY),
        ),
    ] {
        assert_eq!(evaluate(&node), Ok(Some(expected)), "{node}");
    }
}

#[test]
fn failures() {
    for (node, expected) in [
        (
            json!({"Fn::Select": [5, {"Ref": "List"}]}),
            "cannot select nonexistent value at index 5",
        ),
        (
            json!({"Fn::FindInMap": ["M", "a", "y"]}),
            "Unable to get mapping for M::a::y",
        ),
        (
            json!({"Fn::Join": ["-", "text"]}),
            "every Fn::Join object requires",
        ),
        (
            json!({"Fn::If": ["None", 1, 2]}),
            "unresolved condition dependency: None",
        ),
        (
            json!({"Fn::Transform": {"Name": "Macro"}}),
            "No transform named 111122223333::Macro found.",
        ),
        (
            json!({"Fn::Nothing": 1}),
            "Unrecognized function Fn::Nothing",
        ),
        (json!({"Fn::Cidr": ["10.0.0.0/24", 300, 2]}), "do not fit"),
        (json!("{{resolve:ssm:/none}}"), "no such parameter"),
        (json!("{{resolve:other:x}}"), "Incorrect format is used"),
    ] {
        let failure = evaluate(&node).expect_err("it fails");
        assert!(failure.0.contains(expected), "{node}: {failure:?}");
    }
}

proptest! {
    /// A text is taken apart and put together without loss, and no text makes the evaluator panic.
    #[test]
    fn any_text_of_sub_is_survived(text in "[ab${}!.:A-Z]{0,24}") {
        let _ = evaluate(&json!({"Fn::Sub": text}));
        let _ = evaluate(&json!(format!("{{{{resolve:{text}")));
    }

    /// Blocks of addresses lie one behind the other.
    #[test]
    fn any_cidr_is_survived(block in "[0-9.:a-f]{0,20}/[0-9]{0,3}", count in 0_u32..400, bits in 0_u32..140) {
        let _ = cidr::split(&block, count, Some(bits));
        let _ = cidr::split(&block, count, None);
    }
}
