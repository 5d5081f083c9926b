//! An evaluation of policies, written from the
//! [rules](https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html) alone.

use serde_json::Value;

/// A request: the action, what it is done to, and the keys that conditions see.
#[derive(Clone, Debug)]
pub(crate) struct Request<'a> {
    pub(crate) action: &'a str,
    pub(crate) resource: &'a str,
    pub(crate) keys: &'a [(&'a str, &'a str)],
}

/// The policies of an identity and its boundary.
pub(crate) struct Identity<'a> {
    pub(crate) policies: Vec<&'a Value>,
    pub(crate) boundary: Option<&'a Value>,
}

impl<'a> Identity<'a> {
    /// CloudFormation's role of an environment's template.
    pub(crate) fn execution(template: &'a Value) -> Self {
        let resources = template["Resources"].as_object().expect("an object");
        let policies = resources
            .iter()
            .filter(|(id, _)| id.starts_with("ExecutionPolicy"));
        Self {
            policies: policies
                .map(|(_, policy)| &policy["Properties"]["PolicyDocument"])
                .collect(),
            boundary: Some(&resources["Boundary"]["Properties"]["PolicyDocument"]),
        }
    }

    /// A role with inline policies.
    pub(crate) fn role(template: &'a Value, id: &str) -> Self {
        let role = &template["Resources"][id]["Properties"];
        let inline = role["Policies"].as_array().expect("it has policies").iter();
        let managed = role["ManagedPolicyArns"].as_array().into_iter().flatten();
        let managed = managed.map(|policy| {
            let id = policy["Ref"].as_str().expect("it is of the template");
            &template["Resources"][id]["Properties"]["PolicyDocument"]
        });
        Self {
            policies: inline
                .map(|policy| &policy["PolicyDocument"])
                .chain(managed)
                .collect(),
            boundary: None,
        }
    }

    /// Whether the policies allow something, and the boundary does not take it away.
    pub(crate) fn may(&self, request: &Request<'_>) -> bool {
        let has = |effect: &str, policies: &[&Value]| {
            policies
                .iter()
                .flat_map(|policy| policy["Statement"].as_array().expect("a list"))
                .any(|statement| statement["Effect"] == effect && applies(statement, request))
        };
        let boundary: Vec<&Value> = self.boundary.into_iter().collect();
        has("Allow", &self.policies)
            && !has("Deny", &self.policies)
            && (boundary.is_empty() || has("Allow", &boundary))
            && !has("Deny", &boundary)
    }
}

fn applies(statement: &Value, request: &Request<'_>) -> bool {
    let action = request.action.to_ascii_lowercase();
    let names_action =
        |list: &Value| texts(list).any(|pattern| glob(&pattern.to_ascii_lowercase(), &action));
    let is_about_action = match statement.get("NotAction") {
        Some(list) => !names_action(list),
        None => names_action(&statement["Action"]),
    };
    let is_about_resource =
        texts(&statement["Resource"]).any(|pattern| glob(pattern, request.resource));
    let operators = statement["Condition"].as_object().into_iter().flatten();
    let holds = operators.into_iter().all(|(operator, keys)| {
        let mut keys = keys.as_object().expect("an object").iter();
        keys.all(|(key, values)| {
            let found = request.keys.iter().find(|(name, _)| name == key);
            let is_any = |test: &dyn Fn(&str, &str) -> bool| {
                found.is_some_and(|(_, found)| texts(values).any(|value| test(value, found)))
            };
            match operator.as_str() {
                "StringLikeIfExists" => found.is_none() || is_any(&glob),
                "StringEquals" => is_any(&|value, found| value == found),
                "StringLike" => is_any(&glob),
                // What is not there is not equal.
                "StringNotEquals" => !is_any(&|value, found| value == found),
                other => panic!("`{other}` is not evaluated here"),
            }
        })
    });
    is_about_action && is_about_resource && holds
}

fn texts(value: &Value) -> impl Iterator<Item = &str> {
    let list = match value {
        Value::Array(list) => list.as_slice(),
        single => std::slice::from_ref(single),
    };
    list.iter().map(|text| text.as_str().expect("a text"))
}

/// Whether a text matches a pattern in which `*` stands for any characters.
pub(crate) fn glob(pattern: &str, text: &str) -> bool {
    let Some((before, rest)) = pattern.split_once('*') else {
        return pattern == text;
    };
    let Some(text) = text.strip_prefix(before) else {
        return false;
    };
    (0..=text.len())
        .filter(|at| text.is_char_boundary(*at))
        .any(|at| glob(rest, &text[at..]))
}
