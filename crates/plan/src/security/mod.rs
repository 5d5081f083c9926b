//! What changes in access: statements of policies and rules of security groups that come or go, and what each widens.

mod cover;
mod network;
mod pairs;
mod statement;

use std::collections::HashMap;

use serde_json::Value;

use crate::{
    Change, Edit, Facts, Security,
    meaning::{Mode, Place, Side},
    resources::type_name,
};

/// What changes in access between two templates, of which these resources change.
pub(crate) fn compare(
    old: &Side<'_>,
    new: &Side<'_>,
    changes: &[Change],
    facts: &dyn Facts,
) -> Security {
    let concerns_access = |change: &Change| {
        let moved_from = change
            .moved_from
            .as_deref()
            .and_then(|place| place.split_once('/'));
        let earlier = moved_from.map_or(change.logical_id.as_str(), |(_, id)| id);
        let find =
            |side: &Side<'_>, id: &str| side.section("Resources").get(id).is_some_and(tells_access);
        find(old, earlier) || find(new, &change.logical_id)
    };
    if !changes.iter().any(concerns_access) {
        return Security::default();
    }
    let (before, after) = (Access::of(old, facts), Access::of(new, facts));
    let mut iam = Vec::new();
    for (edit, statement) in difference(&before.statements, &after.statements) {
        let (widens, narrows) = match edit {
            Edit::Added => (
                cover::addition_widens(statement, &before.statements),
                cover::removal_widens(statement, &before.statements),
            ),
            Edit::Removed => (
                cover::removal_widens(statement, &after.statements),
                cover::addition_widens(statement, &after.statements),
            ),
        };
        iam.push(statement.change(edit, widens, narrows));
    }
    pairs::join_statements(&mut iam);
    let mut network = Vec::new();
    for (edit, rule) in difference(&before.rules, &after.rules) {
        let others = match edit {
            Edit::Added => &before.rules,
            Edit::Removed => &after.rules,
        };
        let is_new = !others.iter().any(|other| other.covers(rule));
        let (widens, narrows) = match edit {
            Edit::Added => (is_new, false),
            Edit::Removed => (false, is_new),
        };
        network.push(rule.change(edit, widens, narrows));
    }
    pairs::join_rules(&mut network);
    Security {
        widened: iam.iter().any(|change| change.widens)
            || network.iter().any(|change| change.widens),
        iam,
        network,
        settings: Vec::new(),
    }
}

/// All that a template says of access.
#[derive(Default)]
struct Access {
    statements: Vec<statement::Statement>,
    rules: Vec<network::Rule>,
}

impl Access {
    fn of(side: &Side<'_>, facts: &dyn Facts) -> Self {
        let place = Place::elsewhere(facts, Mode::Shown);
        let mut access = Self::default();
        for (logical_id, resource) in side.section("Resources") {
            if side.exists(resource) == Some(false) || !tells_access(resource) {
                continue;
            }
            let type_name = type_name(resource);
            let logical_id = side.renamed(logical_id);
            if let Some(properties) = resource.get("Properties")
                && let Some(properties) = side.shown(properties, &place)
            {
                statement::collect(type_name, logical_id, &properties, &mut access.statements);
                network::collect(type_name, logical_id, &properties, &mut access.rules);
            }
        }
        network::add_default_egress(side, &mut access.rules);
        access
    }
}

/// Whether a resource may say anything of access: by its type, or as a policy document stands in it.
fn tells_access(resource: &Value) -> bool {
    fn has_statement(value: &Value) -> bool {
        match value {
            Value::Array(items) => items.iter().any(has_statement),
            Value::Object(entries) => {
                entries.contains_key("Statement") || entries.values().any(has_statement)
            }
            Value::String(text) => statement::may_hold_document(text),
            Value::Null | Value::Bool(_) | Value::Number(_) => false,
        }
    }
    let type_name = type_name(resource);
    let by_type = [
        "AWS::IAM::",
        "AWS::SSO::",
        "AWS::EC2::SecurityGroup",
        "AWS::Lambda::Permission",
    ];
    by_type.iter().any(|start| type_name.starts_with(start))
        || resource.get("Properties").is_some_and(has_statement)
}

/// What has a text that tells it from others of its kind.
trait Keyed {
    fn key(&self) -> String;
}

/// What comes, in the order after, then what goes, in the order before. The same thing twice counts twice.
fn difference<'t, T: Keyed>(before: &'t [T], after: &'t [T]) -> Vec<(Edit, &'t T)> {
    let count = |all: &[T]| {
        let mut counts: HashMap<String, usize> = HashMap::new();
        for one in all {
            *counts.entry(one.key()).or_default() += 1;
        }
        counts
    };
    let rest = |all: &'t [T], mut known: HashMap<String, usize>, edit: Edit| {
        let mut rest = Vec::new();
        for one in all {
            match known.get_mut(&one.key()) {
                Some(count) if *count > 0 => *count -= 1,
                _ => rest.push((edit, one)),
            }
        }
        rest
    };
    let mut changes = rest(after, count(before), Edit::Added);
    changes.extend(rest(before, count(after), Edit::Removed));
    changes
}

/// A text with the expressions in it written as `${…}`.
fn text(value: &Value) -> String {
    match value {
        Value::Object(entries) => {
            match (entries.get("Fn::Join"), crate::meaning::intrinsic(entries)) {
                (Some(Value::Array(join)), _) if join.len() == 2 && join[0] == "" => {
                    let parts = join[1].as_array().into_iter().flatten();
                    parts.map(text).collect()
                }
                (_, Some(("Ref", Value::String(name)))) => format!("${{{name}}}"),
                _ => format!("${{{}}}", crate::render(value)),
            }
        }
        scalar => crate::meaning::text_of(scalar),
    }
}

/// The texts of a list, or of a lone value.
fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::Null => Vec::new(),
        Value::Array(items) => items.iter().map(text).collect(),
        single => vec![text(single)],
    }
}
