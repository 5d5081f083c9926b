//! What `bootstrap` makes, through the program, against the embedded endpoint.

use std::collections::BTreeSet;

use engine::ApiOperation;
use serde_json::{Value, json};

use crate::{
    project::{Outcome, Project, Running, repository, tool},
    sample,
};

/// A project with two environments in one account, both bootstrapped, and the endpoint that stands in for AWS.
fn prepared(stacks: &[(&str, Value)]) -> (Project, Running, String) {
    let project = Project::without_stacks();
    let (server, address) = project.serve("");
    for environment in ["staging", "production"] {
        write_environment(&project, environment, "bootstrap: {repository: owner/name}");
    }
    set(&project, "staging", stacks);
    (project, server, address)
}

fn write_environment(project: &Project, name: &str, bootstrap: &str) {
    let text = format!(
        "account: \"000000000000\"\nregion: us-east-1\napproval: never\n{bootstrap}\nsettings: {{}}\n"
    );
    project.write(&format!("environments/{name}.yaml"), &text);
}

fn set(project: &Project, environment: &str, stacks: &[(&str, Value)]) {
    let stacks: Vec<(&str, String)> = stacks
        .iter()
        .map(|(name, template)| (*name, template.to_string()))
        .collect();
    project.set_assembly(environment, &stacks);
}

