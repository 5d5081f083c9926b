//! What has moved since a plan was saved, in words for whoever has to act.

use std::fmt;

/// One thing that is no longer as it was when a plan was saved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// The short name of the stack; nothing where it is about the plan as a whole.
    pub stack: Option<String>,
    /// What it is.
    pub part: MovedPart,
    /// Which of several, for parameters and tags.
    pub name: Option<String>,
    /// What it was.
    pub then: Option<String>,
    /// What it is now.
    pub now: Option<String>,
}

/// What can move.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MovedPart {
    /// The rules by which a seal is made and checked.
    Format,
    /// The version of the program.
    Tool,
    /// The environment.
    Environment,
    /// The account.
    Account,
    /// The region.
    Region,
    /// The commit.
    Commit,
    /// The assembly, in something that no other part names.
    Assembly,
    /// The stacks no longer have the stack.
    NotWanted,
    /// The template that the stacks make.
    Template,
    /// The value of a parameter.
    Parameter,
    /// A tag.
    Tag,
    /// Whether the stack is protected against deletion.
    Protection,
    /// The stacks before it.
    Dependencies,
    /// The value of an output of another stack that it reads.
    ReadValue,
    /// Someone deployed the stack.
    Deployed,
    /// The deployed template is another.
    DeployedTemplate,
    /// There was no stack, and there is one.
    Appeared,
    /// There was a stack, and there is none.
    Vanished,
    /// The stack was deleted, and made again.
    OtherStack,
    /// Something else has changed resources of the stack, or put them back.
    Drift,
    /// CloudFormation is at work on the stack.
    Busy,
    /// The plan was executed, and that failed.
    Failed,
    /// The change set does not exist.
    ChangeSetGone,
    /// The stack has changed since the change set was made.
    Obsolete,
    /// The change set cannot be executed.
    Unavailable,
    /// The change set would do something else.
    OtherContent,
    /// No change set could be made.
    NoChangeSet,
    /// The plan does not say what it is bound to.
    NotSealed,
}

impl Moved {
    pub(crate) fn of_plan(part: MovedPart, then: &str, now: &str) -> Self {
        Self {
            stack: None,
            part,
            name: None,
            then: Some(then.to_owned()),
            now: Some(now.to_owned()),
        }
    }

    pub(crate) fn of_stack(stack: &str, part: MovedPart) -> Self {
        Self {
            stack: Some(stack.to_owned()),
            part,
            name: None,
            then: None,
            now: None,
        }
    }

    /// What there is of a stack, by its short name, is something else than was planned to be reverted.
    pub fn drifted(stack: &str) -> Self {
        Self::of_stack(stack, MovedPart::Drift)
    }

    /// The assembly is another, and no stack of the plan is.
    pub fn assembly() -> Self {
        Self {
            stack: None,
            part: MovedPart::Assembly,
            name: None,
            then: None,
            now: None,
        }
    }

    pub(crate) fn named(mut self, name: &str) -> Self {
        self.name = Some(name.to_owned());
        self
    }

    pub(crate) fn then(mut self, then: Option<impl Into<String>>) -> Self {
        self.then = then.map(Into::into);
        self
    }

    pub(crate) fn now(mut self, now: Option<impl Into<String>>) -> Self {
        self.now = now.map(Into::into);
        self
    }

    /// Whether the plan can never be executed again, whatever is put back: then its change sets are of no use.
    pub fn is_final(&self) -> bool {
        match self.part {
            MovedPart::Deployed
            | MovedPart::DeployedTemplate
            | MovedPart::Appeared
            | MovedPart::Vanished
            | MovedPart::OtherStack
            | MovedPart::Failed
            | MovedPart::ChangeSetGone
            | MovedPart::Obsolete
            | MovedPart::Unavailable
            | MovedPart::NoChangeSet => true,
            MovedPart::Format
            | MovedPart::Tool
            | MovedPart::Environment
            | MovedPart::Account
            | MovedPart::Region
            | MovedPart::Commit
            | MovedPart::Assembly
            | MovedPart::NotWanted
            | MovedPart::Template
            | MovedPart::Parameter
            | MovedPart::Tag
            | MovedPart::Protection
            | MovedPart::Dependencies
            | MovedPart::ReadValue
            | MovedPart::Drift
            | MovedPart::Busy
            // Whose change set that is, nobody knows.
            | MovedPart::OtherContent
            | MovedPart::NotSealed => false,
        }
    }
}

