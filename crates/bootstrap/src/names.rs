//! The names of what stacks declare, as far as a template says them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use crate::scope::Scope;

/// A kind of thing whose ARN has a name that a template gives, or that CloudFormation makes from the stack's.
struct Kind {
    /// The service and the variable of the ARN's form: `s3:::${BucketName}`.
    service: &'static str,
    variable: &'static str,
    /// Types and the properties by which they name one.
    named_by: &'static [(&'static str, &'static str)],
    /// What names begin with that CloudFormation makes.
    made: Made,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Made {
    /// With the stack's name.
    FromStack,
    /// With the stack's name in small letters.
    FromStackInLower,
    /// With this.
    With(&'static str),
    /// It makes none.
    Never,
}

/// [Names CloudFormation makes](https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-properties-name.html).
const KINDS: &[Kind] = &[
    Kind {
        service: "s3",
        variable: "BucketName",
        named_by: &[
            ("AWS::S3::Bucket", "BucketName"),
            ("AWS::S3::BucketPolicy", "Bucket"),
        ],
        made: Made::FromStackInLower,
    },
    Kind {
        service: "iam",
        variable: "RoleNameWithPath",
        named_by: &[
            ("AWS::IAM::Role", "RoleName"),
            ("AWS::IAM::RolePolicy", "RoleName"),
        ],
        made: Made::FromStack,
    },
    Kind {
        service: "iam",
        variable: "PolicyNameWithPath",
        named_by: &[("AWS::IAM::ManagedPolicy", "ManagedPolicyName")],
        made: Made::FromStack,
    },
    Kind {
        service: "iam",
        variable: "UserNameWithPath",
        named_by: &[
            ("AWS::IAM::User", "UserName"),
            ("AWS::IAM::UserPolicy", "UserName"),
        ],
        made: Made::FromStack,
    },
    Kind {
        service: "iam",
        variable: "GroupNameWithPath",
        named_by: &[
            ("AWS::IAM::Group", "GroupName"),
            ("AWS::IAM::GroupPolicy", "GroupName"),
        ],
        made: Made::FromStack,
    },
    Kind {
        service: "iam",
        variable: "InstanceProfileNameWithPath",
        named_by: &[("AWS::IAM::InstanceProfile", "InstanceProfileName")],
        made: Made::FromStack,
    },
    Kind {
        service: "iam",
        variable: "OidcProviderName",
        named_by: &[("AWS::IAM::OIDCProvider", "Url")],
        made: Made::Never,
    },
    Kind {
        service: "sns",
        variable: "TopicName",
        named_by: &[("AWS::SNS::Topic", "TopicName")],
        made: Made::FromStack,
    },
    Kind {
        service: "sqs",
        variable: "QueueName",
        named_by: &[("AWS::SQS::Queue", "QueueName")],
        made: Made::FromStack,
    },
    Kind {
        service: "lambda",
        variable: "FunctionName",
        named_by: &[("AWS::Lambda::Function", "FunctionName")],
        made: Made::FromStack,
    },
    Kind {
        service: "dynamodb",
        variable: "TableName",
        named_by: &[("AWS::DynamoDB::Table", "TableName")],
        made: Made::FromStack,
    },
    Kind {
        service: "logs",
        variable: "LogGroupName",
        named_by: &[("AWS::Logs::LogGroup", "LogGroupName")],
        made: Made::FromStack,
    },
    Kind {
        service: "ssm",
        variable: "ParameterNameWithoutLeadingSlash",
        named_by: &[("AWS::SSM::Parameter", "Name")],
        made: Made::With("CFN-"),
    },
];

/// Patterns for the names of things, by service and variable of the form of their ARNs. Where a name is not known before
/// it is deployed, the pattern is `*`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names(BTreeMap<(&'static str, &'static str), BTreeSet<String>>);

impl Names {
    /// The names of stacks' resources, and of all that CloudFormation may make from the stacks' own names.
    pub(crate) fn new(scope: &Scope) -> Self {
        let made = scope.made_names();
        let patterns = |kind: &Kind| -> BTreeSet<String> {
            let lower = made.iter().map(|name| name.to_ascii_lowercase());
            match kind.made {
                Made::FromStack => made.iter().cloned().collect(),
                Made::FromStackInLower => lower.collect(),
                Made::With(prefix) => BTreeSet::from([format!("{prefix}*")]),
                Made::Never => BTreeSet::new(),
            }
        };
        let all = KINDS.iter();
        Self(
            all.map(|kind| ((kind.service, kind.variable), patterns(kind)))
                .collect(),
        )
    }

    /// Adds the name that a resource gives, if it gives one.
    pub(crate) fn add(&mut self, scope: &Scope, template: &Value, resource: &Value) {
        let Some(type_name) = resource["Type"].as_str() else {
            return;
        };
        let properties = &resource["Properties"];
        let read = |value: &Value| pattern(scope, template, value);
        for kind in KINDS {
            let mut named_by = kind.named_by.iter();
            let Some((_, property)) = named_by.find(|(named, _)| *named == type_name) else {
                continue;
            };
            let path = properties
                .get("Path")
                .filter(|_| kind.service == "iam")
                .map(|path| read(path).unwrap_or_else(|| "*".to_owned()));
            let names = match properties.get(property) {
                Some(name) => read(name).into_iter().collect(),
                None if path.is_some() => scope.made_names(),
                None => Vec::new(),
            };
            for name in names {
                let name = name.trim_start_matches("https://").trim_start_matches('/');
                let path = path.as_deref().unwrap_or_default();
                self.insert(kind, format!("{}{name}", path.trim_start_matches('/')));
            }
        }
    }

    fn insert(&mut self, kind: &Kind, name: String) {
        let names = self.0.entry((kind.service, kind.variable)).or_default();
        let is_covered = names.iter().any(|known| {
            let prefix = known.strip_suffix('*');
            prefix.is_some_and(|prefix| name.starts_with(prefix))
        });
        if !is_covered {
            if name.ends_with('*') {
                let prefix = &name[..name.len() - 1];
                names.retain(|known| !known.starts_with(prefix));
            }
            names.insert(name);
        }
    }

    /// The variable of a form whose names are known, and these.
    fn of(&self, form: &str) -> Option<(&'static str, &BTreeSet<String>)> {
        let service = form.split(':').next()?;
        let mut all = self.0.iter();
        let ((_, variable), names) = all.find(|((of, variable), _)| {
            *of == service && form.contains(&format!("${{{variable}}}"))
        })?;
        (!names.is_empty()).then_some((*variable, names))
    }

    /// Whether the ARNs of a form have names that are known.
    pub(crate) fn knows(&self, form: &str) -> bool {
        self.of(form).is_some()
    }

    /// The ARNs that a form stands for: without a name of its own, everything of the kind.
    pub(crate) fn arns(&self, scope: &Scope, form: &str) -> Vec<String> {
        let forms = match self.of(form) {
            Some((variable, names)) => {
                let variable = format!("${{{variable}}}");
                let filled = names.iter().map(|name| form.replace(&variable, name));
                filled.collect()
            }
            None => vec![form.to_owned()],
        };
        // A policy names a log group with what may follow: its streams.
        let end = if form.starts_with("logs:") { "*" } else { "" };
        forms
            .into_iter()
            .map(|form| {
                let form = form
                    .replace("${Region}", &scope.region)
                    .replace("${Account}", &scope.account);
                scope.arn(&stars(&format!("{form}{end}")))
            })
            .collect()
    }
}

/// Puts `*` in the place of what is not known, once where it would stand twice.
fn stars(form: &str) -> String {
    let mut text = String::with_capacity(form.len());
    let mut rest = form;
    while let Some((before, after)) = rest.split_once("${") {
        text.push_str(before);
        text.push('*');
        rest = after.split_once('}').map_or("", |(_, rest)| rest);
    }
    text.push_str(rest);
    while text.contains("**") {
        text = text.replace("**", "*");
    }
    text
}

/// What a value may be, as a text in which `*` stands for what is not known; nothing where it refers to something that
/// the environment's stacks make.
fn pattern(scope: &Scope, template: &Value, value: &Value) -> Option<String> {
    let piece = |value: &Value| pattern(scope, template, value).unwrap_or_else(|| "*".to_owned());
    let filled = |text: &str| stars(&pseudo_parameters(scope, text));
    let unknown = Some("*".to_owned());
    let function = match value {
        Value::String(text) => return Some(text.clone()),
        Value::Object(function) if function.len() == 1 => function.iter().next()?,
        _ => return unknown,
    };
    match (function.0.as_str(), function.1) {
        ("Ref", Value::String(name)) if template["Resources"].get(name).is_some() => None,
        ("Ref", Value::String(name)) => Some(filled(&format!("${{{name}}}"))),
        ("Fn::GetAtt" | "Fn::GetStackOutput" | "Fn::ImportValue", _) => None,
        ("Fn::Sub", Value::String(text)) => Some(filled(text)),
        ("Fn::Sub", Value::Array(arguments)) => {
            Some(filled(arguments.first()?.as_str().unwrap_or("${}")))
        }
        ("Fn::Join", Value::Array(arguments)) => {
            let separator = arguments.first()?.as_str().unwrap_or("*");
            let parts = arguments.get(1)?.as_array();
            let parts: Vec<String> = parts.into_iter().flatten().map(piece).collect();
            Some(stars(&parts.join(separator)))
        }
        _ => unknown,
    }
}

/// Fills in what is the same for all stacks, and what their names begin with.
fn pseudo_parameters(scope: &Scope, text: &str) -> String {
    text.replace("${AWS::AccountId}", &scope.account)
        .replace("${AWS::Region}", &scope.region)
        .replace("${AWS::Partition}", assembly::partition(&scope.region))
        .replace("${AWS::StackName}", &scope.stack_names()[0])
}

/// Every text of a value with the name of the member it stands in, and every object.
pub(crate) fn walk<'a>(
    key: &str,
    value: &'a Value,
    text: &mut impl FnMut(&str, &'a str),
    object: &mut impl FnMut(&'a Map<String, Value>),
) {
    match value {
        Value::String(found) => text(key, found),
        Value::Array(list) => {
            for value in list {
                walk(key, value, text, object);
            }
        }
        Value::Object(members) => {
            object(members);
            for (key, value) in members {
                walk(key, value, text, object);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
