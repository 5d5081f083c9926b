//! Outputs and exports that go while others still read them: readers first, then the producer, and no deadlock.

use std::{thread, time::Duration};

use serde_json::{Value, json};

use crate::project::{Project, snapshot};

/// A bucket that another stack imports, and then neither.
fn stacks(is_read: bool) -> [(&'static str, Value); 2] {
    let topic = |value: Value| json!({"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": value}});
    let mut data = json!({"Resources": {"Rest": topic(json!("rest"))}});
    if is_read {
        data["Resources"]["Files"] = json!({"Type": "AWS::SQS::Queue"});
        data["Outputs"] = json!({"Queue": {
            "Value": {"Fn::GetAtt": ["Files", "QueueName"]},
            "Export": {"Name": "sample-queue"},
        }});
    }
    let value = if is_read {
        json!({"Fn::ImportValue": "sample-queue"})
    } else {
        json!("fixed")
    };
    [("data", data), ("app", json!({"Resources": {"Alarms": topic(value)}}))]
}

fn deployed() -> Project {
    let project = Project::with_stacks(stacks(true));
    project.run("deploy -e local").ended_with(0);
    project.set_stacks(stacks(false));
    project
}

#[test]
fn an_export_in_use_goes_after_its_reader() {
    let project = deployed();
    let plan = project.json("plan -e local --json");
    assert_eq!(plan["removals"][0]["stack"], "data");
    assert_eq!(plan["removals"][0]["outputs"], json!(["Queue"]));
    assert_eq!(plan["removals"][0]["readers"], json!(["app"]));
    assert_eq!(plan["removals"][0]["wave"], 3);
    snapshot!(project.run("deploy -e local").ended_with(0), @"");
    project
        .run("plan -e local --detailed-exitcode")
        .ended_with(0);
}

#[test]
fn a_saved_plan_removes_an_export_in_use() {
    let project = deployed();
    project.run("plan -e local --out plan.json").ended_with(0);
    project
        .run("deploy -e local --plan plan.json")
        .ended_with(0);
    project
        .run("plan -e local --detailed-exitcode")
        .ended_with(0);
    let again = project
        .run("deploy -e local --plan plan.json")
        .ended_with(0);
    assert!(again.stderr.contains("deployed already"), "{again}");
}

#[test]
fn a_removal_that_is_killed_before_its_last_wave_is_finished_by_the_next_run() {
    for words in ["deploy -e local", "deploy -e local --plan plan.json"] {
        let project = deployed();
        project.run("plan -e local --out plan.json").ended_with(0);
        project.write(
            "slow.json",
            r#"{"delay": [{"resource": "Alarms", "milliseconds": 1500}]}"#,
        );
        let (server, _) = project.serve("--faults slow.json");
        let deployment = project.start(words);
        for _ in 0..100 {
            let status = project.json("status -e local --json");
            if status["stacks"][1]["health"] == "in_progress" {
                break;
            }
            thread::sleep(Duration::from_millis(20));
        }
        deployment.signal("KILL");
        deployment.end();
        drop(server);
        project.run(words).ended_with(0);
        project
            .run("plan -e local --detailed-exitcode")
            .ended_with(0);
    }
}

#[test]
fn a_reader_that_is_left_out_stops_the_removal() {
    let project = deployed();
    let refused = project.run("deploy -e local data").ended_with(1);
    assert!(
        refused.stderr.contains("output `Queue` goes, and `app` as it is deployed still reads it"),
        "{refused}"
    );
}
