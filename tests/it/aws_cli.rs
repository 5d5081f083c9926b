//! The AWS CLI against the embedded endpoint: a template that is not ours, and everything that the CLI shows or refuses.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use serde_json::{Value, json};

use crate::project::{Project, Running, repository, tool};

/// The AWS CLI in one process, for starting it takes longer than all that it does here.
pub(crate) struct AwsCli {
    child: Child,
    commands: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl AwsCli {
    pub(crate) fn start(project: &Project, address: &str) -> Self {
        let mut child =
            with_surroundings(Command::new(tool("python/bin/python")), project, address)
                .arg(repository().join("tests/fixtures/aws_cli.py"))
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()
                .expect("Python can be started");
        Self {
            commands: child.stdin.take().expect("it is piped"),
            answers: BufReader::new(child.stdout.take().expect("it is piped")),
            child,
        }
    }

    /// Runs a command: how it ended and what it printed.
    fn run(&mut self, words: &str) -> (i64, String) {
        let words: Vec<&str> = words.split_whitespace().collect();
        writeln!(self.commands, "{}", json!(words)).expect("it reads");
        let mut line = String::new();
        self.answers.read_line(&mut line).expect("it answers");
        let answer: Value = serde_json::from_str(&line).expect("it answers in JSON");
        let text = |name: &str| answer[name].as_str().unwrap_or_default().to_owned();
        let code = answer["code"].as_i64().expect("it ends with a code");
        (code, text("output") + &text("errors"))
    }

    #[track_caller]
    pub(crate) fn good(&mut self, words: &str) -> String {
        let (code, text) = self.run(words);
        assert_eq!(code, 0, "aws {words}: {text}");
        text.trim().to_owned()
    }

    #[track_caller]
    pub(crate) fn bad(&mut self, words: &str, reason: &str) {
        let (code, text) = self.run(words);
        assert!(
            code != 0 && text.contains(reason),
            "aws {words}: {code} {text}"
        );
    }

    #[track_caller]
    pub(crate) fn json(&mut self, words: &str) -> Value {
        let text = self.good(words);
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("aws {words}: {error}: {text}"))
    }

    /// What a query comes to, as text.
    #[track_caller]
    pub(crate) fn text(&mut self, words: &str) -> String {
        self.good(&format!("{words} --output text"))
    }
}

