//! What the stacks of an environment need: the actions that CloudFormation must be allowed to do, and where.

use std::collections::{BTreeMap, BTreeSet};

use assembly::Permission;
use schema::{AccessLevel, Handlers};
use serde_json::Value;

use crate::{
    names::{Names, walk},
    scope::Scope,
};

/// Types for which CloudFormation asks no other service.
const NOTHING: [&str; 3] = [
    "AWS::CDK::Metadata",
    "AWS::CloudFormation::WaitCondition",
    "AWS::CloudFormation::WaitConditionHandle",
];

/// What types need of which AWS has published no handlers, and whose name is that of something else.
const WITHOUT_HANDLERS: [(&str, &[&str]); 1] = [(
    "AWS::IAM::Policy",
    &[
        "iam:DeleteGroupPolicy",
        "iam:DeleteRolePolicy",
        "iam:DeleteUserPolicy",
        "iam:GetGroupPolicy",
        "iam:GetRolePolicy",
        "iam:GetUserPolicy",
        "iam:PutGroupPolicy",
        "iam:PutRolePolicy",
        "iam:PutUserPolicy",
    ],
)];

/// Reads that tell values which are secret or may be. Whoever only looks is not allowed them.
const TELLING: [&str; 6] = [
    "cognito-idp:ListUserPoolClientSecrets",
    "kms:Decrypt",
    "s3:GetObject",
    "s3:GetObjectVersion",
    "secretsmanager:GetSecretValue",
    "ssm:GetParameters",
];

/// Tells the secret of a client that has one.
const DESCRIBES_CLIENTS: &str = "cognito-idp:DescribeUserPoolClient";

/// An action that is done to more kinds of things than this is allowed on the service's resources as a whole.
const MOST_ARNS: usize = 6;

/// What the stacks of an environment need.
#[derive(Clone, Debug, Default)]
pub struct Needs {
    /// Actions, in the spelling of the service authorization reference.
    actions: BTreeMap<String, Need>,
    /// The declared types.
    types: BTreeSet<String>,
    /// Types of which AWS does not say what they need.
    unknown: BTreeSet<String>,
    /// Services whose actions roles of the stacks are allowed.
    services: BTreeSet<String>,
    /// Policies that are named and not written out, of which it is not known what they allow.
    policies: BTreeSet<String>,
    /// Whether a client of a user pool has a secret, or may have one.
    has_confidential_client: bool,
    /// Names that the stacks give.
    names: Names,
    /// Further resources of actions, by action.
    elsewhere: BTreeMap<&'static str, BTreeSet<String>>,
}

/// Why an action is needed, and on what.
#[derive(Clone, Debug, Default)]
struct Need {
    /// The types that need it.
    because: BTreeSet<String>,
    /// Whether a handler needs it to read what there is.
    reads: bool,
    /// The forms of the ARNs that it is needed on.
    forms: BTreeSet<&'static str>,
}

