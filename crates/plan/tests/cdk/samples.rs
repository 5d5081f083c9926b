//! Public sample templates, as `cargo xtask test --only tools` keeps them.

use std::path::Path;

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
    let folder = toolbox::tool("samples");
    toolbox::files("samples")
        .iter()
        .filter(|file| is_wanted(&file.to_string_lossy()))
        .filter_map(|file| read(&folder, file))
        .collect()
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
