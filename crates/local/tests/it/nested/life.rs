//! What nested stacks are while all goes well: made, changed and deleted with the stack above.

use super::{CHILD, PARENT, describe, name_of, place};
use crate::client::Endpoint;

#[test]
fn a_nested_stack_is_a_stack_of_its_own() {
    let endpoint = Endpoint::start();
    let client = endpoint.client;
    place(client, "child.json", CHILD);
    let fields = [
        ("StackName", "top"),
        ("TemplateBody", PARENT),
        ("Tags.member.1.Key", "team"),
        ("Tags.member.1.Value", "blue"),
        ("Capabilities.member.1", "CAPABILITY_NAMED_IAM"),
        ("RoleARN", "arn:aws:iam::000000000000:role/deploy"),
    ];
    client.call("CreateStack", &fields).good();
    assert_eq!(client.wait("top"), "CREATE_COMPLETE");
    let arn = client.physical("top", "Child");
    let name = name_of(&arn);
    assert!(name.starts_with("top-Child-"), "{name}");
    assert_eq!(client.output("top", "Child"), arn);
    assert_eq!(client.output("top", "Queue"), client.output(&name, "Queue"));
    let child = describe(client, &arn);
    let top = describe(client, "top").text("StackId");
    assert_eq!(child.text("ParentId"), top);
    assert_eq!(child.text("RootId"), top);
    assert_eq!(child.all("Key"), ["team", "level"]);
    assert_eq!(child.text("ParameterValue").as_deref(), Some("1"));
    assert_eq!(
        child.text("RoleARN").as_deref(),
        Some("arn:aws:iam::000000000000:role/deploy")
    );
    assert_eq!(
        client.story("top"),
        [
            "top CREATE_IN_PROGRESS",
            "Before CREATE_IN_PROGRESS",
            "Before CREATE_IN_PROGRESS",
            "Before CREATE_COMPLETE",
            "Child CREATE_IN_PROGRESS",
            "Child CREATE_IN_PROGRESS",
            "Child CREATE_COMPLETE",
            "After CREATE_IN_PROGRESS",
            "After CREATE_IN_PROGRESS",
            "After CREATE_COMPLETE",
            "top CREATE_COMPLETE",
        ]
    );
    assert_eq!(
        client.story(&name)[..2],
        [
            format!("{name} CREATE_IN_PROGRESS"),
            "First CREATE_IN_PROGRESS".to_owned()
        ]
    );
    let all = client.call("DescribeStacks", &[]).good();
    assert_eq!(all.all("StackName").len(), 2);
    let listed = client.call("ListStacks", &[]).good();
    assert_eq!(listed.all("ParentId").len(), 1);
}

#[test]
fn an_update_reaches_what_is_nested_and_stays_away_where_nothing_changes() {
    let endpoint = Endpoint::start();
    let client = endpoint.client;
    place(client, "child.json", CHILD);
    assert_eq!(client.create("top", PARENT), "CREATE_COMPLETE");
    let child = name_of(&client.physical("top", "Child"));
    let before = client.events(&child).len();
    // Nothing changes, which is found out by looking.
    assert_eq!(client.update("top", PARENT), "UPDATE_COMPLETE");
    assert_eq!(client.events(&child).len(), before);
    let fields = [
        ("StackName", "top"),
        ("UsePreviousTemplate", "true"),
        ("Parameters.member.1.ParameterKey", "Delay"),
        ("Parameters.member.1.ParameterValue", "7"),
    ];
    client.call("UpdateStack", &fields).good();
    assert_eq!(client.wait("top"), "UPDATE_COMPLETE");
    assert_eq!(
        describe(client, &child).text("ParameterValue").as_deref(),
        Some("7")
    );
    assert_eq!(
        client.story(&child)[before..],
        [
            format!("{child} UPDATE_IN_PROGRESS"),
            "Queue UPDATE_IN_PROGRESS".to_owned(),
            "Queue UPDATE_COMPLETE".to_owned(),
            format!("{child} UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"),
            format!("{child} UPDATE_COMPLETE"),
        ]
    );
    // Another template under the same address; what it tells reaches the stack above.
    let other = CHILD.replace(r#"["Queue", "QueueName"]"#, r#"["First", "TopicName"]"#);
    place(client, "child.json", &other);
    let queue = client.output("top", "Queue");
    assert_eq!(client.update("top", PARENT), "UPDATE_COMPLETE");
    assert_ne!(client.output("top", "Queue"), queue);
    let story = client.story("top");
    let after = story.iter().rposition(|one| one == "After UPDATE_COMPLETE");
    let settled = story.iter().rposition(|one| one == "Child UPDATE_COMPLETE");
    assert!(after.unwrap() < settled.unwrap(), "{story:?}");
}

#[test]
fn what_is_nested_twice_goes_the_whole_way() {
    let endpoint = Endpoint::start();
    let client = endpoint.client;
    place(client, "child.json", CHILD);
    place(client, "middle.json", PARENT);
    let top = r#"{"Resources": {"Middle": {"Type": "AWS::CloudFormation::Stack", "Properties": {
        "TemplateURL": "https://s3.amazonaws.com/templates/middle.json"}}}}"#;
    assert_eq!(client.create("top", top), "CREATE_COMPLETE");
    let middle = name_of(&client.physical("top", "Middle"));
    let child = client.physical(&middle, "Child");
    let seen = describe(client, &child);
    let id = |stack: &str| describe(client, stack).text("StackId");
    assert_eq!(seen.text("ParentId"), id(&middle));
    assert_eq!(seen.text("RootId"), id("top"));
    place(
        client,
        "child.json",
        &CHILD.replace("\"First\"", "\"Other\""),
    );
    assert_eq!(client.update("top", top), "UPDATE_COMPLETE");
    assert_eq!(client.status(&child), "UPDATE_COMPLETE");
    client.physical(&child, "Other");
    client.call("DeleteStack", &[("StackName", "top")]).good();
    let id = id("top").unwrap();
    assert_eq!(client.wait(&id), "DELETE_COMPLETE");
    assert_eq!(client.status(&child), "DELETE_COMPLETE");
    assert_eq!(
        client
            .call("DescribeStacks", &[])
            .good()
            .all("StackName")
            .len(),
        0
    );
}

