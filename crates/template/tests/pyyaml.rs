//! The reading of YAML, held against PyYAML, which CloudFormation's own tools read with: public templates and mutants of
//! them. Both come to the same value or both refuse, but for the reasons listed here.

use std::{
    collections::BTreeSet,
    fs,
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Command, Stdio},
};

use serde_json::Value;
use template::Template;
use toolbox::tool;

/// How many mutants there are.
const MUTANTS: usize = 1500;

/// The largest sample that is mutated, in bytes.
const LARGEST_MUTATED: usize = 6000;

/// What ours refuses alone: a part of its message, and why.
const OURS_ALONE: [(&str, &str); 4] = [
    (
        "aliases stand for more",
        "a bomb: PyYAML shares what an alias stands for, a template cannot",
    ),
    (
        "a key cannot have a tag",
        "the tag would be dropped in silence, and no key is a function",
    ),
    (
        "invalid indentation in quoted scalar",
        "mostly a quotation mark that is not closed, and YAML wants its lines to be indented",
    ),
    (
        "comments must be separated",
        "a `#` right behind a quotation mark begins no comment",
    ),
];

/// What PyYAML refuses alone: a part of its message, and why.
const THEIRS_ALONE: [(&str, &str); 1] = [(
    "character '\\t' that cannot start any token",
    "YAML allows a tab wherever nothing is indented by it",
)];

/// Every text in YAML among the samples, with its name.
fn samples() -> Vec<(String, String)> {
    let is_yaml = |file: &Path| {
        file.extension()
            .is_some_and(|it| it == "yaml" || it == "yml")
    };
    let mut files = toolbox::files("samples");
    files.retain(|file| is_yaml(file));
    files
        .into_iter()
        .filter_map(|file| {
            let text = fs::read_to_string(&file).ok()?;
            let is_json = text.trim_start().starts_with('{');
            (!is_json).then(|| (file.display().to_string(), text))
        })
        .collect()
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
}

/// A text with a few pieces of it gone, doubled or taken from another, and signs put in that mean something.
fn mutated(text: &str, other: &str, numbers: &mut Numbers) -> String {
    const SIGNS: &[u8] = b" \n:-{}[],'\"#&*!|>%@`?\t0~";
    let (mut letters, other): (Vec<char>, Vec<char>) =
        (text.chars().collect(), other.chars().collect());
    for _ in 0..=numbers.below(3) {
        let start = numbers.below(letters.len() + 1);
        let end = (start + numbers.below(40)).min(letters.len());
        let from = numbers.below(other.len() + 1);
        let taken = &other[from..(from + 40).min(other.len())];
        let sign = char::from(SIGNS[numbers.below(SIGNS.len())]);
        match numbers.below(5) {
            0 => drop(letters.drain(start..end)),
            1 => {
                let piece = letters[start..end].to_vec();
                letters.splice(start..start, piece);
            }
            2 => drop(letters.splice(start..end, taken.to_vec())),
            3 if start < letters.len() => letters[start] = sign,
            _ => letters.insert(start, sign),
        }
    }
    letters.into_iter().collect()
}

/// Whether two values are the same; JSON and Python write numbers in different ways.
fn is_same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => one.as_f64() == other.as_f64(),
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len()
                && one
                    .iter()
                    .zip(other)
                    .all(|(one, other)| is_same(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one
                    .iter()
                    .all(|(key, one)| other.get(key).is_some_and(|other| is_same(one, other)))
        }
        _ => one == other,
    }
}

/// What PyYAML says of each text.
fn answers(texts: &[(String, String)]) -> Vec<Value> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pyyaml/read.py");
    let mut child = Command::new(tool("python/bin/python"))
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("Python can be run");
    let mut input = child.stdin.take().expect("it is piped");
    let mut answers = BufReader::new(child.stdout.take().expect("it is piped")).lines();
    let read = texts.iter().map(|(name, text)| {
        writeln!(input, "{}", Value::from(text.as_str())).expect("it reads");
        let answer = answers
            .next()
            .unwrap_or_else(|| panic!("{name}: no answer"));
        serde_json::from_str(&answer.expect("it writes")).expect("an answer is JSON")
    });
    let read = read.collect();
    drop(input);
    assert!(child.wait().expect("it ends").success());
    read
}

#[test]
#[ignore = "needs sample templates and PyYAML"]
fn yaml_is_read_as_pyyaml_reads_it() {
    let mut texts = samples();
    assert!(texts.len() > 300, "{} samples", texts.len());
    let small: Vec<(String, String)> = texts
        .iter()
        .filter(|(_, text)| text.len() <= LARGEST_MUTATED)
        .cloned()
        .collect();
    let mut numbers = Numbers(0x2545_F491_4F6C_DD1D);
    for count in 0..MUTANTS {
        let (name, text) = &small[numbers.below(small.len())];
        let (_, other) = &small[numbers.below(small.len())];
        let mutant = mutated(text, other, &mut numbers);
        if !mutant.trim_start().starts_with('{') {
            texts.push((format!("{name}, mutant {count}"), mutant));
        }
    }
    let (mut same, mut refused, mut reasons, mut wrong) = (0, 0, BTreeSet::new(), Vec::new());
    for ((name, text), theirs) in texts.iter().zip(answers(&texts)) {
        let (error, listed) = match (Template::parse(text), theirs.get("value")) {
            (Ok(ours), Some(theirs)) if is_same(ours.body(), theirs) => {
                same += 1;
                continue;
            }
            // What is no mapping is YAML all the same.
            (Err(_), None) => {
                refused += 1;
                continue;
            }
            (Err(_), Some(theirs)) if !theirs.is_object() => {
                refused += 1;
                continue;
            }
            (Ok(_), Some(_)) => ("another value".to_owned(), &[][..]),
            (Err(errors), Some(_)) => (errors[0].to_string(), &OURS_ALONE[..]),
            (Ok(_), None) => (theirs["error"].to_string(), &THEIRS_ALONE[..]),
        };
        // The message is written as JSON.
        let error = error.replace("\\\\", "\\");
        match listed.iter().find(|(part, _)| error.contains(part)) {
            Some((part, _)) => drop(reasons.insert(*part)),
            None => wrong.push(format!("{name}: {error}\n{text}")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    assert!(
        same > 500 && refused > 500,
        "{same} the same, {refused} refused"
    );
    let listed = OURS_ALONE.iter().chain(&THEIRS_ALONE);
    let listed: BTreeSet<&str> = listed.map(|(part, _)| *part).collect();
    assert_eq!(reasons, listed, "every reason occurs");
}
