//! The pages and pictures in a real browser, at the width of a desk and of a phone.

use std::process::Command;

use serde_json::{Value, json};

use crate::{
    graph::large,
    project::{Project, repository, tool},
    shop,
};

/// Runs a script of `tests/browser` on files of the project.
fn look(project: &Project, script: &str, files: &[&str]) -> String {
    let mut command = Command::new("node");
    command
        .arg(repository().join("tests/browser").join(script))
        .arg(tool("browser"))
        .args(files.iter().map(|file| project.path(file)));
    project.finish(&mut command).ended_with(0).stdout
}

#[test]
#[ignore = "needs a browser"]
fn a_page_is_good_to_look_at_and_to_use() {
    let project = shop::changed();
    // Data would be lost, which stops the plan after it was shown.
    project
        .run("plan -e local --against base --html changes.html")
        .ended_with(1);
    project
        .run("plan -e local --against assembly --html none.html")
        .ended_with(0);
    project
        .run("plan -e local --against base --security-only --html access.html")
        .ended_with(0);
    let hostile =
        "</script><script>alert(1)</script><img src=https://evil.example/x.png> @everyone";
    project.set_stacks([("storage", json!({
        "Description": hostile,
        "Resources": {"Topic": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": hostile}}},
        "Outputs": {"Name": {"Description": hostile, "Value": hostile}}
    }))]);
    project
        .run("plan -e local --against base --html hostile.html")
        .ended_with(1);
    let said = look(
        &project,
        "page.mjs",
        &["changes.html", "access.html", "none.html", "hostile.html"],
    );
    assert_eq!(said.trim(), "16 looks, nothing wrong");
}

#[test]
#[ignore = "needs a browser"]
fn a_picture_is_drawn_well_small_and_large() {
    let project = shop::changed();
    let draw = |file: &str| {
        let picture = project
            .run("graph -e local --format svg")
            .ended_with(0)
            .stdout;
        project.write(file, &picture);
    };
    draw("small.svg");
    for (resources, file) in [(17, "fifty.svg"), (170, "large.svg")] {
        project.set_assembly("local", &large(resources));
        draw(file);
    }
    let said = look(
        &project,
        "page.mjs",
        &["small.svg", "fifty.svg", "large.svg"],
    );
    assert_eq!(said.trim(), "12 looks, nothing wrong");
}

#[test]
#[ignore = "needs a browser"]
fn mermaid_draws_all_of_the_graph() {
    let project = shop::changed();
    let text = project.run("graph -e local").ended_with(0).stdout;
    project.write("graph.mmd", &text);
    let said = look(&project, "mermaid.mjs", &["graph.mmd"]);
    let drawn: Value = serde_json::from_str(&said).expect("it is JSON");
    // 4 + 1 + 2 + 12 + 6 resources and two outside AWS.
    assert_eq!(drawn["nodes"], 27, "{said}");
    assert_eq!(drawn["groups"], 5, "{said}");
    assert_eq!(drawn["edges"], text.matches("-->").count(), "{said}");
    let labels = drawn["labels"].as_array().expect("labels are listed");
    assert!(labels.contains(&json!("UploadsS3::Bucket")), "{said}");
}
