//! CloudFormation in memory, for tests: immediate where the real one is slow, and able to fail on request.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Mutex, MutexGuard},
};

use indexmap::IndexMap;
use plan::{ReportedAction, ReportedChange};
use serde_json::Value;

use crate::{
    aws::ApiOperation,
    error::{AwsError, AwsErrorKind},
    port::{
        Answer, Caller, ChangeSet, ChangeSetId, ChangeSetRequest, ChangeSetStatus,
        ChangeSetSummary, ChangeSetType, CloudFormation, DeleteRequest, EventPage, ExecuteRequest,
        Execution, Finding, RollbackRequest, Stack, StackEvent, StackResource, TemplateSource,
        Values,
    },
    refactor::{RefactorAction, RefactorRequest, RefactorState, StackRefactors},
    stack_policy::StackPolicies,
    status::{Condition, ResourceStatus, StackStatus},
};

/// The connection.
#[derive(Default)]
pub(crate) struct Fake {
    state: Mutex<State>,
}

#[derive(Default)]
pub(crate) struct State {
    /// Every stack there ever was, the newest last.
    pub(crate) stacks: Vec<FakeStack>,
    pub(crate) change_sets: BTreeMap<String, FakeChangeSet>,
    /// Every call: `CreateChangeSet p-identity`.
    pub(crate) calls: Vec<String>,
    /// Calls that fail, once each, by operation.
    pub(crate) failures: Vec<(&'static str, AwsErrorKind)>,
    /// Why change sets cannot be made.
    pub(crate) refuse_change_sets: Option<String>,
    /// What warns with every change set.
    pub(crate) warning: Option<String>,
    /// The resource that fails, and why.
    pub(crate) failing: Option<(String, String)>,
    /// Whether an operation, once begun, never ends.
    pub(crate) endless: bool,
    /// Whether events carry no token.
    pub(crate) unstamped: bool,
    pub(crate) bucket: BTreeMap<String, String>,
    /// Policies of stacks by name or ARN.
    pub(crate) policies: BTreeMap<String, String>,
    counter: usize,
}

pub(crate) struct FakeStack {
    pub(crate) stack: Stack,
    pub(crate) template: String,
    events: Vec<StackEvent>,
    /// What is yet to happen, with the status the stack then has; one per poll.
    coming: VecDeque<StackEvent>,
    outputs_then: IndexMap<String, String>,
}

pub(crate) struct FakeChangeSet {
    request: ChangeSetRequest,
    stack_id: String,
    text: String,
    described: usize,
    pub(crate) created: i64,
    pub(crate) execution: Execution,
}

impl Fake {
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state
            .lock()
            .expect("no test panics while it holds the state")
    }

    /// Counts the calls of an operation.
    pub(crate) fn count(&self, operation: &str) -> usize {
        let state = self.state();
        state
            .calls
            .iter()
            .filter(|call| call.split(' ').next() == Some(operation))
            .count()
    }

    /// The status of the newest stack of a name.
    pub(crate) fn status(&self, name: &str) -> Option<StackStatus> {
        let state = self.state();
        let stack = state
            .stacks
            .iter()
            .rev()
            .find(|stack| stack.stack.name == name)?;
        Some(stack.stack.status.clone())
    }

    /// Puts the newest stack of a name into a status.
    pub(crate) fn set_status(&self, name: &str, status: StackStatus) {
        let mut state = self.state();
        let stack = state
            .stacks
            .iter_mut()
            .rev()
            .find(|stack| stack.stack.name == name);
        stack.expect("it exists").stack.status = status;
    }

    /// Lets something happen next to a stack that someone else is changing.
    pub(crate) fn will(&self, name: &str, status: StackStatus) {
        let mut state = self.state();
        let state = &mut *state;
        let stack = state
            .stacks
            .iter_mut()
            .rev()
            .find(|stack| stack.stack.name == name)
            .expect("it exists");
        let begin = event(
            &mut state.counter,
            &stack.stack,
            None,
            "UPDATE_IN_PROGRESS",
            Some("User Initiated"),
            Some("theirs"),
        );
        let end = event(
            &mut state.counter,
            &stack.stack,
            None,
            status.as_str(),
            None,
            Some("theirs"),
        );
        stack.stack.status = StackStatus::UpdateInProgress;
        stack.coming.extend([begin, end]);
    }

