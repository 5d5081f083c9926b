//! The comparison of templates, held against the CDK's own library: public templates and mutants of them.
//!
//! Where the two say different things of a resource, the reason is looked for in the templates. Every reason is in a list
//! beside these tests, with why ours is right; one that is not listed fails the test, and so does a listed one that no
//! longer occurs.

mod facts;
mod library;
mod mutate;
mod reason;
mod samples;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use indexmap::IndexMap;
use library::{Answer, Library, ResourceDifference};
use plan::{Options, SchemaFacts, StackDiff};
use reason::{Comparison, Verdict};
use serde_json::Value;

/// A template, and the same with one thing done to it.
struct Pair {
    sample: String,
    mutation: &'static str,
    before: Value,
    after: Value,
}

impl Pair {
    /// Whether a parameter, a mapping or a condition is another than before.
    fn changes_inputs(&self) -> bool {
        let sections = ["Parameters", "Mappings", "Conditions"];
        sections
            .iter()
            .any(|section| self.before[section] != self.after[section])
    }
}

/// What came of all pairs.
#[derive(Default)]
struct Tally {
    /// How many pairs each mutation made.
    mutations: BTreeMap<&'static str, usize>,
    /// How many resources both say the same of, by what they say.
    agreed: BTreeMap<Verdict, usize>,
    /// Why they say different things of others.
    reasons: BTreeSet<&'static str>,
    unexplained: String,
}

impl Tally {
    fn count(&mut self, pair: &Pair, answer: &Answer, disputed: &BTreeSet<String>) {
        *self.mutations.entry(pair.mutation).or_default() += 1;
        match answer {
            Answer::Compared {
                resources,
                sections,
            } => {
                let diff = diff(&pair.before, &pair.after);
                self.resources(pair, &diff, resources, disputed);
                self.entries(pair, &diff, sections);
            }
            Answer::Refused { error } => {
                let is_known = error.ends_with("(reading 'Statement')");
                assert!(is_known, "{}: {error}", pair.sample);
                self.reasons.insert("policy document that is removed");
            }
        }
    }

    fn resources(
        &mut self,
        pair: &Pair,
        diff: &StackDiff,
        theirs: &BTreeMap<String, ResourceDifference>,
        disputed: &BTreeSet<String>,
    ) {
        let ours = diff.changes.iter().map(|change| change.logical_id.as_str());
        let all: BTreeSet<&str> = ours.chain(theirs.keys().map(String::as_str)).collect();
        for logical_id in all {
            let comparison = Comparison {
                pair,
                logical_id,
                ours: diff.change(logical_id),
                theirs: theirs.get(logical_id),
                disputed,
            };
            if comparison.is_agreement() {
                let verdict = Verdict::ours(comparison.ours);
                *self.agreed.entry(verdict).or_default() += 1;
                continue;
            }
            let reasons = comparison.reasons();
            if reasons.contains(reason::UNEXPLAINED) {
                let _ = writeln!(self.unexplained, "{comparison}");
            }
            self.reasons.extend(reasons);
        }
    }

    /// What changes beside resources.
    fn entries(
        &mut self,
        pair: &Pair,
        diff: &StackDiff,
        theirs: &BTreeMap<String, BTreeSet<String>>,
    ) {
        let sections = [
            ("Parameters", &diff.parameters),
            ("Mappings", &diff.mappings),
            ("Conditions", &diff.conditions),
            ("Outputs", &diff.outputs),
        ];
        for (section, ours) in sections {
            let named: BTreeSet<String> = ours.iter().map(|entry| entry.name.clone()).collect();
            for name in named.symmetric_difference(&theirs[section]) {
                let reason = reason::of_entry(pair, section, name, ours);
                if reason == reason::UNEXPLAINED {
                    let (sample, mutation) = (&pair.sample, pair.mutation);
                    let _ = writeln!(self.unexplained, "{sample} {mutation}: {section} {name}");
                }
                self.reasons.insert(reason);
            }
        }
    }
}

#[test]
#[ignore = "needs the CDK's library"]
fn the_facts_are_the_same_but_for_those_listed() {
    let mut library = Library::start();
    let found = facts::disputes(&library.facts());
    library.end();
    let found: BTreeMap<String, String> = found
        .into_iter()
        .map(|(name, dispute)| (name, format!("{} {}", dispute.ours, dispute.theirs)))
        .collect();
    let mut listed = BTreeMap::new();
    for line in lines(include_str!("disputed-facts.txt")) {
        let (name, words) = line
            .rsplit_once(": ")
            .expect("`type property: ours theirs`");
        listed.insert(name.to_owned(), words.to_owned());
    }
    assert_same("facts", &found, &listed);
}

#[test]
#[ignore = "needs sample templates and the CDK's library"]
fn templates_differ_alike_but_for_reasons_that_are_listed() {
    let mut library = Library::start();
    let disputed: BTreeSet<String> = facts::disputes(&library.facts()).into_keys().collect();
    let mut tally = Tally::default();
    for (seed, sample) in (0..).zip(samples::samples()) {
        for mutant in mutate::mutants(&sample.body, seed) {
            let pair = Pair {
                sample: sample.name.clone(),
                mutation: mutant.mutation,
                before: mutant.before,
                after: mutant.after,
            };
            let answer = library.compare(&pair.before, &pair.after);
            tally.count(&pair, &answer, &disputed);
        }
    }
    library.end();
    assert!(tally.unexplained.is_empty(), "{}", tally.unexplained);

    let reasons = tally.reasons.into_iter();
    let found = reasons.map(|reason| (reason.to_owned(), String::new()));
    let listed = lines(include_str!("disagreements.txt"));
    let listed = listed.map(|line| line.split_once(": ").expect("`reason: why`"));
    let listed = listed.map(|(reason, _)| (reason.to_owned(), String::new()));
    assert_same("reasons", &found.collect(), &listed.collect());

    for name in mutate::names() {
        let count = tally.mutations.get(name).copied().unwrap_or_default();
        assert!(count >= 5, "only {count} samples have a `{name}`");
    }
    for (verdict, least) in [
        (Verdict::Update, 2_000),
        (Verdict::MayReplace, 20),
        (Verdict::Replace, 500),
        (Verdict::Create, 300),
        (Verdict::Orphan, 20),
        (Verdict::Destroy, 300),
    ] {
        let count = tally.agreed.get(&verdict).copied().unwrap_or_default();
        assert!(
            count >= least,
            "agreed only {count} times that a resource is {verdict:?}"
        );
    }
}

fn diff(before: &Value, after: &Value) -> StackDiff {
    plan::diff(
        before,
        after,
        &SchemaFacts,
        &IndexMap::new(),
        &Options {
            open_parameters: true,
            ..Options::default()
        },
    )
}

/// The lines of a list that are not comments.
fn lines(list: &str) -> impl Iterator<Item = &str> {
    list.lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
}

fn assert_same(what: &str, found: &BTreeMap<String, String>, listed: &BTreeMap<String, String>) {
    let mut text = String::new();
    for (name, words) in found
        .iter()
        .filter(|(name, words)| listed.get(*name) != Some(words))
    {
        let _ = writeln!(text, "not listed: {name}: {words}");
    }
    for name in listed.keys().filter(|name| !found.contains_key(*name)) {
        let _ = writeln!(text, "no longer occurs: {name}");
    }
    assert!(text.is_empty(), "{what}:\n{text}");
}
