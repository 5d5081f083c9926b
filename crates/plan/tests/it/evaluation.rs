//! What the plan says of access, against an evaluation of every request of a small world.
//!
//! The evaluation is written from the
//! [rules](https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html), and shares nothing
//! with the comparison. What it finds allowed that was not before, the plan must call wider.

use std::collections::BTreeMap;

use plan::Security;
use proptest::{
    prelude::*,
    sample::select,
    strategy::ValueTree,
    test_runner::{Config, TestRunner},
};
use serde_json::{Map, Value, json};

use crate::{diff, resources};

const ACTIONS: [&str; 5] = [
    "s3:GetObject",
    "s3:GetTags",
    "s3:PutObject",
    "s3:List",
    "sqs:Send",
];
const RESOURCES: [&str; 4] = ["files", "files/a", "files/b", "other"];
/// Whoever asks: an ARN, and the account it is in.
const PRINCIPALS: [(&str, &str); 5] = [
    ("arn:aws:iam::111111111111:role/a", "111111111111"),
    ("arn:aws:iam::111111111111:role/b", "111111111111"),
    ("arn:aws:iam::222222222222:user/c", "222222222222"),
    ("sns.amazonaws.com", "sns"),
    ("s3.amazonaws.com", "s3"),
];
const NAMES: [Option<&str>; 5] = [None, Some("a"), Some("b"), Some("ab"), Some("A")];
const TAGS: [&[&str]; 5] = [&[], &["a"], &["b"], &["a", "b"], &["c"]];
const ADDRESSES: [Option<&str>; 4] = [None, Some("10.0.0.1"), Some("10.1.0.1"), Some("192.0.2.1")];
const NUMBERS: [Option<u32>; 4] = [None, Some(1), Some(5), Some(10)];

/// The roles of the template, and those of others that name its managed policies.
const HOLDERS: [&str; 5] = [
    "First",
    "Second",
    "elsewhere Named",
    "elsewhere Naming",
    "elsewhere Boundary",
];

