//! Working out expressions.

use serde_json::{Value, json};

use super::{
    CHANGED, MAY_CHANGE, Mode, Part, Place, Side, expression_of, is_literal, parts,
    text::{concatenate, text_of},
};

impl Side<'_> {
    /// What an expression means; `None` where it stands for nothing at all.
    pub(super) fn expression(
        &self,
        name: &str,
        argument: &Value,
        place: &Place<'_>,
    ) -> Option<Value> {
        let argument_place = place.with(Mode::Argument);
        let items = argument.as_array().map_or(&[] as &[Value], Vec::as_slice);
        let worked_out = match (name, items) {
            ("Fn::If", [condition, yes, no]) => return self.choice(condition, yes, no, place),
            ("Ref", _) => match argument.as_str() {
                Some(target) => self.reference(target)?,
                None => self.unknown(name, argument, &argument_place),
            },
            ("Fn::GetAtt", _) => self.attribute(argument, &argument_place),
            ("Fn::Sub" | "Fn::Join" | "Fn::Select" | "Fn::Split", _) if !self.is_worked_out => {
                self.unworked(name, argument, &argument_place)
            }
            ("Fn::Sub", _) => self.substitution(argument, &argument_place),
            ("Fn::Join", [separator, texts]) => self.join(separator, texts, &argument_place),
            ("Fn::FindInMap", [map, first, second, options @ ..]) => {
                return self.find_in_map([map, first, second], options, place);
            }
            ("Fn::Select", [index, list]) => self.select(index, list, &argument_place),
            ("Fn::Split", [separator, text]) => self.split(separator, text, &argument_place),
            _ => self.unknown(name, argument, &argument_place),
        };
        Some(self.settle(worked_out, place))
    }

    /// Gives what was worked out the form of the place it goes to.
    fn settle(&self, value: Value, place: &Place<'_>) -> Value {
        match value {
            Value::Array(items) => {
                let within = place.child("*");
                let items = items.into_iter().map(|item| self.settle(item, &within));
                place.list(items.collect())
            }
            Value::Object(_) => value,
            scalar => self.scalar(&scalar, place),
        }
    }

    /// An expression that is not worked out: what its argument means, under its name.
    fn unknown(&self, name: &str, argument: &Value, place: &Place<'_>) -> Value {
        let meaning = self.meaning(argument, place).unwrap_or(Value::Null);
        expression_of(name, meaning)
    }

    /// An expression that is left as it is written, marked where a parameter in its text comes to something else.
    fn unworked(&self, name: &str, argument: &Value, place: &Place<'_>) -> Value {
        let text = argument.as_str().or_else(|| argument.get(0)?.as_str());
        let is_changed = name == "Fn::Sub"
            && parts(text.unwrap_or_default())
                .any(|part| matches!(part, Part::Variable(name) if self.is_changed_secret(name) || self.is_loose(name)));
        let meaning = self.meaning(argument, place).unwrap_or(Value::Null);
        let meaning = if is_changed {
            json!([meaning, "changed"])
        } else {
            meaning
        };
        expression_of(name, meaning)
    }

    /// `None` for `AWS::NoValue`.
    fn reference(&self, target: &str) -> Option<Value> {
        if target == "AWS::NoValue" {
            return None;
        }
        let known = self.known(target).filter(|_| self.is_worked_out);
        Some(known.unwrap_or_else(|| {
            let mark = match (self.is_changed_secret(target), self.is_loose(target)) {
                (true, _) => Some(CHANGED),
                (false, true) => Some(MAY_CHANGE),
                (false, false) => None,
            };
            expression_of("Ref", marked(target, mark))
        }))
    }

    fn attribute(&self, argument: &Value, place: &Place<'_>) -> Value {
        let (target, attribute) = match argument {
            Value::String(text) => {
                let (target, attribute) = text.split_once('.').unwrap_or((text, ""));
                return attribute_of(target, Value::from(attribute));
            }
            Value::Array(items) => {
                let target = items.first().and_then(Value::as_str);
                let names = items.iter().skip(1);
                let names: Vec<Value> =
                    names.filter_map(|name| self.meaning(name, place)).collect();
                let all_text: Option<Vec<&str>> = names.iter().map(Value::as_str).collect();
                let attribute = match all_text {
                    Some(names) => Value::String(names.join(".")),
                    None => Value::Array(names),
                };
                (target.unwrap_or_default(), attribute)
            }
            _ => return self.unknown("Fn::GetAtt", argument, place),
        };
        attribute_of(target, attribute)
    }

    fn substitution(&self, argument: &Value, place: &Place<'_>) -> Value {
        let (text, variables) = match argument {
            Value::String(text) => (text.as_str(), None),
            Value::Array(items) => match items.as_slice() {
                [Value::String(text)] => (text.as_str(), None),
                [Value::String(text), Value::Object(variables)] => (text.as_str(), Some(variables)),
                _ => return self.unknown("Fn::Sub", argument, place),
            },
            _ => return self.unknown("Fn::Sub", argument, place),
        };
        concatenate(parts(text).map(|part| match part {
            Part::Literal(literal) => Value::from(literal),
            Part::Variable(name) => {
                let given = variables.and_then(|variables| variables.get(name));
                let meaning = match (given, name.split_once('.')) {
                    (Some(value), _) => self.meaning(value, place),
                    (None, Some((target, attribute))) => {
                        Some(attribute_of(target, Value::from(attribute)))
                    }
                    (None, None) => self.reference(name),
                };
                meaning.unwrap_or_else(|| Value::from(""))
            }
        }))
    }

    fn join(&self, separator: &Value, texts: &Value, place: &Place<'_>) -> Value {
        let separator = text_of(separator);
        let texts = self.meaning(texts, place).unwrap_or_else(|| json!([]));
        let Value::Array(texts) = texts else {
            return json!({"Fn::Join": [separator, texts]});
        };
        let mut all = Vec::with_capacity(texts.len() * 2);
        for text in texts {
            if !all.is_empty() {
                all.push(json!(separator));
            }
            all.push(text);
        }
        concatenate(all)
    }

    /// What stands in a mapping. Every key is worked out once: in one, there may be another mapping to look into.
    fn find_in_map(
        &self,
        keys: [&Value; 3],
        options: &[Value],
        place: &Place<'_>,
    ) -> Option<Value> {
        let argument = place.with(Mode::Argument);
        let within = argument.child("*");
        let keys = keys.map(|key| self.meaning(key, &within));
        if let [map, first, second] = &keys
            && let (
                Some(Value::String(map)),
                Some(Value::String(first)),
                Some(Value::String(second)),
            ) = (map, first, second)
        {
            // Functions do not work in mappings; one that looked into its own would never end.
            let found = self
                .section("Mappings")
                .get(map)
                .and_then(|map| map.get(first)?.get(second))
                .filter(|found| is_literal(found));
            let default = || options.first()?.get("DefaultValue");
            if self.is_worked_out
                && let Some(value) = found.or_else(default)
            {
                return self.meaning(value, place);
            }
        }
        let options = options
            .iter()
            .filter_map(|option| self.meaning(option, &within));
        let known = keys.each_ref().map(|key| key.as_ref()?.as_str());
        let mark = self.is_changed_entry(known).then_some(MAY_CHANGE);
        let [map, rest @ ..] = keys;
        let map = match map {
            Some(Value::String(name)) => Some(marked(&name, mark)),
            Some(worked_out) if mark.is_some() => Some(json!([worked_out, MAY_CHANGE])),
            other => other,
        };
        let keys = [map].into_iter().chain(rest).flatten();
        let meanings: Vec<Value> = keys.chain(options).collect();
        Some(json!({"Fn::FindInMap": meanings}))
    }

    fn select(&self, index: &Value, list: &Value, place: &Place<'_>) -> Value {
        let index = self.meaning(index, place).unwrap_or(Value::Null);
        let list = self.meaning(list, place).unwrap_or(Value::Null);
        let position: Option<usize> = index.as_str().and_then(|text| text.parse().ok());
        match (&list, position) {
            (Value::Array(items), Some(position)) if position < items.len() => {
                items[position].clone()
            }
            _ => json!({"Fn::Select": [index, list]}),
        }
    }

    fn split(&self, separator: &Value, text: &Value, place: &Place<'_>) -> Value {
        let separator = text_of(separator);
        match self.meaning(text, place) {
            Some(Value::String(text)) if !separator.is_empty() => {
                json!(text.split(&separator).collect::<Vec<_>>())
            }
            other => json!({"Fn::Split": [separator, other]}),
        }
    }

    fn choice(
        &self,
        condition: &Value,
        yes: &Value,
        no: &Value,
        place: &Place<'_>,
    ) -> Option<Value> {
        let name = condition.as_str().unwrap_or_default();
        match self.holds(name) {
            Some(true) => self.meaning(yes, place),
            Some(false) => self.meaning(no, place),
            None => {
                let (yes, no) = (self.meaning(yes, place), self.meaning(no, place));
                if yes == no {
                    return yes;
                }
                let nothing = || json!({"Ref": "AWS::NoValue"});
                let yes = yes.unwrap_or_else(nothing);
                let no = no.unwrap_or_else(nothing);
                let mark = self.is_changed_condition(name).then_some(MAY_CHANGE);
                let condition = marked(name, mark);
                Some(json!({"Fn::If": [condition, yes, no]}))
            }
        }
    }
}

/// The name of what is not worked out, marked where all that is known is that it comes to something else than before, or
/// may.
fn marked(name: &str, mark: Option<&str>) -> Value {
    match mark {
        Some(mark) => json!([name, mark]),
        None => Value::from(name),
    }
}

fn attribute_of(target: &str, attribute: Value) -> Value {
    expression_of(
        "Fn::GetAtt",
        Value::Array(vec![Value::from(target), attribute]),
    )
}
