//! Moves: which are still to be made, and the templates that carry them out.

use std::collections::BTreeMap;

use assembly::{Move, Severity};
use plan::{Action, Moving, MovingStack, Options, Reason, refactor};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::{facts::Table, resources, words};

/// A stack by its short name: what is deployed and what is wanted.
type Stack = (&'static str, Value, Value);

fn moving(moves: &[(&str, &str)], stacks: &[Stack]) -> Moving {
    let moves: Vec<Move> = moves
        .iter()
        .map(|(from, to)| Move {
            from: (*from).to_owned(),
            to: (*to).to_owned(),
        })
        .collect();
    let names: Vec<String> = stacks
        .iter()
        .map(|(name, ..)| format!("p-{name}"))
        .collect();
    let stacks: Vec<MovingStack<'_>> = stacks
        .iter()
        .zip(&names)
        .map(|((name, deployed, wanted), stack_name)| MovingStack {
            name,
            stack_name,
            deployed: Some(deployed).filter(|body| !body.is_null()),
            wanted: Some(wanted).filter(|body| !body.is_null()),
            origins: None,
        })
        .collect();
    refactor(&moves, &stacks, &Table)
}

/// The templates afterwards, by the short names of their stacks.
fn templates(moving: &Moving) -> BTreeMap<&str, &Value> {
    assert_eq!(moving.findings, []);
    let refactors = moving.refactors.iter().flat_map(|one| &one.stacks);
    refactors
        .map(|stack| (stack.name.as_str(), &stack.template))
        .collect()
}

fn told(moving: &Moving) -> Vec<String> {
    let findings = moving.findings.iter();
    findings
        .map(|(stack, finding)| {
            let word = match finding.severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
                Severity::Info => "info",
            };
            assert_eq!(finding.rule, "CIF085");
            format!("{stack} {word}: {}", finding.message)
        })
        .collect()
}

fn store() -> Value {
    json!({"Type": "Test::Store", "Properties": {"Name": "n"}})
}

fn rest() -> Value {
    json!({"Type": "Test::Thing"})
}

#[test]
fn a_rename_gives_the_resource_its_name_everywhere() {
    let template = |name: &str, size: u32| {
        json!({
            "Resources": {
                name: {"Type": "Test::Store", "Properties": {"Name": "n", "A": size}},
                "Follower": {"Type": "Test::Thing", "DependsOn": [name, "Rest"], "Properties": {
                    "A": {"Ref": name},
                    "B": {"Fn::GetAtt": [name, "Arn"]},
                    "C": {"Fn::GetAtt": format!("{name}.Arn")},
                    "D": {"Fn::Sub": format!("x-${{{name}}}-${{{name}.Arn}}-${{!{name}}}-${{AWS::Region}}")},
                    "E": {"Fn::Sub": [format!("${{{name}.Arn}}${{Own}}"), {"Own": {"Ref": name}}]},
                    "F": {"Fn::If": ["Live", {"Ref": name}, {"Ref": "AWS::NoValue"}]},
                }},
                "Rest": {"Type": "Test::Thing", "DependsOn": name},
            },
            "Conditions": {"Live": {"Fn::Equals": ["a", "a"]}},
            "Outputs": {"Id": {"Value": {"Ref": name}, "Export": {"Name": "id"}}},
        })
    };
    let moving = moving(
        &[("app/Old", "app/New")],
        &[("app", template("Old", 1), template("New", 2))],
    );
    // Everything but the names is as it is deployed; `${!Old}` is a text, and stays one.
    let mut expected = template("New", 1);
    let text = "x-${New}-${New.Arn}-${!Old}-${AWS::Region}";
    expected["Resources"]["Follower"]["Properties"]["D"] = json!({ "Fn::Sub": text });
    assert_eq!(templates(&moving)["app"], &expected);
    let [one] = &moving.refactors[..] else {
        panic!("{moving:?}");
    };
    assert_eq!(one.moves[0].from, "app/Old");
    assert_eq!(one.moves[0].to, "app/New");
    assert!(one.moves[0].stateful);
    assert!(!one.stacks[0].creates);
    // What is left for the change set.
    let mut wanted = template("New", 2);
    wanted["Resources"]["Follower"] = expected["Resources"]["Follower"].clone();
    let diff = plan::diff(
        templates(&moving)["app"],
        &wanted,
        &Table,
        &Default::default(),
        &Options::default(),
    );
    let diff = diff.with_moves("app", &one.moves);
    assert_eq!(
        words(&diff),
        [("New", Action::Update, Reason::PropertyChanged)]
    );
    assert_eq!(diff.changes[0].moved_from.as_deref(), Some("app/Old"));
    assert_eq!((diff.summary.moved, diff.summary.update), (1, 1));
}

