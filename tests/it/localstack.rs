//! LocalStack in the place of AWS: the same engine over an implementation of CloudFormation and its neighbours that others
//! have made, and the AWS CLI to say what came of it.
//!
//! Where LocalStack does something else than AWS, the test says so in a comment that begins with "LocalStack:".
//!
//! LocalStack: has tables of DynamoDB only with a program in Java that it fetches when it is first asked for one. Here it reaches
//! nothing, and fails to make a table (`InternalError`), so there is none.

use std::{collections::BTreeMap, process::Command};

use serde_json::{Value, json};

use crate::{
    aws_cli::AwsCli,
    project::{Outcome, Project, Running, repository, tool},
};

/// A project whose environment `cloud` is LocalStack.
struct World {
    project: Project,
    address: String,
    aws: AwsCli,
    _server: Running,
}

impl World {
    fn new() -> Self {
        let project = Project::without_stacks();
        project.write_environment("cloud", "never", "aws");
        let mut command = Command::new(tool("localstack/bin/python"));
        command
            .arg(repository().join("xtask/tools/localstack/serve.py"))
            .arg(project.path("localstack"));
        let (server, address) = project.serve_with(command);
        let aws = AwsCli::start(&project, &address);
        Self {
            project,
            address,
            aws,
            _server: server,
        }
    }

    /// Runs the program as one does who has credentials and says where AWS is.
    fn run(&self, words: &str) -> Outcome {
        let words = format!("{words} --endpoint-url {}", self.address);
        let mut command = self.project.command(&words);
        command
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test");
        self.project.finish(&mut command)
    }

    fn set(&self, stacks: &[(&str, &Value)]) {
        let stacks: Vec<(&str, String)> = stacks
            .iter()
            .map(|(name, template)| (*name, template.to_string()))
            .collect();
        self.project.set_assembly("cloud", &stacks);
    }
}

/// What a stack holds of each service that both know.
fn services(timeout: u32) -> Value {
    let statement = |principal: Value, action: &str, resource: Value| {
        json!({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Principal": principal, "Action": action, "Resource": resource},
        ]})
    };
    json!({
        "Resources": {
            "Files": {"Type": "AWS::S3::Bucket", "DeletionPolicy": "Delete", "UpdateReplacePolicy": "Delete",
                "Properties": {"BucketName": "sample-cloud-files"}},
            "FilesPolicy": {"Type": "AWS::S3::BucketPolicy", "Properties": {
                "Bucket": {"Ref": "Files"},
                "PolicyDocument": {"Version": "2012-10-17", "Statement": [{
                    "Effect": "Deny", "Principal": "*", "Action": "s3:*",
                    "Resource": [{"Fn::GetAtt": ["Files", "Arn"]}, {"Fn::Sub": "${Files.Arn}/*"}],
                    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                }]},
            }},
            "Alarms": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": "Alarms"}},
            "AlarmsPolicy": {"Type": "AWS::SNS::TopicPolicy", "Properties": {
                "Topics": [{"Ref": "Alarms"}],
                "PolicyDocument": statement(json!({"Service": "budgets.amazonaws.com"}), "sns:Publish", json!({"Ref": "Alarms"})),
            }},
            "Jobs": {"Type": "AWS::SQS::Queue", "DeletionPolicy": "Delete", "UpdateReplacePolicy": "Delete",
                "Properties": {"VisibilityTimeout": timeout}},
            "Worker": {"Type": "AWS::IAM::Role", "Properties": {
                "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [{
                    "Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole",
                }]},
            }},
            "WorkerAccess": {"Type": "AWS::IAM::Policy", "Properties": {
                "PolicyName": "jobs",
                "Roles": [{"Ref": "Worker"}],
                "PolicyDocument": {"Version": "2012-10-17", "Statement": [{
                    "Effect": "Allow", "Action": "sqs:ReceiveMessage", "Resource": {"Fn::GetAtt": ["Jobs", "Arn"]},
                }]},
            }},
            "Log": {"Type": "AWS::Logs::LogGroup", "DeletionPolicy": "Delete", "UpdateReplacePolicy": "Delete",
                "Properties": {"LogGroupName": "/sample/cloud", "RetentionInDays": 7}},
        },
        "Outputs": {
            "JobsArn": {"Value": {"Fn::GetAtt": ["Jobs", "Arn"]}, "Export": {"Name": "sample-jobs"}},
            "FilesName": {"Value": {"Ref": "Files"}},
        },
    })
}

