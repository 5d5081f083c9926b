//! The real program, on a port of its own.

use std::{
    io::{BufRead as _, BufReader, Read as _},
    process::{Child, ChildStderr, Command, ExitStatus, Stdio},
    thread,
    time::Duration,
};

/// It ends with the test.
pub(crate) struct Program {
    child: Child,
    errors: BufReader<ChildStderr>,
    url: String,
}

impl Program {
    pub(crate) fn start() -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_chime-emulator"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it can be started");
        let mut errors = BufReader::new(child.stderr.take().expect("it is piped"));
        let mut line = String::new();
        errors.read_line(&mut line).expect("it says a line");
        let url = line.trim_end().strip_prefix("listening on ");
        Self {
            url: url
                .unwrap_or_else(|| panic!("it listens: {line}"))
                .to_owned(),
            child,
            errors,
        }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits until it has ended, but not for long.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        for _ in 0..1000 {
            if let Some(status) = self.child.try_wait().expect("it is our child") {
                return status;
            }
            thread::sleep(Duration::from_millis(10));
        }
        panic!("it does not end");
    }

    /// Ends it: what it has written on the standard error after its first line.
    pub(crate) fn stop(mut self) -> String {
        self.child.kill().expect("it runs");
        let mut rest = String::new();
        self.errors.read_to_string(&mut rest).expect("a text");
        rest
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
