//! Every type of an enabled service is there; `cargo test --all-features` asks for every type there is.

use dsl::{Resource, TagProperty, TagStyle};
use resources::{autoscaling, cognito, dynamodb, iam, lambda, s3};

const SERVICES: &str = include_str!(concat!(env!("OUT_DIR"), "/services.rs"));

#[test]
fn every_type_of_an_enabled_service_is_written_once() {
    let mut enabled = 0;
    for service in schema::services() {
        let feature = service
            .rsplit("::")
            .next()
            .unwrap_or_default()
            .to_ascii_lowercase();
        if !SERVICES.contains(&format!("pub mod {feature} ")) {
            continue;
        }
        enabled += 1;
        let path = format!("{}/{feature}.rs", env!("OUT_DIR"));
        let text = std::fs::read_to_string(&path).expect("an enabled service has a file");
        for name in schema::type_names()
            .filter(|name| name.rsplit_once("::").is_some_and(|(of, _)| of == service))
        {
            assert_eq!(
                text.matches(&format!("const TYPE: &'static str = {name:?};"))
                    .count(),
                1,
                "{name}"
            );
        }
    }
    assert!(enabled >= 11, "{enabled}");
}

#[test]
fn names() {
    assert_eq!(s3::Bucket::TYPE, "AWS::S3::Bucket");
    assert_eq!(iam::OIDCProvider::TYPE, "AWS::IAM::OIDCProvider");
    assert_eq!(
        cognito::UserPoolClient::TYPE,
        "AWS::Cognito::UserPoolClient"
    );
}

#[test]
fn tag_properties() {
    let tags = |name, style| Some(TagProperty { name, style });
    assert_eq!(s3::Bucket::TAGS, tags("Tags", TagStyle::List));
    assert_eq!(cognito::UserPool::TAGS, tags("UserPoolTags", TagStyle::Map));
    assert_eq!(
        autoscaling::AutoScalingGroup::TAGS,
        tags("Tags", TagStyle::ListWithPropagation)
    );
    assert_eq!(dynamodb::Table::TAGS, tags("Tags", TagStyle::List));
    assert_eq!(iam::Policy::TAGS, None);
    assert_eq!(lambda::Permission::TAGS, None);
}
