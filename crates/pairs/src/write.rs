//! Writes templates: resources of the catalogue that refer to one another, with values as literals or as expressions.

use indexmap::IndexMap;
use serde_json::{Map, Value, json};

use crate::{
    catalogue::{CREATED_WITH_SIGNALS, KINDS, Kind, Make, UPDATED_IN_STEPS, kind_of},
    random::Random,
};

/// A template with the values of its parameters and the tags of its stack.
#[derive(Clone, Debug, PartialEq)]
pub struct Written {
    /// The template.
    pub template: Value,
    /// Values of its parameters where they are given.
    pub parameters: IndexMap<String, String>,
    /// Tags of the stack.
    pub tags: IndexMap<String, String>,
}

/// Writes a template bit by bit.
pub(crate) struct Writer<'a> {
    pub(crate) random: &'a mut Random,
    pub(crate) written: Written,
    /// What every name begins with.
    names: &'a str,
    counter: usize,
}

/// How often, in a hundred, a text is written as an expression.
const EXPRESSIONS: usize = 35;

/// How often, in a hundred, a resource is under a condition, and a text mentions one that is.
const CONDITIONAL: usize = 15;

impl<'a> Writer<'a> {
    pub(crate) fn new(random: &'a mut Random, names: &'a str) -> Self {
        let written = Written {
            template: json!({"AWSTemplateFormatVersion": "2010-09-09", "Resources": {}}),
            parameters: IndexMap::new(),
            tags: IndexMap::from([("Project".to_owned(), "shop".to_owned())]),
        };
        Self::on(random, names, written)
    }

    /// Goes on with what is written.
    pub(crate) fn on(random: &'a mut Random, names: &'a str, written: Written) -> Self {
        // New names must differ from all that are written.
        let counter = usize::try_from(random.next() % 900).expect("it is small") * 1000;
        Self {
            random,
            written,
            names,
            counter,
        }
    }

    /// A template of a few resources.
    pub(crate) fn template(mut self) -> Written {
        let count = 1 + self.random.below(7);
        for number in 0..count {
            let kind = self.any_kind();
            let id = self.resource(kind);
            // One is there in any case.
            if number > 0 && self.random.percent(CONDITIONAL) {
                let condition = self.condition();
                self.resources()[&id]["Condition"] = json!(condition);
            }
        }
        for _ in 0..self.random.below(4) {
            self.output();
        }
        if self.random.percent(20) {
            self.written.template["Description"] = json!("Generated");
        }
        self.written
    }

