//! What a deployed template comes to, as far as is known from outside.

use std::collections::BTreeMap;

use plan::{Facts, Options, evaluate};
use serde_json::{Map, Value, json};

use crate::port::Stack;

/// A deployed stack, and what its expressions are known to come to.
pub(super) struct Deployed<'a> {
    template: Value,
    facts: &'a dyn Facts,
    options: Options,
    /// Values by the text of their expression.
    known: BTreeMap<String, Value>,
}

impl<'a> Deployed<'a> {
    /// A stack as deployed, where `pseudo_parameters` are known.
    pub(super) fn new(
        template: &Value,
        stack: &Stack,
        pseudo_parameters: indexmap::IndexMap<String, String>,
        facts: &'a dyn Facts,
    ) -> Self {
        let mut options = Options {
            pseudo_parameters,
            before_parameters: stack.parameters.clone().into_iter().collect(),
            ..Options::default()
        };
        let pseudo = &mut options.pseudo_parameters;
        pseudo.insert("AWS::StackId".to_owned(), stack.id.clone());
        // An output tells what its expression comes to.
        let outputs = template["Outputs"].as_object().into_iter().flatten();
        let known = outputs.filter_map(|(name, output)| {
            let value = stack.outputs.get(name)?;
            let expression = &output["Value"];
            expression
                .is_object()
                .then(|| (expression.to_string(), json!(value)))
        });
        Self {
            known: known.collect(),
            template: template.clone(),
            facts,
            options,
        }
    }

    /// Learns what `Ref` of a resource gives.
    pub(super) fn learn_reference(&mut self, logical_id: &str, value: &str) {
        let known = &mut self.options.pseudo_parameters;
        known.insert(logical_id.to_owned(), value.to_owned());
    }

    /// Learns what `Fn::GetAtt` of a resource gives.
    pub(super) fn learn_attribute(&mut self, logical_id: &str, name: &str, value: &str) {
        self.known.insert(attribute(logical_id, name), json!(value));
    }

    /// Learns what an output of another stack is.
    pub(super) fn learn_output(&mut self, stack: &str, output: &str, value: &str) {
        let expression = json!({"Fn::GetStackOutput": {"StackName": stack, "OutputName": output}});
        self.known.insert(expression.to_string(), json!(value));
    }

    /// Works in all that was learned.
    pub(super) fn settle(&mut self) {
        if let Some(resources) = self.template.get_mut("Resources") {
            replace(resources, &self.known);
        }
    }

    /// The properties of a resource, worked out as far as is known.
    pub(super) fn properties(&self, logical_id: &str) -> Map<String, Value> {
        match evaluate(&self.template, logical_id, self.facts, &self.options) {
            Value::Object(properties) => properties,
            _ => Map::new(),
        }
    }
}

fn attribute(logical_id: &str, name: &str) -> String {
    json!({"Fn::GetAtt": [logical_id, name]}).to_string()
}

/// Puts what is known in the place of expressions.
fn replace(value: &mut Value, known: &BTreeMap<String, Value>) {
    match value {
        Value::Object(members) => {
            if members.len() == 1
                && let Some(found) = known.get(&Value::Object(members.clone()).to_string())
            {
                *value = found.clone();
                return;
            }
            if let Some(Value::String(text)) = members.get_mut("Fn::Sub") {
                *text = substitute(text, known);
            }
            for member in members.values_mut() {
                replace(member, known);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| replace(item, known)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Puts the attributes that are known into the text of a `Fn::Sub`.
fn substitute(text: &str, known: &BTreeMap<String, Value>) -> String {
    let mut parts = text.split("${");
    let mut done = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let found = part.split_once('}').and_then(|(name, rest)| {
            let (logical_id, name) = name.split_once('.')?;
            let value = known.get(&attribute(logical_id, name))?.as_str()?;
            Some(format!("{value}{rest}"))
        });
        match found {
            Some(found) => done.push_str(&found),
            None => {
                done.push_str("${");
                done.push_str(part);
            }
        }
    }
    done
}

#[cfg(test)]
mod tests {
    use plan::SchemaFacts;

    use super::*;
    use crate::status::StackStatus;

    #[test]
    fn expressions_come_to_what_is_known() {
        let template = json!({
            "Parameters": {"Size": {"Type": "String"}, "Secret": {"Type": "String", "NoEcho": true}},
            "Resources": {"It": {"Type": "AWS::SNS::Topic", "Properties": {
                "Size": {"Ref": "Size"},
                "Other": {"Fn::Sub": "${Files}/${Files.Arn}/${Else.Arn}"},
                "Arn": {"Fn::Sub": "${Files.Arn}/*"},
                "Output": {"Fn::GetAtt": ["Else", "Id"]},
                "Far": {"Fn::Join": ["-", [{"Fn::GetStackOutput": {"StackName": "p", "OutputName": "o"}}, {"Ref": "AWS::Region"}]]},
                "Secret": {"Ref": "Secret"},
                "Never": {"Ref": "AWS::NoValue"},
            }}},
            "Outputs": {"Id": {"Value": {"Fn::GetAtt": ["Else", "Id"]}}},
        });
        let stack = Stack {
            id: "arn".to_owned(),
            name: "s".to_owned(),
            status: StackStatus::CreateComplete,
            status_reason: None,
            parameters: [("Size", "3"), ("Secret", "****")]
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into(),
            tags: BTreeMap::new(),
            outputs: [("Id".to_owned(), "i-1".to_owned())].into_iter().collect(),
            exports: BTreeMap::new(),
            termination_protection: false,
            notification_arns: Vec::new(),
            role_arn: None,
            updated_at: None,
            change_set: None,
            express: false,
        };
        let pseudo = [("AWS::Region".to_owned(), "us-east-1".to_owned())];
        let mut deployed = Deployed::new(
            &template,
            &stack,
            pseudo.into_iter().collect(),
            &SchemaFacts,
        );
        deployed.learn_reference("Files", "f-1");
        deployed.learn_attribute("Files", "Arn", "arn:f-1");
        deployed.learn_output("p", "o", "far");
        deployed.settle();
        let properties = deployed.properties("It");
        assert_eq!(properties["Size"], "3");
        assert_eq!(properties["Arn"], "arn:f-1/*");
        assert_eq!(properties["Output"], "i-1");
        assert_eq!(properties["Far"], "far-us-east-1");
        assert!(!properties.contains_key("Never"));
        for name in ["Other", "Secret"] {
            assert!(!plan::is_evaluated(&properties[name]), "{properties:?}");
        }
    }
}
