//! Plan and deployment agree: over generated pairs of templates, a deployment does what the plan said, no more and no
//! less, and the plan says what the deployment does.
//!
//! The embedded endpoint decides by itself what a template does, without a line of the code that plans: two
//! implementations of CloudFormation's behaviour are held against each other. Each pair is a template and what a few
//! edits made of it. `cargo xtask agreement` tries as many as are wanted, or one alone.

mod law;
mod performed;

use std::collections::{BTreeMap, BTreeSet};

use futures_util::{StreamExt as _, stream};
use pairs::{Edit, Pair};

use crate::support::World;
use law::{Verdict, hold};

/// How many pairs are tried without being told.
const PAIRS: u64 = 300;

/// How many pairs share an endpoint, and how many are under way at once.
const PER_WORLD: u64 = 30;
const AT_ONCE: usize = 15;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deployment_does_what_the_plan_said() {
    let first = number("CHITINFRA_FIRST_PAIR").unwrap_or(0);
    let seeds: Vec<u64> = (first..first + number("CHITINFRA_PAIRS").unwrap_or(PAIRS)).collect();
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    let mut edits: BTreeSet<Edit> = BTreeSet::new();
    let mut broken = Vec::new();
    for group in seeds.chunks(usize::try_from(PER_WORLD).expect("it is small")) {
        let world = World::new().await;
        let verdicts: Vec<(u64, Result<Verdict, String>)> = stream::iter(group)
            .map(|seed| async {
                let pair = Pair::new(*seed);
                (*seed, hold(&world, &pair).await)
            })
            .buffer_unordered(AT_ONCE)
            .collect()
            .await;
        for (seed, verdict) in verdicts {
            match verdict {
                Ok(verdict) => {
                    edits.extend(Pair::new(seed).edits());
                    for word in verdict.words {
                        *seen.entry(word).or_default() += 1;
                    }
                }
                Err(reason) => broken.push((seed, reason)),
            }
        }
    }
    let count = seeds.len();
    let figures: Vec<String> = seen.iter().map(|(word, n)| format!("{word} {n}")).collect();
    let figures = format!("{count} pairs: {}", figures.join(", "));
    if let Some((seed, reason)) = broken.first() {
        let all: Vec<String> = broken
            .iter()
            .map(|(seed, reason)| {
                let first = reason.lines().next().unwrap_or_default();
                format!("{seed}: {first}")
            })
            .collect();
        let (pair, reason) = smallest(Pair::new(*seed), reason.clone()).await;
        panic!(
            "{reason}\n\n`cargo xtask agreement --first {seed} --pairs 1`: {pair}\n{figures}; broken are\n{}",
            all.join("\n")
        );
    }
    if first == 0 && count >= usize::try_from(PAIRS).expect("it is small") {
        let missing: Vec<_> = law::WORDS
            .iter()
            .filter(|word| !seen.contains_key(**word))
            .collect();
        assert!(missing.is_empty(), "never seen: {missing:?}; {figures}");
    }
    assert!(!edits.is_empty() || count == 1, "{figures}");
    println!("{figures}");
}

/// The pair with as few edits as still break the law.
async fn smallest(mut pair: Pair, mut reason: String) -> (Pair, String) {
    'smaller: loop {
        for smaller in pair.smaller() {
            let world = World::new().await;
            if let Err(other) = hold(&world, &smaller).await {
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
