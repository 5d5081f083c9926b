//! How many answers a command waits for one after the other.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::project::Project;

/// How long each answer takes here: so long that the time tells how many were waited for in turn, however slow the machine.
const ROUND_TRIP: Duration = Duration::from_secs(1);

/// A project of fifty deployed stacks, none of which needs another.
fn deployed() -> Project {
    let project = Project::without_stacks();
    let topic = |number: u32| {
        let properties = json!({"DisplayName": format!("number {number}")});
        json!({"Resources": {"Topic": {"Type": "AWS::SNS::Topic", "Properties": properties}}})
    };
    let stacks: Vec<(String, String)> = (0..50)
        .map(|number| (format!("part-{number}"), topic(number).to_string()))
        .collect();
    let stacks: Vec<(&str, String)> = stacks
        .iter()
        .map(|(name, template)| (name.as_str(), template.clone()))
        .collect();
    project.set_assembly("local", &stacks);
    let mut manifest = project.read_json("assembly/manifest.json");
    let stacks = manifest["stacks"].as_array_mut();
    for stack in stacks.expect("they are a list") {
        stack["depends_on"] = Value::Array(Vec::new());
    }
    project.write("assembly/manifest.json", &manifest.to_string());
    project.run("deploy -e local").ended_with(0);
    project
}

#[test]
fn a_plan_of_fifty_unchanged_stacks_waits_for_four_answers_at_most() {
    let project = deployed();
    let scenario =
        json!({"calls": [{"operation": "*", "milliseconds": ROUND_TRIP.as_millis() as u64}]});
    project.write("slow.json", &scenario.to_string());
    let (_server, _) = project.serve("--faults slow.json");
    let start = Instant::now();
    project
        .run("plan -e local --detailed-exitcode")
        .ended_with(0);
    let took = start.elapsed();
    assert!(took > ROUND_TRIP, "the scenario is not in force: {took:?}");
    let most = 4 * ROUND_TRIP + Duration::from_millis(100);
    assert!(took <= most, "{took:?}");
}
