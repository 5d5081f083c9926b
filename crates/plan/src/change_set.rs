//! What CloudFormation's own change set adds to the comparison of templates.
//!
//! The rule where the two disagree: the graver word wins, and the reason says whose it is. A resource that the change
//! set does not mention keeps what the templates say, as change sets with values are known to leave resources out. A
//! resource that differs in form only stays so, unless CloudFormation would replace or remove it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Action, Change, Facts, Impact, OldCopy, PropertyChange, Reason, StackDiff, Summary};

/// What a change set says of one resource.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ReportedChange {
    /// The resource.
    pub logical_id: String,
    /// The name AWS knows it by, when it exists.
    pub physical_id: Option<String>,
    /// Its type.
    pub type_name: String,
    /// What happens to it.
    pub action: ReportedAction,
    /// Whether it is replaced, for [`ReportedAction::Modify`].
    pub replacement: Option<Replacement>,
    /// What its policies make of it.
    pub policy_action: Option<PolicyAction>,
    /// What changes of it, and why.
    pub details: Vec<ReportedDetail>,
    /// Whether something else than its stack has changed or deleted it, where the change set looks at that.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub drifted: bool,
    /// Properties whose drift the change set does not look at.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ignored: Vec<IgnoredDrift>,
}

/// A property whose drift a change set does not look at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IgnoredDrift {
    /// The way from `Properties` to the value.
    pub path: Vec<String>,
    /// CloudFormation's word for why: `WRITE_ONLY_PROPERTY`, `MANAGED_BY_AWS`, `SENSITIVE_PROPERTY`.
    pub reason: String,
}

/// What a change set says of one property or attribute.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ReportedDetail {
    /// `Properties`, `Metadata`, `Tags`, `DeletionPolicy` and their like.
    pub attribute: String,
    /// The way from `Properties` to the value, for a property.
    pub path: Vec<String>,
    /// Whether the resource is recreated for it.
    pub recreation: Recreation,
    /// Whether the value after is known only during the deployment.
    pub is_dynamic: bool,
    /// The value before, where told.
    pub before: Option<Value>,
    /// The value after, where told.
    pub after: Option<Value>,
    /// Whether the value before is not what was deployed but what something else has made of it since.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub drifted: bool,
}

