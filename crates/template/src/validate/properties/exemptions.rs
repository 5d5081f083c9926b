//! Where the facts are stricter than the services, or say less than CloudFormation does.

use schema::{Kind, PropertyPath, ResourceType, Shape};
use serde_json::Value;

use crate::finding::Path;

/// Properties that take an object in S3, where packaging tools let a local path stand.
///
/// <https://docs.aws.amazon.com/cli/latest/reference/cloudformation/package.html>
const PACKAGED: [(&str, &[&str]); 12] = [
    ("AWS::ApiGateway::RestApi", &["BodyS3Location"]),
    ("AWS::Lambda::Function", &["Code"]),
    ("AWS::Lambda::LayerVersion", &["Content"]),
    (
        "AWS::ElasticBeanstalk::ApplicationVersion",
        &["SourceBundle"],
    ),
    (
        "AWS::StepFunctions::StateMachine",
        &["DefinitionS3Location"],
    ),
    ("AWS::AppSync::GraphQLSchema", &["DefinitionS3Location"]),
    (
        "AWS::AppSync::Resolver",
        &["RequestMappingTemplateS3Location"],
    ),
    (
        "AWS::AppSync::Resolver",
        &["ResponseMappingTemplateS3Location"],
    ),
    (
        "AWS::AppSync::FunctionConfiguration",
        &["RequestMappingTemplateS3Location"],
    ),
    (
        "AWS::AppSync::FunctionConfiguration",
        &["ResponseMappingTemplateS3Location"],
    ),
    ("AWS::CloudFormation::ModuleVersion", &["ModulePackage"]),
    ("AWS::CodeCommit::Repository", &["Code", "S3"]),
];

/// Whether packaging tools replace a text at this place.
pub(super) fn is_packaged(facts: &ResourceType, path: &Path<'_>) -> bool {
    let path = path.to_strings();
    let within = path.get(3..).unwrap_or_default();
    PACKAGED
        .iter()
        .any(|(type_name, property)| *type_name == facts.name && *property == within)
}

/// Whether a value of another kind is accepted: free-form mappings may be given as the text of a JSON document.
pub(super) fn accepts_kind(value: &Value, shape: &Shape) -> bool {
    let is_free = shape.kinds.contains(Kind::Object)
        && shape.properties.is_empty()
        && shape.pattern_properties.is_empty()
        && shape.reference.is_none();
    match value {
        Value::String(text) if is_free => text.trim_start().starts_with('{'),
        _ => false,
    }
}

/// Properties that the facts call read-only and the documentation of the type lets a template set.
const SETTABLE: [(&str, &str); 1] = [("AWS::AppSync::ApiKey", "ApiKeyId")];

/// Whether a property can be set although the facts call it read-only.
pub(super) fn can_be_set(facts: &ResourceType, path: &PropertyPath) -> bool {
    SETTABLE
        .iter()
        .any(|(type_name, property)| *type_name == facts.name && path.segments() == [*property])
}
