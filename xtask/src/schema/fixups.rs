//! Corrections of errors in the published schemas. Each is a named function with its reason, and the run fails when
//! one finds nothing to correct any more: then it is deleted.

use anyhow::{Result, ensure};
use serde_json::Value;

use super::paths::visit;

/// Counts what each correction has changed.
#[derive(Default)]
pub(super) struct Fixups {
    dependencies_of_a_value: usize,
    definition_of_itself: usize,
    name_that_updates: usize,
}

impl Fixups {
    /// Corrects one schema.
    pub(super) fn apply(&mut self, schema: &mut Value) {
        self.dependencies_of_a_value += dependencies_of_a_value(schema);
        self.definition_of_itself += definition_of_itself(schema);
        self.name_that_updates += name_that_updates(schema);
    }

    /// Fails when a correction had nothing to do.
    pub(super) fn finish(self) -> Result<()> {
        let counts = [
            ("dependencies_of_a_value", self.dependencies_of_a_value),
            ("definition_of_itself", self.definition_of_itself),
            ("name_that_updates", self.name_that_updates),
        ];
        for (name, count) in counts {
            ensure!(
                count > 0,
                "the correction `{name}` no longer applies, delete it"
            );
        }
        Ok(())
    }
}

/// `dependencies` says which members of an object need which others. Some schemas write it beside a single property,
/// naming its siblings (`AWS::GlobalAccelerator::Accelerator` `FlowLogsEnabled`, `AWS::Bedrock::Blueprint`
/// `KmsEncryptionContext`, `AWS::ImageBuilder::Image` `ImagePipelineExecutionSettings`): there it means nothing, and the
/// service does not enforce it.
/// <https://docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-schema.html>
fn dependencies_of_a_value(schema: &mut Value) -> usize {
    let mut count = 0;
    let Some(schema) = schema.as_object_mut() else {
        return count;
    };
    visit(schema, &mut |shape| {
        let names = |keyword: &str| shape.get(keyword).and_then(Value::as_object);
        let Some(dependencies) = names("dependencies") else {
            return;
        };
        let own = names("properties");
        if !dependencies
            .keys()
            .any(|name| own.is_some_and(|own| own.contains_key(name)))
        {
            shape.remove("dependencies");
            count += 1;
        }
    });
    count
}

/// `AWS::EC2::VerifiedAccessTrustProvider` defines `SseSpecification` as a reference to that very definition. Nothing
/// uses it: the property of the same name is written out.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-ec2-verifiedaccesstrustprovider-ssespecification.html>
fn definition_of_itself(schema: &mut Value) -> usize {
    let Some(definitions) = schema.get_mut("definitions").and_then(Value::as_object_mut) else {
        return 0;
    };
    let before = definitions.len();
    definitions
        .retain(|name, shape| shape["$ref"].as_str() != Some(&format!("#/definitions/{name}")));
    before - definitions.len()
}

/// `AWS::Route53::RecordSet` is identified by its `Name` among others, yet its schema does not say that another name is
/// another record; the documentation does. (Of `Type` and `SetIdentifier`, the other parts of the identifier that may be
/// given, it says that they change in place.)
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-route53-recordset.html>
fn name_that_updates(schema: &mut Value) -> usize {
    if schema["typeName"] != "AWS::Route53::RecordSet" {
        return 0;
    }
    let Some(create_only) = schema["createOnlyProperties"].as_array_mut() else {
        return 0;
    };
    let name = Value::from("/properties/Name");
    if create_only.contains(&name) {
        return 0;
    }
    create_only.push(name);
    1
}