/// Makes an enum of CloudFormation's own words.
macro_rules! words {
    ($(#[$attribute:meta])* $name:ident { $($(#[$meaning:meta])* $word:ident,)+ }) => {
        $(#[$attribute])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
        pub enum $name {
            $($(#[$meaning])* $word,)+
        }

        impl $name {
            /// Reads CloudFormation's word; `None` where it is a new one.
            pub fn from_word(word: &str) -> Option<Self> {
                match word {
                    $(stringify!($word) => Some(Self::$word),)+
                    _ => None,
                }
            }
        }
    };
}

words! {
    /// What a change set does to a resource.
    ReportedAction {
        /// It is made.
        Add,
        /// It is changed.
        Modify,
        /// It leaves the stack.
        Remove,
        /// One that exists is taken in.
        Import,
        /// What happens cannot be told.
        Dynamic,
        /// What CloudFormation knows of it is brought in line with what it is.
        SyncWithActual,
    }
}

words! {
    /// Whether a change set replaces a resource.
    Replacement {
        /// It does.
        True,
        /// It does not.
        False,
        /// That is known only during the deployment.
        Conditional,
    }
}

words! {
    /// What the policies of a resource make of it.
    PolicyAction {
        /// It is deleted.
        Delete,
        /// It is kept and no longer managed.
        Retain,
        /// It is deleted after a snapshot.
        Snapshot,
        /// It is replaced, and the old one deleted.
        ReplaceAndDelete,
        /// It is replaced, and the old one kept.
        ReplaceAndRetain,
        /// It is replaced, and the old one deleted after a snapshot.
        ReplaceAndSnapshot,
    }
}

words! {
    /// Whether a resource is recreated for a change.
    Recreation {
        /// It is not.
        Never,
        /// It may be.
        Conditionally,
        /// It is, if the value changes.
        Always,
    }
}

impl StackDiff {
    /// Adds what CloudFormation's change set says.
    #[must_use]
    pub fn with_change_set(mut self, reported: &[ReportedChange], facts: &dyn Facts) -> Self {
        for report in reported {
            let Some(action) = report.word() else {
                continue;
            };
            let own = self
                .changes
                .iter_mut()
                .find(|change| change.logical_id == report.logical_id);
            if let Some(change) = own {
                report.add_to(change, action);
                continue;
            }
            let equivalent = self
                .equivalent
                .iter()
                .position(|id| *id == report.logical_id);
            if let Some(place) = equivalent {
                if gravity(action) <= gravity(Action::Update) && !report.drifted {
                    continue;
                }
                self.equivalent.remove(place);
            }
            self.changes.push(report.change(action, facts));
        }
        self.summary = Summary::of(&self.changes);
        self
    }
}

/// How much a person has to mind.
fn gravity(action: Action) -> u8 {
    match action {
        Action::Move | Action::Import => 0,
        Action::Create | Action::Update => 1,
        Action::Orphan => 2,
        Action::MayReplace => 3,
        Action::Replace => 4,
        Action::Delete => 5,
    }
}

impl ReportedChange {
    /// What the report says in our words; `None` where nothing happens to the resource itself.
    fn word(&self) -> Option<Action> {
        let replaces = matches!(
            self.policy_action,
            Some(
                PolicyAction::ReplaceAndDelete
                    | PolicyAction::ReplaceAndRetain
                    | PolicyAction::ReplaceAndSnapshot
            )
        );
        match (self.action, self.replacement) {
            (ReportedAction::Add, _) => Some(Action::Create),
            (ReportedAction::Import, _) => Some(Action::Import),
            (ReportedAction::Remove, _) if self.policy_action == Some(PolicyAction::Retain) => {
                Some(Action::Orphan)
            }
            (ReportedAction::Remove, _) => Some(Action::Delete),
            (ReportedAction::Modify, Some(Replacement::True)) => Some(Action::Replace),
            (ReportedAction::Modify, Some(Replacement::Conditional)) => Some(Action::MayReplace),
            (ReportedAction::Modify, Some(Replacement::False)) => Some(Action::Update),
            (ReportedAction::Modify, None) if replaces => Some(Action::Replace),
            (ReportedAction::Modify, None) => Some(Action::Update),
            (ReportedAction::Dynamic, _) => Some(Action::MayReplace),
            (ReportedAction::SyncWithActual, _) => None,
        }
    }

    fn old_copy(&self) -> Option<OldCopy> {
        Some(match self.policy_action? {
            PolicyAction::Delete | PolicyAction::ReplaceAndDelete => OldCopy::Deleted,
            PolicyAction::Retain | PolicyAction::ReplaceAndRetain => OldCopy::Retained,
            PolicyAction::Snapshot | PolicyAction::ReplaceAndSnapshot => OldCopy::Snapshot,
        })
    }

    fn add_to(&self, change: &mut Change, action: Action) {
        change.reported = Some(action);
        change.physical_id.clone_from(&self.physical_id);
        if change.action == Action::Create && action == Action::Import {
            change.action = Action::Import;
            change.reason = Reason::Imported;
        } else if gravity(action) > gravity(change.action) {
            change.action = action;
            change.reason = Reason::Reported;
        }
        if self.drifted {
            change.reason = Reason::Drifted;
        }
        change.ignored_drift.clone_from(&self.ignored);
        change.old_copy = self.old_copy().or(change.old_copy);
        for detail in self.details.iter().filter(|detail| detail.is_property()) {
            let mut is_known = false;
            for property in &mut change.properties {
                let overlaps = property.path.iter().zip(&detail.path).all(|(a, b)| a == b);
                if overlaps {
                    is_known = true;
                    property.impact = property.impact.max(detail.impact());
                    property.drifted |= detail.drifted;
                    if detail.drifted && property.path == detail.path {
                        property.before.clone_from(&detail.before);
                        property.before_value = None;
                    }
                }
            }
            // In place, our own comparison knows better: it tells meaning from form. Of what something else has done it knows
            // nothing.
            let is_news = detail.impact() > Impact::InPlace || detail.drifted;
            if !is_known && is_news {
                change.properties.push(detail.change());
            }
        }
    }

    /// A change that the templates alone do not show.
    fn change(&self, action: Action, facts: &dyn Facts) -> Change {
        let details = self.details.iter().filter(|detail| detail.is_property());
        let reason = match action {
            Action::Import => Reason::Imported,
            _ if self.drifted => Reason::Drifted,
            _ => Reason::Reported,
        };
        Change {
            stateful: facts.is_stateful(&self.type_name),
            properties: details.map(ReportedDetail::change).collect(),
            old_copy: self.old_copy(),
            physical_id: self.physical_id.clone(),
            reported: Some(action),
            ignored_drift: self.ignored.clone(),
            ..Change::new(&self.logical_id, &self.type_name, action, reason)
        }
    }
}

impl ReportedDetail {
    /// Whether it is about a property. Tags are one, though CloudFormation counts them apart.
    fn is_property(&self) -> bool {
        matches!(self.attribute.as_str(), "Properties" | "Tags") && !self.path.is_empty()
    }

    fn impact(&self) -> Impact {
        match self.recreation {
            Recreation::Never => Impact::InPlace,
            Recreation::Always if !self.is_dynamic => Impact::Replace,
            Recreation::Always | Recreation::Conditionally => Impact::MayReplace,
        }
    }

    fn change(&self) -> PropertyChange {
        PropertyChange {
            path: self.path.clone(),
            before: self.before.clone(),
            after: self.after.clone(),
            impact: self.impact(),
            dynamic: self.is_dynamic,
            write_only: false,
            causes: Vec::new(),
            before_value: None,
            after_value: None,
            drifted: self.drifted,
        }
    }
}
