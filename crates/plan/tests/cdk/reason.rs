//! Why the two may say different things of a resource. Each reason is looked for in the templates, never assumed.

use std::{collections::BTreeSet, fmt};

use plan::{Action, Cause, Change, EntryChange, Facts, Impact, PropertyChange, SchemaFacts};
use serde_json::{Map, Value, json};

use super::{Pair, library::ResourceDifference};

/// What there is no reason for.
pub(super) const UNEXPLAINED: &str = "unexplained";

/// What the two say of one resource.
pub(super) struct Comparison<'a> {
    pub(super) pair: &'a Pair,
    pub(super) logical_id: &'a str,
    pub(super) ours: Option<&'a Change>,
    pub(super) theirs: Option<&'a ResourceDifference>,
    /// Types and properties of which the two know different facts, `AWS::S3::Bucket ObjectLockEnabled`.
    pub(super) disputed: &'a BTreeSet<String>,
}

/// What one side says of a property or of a whole resource, from harmless to grave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Verdict {
    Nothing,
    /// It differs, and what that causes is not known.
    Unknown,
    Update,
    MayReplace,
    Replace,
    Create,
    Orphan,
    Destroy,
}

impl Verdict {
    pub(super) fn ours(change: Option<&Change>) -> Self {
        match change.map(|change| change.action) {
            None | Some(Action::Move) => Self::Nothing,
            Some(Action::Update) => Self::Update,
            Some(Action::MayReplace) => Self::MayReplace,
            Some(Action::Replace) => Self::Replace,
            Some(Action::Create | Action::Import) => Self::Create,
            Some(Action::Orphan) => Self::Orphan,
            Some(Action::Delete) => Self::Destroy,
        }
    }

    pub(super) fn theirs(difference: Option<&ResourceDifference>) -> Self {
        difference.map_or(Self::Nothing, |difference| Self::named(&difference.impact))
    }

    fn named(impact: &str) -> Self {
        match impact {
            "NO_CHANGE" => Self::Unknown,
            "WILL_UPDATE" => Self::Update,
            "MAY_REPLACE" => Self::MayReplace,
            "WILL_REPLACE" => Self::Replace,
            "WILL_CREATE" => Self::Create,
            "WILL_ORPHAN" => Self::Orphan,
            "WILL_DESTROY" => Self::Destroy,
            other => panic!("the library says `{other}`"),
        }
    }
}

impl From<Impact> for Verdict {
    fn from(impact: Impact) -> Self {
        match impact {
            Impact::InPlace => Self::Update,
            Impact::MayReplace => Self::MayReplace,
            Impact::Replace => Self::Replace,
        }
    }
}

