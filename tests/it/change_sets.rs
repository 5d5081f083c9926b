//! What a change set is asked for beyond its template, and what CloudFormation has against it.

use serde_json::{Value, json};

use crate::{
    project::{Project, snapshot},
    sample,
};

/// Changes what the manifest says of the only stack.
fn declare(project: &Project, change: impl FnOnce(&mut Value)) {
    let mut manifest = project.read_json("assembly/manifest.json");
    change(&mut manifest["stacks"][0]);
    project.write("assembly/manifest.json", &manifest.to_string());
}

/// Nothing is left to do: what was deployed is what is declared.
fn settled(project: &Project) {
    project
        .run("plan -e local --detailed-exitcode")
        .ended_with(0);
}

#[test]
fn who_is_notified_is_what_the_code_says_and_what_others_subscribed_where_it_says_nothing() {
    let project = Project::with_stacks([("messaging", sample::messaging())]);
    project.run("deploy -e local").ended_with(0);
    let topic = "arn:aws:sns:us-east-1:000000000000:alarms";
    declare(&project, |stack| {
        stack["notification_arns"] = json!([topic]);
    });
    let planned = project
        .run("plan -e local --detailed-exitcode")
        .ended_with(3);
    planned.says("NotificationARNs");
    project
        .run("deploy -e local")
        .ended_with(0)
        .says("messaging updated");
    settled(&project);
    declare(&project, |stack| stack["notification_arns"] = Value::Null);
    settled(&project);
    declare(&project, |stack| stack["notification_arns"] = json!([]));
    project.run("deploy -e local").ended_with(0);
    settled(&project);
}

#[test]
fn a_stack_policy_holds_for_the_deployment_that_declares_it() {
    let project = Project::with_stacks([("messaging", sample::messaging())]);
    project.run("deploy -e local").ended_with(0);
    declare(&project, |stack| {
        stack["stack_policy"] = json!({"Statement": [
            {"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*"},
            {"Effect": "Deny", "Action": ["Update:Delete"], "Principal": "*", "Resource": "LogicalResourceId/Alarms"},
        ]});
    });
    project
        .run("plan -e local --detailed-exitcode")
        .ended_with(3)
        .says("StackPolicy");
    project
        .run("deploy -e local")
        .ended_with(0)
        .says("messaging updated");
    settled(&project);
    let mut without = sample::messaging();
    without["Resources"]
        .as_object_mut()
        .expect("it has some")
        .remove("Alarms");
    without["Outputs"]
        .as_object_mut()
        .expect("it has some")
        .remove("AlarmsArn");
    project.write("assembly/messaging.template.json", &without.to_string());
    let denied = project.run("deploy -e local").ended_with(1);
    let denied = denied.says("Action denied by stack policy");
    denied.says("hint: the stack's policy forbids this change: allow it there");
    // Allowed again, and taken away in the same deployment.
    declare(&project, |stack| {
        stack["stack_policy"] = json!({"Statement": [
            {"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*"},
        ]});
    });
    project.run("deploy -e local").ended_with(0);
    settled(&project);
}

