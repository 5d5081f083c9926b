//! `validate` names what CloudFormation would refuse, at its line.

use serde_json::{Value, json};

use crate::project::{Outcome, Project, snapshot};

/// Validates a template of these resources; it must have an error.
fn refused(resources: Value) -> Outcome {
    let project = Project::without_stacks();
    let template = json!({"AWSTemplateFormatVersion": "2010-09-09", "Resources": resources});
    let text = serde_json::to_string_pretty(&template).expect("it is JSON");
    project.write("template.json", &text);
    project.run("validate template.json").ended_with(1)
}

#[test]
fn a_bucket_name_that_s3_refuses_is_named() {
    snapshot!(refused(json!({"Files": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "My_Bucket"}}})), @"
    exit status: 1
    --- stdout
    template.json:4:5: warning CIF102: no policy denies requests without TLS; deny everything where `aws:SecureTransport` is false  (Resources.Files)
    template.json:7:9: error CIF054: `My_Bucket` does not match the pattern `^([a-z0-9][a-z0-9.-]*[a-z0-9])?$`  (Resources.Files.Properties.BucketName)
    --- stderr
    error: 1 file checked: 1 error, 1 warning
    ");
}

#[test]
fn a_number_out_of_range_is_named_with_the_range() {
    snapshot!(refused(json!({"Jobs": {"Type": "AWS::SQS::Queue", "Properties": {"VisibilityTimeout": 43201}}})), @"
    exit status: 1
    --- stdout
    template.json:7:9: error CIF056: 43201 is greater than 43200  (Resources.Jobs.Properties.VisibilityTimeout)
    --- stderr
    error: 1 file checked: 1 error, 0 warnings
    ");
}

#[test]
fn an_unknown_property_is_named_with_the_nearest() {
    snapshot!(refused(json!({"Jobs": {"Type": "AWS::SQS::Queue", "Properties": {"VisibiltyTimeout": 30}}})), @"
    exit status: 1
    --- stdout
    template.json:7:9: error CIF050: `AWS::SQS::Queue` has no property `VisibiltyTimeout`; did you mean `VisibilityTimeout`?  (Resources.Jobs.Properties.VisibiltyTimeout)
    --- stderr
    error: 1 file checked: 1 error, 0 warnings
    ");
}

#[test]
fn a_cycle_is_named_resource_by_resource() {
    snapshot!(
        refused(json!({
            "First": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": {"Ref": "Second"}}},
            "Second": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": {"Fn::GetAtt": ["Third", "TopicName"]}}},
            "Third": {"Type": "AWS::SNS::Topic", "DependsOn": "First"},
        })),
        @"
    exit status: 1
    --- stdout
    template.json:4:5: error CIF026: resources depend on each other in a circle: First → Second → Third → First  (Resources.First)
    --- stderr
    error: 1 file checked: 1 error, 0 warnings
    "
    );
}

#[test]
fn a_reference_to_what_is_not_there_is_named_with_the_nearest() {
    snapshot!(
        refused(json!({
            "Jobs": {"Type": "AWS::SQS::Queue"},
            "Name": {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": {"Ref": "Job"}}},
        })),
        @"
    exit status: 1
    --- stdout
    template.json:12:11: error CIF022: there is no parameter or resource `Job`; did you mean `Jobs`?  (Resources.Name.Properties.Value.Ref)
    --- stderr
    error: 1 file checked: 1 error, 0 warnings
    "
    );
}

#[test]
fn one_id_given_twice_is_named() {
    let project = Project::without_stacks();
    project.write(
        "template.json",
        r#"{"Resources": {"Jobs": {"Type": "AWS::SQS::Queue"},
            "Jobs": {"Type": "AWS::SNS::Topic"}}}"#,
    );
    snapshot!(project.run("validate template.json").ended_with(1), @"
    exit status: 1
    --- stdout
    template.json:2:13: error CIF000: key `Jobs` stands here a second time; the first is at 1:16
    --- stderr
    error: 1 file checked: 1 error, 0 warnings
    ");
}

#[test]
fn findings_come_as_json_too() {
    let project = Project::without_stacks();
    project.write(
        "good.yaml",
        "Resources:\n  Jobs:\n    Type: AWS::SQS::Queue\n",
    );
    project.write(
        "bad.yaml",
        "Resources:\n  Jobs:\n    Type: AWS::SQS::Quue\n",
    );
    let outcome = project
        .run("validate --json good.yaml bad.yaml")
        .ended_with(1);
    let answer: Value = outcome.json();
    assert_eq!(answer["format_version"], "1.0");
    assert_eq!(
        answer["files"][0],
        json!({"file": "good.yaml", "findings": []})
    );
    let finding = &answer["files"][1]["findings"][0];
    assert_eq!(finding["severity"], "error", "{answer:#}");
    assert_eq!(finding["line"], 3, "{answer:#}");
    assert!(
        finding["message"]
            .as_str()
            .is_some_and(|text| text.contains("AWS::SQS::Queue")),
        "{answer:#}"
    );
}
