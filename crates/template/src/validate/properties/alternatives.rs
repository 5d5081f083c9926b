//! Shapes that stand for choices: all of, any of, one of, not, if.

use schema::Shape;
use serde_json::Value;

use super::{Check, Trial, members::listed};
use crate::{finding::Findings, model::Members, rules};

/// What the branches are tried on: a value, or the members of the resource's own properties.
#[derive(Clone, Copy)]
enum Subject<'a> {
    Value(&'a Value),
    Members(&'a Members),
}

impl<'a> Check<'_, 'a> {
    pub(super) fn branches(&mut self, value: &'a Value, shape: &'static Shape) {
        self.choices(Subject::Value(value), shape);
    }

    pub(super) fn branches_of_members(&mut self, members: &'a Members, shape: &'static Shape) {
        self.choices(Subject::Members(members), shape);
    }

    fn choices(&mut self, subject: Subject<'a>, shape: &'static Shape) {
        for branch in &shape.all_of {
            self.apply(subject, branch);
        }
        if !shape.any_of.is_empty() {
            self.any_of(subject, &shape.any_of);
        }
        if !shape.one_of.is_empty() {
            self.one_of(subject, &shape.one_of);
        }
        if let Some(not) = &shape.not {
            let trial = self.trial(|check| check.apply(subject, not));
            if trial.is_good() && !trial.is_undecided {
                let message = if not.required.is_empty() {
                    "this combination is not allowed".to_owned()
                } else {
                    format!("{} cannot stand together", listed(&not.required, "and"))
                };
                self.findings.add(&rules::ALTERNATIVES, &self.path, message);
            }
        }
        if let Some(condition) = &shape.condition {
            let trial = self.trial(|check| check.apply(subject, condition));
            let consequence = if trial.is_good() {
                &shape.then
            } else {
                &shape.otherwise
            };
            if !trial.is_undecided
                && let Some(consequence) = consequence
            {
                self.apply(subject, consequence);
            }
        }
    }

    fn apply(&mut self, subject: Subject<'a>, shape: &'static Shape) {
        match subject {
            Subject::Value(value) => self.keywords(value, shape),
            Subject::Members(members) => {
                if let Some(target) = self.facts.referenced(shape) {
                    self.object(members, target);
                }
                self.object(members, shape);
                self.choices(subject, shape);
            }
        }
    }

    fn any_of(&mut self, subject: Subject<'a>, branches: &'static [Shape]) {
        let mut trials = Vec::new();
        for branch in branches {
            let trial = self.trial(|check| check.apply(subject, branch));
            if trial.is_good() {
                // Warnings of the branch that holds are worth hearing.
                self.findings.append(trial.findings);
                return;
            }
            trials.push(trial);
        }
        self.none_holds(trials, branches);
    }

    fn one_of(&mut self, subject: Subject<'a>, branches: &'static [Shape]) {
        let mut good = Vec::new();
        let mut bad = Vec::new();
        let mut undecided = false;
        for branch in branches {
            let trial = self.trial(|check| check.apply(subject, branch));
            if trial.is_good() {
                undecided |= trial.is_undecided;
                good.push((branch, trial));
            } else {
                bad.push(trial);
            }
        }
        if good.is_empty() {
            self.none_holds(bad, branches);
            return;
        }
        if good.len() > 1 && !undecided {
            let needs: Option<Vec<String>> = good
                .iter()
                .map(|(branch, _)| only_required(branch).map(|names| listed(names, "with")))
                .collect();
            // Shapes that overlap in other ways are drawn loosely; only a choice between members is meant strictly.
            if let Some(needs) = needs {
                let message = format!("only one of {} is allowed", needs.join(" and "));
                self.findings.add(&rules::ALTERNATIVES, &self.path, message);
            }
        }
        if let Some((_, trial)) = good.into_iter().next() {
            self.findings.append(trial.findings);
        }
    }

    /// Says what is wrong when no branch holds: by the branch that came nearest, or by what the branches need.
    fn none_holds(&mut self, trials: Vec<Trial>, branches: &'static [Shape]) {
        let needs: Option<Vec<String>> = branches
            .iter()
            .map(|branch| only_required(branch).map(|names| listed(names, "with")))
            .collect();
        if let Some(needs) = needs {
            let message = format!("one of {} is needed", needs.join(", "));
            self.findings.add(&rules::ALTERNATIVES, &self.path, message);
            return;
        }
        let here = self.path.depth();
        let mut nearest: Option<(usize, Findings)> = None;
        let mut is_tied = false;
        for trial in trials {
            let depth = trial.findings.depth();
            match &nearest {
                Some((best, _)) if *best > depth => {}
                Some((best, _)) if *best == depth => is_tied = true,
                _ => {
                    nearest = Some((depth, trial.findings));
                    is_tied = false;
                }
            }
        }
        match nearest {
            Some((depth, findings)) if !is_tied || depth > here => self.findings.append(findings),
            Some((_, findings)) if branches.len() == 1 => self.findings.append(findings),
            Some((_, findings)) => {
                let reason = findings.first_message().unwrap_or_default();
                let message = format!(
                    "none of the {} forms that are allowed here fits; for the first, {reason}",
                    branches.len()
                );
                self.findings.add(&rules::ALTERNATIVES, &self.path, message);
            }
            None => {}
        }
    }
}

/// The names a shape requires, when that is all it says.
fn only_required(shape: &Shape) -> Option<&[String]> {
    let says_no_more = shape.reference.is_none()
        && shape.kinds.is_empty()
        && shape.branches().next().is_none()
        && shape.not.is_none()
        && shape.properties.is_empty()
        && shape.pattern.is_none()
        && shape.allowed.is_empty();
    (says_no_more && !shape.required.is_empty()).then_some(&shape.required)
}
