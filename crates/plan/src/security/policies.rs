//! Finds the statements in the properties of a resource.
//!
//! What a policy is tells its form, not a list of types: whatever has statements with an effect is one, wherever it
//! stands, as an object or as its text. One that names principals says who may do what with a resource; one that names
//! none says what its holder may do.

use serde_json::{Map, Value, json};

use super::{
    reference_of,
    statement::{Clause, Statement, conditions},
    text, texts,
};
use crate::{
    Effect, Facts, Form, StatementKind,
    meaning::{intrinsic, member},
    policy,
};

/// Properties of which each text is a holder of the policy beside it.
const HOLDERS: [&str; 6] = [
    "Roles",
    "Users",
    "Groups",
    "RoleName",
    "UserName",
    "GroupName",
];

/// Properties of a policy or permission that do not say what it is about.
const BESIDE_TARGETS: [&str; 18] = [
    "Action",
    "Actions",
    "Principal",
    "Condition",
    "Effect",
    "EventSourceToken",
    "FunctionUrlAuthType",
    "Id",
    "OrganizationId",
    "Path",
    "PolicyName",
    "PolicyType",
    "PrincipalOrgID",
    "SourceAccount",
    "SourceArn",
    "StatementId",
    "Tags",
    "Description",
];

/// Documents without which everything is allowed, so that they only ever take away.
const LIMITS: [(&str, &str); 4] = [
    // https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html
    ("AWS::EC2::VPCEndpoint", "PolicyDocument"),
    // https://docs.aws.amazon.com/eks/latest/userguide/pod-id-association.html
    ("AWS::EKS::PodIdentityAssociation", "Policy"),
    // https://docs.aws.amazon.com/rolesanywhere/latest/APIReference/API_CreateProfile.html
    ("AWS::RolesAnywhere::Profile", "SessionPolicy"),
    // https://docs.aws.amazon.com/transfer/latest/userguide/users-policies.html
    ("AWS::Transfer::User", "Policy"),
];

/// Names of properties by which a resource says something of access, wherever they stand.
const TELLING: [&str; 12] = [
    "Statement",
    "AssumeRolePolicyDocument",
    "ManagedPolicyArns",
    "ManagedPolicies",
    "PermissionsBoundary",
    "CustomerManagedPolicyReferences",
    "Principal",
    "Principals",
    "AllowedPrincipals",
    "PrincipalId",
    "Policies",
    "PolicyDocument",
];

/// Whether a property of this name, of a resource of this type, may say something of policies.
pub(super) fn is_telling(name: &str) -> bool {
    TELLING.contains(&name) || is_policy_name(name)
}

/// Whether a resource of this type says something of policies by saying nothing, or by its type alone.
pub(super) fn is_telling_type(type_name: &str) -> bool {
    type_name.starts_with("AWS::IAM::")
        || type_name == "AWS::KMS::Key"
        || LIMITS.iter().any(|(limited, _)| *limited == type_name)
}

/// Whether a text may be that of a policy document.
pub(super) fn may_hold_document(text: &str) -> bool {
    text.trim_start().starts_with('{') && text.contains("\"Statement\"")
}

/// The statements of a resource, whose properties have their expressions worked out.
pub(super) fn collect(
    type_name: &str,
    logical_id: &str,
    properties: &Value,
    facts: &dyn Facts,
) -> Vec<Statement> {
    let own = format!("${{{logical_id}}}");
    let mut holders: Vec<String> = HOLDERS
        .iter()
        .filter(|_| type_name.starts_with("AWS::IAM::") && type_name.ends_with("Policy"))
        .flat_map(|name| texts(&properties[*name]))
        .collect();
    let mut collector = Collector {
        type_name,
        logical_id,
        facts,
        targets: targets(type_name, &own, properties),
        holders: Vec::new(),
        statements: Vec::new(),
    };
    // A managed policy reaches whoever names it, in this template or elsewhere; those it names itself are attached.
    if type_name == "AWS::IAM::ManagedPolicy" {
        for holder in holders.drain(..) {
            collector.named(StatementKind::ManagedPolicy, holder, own.clone());
        }
    }
    if holders.is_empty() {
        holders.push(own.clone());
    }
    collector.holders = holders;
    collector.of_type(&own, properties);
    collector.walk(properties, &mut Vec::new());
    collector.statements
}