/// A statement as it is generated.
#[derive(Clone, Debug, PartialEq)]
struct Statement {
    is_deny: bool,
    not_action: bool,
    actions: Vec<&'static str>,
    not_resource: bool,
    resources: Vec<&'static str>,
    not_principal: bool,
    principals: Vec<(&'static str, &'static str)>,
    /// Operator, key, values.
    conditions: Vec<(&'static str, &'static str, Vec<&'static str>)>,
    /// Under which outcome of the condition `Live` it is there; always where there is none.
    only_if: Option<bool>,
    /// Where it stands among the policies of roles.
    place: Place,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Place {
    /// In the first role, in the second.
    Inline(usize),
    /// In a policy of both.
    Both,
    /// In a managed policy that the first role names.
    Named,
    /// In a managed policy that names the second role.
    Naming,
    /// In the managed policy that is the first role's boundary.
    Boundary,
}

/// One of two sides.
#[derive(Clone, Debug)]
struct World {
    statements: Vec<Statement>,
    has_boundary: bool,
}

fn a_statement() -> impl Strategy<Value = Statement> {
    let action = select(vec![
        "*",
        "s3:*",
        "s3:Get*",
        "S3:getobject",
        "s3:GetTags",
        "s3:?et*",
        "s3:PutObject",
        "sqs:*",
        "sqs:Send",
    ]);
    let resource = select(vec![
        "*", "files*", "files/*", "files/a", "files/?", "files", "other",
    ]);
    let principal = select(vec![
        ("", "*"),
        ("AWS", "111111111111"),
        ("AWS", "arn:aws:iam::111111111111:role/a"),
        ("AWS", "arn:aws:iam::222222222222:user/c"),
        ("AWS", "arn:aws:iam::222222222222:root"),
        ("Service", "sns.amazonaws.com"),
    ]);
    let place = select(vec![
        Place::Inline(0),
        Place::Inline(1),
        Place::Both,
        Place::Named,
        Place::Naming,
        Place::Boundary,
    ]);
    (
        (
            prop::bool::weighted(0.25),
            prop::bool::weighted(0.1),
            prop::bool::weighted(0.1),
        ),
        prop::bool::weighted(0.1),
        prop::collection::vec(action, 1..3),
        prop::collection::vec(resource, 1..3),
        prop::collection::vec(principal, 1..3),
        prop::collection::vec(a_condition(), 0..3),
        prop::option::weighted(0.2, any::<bool>()),
        place,
    )
        .prop_map(
            |(
                (is_deny, not_action, not_resource),
                not_principal,
                actions,
                resources,
                principals,
                conditions,
                only_if,
                place,
            )| {
                Statement {
                    is_deny,
                    not_action,
                    actions,
                    not_resource,
                    resources,
                    not_principal,
                    principals,
                    conditions,
                    only_if,
                    place,
                }
            },
        )
}

fn a_condition() -> impl Strategy<Value = (&'static str, &'static str, Vec<&'static str>)> {
    let of_texts = |key: &'static str, operators: Vec<&'static str>| {
        let values = prop::collection::vec(select(vec!["a", "b", "a*", "ab", "?", "A"]), 1..3);
        (select(operators), Just(key), values)
    };
    prop_oneof![
        3 => of_texts("aws:Name", vec![
            "StringEquals", "StringNotEquals", "StringLike", "StringNotLike", "StringEqualsIgnoreCase",
            "StringNotEqualsIgnoreCase", "StringEqualsIfExists", "StringLikeIfExists",
        ]),
        2 => of_texts("aws:TagKeys", vec![
            "ForAllValues:StringEquals", "ForAnyValue:StringEquals", "ForAllValues:StringLike",
            "ForAnyValue:StringLike", "ForAllValues:StringNotEquals", "ForAnyValue:StringNotEquals",
            "ForAnyValue:StringEqualsIfExists",
        ]),
        1 => (
            select(vec!["IpAddress", "NotIpAddress", "IpAddressIfExists"]),
            Just("aws:SourceIp"),
            prop::collection::vec(select(vec!["10.0.0.0/8", "10.1.0.0/16", "0.0.0.0/0", "10.0.0.1"]), 1..3),
        ),
        1 => (
            select(vec![
                "NumericEquals", "NumericLessThan", "NumericLessThanEquals", "NumericGreaterThan", "NumericNotEquals",
                "NumericLessThanIfExists",
            ]),
            Just("s3:max-keys"),
            prop::collection::vec(select(vec!["1", "4", "5", "10"]), 1..3),
        ),
        1 => (
            Just("Null"),
            select(vec!["aws:Name", "aws:SourceIp"]),
            select(vec![vec!["true"], vec!["false"]]),
        ),
    ]
}

/// Two sides: mostly the second is the first with a few things changed.
fn two_worlds() -> impl Strategy<Value = (World, World)> {
    let edits = prop::collection::vec(
        (any::<prop::sample::Index>(), 0..11_u8, a_statement()),
        0..4,
    );
    let statements = || prop::collection::vec(a_statement(), 0..4);
    let boundaries = (
        prop::bool::weighted(0.3),
        prop::bool::weighted(0.8),
        any::<bool>(),
    );
    (
        statements(),
        edits,
        prop::option::weighted(0.15, statements()),
        boundaries,
    )
        .prop_map(|(before, edits, other, (has_boundary, keeps, otherwise))| {
            let mut after = before.clone();
            for (index, kind, fresh) in edits {
                edit(&mut after, index, kind, fresh);
            }
            let sensible = |statements: Vec<Statement>| {
                let statements = statements.into_iter();
                statements.map(Statement::sensible).collect()
            };
            let before = World {
                statements: sensible(before),
                has_boundary,
            };
            let after = World {
                statements: sensible(other.unwrap_or(after)),
                has_boundary: if keeps { has_boundary } else { otherwise },
            };
            (before, after)
        })
}

fn edit(statements: &mut Vec<Statement>, index: prop::sample::Index, kind: u8, fresh: Statement) {
    if statements.is_empty() {
        return statements.push(fresh);
    }
    let place = index.index(statements.len());
    let one = &mut statements[place];
    match kind {
        0 => statements.push(fresh),
        1 => {
            statements.remove(place);
        }
        2 => one.actions = fresh.actions,
        3 => one.resources = fresh.resources,
        4 => one.principals = fresh.principals,
        5 => one.conditions = fresh.conditions,
        6 => one.actions.extend(fresh.actions),
        7 => one.place = fresh.place,
        8 => one.only_if = fresh.only_if,
        9 => {
            one.conditions.pop();
        }
        // The same in two statements.
        _ => {
            if one.actions.len() > 1 && !one.not_action {
                let mut rest = one.clone();
                rest.actions = one.actions.split_off(1);
                statements.push(rest);
            }
        }
    }
}

/// Of a test: what was generated, what the plan says, and what became allowed.
struct Outcome {
    security: Security,
    newly_allowed: Option<String>,
}

/// A bucket's policy, with principals.
fn of_bucket(before: &World, after: &World) -> Outcome {
    let template = |world: &World| {
        let statements: Vec<Value> = world
            .statements
            .iter()
            .map(|statement| guarded(statement, statement.document(true)))
            .collect();
        template(
            json!({"Rule": {"Type": "AWS::S3::BucketPolicy", "Properties": {
            "Bucket": "files", "PolicyDocument": {"Version": "2012-10-17", "Statement": statements}}}}),
        )
    };
    Outcome {
        security: diff(&template(before), &template(after)).security,
        newly_allowed: newly_allowed([before, after], &PRINCIPALS, |applying, principal| {
            applying.answer(|statement| statement.names_principal(principal))
        }),
    }
}

/// Policies of two roles, one of them perhaps with a boundary.
fn of_roles(before: &World, after: &World) -> Outcome {
    let template = |world: &World| {
        let within = |place: Place| -> Vec<Value> {
            let statements = world.statements.iter().filter(|one| one.place == place);
            statements
                .map(|statement| guarded(statement, statement.document(false)))
                .collect()
        };
        let document = |place: Place| json!({"Version": "2012-10-17", "Statement": within(place)});
        let role = |index: usize| {
            json!({"Type": "AWS::IAM::Role", "Properties": {
            "Policies": [{"PolicyName": "inline", "PolicyDocument": document(Place::Inline(index))}]}})
        };
        let mut all = json!({
            "First": role(0),
            "Second": role(1),
            "Both": {"Type": "AWS::IAM::Policy", "Properties": {
                "PolicyName": "both", "PolicyDocument": document(Place::Both),
                "Roles": [{"Ref": "First"}, {"Ref": "Second"}]}},
            "Named": {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": document(Place::Named)}},
            "Naming": {"Type": "AWS::IAM::ManagedPolicy", "Properties": {
                "PolicyDocument": document(Place::Naming), "Roles": [{"Ref": "Second"}]}},
            "Boundary": {"Type": "AWS::IAM::ManagedPolicy", "Properties": {
                "PolicyDocument": document(Place::Boundary)}},
        });
        all["First"]["Properties"]["ManagedPolicyArns"] = json!([{"Ref": "Named"}]);
        if world.has_boundary {
            all["First"]["Properties"]["PermissionsBoundary"] = json!({"Ref": "Boundary"});
        }
        template(all)
    };
    let principals = HOLDERS.map(|holder| (holder, ""));
    let answer = |applying: &Applying<'_>, (holder, _): (&str, &str)| {
        let holds = |statement: &Statement| match (holder, statement.place) {
            ("First", place) => matches!(place, Place::Inline(0) | Place::Named | Place::Both),
            ("Second", place) => matches!(place, Place::Inline(1) | Place::Naming | Place::Both),
            ("elsewhere Named", place) => place == Place::Named,
            ("elsewhere Naming", place) => place == Place::Naming,
            _ => false,
        };
        let is_limited = holder == "First" && applying.world.has_boundary;
        let limit = applying.answer(|statement| statement.place == Place::Boundary);
        match (applying.answer(holds), limit) {
            // Whoever it limits elsewhere may hold anything.
            _ if holder == "elsewhere Boundary" && limit == Answer::Allowed => Answer::Allowed,
            _ if holder == "elsewhere Boundary" => Answer::Denied,
            (_, Answer::Denied | Answer::Silent) if is_limited => Answer::Denied,
            (own, _) => own,
        }
    };
    Outcome {
        security: diff(&template(before), &template(after)).security,
        newly_allowed: newly_allowed([before, after], &principals, answer),
    }
}

/// A template whose condition `Live` is known to nobody.
fn template(all: Value) -> Value {
    let mut template = resources(all);
    template["Parameters"] = json!({"Stage": {"Type": "String"}});
    template["Conditions"] = json!({"Live": {"Fn::Equals": [{"Ref": "Stage"}, "live"]}});
    template
}

fn guarded(statement: &Statement, document: Value) -> Value {
    let nothing = json!({"Ref": "AWS::NoValue"});
    match statement.only_if {
        None => document,
        Some(true) => json!({"Fn::If": ["Live", document, nothing]}),
        Some(false) => json!({"Fn::If": ["Live", nothing, document]}),
    }
}

impl Statement {
    /// Nobody writes that everything is left out.
    fn sensible(mut self) -> Self {
        self.not_action &= !self.actions.contains(&"*");
        self.not_resource &= !self.resources.contains(&"*");
        self.not_principal &= self.principals.iter().all(|(kind, _)| !kind.is_empty());
        self
    }

    fn document(&self, has_principal: bool) -> Value {
        let mut members = Map::new();
        members.insert(
            "Effect".to_owned(),
            json!(if self.is_deny { "Deny" } else { "Allow" }),
        );
        let mut add = |name: &str, is_inverted: bool, value: Value| {
            let not = if is_inverted { "Not" } else { "" };
            members.insert(format!("{not}{name}"), value);
        };
        add("Action", self.not_action, json!(self.actions));
        add("Resource", self.not_resource, json!(self.resources));
        if has_principal {
            let is_everyone = self.principals.iter().any(|(kind, _)| kind.is_empty());
            let principals = if is_everyone {
                json!("*")
            } else {
                let mut kinds = json!({});
                for (kind, name) in &self.principals {
                    let known = kinds[*kind].as_array().cloned().unwrap_or_default();
                    kinds[*kind] = json!([known, vec![json!(name)]].concat());
                }
                kinds
            };
            add("Principal", self.not_principal, principals);
        }
        let mut condition = json!({});
        for (operator, key, values) in &self.conditions {
            // Said twice of one key, the last one counts, here as in `constraints`.
            condition[*operator][*key] = json!(values);
        }
        add("Condition", false, condition);
        Value::Object(members)
    }

    fn constraints(&self) -> Vec<&(&'static str, &'static str, Vec<&'static str>)> {
        let mut all: Vec<&(&str, &str, Vec<&str>)> = Vec::new();
        for one in &self.conditions {
            all.retain(|known| (known.0, known.1) != (one.0, one.1));
            all.push(one);
        }
        all
    }

    fn names_principal(&self, (name, account): (&str, &str)) -> bool {
        let is_everyone = self.principals.iter().any(|(kind, _)| kind.is_empty());
        let is_named = is_everyone
            || self.principals.iter().any(|(_, pattern)| {
                let of_account = pattern
                    .strip_prefix("arn:aws:iam::")
                    .and_then(|rest| rest.strip_suffix(":root"));
                *pattern == name || of_account.unwrap_or(pattern) == account
            });
        is_named != self.not_principal
    }

    fn names(&self, action: &str, resource: &str) -> bool {
        let is_action = self
            .actions
            .iter()
            .any(|pattern| matches(&pattern.to_ascii_lowercase(), &action.to_ascii_lowercase()));
        let is_resource = self
            .resources
            .iter()
            .any(|pattern| matches(pattern, resource));
        is_action != self.not_action && is_resource != self.not_resource
    }

    fn holds(&self, context: &Context) -> bool {
        let mut constraints = self.constraints().into_iter();
        constraints.all(|(operator, key, values)| context.meets(operator, key, values))
    }
}

#[derive(Debug)]
struct Context {
    name: Option<&'static str>,
    tags: &'static [&'static str],
    address: Option<&'static str>,
    number: Option<u32>,
}

impl Context {
    fn all() -> Vec<Self> {
        let mut all = Vec::new();
        for name in NAMES {
            for tags in TAGS {
                for address in ADDRESSES {
                    for number in NUMBERS {
                        all.push(Self {
                            name,
                            tags,
                            address,
                            number,
                        });
                    }
                }
            }
        }
        all
    }

