//! `--json` of the commands that change something: what happens, one object a line.

use serde_json::{Value, json};

use crate::{
    project::{FILTERS, Outcome, Project},
    sample,
};

/// The lines of a stream; each says what it is and its version.
fn lines(outcome: &Outcome) -> Vec<Value> {
    let lines: Vec<Value> = outcome
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}\n{line}")))
        .collect();
    for line in &lines {
        assert_eq!(line["format_version"], "1.0", "{line}");
        assert!(line["type"].is_string(), "{line}");
    }
    lines
}

fn of_type<'a>(lines: &'a [Value], kind: &str) -> Vec<&'a Value> {
    lines.iter().filter(|line| line["type"] == kind).collect()
}

/// The last line, which is the summary.
fn summary(lines: &[Value]) -> &Value {
    let last = lines.last().expect("there is a line");
    assert_eq!(last["type"], "summary", "{last}");
    assert_eq!(of_type(lines, "summary").len(), 1);
    last
}

#[test]
fn a_deployment_is_told_line_by_line() {
    let project = Project::with_stacks([("messaging", sample::messaging())]);
    let mut deployed = project.run("deploy -e local --json").ended_with(0);
    let lines = lines(&deployed);
    assert_eq!(lines[0]["type"], "plan");
    assert_eq!(lines[0]["plan"]["summary"]["create"], 2);
    // The plan has snapshots of its own, and resources that begin together do so in any order.
    let mut shown: Vec<String> = lines[1..]
        .iter()
        .filter(|line| line["type"] != "resource" || line["logical_id"] == "Jobs")
        .map(|line| {
            let mut line = line.clone();
            for key in ["elapsed_ms"] {
                if let Some(value) = line.get_mut(key) {
                    *value = json!(0);
                }
            }
            line.to_string()
        })
        .collect();
    shown.push(String::new());
    deployed.stdout = shown.join("\n");
    insta::with_settings!({ filters => FILTERS.iter().copied() }, {
        insta::assert_snapshot!(deployed.stdout, @r#"
        {"format_version":"1.0","type":"stack_started","stack":"messaging","stack_name":"sample-local-messaging","operation":"create","resources":2}
        {"format_version":"1.0","type":"stack_status","stack":"messaging","status":"CREATE_IN_PROGRESS","reason":"User Initiated"}
        {"format_version":"1.0","type":"resource","stack":"messaging","logical_id":"Jobs","resource_type":"AWS::SQS::Queue","status":"CREATE_IN_PROGRESS","reason":null,"source":"stacks/src/messaging.rs:10","path":"messaging/Jobs","elapsed_ms":0,"configured":false,"consequence":false}
        {"format_version":"1.0","type":"resource","stack":"messaging","logical_id":"Jobs","resource_type":"AWS::SQS::Queue","status":"CREATE_IN_PROGRESS","reason":"Resource creation Initiated","source":"stacks/src/messaging.rs:10","path":"messaging/Jobs","elapsed_ms":0,"configured":false,"consequence":false}
        {"format_version":"1.0","type":"resource","stack":"messaging","logical_id":"Jobs","resource_type":"AWS::SQS::Queue","status":"CREATE_COMPLETE","reason":null,"source":"stacks/src/messaging.rs:10","path":"messaging/Jobs","elapsed_ms":0,"configured":false,"consequence":false}
        {"format_version":"1.0","type":"stack_status","stack":"messaging","status":"CREATE_COMPLETE","reason":null}
        {"format_version":"1.0","type":"stack_finished","stack":"messaging","outcome":"created","elapsed_ms":0,"error":null,"cause":null,"hints":[],"remains":[]}
        {"format_version":"1.0","type":"outputs","stacks":{"messaging":{"JobsUrl":"https://sqs.us-east-1.amazonaws.com/000000000000/sample-local-messaging-Jobs-[RANDOM]","AlarmsArn":"arn:aws:sns:us-east-1:000000000000:sample-local-messaging-Alarms-[RANDOM]"}}}
        {"format_version":"1.0","type":"summary","outcome":"succeeded","exit_code":0,"elapsed_ms":0,"stacks":{"messaging":"created"},"error":null,"hints":[],"diagnostics":[]}
        "#);
    });
}

#[test]
fn what_people_read_is_the_same_with_the_stream() {
    let project = Project::with_stacks([("messaging", sample::messaging())]);
    let streamed = project.run("deploy -e local --json").ended_with(0);
    assert!(streamed.stderr.contains("messaging created"), "{streamed}");
    let quiet = project
        .run("destroy -e local --yes --json -q")
        .ended_with(0);
    assert!(!quiet.stderr.contains("deleted"), "{quiet}");
    let lines = lines(&quiet);
    assert_eq!(summary(&lines)["stacks"], json!({"messaging": "deleted"}));
}

#[test]
fn with_nothing_to_do_the_summary_says_so() {
    let project = Project::with_stacks([("messaging", sample::messaging())]);
    project.run("deploy -e local").ended_with(0);
    let again = project.run("deploy -e local --json").ended_with(0);
    let lines = lines(&again);
    assert_eq!(summary(&lines)["outcome"], "unchanged");
    assert_eq!(summary(&lines)["exit_code"], 0);
    let outputs = of_type(&lines, "outputs");
    assert!(
        outputs[0]["stacks"]["messaging"]["JobsUrl"].is_string(),
        "{outputs:?}"
    );
}

#[test]
fn a_failure_has_its_cause_its_consequences_and_the_exit_code() {
    let project = Project::with_stacks([("messaging", sample::messaging())]);
    project.write(
        "faults.json",
        r#"{"fail": [{"resource": "Jobs", "step": "create", "reason": "Resource handler returned message: \"the name is taken\" (RequestToken: 1, HandlerErrorCode: AlreadyExists)"}],
            "delay": [{"resource": "Alarms", "milliseconds": 1000}]}"#,
    );
    let (_server, _) = project.serve("--faults faults.json");
    let failed = project.run("deploy -e local --json").ended_with(1);
    let lines = lines(&failed);
    let finished = of_type(&lines, "stack_finished");
    let cause = &finished[0]["cause"];
    assert_eq!(cause["logical_id"], "Jobs", "{failed}");
    assert_eq!(cause["message"], "the name is taken");
    assert_eq!(cause["source"], "stacks/src/messaging.rs:10");
    assert_eq!(cause["followers"], 1);
    let resources = of_type(&lines, "resource");
    let consequences: Vec<_> = resources
        .iter()
        .filter(|line| line["consequence"] == true)
        .map(|line| line["logical_id"].as_str().expect("it has one"))
        .collect();
    assert_eq!(consequences, ["Alarms"], "{failed}");
    let summary = summary(&lines);
    assert_eq!(summary["outcome"], "failed");
    assert_eq!(summary["exit_code"], 1);
    assert!(
        summary["hints"].to_string().contains("another name"),
        "{summary}"
    );
    // What merely follows is not told to people at length.
    assert!(
        failed
            .stderr
            .contains("(one more failed or stopped after it)"),
        "{failed}"
    );
    assert!(!failed.stderr.contains("creation cancelled"), "{failed}");
}

