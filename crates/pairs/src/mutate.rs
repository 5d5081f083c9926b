//! Changes templates as people do: one edit is one thing that somebody might have done.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::{
    catalogue::{CREATED_WITH_SIGNALS, KINDS, Make, UPDATED_IN_STEPS, kind_of},
    random::Random,
    write::{Writer, Written},
};

/// What an edit does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Edit {
    /// Gives a property another value.
    Change,
    /// Gives a property another value whose change replaces the resource, or may.
    ChangeCreateOnly,
    /// Gives a property that had no value one.
    AddProperty,
    /// Takes a property away, or puts it under a condition.
    RemoveProperty,
    /// Writes a literal as an expression that comes to it, which changes nothing.
    Express,
    /// Adds a resource with all it needs.
    AddResource,
    /// Takes a resource away with all that refers to it.
    RemoveResource,
    /// Gives a resource another logical id.
    Rename,
    /// Puts a resource of another type under the same logical id.
    ChangeType,
    /// Adds a `DependsOn`, takes one away or writes it in another form.
    DependsOn,
    /// Sets a resource's metadata, or takes them away.
    Metadata,
    /// Sets a deletion policy, or takes it away.
    DeletionPolicy,
    /// Sets an update-replace policy, or takes it away.
    UpdateReplacePolicy,
    /// Sets what a resource's creation waits for, or takes it away.
    CreationPolicy,
    /// Sets how a resource is updated, or takes it away.
    UpdatePolicy,
    /// Puts a resource under a condition, or takes it from under one.
    Conditional,
    /// Adds an output.
    AddOutput,
    /// Takes an output away.
    RemoveOutput,
    /// Changes the value, the description or the condition of an output.
    ChangeOutput,
    /// Gives a parameter another value.
    ParameterValue,
    /// Gives a parameter another default.
    ParameterDefault,
    /// Changes a value of a mapping.
    Mapping,
    /// Turns a condition into its opposite.
    ConditionExpression,
    /// Adds inputs that nothing reads.
    UnusedInputs,
    /// Changes the description of the template.
    Description,
    /// `1` for `"1"`, `true` for `"true"`.
    ScalarForm,
    /// Another order of what is a set.
    SetOrder,
    /// A policy that says the same in another way.
    PolicyForm,
    /// Another order of JSON keys.
    KeyOrder,
    /// Changes a tag of the stack.
    StackTags,
}

/// Every edit, with how often it is made among others.
pub(crate) const EDITS: &[(Edit, usize)] = &[
    (Edit::Change, 12),
    (Edit::ChangeCreateOnly, 12),
    (Edit::AddProperty, 6),
    (Edit::RemoveProperty, 6),
    (Edit::Express, 4),
    (Edit::AddResource, 5),
    (Edit::RemoveResource, 6),
    (Edit::Rename, 3),
    (Edit::ChangeType, 2),
    (Edit::DependsOn, 4),
    (Edit::Metadata, 3),
    (Edit::DeletionPolicy, 3),
    (Edit::UpdateReplacePolicy, 3),
    (Edit::CreationPolicy, 2),
    (Edit::UpdatePolicy, 2),
    (Edit::Conditional, 4),
    (Edit::AddOutput, 3),
    (Edit::RemoveOutput, 3),
    (Edit::ChangeOutput, 3),
    (Edit::ParameterValue, 6),
    (Edit::ParameterDefault, 4),
    (Edit::Mapping, 4),
    (Edit::ConditionExpression, 4),
    (Edit::UnusedInputs, 2),
    (Edit::Description, 2),
    (Edit::ScalarForm, 4),
    (Edit::SetOrder, 3),
    (Edit::PolicyForm, 3),
    (Edit::KeyOrder, 3),
    (Edit::StackTags, 1),
];

/// An edit with what chance decides in it.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// What is done.
    pub edit: Edit,
    seed: u64,
}