impl Needs {
    /// What templates need, and what the environment's file adds to that.
    pub fn of<'a>(
        scope: &Scope,
        templates: impl IntoIterator<Item = &'a Value>,
        permissions: &[Permission],
    ) -> Self {
        let mut needs = Self {
            names: Names::new(scope),
            ..Self::default()
        };
        for template in templates {
            needs.add(scope, template);
        }
        for permission in permissions {
            needs.need(permission.as_str(), "environment file", &BTreeSet::new());
        }
        needs
    }

    fn add(&mut self, scope: &Scope, template: &Value) {
        for resource in template["Resources"].as_object().into_iter().flatten() {
            if let Some(type_name) = resource.1["Type"].as_str() {
                self.add_type(type_name);
            }
            self.has_confidential_client |= is_confidential_client(resource.1);
            self.names.add(scope, template, resource.1);
            self.add_policies(resource.1);
        }
        self.add_roles(template);
        self.add_references(scope, template);
    }

    /// What the handlers of a type need.
    fn add_type(&mut self, type_name: &str) {
        if !self.types.insert(type_name.to_owned()) || NOTHING.contains(&type_name) {
            return;
        }
        let mut reads = Vec::new();
        let permissions = match schema::resource_type(type_name) {
            Some(facts) if facts.handlers != Handlers::default() => {
                let Handlers {
                    create,
                    read,
                    update,
                    delete,
                    list: _,
                } = &facts.handlers;
                reads.clone_from(read);
                let handlers = [create, read, update, delete].into_iter().flatten();
                handlers
                    .chain(&facts.tagging.permissions)
                    .cloned()
                    .collect()
            }
            Some(facts) if facts.name == "AWS::CloudFormation::CustomResource" => {
                vec!["lambda:InvokeFunction".to_owned(), "sns:Publish".to_owned()]
            }
            _ => without_handlers(type_name),
        };
        if permissions.is_empty() {
            self.unknown.insert(type_name.to_owned());
        }
        // What the actions are done to that can be done to one kind of thing only is what the type is about.
        let actions = permissions.iter().map(|permission| spelled(permission));
        let forms = actions.map(|action| schema::iam_targets(&action));
        let about = forms
            .filter(|forms| forms.len() == 1)
            .flatten()
            .copied()
            .collect();
        for permission in &permissions {
            self.need(permission, type_name, &about);
        }
        for permission in if reads.is_empty() { permissions } else { reads } {
            if let Some(need) = self.actions.get_mut(&spelled(&permission)) {
                need.reads = true;
            }
        }
    }

    /// Adds an action. One that is done to one of several kinds of things is needed for those that are known to be meant
    /// (`about`), if any of them is.
    fn need(&mut self, permission: &str, because: &str, about: &BTreeSet<&'static str>) {
        // A handler that needs nothing says so with a service that does not exist.
        if permission.starts_with("noservice:") {
            return;
        }
        let action = spelled(permission);
        let forms = schema::iam_targets(&action);
        let meant: Vec<&str> = forms
            .iter()
            .copied()
            .filter(|form| about.contains(form))
            .collect();
        let need = self.actions.entry(action).or_default();
        need.because.insert(because.to_owned());
        need.forms.extend(if meant.is_empty() {
            forms.to_vec()
        } else {
            meant
        });
    }

    /// Services whose actions the policies of identities name: the boundary has to let roles use them.
    fn add_policies(&mut self, resource: &Value) {
        let services = &mut self.services;
        let mut texts = |_: &str, _: &str| {};
        walk("", resource, &mut texts, &mut |statement| {
            let is_of_identity = statement.contains_key("Effect")
                && !statement.contains_key("Principal")
                && !statement.contains_key("NotPrincipal");
            let actions = match statement.get("Action") {
                Some(Value::Array(actions)) if is_of_identity => actions.as_slice(),
                Some(action) if is_of_identity => std::slice::from_ref(action),
                _ => &[],
            };
            let actions = actions.iter().filter_map(Value::as_str);
            services.extend(
                actions
                    .filter_map(|action| Some(action.split_once(':')?.0.to_ascii_lowercase()))
                    .filter(|service| !service.contains('*')),
            );
        });
        let named = resource["Properties"]["ManagedPolicyArns"].as_array();
        for policy in named.into_iter().flatten() {
            let text = policy.as_str().or_else(|| policy["Fn::Sub"].as_str());
            let Some((_, name)) = text.and_then(|text| text.split_once(":iam::aws:policy/")) else {
                continue;
            };
            match name {
                "service-role/AWSLambdaBasicExecutionRole" => {
                    services.insert("logs".to_owned());
                }
                "service-role/AWSLambdaVPCAccessExecutionRole" => {
                    services.extend(["ec2".to_owned(), "logs".to_owned()]);
                }
                "AWSXRayDaemonWriteAccess" => {
                    services.insert("xray".to_owned());
                }
                _ => {
                    self.policies.insert(name.to_owned());
                }
            }
        }
    }

    /// Roles of elsewhere that services are given.
    fn add_roles(&mut self, template: &Value) {
        let roles = self.elsewhere.entry("iam:PassRole").or_default();
        let mut texts = |key: &str, text: &str| {
            let is_role = text.starts_with("arn:") && text.contains(":role/");
            if is_role
                && key
                    .to_ascii_lowercase()
                    .trim_end_matches("arn")
                    .ends_with("role")
            {
                roles.insert(text.to_owned());
            }
        };
        walk("", &template["Resources"], &mut texts, &mut |_| {});
    }

    /// Values that CloudFormation looks up as it deploys.
    fn add_references(&mut self, scope: &Scope, template: &Value) {
        let mut found: Vec<(&'static str, String)> = Vec::new();
        let mut texts = |_: &str, text: &str| {
            for reference in text.split("{{resolve:").skip(1) {
                let whole = reference.split_once("}}").map(|(whole, _)| whole);
                let Some((service, rest)) = whole.unwrap_or(reference).split_once(':') else {
                    continue;
                };
                let name = rest.split("${").next().unwrap_or_default();
                let is_cut = whole.is_none() || name.len() < rest.len();
                match service {
                    "ssm" | "ssm-secure" => {
                        let name = name.split(':').next().unwrap_or_default();
                        found.push(("ssm:GetParameters", parameter(name, is_cut)));
                    }
                    "secretsmanager" if name.starts_with("arn:") => {
                        let secret: Vec<&str> = name.splitn(8, ':').take(7).collect();
                        found.push(("secretsmanager:GetSecretValue", secret.join(":")));
                    }
                    "secretsmanager" => {
                        // Secrets Manager adds six letters of its own to the name.
                        let name = name.split(':').next().unwrap_or_default();
                        let secret = scope.regional("secretsmanager", &format!("secret:{name}*"));
                        found.push(("secretsmanager:GetSecretValue", secret));
                    }
                    _ => {}
                }
            }
        };
        walk("", &template["Resources"], &mut texts, &mut |_| {});
        for (_, declared) in template["Parameters"].as_object().into_iter().flatten() {
            let is_looked_up = declared["Type"]
                .as_str()
                .is_some_and(|kind| kind.starts_with("AWS::SSM::Parameter::"));
            if let Some(name) = declared["Default"].as_str().filter(|_| is_looked_up) {
                found.push(("ssm:GetParameters", parameter(name, false)));
            }
        }
        for (action, resource) in found {
            let resource = match resource.strip_prefix("parameter/") {
                Some(_) => scope.regional("ssm", &resource),
                None => resource,
            };
            self.elsewhere.entry(action).or_default().insert(resource);
            self.need(action, "dynamic references", &BTreeSet::new());
        }
    }

    /// The declared types.
    pub fn types(&self) -> impl Iterator<Item = &str> {
        self.types.iter().map(String::as_str)
    }

    /// Types of which neither AWS nor the names of actions say what they need.
    pub fn unknown_types(&self) -> impl Iterator<Item = &str> {
        self.unknown.iter().map(String::as_str)
    }

    /// Policies of AWS that roles have, of which it is not known what they allow: within the boundary that may be less.
    pub fn unknown_policies(&self) -> impl Iterator<Item = &str> {
        self.policies.iter().map(String::as_str)
    }

    /// Every action, with the resources it is needed on and why.
    pub(crate) fn grants<'a>(&'a self, scope: &'a Scope) -> impl Iterator<Item = Grant<'a>> {
        self.actions.iter().map(|(action, need)| Grant {
            resources: self.resources(scope, action, need),
            action,
            because: &need.because,
        })
    }

    /// What is needed to look at what there is, as detection of drift does with the rights of whoever asks for it. Secrets
    /// are not told.
    pub(crate) fn reads<'a>(&'a self, scope: &'a Scope) -> impl Iterator<Item = Grant<'a>> {
        self.grants(scope).filter(|grant| {
            self.actions[grant.action].reads
                && is_read(grant.action)
                && !TELLING.contains(&grant.action)
                && !(self.has_confidential_client && grant.action == DESCRIBES_CLIENTS)
        })
    }

    /// The resources an action is needed on.
    fn resources(&self, scope: &Scope, action: &str, need: &Need) -> Vec<String> {
        let elsewhere = self.elsewhere.get(action);
        let mut arns: BTreeSet<String> = match action {
            // The roles that services make for themselves have names of their own.
            "iam:CreateServiceLinkedRole" => BTreeSet::from([scope.iam("role/aws-service-role/*")]),
            // What is looked up is named where it is.
            "ssm:GetParameters" | "secretsmanager:GetSecretValue" if elsewhere.is_some() => {
                BTreeSet::new()
            }
            // What a custom resource calls may be anywhere in the account.
            "lambda:InvokeFunction" | "sns:Publish" if need.is_for_custom_resources() => {
                arns(&Names::default(), scope, need)
            }
            _ => arns(&self.names, scope, need),
        };
        arns.extend(elsewhere.into_iter().flatten().cloned());
        if matches!(action, "s3:GetObject" | "s3:GetObjectVersion") {
            arns.insert(format!("{}/{}*", scope.bucket_arn(), scope.folder()));
        }
        if arns.is_empty() {
            return vec!["*".to_owned()];
        }
        without_covered(arns)
    }

    /// The services that policies of the stacks' roles name.
    pub(crate) fn services_of_roles(&self) -> impl Iterator<Item = &str> {
        self.services.iter().map(String::as_str)
    }

    /// The services that identities of the environment may use at all.
    pub(crate) fn services(&self) -> BTreeSet<String> {
        let needed = self.actions.keys();
        let needed = needed.filter_map(|action| Some(action.split_once(':')?.0.to_owned()));
        needed.chain(self.services.iter().cloned()).collect()
    }
}