#[test]
fn two_resources_change_their_names_for_each_others() {
    let template = |one: &str, other: &str| {
        resources(json!({
            one: {"Type": "Test::Store", "Properties": {"Name": "1"}},
            other: {"Type": "Test::Store", "Properties": {"Name": "2", "A": {"Ref": one}}},
        }))
    };
    // A name that is still declared cannot be told from one that was forgotten.
    let swapped = moving(
        &[("app/A", "app/B"), ("app/B", "app/A")],
        &[("app", template("A", "B"), template("B", "A"))],
    );
    assert!(swapped.refactors.is_empty());
}

#[test]
fn a_reference_that_a_move_creates_goes_through_the_wanted_output() {
    let deployed = json!({
        "Resources": {
            "Store": store(),
            "Reader": {"Type": "Test::Thing", "DependsOn": "Store", "Properties": {
                "A": {"Ref": "Store"},
                "B": {"Fn::Sub": "arn:${Store}/${AWS::Region}/*"},
                "C": {"Fn::GetAtt": ["Store", "Arn"]},
            }},
        },
        "Outputs": {"Old": {"Value": {"Ref": "Store"}}, "Kept": {"Value": {"Ref": "Reader"}}},
    });
    let wanted_data = json!({
        "Resources": {"Rest": rest(), "Store": store()},
        "Outputs": {"StoreName": {"Value": {"Ref": "Store"}}},
    });
    let moving = moving(
        &[("app/Store", "data/Store")],
        &[
            ("data", resources(json!({"Rest": rest()})), wanted_data),
            ("app", deployed, resources(json!({"Reader": rest()}))),
        ],
    );
    let after = templates(&moving);
    assert_eq!(
        after["data"],
        &json!({
            "Resources": {"Rest": rest(), "Store": store()},
            "Outputs": {
                "StoreName": {"Value": {"Ref": "Store"}},
                "RefactoredStoreArn": {"Value": {"Fn::GetAtt": ["Store", "Arn"]}},
            },
        })
    );
    let read =
        |output: &str| json!({"Fn::GetStackOutput": {"StackName": "p-data", "OutputName": output}});
    assert_eq!(
        after["app"],
        &json!({
            "Resources": {"Reader": {"Type": "Test::Thing", "Properties": {
                "A": read("StoreName"),
                "B": {"Fn::Join": ["", ["arn:", read("StoreName"), {"Fn::Sub": "/${AWS::Region}/*"}]]},
                "C": read("RefactoredStoreArn"),
            }}},
            "Outputs": {"Kept": {"Value": {"Ref": "Reader"}}},
        })
    );
}

#[test]
fn an_export_that_the_wanted_template_reads_is_imported() {
    let reader = |value: Value| {
        resources(json!({"Reader": {"Type": "Test::Thing", "Properties": {"A": value}}}))
    };
    let export = json!({"StoreName": {"Value": {"Ref": "Store"}, "Export": {"Name": {"Fn::Sub": "${AWS::StackName}-store"}}}});
    let mut deployed = reader(json!({"Ref": "Store"}));
    deployed["Resources"]["Store"] = store();
    let moving = moving(
        &[("app/Store", "data/Store")],
        &[
            (
                "data",
                Value::Null,
                json!({"Resources": {"Store": store()}, "Outputs": export}),
            ),
            (
                "app",
                deployed,
                reader(json!({"Fn::ImportValue": "p-data-store"})),
            ),
        ],
    );
    let after = templates(&moving);
    assert_eq!(
        after["data"],
        &json!({"Resources": {"Store": store()}, "Outputs": export})
    );
    assert_eq!(
        after["app"],
        &reader(json!({"Fn::ImportValue": "p-data-store"}))
    );
    assert!(moving.refactors[0].stacks[0].creates);
}

