//! What fails within nested stacks, and the ways back.

use std::time::Duration;

use local::{Faults, Step};

use super::{CHILD, PARENT, name_of, place, reason};
use crate::client::{Client, Endpoint};

fn delayed(client: Client, delay: &str) -> String {
    let fields = [
        ("StackName", "top"),
        ("UsePreviousTemplate", "true"),
        ("Parameters.member.1.ParameterKey", "Delay"),
        ("Parameters.member.1.ParameterValue", delay),
    ];
    client.call("UpdateStack", &fields).good();
    client.wait("top")
}

/// An endpoint on the same state with other faults.
fn again(endpoint: Endpoint, faults: Faults) -> Endpoint {
    Endpoint::on(endpoint.stop(), faults)
}

#[test]
fn what_fails_within_fails_the_creation_above_and_goes_with_it() {
    let endpoint = Endpoint::with_faults(Faults::default().fail("Queue", Step::Create, "no queue"));
    let client = endpoint.client;
    place(client, "child.json", CHILD);
    assert_eq!(client.create("top", PARENT), "ROLLBACK_COMPLETE");
    let all = client.call("ListStacks", &[]).good().all("StackId");
    let child = all.iter().find(|arn| arn.contains("/top-Child-")).unwrap();
    assert_eq!(
        reason(client, "top", "Child", "CREATE_FAILED"),
        format!(
            "Embedded stack {child} was not successfully created: The following resource(s) failed to create: [Queue]. "
        )
    );
    assert_eq!(
        reason(client, "top", "top", "ROLLBACK_IN_PROGRESS"),
        "The following resource(s) failed to create: [Child]. Rollback requested by user."
    );
    assert_eq!(client.status(child), "DELETE_COMPLETE");
    let story = client.story(child);
    let name = name_of(child);
    assert!(
        story.contains(&format!("{name} CREATE_FAILED")),
        "{story:?}"
    );
    assert!(
        story.contains(&"First DELETE_COMPLETE".to_owned()),
        "{story:?}"
    );
}

#[test]
fn a_template_that_is_not_there_fails_the_resource() {
    let endpoint = Endpoint::start();
    let client = endpoint.client;
    assert_eq!(client.create("top", PARENT), "ROLLBACK_COMPLETE");
    let reason = reason(client, "top", "Child", "CREATE_FAILED");
    assert!(reason.starts_with("S3 error: "), "{reason}");
}

#[test]
fn what_fails_within_an_update_leads_all_back() {
    let endpoint = Endpoint::start();
    place(endpoint.client, "child.json", CHILD);
    assert_eq!(endpoint.client.create("top", PARENT), "CREATE_COMPLETE");
    let endpoint = again(
        endpoint,
        Faults::default().fail("Queue", Step::Update, "no change"),
    );
    let client = endpoint.client;
    let child = client.physical("top", "Child");
    assert_eq!(delayed(client, "5"), "UPDATE_ROLLBACK_COMPLETE");
    assert_eq!(
        reason(client, "top", "Child", "UPDATE_FAILED"),
        format!(
            "Embedded stack {child} was not successfully updated. Currently in UPDATE_ROLLBACK_IN_PROGRESS with reason: The following resource(s) failed to update: [Queue]. "
        )
    );
    assert_eq!(client.status(&child), "UPDATE_ROLLBACK_COMPLETE");
    assert!(
        client
            .call("DescribeStacks", &[("StackName", &child)])
            .body
            .contains("<ParameterValue>1</ParameterValue>"),
    );
}

