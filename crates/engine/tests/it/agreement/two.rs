//! The law for two stacks of one plan, of which the second reads outputs of the first.

use engine::{ChangeSets, CloudFormation, OutcomeKind, Report};
use futures_util::future::join_all;
use pairs::{Link, Pair, Written};
use plan::{Action, Reason, StackAction, StackPlan};

use super::{
    law::{Verdict, agree, ensure, outputs, plan, refused, rewritten, wanted, word},
    performed::{Performed, Snapshot, performed},
};
use crate::support::World;

/// What a run must have seen.
pub(super) const WORDS: &[&str] = &[
    "provisional",
    "a value that is read changes",
    "no change",
    "create",
    "update",
    "replace",
    "delete",
];

/// One of the two stacks.
struct One<'a> {
    stack_name: String,
    written: [&'a Written; 2],
    before: Snapshot,
    after: Snapshot,
    planned: &'a StackPlan,
    outcome: OutcomeKind,
}

/// Deploys the first templates, plans the second ones, deploys those, and compares.
pub(super) async fn hold(world: &World, pair: &Pair, link: Link) -> Result<Verdict, String> {
    let names = ["first", "second"].map(|place| format!("{place}{}", pair.seed()));
    let stack_names = names.clone().map(|name| format!("shop-test-{name}"));
    let Some([old, new]) = pair.in_two(&stack_names[0], link) else {
        return Ok(Verdict {
            words: vec!["too small for two"],
        });
    };
    let assembly_of = |written: &[Written; 2]| {
        let [first, second] = written;
        wanted(&[(&names[0], first), (&names[1], second)])
    };
    let report = world.deploy(&assembly_of(&old)).await;
    let told = failures(&report);
    if told.contains("already exists") {
        return Ok(Verdict {
            words: vec!["two of one name"],
        });
    }
    ensure(report.is_success(), || {
        format!("the first templates cannot be deployed: {told}")
    })?;
    let cloud: &dyn CloudFormation = &world.cloud;
    let look = || join_all(stack_names.iter().map(|name| Snapshot::of(cloud, name)));
    let before = look().await;

    let assembly = assembly_of(&new);
    let alone = plan(world, &assembly, ChangeSets::Left)
        .await
        .map_err(|error| error.to_string())?;
    let whole = match plan(world, &assembly, ChangeSets::Kept).await {
        Ok(planned) => planned,
        Err(error) => {
            let mut reasons = alone
                .plan
                .stacks
                .iter()
                .map(|stack| refused(&stack.diff, &error));
            let first = reasons.next().expect("there are two");
            return reasons.fold(first, Result::or);
        }
    };
    let report = world
        .with(async |engine| engine.deploy(&assembly, &whole).await)
        .await;
    let after = look().await;
    let mut words = Vec::new();
    for (index, (before, after)) in before.into_iter().zip(after).enumerate() {
        let one = One {
            stack_name: stack_names[index].clone(),
            written: [&old[index], &new[index]],
            before,
            after,
            planned: &whole.plan.stacks[index],
            outcome: report.stacks[index].outcome.kind(),
        };
        let context = |reason| format!("`{}`: {reason}\n{:#?}", names[index], one.planned);
        if !one.is_done(&report).map_err(context)? {
            words.push("one fails");
            words.sort_unstable();
            return Ok(Verdict { words });
        }
        let seen = one.compare(cloud).await.map_err(context)?;
        words.extend(seen);
    }
    if whole
        .plan
        .stacks
        .iter()
        .all(|stack| stack.action == StackAction::None)
    {
        words.push("no change");
    }

    // What was deployed is what is wanted.
    let again = plan(world, &assembly, ChangeSets::Kept)
        .await
        .map_err(|error| error.to_string())?;
    for stack in &again.plan.stacks {
        ensure(stack.action == StackAction::None, || {
            format!(
                "deployed, and there is more: {stack:#?}\nplan: {:#?}",
                whole.plan
            )
        })?;
    }
    words.sort_unstable();
    words.dedup();
    Ok(Verdict { words })
}