/// The program with credentials, on the endpoint.
fn run(project: &Project, address: &str, words: &str) -> Outcome {
    let mut command = project.command(words);
    command
        .env("AWS_ENDPOINT_URL", address)
        .env("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
        .env("AWS_SECRET_ACCESS_KEY", "example");
    project.finish(&mut command)
}

#[test]
fn an_environment_is_prepared_once_and_grows_with_its_stacks() {
    let (project, _server, address) = prepared(&[("storage", sample::storage())]);
    let run = |words: &str| run(&project, &address, words);

    // Nothing can be deployed before, and the command is named.
    for words in ["plan -e staging", "deploy -e staging"] {
        run(words)
            .ended_with(1)
            .says("staging is not bootstrapped")
            .says("chitinfra bootstrap -e staging");
    }
    let first = run("bootstrap -e staging").ended_with(0);
    let first = first.says("ExecutionRoleArn").says("DeployRoleArn");
    assert!(first.stderr.contains("may s3:CreateBucket"), "{first}");
    run("bootstrap -e staging")
        .ended_with(0)
        .says("Nothing to do: this environment is bootstrapped");

    // CloudFormation acts in the role that was made for it.
    run("plan -e staging").ended_with(0);
    run("deploy -e staging").ended_with(0);
    let state = run("status -e staging --json").ended_with(0).json();
    assert_eq!(state["stacks"][0]["health"], "healthy", "{state:#}");

    // A new type: the plan says what is lacking and what to do, and nothing is deployed.
    set(
        &project,
        "staging",
        &[
            ("storage", sample::storage()),
            ("messaging", sample::messaging()),
        ],
    );
    for words in ["plan -e staging", "deploy -e staging"] {
        run(words)
            .ended_with(1)
            .says("CIF140")
            .says("AWS::SQS::Queue")
            .says("`chitinfra bootstrap -e staging`");
    }
    let state = run("status -e staging --json").ended_with(0).json();
    assert_eq!(state["stacks"][1]["health"], "absent", "{state:#}");
    let grown = run("bootstrap -e staging").ended_with(0);
    assert!(grown.stderr.contains("sqs:CreateQueue"), "{grown}");
    run("deploy -e staging").ended_with(0);

    // What is deployed can still be deleted, although it is no longer declared.
    set(
        &project,
        "staging",
        &[("storage", sample::storage()), ("messaging", other())],
    );
    run("bootstrap -e staging").ended_with(0);
    let shown = run("bootstrap -e staging --show-template environment").ended_with(0);
    assert!(
        !shown.stdout.contains("sqs:DeleteQueue"),
        "it is not declared"
    );
    run("deploy -e staging --allow-destroy messaging/Jobs").ended_with(0);
}

/// A stack without queues.
fn other() -> Value {
    json!({"Resources": {"Alerts": {"Type": "AWS::SNS::Topic"}}})
}

#[test]
fn two_environments_share_an_account_and_nothing_of_their_own() {
    let (project, _server, address) = prepared(&[("storage", sample::storage())]);
    let run = |words: &str| run(&project, &address, words);
    run("bootstrap -e staging").ended_with(0);
    set(&project, "production", &[("storage", sample::storage())]);
    let second = run("bootstrap -e production").ended_with(0);
    // The account is as it is; only the environment's own stack is new.
    assert!(!second.stderr.contains("+ account"), "{second}");
    second.says("sample-production-execution");
    run("deploy -e production").ended_with(0);
    set(&project, "staging", &[("storage", sample::storage())]);
    run("bootstrap -e staging")
        .ended_with(0)
        .says("Nothing to do");
}

#[test]
fn an_identity_provider_that_others_made_is_left_to_them() {
    let theirs = |audience: &str| {
        json!({"Resources": {
        "Theirs": {"Type": "AWS::IAM::OIDCProvider", "Properties": {
            "Url": "https://token.actions.githubusercontent.com", "ClientIdList": [audience]}}}})
    };
    let (project, _server, address) = prepared(&[("access", theirs("someone-else"))]);
    write_environment(&project, "staging", "");
    run(&project, &address, "deploy -e staging").ended_with(0);
    write_environment(&project, "staging", "bootstrap: {repository: owner/name}");
    run(&project, &address, "bootstrap -e staging")
        .ended_with(0)
        .says("is in the account already")
        .says("aws iam add-client-id-to-open-id-connect-provider");
    set(
        &project,
        "staging",
        &[("access", theirs("sts.amazonaws.com"))],
    );
    run(&project, &address, "deploy -e staging").ended_with(0);
    run(&project, &address, "bootstrap -e staging")
        .ended_with(0)
        .says("Nothing to do");
    let quiet = run(&project, &address, "bootstrap -e staging").ended_with(0);
    assert!(!quiet.stderr.contains("audience"), "{quiet}");
}

#[test]
fn a_bucket_that_was_there_before_is_taken_in_and_a_role_is_not() {
    // The embedded endpoint has a bucket of this name from the first deployment on.
    let project = Project::with_stacks([("storage", sample::storage())]);
    project.run("deploy -e local").ended_with(0);
    let text = project.read("environments/local.yaml") + "bootstrap: {}\n";
    project.write("environments/local.yaml", &text);
    project
        .run("bootstrap -e local")
        .ended_with(0)
        .says("Assets  AWS::S3::Bucket")
        .says("to import");
    project
        .run("bootstrap -e local")
        .ended_with(0)
        .says("Nothing to do");
    project.run("deploy -e local").ended_with(0);
    let history = project.json("history -e local --json");
    assert_eq!(
        history["releases"].as_array().map(Vec::len),
        Some(1),
        "{history:#}"
    );

    let theirs = json!({"Resources": {"Role": {"Type": "AWS::IAM::Role", "Properties": {
        "RoleName": "sample-staging-execution", "Path": "/chitinfra/",
        "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
            "Action": "sts:AssumeRole", "Principal": {"Service": "cloudformation.amazonaws.com"}}]}}}}});
    let (project, _server, address) = prepared(&[("roles", theirs)]);
    write_environment(&project, "staging", "");
    run(&project, &address, "deploy -e staging").ended_with(0);
    write_environment(&project, "staging", "bootstrap: {}");
    run(&project, &address, "bootstrap -e staging")
        .ended_with(1)
        .says("sample-staging-execution")
        .says("something else has a name that `bootstrap` needs");
}

#[test]
fn an_older_version_is_updated_and_a_newer_one_refused() {
    let (project, _server, address) = prepared(&[("storage", sample::storage())]);
    // As another version of this program would have left it.
    let stack = |version: u32| {
        let made = run(
            &project,
            &address,
            "bootstrap -e staging --show-template account",
        );
        let mut template = made.ended_with(0).json();
        template["Outputs"]["Version"]["Value"] = json!(version.to_string());
        template["Resources"]["VersionParameter"]["Properties"]["Value"] =
            json!(version.to_string());
        template
    };
    let deploy_as = |version: u32| {
        let mut template = stack(version);
        template["Description"] = json!("of another version");
        project.write("other/account.template.json", &template.to_string());
        let manifest = json!({
            "format_version": "1.0", "project": "sample", "environment": "other",
            "account": "000000000000", "region": "us-east-1",
            "stacks": [{"name": "account", "stack_name": "chitinfra-bootstrap",
                "template": "account.template.json", "termination_protection": true}],
        });
        project.write("other/manifest.json", &manifest.to_string());
        write_environment(&project, "other", "");
        run(&project, &address, "deploy -e other --app other").ended_with(0);
    };
    deploy_as(0);
    run(&project, &address, "bootstrap -e staging")
        .ended_with(0)
        .says("version 0 was bootstrapped here, this program makes version 1");
    run(&project, &address, "bootstrap -e staging")
        .ended_with(0)
        .says("Nothing to do");
    deploy_as(2);
    run(&project, &address, "bootstrap -e staging")
        .ended_with(1)
        .says("was made by a newer chitinfra");
}

