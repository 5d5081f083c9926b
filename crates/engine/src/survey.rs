//! What is deployed, read once for all stacks of an operation, and how it differs from what is wanted.

use std::collections::{BTreeMap, BTreeSet};

use assembly::StackManifest;
use futures_util::future::try_join_all;
use indexmap::IndexMap;
use plan::{
    Action, DeployedSeal, EntryChange, Options, OutputName, StackAction, StackDiff,
    secret_parameters,
};
use serde_json::Value;

use crate::{
    desired::{Assembly, Template, sha256},
    engine::Engine,
    error::{AwsErrorKind, Error},
    inspect::understood,
    nested::has_nested,
    port::Stack,
    reads::Reads,
    refactor::PreparedRefactor,
    stack_policy::{PolicyNow, policy_change},
    status::Condition,
};

/// What CloudFormation shows in place of a secret parameter's value.
pub(crate) const HIDDEN: &str = "****";

/// What is deployed, by CloudFormation's stack names.
#[derive(Clone, Default)]
pub(crate) struct Survey {
    stacks: BTreeMap<String, Option<Stack>>,
    templates: BTreeMap<String, Value>,
    /// Those that were looked at with their templates.
    selected: BTreeSet<String>,
    /// SHA-256 of the templates' texts.
    digests: BTreeMap<String, String>,
    /// What is known of policies of which the code says something.
    policies: BTreeMap<String, PolicyNow>,
    /// What these credentials may not read, and why.
    unread: BTreeMap<String, Unread>,
    /// Stacks that a refactor makes.
    arriving: BTreeSet<String>,
}

/// What to do about stacks that these credentials may not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Denied {
    /// That is an error.
    Fail,
    /// That is noted.
    Note,
}

/// Why something of a stack is not known: the call that is not allowed.
#[derive(Clone, Debug)]
struct Unread {
    call: String,
    /// Whether it is not even known if the stack exists.
    existence: bool,
}

/// What was read of a stack: itself, its template with the digest of its text, or why these are not known.
#[derive(Default)]
pub(crate) struct Read {
    stack: Option<Stack>,
    pub(crate) template: Option<(Value, String)>,
    policy: PolicyNow,
    unread: Option<Unread>,
}

impl Unread {
    fn told(&self) -> String {
        format!(
            "{} is not allowed: whether resources move is not known",
            self.call
        )
    }
}

impl Read {
    /// What may not be read, and why.
    pub(crate) fn unread(&self) -> Option<String> {
        self.unread.as_ref().map(Unread::told)
    }
}

/// How a stack differs from what is wanted.
pub(crate) struct Draft {
    /// What happens to the stack.
    pub(crate) action: StackAction,
    /// What changes within.
    pub(crate) diff: StackDiff,
    /// The wanted template's text, stamped.
    pub(crate) text: String,
    /// Whether a change set is needed; a change of the protection or the policy alone needs none.
    pub(crate) needs_change_set: bool,
    /// Whether nothing but the text of the template would change, which was asked for.
    pub(crate) rewrites: bool,
    /// What could not be read of what is deployed.
    pub(crate) unverified: Option<String>,
}

impl Survey {
    /// A stack that was looked at, when it exists.
    pub(crate) fn stack(&self, stack: &StackManifest) -> Option<&Stack> {
        self.stacks.get(&stack.stack_name)?.as_ref()
    }

    /// Takes outputs for true that are known better than what was read.
    pub(crate) fn trust(&mut self, outputs: &BTreeMap<String, IndexMap<String, String>>) {
        for (name, outputs) in outputs {
            if let Some(Some(stack)) = self.stacks.get_mut(name) {
                stack.outputs.clone_from(outputs);
            }
        }
    }

    /// What may be done with a stack.
    pub(crate) fn condition(&self, stack: &StackManifest) -> Condition {
        self.stack(stack)
            .map_or(Condition::Absent, |stack| stack.status.condition())
    }