    fn enter(
        &self,
        operation: &'static str,
        target: &str,
    ) -> Result<MutexGuard<'_, State>, Box<AwsError>> {
        let mut state = self.state();
        state.calls.push(format!("{operation} {target}"));
        match state
            .failures
            .iter()
            .position(|(failing, _)| *failing == operation)
        {
            Some(index) => {
                let (_, kind) = state.failures.remove(index);
                Err(failure(operation, target, kind, "as the test says"))
            }
            None => Ok(state),
        }
    }
}

impl Fake {
    fn unable<T>(&self, operation: &'static str) -> Result<T, Box<AwsError>> {
        drop(self.enter(operation, "")?);
        Err(failure(
            operation,
            "",
            AwsErrorKind::Refused,
            "it moves nothing",
        ))
    }
}

fn failure(
    operation: &'static str,
    target: &str,
    kind: AwsErrorKind,
    message: &str,
) -> Box<AwsError> {
    let mut all = ApiOperation::ALL.iter().copied();
    Box::new(AwsError {
        operation: all
            .find(|one| one.name() == operation)
            .expect("the adapter has it"),
        target: Some(target.to_owned()),
        kind,
        code: None,
        message: message.to_owned(),
        request_id: None,
    })
}

fn answer<'a, T: Send + 'a>(value: Result<T, Box<AwsError>>) -> Answer<'a, T> {
    Box::pin(std::future::ready(value))
}

fn event(
    counter: &mut usize,
    stack: &Stack,
    resource: Option<(&str, &str)>,
    status: &str,
    reason: Option<&str>,
    token: Option<&str>,
) -> StackEvent {
    *counter += 1;
    let (logical_id, resource_type) =
        resource.unwrap_or((&stack.name, "AWS::CloudFormation::Stack"));
    StackEvent {
        id: counter.to_string(),
        logical_id: logical_id.to_owned(),
        physical_id: Some(
            resource.map_or_else(|| stack.id.clone(), |(id, _)| format!("physical-{id}")),
        ),
        resource_type: resource_type.to_owned(),
        status: ResourceStatus(status.to_owned()),
        reason: reason.map(str::to_owned),
        configured: false,
        token: token.map(str::to_owned),
        at: i64::try_from(*counter).expect("tests are short") * 1_000,
    }
}

fn resources(template: &str) -> Vec<(String, Value)> {
    let template: Value = serde_json::from_str(template).unwrap_or_default();
    let resources = template["Resources"]
        .as_object()
        .cloned()
        .unwrap_or_default();
    resources.into_iter().collect()
}

fn outputs(template: &str) -> IndexMap<String, String> {
    let template: Value = serde_json::from_str(template).unwrap_or_default();
    let outputs = template["Outputs"].as_object().cloned().unwrap_or_default();
    let text = |value: &Value| {
        value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned)
    };
    outputs
        .iter()
        .map(|(name, output)| (name.clone(), text(&output["Value"])))
        .collect()
}

impl State {
    fn find(&mut self, stack: &str) -> Option<&mut FakeStack> {
        self.stacks.iter_mut().rev().find(|found| {
            let by_name =
                found.stack.name == stack && found.stack.status != StackStatus::DeleteComplete;
            by_name || found.stack.id == stack
        })
    }

    fn unchanged(&mut self, request: &ChangeSetRequest, text: &str) -> bool {
        request.kind == ChangeSetType::Update
            && self.find(&request.stack_name).is_some_and(|found| {
                found.template == text
                    && found.stack.tags == request.tags
                    && found.stack.parameters == request.parameters
            })
    }

