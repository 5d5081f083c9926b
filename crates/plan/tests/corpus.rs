//! The committed samples of the fuzzer, and mutations of them, through everything that reads a file.

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

#[path = "../../../fuzz/src/lib.rs"]
#[expect(
    unreachable_pub,
    reason = "for the fuzzer the file is a crate of its own"
)]
mod targets;

/// What no sample may take, however slow and busy the machine.
const LONGEST: Duration = Duration::from_secs(30);

/// How many mutations are tried of each folder's samples, all together.
const MUTATIONS: usize = 1000;

/// Mutations of larger samples would take too long.
const LARGEST_MUTATED: usize = 4000;

type Target = fn(&[u8]);

/// The folders of samples, and what reads each.
const FOLDERS: [(&str, &[Target]); 3] = [
    (
        "template",
        &[targets::parse, targets::validate, targets::diff],
    ),
    ("diff", &[targets::diff]),
    ("environment", &[targets::environment]),
];

/// The samples of a folder with their names, always in the same order.
fn samples(folder: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../fuzz/samples")
        .join(folder);
    let mut samples: Vec<_> = fs::read_dir(folder)
        .expect("the folder can be read")
        .map(|entry| {
            let path = entry.expect("it can be listed").path();
            let bytes = fs::read(&path).expect("the file can be read");
            (path.display().to_string(), bytes)
        })
        .collect();
    samples.sort();
    samples
}

/// Whether a target is done with some bytes in time; one that panics ends the test and tells why.
fn is_in_time(target: Target, bytes: &[u8]) -> bool {
    let begin = Instant::now();
    target(bytes);
    begin.elapsed() < LONGEST
}

#[test]
fn every_sample_is_read_or_refused() {
    for (folder, targets) in FOLDERS {
        let samples = samples(folder);
        assert!(samples.len() >= 5, "`{folder}` has few samples");
        for (name, bytes) in samples {
            for target in targets {
                assert!(is_in_time(*target, &bytes), "{name} takes too long");
            }
        }
    }
}

/// A small generator of numbers, so that every run is the same.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit.max(1) as u64).expect("it is below a usize")
    }

    /// A piece of a text, of up to `longest` bytes.
    fn piece(&mut self, length: usize, longest: usize) -> std::ops::Range<usize> {
        let start = self.below(length + 1);
        start..(start + self.below(longest)).min(length)
    }
}

/// Changes a text in one of the ways that keep much of it: a piece goes, stands twice, comes from another, or one byte
/// becomes another.
fn mutate(text: &mut Vec<u8>, other: &[u8], numbers: &mut Numbers) {
    let piece = numbers.piece(text.len(), 60);
    match numbers.below(5) {
        0 => drop(text.drain(piece)),
        1 => {
            let copy = text[piece].to_vec();
            let place = numbers.below(text.len() + 1);
            text.splice(place..place, copy);
        }
        2 => drop(text.splice(piece, other[numbers.piece(other.len(), 60)].to_vec())),
        3 => {
            let place = piece.start;
            let new = other[numbers.piece(other.len(), 200)].to_vec();
            text.splice(place..place, new);
        }
        _ => {
            if let Some(byte) = text.get_mut(piece.start) {
                *byte ^= 1 << numbers.below(7);
            }
        }
    }
}

#[test]
fn every_mutation_of_a_sample_is_read_or_refused() {
    let mut numbers = Numbers(0x2545_F491_4F6C_DD1D);
    for (folder, targets) in FOLDERS {
        let mut samples = samples(folder);
        samples.retain(|(_, bytes)| bytes.len() <= LARGEST_MUTATED);
        for _ in 0..MUTATIONS {
            let mut text = samples[numbers.below(samples.len())].1.clone();
            for _ in 0..=numbers.below(3) {
                let other = &samples[numbers.below(samples.len())].1;
                mutate(&mut text, other, &mut numbers);
            }
            for target in targets {
                let text = &text;
                assert!(
                    is_in_time(*target, text),
                    "{folder}: {}",
                    text.escape_ascii()
                );
            }
        }
    }
}
