//! Members of mappings: which there may, must and must not be.

use schema::{AdditionalProperties, Shape};
use serde_json::Value;

use super::{Check, exemptions};
use crate::{
    finding::shown,
    function::{FOR_EACH, Function, has_generated_members, is_no_value},
    model::Members,
    rules,
    validate::patterns,
};

/// How deep `Properties` lies in the template.
const PROPERTIES_DEPTH: usize = 3;

/// Whether a member is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Presence {
    Absent,
    /// It depends on a condition.
    Maybe,
    Present,
}

impl<'a> Check<'_, 'a> {
    pub(super) fn object(&mut self, members: &'a Members, shape: &'static Shape) {
        for (name, member) in members {
            if name.starts_with(FOR_EACH) || name == Function::Transform.key() {
                self.is_undecided = true;
            } else {
                self.member(name, member, shape);
            }
        }
        if has_generated_members(members) {
            return;
        }
        for name in &shape.required {
            match presence(members.get(name)) {
                Presence::Present => {}
                Presence::Maybe => self.is_undecided = true,
                Presence::Absent => {
                    let message = format!("required property `{name}` is missing");
                    self.findings
                        .add(&rules::MISSING_PROPERTY, &self.path, message);
                }
            }
        }
        self.together(members, shape);
        let count = members
            .values()
            .filter(|member| !is_no_value(member))
            .count() as u64;
        if let Some(least) = shape.min_properties.filter(|least| count < *least) {
            let message = format!("there are {count} members, at least {least} are needed");
            self.findings.add(&rules::ITEMS, &self.path, message);
        }
        if let Some(most) = shape.max_properties.filter(|most| count > *most) {
            let message = format!("there are {count} members, at most {most} are allowed");
            self.findings.add(&rules::ITEMS, &self.path, message);
        }
    }

    fn member(&mut self, name: &'a str, member: &'a Value, shape: &'static Shape) {
        let mut is_known = false;
        let is_there = !is_no_value(member);
        if let Some(inner) = shape.properties.get(name) {
            is_known = true;
            if is_there {
                self.within(name, |check| check.value(member, inner));
            }
        }
        for (pattern, inner) in &shape.pattern_properties {
            match patterns::matches(pattern, name) {
                Some(true) => {
                    is_known = true;
                    if is_there {
                        self.within(name, |check| check.value(member, inner));
                    }
                }
                Some(false) => {}
                // What cannot be read may match.
                None => is_known = true,
            }
        }
        if is_known {
            return;
        }
        match shape.additional_properties() {
            AdditionalProperties::Any => {}
            AdditionalProperties::Shaped(inner) => {
                if is_there {
                    self.within(name, |check| check.value(member, inner));
                }
            }
            AdditionalProperties::Refused => {
                let shown = shown(&name.into());
                let message = match shape.pattern_properties.keys().next() {
                    Some(pattern) if shape.properties.is_empty() => {
                        format!("key `{shown}` does not match the pattern `{pattern}`")
                    }
                    _ => {
                        let nearest = self
                            .findings
                            .suggestion(name, shape.properties.keys().map(String::as_str));
                        let owner = if self.path.depth() == PROPERTIES_DEPTH {
                            format!("`{}` has", self.facts.name)
                        } else {
                            "there is".to_owned()
                        };
                        format!("{owner} no property `{shown}`{nearest}")
                    }
                };
                self.within(name, |check| {
                    check
                        .findings
                        .add(&rules::UNKNOWN_PROPERTY, &check.path, message);
                });
            }
        }
    }

    /// Members that need or exclude each other.
    fn together(&mut self, members: &'a Members, shape: &'static Shape) {
        let there = |name: &str| presence(members.get(name));
        let count = |names: &[String], least: Presence| {
            names
                .iter()
                .filter(|name| there(name) as u8 >= least as u8)
                .count()
        };
        if !shape.required_xor.is_empty() {
            let names = listed(&shape.required_xor, "or");
            if count(&shape.required_xor, Presence::Maybe) == 0 {
                self.alternative(format!("one of {names} is needed"));
            } else if count(&shape.required_xor, Presence::Present) > 1 {
                self.alternative(format!("only one of {names} is allowed"));
            }
        }
        if !shape.required_or.is_empty() && count(&shape.required_or, Presence::Maybe) == 0 {
            let names = listed(&shape.required_or, "or");
            self.alternative(format!("at least one of {names} is needed"));
        }
        for (name, needed) in &shape.dependent_required {
            if there(name) != Presence::Present {
                continue;
            }
            for missing in needed
                .iter()
                .filter(|needed| there(needed) == Presence::Absent)
            {
                self.alternative(format!("`{name}` needs `{missing}` beside it"));
            }
        }
        for (name, excluded) in &shape.dependent_excluded {
            if there(name) != Presence::Present {
                continue;
            }
            for other in excluded
                .iter()
                .filter(|other| there(other) == Presence::Present)
            {
                self.alternative(format!("`{name}` and `{other}` exclude each other"));
            }
        }
        for (name, inner) in &shape.dependent_schemas {
            if there(name) == Presence::Present {
                self.object(members, inner);
                self.branches_of_members(members, inner);
            }
        }
    }

    fn alternative(&mut self, message: String) {
        self.findings.add(&rules::ALTERNATIVES, &self.path, message);
    }

    /// Properties that only the service sets.
    pub(super) fn read_only(&mut self, members: &'a Members) {
        for path in &self.facts.read_only {
            if exemptions::can_be_set(self.facts, path) {
                continue;
            }
            if let Some((name, rest)) = path.segments().split_first() {
                self.read_only_at(members, name, rest);
            }
        }
    }

    fn read_only_at(&mut self, members: &'a Members, name: &str, rest: &'static [String]) {
        // The key of the template itself, as the path must not outlive it.
        let Some((key, member)) = members.get_key_value(name) else {
            return;
        };
        self.within(key, |check| match (rest.split_first(), member) {
            (None, member) if is_no_value(member) => {}
            (None, _) => {
                let message = format!("`{key}` is set by the service and cannot be given");
                check.findings.add(&rules::READ_ONLY, &check.path, message);
            }
            (Some((next, rest)), Value::Object(inner)) if next != "*" => {
                check.read_only_at(inner, next, rest);
            }
            (Some((next, rest)), Value::Array(elements)) if next == "*" => {
                let Some((next, rest)) = rest.split_first() else {
                    return;
                };
                for (index, element) in elements.iter().enumerate() {
                    if let Value::Object(inner) = element {
                        check.within_index(index, |check| check.read_only_at(inner, next, rest));
                    }
                }
            }
            _ => {}
        });
    }
}

/// Whether a member is there, when `AWS::NoValue` counts as nothing.
fn presence(member: Option<&Value>) -> Presence {
    let Some(member) = member else {
        return Presence::Absent;
    };
    if is_no_value(member) || member.is_null() {
        return Presence::Absent;
    }
    match Function::called(member) {
        Some((Function::If, Value::Array(arguments))) => {
            let branches: Vec<Presence> = arguments
                .iter()
                .skip(1)
                .map(|branch| presence(Some(branch)))
                .collect();
            if branches.iter().all(|branch| *branch == Presence::Present) {
                Presence::Present
            } else if branches.iter().all(|branch| *branch == Presence::Absent) {
                Presence::Absent
            } else {
                Presence::Maybe
            }
        }
        _ => Presence::Present,
    }
}

/// Names in a message: `A`, `B` or `C`.
pub(super) fn listed(names: &[String], word: &str) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.as_slice() {
        [] => String::new(),
        [single] => single.clone(),
        [first @ .., last] => format!("{} {word} {last}", first.join(", ")),
    }
}
