//! What every check needs to know of the template.

use std::cell::Cell;

use serde_json::Value;

use super::scalars;
use crate::{
    function::{FOR_EACH, Function, has_generated_members},
    model::{Members, Resource, Section},
    template::Template,
};

/// The template and what may be believed of it.
pub(crate) struct Context<'a> {
    pub(crate) template: &'a Template,
    pub(crate) trust: Trust,
    pub(crate) parameters: Option<&'a Members>,
    pub(crate) resources: Option<&'a Members>,
    pub(crate) conditions: Option<&'a Members>,
    pub(crate) mappings: Option<&'a Members>,
    /// Logical ids of modules, whose own resources carry them as a prefix.
    modules: Vec<&'a str>,
    open: [bool; SECTIONS.len()],
}

/// How many parts of conditions are looked at to decide one.
const MOST_STEPS: u32 = 1000;

const SECTIONS: [Section; 6] = [
    Section::Parameters,
    Section::Rules,
    Section::Mappings,
    Section::Conditions,
    Section::Resources,
    Section::Outputs,
];

impl<'a> Context<'a> {
    pub(crate) fn new(template: &'a Template) -> Self {
        let trust = Trust::new(template);
        let modules = template
            .resources()
            .filter(|resource| resource.type_name().is_some_and(is_module))
            .map(Resource::logical_id)
            .collect();
        let open = SECTIONS.map(|section| {
            let generated = template.section(section).is_some_and(has_generated_members);
            let generated_by_transform = trust.includes
                || trust.serverless && matches!(section, Section::Resources | Section::Conditions);
            generated || generated_by_transform
        });
        Self {
            template,
            trust,
            parameters: template.section(Section::Parameters),
            resources: template.section(Section::Resources),
            conditions: template.section(Section::Conditions),
            mappings: template.section(Section::Mappings),
            modules,
            open,
        }
    }

    /// Whether a section may have members that the text does not show, as a transform or a loop adds them.
    pub(crate) fn is_open(&self, section: Section) -> bool {
        SECTIONS
            .iter()
            .position(|other| *other == section)
            .is_some_and(|index| self.open[index])
    }

    /// Whether a name may belong to a resource of a module.
    pub(crate) fn is_in_module(&self, name: &str) -> bool {
        self.modules.iter().any(|module| name.starts_with(module))
    }

    /// The declared type of a parameter; `None` when there is no such parameter, empty when it has no type.
    pub(crate) fn parameter_type(&self, name: &str) -> Option<&'a str> {
        let declaration = self.parameters?.get(name)?;
        Some(
            declaration
                .get("Type")
                .and_then(Value::as_str)
                .unwrap_or_default(),
        )
    }

    /// Whether a condition is false whatever the parameters are.
    pub(crate) fn is_never(&self, condition: &str) -> bool {
        self.conditions
            .and_then(|conditions| conditions.get(condition))
            .is_some_and(|declaration| {
                self.decide(declaration, &Cell::new(MOST_STEPS)) == Some(false)
            })
    }

    /// What a condition comes to, when that does not depend on a parameter.
    ///
    /// Conditions that refer to each other in a circle use up their steps and come to nothing.
    fn decide(&self, condition: &Value, steps: &Cell<u32>) -> Option<bool> {
        steps.set(steps.get().checked_sub(1)?);
        let members = condition.as_object().filter(|members| members.len() == 1)?;
        let (key, argument) = members.iter().next()?;
        let parts = || {
            argument
                .as_array()
                .map(|parts| parts.iter().map(|part| self.decide(part, steps)))
        };
        match Function::named(key)? {
            Function::Condition => {
                let declaration = self.conditions?.get(argument.as_str()?)?;
                self.decide(declaration, steps)
            }
            Function::Equals => match argument.as_array()?.as_slice() {
                [left, right] => Some(scalars::text(left)? == scalars::text(right)?),
                _ => None,
            },
            Function::Not => parts()?.next()?.map(|part| !part),
            Function::And if parts()?.any(|part| part == Some(false)) => Some(false),
            Function::And => parts()?.collect::<Option<Vec<_>>>().map(|_| true),
            Function::Or if parts()?.any(|part| part == Some(true)) => Some(true),
            Function::Or => parts()?.collect::<Option<Vec<_>>>().map(|_| false),
            _ => None,
        }
    }

    /// The resource of a logical id.
    pub(crate) fn resource(&self, logical_id: &str) -> Option<Resource<'a>> {
        let (logical_id, declaration) = self.resources?.get_key_value(logical_id)?;
        Resource::new(logical_id, declaration)
    }
}

/// Whether a type is a module, a bundle of resources registered in the account.
pub(crate) fn is_module(type_name: &str) -> bool {
    type_name.ends_with("::MODULE")
}

/// Whether a parameter's type makes it a list.
pub(crate) fn is_list_type(parameter_type: &str) -> bool {
    let inner = parameter_type
        .strip_prefix("AWS::SSM::Parameter::Value<")
        .and_then(|inner| inner.strip_suffix('>'))
        .unwrap_or(parameter_type);
    inner == "CommaDelimitedList" || inner.starts_with("List<")
}

/// What the template's transforms leave certain.
pub(crate) struct Trust {
    /// `AWS::Serverless-2016-10-31`: resources and conditions are added.
    pub(crate) serverless: bool,
    /// `AWS::LanguageExtensions`: functions nest freely and there are loops.
    pub(crate) language_extensions: bool,
    /// `AWS::CodeDeployBlueGreen`: there is a section `Hooks`.
    pub(crate) hooks: bool,
    /// `AWS::Include` on the whole template: anything may be added.
    pub(crate) includes: bool,
    /// A macro of the account, which may rewrite anything.
    pub(crate) unknown_macro: Option<String>,
}

impl Trust {
    pub(crate) fn new(template: &Template) -> Self {
        let mut trust = Self {
            serverless: false,
            language_extensions: false,
            hooks: false,
            includes: template.members().contains_key(Function::Transform.key()),
            unknown_macro: None,
        };
        for transform in template.transforms() {
            match transform {
                "AWS::Serverless-2016-10-31" => trust.serverless = true,
                "AWS::LanguageExtensions" => trust.language_extensions = true,
                "AWS::CodeDeployBlueGreen" => trust.hooks = true,
                "AWS::Include" => trust.includes = true,
                known if known.starts_with("AWS::SecretsManager-") => {}
                other => trust.unknown_macro = Some(other.to_owned()),
            }
        }
        trust
    }

    /// Whether what is written is what CloudFormation sees, apart from additions.
    pub(crate) fn is_readable(&self) -> bool {
        self.unknown_macro.is_none()
    }
}

/// Whether a key is that of a loop.
pub(crate) fn is_loop(key: &str) -> bool {
    key.starts_with(FOR_EACH)
}
