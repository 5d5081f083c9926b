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
    PRINCIPAL = "CIF070" Error "every principal is one that can exist";
    FUNCTION_PACKAGE = "CIF071" Error "a function has what its package needs, and nothing else";
    RUNTIME = "CIF072" Warning "every function's runtime is supported";
    MESSAGE = "CIF073" Error "messages of user pools have their placeholders and are not too long";
    CALLBACK = "CIF074" Error "people come back from signing in to addresses that Cognito takes";
    SUPPRESSION = "CIF090" Error "every accepted finding is accepted with a reason";
    UNUSED_SUPPRESSION = "CIF091" Warning "everything that is accepted is also found";
    PUBLIC_BUCKET = "CIF101" Warning "no bucket can be opened to everyone";
    TLS_ONLY = "CIF102" Warning "every bucket is reached by TLS alone";
    PUBLIC_DATABASE = "CIF103" Warning "no database has an address on the internet";
    PLAIN_STORAGE = "CIF104" Warning "what is stored is encrypted at rest";
    PLAIN_MESSAGES = "CIF105" Warning "no queue has its encryption turned off";
    PLAIN_TOPIC = "CIF106" Info "topics encrypt the messages they hold";
    PLAIN_TRAFFIC = "CIF107" Warning "what is served is served with TLS";
    OPEN_PORT = "CIF108" Warning "the internet does not reach the ports of administrators and databases";
    OPEN_FUNCTION = "CIF109" Warning "no function is called by just anyone";
    ALL_ACCESS = "CIF110" Warning "nobody may do everything";
    SERVICE_ACCESS = "CIF111" Warning "nobody may do everything a service can, on everything";
    ESCALATION = "CIF112" Warning "nobody may give themselves more than they have";
    EVERYONE = "CIF113" Warning "nothing is allowed to everyone without a condition";
    TRUST_WITHOUT_SUBJECT = "CIF114" Warning "tokens of a shared identity provider are taken from known subjects only";
    ANY_SOURCE = "CIF115" Warning "a service acts only for resources that are named";
    ACCESS_KEY = "CIF116" Warning "no user has keys that live for ever";
    PLAIN_SECRET = "CIF117" Warning "no secret stands in a template";
    KEY_ROTATION = "CIF118" Warning "keys are rotated";
    NO_MFA = "CIF119" Warning "people can use a second factor";
    WEAK_PASSWORD = "CIF120" Warning "passwords are not short";
    UNPROTECTED_ACCOUNTS = "CIF121" Info "accounts survive the removal of their pool from the stack";
    ACCOUNT_DISCLOSURE = "CIF122" Warning "signing in does not tell which accounts exist";
    IMPLICIT_FLOW = "CIF123" Warning "tokens do not stand in addresses";
    NO_RETENTION = "CIF124" Info "logs are not kept for ever";
    OLD_METADATA = "CIF125" Warning "instances give their credentials to their own programs alone";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_unique_and_sorted() {
        assert!(RULES.is_sorted_by(|left, right| left.id < right.id));
    }
}
