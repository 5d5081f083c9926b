//! What goes well: create, update, nothing to do, replace, values that travel between stacks, destroy.

use engine::{Assembly, ChangeSets, Event, Operation, OutcomeKind, StackStatus};
use plan::{Action, Reason, StackAction};
use serde_json::{Value, json};

use crate::support::{World, assembly, kinds};

fn topic(display_name: &str) -> Value {
    json!({
        "Resources": {"Alarms": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": display_name}}},
        "Outputs": {"Name": {"Value": {"Fn::GetAtt": ["Alarms", "TopicName"]}}, "Label": {"Value": display_name}},
    })
}

/// A queue whose description is made of another stack's output.
fn reader() -> Value {
    json!({
        "Resources": {"Note": {"Type": "AWS::SSM::Parameter", "Properties": {
            "Type": "String",
            "Value": {"Fn::Join": ["-", ["read", {"Fn::GetStackOutput": {"StackName": "shop-test-alarms", "OutputName": "Label"}}]]},
        }}},
        "Outputs": {"Value": {"Value": {"Fn::GetAtt": ["Note", "Value"]}}},
    })
}

fn two(display_name: &str) -> Assembly {
    assembly(&[
        ("alarms", &[], topic(display_name)),
        ("notes", &["alarms"], reader()),
    ])
}

#[tokio::test]
async fn created_then_unchanged_then_updated() {
    let world = World::new().await;
    let planned = world
        .plan(&two("one"), ChangeSets::Read)
        .await
        .expect("it can be planned");
    assert_eq!(planned.plan.summary.create, 2);
    let status = world
        .with(async |engine| engine.status(&two("one")).await)
        .await
        .expect("it can be read");
    assert!(
        status.stacks.iter().all(|stack| stack.status.is_none()),
        "a plan leaves nothing behind: {status:?}"
    );

    let report = world.deploy(&two("one")).await;
    assert_eq!(
        kinds(&report),
        [
            ("alarms", OutcomeKind::Created),
            ("notes", OutcomeKind::Created)
        ],
        "{report:#?}"
    );
    assert_eq!(report.stacks[0].outputs["Label"], "one");

    let planned = world
        .plan(&two("one"), ChangeSets::Read)
        .await
        .expect("it can be planned");
    assert!(
        planned
            .plan
            .stacks
            .iter()
            .all(|stack| stack.action == StackAction::None && !stack.provisional),
        "{planned:#?}"
    );
    assert!(world.deploy(&two("one")).await.is_unchanged());

    let planned = world
        .plan(&two("two"), ChangeSets::Read)
        .await
        .expect("it can be planned");
    let change = planned.plan.stacks[0]
        .diff
        .change("Alarms")
        .expect("it changes");
    assert_eq!(change.action, Action::Update);
    assert_eq!(change.properties.len(), 1);
    assert_eq!(change.properties[0].path, ["DisplayName"]);
    assert_eq!(change.properties[0].before, Some(json!("one")));
    assert_eq!(change.properties[0].after, Some(json!("two")));
    assert_eq!(change.source.as_deref(), Some("stacks/src/alarms.rs:1"));
}

#[tokio::test]
async fn a_value_travels_to_its_reader() {
    let world = World::new().await;
    world.deploy(&two("one")).await;
    let report = world.deploy(&two("two")).await;
    assert_eq!(
        kinds(&report),
        [
            ("alarms", OutcomeKind::Updated),
            ("notes", OutcomeKind::Updated)
        ],
        "{report:#?}"
    );
    let outputs = world
        .with(async |engine| engine.outputs(&two("two")).await)
        .await
        .expect("it can be read");
    assert_eq!(outputs.stacks["notes"]["Value"], "read-two");
    assert!(world.deploy(&two("two")).await.is_unchanged());
}

#[tokio::test]
async fn a_change_of_outputs_alone_is_deployed() {
    let world = World::new().await;
    world
        .deploy(&assembly(&[("alarms", &[], topic("one"))]))
        .await;
    let mut template = topic("one");
    template["Outputs"]["More"] = json!({"Value": "more"});
    let wanted = assembly(&[("alarms", &[], template)]);
    let planned = world
        .plan(&wanted, ChangeSets::Read)
        .await
        .expect("it can be planned");
    assert_eq!(planned.plan.stacks[0].action, StackAction::Update);
    let report = world.deploy(&wanted).await;
    assert_eq!(
        kinds(&report),
        [("alarms", OutcomeKind::Updated)],
        "{report:#?}"
    );
    assert_eq!(report.stacks[0].outputs["More"], "more");
}

#[tokio::test]
async fn tags_and_protection_are_part_of_a_stack() {
    let world = World::new().await;
    let mut wanted = assembly(&[("alarms", &[], topic("one"))]);
    world.deploy(&wanted).await;
    wanted.manifest.stacks[0]
        .tags
        .insert("Owner".to_owned(), "me".to_owned());
    wanted.manifest.stacks[0].termination_protection = true;
    let planned = world
        .plan(&wanted, ChangeSets::Read)
        .await
        .expect("it can be planned");
    let names: Vec<_> = planned.plan.stacks[0]
        .diff
        .other
        .iter()
        .map(|entry| entry.name.as_str())
        .collect();
    assert_eq!(names, ["Tags.Owner", "TerminationProtection"]);
    assert_eq!(
        kinds(&world.deploy(&wanted).await),
        [("alarms", OutcomeKind::Updated)]
    );
    assert!(world.deploy(&wanted).await.is_unchanged());
    let refused = world
        .with(async |engine| engine.destroy(&wanted, &[]).await)
        .await;
    assert!(
        matches!(refused, Err(engine::Error::Protected { .. })),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_replacement_is_planned_with_what_follows_it_and_carried_out() {
    let world = World::new().await;
    let template = |name: &str| {
        json!({"Resources": {
            "Files": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": name}},
            "Policy": {"Type": "AWS::S3::BucketPolicy", "Properties": {"Bucket": {"Ref": "Files"}, "PolicyDocument": {
                "Version": "2012-10-17", "Statement": []}}},
        }, "Outputs": {"Name": {"Value": {"Ref": "Files"}}}})
    };
    world
        .deploy(&assembly(&[(
            "files",
            &[],
            template("first-bucket-of-the-shop"),
        )]))
        .await;
    let wanted = assembly(&[("files", &[], template("second-bucket-of-the-shop"))]);
    let planned = world
        .plan(&wanted, ChangeSets::Read)
        .await
        .expect("it can be planned");
    let diff = &planned.plan.stacks[0].diff;
    let bucket = diff.change("Files").expect("it changes");
    assert_eq!((bucket.action, bucket.stateful), (Action::Replace, true));
    assert_eq!(
        bucket.reported,
        Some(Action::Replace),
        "CloudFormation agrees"
    );
    let policy = diff.change("Policy").expect("it follows");
    assert_eq!(
        (policy.action, policy.reason),
        (Action::Replace, Reason::ReferenceReplaced)
    );
    let report = world.deploy(&wanted).await;
    assert_eq!(
        report.stacks[0].outputs["Name"], "second-bucket-of-the-shop",
        "{report:#?}"
    );
}

#[tokio::test]
async fn events_tell_the_story_with_places() {
    let world = World::new().await;
    world
        .deploy(&assembly(&[("alarms", &[], topic("one"))]))
        .await;
    let events = world.take_events();
    assert!(
        matches!(
            &events[0],
            Event::StackStarted {
                operation: Operation::Create,
                resources: Some(1),
                ..
            }
        ),
        "{events:#?}"
    );
    let done = events.iter().find_map(|event| match event {
        Event::Resource {
            logical_id,
            status,
            source,
            path,
            ..
        } if status.0 == "CREATE_COMPLETE" => {
            Some((logical_id.as_str(), source.as_deref(), path.as_deref()))
        }
        _ => None,
    });
    assert_eq!(
        done,
        Some((
            "Alarms",
            Some("stacks/src/alarms.rs:1"),
            Some("alarms/Alarms")
        ))
    );
    assert!(matches!(
        events.last(),
        Some(Event::StackFinished {
            outcome: OutcomeKind::Created,
            ..
        })
    ));
    for event in &events {
        let text = serde_json::to_value(event).expect("it is data");
        assert!(text["type"].is_string());
        assert_eq!(
            &serde_json::from_value::<Event>(text).expect("it is an event"),
            event
        );
    }
}

#[tokio::test]
async fn large_templates_go_through_the_bucket() {
    let world = World::new().await;
    let long = "é".repeat(30_000);
    let template =
        json!({"Metadata": {"Text": long}, "Resources": {"Alarms": {"Type": "AWS::SNS::Topic"}}});
    let report = world
        .deploy(&assembly(&[("alarms", &[], template.clone())]))
        .await;
    assert_eq!(
        kinds(&report),
        [("alarms", OutcomeKind::Created)],
        "{report:#?}"
    );
    assert!(
        world
            .deploy(&assembly(&[("alarms", &[], template)]))
            .await
            .is_unchanged()
    );
}

#[tokio::test]
async fn twelve_stacks_are_deployed_together_and_destroyed_backwards() {
    let world = World::new().await;
    let names: Vec<String> = (0..12).map(|number| format!("s{number}")).collect();
    let stacks: Vec<(&str, &[&str], Value)> = names
        .iter()
        .map(|name| (name.as_str(), &[][..], topic(name)))
        .collect();
    let wanted = assembly(&stacks);
    let report = world.deploy(&wanted).await;
    assert!(
        report.is_success() && report.stacks.len() == 12,
        "{report:#?}"
    );
    let events = world.take_events();
    let before_any_end = events
        .iter()
        .take_while(|event| !matches!(event, Event::StackFinished { .. }));
    assert!(
        before_any_end
            .filter(|event| matches!(event, Event::StackStarted { .. }))
            .count()
            > 1
    );
    let report = world
        .with(async |engine| engine.destroy(&wanted, &[]).await)
        .await
        .expect("it is allowed");
    assert!(report.is_success() && report.stacks.len() == 12);
}

#[tokio::test]
async fn destroying_names_what_remains() {
    let world = World::new().await;
    let mut template = topic("one");
    template["Resources"]["Kept"] = json!({"Type": "AWS::SNS::Topic", "DeletionPolicy": "Retain"});
    let wanted = assembly(&[("alarms", &[], template), ("notes", &["alarms"], reader())]);
    world.deploy(&wanted).await;
    let report = world
        .with(async |engine| engine.destroy(&wanted, &[]).await)
        .await
        .expect("it is allowed");
    assert_eq!(
        kinds(&report),
        [
            ("notes", OutcomeKind::Deleted),
            ("alarms", OutcomeKind::Deleted)
        ]
    );
    let remains: Vec<_> = report.stacks[1]
        .remains
        .iter()
        .map(|resource| resource.logical_id.as_str())
        .collect();
    assert_eq!(remains, ["Kept"]);
    assert!(report.stacks[1].remains[0].physical_id.is_some());
    let status = world
        .with(async |engine| engine.status(&wanted).await)
        .await
        .expect("it can be read");
    assert!(
        status
            .stacks
            .iter()
            .all(|stack| stack.status != Some(StackStatus::CreateComplete))
    );
}
