//! Which attributes a resource has beside its read-only properties.
//!
//! Older types answer `Fn::GetAtt` for properties that can be set, too. cfn-lint knows which, in two tables of its
//! `schema/_getatts.py`; they are read as Python literals, without running the file.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use serde_json::Value;

use super::paths::Shapes;

/// Prints the two tables as JSON.
const READER: &str = "
import ast, json, sys
tables = {}
for statement in ast.parse(open(sys.argv[1]).read()).body:
    if isinstance(statement, ast.Assign) and statement.targets[0].id in ('_all_property_types', '_exceptions'):
        tables[statement.targets[0].id] = ast.literal_eval(statement.value)
print(json.dumps(tables))
";

/// Types whose attributes have names that only a template or the service decides.
const OPEN: &[(&str, &str)] = &[
    ("AWS::CloudFormation::CustomResource", "*"),
    ("AWS::CloudFormation::Stack", "Outputs/*"),
    (
        "AWS::ServiceCatalog::CloudFormationProvisionedProduct",
        "Outputs/*",
    ),
];

/// Both tables.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Attributes {
    /// Types that answer for every property.
    #[serde(rename = "_all_property_types")]
    every_property: BTreeSet<String>,
    /// Further properties that a type answers for.
    #[serde(rename = "_exceptions")]
    further: BTreeMap<String, Vec<String>>,
}

impl Attributes {
    /// Reads the tables from the unpacked package.
    pub(super) fn read(package: &Path) -> Result<Self> {
        let file = package.join("cfnlint/schema/_getatts.py");
        let output = Command::new("python3")
            .args(["-c", READER])
            .arg(&file)
            .output()
            .context("cannot start `python3`")?;
        ensure!(
            output.status.success(),
            "`{}`: {}",
            file.display(),
            String::from_utf8_lossy(&output.stderr)
        );
        serde_json::from_slice(&output.stdout)
            .with_context(|| format!("cannot read the tables of `{}`", file.display()))
    }

    /// Paths of a type's attributes that its read-only properties do not name.
    pub(super) fn of(
        &self,
        name: &str,
        schema: &Value,
        shapes: &Shapes<'_>,
    ) -> Result<Vec<String>> {
        let mut paths = Vec::new();
        if self.every_property.contains(name) {
            let properties = schema["properties"].as_object().context("no properties")?;
            for (property, shape) in properties {
                collect(shapes, shape, property.clone(), &mut paths)?;
            }
        }
        for property in self.further.get(name).into_iter().flatten() {
            paths.push(shapes.path(&format!("/properties/{property}"))?);
        }
        paths.extend(
            OPEN.iter()
                .filter(|(open, _)| *open == name)
                .map(|(_, path)| (*path).to_owned()),
        );

        let read_only = schema["readOnlyProperties"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str);
        let read_only: BTreeSet<String> = read_only
            .map(|pointer| shapes.path(pointer))
            .collect::<Result<_>>()?;
        paths.retain(|path| !read_only.contains(path));
        Ok(paths)
    }
}

/// Adds the paths of the values within a property. `Fn::GetAtt` does not look into lists of objects or of lists.
fn collect(
    shapes: &Shapes<'_>,
    shape: &Value,
    path: String,
    paths: &mut Vec<String>,
) -> Result<()> {
    if let Some(reference) = shape["$ref"].as_str() {
        return collect(shapes, shapes.target(reference)?, path, paths);
    }
    match shape["type"].as_str() {
        Some("object") => {
            for (name, member) in shape["properties"].as_object().into_iter().flatten() {
                collect(shapes, member, format!("{path}/{name}"), paths)?;
            }
        }
        Some("array") if shape["items"]["$ref"].is_string() => {}
        Some("array") if matches!(shape["items"]["type"].as_str(), Some("object" | "array")) => {}
        _ => paths.push(path),
    }
    Ok(())
}
