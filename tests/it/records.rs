//! What was done to an environment is recorded, and can be gone back to without any source.

use std::{thread, time::Duration};

use serde_json::{Value, json};

use crate::{
    project::{Outcome, Project, snapshot},
    sample,
    wire::send,
};

/// The bucket of the embedded endpoint's account.
const BUCKET: &str = "chitinfra-assets-000000000000-us-east-1";

fn queue(timeout: u32) -> Value {
    json!({"Resources": {"Jobs": {
        "Type": "AWS::SQS::Queue",
        "Properties": {"VisibilityTimeout": timeout},
    }}})
}

fn bucket(name: &str) -> Value {
    json!({"Resources": {"Data": {
        "Type": "AWS::S3::Bucket",
        "DeletionPolicy": "Delete",
        "UpdateReplacePolicy": "Delete",
        "Properties": {"BucketName": name},
    }}})
}

/// The releases, the newest first.
fn releases(project: &Project) -> Vec<Value> {
    let history = project.json("history -e local --json");
    assert_eq!(history["format_version"], "1.0");
    history["releases"].as_array().expect("a list").clone()
}

/// A run without any source: what it needs it has to find in the records.
fn without_source(project: &Project, words: &str) -> Outcome {
    let mut command = project.command(words);
    command.env_remove("CHITINFRA_APP");
    project.finish(&mut command)
}

fn id(release: &Value) -> &str {
    release["id"].as_str().expect("it has a name")
}

