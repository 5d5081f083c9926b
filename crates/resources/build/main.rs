//! Writes the Rust of every enabled service from the committed facts: a file per service, and one that holds them.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "cargo speaks to a build program through its environment and its output"
)]

mod actions;
mod emit;
mod lower;
mod names;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, error, fs};

use schema::ResourceType;

/// The service whose module shows the actions as well, so that a policy says `iam::s3::GetObject`.
const POLICIES: &str = "iam";

/// The feature that brings the actions of every service.
const ALL_ACTIONS: &str = "actions";

fn main() -> Result<(), Box<dyn error::Error>> {
    // The facts are part of `schema`, so this program is built again, and run, when they change.
    println!("cargo::rerun-if-changed=build");
    let folder = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?);

    let mut services: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for name in schema::type_names() {
        let feature = name
            .split("::")
            .nth(1)
            .unwrap_or_default()
            .to_ascii_lowercase();
        services.entry(feature).or_default().push(name);
    }
    services.retain(|feature, _| enabled(feature));

    let mut index = String::new();
    let mut prefixes: BTreeSet<&str> = BTreeSet::new();
    for (feature, types) in &services {
        let types: Vec<&ResourceType> = types
            .iter()
            .filter_map(|name| schema::resource_type(name))
            .collect();
        let mut text = String::new();
        for facts in &types {
            emit::resource(&mut text, &lower::resource(facts))?;
        }
        prefixes.extend(actions::prefixes(feature, &types));
        if feature == POLICIES {
            text.push_str("pub use crate::actions::*;\n");
        }
        let (service, _) = types[0].name.rsplit_once("::").unwrap_or_default();
        writeln!(index, "/// The types of `{service}`.\n#[allow({LINTS})]")?;
        writeln!(
            index,
            "pub mod {feature} {{ include!(concat!(env!(\"OUT_DIR\"), \"/{feature}.rs\")); }}"
        )?;
        write(&folder.join(feature).with_extension("rs"), &text)?;
    }
    write(&folder.join("services.rs"), &index)?;

    if enabled(ALL_ACTIONS) {
        prefixes.extend(schema::iam_prefixes());
    }
    let mut modules = String::new();
    actions::modules(&mut modules, &prefixes)?;
    write(&folder.join("actions.rs"), &modules)?;
    Ok(())
}

/// Lints that generated code need not keep: AWS chose its names, and its documentation describes them.
const LINTS: &str =
    "missing_docs, non_camel_case_types, clippy::all, clippy::nursery, clippy::pedantic";

fn enabled(feature: &str) -> bool {
    env::var_os(format!("CARGO_FEATURE_{}", feature.to_ascii_uppercase())).is_some()
}

/// Writes a file unless it already says so, which spares its readers from being compiled again.
fn write(path: &Path, text: &str) -> Result<(), Box<dyn error::Error>> {
    if fs::read_to_string(path).is_ok_and(|current| current == text) {
        return Ok(());
    }
    fs::write(path, text)
        .map_err(|error| format!("cannot write `{}`: {error}", path.display()).into())
}
