//! Two templates of which nobody knows what the stack was deployed with: no default counts, and nothing that a parameter
//! decides is hidden.

use plan::{Action, Cause, Impact, Options, StackDiff};
use serde_json::{Value, json};

use crate::{diff, diff_with};

fn open(before: &Value, after: &Value) -> StackDiff {
    let options = Options {
        open_parameters: true,
        ..Options::default()
    };
    diff_with(before, after, &options)
}

/// A template of one thing whose create-only name is this, with a parameter that is `dev` by default and a condition
/// that is not met by it.
fn named(name: &Value) -> Value {
    with_default("dev", name)
}

fn with_default(default: &str, name: &Value) -> Value {
    json!({
        "Parameters": {"Stage": {"Type": "String", "Default": default}},
        "Mappings": {"Sizes": {"dev": {"Name": "a"}, "prod": {"Name": "b"}}},
        "Conditions": {"IsProd": {"Fn::Equals": [{"Ref": "Stage"}, "prod"]}},
        "Resources": {"Thing": {"Type": "Test::Thing", "Properties": {"Name": name}}},
    })
}

/// What is said of the only property that may change.
fn impact(diff: &StackDiff) -> Option<Impact> {
    match &diff.changes[..] {
        [] => None,
        [change] => {
            let [property] = &change.properties[..] else {
                panic!("{change:?}");
            };
            Some(property.impact)
        }
        changes => panic!("{changes:?}"),
    }
}

#[test]
fn a_branch_that_the_default_does_not_take_may_be_the_one_that_is_deployed() {
    let branch = |yes: &str| named(&json!({"Fn::If": ["IsProd", yes, "small"]}));
    let (before, after) = (branch("users"), branch("people"));
    // Where the default is known to hold, nothing happens.
    assert_eq!(diff(&before, &after).equivalent, ["Thing"]);

    let diff = open(&before, &after);
    assert_eq!(diff.equivalent, [""; 0]);
    assert_eq!(diff.changes[0].action, Action::MayReplace);
    assert!(diff.needs_deployment());
}

#[test]
fn what_may_come_to_the_same_may_replace_and_anything_else_replaces() {
    let stage = || json!({"Ref": "Stage"});
    let sub = |text: &str| json!({"Fn::Sub": text});
    let choice = |yes: Value, no: Value| json!({"Fn::If": ["IsProd", yes, no]});
    let size = || json!({"Fn::FindInMap": ["Sizes", {"Ref": "Stage"}, "Name"]});
    let (may, must) = (Some(Impact::MayReplace), Some(Impact::Replace));
    let table = [
        (json!("a"), json!("b"), must),
        (stage(), stage(), None),
        // A parameter in the place of what it is by default.
        (json!("dev"), stage(), may),
        (stage(), json!("dev"), may),
        (sub("a-${Stage}"), sub("b-${Stage}"), must),
        (sub("${Stage}-a"), sub("${Stage}-b"), must),
        (sub("a-${Stage}-x"), json!("a-dev-x"), may),
        (sub("a-${Stage}-x"), json!("a-dev-y"), must),
        (sub("a-${Stage}-x"), json!("a-x"), must),
        (sub("${Stage}${AWS::Region}"), stage(), may),
        (sub("a${Stage}"), stage(), must),
        (sub("a"), sub("${Stage}a"), may),
        (sub("a"), sub("${Stage}aa"), must),
        (
            choice(json!("a"), json!("b")),
            choice(json!("a"), json!("c")),
            may,
        ),
        (
            choice(json!("a"), json!("b")),
            choice(json!("c"), json!("d")),
            must,
        ),
        (choice(json!("a"), json!("b")), json!("a"), may),
        (choice(json!("a"), json!("b")), json!("c"), must),
        (
            json!("a"),
            choice(json!("a"), json!({"Ref": "AWS::NoValue"})),
            may,
        ),
        (choice(stage(), json!("b")), json!("c"), may),
        (size(), json!("a"), may),
        (size(), size(), None),
        (
            json!({"Fn::Select": [0, {"Fn::Split": ["-", {"Ref": "Stage"}]}]}),
            json!({"Fn::Select": [1, {"Fn::Split": ["-", {"Ref": "Stage"}]}]}),
            may,
        ),
    ];
    for (before, after, expected) in table {
        let diff = open(&named(&before), &named(&after));
        assert_eq!(impact(&diff), expected, "{before} {after}");
    }
}