impl One<'_> {
    /// Whether the stack was deployed. It fails for known reasons only, and is left as it was; so is one that waits for it.
    fn is_done(&self, report: &Report) -> Result<bool, String> {
        if report.is_success()
            || matches!(self.outcome, OutcomeKind::Updated | OutcomeKind::Unchanged)
        {
            return Ok(true);
        }
        let told = failures(report);
        let known = [
            "cannot update a stack when a custom-named resource requires replacing",
            "already exists",
            // Of an export that is read, CloudFormation lets neither the value change nor the export go.
            "Cannot update export",
            "Cannot delete export",
            // An output that goes from one stack to the other meets itself.
            "is already exported by stack",
        ];
        // Of a provisional stack, CloudFormation refuses in its wave what the plan has said of its types.
        let is_told = |change: &plan::Change| {
            change.reason == Reason::TypeChanged && told.contains(&change.logical_id)
        };
        let is_refused = told.contains("Update of resource type is not permitted")
            && self.planned.diff.changes.iter().any(is_told);
        let is_known = is_refused || known.iter().any(|known| told.contains(known));
        ensure(is_known, || format!("the deployment fails: {told}"))?;
        ensure(
            self.before.resources == self.after.resources
                && self.before.outputs == self.after.outputs,
            || {
                format!(
                    "it fails and does not lead back: {:#?} {:#?}",
                    self.before, self.after
                )
            },
        )?;
        Ok(false)
    }

    /// Compares what the plan said with what was done; what was seen.
    async fn compare(&self, cloud: &dyn CloudFormation) -> Result<Vec<&'static str>, String> {
        let Self {
            before,
            after,
            planned,
            outcome,
            ..
        } = self;
        let done = performed(cloud, &self.stack_name, before, after).await;
        let is_unchanged = *outcome == OutcomeKind::Unchanged;
        // What a provisional stack reads may come to what it was.
        ensure(
            (planned.action == StackAction::None) == is_unchanged
                || planned.provisional && is_unchanged,
            || {
                format!(
                    "the plan says {:?}, the deployment ended {outcome:?}",
                    planned.action
                )
            },
        )?;
        ensure(is_unchanged == (before == after), || {
            format!("the deployment ended {outcome:?}, before {before:#?} after {after:#?}")
        })?;
        let rewritten = rewritten(self.written[0], self.written[1]);
        for (id, performed) in &done {
            let change = planned.diff.change(id);
            let is_form = planned.diff.equivalent.contains(id)
                || change.is_some_and(|change| change.properties.is_empty())
                    && rewritten.contains(id);
            ensure(agree(change, is_form, *performed), || {
                format!("`{id}`: {change:#?}, form only: {is_form}; performed {performed:?}")
            })?;
        }
        for change in &planned.diff.changes {
            ensure(done.contains_key(&change.logical_id), || {
                format!("`{}` is in the plan and nowhere else", change.logical_id)
            })?;
        }
        outputs(&planned.diff, before, after)?;

        let mut words: Vec<&str> = planned
            .diff
            .changes
            .iter()
            .map(|change| word(change.action))
            .collect();
        if planned.provisional {
            words.push("provisional");
            let is_touched = |change: &plan::Change| {
                change.action != Action::Create
                    && done
                        .get(&change.logical_id)
                        .is_some_and(|done| *done != Performed::Nothing)
                    && change.properties.iter().any(|property| property.dynamic)
            };
            if planned.diff.changes.iter().any(is_touched) {
                words.push("a value that is read changes");
            }
        }
        Ok(words)
    }
}

fn failures(report: &Report) -> String {
    let told: Vec<String> = report
        .failures()
        .map(|(_, error)| error.to_string())
        .collect();
    told.join("; ")
}
