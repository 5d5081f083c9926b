//! A statement of a policy, in one form whatever it was written like.

use std::hash::{Hash, Hasher};

use serde_json::{Value, json};

use super::{Keyed, Optional, texts};
use crate::{Edit, Effect, StatementChange, StatementKind, Widening};

/// A statement of a policy, or a policy that is named.
#[derive(Clone, Debug)]
pub(super) struct Statement {
    pub(super) logical_id: String,
    pub(super) kind: StatementKind,
    pub(super) effect: Effect,
    pub(super) sid: Option<String>,
    /// What the policy belongs to, where that is what it rules over; all of them.
    pub(super) targets: Vec<String>,
    pub(super) principals: Clause,
    pub(super) actions: Clause,
    pub(super) resources: Clause,
    /// Operator, then key, then values.
    pub(super) condition: Option<Value>,
    /// Conditions of the template that are not known and must hold.
    pub(super) only_if: Vec<String>,
    /// Whether it can be read; if not, `resources` name where it comes from.
    pub(super) is_known: bool,
}

/// What a part of a statement names, or everything but that.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Clause {
    pub(super) is_inverted: bool,
    pub(super) patterns: Vec<String>,
}

impl Clause {
    pub(super) fn of(mut patterns: Vec<String>) -> Self {
        patterns.sort();
        patterns.dedup();
        Self {
            is_inverted: false,
            patterns,
        }
    }

    pub(super) fn all_but(patterns: Vec<String>) -> Self {
        Self {
            is_inverted: true,
            ..Self::of(patterns)
        }
    }

    /// The words of the plan: a `!` leads where it is everything but that.
    fn words(&self) -> Vec<String> {
        let sign = if self.is_inverted { "!" } else { "" };
        let words = self.patterns.iter();
        words.map(|pattern| format!("{sign}{pattern}")).collect()
    }
}

/// What tells a statement from others: all it says but its name, the case of actions aside.
#[derive(PartialEq, Eq, Hash)]
pub(super) struct StatementKey<'k> {
    logical_id: &'k str,
    kind: StatementKind,
    effect: Effect,
    targets: &'k [String],
    principals: &'k Clause,
    is_all_but: bool,
    actions: Actions<'k>,
    resources: &'k Clause,
    condition: Option<&'k Value>,
    only_if: &'k [String],
    is_known: bool,
}

/// Actions, whose case means nothing.
struct Actions<'k>(&'k [String]);

impl PartialEq for Actions<'_> {
    fn eq(&self, other: &Self) -> bool {
        let mut pairs = self.0.iter().zip(other.0);
        self.0.len() == other.0.len() && pairs.all(|(one, other)| one.eq_ignore_ascii_case(other))
    }
}

impl Eq for Actions<'_> {}

impl Hash for Actions<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for action in self.0 {
            let letters = action.bytes().map(|letter| letter.to_ascii_lowercase());
            let mixed = letters.fold(0_u64, |mixed, letter| {
                mixed.wrapping_mul(31).wrapping_add(letter.into())
            });
            mixed.hash(state);
        }
    }
}

impl Keyed for Statement {
    type Key<'k> = StatementKey<'k>;

    fn key(&self) -> StatementKey<'_> {
        StatementKey {
            logical_id: &self.logical_id,
            kind: self.kind,
            effect: self.effect,
            targets: &self.targets,
            principals: &self.principals,
            is_all_but: self.actions.is_inverted,
            actions: Actions(&self.actions.patterns),
            resources: &self.resources,
            condition: self.condition.as_ref(),
            only_if: &self.only_if,
            is_known: self.is_known,
        }
    }
}

impl Optional for Statement {
    fn only_if(&mut self) -> &mut Vec<String> {
        &mut self.only_if
    }
}

impl Statement {
    /// A statement that allows nothing yet.
    pub(super) fn new(logical_id: &str, kind: StatementKind, principals: Clause) -> Self {
        Self {
            logical_id: logical_id.to_owned(),
            kind,
            effect: Effect::Allow,
            sid: None,
            targets: Vec::new(),
            principals,
            actions: Clause::default(),
            resources: Clause::default(),
            condition: None,
            only_if: Vec::new(),
            is_known: true,
        }
    }

    /// Whether it stands for a policy whose statements are elsewhere.
    pub(super) fn is_named(&self) -> bool {
        match self.kind {
            StatementKind::ManagedPolicy | StatementKind::Membership => true,
            StatementKind::Boundary => self.actions.patterns.is_empty(),
            StatementKind::Identity
            | StatementKind::Trust
            | StatementKind::Resource
            | StatementKind::Assignment => false,
        }
    }

    pub(super) fn change(
        &self,
        change: Edit,
        narrows: bool,
        reasons: Vec<Widening>,
    ) -> StatementChange {
        StatementChange {
            change,
            effect: self.effect,
            principals: self.principals.words(),
            actions: self.actions.words(),
            resources: self.resources.words(),
            condition: self.condition.clone(),
            logical_id: self.logical_id.clone(),
            kind: self.kind,
            sid: self.sid.clone(),
            targets: self.targets.clone(),
            only_if: self.only_if.clone(),
            widens: !reasons.is_empty(),
            narrows,
            reasons,
            pairs_with: None,
        }
    }
}

/// Conditions in one form: operator, key, sorted list of texts; `None` where there is none.
pub(super) fn conditions(value: &Value) -> Option<Value> {
    let operators = value.as_object().into_iter().flatten();
    let mut operators: Vec<(&String, Value)> = operators
        .map(|(operator, keys)| {
            let keys = keys.as_object().into_iter().flatten();
            let mut keys: Vec<(&String, Vec<String>)> = keys
                .map(|(key, values)| (key, Clause::of(texts(values)).patterns))
                .collect();
            keys.sort();
            let keys = keys
                .into_iter()
                .map(|(key, values)| (key.clone(), json!(values)));
            (operator, Value::Object(keys.collect()))
        })
        .collect();
    operators.sort_by_key(|(operator, _)| *operator);
    let operators = operators.into_iter();
    let condition = Value::Object(
        operators
            .map(|(operator, keys)| (operator.clone(), keys))
            .collect(),
    );
    (condition != json!({})).then_some(condition)
}