#[test]
fn a_reference_that_a_move_dissolves_becomes_a_plain_one() {
    let reader = |value: Value| json!({"Type": "Test::Thing", "Properties": {"A": value, "B": {"Fn::Sub": ["x${V}", {"V": value}]}}});
    let read = json!({"Fn::GetStackOutput": {"StackName": "p-data", "OutputName": "Name"}});
    let import = json!({"Fn::ImportValue": "store-arn"});
    let data = json!({
        "Resources": {"Store": store(), "Rest": rest()},
        "Outputs": {
            "Name": {"Value": {"Ref": "Store"}},
            "Arn": {"Value": {"Fn::GetAtt": ["Store", "Arn"]}, "Export": {"Name": "store-arn"}},
        },
    });
    let wanted = resources(json!({"Reader": rest(), "Importer": rest(), "Kept": store()}));
    // The store comes to its readers.
    let app =
        resources(json!({"Reader": reader(read.clone()), "Importer": reader(import.clone())}));
    let coming = moving(
        &[("data/Store", "app/Kept")],
        &[
            ("data", data.clone(), resources(json!({"Rest": rest()}))),
            ("app", app.clone(), wanted.clone()),
        ],
    );
    let after = templates(&coming);
    assert_eq!(after["data"], &resources(json!({"Rest": rest()})));
    let name = json!({"Ref": "Kept"});
    let arn = json!({"Fn::GetAtt": ["Kept", "Arn"]});
    assert_eq!(
        after["app"],
        &resources(json!({"Reader": reader(name), "Importer": reader(arn), "Kept": store()}))
    );
    // The readers go to the store.
    let app =
        resources(json!({"Reader": reader(read), "Importer": reader(import), "Other": rest()}));
    let going = moving(
        &[
            ("app/Reader", "data/Reader"),
            ("app/Importer", "data/Importer"),
        ],
        &[
            ("data", data.clone(), wanted),
            ("app", app, resources(json!({"Other": rest()}))),
        ],
    );
    let after = templates(&going);
    assert_eq!(
        after["data"]["Resources"]["Reader"],
        reader(json!({"Ref": "Store"}))
    );
    assert_eq!(
        after["data"]["Resources"]["Importer"],
        reader(json!({"Fn::GetAtt": ["Store", "Arn"]}))
    );
    assert_eq!(after["data"]["Outputs"], data["Outputs"]);
}

#[test]
fn moves_that_were_made_say_nothing() {
    let renamed = || resources(json!({"New": store()}));
    let made = moving(&[("app/Old", "app/New")], &[("app", renamed(), renamed())]);
    assert_eq!(made, Moving::default());
    let fresh = moving(
        &[("app/Old", "app/New")],
        &[("app", Value::Null, renamed())],
    );
    assert_eq!(fresh, Moving::default());
    let elsewhere = moving(&[("a/Old", "b/New")], &[("app", renamed(), renamed())]);
    assert_eq!(elsewhere, Moving::default());
}

#[test]
fn moves_that_follow_one_another_lead_to_the_last_place() {
    let moves = [("app/A", "app/B"), ("app/B", "app/C")];
    let wanted = resources(json!({"C": store()}));
    for start in ["A", "B"] {
        let moving = moving(
            &moves,
            &[("app", resources(json!({start: store()})), wanted.clone())],
        );
        assert_eq!(templates(&moving)["app"], &wanted, "{start}");
    }
}

