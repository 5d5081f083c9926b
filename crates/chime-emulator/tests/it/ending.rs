//! How the program starts and ends.

use std::process::{Command, Output};

use crate::program::Program;

fn run(words: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_chime-emulator"));
    command.args(words).output().expect("it can be started")
}

#[test]
fn it_ends_well_when_it_is_told_to_stop() {
    for signal in ["TERM", "INT"] {
        let mut program = Program::start();
        let url = program.url();
        assert!(url.starts_with("http://127.0.0.1:"), "{url}");
        let sent = Command::new("kill")
            .args(["-s", signal, &program.id().to_string()])
            .status();
        assert!(sent.expect("it can be run").success());
        assert_eq!(program.wait().code(), Some(0), "SIG{signal}");
    }
}

#[test]
fn a_port_that_is_taken_is_a_failure_and_a_wrong_word_a_mistake() {
    let program = Program::start();
    let address = program.url().trim_start_matches("http://");
    let taken = run(&["--listen", address]);
    let errors = String::from_utf8_lossy(&taken.stderr);
    assert_eq!(taken.status.code(), Some(1), "{errors}");
    assert!(
        errors.starts_with(&format!("error: cannot listen on `{address}`: ")),
        "{errors}"
    );
    for words in [
        &["--listen", "4777"][..],
        &["--account", "1234"],
        &["--port", "1"],
    ] {
        assert_eq!(run(words).status.code(), Some(2), "{words:?}");
    }
}
