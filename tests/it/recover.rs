//! Stuck stacks are named with what stands in the way, and led back to health.

use crate::{
    project::{Project, Running, snapshot},
    sample,
};

const FILE: &str = "assembly/messaging.template.json";

/// A project with the endpoint that fails as `faults` say.
fn faulty(faults: &str) -> (Project, Running) {
    let project = Project::with_stacks([("messaging", sample::messaging())]);
    project.write("faults.json", faults);
    let (server, _) = project.serve("--faults faults.json");
    (project, server)
}

/// A project whose stack could not be updated, nor that be undone.
fn half_updated() -> (Project, Running) {
    let (project, server) = faulty(
        r#"{"fail": [{"resource": "Alarms", "step": "update", "reason": "the name is taken"},
            {"resource": "Jobs", "step": "restore", "reason": "the queue is gone"}]}"#,
    );
    project.run("deploy -e local").ended_with(0);
    change(&project);
    project.run("deploy -e local").ended_with(1);
    (project, server)
}

/// Changes both resources, the failing one after the other.
fn change(project: &Project) {
    project.edit(
        FILE,
        r#""VisibilityTimeout":30"#,
        r#""VisibilityTimeout":60"#,
    );
    project.edit(
        FILE,
        r#""DisplayName":"Alarms""#,
        r#""DisplayName":{"Fn::GetAtt":["Jobs","QueueName"]}"#,
    );
}

fn health(project: &Project) -> String {
    let status = project.json("status -e local --json");
    status["stacks"][0]["health"]
        .as_str()
        .expect("it is a word")
        .to_owned()
}

#[test]
fn with_nothing_wrong_there_is_nothing_to_do() {
    let project = Project::with_stacks([("messaging", sample::messaging())]);
    let absent = project.run("recover -e local").ended_with(0);
    assert!(absent.stderr.contains("nothing to recover"), "{absent}");
    project.run("deploy -e local").ended_with(0);
    project.run("recover -e local messaging").ended_with(0);
    project
        .run("recover -e local mesaging")
        .ended_with(2)
        .says("did you mean `messaging`?");
    project
        .run("recover -e local --with magic")
        .ended_with(2)
        .says("continue");
}

