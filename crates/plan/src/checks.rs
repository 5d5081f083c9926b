//! What only a comparison shows to be wrong: of a template with the deployed one, or of stacks with one another.
//!
//! CloudFormation would fail on all of it, so none of it can be accepted. `docs/rules.md` tells more.

use std::collections::BTreeMap;

use assembly::{ResourceOrigin, Severity};
use indexmap::IndexMap;
use serde_json::{Map, Value};

use crate::{Action, Change, Finding, PropertyChange, body::Resources};

/// An export has one owner.
const EXPORT: &str = "CIF080";
/// The schema of a user pool only grows.
const POOL_SCHEMA: &str = "CIF081";
/// What another stack reads is there.
const READ_OUTPUT: &str = "CIF082";
/// A custom resource keeps the token of the service that made it.
const SERVICE_TOKEN: &str = "CIF084";

/// The type of a user pool.
pub(crate) const USER_POOL: &str = "AWS::Cognito::UserPool";

/// A stack as it is wanted.
#[derive(Clone, Copy, Debug)]
pub struct WantedStack<'a> {
    /// The short name.
    pub name: &'a str,
    /// The CloudFormation name.
    pub stack_name: &'a str,
    /// The template's body.
    pub template: &'a Value,
    /// Where its resources are declared.
    pub origins: &'a IndexMap<String, ResourceOrigin>,
}

/// What is wrong with an output that is read and goes.
pub(crate) fn read_output(output: &str, message: String) -> Finding {
    Finding {
        property: vec!["Outputs".to_owned(), output.to_owned()],
        ..error(READ_OUTPUT, message)
    }
}

