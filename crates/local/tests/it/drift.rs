//! Drift: made through Cloud Control, detected, told, and brought back.

use local::{Faults, Step};
use serde_json::{Value, json};

use crate::client::{Answer, Client, Endpoint};

const TEMPLATE: &str = r#"{"Resources": {
      "Jobs": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "jobs", "VisibilityTimeout": 30, "DelaySeconds": 1}},
      "Files": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "files", "AccessControl": "Private"}},
      "Alarms": {"Type": "AWS::SNS::Topic"},
      "Speak": {"Type": "AWS::SNS::TopicPolicy", "Properties": {"Topics": [{"Ref": "Alarms"}], "PolicyDocument": {"Statement": []}}}}}"#;

fn control(client: Client, operation: &str, input: &Value) -> (u16, Value) {
    let target = format!("CloudApiService.{operation}");
    let answer = client
        .send(
            "POST",
            "/",
            &[
                ("x-amz-target", &target),
                ("content-type", "application/x-amz-json-1.0"),
            ],
            input.to_string().as_bytes(),
        )
        .unwrap();
    (answer.status, serde_json::from_str(&answer.body).unwrap())
}

fn queue() -> Value {
    json!({"TypeName": "AWS::SQS::Queue", "Identifier": "https://sqs.us-east-1.amazonaws.com/000000000000/jobs"})
}

/// Changes the queue beside its stack.
fn patch(client: Client, patch: &Value) -> (u16, Value) {
    let mut input = queue();
    input["PatchDocument"] = patch.to_string().into();
    control(client, "UpdateResource", &input)
}

fn slower(client: Client) {
    let (status, event) = patch(
        client,
        &json!([{"op": "replace", "path": "/VisibilityTimeout", "value": 90}]),
    );
    assert_eq!(
        (status, &event["ProgressEvent"]["OperationStatus"]),
        (200, &json!("SUCCESS")),
        "{event}"
    );
}

fn without_files(client: Client) {
    let (status, _) = control(
        client,
        "DeleteResource",
        &json!({"TypeName": "AWS::S3::Bucket", "Identifier": "files"}),
    );
    assert_eq!(status, 200);
}

/// Detects the drift of the stack; how that ended.
fn detect(client: Client) -> Answer {
    let id = client
        .call("DetectStackDrift", &[("StackName", "s")])
        .good()
        .text("StackDriftDetectionId")
        .unwrap();
    client
        .call(
            "DescribeStackDriftDetectionStatus",
            &[("StackDriftDetectionId", &id)],
        )
        .good()
}

/// Logical ids and statuses.
fn drifts(client: Client) -> Vec<(String, String)> {
    let answer = client
        .call("DescribeStackResourceDrifts", &[("StackName", "s")])
        .good();
    let names = answer.all("LogicalResourceId").into_iter();
    names.zip(answer.all("StackResourceDriftStatus")).collect()
}

fn told(found: &[(&str, &str)]) -> Vec<(String, String)> {
    let found = found.iter();
    found
        .map(|(name, status)| ((*name).to_owned(), (*status).to_owned()))
        .collect()
}

fn read(client: Client) -> Value {
    let (_, found) = control(client, "GetResource", &queue());
    let text = found["ResourceDescription"]["Properties"].as_str().unwrap();
    serde_json::from_str(text).unwrap()
}

fn revert(client: Client, template: &str) -> Answer {
    let fields = [
        ("StackName", "s"),
        ("ChangeSetName", "back"),
        ("TemplateBody", template),
        ("DeploymentMode", "REVERT_DRIFT"),
    ];
    client.call("CreateChangeSet", &fields).good();
    let fields = [
        ("StackName", "s"),
        ("ChangeSetName", "back"),
        ("IncludePropertyValues", "true"),
    ];
    client.call("DescribeChangeSet", &fields).good()
}

fn execute(client: Client) -> String {
    let fields = [("StackName", "s"), ("ChangeSetName", "back")];
    client.call("ExecuteChangeSet", &fields).good();
    client.wait("s")
}

