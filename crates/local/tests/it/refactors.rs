//! Stack refactors.

use std::time::Duration;

use local::{Faults, Step};

use crate::client::{Answer, Client, Endpoint};

const FILES: &str = r#"{"Resources": {
    "Files": {"Type": "AWS::S3::Bucket"},
    "Alarms": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": {"Ref": "Files"}}}}}"#;
/// The same under another name.
const RENAMED: &str = r#"{"Resources": {
    "Kept": {"Type": "AWS::S3::Bucket"},
    "Alarms": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": {"Ref": "Kept"}}}}}"#;
/// The topic without the bucket, and the bucket without the topic.
const READER: &str = r#"{"Resources": {
    "Alarms": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": {"Fn::ImportValue": "the-bucket"}}}}}"#;
const BUCKET: &str = r#"{"Resources": {"Files": {"Type": "AWS::S3::Bucket"}},
    "Outputs": {"Name": {"Value": {"Ref": "Files"}, "Export": {"Name": "the-bucket"}}}}"#;

fn create_stack(client: Client, name: &str, template: &str) {
    client
        .call(
            "CreateStack",
            &[("StackName", name), ("TemplateBody", template)],
        )
        .good();
    assert_eq!(client.wait(name), "CREATE_COMPLETE");
}

/// Makes a refactor of these stacks; what `DescribeStackRefactor` says of it.
fn refactor(client: Client, stacks: &[(&str, &str)], mappings: &[(&str, &str)]) -> Answer {
    let mut fields = vec![
        ("Description".to_owned(), "a test".to_owned()),
        ("EnableStackCreation".to_owned(), "true".to_owned()),
    ];
    for (number, (name, template)) in stacks.iter().enumerate() {
        let prefix = format!("StackDefinitions.member.{}", number + 1);
        fields.push((format!("{prefix}.StackName"), (*name).to_owned()));
        fields.push((format!("{prefix}.TemplateBody"), (*template).to_owned()));
    }
    for (number, (from, to)) in mappings.iter().enumerate() {
        for (end, place) in [("Source", from), ("Destination", to)] {
            let (stack, logical_id) = place.split_once('/').unwrap();
            let prefix = format!("ResourceMappings.member.{}.{end}", number + 1);
            fields.push((format!("{prefix}.StackName"), stack.to_owned()));
            fields.push((format!("{prefix}.LogicalResourceId"), logical_id.to_owned()));
        }
    }
    let fields: Vec<(&str, &str)> = fields
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    let made = client.call("CreateStackRefactor", &fields).good();
    describe(client, &made.text("StackRefactorId").unwrap())
}

fn describe(client: Client, id: &str) -> Answer {
    client
        .call("DescribeStackRefactor", &[("StackRefactorId", id)])
        .good()
}

fn id_of(refactor: &Answer) -> String {
    refactor.text("StackRefactorId").unwrap()
}

fn execution(refactor: &Answer) -> String {
    refactor.text("ExecutionStatus").unwrap()
}

