//! Nested stacks.

mod change_sets;
mod failures;
mod life;

use crate::client::{Answer, Client};

/// A stack with a topic, and one nested in it, with a queue that is named by a parameter.
const PARENT: &str = r#"{"Parameters": {"Delay": {"Type": "Number", "Default": 1}},
    "Resources": {
      "Before": {"Type": "AWS::SNS::Topic"},
      "Child": {"Type": "AWS::CloudFormation::Stack", "DependsOn": "Before", "Properties": {
        "TemplateURL": "https://templates.s3.us-east-1.amazonaws.com/child.json",
        "Parameters": {"Delay": {"Ref": "Delay"}},
        "Tags": [{"Key": "level", "Value": "child"}]}},
      "After": {"Type": "AWS::SNS::Topic", "Properties": {
        "DisplayName": {"Fn::Sub": "q ${Child.Outputs.Queue}"}}}},
    "Outputs": {"Queue": {"Value": {"Fn::GetAtt": ["Child", "Outputs.Queue"]}}, "Child": {"Value": {"Ref": "Child"}}}}"#;

const CHILD: &str = r#"{"Parameters": {"Delay": {"Type": "Number"}},
    "Resources": {
      "First": {"Type": "AWS::SNS::Topic"},
      "Queue": {"Type": "AWS::SQS::Queue", "DependsOn": "First", "Properties": {"DelaySeconds": {"Ref": "Delay"}}}},
    "Outputs": {"Queue": {"Value": {"Fn::GetAtt": ["Queue", "QueueName"]}}}}"#;

/// Puts a template where `TemplateURL` finds it.
fn place(client: Client, key: &str, template: &str) {
    // The bucket may be there already.
    client.send("PUT", "/templates", &[], b"").unwrap();
    let path = format!("/templates/{key}");
    client
        .send("PUT", &path, &[], template.as_bytes())
        .unwrap()
        .good();
}

fn describe(client: Client, stack: &str) -> Answer {
    client
        .call("DescribeStacks", &[("StackName", stack)])
        .good()
}

/// The last reason that the events of a stack give for a status of a resource.
fn reason(client: Client, stack: &str, logical_id: &str, status: &str) -> String {
    let events = client.events(stack);
    let mut found = events
        .into_iter()
        .rev()
        .filter(|event| event.0 == logical_id && event.1 == status);
    found.next().map(|event| event.2).unwrap_or_default()
}

fn name_of(arn: &str) -> String {
    arn.rsplit('/').nth(1).unwrap().to_owned()
}
