//! Whose credentials a command has, and when they run out.

use std::process::Command;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::{
    project::{Outcome, Project, Running},
    sample,
};

/// Long after any test.
const END: u64 = 4_102_444_800;

/// A project whose environment `staging` is bootstrapped for workflows of `owner/name`, and the endpoint it lives in.
fn bootstrapped(stacks: &[(&str, Value)]) -> (Project, Running, String) {
    let project = Project::without_stacks();
    let (server, address) = project.serve("");
    let stacks: Vec<(&str, String)> = stacks
        .iter()
        .map(|(name, template)| (*name, template.to_string()))
        .collect();
    project.set_assembly("staging", &stacks);
    project.write(
        "environments/staging.yaml",
        "account: \"000000000000\"\nregion: us-east-1\napproval: never\nbootstrap: {repository: owner/name}\nsettings: {}\n",
    );
    let mut command = on(&project, &address, "bootstrap -e staging");
    command
        .env("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
        .env("AWS_SECRET_ACCESS_KEY", "example");
    project.finish(&mut command).ended_with(0);
    (project, server, address)
}

/// The program without any credentials, on the endpoint.
fn on(project: &Project, address: &str, words: &str) -> Command {
    let mut command = project.command(words);
    command.env("AWS_ENDPOINT_URL", address);
    command
}

/// The program as a job of a workflow runs it: GitHub gives it a token that says of what the job is.
fn in_workflow(
    project: &Project,
    address: &str,
    role: &str,
    subject: &str,
    words: &str,
) -> Outcome {
    let claims = json!({
        "iss": "https://token.actions.githubusercontent.com",
        "aud": "sts.amazonaws.com", "sub": subject, "exp": END,
    });
    let [head, body] = [json!({"alg": "RS256", "typ": "JWT"}), claims]
        .map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
    project.write("token", &format!("{head}.{body}.c2lnbmF0dXJl"));
    let role = format!("arn:aws:iam::000000000000:role/chitinfra/sample-staging-{role}");
    let mut command = on(project, address, words);
    command
        .env("AWS_ROLE_ARN", role)
        .env("AWS_ROLE_SESSION_NAME", "workflow")
        .env("AWS_WEB_IDENTITY_TOKEN_FILE", project.path("token"));
    project.finish(&mut command)
}

const DEPLOYS: &str = "repo:owner/name:environment:staging";
const PULL_REQUEST: &str = "repo:owner/name:pull_request";

#[test]
fn a_workflow_deploys_in_the_role_that_was_made_for_it_and_needs_nothing_else() {
    let stacks = [
        ("storage", sample::storage()),
        ("messaging", sample::messaging()),
    ];
    let (project, _server, address) = bootstrapped(&stacks);
    let deploys = |words: &str| in_workflow(&project, &address, "deploy", DEPLOYS, words);
    deploys("deploy -e staging").ended_with(0);
    let history = deploys("history -e staging --json").ended_with(0).json();
    let release = &history["releases"][0];
    assert_eq!(
        release["by"], "arn:aws:sts::000000000000:assumed-role/sample-staging-deploy/workflow",
        "{history:#}"
    );
    // A change, a plan that is saved, and everything else a pipeline does.
    let mut messaging = sample::messaging();
    messaging["Resources"]["Jobs"]["Properties"]["VisibilityTimeout"] = json!(60);
    let changed = [
        ("storage", sample::storage().to_string()),
        ("messaging", messaging.to_string()),
    ];
    project.set_assembly("staging", &changed);
    deploys("plan -e staging --out plan.json").ended_with(0);
    deploys("deploy -e staging --plan plan.json").ended_with(0);
    deploys("plan -e staging --detailed-exitcode").ended_with(0);
    deploys("status -e staging").ended_with(0);
    deploys("outputs -e staging").ended_with(0);
    deploys("recover -e staging").ended_with(0);
    let first = release["id"].as_str().expect("it has an id");
    deploys(&format!("rollback -e staging --to {first}")).ended_with(0);
    deploys("drift -e staging").ended_with(0);
    deploys("deploy -e staging --revert-drift").ended_with(0);
    deploys("destroy -e staging --yes").ended_with(0);
}

#[test]
fn a_pull_request_sees_a_plan_and_can_change_nothing() {
    let (project, _server, address) = bootstrapped(&[("messaging", sample::messaging())]);
    let plans = |words: &str| in_workflow(&project, &address, "plan", PULL_REQUEST, words);
    plans("plan -e staging").ended_with(0);
    plans("deploy -e staging").ended_with(1).says("not allowed");
    in_workflow(&project, &address, "deploy", DEPLOYS, "deploy -e staging").ended_with(0);
    plans("plan -e staging --detailed-exitcode").ended_with(0);
    plans("drift -e staging").ended_with(0);
    plans("status -e staging").ended_with(0);
    plans("destroy -e staging --yes").ended_with(1);
    let state = plans("status -e staging --json").ended_with(0).json();
    assert_eq!(state["stacks"][0]["health"], "healthy", "{state:#}");
}

#[test]
fn a_pull_request_sees_of_each_service_what_has_drifted() {
    let role = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]});
    let boundary = "arn:aws:iam::000000000000:policy/chitinfra/sample-staging-boundary";
    let document = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "s3:GetObject", "Resource": {"Fn::Sub": "${Files.Arn}/*"}}]});
    // Of the grant CloudFormation tells nothing, so that the services are asked.
    let access = json!({"Resources": {
        "Files": {"Type": "AWS::S3::Bucket", "Properties": {"VersioningConfiguration": {"Status": "Enabled"}}},
        "Reader": {"Type": "AWS::IAM::Role", "Properties": {
            "AssumeRolePolicyDocument": role, "PermissionsBoundary": boundary}},
        "Grant": {"Type": "AWS::IAM::Policy", "Properties": {
            "PolicyName": "grant", "PolicyDocument": document, "Roles": [{"Ref": "Reader"}]}},
        "Users": {"Type": "AWS::Cognito::UserPool", "Properties": {"EnabledMfas": ["SOFTWARE_TOKEN_MFA"]}},
        "Budget": {"Type": "AWS::Budgets::Budget", "Properties": {"Budget": {
            "BudgetType": "COST", "TimeUnit": "MONTHLY", "BudgetLimit": {"Amount": 7, "Unit": "USD"}}}},
    }});
    let (project, _server, address) = bootstrapped(&[("access", access)]);
    in_workflow(&project, &address, "deploy", DEPLOYS, "deploy -e staging").ended_with(0);
    let drift = "drift -e staging --json";
    for (role, subject) in [("plan", PULL_REQUEST), ("deploy", DEPLOYS)] {
        let report = in_workflow(&project, &address, role, subject, drift);
        let report = report.ended_with(0).json();
        let resources = report["stacks"][0]["resources"].as_array();
        let resources = resources.expect("resources are listed");
        assert_eq!(resources.len(), 5, "{report:#}");
        for resource in resources {
            let is_clean = resource["status"] == "in_sync" && resource.get("unchecked").is_none();
            assert!(is_clean, "{role}: {resource:#}");
        }
    }
}

