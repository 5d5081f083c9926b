//! CloudFormation's word beside ours.

use plan::{
    Action, IgnoredDrift, Impact, Options, PolicyAction, Reason, Recreation, Replacement,
    ReportedAction, ReportedChange, ReportedDetail, StackDiff,
};
use serde_json::{Value, json};

use crate::{diff, diff_with, facts, resources, thing, words};

fn report(
    logical_id: &str,
    action: ReportedAction,
    replacement: Option<Replacement>,
) -> ReportedChange {
    ReportedChange {
        logical_id: logical_id.to_owned(),
        physical_id: Some("physical".to_owned()),
        type_name: "Test::Store".to_owned(),
        action,
        replacement,
        policy_action: None,
        details: Vec::new(),
        drifted: false,
        ignored: Vec::new(),
    }
}

fn with(diff: StackDiff, report: ReportedChange) -> StackDiff {
    diff.with_change_set(&[report], &facts::Table)
}

fn changed(property: &str) -> StackDiff {
    let template = |value: &str| thing(json!({property: value}));
    diff(&template("a"), &template("b"))
}

#[test]
fn the_graver_word_wins() {
    use Action::{MayReplace, Replace, Update};
    use Reason::{PropertyChanged, Reported};
    let table = [
        ("A", Replacement::False, Update, PropertyChanged),
        ("A", Replacement::Conditional, MayReplace, Reported),
        ("A", Replacement::True, Replace, Reported),
        ("Size", Replacement::False, MayReplace, PropertyChanged),
        ("Size", Replacement::True, Replace, Reported),
        ("Name", Replacement::False, Replace, PropertyChanged),
        ("Name", Replacement::Conditional, Replace, PropertyChanged),
    ];
    for (property, replacement, action, reason) in table {
        let report = report("Thing", ReportedAction::Modify, Some(replacement));
        let diff = with(changed(property), report);
        assert_eq!(
            words(&diff),
            [("Thing", action, reason)],
            "{property} {replacement:?}"
        );
        assert_eq!(diff.changes[0].physical_id.as_deref(), Some("physical"));
        assert!(diff.changes[0].reported.is_some());
        assert_eq!(diff.summary.total(), 1);
    }
}

#[test]
fn what_only_cloudformation_sees_is_added() {
    let template = thing(json!({"A": 1}));
    let seen = with(
        diff(&template, &template),
        report("Thing", ReportedAction::Modify, Some(Replacement::False)),
    );
    assert_eq!(words(&seen), [("Thing", Action::Update, Reason::Reported)]);
    assert!(seen.changes[0].stateful);
    let synced = with(
        diff(&template, &template),
        report("Thing", ReportedAction::SyncWithActual, None),
    );
    assert!(synced.is_empty());
}

#[test]
fn what_differs_in_form_only_stays_so_unless_it_would_be_lost() {
    let form = || diff(&thing(json!({"A": 1})), &thing(json!({"A": "1"})));
    let harmless = with(
        form(),
        report("Thing", ReportedAction::Modify, Some(Replacement::False)),
    );
    assert_eq!((harmless.changes.len(), harmless.equivalent.len()), (0, 1));
    let grave = with(
        form(),
        report(
            "Thing",
            ReportedAction::Modify,
            Some(Replacement::Conditional),
        ),
    );
    assert_eq!(
        words(&grave),
        [("Thing", Action::MayReplace, Reason::Reported)]
    );
    assert_eq!(grave.equivalent.len(), 0);
}

#[test]
fn an_import_is_not_a_creation() {
    let created = diff_with(&json!(null), &thing(json!({"A": 1})), &Options::default());
    let diff = with(created, report("Thing", ReportedAction::Import, None));
    assert_eq!(words(&diff), [("Thing", Action::Import, Reason::Imported)]);
    assert_eq!((diff.summary.create, diff.summary.import), (0, 1));
}

#[test]
fn a_removal_is_what_its_policy_makes_of_it() {
    let removed = |policy: Value| {
        diff(
            &resources(json!({"Thing": {"Type": "Test::Thing", "DeletionPolicy": policy}})),
            &resources(json!({})),
        )
    };
    for (policy, reported, expected) in [
        ("Retain", PolicyAction::Retain, Action::Orphan),
        ("Retain", PolicyAction::Delete, Action::Delete),
        ("Delete", PolicyAction::Retain, Action::Delete),
    ] {
        let report = ReportedChange {
            policy_action: Some(reported),
            ..report("Thing", ReportedAction::Remove, None)
        };
        assert_eq!(
            with(removed(json!(policy)), report).changes[0].action,
            expected
        );
    }
}

