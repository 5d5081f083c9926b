//! Whether a saved plan may be executed, and what a provisional stack may come to.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;
use plan::{
    Action, ChangeSetPresent, ChangeSetSeal, DeployedPresent, DeployedSeal, MovedPart, Options,
    OutputName, Plan, Present, Rest, SEAL_VERSION, Seal, StackAction, StackPlan, StackPresent,
    StackSeal, Standing, WantedSeal, parameter_digests,
};
use serde_json::{Value, json};

use crate::{diff, diff_with, thing};

const SET: &str = "arn:aws:cloudformation:us-east-1:111122223333:changeSet/saved-1/uuid";
const WAVE: &str = "chitinfra-wave-1";

fn deployed() -> DeployedSeal {
    DeployedSeal {
        id: "arn:stack/1".to_owned(),
        updated_at: Some("2026-11-23T10:00:00Z".to_owned()),
        template: Some("old".to_owned()),
    }
}

fn wanted() -> WantedSeal {
    let map = |key: &str, value: &str| BTreeMap::from([(key.to_owned(), value.to_owned())]);
    WantedSeal {
        template: "new".to_owned(),
        parameters: map("Size", "digest"),
        tags: map("Owner", "us"),
        termination_protection: false,
        depends_on: vec!["network".to_owned()],
    }
}

fn stack() -> StackPlan {
    StackPlan {
        seal: Some(StackSeal {
            wanted: wanted(),
            deployed: Some(deployed()),
            change_set: Some(ChangeSetSeal {
                id: SET.to_owned(),
                name: "saved-1".to_owned(),
                stack_id: "arn:stack/1".to_owned(),
                template: "sent".to_owned(),
                content: "content".to_owned(),
                creates: false,
            }),
        }),
        ..StackPlan::new(
            "data",
            "app-data",
            StackAction::Update,
            diff(&thing(json!({"A": 1})), &thing(json!({"A": 2}))),
        )
    }
}

fn present() -> StackPresent {
    StackPresent {
        wanted: Some(wanted()),
        deployed: Some(DeployedPresent {
            identity: deployed(),
            executed: None,
            status: "UPDATE_COMPLETE".to_owned(),
            rest: Rest::Succeeded,
        }),
        sent: Some("sent".to_owned()),
        change_set: Some(ChangeSetPresent::Available {
            template: Some("sent".to_owned()),
            content: "content".to_owned(),
        }),
    }
}

