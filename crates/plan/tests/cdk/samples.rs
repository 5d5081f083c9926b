//! Public sample templates, as `cargo xtask test --only tools` keeps them.

use std::path::{Path, PathBuf};

use template::Template;

use serde_json::Value;

/// A template that somebody published.
pub(super) struct Sample {
    /// Its path below the folder of samples.
    pub(super) name: String,
    pub(super) body: Value,
}

/// Every template among the samples, in the order of their names.
pub(super) fn samples() -> Vec<Sample> {
    let folder = tool("samples");
    let mut files = Vec::new();
    collect(&folder, &mut files);
    files.sort();
    files
        .iter()
        .filter_map(|file| read(&folder, file))
        .collect()
}

/// Where `cargo xtask test --only tools` puts what tests need.
pub(super) fn tool(relative: &str) -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent();
    let target = target.expect("cargo's folder for test files lies in the target folder");
    let path = target.join("tools").join(relative);
    assert!(
        path.exists(),
        "`{}` is missing, run:\n\n    cargo xtask test --only tools\n",
        path.display()
    );
    path
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("readable") {
        let path = entry.expect("readable").path();
        if path.is_dir() {
            collect(&path, files);
        } else if is_wanted(&path.to_string_lossy()) {
            files.push(path);
        }
    }
}

/// The folders with whole templates that CloudFormation would take.
fn is_wanted(path: &str) -> bool {
    let good = ["good", "integration", "public", "quickstart", "issues"];
    let of_the_linter = |name: &str| path.contains(&format!("/test/fixtures/templates/{name}/"));
    path.ends_with(".template.json")
        || path.contains("/testData/valid/")
        || (good.iter().any(|name| of_the_linter(name))
            && [".json", ".yaml", ".yml"]
                .iter()
                .any(|ending| path.ends_with(ending)))
}

fn read(folder: &Path, file: &Path) -> Option<Sample> {
    let template = Template::parse_bytes(std::fs::read(file).expect("readable")).ok()?;
    let body = template.into_body();
    body["Resources"].is_object().then(|| Sample {
        name: file
            .strip_prefix(folder)
            .unwrap_or(file)
            .display()
            .to_string(),
        body,
    })
}