#[test]
fn an_earlier_release_is_deployed_again_without_its_source() {
    let project = Project::with_stacks([("web", queue(30))]);
    project
        .run("history -e local")
        .ended_with(0)
        .says("nothing was deployed to local yet");
    project.run("deploy -e local").ended_with(0);
    project.set_stacks([("web", queue(60)), ("extra", queue(10))]);
    project.run("deploy -e local").ended_with(0);
    // Nothing to do is nothing to record.
    project.run("deploy -e local").ended_with(0);
    let before = releases(&project);
    assert_eq!(before.len(), 2, "{before:#?}");
    for release in &before {
        assert_eq!(release["environment"], "local");
        assert_eq!(release["outcome"], "succeeded");
        assert_eq!(release["by"], "arn:aws:iam::000000000000:root");
        assert!(release["at"].is_string() && release["summary"].is_object());
    }
    std::fs::remove_dir_all(project.path("assembly")).expect("it is there");
    let first = id(&before[1]);
    snapshot!(without_source(&project, &format!("rollback -e local --to {first}")).ended_with(0), @"
    exit status: 0
    --- stderr
    back to [RELEASE]
    note: extra (sample-local-extra) is not in [RELEASE] and stays as it is
    Plan for local · account 0000-0000-0000 · us-east-1

    ~ web  1 resource changes
      ~ Jobs  AWS::SQS::Queue  stacks/src/web.rs:10
          VisibilityTimeout  60 → 30

    0 to create, 1 to update, 0 to replace, 0 to delete. Nothing stateful is lost.

    updating web (1 resource)
      ✓ web/Jobs  AWS::SQS::Queue  UPDATE_COMPLETE  [TIME]
    web updated  [TIME]
    ");
    snapshot!(without_source(&project, &format!("rollback -e local --to {first}")).ended_with(0), @"
    exit status: 0
    --- stderr
    back to [RELEASE]
    note: extra (sample-local-extra) is not in [RELEASE] and stays as it is
    Nothing to do: what is deployed is what that release says.
    ");
    snapshot!(without_source(&project, "history -e local").ended_with(0), @"
    exit status: 0
    --- stdout
    [RELEASE]  rollback  succeeded  1 update            root
      back to [RELEASE]
    [RELEASE]  deploy    succeeded  1 create, 1 update  root
    [RELEASE]  deploy    succeeded  1 create            root
    ");
    let after = releases_without_source(&project);
    assert_eq!(after.len(), 3);
    assert_eq!(after[0]["rollback_to"], *first);
    let at = &first[..first.len() - 4];
    let wrong = if first.ends_with("0000") {
        "0001"
    } else {
        "0000"
    };
    without_source(&project, &format!("rollback -e local --to {at}{wrong}"))
        .ended_with(2)
        .says("did you mean");
    let year = &first[..4];
    without_source(&project, &format!("rollback -e local --to {year}"))
        .ended_with(2)
        .says("is the beginning of several releases");
}

fn releases_without_source(project: &Project) -> Vec<Value> {
    let history = without_source(project, "history -e local --json").json();
    history["releases"].as_array().expect("a list").clone()
}

#[test]
fn going_back_may_not_lose_data_unasked() {
    let project = Project::with_stacks([("store", bucket("first-name"))]);
    project.run("deploy -e local").ended_with(0);
    project.set_stacks([("store", bucket("second-name"))]);
    project
        .run("deploy -e local --allow-destroy store/Data")
        .ended_with(0);
    let first = releases(&project).pop().expect("two were recorded");
    let back = format!("rollback -e local --to {}", id(&first));
    project.run(&back).ended_with(1).says("data would be lost");
    assert_eq!(releases(&project).len(), 2, "nothing was done");
    project.write_environment("local", "always", "embedded");
    let allowed = format!("{back} --allow-destroy store/Data");
    project
        .run(&allowed)
        .ended_with(1)
        .says("a person must approve deployments to local");
    project.run(&format!("{allowed} --yes")).ended_with(0);
    assert_eq!(releases(&project).len(), 3);
}

#[test]
fn whoever_is_first_holds_the_environment_and_lets_it_go_when_stopped() {
    let project = Project::with_stacks([("messaging", sample::messaging())]);
    project.write(
        "slow.json",
        r#"{"delay": [{"resource": "Jobs", "milliseconds": 1500}]}"#,
    );
    let (_server, _) = project.serve("--faults slow.json");
    let begun = |count: usize| {
        let is_there = (0..100).any(|_| {
            thread::sleep(Duration::from_millis(50));
            releases(&project).len() == count
        });
        assert!(is_there, "no release {count} is begun");
    };
    let deployment = project.start("deploy -e local");
    begun(1);
    deployment.signal("INT");
    deployment.end().ended_with(130);
    assert_eq!(releases(&project)[0]["outcome"], "interrupted");
    let next = project.run("deploy -e local").ended_with(0);
    assert!(!next.stderr.contains("taken over"), "{next}");
    let destruction = project.start("destroy -e local --yes");
    begun(2);
    project
        .run("deploy -e local")
        .ended_with(1)
        .says("(`chitinfra destroy -e local` on ");
    let first = releases(&project).pop().expect("it is recorded");
    project
        .run(&format!("rollback -e local --to {}", id(&first)))
        .ended_with(1)
        .says("environment `local` is held by");
    destruction.end().ended_with(0);
    // It was interrupted, and what it was to deploy is known all the same.
    project
        .run(&format!("rollback -e local --to {}", id(&first)))
        .ended_with(0)
        .says("did not succeed: it is interrupted");
    project
        .run("plan -e local --detailed-exitcode")
        .ended_with(0);
}

#[test]
fn a_deployment_that_fails_is_recorded_as_failed_and_a_destruction_as_such() {
    let project = Project::with_stacks([("messaging", sample::messaging())]);
    project.write(
        "faults.json",
        r#"{"fail": [{"resource": "Jobs", "step": "create", "reason": "no"}]}"#,
    );
    let (server, _) = project.serve("--faults faults.json");
    project.run("deploy -e local").ended_with(1);
    drop(server);
    project.run("deploy -e local").ended_with(0);
    project.run("destroy -e local --yes").ended_with(0);
    let found: Vec<_> = releases(&project)
        .iter()
        .map(|one| (one["kind"].clone(), one["outcome"].clone()))
        .collect();
    assert_eq!(
        found,
        [
            (json!("destroy"), json!("succeeded")),
            (json!("deploy"), json!("succeeded")),
            (json!("deploy"), json!("failed")),
        ]
    );
    let destroyed = &releases(&project)[0];
    assert_eq!(destroyed["summary"]["delete"], 2);
    project
        .run(&format!("rollback -e local --to {}", id(destroyed)))
        .ended_with(2)
        .says("there is nothing in it to go back to");
}

#[test]
fn a_deployment_that_is_killed_is_unfinished_for_ever_and_the_next_run_says_so() {
    let project = Project::with_stacks([("messaging", sample::messaging())]);
    project.write(
        "slow.json",
        r#"{"delay": [{"resource": "Jobs", "milliseconds": 1500}]}"#,
    );
    let (_server, _) = project.serve("--faults slow.json");
    let deployment = project.start("deploy -e local");
    let recorded = (0..100).find_map(|_| {
        thread::sleep(Duration::from_millis(50));
        releases(&project).pop()
    });
    let recorded = recorded.expect("it is recorded before anything is begun");
    assert_eq!(recorded["outcome"], "under_way");
    deployment.signal("KILL");
    deployment.end();
    assert_eq!(releases(&project)[0]["outcome"], "unfinished");
    let cut_off = id(&recorded).to_owned();
    let next = project.run("deploy -e local").ended_with(0);
    let next = next.says("taken over from arn:aws:iam::000000000000:root");
    assert!(
        next.stderr.contains(&format!("{cut_off} was cut off")),
        "{next}"
    );
    assert_eq!(
        releases(&project).pop().expect("it stays")["outcome"],
        "unfinished"
    );
    // Said once: nothing is open any more.
    let last = project.run("deploy -e local").ended_with(0);
    assert!(!last.stderr.contains("cut off"), "{last}");
}

#[test]
fn a_claim_of_another_machine_is_respected_while_it_lives() {
    let project = Project::with_stacks([("web", queue(30))]);
    let (_server, address) = project.serve("");
    project.run("deploy -e local").ended_with(0);
    project.set_stacks([("web", queue(60))]);
    let claim = |seen: &str| {
        let note = json!({"format_version": "1.0", "unfinished": null, "holder": {
            "command": "chitinfra deploy -e local", "by": "arn:aws:iam::000000000000:user/ada",
            "machine": "far", "boot": "another", "process": 1, "process_started": "1",
            "run": "another", "since": "2026-01-01T00:00:00Z", "seen": seen, "release": null,
        }});
        let call = format!("PUT /{BUCKET}/sample/local/lock.json");
        send(&address, &call, &note.to_string());
    };
    // Its clock is ahead of ours: whoever writes in the future has just been seen.
    claim("2999-01-01T00:00:00Z");
    snapshot!(project.run("deploy -e local").ended_with(1), @"
    exit status: 1
    --- stderr
    error: environment `local` is held by arn:aws:iam::000000000000:user/ada (`chitinfra deploy -e local` on `[MACHINE]`, process [PID]) since [DATE]; its last sign of life was [TIME] ago

    hint: wait until it ends, then repeat the command
    hint: if it was killed: on the same machine it is taken over at once, from another one [TIME] after its last sign of life
    ");
    project
        .run("plan -e local")
        .ended_with(0)
        .says("note: local is being changed by arn:aws:iam::000000000000:user/ada");
    let file = "environments/local.yaml";
    let plain = project.read(file);
    project.write(file, &format!("{plain}bootstrap: {{}}\n"));
    project
        .run("bootstrap -e local")
        .ended_with(1)
        .says("environment `local` is held by arn:aws:iam::000000000000:user/ada");
    project.write(file, &plain);
    claim("2026-01-01T00:00:00Z");
    let taken = project.run("deploy -e local").ended_with(0);
    let taken = taken.says("taken over from arn:aws:iam::000000000000:user/ada");
    assert!(
        taken.stderr.contains("it gave no sign of life for"),
        "{taken}"
    );
}

#[test]
fn a_record_that_was_damaged_is_named_and_nothing_is_deployed_from_it() {
    let project = Project::with_stacks([("web", queue(30))]);
    let (_server, address) = project.serve("");
    project.run("deploy -e local").ended_with(0);
    project.set_stacks([("web", queue(60))]);
    project.run("deploy -e local").ended_with(0);
    let first = releases(&project).pop().expect("two were recorded");
    let key = format!("sample/local/releases/{}/assembly.json", id(&first));
    let path = format!("/{BUCKET}/{key}");
    let text = send(&address, &format!("GET {path}"), "");
    send(&address, &format!("PUT {path}"), &text.replace("30", "31"));
    project
        .run(&format!("rollback -e local --to {}", id(&first)))
        .ended_with(1)
        .says(&format!("`{key}` is not what was recorded"));
}

#[test]
fn without_a_bucket_a_deployment_works_and_says_that_it_is_not_recorded() {
    let project = Project::with_stacks([("web", queue(30))]);
    let (_server, address) = project.serve("");
    // An endpoint that stands in for AWS: no bucket is made by itself.
    project.write_environment("local", "never", "aws");
    let run = |words: &str| {
        let mut command = project.command(&format!("{words} --endpoint-url {address}"));
        command
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test");
        project.finish(&mut command)
    };
    snapshot!(run("history -e local").ended_with(1), @"
    exit status: 1
    --- stderr
    error: nothing is recorded of `local`: its account has no asset bucket

    hint: `chitinfra bootstrap -e local` makes one
    ");
    let deployed = run("deploy -e local").ended_with(0);
    assert_eq!(
        deployed.stderr.matches("this is not recorded").count(),
        1,
        "{deployed}"
    );
    let again = run("deploy -e local").ended_with(0);
    assert!(!again.stderr.contains("warning"), "{again}");
}
