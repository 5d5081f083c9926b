//! Plan and deployment agree: over generated pairs of templates, a deployment does what the plan said, no more and no
//! less, and the plan says what the deployment does.
//!
//! The embedded endpoint decides by itself what a template does, without a line of the code that plans: two
//! implementations of CloudFormation's behaviour are held against each other. Each pair is a template and what a few
//! edits made of it, in one stack, or in two of which one reads outputs of the other.
//! `cargo xtask agreement` tries as many as are wanted, or one alone.

mod law;
mod performed;
mod two;

use std::collections::{BTreeMap, BTreeSet};

use futures_util::{StreamExt as _, stream};
use pairs::{Edit, Link, Pair};

use crate::support::World;
use law::Verdict;

/// How many pairs are tried without being told.
const PAIRS: u64 = 300;

/// How many pairs share an endpoint, and how many are under way at once.
const PER_WORLD: usize = 30;
const AT_ONCE: usize = 15;

/// How a pair is deployed.
#[derive(Clone, Copy, Debug)]
enum Way {
    One,
    Two(Link),
}

impl Way {
    async fn hold(self, world: &World, pair: &Pair) -> Result<Verdict, String> {
        match self {
            Self::One => law::hold(world, pair).await,
            Self::Two(link) => two::hold(world, pair, link).await,
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deployment_does_what_the_plan_said() {
    let figures = hold_all(|_| Some(Way::One), law::WORDS).await;
    println!("{figures}");
}

/// Every second pair is tried, for it takes more than twice as long.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deployment_of_two_stacks_does_what_the_plan_said() {
    let way = |seed| match seed % 6 {
        0 | 2 => Some(Way::Two(Link::Output)),
        4 => Some(Way::Two(Link::Export)),
        _ => None,
    };
    let figures = hold_all(way, two::WORDS).await;
    println!("{figures}");
}

/// Tries the pairs that are asked for, each in its way if it has one; gives what was seen, which must be all of `words`.
async fn hold_all(way: impl Fn(u64) -> Option<Way>, words: &[&str]) -> String {
    let first = number("CHITINFRA_FIRST_PAIR").unwrap_or(0);
    let count = number("CHITINFRA_PAIRS").unwrap_or(PAIRS);
    let tried: Vec<(u64, Way)> = (first..first + count)
        .filter_map(|seed| Some((seed, way(seed)?)))
        .collect();
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    let mut edits: BTreeSet<Edit> = BTreeSet::new();
    let mut broken = Vec::new();
    for group in tried.chunks(PER_WORLD) {
        let world = World::new().await;
        let verdicts: Vec<(u64, Way, Result<Verdict, String>)> = stream::iter(group)
            .map(|(seed, way)| async {
                let verdict = way.hold(&world, &Pair::new(*seed)).await;
                (*seed, *way, verdict)
            })
            .buffer_unordered(AT_ONCE)
            .collect()
            .await;
        for (seed, way, verdict) in verdicts {
            match verdict {
                Ok(verdict) => {
                    edits.extend(Pair::new(seed).edits());
                    for word in verdict.words {
                        *seen.entry(word).or_default() += 1;
                    }
                }
                Err(reason) => broken.push((seed, way, reason)),
            }
        }
    }
    let figures: Vec<String> = seen.iter().map(|(word, n)| format!("{word} {n}")).collect();
    let figures = format!("{} pairs: {}", tried.len(), figures.join(", "));
    if let Some((seed, way, reason)) = broken.first() {
        let all: Vec<String> = broken
            .iter()
            .map(|(seed, way, reason)| {
                let first = reason.lines().next().unwrap_or_default();
                format!("{seed} {way:?}: {first}")
            })
            .collect();
        let (pair, reason) = smallest(Pair::new(*seed), *way, reason.clone()).await;
        panic!(
            "{reason}\n\n`cargo xtask agreement --first {seed} --pairs 1`: {pair}\n{figures}; broken are\n{}",
            all.join("\n")
        );
    }
    if first == 0 && count >= PAIRS {
        let missing: Vec<_> = words
            .iter()
            .filter(|word| !seen.contains_key(**word))
            .collect();
        assert!(missing.is_empty(), "never seen: {missing:?}; {figures}");
    }
    assert!(!edits.is_empty() || tried.len() < 2, "{figures}");
    figures
}

/// The pair with as few edits as still break the law.
async fn smallest(mut pair: Pair, way: Way, mut reason: String) -> (Pair, String) {
    'smaller: loop {
        for smaller in pair.smaller() {
            let world = World::new().await;
            if let Err(other) = way.hold(&world, &smaller).await {
                (pair, reason) = (smaller, other);
                continue 'smaller;
            }
        }
        return (pair, reason);
    }
}

/// A number that whoever runs the tests gives.
#[expect(clippy::disallowed_methods, reason = "a test is a program")]
fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("{name} is `{text}`, which is no number")),
    )
}
