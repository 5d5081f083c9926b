//! The words of the model, for every view that is read by people.

use std::fmt;

use super::{Action, Cause, Impact, OldCopy, Reason, Widening};

impl fmt::Display for Action {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Replace => "replace",
            Self::MayReplace => "may replace",
            Self::Delete => "delete",
            Self::Orphan => "orphan",
            Self::Import => "import",
            Self::Move => "move",
        })
    }
}

impl fmt::Display for Impact {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::InPlace => "in place",
            Self::MayReplace => "may force replacement",
            Self::Replace => "forces replacement",
        })
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Added => "is new",
            Self::Removed => "is no longer in the template",
            Self::Retained => "is no longer in the template, and its deletion policy keeps it",
            Self::ConditionMet => "its condition now holds",
            Self::ConditionUnmet => "its condition no longer holds",
            Self::TypeChanged => {
                "its type changes, which CloudFormation refuses: give it another logical id"
            }
            Self::PropertyChanged => "a property changes",
            Self::AttributeChanged => "an attribute changes",
            Self::MetadataChanged => "its metadata change",
            Self::ReferenceReplaced => "a resource it refers to is replaced",
            Self::ReferenceChanged => "an attribute it reads may change",
            Self::InputChanged => "a parameter, mapping or condition it reads changes",
            Self::Moved => "moves as declared",
            Self::Imported => "exists and is taken in",
            Self::Reported => "CloudFormation's change set says so",
            Self::Drifted => "something else has changed it",
        })
    }
}

impl fmt::Display for Widening {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (lead, what) = match self {
            Self::New => return formatter.write_str("new"),
            Self::Opens => return formatter.write_str("opens what was closed"),
            Self::Actions { what } => ("more actions:", what),
            Self::Resources { what } => ("more resources:", what),
            Self::Principals { what } => ("others may:", what),
            Self::Condition { what } => ("a weaker condition:", what),
            Self::OnlyIf { what } => ("no longer only if:", what),
            Self::Boundary { what } => ("another limit than:", what),
            Self::Peers { what } => ("more addresses:", what),
            Self::Ports { what } => ("more ports:", what),
            Self::Protocols { what } => ("more protocols:", what),
            Self::Unknown { what } => ("not known before the deployment:", what),
        };
        write!(formatter, "{lead} {}", what.join(", "))
    }
}

impl fmt::Display for OldCopy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Deleted => "the old one is deleted",
            Self::Retained => "the old one is kept, unmanaged",
            Self::Snapshot => "the old one is deleted after a snapshot",
        })
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Parameter { name } => write!(formatter, "parameter {name} changes"),
            Self::Mapping { name } => write!(formatter, "mapping {name} changes"),
            Self::Condition { name } => write!(formatter, "condition {name} changes"),
            Self::Replaced { logical_id, .. } => write!(formatter, "{logical_id} is replaced"),
            Self::MayBeReplaced { logical_id, .. } => {
                write!(formatter, "{logical_id} may be replaced")
            }
            Self::Updated {
                logical_id,
                attribute,
            } => write!(formatter, "{logical_id} is updated, {attribute} may change"),
            Self::Output { stack_name, output } => {
                write!(formatter, "output {output} of {stack_name} changes")
            }
        }
    }
}