impl Drop for AwsCli {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Nothing of whoever runs the tests.
fn with_surroundings(mut command: Command, project: &Project, address: &str) -> Command {
    command
        .current_dir(project.path("."))
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .env("AWS_DEFAULT_REGION", "us-east-1")
        .env("AWS_DEFAULT_OUTPUT", "json")
        .env("AWS_CONFIG_FILE", "/nonexistent")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
        // The variable, not the flag: `deploy` reaches two services, and the flag is only for the first.
        .env("AWS_ENDPOINT_URL", address)
        .env("AWS_PAGER", "")
        .env_remove("AWS_PROFILE");
    command
}

/// A project, its endpoint, and the AWS CLI that speaks to it.
fn served() -> (Project, Running, AwsCli) {
    let project = Project::without_stacks();
    let (server, address) = project.serve("");
    let mut program = with_surroundings(Command::new(tool("python/bin/aws")), &project, &address);
    program.args(["sts", "get-caller-identity"]);
    let identity = project.finish(&mut program).ended_with(0).json();
    assert_eq!(identity["Account"], "000000000000");
    let cli = AwsCli::start(&project, &address);
    (project, server, cli)
}

#[test]
#[ignore = "needs the AWS CLI"]
fn a_stack_lives_its_whole_life() {
    let (project, _server, mut aws) = served();
    let template =
        tool("samples/pypi/cfn_lint-1.58.0/test/fixtures/templates/quickstart/nat-instance.json");
    std::fs::copy(template, project.path("template.json")).expect("writable");

    aws.json("cloudformation validate-template --template-body file://template.json");
    aws.json(
        "cloudformation create-stack --stack-name nat --template-body file://template.json \
         --parameters ParameterKey=pEC2KeyPair,ParameterValue=key",
    );
    aws.good("cloudformation wait stack-create-complete --stack-name nat");
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
    aws.good(&format!(
        "cloudformation wait change-set-create-complete {named}"
    ));
    let set = aws.json(&format!("cloudformation describe-change-set {named}"));
    let change = &set["Changes"][0]["ResourceChange"];
    assert_eq!(
        (&change["Action"], &change["LogicalResourceId"]),
        (&json!("Modify"), &json!("rNatInstance")),
        "{set:#}"
    );
    aws.good(&format!("cloudformation execute-change-set {named}"));
    aws.good("cloudformation wait stack-update-complete --stack-name nat");

    let events = aws.json("cloudformation describe-stack-events --stack-name nat");
    let events = events["StackEvents"].as_array().expect("events are listed");
    assert_eq!(
        events[0]["ResourceStatus"], "UPDATE_COMPLETE",
        "{:#}",
        events[0]
    );
    aws.json("cloudformation list-stack-resources --stack-name nat");
    aws.good("cloudformation delete-stack --stack-name nat");
    aws.good("cloudformation wait stack-delete-complete --stack-name nat");
    aws.bad(
        "cloudformation describe-stacks --stack-name nat",
        "does not exist",
    );
}

const TEMPLATE: &str = r#"
AWSTemplateFormatVersion: "2010-09-09"
Description: what the AWS CLI deploys
Parameters:
  Environment: {Type: String, Default: dev, AllowedValues: [dev, prod]}
Resources:
  Files:
    Type: AWS::S3::Bucket
    Properties: {BucketName: !Sub "files-${Environment}-${AWS::AccountId}"}
  Users:
    Type: AWS::Cognito::UserPool
    DeletionPolicy: Retain
    Properties: {UserPoolName: !Sub "users <${Environment}> & co"}
  Web:
    Type: AWS::Cognito::UserPoolClient
    Properties: {UserPoolId: !Ref Users}
Outputs:
  Pool: {Value: !Ref Users, Description: the pool, Export: {Name: !Sub "${AWS::StackName}-pool"}}
"#;

#[test]
#[ignore = "needs the AWS CLI"]
fn all_that_is_shown_can_be_read_and_all_that_is_refused_says_why() {
    let (project, _server, mut aws) = served();
    std::fs::write(project.path("shop.yaml"), TEMPLATE).expect("writable");
    let body = "--template-body file://shop.yaml";
    let shop = "--stack-name shop";

    let described = aws.good(&format!("cloudformation validate-template {body}"));
    assert!(described.contains("Environment"), "{described}");
    let tagged = "--tags Key=team,Value=a&b";
    aws.good(&format!(
        "cloudformation create-stack {shop} {body} {tagged}"
    ));
    aws.good(&format!("cloudformation wait stack-create-complete {shop}"));
    let stack = aws.json(&format!("cloudformation describe-stacks {shop}"));
    let stack = &stack["Stacks"][0];
    assert_eq!(stack["Tags"][0]["Value"], "a&b");
    assert_eq!(stack["Outputs"][0]["ExportName"], "shop-pool");
    aws.bad(
        &format!("cloudformation create-stack {shop} {body}"),
        "AlreadyExistsException",
    );
    aws.bad(
        &format!("cloudformation update-stack {shop} {body} {tagged}"),
        "No updates are to be performed.",
    );

    let next = format!("{shop} --change-set-name next");
    aws.good(&format!(
        "cloudformation create-change-set {next} --use-previous-template \
         --parameters ParameterKey=Environment,ParameterValue=prod"
    ));
    aws.good(&format!(
        "cloudformation wait change-set-create-complete {next}"
    ));
    let query = "Changes[].ResourceChange.[LogicalResourceId,Replacement]";
    let shown = aws.text(&format!(
        "cloudformation describe-change-set {next} --include-property-values --query {query}"
    ));
    assert_eq!(shown, "Files\tTrue\nUsers\tFalse");
    aws.good(&format!("cloudformation execute-change-set {next}"));
    aws.good(&format!("cloudformation wait stack-update-complete {shop}"));
    let resources = aws.good(&format!("cloudformation list-stack-resources {shop}"));
    assert!(resources.contains("files-prod-000000000000"), "{resources}");
    let events = aws.text(&format!(
        "cloudformation describe-stack-events {shop} --query StackEvents[].ResourceStatus"
    ));
    assert!(
        events.starts_with("UPDATE_COMPLETE") && events.contains("DELETE_COMPLETE"),
        "{events}"
    );
    let exports = aws.text("cloudformation list-exports --query Exports[].Name");
    assert_eq!(exports, "shop-pool");
    let text = aws.text(&format!("cloudformation get-template {shop}"));
    assert!(text.contains("users <${Environment}> & co"), "{text}");
    aws.json(&format!("cloudformation get-template-summary {shop}"));
    aws.json(&format!(
        "cloudformation describe-stack-resource {shop} --logical-resource-id Web"
    ));

    // `deploy` with an upload: the template goes through a bucket.
    aws.good("s3api create-bucket --bucket assets");
    let deploy =
        "cloudformation deploy --stack-name other --template-file shop.yaml --s3-bucket assets";
    aws.good(&format!("{deploy} --parameter-overrides Environment=dev"));
    let text = aws.good(&format!("{deploy} --no-fail-on-empty-changeset"));
    assert!(text.contains("No changes to deploy"), "{text}");
    let listed = aws.good("s3 ls s3://assets");
    assert!(listed.contains(".template"), "{listed}");

    // Writes on a condition, and pages.
    let put = |key: &str, rest: &str| {
        format!("s3api put-object --bucket assets --key {key} --body shop.yaml {rest}")
    };
    let first = aws.text(&format!("{} --query ETag", put("p/1", "--if-none-match *")));
    aws.bad(&put("p/1", "--if-none-match *"), "PreconditionFailed");
    aws.good(&put("p/1", &format!("--if-match {first}")));
    aws.bad(&put("p/1", "--if-match \"0\""), "PreconditionFailed");
    aws.bad(&put("p/2", "--if-match \"0\""), "NoSuchKey");
    for key in ["p/2", "p/3", "q"] {
        aws.good(&put(key, "--expected-bucket-owner 000000000000"));
    }
    aws.bad(
        &put("p/2", "--expected-bucket-owner 111122223333"),
        "AccessDenied",
    );
    let list = "s3api list-objects-v2 --bucket assets --prefix p/ --page-size 2";
    let keys = aws.text(&format!("{list} --query Contents[].Key"));
    let keys: Vec<&str> = keys.split_whitespace().collect();
    assert_eq!(keys, ["p/1", "p/2", "p/3"]);
    aws.good("s3api delete-object --bucket assets --key p/1");
    aws.bad(
        "s3api get-object --bucket assets --key p/1 gone",
        "NoSuchKey",
    );

    aws.good("ssm put-parameter --name /a/b --value v --type SecureString");
    let value = aws.text("ssm get-parameter --name /a/b --with-decryption --query Parameter.Value");
    assert_eq!(value, "v");

    let protect = format!("cloudformation update-termination-protection {shop}");
    aws.good(&format!("{protect} --enable-termination-protection"));
    aws.bad(
        &format!("cloudformation delete-stack {shop}"),
        "TerminationProtection is enabled",
    );
    aws.good(&format!("{protect} --no-enable-termination-protection"));
    aws.good(&format!("cloudformation delete-stack {shop}"));
    aws.good(&format!("cloudformation wait stack-delete-complete {shop}"));
    aws.bad(
        &format!("cloudformation describe-stacks {shop}"),
        "Stack with id shop does not exist",
    );
    let deleted = aws.good("cloudformation list-stacks --stack-status-filter DELETE_COMPLETE");
    assert!(deleted.contains("shop"), "{deleted}");
}

#[test]
#[ignore = "needs the AWS CLI"]
fn resources_move_between_stacks() {
    let (project, _server, mut aws) = served();
    let topic = json!({"Type": "AWS::SNS::Topic"});
    let both = json!({"Resources": {"Alarms": topic, "Rest": topic}});
    project.write("app.json", &both.to_string());
    aws.good("cloudformation create-stack --stack-name app --template-body file://app.json");
    aws.good("cloudformation wait stack-create-complete --stack-name app");
    let physical = |aws: &mut AwsCli, stack: &str, id: &str| {
        aws.text(&format!(
            "cloudformation describe-stack-resource --stack-name {stack} --logical-resource-id {id} --query StackResourceDetail.PhysicalResourceId"
        ))
    };
    let alarms = physical(&mut aws, "app", "Alarms");
    let definition = |name: &str, resources: Value| json!({"StackName": name, "TemplateBody": json!({"Resources": resources}).to_string()});
    let definitions = json!([
        definition("app", json!({"Rest": topic})),
        definition("data", json!({"Kept": topic})),
    ]);
    project.write("definitions.json", &definitions.to_string());
    let place = |stack: &str, id: &str| json!({"StackName": stack, "LogicalResourceId": id});
    let mapping = json!([{"Source": place("app", "Alarms"), "Destination": place("data", "Kept")}]);
    project.write("mappings.json", &mapping.to_string());
    let create = "cloudformation create-stack-refactor --description test --stack-definitions file://definitions.json --resource-mappings file://mappings.json";
    aws.bad(create, "Stack [data] does not exist");
    let id = aws.text(&format!(
        "{create} --enable-stack-creation --query StackRefactorId"
    ));
    aws.good(&format!(
        "cloudformation wait stack-refactor-create-complete --stack-refactor-id {id}"
    ));
    let actions = aws.json(&format!(
        "cloudformation list-stack-refactor-actions --stack-refactor-id {id}"
    ));
    let kinds: Vec<&str> = actions["StackRefactorActions"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|action| action["Action"].as_str())
        .collect();
    assert_eq!(kinds, ["CREATE", "MOVE"], "{actions:#}");
    aws.good(&format!(
        "cloudformation execute-stack-refactor --stack-refactor-id {id}"
    ));
    aws.good(&format!(
        "cloudformation wait stack-refactor-execute-complete --stack-refactor-id {id}"
    ));
    assert_eq!(physical(&mut aws, "data", "Kept"), alarms);
    let listed = aws.text(
        "cloudformation list-stack-refactors --execution-status-filter EXECUTE_COMPLETE --query StackRefactorSummaries[].StackRefactorId",
    );
    assert_eq!(listed, id);
}