#[test]
fn what_fails_before_anything_is_begun_has_a_summary_too() {
    let project = Project::with_stacks([("messaging", sample::messaging())]);
    let refused = project.run("deploy -e nowhere --json").ended_with(2);
    let lines = lines(&refused);
    assert_eq!(lines.len(), 1, "{refused}");
    assert_eq!(summary(&lines)["exit_code"], 2);
    assert!(
        summary(&lines)["error"]
            .as_str()
            .is_some_and(|error| error.contains("nowhere")),
        "{refused}"
    );
}

#[test]
fn recover_and_rollback_stream_as_well() {
    let project = Project::with_stacks([("messaging", sample::messaging())]);
    project.write(
        "faults.json",
        r#"{"fail": [{"resource": "Jobs", "step": "delete", "reason": "not empty"}]}"#,
    );
    let (server, _) = project.serve("--faults faults.json");
    project.run("deploy -e local").ended_with(0);
    project.run("destroy -e local --yes").ended_with(1);
    drop(server);
    let recovered = project.run("recover -e local --yes --json").ended_with(0);
    let lines_of = lines(&recovered);
    let diagnosis = of_type(&lines_of, "diagnosis");
    assert_eq!(diagnosis[0]["status"], "DELETE_FAILED", "{recovered}");
    assert_eq!(
        diagnosis[0]["ways"],
        json!(["delete", "retain", "force-delete"])
    );
    assert_eq!(summary(&lines_of)["outcome"], "succeeded");
    let history = project.json("history -e local --json");
    let release = history["releases"]
        .as_array()
        .and_then(|releases| releases.iter().find(|release| release["kind"] == "deploy"))
        .and_then(|release| release["id"].as_str())
        .expect("it is recorded")
        .to_owned();
    let back = project
        .run(&format!("rollback -e local --to {release} --json"))
        .ended_with(0);
    assert_eq!(
        summary(&lines(&back))["stacks"],
        json!({"messaging": "created"})
    );
}
