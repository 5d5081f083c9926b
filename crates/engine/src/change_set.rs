//! The life of a change set: made, awaited, described, and never left behind.

use std::collections::BTreeMap;

use assembly::StackManifest;
use plan::ReportedChange;
use serde::{Deserialize, Serialize};
use tokio::time::{Duration, Instant};

use crate::{
    desired::sha256,
    engine::Engine,
    error::{AwsErrorKind, Error},
    port::{
        ChangeSet, ChangeSetId, ChangeSetRequest, ChangeSetStatus, ChangeSetType, DeleteRequest,
        Finding, Stack, TemplateSource, Values,
    },
    status::{Condition, StackStatus},
};

/// How many UTF-8 bytes of template a call may carry.
const INLINE_LIMIT: usize = 51_200;

/// How many UTF-8 bytes a template may have at all.
const TEMPLATE_LIMIT: usize = 1_000_000;

/// How long a change set may take; nested stacks and macros take minutes.
const PATIENCE: Duration = Duration::from_secs(15 * 60);

/// How CloudFormation begins its reason when there is nothing to change: the first for plain templates, the second for
/// those with transforms.
const NO_CHANGES: [&str; 2] = [
    "The submitted information didn't contain changes.",
    "No updates are to be performed",
];

/// What CloudFormation adds to the reason when it left resources out of a description with values.
const INCOMPLETE: &str = "include-property-values";

/// A change set that is ready to be executed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreparedChangeSet {
    /// Its ARN.
    pub id: String,
    /// The ARN of its stack.
    pub stack_id: String,
    /// SHA-256 of the template it was made from, in hexadecimal.
    pub template_digest: String,
    /// Whether its stack exists only for it.
    pub shell: bool,
    /// Whether the stack is created by it.
    pub creates: bool,
}

/// What came of asking for a change set.
pub(crate) enum Asked {
    /// It is ready, and would do this.
    Ready(PreparedChangeSet, Vec<ReportedChange>),
    /// There is nothing to change.
    Nothing,
}

/// What a stack is to become.
pub(crate) struct Wanted<'a> {
    pub(crate) stack: &'a StackManifest,
    /// The template's text, with all that is known only now.
    pub(crate) text: &'a str,
}

