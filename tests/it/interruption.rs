//! What is interrupted at any moment is in order afterwards, and the next run goes on from there.

use std::{
    process::Command,
    thread,
    time::{Duration, Instant},
};

use serde_json::{Map, Value, json};

use crate::{
    project::{Project, Running, snapshot},
    sample,
};

/// A project whose endpoint needs two seconds for the queue.
fn slow() -> Project {
    let project = Project::with_stacks([("messaging", sample::messaging())]);
    project.write(
        "slow.json",
        r#"{"delay": [{"resource": "Jobs", "milliseconds": 2000}]}"#,
    );
    project
}

/// Waits until the stack is being created.
fn wait_until_in_progress(project: &Project) {
    for _ in 0..100 {
        let status = project.json("status -e local --json");
        if status["stacks"][0]["health"] == "in_progress" {
            return;
        }
        thread::sleep(Duration::from_millis(50));
    }
    panic!("the deployment does not begin");
}

#[test]
fn a_deployment_that_is_killed_is_finished_by_the_next() {
    let project = slow();
    let (_server, _) = project.serve("--faults slow.json");
    let deployment = project.start("deploy -e local");
    wait_until_in_progress(&project);
    deployment.signal("KILL");
    deployment.end();
    project.run("deploy -e local").ended_with(0);
    project
        .run("plan -e local --detailed-exitcode")
        .ended_with(0);
}

#[test]
fn an_interrupted_deployment_says_what_goes_on_without_it() {
    let project = slow();
    let (_server, _) = project.serve("--faults slow.json");
    let deployment = project.start("deploy -e local");
    wait_until_in_progress(&project);
    deployment.signal("INT");
    let stopped = deployment.end().ended_with(130);
    snapshot!(stopped, @"
    exit status: 130
    --- stderr
    Plan for local · account 0000-0000-0000 · us-east-1

    + messaging  2 resources to create
      + Jobs    AWS::SQS::Queue  stacks/src/messaging.rs:10
      + Alarms  AWS::SNS::Topic  stacks/src/messaging.rs:11
      outputs JobsUrl, AlarmsArn

    2 to create, 0 to update, 0 to replace, 0 to delete. Nothing stateful is lost.

    creating messaging (2 resources)
      ✓ messaging/Alarms  AWS::SNS::Topic  CREATE_COMPLETE  [TIME]
    stopping; press Ctrl-C again to stop at once
    messaging goes on without being followed  [TIME]
    messaging goes on in CloudFormation (`CREATE_IN_PROGRESS`); to have it undone:

        chitinfra recover -e local --with delete messaging

    error: no longer following: messaging goes on in CloudFormation

    hint: the same command again follows it to its end
    ");
    project.run("deploy -e local").ended_with(0);
}

/// A project whose topic takes so long to change, with that under way on a terminal.
fn updating(milliseconds: u32) -> (Project, Running, Running) {
    let project = Project::with_stacks([("messaging", sample::messaging())]);
    project.run("deploy -e local").ended_with(0);
    project.write(
        "slow.json",
        &json!({"delay": [{"resource": "Alarms", "milliseconds": milliseconds}]}).to_string(),
    );
    let (server, _) = project.serve("--faults slow.json");
    project.edit(
        "assembly/messaging.template.json",
        r#""DisplayName":"Alarms""#,
        r#""DisplayName":"Alerts""#,
    );
    let deployment = project.start_on_terminal("deploy -e local");
    wait_until_in_progress(&project);
    (project, server, deployment)
}

const CTRL_C: &str = "\u{3}";

#[test]
fn on_a_terminal_an_interrupted_update_can_be_cancelled() {
    let (project, _server, mut deployment) = updating(1500);
    deployment.types(&format!("{CTRL_C}y\n"));
    let stopped = deployment.end().ended_with(130);
    let stopped =
        stopped.says("cancel the update of messaging? CloudFormation then undoes it [y/N]");
    stopped.says("interrupted; cancelled and undone: messaging");
    let status = project.json("status -e local --json");
    assert_eq!(status["stacks"][0]["status"], "UPDATE_ROLLBACK_COMPLETE");
    let history = project.json("history -e local --json");
    assert_eq!(history["releases"][0]["outcome"], "interrupted");
    assert_eq!(history["releases"][0]["stacks"][0]["outcome"], "cancelled");
}

#[test]
fn an_interrupted_update_goes_on_when_that_is_wanted() {
    let (project, _server, mut deployment) = updating(2000);
    deployment.types(&format!("{CTRL_C}n\n"));
    let stopped = deployment.end().ended_with(130);
    stopped.says("no longer following: messaging goes on in CloudFormation");
    let resumed = project.run("deploy -e local").ended_with(0);
    resumed
        .says("messaging updated")
        .says("Nothing to do: what is deployed is what the stacks say.");
}

#[test]
fn a_second_interruption_ends_at_once() {
    let (project, _server, mut deployment) = updating(4000);
    let began = Instant::now();
    deployment.types(CTRL_C);
    thread::sleep(Duration::from_millis(300));
    deployment.types(CTRL_C);
    let stopped = deployment.end().ended_with(130);
    assert!(began.elapsed() < Duration::from_secs(2), "{stopped}");
    let status = project.json("status -e local --json");
    assert_eq!(status["stacks"][0]["health"], "in_progress", "{stopped}");
}

#[test]
fn an_interrupted_first_deployment_can_be_taken_back_by_deleting_the_stack() {
    let project = slow();
    let (_server, _) = project.serve("--faults slow.json");
    let mut deployment = project.start_on_terminal("deploy -e local");
    wait_until_in_progress(&project);
    deployment.types(&format!("{CTRL_C}y\n"));
    let stopped = deployment.end().ended_with(130);
    let stopped = stopped.says("messaging is being created, which cannot be cancelled");
    stopped.says("interrupted; cancelled and undone: messaging");
    let status = project.json("status -e local --json");
    assert_eq!(status["stacks"][0]["health"], "absent");
}

#[test]
fn a_resumed_deployment_reports_the_failure_of_what_it_resumes() {
    let project = Project::with_stacks([("messaging", sample::messaging())]);
    project.write(
        "faults.json",
        r#"{"delay": [{"resource": "Jobs", "milliseconds": 2000}],
            "fail": [{"resource": "Jobs", "step": "create", "reason": "the name is taken"}]}"#,
    );
    let (_server, _) = project.serve("--faults faults.json");
    let deployment = project.start("deploy -e local");
    wait_until_in_progress(&project);
    deployment.signal("KILL");
    deployment.end();
    let resumed = project.run("deploy -e local").ended_with(1);
    let resumed = resumed.says("stack `messaging` ended in `ROLLBACK_COMPLETE`");
    let resumed = resumed.says("`Jobs` (AWS::SQS::Queue) failed first: the name is taken");
    assert!(!resumed.stderr.contains("Plan for"), "{resumed}");
}