#[test]
fn what_was_done_within_is_undone_when_something_above_fails() {
    let endpoint = Endpoint::start();
    place(endpoint.client, "child.json", CHILD);
    assert_eq!(endpoint.client.create("top", PARENT), "CREATE_COMPLETE");
    let endpoint = again(
        endpoint,
        Faults::default().fail("After", Step::Update, "no more"),
    );
    let client = endpoint.client;
    let child = client.physical("top", "Child");
    let name = name_of(&child);
    let before = client.events(&child).len();
    place(
        client,
        "child.json",
        &CHILD.replace(r#"["Queue", "QueueName"]"#, r#"["First", "TopicName"]"#),
    );
    assert_eq!(delayed(client, "5"), "UPDATE_ROLLBACK_COMPLETE");
    assert_eq!(
        client.story(&child)[before..],
        [
            format!("{name} UPDATE_IN_PROGRESS"),
            "Queue UPDATE_IN_PROGRESS".to_owned(),
            "Queue UPDATE_COMPLETE".to_owned(),
            format!("{name} UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"),
            format!("{name} UPDATE_ROLLBACK_IN_PROGRESS"),
            "Queue UPDATE_IN_PROGRESS".to_owned(),
            "Queue UPDATE_COMPLETE".to_owned(),
            format!("{name} UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS"),
            format!("{name} UPDATE_ROLLBACK_COMPLETE"),
        ]
    );
}

#[test]
fn a_rollback_that_fails_within_is_continued_from_above() {
    let endpoint = Endpoint::start();
    place(endpoint.client, "child.json", CHILD);
    assert_eq!(endpoint.client.create("top", PARENT), "CREATE_COMPLETE");
    let faults = Faults::default()
        .fail("After", Step::Update, "no more")
        .fail("Queue", Step::Restore, "no way back");
    let endpoint = again(endpoint, faults);
    let client = endpoint.client;
    place(
        client,
        "child.json",
        &CHILD.replace(r#"["Queue", "QueueName"]"#, r#"["First", "TopicName"]"#),
    );
    assert_eq!(delayed(client, "5"), "UPDATE_ROLLBACK_FAILED");
    let child = client.physical("top", "Child");
    assert_eq!(client.status(&child), "UPDATE_ROLLBACK_FAILED");
    assert_eq!(
        reason(client, "top", "Child", "UPDATE_FAILED"),
        format!(
            "Embedded stack {child} was not successfully updated. Currently in UPDATE_ROLLBACK_FAILED with reason: The following resource(s) failed to update: [Queue]. "
        )
    );
    // The nested stack is named by its own name, not by its logical id.
    let skip = |what: &str| {
        let fields = [("StackName", "top"), ("ResourcesToSkip.member.1", what)];
        client.call("ContinueUpdateRollback", &fields)
    };
    let (_, message) = skip("Child.Queue").refused();
    assert_eq!(message, "Stack [Child] does not exist");
    skip("Child").refused();
    skip(&format!("{}.First", name_of(&child))).refused();
    let (_, message) = client
        .call("ContinueUpdateRollback", &[("StackName", &child)])
        .refused();
    assert_eq!(
        message,
        "RollbackUpdatedStack cannot be invoked on child stacks"
    );
    // Nothing has changed, so it fails again; what is skipped cannot.
    client
        .call("ContinueUpdateRollback", &[("StackName", "top")])
        .good();
    assert_eq!(client.wait("top"), "UPDATE_ROLLBACK_FAILED");
    skip(&format!("{}.Queue", name_of(&child))).good();
    assert_eq!(client.wait("top"), "UPDATE_ROLLBACK_COMPLETE");
    assert_eq!(client.status(&child), "UPDATE_ROLLBACK_COMPLETE");
}

#[test]
fn a_forced_rollback_reaches_what_is_nested() {
    let endpoint = Endpoint::start();
    place(endpoint.client, "child.json", CHILD);
    assert_eq!(endpoint.client.create("top", PARENT), "CREATE_COMPLETE");
    let faults = Faults::default()
        .fail("Queue", Step::Update, "no change")
        .fail("First", Step::Restore, "no way back");
    let endpoint = again(endpoint, faults);
    let client = endpoint.client;
    place(
        client,
        "child.json",
        &CHILD.replace(
            r#"{"Type": "AWS::SNS::Topic"}"#,
            r#"{"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": "x"}}"#,
        ),
    );
    assert_eq!(delayed(client, "5"), "UPDATE_ROLLBACK_FAILED");
    let fields = [("StackName", "top"), ("ForceRollback", "true")];
    client.call("ContinueUpdateRollback", &fields).good();
    assert_eq!(client.wait("top"), "UPDATE_ROLLBACK_COMPLETE");
}

#[test]
fn what_cannot_be_deleted_within_is_told_above() {
    let endpoint = Endpoint::with_faults(Faults::default().fail("First", Step::Delete, "it stays"));
    let client = endpoint.client;
    place(client, "child.json", CHILD);
    assert_eq!(client.create("top", PARENT), "CREATE_COMPLETE");
    let child = client.physical("top", "Child");
    client.call("DeleteStack", &[("StackName", "top")]).good();
    assert_eq!(client.wait("top"), "DELETE_FAILED");
    assert_eq!(
        reason(client, "top", "Child", "DELETE_FAILED"),
        format!(
            "Embedded stack {child} was not successfully deleted: The following resource(s) failed to delete: [First]. "
        )
    );
    // What it is left without stays where it is.
    let fields = [("StackName", "top"), ("RetainResources.member.1", "Child")];
    let id = client
        .call("DescribeStacks", &[("StackName", "top")])
        .good()
        .text("StackId")
        .unwrap();
    client.call("DeleteStack", &fields).good();
    assert_eq!(client.wait(&id), "DELETE_COMPLETE");
    assert_eq!(client.status(&child), "DELETE_FAILED");
}

#[test]
fn a_paused_operation_is_taken_up_again_or_rolled_back() {
    for goes_on in [true, false] {
        let faults = Faults::default().fail("Queue", Step::Create, "no queue");
        let endpoint = Endpoint::with_faults(faults);
        let client = endpoint.client;
        place(client, "child.json", CHILD);
        let fields = [
            ("StackName", "top"),
            ("TemplateBody", PARENT),
            ("DisableRollback", "true"),
        ];
        client.call("CreateStack", &fields).good();
        assert_eq!(client.wait("top"), "CREATE_FAILED");
        let child = client.physical("top", "Child");
        assert_eq!(client.status(&child), "CREATE_FAILED");
        let endpoint = again(endpoint, Faults::default());
        let client = endpoint.client;
        if goes_on {
            assert_eq!(client.update("top", PARENT), "UPDATE_COMPLETE");
            assert_eq!(client.status(&child), "UPDATE_COMPLETE");
        } else {
            client.call("RollbackStack", &[("StackName", "top")]).good();
            assert_eq!(client.wait("top"), "ROLLBACK_COMPLETE");
            assert_eq!(client.status(&child), "DELETE_COMPLETE");
        }
    }
}

#[test]
fn a_cancelled_update_is_cancelled_within() {
    let endpoint = Endpoint::start();
    place(endpoint.client, "child.json", CHILD);
    assert_eq!(endpoint.client.create("top", PARENT), "CREATE_COMPLETE");
    let slow = Faults::default().delay("Queue", Duration::from_millis(400));
    let endpoint = again(endpoint, slow);
    let client = endpoint.client;
    let fields = [
        ("StackName", "top"),
        ("UsePreviousTemplate", "true"),
        ("Parameters.member.1.ParameterKey", "Delay"),
        ("Parameters.member.1.ParameterValue", "5"),
    ];
    client.call("UpdateStack", &fields).good();
    let child = client.physical("top", "Child");
    while client.status(&child) != "UPDATE_IN_PROGRESS" {
        std::thread::yield_now();
    }
    client
        .call("CancelUpdateStack", &[("StackName", "top")])
        .good();
    assert_eq!(client.wait("top"), "UPDATE_ROLLBACK_COMPLETE");
    assert_eq!(client.status(&child), "UPDATE_ROLLBACK_COMPLETE");
}

#[test]
fn an_operation_within_survives_a_restart() {
    let slow = Faults::default().delay("Queue", Duration::from_millis(150));
    let endpoint = Endpoint::with_faults(slow.clone());
    let client = endpoint.client;
    place(client, "child.json", CHILD);
    client
        .call(
            "CreateStack",
            &[("StackName", "top"), ("TemplateBody", PARENT)],
        )
        .good();
    while !client
        .story("top")
        .contains(&"Child CREATE_IN_PROGRESS".to_owned())
    {
        std::thread::yield_now();
    }
    let mut endpoint = again(endpoint, slow.clone());
    assert_eq!(endpoint.client.wait("top"), "CREATE_COMPLETE");
    // Stopped again and again through an update: each time it goes on where it was.
    let fields = [
        ("StackName", "top"),
        ("UsePreviousTemplate", "true"),
        ("Parameters.member.1.ParameterKey", "Delay"),
        ("Parameters.member.1.ParameterValue", "5"),
    ];
    endpoint.client.call("UpdateStack", &fields).good();
    for _ in 0..10 {
        endpoint = again(endpoint, slow.clone());
        std::thread::sleep(Duration::from_millis(20));
    }
    let client = endpoint.client;
    assert_eq!(client.wait("top"), "UPDATE_COMPLETE");
    let child = client.physical("top", "Child");
    assert_eq!(client.status(&child), "UPDATE_COMPLETE");
    let made = client.call("ListStacks", &[]).good();
    assert_eq!(made.all("StackName").len(), 2);
}
