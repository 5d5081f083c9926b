//! The API's own program.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex},
};

use serde_json::Value;

/// A running program, killed when the test ends.
pub(crate) struct Program {
    pub(crate) url: String,
    /// What it says once it listens.
    pub(crate) listening: Value,
    child: Child,
    log: Arc<Mutex<String>>,
}

impl Program {
    /// It, without a variable.
    pub(crate) fn command() -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_api"));
        command.env_clear().stdin(Stdio::null());
        command
    }

    /// Starts it with these variables and no others, and waits until it listens.
    pub(crate) fn start(variables: &BTreeMap<String, String>) -> Self {
        let mut command = Self::command();
        command.envs(variables);
        Self::listen(command)
    }

    /// Starts it and waits until it listens.
    pub(crate) fn listen(mut command: Command) -> Self {
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let log = Arc::new(Mutex::new(String::new()));
        let listening = loop {
            let line = lines.next().expect("it listens").unwrap();
            let entry: Value = serde_json::from_str(&line).unwrap();
            if entry["message"] == "listening" {
                break entry;
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
            url: format!("http://{}", listening["address"].as_str().unwrap()),
            listening,
            child,
            log,
        }
    }

    /// What it has logged since it listens.
    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Asks it to end, and waits until it has.
    pub(crate) fn terminate(mut self) -> ExitStatus {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").arg(id).status().unwrap().success());
        self.child.wait().unwrap()
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
