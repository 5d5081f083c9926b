//! What a create, update or change set asks for: template, parameters, tags, capabilities.

use std::sync::Arc;

use indexmap::IndexMap;

use super::Call;
use crate::{
    evaluate::{Document, Given, resolve_parameters},
    identifiers,
    provision::{Seen, Sight, lacking, template_at, unknown_macro},
    state::{Definition, Stack, State},
    wire::{Form, Refusal},
};

/// The longest template within a request, in bytes.
const LONGEST_BODY: usize = 51_200;
const MOST_TAGS: usize = 50;
const AUTO_EXPAND: &str = "CAPABILITY_AUTO_EXPAND";

/// A desired state that was checked.
pub(super) struct Order {
    pub(super) definition: Definition,
    pub(super) document: Arc<Document>,
}

impl Order {
    /// The text of the template; the state keeps it by its digest.
    pub(super) fn template_record(&self) -> crate::state::Record {
        crate::state::Record::Template(
            self.definition.template.clone(),
            self.document.text().to_owned(),
        )
    }
}

/// Reads what a call asks for; `previous` is the stack it changes.
pub(super) fn read(call: &mut Call<'_>, previous: Option<&Stack>) -> Result<Order, Refusal> {
    let before = previous.map(|stack| &stack.definition);
    let document = match (call.form.flag("UsePreviousTemplate")?, before) {
        (Some(true), Some(before)) => call.document(&before.template)?,
        _ => {
            let text = template_text(&call.core.state, call.form)?;
            Arc::new(Document::parse(&text)?)
        }
    };
    let capabilities = call.form.list("Capabilities").unwrap_or_default();
    check_transforms(call, &document, &capabilities)?;
    check_capabilities(&document, &capabilities)?;
    let absent = |_: &str| Seen::Absent;
    let sight = Sight {
        state: &call.core.state,
        region: &call.context.region,
        resource: &absent,
    };
    let given = given(call.form)?;
    let parameters = resolve_parameters(
        &document,
        &given,
        before.map(|before| &before.parameters),
        &sight,
    )?;
    let keep = |name: &str| call.form.list(name);
    let definition = Definition {
        template: identifiers::content_digest(document.text().as_bytes()),
        parameters,
        tags: match tags(call.form)? {
            Some(tags) => tags,
            None => before.map(|before| before.tags.clone()).unwrap_or_default(),
        },
        notification_arns: match keep("NotificationARNs") {
            Some(arns) => arns,
            None => before
                .map(|before| before.notification_arns.clone())
                .unwrap_or_default(),
        },
        role_arn: call
            .form
            .filled("RoleARN")
            .map(str::to_owned)
            .or_else(|| before.and_then(|before| before.role_arn.clone())),
        rollback_triggers: call
            .form
            .structures("RollbackConfiguration.RollbackTriggers")
            .unwrap_or_default()
            .iter()
            .filter_map(|trigger| {
                Some((
                    trigger.get("Arn")?.to_owned(),
                    trigger.get("Type")?.to_owned(),
                ))
            })
            .collect(),
        monitoring_minutes: call
            .form
            .filled("RollbackConfiguration.MonitoringTimeInMinutes")
            .and_then(|minutes| minutes.parse().ok()),
        capabilities,
    };
    Ok(Order {
        definition,
        document,
    })
}

/// The text of the template a call gives, in the request or in a bucket.
pub(super) fn template_text(state: &State, form: &Form) -> Result<String, Refusal> {
    match (form.get("TemplateBody"), form.filled("TemplateURL")) {
        (Some(_), Some(_)) => Err(Refusal::validation(
            "Only one of Template URL or Template Body may be specified.",
        )),
        (None, None) => Err(Refusal::validation(
            "Either Template URL or Template Body must be specified.",
        )),
        (Some(body), None) => {
            if body.is_empty() || body.len() > LONGEST_BODY {
                let (word, limit) = if body.is_empty() {
                    ("greater", 1)
                } else {
                    ("less", LONGEST_BODY)
                };
                // AWS repeats the whole template here; its beginning tells as much.
                let start: String = body.chars().take(200).collect();
                return Err(Refusal::validation(format!(
                    "1 validation error detected: Value '{start}' at 'templateBody' failed to satisfy constraint: Member must have length {word} than or equal to {limit}"
                )));
            }
            Ok(body.to_owned())
        }
        (None, Some(url)) => Ok(template_at(state, url)?),
    }
}

