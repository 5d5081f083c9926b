//! What a comparison must know beside the two templates.

use std::collections::BTreeSet;

use indexmap::IndexMap;

/// What a comparison must know beside the two templates. The default knows nothing.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Whether parameters that are not given may have any value: two files say what a default is, not whether the stack was
    /// deployed with it.
    pub open_parameters: bool,
    /// Values of the deployed stack's parameters. A parameter that is neither here nor has a default is unknown.
    pub before_parameters: IndexMap<String, String>,
    /// Values of the parameters for the new template. Where one is missing, its default counts, unless parameters are
    /// open.
    pub after_parameters: IndexMap<String, String>,
    /// Values of pseudo parameters that are known, `AWS::Region` among them.
    pub pseudo_parameters: IndexMap<String, String>,
    /// Outputs of other stacks whose values are not settled yet: what reads one may change.
    pub unsettled: BTreeSet<OutputName>,
}

/// An output of a stack.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct OutputName {
    /// The CloudFormation name of the stack.
    pub stack_name: String,
    /// The output.
    pub output: String,
}
