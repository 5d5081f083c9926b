//! The calls of stack refactors.

use aws_sdk_cloudformation::types::{
    ResourceLocation, ResourceMapping, StackDefinition, StackRefactorAction,
    StackRefactorActionEntity, StackRefactorActionType, StackRefactorExecutionStatus as Execution,
    StackRefactorStatus as Making, StackRefactorSummary,
};

use super::{ApiOperation, Aws};
use crate::{
    error::AwsError,
    port::{Answer, TemplateSource},
    refactor::port::{
        RefactorAction, RefactorProgress, RefactorRequest, RefactorState, ResourcePlace,
        StackRefactors,
    },
};

impl StackRefactors for Aws {
    fn create_refactor<'a>(&'a self, request: &'a RefactorRequest) -> Answer<'a, String> {
        Box::pin(async move {
            let call = self.call(
                ApiOperation::CreateStackRefactor,
                request.description.as_str(),
            );
            let stacks = request.stacks.iter().map(|(name, template)| {
                let definition = StackDefinition::builder().stack_name(name);
                match template {
                    TemplateSource::Inline(body) => definition.template_body(body),
                    TemplateSource::Stored(url) => definition.template_url(url),
                }
                .build()
            });
            let mappings = request.mappings.iter().map(|(from, to)| {
                ResourceMapping::builder()
                    .source(location(from))
                    .destination(location(to))
                    .build()
            });
            let answer = self
                .cloudformation
                .create_stack_refactor()
                .description(&request.description)
                .set_stack_definitions(Some(stacks.collect()))
                .set_resource_mappings(Some(mappings.collect()))
                .enable_stack_creation(request.creates_stacks)
                .send()
                .await
                .map_err(|error| call.failed(error))?;
            Ok(answer.stack_refactor_id.unwrap_or_default())
        })
    }

    fn refactor<'a>(&'a self, id: &'a str) -> Answer<'a, RefactorState> {
        Box::pin(async move {
            let call = self.call(ApiOperation::DescribeStackRefactor, id);
            let request = self.cloudformation.describe_stack_refactor();
            let answer = request.stack_refactor_id(id).send().await;
            let found = answer.map_err(|error| call.failed(error))?;
            let progress = progress(found.status.as_ref(), found.execution_status.as_ref());
            Ok(RefactorState {
                id: id.to_owned(),
                description: found.description,
                progress,
                reason: found.execution_status_reason.or(found.status_reason),
                stack_ids: found.stack_ids.unwrap_or_default(),
            })
        })
    }

    fn refactors_under_way(&self) -> Answer<'_, Vec<RefactorState>> {
        let filter = vec![Execution::ExecuteInProgress, Execution::RollbackInProgress];
        Box::pin(self.listed(filter))
    }

    fn refactors_available(&self) -> Answer<'_, Vec<RefactorState>> {
        Box::pin(self.listed(vec![Execution::Available]))
    }

    fn refactor_actions<'a>(&'a self, id: &'a str) -> Answer<'a, Vec<RefactorAction>> {
        Box::pin(async move {
            let call = self.call(ApiOperation::ListStackRefactorActions, id);
            let request = self.cloudformation.list_stack_refactor_actions();
            let mut pages = request.stack_refactor_id(id).into_paginator().send();
            let mut actions = Vec::new();
            while let Some(page) = pages.next().await {
                let page = page.map_err(|error| call.failed(error))?;
                let found = page.stack_refactor_actions.unwrap_or_default();
                actions.extend(found.into_iter().map(action));
            }
            Ok(actions)
        })
    }

    fn execute_refactor<'a>(&'a self, id: &'a str) -> Answer<'a, ()> {
        Box::pin(async move {
            let call = self.call(ApiOperation::ExecuteStackRefactor, id);
            let request = self.cloudformation.execute_stack_refactor();
            let answer = request.stack_refactor_id(id).send().await;
            answer.map(|_| ()).map_err(|error| call.failed(error))
        })
    }
}

