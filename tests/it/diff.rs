//! `diff` compares any two templates.

use serde_json::json;

use crate::{
    project::{Project, snapshot},
    sample,
};

#[test]
fn two_templates_are_compared_property_by_property() {
    let project = Project::without_stacks();
    project.write("old.json", &sample::storage().to_string());
    let mut new = sample::storage();
    new["Resources"]["Files"]["Properties"]["BucketName"] = json!("another-name");
    project.write("new.json", &new.to_string());
    snapshot!(project.run("diff old.json new.json").ended_with(0), @"
    exit status: 0
    --- stdout
      ± Files   AWS::S3::Bucket
          DATA LOSS  it is replaced by an empty one and deleted with all it holds, as a property changes
          BucketName  sample-files → another-name  forces replacement
      ± Access  AWS::S3::BucketPolicy
          is replaced, as a resource it refers to is replaced; the old one is deleted
          ↳ Files is replaced: Bucket (forces replacement), PolicyDocument.Statement.0.Resource.0, PolicyDocument.Statement.0.Resource.1
      ~ Name    AWS::SSM::Parameter
          ↳ Files is replaced: Value
      ~ output FilesName  ↳ Files is replaced

    0 to create, 1 to update, 2 to replace, 0 to delete.
    ");

    let changes = project.json("diff old.json new.json --json");
    assert_eq!(changes["format_version"], "1.0");
    let files = &changes["changes"][0];
    assert_eq!(files["action"], "replace", "{changes:#}");
    assert_eq!(files["stateful"], true, "{changes:#}");
    assert_eq!(files["properties"][0]["impact"], "replace", "{changes:#}");
}

#[test]
fn json_and_yaml_of_one_meaning_do_not_differ() {
    let project = Project::without_stacks();
    project.write("old.json", &sample::messaging().to_string());
    project.write(
        "new.yaml",
        "AWSTemplateFormatVersion: 2010-09-09\n\
         Resources:\n  \
           Jobs:\n    Type: AWS::SQS::Queue\n    Properties: {MessageRetentionPeriod: '86400', VisibilityTimeout: 30}\n  \
           Alarms:\n    Type: AWS::SNS::Topic\n    Properties:\n      DisplayName: Alarms\n\
         Outputs:\n  JobsUrl:\n    Value: !Ref Jobs\n  AlarmsArn:\n    Value: {Ref: Alarms}\n",
    );
    let changes = project.json("diff old.json new.yaml --json");
    assert_eq!(changes["changes"], json!([]), "{changes:#}");
    assert_eq!(changes["outputs"], json!([]), "{changes:#}");
}

#[test]
fn a_file_that_is_no_template_is_named_with_the_place() {
    let project = Project::without_stacks();
    project.write("old.json", &sample::messaging().to_string());
    project.write("new.yaml", "Resources:\n  Jobs:\n   Type: [\n");
    let outcome = project.run("diff old.json new.yaml");
    assert!(matches!(outcome.status.code(), Some(1 | 2)), "{outcome}");
    outcome.says("new.yaml:");
    project
        .run("diff old.json missing.yaml")
        .ended_with(2)
        .says("missing.yaml");
}

#[test]
fn nothing_is_hidden_that_only_a_default_says_is_not_deployed() {
    let project = Project::without_stacks();
    let template = |stage: &str, name: &str| {
        json!({
            "Parameters": {"Stage": {"Type": "String", "Default": stage}},
            "Conditions": {"IsProd": {"Fn::Equals": [{"Ref": "Stage"}, "prod"]}},
            "Resources": {"Files": {"Type": "AWS::S3::Bucket", "Properties": {
                "BucketName": {"Fn::If": ["IsProd", name, "files-dev"]}}}},
        })
        .to_string()
    };
    project.write("old.json", &template("dev", "files"));
    project.write("new.json", &template("dev", "documents"));
    snapshot!(project.run("diff old.json new.json --detailed-exitcode").ended_with(3), @r#"
    exit status: 3
    --- stdout
      ± Files  AWS::S3::Bucket
          DATA AT RISK  it may be replaced by an empty one and deleted with all it holds, as a property changes
          BucketName  if IsProd then "files" else "files-dev" → if IsProd then "documents" else "files-dev"  may force replacement

    0 to create, 0 to update, 0 to replace, 0 to delete, 1 may be replaced.
    "#);
    // What a new default means if it is used.
    project.write("new.json", &template("prod", "files"));
    snapshot!(project.run("diff old.json new.json --detailed-exitcode").ended_with(3), @r#"
    exit status: 3
    --- stdout
      ± Files  AWS::S3::Bucket
          DATA AT RISK  it may be replaced by an empty one and deleted with all it holds, as a parameter, mapping or condition it reads changes
          ↳ condition IsProd changes: BucketName (may force replacement)
      ~ parameter Stage
          {Type: "String", Default: "dev"} → {Type: "String", Default: "prod"}

    0 to create, 0 to update, 0 to replace, 0 to delete, 1 may be replaced.
    "#);
}

#[test]
fn what_cloudformation_would_refuse_is_found() {
    let project = Project::without_stacks();
    let template = |token: &str| {
        json!({"Resources": {"Made": {"Type": "Custom::Thing", "Properties": {"ServiceToken": token}}}})
            .to_string()
    };
    project.write(
        "old.json",
        &template("arn:aws:lambda:us-east-1:000000000000:function:one"),
    );
    project.write(
        "new.json",
        &template("arn:aws:lambda:us-east-1:000000000000:function:two"),
    );
    snapshot!(project.run("diff old.json new.json").ended_with(0), @"
    exit status: 0
    --- stdout
      ± Made  Custom::Thing
          may be replaced, as a property changes; the old one is deleted
          ServiceToken  arn:aws:lambda:us-east-1:000000000000:function:one → arn:aws:lambda:us-east-1:000000000000:function:two  may force replacement

    Checks
      error CIF084  Made.ServiceToken: `ServiceToken` changes, which CloudFormation refuses in an update; keep the function or topic it names, or give the resource another logical id: it is made anew then, and this one removed

    0 to create, 0 to update, 0 to replace, 0 to delete, 1 may be replaced.
    ");
}
