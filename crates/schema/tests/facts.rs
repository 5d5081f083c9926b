//! Facts that are known from elsewhere, as checks that the sources were read rightly.

use schema::{
    Kind, LifecycleStatus, ReplacementStrategy, ResourceType, resource_type, services, type_names,
};

fn the(name: &str) -> &'static ResourceType {
    resource_type(name).unwrap_or_else(|| panic!("`{name}` is not in the facts"))
}

#[test]
fn counts() {
    assert!((1_800..2_500).contains(&type_names().count()));
    assert!((250..400).contains(&services().count()));
}

#[test]
fn changes_that_replace() {
    for (name, path, replaces) in [
        ("AWS::S3::Bucket", &["BucketName"][..], true),
        (
            "AWS::S3::Bucket",
            &["VersioningConfiguration", "Status"],
            false,
        ),
        ("AWS::Cognito::UserPoolClient", &["GenerateSecret"], true),
        ("AWS::Cognito::UserPoolClient", &["CallbackURLs"], false),
        ("AWS::Cognito::UserPool", &["UserPoolName"], false),
        ("AWS::IAM::Role", &["RoleName"], true),
        ("AWS::IAM::Role", &["Path"], true),
        ("AWS::SNS::Topic", &["TopicName"], true),
        ("AWS::SQS::Queue", &["FifoQueue"], true),
        (
            "AWS::Budgets::Budget",
            &["NotificationsWithSubscribers"],
            true,
        ),
        (
            "AWS::Budgets::Budget",
            &["NotificationsWithSubscribers", "0", "Subscribers"],
            true,
        ),
        ("AWS::Budgets::Budget", &["Budget", "BudgetName"], true),
        ("AWS::Budgets::Budget", &["Budget", "BudgetLimit"], false),
        ("AWS::KMS::Key", &["KeyPolicy"], false),
    ] {
        assert_eq!(the(name).is_create_only(path), replaces, "{name} {path:?}");
    }
}

#[test]
fn what_can_be_set_and_read() {
    let bucket = the("AWS::S3::Bucket");
    assert!(bucket.is_read_only(&["Arn"]) && !bucket.is_read_only(&["BucketName"]));
    assert!(bucket.has_attribute("Arn") && !bucket.has_attribute("BucketName"));
    assert!(the("AWS::RDS::DBInstance").has_attribute("Endpoint.Address"));
    assert!(the("AWS::SQS::Queue").has_attribute("QueueName"));
    assert!(the("AWS::CloudFormation::Stack").has_attribute("Outputs.Anything"));
    assert!(the("Custom::Thing").has_attribute("Anything"));
    assert!(the("AWS::RDS::DBInstance").is_write_only(&["MasterUserPassword"]));
    assert_eq!(
        the("AWS::IAM::Role").required(),
        ["AssumeRolePolicyDocument"]
    );
    assert!(the("AWS::CloudFront::Distribution").is_deprecated(&[
        "DistributionConfig",
        "S3Origin",
        "DNSName"
    ]));
}

#[test]
fn identity() {
    let identifier = |name: &str| {
        the(name)
            .primary_identifier
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
    };
    assert_eq!(identifier("AWS::S3::Bucket"), ["BucketName"]);
    assert_eq!(
        identifier("AWS::Cognito::UserPoolClient"),
        ["UserPoolId", "ClientId"]
    );
    for name in type_names() {
        assert!(!the(name).primary_identifier.is_empty(), "{name}");
    }
}

#[test]
fn types_that_hold_state() {
    for (name, stateful) in [
        ("AWS::S3::Bucket", true),
        ("AWS::Cognito::UserPool", true),
        ("AWS::DynamoDB::Table", true),
        ("AWS::RDS::DBInstance", true),
        ("AWS::EFS::FileSystem", true),
        ("AWS::KMS::Key", true),
        ("AWS::Logs::LogGroup", true),
        ("AWS::SecretsManager::Secret", true),
        ("AWS::ECR::Repository", true),
        ("AWS::SQS::Queue", true),
        ("AWS::Cognito::UserPoolClient", false),
        ("AWS::IAM::Role", false),
        ("AWS::SNS::Topic", false),
        ("AWS::Lambda::Function", false),
    ] {
        assert_eq!(the(name).stateful, stateful, "{name}");
    }
    assert!(the("AWS::S3::Bucket").delete_requires_empty);
}