impl Comparison<'_> {
    /// Whether they say the same: of the resource, and where it stays, of each of its properties and attributes.
    pub(super) fn is_agreement(&self) -> bool {
        let (ours, theirs) = (Verdict::ours(self.ours), Verdict::theirs(self.theirs));
        let stays = matches!(
            ours,
            Verdict::Update | Verdict::MayReplace | Verdict::Replace
        );
        ours == theirs
            && (!stays
                || (self.attributes().is_empty()
                    && self
                        .properties()
                        .iter()
                        .all(|name| self.our_verdict(name) == self.their_verdict(name))))
    }

    /// The attributes that only one of the two says change.
    fn attributes(&self) -> BTreeSet<&str> {
        let ours = self.ours.into_iter().flat_map(|change| &change.attributes);
        let ours: BTreeSet<&str> = ours.map(|attribute| attribute.name.as_str()).collect();
        let theirs = self
            .theirs
            .into_iter()
            .flat_map(|difference| &difference.attributes);
        let theirs: BTreeSet<&str> = theirs.map(String::as_str).collect();
        ours.symmetric_difference(&theirs).copied().collect()
    }

    /// Every reason that is needed to explain it; one that has no name is a disagreement that is not explained.
    pub(super) fn reasons(&self) -> BTreeSet<&'static str> {
        if self.is_conditional() {
            return BTreeSet::from(["condition"]);
        }
        let sides = [&self.pair.before, &self.pair.after];
        if sides
            .iter()
            .any(|side| is_expression(&self.resource(side)["Properties"]))
        {
            return BTreeSet::from(["properties that are one expression"]);
        }
        let mut reasons = BTreeSet::new();
        for name in self.properties() {
            let (ours, theirs) = (self.our_verdict(&name), self.their_verdict(&name));
            if ours != theirs {
                reasons.insert(self.reason(&name, ours, theirs));
            }
        }
        let attributes = self.attributes();
        if self.ours.is_none() && attributes.iter().eq(["DependsOn"].iter()) {
            reasons.insert("dependencies alone");
        } else if reasons.is_empty() || !attributes.is_empty() {
            reasons.insert(UNEXPLAINED);
        }
        reasons
    }

    /// The top-level properties that either says change.
    fn properties(&self) -> BTreeSet<String> {
        let ours = self.ours.into_iter().flat_map(|change| &change.properties);
        let theirs = self
            .theirs
            .into_iter()
            .flat_map(|difference| difference.properties.keys());
        ours.map(|property| property.path.first().cloned().unwrap_or_default())
            .chain(theirs.cloned())
            .collect()
    }

    fn our_changes(&self, name: &str) -> impl Iterator<Item = &PropertyChange> {
        let changes = self.ours.into_iter().flat_map(|change| &change.properties);
        changes.filter(move |property| property.path.first().map_or("", String::as_str) == name)
    }

    fn our_verdict(&self, name: &str) -> Verdict {
        let impacts = self
            .our_changes(name)
            .map(|property| property.impact.into());
        impacts.max().unwrap_or(Verdict::Nothing)
    }

    fn their_verdict(&self, name: &str) -> Verdict {
        let impact = self.theirs.and_then(|theirs| theirs.properties.get(name));
        impact.map_or(Verdict::Nothing, |impact| Verdict::named(impact))
    }

    fn resource<'t>(&self, template: &'t Value) -> &'t Value {
        &template["Resources"][self.logical_id]
    }

    fn type_name(&self) -> &str {
        self.resource(&self.pair.after)["Type"]
            .as_str()
            .unwrap_or_default()
    }

    /// Whether a condition decides about the existence of the resource.
    fn is_conditional(&self) -> bool {
        let sides = [&self.pair.before, &self.pair.after];
        let is_conditional = sides
            .iter()
            .any(|side| self.resource(side)["Condition"].is_string());
        is_conditional
            && self.ours.is_none_or(|change| {
                matches!(
                    change.action,
                    Action::Create | Action::Delete | Action::Orphan
                ) || change
                    .attributes
                    .iter()
                    .any(|attribute| attribute.name == "Condition")
            })
    }

    fn reason(&self, name: &str, ours: Verdict, theirs: Verdict) -> &'static str {
        let property = |template| {
            let resource: &Value = self.resource(template);
            resource["Properties"]
                .get(name)
                .cloned()
                .unwrap_or_default()
        };
        let (before, after) = (property(&self.pair.before), property(&self.pair.after));
        let by = |wanted: fn(&Cause) -> bool| {
            self.our_changes(name)
                .any(|change| change.causes.iter().any(wanted))
        };
        let is_input = |cause: &Cause| {
            matches!(
                cause,
                Cause::Parameter { .. } | Cause::Mapping { .. } | Cause::Condition { .. }
            )
        };
        if before == after && ours == Verdict::Nothing {
            return "follows a replacement that is none";
        }
        if before == after {
            if theirs == Verdict::Nothing && (by(is_input) || self.pair.changes_inputs()) {
                return "input";
            }
            return match (ours, theirs) {
                (Verdict::Update, Verdict::Nothing) => "update that follows",
                (_, Verdict::Nothing) if !SchemaFacts.is_known(self.type_name()) => "unknown type",
                (_, Verdict::Nothing) => "replacement that follows",
                _ if self.is_disputed(name) => "fact",
                _ => "follows, yet may be the same",
            };
        }
        if !SchemaFacts.is_known(self.type_name()) && ours == Verdict::MayReplace {
            return "unknown type";
        }
        if self.is_disputed(name) {
            return "fact";
        }
        let is_open = [(&self.pair.before, &before), (&self.pair.after, &after)]
            .iter()
            .any(|(template, value)| reads_the_unknown(template, value));
        if (ours, theirs) == (Verdict::MayReplace, Verdict::Replace) && is_open {
            return "value that may be the same";
        }
        if ours == Verdict::Nothing {
            return form(&before, &after).unwrap_or(UNEXPLAINED);
        }
        if theirs == Verdict::Unknown {
            return "property that the library does not know";
        }
        if theirs == Verdict::Nothing && is_alike_by_number(&before, &after) {
            return "texts that JavaScript reads as one number";
        }
        if theirs == Verdict::Nothing && loose(&before) == loose(&after) {
            return "types within a document";
        }
        UNEXPLAINED
    }

    fn is_disputed(&self, name: &str) -> bool {
        self.disputed
            .contains(&format!("{} {name}", self.type_name()))
    }
}

impl fmt::Display for Comparison<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            formatter,
            "{} with a {}: {} {} is {:?} to us, {:?} to the library",
            self.pair.sample,
            self.pair.mutation,
            self.type_name(),
            self.logical_id,
            Verdict::ours(self.ours),
            Verdict::theirs(self.theirs),
        )?;
        writeln!(formatter, "    {:?}", self.attributes())?;
        for name in self.properties() {
            let (ours, theirs) = (self.our_verdict(&name), self.their_verdict(&name));
            writeln!(formatter, "    {name}: {ours:?}, {theirs:?}")?;
        }
        Ok(())
    }
}

