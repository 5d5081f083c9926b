//! What `plan --json` says, what `deploy` does and what `status` shows are one thing, over generated pairs of templates.
//!
//! The engine is held against the endpoint over many more pairs; here the whole program takes part.

use std::collections::{BTreeMap, BTreeSet};

use pairs::{Edit, Pair};
use serde_json::Value;

use crate::project::{Outcome, Project};

/// How many pairs must be among those that are tried.
const LEAST: usize = 24;

#[test]
fn plan_deploy_and_status_say_the_same() {
    let verdicts: Vec<&str> = (0..400)
        .map(Pair::new)
        .filter(is_plain)
        .take(LEAST + 8)
        .map(|pair| hold(&pair))
        .collect();
    let count = |word: &str| verdicts.iter().filter(|verdict| **verdict == word).count();
    assert!(count("changes") + count("nothing") >= LEAST, "{verdicts:?}");
    assert!(count("changes") > 0 && count("nothing") > 0, "{verdicts:?}");
}

/// Whether a manifest without parameters and tags does for the pair, and CloudFormation takes it: not another type for
/// the same name, not a name that is in the way of its own replacement.
fn is_plain(pair: &Pair) -> bool {
    let after = pair.after();
    let is_refused = |edit| matches!(edit, Edit::ChangeType | Edit::Rename | Edit::StackTags);
    let has_names = |template: &Value| template.to_string().contains(&format!("{}-", pair.names()));
    pair.before().parameters.is_empty()
        && after.parameters.is_empty()
        && !pair.edits().any(is_refused)
        && !has_names(&pair.before().template)
        && !has_names(&after.template)
}

/// Deploys the first template, plans and deploys the second, and compares.
fn hold(pair: &Pair) -> &'static str {
    let project = Project::without_stacks();
    let assemble = |template: &Value| {
        project.set_assembly("local", &[("pair", template.to_string())]);
    };
    assemble(&pair.before().template);
    if project.run("deploy -e local --yes").status.code() != Some(0) {
        // The checks have something against it.
        return "refused";
    }
    let before = status(&project);
    assemble(&pair.after().template);
    let planned = project.run("plan -e local --json");
    let plan = planned.json()["stacks"][0].clone();
    let has_error = |finding: &Value| finding["severity"] == "error";
    if plan["findings"]
        .as_array()
        .is_some_and(|all| all.iter().any(has_error))
    {
        return "refused";
    }
    let changes: Vec<&Value> = plan["changes"].as_array().into_iter().flatten().collect();
    let allowed: Vec<String> = changes
        .iter()
        .filter(|change| {
            change["stateful"] == true
                && change["action"] != "update"
                && change["action"] != "create"
        })
        .map(|change| format!(" pair/{}", text(&change["logical_id"])))
        .collect();
    let allowing = if allowed.is_empty() {
        ""
    } else {
        " --allow-destroy"
    };
    let deployed = project
        .run(&format!(
            "deploy -e local --yes{allowing}{}",
            allowed.concat()
        ))
        .ended_with(0);
    let context = || format!("{pair}\n{plan:#}\n{deployed}");

    let told = told(&deployed);
    let says_nothing = deployed.stderr.contains("Nothing to do");
    assert_eq!(plan["action"] == "none", says_nothing, "{}", context());
    assert!(!says_nothing || told.is_empty(), "{}", context());
    let ids: BTreeSet<&str> = changes
        .iter()
        .map(|change| text(&change["logical_id"]))
        .collect();
    for change in &changes {
        let statuses = told
            .get(text(&change["logical_id"]))
            .cloned()
            .unwrap_or_default();
        assert!(
            agree(change, &statuses),
            "{change:#} {statuses:?}\n{}",
            context()
        );
    }
    let equivalent: BTreeSet<&str> = plan["equivalent"]
        .as_array()
        .into_iter()
        .flatten()
        .map(text)
        .collect();
    for (id, statuses) in told.iter().filter(|(id, _)| !ids.contains(id.as_str())) {
        let is_form =
            equivalent.contains(id.as_str()) && *statuses == BTreeSet::from(["UPDATE_COMPLETE"]);
        assert!(is_form, "{id} {statuses:?}\n{}", context());
    }

    let after = status(&project);
    let number = |word: &str| plan["summary"][word].as_u64().expect("it is counted");
    assert_eq!(
        after + number("delete") + number("orphan"),
        before + number("create"),
        "{}",
        context()
    );
    project
        .run("plan -e local --detailed-exitcode")
        .ended_with(0);
    if says_nothing { "nothing" } else { "changes" }
}

/// Whether what the plan says of a resource is what was told while it was deployed.
fn agree(change: &Value, statuses: &BTreeSet<&str>) -> bool {
    let old = if change["old_copy"] == "retained" {
        "DELETE_SKIPPED"
    } else {
        "DELETE_COMPLETE"
    };
    let is_certain = change["properties"]
        .as_array()
        .is_some_and(|all| all.iter().any(|property| property["dynamic"] != true));
    let (least, most): (&[&str], &[&str]) = match text(&change["action"]) {
        "create" => (&["CREATE_COMPLETE"], &["CREATE_COMPLETE"]),
        "update" if is_certain => (&["UPDATE_COMPLETE"], &["UPDATE_COMPLETE"]),
        "update" => (&[], &["UPDATE_COMPLETE"]),
        "replace" => (&["UPDATE_COMPLETE", old], &["UPDATE_COMPLETE", old]),
        "may_replace" => (&[], &["UPDATE_COMPLETE", old]),
        "delete" | "orphan" => (&[old], &[old]),
        _ => return false,
    };
    least.iter().all(|status| statuses.contains(status))
        && statuses.iter().all(|status| most.contains(status))
}

/// What was told of each resource: `  ✓ pair/Jobs  AWS::SQS::Queue  UPDATE_COMPLETE  5 ms`.
fn told(outcome: &Outcome) -> BTreeMap<String, BTreeSet<&str>> {
    let mut told: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for line in outcome.stderr.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        if let ["✓", place, _, status, ..] = words.as_slice()
            && let Some(id) = place.strip_prefix("pair/")
        {
            told.entry(id.to_owned()).or_default().insert(status);
        }
    }
    told
}

/// How many resources the stack has, which must be healthy.
fn status(project: &Project) -> u64 {
    let status = project.json("status -e local --json");
    assert_eq!(status["stacks"][0]["health"], "healthy", "{status:#}");
    status["stacks"][0]["resources"]
        .as_u64()
        .expect("it is counted")
}

fn text(value: &Value) -> &str {
    value.as_str().expect("it is a text")
}
