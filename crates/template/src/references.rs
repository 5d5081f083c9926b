//! What a value refers to.

use serde_json::{Map, Value};

/// What kind of reference it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReferenceKind {
    /// `Ref`: the target is a parameter, a pseudo parameter or a resource.
    Ref,
    /// `Fn::GetAtt`: the target is a resource.
    GetAtt,
    /// A variable of `Fn::Sub`: like `Ref`, or with an attribute like `Fn::GetAtt`.
    Sub,
    /// `DependsOn`: the target is a resource.
    DependsOn,
    /// A condition, by `Condition` or as the first argument of `Fn::If`.
    Condition,
    /// `Fn::FindInMap`: the target is a mapping.
    FindInMap,
}

/// One reference, from the value it was found in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// What kind it is.
    pub kind: ReferenceKind,
    /// The name it refers to.
    pub target: String,
    /// The attribute that is read of the target, `Arn`. `None` for `Ref`, and where the attribute is itself a function.
    pub attribute: Option<String>,
    /// Where it stands: the way from the value to the function's own key, which is the last step.
    pub path: Vec<String>,
    /// Whether it stands in a branch of `Fn::If`, so that it may come to nothing.
    pub conditional: bool,
}

/// Every reference within a value, in its order. Names that are themselves computed are not references.
pub fn references(value: &Value) -> Vec<Reference> {
    let mut walk = Walk::default();
    walk.value(value);
    walk.found
}

/// Every reference within a condition's declaration, where `{"Condition": "Name"}` is one.
pub fn condition_references(value: &Value) -> Vec<Reference> {
    let mut walk = Walk {
        in_condition: true,
        ..Walk::default()
    };
    walk.value(value);
    walk.found
}

/// Every reference within the declaration of a resource.
pub(crate) fn of_resource(declaration: &Map<String, Value>) -> Vec<Reference> {
    let mut walk = Walk::default();
    for (key, value) in declaration {
        walk.path.push(key.clone());
        match (key.as_str(), value) {
            ("DependsOn", Value::String(target)) => {
                walk.add(ReferenceKind::DependsOn, target, None);
            }
            ("DependsOn", Value::Array(targets)) => {
                for (index, target) in targets.iter().enumerate() {
                    if let Value::String(target) = target {
                        walk.path.push(index.to_string());
                        walk.add(ReferenceKind::DependsOn, target, None);
                        walk.path.pop();
                    }
                }
            }
            ("Condition", Value::String(target)) => {
                walk.add(ReferenceKind::Condition, target, None);
            }
            _ => walk.value(value),
        }
        walk.path.pop();
    }
    walk.found
}

#[derive(Default)]
struct Walk {
    path: Vec<String>,
    found: Vec<Reference>,
    in_condition: bool,
    branches: usize,
}

impl Walk {
    fn add(&mut self, kind: ReferenceKind, target: &str, attribute: Option<&str>) {
        self.found.push(Reference {
            kind,
            target: target.to_owned(),
            attribute: attribute.map(str::to_owned),
            path: self.path.clone(),
            conditional: self.branches > 0,
        });
    }

    fn value(&mut self, value: &Value) {
        match value {
            Value::Array(elements) => {
                for (index, element) in elements.iter().enumerate() {
                    self.path.push(index.to_string());
                    self.value(element);
                    self.path.pop();
                }
            }
            Value::Object(members) => {
                let single = members.len() == 1;
                for (key, member) in members {
                    self.path.push(key.clone());
                    if !(single && self.function(key, member)) {
                        self.value(member);
                    }
                    self.path.pop();
                }
            }
            _ => {}
        }
    }

    /// Reads a function's arguments; false when it is not one that refers to anything itself.
    fn function(&mut self, name: &str, argument: &Value) -> bool {
        match (name, argument) {
            ("Ref", Value::String(target)) => self.add(ReferenceKind::Ref, target, None),
            ("Condition", Value::String(target)) if self.in_condition => {
                self.add(ReferenceKind::Condition, target, None);
            }
            ("Fn::GetAtt", Value::String(text)) => {
                let (target, attribute) = text
                    .split_once('.')
                    .map_or((text.as_str(), None), |(target, attribute)| {
                        (target, Some(attribute))
                    });
                self.add(ReferenceKind::GetAtt, target, attribute);
            }
            ("Fn::GetAtt", Value::Array(arguments)) => {
                if let Some(Value::String(target)) = arguments.first() {
                    let attribute = arguments.get(1).and_then(Value::as_str);
                    self.add(ReferenceKind::GetAtt, target, attribute);
                }
                self.value(argument);
            }
            ("Fn::Sub", Value::String(text)) => self.substitution(text, None),
            ("Fn::Sub", Value::Array(arguments)) => {
                if let Some(Value::String(text)) = arguments.first() {
                    self.substitution(text, arguments.get(1).and_then(Value::as_object));
                }
                self.value(argument);
            }
            ("Fn::FindInMap", Value::Array(arguments)) => {
                if let Some(Value::String(target)) = arguments.first() {
                    self.add(ReferenceKind::FindInMap, target, None);
                }
                self.value(argument);
            }
            ("Fn::If", Value::Array(arguments)) => {
                if let Some(Value::String(target)) = arguments.first() {
                    self.add(ReferenceKind::Condition, target, None);
                }
                self.branches += 1;
                self.value(argument);
                self.branches -= 1;
            }
            ("Fn::And" | "Fn::Or" | "Fn::Not", Value::Array(_)) => {
                let outside = std::mem::replace(&mut self.in_condition, true);
                self.value(argument);
                self.in_condition = outside;
            }
            _ => return false,
        }
        true
    }