impl Need {
    fn is_for_custom_resources(&self) -> bool {
        let mut because = self.because.iter();
        because.any(|one| one.starts_with("Custom::") || one.ends_with("::CustomResource"))
    }
}

/// The ARNs that forms stand for. Of more kinds of things than a person would read those without names are told as the
/// service's resources as a whole.
fn arns(names: &Names, scope: &Scope, need: &Need) -> BTreeSet<String> {
    let is_long = need.forms.len() > MOST_ARNS;
    let wider = |form: &str| {
        let arn = names.arns(scope, form).pop()?;
        let service: Vec<&str> = arn.splitn(6, ':').take(5).collect();
        Some(vec![format!("{}:*", service.join(":"))])
    };
    let forms = need.forms.iter();
    forms
        .flat_map(|form| match is_long && !names.knows(form) {
            true => wider(form).unwrap_or_default(),
            false => names.arns(scope, form),
        })
        .collect()
}

/// An action that is needed.
pub(crate) struct Grant<'a> {
    pub(crate) action: &'a str,
    pub(crate) resources: Vec<String>,
    /// The types that need it.
    pub(crate) because: &'a BTreeSet<String>,
}

/// The parameter of a name as an ARN has it, or of what a name begins with.
fn parameter(name: &str, is_cut: bool) -> String {
    let end = if is_cut { "*" } else { "" };
    format!("parameter/{}{end}", name.trim_start_matches('/'))
}

