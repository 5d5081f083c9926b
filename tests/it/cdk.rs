//! An app of the AWS CDK, synthesized by the CDK itself, planned and deployed as it is; and the CDK's own command line
//! against the embedded endpoint.

use std::process::Command;

use serde_json::json;

use crate::{
    aws_cli::AwsCli,
    project::{Outcome, Project, repository, snapshot, tool},
};

/// A project whose folder `cdk.out` the CDK has synthesized from `tests/fixtures/cdk`.
fn synthesized() -> Project {
    let project = Project::without_stacks();
    let app = repository().join("tests/fixtures/cdk");
    for file in ["app.js", "report/index.js"] {
        let text = std::fs::read_to_string(app.join(file)).expect("it is in the repository");
        project.write(file, &text);
    }
    let mut node = Command::new("node");
    node.arg("app.js")
        .current_dir(project.path("."))
        .env("NODE_PATH", tool("cdk/node_modules"))
        .env("CDK_OUTDIR", project.path("cdk.out"));
    project.finish(&mut node).ended_with(0);
    project
}

/// The CDK's command line on that app, with an endpoint in the place of AWS.
fn cdk(project: &Project, address: &str, words: &str) -> Outcome {
    let mut command = Command::new(tool("cdk/node_modules/.bin/cdk"));
    command
        .args(words.split_whitespace())
        .current_dir(project.path("."))
        .env("AWS_ENDPOINT_URL", address)
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .env("AWS_REGION", "us-east-1")
        .env("NODE_PATH", tool("cdk/node_modules"))
        .env_remove("AWS_PROFILE")
        .env("CDK_DISABLE_CLI_TELEMETRY", "true");
    project.finish(&mut command)
}

