//! What a new resource is called: physical id, `Ref` and attributes, in the form AWS gives them.
//!
//! A table holds the well-known types; the rest follows from the primary identifier: a name that was given is taken, one
//! that AWS makes up is made up from the seed, so the same history gives the same names.

use indexmap::IndexMap;
use schema::{Kind, ResourceType};
use serde_json::Value;

use super::well_known::{Form, Physical, Style, name_property, service_of};
use crate::{
    evaluate::{Pseudo, text_of},
    identifiers::{HEXADECIMAL, LOWER, MIXED, UPPER, uuid, word},
    state::Stack,
};

/// What a new resource is called.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Identity {
    pub(crate) physical_id: String,
    /// What `Ref` gives.
    pub(crate) reference: String,
    /// What `Fn::GetAtt` gives.
    pub(crate) attributes: IndexMap<String, Value>,
}

/// What identifies a physical resource to be made.
#[derive(Clone, Debug)]
pub(crate) struct Birth<'a> {
    pub(crate) seed: u64,
    pub(crate) pseudo: &'a Pseudo,
    pub(crate) stack_uuid: &'a str,
    pub(crate) logical_id: &'a str,
    pub(crate) type_name: &'a str,
    pub(crate) properties: &'a Value,
    /// How many were made for the same logical id before.
    pub(crate) generation: u32,
    /// Identifiers of a resource that exists already and is imported.
    pub(crate) imported: Option<&'a std::collections::BTreeMap<String, String>>,
}

/// The generation of a resource that a stack does not have: one of that name may be left behind by what was there before.
pub(crate) fn first_generation(stack: &Stack) -> u32 {
    let ordinal = u32::try_from(stack.ordinal).unwrap_or(u32::MAX);
    stack.updated.map_or(0, |_| ordinal)
}

/// Calls a new resource.
pub(crate) fn identify(birth: &Birth<'_>) -> Identity {
    let facts = crate::facts::of(birth.type_name);
    let form = Form::of(birth.type_name);
    let name = birth.name(facts, &form);
    let physical_id = match form.physical {
        Physical::Name => name.clone(),
        Physical::Arn => birth.arn(&name),
        Physical::QueueUrl => format!(
            "https://sqs.{}.amazonaws.com/{}/{name}",
            birth.pseudo.region, birth.pseudo.account
        ),
        Physical::Derived => birth.derived(facts, &name),
    };
    let mut attributes = IndexMap::new();
    for path in facts.into_iter().flat_map(ResourceType::attributes) {
        let attribute = path.attribute();
        if attribute.contains('*') {
            continue;
        }
        let value = birth.attribute(facts, &attribute, path.segments(), &name, &physical_id);
        attributes.insert(attribute, value);
    }
    if let Some(imported) = birth.imported {
        for (name, value) in imported {
            attributes.insert(name.clone(), Value::from(value.as_str()));
        }
    }
    Identity {
        reference: physical_id.clone(),
        physical_id,
        attributes,
    }
}

/// The value of an attribute that the facts do not list: custom resources and nested stacks have any.
pub(crate) fn unlisted_attribute(
    type_name: &str,
    physical_id: &str,
    attribute: &str,
) -> Option<Value> {
    let knows_any = match crate::facts::of(type_name) {
        Some(facts) => facts.has_attribute(attribute),
        None => true,
    };
    knows_any.then(|| {
        let last = physical_id.rsplit(['/', ':']).next().unwrap_or(physical_id);
        format!("{last}-{}", attribute.replace('.', "-")).into()
    })
}

