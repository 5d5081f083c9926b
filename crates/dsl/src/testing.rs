//! Assertions and snapshots for tests of your own stacks. They panic when they fail, as assertions do.
//!
//! ```
//! use dsl::{RawResource, ResourceOptions, testing::{self, Template}};
//! use serde_json::json;
//!
//! let stack = testing::app().stack("files");
//! stack.add("Uploads", RawResource::new("AWS::S3::Bucket").property("BucketName", "uploads-1")).retain();
//!
//! let template = Template::of(&stack);
//! template.assert_count("AWS::S3::Bucket", 1);
//! template.assert_resource("AWS::S3::Bucket", json!({ "BucketName": testing::containing("uploads") }));
//! assert_eq!(template.resource("Uploads")["UpdateReplacePolicy"], "Retain");
//! ```

use assembly::{Approval, Diagnostic, Endpoint, Environment, Severity};

use crate::{App, Assembly, Json, Stack, synthesize};

/// An app of the project `test` for the environment `test`, account `000000000000`, region `us-east-1`.
pub fn app() -> App {
    App::new("test", &environment(()))
}

/// The environment `test` with settings of your own.
pub fn environment<S>(settings: S) -> Environment<S> {
    Environment {
        name: "test".to_owned(),
        account: "000000000000".to_owned(),
        region: "us-east-1".to_owned(),
        approval: Approval::Never,
        development: true,
        endpoint: Endpoint::Aws,
        bootstrap: None,
        database: None,
        settings,
    }
}

/// Synthesizes an app that must be without errors.
///
/// # Panics
/// It has errors; they are listed.
#[track_caller]
pub fn assembly(app: &App) -> Assembly {
    let assembly = synthesize(app);
    assert!(
        !assembly.has_errors(),
        "the app has errors:\n\n{}",
        listed(&assembly.manifest.diagnostics)
    );
    assembly
}

/// What synthesis has to say about an app, as text for a snapshot; empty when there is nothing to say.
pub fn diagnostics(app: &App) -> String {
    listed(&synthesize(app).manifest.diagnostics)
}

fn listed(diagnostics: &[Diagnostic]) -> String {
    let mut text = String::new();
    for diagnostic in diagnostics {
        let severity = match diagnostic.severity {
            Severity::Info => "info",
            Severity::Warning => "warning",
            Severity::Error => "error",
        };
        text += &format!("{severity}: {}\n", diagnostic.message);
        let path = diagnostic.path.as_deref().unwrap_or("-");
        let source = diagnostic.source.as_deref().unwrap_or("-");
        text += &format!("  at {path} ({source})\n");
        if let Some(hint) = &diagnostic.hint {
            text += &format!("  hint: {hint}\n");
        }
    }
    text
}

/// Stands for any value that is there.
pub fn any() -> Json {
    marker("any", Json::Null)
}

/// Stands for a value that is not there.
pub fn absent() -> Json {
    marker("absent", Json::Null)
}

/// Stands for a text, or a list of values, that contains something.
pub fn containing(part: impl Into<Json>) -> Json {
    marker("containing", part.into())
}

/// Stands for exactly a value: an object without other keys.
pub fn exactly(value: impl Into<Json>) -> Json {
    marker("exactly", value.into())
}

const MARKER: &str = "dsl::testing";

fn marker(kind: &str, argument: Json) -> Json {
    serde_json::json!({ MARKER: kind, "argument": argument })
}

/// Whether a value is as wanted. An object may have more keys than wanted; everything else must be the same.
fn matches(wanted: &Json, found: Option<&Json>) -> bool {
    if let Some(kind) = wanted.get(MARKER).and_then(Json::as_str) {
        let argument = &wanted["argument"];
        return match (kind, found) {
            ("absent", found) => found.is_none(),
            (_, None) => false,
            ("any", Some(_)) => true,
            ("containing", Some(Json::Array(elements))) => elements
                .iter()
                .any(|element| matches(argument, Some(element))),
            ("containing", Some(Json::String(text))) => {
                argument.as_str().is_some_and(|part| text.contains(part))
            }
            ("exactly", Some(found)) => argument == found,
            (_, Some(_)) => false,
        };
    }
    match (wanted, found) {
        (Json::Object(wanted), Some(Json::Object(found))) => wanted
            .iter()
            .all(|(key, wanted)| matches(wanted, found.get(key))),
        (Json::Array(wanted), Some(Json::Array(found))) => {
            let mut pairs = wanted.iter().zip(found);
            wanted.len() == found.len() && pairs.all(|(wanted, found)| matches(wanted, Some(found)))
        }
        (wanted, found) => Some(wanted) == found,
    }
}

