//! Reading stacks, and the settings of a stack that need no operation.

use super::{Answer, Call, drift, page};
use crate::{
    evaluate::Document,
    router::Content,
    state::{Entry, Record, Stack, StackStatus},
    wire::{Refusal, Xml},
};

const STACKS_PER_PAGE: usize = 100;

pub(super) fn describe(call: &mut Call<'_>) -> Answer {
    let entries: Vec<Entry> = match call.form.filled("StackName") {
        Some(_) => {
            let entry = call.stack(|name| format!("Stack with id {name} does not exist"))?;
            newest_first(std::iter::once(entry))
        }
        None => newest_first(call.core.state.present(&call.context.region)),
    };
    let (entries, next) = page(entries, call.form.filled("NextToken"), STACKS_PER_PAGE)?;
    let mut shown = Vec::new();
    for entry in entries {
        let document = call.core.document(&entry.stack.definition.template);
        shown.push((entry, document));
    }
    Ok(Content::result(|xml| {
        xml.list("Stacks", &shown, |xml, (entry, document)| {
            write_stack(xml, entry, document.as_deref());
        });
        xml.maybe("NextToken", next);
    }))
}

/// Stacks with what was found of their drift, without all else that belongs to them.
fn newest_first<'a>(entries: impl Iterator<Item = &'a Entry>) -> Vec<Entry> {
    let mut entries: Vec<Entry> = entries
        .map(|entry| Entry {
            stack: entry.stack.clone(),
            resources: crate::state::Resources::new(),
            events: Vec::new(),
            change_sets: Vec::new(),
            detections: entry.detections.clone(),
        })
        .collect();
    entries.reverse();
    entries
}

fn write_stack(xml: &mut Xml, entry: &Entry, document: Option<&Document>) {
    let stack = &entry.stack;
    let definition = &stack.definition;
    xml.text("StackId", &stack.arn);
    xml.text("StackName", &stack.name);
    xml.maybe("ChangeSetId", stack.change_set_arn.as_ref());
    xml.maybe("Description", document.and_then(Document::description));
    write_parameters(xml, document, &definition.parameters);
    xml.text("CreationTime", stack.created.to_string());
    xml.maybe(
        "LastUpdatedTime",
        stack.updated.map(|time| time.to_string()),
    );
    xml.maybe("DeletionTime", stack.deleted.map(|time| time.to_string()));
    write_rollback_configuration(
        xml,
        &definition.rollback_triggers,
        definition.monitoring_minutes,
    );
    xml.text("StackStatus", stack.status.as_str());
    xml.maybe("StackStatusReason", stack.status_reason.as_ref());
    xml.flag("DisableRollback", stack.disable_rollback);
    xml.texts("NotificationARNs", &definition.notification_arns);
    xml.maybe(
        "TimeoutInMinutes",
        stack.timeout_minutes.map(|minutes| minutes.to_string()),
    );
    xml.texts("Capabilities", &definition.capabilities);
    xml.list("Outputs", &stack.outputs, |xml, output| {
        xml.text("OutputKey", &output.key);
        xml.text("OutputValue", &output.value);
        xml.maybe("Description", output.description.as_ref());
        xml.maybe("ExportName", output.export.as_ref());
    });
    xml.maybe("RoleARN", definition.role_arn.as_ref());
    xml.list("Tags", &definition.tags, |xml, (key, value)| {
        xml.text("Key", key);
        xml.text("Value", value);
    });
    xml.flag("EnableTerminationProtection", stack.termination_protection);
    write_nesting(xml, stack);
    drift::write_stack(xml, entry);
    xml.flag("RetainExceptOnCreate", stack.retain_except_on_create);
    if stack
        .operation
        .as_ref()
        .is_some_and(|operation| operation.express)
    {
        xml.element("DeploymentConfig", |xml| xml.text("Mode", "EXPRESS"));
    }
    if let Some(operation) = &stack.operation {
        xml.list("LastOperations", [operation], |xml, operation| {
            xml.text("OperationType", operation.kind.as_str());
            xml.text("OperationId", &operation.id);
        });
    }
}

/// Where a nested stack belongs.
fn write_nesting(xml: &mut Xml, stack: &Stack) {
    let nesting = stack.nesting.as_ref();
    xml.maybe("ParentId", nesting.map(|nesting| &nesting.parent));
    xml.maybe("RootId", nesting.map(|nesting| &nesting.root));
}

/// Parameter values, those with `NoEcho` hidden.
pub(super) fn write_parameters(
    xml: &mut Xml,
    document: Option<&Document>,
    parameters: &indexmap::IndexMap<String, crate::state::ParameterValue>,
) {
    xml.list("Parameters", parameters, |xml, (name, value)| {
        let declared = document
            .and_then(|document| document.section("Parameters"))
            .and_then(|declared| declared.get(name));
        let is_hidden = declared.is_some_and(|declared| {
            crate::evaluate::text_of(&declared["NoEcho"])
                .is_some_and(|text| text.eq_ignore_ascii_case("true"))
        });
        xml.text("ParameterKey", name);
        if is_hidden {
            xml.text("ParameterValue", "****");
        } else {
            xml.text("ParameterValue", &value.value);
            xml.maybe("ResolvedValue", value.resolved.as_ref());
        }
    });
}

pub(super) fn write_rollback_configuration(
    xml: &mut Xml,
    triggers: &[(String, String)],
    minutes: Option<u32>,
) {
    xml.element("RollbackConfiguration", |xml| {
        if !triggers.is_empty() {
            xml.list("RollbackTriggers", triggers, |xml, (arn, kind)| {
                xml.text("Arn", arn);
                xml.text("Type", kind);
            });
        }
        xml.maybe(
            "MonitoringTimeInMinutes",
            minutes.map(|minutes| minutes.to_string()),
        );
    });
}