#[test]
fn a_parameter_without_a_value_goes_back_to_its_default_and_the_plan_says_so() {
    let mut template = sample::messaging();
    template["Parameters"] = json!({"Seconds": {"Type": "Number", "Default": 30}});
    template["Resources"]["Jobs"]["Properties"]["VisibilityTimeout"] = json!({"Ref": "Seconds"});
    let project = Project::with_stacks([("messaging", template)]);
    declare(&project, |stack| {
        stack["parameters"] = json!({"Seconds": "60"});
    });
    project.run("deploy -e local").ended_with(0);
    declare(&project, |stack| stack["parameters"] = json!({}));
    let planned = project
        .run("plan -e local --detailed-exitcode")
        .ended_with(3);
    planned.says("60 → 30");
    project.run("deploy -e local").ended_with(0);
    settled(&project);
    // Without a default there is no value at all, and none is taken from the deployed stack.
    project.edit("assembly/messaging.template.json", r#","Default":30"#, "");
    let refused = project.run("deploy -e local").ended_with(2);
    refused.says("a parameter of stack `messaging` has no value: `Seconds`");
}

#[test]
fn all_that_early_validation_finds_is_told_with_the_line_that_declares_it() {
    let bucket = |name: &str| json!({"Type": "AWS::S3::Bucket", "DeletionPolicy": "Retain", "Properties": {"BucketName": name}});
    let both = json!({"Resources": {"Files": bucket("sample-files"), "Old": bucket("sample-old")}});
    let project = Project::with_stacks([("storage", both)]);
    project.run("deploy -e local").ended_with(0);
    project.run("destroy -e local --yes").ended_with(0);
    let refused = project.run("deploy -e local").ended_with(1);
    snapshot!(refused, @"
    exit status: 1
    --- stderr
    error: CloudFormation cannot plan stack `storage`: The following hook(s)/validation failed: [AWS::EarlyValidation::ResourceExistenceCheck]

    hint: `Files` (stacks/src/storage.rs:10): AWS::EarlyValidation::ResourceExistenceCheck: Resource of type 'AWS::S3::Bucket' with identifier 'sample-files' already exists (at /Resources/Files)
    hint: `Old` (stacks/src/storage.rs:11): AWS::EarlyValidation::ResourceExistenceCheck: Resource of type 'AWS::S3::Bucket' with identifier 'sample-old' already exists (at /Resources/Old)
    ");
    // Nothing of it stays behind.
    let status = project.json("status -e local --json");
    assert_eq!(status["stacks"][0]["health"], "absent");
}

#[test]
fn hooks_fail_a_change_set_or_warn_in_the_plan() {
    let project = Project::with_stacks([("messaging", sample::messaging())]);
    project.write(
        "faults.json",
        r#"{"hooks": [{"resource": "Jobs", "reason": "a queue costs too much."}]}"#,
    );
    let (server, _) = project.serve("--faults faults.json");
    let refused = project.run("deploy -e local").ended_with(1);
    refused
        .says("`Jobs` (stacks/src/messaging.rs:10): Example::Costs::Hook: a queue costs too much");
    drop(server);
    project.write(
        "faults.json",
        r#"{"hooks": [{"resource": "Jobs", "warns": true, "reason": "a queue costs something."}]}"#,
    );
    let (_server, _) = project.serve("--faults faults.json");
    let planned = project.json("plan -e local --json");
    let finding = &planned["stacks"][0]["findings"][0];
    assert_eq!(finding["severity"], "warning", "{planned:#}");
    assert_eq!(finding["rule"], "Example::Costs::Hook");
    assert_eq!(finding["source"], "stacks/src/messaging.rs:10");
    project
        .run("deploy -e local")
        .ended_with(0)
        .says("a queue costs something");
}

#[test]
fn what_exists_is_taken_in_where_that_is_asked_for() {
    let mut storage = sample::storage();
    storage["Resources"]["Files"]["DeletionPolicy"] = json!("Retain");
    let project = Project::with_stacks([("storage", storage)]);
    project.run("deploy -e local").ended_with(0);
    project.run("destroy -e local --yes").ended_with(0);
    project
        .run("deploy -e local")
        .ended_with(1)
        .says("'sample-files' already exists");
    let planned = project.json("plan -e local --import-existing-resources --json");
    assert_eq!(planned["summary"]["import"], 1, "{planned:#}");
    assert_eq!(planned["summary"]["create"], 2);
    let deployed = project
        .run("deploy -e local --import-existing-resources")
        .ended_with(0);
    deployed.says("storage/Files  AWS::S3::Bucket  IMPORT_COMPLETE");
    settled(&project);
    // What would be deleted with the stack is not taken in.
    project.run("destroy -e local --yes").ended_with(0);
    project.edit(
        "assembly/storage.template.json",
        r#""DeletionPolicy":"Retain""#,
        r#""DeletionPolicy":"Delete""#,
    );
    project
        .run("deploy -e local --import-existing-resources")
        .ended_with(1)
        .says("must have a DeletionPolicy of Retain");
}

#[test]
fn express_mode_is_for_development_and_waits_for_nothing() {
    let project = Project::with_stacks([("messaging", sample::messaging())]);
    let refused = project.run("deploy -e local --express").ended_with(2);
    snapshot!(refused, @"
    exit status: 2
    --- stderr
    error: express mode is for development, and environment `local` is not

    hint: leave `--express` out; `development: true` in `environments/local.yaml` marks an environment that may be half ready for a while
    ");
    project.edit(
        "environments/local.yaml",
        "approval: never",
        "approval: never\ndevelopment: true",
    );
    project.write(
        "faults.json",
        r#"{"delay": [{"resource": "Jobs", "milliseconds": 60000}]}"#,
    );
    let (_server, _) = project.serve("--faults faults.json");
    let deployed = project
        .run("deploy -e local --express --json")
        .ended_with(0);
    assert!(
        deployed.stdout.contains(r#""configured":true"#),
        "{deployed}"
    );
    settled(&project);
}

#[test]
fn what_fails_in_express_mode_is_rolled_back_all_the_same() {
    let project = Project::with_stacks([("messaging", sample::messaging())]);
    project.edit(
        "environments/local.yaml",
        "approval: never",
        "approval: never\ndevelopment: true",
    );
    project.write(
        "faults.json",
        r#"{"fail": [{"resource": "Jobs", "step": "create", "reason": "no"}]}"#,
    );
    let (_server, _) = project.serve("--faults faults.json");
    project
        .run("deploy -e local --express")
        .ended_with(1)
        .says("ROLLBACK_COMPLETE");
}
