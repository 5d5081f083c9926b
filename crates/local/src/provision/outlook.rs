//! What an update would do: the changes of a change set.
//!
//! The new template is evaluated with the resources as they are; what is created or replaced is known only later, and
//! whatever reads it is said to change dynamically.

use std::{
    borrow::Cow,
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
};

use serde_json::{Map, Value};

use super::{
    apply::policy,
    difference::{Difference, differences, same},
    drift::{as_found, is_checked},
    nested::{is_stack, look_at},
    outputs,
    sight::{Seen, Sight, pseudo_of, scope},
};
use crate::{
    evaluate::{Document, Failure, Reference, Scope, check_rules, is_unknown, references},
    facts::{self, Recreation},
    state::{
        Change, ChangeDetail, Definition, DeletionPolicy, Deployed, DriftContext, DriftStatus,
        Resource, Resources, Stack, State,
    },
};

/// The attributes of a resource, beside its properties, whose change is a change.
const ATTRIBUTES: [&str; 5] = [
    "Metadata",
    "CreationPolicy",
    "UpdatePolicy",
    "DeletionPolicy",
    "UpdateReplacePolicy",
];

/// What is asked.
pub(crate) struct Question<'a> {
    pub(crate) state: &'a State,
    pub(crate) account: &'a str,
    pub(crate) stack: &'a Stack,
    pub(crate) resources: &'a Resources,
    pub(crate) document: &'a Document,
    pub(crate) definition: &'a Definition,
    /// Existing resources to take into the stack, by logical id.
    pub(crate) import: &'a BTreeMap<String, BTreeMap<String, String>>,
    /// Whether the update compares with what there is, not with what was deployed.
    pub(crate) revert_drift: bool,
}

impl Question<'_> {
    /// The properties that an update starts from; nothing where it starts from nothing.
    fn start<'d>(&self, live: &'d Deployed) -> Option<Cow<'d, Value>> {
        if self.revert_drift {
            as_found(live).map(Cow::Owned)
        } else {
            Some(Cow::Borrowed(&live.properties))
        }
    }
}

/// What an update would do.
#[derive(Debug)]
pub(crate) struct Outlook {
    pub(crate) changes: Vec<Change>,
    /// Whether outputs or tags of the stack change.
    pub(crate) stack_changes: bool,
    /// How many of the changes are of nested stacks to which nothing happens.
    idle: usize,
}

impl Outlook {
    pub(crate) fn is_empty(&self) -> bool {
        self.changes.is_empty() && !self.stack_changes
    }

    /// Whether nothing would happen; that a nested stack is looked at is nothing.
    pub(crate) fn is_without_effect(&self) -> bool {
        self.changes.len() == self.idle && !self.stack_changes
    }
}

/// What becomes of a resource.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    New,
    Replaced,
    Kept,
    /// A nested stack that changes, and with it what it tells.
    Updated,
}

/// Foresees what an update would do.
pub(crate) fn foresee(question: &Question<'_>) -> Result<Outlook, Failure> {
    let fates: RefCell<BTreeMap<String, Fate>> = RefCell::default();
    let see = |name: &str| match fates.borrow().get(name) {
        Some(Fate::New | Fate::Replaced) => Seen::Later,
        Some(Fate::Updated) => match live(question.resources, name) {
            Some(live) => Seen::Updating(live),
            None => Seen::Absent,
        },
        Some(Fate::Kept) => match live(question.resources, name) {
            Some(live) => Seen::Deployed(live),
            None => Seen::Absent,
        },
        None => Seen::Absent,
    };
    let sight = Sight {
        state: question.state,
        region: &question.stack.region,
        resource: &see,
    };
    let pseudo = pseudo_of(question.account, question.stack, question.definition);
    let scope = scope(question.document, question.definition, pseudo, &sight)?;
    check_rules(&scope)?;
    let wanted: Vec<&str> = question
        .document
        .resources()
        .filter(|(_, node)| scope.is_wanted(node))
        .map(|(name, _)| name)
        .collect();
    if wanted.is_empty() {
        return Err(Failure::new(
            "Template format error: At least one Resources member must be defined.",
        ));
    }
    refuse_other_types(question, &wanted)?;
    let mut changes = BTreeMap::new();
    let mut idle = 0;
    for name in in_order(question.document, &wanted) {
        let node = question.document.resource(name).unwrap_or(&Value::Null);
        let properties = scope.properties(node)?;
        let live = live(question.resources, name);
        let (fate, change) = match live.and_then(|live| Some((live, question.start(live)?))) {
            None => {
                let mut added = added(question, name, node, properties);
                added.drift = live.map(drift_context);
                (Fate::New, Some(added))
            }
            Some((live, start)) => {
                let view = View {
                    question,
                    scope: &scope,
                    fates: &fates.borrow(),
                    live,
                    start: &start,
                    node,
                };
                let (fate, change) = view.change(name, &properties);
                if is_stack(&live.resource_type) {
                    let seen = look_at(question, name, live, &properties, change);
                    idle += usize::from(seen.is_idle);
                    let fate = if seen.updates {
                        Fate::Updated
                    } else {
                        Fate::Kept
                    };
                    (fate, Some(seen.change))
                } else {
                    (fate, change)
                }
            }
        };
        fates.borrow_mut().insert(name.to_owned(), fate);
        changes.extend(change.map(|change| (name, change)));
    }
    let mut ordered: Vec<Change> = Vec::new();
    for (name, _) in question.document.resources() {
        ordered.extend(changes.remove(name));
    }
    let removed = question
        .resources
        .values()
        .filter(|resource| !wanted.contains(&resource.logical_id.as_str()));
    ordered.extend(removed.filter_map(|resource| removal(resource)));
    let outputs = outputs::preview(&scope)?;
    Ok(Outlook {
        changes: ordered,
        idle,
        stack_changes: outputs != question.stack.outputs
            || question.definition.tags != question.stack.definition.tags
            || question.definition.notification_arns != question.stack.definition.notification_arns,
    })
}