/// Executes a refactor and waits for its end.
fn execute(client: Client, id: &str) -> Answer {
    client
        .call("ExecuteStackRefactor", &[("StackRefactorId", id)])
        .good();
    loop {
        let now = describe(client, id);
        if !execution(&now).ends_with("_IN_PROGRESS") {
            return now;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The physical id of a resource.
fn physical(client: Client, stack: &str, logical_id: &str) -> Option<String> {
    let answer = client.call(
        "DescribeStackResource",
        &[("StackName", stack), ("LogicalResourceId", logical_id)],
    );
    answer.text("PhysicalResourceId")
}

#[test]
fn a_resource_gets_another_name_and_stays_what_it_is() {
    let endpoint = Endpoint::start();
    let client = endpoint.client;
    create_stack(client, "app", FILES);
    let bucket = physical(client, "app", "Files");
    let topic = physical(client, "app", "Alarms");
    let made = refactor(client, &[("app", RENAMED)], &[("app/Files", "app/Kept")]);
    assert_eq!(
        made.text("Status").as_deref(),
        Some("CREATE_COMPLETE"),
        "{}",
        made.body
    );
    assert_eq!(execution(&made), "AVAILABLE");
    let id = id_of(&made);
    let actions = client
        .call("ListStackRefactorActions", &[("StackRefactorId", &id)])
        .good();
    assert_eq!(actions.all("Action"), ["MOVE"]);
    assert_eq!(actions.all("Detection"), ["MANUAL"]);
    assert_eq!(actions.all("LogicalResourceId"), ["Files", "Kept"]);
    assert_eq!(actions.all("PhysicalResourceId").first(), bucket.as_ref());
    // Nothing has happened yet.
    assert_eq!(physical(client, "app", "Files"), bucket);
    let done = execute(client, &id);
    assert_eq!(execution(&done), "EXECUTE_COMPLETE");
    assert_eq!(client.status("app"), "UPDATE_COMPLETE");
    assert_eq!(physical(client, "app", "Files"), None);
    assert_eq!(physical(client, "app", "Kept"), bucket);
    assert_eq!(physical(client, "app", "Alarms"), topic);
    let template = client.call("GetTemplate", &[("StackName", "app")]).good();
    assert_eq!(template.text("TemplateBody").as_deref(), Some(RENAMED));
    // It is what it is: the same template changes nothing, another one goes on from here.
    let (_, message) = client
        .call(
            "UpdateStack",
            &[("StackName", "app"), ("TemplateBody", RENAMED)],
        )
        .refused();
    assert_eq!(message, "No updates are to be performed.");
    let events = client
        .call("DescribeStackEvents", &[("StackName", "app")])
        .good();
    for status in ["EXPORT_COMPLETE", "IMPORT_COMPLETE", "UPDATE_COMPLETE"] {
        assert!(
            events.all("ResourceStatus").contains(&status.to_owned()),
            "{status}"
        );
    }
    let again = client
        .call("ExecuteStackRefactor", &[("StackRefactorId", &id)])
        .refused();
    assert!(again.1.contains("EXECUTE_COMPLETE"), "{}", again.1);
}

#[test]
fn a_resource_moves_to_a_stack_that_is_made_for_it_and_back() {
    let endpoint = Endpoint::start();
    let client = endpoint.client;
    create_stack(client, "app", FILES);
    let bucket = physical(client, "app", "Files");
    let made = refactor(client, &[("app", READER), ("data", BUCKET)], &[]);
    assert_eq!(execution(&made), "AVAILABLE", "{}", made.body);
    assert_eq!(made.all("member").len(), 2);
    let actions = client
        .call(
            "ListStackRefactorActions",
            &[("StackRefactorId", &id_of(&made))],
        )
        .good();
    assert_eq!(actions.all("Action"), ["CREATE", "MOVE"]);
    assert_eq!(actions.all("Entity"), ["STACK", "RESOURCE"]);
    assert_eq!(
        execution(&execute(client, &id_of(&made))),
        "EXECUTE_COMPLETE"
    );
    assert_eq!(client.status("data"), "CREATE_COMPLETE");
    assert_eq!(physical(client, "data", "Files"), bucket);
    assert_eq!(physical(client, "app", "Files"), None);
    let exports = client
        .call("ListImports", &[("ExportName", "the-bucket")])
        .good();
    assert!(exports.body.contains("app"), "{}", exports.body);
    // A stack cannot be left without resources.
    let (_, message) = client
        .call(
            "CreateStackRefactor",
            &[
                ("StackDefinitions.member.1.StackName", "data"),
                (
                    "StackDefinitions.member.1.TemplateBody",
                    r#"{"Resources": {}}"#,
                ),
            ],
        )
        .refused();
    assert!(
        message.contains("At least one Resources member"),
        "{message}"
    );
    // What goes on in the stacks makes a refactor obsolete.
    let more = BUCKET.replacen(
        "{\"Resources\": {",
        "{\"Resources\": {\"Other\": {\"Type\": \"AWS::SNS::Topic\"}, ",
        1,
    );
    let renamed = BUCKET.replace("Files", "Kept");
    let early = refactor(client, &[("data", &renamed)], &[]);
    assert_eq!(execution(&early), "AVAILABLE", "{}", early.body);
    client
        .call(
            "UpdateStack",
            &[("StackName", "data"), ("TemplateBody", &more)],
        )
        .good();
    assert_eq!(client.wait("data"), "UPDATE_COMPLETE");
    let now = describe(client, &id_of(&early));
    assert_eq!(execution(&now), "OBSOLETE");
    assert!(
        now.text("ExecutionStatusReason")
            .unwrap()
            .ends_with(": Stack was updated.")
    );
    let other = r#"{"Resources": {"Other": {"Type": "AWS::SNS::Topic"}}}"#;
    let back = refactor(client, &[("data", other), ("app", FILES)], &[]);
    assert_eq!(execution(&back), "AVAILABLE", "{}", back.body);
    assert_eq!(
        execution(&execute(client, &id_of(&back))),
        "EXECUTE_COMPLETE"
    );
    assert_eq!(physical(client, "app", "Files"), bucket);
    let done = client
        .call(
            "ListStackRefactors",
            &[("ExecutionStatusFilter.member.1", "EXECUTE_COMPLETE")],
        )
        .good();
    assert_eq!(done.all("StackRefactorId").len(), 2);
}

#[test]
fn nothing_but_names_and_places_changes() {
    let endpoint = Endpoint::start();
    let client = endpoint.client;
    create_stack(client, "app", FILES);
    create_stack(
        client,
        "far",
        r#"{"Resources": {"Rest": {"Type": "AWS::SNS::Topic"}}}"#,
    );
    let key = r#"{"Resources": {"Key": {"Type": "AWS::EC2::KeyPair", "Properties": {"KeyName": "k"}}, "Rest": {"Type": "AWS::SNS::Topic"}}}"#;
    create_stack(client, "keys", key);
    let reason = |stacks: &[(&str, &str)], mappings: &[(&str, &str)]| {
        let made = refactor(client, stacks, mappings);
        assert_eq!(
            made.text("Status").as_deref(),
            Some("CREATE_FAILED"),
            "{}",
            made.body
        );
        assert_eq!(execution(&made), "UNAVAILABLE");
        made.text("StatusReason").unwrap()
    };
    let changed = RENAMED.replace(r#""Kept": {"Type": "AWS::S3::Bucket"}"#, r#""Kept": {"Type": "AWS::S3::Bucket", "Properties": {"Tags": [{"Key": "a", "Value": "b"}]}}"#);
    for (stacks, mappings, expected) in [
        (
            vec![("app", changed.as_str())],
            vec![],
            "does not support modifications of resources: Kept differs at /Properties/Tags",
        ),
        (
            vec![(
                "app",
                r#"{"Resources": {"Files": {"Type": "AWS::S3::Bucket"}}}"#,
            )],
            vec![],
            "does not support the deletion of resources: Alarms",
        ),
        (
            vec![(
                "far",
                r#"{"Resources": {"Rest": {"Type": "AWS::SNS::Topic"}, "New": {"Type": "AWS::SQS::Queue"}}}"#,
            )],
            vec![],
            "does not support the creation of resources: New",
        ),
        (
            vec![("app", FILES)],
            vec![("app/Files", "app/Kept")],
            "did not move from its original stack app. Review your stack template desired state.",
        ),
        (
            vec![(
                "keys",
                r#"{"Resources": {"Lock": {"Type": "AWS::EC2::KeyPair", "Properties": {"KeyName": "k"}}, "Rest": {"Type": "AWS::SNS::Topic"}}}"#,
            )],
            vec![],
            "Stack Refactor does not support AWS::EC2::KeyPair because the resource type does not allow tag updates after creation.",
        ),
        (
            vec![
                (
                    "app",
                    r#"{"Resources": {"Alarms": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": {"Fn::GetStackOutput": {"StackName": "made", "OutputName": "Name"}}}}}}"#,
                ),
                (
                    "made",
                    r#"{"Conditions": {"C": {"Fn::Equals": ["a", "a"]}}, "Resources": {"Files": {"Type": "AWS::S3::Bucket"}}, "Outputs": {"Name": {"Value": {"Ref": "Files"}}}}"#,
                ),
            ],
            vec![],
            "Following template sections are not allowed when creating a stack while refactoring: Conditions",
        ),
        (
            vec![("app", FILES)],
            vec![],
            "No resources are to be moved.",
        ),
    ] {
        let reason = reason(&stacks, &mappings);
        assert!(reason.contains(expected), "{expected}: {reason}");
    }
    let six = [("app", FILES); 6];
    let fields: Vec<(String, String)> = six
        .iter()
        .enumerate()
        .map(|(number, (name, _))| {
            (
                format!("StackDefinitions.member.{}.StackName", number + 1),
                (*name).to_owned(),
            )
        })
        .collect();
    let fields: Vec<(&str, &str)> = fields
        .iter()
        .map(|(a, b)| (a.as_str(), b.as_str()))
        .collect();
    let (_, message) = client.call("CreateStackRefactor", &fields).refused();
    assert!(message.contains("less than or equal to 5"), "{message}");
    let (code, _) = client
        .call("DescribeStackRefactor", &[("StackRefactorId", "none")])
        .refused();
    assert_eq!(code, "StackRefactorNotFoundException");
}

#[test]
fn a_refactor_that_fails_is_undone() {
    let faults = Faults::default().fail("Kept", Step::Update, "no");
    let endpoint = Endpoint::with_faults(faults);
    let client = endpoint.client;
    create_stack(client, "app", FILES);
    let bucket = physical(client, "app", "Files");
    let made = refactor(client, &[("app", RENAMED)], &[]);
    let done = execute(client, &id_of(&made));
    assert_eq!(execution(&done), "ROLLBACK_COMPLETE");
    assert_eq!(done.text("ExecutionStatusReason").as_deref(), Some("no"));
    assert_eq!(client.status("app"), "UPDATE_ROLLBACK_COMPLETE");
    assert_eq!(physical(client, "app", "Files"), bucket);
    let template = client.call("GetTemplate", &[("StackName", "app")]).good();
    assert_eq!(template.text("TemplateBody").as_deref(), Some(FILES));
}

#[test]
fn a_refactor_goes_on_where_the_endpoint_stopped() {
    let slow = || Faults::default().delay("Kept", Duration::from_millis(300));
    let endpoint = Endpoint::with_faults(slow());
    let client = endpoint.client;
    create_stack(client, "app", FILES);
    let bucket = physical(client, "app", "Files");
    let made = refactor(client, &[("app", RENAMED)], &[]);
    let id = id_of(&made);
    client
        .call("ExecuteStackRefactor", &[("StackRefactorId", &id)])
        .good();
    assert_eq!(client.status("app"), "UPDATE_IN_PROGRESS");
    let directory = endpoint.stop();
    let endpoint = Endpoint::on(directory, slow());
    let client = endpoint.client;
    assert_eq!(client.wait("app"), "UPDATE_COMPLETE");
    assert_eq!(execution(&describe(client, &id)), "EXECUTE_COMPLETE");
    assert_eq!(physical(client, "app", "Kept"), bucket);
}
