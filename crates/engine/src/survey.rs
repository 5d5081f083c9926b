//! What is deployed, read once for all stacks of an operation, and how it differs from what is wanted.

use std::collections::{BTreeMap, BTreeSet};

use assembly::StackManifest;
use futures_util::future::try_join_all;
use indexmap::IndexMap;
use plan::{Action, EntryChange, Options, StackAction, StackDiff};
use serde_json::Value;

use crate::{
    desired::Assembly,
    engine::Engine,
    error::Error,
    port::Stack,
    reads::{OutputName, Reads},
    status::Condition,
};

/// What CloudFormation shows in place of a secret parameter's value.
const HIDDEN: &str = "****";

/// What is deployed, by CloudFormation's stack names.
#[derive(Default)]
pub(crate) struct Survey {
    stacks: BTreeMap<String, Option<Stack>>,
    templates: BTreeMap<String, Value>,
}

/// How a stack differs from what is wanted.
pub(crate) struct Draft {
    /// What happens to the stack.
    pub(crate) action: StackAction,
    /// What changes within.
    pub(crate) diff: StackDiff,
    /// The wanted template's text, stamped.
    pub(crate) text: String,
    /// Whether a change set is needed; a change of the protection alone needs none.
    pub(crate) needs_change_set: bool,
}

impl Survey {
    /// A stack that was looked at, when it exists.
    pub(crate) fn stack(&self, stack: &StackManifest) -> Option<&Stack> {
        self.stacks.get(&stack.stack_name)?.as_ref()
    }

    /// What may be done with a stack.
    pub(crate) fn condition(&self, stack: &StackManifest) -> Condition {
        self.stack(stack)
            .map_or(Condition::Absent, |stack| stack.status.condition())
    }

    /// The value of an output, when it exists.
    fn output(&self, name: &OutputName) -> Option<&str> {
        let stack = self.stacks.get(&name.stack_name)?.as_ref()?;
        stack.outputs.get(&name.output).map(String::as_str)
    }
}

impl Engine<'_> {
    /// Reads the stacks with their templates, and the stacks whose outputs they read.
    pub(crate) async fn survey(
        &self,
        assembly: &Assembly,
        stacks: &[&StackManifest],
    ) -> Result<Survey, Error> {
        let selected: BTreeSet<&str> = stacks
            .iter()
            .map(|stack| stack.stack_name.as_str())
            .collect();
        let producers: BTreeSet<String> = stacks
            .iter()
            .flat_map(|stack| {
                let reads = Reads::of(&assembly.template(stack).body);
                reads
                    .outputs()
                    .map(|name| name.stack_name.clone())
                    .collect::<Vec<_>>()
            })
            .filter(|name| !selected.contains(name.as_str()))
            .collect();
        let selected = try_join_all(stacks.iter().map(|stack| self.read_deployed(stack)));
        let producers = try_join_all(producers.iter().map(|name| async move {
            self.pace.permit().await;
            Ok::<_, Error>((name.clone(), self.cloud.stack(name).await?))
        }));
        let (selected, producers) = tokio::try_join!(selected, producers)?;
        let mut survey = Survey {
            stacks: producers.into_iter().collect(),
            ..Survey::default()
        };
        for (manifest, (stack, template)) in stacks.iter().zip(selected) {
            survey.stacks.insert(manifest.stack_name.clone(), stack);
            if let Some(template) = template {
                survey
                    .templates
                    .insert(manifest.stack_name.clone(), template);
            }
        }
        Ok(survey)
    }

    /// A stack and its template, asked for at the same time.
    async fn read_deployed(
        &self,
        manifest: &StackManifest,
    ) -> Result<(Option<Stack>, Option<Value>), Error> {
        let name = &manifest.stack_name;
        self.pace.permit().await;
        let (stack, template) = tokio::join!(self.cloud.stack(name), self.cloud.template(name));
        let Some(stack) = stack? else {
            return Ok((None, None));
        };
        if matches!(
            stack.status.condition(),
            Condition::Absent | Condition::Leftover
        ) {
            // There is nothing behind it that a template could describe.
            return Ok((Some(stack), None));
        }
        let text = template?.unwrap_or_default();
        let template = template::Template::parse(&text).map_err(|errors| Error::Deployed {
            stack: manifest.name.clone(),
            errors,
        })?;
        Ok((Some(stack), Some(template.into_body())))
    }

    /// How a stack differs from what is wanted.
    pub(crate) fn draft(
        &self,
        assembly: &Assembly,
        stack: &StackManifest,
        survey: &Survey,
    ) -> Draft {
        let template = assembly.template(stack);
        let (body, text) = stamped(template, survey);
        let deployed = survey.stack(stack);
        let before = survey
            .templates
            .get(&stack.stack_name)
            .unwrap_or(&Value::Null);
        let mut diff = plan::diff(
            before,
            &body,
            self.facts,
            &stack.resources,
            &Options {
                stack: stack.name.clone(),
                before_parameters: before_parameters(stack, deployed),
                after_parameters: stack.parameters.clone(),
                pseudo_parameters: pseudo_parameters(assembly, stack),
                moves: assembly.manifest.moves.clone(),
                elsewhere: elsewhere(assembly, survey),
                unsettled: BTreeSet::new(),
            },
        );
        let exists = matches!(
            survey.condition(stack),
            Condition::Ready | Condition::Busy | Condition::Stuck
        );
        let mut needs_change_set = !exists || diff.needs_deployment();
        if let Some(deployed) = deployed.filter(|_| exists) {
            let tags = changed_tags(stack, deployed);
            needs_change_set |= !tags.is_empty();
            diff.other.extend(tags);
        }
        let protection = protection(stack, deployed.filter(|_| exists));
        let protection_changes = protection.is_some();
        diff.other.extend(protection);
        Draft {
            action: match (exists, needs_change_set || protection_changes) {
                (false, _) => StackAction::Create,
                (true, true) => StackAction::Update,
                (true, false) => StackAction::None,
            },
            diff,
            text,
            needs_change_set,
        }
    }
}

