//! Many simulations, or one told call by call: `cargo xtask simulate`.

use std::{
    fmt::Write as _,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use simulation::{Figures, Verdict, simulate};

/// How many simulations are played without being told.
const RUNS: u64 = 400;

#[test]
fn whatever_goes_wrong_no_law_is_broken() {
    if let Some(seed) = number("CHITINFRA_SEED") {
        let verdict = simulate(seed);
        println!("{}", told(&verdict));
        let violations = &verdict.violations;
        assert!(violations.is_empty(), "seed {seed}: {violations:#?}");
    } else {
        let first = number("CHITINFRA_FIRST").unwrap_or(0);
        let runs = number("CHITINFRA_RUNS").unwrap_or(RUNS);
        println!("{runs} simulations: {}", many(first, runs));
    }
}

fn told(verdict: &Verdict) -> String {
    let story = verdict.story.join("\n");
    format!("{story}\nseed {}, digest {}", verdict.seed, verdict.digest)
}

/// Plays many simulations on all cores; how much that was.
fn many(first: u64, runs: u64) -> Figures {
    let next = AtomicU64::new(first);
    let seen = Mutex::new((Figures::default(), Vec::new()));
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= first + runs {
                        return;
                    }
                    let verdict = std::panic::catch_unwind(|| simulate(seed))
                        .unwrap_or_else(|_| Verdict::panicked(seed));
                    let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
                    seen.0 += verdict.figures;
                    if !verdict.violations.is_empty() {
                        seen.1.push(verdict);
                    }
                }
            });
        }
    });
    let (figures, mut broken) = seen.into_inner().unwrap_or_else(PoisonError::into_inner);
    broken.sort_by_key(|verdict| verdict.seed);
    let mut words = String::new();
    for verdict in &broken {
        for violation in &verdict.violations {
            writeln!(words, "seed {}: {violation}", verdict.seed).expect("a string takes any text");
        }
    }
    if let Some(shortest) = broken.iter().min_by_key(|verdict| verdict.story.len()) {
        let seed = shortest.seed;
        panic!(
            "{}\n\n{words}\n{figures}\n{} of {runs} simulations broke a law; `cargo xtask simulate --seed {seed}` plays this one again",
            told(shortest),
            broken.len()
        );
    }
    figures
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
