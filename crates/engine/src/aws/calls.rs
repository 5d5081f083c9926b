//! The calls themselves.

use aws_sdk_cloudformation::types::{
    Capability, ChangeSetType as SdkChangeSetType, DeletionMode, DeploymentConfig,
    DeploymentConfigMode, DeploymentMode, EventFilter, Parameter, StackStatus, Tag, TemplateStage,
};

use super::{ApiOperation, Aws, convert, failure::Call};
use crate::{
    error::{AwsError, AwsErrorKind},
    port::{
        Answer, Caller, ChangeSet, ChangeSetId, ChangeSetRequest, ChangeSetSummary, ChangeSetType,
        CloudFormation, DeleteRequest, Deletion, EventPage, ExecuteRequest, Finding, Rollback,
        RollbackRequest, Stack, StackResource, TemplateSource, Values,
    },
};

/// Where the SDK looks for credentials when no profile is named, in its order.
const LOOKED_FOR: &str = "looked for `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY` in the environment, the profile `default` \
    with its keys, role, SSO sign-in or process, a web identity token, and the role of a container or an instance";

impl Aws {
    pub(super) fn call<'a>(
        &'a self,
        operation: ApiOperation,
        target: impl Into<Option<&'a str>>,
    ) -> Call<'a> {
        Call {
            operation,
            target: target.into(),
            endpoint: self.endpoint.as_deref(),
        }
    }
}

