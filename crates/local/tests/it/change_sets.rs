//! Change sets.

use crate::client::{Answer, Client, Endpoint};

const TEMPLATE: &str = r#"{"Parameters": {"Name": {"Type": "String", "Default": "files-1"}},
    "Resources": {
      "Files": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": {"Ref": "Name"}}},
      "Reader": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": {"Fn::Sub": "x ${Files.Arn}"}}},
      "Users": {"Type": "AWS::Cognito::UserPool", "Properties": {"Policies": {"PasswordPolicy": {"MinimumLength": 8}}}},
      "Kept": {"Type": "AWS::SNS::Topic", "DeletionPolicy": "Retain"}},
    "Outputs": {"Bucket": {"Value": {"Ref": "Files"}}}}"#;

fn change_set(client: Client, stack: &str, name: &str, kind: &str, template: &str) -> Answer {
    client
        .call(
            "CreateChangeSet",
            &[
                ("StackName", stack),
                ("ChangeSetName", name),
                ("ChangeSetType", kind),
                ("TemplateBody", template),
            ],
        )
        .good();
    describe(client, stack, name)
}

fn describe(client: Client, stack: &str, name: &str) -> Answer {
    client
        .call(
            "DescribeChangeSet",
            &[
                ("StackName", stack),
                ("ChangeSetName", name),
                ("IncludePropertyValues", "true"),
            ],
        )
        .good()
}

fn execute(client: Client, stack: &str, name: &str) -> String {
    client
        .call(
            "ExecuteChangeSet",
            &[
                ("StackName", stack),
                ("ChangeSetName", name),
                ("DisableRollback", "false"),
            ],
        )
        .good();
    client.wait(stack)
}

/// The change of one resource.
fn change(answer: &Answer, logical_id: &str) -> Answer {
    let body = answer
        .all("ResourceChange")
        .into_iter()
        .find(|change| change.contains(&format!("<LogicalResourceId>{logical_id}<")))
        .unwrap_or_else(|| panic!("no change of {logical_id} in {}", answer.body));
    Answer {
        status: 200,
        head: String::new(),
        body,
    }
}

#[test]
fn a_stack_is_made_by_a_change_set() {
    let endpoint = Endpoint::start();
    let client = endpoint.client;
    let first = change_set(client, "one", "c1", "CREATE", TEMPLATE);
    assert_eq!(first.text("Status").as_deref(), Some("CREATE_COMPLETE"));
    assert_eq!(first.text("ExecutionStatus").as_deref(), Some("AVAILABLE"));
    assert_eq!(first.all("Action"), ["Add"; 4]);
    assert_eq!(client.status("one"), "REVIEW_IN_PROGRESS");
    change_set(client, "one", "c2", "CREATE", TEMPLATE);
    assert_eq!(execute(client, "one", "c1"), "CREATE_COMPLETE");
    // Executing one deletes all others.
    let (code, _) = client
        .call(
            "DescribeChangeSet",
            &[("StackName", "one"), ("ChangeSetName", "c2")],
        )
        .refused();
    assert_eq!(code, "ChangeSetNotFound");
    let (code, _) = client
        .call(
            "CreateChangeSet",
            &[
                ("StackName", "one"),
                ("ChangeSetName", "c3"),
                ("ChangeSetType", "CREATE"),
                ("TemplateBody", TEMPLATE),
            ],
        )
        .refused();
    assert_eq!(code, "AlreadyExistsException");
}

#[test]
fn a_stack_in_review_can_be_deleted() {
    let endpoint = Endpoint::start();
    let client = endpoint.client;
    change_set(client, "one", "c1", "CREATE", TEMPLATE);
    let arn = client
        .call("DescribeStacks", &[("StackName", "one")])
        .text("StackId")
        .unwrap();
    client.call("DeleteStack", &[("StackName", "one")]).good();
    assert_eq!(client.wait(&arn), "DELETE_COMPLETE");
}

#[test]
fn changes_are_told_with_their_consequence() {
    let endpoint = Endpoint::start();
    let client = endpoint.client;
    client.create("one", TEMPLATE);
    let changed = TEMPLATE
        .replace("\"Default\": \"files-1\"", "\"Default\": \"files-2\"")
        .replace("\"MinimumLength\": 8", "\"MinimumLength\": 12")
        .replace(
            r#""Kept": {"Type": "AWS::SNS::Topic", "DeletionPolicy": "Retain"}"#,
            r#""Fresh": {"Type": "AWS::SNS::Topic"}"#,
        );
    let answer = change_set(client, "one", "c1", "UPDATE", &changed);

    let files = change(&answer, "Files");
    assert_eq!(files.text("Replacement").as_deref(), Some("True"));
    assert_eq!(
        files.text("PolicyAction").as_deref(),
        Some("ReplaceAndDelete")
    );
    assert_eq!(
        files.text("ChangeSource").as_deref(),
        Some("ParameterReference")
    );
    assert_eq!(files.text("CausingEntity").as_deref(), Some("Name"));
    assert_eq!(files.text("RequiresRecreation").as_deref(), Some("Always"));

    let reader = change(&answer, "Reader");
    assert_eq!(reader.text("Replacement").as_deref(), Some("False"));
    assert_eq!(reader.text("Evaluation").as_deref(), Some("Dynamic"));
    assert_eq!(reader.text("CausingEntity").as_deref(), Some("Files.Arn"));
    assert_eq!(
        reader.text("AfterValue").as_deref(),
        Some("x {{changeSet:KNOWN_AFTER_APPLY}}")
    );

    let users = change(&answer, "Users");
    assert_eq!(
        users.text("Path").as_deref(),
        Some("/Properties/Policies/PasswordPolicy/MinimumLength")
    );
    assert_eq!(users.text("BeforeValue").as_deref(), Some("8"));
    assert_eq!(users.text("AfterValue").as_deref(), Some("12"));
    assert_eq!(users.text("Replacement").as_deref(), Some("False"));

    assert_eq!(
        change(&answer, "Fresh").text("Action").as_deref(),
        Some("Add")
    );
    let kept = change(&answer, "Kept");
    assert_eq!(kept.text("Action").as_deref(), Some("Remove"));
    assert_eq!(kept.text("PolicyAction").as_deref(), Some("Retain"));

    assert_eq!(execute(client, "one", "c1"), "UPDATE_COMPLETE");
    assert_eq!(client.physical("one", "Files"), "files-2");
    assert_eq!(client.output("one", "Bucket"), "files-2");
    assert!(
        client
            .story("one")
            .contains(&"Kept DELETE_SKIPPED".to_owned())
    );
}

