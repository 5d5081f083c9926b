//! Templates: as deployed, summarized, validated.

use std::sync::Arc;

use serde_json::Value;

use super::{Answer, Call, order};
use crate::{
    evaluate::{Document, text_of},
    router::Content,
    wire::{Refusal, Xml},
};

pub(super) fn get(call: &mut Call<'_>) -> Answer {
    let digest = match call.form.filled("ChangeSetName") {
        Some(_) => super::change_sets::named(call)?
            .1
            .definition
            .template
            .clone(),
        None => {
            let entry = call.stack(|name| format!("Stack with id {name} does not exist"))?;
            entry.stack.definition.template.clone()
        }
    };
    let document = call.document(&digest)?;
    // Processed templates differ by their transforms alone, and of those only functions evaluated in place exist here.
    let text = match call.form.filled("TemplateStage") {
        Some("Processed") if !document.is_json() && !document.transforms().is_empty() => {
            document.body().to_string()
        }
        _ => document.text().to_owned(),
    };
    Ok(Content::result(|xml| {
        xml.text("TemplateBody", text);
        xml.texts("StagesAvailable", ["Original", "Processed"]);
    }))
}

pub(super) fn validate(call: &mut Call<'_>) -> Answer {
    let text = order::template_text(&call.core.state, call.form)?;
    let document = Document::parse(&text)?;
    Ok(Content::result(|xml| {
        xml.list(
            "Parameters",
            parameters(&document),
            |xml, (name, declared)| {
                xml.text("ParameterKey", name);
                xml.maybe("DefaultValue", declared.get("Default").and_then(text_of));
                xml.flag("NoEcho", is_hidden(declared));
                xml.maybe("Description", declared["Description"].as_str());
            },
        );
        xml.maybe("Description", document.description());
        write_needs(xml, &document);
    }))
}

pub(super) fn summarize(call: &mut Call<'_>) -> Answer {
    let document = match call.form.filled("StackName") {
        Some(_) => {
            let entry = call.stack(|name| format!("Stack with id {name} does not exist"))?;
            let digest = entry.stack.definition.template.clone();
            call.document(&digest)?
        }
        None => {
            let text = order::template_text(&call.core.state, call.form)?;
            Arc::new(Document::parse(&text)?)
        }
    };
    Ok(Content::result(|xml| {
        xml.list(
            "Parameters",
            parameters(&document),
            |xml, (name, declared)| {
                xml.text("ParameterKey", name);
                xml.maybe("DefaultValue", declared.get("Default").and_then(text_of));
                xml.text(
                    "ParameterType",
                    declared["Type"].as_str().unwrap_or("String"),
                );
                xml.flag("NoEcho", is_hidden(declared));
                xml.maybe("Description", declared["Description"].as_str());
                xml.element("ParameterConstraints", |xml| {
                    if let Some(allowed) = declared["AllowedValues"].as_array() {
                        xml.texts("AllowedValues", allowed.iter().filter_map(text_of));
                    }
                });
            },
        );
        xml.maybe("Description", document.description());
        write_needs(xml, &document);
        let mut types: Vec<&str> = document
            .resources()
            .filter_map(|(_, node)| node["Type"].as_str())
            .collect();
        types.sort_unstable();
        types.dedup();
        xml.texts("ResourceTypes", &types);
        xml.maybe(
            "Version",
            document
                .body()
                .get("AWSTemplateFormatVersion")
                .and_then(Value::as_str),
        );
        xml.maybe(
            "Metadata",
            document.body().get("Metadata").map(ToString::to_string),
        );
        xml.list("ResourceIdentifierSummaries", types, |xml, type_name| {
            write_identifiers(xml, &document, type_name);
        });
    }))
}

/// Which properties identify an existing resource of a type, for import.
fn write_identifiers(xml: &mut Xml, document: &Document, type_name: &str) {
    let names = document
        .resources()
        .filter(|(_, node)| node["Type"].as_str() == Some(type_name))
        .map(|(name, _)| name);
    xml.text("ResourceType", type_name);
    xml.texts("LogicalResourceIds", names);
    let identifier = crate::facts::of(type_name).map(|facts| facts.primary_identifier.as_slice());
    let identifier = identifier.unwrap_or_default().iter();
    xml.texts(
        "ResourceIdentifiers",
        identifier.map(schema::PropertyPath::attribute),
    );
}

fn write_needs(xml: &mut Xml, document: &Document) {
    if let Some((capability, types)) = crate::provision::needed_capability(document) {
        xml.texts("Capabilities", [capability]);
        xml.text(
            "CapabilitiesReason",
            format!(
                "The following resource(s) require capabilities: [{}]",
                types.join(", ")
            ),
        );
    }
    xml.texts("DeclaredTransforms", document.transforms());
}

fn parameters(document: &Document) -> impl Iterator<Item = (&String, &Value)> {
    document.section("Parameters").into_iter().flatten()
}

fn is_hidden(declared: &Value) -> bool {
    text_of(&declared["NoEcho"]).is_some_and(|text| text.eq_ignore_ascii_case("true"))
}

impl Call<'_> {
    /// The refusal for a change set that does not exist.
    pub(super) fn no_change_set(name: &str) -> Refusal {
        Refusal::new(
            "ChangeSetNotFound",
            format!("ChangeSet [{name}] does not exist"),
        )
        .with_status(404)
    }
}