    /// Lets an operation begin: what will happen is written down, one event for each poll.
    fn begin(&mut self, stack_id: &str, token: &str, verb: &str, template: &str) {
        let (failing, endless) = (self.failing.clone(), self.endless);
        let token = (!self.unstamped).then_some(token);
        let mut counter = self.counter;
        let found = self.find(stack_id).expect("it exists");
        let mut tell = |resource: Option<(&str, &str)>, status: String, reason: Option<&str>| {
            event(&mut counter, &found.stack, resource, &status, reason, token)
        };
        let mut coming = vec![tell(
            None,
            format!("{verb}_IN_PROGRESS"),
            Some("User Initiated"),
        )];
        let mut end = format!("{verb}_COMPLETE");
        for (logical_id, resource) in resources(template) {
            let kind = resource["Type"].as_str().unwrap_or_default();
            let resource_event = Some((logical_id.as_str(), kind));
            if verb == "DELETE" && resource["DeletionPolicy"] == "Retain" {
                coming.push(tell(resource_event, "DELETE_SKIPPED".to_owned(), None));
                continue;
            }
            coming.push(tell(resource_event, format!("{verb}_IN_PROGRESS"), None));
            match &failing {
                Some((id, reason)) if *id == logical_id => {
                    coming.push(tell(resource_event, format!("{verb}_FAILED"), Some(reason)));
                    end = match verb {
                        "CREATE" => "ROLLBACK_COMPLETE".to_owned(),
                        "UPDATE" => "UPDATE_ROLLBACK_COMPLETE".to_owned(),
                        _ => format!("{verb}_FAILED"),
                    };
                    break;
                }
                _ => coming.push(tell(resource_event, format!("{verb}_COMPLETE"), None)),
            }
        }
        if !endless {
            coming.push(tell(None, end, None));
        }
        found.stack.status = StackStatus::from(format!("{verb}_IN_PROGRESS").as_str());
        found.coming.extend(coming);
        self.counter = counter;
    }
}

/// Moves are for the embedded endpoint: here there are none, and none can be made.
impl StackRefactors for Fake {
    fn create_refactor<'a>(&'a self, _: &'a RefactorRequest) -> Answer<'a, String> {
        answer(self.unable("CreateStackRefactor"))
    }

    fn refactor<'a>(&'a self, _: &'a str) -> Answer<'a, RefactorState> {
        answer(self.unable("DescribeStackRefactor"))
    }

    fn refactors_under_way(&self) -> Answer<'_, Vec<RefactorState>> {
        answer(self.enter("ListStackRefactors", "").map(|_| Vec::new()))
    }

    fn refactors_available(&self) -> Answer<'_, Vec<RefactorState>> {
        answer(self.enter("ListStackRefactors", "").map(|_| Vec::new()))
    }

    fn refactor_actions<'a>(&'a self, _: &'a str) -> Answer<'a, Vec<RefactorAction>> {
        answer(self.unable("ListStackRefactorActions"))
    }

    fn execute_refactor<'a>(&'a self, _: &'a str) -> Answer<'a, ()> {
        answer(self.unable("ExecuteStackRefactor"))
    }
}

