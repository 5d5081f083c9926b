//! What the stack above wants of a nested one.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use jiff::Timestamp;
use serde_json::Value;

use super::{super::outlook::Question, check_depth, existing};
use crate::{
    evaluate::{Document, Failure, Given, resolve_parameters, text_of},
    identifiers,
    provision::{Seen, Sight, foresee, lacking, template_at, unknown_macro},
    state::{Definition, Deployed, ForeseenStack, Nesting, Record, Stack, State},
};

/// The longest name of a stack.
const LONGEST_NAME: usize = 128;

/// The stack above.
pub(crate) struct Above<'a> {
    pub(crate) state: &'a State,
    pub(crate) account: &'a str,
    pub(crate) stack: &'a Stack,
    /// What is wanted of it.
    pub(crate) definition: &'a Definition,
}

/// What is wanted of a nested stack.
pub(crate) struct Wanted {
    pub(crate) definition: Definition,
    pub(crate) document: Document,
}

impl Wanted {
    /// The text of the template; the state keeps it by its digest.
    pub(crate) fn template_record(&self) -> Record {
        Record::Template(
            self.definition.template.clone(),
            self.document.text().to_owned(),
        )
    }
}

/// Reads what the properties of a resource want of a nested stack; the template is the one that was foreseen, if it was.
pub(crate) fn wanted(
    above: &Above<'_>,
    properties: &Value,
    foreseen: Option<&ForeseenStack>,
) -> Result<Wanted, Failure> {
    let kept = foreseen.and_then(|foreseen| above.state.templates.get(&foreseen.template));
    let text = match (kept, properties.get("TemplateURL").and_then(Value::as_str)) {
        (Some(text), _) => text.as_ref().to_owned(),
        (None, Some(url)) => template_at(above.state, url)?,
        (None, None) => return Err(Failure::new("TemplateURL must be specified.")),
    };
    let document = Document::parse(&text)?;
    let capabilities = &above.definition.capabilities;
    if let Some(unknown) = unknown_macro(&document, above.account) {
        return Err(unknown);
    }
    if let Some(needed) = lacking(&document, capabilities) {
        return Err(Failure::new(format!("Requires capabilities : [{needed}]")));
    }
    let absent = |_: &str| Seen::Absent;
    let sight = Sight {
        state: above.state,
        region: &above.stack.region,
        resource: &absent,
    };
    let parameters = resolve_parameters(&document, &given(properties), None, &sight)?;
    let mut tags = above.definition.tags.clone();
    tags.extend(own_tags(properties));
    let arns = properties.get("NotificationARNs").and_then(Value::as_array);
    Ok(Wanted {
        definition: Definition {
            template: identifiers::content_digest(text.as_bytes()),
            parameters,
            tags,
            capabilities: capabilities.clone(),
            notification_arns: arns.into_iter().flatten().filter_map(text_of).collect(),
            role_arn: above.definition.role_arn.clone(),
            rollback_triggers: Vec::new(),
            monitoring_minutes: None,
        },
        document,
    })
}

fn given(properties: &Value) -> Vec<Given> {
    let given = properties.get("Parameters").and_then(Value::as_object);
    let given = given.into_iter().flatten();
    given
        .map(|(name, value)| Given {
            name: name.clone(),
            value: match value {
                Value::Array(items) => {
                    let texts: Vec<String> = items.iter().filter_map(text_of).collect();
                    Some(texts.join(","))
                }
                value => text_of(value),
            },
            use_previous: false,
        })
        .collect()
}

fn own_tags(properties: &Value) -> IndexMap<String, String> {
    let tags = properties.get("Tags").and_then(Value::as_array);
    let tags = tags.into_iter().flatten();
    tags.filter_map(|tag| {
        let text = |name: &str| tag.get(name).and_then(text_of);
        Some((text("Key")?, text("Value").unwrap_or_default()))
    })
    .collect()
}

/// A nested stack that is about to be made, under the name that was foreseen, if it was.
pub(crate) fn new_stack(
    above: &Above<'_>,
    seed: u64,
    logical_id: &str,
    generation: u32,
    foreseen: Option<&ForeseenStack>,
    definition: Definition,
    now: Timestamp,
) -> Result<Stack, Failure> {
    let parent = above.stack;
    check_depth(depth(above.state, parent))?;
    let (name, uuid) = match foreseen.map(|foreseen| foreseen.arn.rsplit('/').collect::<Vec<_>>()) {
        Some(parts) if parts.len() >= 2 => (parts[1].to_owned(), parts[0].to_owned()),
        _ => {
            let times = generation.to_string();
            let at = now.as_millisecond().to_string();
            let parts = ["nested", &parent.uuid, logical_id, &times, &at];
            let word = identifiers::word(seed, &parts, identifiers::UPPER, 12);
            let room = LONGEST_NAME.saturating_sub(logical_id.len() + word.len() + 2);
            let start: String = parent.name.chars().take(room).collect();
            let start = start.trim_end_matches('-');
            let mut name = format!("{start}-{logical_id}-{word}");
            // A long logical id gives way as well, the word never.
            if name.len() > LONGEST_NAME {
                name = name.split_off(name.len() - LONGEST_NAME);
            }
            (name, identifiers::uuid(seed, &parts))
        }
    };
    Ok(Stack {
        nesting: Some(Nesting {
            parent: parent.arn.clone(),
            root: match &parent.nesting {
                Some(nesting) => nesting.root.clone(),
                None => parent.arn.clone(),
            },
            logical_id: logical_id.to_owned(),
        }),
        ..Stack::new(above.account, &parent.region, name, uuid, definition, now)
    })
}

/// How many stacks are above one.
fn depth(state: &State, stack: &Stack) -> usize {
    let mut depth = 0;
    let mut nesting = stack.nesting.as_ref();
    while let Some(above) = nesting {
        depth += 1;
        let entry = state.with_arn(&above.parent);
        nesting = entry.and_then(|entry| entry.stack.nesting.as_ref());
    }
    depth
}

/// Whether an update of the stack above changes a nested one.
pub(crate) fn changes(
    above: &Above<'_>,
    live: &Deployed,
    wanted: &Wanted,
) -> Result<bool, Failure> {
    let Some(entry) = existing(above.state, &live.physical_id) else {
        return Err(Failure::new(format!(
            "Stack [{}] does not exist",
            live.physical_id
        )));
    };
    let outlook = foresee(&Question {
        state: above.state,
        account: above.account,
        stack: &entry.stack,
        resources: &entry.resources,
        document: &wanted.document,
        definition: &wanted.definition,
        import: &BTreeMap::new(),
        revert_drift: false,
    })?;
    Ok(!outlook.is_without_effect())
}
