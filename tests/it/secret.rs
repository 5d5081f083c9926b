//! Secrets: what goes in is never seen again.

use std::{
    fs,
    io::Write as _,
    path::Path,
    process::{Output, Stdio},
};

use serde_json::{Value, json};

use crate::{project::Project, sample};

const VALUE: &str = "hunter2-correct-horse";

/// Runs the program with something on its standard input.
fn run_with(project: &Project, words: &str, input: &[u8]) -> Output {
    let mut command = project.command(words);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program can be started");
    // A program that refuses the name has no need to read.
    let _ = child.stdin.take().expect("it is piped").write_all(input);
    child.wait_with_output().expect("it ends")
}

#[track_caller]
fn expect(output: &Output, code: i32, says: &str) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let all = text(&output.stdout) + &text(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{all}");
    assert!(all.contains(says), "`{says}` was not printed\n{all}");
    assert!(!all.contains("hunter2"), "the value was printed\n{all}");
    all
}

/// The files below a folder that contain a text.
fn files_with(folder: &Path, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("it can be listed") {
        let path = entry.expect("it can be read").path();
        if path.is_dir() {
            found.extend(files_with(&path, text));
        } else if let Ok(bytes) = fs::read(&path)
            && bytes
                .windows(text.len())
                .any(|window| window == text.as_bytes())
        {
            found.push(path.display().to_string());
        }
    }
    found
}

#[test]
fn a_secret_is_written_rotated_and_listed_and_its_value_is_nowhere() {
    let project = Project::with_stacks([("messaging", sample::messaging())]);
    let project = &project;
    expect(
        &run_with(project, "secret rotate -e local TOKEN", VALUE.as_bytes()),
        1,
        "there is no secret `/sample/local/TOKEN`",
    );
    let value = format!("{VALUE}\n");
    expect(
        &run_with(project, "secret set -e local TOKEN", value.as_bytes()),
        0,
        "/sample/local/TOKEN is version 1",
    );
    // One that is there is not overwritten by mistake.
    expect(
        &run_with(project, "secret set -e local TOKEN", b"other"),
        1,
        "chitinfra secret rotate -e local TOKEN",
    );
    expect(
        &run_with(project, "secret rotate -e local TOKEN", VALUE.as_bytes()),
        0,
        "/sample/local/TOKEN is version 2",
    );
    expect(
        &run_with(project, "secret set -e local turso/token", VALUE.as_bytes()),
        0,
        "/sample/local/turso/token is version 1",
    );
    let list = project.run("secret list -e local -v").ended_with(0);
    assert!(list.stdout.contains("TOKEN        version 2"), "{list}");
    assert!(list.stdout.contains("turso/token  version 1"), "{list}");
    let list = project.json("secret list -e local --json");
    assert_eq!(list["format_version"], "1.0");
    let first = &list["secrets"][0];
    assert_eq!(first["name"], "TOKEN", "{list:#}");
    assert_eq!(first["parameter"], "/sample/local/TOKEN");
    assert_eq!(first["version"], 2);
    assert!(first["modified_at"].is_string(), "{list:#}");
    assert_eq!(files_with(&project.path(""), "hunter2"), [""; 0]);
}

#[test]
fn wrong_names_and_values_are_refused() {
    let project = Project::with_stacks([("messaging", sample::messaging())]);
    let long = "x".repeat(4_097);
    for (words, input, says) in [
        ("secret set -e local /TOKEN", "v", "cannot be the name"),
        ("secret set -e local a//b", "v", "cannot be the name"),
        ("secret set -e local a=hunter", "v", "cannot be the name"),
        ("secret set -e local TOKEN", "", "there is no value"),
        ("secret set -e local TOKEN", "\n", "there is no value"),
        ("secret set -e local TOKEN", &long, "4096 bytes"),
    ] {
        expect(&run_with(&project, words, input.as_bytes()), 2, says);
    }
    expect(
        &run_with(&project, "secret set -e local TOKEN", b"\xff\xfe"),
        2,
        "not text in UTF-8",
    );
    // A value is never an argument.
    project.run("secret set -e local TOKEN value").ended_with(2);
    project
        .run("secret list -e local")
        .ended_with(0)
        .says("no secrets in /sample/local");
}

/// A database that has its password from a secret.
fn database(name: &str) -> Value {
    json!({"Resources": {"Database": {
    "Type": "AWS::RDS::DBInstance", "DeletionPolicy": "Delete", "UpdateReplacePolicy": "Delete",
    "Properties": {
        "DBInstanceClass": "db.t4g.micro", "Engine": "postgres", "AllocatedStorage": "20",
        "MasterUsername": "pro", "StorageEncrypted": true,
        "MasterUserPassword": format!("{{{{resolve:ssm-secure:{name}}}}}"),
    }}}})
}

#[test]
fn a_secret_that_is_missing_is_named_with_the_command_before_anything_is_deployed() {
    let project = Project::with_stacks([("data", database("/sample/local/PASSWORD"))]);
    for words in ["plan -e local", "deploy -e local"] {
        project
            .run(words)
            .ended_with(1)
            .says("CIF142")
            .says("chitinfra secret set -e local PASSWORD")
            .says("stacks/src/data.rs:10");
    }
    expect(
        &run_with(&project, "secret set -e local PASSWORD", VALUE.as_bytes()),
        0,
        "version 1",
    );
    project.run("deploy -e local").ended_with(0);
    // What was deployed is the reference, in every file of the endpoint.
    assert_eq!(files_with(&project.path(""), "hunter2"), [""; 0]);
    project
        .run("plan -e local --detailed-exitcode")
        .ended_with(0);
}