#[test]
#[ignore = "needs the AWS CDK"]
fn the_stacks_for_the_environment_are_found() {
    let project = synthesized();
    let list = project.json("list -e local --app cdk.out --json");
    assert_eq!(
        list["stacks"],
        json!([
            {"name": "Beta-Reports", "stack_name": "Beta-Reports", "depends_on": [], "resources": 2},
            {"name": "Alarms", "stack_name": "sample-alarms", "depends_on": [], "resources": 1},
            {"name": "Jobs", "stack_name": "Jobs", "depends_on": ["Alarms"], "resources": 3},
            {"name": "Anywhere", "stack_name": "Anywhere", "depends_on": [], "resources": 1},
        ])
    );
    snapshot!(project.run("list -e local --app cdk.out"), @"
    exit status: 0
    --- stdout
    Beta-Reports    2 resources  Beta-Reports
    Alarms          1 resources  sample-alarms
    Jobs            3 resources  Jobs  after Alarms
    Anywhere        1 resources  Anywhere
    --- stderr
    warning: nobody reads this queue [ack: sample:queue]
      --> Jobs/Queue
    warning: left out, as they are for another account or region: `Abroad` (000000000000/eu-west-1)
    warning: before they are deployed, the CDK must have published the assets of `Beta-Reports`
      hint: cdk publish-assets --unstable=publish-assets --all --app cdk.out
    ");
    // Each resource is named with the line of JavaScript that made it.
    project
        .run("plan -e local --app cdk.out --against cdk.out/assembly-Beta Jobs")
        .ended_with(0)
        .says("app.js:17");

    // A stage alone, and an environment that no stack is for.
    project
        .run("list -e local --app cdk.out/assembly-Beta")
        .ended_with(0)
        .says("Beta-Reports");
    let environment = project.read("environments/local.yaml");
    project.write(
        "environments/other.yaml",
        &environment.replace("us-east-1", "eu-north-1"),
    );
    project.edit("cdk.out/manifest.json", "unknown-region", "us-east-2");
    snapshot!(project.run("list -e other --app cdk.out"), @"
    exit status: 2
    --- stderr
    error: no stack in `cdk.out` is for 000000000000/eu-north-1; there are `Beta-Reports` (000000000000/us-east-1), `sample-alarms` (000000000000/us-east-1), `Jobs` (000000000000/us-east-1), `Abroad` (000000000000/eu-west-1), `Anywhere` (unknown-account/us-east-2)

    hint: the environment's file says which account and region it is
    ");

    // What is written for others to read is an assembly of our own.
    project
        .run("synth -e local --app cdk.out -o ours")
        .ended_with(0);
    assert_eq!(
        project.read("ours/Beta-Reports.template.json"),
        project.read("cdk.out/assembly-Beta/BetaReportsD8E121A1.template.json"),
    );
    project
        .run("list -e local --app ours")
        .ended_with(0)
        .says("Beta-Reports");
}

#[test]
#[ignore = "needs the AWS CDK"]
fn what_is_wrong_with_a_cloud_assembly_is_named() {
    let project = synthesized();
    project.edit(
        "cdk.out/manifest.json",
        r#""artifacts""#,
        r#""missing": [{"key": "vpc-provider:account=000000000000"}], "artifacts""#,
    );
    snapshot!(project.run("list -e local --app cdk.out"), @"
    exit status: 2
    --- stderr
    error: the assembly in `cdk.out` was synthesized without values it needs: `vpc-provider:account=000000000000`

    hint: run `cdk synth` with credentials of the account, and commit `cdk.context.json`
    ");
    project.write("cdk.out/manifest.json", r#"{"artifacts": 1}"#);
    snapshot!(project.run("list -e local --app cdk.out"), @"
    exit status: 1
    --- stderr
    error: `cdk.out/manifest.json` is not a manifest
      caused by: invalid type: integer `1`, expected a map at line 1 column 15
    ");
}

#[test]
#[ignore = "needs the AWS CDK"]
fn the_cdk_finds_what_was_deployed_from_its_assembly() {
    let project = synthesized();
    let (_server, address) = project.serve("");
    // Not yet prepared for the CDK.
    project
        .run("plan -e local --app cdk.out Jobs")
        .ended_with(1)
        .says("hint: stacks of the CDK need an account that `cdk bootstrap` has prepared");
    cdk(&project, &address, "bootstrap aws://000000000000/us-east-1").ended_with(0);

    project
        .run("deploy -e local --app cdk.out Jobs Alarms")
        .ended_with(0)
        .says("QueueUrl");
    project
        .run("plan -e local --app cdk.out Jobs --detailed-exitcode")
        .ended_with(0);
    let diff = "diff --app cdk.out --fail --no-change-set Jobs Alarms";
    cdk(&project, &address, diff)
        .ended_with(0)
        .says("Number of stacks with differences: 0");

    // And the other way around: what the CDK deploys, with its assets, is nothing new to us.
    cdk(
        &project,
        &address,
        "deploy --app cdk.out --require-approval never Beta/Reports",
    )
    .ended_with(0);
    project
        .run("plan -e local --app cdk.out Beta-Reports --detailed-exitcode")
        .ended_with(0);
}

/// What the CDK has uploaded of pages, each once.
fn uploaded_pages(project: &Project, aws: &mut AwsCli) -> Vec<String> {
    let bucket = "--bucket cdk-hnb659fds-assets-000000000000-us-east-1";
    let keys = aws.text(&format!(
        "s3api list-objects-v2 {bucket} --query Contents[].Key"
    ));
    let pages = keys.split_whitespace().filter(|key| key.ends_with(".html"));
    pages
        .map(|key| {
            aws.good(&format!("s3api get-object {bucket} --key {key} fetched"));
            project.read("fetched")
        })
        .collect()
}

#[test]
#[ignore = "needs the AWS CDK"]
fn the_cdk_bootstraps_deploys_changes_and_destroys_an_app() {
    let project = Project::without_stacks();
    let app = repository().join("tests/fixtures/site");
    for file in ["app.js", "page.html", "cdk.json"] {
        let text = std::fs::read_to_string(app.join(file)).expect("it is in the repository");
        project.write(file, &text);
    }
    let (_server, address) = project.serve("");
    let cdk = |words: &str| {
        let outcome = cdk(&project, &address, words).ended_with(0);
        // It works in the roles of its bootstrap stack.
        let complaint = "could not be used to assume";
        assert!(!outcome.stderr.contains(complaint), "{outcome}");
        outcome
    };
    let plan = "plan -e local --app cdk.out --detailed-exitcode";
    cdk("bootstrap").says("Environment aws://000000000000/us-east-1 bootstrapped");
    let deploy = "deploy --all --require-approval never";
    cdk(deploy).says("Site.Files = ");
    cdk("diff --all --fail").says("Number of stacks with differences: 0");
    project.run(plan).ended_with(0);
    let mut aws = AwsCli::start(&project, &address);
    assert_eq!(uploaded_pages(&project, &mut aws), ["<p>Hello</p>\n"]);
    let nested = "cloudformation list-stacks --query StackSummaries[?ParentId].StackStatus";
    assert_eq!(aws.text(nested), "CREATE_COMPLETE");

    // Changed there, deployed there.
    project.edit("page.html", "Hello", "Good evening");
    project.edit("app.js", r#""hello""#, r#""good evening""#);
    cdk(deploy).says("Site.Files = ");
    let mut pages = uploaded_pages(&project, &mut aws);
    pages.sort();
    assert_eq!(pages, ["<p>Good evening</p>\n", "<p>Hello</p>\n"]);
    project.run(plan).ended_with(0);

    // Changed there, deployed here.
    project.edit("app.js", r#""good evening""#, r#""good night""#);
    cdk("diff Site").says("[~] AWS::SSM::Parameter Greeting");
    project
        .run(plan)
        .ended_with(3)
        .says("good evening → good night");
    project
        .run("deploy -e local --app cdk.out")
        .ended_with(0)
        .says("Site.Files");
    project.run(plan).ended_with(0);

    cdk("destroy --all --force");
    assert_eq!(aws.text(nested), "DELETE_COMPLETE");
    let status = project.json("status -e local --app cdk.out --json");
    for stack in status["stacks"].as_array().expect("they are listed") {
        assert_eq!(stack["health"], "absent", "{status:#}");
    }
}
