//! What a template sees of the world: its own resources, exports and outputs of other stacks, stored parameters.

use serde_json::Value;

use super::{
    identity::unlisted_attribute,
    nested::{is_stack, output},
};
use crate::{
    evaluate::{
        Document, Failure, KNOWN_AFTER_APPLY, Lookups, Pseudo, Scope, evaluate_conditions,
        typed_parameters,
    },
    services::ssm,
    state::{Definition, Deployed, Stack, State},
};

/// How a resource of the stack is seen.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Seen<'a> {
    /// It exists.
    Deployed(&'a Deployed),
    /// It exists, and what it tells may be another once the change is made.
    Updating(&'a Deployed),
    /// It will exist once the change is made.
    Later,
    /// It does not exist.
    Absent,
}

/// What a template sees.
pub(crate) struct Sight<'a> {
    pub(crate) state: &'a State,
    pub(crate) region: &'a str,
    /// How a resource of the stack is seen.
    pub(crate) resource: &'a dyn Fn(&str) -> Seen<'a>,
}

impl Lookups for Sight<'_> {
    fn reference(&self, logical_id: &str) -> Result<Value, Failure> {
        match (self.resource)(logical_id) {
            Seen::Deployed(deployed) | Seen::Updating(deployed) => {
                Ok(deployed.reference.as_str().into())
            }
            Seen::Later => Ok(KNOWN_AFTER_APPLY.into()),
            Seen::Absent => Err(unresolved(logical_id)),
        }
    }

    fn attribute(&self, logical_id: &str, attribute: &str) -> Result<Value, Failure> {
        match (self.resource)(logical_id) {
            Seen::Deployed(deployed) if is_stack(&deployed.resource_type) => {
                let arn = &deployed.physical_id;
                output(self.state, arn, attribute)
                    .map(Value::from)
                    .ok_or_else(|| {
                        let name = attribute.trim_start_matches("Outputs.");
                        Failure::new(format!("Output '{name}' not found in stack '{arn}'"))
                    })
            }
            Seen::Deployed(deployed) => deployed
                .attributes
                .get(attribute)
                .cloned()
                .or_else(|| {
                    unlisted_attribute(&deployed.resource_type, &deployed.physical_id, attribute)
                })
                .ok_or_else(|| {
                    Failure::new(format!(
                        "Template error: resource {logical_id} does not support attribute type {attribute} in Fn::GetAtt"
                    ))
                }),
            Seen::Updating(_) | Seen::Later => Ok(KNOWN_AFTER_APPLY.into()),
            Seen::Absent => Err(unresolved(logical_id)),
        }
    }

    fn import(&self, name: &str) -> Result<Value, Failure> {
        match self.state.export(self.region, name) {
            Some((_, output)) => Ok(output.value.as_str().into()),
            None => Err(Failure::new(format!("No export named {name} found."))),
        }
    }

    fn stack_output(
        &self,
        stack: &str,
        output: &str,
        region: Option<&str>,
    ) -> Result<Value, Failure> {
        let region = region.unwrap_or(self.region);
        let entry = if stack.starts_with("arn:") {
            self.state.with_arn(stack)
        } else {
            self.state.named(region, stack)
        };
        let entry =
            entry.ok_or_else(|| Failure::new(format!("Stack with id {stack} does not exist")))?;
        let outputs = &entry.stack.outputs;
        match outputs.iter().find(|one| one.key == output) {
            Some(output) => Ok(output.value.as_str().into()),
            None => Err(Failure::new(format!(
                "Output {output} of stack {stack} does not exist"
            ))),
        }
    }

    fn stored_parameter(&self, name: &str) -> Result<String, Failure> {
        // AWS publishes the newest images of each kind under such names.
        if name.starts_with("/aws/service/") && name.contains("ami") {
            let digest = crate::identifiers::content_digest(name.as_bytes());
            return Ok(format!("ami-0{}", &digest[..16]));
        }
        match ssm::find(self.state, self.region, name) {
            Ok(parameter) if parameter.kind != "SecureString" => Ok(parameter.value.clone()),
            Ok(_) => Err(Failure::new(format!(
                "SSM Secure reference is not supported in: [{name}]; use ssm-secure"
            ))),
            Err(_) => Err(Failure::new(format!(
                "Parameters: [{name}] cannot be found in the parameter store"
            ))),
        }
    }
}

fn unresolved(logical_id: &str) -> Failure {
    Failure::new(format!(
        "Template format error: Unresolved resource dependencies [{logical_id}] in the Resources block of the template"
    ))
}

/// The pseudo parameters of a stack.
pub(crate) fn pseudo_of(account: &str, stack: &Stack, definition: &Definition) -> Pseudo {
    Pseudo {
        account: account.to_owned(),
        region: stack.region.clone(),
        stack_id: stack.arn.clone(),
        stack_name: stack.name.clone(),
        notification_arns: definition.notification_arns.clone(),
    }
}

/// Everything the values of a template are evaluated in, conditions included.
pub(crate) fn scope<'a>(
    document: &'a Document,
    definition: &Definition,
    pseudo: Pseudo,
    lookups: &'a dyn Lookups,
) -> Result<Scope<'a>, Failure> {
    let mut scope = Scope {
        document,
        parameters: typed_parameters(document, &definition.parameters),
        conditions: std::collections::BTreeMap::new(),
        pseudo,
        lookups,
    };
    evaluate_conditions(&mut scope)?;
    Ok(scope)
}