/// The template of a stack, to make assertions about.
#[derive(Clone, Debug)]
pub struct Template {
    text: String,
    json: Json,
}

impl Template {
    /// Synthesizes the app of a stack and takes the stack's template.
    ///
    /// # Panics
    /// The app has errors; they are listed.
    #[track_caller]
    pub fn of(stack: &Stack) -> Self {
        let assembly = assembly(&stack.app());
        let wanted = assembly::template_file(&stack.name());
        let mut templates = assembly.templates.into_iter();
        let found = templates.find(|(name, _)| *name == wanted);
        let (_, text) = found.expect("an app without errors has a template of each stack");
        let json = serde_json::from_str(&text).expect("a template is JSON");
        Self { text, json }
    }

    /// The template as it is written, for a snapshot.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The template as JSON.
    pub fn json(&self) -> &Json {
        &self.json
    }

    /// A resource by its logical id.
    ///
    /// # Panics
    /// There is none.
    #[track_caller]
    pub fn resource(&self, logical_id: &str) -> &Json {
        let resource = self.json["Resources"].get(logical_id);
        resource.unwrap_or_else(|| panic!("no resource `{logical_id}`; there are {}", self.ids()))
    }

    /// The properties of a resource by its logical id; `null` when it has none.
    ///
    /// # Panics
    /// There is no such resource.
    #[track_caller]
    pub fn properties(&self, logical_id: &str) -> &Json {
        &self.resource(logical_id)["Properties"]
    }

    /// The value of an output.
    ///
    /// # Panics
    /// There is no such output.
    #[track_caller]
    pub fn output(&self, name: &str) -> &Json {
        let output = self.json["Outputs"].get(name);
        &output.unwrap_or_else(|| panic!("no output `{name}`"))["Value"]
    }

    /// The resources of a type, by logical id.
    pub fn resources_of<'a>(
        &'a self,
        type_name: &'a str,
    ) -> impl Iterator<Item = (&'a str, &'a Json)> {
        let resources = self.json["Resources"].as_object().into_iter().flatten();
        resources
            .filter(move |(_, resource)| resource["Type"] == type_name)
            .map(|(id, resource)| (id.as_str(), resource))
    }

    /// Asserts how many resources of a type there are.
    ///
    /// # Panics
    /// There are more or less.
    #[track_caller]
    pub fn assert_count(&self, type_name: &str, count: usize) {
        let found = self.resources_of(type_name).count();
        assert!(
            found == count,
            "{found} resources are `{type_name}`, not {count}; there are {}",
            self.ids()
        );
    }

    /// Asserts that a resource of a type has these properties, and perhaps others.
    ///
    /// # Panics
    /// None has; those of the type are listed.
    #[track_caller]
    #[expect(
        clippy::needless_pass_by_value,
        reason = "callers write `json!` in place"
    )]
    pub fn assert_resource(&self, type_name: &str, properties: Json) {
        let mut resources = self.resources_of(type_name);
        if resources.any(|(_, resource)| matches(&properties, resource.get("Properties"))) {
            return;
        }
        let all = self.resources_of(type_name);
        let all: Vec<String> = all
            .map(|(id, resource)| format!("{id}: {resource:#}"))
            .collect();
        panic!(
            "no `{type_name}` has {properties:#}; there are:\n{}",
            all.join("\n")
        );
    }

    fn ids(&self) -> String {
        let resources = self.json["Resources"].as_object().into_iter().flatten();
        let ids: Vec<String> = resources
            .map(|(id, resource)| format!("`{id}` ({})", resource["Type"].as_str().unwrap_or("?")))
            .collect();
        ids.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_value_matches_what_is_wanted_of_it() {
        let found = json!({ "a": 1, "b": ["x", "y"], "c": "some text" });
        for wanted in [
            json!({}),
            json!({ "a": 1 }),
            json!({ "a": any(), "z": absent() }),
            json!({ "b": containing("y"), "c": containing("text") }),
            json!({ "b": ["x", any()] }),
            exactly(found.clone()),
        ] {
            assert!(matches(&wanted, Some(&found)), "{wanted}");
        }
        for wanted in [
            json!({ "a": 2 }),
            json!({ "a": absent() }),
            json!({ "z": any() }),
            json!({ "b": ["x"] }),
            json!({ "b": containing("z") }),
            exactly(json!({ "a": 1 })),
            json!([]),
        ] {
            assert!(!matches(&wanted, Some(&found)), "{wanted}");
        }
    }
}
