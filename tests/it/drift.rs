//! `drift` finds what something else than the stacks has changed; here the AWS CLI changes it.

use serde_json::{Value, json};

use crate::{
    aws_cli::AwsCli,
    project::{Project, Running, snapshot},
    sample,
};

/// Two resources that CloudFormation can read, and one that it cannot.
fn watched() -> Value {
    let mut template = sample::messaging();
    template["Resources"]["Speak"] = json!({
        "Type": "AWS::SNS::TopicPolicy",
        "Properties": {
            "Topics": [{"Ref": "Alarms"}],
            "PolicyDocument": {
                "Version": "2012-10-17",
                "Statement": [{
                    "Effect": "Allow",
                    "Principal": {"Service": "budgets.amazonaws.com"},
                    "Action": "sns:Publish",
                    "Resource": {"Ref": "Alarms"}
                }]
            }
        }
    });
    template
}

/// A deployed project, its endpoint, and the AWS CLI that speaks to it.
fn deployed() -> (Project, Running, AwsCli) {
    let project = Project::with_stacks([("messaging", watched()), ("files", sample::storage())]);
    let (server, address) = project.serve("");
    project.run("deploy -e local").ended_with(0);
    let aws = AwsCli::start(&project, &address);
    (project, server, aws)
}

/// Changes a resource of the stack `messaging` beside it.
#[track_caller]
fn change(aws: &mut AwsCli, logical_id: &str, patch: &Value) {
    let query = format!("StackResources[?LogicalResourceId=='{logical_id}']");
    let resource = aws.json(&format!(
        "cloudformation describe-stack-resources --stack-name sample-local-messaging --query {query}"
    ));
    let text = |name: &str| resource[0][name].as_str().expect("it is told").to_owned();
    // Not as words of their own: the AWS CLI takes what looks like an address for a file to fetch.
    let input = json!({
        "TypeName": text("ResourceType"),
        "Identifier": text("PhysicalResourceId"),
        "PatchDocument": patch.to_string(),
    });
    let event = aws.json(&format!(
        "cloudcontrol update-resource --cli-input-json {input}"
    ));
    assert_eq!(
        event["ProgressEvent"]["OperationStatus"], "SUCCESS",
        "{event:#}"
    );
}

