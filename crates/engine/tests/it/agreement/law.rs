//! The law: what the plan says of each resource and what the endpoint does to it.

use std::collections::{BTreeMap, BTreeSet};

use engine::{
    Assembly, Busy, ChangeSetRequest, ChangeSetStatus, ChangeSetType, ChangeSets, CloudFormation,
    Error, OutcomeKind, TemplateSource,
};
use pairs::{Pair, Written};
use plan::{
    Action, Change, OldCopy, Reason, ReportedAction, ReportedChange, StackAction, StackDiff,
};
use serde_json::Value;

use super::performed::{Old, Performed, Snapshot, performed};
use crate::support::{World, assembly};

/// What a run must have seen.
pub(super) const WORDS: &[&str] = &[
    "create",
    "update",
    "replace",
    "may replace",
    "delete",
    "orphan",
    "form only",
    "no change",
    "outputs only",
    "type change",
];

/// What a pair came to.
pub(super) struct Verdict {
    pub(super) words: Vec<&'static str>,
}

/// Deploys the first template, plans the second, deploys that, and compares.
pub(super) async fn hold(world: &World, pair: &Pair) -> Result<Verdict, String> {
    let name = format!("pair{}", pair.seed());
    let (old, new) = (
        wanted(&[(&name, pair.before())]),
        wanted(&[(&name, &pair.after())]),
    );
    let stack_name = new.manifest.stacks[0].stack_name.clone();
    let report = world.deploy(&old).await;
    let mut failures = report.failures().map(|(_, error)| error.to_string());
    if failures.any(|text| text.contains("already exists")) {
        // Two policies of one bucket, say: that is no template to begin with.
        return Ok(Verdict {
            words: vec!["two of one name"],
        });
    }
    ensure(report.is_success(), || {
        format!("the first template cannot be deployed: {report:#?}")
    })?;
    let cloud: &dyn CloudFormation = &world.cloud;
    let before = Snapshot::of(cloud, &stack_name).await;

    let alone = plan(world, &new, ChangeSets::Left)
        .await
        .map_err(|error| error.to_string())?;
    let foreseen = foreseen(cloud, &new, &before).await?;
    let whole = match plan(world, &new, ChangeSets::Kept).await {
        Ok(planned) => planned,
        Err(error) => return refused(&alone.plan.stacks[0].diff, &error),
    };
    let (alone, planned) = (&alone.plan.stacks[0], &whole.plan.stacks[0]);
    let report = world
        .with(async |engine| engine.deploy(&new, &whole).await)
        .await;
    let outcome = report.stacks[0].outcome.kind();
    let after = Snapshot::of(cloud, &stack_name).await;
    let mut words = Vec::new();
    if outcome == OutcomeKind::Failed {
        return failed(&report, &before, &after);
    }
    let rewritten = rewritten(pair.before(), &pair.after());
    let done = performed(cloud, &stack_name, &before, &after).await;
    let context = || format!("plan: {planned:#?}\nperformed: {done:#?}\nchange set: {foreseen:#?}");

    // No changes, if and only if nothing is done.
    ensure(
        (planned.action == StackAction::None) == (outcome == OutcomeKind::Unchanged),
        || {
            format!(
                "the plan says {:?}, the deployment ended {outcome:?}\n{}",
                planned.action,
                context()
            )
        },
    )?;
    ensure(
        (outcome == OutcomeKind::Unchanged) == (before == after),
        || {
            format!(
                "the deployment ended {outcome:?}, before {before:#?} after {after:#?}\n{}",
                context()
            )
        },
    )?;
    for (source, stack) in [("templates alone", alone), ("the whole plan", planned)] {
        for (id, performed) in &done {
            let change = stack.diff.change(id);
            let is_form = stack.diff.equivalent.contains(id)
                // Beside attributes that change, properties may have another form.
                || change.is_some_and(|change| change.properties.is_empty()) && rewritten.contains(id);
            ensure(agree(change, is_form, *performed), || {
                format!(
                    "`{id}`: by {source} {change:#?}, form only: {is_form}; performed {performed:?}\n{}",
                    context()
                )
            })?;
        }
        for change in &stack.diff.changes {
            ensure(done.contains_key(&change.logical_id), || {
                format!(
                    "`{}` is in the plan and nowhere else\n{}",
                    change.logical_id,
                    context()
                )
            })?;
        }
        outputs(&stack.diff, &before, &after)
            .map_err(|reason| format!("by {source} {reason}\n{}", context()))?;
    }
    foresight(&planned.diff, planned.action, &foreseen)
        .map_err(|reason| format!("{reason}\n{}", context()))?;

    // What was deployed is what is wanted.
    let again = plan(world, &new, ChangeSets::Kept)
        .await
        .map_err(|error| error.to_string())?;
    ensure(again.plan.stacks[0].action == StackAction::None, || {
        format!(
            "deployed, and there is more: {:#?}\n{}",
            again.plan.stacks[0],
            context()
        )
    })?;

    words.extend(
        planned
            .diff
            .changes
            .iter()
            .map(|change| word(change.action)),
    );
    if !planned.diff.equivalent.is_empty() {
        words.push("form only");
    }
    match planned.action {
        StackAction::None => words.push("no change"),
        _ if planned.diff.changes.is_empty() => words.push("outputs only"),
        _ => {}
    }
    words.sort_unstable();
    words.dedup();
    Ok(Verdict { words })
}