pub(super) fn list(call: &mut Call<'_>) -> Answer {
    let filter = call.form.list("StackStatusFilter").unwrap_or_default();
    for word in &filter {
        if word.parse::<StackStatus>().is_err() {
            return Err(Refusal::validation(format!(
                "1 validation error detected: Value '[{word}]' at 'stackStatusFilter' failed to satisfy constraint: Member must satisfy enum value set"
            )));
        }
    }
    let region = &call.context.region;
    let entries = newest_first(call.core.state.stacks.values().filter(|entry| {
        entry.stack.region == *region
            && (filter.is_empty()
                || filter
                    .iter()
                    .any(|word| word == entry.stack.status.as_str()))
    }));
    let (entries, next) = page(entries, call.form.filled("NextToken"), STACKS_PER_PAGE)?;
    let mut shown = Vec::new();
    for entry in entries {
        let document = call.core.document(&entry.stack.definition.template);
        shown.push((entry, document));
    }
    Ok(Content::result(|xml| {
        xml.list("StackSummaries", &shown, |xml, (entry, document)| {
            let stack = &entry.stack;
            xml.text("StackId", &stack.arn);
            xml.text("StackName", &stack.name);
            xml.maybe(
                "TemplateDescription",
                document.as_deref().and_then(Document::description),
            );
            xml.text("CreationTime", stack.created.to_string());
            xml.maybe(
                "LastUpdatedTime",
                stack.updated.map(|time| time.to_string()),
            );
            xml.maybe("DeletionTime", stack.deleted.map(|time| time.to_string()));
            xml.text("StackStatus", stack.status.as_str());
            xml.maybe("StackStatusReason", stack.status_reason.as_ref());
            write_nesting(xml, stack);
            drift::write_stack(xml, entry);
        });
        xml.maybe("NextToken", next);
    }))
}

pub(super) fn list_exports(call: &mut Call<'_>) -> Answer {
    let mut exports: Vec<(String, String, String)> = call
        .core
        .state
        .present(&call.context.region)
        .flat_map(|entry| {
            entry.stack.outputs.iter().filter_map(|output| {
                let name = output.export.clone()?;
                Some((name, output.value.clone(), entry.stack.arn.clone()))
            })
        })
        .collect();
    exports.sort();
    let (exports, next) = page(exports, call.form.filled("NextToken"), 100)?;
    Ok(Content::result(|xml| {
        xml.list("Exports", &exports, |xml, (name, value, stack)| {
            xml.text("ExportingStackId", stack);
            xml.text("Name", name);
            xml.text("Value", value);
        });
        xml.maybe("NextToken", next);
    }))
}

pub(super) fn list_imports(call: &mut Call<'_>) -> Answer {
    let name = call.form.required("ExportName")?;
    let state = &call.core.state;
    let readers = match state.export(&call.context.region, name) {
        Some((owner, _)) => crate::provision::readers_of(state, owner, name),
        None => {
            return Err(Refusal::validation(format!(
                "Export '{name}' does not exist."
            )));
        }
    };
    if readers.is_empty() {
        return Err(Refusal::validation(format!(
            "Export '{name}' is not imported by any stack."
        )));
    }
    Ok(Content::result(|xml| xml.texts("Imports", readers)))
}

pub(super) fn protect(call: &mut Call<'_>) -> Answer {
    call.form.required("EnableTerminationProtection")?;
    let wanted = call
        .form
        .flag("EnableTerminationProtection")?
        .unwrap_or_default();
    let mut stack = call
        .stack(|name| format!("Stack [{name}] does not exist"))?
        .stack
        .clone();
    if stack.status == StackStatus::DeleteComplete {
        return Err(Refusal::validation(format!(
            "Stack [{}] does not exist",
            stack.name
        )));
    }
    if stack.nesting.is_some() {
        return Err(Refusal::validation(format!(
            "Termination protection of the nested stack [{}] is that of its root stack, and can only be changed there",
            stack.name
        )));
    }
    stack.termination_protection = wanted;
    let arn = stack.arn.clone();
    call.core.commit(vec![Record::Stack(Box::new(stack))])?;
    Ok(Content::result(|xml| xml.text("StackId", arn)))
}

pub(super) fn set_policy(call: &mut Call<'_>) -> Answer {
    let body = call.form.filled("StackPolicyBody").map(str::to_owned);
    if let Some(body) = &body
        && serde_json::from_str::<serde_json::Value>(body).is_err()
    {
        return Err(Refusal::validation(
            "Error validating stack policy: Invalid stack policy",
        ));
    }
    let mut stack = call
        .stack(|name| format!("Stack [{name}] does not exist"))?
        .stack
        .clone();
    stack.policy = body;
    call.core.commit(vec![Record::Stack(Box::new(stack))])?;
    Ok(Content::empty())
}

pub(super) fn get_policy(call: &mut Call<'_>) -> Answer {
    let entry = call.stack(|name| format!("Stack [{name}] does not exist"))?;
    let policy = entry.stack.policy.clone();
    Ok(Content::result(|xml| xml.maybe("StackPolicyBody", policy)))
}

/// The quotas of a new account.
pub(super) fn limits() -> Content {
    let limits = [
        ("StackLimit", "2000"),
        ("StackOutputsLimit", "200"),
        ("ConcurrentResourcesLimit", "2500"),
    ];
    Content::result(|xml| {
        xml.list("AccountLimits", limits, |xml, (name, value)| {
            xml.text("Name", name);
            xml.text("Value", value);
        });
    })
}