#[test]
fn an_endpoint_that_is_killed_in_the_middle_loses_nothing() {
    let project = slow();
    let (server, _) = project.serve("--faults slow.json");
    let deployment = project.start("deploy -e local");
    wait_until_in_progress(&project);
    server.signal("KILL");
    drop(server);
    // It waits for the endpoint to come back, and says so.
    let began = Instant::now();
    let ended = deployment.end().ended_with(1);
    assert!(began.elapsed() < Duration::from_secs(30), "{ended}");
    let ended = ended.says("asking again for up to 10 s");
    ended.says("how `messaging` ends is not known");
    project.run("deploy -e local").ended_with(0);
    project
        .run("plan -e local --detailed-exitcode")
        .ended_with(0);
}

#[test]
fn of_two_deployments_at_once_one_proceeds_and_the_other_says_who_holds_the_environment() {
    let project = slow();
    let (_server, _) = project.serve("--faults slow.json");
    let first = project.start("deploy -e local");
    wait_until_in_progress(&project);
    let second = project.run("deploy -e local").ended_with(1);
    for other in ["destroy -e local --yes", "recover -e local --yes"] {
        let refused = project.run(other).ended_with(1);
        let refused = refused.says("environment `local` is held by arn:aws:iam::000000000000:root");
        assert_eq!(refused.stdout, "", "{refused}");
    }
    first.end().ended_with(0);
    snapshot!(second, @"
    exit status: 1
    --- stderr
    error: environment `local` is held by arn:aws:iam::000000000000:root (`chitinfra deploy -e local` on `[MACHINE]`, process [PID]) since [DATE]; its last sign of life was [TIME] ago

    hint: wait until it ends, then repeat the command
    hint: if it was killed: on the same machine it is taken over at once, from another one [TIME] after its last sign of life
    ");
    project
        .run("plan -e local --detailed-exitcode")
        .ended_with(0);
    project.run("destroy -e local --yes").ended_with(0);
}

#[test]
fn what_is_being_changed_is_not_planned_and_who_changes_it_is_said() {
    let project = slow();
    let (_server, _) = project.serve("--faults slow.json");
    let first = project.start("deploy -e local");
    wait_until_in_progress(&project);
    let planned = project.run("plan -e local").ended_with(1);
    first.end().ended_with(0);
    snapshot!(planned, @"
    exit status: 1
    --- stderr
    note: local is being changed by arn:aws:iam::000000000000:root (`chitinfra deploy -e local` on `[MACHINE]`, process [PID]) since [DATE]
    error: stack `messaging` is being changed (`CREATE_IN_PROGRESS`) by another run of chitinfra since [DATE] (client token `chitinfra-[RUN]-deploy-a31fc0d3`)

    hint: wait until it is done, then repeat the command
    ");
}

#[test]
fn what_a_dead_run_began_is_followed_to_its_end_then_planned_on() {
    let project = slow();
    let (_server, _) = project.serve("--faults slow.json");
    let first = project.start("deploy -e local");
    wait_until_in_progress(&project);
    first.signal("KILL");
    first.end();
    project.edit(
        "assembly/messaging.template.json",
        r#""VisibilityTimeout":30"#,
        r#""VisibilityTimeout":60"#,
    );
    snapshot!(project.run("deploy -e local").ended_with(0), @"
    exit status: 0
    --- stdout
    messaging.JobsUrl    https://sqs.us-east-1.amazonaws.com/000000000000/sample-local-messaging-Jobs-[RANDOM]
    messaging.AlarmsArn  arn:aws:sns:us-east-1:000000000000:sample-local-messaging-Alarms-[RANDOM]
    --- stderr
    taken over from arn:aws:iam::000000000000:root (`chitinfra deploy -e local` on `[MACHINE]`, process [PID]) since [DATE]: its process is gone
    [RELEASE] was cut off; this run goes on from what it left
      messaging: is being changed (`CREATE_IN_PROGRESS`) by another run of chitinfra since [DATE] (client token `chitinfra-[RUN]-deploy-a31fc0d3`): that is followed to its end first
    following what is under way in messaging
      ✓ messaging/Alarms  AWS::SNS::Topic  CREATE_COMPLETE  [TIME]
      ✓ messaging/Jobs  AWS::SQS::Queue  CREATE_COMPLETE  [TIME]
    messaging created  [TIME]
    Plan for local · account 0000-0000-0000 · us-east-1

    ~ messaging  1 resource changes
      ~ Jobs  AWS::SQS::Queue  stacks/src/messaging.rs:10
          VisibilityTimeout  30 → 60

    0 to create, 1 to update, 0 to replace, 0 to delete. Nothing stateful is lost.

    updating messaging (1 resource)
      ✓ messaging/Jobs  AWS::SQS::Queue  UPDATE_COMPLETE  [TIME]
    messaging updated  [TIME]
    ");
    project
        .run("plan -e local --detailed-exitcode")
        .ended_with(0);
}

#[test]
fn two_programs_that_want_the_state_at_once_take_turns_or_say_so() {
    let project = Project::with_stacks([("messaging", sample::messaging())]);
    let runs: Vec<_> = (0..4).map(|_| project.start("deploy -e local")).collect();
    let outcomes: Vec<_> = runs.into_iter().map(super::project::Running::end).collect();
    assert!(
        outcomes
            .iter()
            .any(|outcome| outcome.status.code() == Some(0)),
        "{outcomes:#?}"
    );
    for outcome in outcomes {
        assert!(matches!(outcome.status.code(), Some(0 | 1)), "{outcome}");
    }
    project
        .run("plan -e local --detailed-exitcode")
        .ended_with(0);
}

#[test]
fn a_full_disk_is_named_and_what_was_there_stays() {
    let project = Project::with_stacks([("messaging", sample::messaging())]);
    project.run("deploy -e local").ended_with(0);
    let topics: Map<_, _> = (0..400)
        .map(|index| (format!("Topic{index}"), json!({"Type": "AWS::SNS::Topic"})))
        .collect();
    project.set_stacks([
        ("messaging", sample::messaging()),
        ("many", json!({"Resources": Value::Object(topics)})),
    ]);
    // No file may grow beyond 40 KiB; the signal that comes with it is ignored, so writing fails as on a full disk.
    let mut limited = Command::new("bash");
    limited
        .args([
            "-c",
            r#"trap '' XFSZ; ulimit -f 40; exec "$0" deploy -e local"#,
        ])
        .arg(env!("CARGO_BIN_EXE_chitinfra"));
    let command = project.command("");
    limited.current_dir(project.path(".")).env_clear();
    for (name, value) in command.get_envs() {
        if let Some(value) = value {
            limited.env(name, value);
        }
    }
    let outcome = project.finish(&mut limited).ended_with(1);
    assert!(outcome.stderr.contains("File too large"), "{outcome}");
    let status = project.json("status -e local --json");
    assert_eq!(status["stacks"][0]["health"], "healthy", "{status:#}");
    project.run("deploy -e local").ended_with(0);
}