    fn substitution(&mut self, text: &str, own: Option<&Map<String, Value>>) {
        for variable in substitution_variables(text) {
            if own.is_some_and(|own| own.contains_key(variable)) {
                continue;
            }
            match variable.split_once('.') {
                Some((target, attribute)) => {
                    self.add(ReferenceKind::Sub, target, Some(attribute));
                }
                None => self.add(ReferenceKind::Sub, variable, None),
            }
        }
    }
}

/// The variables of a text for `Fn::Sub`, without those written `${!Literal}`.
pub(crate) fn substitution_variables(text: &str) -> impl Iterator<Item = &str> {
    text.split("${").skip(1).filter_map(|rest| {
        let (variable, _) = rest.split_once('}')?;
        (!variable.starts_with('!')).then(|| variable.trim())
    })
}

/// Whether a name is a pseudo parameter, `AWS::Region`.
pub fn is_pseudo_parameter(name: &str) -> bool {
    PSEUDO_PARAMETERS.contains(&name)
}

/// The parameters every template has.
///
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/pseudo-parameter-reference.html>
pub const PSEUDO_PARAMETERS: [&str; 8] = [
    "AWS::AccountId",
    "AWS::NoValue",
    "AWS::NotificationARNs",
    "AWS::Partition",
    "AWS::Region",
    "AWS::StackId",
    "AWS::StackName",
    "AWS::URLSuffix",
];

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// References as `kind target.attribute @path`, with a question mark in a branch of `Fn::If`.
    fn told(found: &[Reference]) -> Vec<String> {
        found
            .iter()
            .map(|reference| {
                let attribute = reference
                    .attribute
                    .as_ref()
                    .map(|attribute| format!(".{attribute}"))
                    .unwrap_or_default();
                let doubt = if reference.conditional { "?" } else { "" };
                format!(
                    "{:?} {}{attribute} @{}{doubt}",
                    reference.kind,
                    reference.target,
                    reference.path.join("/")
                )
            })
            .collect()
    }

    #[test]
    fn every_kind_of_reference_is_found() {
        let value = json!({
            "A": {"Ref": "P"},
            "B": [{"Fn::GetAtt": ["R", "Arn"]}, {"Fn::GetAtt": "S.Outputs.X"}],
            "C": {"Fn::Sub": "${P}-${R.Arn}-${!L}-${AWS::Region}-${ X }"},
            "D": {"Fn::Sub": ["${V}${W}", {"V": {"Ref": "Q"}}]},
            "E": {"Fn::If": ["Cond", {"Ref": "T"}, {"Ref": "AWS::NoValue"}]},
            "F": {"Fn::FindInMap": ["Map", {"Ref": "K"}, "x"]},
            "G": {"Fn::GetAtt": ["R", {"Ref": "Name"}]},
        });
        assert_eq!(
            told(&references(&value)),
            [
                "Ref P @A/Ref",
                "GetAtt R.Arn @B/0/Fn::GetAtt",
                "GetAtt S.Outputs.X @B/1/Fn::GetAtt",
                "Sub P @C/Fn::Sub",
                "Sub R.Arn @C/Fn::Sub",
                "Sub AWS::Region @C/Fn::Sub",
                "Sub X @C/Fn::Sub",
                "Sub W @D/Fn::Sub",
                "Ref Q @D/Fn::Sub/1/V/Ref",
                "Condition Cond @E/Fn::If",
                "Ref T @E/Fn::If/1/Ref?",
                "Ref AWS::NoValue @E/Fn::If/2/Ref?",
                "FindInMap Map @F/Fn::FindInMap",
                "Ref K @F/Fn::FindInMap/1/Ref",
                "GetAtt R @G/Fn::GetAtt",
                "Ref Name @G/Fn::GetAtt/1/Ref",
            ]
        );
    }

    #[test]
    fn what_only_looks_like_a_reference_is_none() {
        let value = json!({
            "Policy": {"Condition": "text"},
            "Two": {"Ref": "A", "Other": 1},
            "Data": {"Ref": 5},
            "Text": "${A}",
        });
        assert_eq!(told(&references(&value)), [""; 0]);
    }

    #[test]
    fn a_condition_refers_to_others() {
        let value = json!({"Fn::And": [{"Condition": "A"}, {"Fn::Equals": [{"Ref": "P"}, "x"]}]});
        let found = [
            "Condition A @Fn::And/0/Condition",
            "Ref P @Fn::And/1/Fn::Equals/0/Ref",
        ];
        assert_eq!(told(&references(&value)), found);
        assert_eq!(
            told(&condition_references(&json!({"Condition": "A"}))),
            ["Condition A @Condition"]
        );
    }

    #[test]
    fn a_resource_refers_by_its_attributes_too() {
        let declaration = json!({
            "Type": "T", "DependsOn": ["A", "B"], "Condition": "C", "Metadata": {"x": {"Ref": "D"}},
        });
        assert_eq!(
            told(&of_resource(
                declaration.as_object().expect("it is an object")
            )),
            [
                "DependsOn A @DependsOn/0",
                "DependsOn B @DependsOn/1",
                "Condition C @Condition",
                "Ref D @Metadata/x/Ref",
            ]
        );
    }
}
