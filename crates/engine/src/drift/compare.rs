//! Compares what a template says of a resource with what was read of it.

use std::collections::BTreeMap;

use plan::{Facts, Form, Options, diff, is_evaluated, secret_parameters};
use serde_json::{Map, Value, json};

use super::{PropertyDrift, UncheckedProperty};
use crate::veil::conceals;

/// Members by which the elements of a list are told apart.
const IDENTITIES: [&str; 6] = ["Key", "Name", "Id", "Sid", "PolicyName", "Priority"];

/// What is compared.
pub(super) struct Sides<'a> {
    pub(super) type_name: &'a str,
    /// The properties as the deployed template has them.
    pub(super) declared: &'a Value,
    /// The same, worked out.
    pub(super) expected: &'a Map<String, Value>,
    /// What was read: null where there is none, absent where it could not be read.
    pub(super) actual: &'a Map<String, Value>,
    /// Why some of it could not.
    pub(super) unread: &'a BTreeMap<String, String>,
    /// The deployed template, which says what is secret.
    pub(super) template: &'a Value,
}

/// What came of it, property by property.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Comparison {
    pub(super) drifted: Vec<PropertyDrift>,
    pub(super) unchecked: Vec<UncheckedProperty>,
    /// Top-level properties that are as they should be.
    pub(super) same: Vec<String>,
}

/// Compares the properties that the template gives, by the plan's own notion of what is the same.
pub(super) fn compare(sides: &Sides<'_>, facts: &dyn Facts) -> Comparison {
    let secrets = secret_parameters(sides.template)
        .map(str::to_owned)
        .collect();
    let mut comparison = Comparison::default();
    for (name, expected) in sides.expected {
        let declared = sides.declared.get(name);
        let unchecked = match sides.actual.get(name) {
            _ if expected.is_null() => continue,
            _ if declared.is_some_and(|declared| conceals(declared, &secrets)) => {
                Some("it may be a secret, which is not read")
            }
            _ if !is_evaluated(expected) => Some("what its expression comes to is not known here"),
            None => {
                let reason = sides.unread.get(name).map(String::as_str);
                reason.or(Some("it cannot be read"))
            }
            Some(_) => None,
        };
        if let Some(reason) = unchecked {
            comparison.unchecked.push(UncheckedProperty {
                path: vec![name.clone()],
                reason: reason.to_owned(),
            });
            continue;
        }
        let actual = &sides.actual[name];
        let found = differences(sides.type_name, name, expected, actual, facts);
        if found.is_empty() {
            comparison.same.push(name.clone());
        }
        comparison.drifted.extend(found);
    }
    comparison
}

/// How one property differs.
fn differences(
    type_name: &str,
    name: &str,
    expected: &Value,
    actual: &Value,
    facts: &dyn Facts,
) -> Vec<PropertyDrift> {
    let given = Given { type_name, facts };
    let actual = given.part(expected, actual, &mut vec![name.to_owned()]);
    // To a service, nothing and an empty list are mostly the same.
    let is_empty = |value: &Value| match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    };
    if is_empty(expected) && is_empty(&actual) {
        return Vec::new();
    }
    let template = |value: &Value| json!({"Resources": {"It": {"Type": type_name, "Properties": {name: value}}}});
    let diff = diff(
        &template(expected),
        &template(&actual),
        facts,
        &Default::default(),
        &Options::default(),
    );
    let changes = diff
        .changes
        .into_iter()
        .flat_map(|change| change.properties);
    changes
        .map(|change| PropertyDrift {
            path: change.path,
            expected: change.before,
            actual: change.after,
        })
        .collect()
}

/// What a template gives of a resource.
struct Given<'a> {
    type_name: &'a str,
    facts: &'a dyn Facts,
}

impl Given<'_> {
    /// The part of what was read that the template speaks of: services fill in what was left out. Of a document everything
    /// counts, and every element of a list.
    fn part(&self, expected: &Value, actual: &Value, path: &mut Vec<String>) -> Value {
        match (expected, actual) {
            (Value::Object(wanted), Value::Object(there)) => {
                let names: Vec<&str> = path.iter().map(String::as_str).collect();
                if self.facts.form(self.type_name, &names) == Form::Document {
                    return actual.clone();
                }
                let mut part = Map::new();
                for (name, value) in wanted {
                    if let Some(there) = there.get(name) {
                        path.push(name.clone());
                        part.insert(name.clone(), self.part(value, there, path));
                        path.pop();
                    }
                }
                Value::Object(part)
            }
            (Value::Array(wanted), Value::Array(there)) => {
                path.push("*".to_owned());
                let items = there.iter().enumerate().map(|(index, item)| {
                    match partner(wanted, there, item, index) {
                        Some(wanted) => self.part(wanted, item, path),
                        None => item.clone(),
                    }
                });
                let items = items.collect();
                path.pop();
                Value::Array(items)
            }
            _ => actual.clone(),
        }
    }
}

/// The element of a template's list that one which was read belongs to.
fn partner<'a>(
    wanted: &'a [Value],
    there: &[Value],
    item: &Value,
    index: usize,
) -> Option<&'a Value> {
    let identity = IDENTITIES.iter().find(|name| item.get(**name).is_some());
    let Some(name) = identity else {
        return (wanted.len() == there.len()).then(|| &wanted[index]);
    };
    let named = wanted
        .iter()
        .find(|wanted| wanted.get(*name) == item.get(*name));
    // One that the template does not name the service has named.
    let unnamed = || {
        let same_place = wanted.get(index).filter(|_| wanted.len() == there.len());
        same_place.filter(|wanted| wanted.get(*name).is_none())
    };
    named.or_else(unnamed)
}