#[test]
fn a_new_default_changes_what_reads_it_if_it_is_used() {
    let reads = json!({"Ref": "Stage"});
    let before = with_default("dev", &reads);
    let diff = open(&before, &with_default("prod", &reads));
    assert_eq!(diff.parameters.len(), 1);
    assert_eq!(impact(&diff), Some(Impact::MayReplace));
    let causes = &diff.changes[0].properties[0].causes;
    assert_eq!(
        causes[..],
        [Cause::Parameter {
            name: "Stage".to_owned()
        }]
    );

    // Through a condition.
    let chosen = json!({"Fn::If": ["IsProd", "a", "b"]});
    let diff = open(
        &with_default("dev", &chosen),
        &with_default("prod", &chosen),
    );
    assert_eq!(impact(&diff), Some(Impact::MayReplace));
    // Through the key of a mapping.
    let found = json!({"Fn::FindInMap": ["Sizes", {"Ref": "Stage"}, "Name"]});
    let diff = open(&with_default("dev", &found), &with_default("prod", &found));
    assert_eq!(impact(&diff), Some(Impact::MayReplace));
    // Without a default a value is given, or kept.
    let mut without = before.clone();
    without["Parameters"]["Stage"] = json!({"Type": "String"});
    let diff = open(&before, &without);
    assert_eq!((diff.parameters.len(), impact(&diff)), (1, None));
    // A list in the place of a text.
    let mut list = before.clone();
    list["Parameters"]["Stage"]["Type"] = json!("CommaDelimitedList");
    assert_eq!(impact(&open(&before, &list)), Some(Impact::MayReplace));
}

#[test]
fn a_resource_whose_condition_may_change_is_told() {
    let template = |default: &str| {
        let mut template = with_default(default, &json!("a"));
        template["Resources"]["Thing"]["Condition"] = json!("IsProd");
        template
    };
    let diff = open(&template("dev"), &template("prod"));
    let [change] = &diff.changes[..] else {
        panic!("{:?}", diff.changes);
    };
    assert_eq!(change.attributes[0].name, "Condition");
    // Under one that stays as it is, the same resource changes by its properties alone.
    let mut renamed = template("dev");
    renamed["Resources"]["Thing"]["Properties"]["Name"] = json!("b");
    let diff = open(&template("dev"), &renamed);
    assert_eq!(impact(&diff), Some(Impact::Replace));
    assert!(diff.changes[0].attributes.is_empty());
}

#[test]
fn an_entry_of_a_mapping_changes_what_may_read_it() {
    let found = json!({"Fn::FindInMap": ["Sizes", {"Ref": "Stage"}, "Name"]});
    let before = named(&found);
    let mut after = before.clone();
    after["Mappings"]["Sizes"]["prod"]["Name"] = json!("c");
    let diff = open(&before, &after);
    assert_eq!(impact(&diff), Some(Impact::MayReplace));
    let causes = &diff.changes[0].properties[0].causes;
    assert_eq!(
        causes[..],
        [Cause::Mapping {
            name: "Sizes".to_owned()
        }]
    );
    // Another key of it is not read here.
    let mut other = before.clone();
    other["Mappings"]["Sizes"]["prod"]["Other"] = json!("c");
    assert_eq!(impact(&open(&before, &other)), None);
}

#[test]
fn values_that_are_given_count() {
    let options = Options {
        open_parameters: true,
        before_parameters: [("Stage".to_owned(), "prod".to_owned())].into(),
        after_parameters: [("Stage".to_owned(), "prod".to_owned())].into(),
        ..Options::default()
    };
    let branch = |yes: &str, no: &str| named(&json!({"Fn::If": ["IsProd", yes, no]}));
    let same = diff_with(&branch("a", "b"), &branch("a", "c"), &options);
    assert_eq!(same.equivalent, ["Thing"]);
    let replaced = diff_with(&branch("a", "b"), &branch("c", "b"), &options);
    assert_eq!(replaced.changes[0].action, Action::Replace);
}

#[test]
fn access_that_a_parameter_decides_is_told() {
    let template = |default: &str, from: Value| {
        json!({
            "Parameters": {"From": {"Type": "String", "Default": default}},
            "Conditions": {"IsOpen": {"Fn::Equals": [{"Ref": "From"}, "all"]}},
            "Resources": {"Group": {"Type": "AWS::EC2::SecurityGroup", "Properties": {
                "GroupDescription": "d", "SecurityGroupEgress": [],
                "SecurityGroupIngress": [{"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "CidrIp": from}]}}},
        })
    };
    let reads = || json!({"Ref": "From"});
    let diff = open(
        &template("10.0.0.0/8", reads()),
        &template("0.0.0.0/0", reads()),
    );
    assert!(diff.security.widened, "{:?}", diff.security);
    let choice = |yes: &str| json!({"Fn::If": ["IsOpen", yes, "10.0.0.0/8"]});
    let diff = open(
        &template("none", choice("10.0.0.0/9")),
        &template("none", choice("0.0.0.0/0")),
    );
    assert!(diff.security.widened, "{:?}", diff.security);
}
