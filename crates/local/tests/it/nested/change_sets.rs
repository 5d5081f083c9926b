//! Change sets of nested stacks.

use local::{Faults, Hook, HookMode, Step};

use super::{CHILD, PARENT, describe, name_of, place};
use crate::client::{Answer, Client, Endpoint};

fn create(client: Client, name: &str, kind: &str, template: &str) -> Answer {
    let fields = [
        ("StackName", "top"),
        ("ChangeSetName", name),
        ("ChangeSetType", kind),
        ("TemplateBody", template),
        ("IncludeNestedStacks", "true"),
    ];
    client.call("CreateChangeSet", &fields).good();
    client
        .call(
            "DescribeChangeSet",
            &[("StackName", "top"), ("ChangeSetName", name)],
        )
        .good()
}

fn nested(client: Client, root: &Answer) -> Answer {
    // The first is that of the root itself.
    let arn = &root.all("ChangeSetId")[1];
    client
        .call("DescribeChangeSet", &[("ChangeSetName", arn)])
        .good()
}

fn count(client: Client) -> usize {
    client
        .call("DescribeStacks", &[])
        .good()
        .all("StackName")
        .len()
}

#[test]
fn a_stack_is_made_with_what_is_nested_in_it_by_one_change_set() {
    let endpoint = Endpoint::start();
    let client = endpoint.client;
    place(client, "child.json", CHILD);
    let root = create(client, "c1", "CREATE", PARENT);
    assert_eq!(root.text("Status").as_deref(), Some("CREATE_COMPLETE"));
    assert_eq!(root.text("IncludeNestedStacks").as_deref(), Some("true"));
    assert_eq!(root.text("ParentChangeSetId"), None);
    let child = nested(client, &root);
    assert_eq!(child.text("Status").as_deref(), Some("CREATE_COMPLETE"));
    assert_eq!(
        child.text("StatusReason").as_deref(),
        Some("Executable from root change set")
    );
    assert_eq!(
        child.text("ExecutionStatus").as_deref(),
        Some("UNAVAILABLE")
    );
    assert_eq!(child.text("ParentChangeSetId"), root.text("ChangeSetId"));
    assert_eq!(child.text("RootChangeSetId"), root.text("ChangeSetId"));
    assert_eq!(child.all("LogicalResourceId"), ["First", "Queue"]);
    let shell = child.text("StackId").unwrap();
    assert_eq!(client.status(&shell), "REVIEW_IN_PROGRESS");
    let arn = child.text("ChangeSetId").unwrap();
    for action in ["ExecuteChangeSet", "DeleteChangeSet"] {
        let (code, _) = client.call(action, &[("ChangeSetName", &arn)]).refused();
        assert_eq!(code, "InvalidChangeSetStatus", "{action}");
    }
    // What is executed is what was shown, whatever became of the template since.
    place(client, "child.json", "{}");
    client
        .call(
            "ExecuteChangeSet",
            &[("StackName", "top"), ("ChangeSetName", "c1")],
        )
        .good();
    assert_eq!(client.wait("top"), "CREATE_COMPLETE");
    assert_eq!(client.physical("top", "Child"), shell);
    assert_eq!(client.status(&shell), "CREATE_COMPLETE");
    let left = client
        .call("ListChangeSets", &[("StackName", &shell)])
        .good();
    assert_eq!(left.all("ChangeSetId").len(), 0);
}

#[test]
fn deleting_a_change_set_takes_what_was_made_for_it() {
    let endpoint = Endpoint::start();
    let client = endpoint.client;
    place(client, "child.json", CHILD);
    place(client, "middle.json", PARENT);
    let top = r#"{"Resources": {"Middle": {"Type": "AWS::CloudFormation::Stack", "Properties": {
        "TemplateURL": "https://s3.amazonaws.com/templates/middle.json"}}}}"#;
    let root = create(client, "c1", "CREATE", top);
    let child = nested(client, &nested(client, &root));
    assert_ne!(child.text("ParentChangeSetId"), root.text("ChangeSetId"));
    assert_eq!(child.text("RootChangeSetId"), root.text("ChangeSetId"));
    assert_eq!(count(client), 3);
    let fields = [("StackName", "top"), ("ChangeSetName", "c1")];
    client.call("DeleteChangeSet", &fields).good();
    assert_eq!(count(client), 1, "the stack above stays as it is");
    let arn = child.text("ChangeSetId").unwrap();
    let (code, _) = client
        .call("DescribeChangeSet", &[("ChangeSetName", &arn)])
        .refused();
    assert_eq!(code, "ChangeSetNotFound");
    create(client, "c2", "CREATE", top);
    client.call("DeleteStack", &[("StackName", "top")]).good();
    assert_eq!(count(client), 0);
}