/// Drops what a pattern with a `*` at its end stands for already.
pub(crate) fn without_covered(arns: BTreeSet<String>) -> Vec<String> {
    let covers = |pattern: &str, arn: &str| {
        let prefix = pattern.strip_suffix('*');
        pattern != arn && prefix.is_some_and(|prefix| arn.starts_with(prefix))
    };
    let all: Vec<&String> = arns.iter().collect();
    let kept = all
        .iter()
        .filter(|arn| !all.iter().any(|other| covers(other, arn)));
    kept.map(|arn| (*arn).clone()).collect()
}

/// Calls of S3 that handlers list as permissions, and the actions by which IAM allows them.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html>
const CALLS_OF_S3: [(&str, &str); 9] = [
    (
        "DeleteBucketAnalyticsConfiguration",
        "PutAnalyticsConfiguration",
    ),
    ("DeleteBucketCors", "PutBucketCORS"),
    ("DeleteBucketEncryption", "PutEncryptionConfiguration"),
    ("DeleteBucketLifecycle", "PutLifecycleConfiguration"),
    (
        "DeleteBucketMetricsConfiguration",
        "PutMetricsConfiguration",
    ),
    ("DeleteBucketReplication", "PutReplicationConfiguration"),
    ("DeleteBucketTagging", "PutBucketTagging"),
    ("PutBucketReplication", "PutReplicationConfiguration"),
    (
        "PutObjectLockConfiguration",
        "PutBucketObjectLockConfiguration",
    ),
];

