//! Makes pairs of templates for tests: one of real resource types, and what a few edits make of it.
//!
//! A [`Pair`] is all in one number: the same seed gives the same pair for ever, so a test that fails names the seed and
//! no more. Templates hold resources that refer to one another in every way, values as literals and as expressions,
//! parameters, mappings, conditions, outputs and policies; what the schemas do not accept is not among them. Edits are
//! what people do, one at a time or a few together, those included that change nothing. Each can be had in one stack
//! or in two, of which the second reads outputs of the first.

mod catalogue;
mod mutate;
mod random;
mod split;
mod write;

use std::fmt;

pub use mutate::{Edit, Step};
pub use random::Random;
pub use split::Link;
use write::Writer;
pub use write::Written;

/// A template and what edits make of it.
#[derive(Clone, Debug)]
pub struct Pair {
    seed: u64,
    before: Written,
    steps: Vec<Step>,
    /// Whether each edit is made; a failing pair is tried with fewer.
    made: Vec<bool>,
}

impl Pair {
    /// The pair of a number.
    pub fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let before = Writer::new(&mut random, &names(seed)).template();
        // One edit most often: alone it shows what it does.
        let count = [0, 1, 1, 1, 1, 2, 2, 3, 4, 6][random.below(10)];
        let steps: Vec<Step> = (0..count).map(|_| Step::random(&mut random)).collect();
        Self {
            seed,
            before,
            made: vec![true; steps.len()],
            steps,
        }
    }

    /// The number it is made from.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// What every name begins with that a resource is given; no other pair has it.
    pub fn names(&self) -> String {
        names(self.seed)
    }

    /// The template before.
    pub fn before(&self) -> &Written {
        &self.before
    }

    /// The template after.
    pub fn after(&self) -> Written {
        let names = self.names();
        let resources = self.before.template["Resources"].as_object();
        let place = self.focus();
        let focus = resources.and_then(|all| all.keys().nth(place?).map(String::as_str));
        self.steps().fold(self.before.clone(), |written, step| {
            step.apply(&written, &names, focus)
        })
    }

    /// The place of the resource that edits meet on.
    fn focus(&self) -> Option<usize> {
        let resources = self.before.template["Resources"].as_object()?;
        Some(usize::try_from(self.seed).ok()? % resources.len())
    }

    /// The edits that are made.
    pub fn edits(&self) -> impl Iterator<Item = Edit> {
        self.steps().map(|step| step.edit)
    }

    /// The same with one edit less, for each that is made.
    pub fn smaller(&self) -> Vec<Self> {
        let made = (0..self.made.len()).filter(|index| self.made[*index]);
        made.map(|index| {
            let mut smaller = self.clone();
            smaller.made[index] = false;
            smaller
        })
        .collect()
    }

    fn steps(&self) -> impl Iterator<Item = Step> {
        let made = self.steps.iter().zip(&self.made);
        made.filter(|(_, made)| **made).map(|(step, _)| *step)
    }
}

fn names(seed: u64) -> String {
    format!("n{seed:x}")
}

impl fmt::Display for Pair {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let edits: Vec<Edit> = self.edits().collect();
        writeln!(formatter, "pair {} {edits:?}", self.seed)?;
        for (name, written) in [("before", self.before()), ("after", &self.after())] {
            writeln!(
                formatter,
                "{name}: parameters {:?}, tags {:?}\n{:#}",
                written.parameters, written.tags, written.template
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_number_gives_the_same_pair_each_time() {
        for seed in 0..50 {
            let (one, other) = (Pair::new(seed), Pair::new(seed));
            assert_eq!(one.before(), other.before());
            assert_eq!(one.after(), other.after());
        }
    }

    #[test]
    fn two_stacks_hold_what_one_does_and_only_the_second_reads() {
        let mut reads = 0;
        for seed in 0..200 {
            let pair = Pair::new(seed);
            let (whole_before, whole_after) = (pair.before().clone(), pair.after());
            for link in [Link::Output, Link::Export] {
                let Some(stacks) = pair.in_two("one", link) else {
                    continue;
                };
                for (whole, [first, second]) in
                    [&whole_before, &whole_after].into_iter().zip(stacks)
                {
                    let ids = |written: &Written| -> Vec<String> {
                        let resources = written.template["Resources"].as_object();
                        resources
                            .into_iter()
                            .flatten()
                            .map(|(id, _)| id.clone())
                            .collect()
                    };
                    assert_eq!([ids(&first), ids(&second)].concat(), ids(whole), "{seed}");
                    for id in ids(&first) {
                        let body = &second.template["Resources"];
                        assert!(!mutate::mentions(body, &id), "{seed}: {id} in {body:#}");
                    }
                    let word = match link {
                        Link::Output => "Fn::GetStackOutput",
                        Link::Export => "Fn::ImportValue",
                    };
                    assert!(!first.template.to_string().contains(word));
                    reads += usize::from(second.template.to_string().contains(word));
                }
            }
        }
        assert!(reads > 100, "{reads}");
    }

    #[test]
    fn every_edit_and_every_type_comes_up_and_fewer_edits_do_less() {
        let mut edits = BTreeSet::new();
        let mut types = BTreeSet::new();
        for seed in 0..1000 {
            let pair = Pair::new(seed);
            edits.extend(pair.edits());
            let resources = pair.before().template["Resources"].as_object();
            let resources = resources.into_iter().flatten();
            types.extend(resources.map(|(_, resource)| resource["Type"].to_string()));
            assert_eq!(pair.smaller().len(), pair.edits().count());
            let mut without = pair;
            while let Some(smaller) = without.smaller().pop() {
                without = smaller;
            }
            assert_eq!(without.after(), *without.before());
        }
        assert_eq!(edits.len(), mutate::EDITS.len());
        assert_eq!(types.len(), catalogue::KINDS.len());
    }
}
