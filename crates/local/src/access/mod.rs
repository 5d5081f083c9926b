//! Whether a session of a role may make a call: by the policies of the role, as the stacks made them.
//!
//! Everybody else is let in, and so is a session of a role with policies that are not known here, as those of AWS are. This
//! shows whether a role has what it needs; it protects nothing.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html>

mod policy;
mod request;

use serde_json::Value;

pub(crate) use policy::{Asked, allows, holds};

use crate::{
    endpoint::Context,
    router::{Call, Wanted},
    services::{
        deployed::{self, Found},
        iam, roles,
    },
    state::State,
    wire::Refusal,
};

/// The refusal of a call that the scenario or the caller's role does not allow; none where the caller may make it.
pub(crate) fn refusal(context: &Context<'_>, call: &Call, wanted: &Wanted) -> Option<Refusal> {
    let operation = wanted.operation();
    if context.endpoint.faults().denied.contains(operation) {
        let (account, service) = (context.account(), wanted.service());
        let refused = format!(
            "User: arn:aws:iam::{account}:user/reader is not authorized to perform: {service}:{operation}"
        );
        return Some(Refusal::new("AccessDenied", refused).with_status(403));
    }
    let (_, arn) = roles::caller(call.header("x-amz-security-token")?)?;
    let name = arn.split('/').nth(1)?;
    let core = context.endpoint.core();
    let role = Role::find(&core.state, name)?;
    let mut asked = request::of(context, &core.state, call, wanted);
    for asked in &mut asked {
        asked.keys.extend(request::everywhere(context));
    }
    let missing = asked.into_iter().find(|asked| !role.may(asked))?;
    let refused = format!(
        "User: {arn} is not authorized to perform: {} on resource: {} because no identity-based policy allows the {} action",
        missing.action, missing.resource, missing.action
    );
    Some(Refusal::new("AccessDenied", refused).with_status(403))
}

/// A role and what its policies say.
struct Role {
    policies: Vec<Value>,
    boundary: Option<Value>,
}

impl Role {
    /// The role of this name, when all its policies are known.
    fn find(state: &State, name: &str) -> Option<Self> {
        let role = deployed::find(state, iam::ROLE, name)?;
        let inline = iam::inline_policies(state, role);
        let mut policies: Vec<Value> = inline.map(|(_, document)| document.clone()).collect();
        for arn in iam::attached_policies(state, role) {
            policies.push(managed(state, arn)?);
        }
        let boundary = match role.text("PermissionsBoundary") {
            Some(arn) => Some(managed(state, &arn)?),
            None => None,
        };
        Some(Self { policies, boundary })
    }

    fn may(&self, asked: &Asked<'_>) -> bool {
        let boundary = self.boundary.as_slice();
        allows(&self.policies, asked) && (boundary.is_empty() || allows(boundary, asked))
    }
}

/// The document of a managed policy that a stack has made.
fn managed(state: &State, arn: &str) -> Option<Value> {
    let policy = deployed::find(state, iam::MANAGED_POLICY, arn);
    let document = |policy: Found<'_>| policy.properties["PolicyDocument"].clone();
    policy.map(document)
}