#[test]
fn what_is_wrong_with_a_move_is_said() {
    let one = |name: &str| resources(json!({name: store()}));
    let both = || resources(json!({"Old": store(), "New": store()}));
    for (moves, deployed, wanted, expected) in [
        (
            [("app/Old", "app/Nwe")],
            one("Old"),
            one("New"),
            "app error: a move ends at `app/Nwe`, which is not declared, and what it names would be deleted; did you mean `app/New`?",
        ),
        (
            [("app/Older", "app/Nwe")],
            one("New"),
            one("New"),
            "app warning: a move ends at `app/Nwe`, which is not declared; did you mean `app/New`?",
        ),
        (
            [("app/Odl", "app/New")],
            one("Old"),
            one("New"),
            "app warning: a move starts at `app/Odl`, which is not deployed; did you mean `app/Old`?",
        ),
        (
            [("app/Old", "app/New")],
            both(),
            one("New"),
            "app error: `app/Old` moves to `app/New`, and both are deployed; take the move away, then `app/Old` goes when it is not declared any more",
        ),
        (
            [("app/Old", "app/New")],
            one("Old"),
            both(),
            "app error: a move starts at `app/Old`, which is still declared; take one of the two resources away",
        ),
        (
            [("app/Old", "app/New")],
            one("Old"),
            resources(json!({"New": rest()})),
            "app error: `app/Old` is a Test::Store and moves to `app/New`, which is a Test::Thing; a move changes no type",
        ),
    ] {
        let moving = moving(&moves, &[("app", deployed, wanted)]);
        assert_eq!(told(&moving), [expected]);
        assert_eq!(moving.refactors, []);
    }
}

#[test]
fn what_cannot_move_is_said_with_a_way_out() {
    let wanted = || resources(json!({"Rest": rest(), "Store": store()}));
    let with = |properties: Value, more: Value| {
        let mut body = json!({"Resources": {"Rest": rest(), "Store": {"Type": "Test::Store", "Properties": properties}}});
        for (name, section) in more.as_object().into_iter().flatten() {
            body[name] = section.clone();
        }
        body
    };
    for (deployed, expected) in [
        (
            with(
                json!({"Name": {"Fn::Sub": "${AWS::StackName}-n"}}),
                Value::Null,
            ),
            "it uses `AWS::StackName`, which is not the same in `data` as in `app`",
        ),
        (
            with(
                json!({"Name": {"Ref": "Given"}}),
                json!({"Parameters": {"Given": {"Type": "String"}}}),
            ),
            "it uses parameter `Given` of `app`, and a refactor gives `data` none",
        ),
        (
            with(
                json!({"Name": {"Fn::FindInMap": ["Map", "a", "b"]}}),
                json!({"Mappings": {"Map": {"a": {"b": "c"}}}}),
            ),
            "it uses mapping `Map` of `app`",
        ),
        (
            with(
                json!({"Name": {"Fn::If": ["Live", "a", "b"]}}),
                json!({"Conditions": {"Live": {"Fn::Equals": ["a", "a"]}}}),
            ),
            "it uses condition `Live` of `app`",
        ),
        (
            resources(json!({"Store": store()})),
            "`app` would be left without a resource, which CloudFormation does not allow",
        ),
        (
            resources(json!({
                "Store": {"Type": "Test::Store", "Properties": {"Name": {"Ref": "One"}}},
                "One": rest(),
                "Two": {"Type": "Test::Thing", "Properties": {"A": {"Ref": "Store"}}},
            })),
            "would read of",
        ),
    ] {
        let moving = moving(
            &[("app/Store", "data/Store")],
            &[
                ("app", deployed, resources(json!({"Rest": rest()}))),
                ("data", resources(json!({"Rest": rest()})), wanted()),
            ],
        );
        let told = told(&moving);
        assert!(
            told.len() == 1
                && told[0].starts_with("data error: cannot move: ")
                && told[0].contains(expected),
            "{expected}: {told:?}"
        );
    }
}