    fn meets(&self, operator: &str, key: &str, values: &[&str]) -> bool {
        let given: Vec<String> = match key {
            "aws:Name" => self.name.into_iter().map(str::to_owned).collect(),
            "aws:TagKeys" => self.tags.iter().map(|tag| (*tag).to_owned()).collect(),
            "aws:SourceIp" => self.address.into_iter().map(str::to_owned).collect(),
            _ => self
                .number
                .into_iter()
                .map(|number| number.to_string())
                .collect(),
        };
        if operator == "Null" {
            return given.is_empty() == (values == ["true"]);
        }
        let (quantifier, rest) = operator.split_once(':').unwrap_or(("", operator));
        let base = rest.trim_end_matches("IfExists");
        if given.is_empty() && rest != base {
            return true;
        }
        let is_negated = base.contains("Not");
        let positive = base.replace("Not", "");
        let meets =
            |one: &String| values.iter().any(|value| meets(&positive, one, value)) != is_negated;
        match quantifier {
            "ForAllValues" => given.iter().all(meets),
            "ForAnyValue" => given.iter().any(meets),
            _ if given.is_empty() => is_negated,
            _ => given.iter().all(meets),
        }
    }
}

/// Whether one value meets one value of an operator that is not turned round.
fn meets(operator: &str, given: &str, value: &str) -> bool {
    let number = |text: &str| text.parse::<i64>().expect("the world has whole numbers");
    match operator {
        "StringEquals" => given == value,
        "StringEqualsIgnoreCase" => given.eq_ignore_ascii_case(value),
        "StringLike" => matches(value, given),
        "IpAddress" => {
            let octets = |text: &str| -> Vec<u32> {
                text.split('.')
                    .map(|octet| octet.parse().expect("an octet"))
                    .collect()
            };
            let (network, length) = value.split_once('/').unwrap_or((value, "32"));
            let whole = number(length) as usize / 8;
            octets(given)[..whole] == octets(network)[..whole]
        }
        "NumericEquals" => number(given) == number(value),
        "NumericLessThan" => number(given) < number(value),
        "NumericLessThanEquals" => number(given) <= number(value),
        "NumericGreaterThan" => number(given) > number(value),
        other => panic!("the world has no {other}"),
    }
}

fn matches(pattern: &str, text: &str) -> bool {
    match pattern.chars().next() {
        None => text.is_empty(),
        Some('*') => {
            let rest = &pattern[1..];
            (0..=text.len()).any(|skip| matches(rest, &text[skip..]))
        }
        Some(letter) => match text.chars().next() {
            Some(other) if letter == '?' || letter == other => matches(&pattern[1..], &text[1..]),
            _ => false,
        },
    }
}

/// Of the statements of one side: those that are about the action and resource asked for, under conditions that hold.
struct Applying<'w> {
    world: &'w World,
    applies: Vec<bool>,
}