/// The resources whose properties are written in another way.
pub(super) fn rewritten(before: &Written, after: &Written) -> BTreeSet<String> {
    let (before, after) = (&before.template, &after.template);
    let properties = |template: &Value, id: &str| template["Resources"][id]["Properties"].clone();
    let resources = after["Resources"].as_object().into_iter().flatten();
    resources
        .map(|(id, _)| id.clone())
        .filter(|id| properties(before, id) != properties(after, id))
        .collect()
}

/// Whether what the plan says of a resource and what was done to it are one thing.
pub(super) fn agree(change: Option<&Change>, is_form_only: bool, performed: Performed) -> bool {
    let Some(change) = change else {
        // Another form of the same is written along when the stack is deployed for something else.
        return performed == Performed::Nothing
            || (is_form_only && performed == Performed::Updated);
    };
    let old = match change.old_copy {
        Some(OldCopy::Retained) => Old::Kept,
        Some(OldCopy::Deleted | OldCopy::Snapshot) | None => Old::Deleted,
    };
    let is_certain = change.properties.iter().any(|property| !property.dynamic);
    match change.action {
        Action::Create => performed == Performed::Created,
        Action::Delete => performed == Performed::Removed(Old::Deleted),
        Action::Orphan => performed == Performed::Removed(Old::Kept),
        Action::Replace => performed == Performed::Replaced(old),
        Action::MayReplace => match performed {
            Performed::Replaced(fate) => fate == old,
            Performed::Updated => true,
            Performed::Nothing => !is_certain,
            Performed::Created | Performed::Removed(_) => false,
        },
        Action::Update => match performed {
            Performed::Updated => !change.properties.is_empty() || is_form_only,
            // A value that is known only now may turn out the same; attributes are no business of the resource itself.
            Performed::Nothing => !is_certain,
            Performed::Created | Performed::Replaced(_) | Performed::Removed(_) => false,
        },
        Action::Import | Action::Move => false,
    }
}

/// Outputs that change are told, and those that are told to come or go do.
pub(super) fn outputs(diff: &StackDiff, before: &Snapshot, after: &Snapshot) -> Result<(), String> {
    let told = |name: &str| diff.outputs.iter().find(|entry| entry.name == name);
    let names: BTreeSet<&String> = before.outputs.keys().chain(after.outputs.keys()).collect();
    for name in names {
        let (old, new) = (before.outputs.get(name), after.outputs.get(name));
        ensure(old == new || told(name).is_some(), || {
            format!("output `{name}` goes from {old:?} to {new:?} and is not in the plan")
        })?;
    }
    for entry in &diff.outputs {
        let (old, new) = (
            before.outputs.get(&entry.name),
            after.outputs.get(&entry.name),
        );
        let is_so = match entry.action {
            Action::Create => old.is_none() && new.is_some(),
            Action::Delete => old.is_some() && new.is_none(),
            _ => old.is_some() && new.is_some(),
        };
        ensure(is_so, || {
            format!(
                "output `{}` is to {:?}, and goes from {old:?} to {new:?}",
                entry.name, entry.action
            )
        })?;
    }
    Ok(())
}

/// What CloudFormation's change set says, asked directly.
#[derive(Debug)]
enum Foreseen {
    Nothing,
    Changes(Vec<ReportedChange>),
    Refused(String),
}

/// The change set and the plan are about the same resources.
fn foresight(diff: &StackDiff, action: StackAction, foreseen: &Foreseen) -> Result<(), String> {
    let changes = match foreseen {
        Foreseen::Nothing => {
            return ensure(action == StackAction::None, || {
                "the change set has no changes, the plan has".to_owned()
            });
        }
        Foreseen::Refused(reason) => {
            return Err(format!("the change set alone is refused: {reason}"));
        }
        Foreseen::Changes(changes) => changes,
    };
    let by_id: BTreeMap<&str, &ReportedChange> = changes
        .iter()
        .map(|change| (change.logical_id.as_str(), change))
        .collect();
    for (id, reported) in &by_id {
        let is_told = diff.change(id).is_some() || diff.equivalent.iter().any(|own| own == id);
        ensure(is_told, || {
            format!("the change set alone speaks of `{id}`: {reported:#?}")
        })?;
    }
    if action == StackAction::None {
        let is_modest = |change: &&ReportedChange| change.action == ReportedAction::Modify;
        return ensure(by_id.values().all(is_modest), || {
            "the plan says nothing, the change set more than form".to_owned()
        });
    }
    for change in &diff.changes {
        let is_certain = change.properties.iter().any(|property| !property.dynamic)
            || !change.attributes.is_empty()
            || change.action != Action::Update;
        let is_told = by_id.contains_key(change.logical_id.as_str());
        ensure(
            is_told || !is_certain || change.action == Action::MayReplace,
            || format!("the plan alone speaks of `{}`", change.logical_id),
        )?;
    }
    Ok(())
}