#[test]
fn details_make_properties_graver_and_add_missing_ones() {
    let detail = |path: &str, recreation: Recreation, is_dynamic: bool| ReportedDetail {
        attribute: "Properties".to_owned(),
        path: vec![path.to_owned()],
        recreation,
        is_dynamic,
        before: Some(json!("x")),
        after: Some(json!("y")),
        drifted: false,
    };
    let report = ReportedChange {
        details: vec![
            detail("A", Recreation::Always, false),
            detail("Live", Recreation::Always, true),
            detail("Form", Recreation::Never, false),
        ],
        ..report("Thing", ReportedAction::Modify, Some(Replacement::True))
    };
    let diff = with(changed("A"), report);
    let properties = &diff.changes[0].properties;
    assert_eq!(properties.len(), 2);
    assert_eq!(properties[0].impact, Impact::Replace);
    assert_eq!(properties[0].after, Some(json!("b")));
    assert_eq!(
        (properties[1].impact, properties[1].dynamic),
        (Impact::MayReplace, true)
    );
}

#[test]
fn the_words_are_those_of_cloudformation() {
    assert_eq!(
        ReportedAction::from_word("Modify"),
        Some(ReportedAction::Modify)
    );
    assert_eq!(
        PolicyAction::from_word("ReplaceAndRetain"),
        Some(PolicyAction::ReplaceAndRetain)
    );
    assert_eq!(Replacement::from_word("Sometimes"), None);
}

#[test]
fn what_something_else_has_done_is_told_with_what_there_is() {
    let detail = |path: &str, before: &str, after: &str| ReportedDetail {
        attribute: "Properties".to_owned(),
        path: vec![path.to_owned()],
        recreation: Recreation::Never,
        is_dynamic: false,
        before: Some(json!(before)),
        after: Some(json!(after)),
        drifted: true,
    };
    let ignored = IgnoredDrift {
        path: vec!["Secret".to_owned()],
        reason: "WRITE_ONLY_PROPERTY".to_owned(),
    };
    let drifted = |details: Vec<ReportedDetail>| ReportedChange {
        details,
        drifted: true,
        ignored: vec![ignored.clone()],
        ..report("Thing", ReportedAction::Modify, Some(Replacement::False))
    };
    let told = |diff: StackDiff| {
        let [change] = diff.changes.as_slice() else {
            panic!("{diff:?}");
        };
        assert_eq!(
            (change.action, change.reason),
            (Action::Update, Reason::Drifted)
        );
        assert_eq!(change.ignored_drift, std::slice::from_ref(&ignored));
        let told = change.properties.iter();
        told.map(|one| {
            (
                one.path.join("."),
                one.before.clone(),
                one.after.clone(),
                one.drifted,
            )
        })
        .collect::<Vec<_>>()
    };
    let row = |path: &str, before: &str, after: &str, drifted: bool| {
        (
            path.to_owned(),
            Some(json!(before)),
            Some(json!(after)),
            drifted,
        )
    };
    // The template says what it said before.
    let same = thing(json!({"A": "a"}));
    let diff_of_same = diff(&same, &same);
    assert_eq!(
        told(with(diff_of_same, drifted(vec![detail("A", "live", "a")]))),
        [row("A", "live", "a", true)]
    );
    // It says something new, of the same property and of another.
    assert_eq!(
        told(with(changed("A"), drifted(vec![detail("A", "live", "b")]))),
        [row("A", "live", "b", true)]
    );
    assert_eq!(
        told(with(changed("A"), drifted(vec![detail("B", "live", "c")]))),
        [row("A", "a", "b", false), row("B", "live", "c", true)]
    );
    // It differs in form alone.
    let (one, other) = (thing(json!({"A": 1})), thing(json!({"A": "1"})));
    assert_eq!(
        told(with(
            diff(&one, &other),
            drifted(vec![detail("B", "live", "c")])
        )),
        [row("B", "live", "c", true)]
    );
}
