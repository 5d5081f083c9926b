//! What detection says becomes what the report says, and what nobody knows is never called clean.

use std::{collections::BTreeMap, sync::Mutex};

use serde_json::{Value, json};

use super::{Run, assembly};
use crate::{
    ApiOperation, Assembly, AwsError, AwsErrorKind, DetectedDifference, DetectedDrift,
    DetectedStatus, Detection, DriftDetection, DriftReport, DriftStatus, Error, Live, LiveReads,
    LiveResource, port::Answer,
};

/// Detection in memory.
struct Detections {
    /// What happens to the calls that begin one, one each; then they succeed.
    refusals: Mutex<Vec<(AwsErrorKind, &'static str)>>,
    /// What is said of it, one each.
    progress: Mutex<Vec<Detection>>,
    found: Vec<DetectedDrift>,
}

impl Detections {
    fn of(found: Vec<DetectedDrift>) -> Self {
        Self {
            refusals: Mutex::default(),
            progress: Mutex::new(vec![ended(None), Detection::InProgress]),
            found,
        }
    }
}

impl DriftDetection for Detections {
    fn detect_drift<'a>(&'a self, stack: &'a str) -> Answer<'a, String> {
        let refusal = self.refusals.lock().expect("no panic").pop();
        let answer = match refusal {
            Some((kind, message)) => Err(Box::new(AwsError {
                operation: ApiOperation::DetectStackDrift,
                target: Some(stack.to_owned()),
                kind,
                code: None,
                message: message.to_owned(),
                request_id: None,
            })),
            None => Ok("id".to_owned()),
        };
        Box::pin(std::future::ready(answer))
    }

    fn drift_detection<'a>(&'a self, _: &'a str) -> Answer<'a, Detection> {
        let next = self.progress.lock().expect("no panic").pop();
        Box::pin(std::future::ready(Ok(
            next.expect("nobody asks after the end")
        )))
    }