/// A change set that is asked for without the engine.
async fn foreseen(
    cloud: &dyn CloudFormation,
    wanted: &Assembly,
    before: &Snapshot,
) -> Result<Foreseen, String> {
    let stack = &wanted.manifest.stacks[0];
    let request = ChangeSetRequest {
        stack_name: stack.stack_name.clone(),
        name: format!("direct-{}", stack.name),
        token: format!("direct-{}", stack.name),
        kind: ChangeSetType::Update,
        template: TemplateSource::Inline(wanted.templates[&stack.name].text().to_owned()),
        parameters: stack.parameters.clone().into_iter().collect(),
        tags: stack.tags.clone().into_iter().collect(),
        notification_arns: Vec::new(),
        description: String::new(),
        role_arn: None,
        import_existing: false,
        nested: false,
        express: false,
        revert_drift: false,
    };
    let told = |error: Box<engine::AwsError>| format!("{error} ({})", before.status);
    let id = cloud.create_change_set(&request).await.map_err(told)?;
    let found = cloud
        .change_set(&id.id, engine::Values::Included)
        .await
        .map_err(told)?;
    cloud.delete_change_set(&id.id).await.map_err(told)?;
    let reason = found.reason.unwrap_or_default();
    Ok(match found.status {
        ChangeSetStatus::Complete => Foreseen::Changes(found.changes),
        ChangeSetStatus::Failed
            if reason.starts_with("The submitted information didn't contain changes.") =>
        {
            Foreseen::Nothing
        }
        _ => Foreseen::Refused(reason),
    })
}

/// CloudFormation refuses what the templates alone promise: only another type for the same name, or a stack without
/// resources.
pub(super) fn refused(alone: &StackDiff, error: &Error) -> Result<Verdict, String> {
    let changed: Vec<&str> = alone
        .changes
        .iter()
        .filter(|change| change.reason == Reason::TypeChanged)
        .map(|change| change.logical_id.as_str())
        .collect();
    let text = error.to_string();
    let is_told = text.contains("Update of resource type is not permitted")
        && !changed.is_empty()
        && changed.iter().all(|id| text.contains(id));
    let is_emptied = text.contains("At least one Resources member must be defined")
        && alone.summary.delete + alone.summary.orphan == alone.changes.len();
    ensure(is_told || is_emptied, || {
        format!("it cannot be planned: {text}; types that change: {changed:?}")
    })?;
    Ok(Verdict {
        words: vec![if is_told {
            "type change"
        } else {
            "nothing left"
        }],
    })
}

/// A deployment fails for one reason only, a name that is taken, and leaves everything as it was.
fn failed(report: &engine::Report, before: &Snapshot, after: &Snapshot) -> Result<Verdict, String> {
    let text = report
        .failures()
        .map(|(_, error)| error.to_string())
        .collect::<Vec<_>>()
        .join("; ");
    let is_known = [
        "cannot update a stack when a custom-named resource requires replacing",
        "already exists",
    ]
    .iter()
    .any(|known| text.contains(known));
    ensure(is_known, || format!("the deployment fails: {text}"))?;
    ensure(
        before.resources == after.resources && before.outputs == after.outputs,
        || format!("the deployment fails and does not lead back: {before:#?} {after:#?}"),
    )?;
    Ok(Verdict {
        words: vec!["a name in the way"],
    })
}

pub(super) async fn plan(
    world: &World,
    wanted: &Assembly,
    change_sets: ChangeSets<'_>,
) -> Result<engine::Planned, Error> {
    let planned = world
        .with(async |engine| {
            let planned = engine.plan(wanted, &[], change_sets, Busy::Refuse).await?;
            Ok::<_, Error>(planned)
        })
        .await?;
    Ok(planned)
}

/// An assembly of stacks, each of which depends on those before it.
pub(super) fn wanted(stacks: &[(&str, &Written)]) -> Assembly {
    let names: Vec<&str> = stacks.iter().map(|(name, _)| *name).collect();
    let described: Vec<(&str, &[&str], Value)> = stacks
        .iter()
        .enumerate()
        .map(|(index, (name, written))| (*name, &names[..index], written.template.clone()))
        .collect();
    let mut wanted = assembly(&described);
    for (stack, (_, written)) in wanted.manifest.stacks.iter_mut().zip(stacks) {
        stack.parameters.clone_from(&written.parameters);
        // CloudFormation refuses parameters that the template does not declare.
        let declared = written.template["Parameters"].as_object();
        stack
            .parameters
            .retain(|name, _| declared.is_some_and(|all| all.contains_key(name)));
        stack.tags.clone_from(&written.tags);
    }
    wanted
}

pub(super) fn word(action: Action) -> &'static str {
    match action {
        Action::Create => "create",
        Action::Update => "update",
        Action::Replace => "replace",
        Action::MayReplace => "may replace",
        Action::Delete => "delete",
        Action::Orphan => "orphan",
        Action::Import => "import",
        Action::Move => "move",
    }
}

pub(super) fn ensure(holds: bool, reason: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(reason()) }
}