/// Why one side says that something beside resources changes and the other does not.
pub(super) fn of_entry(
    pair: &Pair,
    section: &str,
    name: &str,
    ours: &[EntryChange],
) -> &'static str {
    let (before, after) = (&pair.before[section][name], &pair.after[section][name]);
    let change = ours.iter().find(|change| change.name == name);
    match change {
        Some(change) if before == after && !change.causes.is_empty() => "output that follows",
        Some(change) if before == after && change.before_value != change.after_value => "input",
        Some(_) if before == after && pair.changes_inputs() => "input",
        None if before["Condition"].is_string() || after["Condition"].is_string() => "condition",
        None => form(before, after).unwrap_or(UNEXPLAINED),
        Some(_) => UNEXPLAINED,
    }
}

/// Which difference of form makes two values one.
fn form(before: &Value, after: &Value) -> Option<&'static str> {
    type Step = fn(&Value) -> Value;
    let steps: [(&str, Step); 4] = [
        ("expression of another form", expressions),
        ("list in another order", sorted),
        ("policy of another form", policies),
        ("value that is not given", without_nothing),
    ];
    let alone = steps
        .iter()
        .find(|(_, step)| loose(&step(before)) == loose(&step(after)));
    alone.map(|(name, _)| *name).or_else(|| {
        let all = |value: &Value| {
            steps
                .iter()
                .fold(value.clone(), |value, (_, step)| step(&value))
        };
        (loose(&all(before)) == loose(&all(after))).then_some("several forms")
    })
}

/// Whether a value reads a parameter, or what only AWS knows, or chooses by a condition.
fn reads_the_unknown(template: &Value, value: &Value) -> bool {
    let parameters = template["Parameters"].as_object();
    let is_unknown = |name: &str| {
        name.starts_with("AWS::")
            || parameters.is_some_and(|parameters| parameters.contains_key(name))
    };
    match value {
        Value::Array(items) => items.iter().any(|item| reads_the_unknown(template, item)),
        Value::Object(entries) => {
            entries.contains_key("Fn::If")
                || value["Ref"].as_str().is_some_and(is_unknown)
                || entries
                    .values()
                    .any(|entry| reads_the_unknown(template, entry))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

fn is_expression(value: &Value) -> bool {
    value.as_object().is_some_and(|entries| {
        let mut names = entries.keys();
        names.any(|name| name == "Ref" || name.starts_with("Fn::"))
    })
}

fn map(value: &Value, change: &impl Fn(Value) -> Value) -> Value {
    change(match value {
        Value::Array(items) => items.iter().map(|item| map(item, change)).collect(),
        Value::Object(entries) => {
            let entries = entries.iter();
            Value::Object(
                entries
                    .map(|(key, value)| (key.clone(), map(value, change)))
                    .collect(),
            )
        }
        scalar => scalar.clone(),
    })
}

/// Scalars by their text, members by their names.
fn loose(value: &Value) -> Value {
    map(value, &|value| match value {
        Value::Bool(_) | Value::Number(_) => json!(value.to_string()),
        Value::Object(entries) => {
            let mut entries: Vec<(String, Value)> = entries.into_iter().collect();
            entries.sort_by(|left, right| left.0.cmp(&right.0));
            Value::Object(entries.into_iter().collect::<Map<_, _>>())
        }
        other => other,
    })
}

fn expressions(value: &Value) -> Value {
    map(value, &|value| {
        if let Some(name) = value["Ref"].as_str() {
            return json!({"Fn::Sub": format!("${{{name}}}")});
        }
        match value.get("Fn::GetAtt").and_then(Value::as_array) {
            Some(items) if items.iter().all(Value::is_string) => {
                let names: Vec<&str> = items.iter().filter_map(Value::as_str).collect();
                json!({"Fn::GetAtt": names.join(".")})
            }
            _ => value,
        }
    })
}

fn sorted(value: &Value) -> Value {
    map(&loose(value), &|value| match value {
        Value::Array(mut items) => {
            items.sort_by_key(Value::to_string);
            Value::Array(items)
        }
        other => other,
    })
}

fn policies(value: &Value) -> Value {
    map(&loose(value), &|value| match value {
        Value::Array(mut items) => {
            items.sort_by_key(Value::to_string);
            items.dedup();
            if items.len() == 1 {
                items.remove(0)
            } else {
                Value::Array(items)
            }
        }
        Value::String(text) if text.contains(':') => json!(text.to_ascii_lowercase()),
        other => other,
    })
}

fn without_nothing(value: &Value) -> Value {
    map(value, &|value| {
        if value["Ref"] == "AWS::NoValue" {
            Value::Null
        } else {
            value
        }
    })
}

/// Whether two values differ only in texts that JavaScript takes for the same number.
fn is_alike_by_number(before: &Value, after: &Value) -> bool {
    let numbers = |value: &Value| {
        map(value, &|value| {
            let number = match &value {
                Value::String(text) => text.trim().parse::<f64>().ok(),
                Value::Number(number) => number.as_f64(),
                _ => None,
            };
            number.map_or(value, |number| json!(number))
        })
    };
    numbers(before) == numbers(after)
}
