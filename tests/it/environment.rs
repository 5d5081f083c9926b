//! A mistake in an environment file is placed at its line and column, and ends with 2.

use crate::project::{Project, snapshot};

const STAGING: &str = "environments/staging.yaml";

fn refused(from: &str, to: &str) -> crate::project::Outcome {
    let project = Project::of_this_repository();
    project.edit(STAGING, from, to);
    project.run("synth -e staging").ended_with(2)
}

#[test]
fn a_misspelt_key_is_placed_and_the_nearest_named() {
    snapshot!(refused("approval:", "aproval:"), @"
    exit status: 2
    --- stderr
    error: environments/staging.yaml:5:1: unknown field `aproval`, expected one of `account`, `region`, `approval`, `development`, `endpoint`, `bootstrap`, `database`, `settings`

    hint: did you mean `approval`?
    ");
}

#[test]
fn a_misspelt_key_of_the_stacks_own_settings_is_placed_and_the_nearest_named() {
    snapshot!(refused("callback_urls:", "calback_urls:"), @"
    exit status: 2
    --- stderr
    error: settings.web: unknown field `calback_urls`, expected one of `site`, `callback_urls`, `logout_urls`, `origins`
      --> environments/staging.yaml:24:5
      hint: did you mean `callback_urls`?
    error: `environments/staging.yaml` has 1 error
    ");
}

#[test]
fn a_value_of_the_wrong_type_is_placed() {
    let project = Project::of_this_repository();
    let text = project.read(STAGING);
    let line = text
        .lines()
        .find(|line| line.trim_start().starts_with("monthly_budget_usd:"))
        .expect("staging has a budget");
    project.edit(STAGING, line, "    monthly_budget_usd: plenty");
    snapshot!(project.run("synth -e staging").ended_with(2), @r#"
    exit status: 2
    --- stderr
    error: settings.costs.monthly_budget_usd: invalid type: string "plenty", expected u32
      --> environments/staging.yaml:31:25
    error: `environments/staging.yaml` has 1 error
    "#);
}

#[test]
fn an_account_that_is_not_twelve_digits_is_refused() {
    let project = Project::without_stacks();
    project.edit("environments/local.yaml", "\"000000000000\"", "12345678901");
    snapshot!(project.run("plan -e local").ended_with(2), @"
    exit status: 2
    --- stderr
    error: environments/local.yaml:1:10: account `12345678901` is not twelve digits in quotes
    ");
}

#[test]
fn text_that_is_not_yaml_is_placed() {
    let project = Project::without_stacks();
    project.edit(
        "environments/local.yaml",
        "region: us-east-1",
        "region: [us-east-1",
    );
    project
        .run("plan -e local")
        .ended_with(2)
        .says("environments/local.yaml:");
}