/// What is wrong between the stacks of an assembly, each with the short name of the stack it is told of.
pub fn check_stacks(stacks: &[WantedStack<'_>]) -> Vec<(String, Finding)> {
    let mut findings = Vec::new();
    let mut owners: BTreeMap<String, (&str, &str)> = BTreeMap::new();
    for stack in stacks {
        for (output, declaration) in members(stack.template, "Outputs") {
            let Some(name) = declaration
                .pointer("/Export/Name")
                .and_then(|name| literal(name, stack.stack_name))
            else {
                continue;
            };
            match owners.get(&name) {
                // Twice in one template is validation's to tell.
                Some((owner, _)) if *owner == stack.name => {}
                Some((owner, first)) => {
                    let message = format!(
                        "`{name}` is exported by `{owner}` already, as `{first}`; give one of them another name"
                    );
                    let property = vec!["Outputs".to_owned(), output.clone()];
                    findings.push((
                        stack.name.to_owned(),
                        Finding {
                            property,
                            ..error(EXPORT, message)
                        },
                    ));
                }
                None => {
                    owners.insert(name, (stack.name, output));
                }
            }
        }
    }
    for stack in stacks {
        for (logical_id, resource) in members(stack.template, "Resources") {
            let mut missing = Vec::new();
            find_missing(resource, stacks, &mut missing);
            for message in missing {
                let origin = stack.origins.get(logical_id);
                let finding = Finding {
                    logical_id: Some(logical_id.clone()),
                    path: origin.map(|origin| origin.path.clone()),
                    source: origin.map(|origin| origin.source.clone()),
                    ..error(READ_OUTPUT, message)
                };
                findings.push((stack.name.to_owned(), finding));
            }
        }
        for (output, declaration) in members(stack.template, "Outputs") {
            let mut missing = Vec::new();
            find_missing(declaration, stacks, &mut missing);
            let missing = missing.into_iter();
            findings.extend(
                missing.map(|message| (stack.name.to_owned(), read_output(output, message))),
            );
        }
    }
    findings
}

/// Finds every `Fn::GetStackOutput` that reads an output which its stack, one of these, will not have.
fn find_missing(value: &Value, stacks: &[WantedStack<'_>], missing: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            if let Some(arguments) = members.get("Fn::GetStackOutput")
                && arguments.get("Region").is_none()
                && arguments.get("RoleArn").is_none()
                && let (Some(stack_name), Some(output)) = (
                    arguments["StackName"].as_str(),
                    arguments["OutputName"].as_str(),
                )
                && let Some(producer) = stacks.iter().find(|stack| stack.stack_name == stack_name)
                && producer
                    .template
                    .pointer(&format!("/Outputs/{output}"))
                    .is_none()
            {
                let names = crate::checks::members(producer.template, "Outputs")
                    .map(|(name, _)| name.as_str());
                let near = assembly::nearest(output, names)
                    .map(|near| format!("; did you mean `{near}`?"))
                    .unwrap_or_default();
                let message = format!(
                    "reads output `{output}` of `{}`, which has none of that name{near}",
                    producer.name
                );
                if !missing.contains(&message) {
                    missing.push(message);
                }
            }
            for member in members.values() {
                find_missing(member, stacks, missing);
            }
        }
        Value::Array(elements) => {
            for element in elements {
                find_missing(element, stacks, missing);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// What is wrong with a template beside the deployed one.
pub(crate) fn compare(
    before: &Resources<'_>,
    after: &Resources<'_>,
    changes: &[Change],
    origins: &IndexMap<String, ResourceOrigin>,
) -> Vec<Finding> {
    let mut findings = pools(before, after, changes, origins);
    findings.extend(changes.iter().filter_map(service_token));
    findings
}

/// CloudFormation updates no custom resource whose service token changes, and replaces none for it: the update fails and
/// is rolled back. <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-cfn-customresource.html>
fn service_token(change: &Change) -> Option<Finding> {
    let is_custom = change.type_name == "AWS::CloudFormation::CustomResource"
        || change.type_name.starts_with("Custom::");
    let is_kept = match change.action {
        Action::Update | Action::MayReplace | Action::Replace => change.previous_type.is_none(),
        Action::Create | Action::Delete | Action::Orphan | Action::Import | Action::Move => false,
    };
    let is_token =
        |property: &&PropertyChange| property.path.first().is_some_and(|name| name == TOKEN);
    let token = change.properties.iter().find(is_token)?;
    let (severity, changes) = if token.dynamic {
        (Severity::Warning, "may change")
    } else {
        (Severity::Error, "changes")
    };
    (is_custom && is_kept).then(|| Finding {
        severity,
        logical_id: Some(change.logical_id.clone()),
        path: change.path.clone(),
        source: change.source.clone(),
        property: vec![TOKEN.to_owned()],
        ..error(
            SERVICE_TOKEN,
            format!(
                "`{TOKEN}` {changes}, which CloudFormation refuses in an update; keep the function or topic it names, or give the resource another logical id: it is made anew then, and this one removed"
            ),
        )
    })
}

/// The property of a custom resource that names the function or topic that makes it.
const TOKEN: &str = "ServiceToken";

/// What is wrong with the schemas of user pools. A pool that is replaced begins anew, with any schema.
fn pools(
    before: &Resources<'_>,
    after: &Resources<'_>,
    changes: &[Change],
    origins: &IndexMap<String, ResourceOrigin>,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    // One that is left unread is no pool.
    let after = after.iter();
    for (logical_id, pool) in after.filter_map(|(id, pool)| Some((id, pool.read()?))) {
        let old = is_pool(pool).then(|| before.get(logical_id)).flatten();
        let Some(old) = old.and_then(|old| old.read()).filter(|old| is_pool(old)) else {
            continue;
        };
        let is_new = changes
            .iter()
            .any(|change| change.logical_id == *logical_id && change.action == Action::Replace);
        let (Some(old), Some(new)) = (attributes(old), attributes(pool)) else {
            continue;
        };
        if is_new {
            continue;
        }
        let origin = origins.get(*logical_id);
        findings.extend(
            schema_problems(&old, &new)
                .into_iter()
                .map(|message| Finding {
                    logical_id: Some((*logical_id).to_owned()),
                    path: origin.map(|origin| origin.path.clone()),
                    source: origin.map(|origin| origin.source.clone()),
                    property: vec!["Schema".to_owned()],
                    ..error(POOL_SCHEMA, message)
                }),
        );
    }
    findings
}

fn is_pool(resource: &Value) -> bool {
    resource["Type"] == USER_POOL
}

/// The attributes of a pool's schema by name; `None` when not all of them are known.
fn attributes(pool: &Value) -> Option<BTreeMap<&str, &Map<String, Value>>> {
    let schema = match pool.pointer("/Properties/Schema") {
        None | Some(Value::Null) => return Some(BTreeMap::new()),
        Some(schema) => schema.as_array()?,
    };
    schema
        .iter()
        .map(|attribute| {
            let name = attribute.get("Name")?.as_str()?;
            // The prefix is the pool's own; both forms name the same attribute.
            let name = name.strip_prefix("custom:").unwrap_or(name);
            Some((name, attribute.as_object()?))
        })
        .collect()
}

/// Cognito adds attributes, and changes or removes none.
/// <https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-attributes.html>
fn schema_problems(
    old: &BTreeMap<&str, &Map<String, Value>>,
    new: &BTreeMap<&str, &Map<String, Value>>,
) -> Vec<String> {
    let mut problems = Vec::new();
    for (name, before) in old {
        match new.get(name) {
            None => problems.push(format!(
                "attribute `{name}` of the deployed pool is no longer in the schema, and Cognito removes none; put it back"
            )),
            Some(after) => {
                let changed: Vec<&str> = ATTRIBUTE
                    .iter()
                    .filter(|(key, default)| setting(before, key, default) != setting(after, key, default))
                    .map(|(key, _)| *key)
                    .collect();
                if !changed.is_empty() {
                    problems.push(format!(
                        "attribute `{name}` has another `{}` than in the deployed pool, and Cognito changes none; put it back",
                        changed.join("`, `")
                    ));
                }
            }
        }
    }
    for (name, attribute) in new {
        if !old.contains_key(name) && setting(attribute, "Required", "false") == "true" {
            problems.push(format!(
                "attribute `{name}` is new and required, and a pool requires only what it did when it was created; leave out `Required`"
            ));
        }
    }
    problems
}

/// The settings of an attribute, with what they are when left out.
const ATTRIBUTE: [(&str, &str); 6] = [
    ("AttributeDataType", "String"),
    ("DeveloperOnlyAttribute", "false"),
    ("Mutable", "true"),
    ("NumberAttributeConstraints", ""),
    ("Required", "false"),
    ("StringAttributeConstraints", ""),
];

/// A setting as text, so that `1` and `"1"` are the same.
fn setting(attribute: &Map<String, Value>, key: &str, default: &str) -> String {
    fn text(value: &Value) -> String {
        match value {
            Value::String(text) => text.clone(),
            Value::Object(members) => {
                let mut members: Vec<String> = members
                    .iter()
                    .map(|(key, value)| format!("{key}={}", text(value)))
                    .collect();
                members.sort();
                members.join(",")
            }
            other => other.to_string(),
        }
    }
    attribute.get(key).map_or_else(|| default.to_owned(), text)
}

/// The members of a section.
fn members<'a>(
    template: &'a Value,
    section: &str,
) -> impl Iterator<Item = (&'a String, &'a Value)> {
    template
        .get(section)
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
}

/// A name as it will be, when the template alone tells it.
pub(crate) fn literal(name: &Value, stack_name: &str) -> Option<String> {
    match name {
        Value::String(text) => Some(text.clone()),
        Value::Object(function) => {
            let text = function.get("Fn::Sub")?.as_str()?;
            let text = text.replace("${AWS::StackName}", stack_name);
            // Account and region are the same for all of them.
            let same = text
                .replace("${AWS::Region}", "")
                .replace("${AWS::AccountId}", "");
            (!same.contains("${")).then_some(text)
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => None,
    }
}

fn error(rule: &str, message: String) -> Finding {
    Finding::new(Severity::Error, rule, message)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::Body;

    fn problems(before: &Value, after: &Value) -> Vec<String> {
        let template = |schema: &Value| json!({"Resources": {"Users": {"Type": "AWS::Cognito::UserPool", "Properties": {"Schema": schema}}}});
        let (before, after) = (template(before), template(after));
        let (before, after) = (Body::from(&before), Body::from(&after));
        let findings = compare(before.resources(), after.resources(), &[], &IndexMap::new());
        findings
            .into_iter()
            .map(|finding| finding.message)
            .collect()
    }

    #[test]
    fn the_schema_of_a_pool_only_grows() {
        let name = json!({"Name": "name", "Mutable": true});
        let plan = json!({"Name": "plan", "AttributeDataType": "String", "StringAttributeConstraints": {"MaxLength": 10}});
        let both = json!([name, plan]);
        assert!(problems(&both, &both).is_empty());
        assert!(problems(&json!([name]), &both).is_empty(), "it grows");
        assert!(
            problems(&both, &json!([plan, name])).is_empty(),
            "it has no order"
        );
        let same = json!([{"Name": "name"}, {"Name": "custom:plan", "StringAttributeConstraints": {"MaxLength": "10"}}]);
        assert!(problems(&both, &same).is_empty(), "it says the same");
        assert!(problems(&both, &json!([name]))[0].contains("`plan` of the deployed pool"));
        let changed = json!([name, {"Name": "plan", "StringAttributeConstraints": {"MaxLength": 20}, "Mutable": false}]);
        assert!(
            problems(&both, &changed)[0]
                .contains("another `Mutable`, `StringAttributeConstraints`")
        );
        let required = json!([name, plan, {"Name": "phone_number", "Required": true}]);
        assert!(problems(&both, &required)[0].contains("new and required"));
        assert!(
            problems(&both, &json!({"Ref": "X"})).is_empty(),
            "it is not known"
        );
    }

    #[test]
    fn a_custom_resource_keeps_its_service_token() {
        let template = |type_name: &str, function: &str, token: Value| {
            json!({
                "Parameters": {"Given": {"Type": "String", "Default": "arn:one"}},
                "Resources": {
                    "Maker": {"Type": "AWS::Lambda::Function", "Properties": {"FunctionName": function}},
                    "Made": {"Type": type_name, "Properties": {"ServiceToken": token, "Size": function}},
                },
            })
        };
        let maker = || json!({"Fn::GetAtt": ["Maker", "Arn"]});
        let found_with =
            |before: &Value, after: &Value, open_parameters: bool| -> Vec<(Severity, String)> {
                let options = crate::Options {
                    open_parameters,
                    ..crate::Options::default()
                };
                let diff = crate::diff(
                    before,
                    after,
                    &crate::SchemaFacts,
                    &IndexMap::new(),
                    &options,
                );
                let of_token = diff.findings.into_iter().filter(|one| {
                    one.rule == SERVICE_TOKEN && one.logical_id.as_deref() == Some("Made")
                });
                of_token.map(|one| (one.severity, one.message)).collect()
            };
        let found = |before: &Value, after: &Value| found_with(before, after, false);
        for type_name in ["Custom::Thing", "AWS::CloudFormation::CustomResource"] {
            let before = template(type_name, "one", json!("arn:one"));
            let [(severity, message)] =
                &found(&before, &template(type_name, "one", json!("arn:two")))[..]
            else {
                panic!("{type_name}");
            };
            assert_eq!(*severity, Severity::Error);
            assert!(message.contains("another logical id"), "{message}");
            // Another property is for the maker to deal with.
            assert_eq!(
                found(&before, &template(type_name, "two", json!("arn:one"))),
                []
            );
        }
        // The function is another one, and its ARN with it.
        let made_by = |function: &str| template("Custom::Thing", function, maker());
        assert_eq!(
            found(&made_by("one"), &made_by("two"))[0].0,
            Severity::Error
        );
        assert_eq!(found(&made_by("one"), &made_by("one")), []);
        // A new default changes it if it is used.
        let given = template("Custom::Thing", "one", json!({"Ref": "Given"}));
        let mut otherwise = given.clone();
        otherwise["Parameters"]["Given"]["Default"] = json!("arn:two");
        assert_eq!(found_with(&given, &otherwise, true)[0].0, Severity::Warning);
        // New ones have what they have.
        assert_eq!(found(&Value::Null, &made_by("one")), []);
        let mut renamed = made_by("two");
        let made = renamed["Resources"]
            .as_object_mut()
            .and_then(|all| all.remove("Made"));
        renamed["Resources"]["MadeAnew"] = made.expect("it is there");
        assert_eq!(found(&made_by("one"), &renamed), []);
    }

    fn told(stacks: &[(&str, Value)]) -> Vec<String> {
        let origins = IndexMap::new();
        let names: Vec<String> = stacks.iter().map(|(name, _)| format!("p-{name}")).collect();
        let stacks: Vec<WantedStack<'_>> = stacks
            .iter()
            .zip(&names)
            .map(|((name, template), stack_name)| WantedStack {
                name,
                stack_name,
                template,
                origins: &origins,
            })
            .collect();
        check_stacks(&stacks)
            .into_iter()
            .map(|(stack, finding)| format!("{stack} {} {}", finding.rule, finding.message))
            .collect()
    }

    #[test]
    fn an_export_has_one_owner() {
        let exports =
            |name: Value| json!({"Outputs": {"Id": {"Value": "x", "Export": {"Name": name}}}});
        let own = || exports(json!({"Fn::Sub": "${AWS::StackName}-id"}));
        assert!(told(&[("a", own()), ("b", own())]).is_empty());
        let shared = || exports(json!({"Fn::Sub": "shared-${AWS::Region}"}));
        let found = told(&[("a", shared()), ("b", shared())]);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(
            found[0].starts_with("b CIF080 `shared-${AWS::Region}` is exported by `a`"),
            "{found:?}"
        );
        let unknown = || exports(json!({"Ref": "Name"}));
        assert!(told(&[("a", unknown()), ("b", unknown())]).is_empty());
    }

    #[test]
    fn an_output_that_is_read_is_there() {
        let reader = |output: &str| json!({"Resources": {"R": {"Properties": {"A": [{"Fn::GetStackOutput": {"StackName": "p-a", "OutputName": output}}]}}}});
        let producer = json!({"Outputs": {"BucketName": {"Value": "x"}}});
        assert!(told(&[("a", producer.clone()), ("b", reader("BucketName"))]).is_empty());
        assert_eq!(
            told(&[("a", producer), ("b", reader("BucketNam"))]),
            [
                "b CIF082 reads output `BucketNam` of `a`, which has none of that name; did you mean `BucketName`?"
            ]
        );
        assert!(
            told(&[("b", reader("X"))]).is_empty(),
            "a stack of somebody else"
        );
    }
}
