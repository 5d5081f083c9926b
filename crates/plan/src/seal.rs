//! Holding a saved plan against what is there now: may it be executed, was it executed already, or what has moved.
//!
//! Whoever saves and whoever deploys gather the same facts; the decision is made here, on values alone.

use std::{collections::BTreeMap, fmt::Write as _};

use indexmap::IndexMap;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::{
    Action, Change, ChangeSetSeal, DeployedSeal, Moved, MovedPart, Plan, RefactoredStack,
    SEAL_VERSION, StackAction, StackDiff, StackPlan, WantedSeal, compose::sorted,
    meaning::is_secret, removal::last_step,
};

/// Where a plan is about to be deployed from.
#[derive(Clone, Copy, Debug)]
pub struct Present<'a> {
    /// The environment's name.
    pub environment: &'a str,
    /// Its account.
    pub account: &'a str,
    /// Its region.
    pub region: &'a str,
    /// The commit of the project, when known.
    pub commit: Option<&'a str>,
    /// The version of this program.
    pub tool: &'a str,
}

/// One stack as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StackPresent {
    /// What is wanted of it now; nothing when the stacks no longer have it.
    pub wanted: Option<WantedSeal>,
    /// What is deployed; nothing when there is no such stack, or only a shell without resources.
    pub deployed: Option<DeployedPresent>,
    /// SHA-256 of the template that would be sent now.
    pub sent: Option<String>,
    /// The change set of the plan, when it has one.
    pub change_set: Option<ChangeSetPresent>,
}

/// A deployed stack as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeployedPresent {
    /// Which stack it is, and in which state.
    pub identity: DeployedSeal,
    /// The ARN of the change set that was executed last, when there was one.
    pub executed: Option<String>,
    /// CloudFormation's word for its status.
    pub status: String,
    /// What that means.
    pub rest: Rest,
}

/// How the last operation on a stack went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rest {
    /// It ended well.
    Succeeded,
    /// It ended badly.
    Failed,
    /// It goes on.
    Busy,
}

/// A change set as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChangeSetPresent {
    /// There is none any more.
    Gone,
    /// The stack was changed since it was made.
    Obsolete,
    /// It cannot be executed; CloudFormation's reason.
    Unavailable(String),
    /// It can be executed.
    Available {
        /// SHA-256 of its template; nothing where that is not told.
        template: Option<String>,
        /// SHA-256 of everything CloudFormation says that it would do.
        content: String,
    },
}

/// How the plan of one stack stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It can be executed.
    Ready,
    /// It was executed, and its operation goes on.
    UnderWay,
    /// It was executed, and the stack is as it was to become.
    Done,
    /// It can not be executed any more, for all of these reasons.
    Moved(Vec<Moved>),
}

impl Plan {
    /// What has moved of where the plan was made, before anything is asked of AWS.
    pub fn moved(&self, present: &Present<'_>) -> Vec<Moved> {
        let mut moved = Vec::new();
        let mut compare = |part: MovedPart, then: &str, now: &str| {
            if then != now {
                moved.push(Moved::of_plan(part, then, now));
            }
        };
        if let Some(seal) = &self.seal {
            compare(MovedPart::Format, &seal.format_version, SEAL_VERSION);
            compare(MovedPart::Tool, &seal.tool, present.tool);
        }
        compare(
            MovedPart::Environment,
            &self.environment,
            present.environment,
        );
        compare(MovedPart::Account, &self.account, present.account);
        compare(MovedPart::Region, &self.region, present.region);
        let shown = |commit: Option<&str>| commit.unwrap_or("none").to_owned();
        compare(
            MovedPart::Commit,
            &shown(self.commit.as_deref()),
            &shown(present.commit),
        );
        moved
    }
}