impl Birth<'_> {
    /// The name: given, imported or made up.
    fn name(&self, facts: Option<&ResourceType>, form: &Form) -> String {
        if let Some(imported) = self.imported
            && let Some(value) = imported.values().next_back()
        {
            return value.clone();
        }
        let given = |property: &str| self.properties.get(property).and_then(text_of);
        if self.type_name == "AWS::Budgets::Budget" {
            let named = self
                .properties
                .pointer("/Budget/BudgetName")
                .and_then(text_of);
            return named.unwrap_or_else(|| self.made_up(form.style));
        }
        if self.type_name == "AWS::IAM::OIDCProvider" {
            let url = given("Url").unwrap_or_default();
            return url.trim_start_matches("https://").to_owned();
        }
        let named = match name_property(self.type_name) {
            Some(property) => given(property),
            None => facts.and_then(|facts| {
                let settable = facts
                    .primary_identifier
                    .iter()
                    .filter(|path| !facts.is_read_only(&segments(path.segments())));
                match settable.collect::<Vec<_>>().as_slice() {
                    [path] if facts.primary_identifier.len() == 1 => {
                        self.property(path.segments()).and_then(text_of)
                    }
                    _ => None,
                }
            }),
        };
        named.unwrap_or_else(|| self.made_up(form.style))
    }

    /// A name of the kind AWS makes up.
    fn made_up(&self, style: Style) -> String {
        let stack = &self.pseudo.stack_name;
        match style {
            Style::Stack => format!("{stack}-{}-{}", self.logical_id, self.word(UPPER, 12)),
            Style::Bucket => {
                let mut name = format!("{stack}-{}", self.logical_id).to_ascii_lowercase();
                name.truncate(50);
                format!("{}-{}", name.trim_end_matches('-'), self.word(LOWER, 12))
            }
            Style::Prefixed(prefix) => format!("{prefix}0{}", self.word(HEXADECIMAL, 16)),
            Style::RegionUnderscore => format!("{}_{}", self.pseudo.region, self.word(MIXED, 9)),
            Style::Lower(length) => self.word(LOWER, length),
            Style::Upper(length) => format!("E{}", self.word(UPPER, length - 1)),
            Style::Uuid => self.uuid("name"),
        }
    }

    /// The physical id as the primary identifier says: what is given, what is made up, joined by `|`.
    fn derived(&self, facts: Option<&ResourceType>, name: &str) -> String {
        let Some(facts) = facts else {
            return name.to_owned();
        };
        let is_made_up =
            |path: &schema::PropertyPath| facts.is_read_only(&segments(path.segments()));
        let identifier = &facts.primary_identifier;
        // Of several parts of which AWS makes up one, that one alone tells the resource from all others.
        let parts: Vec<_> = match identifier
            .iter()
            .filter(|path| is_made_up(path))
            .collect::<Vec<_>>()
        {
            made_up if made_up.len() == 1 && self.imported.is_none() => made_up,
            _ => identifier.iter().collect(),
        };
        let texts: Vec<String> = parts
            .iter()
            .map(|path| {
                let attribute = path.attribute();
                let imported = self.imported.and_then(|imported| imported.get(&attribute));
                if let Some(value) = imported {
                    return value.clone();
                }
                match self.property(path.segments()).and_then(text_of) {
                    Some(text) => text,
                    None if is_made_up(path) => text_of(&self.attribute(
                        Some(facts),
                        &attribute,
                        path.segments(),
                        name,
                        name,
                    ))
                    .unwrap_or_else(|| name.to_owned()),
                    None => name.to_owned(),
                }
            })
            .collect();
        texts.join("|")
    }

    /// The value of an attribute.
    fn attribute(
        &self,
        facts: Option<&ResourceType>,
        attribute: &str,
        path: &[String],
        name: &str,
        physical_id: &str,
    ) -> Value {
        if let Some(value) = self.property(path) {
            return value.clone();
        }
        if let Some(value) = self.known_attribute(attribute, name) {
            return value.into();
        }
        let borrowed = segments(path);
        let shape = facts.and_then(|facts| facts.shape_at(&borrowed));
        if let Some(shape) = shape {
            if let Some(first) = shape.allowed.first() {
                return first.clone();
            }
            if !shape.kinds.is_empty() && !shape.kinds.contains(Kind::String) {
                return match shape.kinds.iter().next() {
                    Some(Kind::Integer | Kind::Number) => 0.into(),
                    Some(Kind::Boolean) => false.into(),
                    Some(Kind::Array) => Value::Array(Vec::new()),
                    _ => Value::Object(serde_json::Map::new()),
                };
            }
        }
        let last = path.last().map_or(attribute, String::as_str);
        let is_identifier = facts.is_some_and(|facts| {
            facts
                .primary_identifier
                .iter()
                .any(|identifier| identifier.segments() == path)
        });
        if last.ends_with("Arn") || last.ends_with("ARN") {
            self.arn(name).into()
        } else if last.ends_with("Name") {
            name.into()
        } else if last == "Id" || last.ends_with("Uuid") || last.ends_with("UUID") {
            if is_identifier {
                self.made_up_id(last).into()
            } else {
                physical_id.into()
            }
        } else if last.ends_with("Id") || last.ends_with("ID") || last.ends_with("Identifier") {
            self.made_up_id(last).into()
        } else if last.ends_with("Url") || last.ends_with("URL") || last.ends_with("Uri") {
            format!("https://{}", self.host(name)).into()
        } else if last.contains("Endpoint")
            || last.contains("Domain")
            || last.contains("Host")
            || last.contains("Dns")
            || last.contains("DNS")
        {
            self.host(name).into()
        } else if last.contains("Time") || last.ends_with("At") || last.ends_with("Date") {
            "2026-01-01T00:00:00Z".into()
        } else if last.contains("Port") {
            "443".into()
        } else if last.contains("Version") {
            "1".into()
        } else if last.contains("Status") || last.contains("State") {
            "ACTIVE".into()
        } else {
            self.made_up_id(last).into()
        }
    }

    /// Attributes of well-known types that do not follow from their names.
    fn known_attribute(&self, attribute: &str, name: &str) -> Option<String> {
        let region = &self.pseudo.region;
        Some(match (self.type_name, attribute) {
            ("AWS::S3::Bucket", "DomainName") => format!("{name}.s3.amazonaws.com"),
            ("AWS::S3::Bucket", "RegionalDomainName") => {
                format!("{name}.s3.{region}.amazonaws.com")
            }
            ("AWS::S3::Bucket", "DualStackDomainName") => {
                format!("{name}.s3.dualstack.{region}.amazonaws.com")
            }
            ("AWS::S3::Bucket", "WebsiteURL") => {
                format!("http://{name}.s3-website-{region}.amazonaws.com")
            }
            ("AWS::Cognito::UserPool", "UserPoolId") => name.to_owned(),
            ("AWS::Cognito::UserPool", "ProviderName") => {
                format!("cognito-idp.{region}.amazonaws.com/{name}")
            }
            ("AWS::Cognito::UserPool", "ProviderURL") => {
                format!("https://cognito-idp.{region}.amazonaws.com/{name}")
            }
            ("AWS::Cognito::UserPoolClient", "ClientId") => name.to_owned(),
            ("AWS::Cognito::UserPoolClient", "ClientSecret") => self.word(LOWER, 51),
            ("AWS::Cognito::UserPoolDomain", "CloudFrontDistribution") => {
                format!("d{}.cloudfront.net", self.word(LOWER, 13))
            }
            ("AWS::IAM::Role", "RoleId") => format!("AROA{}", self.word(UPPER, 17)),
            ("AWS::IAM::User", "UserId") => format!("AIDA{}", self.word(UPPER, 17)),
            ("AWS::CloudFront::Distribution", "DomainName") => {
                format!("d{}.cloudfront.net", self.word(LOWER, 13))
            }
            ("AWS::KMS::Key", "KeyId") => name.to_owned(),
            ("AWS::SQS::Queue", "QueueUrl") => {
                format!(
                    "https://sqs.{region}.amazonaws.com/{}/{name}",
                    self.pseudo.account
                )
            }
            _ if Physical::is_own_id(self.type_name, attribute) => name.to_owned(),
            _ => return None,
        })
    }

    fn arn(&self, name: &str) -> String {
        // What is imported may be called by its ARN.
        if name.starts_with("arn:") {
            return name.to_owned();
        }
        let Pseudo {
            account, region, ..
        } = self.pseudo;
        let partition = self.pseudo.partition();
        let path = self
            .properties
            .get("Path")
            .and_then(Value::as_str)
            .unwrap_or("/");
        let (service, region, account, resource) = match self.type_name {
            "AWS::S3::Bucket" => ("s3", "", "", name.to_owned()),
            "AWS::IAM::Role" => ("iam", "", account.as_str(), format!("role{path}{name}")),
            "AWS::IAM::User" => ("iam", "", account.as_str(), format!("user{path}{name}")),
            "AWS::IAM::Group" => ("iam", "", account.as_str(), format!("group{path}{name}")),
            "AWS::IAM::InstanceProfile" => (
                "iam",
                "",
                account.as_str(),
                format!("instance-profile{path}{name}"),
            ),
            "AWS::IAM::ManagedPolicy" => {
                ("iam", "", account.as_str(), format!("policy{path}{name}"))
            }
            "AWS::IAM::OIDCProvider" => {
                ("iam", "", account.as_str(), format!("oidc-provider/{name}"))
            }
            "AWS::IAM::SAMLProvider" => {
                ("iam", "", account.as_str(), format!("saml-provider/{name}"))
            }
            "AWS::SNS::Subscription" => {
                let topic = self
                    .properties
                    .get("TopicArn")
                    .and_then(Value::as_str)
                    .unwrap_or_default();
                return format!("{topic}:{name}");
            }
            "AWS::SNS::Topic" => ("sns", region.as_str(), account.as_str(), name.to_owned()),
            "AWS::SQS::Queue" => ("sqs", region.as_str(), account.as_str(), name.to_owned()),
            "AWS::Cognito::UserPool" => (
                "cognito-idp",
                region.as_str(),
                account.as_str(),
                format!("userpool/{name}"),
            ),
            "AWS::Lambda::Function" => (
                "lambda",
                region.as_str(),
                account.as_str(),
                format!("function:{name}"),
            ),
            "AWS::Logs::LogGroup" => (
                "logs",
                region.as_str(),
                account.as_str(),
                format!("log-group:{name}:*"),
            ),
            "AWS::SecretsManager::Secret" => (
                "secretsmanager",
                region.as_str(),
                account.as_str(),
                format!("secret:{name}-{}", self.word(MIXED, 6)),
            ),
            "AWS::StepFunctions::StateMachine" => (
                "states",
                region.as_str(),
                account.as_str(),
                format!("stateMachine:{name}"),
            ),
            "AWS::CE::AnomalyMonitor" => {
                ("ce", "", account.as_str(), format!("anomalymonitor/{name}"))
            }
            "AWS::CE::AnomalySubscription" => (
                "ce",
                "",
                account.as_str(),
                format!("anomalysubscription/{name}"),
            ),
            "AWS::CertificateManager::Certificate" => (
                "acm",
                region.as_str(),
                account.as_str(),
                format!("certificate/{}", self.uuid("arn")),
            ),
            "AWS::CloudFront::Distribution" => (
                "cloudfront",
                "",
                account.as_str(),
                format!("distribution/{name}"),
            ),
            "AWS::CloudFormation::Stack" => (
                "cloudformation",
                region.as_str(),
                account.as_str(),
                format!("stack/{name}/{}", self.uuid("arn")),
            ),
            _ => {
                let mut parts = self.type_name.split("::").skip(1);
                let service = parts.next().unwrap_or("custom").to_ascii_lowercase();
                let kind = parts.next().unwrap_or("resource").to_ascii_lowercase();
                return format!(
                    "arn:{partition}:{}:{region}:{account}:{kind}/{name}",
                    service_of(&service)
                );
            }
        };
        format!("arn:{partition}:{service}:{region}:{account}:{resource}")
    }

    fn host(&self, name: &str) -> String {
        let service = self
            .type_name
            .split("::")
            .nth(1)
            .unwrap_or("custom")
            .to_ascii_lowercase();
        format!(
            "{}.{service}.{}.amazonaws.com",
            name.to_ascii_lowercase(),
            self.pseudo.region
        )
    }

    fn property(&self, path: &[String]) -> Option<&Value> {
        path.iter()
            .try_fold(self.properties, |value, segment| value.get(segment))
    }

    /// An identifier of no special form: a UUID where the name says so, else letters and digits.
    fn made_up_id(&self, purpose: &str) -> String {
        if purpose.contains("uid") || purpose.contains("UID") {
            self.uuid(purpose)
        } else {
            let generation = self.generation.to_string();
            word(
                self.seed,
                &["id", self.stack_uuid, self.logical_id, &generation, purpose],
                LOWER,
                12,
            )
        }
    }

    fn word(&self, alphabet: &str, length: usize) -> String {
        let generation = self.generation.to_string();
        word(
            self.seed,
            &[
                "name",
                self.stack_uuid,
                self.logical_id,
                &generation,
                alphabet,
            ],
            alphabet,
            length,
        )
    }

    fn uuid(&self, purpose: &str) -> String {
        let generation = self.generation.to_string();
        uuid(
            self.seed,
            &[purpose, self.stack_uuid, self.logical_id, &generation],
        )
    }
}

