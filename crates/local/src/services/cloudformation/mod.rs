//! CloudFormation: stacks, change sets, events, templates, exports and drift.

mod change_sets;
mod drift;
mod events;
mod nested_sets;
mod operations;
mod order;
mod refactors;
mod resources;
mod rollbacks;
mod stacks;
mod templates;
mod validations;

use std::sync::Arc;

use crate::{
    endpoint::{Context, Core},
    evaluate::{Document, Failure},
    router::Content,
    state::{Entry, State},
    wire::{Form, Refusal},
};

type Answer = Result<Content, Refusal>;

/// A call: what it is made in, the state, and its fields.
struct Call<'a> {
    context: &'a Context<'a>,
    core: &'a mut Core,
    form: &'a Form,
}

/// Answers a call.
pub(crate) fn answer(context: &Context<'_>, action: &str, form: &Form) -> Answer {
    let mut core = context.endpoint.core();
    let mut call = Call {
        context,
        core: &mut core,
        form,
    };
    let answer = call.perform(action);
    // Even a refusal may tell of what others have changed.
    core.sync(context.now)?;
    answer
}

impl Call<'_> {
    fn perform(&mut self, action: &str) -> Answer {
        match action {
            "CreateStack" => operations::create(self),
            "UpdateStack" => operations::update(self),
            "DeleteStack" => operations::delete(self),
            "CancelUpdateStack" => operations::cancel_update(self),
            "ContinueUpdateRollback" => rollbacks::continue_rollback(self),
            "RollbackStack" => rollbacks::rollback(self),
            "DescribeStacks" => stacks::describe(self),
            "ListStacks" => stacks::list(self),
            "ListExports" => stacks::list_exports(self),
            "ListImports" => stacks::list_imports(self),
            "UpdateTerminationProtection" => stacks::protect(self),
            "SetStackPolicy" => stacks::set_policy(self),
            "GetStackPolicy" => stacks::get_policy(self),
            "DescribeAccountLimits" => Ok(stacks::limits()),
            "DescribeStackEvents" => events::describe_stack_events(self),
            "DescribeEvents" => events::describe_events(self),
            "DescribeStackResource" => resources::describe_one(self),
            "DescribeStackResources" => resources::describe(self),
            "ListStackResources" => resources::list(self),
            "GetTemplate" => templates::get(self),
            "GetTemplateSummary" => templates::summarize(self),
            "ValidateTemplate" => templates::validate(self),
            "CreateChangeSet" => change_sets::create(self),
            "DescribeChangeSet" => change_sets::describe(self),
            "ListChangeSets" => change_sets::list(self),
            "DeleteChangeSet" => change_sets::delete(self),
            "ExecuteChangeSet" => change_sets::execute(self),
            "DetectStackDrift" => drift::detect_stack(self),
            "DetectStackResourceDrift" => drift::detect_resource(self),
            "DescribeStackDriftDetectionStatus" => drift::describe_detection(self),
            "DescribeStackResourceDrifts" => drift::describe_resources(self),
            "CreateStackRefactor" => refactors::create(self),
            "DescribeStackRefactor" => refactors::describe(self),
            "ListStackRefactors" => refactors::list(self),
            "ListStackRefactorActions" => refactors::list_actions(self),
            "ExecuteStackRefactor" => refactors::execute(self),
            _ => Err(Refusal::new(
                "InvalidAction",
                format!("Could not find operation {action} for version 2010-05-15"),
            )),
        }
    }

    /// The stack that the call names, by name or ARN; `missing` words the refusal.
    fn stack(&self, missing: impl FnOnce(&str) -> String) -> Result<&Entry, Refusal> {
        let name = self.form.required("StackName")?;
        find(&self.core.state, &self.context.region, name)
            .ok_or_else(|| Refusal::validation(missing(name)))
    }

    fn document(&mut self, digest: &str) -> Result<Arc<Document>, Refusal> {
        self.core
            .document(digest)
            .ok_or_else(|| Refusal::internal("the template of the stack is not in the local state"))
    }
}

/// The stack with a name or ARN.
fn find<'a>(state: &'a State, region: &str, name: &str) -> Option<&'a Entry> {
    if name.starts_with("arn:") {
        state.with_arn(name)
    } else {
        state.named(region, name)
    }
}

/// One page of a list: `NextToken` says how many items were given before.
fn page<T>(
    items: Vec<T>,
    token: Option<&str>,
    size: usize,
) -> Result<(Vec<T>, Option<String>), Refusal> {
    let start: usize = match token {
        None => 0,
        Some(token) => token
            .parse()
            .map_err(|_| Refusal::validation("Invalid NextToken"))?,
    };
    let total = items.len();
    let page: Vec<T> = items.into_iter().skip(start).take(size).collect();
    let end = start.saturating_add(page.len());
    Ok((page, (end < total).then(|| end.to_string())))
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        Self::validation(failure.0)
    }
}