#[test]
fn without_changes_it_fails_and_says_so() {
    let endpoint = Endpoint::start();
    let client = endpoint.client;
    client.create("one", TEMPLATE);
    // Numbers and their texts are the same.
    let same = TEMPLATE.replace("\"MinimumLength\": 8", "\"MinimumLength\": \"8\"");
    let answer = change_set(client, "one", "c1", "UPDATE", &same);
    assert_eq!(answer.text("Status").as_deref(), Some("FAILED"));
    assert!(
        answer
            .text("StatusReason")
            .unwrap()
            .starts_with("The submitted information didn't contain changes.")
    );
    let (code, _) = client
        .call(
            "ExecuteChangeSet",
            &[("StackName", "one"), ("ChangeSetName", "c1")],
        )
        .refused();
    assert_eq!(code, "InvalidChangeSetStatus");
    client
        .call(
            "DeleteChangeSet",
            &[("StackName", "one"), ("ChangeSetName", "c1")],
        )
        .good();
    // An output is a change without changes of resources.
    let output = TEMPLATE.replace(r#""Outputs": {"#, r#""Outputs": {"More": {"Value": "1"},"#);
    let answer = change_set(client, "one", "c1", "UPDATE", &output);
    assert_eq!(answer.text("Status").as_deref(), Some("CREATE_COMPLETE"));
    assert!(answer.all("ResourceChange").is_empty());
    assert_eq!(execute(client, "one", "c1"), "UPDATE_COMPLETE");
    assert_eq!(client.output("one", "More"), "1");
}

#[test]
fn a_type_cannot_change() {
    let endpoint = Endpoint::start();
    let client = endpoint.client;
    client.create("one", TEMPLATE);
    let changed = TEMPLATE.replace(
        r#""Kept": {"Type": "AWS::SNS::Topic""#,
        r#""Kept": {"Type": "AWS::SQS::Queue""#,
    );
    let answer = change_set(client, "one", "c1", "UPDATE", &changed);
    assert_eq!(answer.text("Status").as_deref(), Some("FAILED"));
    assert!(
        answer
            .text("StatusReason")
            .unwrap()
            .contains("modifies resource type of the following resources: [Kept]")
    );
}

#[test]
fn a_missing_stack_cannot_be_updated() {
    let endpoint = Endpoint::start();
    let (code, message) = endpoint
        .client
        .call(
            "CreateChangeSet",
            &[
                ("StackName", "none"),
                ("ChangeSetName", "c"),
                ("TemplateBody", TEMPLATE),
            ],
        )
        .refused();
    assert_eq!(code, "ValidationError");
    assert_eq!(message, "Stack [none] does not exist");
}

#[test]
fn executing_may_be_repeated_with_its_token() {
    let endpoint = Endpoint::start();
    let client = endpoint.client;
    change_set(client, "one", "c1", "CREATE", TEMPLATE);
    for _ in 0..2 {
        client
            .call(
                "ExecuteChangeSet",
                &[
                    ("StackName", "one"),
                    ("ChangeSetName", "c1"),
                    ("ClientRequestToken", "t"),
                ],
            )
            .good();
    }
    assert_eq!(client.wait("one"), "CREATE_COMPLETE");
}

#[test]
fn an_update_without_a_change_set_makes_those_that_wait_obsolete() {
    let endpoint = Endpoint::start();
    let client = endpoint.client;
    client.create("one", TEMPLATE);
    let waiting = TEMPLATE.replace("\"MinimumLength\": 8", "\"MinimumLength\": 9");
    let set = change_set(client, "one", "waits", "UPDATE", &waiting);
    assert_eq!(set.text("ExecutionStatus").as_deref(), Some("AVAILABLE"));
    let other = TEMPLATE.replace("\"MinimumLength\": 8", "\"MinimumLength\": 10");
    client
        .call(
            "UpdateStack",
            &[("StackName", "one"), ("TemplateBody", &other)],
        )
        .good();
    assert_eq!(client.wait("one"), "UPDATE_COMPLETE");
    let set = describe(client, "one", "waits");
    assert_eq!(set.text("ExecutionStatus").as_deref(), Some("OBSOLETE"));
    let (code, _) = client
        .call(
            "ExecuteChangeSet",
            &[("StackName", "one"), ("ChangeSetName", "waits")],
        )
        .refused();
    assert_eq!(code, "InvalidChangeSetStatus");
}

#[test]
fn a_call_that_is_denied_is_refused_as_by_aws() {
    let endpoint = Endpoint::with_faults(local::Faults::default().deny("DescribeStacks"));
    let answer = endpoint.client.call("DescribeStacks", &[]);
    assert_eq!(answer.status, 403);
    let (code, message) = answer.refused();
    assert_eq!(code, "AccessDenied");
    assert!(message.ends_with("is not authorized to perform: cloudformation:DescribeStacks"));
    endpoint.client.call("ListStacks", &[]).good();
}