#[test]
fn an_update_that_could_not_be_undone_is_explained_and_only_a_chosen_way_is_gone() {
    let (project, _server) = half_updated();
    project
        .run("deploy -e local")
        .ended_with(1)
        .says("chitinfra recover");
    snapshot!(project.run("recover -e local").ended_with(1), @"
    exit status: 1
    --- stderr
    messaging  UPDATE_ROLLBACK_FAILED  its last update failed and could not be undone
      ✗ Jobs  AWS::SQS::Queue  UPDATE_FAILED  stacks/src/messaging.rs:10
          the queue is gone
        continue  go on undoing the update; first take out of the way what hinders it (the safest)
        skip      go on without Jobs, which stays as it is: not what its template says
        force     go on without anything that cannot be undone: not what its template says

    error: left as it is: messaging

    hint: `chitinfra recover -e local --with WAY STACK` goes a way without asking, `--yes` the safest
    ");
    assert_eq!(health(&project), "stuck");
    // What hinders it still does.
    project
        .run("recover -e local --with continue")
        .ended_with(1)
        .says("the queue is gone");
    project
        .run("recover -e local --with retain")
        .ended_with(1)
        .says("left as it is: messaging");
    snapshot!(project.run("recover -e local --with skip").ended_with(0), @"
    exit status: 0
    --- stderr
    messaging  UPDATE_ROLLBACK_FAILED  its last update failed and could not be undone
      ✗ Jobs  AWS::SQS::Queue  UPDATE_FAILED  stacks/src/messaging.rs:10
          the queue is gone
        continue  go on undoing the update; first take out of the way what hinders it (the safest)
        skip      go on without Jobs, which stays as it is: not what its template says
        force     go on without anything that cannot be undone: not what its template says

    rolling back messaging
      ✓ messaging/Jobs  AWS::SQS::Queue  UPDATE_COMPLETE  [TIME]
    messaging rolled back  [TIME]
    no stack is stuck any more
    ");
    assert_eq!(health(&project), "failed");
    project.run("recover -e local").ended_with(0);
}

#[test]
fn on_a_terminal_it_asks() {
    let (project, _server) = half_updated();
    let plain = [("NO_COLOR", "1")];
    let ask = |typed: &str| project.on_terminal("recover -e local", "", 100, &plain, typed);
    let declined = ask("nothing\n").ended_with(1).stdout;
    assert!(
        declined.contains("messaging: continue, skip, force, or nothing?"),
        "{declined}"
    );
    assert_eq!(health(&project), "stuck");
    let done = ask("skipp\nskip\n").ended_with(0).stdout;
    assert!(done.contains("`skipp` is none of these"), "{done}");
    assert_eq!(health(&project), "failed");
}

#[test]
fn once_the_hindrance_is_gone_the_safest_way_is_enough() {
    let (project, server) = half_updated();
    drop(server);
    project.run("recover -e local --yes").ended_with(0);
    project.run("deploy -e local").ended_with(0);
    assert_eq!(health(&project), "healthy");
    project
        .run("plan -e local --detailed-exitcode")
        .ended_with(0);
}

#[test]
fn whatever_cannot_be_undone_may_be_left_as_it_is() {
    let (project, _server) = half_updated();
    project.run("recover -e local --with force").ended_with(0);
    assert_eq!(health(&project), "failed");
}

#[test]
fn a_first_deployment_that_could_not_be_undone_is_deleted_with_what_is_left_reported() {
    let (project, server) = faulty(
        r#"{"fail": [{"resource": "Alarms", "step": "create", "reason": "the quota is used up"},
            {"resource": "Jobs", "step": "delete", "reason": "somebody reads from it"}]}"#,
    );
    project.edit(
        FILE,
        r#""DisplayName":"Alarms""#,
        r#""DisplayName":{"Fn::GetAtt":["Jobs","QueueName"]}"#,
    );
    project
        .run("deploy -e local")
        .ended_with(1)
        .says("ROLLBACK_FAILED");
    // It is tried again, fails again, and is then another status.
    project
        .run("recover -e local --yes")
        .ended_with(1)
        .says("DELETE_FAILED");
    let gone = project
        .run("recover -e local --with retain")
        .ended_with(0)
        .says("messaging remains: AWS::SQS::Queue");
    assert!(gone.stderr.contains("somebody reads from it"), "{gone}");
    assert_eq!(health(&project), "absent");
    drop(server);
    project.run("deploy -e local").ended_with(0);
}

#[test]
fn a_deletion_that_failed_may_leave_behind_what_cannot_go() {
    let (project, _server) =
        faulty(r#"{"fail": [{"resource": "Jobs", "step": "delete", "reason": "not empty"}]}"#);
    project.run("deploy -e local").ended_with(0);
    project
        .run("destroy -e local --yes")
        .ended_with(1)
        .says("not empty");
    project
        .run("recover -e local --with force-delete")
        .ended_with(0)
        .says("messaging remains: AWS::SQS::Queue");
    assert_eq!(health(&project), "absent");
}

/// A project whose queue takes two seconds to change, with a deployment under way that nobody follows.
fn abandoned() -> (Project, Running) {
    let (project, server) = faulty(r#"{"delay": [{"resource": "Alarms", "milliseconds": 2000}]}"#);
    project.run("deploy -e local").ended_with(0);
    change(&project);
    let deployment = project.start("deploy -e local");
    for _ in 0..100 {
        if health(&project) == "in_progress" {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    deployment.signal("KILL");
    deployment.end();
    (project, server)
}

#[test]
fn what_is_under_way_is_followed_to_its_end() {
    let (project, _server) = abandoned();
    project
        .run("recover -e local")
        .ended_with(1)
        .says("another run of chitinfra");
    let followed = project.run("recover -e local --yes").ended_with(0);
    assert!(followed.stderr.contains("UPDATE_COMPLETE"), "{followed}");
    assert_eq!(health(&project), "healthy");
}

#[test]
fn an_update_under_way_can_be_stopped() {
    let (project, _server) = abandoned();
    let stopped = project.run("recover -e local --with cancel").ended_with(0);
    assert!(stopped.stderr.contains("rolled back"), "{stopped}");
    project
        .run("plan -e local --detailed-exitcode")
        .ended_with(3);
}
