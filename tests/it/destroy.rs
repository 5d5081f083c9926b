//! `destroy` deletes in the opposite order, asks for the environment's name, and says what remains.

use serde_json::json;

use crate::{
    project::{Project, snapshot},
    sample,
};

#[test]
fn without_a_terminal_and_without_yes_nothing_is_deleted() {
    let project = Project::with_stacks([("messaging", sample::messaging())]);
    project.run("deploy -e local").ended_with(0);
    snapshot!(project.run("destroy -e local").ended_with(1), @"
    exit status: 1
    --- stderr
    This deletes from local:
      - messaging  sample-local-messaging  2 resources
    error: not destroying anything without being told so

    hint: pass `--yes`
    ");
    project
        .run("plan -e local --detailed-exitcode")
        .ended_with(0);
}

#[test]
fn everything_goes_but_what_is_kept_and_that_is_named() {
    let mut storage = sample::storage();
    storage["Resources"]["Files"]["DeletionPolicy"] = json!("Retain");
    let project = Project::with_stacks([("storage", storage), ("messaging", sample::messaging())]);
    project.run("deploy -e local").ended_with(0);
    snapshot!(project.run("destroy -e local --yes").ended_with(0), @"
    exit status: 0
    --- stderr
    This deletes from local:
      - messaging  sample-local-messaging  2 resources
      - storage  sample-local-storage  3 resources
    deleting messaging
      ✓ messaging/Jobs  AWS::SQS::Queue  DELETE_COMPLETE  [TIME]
      ✓ messaging/Alarms  AWS::SNS::Topic  DELETE_COMPLETE  [TIME]
    messaging deleted  [TIME]
    deleting storage
      ✓ storage/Access  AWS::S3::BucketPolicy  DELETE_COMPLETE  [TIME]
      ✓ storage/Name  AWS::SSM::Parameter  DELETE_COMPLETE  [TIME]
      ✓ storage/Files  AWS::S3::Bucket  DELETE_SKIPPED  [TIME]
    storage deleted  [TIME]
    What remains of local:
      - AWS::S3::Bucket sample-files  storage/Files
          its deletion policy keeps it
      - records in chitinfra-assets-[RANDOM]-us-east-1/sample/local/
          2 releases are recorded there; nothing deletes records
      - asset bucket chitinfra-assets-[RANDOM]-us-east-1
          it serves every project of the account and region
    ");
    // There is nothing more to do, and that is no failure.
    project.run("destroy -e local --yes").ended_with(0);
}

#[test]
fn what_services_made_and_what_is_recorded_is_named_too() {
    let template = json!({"Resources": {
        "Report": {"Type": "AWS::Lambda::Function", "Properties": {
            "FunctionName": "sample-report",
            "Role": "arn:aws:iam::000000000000:role/report",
            "Runtime": "nodejs22.x",
            "Handler": "index.handler",
            "Code": {"ZipFile": "exports.handler = async () => {}"}
        }},
        "Disk": {"Type": "AWS::EC2::Volume", "DeletionPolicy": "Snapshot", "Properties": {"AvailabilityZone": "us-east-1a", "Size": 1}}
    }});
    let project = Project::with_stacks([("reports", template)]);
    project.run("deploy -e local").ended_with(0);
    let destroyed = project.run("destroy -e local --yes").ended_with(0);
    let destroyed = destroyed.says(
        "  ? log group /aws/lambda/sample-report  reports/Report\n      the service makes it when it first writes a log; no stack knows of it",
    );
    destroyed
        .says("  reports/Disk\n      its deletion policy takes a snapshot before it is deleted")
        .says("  (? may never have been made)");
}

#[test]
fn a_destruction_that_is_killed_is_finished_by_the_next() {
    let project = Project::with_stacks([
        ("messaging", sample::messaging()),
        ("storage", sample::storage()),
    ]);
    project.run("deploy -e local").ended_with(0);
    project.write(
        "slow.json",
        r#"{"delay": [{"resource": "Name", "milliseconds": 1500}]}"#,
    );
    let (_server, _) = project.serve("--faults slow.json");
    let destruction = project.start("destroy -e local --yes");
    for _ in 0..100 {
        let status = project.json("status -e local --json");
        if status["stacks"][1]["status"] == "DELETE_IN_PROGRESS" {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    destruction.signal("KILL");
    destruction.end();
    project
        .run("destroy -e local --yes")
        .ended_with(0)
        .says("that is followed to its end first");
    let status = project.json("status -e local --json");
    for stack in status["stacks"].as_array().expect("there are two") {
        assert_eq!(stack["health"], "absent", "{status:#}");
    }
}