/// A reader of the other stack. LocalStack: does not know `Fn::GetStackOutput`; an export does the same here.
fn reader(name: &str, greeting: &str) -> Value {
    json!({
        "Resources": {
            "Where": {"Type": "AWS::SSM::Parameter", "Properties": {
                "Name": "/sample/jobs", "Type": "String", "Value": {"Fn::ImportValue": "sample-jobs"},
            }},
            "Greeting": {"Type": "AWS::SSM::Parameter", "Properties": {
                "Name": name, "Type": "String", "Value": greeting,
            }},
        },
        "Outputs": {"Name": {"Value": {"Ref": "Greeting"}}},
    })
}

const PLAN: &str = "plan -e cloud --detailed-exitcode";

#[test]
#[ignore = "needs LocalStack"]
fn stacks_live_their_whole_life_at_localstack() {
    let mut world = World::new();
    let assets = "chitinfra-assets-000000000000-us-east-1";
    world
        .aws
        .good(&format!("s3api create-bucket --bucket {assets}"));

    world.set(&[
        ("services", &services(30)),
        ("reader", &reader("/sample/hello", "hello")),
    ]);
    world
        .run(PLAN)
        .ended_with(3)
        .says("10 to create")
        .says("provisional: it imports a value");
    // Neither a change set nor the shell of a stack stays behind.
    world.aws.bad(
        "cloudformation describe-stacks --stack-name sample-cloud-services",
        "does not exist",
    );
    world.run("deploy -e cloud").ended_with(0);
    world.run(PLAN).ended_with(0).says("No changes");
    let again = world.run("deploy -e cloud").ended_with(0);
    assert!(again.stderr.contains("Nothing to do"), "{again}");
    agree(&mut world, &[]);
    assert_eq!(timeout_of_jobs(&mut world), "30");

    drift(&mut world);
    one_property_from_a_saved_plan(&mut world);
    a_replacement(&mut world);
    let history = world.run("history -e cloud --json").ended_with(0).json();
    let releases = history["releases"].as_array().expect("they are listed");
    let outcomes: Vec<&str> = releases
        .iter()
        .filter_map(|release| release["outcome"].as_str())
        .collect();
    assert_eq!(outcomes, ["succeeded"; 4], "{history:#}");

    a_large_template(&mut world);
    an_update_that_fails(&mut world);

    world.run("destroy -e cloud --yes").ended_with(0);
    let status = world.run("status -e cloud --json").ended_with(0).json();
    for stack in status["stacks"].as_array().expect("they are listed") {
        assert_eq!(stack["health"], "absent", "{status:#}");
    }
    world.aws.bad(
        "cloudformation describe-stacks --stack-name sample-cloud-reader",
        "does not exist",
    );
    world
        .aws
        .bad("s3api head-bucket --bucket sample-cloud-files", "Not Found");
}

/// LocalStack: detects no drift, and answers `InternalFailure`. What there is of buckets, roles and their policies the services
/// tell; the rest is named as unchecked.
fn drift(world: &mut World) {
    let words = "drift -e cloud services --json --detailed-exitcode";
    let found = |report: &Value| -> BTreeMap<String, String> {
        let resources = report["stacks"][0]["resources"].as_array();
        let resources = resources.expect("they are listed").iter();
        let text = |one: &Value, name: &str| one[name].as_str().unwrap_or_default().to_owned();
        resources
            .map(|one| (text(one, "logical_id"), text(one, "status")))
            .collect()
    };
    let clean = world.run(words).ended_with(0).json();
    let problem = clean["stacks"][0]["problem"].as_str().unwrap_or_default();
    assert!(problem.contains("DetectStackDrift"), "{clean:#}");
    let read = ["Files", "FilesPolicy", "Worker", "WorkerAccess"];
    for (id, status) in found(&clean) {
        let expected = match read.contains(&id.as_str()) {
            true => "in_sync",
            false => "unchecked",
        };
        assert_eq!(status, expected, "{id}: {clean:#}");
    }

    let resources = clean["stacks"][0]["resources"].as_array();
    let mut resources = resources.expect("they are listed").iter();
    let worker = resources.find(|one| one["logical_id"] == "Worker");
    let worker = worker.expect("it is there")["physical_id"].as_str();
    let worker = worker.expect("it has a name");
    let get = format!(
        "iam get-role-policy --role-name {worker} --policy-name jobs --query PolicyDocument"
    );
    let before = world.aws.json(&get);
    let put = |policy: &Value| {
        format!(
            "iam put-role-policy --role-name {worker} --policy-name jobs --policy-document {policy}"
        )
    };
    let bucket = "--bucket sample-cloud-files";
    let of_bucket = world.aws.json(&format!("s3api get-bucket-policy {bucket}"));
    let of_bucket: Value = serde_json::from_str(of_bucket["Policy"].as_str().unwrap_or_default())
        .expect("it is a document");
    let mut wider = before.clone();
    wider["Statement"][0]["Action"] = json!("sqs:*");
    world.aws.good(&put(&wider));
    world
        .aws
        .good(&format!("s3api delete-bucket-policy {bucket}"));
    let changed = world.run(words).ended_with(3).json();
    let statuses = found(&changed);
    assert_eq!(statuses["WorkerAccess"], "modified", "{changed:#}");
    assert_eq!(statuses["FilesPolicy"], "deleted", "{changed:#}");
    assert_eq!(statuses["Worker"], "in_sync", "{changed:#}");
    world.aws.good(&put(&before));
    world.aws.good(&format!(
        "s3api put-bucket-policy {bucket} --policy {of_bucket}"
    ));
    world.run(words).ended_with(0);
}

