//! The CDK's library, run in a process of its own.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{BufRead, BufReader, Lines, Write},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use toolbox::tool;

/// What the library says of a pair of templates.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Answer {
    Refused {
        error: String,
    },
    Compared {
        resources: BTreeMap<String, ResourceDifference>,
        sections: BTreeMap<String, BTreeSet<String>>,
    },
}

/// How a resource differs by the library's account.
#[derive(Deserialize)]
pub(super) struct ResourceDifference {
    /// `WILL_REPLACE` and its like; `NO_CHANGE` where it knows nothing of what a property causes.
    pub(super) impact: String,
    /// The top-level properties that differ, with the impact of each.
    pub(super) properties: BTreeMap<String, String>,
    pub(super) attributes: Vec<String>,
}

/// What the library knows: by type and property whether a change replaces (`yes`, `no`, `maybe`).
pub(super) type KnownFacts = BTreeMap<String, BTreeMap<String, String>>;

/// The library, running.
pub(super) struct Library {
    child: Child,
    input: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
}

impl Library {
    pub(super) fn start() -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cdk/compare.js");
        let mut child = Command::new("node")
            .arg(script)
            .env("NODE_PATH", tool("cdk-diff/node_modules"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("node can be run");
        let input = child.stdin.take().expect("it is piped");
        let answers = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        Self {
            child,
            input,
            answers,
        }
    }

    /// What it knows of every type.
    pub(super) fn facts(&mut self) -> KnownFacts {
        writeln!(self.input, "\"facts\"").expect("the script reads all");
        self.answer()
    }

    /// What it says of two templates.
    pub(super) fn compare(&mut self, before: &Value, after: &Value) -> Answer {
        writeln!(self.input, "{{\"before\":{before},\"after\":{after}}}")
            .expect("the script reads all");
        self.answer()
    }

    fn answer<T: DeserializeOwned>(&mut self) -> T {
        let line = self.answers.next().expect("the script answers every line");
        let line = line.expect("the script writes text");
        serde_json::from_str(&line).expect("the script answers in this form")
    }

    pub(super) fn end(self) {
        let Self {
            mut child, input, ..
        } = self;
        drop(input);
        let status = child.wait().expect("it was started");
        assert!(status.success(), "the script ended with {status}");
    }
}
