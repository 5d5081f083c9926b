//! Conditions: which hold, and which of the others may come to something else than before.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use super::{Place, Side, is_literal};

/// Whether each condition holds, as far as that is known. One that refers to itself is unknown.
pub(super) fn outcomes<'a>(side: &Side<'a>, place: &Place<'_>) -> HashMap<&'a str, Option<bool>> {
    let mut evaluation = Evaluation {
        side,
        place,
        conditions: side.section("Conditions"),
        outcomes: HashMap::new(),
    };
    for name in evaluation.conditions.keys() {
        evaluation.work_out(name);
    }
    evaluation.outcomes
}

/// The conditions of both templates that come to something else, or may, than before.
pub(super) fn changed<'a>(old: &Side<'a>, new: &Side<'a>, place: &Place<'_>) -> HashSet<&'a str> {
    let (before, after) = (old.section("Conditions"), new.section("Conditions"));
    let mut changed: HashSet<&str> = HashSet::new();
    let mut readers: HashMap<&str, Vec<&str>> = HashMap::new();
    for (name, expression) in after {
        let Some(earlier) = before.get(name) else {
            continue;
        };
        if old.holds(name) != new.holds(name) {
            changed.insert(name);
        } else if new.holds(name).is_none() {
            if old.meaning(earlier, place) == new.meaning(expression, place) {
                let mut read = Vec::new();
                conditions_read(expression, &mut read);
                for condition in read {
                    readers.entry(condition).or_default().push(name);
                }
            } else {
                changed.insert(name);
            }
        }
    }
    // Changes reach the conditions that read changed ones, and those that read these.
    let mut reached: Vec<&str> = changed.iter().copied().collect();
    while let Some(name) = reached.pop() {
        for reader in readers.remove(name).unwrap_or_default() {
            if changed.insert(reader) {
                reached.push(reader);
            }
        }
    }
    changed
}

/// The names of the conditions that the expression of a condition reads.
fn conditions_read<'v>(expression: &'v Value, names: &mut Vec<&'v str>) {
    match expression {
        Value::Array(items) => items.iter().for_each(|item| conditions_read(item, names)),
        Value::Object(entries) => {
            names.extend(entries.get("Condition").and_then(Value::as_str));
            entries
                .values()
                .for_each(|value| conditions_read(value, names));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

struct Evaluation<'e, 'a> {
    side: &'e Side<'a>,
    place: &'e Place<'e>,
    conditions: &'a Map<String, Value>,
    outcomes: HashMap<&'a str, Option<bool>>,
}

impl<'a> Evaluation<'_, 'a> {
    /// Works out a condition after those it reads. They may be as many as a template holds, one behind the other, so
    /// those that wait for others are kept in a list instead of on the program's stack.
    fn work_out(&mut self, name: &'a str) {
        let mut waiting = Vec::new();
        waiting.extend(self.begin(name));
        while let Some((name, expression, unread)) = waiting.last_mut() {
            if let Some(next) = unread.pop() {
                waiting.extend(self.begin(next));
                continue;
            }
            let (name, expression) = (*name, *expression);
            let outcome = self.test(expression);
            self.outcomes.insert(name, outcome);
            waiting.pop();
        }
    }

    /// Begins with a condition that was not met before: its name, its expression and the conditions it reads.
    fn begin(&mut self, name: &'a str) -> Option<(&'a str, &'a Value, Vec<&'a str>)> {
        let expression = self.conditions.get(name)?;
        if self.outcomes.contains_key(name) {
            return None;
        }
        // Until it is worked out it is unknown, also to itself.
        self.outcomes.insert(name, None);
        let mut read = Vec::new();
        conditions_read(expression, &mut read);
        Some((name, expression, read))
    }

    fn test(&self, expression: &Value) -> Option<bool> {
        let (name, argument) = expression.as_object()?.iter().next()?;
        let items = argument.as_array().map_or(&[] as &[Value], Vec::as_slice);
        match (name.as_str(), items) {
            ("Condition", _) => *self.outcomes.get(argument.as_str()?)?,
            ("Fn::Equals", [left, right]) => {
                let left = self.side.meaning(left, self.place)?;
                let right = self.side.meaning(right, self.place)?;
                let is_known = left == right || (is_literal(&left) && is_literal(&right));
                is_known.then_some(left == right)
            }
            ("Fn::Not", [inner]) => self.test(inner).map(|holds| !holds),
            ("Fn::And", _) => self.all(items, true),
            ("Fn::Or", _) => self.all(items, false),
            _ => None,
        }
    }

    /// Whether all items are `wanted`; where one is the opposite, that alone decides.
    fn all(&self, items: &[Value], wanted: bool) -> Option<bool> {
        let mut result = Some(wanted);
        for item in items {
            match self.test(item) {
                Some(holds) if holds == wanted => {}
                Some(opposite) => return Some(opposite),
                None => result = None,
            }
        }
        result
    }
}
