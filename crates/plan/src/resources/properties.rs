//! The properties of one resource, before and after.

use serde_json::{Map, Value};

use super::{
    Consequences, Fates,
    align::{Pair, ordered, unordered},
};
use crate::{
    Impact, PropertyChange,
    inputs::Inputs,
    meaning::{Place, Side, intrinsic, is_literal, may_be_same},
    policy,
    same::is_same,
    uses::uses,
};

/// What the properties of one resource are compared with the help of.
pub(super) struct Properties<'a> {
    pub(super) old: &'a Side<'a>,
    pub(super) new: &'a Side<'a>,
    pub(super) inputs: &'a Inputs<'a>,
    /// Whether the same text means the same in both templates.
    pub(super) is_alike: bool,
    pub(super) fates: &'a Fates<'a>,
    pub(super) consequences: &'a Consequences,
    /// Whether parameters may have any value, and nobody else will tell what replaces.
    pub(super) is_open: bool,
}

impl Properties<'_> {
    /// The properties that change, in the order of the new template.
    pub(super) fn compare(
        &self,
        before: Option<&Value>,
        after: Option<&Value>,
        place: &Place<'_>,
    ) -> Vec<PropertyChange> {
        let mut changes = Vec::new();
        let nothing = Value::Object(Map::new());
        let before = before.unwrap_or(&nothing);
        let after = after.unwrap_or(&nothing);
        self.walk(
            Some(before),
            Some(after),
            place,
            &mut Vec::new(),
            &mut changes,
        );
        changes
    }

    /// Goes down to what changes. `place` is where the value stands, `path` the same with indexes.
    fn walk(
        &self,
        before: Option<&Value>,
        after: Option<&Value>,
        place: &Place<'_>,
        path: &mut Vec<String>,
        changes: &mut Vec<PropertyChange>,
    ) {
        // A null and nothing are the same.
        let before = before.filter(|value| !value.is_null());
        let after = after.filter(|value| !value.is_null());
        let is_same = match (before, after) {
            (Some(before), Some(after)) => is_same(before, after),
            (before, after) => before.is_none() && after.is_none(),
        };
        if is_same && !after.is_some_and(|after| self.may_move(after)) {
            return;
        }
        match (before, after) {
            (Some(Value::Object(old)), Some(Value::Object(new)))
                if intrinsic(old).is_none() && intrinsic(new).is_none() =>
            {
                let within = place.enter(after.unwrap_or(&Value::Null));
                let gone = old.keys().filter(|key| !new.contains_key(*key));
                for key in new.keys().chain(gone) {
                    path.push(key.clone());
                    self.walk(
                        old.get(key),
                        new.get(key),
                        &within.child(key),
                        path,
                        changes,
                    );
                    path.pop();
                }
            }
            (Some(Value::Array(old)), Some(Value::Array(new))) => {
                self.lists(old, new, place, path, changes);
            }
            _ => self.leaf(before, after, place, path, changes),
        }
    }

    /// Whether a value may come to something else although its text stays.
    fn may_move(&self, value: &Value) -> bool {
        let mut may_move = false;
        if !self.fates.is_empty() || !self.inputs.is_empty() {
            uses(value, &mut |found| {
                may_move |= self.inputs.reach(&found) || self.fates.reach(&found);
            });
        }
        may_move
    }

    fn lists(
        &self,
        before: &[Value],
        after: &[Value],
        place: &Place<'_>,
        path: &mut Vec<String>,
        changes: &mut Vec<PropertyChange>,
    ) {
        let within = place.child("*");
        // An element that stands for nothing keeps its place here, so that indexes stay those of the template.
        let meanings = |side: &Side<'_>, items: &[Value]| -> Vec<Value> {
            let meaning = |item| side.meaning(item, &within).unwrap_or(Value::Null);
            items.iter().map(meaning).collect()
        };
        let (old, new) = (meanings(self.old, before), meanings(self.new, after));
        let texts =
            |items: &[Value]| -> Vec<String> { items.iter().map(Value::to_string).collect() };
        let texts = [texts(&old), texts(&new)];
        let is_set = place.is_set();
        let is_same = is_set && place.is_same_set(&texts);
        if is_same && !after.iter().any(|item| self.may_move(item)) {
            return;
        }
        let pairs = if is_set {
            let written = (!self.is_alike).then_some([before, after]);
            unordered([&old, &new], written, &texts)
        } else {
            ordered([&old, &new], &texts)
        };
        let walked: Vec<Pair> = pairs
            .into_iter()
            .filter(|(from, to)| {
                // In a policy the same thing may be said twice.
                let is_repeated = is_same && (from.is_none() || to.is_none());
                let is_equal = from.map(|from| &old[from]) == to.map(|to| &new[to]);
                let may_move = to.is_some_and(|to| self.may_move(&after[to]));
                !is_repeated && (!is_equal || may_move)
            })
            .collect();
        // They are as large as the lists, and may be so again on each level below.
        drop((old, new, texts));
        for (from, to) in walked {
            let Some(index) = from.or(to) else { continue };
            path.push(index.to_string());
            let (before, after) = (from.map(|from| &before[from]), to.map(|to| &after[to]));
            self.walk(before, after, &within, path, changes);
            path.pop();
        }
    }

    fn leaf(
        &self,
        before: Option<&Value>,
        after: Option<&Value>,
        place: &Place<'_>,
        path: &[String],
        changes: &mut Vec<PropertyChange>,
    ) {
        let meanings = self.meanings(before, after, place);
        let differs = !meanings.is_same();
        let (mut causes, is_certain) = match &meanings.after {
            Some(after) => self.fates.causes(after),
            None => (Vec::new(), false),
        };
        if !differs && causes.is_empty() {
            return;
        }
        if before == after
            && let Some(after) = after
        {
            causes.extend(self.inputs.causes(after));
        }
        let is_dynamic = !is_certain
            && (!differs || ((self.is_open || before == after) && self.may_be_same(&meanings)));
        let mut impact = self.consequences.impact(
            path,
            // A reference keeps its text when what it refers to changes.
            meanings.before.as_ref().filter(|_| differs),
            meanings.after.as_ref(),
        );
        if is_dynamic {
            impact = impact.min(Impact::MayReplace);
        }
        changes.push(PropertyChange {
            path: path.to_vec(),
            before: before.cloned(),
            after: after.cloned(),
            impact,
            dynamic: is_dynamic,
            write_only: self.consequences.is_write_only(path),
            causes,
            before_value: worked_out(self.old, before, place),
            after_value: worked_out(self.new, after, place),
            drifted: false,
        });
    }

    /// Whether two meanings that differ may come to the same, by parameters whose values are not known.
    fn may_be_same(&self, meanings: &Meanings) -> bool {
        let is_open = |name: &str| {
            !self.new.is_changed_secret(name) && (self.old.is_open(name) || self.new.is_open(name))
        };
        may_be_same(meanings.before.as_ref(), meanings.after.as_ref(), &is_open)
    }

    fn meanings(
        &self,
        before: Option<&Value>,
        after: Option<&Value>,
        place: &Place<'_>,
    ) -> Meanings {
        let meaning = |side: &Side<'_>, value: Option<&Value>| {
            let meaning = value.and_then(|value| side.meaning(value, place));
            let meaning = meaning.map(|meaning| policy::member(place, meaning));
            meaning.or_else(|| policy::absent(place))
        };
        Meanings {
            before: meaning(self.old, before),
            after: meaning(self.new, after),
        }
    }
}

/// What a value means before and after.
struct Meanings {
    before: Option<Value>,
    after: Option<Value>,
}

impl Meanings {
    fn is_same(&self) -> bool {
        self.before == self.after
    }
}

/// What an expression comes to, where that is known.
fn worked_out(side: &Side<'_>, value: Option<&Value>, place: &Place<'_>) -> Option<Value> {
    // A scalar is shown as it is.
    let value = value.filter(|value| value.is_object() || value.is_array())?;
    let shown = side.shown(value, place)?;
    (shown != *value && is_literal(&shown)).then_some(shown)
}
