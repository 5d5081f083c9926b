//! A plan made of the plans of its stacks: their order, the sum, the seal.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use crate::{
    ExternalChange, FORMAT_VERSION, Finding, Plan, StackAction, StackPlan, Summary, seal::digest,
};

impl Plan {
    /// Makes a plan: puts the stacks in the order they deploy, and counts.
    ///
    /// A stack stands after those it depends on; otherwise the order given stays. Stacks that go come last, each before
    /// those it depended on.
    pub fn new(
        environment: &str,
        account: &str,
        region: &str,
        stacks: Vec<StackPlan>,
        external: Vec<ExternalChange>,
    ) -> Self {
        let (gone, kept): (Vec<_>, Vec<_>) = stacks
            .into_iter()
            .partition(|stack| stack.action == StackAction::Delete);
        let mut stacks = ordered(kept);
        stacks.extend(ordered(gone).into_iter().rev());
        number_waves(&mut stacks);
        let mut plan = Self {
            format_version: FORMAT_VERSION.to_owned(),
            environment: environment.to_owned(),
            account: account.to_owned(),
            region: region.to_owned(),
            commit: None,
            against: None,
            revert_drift: false,
            digest: String::new(),
            seal: None,
            refactors: Vec::new(),
            removals: Vec::new(),
            departed: Vec::new(),
            stacks,
            external,
            summary: Summary::default(),
        };
        plan.count();
        plan
    }

    /// Adds what was found in a stack; one that is not planned is left alone.
    pub fn add_findings(&mut self, stack: &str, findings: impl IntoIterator<Item = Finding>) {
        if let Some(stack) = self.stacks.iter_mut().find(|one| one.name == stack) {
            stack.diff.add_findings(findings);
        }
    }

    /// Counts again, after stacks changed.
    pub fn count(&mut self) {
        self.summary = Summary::default();
        for stack in &self.stacks {
            self.summary += stack.diff.summary;
        }
        for change in &self.external {
            self.summary.count(change.action);
        }
    }

    /// Fills in the digest, so that any later change of the plan shows.
    #[must_use]
    pub fn seal(mut self) -> Self {
        self.digest = self.compute_digest();
        self
    }

    /// Whether the plan is still what was sealed.
    pub fn is_intact(&self) -> bool {
        self.digest == self.compute_digest()
    }

    fn compute_digest(&self) -> String {
        let unsealed = Self {
            digest: String::new(),
            ..self.clone()
        };
        let value = serde_json::to_value(&unsealed).expect("a plan has text keys only");
        digest(&value)
    }
}

/// The stacks such that each stands after all it depends on; in a circle the order given stays.
fn ordered(mut stacks: Vec<StackPlan>) -> Vec<StackPlan> {
    let all: HashSet<String> = stacks.iter().map(|stack| stack.name.clone()).collect();
    let mut placed: HashSet<String> = HashSet::new();
    let mut ordered = Vec::with_capacity(stacks.len());
    while !stacks.is_empty() {
        let is_ready = |stack: &StackPlan| {
            let mut names = stack.depends_on.iter();
            names.all(|name| placed.contains(name) || !all.contains(name))
        };
        let next = stacks.remove(stacks.iter().position(is_ready).unwrap_or(0));
        placed.insert(next.name.clone());
        ordered.push(next);
    }
    ordered
}

/// Numbers the waves of stacks that stand in order: those that go make waves of their own after all others.
fn number_waves(stacks: &mut [StackPlan]) {
    let mut kept: HashMap<String, usize> = HashMap::new();
    let mut last = 0;
    for stack in stacks.iter_mut() {
        stack.wave = if stack.action == StackAction::Delete {
            last + 1
        } else {
            let before = stack.depends_on.iter().filter_map(|name| kept.get(name));
            let wave = before.max().unwrap_or(&0) + 1;
            kept.insert(stack.name.clone(), wave);
            wave
        };
        last = last.max(stack.wave);
    }
}

/// The same value with the members of every object sorted: one text for one meaning.
pub(crate) fn sorted(value: Value) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(sorted).collect(),
        Value::Object(entries) => {
            let mut entries: Vec<(String, Value)> = entries.into_iter().collect();
            entries.sort_by(|(left, _), (right, _)| left.cmp(right));
            let sorted = entries.into_iter().map(|(key, value)| (key, sorted(value)));
            Value::Object(sorted.collect::<Map<_, _>>())
        }
        scalar => scalar,
    }
}
