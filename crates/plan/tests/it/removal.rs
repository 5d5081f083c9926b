//! What goes while others still read it goes last.

use std::collections::BTreeSet;

use plan::{MovingStack, Removals, removals, with_kept};
use serde_json::{Value, json};

use crate::resources;

fn found(stacks: &[(&str, Value, Value)], planned: &[&str]) -> Removals {
    let names: Vec<String> = stacks.iter().map(|(name, ..)| format!("p-{name}")).collect();
    let stacks: Vec<MovingStack<'_>> = stacks
        .iter()
        .zip(&names)
        .map(|((name, deployed, wanted), stack_name)| MovingStack {
            name,
            stack_name,
            deployed: Some(deployed),
            wanted: Some(wanted),
            origins: None,
        })
        .collect();
    removals(&stacks, &planned.iter().copied().collect::<BTreeSet<_>>())
}

fn reader(value: Value) -> Value {
    resources(json!({"Reader": {"Type": "Test::Thing", "Properties": {"A": value}}}))
}

fn weak() -> Value {
    json!({"Fn::GetStackOutput": {"StackName": "p-data", "OutputName": "Id"}})
}

fn data(output: Value) -> Value {
    json!({"Resources": {"Store": {"Type": "Test::Store"}}, "Outputs": output})
}

fn told(removals: &Removals) -> Vec<String> {
    let findings = removals.findings.iter();
    findings
        .map(|(stack, finding)| format!("{stack} {} {}", finding.rule, finding.message))
        .collect()
}

#[test]
fn what_a_planned_stack_stops_to_read_goes_last() {
    let exported = json!({"Id": {"Value": {"Ref": "Store"}, "Export": {"Name": "id"}}});
    for read in [weak(), json!({"Fn::ImportValue": "id"})] {
        let stacks = [
            ("data", data(exported.clone()), data(json!({}))),
            ("app", reader(read.clone()), reader(json!("fixed"))),
            ("other", reader(json!("x")), reader(json!("x"))),
        ];
        let all = found(&stacks, &["data", "app", "other"]);
        assert_eq!(told(&all), [""; 0]);
        let [removal] = &all.removals[..] else {
            panic!("{all:?}");
        };
        assert_eq!(removal.stack, "data");
        assert_eq!(removal.outputs, ["Id"]);
        assert_eq!(removal.readers, ["app"]);
        // Whoever is not planned goes on reading.
        let alone = found(&stacks, &["data"]);
        assert_eq!(alone.removals, []);
        assert_eq!(
            told(&alone),
            [
                "data CIF082 output `Id` goes, and `app` as it is deployed still reads it; deploy `app` along, or keep the output"
            ]
        );
    }
}

#[test]
fn an_export_can_go_while_its_output_stays() {
    let exported = json!({"Id": {"Value": {"Ref": "Store"}, "Export": {"Name": "id"}}});
    let plain = json!({"Id": {"Value": {"Ref": "Store"}}});
    let stacks = |read: Value, now: Value| {
        [
            ("data", data(exported.clone()), data(plain.clone())),
            ("app", reader(read), reader(now)),
        ]
    };
    let import = json!({"Fn::ImportValue": "id"});
    let planned = ["data", "app"];
    let weaker = found(&stacks(import.clone(), weak()), &planned);
    assert_eq!(weaker.removals[0].outputs, ["Id"]);
    // Who reads the output itself is not concerned.
    assert_eq!(found(&stacks(weak(), weak()), &planned), Removals::default());
    let still = found(&stacks(import.clone(), import), &planned);
    assert_eq!(
        told(&still),
        [
            "data CIF082 `id` is no longer exported, and `app` still imports it; keep the export, or let `app` read something else"
        ]
    );
}

#[test]
fn what_is_kept_brings_along_what_it_needs() {
    let deployed = json!({
        "Parameters": {"Given": {"Type": "String", "Default": "x"}},
        "Conditions": {"Live": {"Fn::Equals": [{"Ref": "Given"}, "x"]}},
        "Resources": {
            "Store": {"Type": "Test::Store", "Condition": "Live", "Properties": {"Name": {"Ref": "Base"}}},
            "Base": {"Type": "Test::Thing"},
            "Gone": {"Type": "Test::Thing"},
            "Kept": {"Type": "Test::Thing", "Properties": {"A": 1}},
        },
        "Outputs": {
            "Id": {"Value": {"Fn::Sub": "${Store}-${Kept}"}, "Export": {"Name": "id"}},
            "Other": {"Value": {"Ref": "Gone"}},
        },
    });
    let wanted = resources(json!({"Kept": {"Type": "Test::Thing", "Properties": {"A": 2}}}));
    let mut expected = deployed.clone();
    for (section, name) in [("Resources", "Gone"), ("Outputs", "Other")] {
        let members = expected[section].as_object_mut().expect("it is there");
        members.remove(name);
    }
    expected["Resources"]["Kept"]["Properties"]["A"] = json!(2);
    assert_eq!(with_kept(&deployed, &wanted, &["Id".to_owned()]), expected);
    assert_eq!(with_kept(&deployed, &wanted, &[]), wanted);
}
