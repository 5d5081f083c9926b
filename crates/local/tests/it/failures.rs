//! Failures and the ways back: rollback, pause, retained resources, clean-up.

use std::time::Duration;

use local::{Faults, Step};

use crate::client::{Client, Endpoint};

const TWO: &str = r#"{"Resources": {
    "A": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": "1"}},
    "B": {"Type": "AWS::SQS::Queue", "DependsOn": "A", "Properties": {"DelaySeconds": 1}}}}"#;

fn reason(client: Client, stack: &str, status: &str) -> String {
    client
        .events(stack)
        .into_iter()
        .rev()
        .find(|event| event.1 == status && !event.2.is_empty())
        .map(|event| event.2)
        .unwrap_or_default()
}

#[test]
fn a_failed_creation_is_rolled_back() {
    let faults = Faults::default().fail("B", Step::Create, "no queue today");
    let endpoint = Endpoint::with_faults(faults);
    let client = endpoint.client;
    assert_eq!(client.create("one", TWO), "ROLLBACK_COMPLETE");
    assert_eq!(reason(client, "one", "CREATE_FAILED"), "no queue today");
    assert_eq!(
        reason(client, "one", "ROLLBACK_IN_PROGRESS"),
        "The following resource(s) failed to create: [B]. Rollback requested by user."
    );
    assert!(
        client
            .story("one")
            .contains(&"A DELETE_COMPLETE".to_owned())
    );
    let (_, message) = client
        .call(
            "UpdateStack",
            &[("StackName", "one"), ("TemplateBody", TWO)],
        )
        .refused();
    assert!(
        message.contains("is in ROLLBACK_COMPLETE state and can not be updated."),
        "{message}"
    );
}

#[test]
fn invalid_properties_fail_the_resource() {
    let endpoint = Endpoint::start();
    let client = endpoint.client;
    let template = r#"{"Resources": {"A": {"Type": "AWS::SNS::Topic"}, "U": {"Type": "AWS::Cognito::UserPool", "DependsOn": "A", "Properties": {"Policies": {"PasswordPolicy": {"MinimumLength": 1000}}}}}}"#;
    assert_eq!(client.create("one", template), "ROLLBACK_COMPLETE");
    let reason = reason(client, "one", "CREATE_FAILED");
    assert!(
        reason.starts_with("Properties validation failed for resource U with message:\n#/Policies/PasswordPolicy/MinimumLength: 1000 is not less or equal to 99"),
        "{reason}"
    );
}

