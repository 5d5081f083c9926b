//! Stacks programs that do not do what they should.

use std::{fs, os::unix::fs::PermissionsExt, process::Command};

use crate::project::{Outcome, Project, snapshot};

/// Plans with a stacks package of this `main.rs`, which needs no other crate.
fn plan_with(main: &str) -> Outcome {
    let project = Project::without_stacks();
    project.write(
        "stacks/Cargo.toml",
        "[package]\nname = \"stacks\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n",
    );
    project.write("stacks/src/main.rs", main);
    let mut command: Command = project.command("plan -e local");
    command
        .env_remove("CHITINFRA_APP")
        .env("CARGO_TERM_QUIET", "true");
    project.finish(&mut command).ended_with(1)
}

#[test]
fn stacks_that_panic_are_told_from_stacks_that_are_wrong() {
    let main =
        "fn main() {\n    let none: Option<u8> = None;\n    none.expect(\"a domain is set\");\n}\n";
    snapshot!(plan_with(main), @"
    exit status: 1
    --- stderr

    thread 'main' panicked at src/main.rs:3:10:
    a domain is set
    note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace
    error: the stacks program panicked before it wrote an assembly

    hint: its own messages above say why
    ");
}

#[test]
fn stacks_that_do_not_compile_are_left_to_the_compilers_own_words() {
    snapshot!(plan_with("fn main() {\n    let length: u8 = \"twelve\";\n}\n"), @r#"
    exit status: 1
    --- stderr
    error[E0308]: mismatched types
     --> src/main.rs:2:22
      |
    2 |     let length: u8 = "twelve";
      |                 --   ^^^^^^^^ expected `u8`, found `&str`
      |                 |
      |                 expected due to this

    For more information about this error, try `rustc --explain E0308`.
    error: could not compile `stacks` (bin "stacks") due to 1 previous error
    error: the stacks in `[PROJECT]/stacks` do not compile

    hint: the compiler's messages above say where
    "#);
}

#[test]
fn a_program_that_writes_no_assembly_is_named() {
    let project = Project::without_stacks();
    project.write("app.sh", "#!/bin/sh\necho hello\n");
    fs::set_permissions(project.path("app.sh"), fs::Permissions::from_mode(0o755))
        .expect("writable");
    snapshot!(project.run("plan -e local --app ./app.sh").ended_with(1), @"
    exit status: 1
    --- stderr
    hello
    error: `./app.sh` ended without writing an assembly

    hint: its `main` must call `run`, as the scaffold of `chitinfra init` does
    ");
}

#[test]
fn a_program_that_is_not_there_is_named() {
    let project = Project::without_stacks();
    snapshot!(project.run("plan -e local --app ./no-such-app").ended_with(2), @"
    exit status: 2
    --- stderr
    error: cannot run `./no-such-app`: No such file or directory (os error 2)

    hint: `--app` names a stacks package, a program or an assembly folder
    ");
}
