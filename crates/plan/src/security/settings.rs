//! Settings that open or close a resource to others, beside policies and rules.

use indexmap::IndexMap;
use serde_json::{Value, json};

use super::{address::AddressRange, text};
use crate::{SettingChange, Widening, meaning::is_literal};

/// How the value of a setting tells what it opens.
#[derive(Clone, Copy, Debug)]
enum Kind {
    /// `true` keeps others out. What it is when it is left out is not known.
    Guard,
    /// `true` lets others in. With what it is when it is left out, where that is known.
    Door(Option<bool>),
    /// Words from what is closed to what is open, and the one that is meant when it is left out. Which of two on one
    /// step is more open is not known.
    Steps(&'static [&'static [&'static str]], &'static str),
    /// A list of addresses that are let in. With whether all are when it is left out; otherwise none is.
    Addresses(bool),
    /// What stands elsewhere, unseen.
    Elsewhere,
}

/// Settings by their names, wherever they stand in a resource.
const EVERYWHERE: [(&str, Kind); 16] = [
    // https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html
    ("BlockPublicAcls", Kind::Guard),
    ("BlockPublicPolicy", Kind::Guard),
    ("IgnorePublicAcls", Kind::Guard),
    ("RestrictPublicBuckets", Kind::Guard),
    // https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html#canned-acl
    (
        "AccessControl",
        Kind::Steps(
            &[
                &["Private"],
                &["BucketOwnerRead"],
                &["BucketOwnerFullControl"],
                &["LogDeliveryWrite", "AwsExecRead"],
                &["AuthenticatedRead"],
                &["PublicRead"],
                &["PublicReadWrite"],
            ],
            "Private",
        ),
    ),
    // Who may sign up, and who is let in without signing in.
    ("AllowUnauthenticatedIdentities", Kind::Door(Some(false))),
    ("AllowClassicFlow", Kind::Door(Some(false))),
    ("AllowExternalPrincipals", Kind::Door(Some(true))),
    ("AssociatePublicIpAddress", Kind::Door(None)),
    ("EndpointPublicAccess", Kind::Door(Some(true))),
    ("IsPubliclyAccessible", Kind::Door(Some(true))),
    ("MapPublicIpOnLaunch", Kind::Door(Some(false))),
    ("PublicConnectivity", Kind::Door(None)),
    ("PubliclyAccessible", Kind::Door(None)),
    ("PublicAccessCidrs", Kind::Addresses(true)),
    ("AllowAdminCreateUserOnly", Kind::Guard),
];

/// Settings whose names mean something else with other types.
const OF_TYPE: [(&str, &str, Kind); 11] = [
    ("AWS::Lambda::Url", "AuthType", CALLERS),
    ("AWS::Serverless::Function", "AuthType", CALLERS),
    ("AWS::VpcLattice::Service", "AuthType", CALLERS),
    ("AWS::VpcLattice::ServiceNetwork", "AuthType", CALLERS),
    ("AWS::ApiGateway::Method", "AuthorizationType", CALLERS),
    ("AWS::ApiGatewayV2::Route", "AuthorizationType", CALLERS),
    ("AWS::AppSync::GraphQLApi", "AuthenticationType", CALLERS),
    ("AWS::EC2::PrefixList", "Cidr", Kind::Addresses(false)),
    ("AWS::CloudFormation::Stack", "TemplateURL", Kind::Elsewhere),
    (
        "AWS::CloudFormation::StackSet",
        "TemplateURL",
        Kind::Elsewhere,
    ),
    (
        "AWS::CloudFormation::StackSet",
        "TemplateBody",
        Kind::Elsewhere,
    ),
];

/// Who may call: those whom AWS or an authorizer knows, those who have a key, everyone.
const CALLERS: Kind = Kind::Steps(
    &[
        &[
            "AMAZON_COGNITO_USER_POOLS",
            "AWS_IAM",
            "AWS_LAMBDA",
            "COGNITO_USER_POOLS",
            "CUSTOM",
            "JWT",
            "OPENID_CONNECT",
        ],
        &["API_KEY"],
        &["NONE"],
    ],
    "NONE",
);

/// The settings of one resource by the way to them.
#[derive(Clone)]
pub(super) struct Settings {
    type_name: String,
    values: IndexMap<String, (Kind, Value)>,
}

impl Settings {
    /// Those of a resource that has none.
    pub(super) fn none(type_name: &str) -> Self {
        Self {
            type_name: type_name.to_owned(),
            values: IndexMap::new(),
        }
    }
}

/// Whether a property of this name, of a resource of this type, may be a setting.
pub(super) fn is_telling(type_name: &str, name: &str) -> bool {
    kind(type_name, name).is_some()
}

/// Whether a property of this name may be a setting, whichever resource has it.
pub(super) fn may_be_telling(name: &str) -> bool {
    let of_type = OF_TYPE.iter().any(|(_, setting, _)| *setting == name);
    of_type || EVERYWHERE.iter().any(|(setting, _)| *setting == name)
}

/// The settings of a resource, whose properties have their expressions worked out.
pub(super) fn collect(type_name: &str, properties: &Value) -> Settings {
    let mut settings = Settings::none(type_name);
    settings.walk(properties, &mut Vec::new());
    settings
}

impl Settings {
    fn walk(&mut self, value: &Value, path: &mut Vec<String>) {
        match value {
            Value::Object(entries) => {
                for (name, entry) in entries {
                    path.push(name.clone());
                    match kind(&self.type_name, name) {
                        Some(kind) => self.add(path, kind, entry),
                        None => self.walk(entry, path),
                    }
                    path.pop();
                }
            }
            Value::Array(items) => items.iter().for_each(|item| self.walk(item, path)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    /// What stands in several items of a list is one list.
    fn add(&mut self, path: &[String], kind: Kind, value: &Value) {
        let (_, known) = self
            .values
            .entry(path.join("."))
            .or_insert_with(|| (kind, Value::Null));
        *known = match (known.take(), value.clone()) {
            (Value::Null, value) => value,
            (Value::Array(mut items), Value::Array(more)) => {
                items.extend(more);
                Value::Array(items)
            }
            (Value::Array(mut items), one) => {
                items.push(one);
                Value::Array(items)
            }
            (one, other) => Value::Array(vec![one, other]),
        };
    }
}

/// How the settings of a resource change; of one that is new, what opens it.
pub(super) fn compare(
    logical_id: &str,
    before: Option<&Settings>,
    after: &Settings,
) -> Vec<SettingChange> {
    let mut names: Vec<&String> = after.values.keys().collect();
    let gone = before.into_iter().flat_map(|before| before.values.keys());
    names.extend(gone.filter(|name| !after.values.contains_key(*name)));
    let changes = names.into_iter().filter_map(|name| {
        let new = after.values.get(name);
        let old = before.and_then(|before| before.values.get(name));
        let (kind, _) = new.or(old)?;
        let (old, new) = (old.map(|(_, value)| value), new.map(|(_, value)| value));
        let is_same = old.map(spelled) == new.map(spelled);
        // What a new resource keeps closed is no news.
        let is_plain = before.is_none() && !kind.opens(new);
        if is_same || is_plain {
            return None;
        }
        let reasons = match before {
            Some(_) => kind.widened(old, new),
            None if new.is_none_or(is_literal) && !matches!(kind, Kind::Elsewhere) => {
                vec![Widening::Opens]
            }
            None => kind.unknown(new),
        };
        let narrows = before.is_some() && !kind.widened(new, old).is_empty();
        let is_other_word = reasons.is_empty() && !narrows;
        (!is_other_word).then(|| SettingChange {
            logical_id: logical_id.to_owned(),
            type_name: after.type_name.clone(),
            setting: name.clone(),
            before: old.cloned(),
            after: new.cloned(),
            widens: !reasons.is_empty(),
            narrows,
            reasons,
        })
    });
    changes.collect()
}

impl Kind {
    /// Whether a value lets in others that need not be let in.
    fn opens(self, value: Option<&Value>) -> bool {
        let Some(value) = value else {
            return false;
        };
        let text = text(value);
        match self {
            Self::Guard => text == "false",
            Self::Door(_) => text == "true",
            Self::Steps(steps, _) => step(steps, &text).is_none_or(|place| place > 0),
            Self::Addresses(_) => {
                addresses(value).is_none_or(|ranges| ranges.iter().any(AddressRange::is_everything))
            }
            // What a nested stack holds is not seen; that there is one, is.
            Self::Elsewhere => true,
        }
    }

    fn unknown(self, value: Option<&Value>) -> Vec<Widening> {
        let shown = value.map(crate::render);
        vec![Widening::Unknown {
            what: shown.into_iter().collect(),
        }]
    }

    /// Why access widens from one value to another.
    fn widened(self, old: Option<&Value>, new: Option<&Value>) -> Vec<Widening> {
        let is_known = |value: Option<&Value>| value.is_none_or(is_literal);
        let unknown = || self.unknown(new);
        let is_narrower = match self {
            Self::Elsewhere => return unknown(),
            Self::Addresses(are_all) => {
                let ranges = |value: Option<&Value>| match value {
                    Some(value) => addresses(value),
                    None if are_all => addresses(&json!(["0.0.0.0/0", "::/0"])),
                    None => Some(Vec::new()),
                };
                match (ranges(old), ranges(new)) {
                    (Some(old), Some(new)) => new
                        .iter()
                        .all(|range| old.iter().any(|old| old.covers(range))),
                    _ => return unknown(),
                }
            }
            // Left out, it may be either: closed for what was, open for what comes.
            Self::Guard => {
                let was_closed = old.is_none_or(|value| text(value) != "false");
                let is_open = new.is_none_or(|value| text(value) != "true");
                !(was_closed && is_open)
            }
            Self::Door(default) => {
                let is_open = |value: Option<&Value>, otherwise: bool| match value {
                    Some(value) if is_literal(value) => text(value) == "true",
                    Some(_) => otherwise,
                    None => default.unwrap_or(otherwise),
                };
                is_open(old, false) || !is_open(new, true)
            }
            Self::Steps(steps, default) => {
                let word = |value: Option<&Value>| value.map_or_else(|| default.to_owned(), text);
                let (old, new) = (word(old), word(new));
                match (step(steps, &old), step(steps, &new)) {
                    (Some(before), Some(after)) if before != after || old == new => after <= before,
                    _ => return unknown(),
                }
            }
        };
        if is_narrower {
            Vec::new()
        } else if is_known(old) && is_known(new) {
            vec![Widening::Opens]
        } else {
            unknown()
        }
    }
}

fn step(steps: &[&[&str]], word: &str) -> Option<usize> {
    steps.iter().position(|words| words.contains(&word))
}

fn kind(type_name: &str, name: &str) -> Option<Kind> {
    let of_type = OF_TYPE
        .iter()
        .find(|(of, setting, _)| *of == type_name && *setting == name);
    let everywhere = EVERYWHERE.iter().find(|(setting, _)| *setting == name);
    of_type
        .map(|(_, _, kind)| *kind)
        .or(everywhere.map(|(_, kind)| *kind))
}

fn addresses(value: &Value) -> Option<Vec<AddressRange>> {
    super::texts(value)
        .iter()
        .map(|text| text.parse().ok())
        .collect()
}

/// A value by what CloudFormation makes of it: `true` and `"true"` are one.
fn spelled(value: &Value) -> Vec<String> {
    super::texts(value)
}
