//! What resources write into a template.

use dsl::testing::{self, Template};
use dsl::{Arn, Json, Part, Resource, Value};
use resources::{cloudformation, cognito, dynamodb, iam, lambda, rds, s3, sns, sqs, wafv2};
use serde_json::json;

/// The properties of a resource in a template of its own.
fn written<R: Resource>(resource: R) -> Json {
    let stack = testing::app().stack("lab");
    stack.add("Thing", resource);
    let mut properties = Template::of(&stack).resource("Thing")["Properties"].clone();
    if let (Some(tags), Some(properties)) = (R::TAGS, properties.as_object_mut()) {
        // What the app itself tags with is not what is looked at here.
        properties.remove(tags.name);
    }
    properties
}

#[test]
fn nested_structures_lists_and_enumerations() {
    use s3::bucket::{
        BucketEncryption, LifecycleConfiguration, Rule, RuleStatus, ServerSideEncryptionByDefault,
        ServerSideEncryptionByDefaultSSEAlgorithm as Algorithm, ServerSideEncryptionRule,
        VersioningConfiguration, VersioningConfigurationStatus,
    };
    let bucket = s3::Bucket::new()
        .bucket_name("reports")
        .bucket_encryption(BucketEncryption::new([ServerSideEncryptionRule::new()
            .server_side_encryption_by_default(ServerSideEncryptionByDefault::new(
                Algorithm::AwsKms,
            ))]))
        .lifecycle_configuration(LifecycleConfiguration::new([Rule::new(
            RuleStatus::Enabled,
        )
        .expiration_in_days(1)]))
        .versioning_configuration(VersioningConfiguration::new(
            VersioningConfigurationStatus::Other("Newest".to_owned()),
        ));
    assert_eq!(
        written(bucket),
        json!({
            "BucketName": "reports",
            "BucketEncryption": {
                "ServerSideEncryptionConfiguration": [
                    { "ServerSideEncryptionByDefault": { "SSEAlgorithm": "aws:kms" } }
                ]
            },
            "LifecycleConfiguration": { "Rules": [{ "ExpirationInDays": 1, "Status": "Enabled" }] },
            "VersioningConfiguration": { "Status": "Newest" },
        })
    );
}

#[test]
fn required_properties_come_first_and_can_be_set_again() {
    let client = cognito::UserPoolClient::new("pool")
        .user_pool_id("other")
        .generate_secret(false);
    assert_eq!(
        written(client),
        json!({ "GenerateSecret": false, "UserPoolId": "other" })
    );
}

#[test]
fn documents_and_arns() {
    let policy = json!({ "Version": "2012-10-17", "Statement": [] });
    let role = iam::Role::new(policy.clone())
        .managed_policy_arns(["arn:aws:iam::aws:policy/ReadOnlyAccess"]);
    assert_eq!(
        written(role),
        json!({
            "AssumeRolePolicyDocument": policy,
            "ManagedPolicyArns": ["arn:aws:iam::aws:policy/ReadOnlyAccess"],
        })
    );
}

#[test]
fn maps_and_keywords() {
    let code = lambda::function::Code::new().zip_file("exports.handler = 1");
    let function = lambda::Function::new(code, "arn:aws:iam::111122223333:role/runs")
        .environment(lambda::function::Environment::new().variables([("TABLE", "reports")]));
    assert_eq!(
        written(function)["Environment"],
        json!({ "Variables": { "TABLE": "reports" } })
    );
    let parameters =
        cloudformation::Stack::new("https://example.com/inner.json").parameters([("Size", "3")]);
    assert_eq!(
        written(parameters),
        json!({ "Parameters": { "Size": "3" }, "TemplateURL": "https://example.com/inner.json" })
    );
    // `Type` is a word of Rust's.
    let lower = wafv2::rule_group::TextTransformationType::Lowercase;
    let transformation = wafv2::rule_group::TextTransformation::new(0, lower.clone()).type_(lower);
    assert_eq!(
        written_part(transformation),
        json!({ "Priority": 0, "Type": "LOWERCASE" })
    );
}

/// A part's value, through a raw resource.
fn written_part(part: impl Part) -> Json {
    let stack = testing::app().stack("lab");
    stack.add(
        "Thing",
        dsl::RawResource::new("AWS::New::Thing").property("Part", part.into_expression()),
    );
    Template::of(&stack).resource("Thing")["Properties"]["Part"].clone()
}

#[test]
fn structures_that_hold_themselves() {
    use wafv2::rule_group::{NotStatement, Statement};
    let statement = Statement::new().not_statement(NotStatement::new(Statement::new()));
    assert_eq!(
        written_part(statement),
        json!({ "NotStatement": { "Statement": {} } })
    );
}

#[test]
fn a_choice_of_a_list_and_a_document_is_the_list() {
    use dynamodb::table::KeySchemaItem;
    let table = dynamodb::Table::new([KeySchemaItem::new("Id", "HASH")]);
    assert_eq!(
        written(table)["KeySchema"],
        json!([{ "AttributeName": "Id", "KeyType": "HASH" }])
    );
}

#[test]
fn identifiers_and_attributes() {
    let stack = testing::app().stack("lab");
    let topic = stack.add("Topic", sns::Topic::new());
    let queue = stack.add("Queue", sqs::Queue::new());
    let database = stack.add("Database", rds::DBInstance::new());
    let nested = stack.add(
        "Nested",
        cloudformation::Stack::new("https://example.com/inner.json"),
    );
    let _: Value<Arn> = topic.id();
    let _: Value<Arn> = topic.topic_arn();
    let _: Value<String> = queue.id();
    stack.output("Name", queue.queue_name());
    stack.output("Address", database.endpoint_address());
    stack.output("Inner", nested.outputs("BucketName"));
    let template = Template::of(&stack);
    assert_eq!(
        template.output("Name"),
        &json!({ "Fn::GetAtt": ["Queue", "QueueName"] })
    );
    assert_eq!(
        template.output("Address"),
        &json!({ "Fn::GetAtt": ["Database", "Endpoint.Address"] })
    );
    assert_eq!(
        template.output("Inner"),
        &json!({ "Fn::GetAtt": ["Nested", "Outputs.BucketName"] })
    );
}

#[test]
fn an_attribute_called_id_is_not_the_reference() {
    let stack = testing::app().stack("lab");
    let set = stack.add(
        "Set",
        wafv2::IPSet::new(
            ["10.0.0.0/8"],
            wafv2::ip_set::IPAddressVersion::Ipv4,
            wafv2::ip_set::Scope::Regional,
        ),
    );
    stack.output("Attribute", set.attr_id());
    stack.output("Reference", set.id());
    let template = Template::of(&stack);
    assert_eq!(
        template.output("Attribute"),
        &json!({ "Fn::GetAtt": ["Set", "Id"] })
    );
    assert_eq!(template.output("Reference"), &json!({ "Ref": "Set" }));
}

#[test]
fn debugging_shows_what_is_set() {
    let shown = format!("{:?}", s3::Bucket::new().bucket_name("reports"));
    assert!(
        shown.contains("AWS::S3::Bucket") && shown.contains("reports"),
        "{shown}"
    );
    assert!(!shown.contains("LifecycleConfiguration"), "{shown}");
}
