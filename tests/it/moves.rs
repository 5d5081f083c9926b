//! Resources that get another logical id or stack: planned as moves, carried out by a stack refactor, and nothing of them is
//! made anew.

use std::{thread, time::Duration};

use serde_json::{Value, json};

use crate::project::Project;

fn bucket() -> Value {
    json!({"Type": "AWS::S3::Bucket", "DeletionPolicy": "Delete"})
}

fn topic(value: Value) -> Value {
    json!({"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": value}})
}

fn resources(resources: Value) -> Value {
    json!({ "Resources": resources })
}

/// A stack with a bucket of this name and a topic that is named after it.
fn files(name: &str) -> Value {
    json!({
        "Resources": {name: bucket(), "Alarms": topic(json!({"Ref": name}))},
        "Outputs": {"Bucket": {"Value": {"Ref": name}}},
    })
}

/// Declares moves in the assembly.
fn declare(project: &Project, moves: &[(&str, &str)]) {
    let mut manifest = project.read_json("assembly/manifest.json");
    let moves = moves
        .iter()
        .map(|(from, to)| json!({"from": from, "to": to}));
    manifest["moves"] = moves.collect();
    project.write("assembly/manifest.json", &manifest.to_string());
}

/// A project whose stack is deployed, and whose bucket then gets another name.
fn renamed() -> Project {
    let project = Project::with_stacks([("files", files("Old"))]);
    project.run("deploy -e local").ended_with(0);
    project.set_stacks([("files", files("Files"))]);
    declare(&project, &[("files/Old", "files/Files")]);
    project
}

/// The name of the bucket that a stack tells in its outputs.
fn bucket_of(project: &Project, stack: &str) -> String {
    let outputs = project.json("outputs -e local --format json");
    let name = outputs["stacks"][stack]["Bucket"].as_str();
    name.unwrap_or_else(|| panic!("{outputs}")).to_owned()
}

#[track_caller]
fn has_no_changes(project: &Project) {
    project
        .run("plan -e local --detailed-exitcode")
        .ended_with(0);
}

#[test]
fn a_rename_keeps_the_resource() {
    let project = renamed();
    let before = bucket_of(&project, "files");
    let plan = project.json("plan -e local --json");
    assert_eq!(plan["summary"]["move"], 1);
    let changed: u64 = ["create", "update", "replace", "delete"]
        .iter()
        .filter_map(|action| plan["summary"][action].as_u64())
        .sum();
    assert_eq!(changed, 0, "{plan:#}");
    assert_eq!(plan["refactors"][0]["wave"], 1);
    assert_eq!(plan["refactors"][0]["moves"][0]["from"], "files/Old");
    assert_eq!(plan["stacks"][0]["wave"], 2);
    let deployed = project.run("deploy -e local").ended_with(0);
    for words in [
        "> moves first  by a stack refactor: nothing is replaced, changed or lost",
        "files/Old → files/Files  AWS::S3::Bucket",
        "0 to create, 0 to update, 0 to replace, 0 to delete, 1 to move. Nothing stateful is lost.",
        "moving resources of files (1 resource)",
    ] {
        assert!(deployed.stderr.contains(words), "`{words}`\n{deployed}");
    }
    assert_eq!(bucket_of(&project, "files"), before);
    has_no_changes(&project);
    let again = project.run("deploy -e local").ended_with(0);
    assert!(again.stderr.contains("Nothing to do"), "{again}");
}

const RING: [&str; 7] = ["a", "b", "c", "d", "e", "f", "g"];

/// More stacks than one refactor takes; each is to give its bucket to the next one, and the last one to the first. The names
/// of the buckets too.
fn ring() -> (Project, Vec<String>) {
    let stacks = |name: &str| {
        RING.map(|stack| {
            let body = json!({
                "Resources": {name: bucket(), "Rest": topic(json!("rest"))},
                "Outputs": {"Bucket": {"Value": {"Ref": name}}},
            });
            (stack, body)
        })
    };
    let project = Project::with_stacks(stacks("Old"));
    project.run("deploy -e local").ended_with(0);
    let before = RING.map(|name| bucket_of(&project, name)).into();
    project.set_stacks(stacks("New"));
    let moves: Vec<(String, String)> = (0..RING.len())
        .map(|index| {
            let next = RING[(index + 1) % RING.len()];
            (format!("{}/Old", RING[index]), format!("{next}/New"))
        })
        .collect();
    let moves: Vec<(&str, &str)> = moves
        .iter()
        .map(|(from, to)| (from.as_str(), to.as_str()))
        .collect();
    declare(&project, &moves);
    (project, before)
}

#[track_caller]
fn went_round(project: &Project, before: &[String]) {
    let mut after: Vec<String> = RING.map(|name| bucket_of(project, name)).into();
    after.rotate_left(1);
    assert_eq!(after, before, "each is in the next stack");
    has_no_changes(project);
}

