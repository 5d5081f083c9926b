//! What goes while others still read it goes last.

use plan::{Leaving, LinkedStack, Removals, leaving, removals, with_kept};
use serde_json::{Value, json};

use crate::{diff, resources};

fn found(stacks: &[(&str, Value, Value)], planned: &[&str]) -> Removals {
    found_with(stacks, planned, &[])
}

/// What is found when CloudFormation says that these stacks import what goes.
fn found_with(stacks: &[(&str, Value, Value)], planned: &[&str], importers: &[&str]) -> Removals {
    let names: Vec<String> = stacks
        .iter()
        .map(|(name, ..)| format!("p-{name}"))
        .collect();
    let stacks: Vec<LinkedStack<'_>> = stacks
        .iter()
        .zip(&names)
        .map(|((name, deployed, wanted), stack_name)| LinkedStack {
            name,
            stack_name,
            deployed: Some(deployed),
            becomes: planned.contains(name).then_some(wanted),
            is_own: *name != "foreign",
        })
        .collect();
    let mut gone: Vec<Leaving<'_>> = stacks.iter().flat_map(leaving).collect();
    for one in gone.iter_mut().filter(|one| one.is_exported()) {
        one.importers = importers.iter().map(|name| (*name).to_owned()).collect();
    }
    removals(&stacks, &gone)
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
                "data CIF082 output `Id` goes, and `app` as it is deployed still reads it; deploy `app` along, or keep it"
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
    assert_eq!(
        found(&stacks(weak(), weak()), &planned),
        Removals::default()
    );
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
    let diff = diff(&deployed, &wanted);
    let kept = with_kept(&deployed, &wanted, &diff, &["Id".to_owned()]);
    assert_eq!(kept, expected);
    assert_eq!(with_kept(&deployed, &wanted, &diff, &[]), wanted);
}

#[test]
fn what_would_be_replaced_is_kept_too_as_the_value_would_be_another() {
    let template = |name: &str, outputs: Value| {
        let mut body = data(outputs);
        body["Resources"]["Store"]["Properties"] = json!({"Name": name, "A": name});
        body["Resources"]["Beside"] = json!({"Type": "Test::Store", "Properties": {"A": name}});
        body
    };
    let id = json!({"Id": {"Value": {"Ref": "Store"}}});
    let (deployed, wanted) = (template("a", id.clone()), template("b", json!({})));
    let kept = with_kept(
        &deployed,
        &wanted,
        &diff(&deployed, &wanted),
        &["Id".to_owned()],
    );
    assert_eq!(kept["Outputs"], id);
    assert_eq!(kept["Resources"]["Store"], deployed["Resources"]["Store"]);
    assert_eq!(kept["Resources"]["Beside"], wanted["Resources"]["Beside"]);
}

#[test]
fn who_reads_what_a_reader_keeps_goes_first() {
    let of = |stack: &str| json!({"Fn::GetStackOutput": {"StackName": stack, "OutputName": "Id"}});
    let middle = json!({
        "Resources": {"Reader": {"Type": "Test::Thing", "Properties": {"A": of("p-data")}}},
        "Outputs": {"Id": {"Value": {"Ref": "Reader"}}},
    });
    let id = json!({"Id": {"Value": {"Ref": "Store"}}});
    let stacks = [
        ("data", data(id), data(json!({}))),
        ("middle", middle, data(json!({}))),
        ("app", reader(of("p-middle")), reader(json!("fixed"))),
    ];
    let all = found(&stacks, &["data", "middle", "app"]);
    let order: Vec<(usize, &str)> = all
        .removals
        .iter()
        .map(|one| (one.wave, one.stack.as_str()))
        .collect();
    assert_eq!(order, [(1, "middle"), (2, "data")]);
}

#[test]
fn what_a_stack_of_somebody_else_reads_stays() {
    let exported = json!({"Id": {"Value": {"Ref": "Store"}, "Export": {"Name": "id"}}});
    let told_of = |read: Value, importers: &[&str]| {
        let stacks = [
            ("data", data(exported.clone()), data(json!({}))),
            ("foreign", reader(read.clone()), reader(read)),
        ];
        told(&found_with(&stacks, &["data"], importers))
    };
    let refused = [
        "data CIF082 output `Id` goes, and stack `foreign`, which is not of this app, still reads it; let that read something else first, or keep it",
    ];
    assert_eq!(told_of(weak(), &[]), refused);
    // Which export that is, its template does not tell.
    let unknown = json!({"Fn::ImportValue": {"Ref": "Given"}});
    assert_eq!(told_of(unknown.clone(), &["p-foreign"]), refused);
    assert_eq!(told_of(unknown, &[]), [""; 0]);
}