impl Step {
    pub(crate) fn random(random: &mut Random) -> Self {
        let whole: usize = EDITS.iter().map(|(_, weight)| weight).sum();
        let mut place = random.below(whole);
        let mut edit = Edit::Change;
        for (candidate, weight) in EDITS {
            edit = *candidate;
            if place < *weight {
                break;
            }
            place -= weight;
        }
        Self {
            edit,
            seed: random.next(),
        }
    }

    /// Makes the edit where that is possible; otherwise everything stays.
    ///
    /// Several edits of one pair meet on the same resource more often than chance would have it.
    pub(crate) fn apply(self, written: &Written, names: &str, focus: Option<&str>) -> Written {
        let mut random = Random::new(self.seed);
        let writer = Writer::on(&mut random, names, written.clone());
        let mut editor = Editor(writer, focus);
        match editor.edit(self.edit) {
            Some(()) => editor.0.written,
            None => written.clone(),
        }
    }
}

struct Editor<'a>(Writer<'a>, Option<&'a str>);

/// How often, in a hundred, an edit is made to the resource in focus.
const FOCUS: usize = 50;

impl Editor<'_> {
    fn edit(&mut self, edit: Edit) -> Option<()> {
        match edit {
            Edit::Change => self.change_property(false),
            Edit::ChangeCreateOnly => self.change_property(true),
            Edit::AddProperty => self.add_property(),
            Edit::RemoveProperty => self.remove_property(),
            Edit::Express => self.express(),
            Edit::AddResource => {
                let kind = self.0.any_kind();
                self.0.resource(kind);
                Some(())
            }
            Edit::RemoveResource => self.remove_resource(),
            Edit::Rename => self.rename(),
            Edit::ChangeType => self.change_type(),
            Edit::DependsOn => self.depends_on(),
            Edit::Metadata => {
                let value = json!({"Owner": "team", "Note": self.0.random.below(100)});
                let id = self.any_of("Resources")?;
                self.attribute(&id, "Metadata", value)
            }
            Edit::DeletionPolicy => {
                let kind = KINDS.iter().find(|kind| !kind.snapshots)?;
                let policy = self.0.deletion_policy(kind);
                let id = self.any_of("Resources")?;
                self.attribute(&id, "DeletionPolicy", policy)
            }
            Edit::UpdateReplacePolicy => {
                let kind = KINDS.iter().find(|kind| !kind.snapshots)?;
                let policy = self.0.replace_policy(kind);
                let id = self.any_of("Resources")?;
                self.attribute(&id, "UpdateReplacePolicy", policy)
            }
            Edit::CreationPolicy => {
                let policy = self.0.creation_policy();
                let id = self.any_of_type(CREATED_WITH_SIGNALS)?;
                self.attribute(&id, "CreationPolicy", policy)
            }
            Edit::UpdatePolicy => {
                let policy = self.0.update_policy();
                let id = self.any_of_type(UPDATED_IN_STEPS)?;
                self.attribute(&id, "UpdatePolicy", policy)
            }
            Edit::Conditional => self.conditional(),
            Edit::AddOutput => {
                self.0.output();
                Some(())
            }
            Edit::RemoveOutput => {
                let name = self.any_of("Outputs")?;
                self.0.section("Outputs").shift_remove(&name);
                Some(())
            }
            Edit::ChangeOutput => self.change_output(),
            Edit::ParameterValue => {
                let name = self.any_of("Parameters")?;
                let value = self.other_input(&name);
                self.0.written.parameters.insert(name, value);
                Some(())
            }
            Edit::ParameterDefault => {
                let name = self.any_of("Parameters")?;
                let value = self.other_input(&name);
                self.0.section("Parameters")[&name]["Default"] = json!(value);
                Some(())
            }
            Edit::Mapping => {
                let name = self.any_of("Mappings")?;
                let row = *self.0.random.one(&["First", "Second"]);
                let other = self.0.written.template["Mappings"][&name]["Second"]["Key"].clone();
                self.0.section("Mappings")[&name][row]["Key"] = other;
                Some(())
            }
            Edit::ConditionExpression => {
                let name = self.any_of("Conditions")?;
                let expression = self.0.section("Conditions")[&name].clone();
                let negated = match expression.pointer("/Fn::Not/0") {
                    Some(within) => within.clone(),
                    None => json!({"Fn::Not": [expression]}),
                };
                self.0.section("Conditions").insert(name, negated);
                Some(())
            }
            Edit::UnusedInputs => {
                self.0.condition();
                self.0.expression("unused", "other");
                Some(())
            }
            Edit::Description => {
                let text = format!("Version {}", self.0.random.below(100));
                self.0.written.template["Description"] = json!(text);
                Some(())
            }
            Edit::ScalarForm => self.each_scalar(),
            Edit::SetOrder => self.set_order(),
            Edit::PolicyForm => self.policy_form(),
            Edit::KeyOrder => {
                // The order of the resources themselves stays: references lead backwards in it.
                for resource in self.0.resources().values_mut() {
                    *resource = turned(resource);
                }
                Some(())
            }
            Edit::StackTags => {
                let value = self.0.random.below(10).to_string();
                self.0.written.tags.insert("Stage".to_owned(), value);
                Some(())
            }
        }
    }

    fn any_of(&mut self, section: &str) -> Option<String> {
        let names = self.0.names_of(section);
        if section == "Resources"
            && let Some(focus) = self.focused()
        {
            return Some(focus);
        }
        (!names.is_empty()).then(|| self.0.random.one(&names).clone())
    }

    fn any_of_type(&mut self, type_name: &str) -> Option<String> {
        let mut ids = self.0.names_of("Resources");
        ids.retain(|id| self.0.written.template["Resources"][id]["Type"] == type_name);
        (!ids.is_empty()).then(|| self.0.random.one(&ids).clone())
    }

    /// The resource in focus, when it is there and its turn has come.
    fn focused(&mut self) -> Option<String> {
        let focus = self.1.filter(|id| self.0.resources().contains_key(*id))?;
        self.0.random.percent(FOCUS).then(|| focus.to_owned())
    }

    fn change_property(&mut self, create_only: bool) -> Option<()> {
        let mut places = Vec::new();
        for id in self.0.names_of("Resources") {
            let resource = &self.0.written.template["Resources"][&id];
            let type_name = resource["Type"].as_str()?;
            let facts = schema::resource_type(type_name)?;
            let replacing: Vec<&str> = facts
                .create_only
                .iter()
                .chain(&facts.conditional_create_only)
                .map(|path| path.segments()[0].as_str())
                .collect();
            let kind = kind_of(type_name)?;
            for property in kind.properties {
                let replaces = replacing.contains(&property.name);
                let is_there = resource["Properties"].get(property.name).is_some();
                if is_there && replaces == create_only {
                    places.push((id.clone(), property.name, property.make));
                }
            }
        }
        if let Some(focus) = self.focused()
            && places.iter().any(|(id, ..)| *id == focus)
        {
            places.retain(|(id, ..)| *id == focus);
        }
        if places.is_empty() {
            return None;
        }
        let (id, name, make) = self.0.random.one(&places).clone();
        self.set(&id, name, make)
    }

    fn set(&mut self, id: &str, name: &str, make: Make) -> Option<()> {
        let before = self.0.written.template["Resources"][id]["Properties"]
            .get(name)
            .cloned();
        for _ in 0..5 {
            let value = self.0.value(make, Some(id));
            if Some(&value) != before.as_ref() {
                self.0.resources()[id]["Properties"][name] = value;
                return Some(());
            }
        }
        None
    }

    fn add_property(&mut self) -> Option<()> {
        let id = self.any_of("Resources")?;
        let resource = &self.0.written.template["Resources"][&id];
        let kind = kind_of(resource["Type"].as_str()?)?;
        let absent: Vec<_> = kind
            .properties
            .iter()
            .filter(|property| resource["Properties"].get(property.name).is_none())
            .collect();
        if absent.is_empty() {
            return None;
        }
        let property = *self.0.random.one(&absent);
        self.set(&id, property.name, property.make)
    }

    fn remove_property(&mut self) -> Option<()> {
        let id = self.any_of("Resources")?;
        let resource = &self.0.written.template["Resources"][&id];
        let kind = kind_of(resource["Type"].as_str()?)?;
        let present: Vec<&str> = kind
            .properties
            .iter()
            .filter(|property| !property.required)
            .map(|property| property.name)
            .filter(|name| resource["Properties"].get(*name).is_some())
            .collect();
        if present.is_empty() {
            return None;
        }
        let name = *self.0.random.one(&present);
        if self.0.random.percent(20) {
            let condition = self.0.condition();
            let place = &mut self.0.resources()[&id]["Properties"][name];
            *place = json!({"Fn::If": [condition, place.take(), {"Ref": "AWS::NoValue"}]});
        } else {
            let properties = self.0.resources()[&id]["Properties"].as_object_mut()?;
            properties.shift_remove(name);
        }
        Some(())
    }

    fn express(&mut self) -> Option<()> {
        let id = self.any_of("Resources")?;
        let properties = self.0.written.template["Resources"][&id]["Properties"].as_object()?;
        let kind = kind_of(self.0.written.template["Resources"][&id]["Type"].as_str()?)?;
        let texts: Vec<(String, String)> = properties
            .iter()
            .filter(|(name, _)| {
                let property = kind.properties.iter().find(|one| one.name == **name);
                property.is_some_and(|one| matches!(one.make, Make::Word(_) | Make::Text))
            })
            .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
            .collect();
        if texts.is_empty() {
            return None;
        }
        let (name, text) = self.0.random.one(&texts).clone();
        let expression = self.0.expression(&text, "something else");
        self.0.resources()[&id]["Properties"][&name] = expression;
        Some(())
    }

    fn remove_resource(&mut self) -> Option<()> {
        let id = self.any_of("Resources")?;
        let mut gone = BTreeSet::from([id]);
        loop {
            let before = gone.len();
            for (id, resource) in self.0.resources().iter() {
                if gone.iter().any(|other| mentions(resource, other)) {
                    gone.insert(id.clone());
                }
            }
            if gone.len() == before {
                break;
            }
        }
        if gone.len() == self.0.resources().len() {
            return None;
        }
        self.0.resources().retain(|id, _| !gone.contains(id));
        if !self.0.names_of("Outputs").is_empty() {
            let outputs = self.0.section("Outputs");
            outputs.retain(|_, output| !gone.iter().any(|id| mentions(output, id)));
        }
        Some(())
    }

    fn rename(&mut self) -> Option<()> {
        let id = self.any_of("Resources")?;
        let new = format!("Renamed{}", self.0.random.below(100_000));
        if self.0.resources().contains_key(&new) {
            return None;
        }
        self.0.written.template = renamed(&self.0.written.template, &id, &new);
        let resources = self.0.resources();
        let entries = std::mem::take(resources);
        for (key, value) in entries {
            let key = if key == id { new.clone() } else { key };
            resources.insert(key, value);
        }
        // What has a name of its own would meet itself.
        let resource = &self.0.written.template["Resources"][&new];
        let kind = kind_of(resource["Type"].as_str()?)?;
        for property in kind.properties {
            let is_there = self.0.written.template["Resources"][&new]["Properties"]
                .get(property.name)
                .is_some();
            if matches!(property.make, Make::Name(_)) && is_there {
                self.set(&new, property.name, property.make)?;
            }
        }
        Some(())
    }

    fn change_type(&mut self) -> Option<()> {
        let id = self.any_of("Resources")?;
        let body = &self.0.written.template;
        let is_used = body["Resources"]
            .as_object()?
            .values()
            .chain(
                body["Outputs"]
                    .as_object()
                    .into_iter()
                    .flat_map(Map::values),
            )
            .any(|entry| mentions(entry, &id));
        if is_used || body["Resources"][&id]["Type"] == "AWS::SNS::Topic" {
            return None;
        }
        self.0
            .resources()
            .insert(id, json!({"Type": "AWS::SNS::Topic"}));
        Some(())
    }

    fn depends_on(&mut self) -> Option<()> {
        let id = self.any_of("Resources")?;
        let other = self.0.any_resource(Some(&id));
        let resource = self.0.resources()[&id].as_object_mut()?;
        match (resource.get("DependsOn"), other) {
            (Some(Value::Array(items)), _) if items.len() == 1 => {
                // A lone name and a list of one are the same.
                let lone = items[0].clone();
                resource.insert("DependsOn".to_owned(), lone);
            }
            (Some(_), _) => {
                resource.shift_remove("DependsOn");
            }
            (None, Some(other)) => {
                resource.insert("DependsOn".to_owned(), json!(other));
            }
            (None, None) => return None,
        }
        Some(())
    }

    /// Sets an attribute of a resource, or takes it away.
    fn attribute(&mut self, id: &str, name: &str, value: Value) -> Option<()> {
        let takes_away = self.0.random.percent(25);
        let resource = self.0.resources()[id].as_object_mut()?;
        if takes_away && resource.contains_key(name) {
            resource.shift_remove(name);
        } else {
            resource.insert(name.to_owned(), value);
        }
        Some(())
    }

    fn conditional(&mut self) -> Option<()> {
        let id = self.any_of("Resources")?;
        let body = &self.0.written.template;
        let has_condition = body["Resources"][&id].get("Condition").is_some();
        if has_condition {
            let resource = self.0.resources()[&id].as_object_mut()?;
            resource.shift_remove("Condition");
            return Some(());
        }
        // Nothing may refer to what may not be there.
        let is_used = body["Resources"]
            .as_object()?
            .values()
            .chain(
                body["Outputs"]
                    .as_object()
                    .into_iter()
                    .flat_map(Map::values),
            )
            .any(|entry| mentions(entry, &id));
        let is_alone = body["Resources"]
            .as_object()?
            .values()
            .filter(|resource| resource.get("Condition").is_none())
            .count()
            == 1;
        if is_used || is_alone {
            return None;
        }
        let condition = self.0.condition();
        self.0.resources()[&id]["Condition"] = json!(condition);
        Some(())
    }

    fn change_output(&mut self) -> Option<()> {
        let name = self.any_of("Outputs")?;
        match self.0.random.below(4) {
            0 => {
                let text = format!("told {}", self.0.random.below(50));
                let value = self.0.text(&text);
                self.0.section("Outputs")[&name]["Value"] = value;
            }
            1 => {
                let text = format!("What {}", self.0.random.below(50));
                self.0.section("Outputs")[&name]["Description"] = json!(text);
            }
            2 => {
                let id = self.0.any_resource(None)?;
                let mention = self.0.mention(&id);
                self.0.section("Outputs")[&name]["Value"] = mention;
            }
            _ => {
                let condition = self.0.condition();
                self.0.section("Outputs")[&name]["Condition"] = json!(condition);
            }
        }
        Some(())
    }

    /// Another value for a parameter, of those that mean something.
    fn other_input(&mut self, name: &str) -> String {
        let given = self.0.written.parameters.get(name).cloned();
        let declared = self.0.written.template["Parameters"][name]["Default"].clone();
        let value = given.or_else(|| declared.as_str().map(str::to_owned));
        match value.as_deref() {
            Some("on") => "off".to_owned(),
            Some("off") => "on".to_owned(),
            Some("First") => "Second".to_owned(),
            Some("Second") => "First".to_owned(),
            Some(value) if value.starts_with("text") || value.starts_with("told") => {
                format!("text {}", self.0.random.below(50))
            }
            // Other texts are values of enumerations and the like: as they are.
            Some(value) => value.to_owned(),
            None => "on".to_owned(),
        }
    }

    fn each_scalar(&mut self) -> Option<()> {
        for id in self.0.names_of("Resources") {
            if let Some(properties) = self.0.resources()[&id].get_mut("Properties") {
                *properties = reformed(properties);
            }
        }
        Some(())
    }

    fn set_order(&mut self) -> Option<()> {
        for id in self.0.names_of("Resources") {
            for name in [
                "Tags",
                "ManagedPolicyArns",
                "CallbackURLs",
                "SecurityGroupIngress",
            ] {
                let list = self.0.resources()[&id].pointer_mut(&format!("/Properties/{name}"));
                if let Some(Value::Array(items)) = list {
                    items.reverse();
                }
            }
        }
        Some(())
    }

    fn policy_form(&mut self) -> Option<()> {
        for id in self.0.names_of("Resources") {
            for name in ["PolicyDocument", "KeyPolicy", "AssumeRolePolicyDocument"] {
                let place = format!("/Properties/{name}/Statement");
                if let Some(Value::Array(statements)) = self.0.resources()[&id].pointer_mut(&place)
                {
                    statements.reverse();
                    for statement in statements {
                        let action = &mut statement["Action"];
                        *action = match action.take() {
                            Value::Array(mut items) if items.len() > 1 => {
                                items.reverse();
                                items.into()
                            }
                            Value::Array(mut items) => items.pop().unwrap_or_default(),
                            lone => json!([lone]),
                        };
                    }
                }
            }
        }
        Some(())
    }
}

