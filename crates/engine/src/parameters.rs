//! Parameters without a value: CloudFormation would refuse them, or be asked to go on with whatever was deployed last, which
//! nobody reads in the code. Neither happens.

use assembly::StackManifest;

use crate::{desired::Assembly, error::Error};

/// Makes sure that every parameter of the stacks has a value or a default.
pub(crate) fn check(assembly: &Assembly, stacks: &[&StackManifest]) -> Result<(), Error> {
    for stack in stacks {
        let declared = assembly.template(stack).body()["Parameters"].as_object();
        let declared = declared.into_iter().flatten();
        let without = declared
            .filter(|(name, parameter)| {
                parameter.get("Default").is_none() && !stack.parameters.contains_key(*name)
            })
            .map(|(name, _)| name.clone());
        let parameters: Vec<String> = without.collect();
        if !parameters.is_empty() {
            return Err(Error::NoValue {
                stack: stack.name.clone(),
                parameters,
            });
        }
    }
    Ok(())
}
