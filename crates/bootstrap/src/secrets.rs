//! The secrets that templates refer to.

use serde_json::Value;

use crate::names::walk;

const START: &str = "{{resolve:ssm-secure:";

/// A secret of SSM that a resource refers to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretReference {
    /// The resource.
    pub logical_id: String,
    /// The parameter's name.
    pub name: String,
}

/// The secrets that resources refer to by a name which the template says as a whole, each once for a resource.
pub fn secret_references(template: &Value) -> Vec<SecretReference> {
    let mut found = Vec::new();
    for (logical_id, resource) in template["Resources"].as_object().into_iter().flatten() {
        let mut texts = |_: &str, text: &str| {
            for reference in text.split(START).skip(1) {
                let Some((reference, _)) = reference.split_once("}}") else {
                    continue;
                };
                let name = reference.split(':').next().unwrap_or_default();
                let one = SecretReference {
                    logical_id: logical_id.clone(),
                    name: name.to_owned(),
                };
                if !name.contains("${") && !found.contains(&one) {
                    found.push(one);
                }
            }
        };
        walk("", resource, &mut texts, &mut |_| {});
    }
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn whole_names_are_found_once_a_resource() {
        let template = json!({"Resources": {
            "A": {"Properties": {"One": "{{resolve:ssm-secure:/a/b}}", "Two": ["x {{resolve:ssm-secure:/a/b:3}} y"]}},
            "B": {"Properties": {"Plain": "{{resolve:ssm:/a/c}}", "Cut": "{{resolve:ssm-secure:/a/",
                "Filled": {"Fn::Sub": "{{resolve:ssm-secure:/${Stage}/d}}"}, "Other": "{{resolve:ssm-secure:e}}"}},
        }});
        let found = secret_references(&template);
        let found: Vec<_> = found
            .iter()
            .map(|one| (one.logical_id.as_str(), one.name.as_str()))
            .collect();
        assert_eq!(found, [("A", "/a/b"), ("B", "e")]);
    }
}
