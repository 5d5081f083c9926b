//! The AWS CLI is content with the endpoint.
//!
//! It is looked for in the folder that `CHITINFRA_TOOLS` names, then on the path; without it the test says so.

use std::{env, path::PathBuf, process::Command};

use crate::client::Endpoint;

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

struct Cli {
    program: PathBuf,
    url: String,
}

impl Cli {
    fn find(url: String) -> Option<Self> {
        let tools = env::var_os("CHITINFRA_TOOLS").map(PathBuf::from);
        let candidates = tools
            .map(|tools| tools.join("bin").join("aws"))
            .into_iter()
            .chain([PathBuf::from("aws")]);
        for program in candidates {
            if Command::new(&program)
                .arg("--version")
                .output()
                .is_ok_and(|output| output.status.success())
            {
                return Some(Self { program, url });
            }
        }
        None
    }

    /// Runs a command; what it printed, and whether it succeeded.
    fn run(&self, arguments: &[&str]) -> (bool, String) {
        let output = Command::new(&self.program)
            .args(["--output", "text"])
            .args(arguments)
            .env("AWS_ACCESS_KEY_ID", "local")
            .env("AWS_SECRET_ACCESS_KEY", "local")
            .env("AWS_DEFAULT_REGION", "us-east-1")
            .env("AWS_CONFIG_FILE", "/nonexistent")
            .env("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
            // The variable, not the flag: `deploy` reaches two services, and the flag is only for the first.
            .env("AWS_ENDPOINT_URL", &self.url)
            .env("AWS_PAGER", "")
            .env_remove("AWS_PROFILE")
            .output()
            .unwrap();
        let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
        text.push_str(&String::from_utf8_lossy(&output.stderr));
        (output.status.success(), text.trim().to_owned())
    }

    #[track_caller]
    fn good(&self, arguments: &[&str]) -> String {
        let (succeeded, text) = self.run(arguments);
        assert!(succeeded, "aws {arguments:?}: {text}");
        text
    }

    #[track_caller]
    fn bad(&self, arguments: &[&str]) -> String {
        let (succeeded, text) = self.run(arguments);
        assert!(!succeeded, "aws {arguments:?}: {text}");
        text
    }
}

#[test]
fn the_aws_cli_deploys_and_deletes() {
    let endpoint = Endpoint::start();
    let Some(cli) = Cli::find(format!("http://{}", endpoint.client.address)) else {
        eprintln!("skipped: the AWS CLI is neither in $CHITINFRA_TOOLS/bin nor on the path");
        return;
    };
    let file = endpoint.directory.path().join("template.yaml");
    std::fs::write(&file, TEMPLATE).unwrap();
    let body = format!("file://{}", file.display());
    let name = ["--stack-name", "shop"];
    let with = |verb: &str, rest: &[&str]| -> Vec<String> {
        ["cloudformation", verb]
            .iter()
            .chain(&name)
            .chain(rest)
            .map(|word| (*word).to_owned())
            .collect()
    };
    let good = |verb: &str, rest: &[&str]| {
        let words = with(verb, rest);
        cli.good(&words.iter().map(String::as_str).collect::<Vec<_>>())
    };
    let bad = |verb: &str, rest: &[&str]| {
        let words = with(verb, rest);
        cli.bad(&words.iter().map(String::as_str).collect::<Vec<_>>())
    };

    assert!(
        cli.good(&["sts", "get-caller-identity"])
            .contains("000000000000")
    );
    assert!(
        cli.good(&[
            "cloudformation",
            "validate-template",
            "--template-body",
            &body
        ])
        .contains("Environment")
    );
    good(
        "create-stack",
        &["--template-body", &body, "--tags", "Key=team,Value=a&b"],
    );
    // The CLI looks every thirty seconds; it finds the operation done.
    endpoint.client.wait("shop");
    cli.good(&[
        "cloudformation",
        "wait",
        "stack-create-complete",
        "--stack-name",
        "shop",
    ]);
    assert_eq!(
        good("describe-stacks", &["--query", "Stacks[0].Tags[0].Value"]),
        "a&b"
    );
    assert_eq!(
        good(
            "describe-stacks",
            &["--query", "Stacks[0].Outputs[0].ExportName"]
        ),
        "shop-pool"
    );
    assert!(bad("create-stack", &["--template-body", &body]).contains("AlreadyExistsException"));
    assert!(
        bad(
            "update-stack",
            &["--template-body", &body, "--tags", "Key=team,Value=a&b"]
        )
        .contains("No updates are to be performed.")
    );

    let change = [
        "--change-set-name",
        "next",
        "--use-previous-template",
        "--parameters",
        "ParameterKey=Environment,ParameterValue=prod",
    ];
    good("create-change-set", &change);
    cli.good(&[
        "cloudformation",
        "wait",
        "change-set-create-complete",
        "--stack-name",
        "shop",
        "--change-set-name",
        "next",
    ]);
    let shown = good(
        "describe-change-set",
        &[
            "--change-set-name",
            "next",
            "--include-property-values",
            "--query",
            "Changes[].ResourceChange.[LogicalResourceId,Replacement]",
        ],
    );
    assert_eq!(shown, "Files\tTrue\nUsers\tFalse");
    good("execute-change-set", &["--change-set-name", "next"]);
    endpoint.client.wait("shop");
    cli.good(&[
        "cloudformation",
        "wait",
        "stack-update-complete",
        "--stack-name",
        "shop",
    ]);
    assert!(good("list-stack-resources", &[]).contains("files-prod-000000000000"));
    let events = good(
        "describe-stack-events",
        &["--query", "StackEvents[].ResourceStatus"],
    );
    assert!(
        events.starts_with("UPDATE_COMPLETE") && events.contains("DELETE_COMPLETE"),
        "{events}"
    );
    assert_eq!(
        cli.good(&[
            "cloudformation",
            "list-exports",
            "--query",
            "Exports[].Name"
        ]),
        "shop-pool"
    );
    assert!(good("get-template", &[]).contains("users <${Environment}> & co"));
    good("get-template-summary", &[]);
    good("describe-stack-resource", &["--logical-resource-id", "Web"]);

    // `deploy` with an upload: the template goes through a bucket.
    cli.good(&["s3api", "create-bucket", "--bucket", "assets"]);
    let (deployed, text) = cli.run(&[
        "cloudformation",
        "deploy",
        "--stack-name",
        "other",
        "--template-file",
        body.trim_start_matches("file://"),
        "--s3-bucket",
        "assets",
        "--parameter-overrides",
        "Environment=dev",
    ]);
    assert!(deployed, "{text}");
    let (deployed, text) = cli.run(&[
        "cloudformation",
        "deploy",
        "--stack-name",
        "other",
        "--template-file",
        body.trim_start_matches("file://"),
        "--s3-bucket",
        "assets",
        "--no-fail-on-empty-changeset",
    ]);
    assert!(deployed && text.contains("No changes to deploy"), "{text}");
    assert!(cli.good(&["s3", "ls", "s3://assets"]).contains(".template"));

    cli.good(&[
        "ssm",
        "put-parameter",
        "--name",
        "/a/b",
        "--value",
        "v",
        "--type",
        "SecureString",
    ]);
    assert_eq!(
        cli.good(&[
            "ssm",
            "get-parameter",
            "--name",
            "/a/b",
            "--with-decryption",
            "--query",
            "Parameter.Value"
        ]),
        "v"
    );

    good(
        "update-termination-protection",
        &["--enable-termination-protection"],
    );
    assert!(bad("delete-stack", &[]).contains("TerminationProtection is enabled"));
    good(
        "update-termination-protection",
        &["--no-enable-termination-protection"],
    );
    let arn = good("describe-stacks", &["--query", "Stacks[0].StackId"]);
    good("delete-stack", &[]);
    endpoint.client.wait(&arn);
    cli.good(&[
        "cloudformation",
        "wait",
        "stack-delete-complete",
        "--stack-name",
        "shop",
    ]);
    assert!(bad("describe-stacks", &[]).contains("Stack with id shop does not exist"));
    assert!(
        cli.good(&[
            "cloudformation",
            "list-stacks",
            "--stack-status-filter",
            "DELETE_COMPLETE"
        ])
        .contains("shop")
    );
}
