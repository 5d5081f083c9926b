//! Templates that lead far, or round in a circle, are compared in the time their size deserves.

use plan::Action;
use serde_json::{Map, Value, json};

use crate::{diff, resources, thing};

/// How many conditions stand one behind the other: more than the program's stack would hold.
const CHAIN: usize = 5_000;

/// A template whose one resource exists when the last of a chain of conditions holds.
fn chain(last: Value) -> Value {
    let mut conditions: Map<String, Value> = (0..CHAIN)
        .map(|index| {
            let next = json!({"Fn::Not": [{"Condition": format!("C{}", index + 1)}]});
            (format!("C{index}"), next)
        })
        .collect();
    conditions.insert(format!("C{CHAIN}"), last);
    let mut template = resources(json!({"Thing": {"Type": "Test::Thing", "Condition": "C0"}}));
    template["Conditions"] = Value::Object(conditions);
    template["Parameters"] = json!({"Live": {"Type": "String"}});
    template
}

#[test]
fn a_lookup_within_a_lookup_is_worked_out_once() {
    let nested = |innermost: &str| {
        (0..30).fold(
            json!(innermost),
            |inner, _| json!({"Fn::FindInMap": ["Map", "first", inner]}),
        )
    };
    let (before, after) = (
        thing(json!({"X": nested("a")})),
        thing(json!({"X": nested("b")})),
    );
    assert!(diff(&before, &before).is_empty());
    assert_eq!(
        diff(&before, &after)
            .change("Thing")
            .map(|change| change.action),
        Some(Action::Update)
    );
}

#[test]
fn a_mapping_that_looks_into_itself_ends() {
    let lookup = json!({"Fn::FindInMap": ["Map", "first", "second"]});
    let mut template = thing(json!({"X": lookup}));
    template["Mappings"] = json!({"Map": {"first": {"second": lookup}}});
    assert!(diff(&template, &template).is_empty());
    assert!(diff(&template, &thing(json!({"X": "a"}))).needs_deployment());
}

#[test]
fn conditions_may_stand_one_behind_the_other() {
    let held = chain(json!({"Fn::Equals": ["a", "a"]}));
    let fallen = chain(json!({"Fn::Equals": ["a", "b"]}));
    // `CHAIN` is even, so the first condition comes to what the last comes to.
    let gone = diff(&held, &fallen);
    assert_eq!(
        gone.change("Thing").map(|change| change.action),
        Some(Action::Delete)
    );
    let unknown = |text: &str| {
        let mut template = chain(json!({"Fn::Equals": [{"Ref": "Live"}, text]}));
        template["Resources"] =
            thing(json!({"X": {"Fn::If": ["C0", "a", "b"]}}))["Resources"].take();
        template
    };
    assert!(diff(&unknown("yes"), &unknown("yes")).is_empty());
    assert!(diff(&unknown("yes"), &unknown("no")).needs_deployment());
    let circle = chain(json!({"Condition": "C0"}));
    assert!(diff(&circle, &circle).is_empty());
}

/// A template whose one value is a text in which a text stands twice, and so on.
fn doubled(innermost: &str) -> Value {
    let double = |inner: Value, _| json!({"Fn::Sub": ["${a}${a}", {"a": inner}]});
    thing(json!({"X": (0..38).fold(json!(innermost), double)}))
}

#[test]
fn what_stands_for_more_than_can_be_is_compared_as_it_is_written() {
    assert!(diff(&doubled("a"), &doubled("a")).is_empty());
    assert!(diff(&doubled("a"), &doubled("b")).needs_deployment());

    let many = |value: &str, use_of_it: Value| {
        let mut template = thing(json!({"X": vec![use_of_it; 1000]}));
        template["Parameters"] = json!({"P": {"Type": "String", "Default": value.repeat(100_000)}});
        template["Mappings"] = json!({"M": {"a": {"b": value.repeat(100_000)}}});
        template
    };
    for use_of_it in [
        json!({"Ref": "P"}),
        json!({"Fn::Sub": "${P}"}),
        json!({"Fn::Join": ["-", [{"Ref": "P"}, "x"]]}),
        json!({"Fn::FindInMap": ["M", "a", "b"]}),
    ] {
        let (before, after) = (many("a", use_of_it.clone()), many("b", use_of_it.clone()));
        assert!(diff(&before, &before).is_empty(), "{use_of_it}");
        let diff = diff(&before, &after);
        let change = diff.change("Thing").map(|change| change.action);
        assert_eq!(change, Some(Action::Update), "{use_of_it}");
    }
}

/// A managed policy of one statement.
fn policy(actions: Vec<String>) -> Value {
    let statement = json!({"Effect": "Allow", "Action": actions, "Resource": "*"});
    let document = json!({"Version": "2012-10-17", "Statement": [statement]});
    let properties = json!({"PolicyDocument": document});
    resources(json!({"Policy": {"Type": "AWS::IAM::ManagedPolicy", "Properties": properties}}))
}

/// A security group of rules for these addresses.
fn group(peers: Vec<String>) -> Value {
    let rules = peers
        .iter()
        .map(|peer| json!({"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "CidrIp": peer}));
    let properties = json!({"SecurityGroupIngress": rules.collect::<Vec<_>>()});
    resources(json!({"Group": {"Type": "AWS::EC2::SecurityGroup", "Properties": properties}}))
}

#[test]
fn more_access_than_can_be_compared_widens() {
    const MANY: usize = 20_000;
    let actions = |end: &str| policy((0..MANY).map(|n| format!("s3:*{n}*{end}")).collect());
    assert!(diff(&actions("a"), &actions("b")).security.widened);
    assert!(diff(&actions("a"), &actions("a")).is_empty());
    let peer = |net: usize, n: usize| format!("{net}.0.{}.{}/32", n / 250, n % 250);
    let rules = |net: usize| group((0..MANY / 4).map(|n| peer(net, n)).collect());
    assert!(diff(&rules(10), &rules(11)).security.widened);
}

#[test]
fn rules_whose_addresses_lie_end_to_end_cover_what_is_between() {
    let halves = || vec!["10.0.0.0/9".to_owned(), "10.128.0.0/9".to_owned()];
    let whole = group(vec!["10.0.0.0/8".to_owned()]);
    assert!(!diff(&group(halves()), &whole).security.widened);
    let gap = vec!["10.0.0.0/9".to_owned(), "10.129.0.0/16".to_owned()];
    assert!(diff(&group(gap), &whole).security.widened);
}