#[test]
fn tags() {
    let pool = &the("AWS::Cognito::UserPool").tagging;
    assert!(pool.taggable && pool.tag_property.to_string() == "UserPoolTags");
    assert!(!the("AWS::IAM::Policy").tagging.taggable);
    assert!(
        the("AWS::CodeBuild::Project").tagging.taggable,
        "an older schema without tagging facts, with tags"
    );
    for name in type_names() {
        let facts = the(name);
        let path: Vec<&str> = facts
            .tagging
            .tag_property
            .segments()
            .iter()
            .map(String::as_str)
            .collect();
        assert!(
            !facts.tagging.taggable || facts.shape_at(&path).is_some(),
            "{name} {path:?}"
        );
    }
}

#[test]
fn shapes() {
    let pool = the("AWS::Cognito::UserPool");
    let length = pool
        .shape_at(&["Policies", "PasswordPolicy", "MinimumLength"])
        .expect("a known property");
    assert!(length.kinds.is_only(Kind::Integer));
    assert_eq!((length.minimum, length.maximum), (Some(6.0), Some(99.0)));
    let days = the("AWS::S3::Bucket").shape_at(&[
        "LifecycleConfiguration",
        "Rules",
        "*",
        "ExpirationInDays",
    ]);
    assert!(days.is_some_and(|days| days.kinds.is_only(Kind::Integer)));
    assert!(
        pool.shape_at(&["Policies", "PasswordPolicy", "MinimumLenght"])
            .is_none()
    );
    let map = the("AWS::Lambda::Function").shape_at(&["Environment", "Variables", "ANY"]);
    assert!(map.is_some_and(|value| value.kinds.contains(Kind::String)));
}

#[test]
fn every_path_and_reference_leads_somewhere() {
    for name in type_names() {
        let facts = the(name);
        let lists = [
            &facts.create_only,
            &facts.conditional_create_only,
            &facts.read_only,
            &facts.write_only,
        ];
        let paths = lists
            .into_iter()
            .flatten()
            .chain(&facts.deprecated)
            .chain(&facts.primary_identifier);
        for path in paths {
            let segments: Vec<&str> = path.segments().iter().map(String::as_str).collect();
            assert!(facts.shape_at(&segments).is_some(), "{name} {path}");
        }
        for required in facts.required() {
            assert!(
                facts.properties().contains_key(required),
                "{name} {required}"
            );
        }
        for shape in facts
            .properties()
            .values()
            .chain(facts.definitions.values())
        {
            assert!(
                facts.resolve(shape).reference.is_none(),
                "{name} {:?}",
                shape.reference
            );
        }
    }
}

#[test]
fn operations() {
    let create = &the("AWS::S3::Bucket").handlers.create;
    assert!(
        create
            .iter()
            .any(|permission| permission == "s3:CreateBucket")
    );
    let delete_first = type_names()
        .filter(|name| the(name).replacement_strategy == ReplacementStrategy::DeleteThenCreate);
    assert!(delete_first.count() > 50);
    let mesh = the("AWS::AppMesh::Mesh")
        .lifecycle
        .as_ref()
        .expect("a service that goes away");
    assert_eq!(mesh.status, LifecycleStatus::Sunset);
}

#[test]
fn no_prose() {
    let facts = include_str!("../facts/resources.jsonl");
    for word in [
        "\"description\":\"",
        "\"$comment\"",
        "\"examples\":[",
        "docs.aws.amazon.com",
    ] {
        assert!(!facts.contains(word), "{word}");
    }
}