#[test]
fn a_failed_update_leads_back_to_the_previous_values() {
    let faults = Faults::default().fail("B", Step::Update, "no");
    let endpoint = Endpoint::with_faults(faults);
    let client = endpoint.client;
    client.create("one", TWO);
    let topic = client.physical("one", "A");
    // A is replaced, C is new, B fails.
    let changed = TWO
        .replace(r#""DisplayName": "1""#, r#""TopicName": "named""#)
        .replace(r#""DelaySeconds": 1"#, r#""DelaySeconds": 2"#)
        .replace(
            r#"{"Resources": {"#,
            r#"{"Resources": {"C": {"Type": "AWS::SNS::Topic"},"#,
        );
    assert_eq!(client.update("one", &changed), "UPDATE_ROLLBACK_COMPLETE");
    assert_eq!(client.physical("one", "A"), topic);
    let listed = client.call("ListStackResources", &[("StackName", "one")]);
    assert_eq!(listed.all("LogicalResourceId"), ["A", "B"]);
    let story = client.story("one");
    let place = |what: &str| story.iter().rposition(|event| event == what).expect(what);
    assert!(place("B UPDATE_FAILED") < place("one UPDATE_ROLLBACK_IN_PROGRESS"));
    assert!(place("A UPDATE_COMPLETE") < place("one UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS"));
    assert!(place("one UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS") < place("C DELETE_COMPLETE"));
    let template = client
        .call("GetTemplate", &[("StackName", "one")])
        .text("TemplateBody");
    assert_eq!(template.as_deref(), Some(TWO));
    // What was the desired state before is it again: nothing to update.
    let (_, message) = client
        .call(
            "UpdateStack",
            &[("StackName", "one"), ("TemplateBody", TWO)],
        )
        .refused();
    assert_eq!(message, "No updates are to be performed.");
    // The replaced topic's name is free again.
    let other = r#"{"Resources": {"T": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "named"}}}}"#;
    assert_eq!(client.create("two", other), "CREATE_COMPLETE");
}

#[test]
fn a_paused_stack_can_be_retried_or_rolled_back() {
    let faults = Faults::default().fail("B", Step::Create, "no");
    let endpoint = Endpoint::with_faults(faults);
    let client = endpoint.client;
    client
        .call(
            "CreateStack",
            &[
                ("StackName", "one"),
                ("TemplateBody", TWO),
                ("DisableRollback", "true"),
            ],
        )
        .good();
    assert_eq!(client.wait("one"), "CREATE_FAILED");
    let only =
        r#"{"Resources": {"A": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": "1"}}}}"#;
    assert_eq!(client.update("one", only), "UPDATE_COMPLETE");
    client
        .call(
            "CreateStack",
            &[
                ("StackName", "two"),
                ("TemplateBody", TWO),
                ("OnFailure", "DO_NOTHING"),
            ],
        )
        .good();
    assert_eq!(client.wait("two"), "CREATE_FAILED");
    client.call("RollbackStack", &[("StackName", "two")]).good();
    assert_eq!(client.wait("two"), "ROLLBACK_COMPLETE");
}

#[test]
fn a_failed_creation_can_delete_the_stack() {
    let faults = Faults::default().fail("B", Step::Create, "no");
    let endpoint = Endpoint::with_faults(faults);
    let client = endpoint.client;
    let arn = client
        .call(
            "CreateStack",
            &[
                ("StackName", "one"),
                ("TemplateBody", TWO),
                ("OnFailure", "DELETE"),
            ],
        )
        .good()
        .text("StackId")
        .unwrap();
    assert_eq!(client.wait(&arn), "DELETE_COMPLETE");
}

#[test]
fn a_failed_rollback_can_be_continued() {
    let faults =
        Faults::default()
            .fail("B", Step::Update, "no")
            .fail("A", Step::Restore, "cannot go back");
    let endpoint = Endpoint::with_faults(faults);
    let client = endpoint.client;
    client.create("one", TWO);
    let changed = TWO
        .replace(r#""DisplayName": "1""#, r#""DisplayName": "2""#)
        .replace(r#""DelaySeconds": 1"#, r#""DelaySeconds": 2"#);
    assert_eq!(client.update("one", &changed), "UPDATE_ROLLBACK_FAILED");
    let (_, message) = client
        .call(
            "ContinueUpdateRollback",
            &[("StackName", "one"), ("ResourcesToSkip.member.1", "B")],
        )
        .refused();
    assert!(message.contains("[B]"), "{message}");
    client
        .call(
            "ContinueUpdateRollback",
            &[("StackName", "one"), ("ResourcesToSkip.member.1", "A")],
        )
        .good();
    assert_eq!(client.wait("one"), "UPDATE_ROLLBACK_COMPLETE");
}

#[test]
fn a_rollback_can_be_forced_past_what_cannot_be_undone() {
    let faults =
        Faults::default()
            .fail("B", Step::Update, "no")
            .fail("A", Step::Restore, "cannot go back");
    let endpoint = Endpoint::with_faults(faults);
    let client = endpoint.client;
    client.create("one", TWO);
    let changed = TWO
        .replace(r#""DisplayName": "1""#, r#""DisplayName": "2""#)
        .replace(r#""DelaySeconds": 1"#, r#""DelaySeconds": 2"#);
    assert_eq!(client.update("one", &changed), "UPDATE_ROLLBACK_FAILED");
    let forced = [("StackName", "one"), ("ForceRollback", "true")];
    let both = [forced[0], forced[1], ("ResourcesToSkip.member.1", "A")];
    let (_, message) = client.call("ContinueUpdateRollback", &both).refused();
    assert!(message.contains("not both"), "{message}");
    client.call("ContinueUpdateRollback", &forced).good();
    assert_eq!(client.wait("one"), "UPDATE_ROLLBACK_COMPLETE");
}

#[test]
fn a_resource_that_cannot_be_deleted_may_be_left_behind() {
    let faults = Faults::default().fail("A", Step::Delete, "still needed");
    let endpoint = Endpoint::with_faults(faults);
    let client = endpoint.client;
    let arn = client
        .call(
            "CreateStack",
            &[("StackName", "one"), ("TemplateBody", TWO)],
        )
        .good()
        .text("StackId")
        .unwrap();
    client.wait("one");
    client.call("DeleteStack", &[("StackName", "one")]).good();
    assert_eq!(client.wait(&arn), "DELETE_FAILED");
    assert_eq!(
        reason(client, &arn, "DELETE_FAILED"),
        "The following resource(s) failed to delete: [A]. "
    );
    client
        .call(
            "DeleteStack",
            &[("StackName", "one"), ("RetainResources.member.1", "A")],
        )
        .good();
    assert_eq!(client.wait(&arn), "DELETE_COMPLETE");
}

#[test]
fn retained_resources_stay_and_keep_their_names() {
    let endpoint = Endpoint::start();
    let client = endpoint.client;
    let template = r#"{"Resources": {"K": {"Type": "AWS::S3::Bucket", "DeletionPolicy": "Retain", "Properties": {"BucketName": "kept-1"}}}}"#;
    client.create("one", template);
    client.call("DeleteStack", &[("StackName", "one")]).good();
    let started = std::time::Instant::now();
    while client
        .call("DescribeStacks", &[("StackName", "one")])
        .status
        == 200
    {
        assert!(started.elapsed() < Duration::from_secs(10));
    }
    assert_eq!(client.create("two", template), "ROLLBACK_COMPLETE");
    let reason = reason(client, "two", "CREATE_FAILED");
    assert!(
        reason.contains("kept-1") && reason.contains("AlreadyExists"),
        "{reason}"
    );
    // It can be taken into a stack again.
    let fields = [
        ("StackName", "three"),
        ("ChangeSetName", "take"),
        ("ChangeSetType", "IMPORT"),
        ("TemplateBody", template),
        ("ResourcesToImport.member.1.ResourceType", "AWS::S3::Bucket"),
        ("ResourcesToImport.member.1.LogicalResourceId", "K"),
        (
            "ResourcesToImport.member.1.ResourceIdentifier.entry.1.key",
            "BucketName",
        ),
        (
            "ResourcesToImport.member.1.ResourceIdentifier.entry.1.value",
            "kept-1",
        ),
    ];
    client.call("CreateChangeSet", &fields).good();
    client
        .call(
            "ExecuteChangeSet",
            &[("StackName", "three"), ("ChangeSetName", "take")],
        )
        .good();
    assert_eq!(client.wait("three"), "IMPORT_COMPLETE");
    assert_eq!(client.physical("three", "K"), "kept-1");
}

#[test]
fn an_update_can_be_cancelled() {
    let faults = Faults::default().delay("B", Duration::from_millis(400));
    let endpoint = Endpoint::with_faults(faults);
    let client = endpoint.client;
    client.create("one", TWO);
    let changed = TWO.replace(r#""DelaySeconds": 1"#, r#""DelaySeconds": 2"#);
    client
        .call(
            "UpdateStack",
            &[("StackName", "one"), ("TemplateBody", &changed)],
        )
        .good();
    let (_, message) = client
        .call(
            "UpdateStack",
            &[("StackName", "one"), ("TemplateBody", TWO)],
        )
        .refused();
    assert!(
        message.contains("is in UPDATE_IN_PROGRESS state and can not be updated."),
        "{message}"
    );
    client
        .call("CancelUpdateStack", &[("StackName", "one")])
        .good();
    assert_eq!(client.wait("one"), "UPDATE_ROLLBACK_COMPLETE");
}

#[test]
fn a_bucket_with_objects_cannot_be_deleted() {
    let endpoint = Endpoint::start();
    let client = endpoint.client;
    let template = r#"{"Resources": {"F": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "full"}}}}"#;
    client.create("one", template);
    client.send("PUT", "/full/k", &[], b"x").unwrap().good();
    client.call("DeleteStack", &[("StackName", "one")]).good();
    assert_eq!(client.wait("one"), "DELETE_FAILED");
    assert_eq!(
        client.send("DELETE", "/full/k", &[], b"").unwrap().status,
        204
    );
    client.call("DeleteStack", &[("StackName", "one")]).good();
}

#[test]
fn a_named_resource_cannot_be_replaced_under_its_name() {
    let endpoint = Endpoint::start();
    let client = endpoint.client;
    let template = r#"{"Resources": {"T": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "t.fifo", "FifoTopic": true}}}}"#;
    client.create("one", template);
    let changed = template.replace("true", "false");
    assert_eq!(client.update("one", &changed), "UPDATE_ROLLBACK_COMPLETE");
    let reason = reason(client, "one", "UPDATE_FAILED");
    assert!(
        reason.starts_with(
            "CloudFormation cannot update a stack when a custom-named resource requires replacing."
        ),
        "{reason}"
    );
}

#[test]
fn a_protected_stack_is_not_deleted() {
    let endpoint = Endpoint::start();
    let client = endpoint.client;
    client.create("one", TWO);
    client
        .call(
            "UpdateTerminationProtection",
            &[
                ("StackName", "one"),
                ("EnableTerminationProtection", "true"),
            ],
        )
        .good();
    let (_, message) = client
        .call("DeleteStack", &[("StackName", "one")])
        .refused();
    assert_eq!(
        message,
        "Stack [one] cannot be deleted while TerminationProtection is enabled"
    );
}

#[test]
fn a_stack_policy_guards_resources() {
    let endpoint = Endpoint::start();
    let client = endpoint.client;
    client.create("one", TWO);
    let policy = r#"{"Statement": [{"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*"},
        {"Effect": "Deny", "Action": ["Update:Replace", "Update:Delete"], "Principal": "*", "Resource": "LogicalResourceId/A"}]}"#;
    client
        .call(
            "SetStackPolicy",
            &[("StackName", "one"), ("StackPolicyBody", policy)],
        )
        .good();
    let replaced = TWO.replace(r#""DisplayName": "1""#, r#""TopicName": "named""#);
    assert_eq!(client.update("one", &replaced), "UPDATE_ROLLBACK_COMPLETE");
    assert!(reason(client, "one", "UPDATE_FAILED").starts_with("Action denied by stack policy"));
    let without =
        r#"{"Resources": {"B": {"Type": "AWS::SQS::Queue", "Properties": {"DelaySeconds": 1}}}}"#;
    assert_eq!(client.update("one", without), "UPDATE_ROLLBACK_COMPLETE");
    let changed = TWO.replace(r#""DisplayName": "1""#, r#""DisplayName": "2""#);
    assert_eq!(client.update("one", &changed), "UPDATE_COMPLETE");
    let allowed = r#"{"Statement": {"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*"}}"#;
    client
        .call(
            "UpdateStack",
            &[
                ("StackName", "one"),
                ("TemplateBody", without),
                ("StackPolicyDuringUpdateBody", allowed),
            ],
        )
        .good();
    assert_eq!(client.wait("one"), "UPDATE_COMPLETE");
}