#[test]
fn a_removed_nested_stack_is_deleted_and_a_retained_one_stays() {
    let endpoint = Endpoint::start();
    let client = endpoint.client;
    place(client, "child.json", CHILD);
    let nested = |name: &str, policy: &str| {
        format!(
            r#""{name}": {{"Type": "AWS::CloudFormation::Stack", "DeletionPolicy": "{policy}", "Properties": {{
            "TemplateURL": "https://s3.amazonaws.com/templates/child.json", "Parameters": {{"Delay": "2"}}}}}}"#
        )
    };
    let all = format!(
        r#"{{"Resources": {{"T": {{"Type": "AWS::SNS::Topic"}}, {}, {}}}}}"#,
        nested("Goes", "Delete"),
        nested("Stays", "Retain")
    );
    assert_eq!(client.create("top", &all), "CREATE_COMPLETE");
    let (goes, stays) = (
        client.physical("top", "Goes"),
        client.physical("top", "Stays"),
    );
    let one = r#"{"Resources": {"T": {"Type": "AWS::SNS::Topic"}}}"#;
    assert_eq!(client.update("top", one), "UPDATE_COMPLETE");
    assert_eq!(client.status(&goes), "DELETE_COMPLETE");
    assert_eq!(client.status(&stays), "CREATE_COMPLETE");
    assert!(
        client
            .story("top")
            .contains(&"Stays DELETE_SKIPPED".to_owned())
    );
}

#[test]
fn a_nested_stack_can_be_deleted_and_updated_by_itself_but_not_led_back() {
    let endpoint = Endpoint::start();
    let client = endpoint.client;
    place(client, "child.json", CHILD);
    assert_eq!(client.create("top", PARENT), "CREATE_COMPLETE");
    let child = client.physical("top", "Child");
    for (action, fields) in [
        (
            "ContinueUpdateRollback",
            &[("StackName", child.as_str())][..],
        ),
        ("CancelUpdateStack", &[("StackName", child.as_str())]),
        ("RollbackStack", &[("StackName", child.as_str())]),
        (
            "UpdateTerminationProtection",
            &[
                ("StackName", child.as_str()),
                ("EnableTerminationProtection", "true"),
            ],
        ),
    ] {
        let (code, message) = client.call(action, fields).refused();
        assert_eq!(code, "ValidationError", "{action}: {message}");
        assert!(
            message.contains("child stack") || message.contains("nested stack"),
            "{message}"
        );
    }
    let fields = [
        ("StackName", child.as_str()),
        ("UsePreviousTemplate", "true"),
        ("Parameters.member.1.ParameterKey", "Delay"),
        ("Parameters.member.1.ParameterValue", "9"),
    ];
    client.call("UpdateStack", &fields).good();
    assert_eq!(client.wait(&child), "UPDATE_COMPLETE");
    // The next update of the stack above brings it back.
    assert_eq!(client.update("top", PARENT), "UPDATE_COMPLETE");
    assert_eq!(
        describe(client, &child).text("ParameterValue").as_deref(),
        Some("1")
    );
    client
        .call("DeleteStack", &[("StackName", child.as_str())])
        .good();
    assert_eq!(client.wait(&child), "DELETE_COMPLETE");
    client.call("DeleteStack", &[("StackName", "top")]).good();
    assert!(
        client
            .call("DescribeStacks", &[("StackName", "top")])
            .body
            .contains("DELETE")
            || {
                client
                    .call("DescribeStacks", &[("StackName", "top")])
                    .refused()
                    .1
                    .contains("does not exist")
            }
    );
}
