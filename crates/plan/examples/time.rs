//! Prints how long it takes to compare two templates of 500 resources and 1 MB each.

#![expect(clippy::print_stdout, reason = "printing is what it is for")]

use std::time::{Duration, Instant};

use indexmap::IndexMap;
use plan::{Options, SchemaFacts, diff};
use serde_json::{Map, Value, json};

const RESOURCES: usize = 500;
const ROUNDS: usize = 50;

fn main() {
    let base = template(|_| "12".to_owned(), "base");
    let text = base.to_string();
    println!("{RESOURCES} resources, {} bytes", text.len());
    // Read again, so that the two share no memory.
    let same: Value = serde_json::from_str(&text).expect("it was written as JSON");
    measure("no change", &base, &same);
    let one = template(
        |index| if index == 250 { "13" } else { "12" }.to_owned(),
        "base",
    );
    measure("one property", &base, &one);
    let tenth = template(
        |index| if index % 10 == 0 { "13" } else { "12" }.to_owned(),
        "base",
    );
    measure("every tenth resource", &base, &tenth);
    let form = template(|_| "12".to_owned(), "base")
        .to_string()
        .replace(":128,", ":\"128\",");
    let form = serde_json::from_str(&form).expect("it is JSON still");
    measure("all differ in form", &base, &form);
    let every = template(|index| format!("{index}"), "base");
    measure("every resource", &base, &every);
    let renamed = template(|_| "12".to_owned(), "other");
    measure("a replacement that all follow", &base, &renamed);
}

/// Functions that all run as one role and write to one bucket, with a policy each.
fn template(value: impl Fn(usize) -> String, bucket: &str) -> Value {
    let mut resources = Map::new();
    resources.insert(
        "Bucket".to_owned(),
        json!({"Type": "AWS::S3::Bucket", "Properties": {"BucketName": bucket}}),
    );
    for index in 1..RESOURCES {
        let mut variables = Map::new();
        for number in 0..24 {
            let text = format!("a value of ordinary length, number {number} of {index}");
            variables.insert(format!("VARIABLE_{number}"), json!(text));
        }
        variables.insert("BUCKET".to_owned(), json!({"Ref": "Bucket"}));
        variables.insert("VALUE".to_owned(), json!(value(index)));
        let function = json!({
            "Type": "AWS::Lambda::Function",
            "Properties": {
                "Code": {"S3Bucket": {"Fn::Sub": "assets-${AWS::AccountId}"}, "S3Key": format!("{index}.zip")},
                "Handler": "index.handler",
                "MemorySize": 128,
                "Runtime": "provided.al2023",
                "Role": {"Fn::Sub": "arn:aws:iam::${AWS::AccountId}:role/functions"},
                "Environment": {"Variables": variables},
                "Tags": [{"Key": "project", "Value": "time"}, {"Key": "index", "Value": index.to_string()}]
            }
        });
        resources.insert(format!("Function{index}"), function);
    }
    json!({"Resources": resources})
}

fn measure(name: &str, before: &Value, after: &Value) {
    let mut times: Vec<Duration> = (0..ROUNDS)
        .map(|_| {
            let start = Instant::now();
            let diff = diff(
                before,
                after,
                &SchemaFacts,
                &IndexMap::new(),
                &Options::default(),
            );
            let time = start.elapsed();
            drop(diff);
            time
        })
        .collect();
    let first = times[0];
    times.sort();
    let (best, median, worst) = (times[0], times[ROUNDS / 2], times[ROUNDS - 1]);
    let found = diff(
        before,
        after,
        &SchemaFacts,
        &IndexMap::new(),
        &Options::default(),
    );
    println!(
        "{name:32} best {best:>9.2?}  median {median:>9.2?}  worst {worst:>9.2?}  first {first:>9.2?}  ({} changes, {} in form)",
        found.changes.len(),
        found.equivalent.len()
    );
}
