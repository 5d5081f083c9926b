//! The AWS CLI against the embedded endpoint, with a template that is not ours.

use std::process::Command;

use serde_json::{Value, json};

use crate::project::{Project, tool};

struct AwsCli<'a> {
    project: &'a Project,
    address: String,
}

impl AwsCli<'_> {
    fn run(&self, words: &str) -> crate::project::Outcome {
        let mut command = Command::new(tool("python/bin/aws"));
        command
            .current_dir(self.project.path("."))
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .env("AWS_DEFAULT_REGION", "us-east-1")
            .env("AWS_PAGER", "")
            .env_remove("AWS_PROFILE")
            .args(["--endpoint-url", &self.address, "--output", "json"])
            .args(words.split_whitespace());
        self.project.finish(&mut command)
    }

    fn json(&self, words: &str) -> Value {
        self.run(words).ended_with(0).json()
    }
}

#[test]
#[ignore = "needs the AWS CLI"]
fn a_stack_lives_its_whole_life() {
    let project = Project::without_stacks();
    let (_server, address) = project.serve("");
    let aws = AwsCli {
        project: &project,
        address,
    };
    let template =
        tool("samples/pypi/cfn_lint-1.58.0/test/fixtures/templates/quickstart/nat-instance.json");
    std::fs::copy(template, project.path("template.json")).expect("writable");

    aws.json("sts get-caller-identity");
    aws.json("cloudformation validate-template --template-body file://template.json");
    aws.json(
        "cloudformation create-stack --stack-name nat --template-body file://template.json \
         --parameters ParameterKey=pEC2KeyPair,ParameterValue=key",
    );
    aws.run("cloudformation wait stack-create-complete --stack-name nat")
        .ended_with(0);
    let stacks = aws.json("cloudformation describe-stacks --stack-name nat");
    assert_eq!(
        stacks["Stacks"][0]["StackStatus"], "CREATE_COMPLETE",
        "{stacks:#}"
    );

    aws.json(
        "cloudformation create-change-set --stack-name nat --change-set-name larger --use-previous-template \
         --parameters ParameterKey=pEC2KeyPair,UsePreviousValue=true \
         ParameterKey=pNatInstanceType,ParameterValue=m5.xlarge",
    );
    let named = "--stack-name nat --change-set-name larger";
    aws.run(&format!(
        "cloudformation wait change-set-create-complete {named}"
    ))
    .ended_with(0);
    let set = aws.json(&format!("cloudformation describe-change-set {named}"));
    let change = &set["Changes"][0]["ResourceChange"];
    assert_eq!(
        (&change["Action"], &change["LogicalResourceId"]),
        (&json!("Modify"), &json!("rNatInstance")),
        "{set:#}"
    );
    aws.run(&format!("cloudformation execute-change-set {named}"))
        .ended_with(0);
    aws.run("cloudformation wait stack-update-complete --stack-name nat")
        .ended_with(0);

    let events = aws.json("cloudformation describe-stack-events --stack-name nat");
    let events = events["StackEvents"].as_array().expect("events are listed");
    assert_eq!(
        events[0]["ResourceStatus"], "UPDATE_COMPLETE",
        "{:#}",
        events[0]
    );
    aws.json("cloudformation list-stack-resources --stack-name nat");
    aws.run("cloudformation delete-stack --stack-name nat")
        .ended_with(0);
    aws.run("cloudformation wait stack-delete-complete --stack-name nat")
        .ended_with(0);
    aws.run("cloudformation describe-stacks --stack-name nat")
        .ended_with(255)
        .says("does not exist");
}
