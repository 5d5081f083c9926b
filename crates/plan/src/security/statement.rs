//! The statements of a template's policies.

use serde_json::{Map, Value, json};

use super::{Keyed, text, texts};
use crate::{Edit, Effect, StatementChange, StatementKind, policy};

/// A statement of a policy, or a managed policy that is named by its ARN.
#[derive(Clone, Debug)]
pub(super) struct Statement {
    pub(super) logical_id: String,
    pub(super) kind: StatementKind,
    pub(super) effect: Effect,
    pub(super) principals: Clause,
    pub(super) actions: Clause,
    pub(super) resources: Clause,
    /// Operator, then key, then values.
    pub(super) condition: Option<Value>,
}

/// What a part of a statement names, or everything but that.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Clause {
    pub(super) is_inverted: bool,
    pub(super) patterns: Vec<String>,
}

impl Clause {
    pub(super) fn of(mut patterns: Vec<String>) -> Self {
        patterns.sort();
        patterns.dedup();
        Self {
            is_inverted: false,
            patterns,
        }
    }

    /// The words of the plan: a `!` leads where it is everything but that.
    fn words(&self) -> Vec<String> {
        let sign = if self.is_inverted { "!" } else { "" };
        let words = self.patterns.iter();
        words.map(|pattern| format!("{sign}{pattern}")).collect()
    }
}

impl Keyed for Statement {
    fn key(&self) -> String {
        let actions = self.actions.words().join(" ").to_ascii_lowercase();
        let condition = self.condition.as_ref().map(Value::to_string);
        format!(
            "{} {:?} {:?} {:?} {actions} {:?} {condition:?}",
            self.logical_id,
            self.kind,
            self.effect,
            self.principals.words(),
            self.resources.words()
        )
    }
}

impl Statement {
    pub(super) fn change(&self, change: Edit, widens: bool, narrows: bool) -> StatementChange {
        StatementChange {
            change,
            effect: self.effect,
            principals: self.principals.words(),
            actions: self.actions.words(),
            resources: self.resources.words(),
            condition: self.condition.clone(),
            logical_id: self.logical_id.clone(),
            kind: self.kind,
            targets: Vec::new(),
            only_if: Vec::new(),
            widens,
            narrows,
            reasons: Vec::new(),
            pairs_with: None,
        }
    }
}

/// Collects the statements of a resource, whose properties have their expressions worked out.
pub(super) fn collect(
    type_name: &str,
    logical_id: &str,
    properties: &Value,
    statements: &mut Vec<Statement>,
) {
    let mut collector = Collector {
        logical_id,
        statements,
    };
    let own = vec![format!("${{{logical_id}}}")];
    match type_name {
        "AWS::IAM::Role" | "AWS::IAM::User" | "AWS::IAM::Group" => {
            let trust = &properties["AssumeRolePolicyDocument"];
            collector.document(trust, StatementKind::Trust, None);
            for inline in properties["Policies"].as_array().into_iter().flatten() {
                let document = &inline["PolicyDocument"];
                collector.document(document, StatementKind::Identity, Some(&own));
            }
            let managed = StatementKind::ManagedPolicy;
            collector.named(&properties["ManagedPolicyArns"], managed, &own);
            let boundary = &properties["PermissionsBoundary"];
            collector.named(boundary, StatementKind::Boundary, &own);
        }
        "AWS::IAM::Policy"
        | "AWS::IAM::ManagedPolicy"
        | "AWS::IAM::RolePolicy"
        | "AWS::IAM::UserPolicy"
        | "AWS::IAM::GroupPolicy" => {
            let mut holders: Vec<String> = [
                "Roles",
                "Users",
                "Groups",
                "RoleName",
                "UserName",
                "GroupName",
            ]
            .into_iter()
            .flat_map(|name| texts(&properties[name]))
            .collect();
            // A managed policy reaches whoever names it, in this template or elsewhere.
            if holders.is_empty() || type_name == "AWS::IAM::ManagedPolicy" {
                holders.extend(own);
            }
            let document = &properties["PolicyDocument"];
            collector.document(document, StatementKind::Identity, Some(&holders));
        }
        "AWS::SSO::PermissionSet" => {
            let inline = &properties["InlinePolicy"];
            collector.document(inline, StatementKind::Identity, Some(&own));
            let managed = StatementKind::ManagedPolicy;
            collector.named(&properties["ManagedPolicies"], managed, &own);
        }
        "AWS::Lambda::Permission" => collector.permission(properties),
        _ => collector.search(properties),
    }
}

struct Collector<'c> {
    logical_id: &'c str,
    statements: &'c mut Vec<Statement>,
}