impl fmt::Display for Moved {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = |text: &Option<String>| {
            text.as_ref()
                .map_or_else(|| "nothing".to_owned(), |text| format!("`{text}`"))
        };
        let (then, now, name) = (known(&self.then), known(&self.now), known(&self.name));
        if let Some(stack) = &self.stack {
            write!(formatter, "stack `{stack}`: ")?;
        }
        match self.part {
            MovedPart::Format => write!(
                formatter,
                "the plan is sealed by rules {then}, this program knows {now}"
            ),
            MovedPart::Tool => write!(
                formatter,
                "the plan was made by chitinfra {then}, this is {now}"
            ),
            MovedPart::Environment => {
                write!(formatter, "the plan is for environment {then}, not {now}")
            }
            MovedPart::Account => write!(formatter, "the plan is for account {then}, not {now}"),
            MovedPart::Region => write!(formatter, "the plan is for region {then}, not {now}"),
            MovedPart::Commit => write!(formatter, "the plan is of commit {then}, this is {now}"),
            MovedPart::Assembly => {
                formatter.write_str("the stacks are other ones than were planned")
            }
            MovedPart::NotWanted => formatter.write_str("it is no longer among the stacks"),
            MovedPart::Template => {
                formatter.write_str("its template is another than the one that was planned")
            }
            MovedPart::Parameter => {
                write!(
                    formatter,
                    "parameter {name} has another value than was planned"
                )
            }
            MovedPart::Tag => write!(formatter, "tag {name} was {then} in the plan, now {now}"),
            MovedPart::Protection => {
                formatter.write_str("its protection against deletion is another than was planned")
            }
            MovedPart::Dependencies => {
                write!(
                    formatter,
                    "it stood after {then} in the plan, now after {now}"
                )
            }
            MovedPart::ReadValue => formatter
                .write_str("an output of another stack that it reads has another value now"),
            MovedPart::Deployed => write!(
                formatter,
                "someone has deployed it: it was last changed at {then} when it was planned, now at {now}"
            ),
            MovedPart::DeployedTemplate => {
                formatter.write_str("someone has deployed another template")
            }
            MovedPart::Appeared => write!(formatter, "it did not exist, and now it does: {now}"),
            MovedPart::Vanished => write!(formatter, "it no longer exists: {then}"),
            MovedPart::OtherStack => write!(
                formatter,
                "it was deleted and made again: it was {then}, now it is {now}"
            ),
            MovedPart::Drift => formatter.write_str(
                "something else has changed resources of it, or put them back, since it was planned",
            ),
            MovedPart::Busy => write!(formatter, "it is in {now}: someone is changing it"),
            MovedPart::Failed => write!(
                formatter,
                "this plan was executed before, and that failed: the stack is in {now}"
            ),
            MovedPart::ChangeSetGone => write!(formatter, "its change set {then} is gone"),
            MovedPart::Obsolete => write!(
                formatter,
                "its change set {then} is obsolete: the stack was changed since it was made"
            ),
            MovedPart::Unavailable => write!(
                formatter,
                "its change set {then} cannot be executed any more ({})",
                self.now.as_deref().unwrap_or("no reason is given")
            ),
            MovedPart::OtherContent => write!(
                formatter,
                "the change set that the plan names does something else than the plan says"
            ),
            MovedPart::NoChangeSet => formatter.write_str(
                "it has no change set: whoever made the plan was not allowed to make one",
            ),
            MovedPart::NotSealed => {
                formatter.write_str("the plan does not say what it is bound to")
            }
        }
    }
}
