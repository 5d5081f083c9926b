//! Public sample templates, hundreds of them, through `validate` and `diff`.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use serde_json::Value;

use crate::project::{Project, tool};

/// Templates that CloudFormation takes as they are, by where they come from.
fn templates() -> Vec<PathBuf> {
    let linter = "samples/pypi/cfn_lint-1.58.0/test/fixtures/templates";
    let mut files = Vec::new();
    for folder in ["good", "integration", "public", "quickstart", "issues"] {
        collect(&tool(&format!("{linter}/{folder}")), &mut files);
    }
    collect(&tool("samples/npm"), &mut files);
    files.retain(|file| is_template(file));
    files.sort();
    files
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("readable") {
        let path = entry.expect("readable").path();
        if path.is_dir() {
            collect(&path, files);
        } else {
            files.push(path);
        }
    }
}

fn is_template(file: &Path) -> bool {
    let name = file.to_string_lossy();
    let of_npm = name.contains("/samples/npm/");
    let sample_of_npm = name.ends_with(".template.json") || name.contains("/testData/valid/");
    (!of_npm || sample_of_npm)
        && [".json", ".yaml", ".yml"]
            .iter()
            .any(|ending| name.ends_with(ending))
        && std::fs::read_to_string(file).is_ok_and(|text| text.contains("Resources"))
}

#[test]
#[ignore = "needs sample templates"]
fn no_good_template_is_called_wrong() {
    let project = Project::without_stacks();
    let files = templates();
    assert!(files.len() > 250, "only {} samples", files.len());
    let mut command = project.command("validate --json");
    command.args(&files);
    let outcome = project.finish(&mut command);
    let answer: Value =
        serde_json::from_str(&outcome.stdout).unwrap_or_else(|error| panic!("{error}\n{outcome}"));
    let mut errors = BTreeMap::<&str, Vec<String>>::new();
    for file in answer["files"].as_array().expect("files are listed") {
        for finding in file["findings"].as_array().expect("findings are listed") {
            if finding["severity"] == "error" {
                let name = file["file"].as_str().expect("a name");
                errors.entry(name).or_default().push(finding.to_string());
            }
        }
    }
    let count: usize = errors.values().map(Vec::len).sum();
    assert!(
        errors.is_empty(),
        "{count} errors in {} files: {errors:#?}",
        errors.len()
    );
}

#[test]
#[ignore = "needs sample templates"]
fn a_template_does_not_differ_from_itself_and_differs_from_another() {
    let project = Project::without_stacks();
    let files = templates();
    for pair in files.chunks(2).filter(|pair| pair.len() == 2) {
        let diff = |old: &Path, new: &Path| {
            let mut command = project.command("diff --json");
            command.args([old, new]);
            let outcome = project.finish(&mut command).ended_with(0);
            serde_json::from_str::<Value>(&outcome.stdout)
                .unwrap_or_else(|error| panic!("{error}\n{outcome}"))
        };
        let same = diff(&pair[0], &pair[0]);
        assert_eq!(
            same["changes"].as_array().map(Vec::len),
            Some(0),
            "{}: {same:#}",
            pair[0].display()
        );
        let other = diff(&pair[0], &pair[1]);
        assert!(
            other["changes"].is_array(),
            "{}: {other:#}",
            pair[1].display()
        );
    }
}