fn given(form: &Form) -> Result<Vec<Given>, Refusal> {
    form.structures("Parameters")
        .unwrap_or_default()
        .iter()
        .map(|parameter| {
            Ok(Given {
                name: parameter.required("ParameterKey")?.to_owned(),
                value: parameter.get("ParameterValue").map(str::to_owned),
                use_previous: parameter.flag("UsePreviousValue")?.unwrap_or_default(),
            })
        })
        .collect()
}

fn tags(form: &Form) -> Result<Option<IndexMap<String, String>>, Refusal> {
    let Some(tags) = form.structures("Tags") else {
        return Ok(None);
    };
    if tags.len() > MOST_TAGS {
        return Err(Refusal::validation(format!(
            "1 validation error detected: Value at 'tags' failed to satisfy constraint: Member must have length less than or equal to {MOST_TAGS}"
        )));
    }
    let mut read = IndexMap::new();
    for tag in &tags {
        let key = tag.required("Key")?;
        if key.starts_with("aws:") {
            return Err(Refusal::validation(
                "aws: prefixed tag key names are not allowed for external use.",
            ));
        }
        read.insert(
            key.to_owned(),
            tag.get("Value").unwrap_or_default().to_owned(),
        );
    }
    Ok(Some(read))
}

fn check_transforms(
    call: &Call<'_>,
    document: &Document,
    capabilities: &[String],
) -> Result<(), Refusal> {
    match unknown_macro(document, call.context.account()) {
        None => Ok(()),
        Some(_) if !capabilities.iter().any(|one| one == AUTO_EXPAND) => Err(Refusal::new(
            "InsufficientCapabilitiesException",
            format!("Requires capabilities : [{AUTO_EXPAND}]"),
        )),
        Some(unknown) => Err(unknown.into()),
    }
}

fn check_capabilities(document: &Document, capabilities: &[String]) -> Result<(), Refusal> {
    for capability in capabilities {
        if !matches!(
            capability.as_str(),
            "CAPABILITY_IAM" | "CAPABILITY_NAMED_IAM" | "CAPABILITY_AUTO_EXPAND"
        ) {
            return Err(Refusal::validation(format!(
                "1 validation error detected: Value '[{capability}]' at 'capabilities' failed to satisfy constraint: Member must satisfy enum value set: [CAPABILITY_AUTO_EXPAND, CAPABILITY_NAMED_IAM, CAPABILITY_IAM]"
            )));
        }
    }
    match lacking(document, capabilities) {
        None => Ok(()),
        Some(needed) => Err(Refusal::new(
            "InsufficientCapabilitiesException",
            format!("Requires capabilities : [{needed}]"),
        )),
    }
}

/// Checks the name of a new stack.
pub(super) fn check_stack_name(name: &str) -> Result<(), Refusal> {
    check_name(name, "stackName")
}

/// Checks a name of letters, digits and hyphens.
pub(super) fn check_name(name: &str, what: &str) -> Result<(), Refusal> {
    let is_good = name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if !is_good {
        return Err(Refusal::validation(format!(
            "1 validation error detected: Value '{name}' at '{what}' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*"
        )));
    }
    if name.len() > 128 {
        return Err(Refusal::validation(format!(
            "1 validation error detected: Value '{name}' at '{what}' failed to satisfy constraint: Member must have length less than or equal to 128"
        )));
    }
    Ok(())
}
