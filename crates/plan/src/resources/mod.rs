//! What changes among resources: each by itself, then, through references, what follows from that.

mod align;
mod attributes;
mod consequence;
mod fate;
mod properties;
mod rename;

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};

use assembly::ResourceOrigin;
use indexmap::IndexMap;
use serde_json::Value;

pub(crate) use consequence::Consequences;
pub(crate) use fate::{Fate, Fates};

use crate::{
    Action, AttributeChange, Cause, Change, Facts, Impact, OldCopy, OutputName, PropertyChange,
    Reason, Resource,
    inputs::Inputs,
    meaning::{Place, Side, member},
    uses::Use,
};
use properties::Properties;

/// What the resources of two templates are compared with the help of.
pub(crate) struct Comparison<'a> {
    pub(crate) old: &'a Side<'a>,
    pub(crate) new: &'a Side<'a>,
    pub(crate) facts: &'a dyn Facts,
    pub(crate) inputs: &'a Inputs<'a>,
    /// Whether the same text means the same in both.
    pub(crate) is_alike: bool,
    /// Logical ids of the resources that stand in both templates as they are.
    pub(crate) unchanged: &'a HashSet<&'a str>,
    /// Whether parameters may have any value, and nobody else will tell what replaces.
    pub(crate) is_open: bool,
    /// Outputs of other stacks whose values are not settled yet.
    pub(crate) unsettled: &'a BTreeSet<OutputName>,
    pub(crate) origins: &'a IndexMap<String, ResourceOrigin>,
}

/// What changes among resources.
pub(crate) struct Resources<'a> {
    pub(crate) changes: Vec<Change>,
    /// Logical ids of those that differ in form only.
    pub(crate) equivalent: Vec<String>,
    pub(crate) fates: Fates<'a>,
}

/// One resource as far as it exists before and after.
#[derive(Clone, Copy)]
struct Pair<'a> {
    /// In the new template, or in the old one where the new one has none.
    logical_id: &'a str,
    before: Option<Resource<'a>>,
    after: Option<Resource<'a>>,
    /// Whether both templates have it, or the one that has it has it under a condition that does not hold.
    is_in_both: bool,
}

/// How a resource differs that exists before and after.
#[derive(Default)]
struct Difference {
    properties: Vec<PropertyChange>,
    attributes: Vec<AttributeChange>,
    is_type_changed: bool,
}