    /// The identity of what is deployed, when something is.
    pub(crate) fn deployed(&self, stack: &StackManifest) -> Option<DeployedSeal> {
        let found = self.stack(stack)?;
        (found.status.condition() != Condition::Absent).then(|| DeployedSeal {
            id: found.id.clone(),
            updated_at: found.updated_at.clone(),
            template: self.digests.get(&stack.stack_name).cloned(),
        })
    }

    /// Whether a stack was looked at with its template, by its CloudFormation name.
    pub(crate) fn has_looked_at(&self, stack_name: &str) -> bool {
        self.selected.contains(stack_name)
    }

    /// The deployed template of a stack, by its CloudFormation name.
    pub(crate) fn template(&self, stack_name: &str) -> Option<&Value> {
        self.templates.get(stack_name)
    }

    /// The name under which an output of a stack, by its CloudFormation name, is exported.
    pub(crate) fn export(&self, stack_name: &str, output: &str) -> Option<&str> {
        let stack = self.stacks.get(stack_name)?.as_ref()?;
        stack.exports.get(output).map(String::as_str)
    }

    /// What of a stack these credentials may not read, and why.
    pub(crate) fn unread(&self, stack_name: &str) -> Option<String> {
        let unread = self.unread.get(stack_name)?;
        Some(unread.told())
    }

    /// What will be deployed once a refactor is made.
    pub(crate) fn refactored(&mut self, refactor: &PreparedRefactor) {
        for (stack, body) in refactor.plan.stacks.iter().zip(&refactor.bodies) {
            let name = stack.stack_name.clone();
            self.digests.insert(name.clone(), stack.template.clone());
            self.templates.insert(name.clone(), body.clone());
            if stack.creates {
                self.arriving.insert(name);
            }
        }
    }

    /// What of the stacks that a stack reads could not be read itself.
    fn unread_source(&self, reads: &Reads) -> Option<String> {
        let mut outputs = reads.outputs();
        outputs.find_map(|name| {
            let unread = self.unread.get(&name.stack_name)?;
            unread.existence.then(|| {
                format!(
                    "{} is not allowed for `{}`, which it reads: what has changed there is not known",
                    unread.call, name.stack_name
                )
            })
        })
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
        denied: Denied,
    ) -> Result<Survey, Error> {
        let selected: BTreeSet<&str> = stacks
            .iter()
            .map(|stack| stack.stack_name.as_str())
            .collect();
        let producers: BTreeSet<String> = stacks
            .iter()
            .flat_map(|stack| {
                let reads = Reads::of(assembly.template(stack).body());
                reads
                    .outputs()
                    .map(|name| name.stack_name.clone())
                    .collect::<Vec<_>>()
            })
            .filter(|name| !selected.contains(name.as_str()))
            .collect();
        let selected = try_join_all(stacks.iter().map(async |stack| {
            let (read, policy) = tokio::join!(
                self.read_deployed(&stack.name, &stack.stack_name, denied),
                self.policy_now(stack, denied),
            );
            Ok::<_, Error>(Read {
                policy: policy?,
                ..read?
            })
        }));
        let names = producers.iter();
        let producers = try_join_all(names.clone().map(|name| self.read_stack(name, denied)));
        let (selected, producers) = tokio::try_join!(selected, producers)?;
        let mut survey = Survey {
            selected: stacks
                .iter()
                .map(|stack| stack.stack_name.clone())
                .collect(),
            ..Survey::default()
        };
        let of_selected = stacks.iter().map(|stack| &stack.stack_name).zip(selected);
        for (name, read) in of_selected.chain(names.zip(producers)) {
            if let Some((template, digest)) = read.template {
                survey.templates.insert(name.clone(), template);
                survey.digests.insert(name.clone(), digest);
            }
            survey.policies.insert(name.clone(), read.policy);
            if let Some(unread) = read.unread {
                survey.unread.insert(name.clone(), unread);
            }
            survey.stacks.insert(name.clone(), read.stack);
        }
        Ok(survey)
    }