impl Applying<'_> {
    fn answer(&self, concerns: impl Fn(&Statement) -> bool) -> Answer {
        let statements = self.world.statements.iter().zip(&self.applies);
        let applying: Vec<&Statement> = statements
            .filter(|(statement, applies)| **applies && concerns(statement))
            .map(|(statement, _)| statement)
            .collect();
        if applying.iter().any(|statement| statement.is_deny) {
            Answer::Denied
        } else if applying.is_empty() {
            Answer::Silent
        } else {
            Answer::Allowed
        }
    }
}

/// What policies say of a request, each answer giving more than the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Answer {
    Denied,
    /// Nothing: another policy, that is not in the template, may allow it.
    Silent,
    Allowed,
}

/// A request that is allowed after and was not before.
fn newly_allowed(
    [before, after]: [&World; 2],
    principals: &[(&str, &str)],
    answer: impl Fn(&Applying<'_>, (&str, &str)) -> Answer,
) -> Option<String> {
    let statements = || before.statements.iter().chain(&after.statements);
    // Requests that meet the same statements have one answer, so that each is asked once.
    let mut circumstances: BTreeMap<Vec<bool>, String> = BTreeMap::new();
    for context in &Context::all() {
        for is_live in [true, false] {
            let met = statements().map(|statement| {
                let is_there = statement.only_if.is_none_or(|wanted| wanted == is_live);
                is_there && statement.holds(context)
            });
            let words = || format!("{context:?} live {is_live}");
            circumstances.entry(met.collect()).or_insert_with(words);
        }
    }
    let mut asked: BTreeMap<Vec<bool>, String> = BTreeMap::new();
    for action in ACTIONS {
        for resource in RESOURCES {
            let named = statements().map(|statement| statement.names(action, resource));
            let words = || format!("{action} {resource}");
            asked.entry(named.collect()).or_insert_with(words);
        }
    }
    for (met, context) in &circumstances {
        for (named, request) in &asked {
            let mut applies: Vec<bool> = met
                .iter()
                .zip(named)
                .map(|(met, named)| *met && *named)
                .collect();
            let later = applies.split_off(before.statements.len());
            let [was, is] = [(before, applies), (after, later)]
                .map(|(world, applies)| Applying { world, applies });
            for principal in principals {
                if answer(&is, *principal) > answer(&was, *principal) {
                    return Some(format!("{} {request} {context}", principal.0));
                }
            }
        }
    }
    None
}

type Compare = fn(&World, &World) -> Outcome;

/// No widening is missed, over so many pairs; gives the share of those that widen nothing of which it is said that they
/// do. Most of these name what this world has no example of, or allow what another statement denies.
fn alarms(compare: Compare, pairs: u32) -> f64 {
    let mut runner = TestRunner::deterministic();
    let (mut harmless, mut alarms) = (0_u32, 0_u32);
    for _ in 0..pairs {
        let pair = two_worlds()
            .new_tree(&mut runner)
            .expect("the strategy rejects nothing");
        let (before, after) = pair.current();
        let outcome = compare(&before, &after);
        if let Some(request) = &outcome.newly_allowed {
            assert!(
                outcome.security.widened,
                "missed: {request}\nbefore {before:#?}\nafter {after:#?}"
            );
        } else {
            harmless += 1;
            alarms += u32::from(outcome.security.widened);
        }
    }
    f64::from(alarms) / f64::from(harmless.max(1))
}

#[test]
fn no_widening_of_a_resource_policy_is_missed_and_few_are_made_up() {
    let rate = alarms(of_bucket, 500);
    assert!(rate < 0.12, "{rate}");
}

#[test]
fn no_widening_of_the_policies_of_roles_is_missed_and_few_are_made_up() {
    let rate = alarms(of_roles, 500);
    assert!(rate < 0.16, "{rate}");
}

proptest! {
    #![proptest_config(Config { cases: 200, ..Config::default() })]

    #[test]
    fn whatever_becomes_allowed_widens((before, after) in two_worlds()) {
        for compare in [of_bucket as Compare, of_roles] {
            let outcome = compare(&before, &after);
            prop_assert!(
                outcome.newly_allowed.is_none() || outcome.security.widened,
                "{:?}", outcome.newly_allowed
            );
        }
    }

    #[test]
    fn what_is_taken_back_narrows_where_it_widened((before, after) in two_worlds()) {
        let sum = |outcome: &Outcome| {
            let iam = &outcome.security.iam;
            (iam.iter().any(|one| one.widens), iam.iter().any(|one| one.narrows))
        };
        let (forth, back) = (sum(&of_bucket(&before, &after)), sum(&of_bucket(&after, &before)));
        prop_assert_eq!(forth, (back.1, back.0));
    }
}