#[test]
fn another_repository_or_environment_takes_on_neither_role() {
    let (project, _server, address) = bootstrapped(&[("messaging", sample::messaging())]);
    for (role, subject) in [
        ("deploy", PULL_REQUEST),
        ("deploy", "repo:owner/name:environment:production"),
        ("deploy", "repo:owner/other:environment:staging"),
        ("plan", DEPLOYS),
        ("execution", DEPLOYS),
    ] {
        in_workflow(&project, &address, role, subject, "status -e staging")
            .ended_with(1)
            .says("the AWS credentials are not accepted")
            .says("Not authorized to perform sts:AssumeRoleWithWebIdentity");
    }
}

/// The program with profiles of a configuration file, one of which takes on a role.
fn with_profiles(project: &Project, address: &str, role: &str, words: &str) -> Outcome {
    let text = format!(
        "[profile base]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = example\n\n[profile deployer]\nrole_arn = arn:aws:iam::000000000000:role/{role}\nrole_session_name = me\nsource_profile = base\n"
    );
    project.write("aws-config", &text);
    let mut command = on(project, address, words);
    command.env("AWS_CONFIG_FILE", project.path("aws-config"));
    project.finish(&mut command)
}

#[test]
fn a_profile_takes_on_a_role() {
    let (project, _server, address) = bootstrapped(&[("messaging", sample::messaging())]);
    let role = "chitinfra/sample-staging-deploy";
    let run = |words: &str| with_profiles(&project, &address, role, words);
    run("deploy -e staging --profile deployer").ended_with(0);
    let history = run("history -e staging --json --profile deployer");
    let history = history.ended_with(0).json();
    assert_eq!(
        history["releases"][0]["by"],
        "arn:aws:sts::000000000000:assumed-role/sample-staging-deploy/me",
        "{history:#}"
    );
    run("status -e staging --profile nobody").ended_with(1);
}

#[test]
fn the_policy_that_is_shown_is_what_a_person_needs_to_bootstrap() {
    let (project, _server, address) = bootstrapped(&[("messaging", sample::messaging())]);
    let policy = project.json("bootstrap -e staging --show-policy");
    let role = |policies: Value| {
        json!({"Resources": {"Person": {"Type": "AWS::IAM::Role", "Properties": {
            "RoleName": "person", "Policies": policies,
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": []}}}}})
    };
    let people = |policies: Value| {
        project.set_assembly("people", &[("people", role(policies).to_string())]);
        project.write(
            "environments/people.yaml",
            "account: \"000000000000\"\nregion: us-east-1\napproval: never\nsettings: {}\n",
        );
        let words = "deploy -e people --profile base";
        with_profiles(&project, &address, "person", words).ended_with(0);
        let grown = [
            ("messaging", sample::messaging().to_string()),
            ("storage", sample::storage().to_string()),
        ];
        project.set_assembly("staging", &grown);
    };
    let run = |words: &str| with_profiles(&project, &address, "person", words);
    people(json!([]));
    run("bootstrap -e staging --profile deployer")
        .ended_with(1)
        .says("not allowed");
    people(json!([{"PolicyName": "bootstraps", "PolicyDocument": policy}]));
    run("bootstrap -e staging --profile deployer")
        .ended_with(0)
        .says("may s3:CreateBucket");
    run("bootstrap -e staging --profile deployer")
        .ended_with(0)
        .says("Nothing to do");
}

#[test]
fn credentials_that_run_out_stop_the_following_and_not_the_deployment() {
    let project = Project::with_stacks([("messaging", sample::messaging())]);
    project.write(
        "faults.json",
        r#"{"delay": [{"resource": "Jobs", "milliseconds": 1000}], "calls": [{"operation": "DescribeStackEvents", "from": 2, "times": 1, "trouble": "expired"}]}"#,
    );
    let (_server, _) = project.serve("--faults faults.json");
    project
        .run("deploy -e local")
        .ended_with(1)
        .says("how `messaging` ends is not known, it goes on without being followed")
        .says("the AWS credentials have expired")
        .says("messaging is not stopped by this")
        .says("the same command again follows it to its end")
        .says("aws sso login");
    project.run("deploy -e local").ended_with(0);
    let status = project.json("status -e local --json");
    assert_eq!(status["stacks"][0]["health"], "healthy", "{status:#}");
}
