//! Outputs and exports that go while others still read them: readers first, then the producer, and no deadlock.

use std::{thread, time::Duration};

use serde_json::{Value, json};

use crate::project::{Project, snapshot};

fn topic(value: Value) -> Value {
    json!({"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": value}})
}

/// A topic whose name another stack reads, and then neither; beside it something else changes.
fn stacks(read: Option<Value>) -> [(&'static str, Value); 2] {
    let rest = if read.is_some() { "before" } else { "after" };
    let mut data = json!({"Resources": {"Rest": topic(json!(rest))}});
    if read.is_some() {
        data["Resources"]["Feed"] = topic(json!("feed"));
        data["Outputs"] = json!({"Name": {
            "Value": {"Fn::GetAtt": ["Feed", "TopicName"]},
            "Export": {"Name": "sample-feed"},
        }});
    }
    let alarms = topic(read.unwrap_or_else(|| json!("fixed")));
    let app = json!({"Resources": {"Alarms": alarms}});
    [("data", data), ("app", app)]
}

fn strong() -> Value {
    json!({"Fn::ImportValue": "sample-feed"})
}

fn weak() -> Value {
    json!({"Fn::GetStackOutput": {"StackName": "sample-local-data", "OutputName": "Name"}})
}

fn deployed(read: Value) -> Project {
    let project = Project::with_stacks(stacks(Some(read)));
    project.run("deploy -e local").ended_with(0);
    project.set_stacks(stacks(None));
    project
}

fn is_clean(project: &Project) {
    project
        .run("plan -e local --detailed-exitcode")
        .ended_with(0);
}

#[test]
fn an_export_in_use_goes_after_its_reader() {
    let project = deployed(strong());
    let plan = project.json("plan -e local --json");
    assert_eq!(
        plan["removals"],
        json!([{"wave": 3, "stack": "data", "outputs": ["Name"], "readers": ["app"]}])
    );
    snapshot!(project.run("plan -e local"), @r#"
    exit status: 0
    --- stdout
    Plan for local · account 0000-0000-0000 · us-east-1

    ~ data  2 resources change
      provisional: it keeps `Name` until `app`, which still reads that, is deployed, and loses it in a step of its own
      - Feed  AWS::SNS::Topic
          is deleted
      ~ Rest  AWS::SNS::Topic  stacks/src/data.rs:10
          DisplayName  before → after
      - output Name
    ~ app   1 resource changes
      ~ Alarms  AWS::SNS::Topic  stacks/src/app.rs:10
          DisplayName  import("sample-feed") → fixed
      goes last  once the stacks that still read it are deployed; until then it stays as it is
      - data  output Name  after app

    0 to create, 2 to update, 0 to replace, 1 to delete. Nothing stateful is lost.
    "#);
    snapshot!(project.run("plan -e local --markdown"), @r#"
    exit status: 0
    --- stdout
    <!-- chitinfra:plan:local -->
    ### Plan for <code>local</code> · account <code>0000-0000-0000</code> · <code>us-east-1</code>

    **0 to create, 2 to update, 0 to replace, 1 to delete.** Nothing stateful is lost.

    <details open><summary>~ <b><code>data</code></b>: 2 resources change</summary>

    ```diff
      provisional: it keeps `Name` until `app`, which still reads that, is deployed, and loses it in a step of its own
    - Feed  AWS::SNS::Topic
    !     is deleted
      ~ Rest  AWS::SNS::Topic  stacks/src/data.rs:10
          DisplayName  before → after
    - output Name
    ```

    </details>

    <details open><summary>~ <b><code>app</code></b>: 1 resource changes</summary>

    ```diff
      ~ Alarms  AWS::SNS::Topic  stacks/src/app.rs:10
          DisplayName  import("sample-feed") → fixed
    ```

    </details>

    <details open><summary><b>Goes last</b></summary>

    ```diff
       goes last  once the stacks that still read it are deployed; until then it stays as it is
    - data  output Name  after app
    ```

    </details>
    "#);
    project.run("plan -e local --html plan.html").ended_with(0);
    let page = project.read("plan.html");
    assert!(page.contains("Goes last"), "{page}");
    snapshot!(project.run("deploy -e local"), @r#"
    exit status: 0
    --- stderr
    Plan for local · account 0000-0000-0000 · us-east-1

    ~ data  2 resources change
      provisional: it keeps `Name` until `app`, which still reads that, is deployed, and loses it in a step of its own
      - Feed  AWS::SNS::Topic
          is deleted
      ~ Rest  AWS::SNS::Topic  stacks/src/data.rs:10
          DisplayName  before → after
      - output Name
    ~ app   1 resource changes
      ~ Alarms  AWS::SNS::Topic  stacks/src/app.rs:10
          DisplayName  import("sample-feed") → fixed
      goes last  once the stacks that still read it are deployed; until then it stays as it is
      - data  output Name  after app

    0 to create, 2 to update, 0 to replace, 1 to delete. Nothing stateful is lost.

    updating data (1 resource)
      ✓ data/Rest  AWS::SNS::Topic  UPDATE_COMPLETE  [TIME]
    data updated  [TIME]
    updating app (1 resource)
      ✓ app/Alarms  AWS::SNS::Topic  UPDATE_COMPLETE  [TIME]
    app updated  [TIME]
      data: loses `Name` now
    updating data (1 resource)
      ✓ data/Feed  AWS::SNS::Topic  DELETE_COMPLETE  [TIME]
    data updated  [TIME]
    "#);
    is_clean(&project);
}

#[test]
fn an_output_that_is_read_without_an_import_goes_after_its_reader_too() {
    let project = deployed(weak());
    let plan = project.json("plan -e local --json");
    assert_eq!(plan["removals"][0]["readers"], json!(["app"]));
    let lines = project.run("deploy -e local --json").ended_with(0).stdout;
    let ends: Vec<String> = lines
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|line| line["type"] == "resource" || line["type"] == "resource_event")
        .map(|line| format!("{}/{}", line["stack"], line["logical_id"]))
        .collect();
    let at = |name: &str| {
        ends.iter()
            .rposition(|one| one.contains(name))
            .unwrap_or_else(|| panic!("{name} is not in {lines}"))
    };
    assert!(at("Rest") < at("Feed"), "{lines}");
    assert!(at("Alarms") < at("Feed"), "{lines}");
    is_clean(&project);
}

#[test]
fn a_saved_plan_removes_an_export_in_use() {
    let project = deployed(strong());
    project.run("plan -e local --out plan.json").ended_with(0);
    project
        .run("deploy -e local --plan plan.json")
        .ended_with(0);
    is_clean(&project);
    let again = project
        .run("deploy -e local --plan plan.json")
        .ended_with(0);
    assert!(again.stderr.contains("deployed already"), "{again}");
}

#[test]
fn a_removal_that_is_killed_before_its_last_step_is_finished_by_the_next_run() {
    for words in ["deploy -e local", "deploy -e local --plan plan.json"] {
        let project = deployed(strong());
        project.run("plan -e local --out plan.json").ended_with(0);
        project.write(
            "slow.json",
            r#"{"delay": [{"resource": "Alarms", "milliseconds": 3000}]}"#,
        );
        let (server, address) = project.serve("--faults slow.json");
        let words_there = format!("{words} --endpoint-url {address}");
        let deployment = project.start(&words_there);
        let mut is_between = false;
        for _ in 0..200 {
            let status = project.json(&format!("status -e local --json --endpoint-url {address}"));
            is_between = status["stacks"][0]["health"] == "healthy"
                && status["stacks"][1]["health"] == "in_progress";
            if is_between {
                break;
            }
            thread::sleep(Duration::from_millis(20));
        }
        assert!(is_between, "it was never seen between the steps");
        deployment.signal("KILL");
        deployment.end();
        let second = project.run(&words_there).ended_with(0);
        assert!(second.stderr.contains("data"), "{second}");
        drop(server);
        is_clean(&project);
    }
}

#[test]
fn a_reader_that_fails_keeps_what_it_reads() {
    let project = deployed(strong());
    project.write(
        "fails.json",
        r#"{"fail": [{"resource": "Alarms", "step": "update", "reason": "the name is taken"}]}"#,
    );
    let (server, address) = project.serve("--faults fails.json");
    let failed = project
        .run(&format!("deploy -e local --endpoint-url {address}"))
        .ended_with(1);
    assert!(
        failed
            .stderr
            .contains("keeps `Name` for now, as `app` is not deployed"),
        "{failed}"
    );
    drop(server);
    let outputs = project.json("outputs -e local --format json");
    assert!(outputs["stacks"]["data"]["Name"].is_string(), "{outputs}");
    project.run("deploy -e local").ended_with(0);
    is_clean(&project);
}

#[test]
fn whoever_may_not_ask_who_imports_is_told_so_and_goes_on() {
    let project = deployed(strong());
    project.write("faults.json", r#"{"deny": ["ListImports", "ListStacks"]}"#);
    let (server, _) = project.serve("--faults faults.json");
    project
        .run("deploy -e local")
        .ended_with(0)
        .says(
            "as `cloudformation:ListImports` is not allowed: ask for that right to know it before",
        )
        .says("while one imports `sample-feed`, CloudFormation does not take that away");
    drop(server);
    is_clean(&project);

    // One that is of another app then: CloudFormation keeps the export, and all is as it was.
    let project = deployed(strong());
    let [data, _] = stacks(None);
    project.set_stacks([data]);
    project.write("faults.json", r#"{"deny": ["ListImports", "ListStacks"]}"#);
    let (_server, _) = project.serve("--faults faults.json");
    project
        .run("deploy -e local")
        .ended_with(1)
        .says("`cloudformation:ListImports` is not allowed")
        .says("Cannot delete export sample-feed as it is in use by sample-local-app");
    let outputs = project.json("outputs -e local --format json");
    assert!(outputs["stacks"]["data"]["Name"].is_string(), "{outputs}");
}

#[test]
fn a_reader_that_goes_on_reading_stops_the_removal() {
    for read in [strong(), weak()] {
        let project = deployed(read.clone());
        // Left out of the deployment.
        let refused = project.run("deploy -e local data").ended_with(1);
        assert!(
            refused
                .to_string()
                .contains("output `Name` goes, and `app` as it is deployed still reads it"),
            "{refused}"
        );
        // No longer of the app: nobody else will tell it.
        let [data, _] = stacks(None);
        project.set_stacks([data]);
        let refused = project.run("deploy -e local").ended_with(1);
        assert!(
            refused.to_string().contains(
                "output `Name` goes, and stack `sample-local-app`, which is not of this app, still reads it"
            ),
            "{refused}"
        );
    }
}