#[test]
fn what_changes_within_is_in_the_change_set_of_its_own_stack() {
    let endpoint = Endpoint::start();
    let client = endpoint.client;
    place(client, "child.json", CHILD);
    assert_eq!(client.create("top", PARENT), "CREATE_COMPLETE");
    let nothing = create(client, "c1", "UPDATE", PARENT);
    assert_eq!(nothing.text("Status").as_deref(), Some("FAILED"));
    assert!(
        nothing
            .text("StatusReason")
            .unwrap()
            .starts_with("The submitted information didn't contain changes.")
    );
    // Only the content of the template is another.
    place(
        client,
        "child.json",
        &CHILD.replace(r#"["Queue", "QueueName"]"#, r#"["First", "TopicName"]"#),
    );
    let root = create(client, "c2", "UPDATE", PARENT);
    assert_eq!(root.text("Status").as_deref(), Some("CREATE_COMPLETE"));
    assert_eq!(root.all("LogicalResourceId"), ["Child", "After"]);
    assert_eq!(root.all("ChangeSource")[0], "Automatic");
    let child = nested(client, &root);
    assert_eq!(child.all("LogicalResourceId").len(), 0);
    let more = CHILD.replace(
        r#""First": {"#,
        r#""Second": {"Type": "AWS::SNS::Topic"}, "First": {"#,
    );
    place(client, "child.json", &more);
    let root = create(client, "c3", "UPDATE", PARENT);
    let child = nested(client, &root);
    assert_eq!(child.all("LogicalResourceId"), ["Second"]);
    client
        .call(
            "ExecuteChangeSet",
            &[("StackName", "top"), ("ChangeSetName", "c3")],
        )
        .good();
    assert_eq!(client.wait("top"), "UPDATE_COMPLETE");
    client.physical(&child.text("StackId").unwrap(), "Second");
    let left = client
        .call("ListChangeSets", &[("StackName", "top")])
        .good();
    assert_eq!(left.all("ChangeSetId").len(), 0);
}

#[test]
fn a_nested_change_set_that_fails_fails_the_one_above() {
    let hook = Hook {
        hook: "Acme::Costs::Hook".to_owned(),
        resource: "First".to_owned(),
        mode: HookMode::Fail,
        reason: "too dear".to_owned(),
    };
    let endpoint = Endpoint::with_faults(Faults::default().hook(hook));
    let client = endpoint.client;
    for (template, told) in [
        (CHILD, "[Acme::Costs::Hook]"),
        (
            r#"{"Resources": {"Q": {"Type": "AWS::SQS::Queue", "Properties": {"DelaySeconds": "x"}}}}"#,
            "Parameters: [Delay] do not exist in the template",
        ),
        (
            r#"{"Parameters": {"Delay": {"Type": "Number"}}, "Resources": {"U": {"Type": "AWS::Cognito::UserPool", "Properties": {"Policies": {"PasswordPolicy": {"MinimumLength": 1000}}}}}}"#,
            "[AWS::EarlyValidation::PropertyValidation]",
        ),
        (
            r#"{"Parameters": {"Delay": {"Type": "Number"}}, "Resources": {"R": {"Type": "AWS::Cognito::UserPool", "Properties": {"UserPoolName": {"Fn::ImportValue": "none"}}}}}"#,
            "No export named none found.",
        ),
    ] {
        place(client, "child.json", template);
        let root = create(client, "c1", "CREATE", PARENT);
        assert_eq!(root.text("Status").as_deref(), Some("FAILED"));
        assert_eq!(root.text("ExecutionStatus").as_deref(), Some("UNAVAILABLE"));
        let child = nested(client, &root);
        let arn = child.text("ChangeSetId").unwrap();
        assert_eq!(
            root.text("StatusReason").unwrap(),
            format!("Nested change set {arn} was not successfully created: Currently in FAILED.")
        );
        let reason = child.text("StatusReason").unwrap();
        assert!(reason.contains(told), "{reason}");
        client.call("DeleteStack", &[("StackName", "top")]).good();
        assert_eq!(count(client), 0);
    }
}

#[test]
fn a_failed_execution_leaves_no_empty_stacks_behind() {
    let endpoint = Endpoint::with_faults(Faults::default().fail("Before", Step::Create, "no"));
    let client = endpoint.client;
    place(client, "child.json", CHILD);
    create(client, "c1", "CREATE", PARENT);
    client
        .call(
            "ExecuteChangeSet",
            &[("StackName", "top"), ("ChangeSetName", "c1")],
        )
        .good();
    assert_eq!(client.wait("top"), "ROLLBACK_COMPLETE");
    // The nested stack was never begun.
    assert_eq!(count(client), 1);
}

#[test]
fn a_value_that_is_not_known_yet_may_be_a_parameter() {
    let endpoint = Endpoint::start();
    let client = endpoint.client;
    let child = r#"{"Parameters": {"Name": {"Type": "String", "AllowedPattern": "^top-.*"}},
        "Resources": {"T": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": {"Ref": "Name"}}}}}"#;
    place(client, "child.json", child);
    let parent = r#"{"Resources": {"Q": {"Type": "AWS::SQS::Queue"}, "Child": {"Type": "AWS::CloudFormation::Stack", "Properties": {
        "TemplateURL": "https://s3.amazonaws.com/templates/child.json", "Parameters": {"Name": {"Fn::GetAtt": ["Q", "QueueName"]}}}}}}"#;
    let root = create(client, "c1", "CREATE", parent);
    assert_eq!(
        root.text("Status").as_deref(),
        Some("CREATE_COMPLETE"),
        "{}",
        root.body
    );
    client
        .call(
            "ExecuteChangeSet",
            &[("StackName", "top"), ("ChangeSetName", "c1")],
        )
        .good();
    assert_eq!(client.wait("top"), "CREATE_COMPLETE");
    let value = describe(client, &name_of(&client.physical("top", "Child"))).text("ParameterValue");
    assert!(value.unwrap().starts_with("top-Q-"));
}
