//! Two versions of a large template: 500 resources in a megabyte, of which a tenth changes.

use serde_json::{Map, Value, json};

/// The template before or after the change.
pub(super) fn large(is_after: bool) -> Value {
    let resources: Map<String, Value> = (0..500)
        .map(|index| {
            let changes = is_after && index % 50 < 5;
            (format!("Part{index}"), resource(index, changes))
        })
        .collect();
    json!({"AWSTemplateFormatVersion": "2010-09-09", "Resources": resources})
}

/// A bucket, a role, a function, a queue and a rule in turn, which refer to those before them.
fn resource(index: usize, changes: bool) -> Value {
    let before = |distance: usize| format!("Part{}", index - distance);
    let edited = if changes { "new" } else { "old" };
    let (type_name, properties) = match index % 5 {
        0 => {
            let tags =
                (0..16).map(|tag| json!({"Key": format!("Key{tag}"), "Value": "v".repeat(40)}));
            let tags: Vec<Value> = tags.collect();
            (
                "AWS::S3::Bucket",
                json!({"BucketName": format!("{edited}-{index}"), "Tags": tags}),
            )
        }
        1 => ("AWS::IAM::Role", role(&before(1), edited)),
        2 => {
            let variables = (0..10).map(|number| {
                let value = json!({"Fn::Sub": format!("${{{}}}/{number}", before(2))});
                (format!("Variable{number}"), value)
            });
            let properties = json!({
                "FunctionName": format!("function-{index}"),
                "Runtime": "python3.13",
                "Handler": "index.handler",
                "Description": edited,
                "Role": {"Fn::GetAtt": [before(1), "Arn"]},
                "Code": {"ZipFile": "print('a line of code')\n".repeat(5)},
                "Environment": {"Variables": variables.collect::<Map<_, _>>()},
            });
            ("AWS::Lambda::Function", properties)
        }
        3 => {
            let tags =
                (0..12).map(|tag| json!({"Key": format!("Key{tag}"), "Value": "v".repeat(40)}));
            let tags: Vec<Value> = tags.collect();
            let seconds = if changes { 60 } else { 30 };
            (
                "AWS::SQS::Queue",
                json!({"VisibilityTimeout": seconds, "Tags": tags}),
            )
        }
        _ => {
            let targets = (0..5).map(|target| {
                json!({"Id": format!("Target{target}"), "Arn": {"Fn::GetAtt": [before(2), "Arn"]}})
            });
            let details =
                (0..12).map(|part| (format!("part{part}"), json!(["a", edited, "c".repeat(30)])));
            let properties = json!({
                "Name": format!("rule-{index}"),
                "EventPattern": {"source": ["aws.s3"], "detail": details.collect::<Map<_, _>>()},
                "Targets": targets.collect::<Vec<_>>(),
            });
            ("AWS::Events::Rule", properties)
        }
    };
    json!({"Type": type_name, "Properties": properties})
}

fn role(bucket: &str, edited: &str) -> Value {
    let policies = (0..5).map(|number| {
        json!({
            "PolicyName": format!("Policy{number}"),
            "PolicyDocument": {"Version": "2012-10-17", "Statement": [{
                "Effect": "Allow",
                "Action": ["s3:GetObject", "s3:PutObject"],
                "Resource": {"Fn::Sub": format!("${{{bucket}.Arn}}/{edited}/{number}/*")}
            }]}
        })
    });
    json!({
        "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [{
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole"
        }]},
        "Policies": policies.collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_template_is_as_large_as_it_is_said_to_be() {
        let (before, after) = (large(false), large(true));
        let size = serde_json::to_string_pretty(&before)
            .expect("it is JSON")
            .len();
        assert!((1_000_000..1_100_000).contains(&size), "{size} bytes");
        let resources = |template: &Value| {
            template["Resources"]
                .as_object()
                .cloned()
                .unwrap_or_default()
        };
        let after = resources(&after);
        let before = resources(&before);
        assert_eq!(before.len(), 500);
        let changed = before
            .iter()
            .filter(|(name, resource)| after[*name] != **resource)
            .count();
        assert_eq!(changed, 50);
    }
}