#[test]
fn an_export_that_an_outsider_imports_holds_its_resource() {
    let moving = moving(
        &[("app/Store", "data/Store")],
        &[
            (
                "app",
                json!({
                    "Resources": {"Store": store(), "Rest": rest()},
                    "Outputs": {"Id": {"Value": {"Ref": "Store"}, "Export": {"Name": "id"}}},
                }),
                resources(json!({"Rest": rest()})),
            ),
            (
                "data",
                resources(json!({"Rest": rest()})),
                resources(json!({"Rest": rest(), "Store": store()})),
            ),
            (
                "far",
                resources(
                    json!({"R": {"Type": "Test::Thing", "Properties": {"A": {"Fn::ImportValue": "id"}}}}),
                ),
                Value::Null,
            ),
        ],
    );
    let told = told(&moving);
    assert!(told[0].contains("`far` imports `id`"), "{told:?}");
}

#[test]
fn moves_are_grouped_by_the_stacks_they_share_and_made_in_parts_past_five() {
    let names = ["a", "b", "c", "d", "e", "f"];
    let stacks: Vec<Stack> = names
        .iter()
        .map(|name| {
            let kept = resources(json!({"Rest": rest(), "Old": store()}));
            (
                *name,
                kept,
                resources(json!({"Rest": rest(), "New": store()})),
            )
        })
        .collect();
    let apart = moving(&[("a/Old", "b/New"), ("c/Old", "d/New")], &stacks);
    assert_eq!(apart.refactors.len(), 2);
    let chain = [
        ("a/Old", "b/New"),
        ("b/Old", "c/New"),
        ("c/Old", "d/New"),
        ("d/Old", "e/New"),
        ("e/Old", "f/New"),
    ];
    let five = moving(&chain[..4], &stacks);
    assert_eq!((five.refactors.len(), five.findings.len()), (1, 0));
    // More are made in parts, each of which begins where the one before ends.
    let six = moving(&chain, &stacks);
    assert_eq!(told(&six), [""; 0]);
    let [first, second] = &six.refactors[..] else {
        panic!("{six:?}");
    };
    assert_eq!((first.wave, second.wave), (1, 2));
    assert_eq!((first.stacks.len(), first.moves.len()), (5, 4));
    let names: Vec<&str> = second.stacks.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["e", "f"]);
    assert_eq!(second.moves.len(), 1);
    let store = second.stacks[0].template["Resources"].as_object();
    let left: Vec<&String> = store.into_iter().flatten().map(|(name, _)| name).collect();
    assert_eq!(left, ["Rest", "New"], "what came first is there still");
    // What is left after the first part comes to the same as it did before that.
    let between: Vec<Stack> = stacks
        .iter()
        .map(|(name, deployed, wanted)| {
            let mut made = first.stacks.iter();
            let made = made.find(|one| one.name == *name);
            let deployed = made.map_or(deployed, |one| &one.template).clone();
            (*name, deployed, wanted.clone())
        })
        .collect();
    let rest = moving(&chain, &between);
    assert_eq!(rest.refactors.len(), 1);
    assert_eq!(rest.refactors[0].stacks, second.stacks);
}

/// What a value stands for, whichever stack it is read in: references are replaced by what they lead to, texts are taken
/// apart.
struct Resolver<'a> {
    stacks: BTreeMap<&'a str, &'a Value>,
    /// Where a resource was before the moves.
    origins: &'a dyn Fn(&str, &str) -> String,
}

