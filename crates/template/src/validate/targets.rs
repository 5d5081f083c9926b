//! What functions refer to: that it exists, and may be referred to from where they stand.

use super::{
    context::{Context, is_list_type, is_module},
    functions::Scope,
};
use crate::{
    finding::{Findings, Path, shown},
    function::{Function, has_generated_members},
    model::{Members, Section, is_custom},
    references::{PSEUDO_PARAMETERS, is_pseudo_parameter, substitution_variables},
    rules,
};

/// Looks for targets on behalf of one place.
pub(crate) struct Targets<'s, 'a> {
    pub(crate) context: &'s Context<'a>,
    pub(crate) findings: &'s mut Findings,
    pub(crate) path: &'s Path<'a>,
    pub(crate) scope: Scope,
}

impl<'a> Targets<'_, 'a> {
    /// The target of `Ref`: a parameter, a pseudo parameter or a resource.
    pub(crate) fn reference(&mut self, name: &str) {
        let context = self.context;
        if context.parameter_type(name).is_some() || is_pseudo_parameter(name) {
            return;
        }
        let is_resource = context.resource(name).is_some();
        if is_resource && self.scope == Scope::Value {
            return;
        }
        if is_resource {
            let place = match self.scope {
                Scope::Condition => "a condition",
                Scope::Rule => "a rule",
                Scope::Export | Scope::Value => "the name of an export",
            };
            let message =
                format!("{place} cannot refer to the resource `{name}`, only to parameters");
            self.findings
                .add(&rules::MISSING_TARGET, self.path, message);
            return;
        }
        let resources_count = self.scope == Scope::Value;
        if context.is_open(Section::Parameters)
            || resources_count
                && (context.is_open(Section::Resources) || context.is_in_module(name))
        {
            return;
        }
        let template = context.template;
        let resources = resources_count.then(|| template.names(Section::Resources));
        let candidates = template
            .names(Section::Parameters)
            .chain(PSEUDO_PARAMETERS)
            .chain(resources.into_iter().flatten());
        let nearest = self.findings.suggestion(name, candidates);
        let what = if resources_count {
            "parameter or resource"
        } else {
            "parameter"
        };
        let message = format!("there is no {what} `{}`{nearest}", shown(&name.into()));
        self.findings
            .add(&rules::MISSING_TARGET, self.path, message);
    }

    /// The target of `DependsOn`: a resource.
    pub(crate) fn depends_on(&mut self, name: &str) {
        let context = self.context;
        if context.resource(name).is_some()
            || context.is_open(Section::Resources)
            || context.is_in_module(name)
        {
            return;
        }
        let message = if context.parameter_type(name).is_some() {
            format!("`{name}` is a parameter; `DependsOn` takes resources")
        } else {
            let nearest = self
                .findings
                .suggestion(name, context.template.names(Section::Resources));
            format!("there is no resource `{}`{nearest}", shown(&name.into()))
        };
        self.findings
            .add(&rules::MISSING_TARGET, self.path, message);
    }

    /// The name of a condition.
    pub(crate) fn condition(&mut self, name: &str) {
        let context = self.context;
        let exists = context
            .conditions
            .is_some_and(|conditions| conditions.contains_key(name));
        if exists || context.is_open(Section::Conditions) {
            return;
        }
        let nearest = self
            .findings
            .suggestion(name, context.template.names(Section::Conditions));
        let message = format!("there is no condition `{}`{nearest}", shown(&name.into()));
        self.findings
            .add(&rules::MISSING_CONDITION, self.path, message);
    }

    /// The target of `Fn::GetAtt`; the attribute is `None` where it is computed.
    pub(crate) fn attribute(&mut self, name: &str, attribute: Option<&str>) {
        let context = self.context;
        let Some(resource) = context.resource(name) else {
            if context.is_open(Section::Resources) || context.is_in_module(name) {
                return;
            }
            let message = if context.parameter_type(name).is_some() {
                format!("`{name}` is a parameter, which has no attributes")
            } else {
                let nearest = self
                    .findings
                    .suggestion(name, context.template.names(Section::Resources));
                format!("there is no resource `{}`{nearest}", shown(&name.into()))
            };
            self.findings
                .add(&rules::MISSING_TARGET, self.path, message);
            return;
        };
        if self.scope != Scope::Value {
            self.reference(name);
            return;
        }
        let (Some(type_name), Some(attribute)) = (resource.type_name(), attribute) else {
            return;
        };
        // Modules have resources of their own behind the name; SAM and third parties are not in the facts.
        if is_custom(type_name) || is_module(type_name) || !type_name.starts_with("AWS::") {
            return;
        }
        let Some(facts) = schema::resource_type(type_name) else {
            return;
        };
        if facts.has_attribute(attribute) || attribute == "Outputs" {
            return;
        }
        let known: Vec<String> = facts
            .attributes()
            .map(schema::PropertyPath::attribute)
            .collect();
        let nearest = self
            .findings
            .suggestion(attribute, known.iter().map(String::as_str));
        let hint = if nearest.is_empty() {
            attributes_listed(&known)
        } else {
            nearest
        };
        let message = format!(
            "`{type_name}` has no attribute `{}`{hint}",
            shown(&attribute.into())
        );
        self.findings
            .add(&rules::MISSING_ATTRIBUTE, self.path, message);
    }

    /// A mapping with two keys; a key is `None` where it is computed.
    pub(crate) fn mapping(&mut self, name: &str, top: Option<&str>, second: Option<&str>) {
        let context = self.context;
        let mapping = context.mappings.and_then(|mappings| mappings.get(name));
        let Some(mapping) = mapping else {
            if !context.is_open(Section::Mappings) {
                let nearest = self
                    .findings
                    .suggestion(name, context.template.names(Section::Mappings));
                let message = format!("there is no mapping `{}`{nearest}", shown(&name.into()));
                self.findings
                    .add(&rules::MISSING_MAPPING, self.path, message);
            }
            return;
        };
        let Some(keys) = mapping
            .as_object()
            .filter(|keys| !has_generated_members(keys))
        else {
            return;
        };
        if let Some(top) = top
            && !keys.contains_key(top)
        {
            let nearest = self
                .findings
                .suggestion(top, keys.keys().map(String::as_str));
            let message = format!(
                "mapping `{name}` has no key `{}`{nearest}",
                shown(&top.into())
            );
            self.findings
                .add(&rules::MISSING_MAPPING, self.path, message);
            return;
        }
        let Some(second) = second else { return };
        let mut attributes = keys
            .iter()
            .filter(|(key, _)| top.is_none_or(|top| top == *key))
            .filter_map(|(_, attributes)| attributes.as_object());
        let may_have = |attributes: &Members| {
            attributes.contains_key(second) || has_generated_members(attributes)
        };
        if !attributes.clone().any(may_have) {
            let candidates = attributes.next().into_iter().flat_map(Members::keys);
            let nearest = self
                .findings
                .suggestion(second, candidates.map(String::as_str));
            let place = top.map_or_else(
                || format!("no key of mapping `{name}`"),
                |top| format!("key `{top}` of mapping `{name}`"),
            );
            let verb = if top.is_some() { "has no" } else { "has an" };
            let message = format!(
                "{place} {verb} attribute `{}`{nearest}",
                shown(&second.into())
            );
            self.findings
                .add(&rules::MISSING_MAPPING, self.path, message);
        }
    }

    /// The variables of a text for `Fn::Sub`, beside those that come with it.
    pub(crate) fn substitution(&mut self, text: &str, own: Option<&'a Members>) {
        for variable in substitution_variables(text) {
            if own.is_some_and(|own| own.contains_key(variable)) {
                continue;
            }
            let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"_.:".contains(&byte);
            if variable.is_empty() || !variable.bytes().all(is_name) {
                let message = format!(
                    "`${{{}}}` is not a variable, whose name has letters, digits, `_`, `.` and `:`; write `${{!` for the text itself",
                    shown(&variable.into())
                );
                self.findings
                    .add(&rules::FUNCTION_ARGUMENT, self.path, message);
                continue;
            }
            match variable.split_once('.') {
                Some((resource, attribute)) => self.attribute(resource, Some(attribute)),
                None => {
                    self.reference(variable);
                    let is_list = self
                        .context
                        .parameter_type(variable)
                        .is_some_and(is_list_type);
                    if is_list || variable == "AWS::NotificationARNs" {
                        let message = format!(
                            "`{variable}` is a list, which `{}` cannot put into a text",
                            Function::Sub.key()
                        );
                        self.findings
                            .add(&rules::FUNCTION_ARGUMENT, self.path, message);
                    }
                }
            }
        }
        for name in own.into_iter().flat_map(Members::keys) {
            if !substitution_variables(text).any(|variable| variable == name) {
                let message = format!(
                    "variable `{}` is not used in the text",
                    shown(&name.as_str().into())
                );
                self.findings.add(&rules::UNUSED, self.path, message);
            }
        }
    }
}

/// What could be read instead.
fn attributes_listed(known: &[String]) -> String {
    const MOST: usize = 6;
    if known.is_empty() {
        return "; it has none".to_owned();
    }
    let listed: Vec<String> = known
        .iter()
        .take(MOST)
        .map(|name| format!("`{name}`"))
        .collect();
    let more = if known.len() > MOST { ", …" } else { "" };
    format!("; it has {}{more}", listed.join(", "))
}
