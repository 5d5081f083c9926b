//! boto3 against the real program: every operation and refusal, and every constraint of botocore's own model.

use std::{path::Path, process::Command};

use crate::program::Program;

/// Runs a script of `tests/boto3` against an emulator of its own: what it says.
#[track_caller]
fn run(script: &str) -> String {
    let program = Program::start();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    // `cargo xtask test --only tools` puts it there.
    let python = folder.join("../../target/tools/python/bin/python");
    let output = Command::new(python)
        .arg(folder.join("tests/boto3").join(script))
        .env_clear()
        .env("EMULATOR", program.url())
        .env("PYTHONUTF8", "1")
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_CONFIG_FILE", "/dev/null")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
        .output()
        .expect("Python can be started");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (answer, errors) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{answer}\n{errors}");
    // Nothing is logged, so no secret is.
    assert_eq!(program.stop(), "");
    answer + &errors
}

#[test]
#[ignore = "needs boto3"]
fn boto3_takes_it_for_the_service() {
    let told = run("operations.py");
    assert!(told.contains("\nRan 16 tests in "), "{told}");
}

#[test]
#[ignore = "needs boto3"]
fn every_constraint_of_the_model_is_kept_and_no_other() {
    let told = run("constraints.py");
    assert!(told.contains(", 0 judged otherwise"), "{told}");
}