impl StackPlan {
    /// How the plan of this stack stands, now that it is to be executed. `wave_set` is the name by which the change set of
    /// a provisional stack is known, which is made only during the deployment.
    ///
    /// `refactored` is what the plan's refactor made of the stack, when that was carried out by an earlier run: what is
    /// deployed must then be that.
    pub fn standing(
        &self,
        present: &StackPresent,
        wave_set: &str,
        refactored: Option<&RefactoredStack>,
    ) -> Standing {
        let Some(seal) = &self.seal else {
            return Standing::Moved(vec![self.moved(MovedPart::NotSealed)]);
        };
        let mut moved = self.moved_wishes(&seal.wanted, present.wanted.as_ref());
        let change_set = seal.change_set.as_ref();
        if let Some(deployed) = &present.deployed
            && deployed
                .executed
                .as_deref()
                .is_some_and(|id| is_own(id, change_set, wave_set))
        {
            match (deployed.rest, change_set) {
                (Rest::Busy, _) => return Standing::UnderWay,
                (Rest::Failed, _) => {
                    moved.push(self.moved(MovedPart::Failed).now(Some(&deployed.status)));
                }
                // What was sent is deployed, unless someone has changed the stack without a change set.
                (Rest::Succeeded, Some(own))
                    if deployed.identity.template.as_ref() != Some(&own.template) =>
                {
                    moved.push(self.moved(MovedPart::DeployedTemplate));
                }
                (Rest::Succeeded, _) => {}
            }
            return if moved.is_empty() {
                Standing::Done
            } else {
                Standing::Moved(moved)
            };
        }
        match (refactored, &present.deployed) {
            (Some(refactored), Some(deployed)) => {
                let same_stack = seal
                    .deployed
                    .as_ref()
                    .is_none_or(|then| then.id == deployed.identity.id);
                if deployed.identity.template.as_ref() != Some(&refactored.template) || !same_stack
                {
                    moved.push(self.moved(MovedPart::DeployedTemplate));
                }
            }
            (Some(_), None) => moved.push(self.moved(MovedPart::Vanished)),
            (None, _) => {
                moved
                    .extend(self.moved_deployed(seal.deployed.as_ref(), present.deployed.as_ref()));
            }
        }
        match (change_set, &present.change_set) {
            (Some(own), Some(found)) => moved.extend(self.moved_change_set(own, found)),
            (Some(own), None) => {
                moved.push(self.moved(MovedPart::ChangeSetGone).then(Some(&own.name)));
            }
            (None, _) if self.unverified.is_some() => {
                moved.push(self.moved(MovedPart::NoChangeSet));
            }
            (None, _) => {}
        }
        // The stacks say the same, so that it is a value read from elsewhere that makes another template of it.
        if let (Some(own), Some(sent)) = (change_set, &present.sent)
            && own.template != *sent
            && moved.is_empty()
        {
            moved.push(self.moved(MovedPart::ReadValue));
        }
        if moved.is_empty() {
            Standing::Ready
        } else {
            Standing::Moved(moved)
        }
    }

    fn moved(&self, part: MovedPart) -> Moved {
        Moved::of_stack(&self.name, part)
    }

    fn moved_wishes(&self, then: &WantedSeal, now: Option<&WantedSeal>) -> Vec<Moved> {
        let Some(now) = now else {
            return vec![self.moved(MovedPart::NotWanted)];
        };
        let mut moved = Vec::new();
        if then.template != now.template {
            moved.push(self.moved(MovedPart::Template));
        }
        for name in changed_keys(&then.parameters, &now.parameters) {
            moved.push(self.moved(MovedPart::Parameter).named(name));
        }
        for name in changed_keys(&then.tags, &now.tags) {
            let shown = |tags: &BTreeMap<String, String>| tags.get(name).cloned();
            moved.push(
                self.moved(MovedPart::Tag)
                    .named(name)
                    .then(shown(&then.tags))
                    .now(shown(&now.tags)),
            );
        }
        if then.termination_protection != now.termination_protection {
            moved.push(self.moved(MovedPart::Protection));
        }
        if then.depends_on != now.depends_on {
            moved.push(
                self.moved(MovedPart::Dependencies)
                    .then(Some(then.depends_on.join(", ")))
                    .now(Some(now.depends_on.join(", "))),
            );
        }
        moved
    }

