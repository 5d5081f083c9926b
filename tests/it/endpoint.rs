//! The embedded endpoint, and endpoints that cannot be used.

use crate::{
    project::{Project, snapshot},
    sample,
};

fn messaging() -> Project {
    Project::with_stacks([("messaging", sample::messaging())])
}

#[test]
fn an_endpoint_that_does_not_answer_is_named() {
    let project = messaging();
    let mut command = project.command("plan -e local --endpoint-url http://127.0.0.1:9");
    command
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test");
    snapshot!(project.finish(&mut command).ended_with(1), @"
    exit status: 1
    --- stderr
    error: the sts endpoint cannot be reached: http://127.0.0.1:[PORT]: Connection refused (os error 111)

    hint: check the network, the region, and `--endpoint-url` or `AWS_ENDPOINT_URL` if one is set
    ");
}

#[test]
fn another_account_than_the_environments_is_refused() {
    let project = messaging();
    let (_server, address) = project.serve("");
    project.edit("environments/local.yaml", "000000000000", "111122223333");
    project.edit("assembly/manifest.json", "000000000000", "111122223333");
    let mut command = project.command(&format!("deploy -e local --endpoint-url {address}"));
    command
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test");
    let outcome = project.finish(&mut command);
    assert!(matches!(outcome.status.code(), Some(1 | 2)), "{outcome}");
    snapshot!(outcome, @"
    exit status: 2
    --- stderr
    error: these credentials belong to account `000000000000` (arn:aws:iam::000000000000:root), the environment to `111122223333`

    hint: use a profile of the environment's account (`--profile`, `AWS_PROFILE`)
    ");
}

#[test]
fn the_address_of_a_service_goes_before_that_of_all() {
    let project = messaging();
    let (_server, address) = project.serve("");
    project.write_environment("local", "never", "aws");
    let services = ["CLOUDFORMATION", "STS", "S3"];
    let run = |services: &[&str]| {
        let mut command = project.command("deploy -e local");
        command
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .env("AWS_ENDPOINT_URL", "http://127.0.0.1:9");
        for service in services {
            command.env(format!("AWS_ENDPOINT_URL_{service}"), &address);
        }
        project.finish(&mut command)
    };
    run(&services[..1]).ended_with(1).says("127.0.0.1:9");
    run(&services).ended_with(0);
    run(&services).ended_with(0).says("Nothing to do");
}

#[test]
fn without_credentials_it_is_said_what_is_missing() {
    let project = messaging();
    project.write_environment("local", "never", "aws");
    let mut command = project.command("plan -e local");
    command.env("AWS_ENDPOINT_URL", "http://127.0.0.1:9");
    let outcome = project.finish(&mut command).ended_with(1);
    assert!(outcome.stderr.contains("credentials"), "{outcome}");
}

#[test]
fn state_that_cannot_be_read_is_kept_and_reported() {
    let project = messaging();
    project.run("deploy -e local").ended_with(0);
    let damaged: Vec<_> = files(&project)
        .into_iter()
        .filter(|file| std::fs::metadata(file).is_ok_and(|data| data.len() > 64))
        .collect();
    assert!(!damaged.is_empty(), "the state is somewhere");
    for file in &damaged {
        std::fs::write(file, "this is no state\n".repeat(20)).expect("writable");
    }
    let outcome = project.run("plan -e local").ended_with(1);
    assert!(outcome.stderr.contains(".chitinfra/local"), "{outcome}");
    for file in &damaged {
        let kept = std::fs::read_to_string(file).expect("it is still there");
        assert!(
            kept.starts_with("this is no state\n"),
            "`{}` was overwritten",
            file.display()
        );
    }
    snapshot!(outcome, @"
    exit status: 1
    --- stderr
    error: the local state file `[PROJECT]/.chitinfra/local/state.journal` is corrupted at line 1: it does not begin like a state file

    hint: move `[PROJECT]/.chitinfra/local/state.journal` away to keep it, or give up the local environment by `chitinfra local reset`
    ");
    project.run("local reset --yes").ended_with(0);
    project.run("deploy -e local").ended_with(0);
}

#[test]
fn a_running_endpoint_and_an_environment_share_one_state() {
    let project = messaging();
    let (server, _) = project.serve("");
    project.run("deploy -e local").ended_with(0);
    project
        .run("local status")
        .ended_with(0)
        .says("http://127.0.0.1:");
    drop(server);
    project
        .run("plan -e local --detailed-exitcode")
        .ended_with(0);
}

#[test]
fn a_reset_asks_first() {
    let project = messaging();
    project.run("deploy -e local").ended_with(0);
    project.run("local reset").ended_with(1).says("--yes");
    project
        .run("plan -e local --detailed-exitcode")
        .ended_with(0);
    project.run("local reset --yes").ended_with(0);
    project
        .run("plan -e local --detailed-exitcode")
        .ended_with(3);
}

/// Every file of the embedded endpoint's state.
fn files(project: &Project) -> Vec<std::path::PathBuf> {
    std::fs::read_dir(project.path(".chitinfra/local"))
        .expect("the state is a folder")
        .map(|entry| entry.expect("it can be listed").path())
        .filter(|path| path.is_file())
        .collect()
}