impl Engine<'_> {
    /// Makes a change set that turns the deployed stack, if any, into the wanted one.
    ///
    /// Whatever goes wrong, nothing stays behind: neither the change set nor the shell made for it.
    pub(crate) async fn ask(
        &self,
        wanted: &Wanted<'_>,
        deployed: Option<&Stack>,
    ) -> Result<Asked, Error> {
        self.go_on()?;
        let stack = wanted.stack;
        let exists = deployed.is_some_and(|stack| stack.status.condition() != Condition::Absent);
        let shell_exists =
            deployed.is_some_and(|stack| stack.status == StackStatus::ReviewInProgress);
        let request = ChangeSetRequest {
            stack_name: stack.stack_name.clone(),
            name: self.change_set_name(),
            token: self.token("plan", &stack.stack_name),
            kind: if exists {
                ChangeSetType::Update
            } else {
                ChangeSetType::Create
            },
            template: self.place_template(wanted).await?,
            parameters: ordered(&stack.parameters),
            tags: ordered(&stack.tags),
            // What someone else subscribed stays subscribed.
            notification_arns: deployed
                .map_or_else(Vec::new, |stack| stack.notification_arns.clone()),
            role_arn: self.role_of(stack),
        };
        let id = self.cloud.create_change_set(&request).await?;
        let prepared = PreparedChangeSet {
            id: id.id.clone(),
            stack_id: id.stack_id.clone(),
            template_digest: sha256(wanted.text.as_bytes()),
            shell: !exists && !shell_exists,
            creates: !exists,
        };
        let outcome = match self.await_change_set(stack, &id).await {
            Ok(Some(change_set)) => self.describe(change_set).await.map(Some),
            Ok(None) => Ok(None),
            Err(error) => Err(error),
        };
        match outcome {
            Ok(Some(change_set)) => Ok(Asked::Ready(prepared, change_set.changes)),
            Ok(None) => {
                self.discard_change_set(&stack.name, &prepared).await?;
                Ok(Asked::Nothing)
            }
            Err(error) => {
                if let Err(left) = self.discard_change_set(&stack.name, &prepared).await {
                    self.note(
                        &stack.name,
                        format!("a change set could not be removed: {left}"),
                    );
                }
                Err(error)
            }
        }
    }

    /// Deletes a change set that is not to be executed, and the shell made for it.
    pub(crate) async fn discard_change_set(
        &self,
        stack: &str,
        prepared: &PreparedChangeSet,
    ) -> Result<(), Error> {
        self.cloud.delete_change_set(&prepared.id).await?;
        if !prepared.shell {
            return Ok(());
        }
        // Only a shell goes: if someone has executed a change set of their own, the stack is theirs.
        let found = self.cloud.stack(&prepared.stack_id).await?;
        if found.is_none_or(|found| found.status != StackStatus::ReviewInProgress) {
            return Ok(());
        }
        self.remove_shell(stack, &prepared.stack_id).await
    }

    /// Deletes a stack without resources and waits until it is gone.
    pub(crate) async fn remove_shell(&self, stack: &str, stack_id: &str) -> Result<(), Error> {
        let request = DeleteRequest {
            stack: stack_id.to_owned(),
            token: self.token("discard", stack_id),
            role_arn: self.role_arn.clone(),
        };
        self.cloud.delete_stack(&request).await?;
        let start = Instant::now();
        let mut waits = self.pace.waits();
        loop {
            match self.cloud.stack(stack_id).await?.map(|stack| stack.status) {
                None | Some(StackStatus::DeleteComplete) => return Ok(()),
                Some(status @ StackStatus::DeleteFailed) => {
                    return Err(Error::Stuck {
                        stack: stack.to_owned(),
                        status,
                    });
                }
                Some(_) => {}
            }
            if start.elapsed() > PATIENCE {
                return Err(overdue(stack, "the deletion of an empty stack"));
            }
            waits.rest().await;
        }
    }

    /// Puts the template into the call, or where CloudFormation can read it.
    async fn place_template(&self, wanted: &Wanted<'_>) -> Result<TemplateSource, Error> {
        let text = wanted.text;
        if text.len() <= INLINE_LIMIT {
            return Ok(TemplateSource::Inline(text.to_owned()));
        }
        if text.len() > TEMPLATE_LIMIT {
            return Err(Error::TemplateTooLarge {
                stack: wanted.stack.name.clone(),
                bytes: text.len(),
            });
        }
        let key = format!("templates/{}.json", sha256(text.as_bytes()));
        Ok(TemplateSource::Stored(
            self.cloud.store_template(&key, text).await?,
        ))
    }

    /// Waits until the change set is made; nothing when there is nothing to change.
    async fn await_change_set(
        &self,
        stack: &StackManifest,
        id: &ChangeSetId,
    ) -> Result<Option<ChangeSet>, Error> {
        let start = Instant::now();
        let mut waits = self.pace.waits();
        loop {
            let change_set = self.cloud.change_set(&id.id, Values::Included).await?;
            match change_set.status {
                ChangeSetStatus::Complete => return Ok(Some(change_set)),
                ChangeSetStatus::Failed => {
                    let reason = change_set.reason.unwrap_or_default();
                    if NO_CHANGES
                        .iter()
                        .any(|beginning| reason.starts_with(beginning))
                    {
                        return Ok(None);
                    }
                    return Err(self.refused(stack, &id.id, reason).await);
                }
                ChangeSetStatus::Deleted => {
                    return Err(Error::Moved {
                        stack: stack.name.clone(),
                        reason: "someone else deleted the change set".to_owned(),
                    });
                }
                ChangeSetStatus::Pending => {}
            }
            self.go_on()?;
            if start.elapsed() > PATIENCE {
                return Err(overdue(&stack.name, "the change set"));
            }
            waits.rest().await;
        }
    }

    /// The whole description: when CloudFormation left resources out because values were asked for, those it gives
    /// without values are added.
    async fn describe(&self, mut change_set: ChangeSet) -> Result<ChangeSet, Error> {
        let reason = change_set.reason.as_deref().unwrap_or_default();
        if reason.contains(INCOMPLETE) {
            let plain = self.cloud.change_set(&change_set.id, Values::Left).await?;
            for change in plain.changes {
                let known = |one: &ReportedChange| one.logical_id == change.logical_id;
                if !change_set.changes.iter().any(known) {
                    change_set.changes.push(change);
                }
            }
        }
        Ok(change_set)
    }

    /// Why CloudFormation could not make a change set, with what early validation and hooks found.
    async fn refused(&self, stack: &StackManifest, change_set: &str, reason: String) -> Error {
        let findings = match self.cloud.findings(change_set).await {
            Ok(findings) => findings,
            // The reason alone is still true; that the details cannot be read is worth a word, not another error.
            Err(error) => {
                if error.kind == AwsErrorKind::AccessDenied {
                    self.note(&stack.name, error.to_string());
                }
                Vec::new()
            }
        };
        let told = findings.into_iter().map(|finding| tell(stack, finding));
        Error::ChangeSet {
            stack: stack.name.clone(),
            reason,
            findings: told.collect(),
        }
    }
}

/// A finding in one line, with where its resource is declared.
fn tell(stack: &StackManifest, finding: Finding) -> String {
    let logical_id = finding.logical_id.or_else(|| {
        // `/Resources/Users/Properties/…`
        let mut parts = finding.pointer.as_deref()?.split('/').skip(1);
        (parts.next() == Some("Resources")).then(|| parts.next().map(str::to_owned))?
    });
    let origin = logical_id.as_ref().and_then(|id| stack.resources.get(id));
    let place = match (&logical_id, origin) {
        (Some(id), Some(origin)) => format!("`{id}` ({}): ", origin.source),
        (Some(id), None) => format!("`{id}`: "),
        (None, _) => String::new(),
    };
    let within = finding
        .pointer
        .map_or_else(String::new, |pointer| format!(" (at {pointer})"));
    format!("{place}{}{within}", finding.message)
}

fn overdue(stack: &str, what: &'static str) -> Error {
    Error::Overdue {
        stack: stack.to_owned(),
        what,
        minutes: PATIENCE.as_secs() / 60,
    }
}

fn ordered(map: &indexmap::IndexMap<String, String>) -> BTreeMap<String, String> {
    map.iter()
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}