#[test]
#[ignore = "needs the AWS CLI"]
fn what_something_else_changed_is_found() {
    let (project, _server, mut aws) = deployed();
    snapshot!(project.run("drift -e local --detailed-exitcode messaging").ended_with(0), @r"
    exit status: 0
    --- stdout
    = messaging  no drift was found
      ? Speak  AWS::SNS::TopicPolicy  stacks/src/messaging.rs:12
          not checked: CloudFormation does not detect drift of AWS::SNS::TopicPolicy

    0 modified, 0 deleted, 2 in sync.
    NOT CHECKED  1 resource: may have drifted unseen
    ");

    change(
        &mut aws,
        "Jobs",
        &json!([{"op": "replace", "path": "/VisibilityTimeout", "value": 90}]),
    );
    snapshot!(project.run("drift -e local --detailed-exitcode").ended_with(3), @r"
    exit status: 3
    --- stdout
    ~ messaging  1 of 3 resources has drifted
      ~ Jobs   AWS::SQS::Queue        stacks/src/messaging.rs:10
          VisibilityTimeout  30 → 90
      ? Speak  AWS::SNS::TopicPolicy  stacks/src/messaging.rs:12
          not checked: CloudFormation does not detect drift of AWS::SNS::TopicPolicy
    = files      no drift was found

    1 modified, 0 deleted, 4 in sync.
    NOT CHECKED  1 resource: may have drifted unseen

    To put back what the stacks say:
        chitinfra deploy -e local --revert-drift
    To keep what there is, say the same in the source, then do that too:
        chitinfra drift -e local --accept
    ");
    let report = project.json("drift -e local --json messaging");
    assert_eq!(report["format_version"], "1.0");
    assert_eq!(report["external"], json!([]));
    let stacks = report["stacks"].as_array().expect("stacks are listed");
    assert_eq!(stacks.len(), 1, "{report:#}");
    let told: Vec<(&Value, &Value)> = stacks[0]["resources"]
        .as_array()
        .expect("resources are listed")
        .iter()
        .map(|one| (&one["logical_id"], &one["status"]))
        .collect();
    assert_eq!(
        told,
        [
            (&json!("Jobs"), &json!("modified")),
            (&json!("Alarms"), &json!("in_sync")),
            (&json!("Speak"), &json!("unchecked")),
        ]
    );
    assert_eq!(
        stacks[0]["resources"][0]["properties"],
        json!([{"path": ["VisibilityTimeout"], "expected": "30", "actual": "90"}])
    );

    // It is what CloudFormation's other callers are told as well.
    let stack = aws.json("cloudformation describe-stacks --stack-name sample-local-messaging");
    let drift = &stack["Stacks"][0]["DriftInformation"];
    assert_eq!(drift["StackDriftStatus"], "DRIFTED", "{stack:#}");
    let drifts = aws.json(
        "cloudformation describe-stack-resource-drifts --stack-name sample-local-messaging \
         --stack-resource-drift-status-filters MODIFIED",
    );
    let drifts = drifts["StackResourceDrifts"].as_array();
    assert_eq!(drifts.map(Vec::len), Some(1));

    change(
        &mut aws,
        "Jobs",
        &json!([{"op": "replace", "path": "/VisibilityTimeout", "value": 30}]),
    );
    project
        .run("drift -e local --detailed-exitcode")
        .ended_with(0);
}

#[test]
#[ignore = "needs the AWS CLI"]
fn what_something_else_deleted_is_found() {
    let (project, _server, mut aws) = deployed();
    let named = "--type-name AWS::S3::Bucket --identifier sample-files";
    let bucket = aws.json(&format!("cloudcontrol get-resource {named}"));
    let properties = bucket["ResourceDescription"]["Properties"].as_str();
    assert!(
        properties.is_some_and(|text| text.contains("arn:aws:s3:::sample-files")),
        "{bucket:#}"
    );
    aws.json(&format!("cloudcontrol delete-resource {named}"));
    aws.bad(
        &format!("cloudcontrol get-resource {named}"),
        "ResourceNotFoundException",
    );
    let report = project.json("drift -e local --json files");
    let files = &report["stacks"][0]["resources"][0];
    assert_eq!(
        (&files["status"], &files["source"]),
        (&json!("deleted"), &json!("stacks/src/files.rs:10")),
        "{report:#}"
    );
    // CloudFormation goes by its template, and finds out when it wants to change what is not there.
    let mut changed = sample::storage();
    changed["Resources"]["Files"]["Properties"]["Tags"] = json!([{"Key": "a", "Value": "b"}]);
    project.set_stacks([("files", changed)]);
    project
        .run("deploy -e local")
        .ended_with(1)
        .says("was not found");
}

#[test]
#[ignore = "needs the AWS CLI"]
fn what_cannot_be_read_is_not_called_clean() {
    let project = Project::with_stacks([("messaging", watched())]);
    project.write(
        "faults.json",
        r#"{"fail": [{"resource": "Jobs", "step": "read", "reason": "not allowed: sqs:GetQueueAttributes"}],
            "delay": [{"resource": "Alarms", "milliseconds": 100}]}"#,
    );
    let (_server, address) = project.serve("--faults faults.json");
    project.run("deploy -e local").ended_with(0);
    let mut aws = AwsCli::start(&project, &address);
    snapshot!(project.run("drift -e local --detailed-exitcode").ended_with(0), @r"
    exit status: 0
    --- stdout
    = messaging  no drift was found
      ! Failed to detect drift on resource [Jobs]
      ? Jobs   AWS::SQS::Queue        stacks/src/messaging.rs:10
          not checked: not allowed: sqs:GetQueueAttributes
      ? Speak  AWS::SNS::TopicPolicy  stacks/src/messaging.rs:12

    0 modified, 0 deleted, 1 in sync.
    NOT CHECKED  2 resources: may have drifted unseen
    ");
    let stack = aws.json("cloudformation describe-stacks --stack-name sample-local-messaging");
    assert_eq!(
        stack["Stacks"][0]["DriftInformation"]["StackDriftStatus"],
        "UNKNOWN"
    );
}

#[test]
fn what_may_not_be_detected_is_a_failure() {
    let project = Project::with_stacks([("messaging", sample::messaging())]);
    project.write("faults.json", r#"{"deny": ["DetectStackDrift"]}"#);
    let (_server, _) = project.serve("--faults faults.json");
    project.run("deploy -e local").ended_with(0);
    snapshot!(project.run("drift -e local --detailed-exitcode").ended_with(1), @r"
    exit status: 1
    --- stdout
    ? messaging  could not be checked
      ! `cloudformation:DetectStackDrift` is not allowed for `arn:aws:cloudformation:us-east-1:000000000000:stack/sample-local-messaging/[UUID]`: User: arn:aws:iam::000000000000:user/reader is not authorized to perform: cloudformation:DetectStackDrift (AccessDenied, request [UUID])
      ? Jobs    AWS::SQS::Queue  stacks/src/messaging.rs:10
      ? Alarms  AWS::SNS::Topic  stacks/src/messaging.rs:11

    0 modified, 0 deleted, 0 in sync.
    NOT CHECKED  2 resources: may have drifted unseen
    --- stderr
    error: the drift of `messaging` could not be detected
    ");
}

#[test]
fn a_stack_that_is_not_deployed_has_no_drift() {
    let project = Project::with_stacks([("messaging", sample::messaging())]);
    snapshot!(project.run("drift -e local --detailed-exitcode").ended_with(0), @r"
    exit status: 0
    --- stdout
      messaging  is not deployed

    0 modified, 0 deleted, 0 in sync.
    ");
    project
        .run("drift -e local mesaging")
        .ended_with(2)
        .says("did you mean `messaging`?");
}

/// Changes the queue, and deletes the bucket.
fn disturb(aws: &mut AwsCli) {
    change(
        aws,
        "Jobs",
        &json!([{"op": "replace", "path": "/VisibilityTimeout", "value": 90}]),
    );
    aws.json("cloudcontrol delete-resource --type-name AWS::S3::Bucket --identifier sample-files");
}

#[test]
#[ignore = "needs the AWS CLI"]
fn drift_is_shown_then_reverted() {
    let (project, _server, mut aws) = deployed();
    disturb(&mut aws);
    // By its templates there is nothing to do.
    project
        .run("deploy -e local")
        .ended_with(0)
        .says("Nothing to do");
    let plan = project.json("plan -e local --revert-drift --json");
    let jobs = &plan["stacks"][0]["changes"][0];
    assert_eq!(
        (&jobs["logical_id"], &jobs["action"], &jobs["reason"]),
        (&json!("Jobs"), &json!("update"), &json!("drifted")),
        "{plan:#}"
    );
    assert_eq!(
        jobs["properties"],
        json!([{"path": ["VisibilityTimeout"], "before": "90", "after": "30", "impact": "in_place", "drifted": true}])
    );
    let files = &plan["stacks"][1]["changes"][0];
    assert_eq!(
        (&files["logical_id"], &files["action"], &files["source"]),
        (
            &json!("Files"),
            &json!("create"),
            &json!("stacks/src/files.rs:10")
        ),
        "{plan:#}"
    );
    project
        .run("plan -e local --revert-drift --detailed-exitcode")
        .ended_with(3)
        .says("VisibilityTimeout  90 → 30  changed by something else");
    project
        .run("deploy -e local --revert-drift")
        .ended_with(0)
        .says("changed by something else");
    project
        .run("drift -e local --detailed-exitcode")
        .ended_with(0);
    project
        .run("deploy -e local --revert-drift")
        .ended_with(0)
        .says("Nothing to do: what there is is what the stacks say");
}

#[test]
#[ignore = "needs the AWS CLI"]
fn a_saved_plan_reverts_the_drift_it_was_made_of_and_no_other() {
    let (project, _server, mut aws) = deployed();
    disturb(&mut aws);
    project
        .run("plan -e local --revert-drift --out plan.json")
        .ended_with(0);
    change(
        &mut aws,
        "Jobs",
        &json!([{"op": "replace", "path": "/VisibilityTimeout", "value": 60}]),
    );
    project
        .run("deploy -e local --plan plan.json")
        .ended_with(1)
        .says("stack `messaging`: something else has changed resources of it, or put them back");
    let plan = project.run("plan -e local --revert-drift --out plan.json");
    plan.ended_with(0).says("VisibilityTimeout  60 → 30");
    project
        .run("deploy -e local --plan plan.json")
        .ended_with(0);
    project
        .run("drift -e local --detailed-exitcode")
        .ended_with(0);
    project
        .run("deploy -e local --plan plan.json")
        .ended_with(0)
        .says("deployed already");
    // Without any drift the plan does nothing, as long as there is none.
    project
        .run("plan -e local --revert-drift --out plan.json")
        .ended_with(0);
    disturb(&mut aws);
    project
        .run("deploy -e local --plan plan.json")
        .ended_with(1)
        .says("stack `messaging`: something else");
}

#[test]
#[ignore = "needs the AWS CLI"]
fn drift_is_accepted_in_the_source_then_taken_note_of() {
    let (project, _server, mut aws) = deployed();
    project.write(
        "stacks/src/messaging.rs",
        &format!("{}    .visibility_timeout(30)\n", "\n".repeat(10)),
    );
    disturb(&mut aws);
    let accepted = project.run("drift -e local --accept").ended_with(0);
    let accepted =
        accepted.says("by hand: stacks/src/files.rs:10 Files (AWS::S3::Bucket): take it out");
    let patch = accepted.stdout.as_str();
    assert!(
        patch.contains("+++ b/stacks/src/messaging.rs\n")
            && patch.contains("+    .visibility_timeout(90)\n"),
        "{patch}"
    );
    // The stacks then say what there is.
    let mut adopted = watched();
    adopted["Resources"]["Jobs"]["Properties"]["VisibilityTimeout"] = json!(90);
    project.set_stacks([("messaging", adopted)]);
    project
        .run("deploy -e local --revert-drift")
        .ended_with(0)
        .says("`Jobs` was changed to what its template says by now");
    project
        .run("drift -e local --detailed-exitcode")
        .ended_with(0);
}