/// A template of more than 51,200 bytes, which goes through the asset bucket.
fn a_large_template(world: &mut World) {
    let large = |greeting: &str| {
        let mut large = reader("/sample/welcome", greeting);
        large["Metadata"] = json!({"Padding": "x".repeat(60_000)});
        large
    };
    let services = services(60);
    world.set(&[("services", &services), ("reader", &large("welcome"))]);
    world.run("deploy -e cloud").ended_with(0);
    world.set(&[("services", &services), ("reader", &large("good day"))]);
    world.run(PLAN).ended_with(3).says("1 to update");
    world.run("deploy -e cloud").ended_with(0);
    world.run(PLAN).ended_with(0).says("No changes");
    let value = "ssm get-parameter --name /sample/welcome --query Parameter.Value";
    assert_eq!(world.aws.text(value), "good day");
    let stored = world.aws.text(
        "s3api list-objects-v2 --bucket chitinfra-assets-000000000000-us-east-1 --prefix templates/ --query Contents[0].Size",
    );
    let stored: usize = stored.parse().expect("a template is stored");
    assert!(stored > 51_200, "{stored}");
    world.set(&[
        ("services", &services),
        ("reader", &reader("/sample/welcome", "welcome")),
    ]);
    world.run("deploy -e cloud").ended_with(0);
}

fn one_property_from_a_saved_plan(world: &mut World) {
    let hello = reader("/sample/hello", "hello");
    world.set(&[("services", &services(60)), ("reader", &hello)]);
    let plan = world
        .run("plan -e cloud --out plan.json --json")
        .ended_with(0)
        .json();
    let changes = plan["stacks"][0]["changes"].as_array();
    let changes = changes.expect("they are listed");
    assert_eq!(changes.len(), 1, "{plan:#}");
    assert_eq!(changes[0]["logical_id"], "Jobs");
    assert_eq!(
        changes[0]["properties"],
        json!([{"path": ["VisibilityTimeout"], "before": 30, "after": 60, "impact": "in_place"}])
    );
    // LocalStack: says of a change set that its template is the one of its stack, so that what the change set is made of
    // can only be told from what it would do. It does not make change sets obsolete either: the deployed template tells.
    world.run("deploy -e cloud --plan plan.json").ended_with(0);
    assert_eq!(timeout_of_jobs(world), "60");
    // The change set of the one was executed. The other reads of it, so that it is planned again in its wave, and there never was
    // anything to do.
    world
        .run("deploy -e cloud --plan plan.json")
        .ended_with(0)
        .says("services unchanged")
        .says("reader unchanged");
    world.run(PLAN).ended_with(0);
    agree(world, &[]);

    world.set(&[("services", &services(90)), ("reader", &hello)]);
    world.run("plan -e cloud --out plan.json").ended_with(0);
    world.set(&[("services", &services(60)), ("reader", &hello)]);
    world
        .run("deploy -e cloud --plan plan.json")
        .ended_with(1)
        .says("no longer what was planned");
}