/// The wanted template with the stamps of what it reads; as it is when it reads nothing.
fn stamped(template: &crate::desired::Template, survey: &Survey) -> (Value, String) {
    let reads = Reads::of(&template.body);
    let mut body = template.body.clone();
    reads.stamp(&mut body, |name| survey.output(name));
    if body == template.body {
        return (body, template.text.clone());
    }
    let text = serde_json::to_string_pretty(&body).expect("a JSON value can always be written");
    (body, text)
}

/// Parameters of the deployed stack. A secret's value is not shown: it is taken to be what is wanted.
fn before_parameters(stack: &StackManifest, deployed: Option<&Stack>) -> IndexMap<String, String> {
    let parameters = deployed
        .map(|stack| &stack.parameters)
        .into_iter()
        .flatten();
    parameters
        .filter_map(|(name, value)| {
            let value = if value == HIDDEN {
                stack.parameters.get(name)?
            } else {
                value
            };
            Some((name.clone(), value.clone()))
        })
        .collect()
}

pub(crate) fn pseudo_parameters(
    assembly: &Assembly,
    stack: &StackManifest,
) -> IndexMap<String, String> {
    let region = &assembly.manifest.region;
    let (partition, suffix) = match region.split('-').next() {
        Some("cn") => ("aws-cn", "amazonaws.com.cn"),
        _ if region.starts_with("us-gov-") => ("aws-us-gov", "amazonaws.com"),
        _ => ("aws", "amazonaws.com"),
    };
    [
        ("AWS::AccountId", assembly.manifest.account.as_str()),
        ("AWS::Partition", partition),
        ("AWS::Region", region),
        ("AWS::StackName", &stack.stack_name),
        ("AWS::URLSuffix", suffix),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .collect()
}

/// Resources as deployed that are declared to move, by `stack/LogicalId`.
fn elsewhere(assembly: &Assembly, survey: &Survey) -> IndexMap<String, Value> {
    let moves = assembly.manifest.moves.iter();
    moves
        .filter_map(|one| {
            let (name, logical_id) = one.from.split_once('/')?;
            let stack = assembly
                .manifest
                .stacks
                .iter()
                .find(|stack| stack.name == name)?;
            let template = survey.templates.get(&stack.stack_name)?;
            let resource = template.get("Resources")?.get(logical_id)?;
            Some((one.from.clone(), resource.clone()))
        })
        .collect()
}

fn changed_tags(stack: &StackManifest, deployed: &Stack) -> Vec<EntryChange> {
    let gone = deployed
        .tags
        .keys()
        .filter(|key| !stack.tags.contains_key(*key));
    stack
        .tags
        .keys()
        .chain(gone)
        .filter_map(|key| {
            entry(
                &format!("Tags.{key}"),
                deployed.tags.get(key),
                stack.tags.get(key),
            )
        })
        .collect()
}

fn protection(stack: &StackManifest, deployed: Option<&Stack>) -> Option<EntryChange> {
    let before = deployed.is_some_and(|stack| stack.termination_protection);
    entry(
        "TerminationProtection",
        before.then_some(&true),
        stack.termination_protection.then_some(&true),
    )
}

/// A change of one entry; nothing when both are the same.
fn entry<T: PartialEq + Clone + Into<Value>>(
    name: &str,
    before: Option<&T>,
    after: Option<&T>,
) -> Option<EntryChange> {
    let action = match (before, after) {
        (before, after) if before == after => return None,
        (None, _) => Action::Create,
        (_, None) => Action::Delete,
        _ => Action::Update,
    };
    Some(EntryChange {
        name: name.to_owned(),
        action,
        before: before.cloned().map(Into::into),
        after: after.cloned().map(Into::into),
        before_value: None,
        after_value: None,
        causes: Vec::new(),
    })
}
