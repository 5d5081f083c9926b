//! Change sets of nested stacks.

use plan::{Action, ReportedAction, ReportedChange};
use serde_json::json;

use super::{Run, assembly};
use crate::{ChangeSet, ChangeSetStatus, ChangeSets, Error, Execution, Hint as _};

fn network() -> crate::Assembly {
    let template = json!({"Resources": {"Network": {
        "Type": "AWS::CloudFormation::Stack",
        "Properties": {"TemplateURL": "https://bucket/network.json"}
    }}});
    assembly(&[("web", &[], template)])
}

/// The change set of the nested stack, which in turn has none nested.
fn nested(status: ChangeSetStatus, reason: Option<&str>) -> ChangeSet {
    ChangeSet {
        id: "nested:Network".to_owned(),
        description: None,
        parameters: Default::default(),
        tags: Default::default(),
        stack_id: "arn:network".to_owned(),
        status,
        execution: Execution::Available,
        reason: reason.map(str::to_owned),
        changes: vec![ReportedChange {
            logical_id: "Subnet".to_owned(),
            physical_id: None,
            type_name: "AWS::EC2::Subnet".to_owned(),
            action: ReportedAction::Add,
            replacement: None,
            policy_action: None,
            details: Vec::new(),
            drifted: false,
            ignored: Vec::new(),
        }],
        nested: Vec::new(),
        express: false,
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_within_a_nested_stack_is_in_the_plan_under_its_name() {
    let run = Run::new();
    run.cloud.state().nested.insert(
        "nested:Network".to_owned(),
        nested(ChangeSetStatus::Complete, None),
    );
    let planned = run
        .plan(&network(), ChangeSets::Read)
        .await
        .expect("it can be planned");
    let changes: Vec<_> = planned.plan.stacks[0]
        .diff
        .changes
        .iter()
        .map(|change| (change.logical_id.as_str(), change.action))
        .collect();
    assert_eq!(
        changes,
        [
            ("Network", Action::Create),
            ("Network.Subnet", Action::Create)
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn why_a_nested_change_set_failed_is_asked_of_itself() {
    let run = Run::new();
    let failed =
        "The following hook(s)/validation failed: [AWS::EarlyValidation::PropertyValidation].";
    {
        let mut state = run.cloud.state();
        state.refuse_change_sets = Some(
            "Nested change set nested:Network was not successfully created: Currently in FAILED."
                .to_owned(),
        );
        state.nested.insert(
            "nested:Network".to_owned(),
            nested(ChangeSetStatus::Failed, Some(failed)),
        );
    }
    let error = run
        .plan(&network(), ChangeSets::Read)
        .await
        .expect_err("it is refused");
    assert!(matches!(error, Error::ChangeSet { .. }), "{error}");
    let hints = error.hints().join("\n");
    assert!(
        hints.contains("`Network.Users`: PROPERTY_VALIDATION"),
        "{hints}"
    );
    run.nothing_left_behind();
}