fn a_replacement(world: &mut World) {
    let renamed = reader("/sample/welcome", "welcome");
    world.set(&[("services", &services(60)), ("reader", &renamed)]);
    world.run(PLAN).ended_with(3).says("1 to replace");
    // LocalStack: sends no client tokens with its events; those of this operation are the ones after the newest before.
    world.run("deploy -e cloud").ended_with(0);
    let value = |name: &str| format!("ssm get-parameter --name {name} --query Parameter.Value");
    assert_eq!(world.aws.text(&value("/sample/welcome")), "welcome");
    world.aws.bad(&value("/sample/hello"), "ParameterNotFound");
    let where_to = world.aws.text(&value("/sample/jobs"));
    assert!(where_to.starts_with("arn:aws:sqs:"), "{where_to}");
    world.run(PLAN).ended_with(0);
    // LocalStack: forgets a resource that was replaced among those of its stack, as the old one is deleted.
    agree(world, &["Greeting"]);
}

/// LocalStack: undoes no update that fails, and puts the stack into `ROLLBACK_COMPLETE`, which on AWS says that its first
/// create was undone and that nothing is in it. Taken at its word, it would be deleted and made anew.
fn an_update_that_fails(world: &mut World) {
    let mut broken = services(120);
    broken["Resources"]["Broken"] = json!({
        "Type": "AWS::Logs::SubscriptionFilter",
        "Properties": {
            "LogGroupName": "/no/such",
            "FilterPattern": "",
            "DestinationArn": {"Fn::GetAtt": ["Jobs", "Arn"]},
        },
    });
    let welcome = reader("/sample/welcome", "welcome");
    world.set(&[("services", &broken), ("reader", &welcome)]);
    world
        .run("deploy -e cloud")
        .ended_with(1)
        .says("`Broken` (AWS::Logs::SubscriptionFilter) failed first")
        .says("nothing was undone");
    for command in ["plan -e cloud", "deploy -e cloud", "recover -e cloud --yes"] {
        world
            .run(command)
            .ended_with(1)
            .says("is in `ROLLBACK_COMPLETE`, yet it was deployed before");
    }
    world
        .aws
        .good("s3api head-bucket --bucket sample-cloud-files");
    let status = world.run("status -e cloud --json").ended_with(0).json();
    assert_eq!(status["stacks"][0]["health"], "failed", "{status:#}");
}

/// The visibility timeout of the only queue.
fn timeout_of_jobs(world: &mut World) -> String {
    // For this service the CLI does not look at the variable.
    let sqs = format!("--endpoint-url {} sqs", world.address);
    let queue = world
        .aws
        .text(&format!("{sqs} list-queues --query QueueUrls[0]"));
    world.aws.text(&format!(
        "{sqs} get-queue-attributes --queue-url {queue} --attribute-names VisibilityTimeout \
         --query Attributes.VisibilityTimeout"
    ))
}

/// What our program says of the stacks is what the AWS CLI reads, but for these resources, which LocalStack leaves out.
fn agree(world: &mut World, forgotten: &[&str]) {
    let outputs = world
        .run("outputs -e cloud --format json")
        .ended_with(0)
        .json();
    let status = world.run("status -e cloud --json").ended_with(0).json();
    for stack in status["stacks"].as_array().expect("they are listed") {
        let name = stack["stack_name"].as_str().expect("it has a name");
        let short = stack["name"].as_str().expect("it has a name");
        assert_eq!(stack["health"], "healthy", "{status:#}");
        let described = world.aws.json(&format!(
            "cloudformation describe-stacks --stack-name {name}"
        ));
        let described = &described["Stacks"][0];
        assert_eq!(described["StackStatus"], stack["status"]);
        for output in described["Outputs"].as_array().expect("it has outputs") {
            let key = output["OutputKey"].as_str().expect("it has a key");
            assert_eq!(output["OutputValue"], outputs["stacks"][short][key]);
        }
        let resources = world.aws.json(&format!(
            "cloudformation describe-stack-resources --stack-name {name}"
        ));
        let template = world
            .project
            .read_json(&format!("assembly/{short}.template.json"));
        let mut declared: Vec<&str> = template["Resources"]
            .as_object()
            .expect("it has resources")
            .keys()
            .map(String::as_str)
            .filter(|id| !forgotten.contains(id))
            .collect();
        let mut found: Vec<&str> = resources["StackResources"]
            .as_array()
            .expect("they are listed")
            .iter()
            .filter_map(|resource| resource["LogicalResourceId"].as_str())
            .collect();
        declared.sort_unstable();
        found.sort_unstable();
        assert_eq!(found, declared);
    }
}
