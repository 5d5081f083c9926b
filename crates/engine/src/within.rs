//! What happened within nested stacks: the stack above tells no more than that one of them failed, or is gone.
//!
//! Their resources are named through their stack: `Network.Subnet`.

use assembly::ResourceOrigin;
use futures_util::future::{BoxFuture, FutureExt as _};
use indexmap::IndexMap;

use crate::{
    cause::{Cause, first_cause, first_failure},
    deploy::remains,
    engine::Engine,
    error::{AwsError, Error},
    follow::Followed,
    nested::{NESTED, within},
    port::{StackEvent, StackResource},
};

/// A resource that failed.
pub(crate) struct FailedResource {
    pub(crate) resource: StackResource,
    /// The CloudFormation name of the nested stack that it is in, if it is in one.
    pub(crate) nested_in: Option<String>,
}

impl Engine<'_> {
    /// What failed first in an operation, wherever that was.
    pub(crate) async fn cause(
        &self,
        stack: &str,
        stack_id: &str,
        events: &[StackEvent],
        origins: &IndexMap<String, ResourceOrigin>,
    ) -> Option<Box<Cause>> {
        let mut cause = first_cause(stack_id, events, origins)?;
        let since = events.first()?.at;
        let mut nested = failed_nested(stack_id, events);
        while let Some(id) = nested {
            let events = match self.events_since(&id, since).await {
                Ok(events) => events,
                Err(error) => {
                    let name = &cause.logical_id;
                    self.note(
                        stack,
                        format!("what failed in `{name}` is not known: {error}"),
                    );
                    break;
                }
            };
            // That the stack failed as a whole says no more than what is known already.
            let is_told = first_failure(&id, &events).is_some_and(|event| !event.is_of_stack(&id));
            let Some(inner) = first_cause(&id, &events, &IndexMap::new()).filter(|_| is_told)
            else {
                break;
            };
            cause = Cause {
                logical_id: within(&cause.logical_id, &inner.logical_id),
                followers: cause.followers + inner.followers,
                source: cause.source,
                path: cause.path,
                ..inner
            };
            nested = failed_nested(&id, &events);
        }
        Some(Box::new(cause))
    }

    /// What an operation left in place, in nested stacks as well.
    pub(crate) async fn remains(
        &self,
        followed: &Followed<'_>,
        events: &[StackEvent],
    ) -> Vec<StackResource> {
        let Some(first) = events.first() else {
            return Vec::new();
        };
        self.remains_within(followed.stack, followed.stack_id, events, first.at)
            .await
    }

    fn remains_within<'a>(
        &'a self,
        stack: &'a str,
        stack_id: &'a str,
        events: &'a [StackEvent],
        since: i64,
    ) -> BoxFuture<'a, Vec<StackResource>> {
        async move {
            let mut found = remains(stack_id, events);
            let mut gone: Vec<(&str, &str)> = Vec::new();
            for event in events.iter().filter(|event| !event.is_of_stack(stack_id)) {
                let is_gone =
                    matches!(event.status.0.as_str(), "DELETE_COMPLETE" | "DELETE_FAILED");
                let id = event.physical_id.as_deref().filter(|id| !id.is_empty());
                if let (true, NESTED, Some(id)) = (is_gone, event.resource_type.as_str(), id)
                    && !gone.iter().any(|(_, known)| *known == id)
                {
                    gone.push((&event.logical_id, id));
                }
            }
            for (name, id) in gone {
                match self.events_since(id, since).await {
                    Ok(events) => {
                        let below = self.remains_within(stack, id, &events, since).await;
                        found.extend(below.into_iter().map(|resource| StackResource {
                            logical_id: within(name, &resource.logical_id),
                            ..resource
                        }));
                    }
                    Err(error) => {
                        let what = format!("what remains of `{name}` is not known: {error}");
                        self.note(stack, what);
                    }
                }
            }
            found
        }
        .boxed()
    }

    /// The resources of a stack that failed of themselves; of a nested stack that failed, those within it.
    pub(crate) fn failed_resources<'a>(
        &'a self,
        stack_id: &'a str,
        is_first: &'a (dyn Fn(&StackResource) -> bool + Sync),
    ) -> BoxFuture<'a, Result<Vec<FailedResource>, Error>> {
        async move {
            self.pace.permit().await;
            let resources = self.cloud.resources(stack_id).await?;
            let mut found = Vec::new();
            for resource in resources.into_iter().filter(|one| is_first(one)) {
                let nested = resource.physical_id.as_deref();
                let nested = nested.filter(|_| resource.resource_type == NESTED);
                let below = match nested {
                    Some(id) => self.failed_resources(id, is_first).await?,
                    None => Vec::new(),
                };
                if below.is_empty() {
                    found.push(FailedResource {
                        resource,
                        nested_in: None,
                    });
                    continue;
                }
                let own = nested.and_then(name_in);
                found.extend(below.into_iter().map(|inner| FailedResource {
                    nested_in: inner.nested_in.or_else(|| own.map(str::to_owned)),
                    resource: StackResource {
                        logical_id: within(&resource.logical_id, &inner.resource.logical_id),
                        ..inner.resource
                    },
                }));
            }
            Ok(found)
        }
        .boxed()
    }

    /// The events of a stack since a time, the oldest first.
    async fn events_since(
        &self,
        stack_id: &str,
        since: i64,
    ) -> Result<Vec<StackEvent>, Box<AwsError>> {
        let mut found = Vec::new();
        let mut page: Option<String> = None;
        loop {
            self.pace.permit().await;
            let answer = self.cloud.events(stack_id, page.as_deref()).await?;
            let all = answer.events.len();
            let news = answer.events.into_iter().filter(|event| event.at >= since);
            let before = found.len();
            found.extend(news);
            page = answer.next;
            if page.is_none() || found.len() - before < all {
                break;
            }
        }
        found.reverse();
        Ok(found)
    }
}

/// The nested stack that failed first, if it was one.
fn failed_nested(stack_id: &str, events: &[StackEvent]) -> Option<String> {
    let event = first_failure(stack_id, events)?;
    let is_nested = event.resource_type == NESTED && !event.is_of_stack(stack_id);
    let id = event.physical_id.clone().filter(|id| !id.is_empty());
    id.filter(|_| is_nested)
}

/// The name of a stack in its ARN.
fn name_in(arn: &str) -> Option<&str> {
    arn.rsplit('/').nth(1)
}