impl Resolver<'_> {
    fn value(&self, stack: &str, value: &Value) -> Value {
        match value {
            Value::Array(items) => items.iter().map(|item| self.value(stack, item)).collect(),
            Value::Object(members) => self.object(stack, members),
            other => other.clone(),
        }
    }

    fn object(&self, stack: &str, members: &Map<String, Value>) -> Value {
        let argument = |name: &str| members.get(name);
        if let Some(target) = argument("Ref").and_then(Value::as_str) {
            return json!({"is": (self.origins)(stack, target)});
        }
        if let Some(items) = argument("Fn::GetAtt") {
            let target = items[0].as_str().unwrap_or_default();
            return json!({"is": format!("{}.{}", (self.origins)(stack, target), items[1].as_str().unwrap_or_default())});
        }
        if let Some(read) = argument("Fn::GetStackOutput") {
            let producer = read["StackName"].as_str().unwrap_or_default();
            let output = read["OutputName"].as_str().unwrap_or_default();
            let body = self.stacks.get(producer).expect("the stack is there");
            let value = &body["Outputs"][output]["Value"];
            if value.is_null() {
                return json!("gone");
            }
            return self.value(producer, value);
        }
        if let Some(text) = argument("Fn::Sub").and_then(Value::as_str) {
            let mut pieces = Vec::new();
            for (index, part) in text.split("${").enumerate() {
                let literal = match part.split_once('}') {
                    Some((name, literal)) if index > 0 => {
                        let value = match name.split_once('.') {
                            Some((target, attribute)) => json!({"Fn::GetAtt": [target, attribute]}),
                            None => json!({"Ref": name}),
                        };
                        pieces.push(self.value(stack, &value));
                        literal
                    }
                    _ => part,
                };
                pieces.push(literal.into());
            }
            return joined(pieces);
        }
        if let Some(join) = argument("Fn::Join") {
            let pieces = join[1].as_array().into_iter().flatten();
            return joined(pieces.map(|piece| self.value(stack, piece)).collect());
        }
        members
            .iter()
            .map(|(name, member)| (name.clone(), self.value(stack, member)))
            .collect::<Map<_, _>>()
            .into()
    }
}

/// Pieces of a text in one list, literals that stand together as one.
fn joined(pieces: Vec<Value>) -> Value {
    let mut flat: Vec<Value> = Vec::new();
    for piece in pieces {
        let inner = match piece.get("text") {
            Some(Value::Array(items)) => items.clone(),
            _ => vec![piece],
        };
        for one in inner {
            match (flat.last_mut(), one) {
                (Some(Value::String(last)), Value::String(text)) => last.push_str(&text),
                (_, Value::String(text)) if text.is_empty() => {}
                (_, one) => flat.push(one),
            }
        }
    }
    flat.retain(|one| *one != json!(""));
    match &flat[..] {
        [one] if !one.is_string() => one.clone(),
        _ => json!({ "text": flat }),
    }
}

const STACKS: [&str; 3] = ["a", "b", "c"];

/// A reference from one resource to another: how it is written, and to which.
fn reference() -> impl Strategy<Value = (u8, usize)> {
    (0_u8..4, 0_usize..6)
}

/// References of each resource, and where it goes: the stack, and whether it gets another name.
type World = (Vec<Vec<(u8, usize)>>, Vec<Option<(usize, bool)>>);

/// Six resources, two in each stack; each refers to some of those before it. Then where each of them goes.
fn world() -> impl Strategy<Value = World> {
    let references = prop::collection::vec(prop::collection::vec(reference(), 0..3), 6);
    let moves = prop::collection::vec(prop::option::of((0_usize..3, any::<bool>())), 6);
    (references, moves)
}