/// What has moved when this is changed of what is there.
fn moved(change: impl FnOnce(&mut StackPresent)) -> Vec<MovedPart> {
    let mut present = present();
    change(&mut present);
    match stack().standing(&present, WAVE, None) {
        Standing::Moved(moved) => moved.into_iter().map(|one| one.part).collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn nothing_moved_means_ready() {
    assert_eq!(stack().standing(&present(), WAVE, None), Standing::Ready);
    // Where the template of the change set is not told, what it would do has to say enough.
    let mut present = present();
    present.change_set = Some(ChangeSetPresent::Available {
        template: None,
        content: "content".to_owned(),
    });
    assert_eq!(stack().standing(&present, WAVE, None), Standing::Ready);
}

#[test]
fn every_thing_that_moves_is_named() {
    use MovedPart as Part;
    fn wanted(present: &mut StackPresent) -> &mut WantedSeal {
        present.wanted.as_mut().expect("it is wanted")
    }
    fn now(present: &mut StackPresent) -> &mut DeployedPresent {
        present.deployed.as_mut().expect("it is deployed")
    }
    type Change = fn(&mut StackPresent);
    let table: [(Change, &[Part]); 19] = [
        (|now| now.wanted = None, &[Part::NotWanted]),
        (|now| wanted(now).template.push('x'), &[Part::Template]),
        (|now| wanted(now).parameters.clear(), &[Part::Parameter]),
        (|now| wanted(now).tags.clear(), &[Part::Tag]),
        (
            |now| wanted(now).termination_protection = true,
            &[Part::Protection],
        ),
        (|now| wanted(now).depends_on.clear(), &[Part::Dependencies]),
        (
            |now| now.sent = Some("other".to_owned()),
            &[Part::ReadValue],
        ),
        (
            |present| now(present).identity.updated_at = None,
            &[Part::Deployed],
        ),
        (
            |present| now(present).identity.template = None,
            &[Part::DeployedTemplate],
        ),
        (
            |present| now(present).identity.id.push('2'),
            &[Part::OtherStack],
        ),
        (|present| present.deployed = None, &[Part::Vanished]),
        (|present| now(present).rest = Rest::Busy, &[Part::Busy]),
        (
            |now| now.change_set = Some(ChangeSetPresent::Gone),
            &[Part::ChangeSetGone],
        ),
        (|now| now.change_set = None, &[Part::ChangeSetGone]),
        (
            |now| now.change_set = Some(ChangeSetPresent::Obsolete),
            &[Part::Obsolete],
        ),
        (
            |now| now.change_set = Some(ChangeSetPresent::Unavailable("no".to_owned())),
            &[Part::Unavailable],
        ),
        (
            |now| {
                now.change_set = Some(ChangeSetPresent::Available {
                    template: Some("sent".to_owned()),
                    content: "other".to_owned(),
                });
            },
            &[Part::OtherContent],
        ),
        (
            |now| {
                now.change_set = Some(ChangeSetPresent::Available {
                    template: Some("other".to_owned()),
                    content: "content".to_owned(),
                });
            },
            &[Part::OtherContent],
        ),
        (
            |present| {
                wanted(present).template.push('x');
                wanted(present).tags.clear();
                present.deployed = None;
                present.change_set = Some(ChangeSetPresent::Gone);
            },
            &[
                Part::Template,
                Part::Tag,
                Part::Vanished,
                Part::ChangeSetGone,
            ],
        ),
    ];
    for (index, (change, expected)) in table.into_iter().enumerate() {
        assert_eq!(moved(change), expected, "row {index}");
    }
}

#[test]
fn a_new_stack_must_still_be_new() {
    let mut new = stack();
    new.seal.as_mut().expect("it is sealed").deployed = None;
    let Standing::Moved(moved) = new.standing(&present(), WAVE, None) else {
        panic!("it exists");
    };
    assert_eq!(moved[0].part, MovedPart::Appeared);
    let mut absent = present();
    absent.deployed = None;
    assert_eq!(new.standing(&absent, WAVE, None), Standing::Ready);
}

#[test]
fn a_stack_that_was_not_verified_is_not_executed() {
    let mut blind = stack();
    blind.unverified = Some("not allowed".to_owned());
    blind.seal.as_mut().expect("it is sealed").change_set = None;
    let Standing::Moved(moved) = blind.standing(&present(), WAVE, None) else {
        panic!("nobody knows what it would do");
    };
    assert_eq!(moved[0].part, MovedPart::NoChangeSet);
}

#[test]
fn what_was_executed_before_is_recognised() {
    let executed = |id: &str, rest: Rest, template: &str| {
        let mut present = present();
        let deployed = present.deployed.as_mut().expect("it is deployed");
        deployed.executed = Some(id.to_owned());
        deployed.rest = rest;
        deployed.identity.updated_at = Some("2026-11-23T11:00:00Z".to_owned());
        deployed.identity.template = Some(template.to_owned());
        present.change_set = Some(ChangeSetPresent::Gone);
        present
    };
    let own = stack();
    let done = executed(SET, Rest::Succeeded, "sent");
    assert_eq!(own.standing(&done, WAVE, None), Standing::Done);
    let busy = executed(SET, Rest::Busy, "sent");
    assert_eq!(own.standing(&busy, WAVE, None), Standing::UnderWay);
    let parts = |present: &StackPresent| match own.standing(present, WAVE, None) {
        Standing::Moved(moved) => moved.iter().map(|one| one.part).collect::<Vec<_>>(),
        other => panic!("{other:?}"),
    };
    let failed = executed(SET, Rest::Failed, "old");
    assert_eq!(parts(&failed), [MovedPart::Failed]);
    let overwritten = executed(SET, Rest::Succeeded, "another");
    assert_eq!(parts(&overwritten), [MovedPart::DeployedTemplate]);
    let other = executed("arn:aws:x:changeSet/other/uuid", Rest::Succeeded, "sent");
    assert_eq!(
        parts(&other),
        [
            MovedPart::Deployed,
            MovedPart::DeployedTemplate,
            MovedPart::ChangeSetGone
        ]
    );

    let mut provisional = stack();
    provisional.seal.as_mut().expect("it is sealed").change_set = None;
    let in_wave = format!("arn:aws:x:changeSet/{WAVE}/uuid");
    let present = executed(&in_wave, Rest::Succeeded, "anything");
    assert_eq!(provisional.standing(&present, WAVE, None), Standing::Done);
}

#[test]
fn a_plan_is_bound_to_where_it_was_made() {
    let mut plan = Plan::new(
        "staging",
        "111122223333",
        "us-east-1",
        vec![stack()],
        Vec::new(),
    );
    plan.commit = Some("abc".to_owned());
    plan.seal = Some(Seal {
        format_version: SEAL_VERSION.to_owned(),
        tool: "0.1.0".to_owned(),
        assembly: "digest".to_owned(),
        dirty: Some(false),
    });
    let here = Present {
        environment: "staging",
        account: "111122223333",
        region: "us-east-1",
        commit: Some("abc"),
        tool: "0.1.0",
    };
    assert_eq!(plan.moved(&here), []);
    let elsewhere = Present {
        environment: "production",
        account: "444455556666",
        region: "eu-west-1",
        commit: None,
        tool: "0.2.0",
    };
    let words: Vec<String> = plan
        .moved(&elsewhere)
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        words,
        [
            "the plan was made by chitinfra `0.1.0`, this is `0.2.0`",
            "the plan is for environment `staging`, not `production`",
            "the plan is for account `111122223333`, not `444455556666`",
            "the plan is for region `us-east-1`, not `eu-west-1`",
            "the plan is of commit `abc`, this is `none`",
        ]
    );
}

#[test]
fn digests_of_secrets_need_their_key() {
    let template = json!({"Parameters": {
        "Token": {"Type": "String", "NoEcho": true}, "Size": {"Type": "Number"}}});
    let values = |token: &str| {
        IndexMap::from([
            ("Token".to_owned(), token.to_owned()),
            ("Size".to_owned(), "3".to_owned()),
        ])
    };
    let digests = |token: &str, key| parameter_digests(&template, &values(token), key);
    let keyed = digests("hush", Some("one"));
    assert_eq!(keyed.len(), 2);
    assert_eq!(keyed, digests("hush", Some("one")));
    let (other_key, other_value) = (digests("hush", Some("two")), digests("rush", Some("one")));
    assert_ne!(keyed["Token"], other_key["Token"]);
    assert_ne!(keyed["Token"], other_value["Token"]);
    assert_eq!(keyed["Size"], other_key["Size"]);
    let keyless: Vec<String> = digests("hush", None).into_keys().collect();
    assert_eq!(keyless, ["Size"]);
}

#[test]
fn a_provisional_stack_may_do_less_and_never_more() {
    let (before, after) = (
        thing(json!({"A": 1, "B": 1})),
        thing(json!({"A": 2, "B": 1})),
    );
    let planned = StackPlan::new(
        "data",
        "app-data",
        StackAction::Update,
        diff(&before, &after),
    );
    let exceeded =
        |after: &Value| planned.exceeded_by(StackAction::Update, &diff(&before, after), &[]);
    assert_eq!(exceeded(&after), [""; 0]);
    assert_eq!(exceeded(&before), [""; 0]);
    assert_eq!(
        exceeded(&thing(json!({"A": 2, "B": 2}))),
        ["`Thing` (Test::Thing): B would change too"]
    );
    let mut more = after.clone();
    more["Resources"]["New"] = json!({"Type": "Test::Thing"});
    more["Outputs"]["Id"] = json!({"Value": "x"});
    assert_eq!(
        exceeded(&more),
        [
            "`New` (Test::Thing) would change too (create)",
            "output `Id` would change (create)"
        ]
    );
    // The first digest of what is read is nothing new where a move made the reference, and only there.
    let beside = json!({"Type": "Test::Store"});
    let mut digest = after.clone();
    digest["Resources"]["Reader"] = beside.clone();
    digest["Resources"]["Reader"]["Metadata"] = json!({"chitinfra:reads": {"p-data.Id": "0"}});
    let mut without = before.clone();
    without["Resources"]["Reader"] = beside;
    let exceeded_with = |readers: &[&str]| {
        planned.exceeded_by(StackAction::Update, &diff(&without, &digest), readers)
    };
    assert_eq!(
        exceeded_with(&[]),
        ["`Reader` (Test::Store) would change too (update)"]
    );
    assert_eq!(exceeded_with(&["Reader"]), [""; 0]);
    let gone = json!({"Resources": {}});
    assert_eq!(
        exceeded(&gone),
        ["`Thing` (Test::Thing): update was planned, now it would be delete"]
    );
    assert_eq!(
        planned.exceeded_by(StackAction::Create, &diff(&json!(null), &after), &[]),
        [
            "the stack would be created",
            "`Thing` (Test::Thing): update was planned, now it would be create"
        ]
    );
}

#[test]
fn what_reads_an_unsettled_output_may_change() {
    let reader = |property: &str| {
        let read = json!({"Fn::GetStackOutput": {"StackName": "app-data", "OutputName": "Id"}});
        let mut template = thing(json!({"A": 1}));
        template["Resources"]["Thing"]["Properties"][property] = read;
        template["Outputs"]["Thing"] = json!({"Value": {"Ref": "Thing"}});
        template
    };
    let options = Options {
        unsettled: BTreeSet::from([OutputName {
            stack_name: "app-data".to_owned(),
            output: "Id".to_owned(),
        }]),
        ..Options::default()
    };
    for (property, action, outputs) in [("B", Action::Update, 0), ("Name", Action::MayReplace, 1)] {
        let template = reader(property);
        let found = diff_with(&template, &template, &options);
        let change = found.change("Thing").expect("it may change");
        assert_eq!(change.action, action, "{property}");
        assert!(change.properties[0].dynamic);
        assert_eq!(
            change.properties[0].causes[0].to_string(),
            "output Id of app-data changes"
        );
        assert_eq!(found.outputs.len(), outputs, "{property}");
        assert!(diff(&template, &template).is_empty());
    }
}