fn segments(path: &[String]) -> Vec<&str> {
    path.iter().map(String::as_str).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn identity(type_name: &str, properties: Value) -> Identity {
        let pseudo = Pseudo {
            account: "111122223333".to_owned(),
            region: "us-east-1".to_owned(),
            stack_id: "arn".to_owned(),
            stack_name: "Shop".to_owned(),
            notification_arns: Vec::new(),
        };
        identify(&Birth {
            seed: 1,
            pseudo: &pseudo,
            stack_uuid: "u",
            logical_id: "Thing",
            type_name,
            properties: &properties,
            generation: 0,
            imported: None,
        })
    }

    #[test]
    fn ids_have_the_form_aws_gives_them() {
        for (type_name, properties, form) in [
            ("AWS::S3::Bucket", json!({}), "^shop-thing-[a-z0-9]{12}$"),
            ("AWS::S3::Bucket", json!({"BucketName": "mine"}), "^mine$"),
            (
                "AWS::Cognito::UserPool",
                json!({"UserPoolName": "p"}),
                "^us-east-1_[A-Za-z0-9]{9}$",
            ),
            (
                "AWS::Cognito::UserPoolClient",
                json!({"UserPoolId": "p"}),
                "^[a-z0-9]{26}$",
            ),
            (
                "AWS::Cognito::UserPoolDomain",
                json!({"UserPoolId": "p", "Domain": "d"}),
                "^d$",
            ),
            ("AWS::IAM::Role", json!({}), "^Shop-Thing-[A-Z0-9]{12}$"),
            (
                "AWS::IAM::OIDCProvider",
                json!({"Url": "https://token.x.com"}),
                "^arn:aws:iam::111122223333:oidc-provider/token.x.com$",
            ),
            (
                "AWS::SNS::Topic",
                json!({"TopicName": "t"}),
                "^arn:aws:sns:us-east-1:111122223333:t$",
            ),
            (
                "AWS::SQS::Queue",
                json!({}),
                "^https://sqs.us-east-1.amazonaws.com/111122223333/Shop-Thing-",
            ),
            (
                "AWS::Budgets::Budget",
                json!({"Budget": {"BudgetName": "b"}}),
                "^.+$",
            ),
            ("AWS::EC2::VPC", json!({}), "^vpc-0[0-9a-f]{16}$"),
            (
                "AWS::CE::AnomalyMonitor",
                json!({}),
                "^arn:aws:ce::111122223333:anomalymonitor/[0-9a-f-]{36}$",
            ),
            ("AWS::SSM::Parameter", json!({"Name": "/a"}), "^/a$"),
            ("Custom::Thing", json!({}), "^Shop-Thing-"),
        ] {
            let found = identity(type_name, properties);
            let form = regex::Regex::new(form).unwrap();
            assert!(
                form.is_match(&found.physical_id),
                "{type_name}: {}",
                found.physical_id
            );
        }
    }

    #[test]
    fn attributes_follow_from_the_name() {
        let bucket = identity("AWS::S3::Bucket", json!({"BucketName": "mine"}));
        assert_eq!(bucket.attributes["Arn"], json!("arn:aws:s3:::mine"));
        let pool = identity("AWS::Cognito::UserPool", json!({}));
        let id = &pool.physical_id;
        assert_eq!(pool.attributes["UserPoolId"], json!(id));
        assert_eq!(
            pool.attributes["Arn"],
            json!(format!(
                "arn:aws:cognito-idp:us-east-1:111122223333:userpool/{id}"
            ))
        );
        let vpc = identity("AWS::EC2::VPC", json!({}));
        assert_eq!(vpc.attributes["VpcId"], json!(vpc.physical_id));
    }

    #[test]
    fn every_type_can_be_called() {
        for type_name in schema::type_names() {
            let found = identity(type_name, json!({}));
            assert!(!found.physical_id.is_empty(), "{type_name}");
        }
    }
}
