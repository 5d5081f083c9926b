//! Cloud assemblies of the CDK in forms that its newest version no longer writes, and in odd ones.

use std::{fs, path::Path};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{Assembly, Error, Target};

/// Writes a manifest, and a template for every stack in it.
fn write(folder: &Path, manifest: &Value) {
    fs::create_dir_all(folder).expect("writable");
    fs::write(folder.join("manifest.json"), manifest.to_string()).expect("writable");
    for artifact in manifest["artifacts"].as_object().expect("a map").values() {
        if let Some(file) = artifact["properties"]["templateFile"].as_str() {
            let template = json!({"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}});
            fs::write(folder.join(file), template.to_string()).expect("writable");
        }
    }
}

fn stack(name: &str, after: &[&str]) -> Value {
    json!({
        "type": "aws:cloudformation:stack",
        "environment": "aws://111122223333/eu-west-1",
        "properties": {"templateFile": format!("{name}.json")},
        "dependencies": after,
    })
}

fn read(folder: &Path) -> Result<Assembly, Error> {
    Assembly::of_cdk(
        folder,
        Target {
            environment: "staging",
            account: "111122223333",
            region: "eu-west-1",
            project: Path::new("/home/me/app"),
        },
    )
}

/// Each stack, and what it stands after.
fn order(assembly: &Assembly) -> Vec<(&str, Vec<&str>)> {
    let stacks = assembly.manifest.stacks.iter();
    stacks
        .map(|stack| {
            let after = stack.depends_on.iter().map(String::as_str);
            (stack.name.as_str(), after.collect())
        })
        .collect()
}

#[test]
fn stacks_come_after_what_they_depend_on_through_stages_too() {
    let folder = TempDir::new().expect("a folder");
    let stage = |directory: &str, after: &[&str]| {
        json!({
            "type": "cdk:cloud-assembly",
            "properties": {"directoryName": directory},
            "dependencies": after,
        })
    };
    write(
        folder.path(),
        &json!({"version": "36.0.0", "artifacts": {
            "Last": stack("Last", &["second"]),
            "second": stage("two", &["first"]),
            "first": stage("one", &["Base"]),
            "Base": stack("Base", &[]),
        }}),
    );
    for (directory, names) in [("one", ["A", "B"]), ("two", ["C", "D"])] {
        let [name, other] = names;
        write(
            &folder.path().join(directory),
            &json!({"version": "36.0.0", "artifacts": {
                name: stack(name, &[other]),
                other: stack(other, &[]),
            }}),
        );
    }
    let assembly = read(folder.path()).expect("readable");
    assert_eq!(
        order(&assembly),
        [
            ("Base", vec![]),
            ("B", vec!["Base"]),
            ("A", vec!["B", "Base"]),
            ("D", vec!["A", "B"]),
            ("C", vec!["A", "B", "D"]),
            ("Last", vec!["C", "D"]),
        ]
    );
}

#[test]
fn what_older_versions_wrote_is_read() {
    let folder = TempDir::new().expect("a folder");
    let mut old = stack("Old", &[]);
    old["properties"]["parameters"] = json!({"Zones": ["a", "b"], "Size": 3, "Name": "x"});
    old["properties"]["cloudFormationExecutionRoleArn"] =
        json!("arn:${AWS::Partition}:iam::${AWS::AccountId}:role/exec-${AWS::Region}");
    old["metadata"] = json!({
        "/Old": [{"type": "aws:cdk:stack-tags", "data": [{"Key": "team", "Value": "chat"}]}],
        "/Old/Jobs/Resource": [
            {"type": "aws:cdk:logicalId", "data": "Queue"},
            {"type": "aws:cdk:creationStack", "data": [
                "new Queue (/home/me/app/node_modules/aws-cdk-lib/aws-sqs/lib/queue.js:1:9)",
                "new Jobs (/home/me/app/lib/jobs.ts:12:5)",
                "Object.<anonymous> (/home/me/app/bin/app.ts:3:1)",
            ]},
        ],
    });
    write(folder.path(), &json!({"artifacts": {"Old": old}}));
    let assembly = read(folder.path()).expect("readable");
    let stack = &assembly.manifest.stacks[0];
    assert_eq!(stack.tags["team"], "chat");
    assert_eq!(stack.parameters["Zones"], "a,b");
    assert_eq!(stack.parameters["Size"], "3");
    assert_eq!(
        stack.role_arn.as_deref(),
        Some("arn:aws:iam::111122223333:role/exec-eu-west-1")
    );
    assert_eq!(stack.resources["Queue"].path, "Old/Jobs/Resource");
    assert_eq!(stack.resources["Queue"].source, "lib/jobs.ts:12");
}

#[test]
fn what_cannot_be_read_is_an_error_and_never_an_empty_plan() {
    let folder = TempDir::new().expect("a folder");
    write(folder.path(), &json!({"artifacts": {}}));
    assert!(matches!(
        read(folder.path()),
        Err(Error::NoStackForTarget { .. })
    ));
    write(
        folder.path(),
        &json!({"artifacts": {"A": stack("A", &["B"]), "B": stack("B", &["A"])}}),
    );
    let error = read(folder.path()).expect_err("a circle");
    assert!(error.to_string().contains("in a circle: A, B"), "{error}");
    let mut bare = stack("A", &[]);
    bare["properties"] = json!({});
    write(folder.path(), &json!({"artifacts": {"A": bare}}));
    let error = read(folder.path()).expect_err("no template");
    assert!(error.to_string().contains("names no template"), "{error}");
}
