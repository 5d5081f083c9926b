//! References in raw JSON, which count like any other.

use super::Walk;
use crate::Json;

impl Walk<'_, '_> {
    /// Walks raw JSON for functions that refer to something by its name.
    pub(super) fn json(&mut self, json: &Json) {
        match json {
            Json::Null | Json::Bool(_) | Json::Number(_) => {}
            Json::String(text) => self.text(text),
            Json::Array(elements) => elements.iter().for_each(|element| self.json(element)),
            Json::Object(entries) => {
                let only = entries.iter().next().filter(|_| entries.len() == 1);
                match only.map(|(key, value)| (key.as_str(), value)) {
                    Some(("Ref", Json::String(name))) => self.name(name, "Ref"),
                    Some(("Fn::GetAtt", Json::String(name))) => {
                        self.name(name.split('.').next().unwrap_or(name), "Fn::GetAtt");
                    }
                    Some(("Fn::GetAtt", Json::Array(parts))) => {
                        if let Some(Json::String(name)) = parts.first() {
                            self.name(name, "Fn::GetAtt");
                        }
                    }
                    Some(("Fn::Sub", Json::String(text))) => self.substitution(text, None),
                    Some(("Fn::Sub", Json::Array(parts))) => {
                        if let Some(Json::String(text)) = parts.first() {
                            self.substitution(text, parts.get(1));
                        }
                        parts
                            .iter()
                            .skip(1)
                            .for_each(|variables| self.json(variables));
                    }
                    Some(("Fn::If", Json::Array(parts))) => {
                        if let Some(Json::String(name)) = parts.first() {
                            self.condition_name(name);
                        }
                        parts.iter().skip(1).for_each(|branch| self.json(branch));
                    }
                    _ => entries.values().for_each(|value| self.json(value)),
                }
            }
        }
    }

    /// The names in a raw `Fn::Sub`.
    fn substitution(&mut self, text: &str, variables: Option<&Json>) {
        let holes = text
            .split("${")
            .skip(1)
            .filter_map(|rest| rest.split_once('}'));
        for (name, _) in holes {
            let name = name.trim();
            let known = variables.is_some_and(|variables| variables.get(name).is_some());
            if !name.starts_with('!') && !known {
                self.name(name.split('.').next().unwrap_or(name), "Fn::Sub");
            }
        }
    }

    fn name(&mut self, name: &str, function: &str) {
        if name.starts_with("AWS::") {
            return;
        }
        if let Some(node) = self.names.get(name).copied() {
            self.local(node);
        } else if self.stack.transforms.is_empty() {
            let stack = &self.stack.name;
            let message =
                format!("`{function}` refers to `{name}`, which stack `{stack}` does not have");
            let hint = match assembly::nearest(name, self.names.keys().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "use a handle instead of a name, or declare it".to_owned(),
            };
            self.error(message, hint);
        }
    }

    fn condition_name(&mut self, name: &str) {
        let mut conditions = self.stack.conditions.iter();
        if let Some((node, _)) = conditions.find(|(node, _)| node.logical_id == name) {
            self.use_node(node);
        }
    }
}