impl<'a> Comparison<'a> {
    /// What changes, once everything has followed from everything.
    pub(crate) fn resources(&self) -> Resources<'a> {
        let pairs = self.pairs();
        let (mut differences, fates) = self.differences(&pairs);
        let mut changes = Vec::new();
        let mut equivalent = Vec::new();
        for pair in &pairs {
            let difference = differences.remove(pair.logical_id);
            match self.change(pair, difference) {
                Some(change) => changes.push(change),
                None if self.differs_in_text(pair) => equivalent.push(pair.logical_id.to_owned()),
                None => {}
            }
        }
        rename::suggest(&mut changes, self.old, self.new, self.facts);
        Resources {
            changes,
            equivalent,
            fates,
        }
    }

    /// Every resource of both templates: those of the new one in its order, then those it no longer has.
    fn pairs(&self) -> Vec<Pair<'a>> {
        let (old, new) = (self.old.resources(), self.new.resources());
        let of = |side: &Side<'a>, resource: Option<&Resource<'a>>| {
            let resource = resource.copied();
            resource.filter(|resource| side.has(*resource) != Some(false))
        };
        let mut pairs: Vec<Pair<'a>> = new
            .iter()
            .map(|(logical_id, resource)| {
                let before = old.get(logical_id);
                Pair {
                    logical_id,
                    before: of(self.old, before),
                    after: of(self.new, Some(resource)),
                    is_in_both: before.is_some(),
                }
            })
            .collect();
        let gone = old
            .iter()
            .filter(|(logical_id, _)| !new.contains_key(*logical_id));
        pairs.extend(gone.map(|(logical_id, resource)| Pair {
            logical_id,
            before: of(self.old, Some(resource)),
            after: None,
            is_in_both: false,
        }));
        pairs
    }

    /// How the resources differ that exist before and after.
    fn differences(&self, pairs: &[Pair<'a>]) -> (HashMap<&'a str, Difference>, Fates<'a>) {
        let kept: HashMap<&str, (Resource<'a>, Resource<'a>)> = pairs
            .iter()
            .filter_map(|pair| Some((pair.logical_id, (pair.before?, pair.after?))))
            .collect();
        let mut differences = HashMap::new();
        let mut consequences = HashMap::new();
        let mut fates = Fates::new(self.facts, self.unsettled);
        let mut followers = None;
        let mut queue: VecDeque<&'a str> = pairs
            .iter()
            .filter(|pair| {
                let after = kept.get(pair.logical_id).map(|(_, after)| *after);
                after.is_some_and(|after| {
                    !self.unchanged.contains(pair.logical_id) || self.reads_a_change(after)
                })
            })
            .map(|pair| pair.logical_id)
            .collect();
        let mut queued: HashSet<&str> = queue.iter().copied().collect();
        // Every round makes a fate graver or longer, and both end.
        while let Some(logical_id) = queue.pop_front() {
            queued.remove(logical_id);
            let (before, after) = kept[logical_id];
            let (before, after) = (before.value(), after.value());
            let type_name = type_name(after);
            let consequences = consequences
                .entry(type_name)
                .or_insert_with(|| Consequences::of(type_name, self.facts));
            let difference = self.difference(before, after, consequences, &fates);
            let news = difference
                .fate(after)
                .is_some_and(|fate| fates.note(logical_id, fate));
            differences.insert(logical_id, difference);
            if news {
                let followers = followers.get_or_insert_with(|| followers_of(pairs));
                for follower in followers.get(logical_id).into_iter().flatten() {
                    if queued.insert(follower) {
                        queue.push_back(follower);
                    }
                }
            }
        }
        (differences, fates)
    }

    fn difference(
        &self,
        before: &Value,
        after: &Value,
        consequences: &Consequences,
        fates: &Fates<'_>,
    ) -> Difference {
        let type_name = type_name(after);
        let is_type_changed = self::type_name(before) != type_name;
        let properties = Properties {
            old: self.old,
            new: self.new,
            inputs: self.inputs,
            is_alike: self.is_alike,
            fates,
            consequences,
            is_open: self.is_open,
        };
        Difference {
            properties: properties.compare(
                before.get("Properties"),
                after.get("Properties"),
                &Place::properties(self.facts, type_name),
            ),
            attributes: attributes::compare(before, after, self.old, self.new, self.facts),
            is_type_changed,
        }
    }

    /// Whether a resource reads something beside other resources that changes.
    fn reads_a_change(&self, resource: Resource<'_>) -> bool {
        let read = resource.read();
        let mut reads = read.is_some_and(|read| attributes::may_come_or_go(read, self.new));
        if !(self.inputs.is_empty() && self.unsettled.is_empty()) {
            let outputs = Fates::new(self.facts, self.unsettled);
            resource.uses(&mut |found| {
                reads |= self.inputs.reach(&found) || outputs.reach(&found);
            });
        }
        reads
    }

    fn differs_in_text(&self, pair: &Pair<'_>) -> bool {
        // Under a condition that does not hold, whatever the text says nothing is deployed.
        pair.before.is_some() == pair.after.is_some() && !self.unchanged.contains(pair.logical_id)
    }

    fn change(&self, pair: &Pair<'_>, difference: Option<Difference>) -> Option<Change> {
        let resource = pair.after.or(pair.before)?;
        if difference.is_none() && pair.before.is_some() && pair.after.is_some() {
            return None;
        }
        let [before, after] = [pair.before, pair.after].map(|one| one.map(Resource::value));
        let resource = resource.value();
        let origin = self.origins.get(pair.logical_id);
        let type_name = type_name(resource);
        let change = Change {
            // Where the type changes, what the old one held is at stake.
            stateful: [before, after]
                .into_iter()
                .flatten()
                .any(|resource| self.facts.is_stateful(self::type_name(resource))),
            source: origin.map(|origin| origin.source.clone()),
            path: origin.map(|origin| origin.path.clone()),
            ..Change::new(
                pair.logical_id,
                type_name,
                Action::Update,
                Reason::PropertyChanged,
            )
        };
        match (before, after) {
            (Some(before), Some(after)) => kept(change, before, after, difference),
            (Some(before), None) => Some(gone(change, before, pair)),
            (None, _) => Some(self.created(change, resource, pair)),
        }
    }

    fn created(&self, change: Change, resource: &Value, pair: &Pair<'_>) -> Change {
        let settled = BTreeSet::new();
        let nothing = Fates::new(self.facts, &settled);
        let consequences = Consequences::of(type_name(resource), self.facts);
        let difference = self.difference(&Value::Null, resource, &consequences, &nothing);
        Change {
            action: Action::Create,
            reason: if pair.is_in_both {
                Reason::ConditionMet
            } else {
                Reason::Added
            },
            properties: difference
                .properties
                .into_iter()
                .map(|property| PropertyChange {
                    impact: Impact::InPlace,
                    ..property
                })
                .collect(),
            attributes: difference.attributes,
            ..change
        }
    }
}