fn live<'a>(resources: &'a Resources, name: &str) -> Option<&'a Deployed> {
    resources.get(name)?.live.as_ref()
}

/// A logical id keeps its type for ever.
fn refuse_other_types(question: &Question<'_>, wanted: &[&str]) -> Result<(), Failure> {
    let other: Vec<&str> = wanted
        .iter()
        .copied()
        .filter(|name| {
            let declared = question
                .document
                .resource(name)
                .and_then(|node| node["Type"].as_str());
            live(question.resources, name)
                .is_some_and(|live| Some(live.resource_type.as_str()) != declared)
        })
        .collect();
    if other.is_empty() {
        return Ok(());
    }
    Err(Failure::new(format!(
        "Update of resource type is not permitted. The new template modifies resource type of the following resources: [{}]",
        other.join(", ")
    )))
}

/// The wanted resources, each behind all it depends on.
fn in_order<'a>(document: &'a Document, wanted: &[&'a str]) -> Vec<&'a str> {
    let names: BTreeSet<&str> = wanted.iter().copied().collect();
    let mut order = indexmap::IndexSet::new();
    for name in wanted {
        // The graph has no circle, so the way down ends.
        let mut way = vec![*name];
        while let Some(name) = way.last().copied() {
            let dependencies = document.dependencies(name).iter().map(String::as_str);
            let mut open =
                dependencies.filter(|other| names.contains(other) && !order.contains(other));
            match open.next() {
                Some(other) => way.push(other),
                None => {
                    order.insert(name);
                    way.pop();
                }
            }
        }
    }
    order.into_iter().collect()
}

fn added(question: &Question<'_>, name: &str, node: &Value, properties: Value) -> Change {
    let imported = question.import.get(name);
    Change {
        action: if imported.is_some() { "Import" } else { "Add" }.to_owned(),
        logical_id: name.to_owned(),
        physical_id: imported.and_then(|imported| imported.values().next_back().cloned()),
        resource_type: node["Type"].as_str().unwrap_or_default().to_owned(),
        replacement: None,
        policy_action: None,
        scope: Vec::new(),
        details: Vec::new(),
        before: None,
        after: Some(with_attributes(node, properties)),
        drift: None,
        change_set: None,
    }
}

fn removal(resource: &Resource) -> Option<Change> {
    let live = resource.live.as_ref()?;
    Some(Change {
        action: "Remove".to_owned(),
        logical_id: resource.logical_id.clone(),
        physical_id: Some(live.physical_id.clone()),
        resource_type: live.resource_type.clone(),
        replacement: None,
        policy_action: Some(policy_action(live.deletion_policy, "").to_owned()),
        scope: Vec::new(),
        details: Vec::new(),
        before: Some(with_attributes(&live.declared, live.properties.clone())),
        after: None,
        drift: None,
        change_set: None,
    })
}

/// The word for what becomes of the physical resource.
fn policy_action(policy: DeletionPolicy, replaced: &str) -> &'static str {
    match (policy, replaced.is_empty()) {
        (DeletionPolicy::Delete, true) => "Delete",
        (DeletionPolicy::Retain | DeletionPolicy::RetainExceptOnCreate, true) => "Retain",
        (DeletionPolicy::Snapshot, true) => "Snapshot",
        (DeletionPolicy::Delete, false) => "ReplaceAndDelete",
        (DeletionPolicy::Retain | DeletionPolicy::RetainExceptOnCreate, false) => {
            "ReplaceAndRetain"
        }
        (DeletionPolicy::Snapshot, false) => "ReplaceAndSnapshot",
    }
}