    fn moved_deployed(
        &self,
        then: Option<&DeployedSeal>,
        now: Option<&DeployedPresent>,
    ) -> Vec<Moved> {
        let mut moved = Vec::new();
        match (then, now) {
            (None, None) => {}
            (None, Some(now)) => {
                moved.push(self.moved(MovedPart::Appeared).now(Some(&now.identity.id)));
            }
            (Some(then), None) => {
                moved.push(self.moved(MovedPart::Vanished).then(Some(&then.id)));
            }
            (Some(then), Some(now)) if then.id != now.identity.id => moved.push(
                self.moved(MovedPart::OtherStack)
                    .then(Some(&then.id))
                    .now(Some(&now.identity.id)),
            ),
            (Some(then), Some(now)) => {
                if then.updated_at != now.identity.updated_at {
                    moved.push(
                        self.moved(MovedPart::Deployed)
                            .then(then.updated_at.clone())
                            .now(now.identity.updated_at.clone()),
                    );
                }
                if then.template.is_some() && then.template != now.identity.template {
                    moved.push(self.moved(MovedPart::DeployedTemplate));
                }
                if now.rest == Rest::Busy {
                    moved.push(self.moved(MovedPart::Busy).now(Some(&now.status)));
                }
            }
        }
        moved
    }

    fn moved_change_set(&self, own: &ChangeSetSeal, found: &ChangeSetPresent) -> Option<Moved> {
        let part = match found {
            ChangeSetPresent::Gone => MovedPart::ChangeSetGone,
            ChangeSetPresent::Obsolete => MovedPart::Obsolete,
            ChangeSetPresent::Unavailable(_) => MovedPart::Unavailable,
            ChangeSetPresent::Available { template, content }
                if template.as_ref().is_some_and(|it| *it != own.template)
                    || *content != own.content =>
            {
                MovedPart::OtherContent
            }
            ChangeSetPresent::Available { .. } => return None,
        };
        let reason = match found {
            ChangeSetPresent::Unavailable(reason) => Some(reason.clone()),
            ChangeSetPresent::Gone
            | ChangeSetPresent::Obsolete
            | ChangeSetPresent::Available { .. } => None,
        };
        Some(self.moved(part).then(Some(&own.name)).now(reason))
    }

    /// Everything a new plan of this stack would do that this one does not speak of, each in a few words. Less than was
    /// planned is fine: what was only possible may not come to pass. `new_readers` read outputs of other stacks only since
    /// they were refactored, as [`Plan::new_readers`] tells.
    pub fn exceeded_by(
        &self,
        action: StackAction,
        diff: &StackDiff,
        new_readers: &[&str],
    ) -> Vec<String> {
        let mut beyond = Vec::new();
        if action == StackAction::Create && self.action != StackAction::Create {
            beyond.push("the stack would be created".to_owned());
        }
        for change in &diff.changes {
            beyond.extend(self.diff.exceeded_by(change, new_readers));
        }
        let sections = [
            ("parameter", &self.diff.parameters, &diff.parameters),
            ("mapping", &self.diff.mappings, &diff.mappings),
            ("condition", &self.diff.conditions, &diff.conditions),
            ("output", &self.diff.outputs, &diff.outputs),
            ("setting", &self.diff.other, &diff.other),
        ];
        for (word, planned, now) in sections {
            for entry in now {
                let is_planned =
                    |one: &crate::EntryChange| one.name == entry.name && one.action == entry.action;
                if !planned.iter().any(is_planned) {
                    beyond.push(format!(
                        "{word} `{}` would change ({})",
                        entry.name, entry.action
                    ));
                }
            }
        }
        if diff.security.widened && !self.diff.security.widened {
            beyond.push("access would widen".to_owned());
        }
        beyond
    }
}