    fn resource_drifts<'a>(&'a self, _: &'a str) -> Answer<'a, Vec<DetectedDrift>> {
        Box::pin(std::future::ready(Ok(self.found.clone())))
    }
}

/// When each detection begins.
const BEGAN: i64 = 1000;

fn ended(problem: Option<&str>) -> Detection {
    Detection::Ended {
        began: Some(BEGAN),
        problem: problem.map(str::to_owned),
    }
}

fn found(logical_id: &str, status: DetectedStatus) -> DetectedDrift {
    DetectedDrift {
        logical_id: logical_id.to_owned(),
        at: Some(BEGAN),
        status,
        reason: None,
        expected: None,
        differences: Vec::new(),
    }
}

fn four() -> Assembly {
    let resource =
        |type_name: &str| json!({"Type": type_name, "Properties": {"Name": "a", "Size": 1}});
    let template = json!({"Resources": {
        "Same": resource("A::B::C"), "Other": resource("A::B::C"),
        "Gone": resource("A::B::C"), "Odd": resource("A::B::D"),
    }});
    assembly(&[("files", &[], template)])
}

async fn drift(detections: &Detections) -> Result<DriftReport, Error> {
    let run = Run::new();
    let assembly = four();
    run.deploy(&assembly).await;
    run.with(async |engine| {
        engine
            .drift(detections, &Services::none(), &assembly, &[])
            .await
    })
    .await
}

fn statuses(report: &DriftReport) -> Vec<(&str, DriftStatus, Option<&str>)> {
    report
        .resources()
        .map(|one| (one.logical_id.as_str(), one.status, one.reason.as_deref()))
        .collect()
}

#[tokio::test(start_paused = true)]
async fn what_an_earlier_detection_found_is_not_told_as_if_it_were_so() {
    let mut same = found("Same", DetectedStatus::InSync);
    same.at = Some(BEGAN - 1);
    let detections = Detections::of(vec![same, found("Other", DetectedStatus::InSync)]);
    let report = drift(&detections).await.expect("it can be detected");
    let told = statuses(&report);
    let before = Some("CloudFormation last looked at it before");
    assert!(
        told.contains(&("Same", DriftStatus::Unchecked, before)),
        "{told:?}"
    );
    assert!(
        told.contains(&("Other", DriftStatus::InSync, None)),
        "{told:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn each_resource_is_told_and_what_was_not_looked_at_too() {
    let mut other = found("Other", DetectedStatus::Modified);
    other.expected = Some(json!({"Size": 1}));
    other.differences = vec![DetectedDifference {
        path: vec!["Size".to_owned()],
        expected: Some(json!("1")),
        actual: Some(json!("2")),
    }];
    let detections = Detections::of(vec![
        found("Gone", DetectedStatus::Deleted),
        other,
        found("Same", DetectedStatus::InSync),
    ]);
    let report = drift(&detections).await.expect("it can be detected");
    assert_eq!(
        statuses(&report),
        [
            ("Same", DriftStatus::InSync, None),
            ("Other", DriftStatus::Modified, None),
            ("Gone", DriftStatus::Deleted, None),
            (
                "Odd",
                DriftStatus::Unchecked,
                Some("CloudFormation does not detect drift of A::B::D")
            ),
        ]
    );
    let other = &report.stacks[0].resources[1];
    assert_eq!(other.properties[0].actual, Some(json!("2")));
    let unchecked: Vec<String> = other
        .unchecked
        .iter()
        .map(|one| one.path.join("."))
        .collect();
    assert_eq!(unchecked, ["Name"]);
    assert!(report.has_drift());
}

#[tokio::test(start_paused = true)]
async fn a_word_that_is_not_understood_is_not_clean() {
    for word in ["UNKNOWN", "UNSUPPORTED", "NOT_CHECKED", "LATER"] {
        let odd = found("Odd", DetectedStatus::Unchecked(word.to_owned()));
        let report = drift(&Detections::of(vec![odd])).await.expect("it is told");
        let odd = &report.stacks[0].resources[3];
        assert_eq!(odd.status, DriftStatus::Unchecked, "{word}");
        assert!(
            odd.reason
                .as_deref()
                .is_some_and(|reason| reason.contains(word))
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_detection_that_fails_is_told_and_what_it_found_is_used() {
    let detections = Detections::of(vec![found("Gone", DetectedStatus::Deleted)]);
    *detections.progress.lock().expect("no panic") = vec![ended(Some("no right to read `Odd`"))];
    let report = drift(&detections).await.expect("it is told");
    let stack = &report.stacks[0];
    assert_eq!(stack.problem.as_deref(), Some("no right to read `Odd`"));
    assert!(report.has_drift() && !stack.is_unknown());
    assert_eq!(stack.resources[3].reason, stack.problem);
}

#[tokio::test(start_paused = true)]
async fn one_that_is_under_way_is_let_end_first() {
    let detections = Detections::of(Vec::new());
    let busy = (
        AwsErrorKind::Refused,
        "Drift detection is already in progress for stack",
    );
    *detections.refusals.lock().expect("no panic") = vec![busy; 3];
    let report = drift(&detections).await.expect("it is waited for");
    assert_eq!(report.stacks[0].problem, None);
}

#[tokio::test(start_paused = true)]
async fn a_stack_that_may_not_be_looked_at_is_unknown_and_lost_credentials_are_an_error() {
    let refuse = |kind| {
        let detections = Detections::of(Vec::new());
        *detections.refusals.lock().expect("no panic") = vec![(kind, "no")];
        detections
    };
    let report = drift(&refuse(AwsErrorKind::AccessDenied))
        .await
        .expect("it is told");
    let stack = &report.stacks[0];
    assert!(stack.is_unknown() && !report.has_drift(), "{report:?}");
    assert_eq!(report.count(DriftStatus::Unchecked), 4);
    for kind in [AwsErrorKind::CredentialsExpired, AwsErrorKind::Unreachable] {
        assert!(
            matches!(drift(&refuse(kind)).await, Err(Error::Aws(_))),
            "{kind:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_stack_that_is_not_there_has_no_drift() {
    let run = Run::new();
    let detections = Detections::of(Vec::new());
    let report = run
        .with(async |engine| {
            engine
                .drift(&detections, &Services::none(), &four(), &[])
                .await
        })
        .await
        .expect("it is told");
    let stack = &report.stacks[0];
    assert!(!stack.deployed && stack.resources.is_empty() && !stack.is_unknown());
    let json = serde_json::to_value(&report).expect("it is data");
    assert_eq!(json["external"], Value::Array(Vec::new()));
}

/// Services in memory: what they say of each type, or that they may not be asked.
struct Services(BTreeMap<&'static str, Option<Live>>);

impl Services {
    /// Services that read nothing.
    fn none() -> Self {
        Self(BTreeMap::new())
    }
}

impl LiveReads for Services {
    fn reads(&self, type_name: &str) -> bool {
        self.0.contains_key(type_name)
    }

    fn read<'a>(&'a self, resource: &'a LiveResource) -> Answer<'a, Live> {
        let said = self.0[resource.resource_type.as_str()].clone();
        let answer = said.ok_or_else(|| {
            Box::new(AwsError {
                operation: ApiOperation::GetRole,
                target: None,
                kind: AwsErrorKind::AccessDenied,
                code: None,
                message: "no".to_owned(),
                request_id: None,
            })
        });
        Box::pin(std::future::ready(answer))
    }
}

fn exists(properties: Value) -> Option<Live> {
    let Value::Object(properties) = properties else {
        panic!("properties are an object");
    };
    Some(Live::Exists {
        unread: BTreeMap::new(),
        properties,
        attributes: [("Arn".to_owned(), "arn:it".to_owned())].into(),
    })
}

/// What comes of a resource of type `A::B::D`, which CloudFormation cannot read, and what becomes of the others.
async fn read(declared: Value, said: Option<Live>) -> crate::ResourceDrift {
    let run = Run::new();
    let template = json!({
        "Parameters": {"Password": {"Type": "String", "NoEcho": true, "Default": "hush"}},
        "Resources": {
            "Odd": {"Type": "A::B::D", "Properties": declared},
            "Other": {"Type": "A::B::E", "Properties": {"Name": "o"}},
        },
    });
    let assembly = assembly(&[("files", &[], template)]);
    run.deploy(&assembly).await;
    let services = Services(BTreeMap::from([
        ("A::B::D", said),
        ("A::B::E", exists(json!({"Name": "o"}))),
    ]));
    let detections = Detections::of(vec![found("Other", DetectedStatus::InSync)]);
    let report = run
        .with(async |engine| engine.drift(&detections, &services, &assembly, &[]).await)
        .await
        .expect("it is told");
    report.stacks[0].resources[0].clone()
}

#[tokio::test(start_paused = true)]
async fn services_are_asked_where_cloudformation_does_not_look() {
    let declared = json!({
        "Name": {"Ref": "Other"}, "Where": {"Fn::Sub": "${Other.Arn}/*"}, "Size": 1, "Hidden": {"Ref": "Password"},
    });
    let there = |size: u32| json!({"Name": "physical-Other", "Where": "arn:it/*", "Size": size, "Hidden": "hush"});
    let same = read(declared.clone(), exists(there(1))).await;
    assert_eq!((same.status, &same.reason), (DriftStatus::InSync, &None));
    let unchecked: Vec<&str> = same
        .unchecked
        .iter()
        .map(|one| one.path[0].as_str())
        .collect();
    assert_eq!(unchecked, ["Hidden"], "a secret is not compared");
    let other = read(declared.clone(), exists(there(2))).await;
    assert_eq!(other.status, DriftStatus::Modified);
    assert_eq!(
        (&other.properties[0].path, &other.properties[0].actual),
        (&vec!["Size".to_owned()], &Some(json!(2)))
    );
    let gone = read(declared, Some(Live::Gone)).await;
    assert_eq!(gone.status, DriftStatus::Deleted);
}

#[tokio::test(start_paused = true)]
async fn what_services_do_not_tell_is_not_clean() {
    let declared = json!({"Size": 1});
    for said in [None, exists(json!({}))] {
        let unread = read(declared.clone(), said).await;
        assert_eq!(unread.status, DriftStatus::Unchecked, "{unread:?}");
        assert!(unread.reason.is_some());
    }
    // Some of it is told.
    let half = read(json!({"Size": 1, "Name": "n"}), exists(json!({"Size": 1}))).await;
    assert_eq!(half.status, DriftStatus::InSync);
    assert_eq!(half.unchecked[0].path, ["Name"]);
}

#[tokio::test(start_paused = true)]
async fn a_resource_that_need_only_be_there_is_as_it_should_be() {
    let there = read(Value::Null, exists(json!({}))).await;
    assert_eq!(there.status, DriftStatus::InSync, "{there:?}");
}