/// A resource as a change set shows it: evaluated properties and the other attributes.
fn with_attributes(node: &Value, properties: Value) -> Value {
    let mut shown = Map::new();
    shown.insert("Properties".to_owned(), properties);
    for name in ATTRIBUTES {
        if let Some(value) = node.get(name) {
            shown.insert(name.to_owned(), value.clone());
        }
    }
    Value::Object(shown)
}

/// A resource that exists, and what the template wants of it.
struct View<'a> {
    question: &'a Question<'a>,
    scope: &'a Scope<'a>,
    fates: &'a BTreeMap<String, Fate>,
    live: &'a Deployed,
    /// The properties that the update starts from.
    start: &'a Value,
    node: &'a Value,
}

impl View<'_> {
    fn change(&self, name: &str, properties: &Value) -> (Fate, Option<Change>) {
        let mut details: Vec<ChangeDetail> =
            differences(&self.live.resource_type, self.start, properties)
                .iter()
                .map(|difference| self.property_detail(difference))
                .collect();
        let mut scope = Vec::new();
        if !details.is_empty() {
            scope.push("Properties".to_owned());
        }
        for attribute in ATTRIBUTES {
            let before = self.live.declared.get(attribute);
            let after = self.node.get(attribute);
            let is_same = match attribute {
                // It may be anything, and it is kept as it is.
                "Metadata" => before == after,
                _ => same(before, after),
            };
            if !is_same {
                scope.push(attribute.to_owned());
                details.push(attribute_detail(attribute, before, after));
            }
        }
        if details.is_empty() {
            // The template says by now what something else has made of it.
            let is_known = same(Some(&self.live.properties), Some(self.start));
            return (Fate::Kept, (!is_known).then(|| self.sync(name)));
        }
        let recreates = |evaluation: &str| {
            details.iter().any(|detail| {
                detail.requires_recreation == "Always" && detail.evaluation == evaluation
            })
        };
        let may = details
            .iter()
            .any(|detail| detail.requires_recreation == "Conditionally");
        let (fate, replacement) = match (recreates("Static"), recreates("Dynamic"), may) {
            (true, _, _) => (Fate::Replaced, "True"),
            // Its identity depends on something that will be another, so whatever reads it changes as well.
            (false, true, _) => (Fate::Replaced, "Conditional"),
            (false, false, true) => (Fate::Kept, "Conditional"),
            (false, false, false) => (Fate::Kept, "False"),
        };
        let policy_action = (replacement != "False").then(|| {
            policy_action(policy(self.node, "UpdateReplacePolicy"), "replaced").to_owned()
        });
        let change = Change {
            action: "Modify".to_owned(),
            logical_id: name.to_owned(),
            physical_id: Some(self.live.physical_id.clone()),
            resource_type: self.live.resource_type.clone(),
            replacement: Some(replacement.to_owned()),
            policy_action,
            scope,
            details,
            before: Some(with_attributes(&self.live.declared, self.start.clone())),
            after: Some(with_attributes(self.node, properties.clone())),
            drift: self.question.revert_drift.then(|| drift_context(self.live)),
            change_set: None,
        };
        (fate, Some(change))
    }

    /// Nothing happens to the resource, and the stack takes note of what it is.
    fn sync(&self, name: &str) -> Change {
        Change {
            action: "SyncWithActual".to_owned(),
            logical_id: name.to_owned(),
            physical_id: Some(self.live.physical_id.clone()),
            resource_type: self.live.resource_type.clone(),
            replacement: None,
            policy_action: None,
            scope: Vec::new(),
            details: Vec::new(),
            before: None,
            after: None,
            drift: Some(drift_context(self.live)),
            change_set: None,
        }
    }

    /// What was deployed of a property and what there is, where these differ.
    fn drift(&self, path: &[String]) -> Option<(Option<String>, Option<String>)> {
        if !self.question.revert_drift {
            return None;
        }
        let at = |root: &'_ Value| -> Option<Value> {
            let mut value = root;
            for part in path {
                value = match value {
                    Value::Array(items) => items.get(part.parse::<usize>().ok()?)?,
                    other => other.get(part)?,
                };
            }
            Some(value.clone())
        };
        let (previous, actual) = (at(&self.live.properties), at(self.start));
        (!same(previous.as_ref(), actual.as_ref()))
            .then(|| (previous.as_ref().map(shown), actual.as_ref().map(shown)))
    }

    fn property_detail(&self, difference: &Difference<'_>) -> ChangeDetail {
        let path: Vec<&str> = difference.path.iter().map(String::as_str).collect();
        let recreation = facts::recreation(
            &self.live.resource_type,
            &path,
            difference.before,
            difference.after,
        );
        let top = path.first().copied().unwrap_or_default();
        let is_known = !difference.after.is_some_and(is_unknown);
        let (source, causing_entity) = self.cause(top);
        ChangeDetail {
            attribute: "Properties".to_owned(),
            name: Some(top.to_owned()),
            path: pointer("/Properties", &difference.path),
            requires_recreation: recreation.as_str().to_owned(),
            before: difference.before.map(shown),
            after: difference.after.map(shown),
            change_type: change_type(difference.before, difference.after).to_owned(),
            evaluation: if is_known { "Static" } else { "Dynamic" }.to_owned(),
            source: source.map(str::to_owned),
            causing_entity,
            drift: self.drift(&difference.path),
        }
    }

    /// Why a property changes: the template itself, a parameter, another resource.
    fn cause(&self, property: &str) -> (Option<&'static str>, Option<String>) {
        let before = self
            .live
            .declared
            .get("Properties")
            .and_then(|all| all.get(property));
        let after = self
            .node
            .get("Properties")
            .and_then(|all| all.get(property));
        if before != after {
            return (Some("DirectModification"), None);
        }
        let Some(after) = after else {
            return (None, None);
        };
        for Reference { name, attribute } in references(after) {
            let now = self.scope.parameters.get(&name);
            if now.is_some()
                && self.question.definition.parameters.get(&name)
                    != self.question.stack.definition.parameters.get(&name)
            {
                return (Some("ParameterReference"), Some(name));
            }
            if matches!(self.fates.get(&name), Some(Fate::New | Fate::Replaced)) {
                return match attribute {
                    Some(attribute) => (
                        Some("ResourceAttribute"),
                        Some(format!("{name}.{attribute}")),
                    ),
                    None => (Some("ResourceReference"), Some(name)),
                };
            }
        }
        // A condition or mapping of the template that chose otherwise, or something outside of it.
        (Some("DirectModification"), None)
    }
}

