//! What may be written where. CloudFormation evaluates each function only at some places.

use crate::{Function, Strength};

/// A place in a template, by what may be written there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Position {
    /// Anything.
    Free,
    /// From another stack, only what is held firmly.
    Strong(&'static str),
    /// Nothing from another stack.
    Local(&'static str),
    /// Parameters of the stack, and few functions.
    Condition,
    /// As in a condition, and the functions of rules.
    Rule,
}

impl Position {
    /// How a finding calls it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Free => "a value",
            Self::Strong(place) | Self::Local(place) => place,
            Self::Condition => "a condition",
            Self::Rule => "a rule",
        }
    }

    /// The position of an argument: the stricter of its own and that of the function around it.
    pub(super) fn with(self, own: Self) -> Self {
        match (self, own) {
            (Self::Free, own) | (Self::Strong(_), own @ Self::Local(_)) => own,
            (outer, _) => outer,
        }
    }

    /// Whether resources can be referred to: conditions and rules are decided before there are any.
    pub(super) fn is_before_resources(self) -> bool {
        matches!(self, Self::Condition | Self::Rule)
    }

    /// Whether a value of another stack can be looked up.
    pub(super) fn allows_crossing(self, strength: Strength) -> bool {
        match self {
            Self::Free => true,
            Self::Strong(_) => strength == Strength::Strong,
            Self::Local(_) | Self::Condition | Self::Rule => false,
        }
    }

    /// Whether CloudFormation evaluates a function here.
    pub(super) fn allows(self, function: &Function) -> bool {
        match function {
            Function::RefAll(_) | Function::ValueOf { .. } | Function::ValueOfAll { .. } => {
                self == Self::Rule
            }
            Function::StackOutput { .. } => self.allows_crossing(Strength::Weak),
            Function::ImportValue(_) => self.allows_crossing(Strength::Strong),
            Function::FindInMap { .. }
            | Function::Concatenation(_)
            | Function::Join { .. }
            | Function::Select { .. }
            | Function::Split { .. }
            | Function::Length(_)
            | Function::ToJsonString(_) => true,
            Function::If { .. }
            | Function::Base64(_)
            | Function::Cidr { .. }
            | Function::AvailabilityZones(_)
            | Function::Transform { .. } => !self.is_before_resources(),
        }
    }
}
