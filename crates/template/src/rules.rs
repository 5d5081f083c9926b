//! The rules of validation and their stable ids.

use crate::finding::Severity;

/// A rule of validation.
#[derive(Debug, PartialEq, Eq)]
pub struct Rule {
    /// The stable id. It is never given to another rule.
    pub id: &'static str,
    /// What the rule asks of a template.
    pub title: &'static str,
    /// How grave its findings usually are.
    pub severity: Severity,
}

macro_rules! rules {
    ($($name:ident = $id:literal $severity:ident $title:literal;)*) => {
        $(pub(crate) static $name: Rule = Rule {
            id: $id,
            title: $title,
            severity: Severity::$severity,
        };)*

        /// Every rule, by id.
        pub static RULES: &[&Rule] = &[$(&$name),*];
    };
}

rules! {
    UNKNOWN_SECTION = "CIF001" Error "every section is one CloudFormation knows";
    MISSING_RESOURCES = "CIF002" Error "there is a section `Resources`, and a resource in it";
    WRONG_SHAPE = "CIF003" Error "every part has the form CloudFormation reads";
    NULL_VALUE = "CIF004" Error "no value is null";
    BAD_NAME = "CIF005" Error "names have the characters CloudFormation allows";
    UNKNOWN_MEMBER = "CIF006" Error "every member of a declaration is one CloudFormation knows";
    MISSING_MEMBER = "CIF007" Error "every declaration has what it needs";
    PARAMETER = "CIF008" Error "a parameter's type is known, and its default satisfies its own constraints";
    REPEATED_NAME = "CIF009" Error "parameters and resources share their names with nothing, exports neither";
    UNKNOWN_TYPE = "CIF010" Error "every resource's type exists";
    UNUSED = "CIF011" Warning "every parameter, mapping and condition is used";
    MACRO = "CIF012" Info "what a macro makes of the template is not known beforehand";
    UNKNOWN_FUNCTION = "CIF020" Error "every function exists and may stand where it does";
    FUNCTION_ARGUMENT = "CIF021" Error "every function has the arguments it takes";
    MISSING_TARGET = "CIF022" Error "every reference leads to a parameter or resource";
    MISSING_ATTRIBUTE = "CIF023" Error "every attribute that is read exists";
    MISSING_CONDITION = "CIF024" Error "every condition that is used exists";
    MISSING_MAPPING = "CIF025" Error "every mapping that is looked up exists, with the keys";
    CYCLE = "CIF026" Error "no resource and no condition depends on itself";
    STACK_OUTPUT_PLACE = "CIF027" Error "outputs of other stacks are read where CloudFormation can resolve them";
    LIMIT = "CIF030" Error "the template keeps within CloudFormation's quotas";
    ALIAS = "CIF040" Warning "no YAML alias or merge key: CloudFormation refuses them unless a packaging step expands them";
    MISLEADING_NUMBER = "CIF041" Warning "no unquoted digits that YAML reads as another number";
    UNKNOWN_PROPERTY = "CIF050" Error "every property exists";
    MISSING_PROPERTY = "CIF051" Error "every required property is given";
    WRONG_TYPE = "CIF052" Error "every value has the type its property takes";
    NOT_ALLOWED = "CIF053" Error "every value is one of those allowed";
    PATTERN = "CIF054" Error "every text has the form its property takes";
    LENGTH = "CIF055" Error "every text is as long as its property takes";
    RANGE = "CIF056" Error "every number is in the range its property takes";
    ITEMS = "CIF057" Error "every list has as many elements as its property takes, each once where that matters";
    ALTERNATIVES = "CIF058" Error "properties that belong together or exclude each other are given so";
    READ_ONLY = "CIF059" Error "no property is set that only the service sets";
    LOCAL_PATH = "CIF060" Warning "no local path where CloudFormation needs an object in S3";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_unique_and_sorted() {
        assert!(RULES.is_sorted_by(|left, right| left.id < right.id));
    }
}