#[test]
fn drift_is_found_and_told_everywhere() {
    let endpoint = Endpoint::start();
    let client = endpoint.client;
    client.create("s", TEMPLATE);
    let stack = client.call("DescribeStacks", &[("StackName", "s")]);
    assert_eq!(stack.text("StackDriftStatus").unwrap(), "NOT_CHECKED");
    let status = detect(client);
    assert_eq!(
        status.text("DetectionStatus").unwrap(),
        "DETECTION_COMPLETE"
    );
    assert_eq!(status.text("StackDriftStatus").unwrap(), "IN_SYNC");
    let clean = [
        ("Jobs", "IN_SYNC"),
        ("Files", "IN_SYNC"),
        ("Alarms", "IN_SYNC"),
    ];
    assert_eq!(drifts(client), told(&clean));

    slower(client);
    without_files(client);
    // Nobody has looked yet.
    assert_eq!(drifts(client), told(&clean));
    let status = detect(client);
    assert_eq!(status.text("DriftedStackResourceCount").unwrap(), "2");
    assert_eq!(
        drifts(client),
        told(&[
            ("Jobs", "MODIFIED"),
            ("Files", "DELETED"),
            ("Alarms", "IN_SYNC")
        ])
    );
    let modified = client
        .call(
            "DescribeStackResourceDrifts",
            &[
                ("StackName", "s"),
                ("StackResourceDriftStatusFilters.member.1", "MODIFIED"),
            ],
        )
        .good();
    assert_eq!(modified.all("PropertyPath"), ["/VisibilityTimeout"]);
    assert_eq!(modified.all("ExpectedValue"), ["30"]);
    assert_eq!(modified.all("ActualValue"), ["90"]);
    assert_eq!(modified.all("DifferenceType"), ["NOT_EQUAL"]);
    let stack = client.call("DescribeStacks", &[("StackName", "s")]);
    assert_eq!(stack.text("StackDriftStatus").unwrap(), "DRIFTED");
    let resources = client.call("ListStackResources", &[("StackName", "s")]);
    assert_eq!(
        resources.all("StackResourceDriftStatus"),
        ["MODIFIED", "DELETED", "IN_SYNC", "NOT_CHECKED"]
    );
    let one = [("StackName", "s"), ("LogicalResourceId", "Jobs")];
    let one = client.call("DetectStackResourceDrift", &one).good();
    assert_eq!(one.all("StackResourceDriftStatus"), ["MODIFIED"]);
    let other = [("StackName", "s"), ("LogicalResourceId", "Speak")];
    let (code, _) = client.call("DetectStackResourceDrift", &other).refused();
    assert_eq!(code, "ValidationError");

    // What was found outlives the process.
    let endpoint = Endpoint::on(endpoint.stop(), Faults::default());
    assert_eq!(drifts(endpoint.client)[0].1, "MODIFIED");
    assert_eq!(read(endpoint.client)["VisibilityTimeout"], 90);
}

#[test]
fn results_come_in_pages() {
    let endpoint = Endpoint::start();
    let client = endpoint.client;
    client.create("s", TEMPLATE);
    detect(client);
    let mut names = Vec::new();
    let mut token = None;
    loop {
        let mut fields = vec![("StackName", "s"), ("MaxResults", "1")];
        fields.extend(token.as_deref().map(|token| ("NextToken", token)));
        let page = client.call("DescribeStackResourceDrifts", &fields).good();
        names.extend(page.all("LogicalResourceId"));
        token = page.text("NextToken");
        if token.is_none() {
            break;
        }
    }
    assert_eq!(names, ["Jobs", "Files", "Alarms"]);
}

#[test]
fn what_cannot_be_read_makes_detection_fail_and_takes_its_time() {
    let delay = std::time::Duration::from_millis(300);
    let faults = Faults::default()
        .fail("Jobs", Step::Read, "no right to")
        .delay("Alarms", delay);
    let endpoint = Endpoint::with_faults(faults);
    let client = endpoint.client;
    client.create("s", TEMPLATE);
    let status = detect(client);
    assert_eq!(
        status.text("DetectionStatus").unwrap(),
        "DETECTION_IN_PROGRESS"
    );
    let (code, message) = client
        .call("DetectStackDrift", &[("StackName", "s")])
        .refused();
    assert_eq!(code, "ValidationError");
    assert!(message.contains("already in progress"), "{message}");
    std::thread::sleep(delay);
    let id = status.text("StackDriftDetectionId").unwrap();
    let status = client.call(
        "DescribeStackDriftDetectionStatus",
        &[("StackDriftDetectionId", &id)],
    );
    assert_eq!(status.text("DetectionStatus").unwrap(), "DETECTION_FAILED");
    assert_eq!(drifts(client)[0], ("Jobs".to_owned(), "UNKNOWN".to_owned()));
}

#[test]
fn a_patch_is_refused_that_the_service_would_refuse() {
    let endpoint = Endpoint::start();
    let client = endpoint.client;
    client.create("s", TEMPLATE);
    for (document, code) in [
        (
            json!([{"op": "replace", "path": "/QueueName", "value": "other"}]),
            "NotUpdatableException",
        ),
        (
            json!([{"op": "replace", "path": "/Missing/Deep", "value": 1}]),
            "InvalidRequestException",
        ),
        (
            json!([{"op": "add", "path": "/Nonsense", "value": 1}]),
            "InvalidRequestException",
        ),
        (json!({"op": "replace"}), "InvalidRequestException"),
    ] {
        let (status, answer) = patch(client, &document);
        assert_eq!((status, &answer["__type"]), (400, &json!(code)), "{answer}");
    }
    let (_, answer) = control(
        client,
        "GetResource",
        &json!({"TypeName": "AWS::SQS::Queue", "Identifier": "x"}),
    );
    assert_eq!(answer["__type"], "ResourceNotFoundException");
    let (_, answer) = control(
        client,
        "ListResources",
        &json!({"TypeName": "AWS::S3::Bucket"}),
    );
    assert_eq!(answer["ResourceDescriptions"][0]["Identifier"], "files");
    // What nobody can read is not told.
    let properties = answer["ResourceDescriptions"][0]["Properties"]
        .as_str()
        .unwrap();
    assert!(!properties.contains("AccessControl"), "{properties}");
    // A change back is no drift.
    slower(client);
    patch(
        client,
        &json!([{"op": "replace", "path": "/VisibilityTimeout", "value": 30}]),
    );
    assert_eq!(detect(client).text("StackDriftStatus").unwrap(), "IN_SYNC");
}

