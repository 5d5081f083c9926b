//! Mistakes in the stacks' own code are named with the line that made them.

use std::fs;

use crate::project::{Outcome, Project, repository, snapshot, target};

/// Plans the stacks of `tests/fixtures/faulty` that have this mistake.
fn plan(mistake: &str) -> Outcome {
    let project = Project::without_stacks();
    project.write_environment(mistake, "never", "embedded");
    let manifest = format!(
        "[package]\nname = \"faulty\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n\
         [dependencies]\ndsl = {{ path = {:?} }}\n\n[workspace]\n",
        repository().join("crates/dsl")
    );
    project.write("stacks/Cargo.toml", &manifest);
    project.write(
        "stacks/src/main.rs",
        include_str!("../fixtures/faulty/main.rs"),
    );
    fs::copy(
        repository().join("Cargo.lock"),
        project.path("stacks/Cargo.lock"),
    )
    .expect("writable");
    let mut command = project.command(&format!("plan -e {mistake}"));
    command
        .env_remove("CHITINFRA_APP")
        .env("CARGO_TERM_QUIET", "true")
        .env("CARGO_TARGET_DIR", target())
        .env("CARGO_PROFILE_DEV_DEBUG", "line-tables-only");
    project.finish(&mut command).ended_with(1)
}

#[test]
fn mistakes_are_named_with_the_line_that_made_them() {
    snapshot!(plan("one-id-twice"), @"
    exit status: 1
    --- stderr
    error: `Jobs` is declared twice in one stack, first at `src/main.rs:15`
      --> src/main.rs:16 (first/Jobs)
      hint: give one of them another name
    error: the stacks have 1 error
    ");
    snapshot!(plan("cycle-of-stacks"), @"
    exit status: 1
    --- stderr
    error: stacks depend on each other in a circle: `first` → `second` → `first`
      `first/Names` uses `second/Alarms` (src/main.rs:22)
      `second/Alarms` uses `first/Jobs` (src/main.rs:21)
      --> src/main.rs:9 (first)
      hint: take one of these uses away, or put what belongs together into one stack
    error: the stacks have 1 error
    ");
    snapshot!(plan("bucket-name"), @"
    exit status: 1
    --- stdout
    Plan for bucket-name · account 0000-0000-0000 · us-east-1

    + first  1 resource to create
      + Files  AWS::S3::Bucket  src/main.rs:26

    Checks
      error CIF054  first/Files BucketName: `My_Bucket` does not match the pattern `^([a-z0-9][a-z0-9.-]*[a-z0-9])?$`  src/main.rs:26
      warning CIF102  first/Files: no policy denies requests without TLS; deny everything where `aws:SecureTransport` is false  src/main.rs:26

    1 to create, 0 to update, 0 to replace, 0 to delete. Nothing stateful is lost.
    --- stderr
    error: the checks found 1 error, so this cannot be deployed
    ");
    snapshot!(plan("number"), @"
    exit status: 1
    --- stdout
    Plan for number · account 0000-0000-0000 · us-east-1

    + first  1 resource to create
      + Jobs  AWS::SQS::Queue  src/main.rs:29

    Checks
      error CIF056  first/Jobs DelaySeconds: 901 is greater than 900  src/main.rs:29

    1 to create, 0 to update, 0 to replace, 0 to delete. Nothing stateful is lost.
    --- stderr
    error: the checks found 1 error, so this cannot be deployed
    ");
    snapshot!(plan("removed-resource"), @"
    exit status: 1
    --- stderr
    error: `Fn::GetAtt` refers to `Arhcive`, which stack `first` does not have
      --> src/main.rs:35 (first/Names)
      hint: did you mean `Archive`?
    error: the stacks have 1 error
    ");
}
