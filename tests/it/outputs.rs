//! `outputs` hands on what the stacks tell, in the form the reader needs.

use crate::{project::Project, sample};

#[test]
fn outputs_come_as_json_and_as_variables() {
    let project = Project::with_stacks([("storage", sample::storage())]);
    project.run("deploy -e local").ended_with(0);
    let json = project.json("outputs -e local --format json");
    assert_eq!(json["format_version"], "1.0");
    assert_eq!(
        json["stacks"]["storage"]["FilesName"], "sample-files",
        "{json:#}"
    );
    let lines = project
        .run("outputs -e local --format env")
        .ended_with(0)
        .stdout;
    assert_eq!(lines, "STORAGE_FILES_NAME=sample-files\n");
    let lines = project
        .run("outputs -e local --format github")
        .ended_with(0)
        .stdout;
    assert_eq!(lines, "STORAGE_FILES_NAME=sample-files\n");
}

#[test]
fn what_is_not_deployed_has_no_outputs() {
    let project = Project::with_stacks([("storage", sample::storage())]);
    let json = project.json("outputs -e local --format json");
    assert_eq!(
        json["stacks"]["storage"]["FilesName"],
        serde_json::Value::Null,
        "{json:#}"
    );
}
