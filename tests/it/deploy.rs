//! `deploy` does what the plan said, once, and asks where asking is due.

use serde_json::json;

use crate::{
    project::{Project, snapshot},
    sample,
};

#[test]
fn stacks_are_deployed_in_order_and_their_outputs_are_the_answer() {
    let project = Project::with_stacks([
        ("storage", sample::storage()),
        ("messaging", sample::messaging()),
    ]);
    snapshot!(project.run("deploy -e local").ended_with(0), @r#"
    exit status: 0
    --- stdout
    storage.FilesName    sample-files
    messaging.JobsUrl    https://sqs.us-east-1.amazonaws.com/000000000000/sample-local-messaging-Jobs-[RANDOM]
    messaging.AlarmsArn  arn:aws:sns:us-east-1:000000000000:sample-local-messaging-Alarms-[RANDOM]
    --- stderr
    Plan for local · account 0000-0000-0000 · us-east-1

    + storage    3 resources to create
      + Files   AWS::S3::Bucket        stacks/src/storage.rs:10
      + Access  AWS::S3::BucketPolicy  stacks/src/storage.rs:11
      + Name    AWS::SSM::Parameter    stacks/src/storage.rs:12
      outputs FilesName
    + messaging  2 resources to create
      + Jobs    AWS::SQS::Queue  stacks/src/messaging.rs:10
      + Alarms  AWS::SNS::Topic  stacks/src/messaging.rs:11
      outputs JobsUrl, AlarmsArn

    Access
      + * may not s3:* on Files.Arn, Files.Arn/* when aws:SecureTransport Bool false  (Access)

    5 to create, 0 to update, 0 to replace, 0 to delete. Nothing stateful is lost.

    creating storage (3 resources)
      ✓ storage/Files  AWS::S3::Bucket  CREATE_COMPLETE  [TIME]
      ✓ storage/Access  AWS::S3::BucketPolicy  CREATE_COMPLETE  [TIME]
      ✓ storage/Name  AWS::SSM::Parameter  CREATE_COMPLETE  [TIME]
    storage created  [TIME]
    creating messaging (2 resources)
      ✓ messaging/Jobs  AWS::SQS::Queue  CREATE_COMPLETE  [TIME]
      ✓ messaging/Alarms  AWS::SNS::Topic  CREATE_COMPLETE  [TIME]
    messaging created  [TIME]
    "#);
    snapshot!(project.run("deploy -e local").ended_with(0), @"
    exit status: 0
    --- stdout
    storage.FilesName    sample-files
    messaging.JobsUrl    https://sqs.us-east-1.amazonaws.com/000000000000/sample-local-messaging-Jobs-[RANDOM]
    messaging.AlarmsArn  arn:aws:sns:us-east-1:000000000000:sample-local-messaging-Alarms-[RANDOM]
    --- stderr
    Nothing to do: what is deployed is what the stacks say.
    ");
}

#[test]
fn only_the_stacks_that_are_named_are_deployed() {
    let project = Project::with_stacks([
        ("storage", sample::storage()),
        ("messaging", sample::messaging()),
    ]);
    project.run("deploy -e local storage").ended_with(0);
    let status = project.json("status -e local --json");
    let health: Vec<_> = status["stacks"]
        .as_array()
        .expect("stacks are listed")
        .iter()
        .map(|stack| stack["health"].clone())
        .collect();
    assert_eq!(health, [json!("healthy"), json!("absent")], "{status:#}");
}

#[test]
fn a_stateful_resource_is_replaced_only_when_it_is_named() {
    let project = Project::with_stacks([("storage", sample::storage())]);
    project.run("deploy -e local").ended_with(0);
    project.edit(
        "assembly/storage.template.json",
        "\"sample-files\"",
        "\"sample-files-2\"",
    );
    let refused = project.run("deploy -e local --yes").ended_with(1);
    snapshot!(refused, @r#"
    exit status: 1
    --- stderr
    Plan for local · account 0000-0000-0000 · us-east-1

    ± storage  3 resources change
      ± Files   AWS::S3::Bucket        stacks/src/storage.rs:10
          DATA LOSS  it is replaced by an empty one and deleted with all it holds, as a property changes
          BucketName  sample-files → sample-files-2  forces replacement
      ± Access  AWS::S3::BucketPolicy  stacks/src/storage.rs:11
          is replaced, as a resource it refers to is replaced; the old one is deleted
          ↳ Files is replaced: Bucket (forces replacement), PolicyDocument.Statement.0.Resource.0, PolicyDocument.Statement.0.Resource.1
      ~ Name    AWS::SSM::Parameter    stacks/src/storage.rs:12
          ↳ Files is replaced: Value
      ~ output FilesName  ↳ Files is replaced

    0 to create, 1 to update, 2 to replace, 0 to delete.
    DATA LOSS  storage/Files (AWS::S3::Bucket): it is replaced by an empty one and deleted with all it holds

    error: data would be lost
      `storage/Files` (AWS::S3::Bucket) would be replaced and its data lost: nobody allowed it

    hint: if that is meant, deploy with `--allow-destroy storage/Files`, or write `.allow_loss("<last day>", "<why>")` on the resource
    "#);
    assert_eq!(
        project.json("outputs -e local --format json")["stacks"]["storage"]["FilesName"],
        "sample-files"
    );
    project
        .run("deploy -e local --allow-destroy Files")
        .ended_with(0);
    assert_eq!(
        project.json("outputs -e local --format json")["stacks"]["storage"]["FilesName"],
        "sample-files-2"
    );
    project
        .run("plan -e local --detailed-exitcode")
        .ended_with(0);
}

#[test]
fn where_a_person_must_approve_nobody_else_does() {
    let project = Project::with_stacks([("messaging", sample::messaging())]);
    project.write_environment("local", "always", "embedded");
    let refused = project.run("deploy -e local").ended_with(1);
    snapshot!(refused, @"
    exit status: 1
    --- stderr
    Plan for local · account 0000-0000-0000 · us-east-1

    + messaging  2 resources to create
      + Jobs    AWS::SQS::Queue  stacks/src/messaging.rs:10
      + Alarms  AWS::SNS::Topic  stacks/src/messaging.rs:11
      outputs JobsUrl, AlarmsArn

    2 to create, 0 to update, 0 to replace, 0 to delete. Nothing stateful is lost.

    error: a person must approve deployments to local, and there is no terminal to ask at

    hint: pass `--yes`, or approve a saved plan and pass `--plan FILE`
    ");
    assert_eq!(
        project.json("status -e local --json")["stacks"][0]["health"],
        "absent"
    );
    project.run("deploy -e local --yes").ended_with(0);
    // With nothing to change there is nothing to approve.
    project.run("deploy -e local").ended_with(0);
}

#[test]
fn a_saved_plan_is_executed_as_it_was_reviewed_or_not_at_all() {
    let project = Project::with_stacks([("messaging", sample::messaging())]);
    project.write_environment("local", "always", "embedded");
    project.run("plan -e local --out first.plan").ended_with(0);
    project
        .run("deploy -e local --plan first.plan")
        .ended_with(0);

    let file = "assembly/messaging.template.json";
    project.edit(
        file,
        r#""VisibilityTimeout":30"#,
        r#""VisibilityTimeout":60"#,
    );
    project.run("plan -e local --out second.plan").ended_with(0);
    project.edit(
        file,
        r#""VisibilityTimeout":60"#,
        r#""VisibilityTimeout":90"#,
    );
    project.run("deploy -e local --yes").ended_with(0);
    snapshot!(project.run("deploy -e local --plan second.plan").ended_with(1), @"
    exit status: 1
    --- stderr
    error: this is no longer what was planned
      stack `messaging`: its template is another than the one that was planned
      stack `messaging`: someone has deployed it: it was last changed at `[DATE]` when it was planned, now at `[DATE]`
      stack `messaging`: someone has deployed another template
      stack `messaging`: its change set `chitinfra-saved-[DIGEST]` is gone

    hint: plan again, and have that approved
    ");
}

#[test]
fn a_resource_that_fails_is_named_with_its_line_and_the_stack_goes_back() {
    let project = Project::with_stacks([("messaging", sample::messaging())]);
    project.write(
        "faults.json",
        r#"{"fail": [{"resource": "Alarms", "step": "create", "reason": "the topic quota is used up"}]}"#,
    );
    let (server, _) = project.serve("--faults faults.json");
    snapshot!(project.run("deploy -e local").ended_with(1), @"
    exit status: 1
    --- stderr
    Plan for local · account 0000-0000-0000 · us-east-1

    + messaging  2 resources to create
      + Jobs    AWS::SQS::Queue  stacks/src/messaging.rs:10
      + Alarms  AWS::SNS::Topic  stacks/src/messaging.rs:11
      outputs JobsUrl, AlarmsArn

    2 to create, 0 to update, 0 to replace, 0 to delete. Nothing stateful is lost.

    creating messaging (2 resources)
      ✓ messaging/Jobs  AWS::SQS::Queue  CREATE_COMPLETE  [TIME]
      ✗ messaging/Alarms  AWS::SNS::Topic  CREATE_FAILED  [TIME]
          stacks/src/messaging.rs:11
          the topic quota is used up
      ✓ messaging/Alarms  AWS::SNS::Topic  DELETE_COMPLETE  [TIME]
      ✓ messaging/Jobs  AWS::SQS::Queue  DELETE_COMPLETE  [TIME]
    messaging failed  [TIME]
    error: stack `messaging` ended in `ROLLBACK_COMPLETE`: `Alarms` (AWS::SNS::Topic) failed first: the topic quota is used up

    hint: it is declared at stacks/src/messaging.rs:11
    hint: deploy again: the empty shell is deleted first, then the stack is created
    ");
    let status = project.json("status -e local --json");
    assert_ne!(status["stacks"][0]["health"], "healthy", "{status:#}");
    drop(server);
    // Without the fault the same command leads out of it.
    project.run("deploy -e local").ended_with(0);
}

#[test]
fn an_update_that_fails_leaves_what_was_there() {
    let project = Project::with_stacks([("messaging", sample::messaging())]);
    project.run("deploy -e local").ended_with(0);
    let file = "assembly/messaging.template.json";
    project.edit(
        file,
        r#""VisibilityTimeout":30"#,
        r#""VisibilityTimeout":60"#,
    );
    project.edit(
        file,
        r#""DisplayName":"Alarms""#,
        r#""DisplayName":"Alarm""#,
    );
    project.write(
        "faults.json",
        r#"{"fail": [{"resource": "Alarms", "step": "update", "reason": "the name is taken"}]}"#,
    );
    let (server, _) = project.serve("--faults faults.json");
    project
        .run("deploy -e local")
        .ended_with(1)
        .says("the name is taken");
    drop(server);
    let plan = project.json("plan -e local --json");
    assert_eq!(plan["stacks"][0]["summary"]["update"], 2, "{plan:#}");
    project.run("deploy -e local").ended_with(0);
}

#[test]
fn a_template_too_long_for_a_request_is_deployed_too() {
    let topic = json!({"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": "x".repeat(90)}});
    let topics: serde_json::Map<_, _> = (0..450)
        .map(|index| (format!("Topic{index}"), topic.clone()))
        .collect();
    let project = Project::with_stacks([("many", json!({"Resources": topics}))]);
    assert!(project.read("assembly/many.template.json").len() > 51_200);
    project.run("deploy -e local").ended_with(0);
    project
        .run("plan -e local --detailed-exitcode")
        .ended_with(0);
}