/// What a policy of a resource is about: what it names, or the resource whose property it is.
fn targets(type_name: &str, own: &str, properties: &Value) -> Vec<String> {
    let is_apart = ["Policy", "Permission", "PolicyStatement"]
        .iter()
        .any(|end| type_name.ends_with(end));
    if !is_apart {
        return vec![own.to_owned()];
    }
    let entries = properties.as_object().into_iter().flatten();
    let named = entries.filter(|(name, value)| {
        let is_document = value
            .as_object()
            .is_some_and(|object| intrinsic(object).is_none());
        let is_text = value.is_string() && !value.as_str().is_some_and(may_hold_document);
        !BESIDE_TARGETS.contains(&name.as_str())
            && !is_document
            && (is_text || value.is_object() || value.is_array())
            && !is_policy_name(name)
    });
    let mut targets: Vec<String> = named
        .flat_map(|(_, value)| texts(value))
        .map(|target| reference_of(&target))
        .collect();
    if targets.is_empty() {
        // One of the whole account.
        targets.push(type_name.to_owned());
    }
    targets.sort();
    targets.dedup();
    targets
}

fn is_policy_name(name: &str) -> bool {
    let ends = ["Policy", "PolicyDocument", "PolicyText", "AccessPolicies"];
    // Policies that say how, not who: deliveries, retries, what is kept and what is masked.
    let others = [
        "Archive",
        "DataProtection",
        "Delivery",
        "Filter",
        "Lifecycle",
        "Redrive",
        "RedriveAllow",
        "Replay",
        "Security",
    ];
    ends.iter().any(|end| {
        name.strip_suffix(end)
            .is_some_and(|start| !others.contains(&start))
    })
}

struct Collector<'c> {
    type_name: &'c str,
    logical_id: &'c str,
    facts: &'c dyn Facts,
    targets: Vec<String>,
    holders: Vec<String>,
    statements: Vec<Statement>,
}