#[test]
fn moves_over_more_stacks_than_one_refactor_takes_are_made_in_parts() {
    let (project, before) = ring();
    let plan = project.json("plan -e local --json");
    let waves: Vec<&Value> = plan["refactors"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|refactor| &refactor["wave"])
        .collect();
    assert_eq!(waves, [1, 2], "{plan:#}");
    assert_eq!(plan["stacks"][0]["wave"], 3);
    project.run("plan -e local --out plan.json").ended_with(0);
    project
        .run("deploy -e local --plan plan.json")
        .ended_with(0);
    went_round(&project, &before);
    let again = project
        .run("deploy -e local --plan plan.json")
        .ended_with(0);
    assert!(again.stderr.contains("deployed already"), "{again}");
}

#[test]
fn moves_that_are_killed_between_their_parts_are_finished_by_the_next_run() {
    let (project, before) = ring();
    project.run("plan -e local --out plan.json").ended_with(0);
    project.write(
        "slow.json",
        r#"{"delay": [{"resource": "New", "milliseconds": 700}]}"#,
    );
    let (server, _) = project.serve("--faults slow.json");
    let words = "deploy -e local --plan plan.json";
    let deployment = project.start(words);
    let mut is_second = false;
    for _ in 0..100 {
        let status = project.json("status -e local --json");
        is_second = status["stacks"][6]["health"] == "in_progress";
        if is_second {
            break;
        }
        thread::sleep(Duration::from_millis(100));
    }
    assert!(is_second, "the second part was never seen");
    deployment.signal("KILL");
    deployment.end();
    project.run(words).ended_with(0);
    drop(server);
    went_round(&project, &before);
}

#[test]
fn a_move_to_another_stack_keeps_the_resource_and_what_refers_to_it() {
    let project = Project::with_stacks([
        ("data", resources(json!({"Rest": topic(json!("rest"))}))),
        ("files", files("Store")),
    ]);
    project.run("deploy -e local").ended_with(0);
    let before = bucket_of(&project, "files");
    let read =
        json!({"Fn::GetStackOutput": {"StackName": "sample-local-data", "OutputName": "Bucket"}});
    project.set_stacks([
        (
            "data",
            json!({
                "Resources": {"Rest": topic(json!("rest")), "Files": bucket()},
                "Outputs": {"Bucket": {"Value": {"Ref": "Files"}}},
            }),
        ),
        ("files", resources(json!({"Alarms": topic(read)}))),
    ]);
    declare(&project, &[("files/Store", "data/Files")]);
    let plan = project.json("plan -e local --json");
    assert_eq!(plan["summary"]["move"], 1, "{plan:#}");
    assert_eq!(plan["summary"]["delete"], 0, "{plan:#}");
    let changed = &plan["stacks"][1]["changes"];
    assert_eq!(changed[0]["moved_to"], "data/Files", "{changed:#}");
    project.run("plan -e local --out plan.json").ended_with(0);
    project
        .run("deploy -e local --plan plan.json")
        .ended_with(0);
    assert_eq!(bucket_of(&project, "data"), before);
    has_no_changes(&project);
}

#[test]
fn a_move_to_a_new_stack_makes_it() {
    let project = Project::with_stacks([("files", files("Store"))]);
    project.run("deploy -e local").ended_with(0);
    let before = bucket_of(&project, "files");
    let read =
        json!({"Fn::GetStackOutput": {"StackName": "sample-local-data", "OutputName": "Bucket"}});
    project.set_stacks([
        (
            "data",
            json!({
                "Resources": {"Store": bucket()},
                "Outputs": {"Bucket": {"Value": {"Ref": "Store"}}},
            }),
        ),
        ("files", resources(json!({"Alarms": topic(read)}))),
    ]);
    declare(&project, &[("files/Store", "data/Store")]);
    let plan = project.json("plan -e local --json");
    assert_eq!(plan["refactors"][0]["stacks"][0]["creates"], true);
    assert_eq!(plan["summary"]["create"], 0, "{plan:#}");
    project.run("deploy -e local").ended_with(0);
    assert_eq!(bucket_of(&project, "data"), before);
    has_no_changes(&project);
}

