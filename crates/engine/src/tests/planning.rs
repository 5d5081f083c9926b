//! What plans say, and that they leave nothing behind.

use plan::{Action, StackAction};
use serde_json::{Value, json};

use super::{Buckets, Run, assembly, consumer, pair, producer};
use crate::{AwsErrorKind, Busy, ChangeSets, Error, Hint as _, StackStatus};

#[tokio::test(start_paused = true)]
async fn a_plan_without_changes_takes_two_calls_for_each_stack() {
    let run = Run::new();
    run.deploy(&pair("one", 1)).await;
    run.cloud.state().calls.clear();
    run.plan(&pair("one", 1), ChangeSets::Read)
        .await
        .expect("it can be planned");
    let calls = run.cloud.state().calls.clone();
    assert_eq!(calls.len(), 4, "{calls:?}");
}

#[tokio::test(start_paused = true)]
async fn a_value_that_is_looked_up_needs_a_change_set_where_more_than_the_rules_reads_it() {
    for is_read in [false, true] {
        let name = if is_read {
            json!({"Ref": "Version"})
        } else {
            json!("plain")
        };
        let template = json!({
            "Parameters": {"Version": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/version"}},
            "Rules": {"Check": {"Assertions": [{"Assert": {"Fn::Equals": [{"Ref": "Version"}, "1"]}}]}},
            "Resources": {"Topic": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": name}}},
        });
        let wanted = assembly(&[("identity", &[], template)]);
        let run = Run::new();
        run.deploy(&wanted).await;
        run.cloud.state().calls.clear();
        let planned = run.plan(&wanted, ChangeSets::Read).await;
        let planned = planned.expect("it can be planned");
        assert_eq!(planned.plan.stacks[0].action, StackAction::None);
        let asked = run.cloud.count("CreateChangeSet");
        assert_eq!(asked, usize::from(is_read));
    }
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_was_left_behind_is_found_by_the_next_plan() {
    let run = Run::new();
    run.deploy(&pair("one", 1)).await;
    // Only the producer is deployed, as when a run is killed between the two.
    let wanted = pair("two", 1);
    run.with(async |engine| {
        let only = ["identity".to_owned()];
        let planned = engine
            .plan(&wanted, &only, ChangeSets::Kept, Busy::Refuse)
            .await
            .expect("it can be planned");
        engine.deploy(&wanted, &planned).await
    })
    .await;
    let planned = run
        .plan(&wanted, ChangeSets::Read)
        .await
        .expect("it can be planned");
    let shape: Vec<_> = planned
        .plan
        .stacks
        .iter()
        .map(|stack| (stack.action, stack.provisional))
        .collect();
    assert_eq!(
        shape,
        [(StackAction::None, false), (StackAction::Update, false)]
    );
}

#[tokio::test(start_paused = true)]
async fn every_status_leads_where_the_table_says() {
    for status in StackStatus::KNOWN {
        use crate::Condition;
        let run = Run::new();
        let wanted = assembly(&[("identity", &[], producer("one"))]);
        run.deploy(&wanted).await;
        run.cloud.set_status("p-identity", status.clone());
        let planned = run.plan(&wanted, ChangeSets::Left).await;
        match (status.condition(), planned) {
            (Condition::Ready, Ok(planned)) => {
                assert_eq!(planned.plan.stacks[0].action, StackAction::None);
            }
            (Condition::Absent, Ok(planned)) => {
                assert_eq!(
                    planned.plan.stacks[0].action,
                    StackAction::Create,
                    "{status}"
                );
            }
            // It was deployed before, so that there is more to it than a failed first create leaves.
            (Condition::Leftover, Err(error @ Error::HalfDone { .. }))
            | (Condition::Busy, Err(error @ Error::Busy { .. }))
            | (Condition::Stuck, Err(error @ Error::Stuck { .. })) => {
                assert!(!error.hints().is_empty(), "{status}");
            }
            (_, other) => panic!("{status}: {other:?}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_shell_that_someone_left_is_taken_over_and_not_deleted() {
    let run = Run::new();
    let wanted = assembly(&[("identity", &[], producer("one"))]);
    let kept = run
        .plan(&wanted, ChangeSets::Kept)
        .await
        .expect("it can be planned");
    assert!(kept.change_sets["identity"].creates);
    let planned = run
        .plan(&wanted, ChangeSets::Read)
        .await
        .expect("it can be planned");
    assert_eq!(planned.plan.stacks[0].action, StackAction::Create);
    assert_eq!(
        run.cloud.status("p-identity"),
        Some(StackStatus::ReviewInProgress)
    );
    assert!(run.deploy(&wanted).await.is_success());
}

#[tokio::test(start_paused = true)]
async fn a_refused_change_set_tells_all_and_leaves_nothing() {
    let run = Run::new();
    run.cloud.state().refuse_change_sets =
        Some("AWS::EarlyValidation::PropertyValidation".to_owned());
    let mut wanted = assembly(&[
        ("identity", &[], producer("one")),
        ("other", &[], producer("two")),
    ]);
    let origin = assembly::ResourceOrigin {
        path: "identity/Users".to_owned(),
        source: "stacks/src/identity.rs:4".to_owned(),
    };
    wanted.manifest.stacks[0]
        .resources
        .insert("Users".to_owned(), origin);
    let error = run
        .plan(&wanted, ChangeSets::Kept)
        .await
        .expect_err("it is refused");
    let told = ["`Users` (stacks/src/identity.rs:4): PROPERTY_VALIDATION: extraneous key"];
    assert!(
        matches!(&error, Error::ChangeSet { findings, .. } if *findings == told),
        "{error:?}"
    );
    run.nothing_left_behind();
}

#[tokio::test(start_paused = true)]
async fn an_error_is_never_read_as_absence() {
    for operation in ["DescribeStacks", "GetTemplate"] {
        for kind in [
            AwsErrorKind::AccessDenied,
            AwsErrorKind::Throttled,
            AwsErrorKind::Unavailable,
        ] {
            let run = Run::new();
            let wanted = assembly(&[("identity", &[], producer("one"))]);
            run.deploy(&wanted).await;
            run.cloud.state().failures.push((operation, kind));
            let error = run
                .plan(&wanted, ChangeSets::Kept)
                .await
                .expect_err("it failed");
            assert!(matches!(error, Error::Aws(error) if error.kind == kind));
            run.cloud.state().failures.push((operation, kind));
            match run.plan(&wanted, ChangeSets::Left).await {
                Err(Error::Aws(error)) => assert_eq!(error.kind, kind),
                Ok(planned) => {
                    assert_eq!(kind, AwsErrorKind::AccessDenied);
                    let stack = &planned.plan.stacks[0];
                    assert_eq!(stack.action, StackAction::Update);
                    let reason = stack.unverified.as_deref().expect("it says so");
                    assert!(reason.contains(operation), "{reason}");
                }
                Err(other) => panic!("{other:?}"),
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn without_the_right_to_make_change_sets_the_plan_says_so() {
    let run = Run::new();
    run.deploy(&pair("one", 1)).await;
    run.cloud
        .state()
        .failures
        .push(("CreateChangeSet", AwsErrorKind::AccessDenied));
    let planned = run
        .plan(&pair("one", 2), ChangeSets::Read)
        .await
        .expect("it can be planned");
    let [identity, files] = &planned.plan.stacks[..] else {
        panic!("there are two stacks");
    };
    assert_eq!(identity.unverified, None);
    assert_eq!(
        files.unverified.as_deref(),
        Some(
            "`cloudformation:CreateChangeSet` is not allowed: this is told from the templates alone"
        )
    );
    assert_eq!(files.action, StackAction::Update);
}

#[tokio::test(start_paused = true)]
async fn what_cloudformation_takes_for_no_change_is_none() {
    let run = Run::new();
    let template = |name: &str| json!({"Description": name, "Resources": {"A": {"Type": "T"}}});
    let one = assembly(&[("identity", &[], template("one"))]);
    run.deploy(&one).await;
    // The fake compares texts: make it see the same while the comparison of templates sees a difference.
    let other = json!({"Resources": {"A": {"Type": "T"}, "B": {"Type": "T"}}});
    run.cloud.state().stacks[0].template = other.to_string();
    let mut wanted = assembly(&[("identity", &[], other)]);
    assert_eq!(
        run.plan(&wanted, ChangeSets::Read)
            .await
            .expect("planned")
            .plan
            .stacks[0]
            .action,
        StackAction::None
    );
    wanted.manifest.stacks[0]
        .tags
        .insert("Owner".to_owned(), "me".to_owned());
    let planned = run
        .plan(&wanted, ChangeSets::Read)
        .await
        .expect("it can be planned");
    assert_eq!(planned.plan.stacks[0].action, StackAction::Update);
    assert_eq!(planned.plan.stacks[0].diff.other[0].name, "Tags.Owner");
    run.nothing_left_behind();
}

#[tokio::test(start_paused = true)]
async fn large_templates_go_through_the_bucket_and_are_counted_in_bytes() {
    let run = Run::new();
    // 25,000 characters of two bytes each, and a little more.
    let name = "é".repeat(25_700);
    assert!(
        run.deploy(&assembly(&[("identity", &[], producer(&name))]))
            .await
            .is_success()
    );
    assert_eq!(run.cloud.count("PutObject"), 1);
    let too_large = "é".repeat(600_000);
    let error = run
        .plan(
            &assembly(&[("other", &[], producer(&too_large))]),
            ChangeSets::Read,
        )
        .await;
    assert!(matches!(error, Err(Error::TemplateTooLarge { .. })));
}

#[tokio::test(start_paused = true)]
async fn status_and_outputs_have_the_forms_of_the_contract() {
    let run = Run::new();
    run.deploy(&assembly(&[("identity", &[], producer("one"))]))
        .await;
    let both = pair("one", 1);
    let status = run
        .with(async |engine| engine.status(&both).await)
        .await
        .expect("it can be read");
    let status = serde_json::to_value(status).expect("it is data");
    assert_eq!(status["stacks"][0]["health"], "healthy");
    assert_eq!(status["stacks"][0]["status"], "CREATE_COMPLETE");
    assert_eq!(status["stacks"][0]["resources"], 1);
    assert_eq!(status["stacks"][1]["health"], "absent");
    assert_eq!(status["stacks"][1]["status"], Value::Null);
    let outputs = run
        .with(async |engine| engine.outputs(&both).await)
        .await
        .expect("it can be read");
    let outputs = serde_json::to_value(outputs).expect("it is data");
    assert_eq!(
        outputs,
        json!({"format_version": "1.0", "stacks": {"identity": {"Id": "one"}}, "external": {}})
    );
}

#[test]
fn selecting_a_stack_selects_what_it_stands_on() {
    let wanted = assembly(&[
        ("a", &[], json!({})),
        ("b", &["a"], json!({})),
        ("c", &[], json!({})),
    ]);
    let names = |names: &[&str]| {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        wanted.select(&names).map(|stacks| {
            stacks
                .iter()
                .map(|stack| stack.name.clone())
                .collect::<Vec<_>>()
        })
    };
    assert_eq!(names(&["b"]).expect("it exists"), ["a", "b"]);
    assert_eq!(names(&[]).expect("it exists"), ["a", "b", "c"]);
    assert!(
        matches!(names(&["bb"]), Err(Error::UnknownStack { suggestion: Some(name), .. }) if name == "b" || name == "a" || name == "c")
    );
}

#[tokio::test(start_paused = true)]
async fn an_incomplete_description_is_completed() {
    let run = Run::new();
    run.deploy(&assembly(&[("identity", &[], producer("one"))]))
        .await;
    run.cloud.state().warning = Some(
        "[WARN] --include-property-values option can return incomplete ChangeSet data because: x"
            .to_owned(),
    );
    let planned = run
        .plan(
            &assembly(&[("identity", &[], producer("two"))]),
            ChangeSets::Read,
        )
        .await;
    let planned = planned.expect("it can be planned");
    let change = planned.plan.stacks[0]
        .diff
        .change("Users")
        .expect("it changes");
    assert_eq!(change.reported, Some(plan::Action::Update));
}

#[test]
fn two_assemblies_are_compared_without_any_connection() {
    let base = assembly(&[
        ("identity", &[], producer("one")),
        ("gone", &[], producer("x")),
    ]);
    let wanted = pair("two", 1);
    let plan = crate::plan_against(&wanted, &base, &[], &Buckets).expect("the names exist");
    let shape: Vec<_> = plan
        .stacks
        .iter()
        .map(|stack| (stack.name.as_str(), stack.action))
        .collect();
    let expected = [
        ("identity", StackAction::Update),
        ("files", StackAction::Create),
        ("gone", StackAction::Delete),
    ];
    assert_eq!(shape, expected);
    assert!(plan.is_intact());
    let same = crate::plan_against(&wanted, &wanted, &[], &Buckets).expect("the names exist");
    assert!(
        same.stacks
            .iter()
            .all(|stack| stack.action == StackAction::None)
    );
    let only = crate::plan_against(&wanted, &base, &["identity".to_owned()], &Buckets);
    assert_eq!(only.expect("the names exist").stacks.len(), 1);
}

#[test]
fn a_resource_that_moves_to_another_stack_is_no_new_one() {
    let rest = json!({"Type": "Test::Bucket", "Properties": {"Title": "rest"}});
    let store = json!({"Type": "Test::Bucket", "Properties": {"Title": "kept"}});
    let with = |stays: bool| {
        let (mut from, mut to) = (json!({"Rest": rest}), json!({"Rest": rest}));
        let home = if stays { &mut from } else { &mut to };
        home["Store"] = store.clone();
        (json!({"Resources": from}), json!({"Resources": to}))
    };
    let ((before, after), (left, entered)) = (with(true), with(false));
    let base = assembly(&[("app", &[], before), ("data", &[], after)]);
    let mut wanted = assembly(&[("app", &[], left), ("data", &[], entered.clone())]);
    wanted.manifest.moves = vec![assembly::Move {
        from: "app/Store".to_owned(),
        to: "data/Store".to_owned(),
    }];
    let actions = |wanted: &crate::Assembly| -> Vec<_> {
        let plan = crate::plan_against(wanted, &base, &[], &Buckets).expect("the names exist");
        let changes = plan.stacks.iter().flat_map(|stack| &stack.diff.changes);
        changes.map(|change| change.action).collect()
    };
    assert_eq!(actions(&wanted), [Action::Move, Action::Move]);

    // Nor where the stack that it leaves goes altogether.
    let mut alone = assembly(&[("data", &[], entered)]);
    alone.manifest.moves.clone_from(&wanted.manifest.moves);
    assert_eq!(
        actions(&alone),
        [Action::Move, Action::Delete, Action::Move]
    );
}

#[tokio::test(start_paused = true)]
async fn a_reader_waits_only_for_what_it_reads() {
    let run = Run::new();
    let stacks = |title: &str| {
        let mut template = producer("one");
        template["Resources"]["Users"]["Properties"]["Title"] = json!(title);
        assembly(&[
            ("identity", &[], template),
            ("files", &["identity"], consumer(1)),
        ])
    };
    run.deploy(&stacks("one")).await;
    let planned = run
        .plan(&stacks("two"), ChangeSets::Read)
        .await
        .expect("it can be planned");
    let shape: Vec<_> = planned
        .plan
        .stacks
        .iter()
        .map(|stack| (stack.action, stack.provisional))
        .collect();
    assert_eq!(
        shape,
        [(StackAction::Update, false), (StackAction::None, false)]
    );
}

#[tokio::test(start_paused = true)]
async fn what_a_killed_plan_left_is_found_by_name_or_by_age() {
    let run = Run::new();
    let plan = async |value: &str| {
        let wanted = assembly(&[("identity", &[], producer(value))]);
        run.plan(&wanted, ChangeSets::Read).await
    };
    let left = || run.cloud.state().change_sets.len();
    let leave = async |value: &str| {
        let failure = ("DeleteChangeSet", AwsErrorKind::Unavailable);
        run.cloud.state().failures.push(failure);
        plan(value).await.expect_err("it cannot be taken away");
        assert_eq!(left(), 1);
    };
    leave("one").await;
    plan("one").await.expect("its name is found");
    run.nothing_left_behind();

    leave("one").await;
    plan("two").await.expect("another may be reading that one");
    assert_eq!(left(), 1);
    for set in run.cloud.state().change_sets.values_mut() {
        set.created -= 2 * 60 * 60 * 1000;
    }
    plan("two").await.expect("nobody reads that one any more");
    run.nothing_left_behind();
}

#[tokio::test(start_paused = true)]
async fn a_plan_that_is_saved_twice_waits_once() {
    let run = Run::new();
    let wanted = assembly(&[("identity", &[], producer("one"))]);
    let save = async || {
        let planned = run.plan(&wanted, ChangeSets::Saved { key: "key" }).await;
        let mut planned = planned.expect("it can be planned");
        let seal = planned.plan.stacks.remove(0).seal.expect("it is sealed");
        seal.change_set.expect("it has one").id
    };
    assert_eq!(save().await, save().await);
    assert_eq!(run.cloud.state().change_sets.len(), 1);
}
