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
    services::roles,
    state::{Resource, State},
    wire::Refusal,
};

/// The refusal of a call that the caller's role does not allow; none where the caller may make it.
pub(crate) fn refusal(context: &Context<'_>, call: &Call, wanted: &Wanted) -> Option<Refusal> {
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
        let role = live(state, "AWS::IAM::Role").find(|(id, _)| *id == name)?.1;
        let list = |value: &Value, property: &str| -> Vec<Value> {
            value[property].as_array().cloned().unwrap_or_default()
        };
        let inline = list(role, "Policies");
        let mut policies: Vec<Value> = inline
            .iter()
            .map(|policy| policy["PolicyDocument"].clone())
            .collect();
        for arn in list(role, "ManagedPolicyArns") {
            policies.push(managed(state, arn.as_str()?)?);
        }
        for kind in ["AWS::IAM::Policy", "AWS::IAM::ManagedPolicy"] {
            let attached = live(state, kind)
                .filter(|(_, policy)| list(policy, "Roles").iter().any(|role| role == name));
            policies.extend(attached.map(|(_, policy)| policy["PolicyDocument"].clone()));
        }
        let own = live(state, "AWS::IAM::RolePolicy").filter(|(_, one)| one["RoleName"] == name);
        policies.extend(own.map(|(_, policy)| policy["PolicyDocument"].clone()));
        let boundary = match role["PermissionsBoundary"].as_str() {
            Some(arn) => Some(managed(state, arn)?),
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
    let mut policies = live(state, "AWS::IAM::ManagedPolicy");
    let (_, policy) = policies.find(|(id, _)| *id == arn)?;
    Some(policy["PolicyDocument"].clone())
}

/// What stacks have made of a type: its physical id and its properties.
pub(crate) fn live<'a>(
    state: &'a State,
    type_name: &'a str,
) -> impl Iterator<Item = (&'a str, &'a Value)> {
    let resources = state
        .stacks
        .values()
        .flat_map(|entry| entry.resources.values());
    resources
        .filter(move |resource| resource.resource_type == type_name)
        .filter_map(|resource: &'a std::sync::Arc<Resource>| {
            let live = resource.live.as_ref()?;
            Some((live.physical_id.as_str(), &live.properties))
        })
}
