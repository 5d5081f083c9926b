//! What is typed wrong is named, with the nearest right name, and ends with 2.

use crate::{
    project::{Project, snapshot},
    sample,
};

#[test]
fn the_version_is_the_answer() {
    let outcome = Project::without_stacks().run("--version").ended_with(0);
    assert_eq!(
        outcome.stdout,
        concat!("chitinfra ", env!("CARGO_PKG_VERSION"), "\n")
    );
    assert_eq!(outcome.stderr, "");
}

#[test]
fn an_unknown_flag_is_refused_with_the_nearest() {
    let outcome = Project::without_stacks()
        .run("plan -e local --detailed-exit-code")
        .ended_with(2);
    snapshot!(outcome, @"
    exit status: 2
    --- stderr
    error: unexpected argument '--detailed-exit-code' found

      tip: a similar argument exists: '--detailed-exitcode'

    Usage: chitinfra plan --env <ENV> --detailed-exitcode [STACK]...

    For more information, try '--help'.
    ");
}

#[test]
fn an_unknown_verb_is_refused_with_the_nearest() {
    Project::without_stacks()
        .run("deplyo -e local")
        .ended_with(2)
        .says("deploy");
}

#[test]
fn an_unknown_environment_is_refused_with_the_nearest() {
    let outcome = Project::of_this_repository()
        .run("plan -e stagin")
        .ended_with(2);
    snapshot!(outcome, @"
    exit status: 2
    --- stderr
    error: no environment `stagin`

    hint: did you mean `staging`?
    ");
}

#[test]
fn an_unknown_stack_is_refused_with_the_nearest() {
    let project = Project::with_stacks([("messaging", sample::messaging())]);
    let outcome = project.run("deploy -e local mesaging").ended_with(2);
    snapshot!(outcome, @"
    exit status: 2
    --- stderr
    error: no stack `mesaging`

    hint: did you mean `messaging`?
    ");
}

#[test]
fn a_folder_without_a_project_is_named() {
    let project = Project::without_stacks();
    std::fs::remove_dir_all(project.path("environments")).expect("it can be removed");
    let outcome = project.run("plan -e local").ended_with(2);
    snapshot!(outcome, @"
    exit status: 2
    --- stderr
    error: no project in `[PROJECT]` or above: no folder `environments`

    hint: `chitinfra init` starts a project here; `--project DIR` names another
    ");
}

#[test]
fn another_region_than_the_environments_is_refused() {
    let project = Project::with_stacks([("messaging", sample::messaging())]);
    project
        .run("plan -e local --region eu-west-1")
        .ended_with(2)
        .says("us-east-1");
}

#[test]
fn a_closed_pipe_is_no_failure() {
    let project = Project::of_this_repository();
    let mut script = std::process::Command::new("bash");
    script
        .args([
            "-c",
            r#""$0" completions bash | head -n 1; echo "${PIPESTATUS[0]}""#,
        ])
        .arg(env!("CARGO_BIN_EXE_chitinfra"));
    let outcome = project.finish(&mut script);
    assert!(outcome.stdout.ends_with("\n0\n"), "{outcome}");
}

#[test]
fn the_doctor_answers_and_completions_name_the_verbs() {
    let project = Project::without_stacks();
    let doctor = project.run("doctor").ended_with(0);
    assert!(doctor.stdout.contains("cargo"), "{doctor}");
    for shell in ["bash", "fish", "zsh"] {
        let outcome = project.run(&format!("completions {shell}")).ended_with(0);
        assert!(outcome.stdout.contains("validate"), "{outcome}");
    }
}