    /// A type; more often than chance one of those whose properties only may replace them.
    pub(crate) fn any_kind(&mut self) -> &'static Kind {
        let name = *self.random.one(&["AWS::RDS::DBInstance", "Custom::Thing"]);
        match kind_of(name).filter(|_| self.random.percent(12)) {
            Some(kind) => kind,
            None => self.random.one(KINDS),
        }
    }

    /// Adds a resource with all that it needs; gives its logical id.
    pub(crate) fn resource(&mut self, kind: &'static Kind) -> String {
        self.counter += 1;
        let short = kind.type_name.rsplit("::").next().unwrap_or_default();
        let logical_id = format!("{short}{}", self.counter);
        let mut properties = Map::new();
        for property in kind.properties {
            let chance = match property.make {
                Make::Name(_) => 20,
                _ => 50,
            };
            if property.required || self.random.percent(chance) {
                let value = self.value(property.make, None);
                properties.insert(property.name.to_owned(), value);
            }
        }
        let mut resource = Map::from_iter([("Type".to_owned(), json!(kind.type_name))]);
        if !properties.is_empty() {
            resource.insert("Properties".to_owned(), properties.into());
        }
        if self.random.percent(35) {
            let policy = self.deletion_policy(kind);
            resource.insert("DeletionPolicy".to_owned(), policy);
        }
        if self.random.percent(20) {
            let policy = self.replace_policy(kind);
            resource.insert("UpdateReplacePolicy".to_owned(), policy);
        }
        if self.random.percent(10) {
            resource.insert("Metadata".to_owned(), json!({"Owner": "team"}));
        }
        if self.random.percent(15)
            && let Some(other) = self.any_resource(None)
        {
            resource.insert("DependsOn".to_owned(), json!([other]));
        }
        if kind.type_name == CREATED_WITH_SIGNALS && self.random.percent(50) {
            resource.insert("CreationPolicy".to_owned(), self.creation_policy());
        }
        if kind.type_name == UPDATED_IN_STEPS && self.random.percent(50) {
            resource.insert("UpdatePolicy".to_owned(), self.update_policy());
        }
        self.resources().insert(logical_id.clone(), resource.into());
        logical_id
    }

    pub(crate) fn creation_policy(&mut self) -> Value {
        json!({"ResourceSignal": {"Count": 1 + self.random.below(3), "Timeout": "PT5M"}})
    }

    pub(crate) fn update_policy(&mut self) -> Value {
        let group = format!("group-{}", self.random.below(3));
        json!({"CodeDeployLambdaAliasUpdate": {"ApplicationName": "shop", "DeploymentGroupName": group}})
    }

    pub(crate) fn deletion_policy(&mut self, kind: &Kind) -> Value {
        let policies = ["Delete", "Retain", "RetainExceptOnCreate", "Snapshot"];
        let known = if kind.snapshots { 4 } else { 3 };
        json!(self.random.one(&policies[..known]))
    }

    pub(crate) fn replace_policy(&mut self, kind: &Kind) -> Value {
        let policies = ["Delete", "Retain", "Snapshot"];
        let known = if kind.snapshots { 3 } else { 2 };
        json!(self.random.one(&policies[..known]))
    }

    /// Adds an output that reads a resource or says something.
    pub(crate) fn output(&mut self) {
        let value = match self.any_resource(None) {
            Some(id) if self.random.percent(70) => self.mention(&id),
            _ => self.text("said"),
        };
        self.counter += 1;
        let mut output = json!({"Value": value});
        if self.random.percent(30) {
            output["Description"] = json!("What it is");
        }
        if self.random.percent(20) {
            output["Export"] = json!({"Name": format!("{}-{}", self.names, self.counter)});
        }
        if self.random.percent(15) {
            output["Condition"] = json!(self.condition());
        }
        let key = format!("Output{}", self.counter);
        self.section("Outputs").insert(key, output);
    }

    /// A value of a property; references are to resources before `bound`.
    pub(crate) fn value(&mut self, make: Make, bound: Option<&str>) -> Value {
        match make {
            Make::Word(words) => {
                let word = *self.random.one(words);
                let other = *self.random.one(words);
                self.expressed(word, other)
            }
            Make::Text => {
                if self.random.percent(CONDITIONAL)
                    && let Some((id, condition)) = self.any_conditional(bound)
                {
                    let mention = self.mention(&id);
                    return json!({"Fn::If": [condition, {"Fn::Join": ["", ["of ", mention]]}, "of nothing"]});
                }
                if self.random.percent(30)
                    && let Some(id) = self.any_resource(bound)
                {
                    let mention = self.mention(&id);
                    return match mention.get("Fn::GetAtt").and_then(Value::as_array) {
                        Some(parts) if self.random.percent(50) => {
                            let text = |index: usize| parts[index].as_str().unwrap_or_default();
                            json!({"Fn::Sub": format!("of ${{{}.{}}}", text(0), text(1))})
                        }
                        _ => json!({"Fn::Join": [" ", ["of", mention]]}),
                    };
                }
                let text = format!("text {}", self.random.below(50));
                self.text(&text)
            }
            Make::Json(texts) => {
                let text = *self.random.one(texts);
                serde_json::from_str(text).expect("the catalogue holds JSON")
            }
            Make::Number(least, most) => {
                let span = usize::try_from(most - least).expect("it is small");
                let number =
                    least + u32::try_from(self.random.below(span + 1)).expect("so is this");
                if self.random.percent(20) {
                    json!(number.to_string())
                } else {
                    json!(number)
                }
            }
            Make::Flag => {
                let flag = self.random.percent(50);
                if self.random.percent(20) {
                    json!(flag.to_string())
                } else {
                    json!(flag)
                }
            }
            Make::Name(ending) => {
                self.counter += 1;
                let place = ending.rfind('/').map_or(0, |place| place + 1);
                let (path, ending) = ending.split_at(place);
                json!(format!("{path}{}-{}-{ending}", self.names, self.counter))
            }
            Make::Tags => {
                let count = 1 + self.random.below(3);
                (0..count)
                    .map(|index| {
                        json!({"Key": format!("Key{index}"), "Value": format!("{}", self.random.below(5))})
                    })
                    .collect()
            }
            Make::Map => {
                let count = 1 + self.random.below(3);
                let entry = |index| {
                    (
                        format!("Key{index}"),
                        json!(self.random.below(5).to_string()),
                    )
                };
                Value::Object((0..count).map(entry).collect())
            }
            Make::Policy(actions) => self.policy(actions, bound),
            Make::Trust => {
                let service = self
                    .random
                    .one(&["lambda.amazonaws.com", "ec2.amazonaws.com"]);
                json!({"Version": "2012-10-17", "Statement": [
                    {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
                ]})
            }
            Make::Refer(type_name, attribute) => self.refer(type_name, attribute, bound),
            Make::Refers(type_name, attribute) => json!([self.refer(type_name, attribute, bound)]),
        }
    }

    fn policy(&mut self, actions: &[&str], bound: Option<&str>) -> Value {
        let count = 1 + self.random.below(2);
        let statements: Vec<Value> = (0..count)
            .map(|_| {
                let mut chosen: Vec<&str> = actions.to_vec();
                chosen.truncate(1 + self.random.below(actions.len()));
                let action = match chosen.as_slice() {
                    [one] if self.random.percent(50) => json!(one),
                    _ => json!(chosen),
                };
                let arn = self.any_with("Arn", bound);
                let resource = match arn {
                    Some(id) if self.random.percent(60) => json!({"Fn::GetAtt": [id, "Arn"]}),
                    _ => json!("*"),
                };
                json!({"Effect": "Allow", "Action": action, "Resource": resource})
            })
            .collect();
        json!({"Version": "2012-10-17", "Statement": statements})
    }

    /// A reference to a resource of a type, which is added when there is none.
    fn refer(&mut self, type_name: &str, attribute: Option<&str>, bound: Option<&str>) -> Value {
        let known: Vec<String> = self
            .before(bound)
            .into_iter()
            .filter(|id| self.resources()[id]["Type"] == type_name)
            .collect();
        let id = if known.is_empty() {
            if bound.is_some() {
                // Nothing may be added before the one that refers: a literal does as well.
                let name = format!("{}-elsewhere-{}", self.names, self.random.below(3));
                return match attribute {
                    Some(_) => json!(format!("arn:aws:iam::000000000000:role/{name}")),
                    None => json!(name),
                };
            }
            self.resource(kind_of(type_name).expect("it is in the catalogue"))
        } else {
            self.random.one(&known).clone()
        };
        match attribute {
            Some(attribute) if self.random.percent(25) => {
                json!({"Fn::Sub": format!("${{{id}.{attribute}}}")})
            }
            Some(attribute) => json!({"Fn::GetAtt": [id, attribute]}),
            None if self.random.percent(15) => json!({"Fn::Sub": format!("${{{id}}}")}),
            None => json!({"Ref": id}),
        }
    }

    /// What reads something of a resource.
    pub(crate) fn mention(&mut self, id: &str) -> Value {
        let type_name = self.resources()[id]["Type"].as_str().unwrap_or_default();
        let attributes = kind_of(type_name).map_or(&[][..], |kind| kind.attributes);
        if attributes.is_empty() || self.random.percent(40) {
            json!({"Ref": id})
        } else {
            json!({"Fn::GetAtt": [id, self.random.one(attributes)]})
        }
    }

    /// A text as a literal or as an expression that comes to it.
    pub(crate) fn text(&mut self, text: &str) -> Value {
        self.expressed(text, "something else")
    }

    fn expressed(&mut self, text: &str, other: &str) -> Value {
        if self.random.percent(EXPRESSIONS) {
            self.expression(text, other)
        } else {
            json!(text)
        }
    }

    /// An expression that comes to a text; with other inputs it comes to the other one.
    pub(crate) fn expression(&mut self, text: &str, other: &str) -> Value {
        self.counter += 1;
        let number = self.counter;
        let middle = text.len() / 2;
        match self.random.below(8) {
            0 => {
                let name = self.parameter(text);
                json!({"Ref": name})
            }
            1 if !text.contains("${") => json!({"Fn::Sub": text}),
            2 if text.is_char_boundary(middle) && middle > 0 => {
                let name = self.parameter(&text[..middle]);
                json!({"Fn::Sub": format!("${{{name}}}{}", &text[middle..])})
            }
            3 if text.is_char_boundary(middle) => {
                json!({"Fn::Join": ["", [&text[..middle], &text[middle..]]]})
            }
            4 => {
                let condition = self.condition();
                let holds = self.holds(&condition);
                let (yes, no) = if holds { (text, other) } else { (other, text) };
                json!({"Fn::If": [condition, yes, no]})
            }
            5 => {
                let map = format!("Map{number}");
                let entry = json!({"First": {"Key": text}, "Second": {"Key": other}});
                self.section("Mappings").insert(map.clone(), entry);
                let key = self.parameter("First");
                json!({"Fn::FindInMap": [map, {"Ref": key}, "Key"]})
            }
            6 => json!({"Fn::Select": ["1", [other, text]]}),
            _ => json!({"Fn::Sub": ["${Own}", {"Own": text}]}),
        }
    }

    /// Adds a parameter that has a value, by default or given.
    fn parameter(&mut self, value: &str) -> String {
        self.counter += 1;
        let name = format!("Parameter{}", self.counter);
        let mut declaration = json!({"Type": "String"});
        if self.random.percent(70) {
            declaration["Default"] = json!(value);
        } else {
            self.written
                .parameters
                .insert(name.clone(), value.to_owned());
        }
        self.section("Parameters").insert(name.clone(), declaration);
        name
    }

    /// A condition, one that is there or a new one.
    pub(crate) fn condition(&mut self) -> String {
        let known: Vec<String> = self.names_of("Conditions");
        if !known.is_empty() && self.random.percent(50) {
            return self.random.one(&known).clone();
        }
        self.counter += 1;
        let name = format!("Condition{}", self.counter);
        let mode = self.parameter("on");
        let wanted = if self.random.percent(50) { "on" } else { "off" };
        let mut expression = json!({"Fn::Equals": [{"Ref": mode}, wanted]});
        if self.random.percent(20) {
            expression = json!({"Fn::Not": [expression]});
        }
        self.section("Conditions").insert(name.clone(), expression);
        name
    }

    /// Whether a condition of ours holds.
    pub(crate) fn holds(&self, name: &str) -> bool {
        let expression = &self.written.template["Conditions"][name];
        let (negated, equals) = match expression.pointer("/Fn::Not/0") {
            Some(within) => (true, &within["Fn::Equals"]),
            None => (false, &expression["Fn::Equals"]),
        };
        let parameter = equals[0]["Ref"].as_str().unwrap_or_default();
        let value = self.written.parameters.get(parameter).map(String::as_str);
        let declared = &self.written.template["Parameters"][parameter]["Default"];
        (value.or(declared.as_str()) == equals[1].as_str()) != negated
    }

    /// A resource before another one, or any.
    pub(crate) fn any_resource(&mut self, bound: Option<&str>) -> Option<String> {
        let known = self.before(bound);
        (!known.is_empty()).then(|| self.random.one(&known).clone())
    }

    /// A resource before another one, or any, that is under a condition; with the condition.
    fn any_conditional(&mut self, bound: Option<&str>) -> Option<(String, String)> {
        let known: Vec<(String, String)> = self
            .resources()
            .iter()
            .take_while(|(id, _)| Some(id.as_str()) != bound)
            .filter_map(|(id, resource)| {
                let condition = resource.get("Condition")?.as_str()?;
                Some((id.clone(), condition.to_owned()))
            })
            .collect();
        (!known.is_empty()).then(|| self.random.one(&known).clone())
    }

    fn any_with(&mut self, attribute: &str, bound: Option<&str>) -> Option<String> {
        let has = |type_name: &str| {
            kind_of(type_name).is_some_and(|kind| kind.attributes.contains(&attribute))
        };
        let known: Vec<String> = self
            .before(bound)
            .into_iter()
            .filter(|id| has(self.resources()[id]["Type"].as_str().unwrap_or_default()))
            .collect();
        (!known.is_empty()).then(|| self.random.one(&known).clone())
    }

    /// Resources that one may refer to: those before it that are there without a condition.
    fn before(&mut self, bound: Option<&str>) -> Vec<String> {
        self.resources()
            .iter()
            .take_while(|(id, _)| Some(id.as_str()) != bound)
            .filter(|(_, resource)| resource.get("Condition").is_none())
            .map(|(id, _)| id.clone())
            .collect()
    }

    pub(crate) fn resources(&mut self) -> &mut Map<String, Value> {
        self.section("Resources")
    }

    pub(crate) fn names_of(&self, section: &str) -> Vec<String> {
        let section = self.written.template.get(section);
        let members = section.and_then(Value::as_object).into_iter().flatten();
        members.map(|(name, _)| name.clone()).collect()
    }

    /// A section, which is added when it is not there.
    pub(crate) fn section(&mut self, name: &str) -> &mut Map<String, Value> {
        let body = self
            .written
            .template
            .as_object_mut()
            .expect("it is a template");
        let section = body.entry(name).or_insert_with(|| Map::new().into());
        section.as_object_mut().expect("every section is a map")
    }
}
