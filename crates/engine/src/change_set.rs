//! The life of a change set: made, awaited, described, and never left behind.

use std::collections::BTreeMap;

use assembly::StackManifest;
use plan::{ChangeSetPresent, ReportedChange, digest, secret_parameters};
use serde_json::{Value, json};
use tokio::time::{Duration, Instant};

use crate::{
    desired::{Template, sha256},
    engine::{Engine, TOKEN_PREFIX},
    error::{AwsError, AwsErrorKind, Error},
    nested::has_nested,
    port::{
        ChangeSet, ChangeSetId, ChangeSetRequest, ChangeSetStatus, ChangeSetType, DeleteRequest,
        Deletion, Execution, Finding, Stack, TemplateSource, Values,
    },
    status::{Condition, StackStatus},
    veil::veil,
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

/// How long the change set of a plan that was only shown may be left over before another run takes it away. While it is
/// younger, whoever made it may still be reading it.
const LEFTOVER_AGE: i64 = 60 * 60 * 1000;

/// How often a change set is asked for again that someone else took away, or whose name was taken.
const ATTEMPTS: u32 = 5;

/// A change set that is ready to be executed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreparedChangeSet {
    /// Its ARN.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The ARN of its stack.
    pub stack_id: String,
    /// SHA-256 of the template it was made from, in hexadecimal.
    pub template_digest: String,
    /// SHA-256 of everything CloudFormation says that it would do, and with which parameters and tags.
    pub content: String,
    /// Whether the stack is created by it.
    pub creates: bool,
    /// Whether executing it ends before resources are stable.
    pub express: bool,
}

/// What came of asking for a change set.
pub(crate) enum Asked {
    /// It is ready.
    Ready(Box<Ready>),
    /// There is nothing to change.
    Nothing,
}

/// A change set that is ready, and what is said of it.
pub(crate) struct Ready {
    pub(crate) prepared: PreparedChangeSet,
    /// What it would do.
    pub(crate) changes: Vec<ReportedChange>,
    /// What early validation and hooks warn of.
    pub(crate) warnings: Vec<Finding>,
}

/// What a change set is made for; it decides its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use<'a> {
    /// To be read, and deleted.
    Look,
    /// To be executed by this run.
    Deploy,
    /// To be executed by a later run. The key is for digests of secret parameters, and stays with the change set.
    Save {
        /// A secret of this plan alone.
        key: &'a str,
    },
    /// To be executed in a later wave of a saved plan: it bears this name.
    Wave(&'a str),
}

/// What a stack is to become.
pub(crate) struct Wanted<'a> {
    pub(crate) stack: &'a StackManifest,
    /// The assembly's template.
    pub(crate) template: &'a Template,
    /// The template's text, with all that is known only now.
    pub(crate) text: &'a str,
    pub(crate) purpose: Use<'a>,
}

