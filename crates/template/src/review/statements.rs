//! Policy documents: where resources have them, and their statements.

use serde_json::Value;

use super::subject::{Found, Subject, find, known};

/// What a policy document is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Says what an identity may do.
    Identity,
    /// Says who may do something with a resource.
    Resource,
    /// Says who may take on a role.
    Trust,
    /// Says who may use a key. There `*` as a resource means the key itself.
    Key,
}

/// One statement and the way to it from the properties of its resource.
pub(super) struct Statement<'a> {
    pub(super) purpose: Purpose,
    pub(super) way: Vec<String>,
    value: &'a Value,
}

/// The statements of a resource, wherever its type has them.
pub(super) fn of<'a>(subject: &Subject<'a, '_>) -> Vec<Statement<'a>> {
    let mut statements = Vec::new();
    let mut document = |purpose, way: &[&str]| {
        let way: Vec<String> = way.iter().map(|step| (*step).to_owned()).collect();
        add(
            subject.find(&way.iter().map(String::as_str).collect::<Vec<_>>()),
            purpose,
            way,
            &mut statements,
        );
    };
    match subject.type_name {
        "AWS::IAM::Role" => document(Purpose::Trust, &["AssumeRolePolicyDocument"]),
        "AWS::IAM::ManagedPolicy"
        | "AWS::IAM::Policy"
        | "AWS::IAM::RolePolicy"
        | "AWS::IAM::UserPolicy"
        | "AWS::IAM::GroupPolicy" => {
            document(Purpose::Identity, &["PolicyDocument"]);
        }
        "AWS::SSO::PermissionSet" => document(Purpose::Identity, &["InlinePolicy"]),
        "AWS::S3::BucketPolicy"
        | "AWS::SQS::QueuePolicy"
        | "AWS::SNS::TopicPolicy"
        | "AWS::SQS::QueueInlinePolicy"
        | "AWS::SNS::TopicInlinePolicy" => {
            document(Purpose::Resource, &["PolicyDocument"]);
        }
        "AWS::KMS::Key" | "AWS::KMS::ReplicaKey" => document(Purpose::Key, &["KeyPolicy"]),
        "AWS::SecretsManager::ResourcePolicy" => document(Purpose::Resource, &["ResourcePolicy"]),
        "AWS::ECR::Repository" => document(Purpose::Resource, &["RepositoryPolicyText"]),
        "AWS::Events::EventBusPolicy" => document(Purpose::Resource, &["Statement"]),
        "AWS::EFS::FileSystem" => document(Purpose::Resource, &["FileSystemPolicy"]),
        _ => {}
    }
    if matches!(
        subject.type_name,
        "AWS::IAM::Role" | "AWS::IAM::User" | "AWS::IAM::Group"
    ) {
        for (index, policy) in subject.find(&["Policies"]).elements().iter().enumerate() {
            let way = [
                "Policies".to_owned(),
                index.to_string(),
                "PolicyDocument".to_owned(),
            ];
            add(
                find(policy, &["PolicyDocument"]),
                Purpose::Identity,
                way.to_vec(),
                &mut statements,
            );
        }
    }
    statements
}

fn add<'a>(
    document: Found<'a>,
    purpose: Purpose,
    mut way: Vec<String>,
    statements: &mut Vec<Statement<'a>>,
) {
    let Found::Known(document) = document else {
        return;
    };
    // An event bus has one statement without a document around it.
    let (list, in_list) = match find(document, &["Statement"]) {
        Found::Known(list) => {
            way.push("Statement".to_owned());
            (Found::Known(list), list.is_array())
        }
        Found::Absent => (Found::Known(document), false),
        Found::Unknown => return,
    };
    for (index, value) in list.elements().iter().enumerate() {
        if !matches!(known(value), Found::Known(Value::Object(_))) {
            continue;
        }
        let mut way = way.clone();
        if in_list {
            way.push(index.to_string());
        }
        statements.push(Statement {
            purpose,
            way,
            value,
        });
    }
}

impl<'a> Statement<'a> {
    /// Whether it allows something, for certain.
    pub(super) fn allows(&self) -> bool {
        self.get("Effect").text().as_deref() == Some("Allow")
    }

    /// Whether it denies something, for certain.
    pub(super) fn denies(&self) -> bool {
        self.get("Effect").text().as_deref() == Some("Deny")
    }

    /// One of its members.
    pub(super) fn get(&self, key: &str) -> Found<'a> {
        find(self.value, &[key])
    }

    /// The texts of a member that is a text or a list of them.
    pub(super) fn texts(&self, key: &str) -> Vec<&'a str> {
        let elements = self.get(key).elements().iter();
        elements.filter_map(Value::as_str).collect()
    }

    /// Whether a member has a text, whatever its case.
    pub(super) fn has(&self, key: &str, text: &str) -> bool {
        self.texts(key)
            .iter()
            .any(|one| one.eq_ignore_ascii_case(text))
    }

    /// The principals of a kind, `AWS` or `Service`, with the way to each from the statement.
    pub(super) fn principals(&self, kind: &str) -> Vec<(Vec<String>, &'a Value)> {
        // The principal itself may be a function, whose text still tells something.
        let list = match self.get("Principal") {
            Found::Known(Value::Object(kinds)) => kinds.get(kind),
            Found::Known(_) | Found::Absent | Found::Unknown => None,
        };
        let Some(list) = list else {
            return Vec::new();
        };
        let way = || vec!["Principal".to_owned(), kind.to_owned()];
        match list {
            Value::Array(elements) => elements
                .iter()
                .enumerate()
                .map(|(index, element)| {
                    let mut way = way();
                    way.push(index.to_string());
                    (way, element)
                })
                .collect(),
            single => vec![(way(), single)],
        }
    }

    /// Whether it is about everyone: `"Principal": "*"`, or that among the principals of AWS.
    pub(super) fn is_for_everyone(&self) -> bool {
        let is_star = |value: &Value| value.as_str() == Some("*");
        match self.get("Principal") {
            Found::Known(Value::String(text)) => text == "*",
            Found::Known(_) => self
                .principals("AWS")
                .iter()
                .any(|(_, value)| is_star(value)),
            Found::Absent | Found::Unknown => false,
        }
    }

    /// Whether it holds under a condition, or may.
    pub(super) fn is_conditional(&self) -> bool {
        match self.get("Condition") {
            Found::Known(Value::Object(operators)) => !operators.is_empty(),
            Found::Absent => false,
            Found::Known(_) | Found::Unknown => true,
        }
    }

    /// Whether a condition names a key, whatever its case, or one that ends so; also when that cannot be known.
    pub(super) fn may_test(&self, is_key: impl Fn(&str) -> bool) -> bool {
        match self.get("Condition") {
            Found::Known(Value::Object(operators)) => operators.iter().any(|(operator, tests)| {
                operator.starts_with("Fn::")
                    || match known(tests) {
                        Found::Known(Value::Object(keys)) => {
                            // A key may be written with a function, which then is not a mapping but a text to begin with.
                            keys.keys().any(|key| is_key(&key.to_ascii_lowercase()))
                        }
                        Found::Known(_) | Found::Absent => false,
                        Found::Unknown => true,
                    }
            }),
            Found::Absent => false,
            Found::Known(_) | Found::Unknown => true,
        }
    }
}