#[cfg(test)]
mod tests {
    use plan::SchemaFacts;

    use super::*;

    fn compared(type_name: &str, expected: Value, actual: Value) -> Comparison {
        let (Value::Object(expected), Value::Object(actual)) = (expected, actual) else {
            panic!("properties are objects");
        };
        let declared = Value::Object(expected.clone());
        let template = json!({"Parameters": {"Secret": {"Type": "String", "NoEcho": true}}});
        compare(
            &Sides {
                type_name,
                declared: &declared,
                expected: &expected,
                actual: &actual,
                unread: &BTreeMap::new(),
                template: &template,
            },
            &SchemaFacts,
        )
    }

    fn told(comparison: &Comparison) -> (Vec<String>, Vec<String>) {
        let drifted = comparison.drifted.iter().map(|one| one.path.join("."));
        let unchecked = comparison.unchecked.iter().map(|one| one.path.join("."));
        (drifted.collect(), unchecked.collect())
    }

    #[test]
    fn only_what_the_template_gives_is_compared_and_by_its_meaning() {
        let pool = "AWS::Cognito::UserPool";
        let policy = |action: Value, sids: &[&str]| {
            let statements: Vec<Value> = sids
                .iter()
                .map(
                    |sid| json!({"Sid": sid, "Effect": "Allow", "Action": action, "Resource": "*"}),
                )
                .collect();
            json!({"AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": statements}})
        };
        let table = [
            (
                pool,
                json!({"Policies": {"PasswordPolicy": {"MinimumLength": 12}}}),
                json!({"Policies": {"PasswordPolicy": {"MinimumLength": 12, "RequireNumbers": true}}, "UserPoolName": "x"}),
                vec![],
            ),
            (
                pool,
                json!({"Policies": {"PasswordPolicy": {"MinimumLength": 12}}}),
                json!({"Policies": {"PasswordPolicy": {"MinimumLength": 8}}}),
                vec!["Policies.PasswordPolicy.MinimumLength"],
            ),
            (
                pool,
                json!({"MfaConfiguration": "ON"}),
                json!({"MfaConfiguration": null}),
                vec!["MfaConfiguration"],
            ),
            (
                pool,
                json!({"AliasAttributes": []}),
                json!({"AliasAttributes": null}),
                vec![],
            ),
            (
                "AWS::IAM::Role",
                json!({"ManagedPolicyArns": ["a", "b"], "MaxSessionDuration": "3600"}),
                json!({"ManagedPolicyArns": ["b", "a"], "MaxSessionDuration": 3600}),
                vec![],
            ),
            (
                "AWS::IAM::Role",
                json!({"ManagedPolicyArns": ["a"]}),
                json!({"ManagedPolicyArns": ["a", "arn:aws:iam::aws:policy/AdministratorAccess"]}),
                vec!["ManagedPolicyArns.1"],
            ),
            (
                "AWS::IAM::Role",
                policy(json!(["sts:AssumeRole"]), &["One"]),
                policy(json!("sts:assumerole"), &["One"]),
                vec![],
            ),
            (
                "AWS::IAM::Role",
                policy(json!("sts:AssumeRole"), &["One"]),
                policy(json!("sts:AssumeRole"), &["One", "Two"]),
                vec!["AssumeRolePolicyDocument.Statement.1"],
            ),
            (
                "AWS::S3::Bucket",
                json!({"LifecycleConfiguration": {"Rules": [{"Status": "Enabled"}, {"Id": "a", "Status": "Enabled"}]}}),
                json!({"LifecycleConfiguration": {"Rules": [{"Id": "made up", "Status": "Enabled"}, {"Id": "a", "Status": "Enabled"}]}}),
                vec![],
            ),
            (
                "AWS::S3::Bucket",
                json!({"Tags": [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]}),
                json!({"Tags": [{"Key": "b", "Value": "2"}, {"Key": "a", "Value": "3"}]}),
                vec!["Tags.0.Value"],
            ),
        ];
        for (type_name, expected, actual, drifted) in table {
            let found = compared(type_name, expected.clone(), actual.clone());
            assert_eq!(
                told(&found),
                (drifted.into_iter().map(str::to_owned).collect(), vec![]),
                "{expected} {actual}"
            );
        }
    }

    #[test]
    fn what_is_not_known_is_not_clean() {
        let found = compared(
            "AWS::Cognito::UserPoolClient",
            json!({
                "ClientName": {"Ref": "Secret"},
                "DefaultRedirectURI": "{{resolve:ssm-secure:/a}}",
                "UserPoolId": {"Fn::GetAtt": ["Users", "UserPoolId"]},
                "GenerateSecret": true,
                "EnableTokenRevocation": true,
            }),
            json!({"ClientName": "x", "DefaultRedirectURI": "y", "UserPoolId": "z", "EnableTokenRevocation": true}),
        );
        let unchecked = [
            "ClientName",
            "DefaultRedirectURI",
            "UserPoolId",
            "GenerateSecret",
        ];
        let unchecked = unchecked.map(str::to_owned).to_vec();
        assert_eq!(told(&found), (vec![], unchecked));
        assert_eq!(found.same, ["EnableTokenRevocation"]);
    }
}