#[test]
fn approval_is_asked_for_as_for_any_deployment() {
    let (project, _server, address) = prepared(&[("storage", sample::storage())]);
    project.edit("environments/staging.yaml", "never", "always");
    run(&project, &address, "bootstrap -e staging")
        .ended_with(1)
        .says("a person must approve");
    run(&project, &address, "plan -e staging")
        .ended_with(1)
        .says("not bootstrapped");
    run(&project, &address, "bootstrap -e staging --yes").ended_with(0);
}

#[test]
fn a_role_without_the_boundary_is_found_before_cloudformation_refuses_it() {
    let role = |boundary: Value| {
        json!({"Resources": {"Runner": {"Type": "AWS::IAM::Role", "Properties": {
            "PermissionsBoundary": boundary,
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
                "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}]}}}}})
    };
    let (project, _server, address) = prepared(&[(
        "roles",
        role(json!("arn:aws:iam::000000000000:policy/mine")),
    )]);
    run(&project, &address, "bootstrap -e staging").ended_with(0);
    run(&project, &address, "deploy -e staging")
        .ended_with(1)
        .says("CIF141")
        .says("stacks/src/roles.rs:10");
    let boundary = "arn:aws:iam::000000000000:policy/chitinfra/sample-staging-boundary";
    set(&project, "staging", &[("roles", role(json!(boundary)))]);
    run(&project, &address, "deploy -e staging").ended_with(0);
}

#[test]
fn what_is_shown_needs_no_credentials_and_an_environment_that_says_so() {
    let project = Project::of_this_repository();
    project
        .run("bootstrap -e local")
        .ended_with(2)
        .says("does not say that local is bootstrapped");
    let both = project.json("bootstrap -e staging --show-template");
    let names: Vec<&String> = both.as_object().expect("an object").keys().collect();
    assert_eq!(
        names,
        [
            "chitinfra-bootstrap",
            "chitinfra-bootstrap-chitchatter-staging"
        ]
    );
    for (name, of) in [("account", names[0]), ("environment", names[1])] {
        let one = project.json(&format!("bootstrap -e staging --show-template {name}"));
        assert_eq!(one, both[of], "{name}");
        project.write(&format!("{name}.json"), &one.to_string());
    }
    let policy = project.json("bootstrap -e staging --show-policy");
    assert_eq!(policy["Version"], "2012-10-17");
    let findings = project.json("validate account.json environment.json --json");
    for file in findings["files"].as_array().expect("a list") {
        let grave = file["findings"].as_array().expect("a list").iter();
        let grave = grave.filter(|one| one.get("suppressed").is_none());
        let grave: Vec<_> = grave.filter(|one| one["severity"] != "info").collect();
        assert!(grave.is_empty(), "{grave:#?}");
    }
}

/// Calls that IAM allows by actions of other names, as the engine and the service authorization reference say them.
const ACTIONS_OF_CALLS: [(&str, &str); 9] = [
    ("budgets:DescribeBudget", "budgets:ViewBudget"),
    (
        "budgets:DescribeNotificationsForBudget",
        "budgets:ViewBudget",
    ),
    (
        "budgets:DescribeSubscribersForNotification",
        "budgets:ViewBudget",
    ),
    ("s3:GetBucketCors", "s3:GetBucketCORS"),
    ("s3:GetBucketEncryption", "s3:GetEncryptionConfiguration"),
    (
        "s3:GetBucketLifecycleConfiguration",
        "s3:GetLifecycleConfiguration",
    ),
    ("s3:GetPublicAccessBlock", "s3:GetBucketPublicAccessBlock"),
    ("s3:HeadBucket", "s3:ListBucket"),
    ("s3:ListObjectsV2", "s3:ListBucket"),
];

/// Calls that no workflow makes: the bucket of the embedded endpoint, and secrets, which people set. Or that everybody may
/// make.
const NOT_OF_WORKFLOWS: [&str; 3] = [
    "s3:CreateBucket",
    "ssm:PutParameter",
    "sts:GetCallerIdentity",
];

#[test]
fn every_call_of_the_engine_is_allowed_to_the_role_that_deploys() {
    let calls: BTreeSet<String> = ApiOperation::ALL.iter().map(ToString::to_string).collect();
    let types = [
        "AWS::Budgets::Budget",
        "AWS::Cognito::UserPool",
        "AWS::Cognito::UserPoolClient",
        "AWS::Cognito::UserPoolDomain",
        "AWS::IAM::ManagedPolicy",
        "AWS::IAM::OIDCProvider",
        "AWS::IAM::Policy",
        "AWS::IAM::Role",
        "AWS::IAM::RolePolicy",
        "AWS::S3::Bucket",
        "AWS::S3::BucketPolicy",
    ];
    let resources: serde_json::Map<_, _> = types
        .iter()
        .map(|name| {
            let id: String = name.split("::").skip(1).collect();
            (id, json!({"Type": name}))
        })
        .collect();
    let (project, _server, _) = prepared(&[("all", json!({"Resources": resources}))]);
    let template = project.json("bootstrap -e staging --show-template environment");
    let role = &template["Resources"]["Deploy"]["Properties"];
    let managed = role["ManagedPolicyArns"].as_array().expect("a list").iter();
    let managed = managed.map(|policy| {
        let id = policy["Ref"].as_str().expect("it is of the template");
        &template["Resources"][id]["Properties"]["PolicyDocument"]
    });
    let documents = managed.chain([&role["Policies"][0]["PolicyDocument"]]);
    let allowed: BTreeSet<&str> = documents
        .flat_map(|document| document["Statement"].as_array().expect("a list"))
        .flat_map(|statement| match &statement["Action"] {
            Value::Array(actions) => actions.iter().filter_map(Value::as_str).collect(),
            action => Vec::from_iter(action.as_str()),
        })
        .collect();
    let lacking: Vec<&String> = calls
        .iter()
        .filter(|call| {
            let mut renamed = ACTIONS_OF_CALLS.iter();
            let action = renamed.find(|(name, _)| name == call);
            let action = action.map_or(call.as_str(), |(_, action)| action);
            !allowed.contains(action) && !NOT_OF_WORKFLOWS.contains(&call.as_str())
        })
        .collect();
    assert!(lacking.is_empty(), "{lacking:?} are not among {allowed:#?}");
    // Each exception is one.
    for call in NOT_OF_WORKFLOWS
        .iter()
        .chain(ACTIONS_OF_CALLS.iter().map(|(call, _)| call))
    {
        assert!(calls.contains(*call), "{call} is made by nobody");
    }
}

#[test]
#[ignore = "needs cfn-lint and the AWS CLI"]
fn other_tools_find_nothing_wrong_with_it() {
    let project = Project::of_this_repository();
    let mut linted = Vec::new();
    for environment in ["staging", "production"] {
        for name in ["account", "environment"] {
            let file = format!("{environment}-{name}.json");
            let words = format!("bootstrap -e {environment} --show-template {name}");
            project.write(&file, &project.run(&words).ended_with(0).stdout);
            linted.push(file);
        }
    }
    let mut command = std::process::Command::new(tool("python/bin/cfn-lint"));
    command
        .current_dir(project.path(""))
        .args(["--include-checks", "I", "--include-checks", "W", "--"])
        .args(&linted);
    let outcome = project.finish(&mut command).ended_with(0);
    assert_eq!(outcome.stdout, "", "{outcome}");

    let (project, _server, address) = prepared(&[("storage", sample::storage())]);
    run(&project, &address, "bootstrap -e staging").ended_with(0);
    let mut aws = std::process::Command::new(tool("python/bin/aws"));
    aws.current_dir(repository())
        .env("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
        .env("AWS_SECRET_ACCESS_KEY", "example")
        .env("AWS_DEFAULT_REGION", "us-east-1")
        .args([
            "cloudformation",
            "describe-stacks",
            "--endpoint-url",
            &address,
        ]);
    let stacks = project.finish(&mut aws).ended_with(0).json();
    let names: Vec<&Value> = stacks["Stacks"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|stack| &stack["StackName"])
        .collect();
    assert!(names.contains(&&json!("chitinfra-bootstrap")), "{names:?}");
    assert!(
        names.contains(&&json!("chitinfra-bootstrap-sample-staging")),
        "{names:?}"
    );
    for stack in stacks["Stacks"].as_array().expect("a list") {
        assert_eq!(stack["EnableTerminationProtection"], true, "{stack:#}");
    }
}