    /// A stack without its template.
    async fn read_stack(&self, name: &str, denied: Denied) -> Result<Read, Error> {
        self.pace.permit().await;
        match self.cloud.stack(name).await {
            Ok(stack) => Ok(Read {
                stack,
                ..Read::default()
            }),
            Err(error) if error.kind == AwsErrorKind::AccessDenied && denied == Denied::Note => {
                Ok(Read {
                    unread: Some(Unread {
                        call: error.call(),
                        existence: true,
                    }),
                    ..Read::default()
                })
            }
            Err(error) => Err(error.into()),
        }
    }

    /// A stack and its template, asked for at the same time.
    pub(crate) async fn read_deployed(
        &self,
        stack: &str,
        name: &str,
        denied: Denied,
    ) -> Result<Read, Error> {
        let (read, template) =
            tokio::join!(self.read_stack(name, denied), self.cloud.template(name));
        let mut read = read?;
        let is_there = read.stack.as_ref().is_some_and(|stack| {
            // Behind these there is nothing that a template could describe.
            !matches!(
                stack.status.condition(),
                Condition::Absent | Condition::Leftover
            )
        });
        if !is_there {
            return Ok(read);
        }
        let text = match template {
            Ok(Some(text)) => text,
            Ok(None) => {
                return Err(Error::Moved {
                    stack: stack.to_owned(),
                    reason: "it was deleted while it was read".to_owned(),
                });
            }
            Err(error) if error.kind == AwsErrorKind::AccessDenied && denied == Denied::Note => {
                read.unread = Some(Unread {
                    call: error.call(),
                    existence: false,
                });
                return Ok(read);
            }
            Err(error) => return Err(error.into()),
        };
        read.template = Some((understood(stack, &text)?, sha256(text.as_bytes())));
        Ok(read)
    }

    /// How a stack differs from what is wanted, while these outputs of others are not settled.
    pub(crate) fn draft(
        &self,
        assembly: &Assembly,
        stack: &StackManifest,
        template: &Template,
        survey: &Survey,
        unsettled: &BTreeSet<OutputName>,
    ) -> Draft {
        let (body, text) = stamped(template, survey);
        if let Some(unread) = survey.unread.get(&stack.stack_name) {
            return unknown(unread, text);
        }
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
                before_parameters: before_parameters(stack, deployed),
                after_parameters: stack.parameters.clone(),
                pseudo_parameters: pseudo_parameters(assembly, stack),
                unsettled: unsettled.clone(),
                ..Options::default()
            },
        );
        let exists = matches!(
            survey.condition(stack),
            Condition::Ready | Condition::Busy | Condition::Stuck
        );
        let arrives = survey.arriving.contains(&stack.stack_name);
        let exists = exists || arrives;
        let differs = survey.digests.get(&stack.stack_name) != Some(&sha256(text.as_bytes()));
        let rewrites = self.exact && exists && differs && !diff.needs_deployment();
        let mut needs_change_set =
            !exists || diff.needs_deployment() || rewrites || reads_the_unseen(stack, &body);
        // No template shows what something else has done.
        needs_change_set |= self.revert_drift;
        if exists {
            // A stack that a refactor makes has none of these.
            let tags = deployed.map(|deployed| &deployed.tags);
            let tags = changed_tags(stack, tags.unwrap_or(&BTreeMap::new()));
            let arns = deployed.map_or(&[] as &[String], |deployed| &deployed.notification_arns);
            let notifications = changed_notifications(stack, arns);
            needs_change_set |= !tags.is_empty() || notifications.is_some();
            diff.other.extend(tags);
            diff.other.extend(notifications);
        }
        let policy = survey.policies.get(&stack.stack_name);
        let policy = policy.cloned().unwrap_or_default();
        let settings: Vec<_> = protection(stack, deployed.filter(|_| exists))
            .into_iter()
            .chain(policy_change(stack, &policy))
            .collect();
        let settings_change = !settings.is_empty();
        diff.other.extend(settings);
        let policy_unread = match policy {
            PolicyNow::Denied(call) => Some(format!(
                "{call} is not allowed: whether its policy changes is not known"
            )),
            PolicyNow::NotAsked | PolicyNow::None | PolicyNow::Some(_) => None,
        };
        Draft {
            action: match (exists && !arrives, needs_change_set || settings_change) {
                (false, _) => StackAction::Create,
                (true, true) => StackAction::Update,
                (true, false) => StackAction::None,
            },
            diff,
            text,
            needs_change_set,
            rewrites,
            unverified: survey
                .unread_source(&Reads::of(template.body()))
                .or(policy_unread),
        }
    }

    /// The text that is sent of a template now, with the stamps of what it reads.
    pub(crate) fn text_to_send(
        assembly: &Assembly,
        stack: &StackManifest,
        survey: &Survey,
    ) -> String {
        stamped(assembly.template(stack), survey).1
    }
}