impl StackDiff {
    /// What a change does that this difference does not speak of.
    fn exceeded_by(&self, change: &Change, new_readers: &[&str]) -> Option<String> {
        let id = &change.logical_id;
        let kind = &change.type_name;
        let Some(planned) = self.change(id) else {
            // Metadata is where the digests of values that are read from other stacks are kept. A reference that a move
            // makes gets its first one when the output that it reads is there.
            let mut attributes = change.attributes.iter();
            let is_metadata = new_readers.contains(&id.as_str())
                && change.action == Action::Update
                && change.properties.is_empty()
                && !change.attributes.is_empty()
                && attributes.all(|one| one.name == "Metadata" && one.before.is_none());
            if is_metadata {
                return None;
            }
            return Some(format!(
                "`{id}` ({kind}) would change too ({})",
                change.action
            ));
        };
        if !covers(planned.action, change.action) {
            return Some(format!(
                "`{id}` ({kind}): {} was planned, now it would be {}",
                planned.action, change.action
            ));
        }
        let is_planned = |path: &[String]| {
            let mut paths = planned.properties.iter().map(|property| &property.path);
            paths.any(|one| one.iter().zip(path).all(|(left, right)| left == right))
        };
        let mut new: Vec<String> = change
            .properties
            .iter()
            .filter(|property| !is_planned(&property.path))
            .map(|property| property.path.join("."))
            .collect();
        // Metadata is where the digests of values that are read from other stacks are kept: they follow the values.
        let attributes = change
            .attributes
            .iter()
            .filter(|attribute| attribute.name != "Metadata");
        new.extend(
            attributes
                .filter(|attribute| {
                    let mut known = planned.attributes.iter();
                    !known.any(|known| known.name == attribute.name)
                })
                .map(|attribute| attribute.name.clone()),
        );
        (!new.is_empty()).then(|| format!("`{id}` ({kind}): {} would change too", new.join(", ")))
    }
}

/// Whether what was planned for a resource includes what is to happen now.
fn covers(planned: Action, now: Action) -> bool {
    use Action::{MayReplace, Replace, Update};
    planned == now
        || matches!(
            (planned, now),
            (MayReplace, Update | Replace) | (Replace, Update | MayReplace)
        )
}

/// Whether a change set is the one of the plan, or was made for it in its wave. Its name is the last but one part of
/// its ARN.
fn is_own(id: &str, own: Option<&ChangeSetSeal>, wave_set: &str) -> bool {
    match own {
        Some(own) => own.id == id,
        None => {
            let name = id.rsplit('/').nth(1);
            name.is_some_and(|name| name == wave_set || name == last_step(wave_set))
        }
    }
}

/// Keys whose values differ, or that only one side has.
fn changed_keys<'m>(
    then: &'m BTreeMap<String, String>,
    now: &'m BTreeMap<String, String>,
) -> impl Iterator<Item = &'m str> {
    let gone = then.keys().filter(|key| !now.contains_key(*key));
    now.keys()
        .chain(gone)
        .filter(|key| then.get(*key) != now.get(*key))
        .map(String::as_str)
}

/// Names of the parameters of a template whose values are never shown (`NoEcho`).
pub fn secret_parameters(template: &Value) -> impl Iterator<Item = &str> {
    let parameters = template.get("Parameters").and_then(Value::as_object);
    parameters
        .into_iter()
        .flatten()
        .filter(|(_, declaration)| is_secret(declaration))
        .map(|(name, _)| name.as_str())
}

/// Digests of the values of a stack's parameters, as a seal keeps them: of secret ones under a key, and of none where
/// there is no key.
pub fn parameter_digests(
    template: &Value,
    values: &IndexMap<String, String>,
    key: Option<&str>,
) -> BTreeMap<String, String> {
    let is_secret = |name: &str| secret_parameters(template).any(|secret| secret == name);
    values
        .iter()
        .filter_map(|(name, value)| {
            let digest = if is_secret(name) {
                let within = digest(&json!([key?, name, value]));
                digest(&json!([key?, within]))
            } else {
                digest(&json!([name, value]))
            };
            Some((name.clone(), digest))
        })
        .collect()
}

/// SHA-256 of a value in hexadecimal; the order of members never matters.
pub fn digest(value: &Value) -> String {
    let mut text = String::with_capacity(64);
    for byte in Sha256::digest(sorted(value.clone()).to_string()) {
        write!(text, "{byte:02x}").expect("a string takes any text");
    }
    text
}