impl Collector<'_> {
    fn own(&self) -> String {
        format!("${{{}}}", self.logical_id)
    }

    /// Whether policies of this type say what their holders may do, whatever is in them.
    fn is_of_holders(&self) -> bool {
        ["AWS::IAM::", "AWS::SSO::"]
            .iter()
            .any(|start| self.type_name.starts_with(start))
    }

    /// What only resources of one type say, or say by leaving it out.
    fn of_type(&mut self, own: &str, properties: &Value) {
        match self.type_name {
            "AWS::IAM::User" => {
                for group in texts(&properties["Groups"]) {
                    self.named(StatementKind::Membership, own.to_owned(), group);
                }
            }
            "AWS::IAM::UserToGroupAddition" => {
                for user in texts(&properties["Users"]) {
                    let group = text(&properties["GroupName"]);
                    self.named(StatementKind::Membership, user, group);
                }
            }
            "AWS::SSO::Assignment" => {
                let who = format!(
                    "{}:{}",
                    text(&properties["PrincipalType"]),
                    text(&properties["PrincipalId"])
                );
                let mut assignment = Statement::new(
                    self.logical_id,
                    StatementKind::Assignment,
                    Clause::of(vec![who]),
                );
                assignment.actions =
                    Clause::of(vec![reference_of(&text(&properties["PermissionSetArn"]))]);
                assignment.resources = Clause::of(texts(&properties["TargetId"]));
                self.statements.push(assignment);
            }
            "AWS::RAM::ResourceShare" => {
                self.shared(properties, "Principals", "PermissionArns", "ResourceArns");
            }
            "AWS::EC2::VPCEndpointServicePermissions" => {
                self.targets = vec![reference_of(&text(&properties["ServiceId"]))];
                self.shared(properties, "AllowedPrincipals", "", "ServiceId");
            }
            // Without a policy of its own, a key leaves the decision to the policies of its account.
            // https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
            "AWS::KMS::Key" if properties["KeyPolicy"].is_null() => {
                self.document(
                    &json!({"Statement": {
                        "Effect": "Allow", "Action": "kms:*", "Resource": "*",
                        "Principal": {"AWS": {"Ref": "AWS::AccountId"}}}}),
                    None,
                );
            }
            _ => {}
        }
        let is_absent = |(type_name, name): &&(&str, &str)| {
            *type_name == self.type_name && properties[*name].is_null()
        };
        if LIMITS.iter().any(|limit| is_absent(&limit)) {
            let mut all = json!({"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}});
            if self.type_name == "AWS::EC2::VPCEndpoint" {
                all["Statement"]["Principal"] = json!("*");
            }
            self.document(&all, None);
        }
    }

    /// Something that is shared with principals, who may use it in ways the template does not spell out.
    fn shared(&mut self, properties: &Value, principals: &str, actions: &str, resources: &str) {
        for principal in texts(&properties[principals]) {
            let principal = account_of(&principal).unwrap_or(principal);
            let mut share = Statement::new(
                self.logical_id,
                StatementKind::Resource,
                Clause::of(vec![if principal == "*" {
                    principal
                } else {
                    format!("AWS:{principal}")
                }]),
            );
            share.targets.clone_from(&self.targets);
            share.actions = Clause::of(texts(&properties[actions]));
            if share.actions.patterns.is_empty() {
                share.actions = Clause::of(vec!["use".to_owned()]);
            }
            share.resources = Clause::of(texts(&properties[resources]));
            self.statements.push(share);
        }
    }

    fn walk(&mut self, value: &Value, path: &mut Vec<String>) {
        match value {
            Value::Object(entries) => {
                if self.permission(entries, path) || self.document(value, None) {
                    return;
                }
                for (name, entry) in entries {
                    path.push(name.clone());
                    if !self.property(name, entry, path) {
                        self.walk(entry, path);
                    }
                    path.pop();
                }
            }
            Value::Array(items) => {
                path.push("*".to_owned());
                for item in items {
                    if !self.opaque(item, path) {
                        self.walk(item, path);
                    }
                }
                path.pop();
            }
            Value::String(text) if may_hold_document(text) => {
                self.document(value, None);
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    /// Whether a property is one that says something of access by its name.
    fn property(&mut self, name: &str, value: &Value, path: &[String]) -> bool {
        match name {
            "AssumeRolePolicyDocument" => {
                if !self.document(value, Some(StatementKind::Trust)) {
                    self.unknown(value, StatementKind::Trust);
                }
            }
            "ManagedPolicyArns" | "ManagedPolicies" => {
                for policy in texts(value) {
                    self.named(StatementKind::ManagedPolicy, self.own(), policy);
                }
            }
            "CustomerManagedPolicyReferences" => {
                for policy in value.as_array().into_iter().flatten() {
                    let name = format!("{}{}", customer_path(policy), text(&policy["Name"]));
                    self.named(StatementKind::ManagedPolicy, self.own(), name);
                }
            }
            "PermissionsBoundary" => {
                let reference = &value["CustomerManagedPolicyReference"];
                let boundary = if !value["ManagedPolicyArn"].is_null() {
                    text(&value["ManagedPolicyArn"])
                } else if !reference.is_null() {
                    format!("{}{}", customer_path(reference), text(&reference["Name"]))
                } else {
                    text(value)
                };
                self.named(StatementKind::Boundary, self.own(), boundary);
            }
            // Of a function of the serverless transform: documents, names, and policies by template.
            // https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-resource-function.html
            "Policies" if self.type_name.starts_with("AWS::Serverless::") => {
                let all = match value {
                    Value::Array(items) => items.as_slice(),
                    single => std::slice::from_ref(single),
                };
                for policy in all {
                    if !self.document(policy, None) {
                        self.named(StatementKind::ManagedPolicy, self.own(), text(policy));
                    }
                }
            }
            _ => return self.opaque(value, path),
        }
        true
    }

    /// Takes a policy that is not readable, as it is known only to AWS, for what it is.
    fn opaque(&mut self, value: &Value, path: &[String]) -> bool {
        let is_expression = match value {
            Value::Object(entries) => intrinsic(entries).is_some(),
            // A value that is looked up during the deployment.
            Value::String(text) => text.starts_with("{{resolve:"),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => false,
        };
        let Some(name) = path.iter().rev().find(|name| *name != "*") else {
            return false;
        };
        if !is_expression || !is_policy_name(name) {
            return false;
        }
        if self.document(value, None) {
            return true;
        }
        let names: Vec<&str> = path.iter().map(String::as_str).collect();
        let is_document = self.facts.form(self.type_name, &names) == Form::Document;
        if is_document || name.ends_with("PolicyDocument") {
            self.unknown(value, StatementKind::Resource);
        }
        is_document
    }

    fn unknown(&mut self, value: &Value, kind: StatementKind) {
        let kind = match kind {
            StatementKind::Resource if self.is_of_holders() => StatementKind::Identity,
            kind => kind,
        };
        let mut statement = Statement::new(self.logical_id, kind, Clause::default());
        match kind {
            StatementKind::Trust | StatementKind::Resource => {
                statement.targets.clone_from(&self.targets);
            }
            StatementKind::Identity
            | StatementKind::Boundary
            | StatementKind::ManagedPolicy
            | StatementKind::Membership
            | StatementKind::Assignment => {
                statement.principals = Clause::of(self.holders.clone());
            }
        }
        statement.resources = Clause::of(vec![text(value)]);
        statement.is_known = false;
        self.statements.push(statement);
    }

    /// The statements of a document, which may be given as its text; `false` where it is none.
    fn document(&mut self, document: &Value, kind: Option<StatementKind>) -> bool {
        let read = parsed(document);
        let document = read.as_ref().unwrap_or(document);
        let Some(all) = statements_of(document) else {
            return false;
        };
        let names_principal = |statement: &Value| {
            let names = ["Principal", "NotPrincipal"].iter();
            let mut values = names.filter_map(|name| member(statement.as_object()?, name));
            values.any(|value| !value.is_null())
        };
        let has_principal = !self.is_of_holders() && all.iter().any(names_principal);
        let is_limit = LIMITS
            .iter()
            .any(|(type_name, _)| *type_name == self.type_name);
        let kind = kind.unwrap_or(match (has_principal, is_limit) {
            (true, _) => StatementKind::Resource,
            (false, true) => StatementKind::Boundary,
            (false, false) => StatementKind::Identity,
        });
        // Variables came with the second version; before, they are the letters they are written with.
        let has_variables = document["Version"] == "2012-10-17";
        for statement in all {
            let plain = (!has_variables).then(|| without_variables(statement));
            self.statement(plain.as_ref().unwrap_or(statement), kind);
        }
        true
    }

    fn statement(&mut self, statement: &Value, kind: StatementKind) {
        let Some(members) = statement.as_object() else {
            return;
        };
        let text = |name: &str| member(members, name).and_then(Value::as_str);
        let effect = match text("Effect") {
            Some("Allow") => Effect::Allow,
            Some("Deny") => Effect::Deny,
            _ => return self.unknown(statement, kind),
        };
        let principals = match kind {
            StatementKind::Trust | StatementKind::Resource => {
                clause(members, "Principal", principals)
            }
            StatementKind::Identity
            | StatementKind::Boundary
            | StatementKind::ManagedPolicy
            | StatementKind::Membership
            | StatementKind::Assignment => Clause::of(self.holders.clone()),
        };
        let targets = match kind {
            StatementKind::Trust | StatementKind::Resource => self.targets.clone(),
            StatementKind::Identity
            | StatementKind::Boundary
            | StatementKind::ManagedPolicy
            | StatementKind::Membership
            | StatementKind::Assignment => Vec::new(),
        };
        self.statements.push(Statement {
            effect,
            sid: text("Sid").map(str::to_owned),
            targets,
            actions: clause(members, "Action", texts),
            resources: clause(members, "Resource", texts),
            condition: member(members, "Condition").and_then(conditions),
            ..Statement::new(self.logical_id, kind, principals)
        });
    }

    /// A policy that is named by ARN or by name.
    fn named(&mut self, kind: StatementKind, holder: String, name: String) {
        let holder = Clause::of(vec![reference_of(&holder)]);
        self.statements.push(Statement {
            resources: Clause::of(vec![reference_of(&name)]),
            ..Statement::new(self.logical_id, kind, holder)
        });
    }

    /// A permission of a resource is a statement of its policy, with members of its own names.
    fn permission(&mut self, members: &Map<String, Value>, path: &[String]) -> bool {
        let get = |name: &str| members.get(name).unwrap_or(&Value::Null);
        if !path.is_empty() || get("Principal").is_null() {
            return false;
        }
        let actions = match (get("Action"), get("Actions")) {
            (Value::Null, Value::Null) => return false,
            (Value::Null, actions) => actions,
            (action, _) => action,
        };
        let principals = match get("Principal") {
            Value::Object(kinds) if intrinsic(kinds).is_none() => principals(get("Principal")),
            principal => texts(principal)
                .iter()
                .map(|one| principal_of(one))
                .collect(),
        };
        let mut condition = match get("Condition") {
            // A bus has one condition, in words of its own.
            Value::Object(entries) if entries.contains_key("Key") => json!({
                text(&entries["Type"]): {text(&entries["Key"]): texts(get("Condition").get("Value").unwrap_or(&Value::Null))}}),
            condition => conditions(condition).unwrap_or_else(|| json!({})),
        };
        for (name, operator, key) in [
            ("SourceArn", "ArnLike", "AWS:SourceArn"),
            ("SourceAccount", "StringEquals", "AWS:SourceAccount"),
            ("PrincipalOrgID", "StringEquals", "aws:PrincipalOrgID"),
            ("OrganizationId", "StringEquals", "aws:PrincipalOrgID"),
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
            (
                "InvokedViaFunctionUrl",
                "Bool",
                "lambda:InvokedViaFunctionUrl",
            ),
        ] {
            let value = get(name);
            if !value.is_null() {
                condition[operator][key] = json!(texts(value));
            }
        }
        let effect = match get("Effect") {
            Value::String(effect) if effect == "Deny" => Effect::Deny,
            _ => Effect::Allow,
        };
        self.statements.push(Statement {
            effect,
            sid: get("StatementId").as_str().map(str::to_owned),
            targets: self.targets.clone(),
            actions: Clause::of(texts(actions)),
            resources: Clause::of(self.targets.clone()),
            condition: conditions(&condition),
            ..Statement::new(
                self.logical_id,
                StatementKind::Resource,
                Clause::of(principals),
            )
        });
        true
    }
}

/// The statements of a policy document: objects that have an effect, or are expressions.
fn statements_of(document: &Value) -> Option<&[Value]> {
    let all = match member(document.as_object()?, "Statement")? {
        Value::Array(statements) => statements.as_slice(),
        single => std::slice::from_ref(single),
    };
    let is_statement = |value: &Value| {
        value.as_object().is_some_and(|statement| {
            member(statement, "Effect").is_some() || intrinsic(statement).is_some()
        })
    };
    all.iter().all(is_statement).then_some(all)
}

/// The document that a text holds, which may have expressions in it.
fn parsed(value: &Value) -> Option<Value> {
    let entries = match value {
        Value::String(text) => return read_document(text),
        Value::Object(entries) => entries,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => return None,
    };
    let (name, argument) = intrinsic(entries)?;
    let parts = argument.get(1)?.as_array().filter(|_| name == "Fn::Join")?;
    let mut literals = parts.iter().filter_map(Value::as_str);
    let has_variables = literals.any(|literal| literal.contains("2012-10-17"));
    let parts = parts.iter().map(|part| match part {
        Value::String(literal) if has_variables => literal.clone(),
        Value::String(literal) => literal.replace("${", "${$}{"),
        // Within the quotes of the text around it.
        expression => {
            let quoted = json!(text(expression)).to_string();
            quoted.trim_matches('"').to_owned()
        }
    });
    let mut document = read_document(&parts.collect::<String>())?;
    // What is no variable is marked already.
    document["Version"] = json!("2012-10-17");
    Some(document)
}

fn read_document(text: &str) -> Option<Value> {
    if !may_hold_document(text) {
        return None;
    }
    let document: Value = serde_json::from_str(text).ok()?;
    statements_of(&document).is_some().then_some(document)
}

/// The same value where `${` is two letters.
fn without_variables(value: &Value) -> Value {
    match value {
        Value::String(text) => json!(text.replace("${", "${$}{")),
        Value::Array(items) => items.iter().map(without_variables).collect(),
        Value::Object(entries) if intrinsic(entries).is_some() => value.clone(),
        Value::Object(entries) => {
            let entries = entries.iter();
            let entries = entries.map(|(key, entry)| (key.clone(), without_variables(entry)));
            Value::Object(entries.collect())
        }
        scalar => scalar.clone(),
    }
}

/// A part of a statement, said outright or by what it is not.
fn clause(
    statement: &Map<String, Value>,
    name: &str,
    read: impl Fn(&Value) -> Vec<String>,
) -> Clause {
    if let Some(value) = member(statement, name) {
        return Clause::of(read(value));
    }
    let all_but = member(statement, &format!("Not{name}"));
    all_but.map_or_else(Clause::default, |value| Clause::all_but(read(value)))
}

fn principals(value: &Value) -> Vec<String> {
    let kinds = match value {
        Value::Object(kinds) if intrinsic(kinds).is_none() => kinds,
        _ => return texts(value),
    };
    let named = kinds.iter().flat_map(|(kind, names)| {
        texts(names).into_iter().map(move |name| {
            let is_account = kind == "AWS";
            match account_of(&name).filter(|_| is_account) {
                _ if is_account && name == "*" => name,
                Some(account) => format!("AWS:{account}"),
                None => format!("{kind}:{name}"),
            }
        })
    });
    named.collect()
}

/// A principal of a permission, which is an account, an ARN, a service or everyone.
fn principal_of(text: &str) -> String {
    let is_account = text.starts_with("arn:")
        || text.bytes().all(|byte| byte.is_ascii_digit())
        || text == "${AWS::AccountId}"
        || text.starts_with("${") && text.ends_with(".Arn}");
    match text {
        "*" => text.to_owned(),
        _ if is_account => format!(
            "AWS:{}",
            account_of(text).unwrap_or_else(|| text.to_owned())
        ),
        _ => format!("Service:{text}"),
    }
}

/// The account that a principal stands for, in any partition and where it is not known which account that is.
fn account_of(principal: &str) -> Option<String> {
    let unknown = || {
        let rest = principal.strip_prefix("arn:")?.strip_suffix(":root")?;
        let (_, account) = rest.split_once(":iam::")?;
        (account == "${AWS::AccountId}").then_some(account)
    };
    policy::account(principal)
        .or_else(unknown)
        .map(str::to_owned)
}

fn customer_path(reference: &Value) -> String {
    match &reference["Path"] {
        Value::Null => "/".to_owned(),
        path => text(path),
    }
}