impl Aws {
    async fn listed(&self, filter: Vec<Execution>) -> Result<Vec<RefactorState>, Box<AwsError>> {
        let call = self.call(ApiOperation::ListStackRefactors, "the account");
        let request = self.cloudformation.list_stack_refactors();
        let request = request.set_execution_status_filter(Some(filter));
        let mut pages = request.into_paginator().send();
        let mut found = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| call.failed(error))?;
            let summaries = page.stack_refactor_summaries.unwrap_or_default();
            found.extend(summaries.into_iter().map(summary));
        }
        Ok(found)
    }
}

fn location(place: &ResourcePlace) -> ResourceLocation {
    ResourceLocation::builder()
        .stack_name(&place.stack_name)
        .logical_resource_id(&place.logical_id)
        .build()
}

fn summary(summary: StackRefactorSummary) -> RefactorState {
    let progress = progress(summary.status.as_ref(), summary.execution_status.as_ref());
    RefactorState {
        id: summary.stack_refactor_id.unwrap_or_default(),
        description: summary.description,
        progress,
        reason: summary.execution_status_reason.or(summary.status_reason),
        stack_ids: Vec::new(),
    }
}

/// What both statuses come to. A word that is not known is taken for one of something that goes on, as nothing may be
/// concluded from it.
fn progress(making: Option<&Making>, execution: Option<&Execution>) -> RefactorProgress {
    match (making, execution) {
        (Some(Making::CreateFailed), _) => RefactorProgress::Refused,
        (_, Some(Execution::ExecuteInProgress)) => RefactorProgress::Executing,
        (_, Some(Execution::ExecuteComplete)) => RefactorProgress::Done,
        (_, Some(Execution::RollbackInProgress)) => RefactorProgress::RollingBack,
        (_, Some(Execution::RollbackComplete)) => RefactorProgress::RolledBack,
        (_, Some(Execution::RollbackFailed | Execution::ExecuteFailed)) => RefactorProgress::Failed,
        (_, Some(Execution::Obsolete)) => RefactorProgress::Obsolete,
        (Some(Making::CreateComplete), Some(Execution::Available)) => RefactorProgress::Available,
        _ => RefactorProgress::Pending,
    }
}

fn action(action: StackRefactorAction) -> RefactorAction {
    let is = |kind: StackRefactorActionType, entity: StackRefactorActionEntity| {
        action.action.as_ref() == Some(&kind) && action.entity.as_ref() == Some(&entity)
    };
    if is(
        StackRefactorActionType::Move,
        StackRefactorActionEntity::Resource,
    ) && let Some(mapping) = &action.resource_mapping
        && let (Some(from), Some(to)) = (place(mapping.source()), place(mapping.destination()))
    {
        return RefactorAction::Move { from, to };
    }
    if is(
        StackRefactorActionType::Create,
        StackRefactorActionEntity::Stack,
    ) {
        let stack = action.physical_resource_id.as_deref().unwrap_or_default();
        return RefactorAction::CreateStack(name_of(stack).to_owned());
    }
    RefactorAction::Other(format!(
        "{} {} {}",
        action.action.as_ref().map_or("", |word| word.as_str()),
        action.entity.as_ref().map_or("", |word| word.as_str()),
        action.description.as_deref().unwrap_or_default()
    ))
}

fn place(location: Option<&ResourceLocation>) -> Option<ResourcePlace> {
    let location = location?;
    Some(ResourcePlace {
        stack_name: name_of(location.stack_name()?).to_owned(),
        logical_id: location.logical_resource_id()?.to_owned(),
    })
}

/// The name of a stack that is told by its name or its ARN.
fn name_of(stack: &str) -> &str {
    if stack.starts_with("arn:") {
        stack.split('/').nth(1).unwrap_or(stack)
    } else {
        stack
    }
}