/// An action in the spelling of the service authorization reference: schemas write some in other cases, and some that
/// are none.
fn spelled(permission: &str) -> String {
    let Some((service, name)) = permission.split_once(':') else {
        return permission.to_owned();
    };
    let service = service.to_ascii_lowercase();
    if let Some((_, action)) = CALLS_OF_S3
        .iter()
        .find(|(call, _)| service == "s3" && *call == name)
    {
        return format!("s3:{action}");
    }
    let known = schema::iam_action(permission).map(|action| action.name);
    format!("{service}:{}", known.unwrap_or(name))
}

/// Whether an action only looks.
fn is_read(action: &str) -> bool {
    let access = schema::iam_action(action).map(|action| action.access);
    matches!(access, Some(AccessLevel::List | AccessLevel::Read))
}

/// Whether a resource is a client of a user pool that has a secret, or may have one.
fn is_confidential_client(resource: &Value) -> bool {
    let generates = &resource["Properties"]["GenerateSecret"];
    resource["Type"] == "AWS::Cognito::UserPoolClient"
        && !(generates.is_null() || *generates == false || *generates == "false")
}

/// What a type needs of which AWS has published no handlers: the actions of its service that speak of it.
fn without_handlers(type_name: &str) -> Vec<String> {
    let mut known = WITHOUT_HANDLERS.iter();
    if let Some((_, permissions)) = known.find(|(name, _)| *name == type_name) {
        return permissions.iter().map(|&one| one.to_owned()).collect();
    }
    let parts: Vec<&str> = type_name.split("::").collect();
    let ["AWS", service, kind] = parts[..] else {
        return Vec::new();
    };
    let service = service.to_ascii_lowercase();
    let actions: Vec<&str> = schema::iam_actions(&service)
        .map(|action| action.name)
        .collect();
    let of_kind = |action: &&str| {
        let verbs = [
            "BatchGet", "Create", "Delete", "Describe", "Get", "List", "Put", "Update",
        ];
        let object = verbs.iter().find_map(|verb| action.strip_prefix(verb));
        object.is_some_and(|object| object.trim_end_matches('s') == kind.trim_end_matches('s'))
    };
    let of_kind: Vec<&str> = actions.iter().copied().filter(of_kind).collect();
    if !of_kind
        .iter()
        .any(|action| action.starts_with("Create") || action.starts_with("Put"))
    {
        return Vec::new();
    }
    let tags = ["ListTagsForResource", "TagResource", "UntagResource"];
    let tags = tags.into_iter().filter(|tag| actions.contains(tag));
    of_kind
        .iter()
        .copied()
        .chain(tags)
        .map(|name| format!("{service}:{name}"))
        .collect()
}