/// Whether an expression or a `DependsOn` names a resource.
pub(crate) fn mentions(value: &Value, id: &str) -> bool {
    match value {
        Value::Object(entries) => entries
            .iter()
            .any(|(key, value)| match (key.as_str(), value) {
                ("Ref" | "DependsOn", Value::String(name)) => name == id,
                ("DependsOn" | "Fn::GetAtt", Value::Array(items)) => {
                    items.iter().any(|item| item == id)
                }
                ("Fn::Sub", Value::String(text)) => {
                    text.contains(&format!("${{{id}}}")) || text.contains(&format!("${{{id}."))
                }
                (_, value) => mentions(value, id),
            }),
        Value::Array(items) => items.iter().any(|item| mentions(item, id)),
        _ => false,
    }
}

/// A template with another name for a resource wherever it is mentioned.
fn renamed(value: &Value, id: &str, new: &str) -> Value {
    match value {
        Value::Object(entries) => {
            let entry = |(key, value): (&String, &Value)| {
                let value = match (key.as_str(), value) {
                    ("Ref" | "DependsOn", Value::String(name)) if name == id => json!(new),
                    ("DependsOn" | "Fn::GetAtt", Value::Array(items)) => items
                        .iter()
                        .map(|item| if item == id { json!(new) } else { item.clone() })
                        .collect(),
                    ("Fn::Sub", Value::String(text)) => json!(
                        text.replace(&format!("${{{id}}}"), &format!("${{{new}}}"))
                            .replace(&format!("${{{id}."), &format!("${{{new}."))
                    ),
                    (_, value) => renamed(value, id, new),
                };
                (key.clone(), value)
            };
            Value::Object(entries.iter().map(entry).collect())
        }
        Value::Array(items) => items.iter().map(|item| renamed(item, id, new)).collect(),
        other => other.clone(),
    }
}

/// Numbers and truth values as texts, and the other way round.
fn reformed(value: &Value) -> Value {
    match value {
        Value::Object(entries)
            if entries
                .keys()
                .any(|key| key == "Ref" || key.starts_with("Fn::")) =>
        {
            value.clone()
        }
        Value::Object(entries) => {
            let entry = |(key, value): (&String, &Value)| (key.clone(), reformed(value));
            Value::Object(entries.iter().map(entry).collect())
        }
        Value::Array(items) => items.iter().map(reformed).collect(),
        Value::Number(number) => json!(number.to_string()),
        Value::Bool(flag) => json!(flag.to_string()),
        other => other.clone(),
    }
}

/// A value with the keys of every object turned round.
fn turned(value: &Value) -> Value {
    match value {
        Value::Object(entries) => {
            let entry = |(key, value): (&String, &Value)| (key.clone(), turned(value));
            Value::Object(entries.iter().rev().map(entry).collect())
        }
        Value::Array(items) => items.iter().map(turned).collect(),
        other => other.clone(),
    }
}