/// What is said of the drift of a resource.
fn drift_context(live: &Deployed) -> DriftContext {
    let status = match as_found(live) {
        None => DriftStatus::Deleted,
        found if same(found.as_ref(), Some(&live.properties)) => DriftStatus::InSync,
        Some(_) => DriftStatus::Modified,
    };
    let write_only = facts::of(&live.resource_type)
        .into_iter()
        .flat_map(|facts| &facts.write_only);
    let given = write_only.filter(|path| {
        let segments = path.segments().iter();
        let mut way = segments.clone();
        way.try_fold(&live.properties, |value, part| value.get(part))
            .is_some()
    });
    DriftContext {
        status: is_checked(&live.resource_type).then_some(status),
        previous: live.properties.clone(),
        ignored: given
            .map(|path| pointer("/Properties", path.segments()))
            .collect(),
    }
}

fn attribute_detail(
    attribute: &str,
    before: Option<&Value>,
    after: Option<&Value>,
) -> ChangeDetail {
    ChangeDetail {
        attribute: attribute.to_owned(),
        name: None,
        path: format!("/{attribute}"),
        requires_recreation: Recreation::Never.as_str().to_owned(),
        before: before.map(shown),
        after: after.map(shown),
        change_type: change_type(before, after).to_owned(),
        evaluation: "Static".to_owned(),
        source: Some("DirectModification".to_owned()),
        causing_entity: None,
        drift: None,
    }
}

fn change_type(before: Option<&Value>, after: Option<&Value>) -> &'static str {
    match (before, after) {
        (None, _) => "Add",
        (_, None) => "Remove",
        _ => "Modify",
    }
}

fn shown(value: &Value) -> String {
    crate::evaluate::text_of(value).unwrap_or_else(|| value.to_string())
}

/// A JSON pointer.
fn pointer(root: &str, path: &[String]) -> String {
    path.iter().fold(root.to_owned(), |mut pointer, segment| {
        pointer.push('/');
        pointer.push_str(&segment.replace('~', "~0").replace('/', "~1"));
        pointer
    })
}