/// Turns "not found" into nothing, for calls whose question that answers.
pub(super) fn absent_is_none<T>(
    answer: Result<T, Box<AwsError>>,
) -> Result<Option<T>, Box<AwsError>> {
    match answer {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind == AwsErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// An operation that ends when configuration is applied. Whether a failure is rolled back is always said: the reference and
/// AWS's own tools disagree about the default.
fn express() -> DeploymentConfig {
    DeploymentConfig::builder()
        .mode(DeploymentConfigMode::Express)
        .disable_rollback(false)
        .build()
}

fn unless_empty<T>(list: Vec<T>) -> Option<Vec<T>> {
    (!list.is_empty()).then_some(list)
}

impl CloudFormation for Aws {
    fn stands_in(&self) -> bool {
        self.endpoint.is_some()
    }

    fn caller(&self) -> Answer<'_, Caller> {
        Box::pin(async move {
            let call = self.call(ApiOperation::GetCallerIdentity, None);
            let answer = self.sts.get_caller_identity().send().await;
            let answer = answer.map_err(|error| {
                let mut error = call.failed(error);
                if error.kind == AwsErrorKind::CredentialsMissing {
                    error.message = match &self.profile {
                        Some(name) => format!(
                            "profile `{name}` gives none: it has no keys, role, sign-in or process that does"
                        ),
                        None => LOOKED_FOR.to_owned(),
                    };
                }
                error
            })?;
            Ok(Caller {
                account: answer.account.unwrap_or_default(),
                arn: answer.arn.unwrap_or_default(),
            })
        })
    }

    fn stack<'a>(&'a self, stack: &'a str) -> Answer<'a, Option<Stack>> {
        Box::pin(async move {
            let call = self.call(ApiOperation::DescribeStacks, stack);
            let answer = self
                .cloudformation
                .describe_stacks()
                .stack_name(stack)
                .send()
                .await;
            let answer = absent_is_none(answer.map_err(|error| call.failed(error)))?;
            Ok(answer
                .and_then(|answer| answer.stacks.unwrap_or_default().into_iter().next())
                .map(convert::stack))
        })
    }

    fn stack_names(&self) -> Answer<'_, Vec<String>> {
        Box::pin(async move {
            let call = self.call(ApiOperation::ListStacks, "every stack");
            // Those that were deleted are listed for 90 days.
            let present = StackStatus::values().iter();
            let present = present.filter(|status| **status != StackStatus::DeleteComplete.as_str());
            let request = self.cloudformation.list_stacks();
            let request = request
                .set_stack_status_filter(Some(present.copied().map(StackStatus::from).collect()));
            let mut pages = request.into_paginator().send();
            let mut names = Vec::new();
            while let Some(page) = pages.next().await {
                let page = page.map_err(|error| call.failed(error))?;
                let found = page.stack_summaries.unwrap_or_default();
                names.extend(found.into_iter().filter_map(|stack| stack.stack_name));
            }
            Ok(names)
        })
    }

    fn importers<'a>(&'a self, export: &'a str) -> Answer<'a, Vec<String>> {
        Box::pin(async move {
            let call = self.call(ApiOperation::ListImports, export);
            let request = self.cloudformation.list_imports().export_name(export);
            let mut pages = request.into_paginator().send();
            let mut importers = Vec::new();
            while let Some(page) = pages.next().await {
                match page.map_err(|error| call.failed(error)) {
                    Ok(page) => importers.extend(page.imports.unwrap_or_default()),
                    // "Export 'x' is not imported by any stack."
                    Err(error)
                        if error.kind == AwsErrorKind::NotFound
                            || error.message.contains("is not imported by any stack") =>
                    {
                        break;
                    }
                    Err(error) => return Err(error),
                }
            }
            Ok(importers)
        })
    }

    fn template<'a>(&'a self, stack: &'a str) -> Answer<'a, Option<String>> {
        Box::pin(async move {
            let call = self.call(ApiOperation::GetTemplate, stack);
            let request = self.cloudformation.get_template().stack_name(stack);
            let answer = request.template_stage(TemplateStage::Original).send().await;
            let answer = absent_is_none(answer.map_err(|error| call.failed(error)))?;
            Ok(answer.and_then(|answer| answer.template_body))
        })
    }

    fn resources<'a>(&'a self, stack: &'a str) -> Answer<'a, Vec<StackResource>> {
        Box::pin(async move {
            let call = self.call(ApiOperation::ListStackResources, stack);
            let request = self.cloudformation.list_stack_resources().stack_name(stack);
            let mut pages = request.into_paginator().send();
            let mut resources = Vec::new();
            while let Some(page) = pages.next().await {
                let page = page.map_err(|error| call.failed(error))?;
                let summaries = page.stack_resource_summaries.unwrap_or_default();
                resources.extend(summaries.into_iter().map(convert::resource));
            }
            Ok(resources)
        })
    }

    fn events<'a>(&'a self, stack: &'a str, page: Option<&'a str>) -> Answer<'a, EventPage> {
        Box::pin(async move {
            let call = self.call(ApiOperation::DescribeStackEvents, stack);
            let request = self
                .cloudformation
                .describe_stack_events()
                .stack_name(stack);
            let answer = request.set_next_token(page.map(str::to_owned)).send().await;
            let answer = answer.map_err(|error| call.failed(error))?;
            Ok(EventPage {
                events: answer
                    .stack_events
                    .unwrap_or_default()
                    .into_iter()
                    .map(convert::event)
                    .collect(),
                next: answer.next_token,
            })
        })
    }

    fn create_change_set<'a>(&'a self, request: &'a ChangeSetRequest) -> Answer<'a, ChangeSetId> {
        Box::pin(async move {
            let call = self.call(ApiOperation::CreateChangeSet, request.stack_name.as_str());
            let (body, url) = match &request.template {
                TemplateSource::Inline(body) => (Some(body.clone()), None),
                TemplateSource::Stored(url) => (None, Some(url.clone())),
            };
            let parameters = request.parameters.iter().map(|(key, value)| {
                Parameter::builder()
                    .parameter_key(key)
                    .parameter_value(value)
                    .build()
            });
            let tags = request
                .tags
                .iter()
                .map(|(key, value)| Tag::builder().key(key).value(value).build());
            let kind = match request.kind {
                ChangeSetType::Create => SdkChangeSetType::Create,
                ChangeSetType::Update => SdkChangeSetType::Update,
            };
            let answer = self
                .cloudformation
                .create_change_set()
                .stack_name(&request.stack_name)
                .change_set_name(&request.name)
                .description(&request.description)
                .client_token(&request.token)
                .change_set_type(kind)
                .set_template_body(body)
                .set_template_url(url)
                .set_parameters(unless_empty(parameters.collect()))
                // An empty list takes the tags of a stack away, and whom it notifies; none at all would leave them.
                .set_tags(Some(tags.collect()))
                .set_notification_arns(Some(request.notification_arns.clone()))
                .set_role_arn(request.role_arn.clone())
                .set_deployment_mode(request.revert_drift.then_some(DeploymentMode::RevertDrift))
                .capabilities(Capability::CapabilityNamedIam)
                .capabilities(Capability::CapabilityAutoExpand)
                .set_import_existing_resources(request.import_existing.then_some(true))
                .set_include_nested_stacks(request.nested.then_some(true))
                .set_deployment_config(request.express.then(express))
                .send()
                .await
                .map_err(|error| call.failed(error))?;
            Ok(ChangeSetId {
                id: answer.id.unwrap_or_default(),
                stack_id: answer.stack_id.unwrap_or_default(),
            })
        })
    }

    fn change_sets<'a>(&'a self, stack: &'a str) -> Answer<'a, Vec<ChangeSetSummary>> {
        Box::pin(async move {
            let call = self.call(ApiOperation::ListChangeSets, stack);
            let request = self.cloudformation.list_change_sets().stack_name(stack);
            let mut pages = request.into_paginator().send();
            let mut change_sets = Vec::new();
            while let Some(page) = pages.next().await {
                let page = page.map_err(|error| call.failed(error));
                let Some(page) = absent_is_none(page)? else {
                    break;
                };
                let summaries = page.summaries.unwrap_or_default();
                change_sets.extend(summaries.into_iter().map(convert::summary));
            }
            Ok(change_sets)
        })
    }

    fn change_set_template<'a>(&'a self, change_set: &'a str) -> Answer<'a, Option<String>> {
        Box::pin(async move {
            let call = self.call(ApiOperation::GetTemplate, change_set);
            let request = self.cloudformation.get_template();
            let request = request.change_set_name(change_set);
            let answer = request.template_stage(TemplateStage::Original).send().await;
            let answer = absent_is_none(answer.map_err(|error| call.failed(error)))?;
            Ok(answer.and_then(|answer| answer.template_body))
        })
    }

    fn change_set<'a>(&'a self, change_set: &'a str, values: Values) -> Answer<'a, ChangeSet> {
        Box::pin(async move {
            let call = self.call(ApiOperation::DescribeChangeSet, change_set);
            let request = self
                .cloudformation
                .describe_change_set()
                .change_set_name(change_set)
                .include_property_values(values == Values::Included);
            let mut whole: Option<ChangeSet> = None;
            let mut token = None;
            loop {
                let page = request.clone().set_next_token(token.take()).send().await;
                let page = page.map_err(|error| call.failed(error))?;
                let changes = page.changes.clone().unwrap_or_default();
                token.clone_from(&page.next_token);
                let nested: Vec<_> = changes.iter().filter_map(convert::nested).collect();
                let so_far = whole.get_or_insert_with(|| convert::change_set(&page));
                so_far.nested.extend(nested);
                so_far
                    .changes
                    .extend(changes.into_iter().filter_map(convert::change));
                if token.is_none() {
                    break;
                }
            }
            Ok(whole.expect("the loop runs once at least"))
        })
    }

    fn findings<'a>(&'a self, change_set: &'a str) -> Answer<'a, Vec<Finding>> {
        Box::pin(async move {
            let call = self.call(ApiOperation::DescribeEvents, change_set);
            let request = self
                .cloudformation
                .describe_events()
                .change_set_name(change_set)
                .filters(EventFilter::builder().failed_events(true).build());
            let mut pages = request.into_paginator().send();
            let mut findings = Vec::new();
            while let Some(page) = pages.next().await {
                let page = page.map_err(|error| call.failed(error))?;
                let events = page.operation_events.unwrap_or_default();
                findings.extend(events.into_iter().filter_map(convert::finding));
            }
            Ok(findings)
        })
    }

    fn execute_change_set<'a>(&'a self, asked: &'a ExecuteRequest) -> Answer<'a, ()> {
        Box::pin(async move {
            let call = self.call(ApiOperation::ExecuteChangeSet, asked.change_set.as_str());
            let request = self
                .cloudformation
                .execute_change_set()
                .change_set_name(&asked.change_set)
                .client_request_token(&asked.token)
                // Always said: the reference and the practice disagree about the default. The `OnStackFailure` of a
                // change set would exclude it, and so does its own configuration, which says it then.
                .set_disable_rollback((!asked.express).then_some(false))
                .retain_except_on_create(true);
            let answer = request.send().await;
            answer.map(|_| ()).map_err(|error| call.failed(error))
        })
    }

    fn delete_change_set<'a>(&'a self, change_set: &'a str) -> Answer<'a, ()> {
        Box::pin(async move {
            let call = self.call(ApiOperation::DeleteChangeSet, change_set);
            let request = self
                .cloudformation
                .delete_change_set()
                .change_set_name(change_set);
            let answer = request.send().await.map_err(|error| call.failed(error));
            absent_is_none(answer).map(|_| ())
        })
    }

    fn delete_stack<'a>(&'a self, request: &'a DeleteRequest) -> Answer<'a, ()> {
        Box::pin(async move {
            let call = self.call(ApiOperation::DeleteStack, request.stack.as_str());
            let answer = self
                .cloudformation
                .delete_stack()
                .stack_name(&request.stack)
                .client_request_token(&request.token)
                .set_role_arn(request.role_arn.clone())
                .set_retain_resources(match &request.deletion {
                    Deletion::Retaining(logical_ids) => Some(logical_ids.clone()),
                    Deletion::Whole | Deletion::Forced => None,
                })
                .set_deletion_mode(
                    (request.deletion == Deletion::Forced)
                        .then_some(DeletionMode::ForceDeleteStack),
                )
                .send()
                .await;
            answer.map(|_| ()).map_err(|error| call.failed(error))
        })
    }

    fn roll_back<'a>(&'a self, request: &'a RollbackRequest) -> Answer<'a, ()> {
        Box::pin(async move {
            if request.rollback == Rollback::Paused {
                let call = self.call(ApiOperation::RollbackStack, request.stack.as_str());
                let answer = self
                    .cloudformation
                    .rollback_stack()
                    .stack_name(&request.stack)
                    .client_request_token(&request.token)
                    .set_role_arn(request.role_arn.clone())
                    .retain_except_on_create(true)
                    .set_deployment_config(request.express.then(express))
                    .send()
                    .await;
                return answer.map(|_| ()).map_err(|error| call.failed(error));
            }
            let call = self.call(ApiOperation::ContinueUpdateRollback, request.stack.as_str());
            let begun = self
                .cloudformation
                .continue_update_rollback()
                .stack_name(&request.stack)
                .client_request_token(&request.token)
                .set_role_arn(request.role_arn.clone());
            let begun = match &request.rollback {
                Rollback::Continued(skip) => {
                    begun.set_resources_to_skip(unless_empty(skip.clone()))
                }
                Rollback::Forced | Rollback::Paused => begun.force_rollback(true),
            };
            let answer = begun.send().await;
            answer.map(|_| ()).map_err(|error| call.failed(error))
        })
    }

    fn cancel_update<'a>(&'a self, stack: &'a str, token: &'a str) -> Answer<'a, ()> {
        Box::pin(async move {
            let call = self.call(ApiOperation::CancelUpdateStack, stack);
            let request = self.cloudformation.cancel_update_stack().stack_name(stack);
            let answer = request.client_request_token(token).send().await;
            answer.map(|_| ()).map_err(|error| call.failed(error))
        })
    }

    fn set_termination_protection<'a>(&'a self, stack: &'a str, on: bool) -> Answer<'a, ()> {
        Box::pin(async move {
            let call = self.call(ApiOperation::UpdateTerminationProtection, stack);
            let request = self
                .cloudformation
                .update_termination_protection()
                .stack_name(stack);
            let answer = request.enable_termination_protection(on).send().await;
            answer.map(|_| ()).map_err(|error| call.failed(error))
        })
    }

    fn store_template<'a>(&'a self, key: &'a str, body: &'a str) -> Answer<'a, String> {
        Box::pin(async move {
            self.put_text(key, body).await?;
            Ok(match &self.endpoint {
                Some(endpoint) => {
                    format!(
                        "{}/{}/{key}",
                        endpoint.trim_end_matches('/'),
                        self.asset_bucket
                    )
                }
                None => {
                    let china = if self.region.starts_with("cn-") {
                        ".cn"
                    } else {
                        ""
                    };
                    format!(
                        "https://{}.s3.{}.amazonaws.com{china}/{key}",
                        self.asset_bucket, self.region
                    )
                }
            })
        })
    }
}