impl Difference {
    /// What becomes of the resource, as far as it concerns those that refer to it.
    fn fate<'a>(&self, resource: &'a Value) -> Option<Fate<'a>> {
        (self.is_type_changed || !self.properties.is_empty()).then(|| Fate {
            impact: self.impact(),
            properties: self
                .properties
                .iter()
                .map(|property| property.path.clone())
                .collect(),
            resource,
        })
    }

    fn impact(&self) -> Impact {
        if self.is_type_changed {
            return Impact::Replace;
        }
        let impacts = self.properties.iter().map(|property| property.impact);
        impacts.max().unwrap_or(Impact::InPlace)
    }

    /// Why, told by the gravest of the properties.
    fn reason(&self) -> Reason {
        if self.is_type_changed {
            return Reason::TypeChanged;
        }
        let impact = self.impact();
        let gravest = self
            .properties
            .iter()
            .filter(|property| property.impact == impact);
        let reasons = gravest.map(property_reason);
        let order = [
            Reason::PropertyChanged,
            Reason::InputChanged,
            Reason::ReferenceReplaced,
            Reason::ReferenceChanged,
        ];
        let rank = |reason: &Reason| order.iter().position(|other| other == reason);
        let is_metadata = |attribute: &AttributeChange| attribute.name == "Metadata";
        reasons.min_by_key(rank).unwrap_or_else(|| {
            if self.attributes.iter().all(is_metadata) {
                Reason::MetadataChanged
            } else {
                Reason::AttributeChanged
            }
        })
    }
}

fn property_reason(property: &PropertyChange) -> Reason {
    let by_input = |cause: &Cause| {
        matches!(
            cause,
            Cause::Parameter { .. } | Cause::Mapping { .. } | Cause::Condition { .. }
        )
    };
    let by_update = |cause: &Cause| matches!(cause, Cause::Updated { .. } | Cause::Output { .. });
    if property.causes.is_empty() || (property.before != property.after && !property.dynamic) {
        Reason::PropertyChanged
    } else if property.causes.iter().any(by_input) {
        Reason::InputChanged
    } else if property.causes.iter().all(by_update) {
        Reason::ReferenceChanged
    } else {
        Reason::ReferenceReplaced
    }
}

fn kept(
    change: Change,
    before: &Value,
    after: &Value,
    difference: Option<Difference>,
) -> Option<Change> {
    let difference = difference.unwrap_or_default();
    let is_same = difference.properties.is_empty()
        && !difference.attributes.iter().any(attributes::is_seen)
        && !difference.is_type_changed;
    if is_same {
        return None;
    }
    let action = match difference.impact() {
        Impact::InPlace => Action::Update,
        Impact::MayReplace => Action::MayReplace,
        Impact::Replace => Action::Replace,
    };
    Some(Change {
        action,
        reason: difference.reason(),
        previous_type: difference
            .is_type_changed
            .then(|| type_name(before).to_owned()),
        old_copy: (action != Action::Update).then(|| replacement_policy(after)),
        properties: difference.properties,
        attributes: difference.attributes,
        ..change
    })
}

fn gone(change: Change, resource: &Value, pair: &Pair<'_>) -> Change {
    let old_copy = deletion_policy(resource);
    let is_kept = old_copy == OldCopy::Retained;
    Change {
        action: if is_kept {
            Action::Orphan
        } else {
            Action::Delete
        },
        reason: match (pair.is_in_both, is_kept) {
            (true, _) => Reason::ConditionUnmet,
            (false, true) => Reason::Retained,
            (false, false) => Reason::Removed,
        },
        old_copy: Some(old_copy),
        ..change
    }
}

/// Which resources refer to which, by the logical id of the one that is referred to.
fn followers_of<'a>(pairs: &[Pair<'a>]) -> HashMap<&'a str, Vec<&'a str>> {
    let mut followers: HashMap<&str, Vec<&str>> = HashMap::with_capacity(pairs.len());
    for pair in pairs {
        let Some(kept) = pair.before.and(pair.after) else {
            continue;
        };
        kept.uses(&mut |found| {
            if let Use::Reference(target) | Use::Attribute(target) = found {
                let all = followers.entry(target).or_default();
                if all.last() != Some(&pair.logical_id) {
                    all.push(pair.logical_id);
                }
            }
        });
    }
    followers
}

pub(crate) fn type_name(resource: &Value) -> &str {
    let type_name = resource
        .as_object()
        .and_then(|resource| member(resource, "Type"));
    type_name.and_then(Value::as_str).unwrap_or_default()
}

/// What becomes of a resource that the template no longer has. Its policy in the old template decides.
fn deletion_policy(resource: &Value) -> OldCopy {
    match resource.get("DeletionPolicy").and_then(Value::as_str) {
        Some("Retain" | "RetainExceptOnCreate") => OldCopy::Retained,
        Some("Snapshot") => OldCopy::Snapshot,
        Some(_) => OldCopy::Deleted,
        // https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-attribute-deletionpolicy.html
        None => match type_name(resource) {
            "AWS::RDS::DBCluster" => OldCopy::Snapshot,
            "AWS::RDS::DBInstance" if resource["Properties"]["DBClusterIdentifier"].is_null() => {
                OldCopy::Snapshot
            }
            _ => OldCopy::Deleted,
        },
    }
}

/// What becomes of the old resource when it is replaced. The policy in the new template decides.
fn replacement_policy(resource: &Value) -> OldCopy {
    match resource.get("UpdateReplacePolicy").and_then(Value::as_str) {
        Some("Retain") => OldCopy::Retained,
        Some("Snapshot") => OldCopy::Snapshot,
        _ => OldCopy::Deleted,
    }
}
