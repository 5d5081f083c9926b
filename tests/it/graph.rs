//! `graph` draws what depends on what.

use std::process::Command;

use serde_json::{Value, json};

use crate::{
    project::{Project, snapshot},
    sample, shop,
};

/// Three stacks of so many resources each, which form chains and stars.
pub(crate) fn large(resources: usize) -> [(&'static str, String); 3] {
    ["first", "second", "third"].map(|name| {
        let mut template = json!({"Resources": {}});
        for number in 0..resources {
            let mut topic = json!({"Type": "AWS::SNS::Topic"});
            if number % 3 > 0 {
                topic["Properties"] = json!({"DisplayName": {"Ref": format!("Topic{}", number - number % 3 / 2 - 1)}});
            }
            template["Resources"][format!("Topic{number}")] = topic;
        }
        (name, template.to_string())
    })
}

#[test]
fn stacks_and_what_they_share_are_drawn_in_mermaid() {
    let project = Project::with_stacks([
        ("storage", sample::storage()),
        ("messaging", sample::messaging()),
    ]);
    snapshot!(project.run("graph -e local").ended_with(0), @r#"
    exit status: 0
    --- stdout
    flowchart TB
      subgraph g0["storage"]
        g0n0["Files<br>S3::Bucket"]
        g0n1["Access<br>S3::BucketPolicy"]
        g0n2["Name<br>SSM::Parameter"]
        g0n0 --> g0n1
        g0n0 --> g0n2
      end
      subgraph g1["messaging"]
        g1n0["Jobs<br>SQS::Queue"]
        g1n1["Alarms<br>SNS::Topic"]
      end
      g0 --> g1
    "#);
}

#[test]
fn references_between_stacks_lead_from_resource_to_resource() {
    let project = shop::changed();
    let text = project
        .run("graph -e local --format dot")
        .ended_with(0)
        .stdout;
    for edge in [
        // Through an export, and through an output by its name.
        r#""data/Uploads" -> "api/CheckoutRole";"#,
        r#""data/Mail" -> "api/Search";"#,
        r#""api/CheckoutRole" -> "api/Checkout";"#,
        r#""network" -> "data" [ltail=cluster_0, lhead=cluster_1];"#,
        r#""identity" -> "vercel/project/shop" [ltail=cluster_2];"#,
        r#""vercel/project/shop" -> "vercel/env/USER_POOL" [];"#,
    ] {
        assert!(text.contains(edge), "no {edge}:\n{text}");
    }
    assert!(
        !text.contains(r#""data" -> "api""#),
        "it is told by their resources:\n{text}"
    );
}

#[test]
fn the_same_graph_is_drawn_the_same_every_time() {
    let project = shop::changed();
    for format in ["mermaid", "dot", "svg"] {
        let draw = || {
            project
                .run(&format!("graph -e local --format {format}"))
                .ended_with(0)
                .stdout
        };
        assert_eq!(draw(), draw());
    }
}

#[test]
fn a_large_graph_is_told_in_few_words() {
    let project = Project::without_stacks();
    project.set_assembly("local", &large(170));
    let picture = project
        .run("graph -e local --format svg")
        .ended_with(0)
        .stdout;
    assert!(
        picture.contains("170 resources, not shown one by one"),
        "{picture}"
    );
    assert!(picture.contains("170 × SNS::Topic"), "{picture}");
    assert!(picture.len() < 20_000, "{}", picture.len());
    project.set_assembly("local", &large(17));
    let picture = project
        .run("graph -e local --format svg")
        .ended_with(0)
        .stdout;
    assert_eq!(
        picture.matches("SNS::Topic</text>").count(),
        51,
        "{picture}"
    );
}

#[test]
#[ignore = "needs Graphviz"]
fn graphviz_draws_all_of_the_graph() {
    let project = shop::changed();
    let text = project
        .run("graph -e local --format dot")
        .ended_with(0)
        .stdout;
    project.write("graph.dot", &text);
    let mut command = Command::new("dot");
    let drawn = project
        .finish(command.arg("-Tjson").arg(project.path("graph.dot")))
        .ended_with(0);
    assert_eq!(drawn.stderr, "", "Graphviz has something to say");
    let drawn: Value = drawn.json();
    let names: Vec<&str> = drawn["objects"]
        .as_array()
        .expect("objects are listed")
        .iter()
        .filter_map(|object| object["name"].as_str())
        .collect();
    assert!(
        names.contains(&"data/Uploads") && names.contains(&"cluster_1"),
        "{names:?}"
    );
    assert_eq!(
        drawn["edges"].as_array().map(Vec::len),
        Some(text.matches(" -> ").count())
    );
}