proptest! {
    /// Whatever moves where, every reference leads to the same thing as before, and nothing else is touched.
    #[test]
    fn references_lead_to_the_same_things_after_any_moves((references, moves) in world()) {
        let stack_of = |index: usize| STACKS[index / 2];
        let mut bodies: BTreeMap<&str, Value> = STACKS
            .iter()
            .map(|name| (*name, json!({"Resources": {"Rest": {"Type": "Test::Thing"}}, "Outputs": {}})))
            .collect();
        for (index, list) in references.iter().enumerate() {
            let mut properties = Map::new();
            for (number, (form, target)) in list.iter().enumerate() {
                if *target >= index {
                    continue;
                }
                let name = format!("R{target}");
                let own = stack_of(*target) == stack_of(index);
                let value = if own {
                    match form {
                        0 => json!({"Ref": name}),
                        1 => json!({"Fn::GetAtt": [name, "Arn"]}),
                        2 => json!({"Fn::Sub": format!("x-${{{name}}}-${{{name}.Arn}}")}),
                        _ => json!({"Fn::Join": ["", ["y", {"Ref": name}]]}),
                    }
                } else {
                    let output = format!("{name}{}", if form % 2 == 0 { "Id" } else { "Arn" });
                    let value = if form % 2 == 0 { json!({"Ref": name}) } else { json!({"Fn::GetAtt": [name, "Arn"]}) };
                    bodies.get_mut(stack_of(*target)).expect("it is there")["Outputs"][&output] = json!({"Value": value});
                    json!({"Fn::GetStackOutput": {"StackName": format!("p-{}", stack_of(*target)), "OutputName": output}})
                };
                properties.insert(format!("P{number}"), value);
            }
            bodies.get_mut(stack_of(index)).expect("it is there")["Resources"][format!("R{index}")] =
                json!({"Type": "Test::Store", "Properties": properties});
        }
        let ends: Vec<(String, String)> = (0..6)
            .map(|index| match moves[index] {
                Some((stack, renamed)) => (STACKS[stack].to_owned(), format!("R{index}{}", if renamed { "New" } else { "" })),
                None => (stack_of(index).to_owned(), format!("R{index}")),
            })
            .collect();
        let starts: Vec<String> = (0..6).map(|index| format!("{}/R{index}", stack_of(index))).collect();
        let declared: Vec<(String, String)> = (0..6)
            .map(|index| (starts[index].clone(), format!("{}/{}", ends[index].0, ends[index].1)))
            .filter(|(from, to)| from != to)
            .collect();
        let stacks: Vec<Stack> = STACKS
            .iter()
            .map(|name| {
                let mut wanted = json!({"Resources": {"Rest": {"Type": "Test::Thing"}}});
                for (stack, id) in &ends {
                    if stack == name {
                        wanted["Resources"][id] = json!({"Type": "Test::Store"});
                    }
                }
                (*name, bodies[name].clone(), wanted)
            })
            .collect();
        let pairs: Vec<(&str, &str)> = declared.iter().map(|(from, to)| (from.as_str(), to.as_str())).collect();
        let moving = moving(&pairs, &stacks);
        // Stacks that would read of each other are the one thing that cannot be.
        prop_assert!(moving.findings.iter().all(|(_, finding)| finding.message.contains("would read of")), "{moving:?}");
        if moving.findings.is_empty() {
            let mut after = bodies.clone();
            for stack in moving.refactors.iter().flat_map(|one| &one.stacks) {
                after.insert(STACKS[STACKS.iter().position(|name| *name == stack.name).expect("it is one")], stack.template.clone());
            }
            let names: Vec<String> = STACKS.iter().map(|name| format!("p-{name}")).collect();
            let by_name = |bodies: &'_ BTreeMap<&str, Value>| -> BTreeMap<String, Value> {
                STACKS.iter().zip(&names).map(|(name, full)| (full.clone(), bodies[name].clone())).collect()
            };
            let (before, after) = (by_name(&bodies), by_name(&after));
            let place = |stack: &str, id: &str| format!("{stack}/{id}");
            let was = |stack: &str, id: &str| {
                let found = ends.iter().position(|(end, name)| format!("p-{end}") == stack && name == id);
                found.map_or_else(|| place(stack, id), |index| format!("p-{}", starts[index]))
            };
            let old = Resolver { stacks: before.iter().map(|(name, body)| (name.as_str(), body)).collect(), origins: &place };
            let new = Resolver { stacks: after.iter().map(|(name, body)| (name.as_str(), body)).collect(), origins: &was };
            let mut count = 0;
            for (index, (stack, id)) in ends.iter().enumerate() {
                let full = format!("p-{stack}");
                let now = &after[&full]["Resources"][id];
                prop_assert!(!now.is_null(), "{stack}/{id} is lost");
                let then = &before[&format!("p-{}", stack_of(index))]["Resources"][format!("R{index}")];
                let means = new.value(&full, &now["Properties"]);
                // What a stack reads of others that are refactored apart from it, its own change set makes right.
                if !means.to_string().contains("\"gone\"") {
                    prop_assert_eq!(
                        means,
                        old.value(&format!("p-{}", stack_of(index)), &then["Properties"])
                    );
                }
                count += 1;
            }
            let total: usize = after.values().map(|body| body["Resources"].as_object().map_or(0, Map::len)).sum();
            prop_assert_eq!(total, count + STACKS.len());
        }
    }
}
