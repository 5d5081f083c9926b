//! That what IAM limits is kept, or refused with a reason.

use bootstrap::TooMuch;
use serde_json::{Map, Value, json};

use crate::{environment, made, of, stacks_of};

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>
const MANAGED_POLICY: usize = 6_144;
const MANAGED_POLICIES: usize = 10;
const INLINE_POLICIES: usize = 10_240;

/// Makes sure that IAM takes every policy of a template.
pub(crate) fn check(template: &Value) {
    let resources = template["Resources"].as_object().expect("an object");
    for (id, resource) in resources {
        let properties = &resource["Properties"];
        match resource["Type"].as_str() {
            Some("AWS::IAM::ManagedPolicy") => {
                let length = properties["PolicyDocument"].to_string().len();
                assert!(length <= MANAGED_POLICY, "{id}: {length}");
                let statements = properties["PolicyDocument"]["Statement"].as_array();
                let mut ids: Vec<&str> = statements
                    .expect("a list")
                    .iter()
                    .filter_map(|statement| statement["Sid"].as_str())
                    .collect();
                ids.sort_unstable();
                assert!(
                    ids.windows(2).all(|pair| pair[0] != pair[1]),
                    "{id}: {ids:?}"
                );
                let is_id = |id: &&str| id.bytes().all(|byte| byte.is_ascii_alphanumeric());
                assert!(ids.iter().all(is_id), "{id}: {ids:?}");
            }
            Some("AWS::IAM::Role") => {
                let inline = properties["Policies"].as_array().into_iter().flatten();
                let length: usize = inline
                    .map(|policy| policy["PolicyDocument"].to_string().len())
                    .sum();
                assert!(length <= INLINE_POLICIES, "{id}: {length}");
                let managed = properties["ManagedPolicyArns"]
                    .as_array()
                    .map_or(0, Vec::len);
                assert!(managed <= MANAGED_POLICIES, "{id}: {managed}");
                let name = properties["RoleName"].as_str().expect("a name");
                assert!(name.len() <= 64, "{name}");
            }
            other => panic!("{id} is a {other:?}"),
        }
    }
}

/// A template of the first types there are.
pub(crate) fn of_types(count: usize) -> Value {
    let resources: Map<String, Value> = schema::type_names()
        .take(count)
        .enumerate()
        .map(|(index, name)| (format!("R{index}"), json!({"Type": name, "Properties": {}})))
        .collect();
    of(resources.into())
}

#[test]
fn chitchatter_pro_takes_few_policies() {
    for name in ["staging", "production"] {
        let template = environment(&stacks_of(name));
        check(&template);
        let policies = &template["Resources"]["Execution"]["Properties"]["ManagedPolicyArns"];
        assert!(
            policies.as_array().expect("a list").len() <= 2,
            "{policies}"
        );
    }
}

#[test]
fn many_types_are_divided_then_named_by_verbs_then_refused_and_never_cut() {
    let mut seen = [false; 3];
    for count in [10, 50, 150, 300, 1_000] {
        match made(&[of_types(count)]) {
            Ok(template) => {
                check(&template);
                let resources = template["Resources"].as_object().expect("an object");
                let is_by_verbs = resources.iter().any(|(id, policy)| {
                    id.starts_with("ExecutionPolicy") && policy.to_string().contains(":Describe*\"")
                });
                seen[usize::from(is_by_verbs)] = true;
            }
            Err(TooMuch::Permissions { types }) => {
                assert!(types >= 200, "{types}");
                seen[2] = true;
            }
            Err(TooMuch::Boundary { .. }) => seen[2] = true,
            Err(other) => panic!("{other}"),
        }
    }
    assert_eq!(seen, [true; 3], "every stage is reached");
}
