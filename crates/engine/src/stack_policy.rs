//! Stack policies: what an update may do with which resources. Executing a change set cannot override one for a while, so
//! the policy that the code declares is set before an update, which it then holds for, and after a first create.
//!
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/protect-stack-resources.html>

use assembly::StackManifest;
use plan::{Action, EntryChange};
use serde_json::Value;

use crate::{
    engine::Engine,
    error::{AwsErrorKind, Error},
    port::Answer,
    survey::Denied,
};

/// The calls about policies.
pub trait StackPolicies: Send + Sync {
    /// The policy of a stack as its text; nothing when it has none, or there is no such stack.
    fn stack_policy<'a>(&'a self, stack: &'a str) -> Answer<'a, Option<String>>;

    /// Sets the policy of a stack.
    fn set_stack_policy<'a>(&'a self, stack: &'a str, policy: &'a str) -> Answer<'a, ()>;
}

/// What is known of a stack's policy.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum PolicyNow {
    /// The code says nothing of it, so nobody asked.
    #[default]
    NotAsked,
    /// There is none.
    None,
    /// This.
    Some(Value),
    /// These credentials may not make the call.
    Denied(String),
}

impl Engine<'_> {
    /// The policy of a stack, where the code has a word in it.
    pub(crate) async fn policy_now(
        &self,
        stack: &StackManifest,
        denied: Denied,
    ) -> Result<PolicyNow, Error> {
        if stack.stack_policy.is_none() {
            return Ok(PolicyNow::NotAsked);
        }
        self.pace.permit().await;
        match self.cloud.stack_policy(&stack.stack_name).await {
            Ok(None) => Ok(PolicyNow::None),
            // One that is no JSON is certainly another than the wanted one.
            Ok(Some(text)) => Ok(PolicyNow::Some(
                serde_json::from_str(&text).unwrap_or(Value::String(text)),
            )),
            Err(error) if error.kind == AwsErrorKind::AccessDenied && denied == Denied::Note => {
                Ok(PolicyNow::Denied(error.call()))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Sets the policy that the code declares, where the stack has another; whether it had.
    pub(crate) async fn apply_policy(
        &self,
        stack: &StackManifest,
        stack_id: &str,
    ) -> Result<bool, Error> {
        let Some(wanted) = &stack.stack_policy else {
            return Ok(false);
        };
        let now = self.cloud.stack_policy(stack_id).await?;
        let now = now.and_then(|text| serde_json::from_str::<Value>(&text).ok());
        if now.as_ref() == Some(wanted) {
            return Ok(false);
        }
        let text = wanted.to_string();
        self.cloud.set_stack_policy(stack_id, &text).await?;
        Ok(true)
    }
}

/// How the policy of a stack changes.
pub(crate) fn policy_change(stack: &StackManifest, now: &PolicyNow) -> Option<EntryChange> {
    let wanted = stack.stack_policy.as_ref()?;
    let before = match now {
        PolicyNow::Some(before) => Some(before),
        PolicyNow::NotAsked | PolicyNow::None | PolicyNow::Denied(_) => None,
    };
    if before == Some(wanted) {
        return None;
    }
    Some(EntryChange {
        name: STACK_POLICY.to_owned(),
        action: match before {
            Some(_) => Action::Update,
            None => Action::Create,
        },
        before: before.cloned(),
        after: Some(wanted.clone()),
        before_value: None,
        after_value: None,
        causes: Vec::new(),
    })
}

/// What a plan calls it.
pub(crate) const STACK_POLICY: &str = "StackPolicy";
