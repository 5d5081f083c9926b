//! The API's own program.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
};

use serde_json::Value;

/// A running program, killed when the test ends.
pub(crate) struct Program {
    pub(crate) url: String,
    child: Child,
    log: Arc<Mutex<String>>,
}

impl Program {
    /// Starts it with these variables and no others, and waits until it listens.
    pub(crate) fn start(variables: &BTreeMap<String, String>) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_api"))
            .env_clear()
            .envs(variables)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let log = Arc::new(Mutex::new(String::new()));
        let address = loop {
            let line = lines.next().expect("it listens").unwrap();
            let entry: Value = serde_json::from_str(&line).unwrap();
            if entry["message"] == "listening" {
                break entry["address"].as_str().unwrap().to_owned();
            }
        };
        let more = Arc::clone(&log);
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let mut log = more.lock().unwrap();
                log.push_str(&line);
                log.push('\n');
            }
        });
        Self {
            url: format!("http://{address}"),
            child,
            log,
        }
    }

    /// What it has logged since it listens.
    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Ends it as a failing machine would.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
