//! Public sample templates, hundreds of them, through `validate` and `diff`.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};
use toolbox::files;

use crate::project::Project;

/// Templates that CloudFormation takes as they are, by where they come from.
fn templates() -> Vec<PathBuf> {
    let linter = "samples/pypi/cfn_lint-1.58.0/test/fixtures/templates";
    let good = ["good", "integration", "public", "quickstart", "issues"];
    let mut templates = files("samples/npm");
    templates.extend(
        good.iter()
            .flat_map(|folder| files(&format!("{linter}/{folder}"))),
    );
    templates.retain(|file| is_template(file));
    templates.sort();
    templates
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

/// Templates that are not good after all: the list says why.
fn with_errors(file: &Path) -> bool {
    include_str!("../fixtures/samples-with-errors.txt")
        .lines()
        .any(|name| file.ends_with(name))
}

#[test]
#[ignore = "needs sample templates"]
fn no_good_template_is_called_wrong() {
    let project = Project::without_stacks();
    let mut files = templates();
    files.retain(|file| !with_errors(file));
    assert!(files.len() >= 185, "only {} samples", files.len());
    let mut command = project.command("validate --json");
    let outcome = project.finish(command.args(&files));
    let answer: Value = outcome.json();
    let mut wrong = BTreeMap::<&str, Vec<&Value>>::new();
    for file in answer["files"].as_array().expect("files are listed") {
        for finding in file["findings"].as_array().expect("findings are listed") {
            if finding["severity"] == "error" {
                wrong
                    .entry(file["file"].as_str().expect("a name"))
                    .or_default()
                    .push(finding);
            }
        }
    }
    let count: usize = wrong.values().map(Vec::len).sum();
    assert!(
        wrong.is_empty(),
        "{count} errors in {} good templates: {wrong:#?}",
        wrong.len()
    );
}

#[test]
#[ignore = "needs sample templates"]
fn every_template_can_be_compared_and_does_not_differ_from_itself() {
    let project = Project::without_stacks();
    let mut files = templates();
    // Its aliases multiply beyond every limit, which is an error to name.
    files.retain(|file| !file.ends_with("yaml-alias-amplification.yaml"));
    for pair in files.windows(2) {
        let diff = |old: &Path, new: &Path| {
            let mut command = project.command("diff --json");
            let outcome = project.finish(command.args([old, new])).ended_with(0);
            (outcome.json(), new.display().to_string())
        };
        let (same, name) = diff(&pair[0], &pair[0]);
        for section in [
            "changes",
            "parameters",
            "mappings",
            "conditions",
            "outputs",
            "other",
        ] {
            assert_eq!(same[section], json!([]), "{section} of {name}");
        }
        let (other, name) = diff(&pair[0], &pair[1]);
        assert!(other["changes"].is_array(), "{name}: {other:#}");
    }
}