/// How a stack differs of which not everything may be read: nobody knows, unless CloudFormation tells.
fn unknown(unread: &Unread, text: String) -> Draft {
    let what = if unread.existence {
        "whether it exists and what would change is not known"
    } else {
        "what would change is not known, but for what CloudFormation says itself"
    };
    Draft {
        action: StackAction::Update,
        diff: StackDiff::default(),
        text,
        needs_change_set: !unread.existence,
        rewrites: false,
        unverified: Some(format!("{} is not allowed: {what}", unread.call)),
    }
}

/// Whether a stack is given values that neither the templates nor the parameters show, so that only CloudFormation can
/// tell whether one has changed: secrets, what the parameter store holds, and the templates of nested stacks. What only the rules look at, as in every
/// template of the CDK, changes nothing; macros may look at everything.
fn reads_the_unseen(stack: &StackManifest, template: &Value) -> bool {
    let looked_up = |name: &str| {
        let kind = template["Parameters"][name]["Type"].as_str();
        kind.is_some_and(|kind| kind.starts_with("AWS::SSM::Parameter::Value"))
    };
    let sections = || template.as_object().into_iter().flatten();
    let is_used = |name: &str| {
        sections()
            .filter(|(section, _)| !matches!(section.as_str(), "Parameters" | "Rules"))
            .any(|(section, content)| section == "Transform" || mentions(content, name))
    };
    let mut names = template["Parameters"].as_object().into_iter().flatten();
    let given = |name: &&str| stack.parameters.contains_key(*name);
    has_nested(template)
        || secret_parameters(template).any(|name| given(&name))
        || names.any(|(name, _)| looked_up(name) && is_used(name))
}

/// Whether a name stands in any text of a value, or a macro is called there.
fn mentions(value: &Value, name: &str) -> bool {
    match value {
        Value::String(text) => text.contains(name),
        Value::Array(items) => items.iter().any(|item| mentions(item, name)),
        Value::Object(members) => members
            .iter()
            .any(|(key, member)| key == "Fn::Transform" || mentions(member, name)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// The wanted template with the stamps of what it reads; as it is when it reads nothing.
fn stamped(template: &crate::desired::Template, survey: &Survey) -> (Value, String) {
    let reads = Reads::of(template.body());
    let mut body = template.body().clone();
    reads.stamp(&mut body, |name| survey.output(name));
    if body == *template.body() {
        return (body, template.text().to_owned());
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

fn changed_tags(stack: &StackManifest, deployed: &BTreeMap<String, String>) -> Vec<EntryChange> {
    let gone = deployed.keys().filter(|key| !stack.tags.contains_key(*key));
    stack
        .tags
        .keys()
        .chain(gone)
        .filter_map(|key| {
            entry(
                &format!("Tags.{key}"),
                deployed.get(key),
                stack.tags.get(key),
            )
        })
        .collect()
}

/// How those who are told of the stack's events change, where the code says who is.
fn changed_notifications(stack: &StackManifest, deployed: &[String]) -> Option<EntryChange> {
    let sorted = |arns: &[String]| {
        let mut arns = arns.to_vec();
        arns.sort();
        (!arns.is_empty()).then_some(arns)
    };
    let wanted = sorted(stack.notification_arns.as_ref()?);
    let before = sorted(deployed);
    entry("NotificationARNs", before.as_ref(), wanted.as_ref())
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