impl Engine<'_> {
    /// Makes a change set that turns the deployed stack, if any, into the wanted one.
    ///
    /// It is named by what it is for and what is in it, so that one which a killed run left behind is found again. Whatever
    /// goes wrong, nothing stays behind: neither the change set nor the shell made for it.
    pub(crate) async fn ask(
        &self,
        wanted: &Wanted<'_>,
        deployed: Option<&Stack>,
    ) -> Result<Asked, Error> {
        self.go_on()?;
        let stack = wanted.stack;
        let exists = deployed.is_some_and(|stack| stack.status.condition() != Condition::Absent);
        // What does not exist cannot have drifted.
        let revert_drift = self.revert_drift && exists;
        let mut request = ChangeSetRequest {
            stack_name: stack.stack_name.clone(),
            name: String::new(),
            description: wanted.description(),
            token: String::new(),
            kind: if exists {
                ChangeSetType::Update
            } else {
                ChangeSetType::Create
            },
            template: self.place_template(&stack.name, wanted.text).await?,
            parameters: ordered(&stack.parameters),
            tags: ordered(&stack.tags),
            // What someone else subscribed stays subscribed, unless the code says who is told.
            notification_arns: match &stack.notification_arns {
                Some(wanted) => wanted.clone(),
                None => deployed.map_or_else(Vec::new, |stack| stack.notification_arns.clone()),
            },
            role_arn: self.role_for(stack, deployed),
            import_existing: self.import_existing,
            // What takes drift back is asked for without nested stacks, as the CDK does: nothing says that both go together.
            nested: has_nested(wanted.template.body()) && !revert_drift,
            express: self.express,
            revert_drift,
        };
        request.name = wanted.name(&request, deployed.filter(|_| exists));
        let mut attempt = 1;
        loop {
            request.token = self.token(&format!("plan{attempt}"), &stack.stack_name);
            let id = self.make(wanted, &request).await?;
            let outcome = match self.await_change_set(stack, &id).await {
                Ok(Some(change_set)) => {
                    let described = self.describe(change_set, wanted.template.body());
                    described.await.map(Some)
                }
                other => other,
            };
            match outcome {
                Ok(Some(change_set)) => {
                    let warnings = self.warnings(&stack.name, &id.id).await;
                    return Ok(Asked::Ready(Box::new(Ready {
                        prepared: prepared(&request, &id, wanted.text, content(&change_set)),
                        changes: change_set.changes,
                        warnings,
                    })));
                }
                // Someone else who wanted the same took it away.
                Err(Error::Moved { .. }) if attempt < ATTEMPTS => attempt += 1,
                other => {
                    let made = prepared(&request, &id, wanted.text, String::new());
                    let discarded = self.discard_or_tell(&stack.name, &made).await;
                    other?;
                    return discarded.map(|()| Asked::Nothing);
                }
            }
        }
    }

    /// The role CloudFormation acts in. Where none is declared it would go on with the one that the stack was last deployed
    /// with, for ever and without a word: that one is sent, and told.
    fn role_for(&self, stack: &StackManifest, deployed: Option<&Stack>) -> Option<String> {
        self.role_of(stack).or_else(|| {
            let role = deployed?.role_arn.clone()?;
            let note =
                format!("CloudFormation acts in the role it was last deployed with, `{role}`");
            self.note(&stack.name, note);
            Some(role)
        })
    }

    /// Makes a change set under its name. One that bears the name already was left behind by a run that was killed, or is
    /// that of a plan which was saved before: that is used again where it cannot differ.
    async fn make(
        &self,
        wanted: &Wanted<'_>,
        request: &ChangeSetRequest,
    ) -> Result<ChangeSetId, Error> {
        let mut was_emptied = false;
        let made = self.make_anew(wanted, request, &mut was_emptied).await;
        if made.is_err() && was_emptied {
            let stack = &wanted.stack.name;
            if let Err(error) = self.remove_emptied(stack, &request.stack_name).await {
                self.note(stack, format!("an empty stack stays behind: {error}"));
            }
        }
        made
    }

    /// Deletes the shell whose last change set was deleted for another that could not be made.
    async fn remove_emptied(&self, stack: &str, stack_name: &str) -> Result<(), Error> {
        let found = self.cloud.stack(stack_name).await?;
        let shell = found.filter(|found| found.status == StackStatus::ReviewInProgress);
        let Some(shell) = shell else {
            return Ok(());
        };
        if self.cloud.change_sets(&shell.id).await?.is_empty() {
            self.remove_shell(stack, &shell.id).await?;
        }
        Ok(())
    }

    async fn make_anew(
        &self,
        wanted: &Wanted<'_>,
        request: &ChangeSetRequest,
        was_emptied: &mut bool,
    ) -> Result<ChangeSetId, Error> {
        let mut waits = self.pace.waits();
        let mut attempt = 1;
        loop {
            let error = match self.cloud.create_change_set(request).await {
                Ok(id) => return Ok(id),
                Err(error) => error,
            };
            if error.kind != AwsErrorKind::AlreadyExists {
                return self.made_all_the_same(wanted, request, error).await;
            }
            if attempt == ATTEMPTS {
                return Err(error.into());
            }
            attempt += 1;
            let listed = self.cloud.change_sets(&request.stack_name).await;
            let listed = listed.inspect_err(|unknown| {
                let name = &request.name;
                let message = format!("change set `{name}` stays behind: {unknown}");
                self.note(&wanted.stack.name, message);
            })?;
            let Some(same) = listed.into_iter().find(|one| one.name == request.name) else {
                if request.kind == ChangeSetType::Create {
                    let found = self.cloud.stack(&request.stack_name).await?;
                    if found.is_some_and(|found| found.status.condition() != Condition::Absent) {
                        return Err(error.into());
                    }
                }
                waits.rest().await;
                continue;
            };
            // What there is may be something else since one was made that compares with that.
            let cannot_differ = !wanted.has_secrets() && !request.revert_drift;
            if matches!(wanted.purpose, Use::Save { .. }) && cannot_differ {
                match self.cloud.change_set(&same.id, Values::Left).await {
                    Ok(found)
                        if found.status == ChangeSetStatus::Complete
                            && found.execution == Execution::Available =>
                    {
                        return Ok(ChangeSetId {
                            id: found.id,
                            stack_id: found.stack_id,
                        });
                    }
                    Ok(_) => {}
                    Err(error) if error.kind == AwsErrorKind::NotFound => {}
                    Err(error) => return Err(error.into()),
                }
            }
            if let Err(error) = self.cloud.delete_change_set(&same.id).await {
                let name = &request.name;
                let message = format!("change set `{name}` stays behind: {error}");
                self.note(&wanted.stack.name, message);
                return Err(error.into());
            }
            *was_emptied = request.kind == ChangeSetType::Create;
            waits.rest().await;
        }
    }

    /// The change set when it was made although the call failed: the answer may be lost. Where nobody could tell what is in
    /// it, it is deleted.
    async fn made_all_the_same(
        &self,
        wanted: &Wanted<'_>,
        request: &ChangeSetRequest,
        error: Box<AwsError>,
    ) -> Result<ChangeSetId, Error> {
        if error.is_refusal() {
            return Err(error.into());
        }
        let stack = &wanted.stack.name;
        let listed = self.cloud.change_sets(&request.stack_name).await;
        let found = match listed {
            Ok(listed) => listed.into_iter().find(|one| one.name == request.name),
            Err(unknown) => {
                self.note(
                    stack,
                    format!(
                        "whether change set `{}` stays behind is not known: {unknown}",
                        request.name
                    ),
                );
                return Err(error.into());
            }
        };
        let Some(found) = found else {
            return Err(error.into());
        };
        let id = match self.cloud.change_set(&found.id, Values::Left).await {
            Ok(found) => ChangeSetId {
                id: found.id,
                stack_id: found.stack_id,
            },
            Err(unknown) => {
                self.note(
                    stack,
                    format!("change set `{}` stays behind: {unknown}", request.name),
                );
                return Err(error.into());
            }
        };
        if wanted.has_secrets() {
            let made = prepared(request, &id, wanted.text, String::new());
            // What went wrong first is the error.
            let _ = self.discard_or_tell(stack, &made).await;
            return Err(error.into());
        }
        Ok(id)
    }

    /// Deletes a change set that is not to be executed; that it could not be is told at once, since whoever asks for this has
    /// an error of their own most often.
    pub(crate) async fn discard_or_tell(
        &self,
        stack: &str,
        prepared: &PreparedChangeSet,
    ) -> Result<(), Error> {
        let discarded = self.discard_change_set(stack, prepared).await;
        if let Err(error) = &discarded {
            self.note(stack, format!("a change set could not be removed: {error}"));
        }
        discarded
    }

    /// Deletes a change set that is not to be executed, and with the last one of a shell the shell.
    pub(crate) async fn discard_change_set(
        &self,
        stack: &str,
        prepared: &PreparedChangeSet,
    ) -> Result<(), Error> {
        if !prepared.creates {
            return Ok(self.cloud.delete_change_set(&prepared.id).await?);
        }
        let listed = self.cloud.change_sets(&prepared.stack_id).await;
        self.cloud.delete_change_set(&prepared.id).await?;
        let listed = match listed {
            Ok(listed) => listed,
            Err(error) if error.kind == AwsErrorKind::AccessDenied => {
                self.note(stack, format!("an empty stack stays behind: {error}"));
                return Ok(());
            }
            Err(error) => return Err(error.into()),
        };
        let now = listed.iter().map(|one| one.created).max().unwrap_or(0);
        let mut others = false;
        for other in listed.iter().filter(|one| one.id != prepared.id) {
            let is_leftover =
                other.name.starts_with(&prefix(Use::Look)) && now - other.created > LEFTOVER_AGE;
            if is_leftover {
                self.cloud.delete_change_set(&other.id).await?;
            } else {
                others = true;
            }
        }
        // Whoever else plans this stack still needs the shell.
        if others {
            return Ok(());
        }
        // Only a shell goes: if someone has executed a change set of their own, the stack is theirs.
        let mut waits = self.pace.waits();
        for _ in 0..ATTEMPTS {
            match self.cloud.stack(&prepared.stack_id).await? {
                Some(found) if found.status == StackStatus::ReviewInProgress => {
                    return self.remove_shell(stack, &prepared.stack_id).await;
                }
                Some(_) => return Ok(()),
                // What was just made may be invisible for a moment.
                None => waits.rest().await,
            }
        }
        self.note(stack, "whether an empty stack stays behind is not known");
        Ok(())
    }

    /// A change set of a saved plan as it is now, and the key that it keeps. It is taken to be made from the `wanted` template
    /// where that is not told.
    pub(crate) async fn inspect(
        &self,
        id: &str,
        wanted: Option<&Template>,
    ) -> Result<(ChangeSetPresent, Option<String>), Error> {
        let found = match self.cloud.change_set(id, Values::Included).await {
            Ok(found) => found,
            Err(error) if error.kind == AwsErrorKind::NotFound => {
                return Ok((ChangeSetPresent::Gone, None));
            }
            Err(error) => return Err(error.into()),
        };
        let key = found.description.as_deref().and_then(key_in);
        let present = match (found.status.clone(), found.execution) {
            (ChangeSetStatus::Deleted, _) => ChangeSetPresent::Gone,
            (_, Execution::Obsolete) => ChangeSetPresent::Obsolete,
            (ChangeSetStatus::Complete, Execution::Available) => {
                let text = self.cloud.change_set_template(id).await?;
                let is_told = !self.cloud.stands_in()
                    // Some answer with what is deployed, and with nothing where that is nothing.
                    || text != self.cloud.template(&found.stack_id).await?;
                let body = match (&text, wanted) {
                    (None, _) if is_told => return Ok((ChangeSetPresent::Gone, key)),
                    (_, Some(wanted)) if !is_told => wanted.body().clone(),
                    (text, _) => template::Template::parse(text.as_deref().unwrap_or_default())
                        .map(template::Template::into_body)
                        .unwrap_or_default(),
                };
                let found = self.describe(found, &body).await?;
                ChangeSetPresent::Available {
                    template: text.filter(|_| is_told).map(|text| sha256(text.as_bytes())),
                    content: content(&found),
                }
            }
            (ChangeSetStatus::Pending | ChangeSetStatus::Complete | ChangeSetStatus::Failed, _) => {
                let reason = found
                    .reason
                    .unwrap_or_else(|| "no reason is given".to_owned());
                ChangeSetPresent::Unavailable(reason)
            }
        };
        Ok((present, key))
    }

    /// Deletes a stack without resources and waits until it is gone.
    pub(crate) async fn remove_shell(&self, stack: &str, stack_id: &str) -> Result<(), Error> {
        let request = DeleteRequest {
            stack: stack_id.to_owned(),
            token: self.token("discard", stack_id),
            role_arn: self.role_arn.clone(),
            deletion: Deletion::Whole,
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
    pub(crate) async fn place_template(
        &self,
        stack: &str,
        text: &str,
    ) -> Result<TemplateSource, Error> {
        if text.len() <= INLINE_LIMIT {
            return Ok(TemplateSource::Inline(text.to_owned()));
        }
        if text.len() > TEMPLATE_LIMIT {
            return Err(Error::TemplateTooLarge {
                stack: stack.to_owned(),
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
            let change_set = match self.cloud.change_set(&id.id, Values::Included).await {
                Ok(change_set) => change_set,
                Err(error) if error.kind == AwsErrorKind::NotFound => return Err(taken(stack)),
                Err(error) => return Err(error.into()),
            };
            match change_set.status {
                ChangeSetStatus::Complete => return Ok(Some(change_set)),
                ChangeSetStatus::Failed => {
                    let found = change_set;
                    let reason = found.reason.clone().unwrap_or_default();
                    if NO_CHANGES
                        .iter()
                        .any(|beginning| reason.starts_with(beginning))
                    {
                        return Ok(None);
                    }
                    return Err(self.refused(stack, &found, reason).await);
                }
                ChangeSetStatus::Deleted => return Err(taken(stack)),
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
    /// without values are added; and what is in nested stacks. Values that must not be shown are taken out.
    async fn describe(
        &self,
        mut change_set: ChangeSet,
        template: &Value,
    ) -> Result<ChangeSet, Error> {
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
        let secrets = secret_parameters(template).map(str::to_owned).collect();
        veil(&mut change_set.changes, template, &secrets);
        let nested = self.nested_changes(&change_set, template, &secrets).await?;
        change_set.changes.extend(nested);
        Ok(change_set)
    }
}

impl Wanted<'_> {
    /// Whether it has parameters whose values are never shown, so that nobody can tell what a change set was made with.
    fn has_secrets(&self) -> bool {
        let mut secrets = secret_parameters(self.template.body());
        secrets.any(|name| self.stack.parameters.contains_key(name))
    }

    /// What whoever looks at the change set is told.
    fn description(&self) -> String {
        match self.purpose {
            Use::Look => "chitinfra plan".to_owned(),
            Use::Deploy => "chitinfra deploy".to_owned(),
            Use::Save { key } if self.has_secrets() => format!("{SAVED}{KEY}{key}"),
            Use::Save { .. } => SAVED.to_owned(),
            Use::Wave(_) => "chitinfra deploy, a later wave of a saved plan".to_owned(),
        }
    }

    /// The name of the change set: what it is for, and a digest of what is in it but for secret values, which a digest in
    /// plain sight would let anyone try out.
    fn name(&self, request: &ChangeSetRequest, deployed: Option<&Stack>) -> String {
        if let Use::Wave(name) = self.purpose {
            return name.to_owned();
        }
        let mut parameters = request.parameters.clone();
        for secret in secret_parameters(self.template.body()) {
            parameters.remove(secret);
        }
        let content = digest(&json!({
            "template": sha256(self.text.as_bytes()),
            "parameters": parameters,
            "tags": request.tags,
            "notifications": request.notification_arns,
            "role": request.role_arn,
            "import": request.import_existing,
            "express": request.express,
            "stack": deployed.map(|stack| &stack.id),
            "updated": deployed.map(|stack| &stack.updated_at),
            "revert_drift": request.revert_drift,
        }));
        format!("{}{}", prefix(self.purpose), &content[..24])
    }
}

/// How the description of a saved plan's change set begins.
const SAVED: &str = "chitinfra plan, saved for deploy --plan";

/// What stands before the key of a saved plan, in the description of its change sets.
const KEY: &str = "; key ";

fn key_in(description: &str) -> Option<String> {
    let (_, key) = description.strip_prefix(SAVED)?.split_once(KEY)?;
    Some(key.to_owned())
}

/// How the names of change sets begin that are made for a use.
fn prefix(purpose: Use<'_>) -> String {
    let word = match purpose {
        Use::Look => "plan",
        Use::Deploy => "deploy",
        Use::Save { .. } => "saved",
        Use::Wave(_) => "wave",
    };
    format!("{TOKEN_PREFIX}{word}-")
}

fn prepared(
    request: &ChangeSetRequest,
    id: &ChangeSetId,
    text: &str,
    content: String,
) -> PreparedChangeSet {
    PreparedChangeSet {
        id: id.id.clone(),
        name: request.name.clone(),
        stack_id: id.stack_id.clone(),
        template_digest: sha256(text.as_bytes()),
        content,
        creates: request.kind == ChangeSetType::Create,
        express: request.express,
    }
}

/// A digest of everything CloudFormation says of a change set.
fn content(change_set: &ChangeSet) -> String {
    digest(&json!({
        "stack": change_set.stack_id,
        "parameters": change_set.parameters,
        "tags": change_set.tags,
        "changes": change_set.changes,
    }))
}

fn taken(stack: &StackManifest) -> Error {
    Error::Moved {
        stack: stack.name.clone(),
        reason: "someone else deleted the change set".to_owned(),
    }
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