impl Collector<'_> {
    /// The statements of a document, which may be given as its text.
    fn document(&mut self, document: &Value, kind: StatementKind, holders: Option<&[String]>) {
        let read = parsed(document);
        let all = match read.as_ref().unwrap_or(document).get("Statement") {
            Some(Value::Array(statements)) => statements.as_slice(),
            Some(single) => std::slice::from_ref(single),
            None => return,
        };
        for statement in all.iter().filter_map(Value::as_object) {
            let effect = match statement.get("Effect").and_then(Value::as_str) {
                Some("Deny") => Effect::Deny,
                _ => Effect::Allow,
            };
            let principals = match holders {
                Some(holders) => Clause::of(holders.to_vec()),
                None => clause(statement, "Principal", principals),
            };
            self.statements.push(Statement {
                logical_id: self.logical_id.to_owned(),
                kind,
                effect,
                principals,
                actions: clause(statement, "Action", texts),
                resources: clause(statement, "Resource", texts),
                condition: statement
                    .get("Condition")
                    .map(conditions)
                    .filter(|condition| *condition != json!({})),
            });
        }
    }

    /// Policies that are named by ARN.
    fn named(&mut self, names: &Value, kind: StatementKind, holders: &[String]) {
        for name in texts(names) {
            self.statements.push(Statement {
                logical_id: self.logical_id.to_owned(),
                kind,
                effect: Effect::Allow,
                principals: Clause::of(holders.to_vec()),
                actions: Clause::default(),
                resources: Clause::of(vec![name]),
                condition: None,
            });
        }
    }

    /// A permission of a function is a statement of its policy.
    fn permission(&mut self, properties: &Value) {
        let principal = text(&properties["Principal"]);
        let is_account = principal.starts_with("arn:")
            || principal.bytes().all(|byte| byte.is_ascii_digit())
            || principal == "${AWS::AccountId}";
        let principal = match principal.as_str() {
            "*" => principal,
            _ if is_account => format!("AWS:{principal}"),
            _ => format!("Service:{principal}"),
        };
        let mut condition = Map::new();
        for (name, operator, key) in [
            ("SourceArn", "ArnLike", "AWS:SourceArn"),
            ("SourceAccount", "StringEquals", "AWS:SourceAccount"),
            ("PrincipalOrgID", "StringEquals", "aws:PrincipalOrgID"),
            (
                "EventSourceToken",
                "StringEquals",
                "lambda:EventSourceToken",
            ),
            (
                "FunctionUrlAuthType",
                "StringEquals",
                "lambda:FunctionUrlAuthType",
            ),
        ] {
            if !properties[name].is_null() {
                let keys = condition.entry(operator).or_insert_with(|| json!({}));
                keys[key] = json!(texts(&properties[name]));
            }
        }
        self.statements.push(Statement {
            logical_id: self.logical_id.to_owned(),
            kind: StatementKind::Resource,
            effect: Effect::Allow,
            principals: Clause::of(vec![principal]),
            actions: Clause::of(texts(&properties["Action"])),
            resources: Clause::of(texts(&properties["FunctionName"])),
            condition: (!condition.is_empty()).then_some(Value::Object(condition)),
        });
    }

    /// Any policy document within the properties is one of the resource itself.
    fn search(&mut self, value: &Value) {
        match value {
            Value::Object(_) if policy::is_document(value) => {
                self.document(value, StatementKind::Resource, None);
            }
            Value::Object(entries) => entries.values().for_each(|value| self.search(value)),
            Value::Array(items) => items.iter().for_each(|item| self.search(item)),
            Value::String(text) if may_hold_document(text) => {
                self.document(value, StatementKind::Resource, None);
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
}

/// Whether a text may be that of a policy document.
pub(super) fn may_hold_document(text: &str) -> bool {
    text.trim_start().starts_with('{') && text.contains("\"Statement\"")
}

/// The document that a text holds.
fn parsed(value: &Value) -> Option<Value> {
    let document = serde_json::from_str(value.as_str()?).ok()?;
    policy::is_document(&document).then_some(document)
}

/// A part of a statement, said outright or by what it is not.
fn clause(
    statement: &Map<String, Value>,
    name: &str,
    read: impl Fn(&Value) -> Vec<String>,
) -> Clause {
    match (statement.get(name), statement.get(&format!("Not{name}"))) {
        (Some(value), _) => Clause::of(read(value)),
        (None, Some(value)) => Clause {
            is_inverted: true,
            ..Clause::of(read(value))
        },
        (None, None) => Clause::default(),
    }
}

fn principals(value: &Value) -> Vec<String> {
    let Value::Object(kinds) = value else {
        return texts(value);
    };
    let named = kinds.iter().flat_map(|(kind, names)| {
        texts(names).into_iter().map(move |name| {
            let is_account = kind == "AWS";
            match policy::account(&name).filter(|_| is_account) {
                _ if is_account && name == "*" => name,
                Some(account) => format!("AWS:{account}"),
                None => format!("{kind}:{name}"),
            }
        })
    });
    named.collect()
}

/// Conditions in one form: operator, key, sorted list of texts.
fn conditions(value: &Value) -> Value {
    let operators = value.as_object().into_iter().flatten();
    let mut operators: Vec<(&String, Value)> = operators
        .map(|(operator, keys)| {
            let keys = keys.as_object().into_iter().flatten();
            let mut keys: Vec<(&String, Vec<String>)> = keys
                .map(|(key, values)| (key, Clause::of(texts(values)).patterns))
                .collect();
            keys.sort();
            let keys = keys
                .into_iter()
                .map(|(key, values)| (key.clone(), json!(values)));
            (operator, Value::Object(keys.collect()))
        })
        .collect();
    operators.sort_by_key(|(operator, _)| *operator);
    let operators = operators.into_iter();
    Value::Object(
        operators
            .map(|(operator, keys)| (operator.clone(), keys))
            .collect(),
    )
}