#[test]
fn a_move_and_a_change_of_the_same_resource_are_two_waves_of_one_plan() {
    let project = renamed();
    let before = bucket_of(&project, "files");
    let mut changed = files("Files");
    changed["Resources"]["Files"]["Properties"] =
        json!({"Tags": [{"Key": "kind", "Value": "files"}]});
    project.set_stacks([("files", changed)]);
    declare(&project, &[("files/Old", "files/Files")]);
    let plan = project.json("plan -e local --json");
    let summary = &plan["summary"];
    assert_eq!(
        (&summary["move"], &summary["update"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(plan["stacks"][0]["provisional"], true);
    project.run("deploy -e local").ended_with(0);
    assert_eq!(bucket_of(&project, "files"), before);
    has_no_changes(&project);
}

#[test]
fn a_saved_plan_carries_its_moves_out_and_nothing_else() {
    let project = renamed();
    let before = bucket_of(&project, "files");
    project.run("plan -e local --out plan.json").ended_with(0);
    project
        .run("deploy -e local --plan plan.json")
        .ended_with(0);
    assert_eq!(bucket_of(&project, "files"), before);
    has_no_changes(&project);
    // Again it finds everything done.
    project
        .run("deploy -e local --plan plan.json")
        .ended_with(0);

    // A plan whose stack has changed since is refused, the move with it.
    let project = renamed();
    project.run("plan -e local --out plan.json").ended_with(0);
    let assembly = project.read("assembly/manifest.json");
    let template = project.read("assembly/files.template.json");
    project.set_stacks([("files", {
        let mut more = files("Old");
        more["Resources"]["More"] = topic(json!("more"));
        more
    })]);
    project.run("deploy -e local").ended_with(0);
    project.write("assembly/manifest.json", &assembly);
    project.write("assembly/files.template.json", &template);
    let refused = project
        .run("deploy -e local --plan plan.json")
        .ended_with(1);
    assert!(
        refused.stderr.contains("no longer what was planned"),
        "{refused}"
    );
}

#[test]
fn a_move_that_is_killed_is_followed_to_its_end_by_the_next_run() {
    for saved in [false, true] {
        let project = renamed();
        let before = bucket_of(&project, "files");
        project.run("plan -e local --out plan.json").ended_with(0);
        project.write(
            "slow.json",
            r#"{"delay": [{"resource": "Files", "milliseconds": 1500}]}"#,
        );
        let (server, _) = project.serve("--faults slow.json");
        let words = if saved {
            "deploy -e local --plan plan.json"
        } else {
            "deploy -e local"
        };
        let deployment = project.start(words);
        for _ in 0..100 {
            let status = project.json("status -e local --json");
            if status["stacks"][0]["health"] == "in_progress" {
                break;
            }
            thread::sleep(Duration::from_millis(20));
        }
        deployment.signal("KILL");
        deployment.end();
        let next = project.run(words).ended_with(0);
        assert!(next.stderr.contains("moved by an earlier run"), "{next}");
        drop(server);
        assert_eq!(bucket_of(&project, "files"), before);
        has_no_changes(&project);
    }
}

#[test]
fn a_move_that_fails_is_told_with_what_became_of_it() {
    let project = renamed();
    let before = bucket_of(&project, "files");
    project.write(
        "faults.json",
        r#"{"fail": [{"resource": "Files", "step": "update", "reason": "no tags today"}]}"#,
    );
    let (server, _) = project.serve("--faults faults.json");
    let failed = project.run("deploy -e local").ended_with(1);
    let words =
        "no tags today; it was undone: every resource is where it was, and nothing else was begun";
    assert!(failed.stderr.contains(words), "{failed}");
    drop(server);
    assert_eq!(bucket_of(&project, "files"), before);
    project.run("deploy -e local").ended_with(0);
    assert_eq!(bucket_of(&project, "files"), before);
}

#[test]
fn every_view_draws_moves() {
    let project = renamed();
    project.run("plan -e local --html plan.html").ended_with(0);
    let page = project.read("plan.html");
    assert!(page.contains("<code>files/Old</code>"), "{page}");
    let comment = project.run("plan -e local --markdown").ended_with(0);
    assert!(
        comment.stdout.contains("files/Old → files/Files"),
        "{comment}"
    );
    // Without a connection, against the assembly before.
    let base = project.path("base");
    std::fs::create_dir(&base).expect("writable");
    for file in ["manifest.json", "files.template.json"] {
        std::fs::copy(project.path("assembly").join(file), base.join(file)).expect("it is there");
    }
    let old = files("Old").to_string();
    project.write("base/files.template.json", &old);
    project.edit("base/manifest.json", "\"moves\":[{", "\"was\":[{");
    let against = project.json("plan -e local --against base --json");
    assert_eq!(against["summary"]["move"], 1, "{against:#}");
    assert_eq!(against["summary"]["update"], 0, "{against:#}");
    assert_eq!(against["refactors"][0]["moves"][0]["to"], "files/Files");
}

#[test]
fn what_is_wrong_with_a_move_stops_a_deployment() {
    let project = renamed();
    declare(&project, &[("files/Old", "files/Fils")]);
    let refused = project.run("deploy -e local").ended_with(1);
    assert!(
        refused
            .stderr
            .contains("a move ends at `files/Fils`, which is not declared"),
        "{refused}"
    );
    assert!(
        refused.stderr.contains("did you mean `files/Files`?"),
        "{refused}"
    );
}
