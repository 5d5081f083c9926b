//! The facts of the resource schemas.

use schema::{Kind, PropertyPath, ResourceType, resource_type};

use crate::{Facts, Form, Pattern};

/// What the CDK writes into its templates to count its own constructs. It has no schema and is nothing at all.
const CDK_METADATA: &str = "AWS::CDK::Metadata";

/// The facts of the resource schemas, as committed with this program.
#[derive(Clone, Copy, Debug, Default)]
pub struct SchemaFacts;

impl Facts for SchemaFacts {
    /// A custom resource is not known: its own code decides with every change whether it is another one afterwards.
    fn is_known(&self, type_name: &str) -> bool {
        type_name == CDK_METADATA || (!is_custom(type_name) && resource_type(type_name).is_some())
    }

    fn is_stateful(&self, type_name: &str) -> bool {
        resource_type(type_name).is_some_and(|facts| facts.stateful)
    }

    fn create_only(&self, type_name: &str) -> Vec<Pattern> {
        patterns(type_name, |facts| &facts.create_only)
    }

    fn conditional_create_only(&self, type_name: &str) -> Vec<Pattern> {
        patterns(type_name, |facts| &facts.conditional_create_only)
    }

    fn write_only(&self, type_name: &str) -> Vec<Pattern> {
        patterns(type_name, |facts| &facts.write_only)
    }

    fn primary_identifier(&self, type_name: &str) -> Vec<Pattern> {
        // What identifies a custom resource among its attributes is up to its code.
        if is_custom(type_name) {
            return Vec::new();
        }
        patterns(type_name, |facts| &facts.primary_identifier)
    }

    fn form(&self, type_name: &str, path: &[&str]) -> Form {
        let facts = resource_type(type_name);
        let Some(shape) = facts.and_then(|facts| facts.shape_at(path)) else {
            return Form::Plain;
        };
        let is_object = shape.kinds.contains(Kind::Object);
        if shape.is_unordered() {
            Form::Set
        } else if is_object && (shape.kinds.contains(Kind::String) || is_free(shape)) {
            Form::Document
        } else {
            Form::Plain
        }
    }

    fn can_be_refactored(&self, type_name: &str) -> bool {
        resource_type(type_name).is_none_or(|facts| {
            let tagging = &facts.tagging;
            !tagging.taggable || tagging.tag_updatable
        })
    }
}

/// Whether an object may hold whatever it wants.
fn is_free(shape: &schema::Shape) -> bool {
    shape.properties.is_empty()
        && shape.pattern_properties.is_empty()
        && shape.branches().next().is_none()
        && shape.additional_properties() == schema::AdditionalProperties::Any
}

fn is_custom(type_name: &str) -> bool {
    type_name.starts_with("Custom::") || type_name == "AWS::CloudFormation::CustomResource"
}

fn patterns(type_name: &str, list: impl Fn(&ResourceType) -> &Vec<PropertyPath>) -> Vec<Pattern> {
    let paths = resource_type(type_name).into_iter().flat_map(list);
    paths.map(|path| path.segments().to_vec()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_of_real_types() {
        let facts = SchemaFacts;
        assert!(facts.is_known("AWS::S3::Bucket") && facts.is_stateful("AWS::S3::Bucket"));
        assert!(facts.is_known("AWS::CDK::Metadata"));
        assert!(!facts.is_known("Custom::Anything") && !facts.is_known("AWS::None::Such"));
        assert!(
            facts
                .create_only("AWS::S3::Bucket")
                .contains(&vec!["BucketName".to_owned()])
        );
        let forms = [
            ("AWS::S3::Bucket", &["Tags"][..], Form::Set),
            (
                "AWS::Lambda::Function",
                &["VpcConfig", "SubnetIds"],
                Form::Plain,
            ),
            (
                "AWS::IAM::Role",
                &["AssumeRolePolicyDocument"],
                Form::Document,
            ),
            ("AWS::IAM::Role", &["ManagedPolicyArns"], Form::Set),
            ("AWS::S3::Bucket", &["BucketName"], Form::Plain),
        ];
        for (type_name, path, form) in forms {
            assert_eq!(facts.form(type_name, path), form, "{type_name} {path:?}");
        }
    }
}