#[test]
fn drift_is_brought_back() {
    let endpoint = Endpoint::start();
    let client = endpoint.client;
    client.create("s", TEMPLATE);
    let nothing = revert(client, TEMPLATE);
    assert_eq!(nothing.text("Status").unwrap(), "FAILED");
    let named = [("StackName", "s"), ("ChangeSetName", "back")];
    client.call("DeleteChangeSet", &named).good();

    slower(client);
    without_files(client);
    // Another change set does not see it.
    let fields = [
        ("StackName", "s"),
        ("ChangeSetName", "plain"),
        ("TemplateBody", TEMPLATE),
    ];
    client.call("CreateChangeSet", &fields).good();
    let plain = [("StackName", "s"), ("ChangeSetName", "plain")];
    let plain = client.call("DescribeChangeSet", &plain);
    assert_eq!(plain.text("Status").unwrap(), "FAILED");

    let set = revert(client, TEMPLATE);
    assert_eq!(set.text("Status").unwrap(), "CREATE_COMPLETE");
    assert_eq!(set.text("DeploymentMode").unwrap(), "REVERT_DRIFT");
    assert_eq!(set.text("StackDriftStatus").unwrap(), "DRIFTED");
    assert_eq!(set.all("LogicalResourceId"), ["Jobs", "Files"]);
    assert_eq!(set.all("Action"), ["Modify", "Add"]);
    assert_eq!(set.all("ResourceDriftStatus"), ["MODIFIED", "DELETED"]);
    assert_eq!(set.all("BeforeValue"), ["90"]);
    assert_eq!(set.all("AfterValue"), ["30"]);
    assert_eq!(set.all("BeforeValueFrom"), ["ACTUAL_STATE"]);
    assert_eq!(set.all("PreviousValue"), ["30"]);
    assert_eq!(set.all("Reason"), ["WRITE_ONLY_PROPERTY"]);
    assert_eq!(execute(client), "UPDATE_COMPLETE");
    let story = client.story("s");
    assert!(
        story.contains(&"Files CREATE_COMPLETE".to_owned()),
        "{story:?}"
    );
    assert_eq!(read(client)["VisibilityTimeout"], 30);
    assert_eq!(detect(client).text("StackDriftStatus").unwrap(), "IN_SYNC");
}

#[test]
fn drift_that_the_template_adopts_is_taken_note_of() {
    let endpoint = Endpoint::start();
    let client = endpoint.client;
    client.create("s", TEMPLATE);
    slower(client);
    let adopted = TEMPLATE.replace("\"VisibilityTimeout\": 30", "\"VisibilityTimeout\": 90");
    let set = revert(client, &adopted);
    assert_eq!(set.all("Action"), ["SyncWithActual"]);
    let before = client.story("s").len();
    assert_eq!(execute(client), "UPDATE_COMPLETE");
    assert!(
        !client.story("s")[before..]
            .iter()
            .any(|event| event.starts_with("Jobs")),
        "the queue is as it should be"
    );
    assert_eq!(detect(client).text("StackDriftStatus").unwrap(), "IN_SYNC");
}

#[test]
fn a_failure_leads_back_to_what_there_was() {
    let faults = Faults::default().fail("Alarms", Step::Update, "no");
    let endpoint = Endpoint::with_faults(faults);
    let client = endpoint.client;
    client.create("s", TEMPLATE);
    slower(client);
    without_files(client);
    let failing = TEMPLATE.replace(
        r#""AWS::SNS::Topic"}"#,
        r#""AWS::SNS::Topic", "Properties": {"DisplayName": {"Fn::GetAtt": ["Jobs", "QueueName"]}}}"#,
    );
    assert_ne!(failing, TEMPLATE);
    revert(client, &failing);
    assert_eq!(execute(client), "UPDATE_ROLLBACK_COMPLETE");
    assert_eq!(read(client)["VisibilityTimeout"], 90);
    assert_eq!(
        detect(client).text("DriftedStackResourceCount").unwrap(),
        "2"
    );
}