impl CloudFormation for Fake {
    fn caller(&self) -> Answer<'_, Caller> {
        answer(self.enter("GetCallerIdentity", "").map(|_| Caller {
            account: "123456789012".to_owned(),
            arn: "arn:aws:iam::123456789012:user/someone".to_owned(),
        }))
    }

    fn stack<'a>(&'a self, stack: &'a str) -> Answer<'a, Option<Stack>> {
        answer(
            self.enter("DescribeStacks", stack)
                .map(|mut state| state.find(stack).map(|found| found.stack.clone())),
        )
    }

    fn stack_names(&self) -> Answer<'_, Vec<String>> {
        answer(self.enter("ListStacks", "").map(|state| {
            let stacks = state.stacks.iter();
            stacks.map(|found| found.stack.name.clone()).collect()
        }))
    }

    fn importers<'a>(&'a self, export: &'a str) -> Answer<'a, Vec<String>> {
        answer(self.enter("ListImports", export).map(|_| Vec::new()))
    }

    fn template<'a>(&'a self, stack: &'a str) -> Answer<'a, Option<String>> {
        answer(
            self.enter("GetTemplate", stack)
                .map(|mut state| state.find(stack).map(|found| found.template.clone())),
        )
    }

    fn resources<'a>(&'a self, stack: &'a str) -> Answer<'a, Vec<StackResource>> {
        answer(self.enter("ListStackResources", stack).map(|mut state| {
            let template = state
                .find(stack)
                .map(|found| found.template.clone())
                .unwrap_or_default();
            let describe = |(logical_id, resource): (String, Value)| StackResource {
                physical_id: Some(format!("physical-{logical_id}")),
                logical_id,
                resource_type: resource["Type"].as_str().unwrap_or_default().to_owned(),
                status: ResourceStatus("CREATE_COMPLETE".to_owned()),
                reason: None,
            };
            resources(&template).into_iter().map(describe).collect()
        }))
    }

    fn events<'a>(&'a self, stack: &'a str, page: Option<&'a str>) -> Answer<'a, EventPage> {
        answer(
            self.enter("DescribeStackEvents", stack)
                .and_then(|mut state| {
                    let Some(found) = state.find(stack) else {
                        return Err(failure(
                            "DescribeStackEvents",
                            stack,
                            AwsErrorKind::NotFound,
                            "does not exist",
                        ));
                    };
                    if page.is_none()
                        && let Some(next) = found.coming.pop_front()
                    {
                        if next.is_of_stack(&found.stack.id) {
                            found.stack.status = StackStatus::from(next.status.0.as_str());
                            if found.stack.status.condition() == Condition::Ready {
                                found.stack.outputs.clone_from(&found.outputs_then);
                            }
                        }
                        found.events.push(next);
                    }
                    // Two events make a page, so that reading on is tested everywhere.
                    let skip: usize = page.and_then(|page| page.parse().ok()).unwrap_or_default();
                    Ok(EventPage {
                        events: found
                            .events
                            .iter()
                            .rev()
                            .skip(skip)
                            .take(2)
                            .cloned()
                            .collect(),
                        next: (found.events.len() > skip + 2).then(|| (skip + 2).to_string()),
                    })
                }),
        )
    }

    fn create_change_set<'a>(&'a self, request: &'a ChangeSetRequest) -> Answer<'a, ChangeSetId> {
        answer(
            self.enter("CreateChangeSet", &request.stack_name)
                .and_then(|mut state| {
                    let id = format!("change-set:{}/{}/1", request.stack_name, request.name);
                    if state.change_sets.contains_key(&id) {
                        return Err(failure(
                            "CreateChangeSet",
                            &request.name,
                            AwsErrorKind::AlreadyExists,
                            "exists",
                        ));
                    }
                    let text = match &request.template {
                        TemplateSource::Inline(text) => text.clone(),
                        TemplateSource::Stored(url) => state.bucket[url].clone(),
                    };
                    let shell = state.find(&request.stack_name).is_some();
                    if request.kind == ChangeSetType::Create {
                        assert!(
                            state.find(&request.stack_name).is_none_or(
                                |found| found.stack.status == StackStatus::ReviewInProgress
                            ),
                            "CloudFormation refuses to create what exists"
                        );
                    }
                    if request.kind == ChangeSetType::Create && !shell {
                        state.counter += 1;
                        let stack = Stack {
                            id: format!("arn:{}:{}", request.stack_name, state.counter),
                            name: request.stack_name.clone(),
                            status: StackStatus::ReviewInProgress,
                            status_reason: None,
                            parameters: BTreeMap::new(),
                            tags: BTreeMap::new(),
                            outputs: IndexMap::new(),
                            exports: BTreeMap::new(),
                            termination_protection: false,
                            notification_arns: Vec::new(),
                            role_arn: None,
                            updated_at: None,
                            change_set: None,
                            express: false,
                        };
                        state.stacks.push(FakeStack {
                            stack,
                            template: String::new(),
                            events: Vec::new(),
                            coming: VecDeque::new(),
                            outputs_then: IndexMap::new(),
                        });
                    }
                    let stack_id = state
                        .find(&request.stack_name)
                        .expect("it exists")
                        .stack
                        .id
                        .clone();
                    state.counter += 1;
                    let created = state.counter;
                    state.change_sets.insert(
                        id.clone(),
                        FakeChangeSet {
                            request: request.clone(),
                            stack_id: stack_id.clone(),
                            text,
                            described: 0,
                            created: i64::try_from(created).expect("it is small"),
                            execution: Execution::Available,
                        },
                    );
                    Ok(ChangeSetId { id, stack_id })
                }),
        )
    }

    fn change_sets<'a>(&'a self, stack: &'a str) -> Answer<'a, Vec<ChangeSetSummary>> {
        answer(self.enter("ListChangeSets", stack).map(|mut state| {
            let Some(stack_id) = state.find(stack).map(|found| found.stack.id.clone()) else {
                return Vec::new();
            };
            let of_stack = state
                .change_sets
                .iter()
                .filter(|(_, found)| found.stack_id == stack_id);
            of_stack
                .map(|(id, found)| ChangeSetSummary {
                    id: id.clone(),
                    name: found.request.name.clone(),
                    created: found.created,
                })
                .collect()
        }))
    }

    fn change_set_template<'a>(&'a self, change_set: &'a str) -> Answer<'a, Option<String>> {
        answer(self.enter("GetTemplate", change_set).map(|state| {
            let found = state.change_sets.get(change_set);
            found.map(|found| found.text.clone())
        }))
    }

    fn change_set<'a>(&'a self, change_set: &'a str, values: Values) -> Answer<'a, ChangeSet> {
        answer(self.enter("DescribeChangeSet", change_set).and_then(|mut state| {
            let (refusal, warning) = (state.refuse_change_sets.clone(), state.warning.clone());
            let Some(found) = state.change_sets.get_mut(change_set) else {
                return Err(failure("DescribeChangeSet", change_set, AwsErrorKind::NotFound, "does not exist"));
            };
            found.described += 1;
            let (described, execution, stack_id) = (found.described, found.execution, found.stack_id.clone());
            let (request, text) = (found.request.clone(), found.text.clone());
            let nothing = state.unchanged(&request, &text);
            let (status, reason) = if described == 1 {
                (ChangeSetStatus::Pending, None)
            } else if refusal.is_some() {
                (ChangeSetStatus::Failed, refusal)
            } else if nothing {
                let reason = "The submitted information didn't contain changes. Submit different information to create a change set.";
                (ChangeSetStatus::Failed, Some(reason.to_owned()))
            } else {
                (ChangeSetStatus::Complete, warning.clone())
            };
            let deployed = state
                    .find(&stack_id)
                    .map(|found| resources(&found.template))
                    .unwrap_or_default();
                let all = resources(&text)
                    .into_iter()
                    .filter(|resource| !deployed.contains(resource)).map(|(logical_id, resource)| ReportedChange {
                logical_id,
                physical_id: None,
                type_name: resource["Type"].as_str().unwrap_or_default().to_owned(),
                action: if request.kind == ChangeSetType::Create { ReportedAction::Add } else { ReportedAction::Modify },
                replacement: None,
                policy_action: None,
                details: Vec::new(),
                drifted: false,
                ignored: Vec::new(),
            });
            // With the warning, values come at the price of completeness.
            let left_out = usize::from(warning.is_some() && values == Values::Included);
            Ok(ChangeSet { id: change_set.to_owned(), description: Some(request.description.clone()), parameters: request.parameters.clone(), tags: request.tags.clone(), stack_id, status, execution, reason, changes: all.skip(left_out).collect(), nested: Vec::new(), express: request.express })
        }))
    }

    fn findings<'a>(&'a self, change_set: &'a str) -> Answer<'a, Vec<Finding>> {
        answer(self.enter("DescribeEvents", change_set).map(|_| {
            vec![Finding {
                name: None,
                logical_id: Some("Users".to_owned()),
                message: "PROPERTY_VALIDATION: extraneous key".to_owned(),
                pointer: None,
                warning: false,
            }]
        }))
    }

    fn execute_change_set<'a>(&'a self, request: &'a ExecuteRequest) -> Answer<'a, ()> {
        let (change_set, token) = (request.change_set.as_str(), request.token.as_str());
        answer(
            self.enter("ExecuteChangeSet", change_set)
                .and_then(|mut state| {
                    let found = state
                        .change_sets
                        .remove(change_set)
                        .filter(|found| found.execution == Execution::Available);
                    let Some(found) = found else {
                        return Err(failure(
                            "ExecuteChangeSet",
                            change_set,
                            AwsErrorKind::Conflict,
                            "not available",
                        ));
                    };
                    let verb = if found.request.kind == ChangeSetType::Create {
                        "CREATE"
                    } else {
                        "UPDATE"
                    };
                    state.begin(&found.stack_id, token, verb, &found.text);
                    let fails = state.failing.is_some();
                    let stack = state.find(&found.stack_id).expect("it exists");
                    stack.stack.change_set = Some(change_set.to_owned());
                    if !fails {
                        stack.outputs_then = outputs(&found.text);
                        stack.template = found.text;
                        stack.stack.tags = found.request.tags;
                        stack.stack.parameters = found.request.parameters;
                    }
                    state
                        .change_sets
                        .retain(|_, other| other.stack_id != found.stack_id);
                    Ok(())
                }),
        )
    }

    fn delete_change_set<'a>(&'a self, change_set: &'a str) -> Answer<'a, ()> {
        answer(self.enter("DeleteChangeSet", change_set).map(|mut state| {
            state.change_sets.remove(change_set);
        }))
    }

    fn delete_stack<'a>(&'a self, request: &'a DeleteRequest) -> Answer<'a, ()> {
        answer(self.enter("DeleteStack", &request.stack).map(|mut state| {
            let found = state.find(&request.stack).expect("it exists");
            let template = found.template.clone();
            if matches!(
                found.stack.status,
                StackStatus::ReviewInProgress | StackStatus::RollbackComplete
            ) {
                found.stack.status = StackStatus::DeleteComplete;
            } else {
                state.begin(&request.stack, &request.token, "DELETE", &template);
            }
        }))
    }

    fn roll_back<'a>(&'a self, request: &'a RollbackRequest) -> Answer<'a, ()> {
        answer(self.enter("RollBack", &request.stack).map(|mut state| {
            state.begin(&request.stack, &request.token, "UPDATE_ROLLBACK", "");
        }))
    }

    fn cancel_update<'a>(&'a self, stack: &'a str, token: &'a str) -> Answer<'a, ()> {
        answer(self.enter("CancelUpdateStack", stack).map(|mut state| {
            state.begin(stack, token, "UPDATE_ROLLBACK", "");
        }))
    }

    fn set_termination_protection<'a>(&'a self, stack: &'a str, on: bool) -> Answer<'a, ()> {
        answer(
            self.enter("UpdateTerminationProtection", stack)
                .map(|mut state| {
                    state
                        .find(stack)
                        .expect("it exists")
                        .stack
                        .termination_protection = on;
                }),
        )
    }

    fn store_template<'a>(&'a self, key: &'a str, body: &'a str) -> Answer<'a, String> {
        answer(self.enter("PutObject", key).map(|mut state| {
            let url = format!("https://bucket/{key}");
            state.bucket.insert(url.clone(), body.to_owned());
            url
        }))
    }
}

impl StackPolicies for Fake {
    fn stack_policy<'a>(&'a self, stack: &'a str) -> Answer<'a, Option<String>> {
        answer(self.enter("GetStackPolicy", stack).map(|mut state| {
            let name = state.find(stack)?.stack.name.clone();
            state.policies.get(&name).cloned()
        }))
    }

    fn set_stack_policy<'a>(&'a self, stack: &'a str, policy: &'a str) -> Answer<'a, ()> {
        answer(self.enter("SetStackPolicy", stack).map(|mut state| {
            let name = state.find(stack).expect("it exists").stack.name.clone();
            state.policies.insert(name, policy.to_owned());
        }))
    }
}
