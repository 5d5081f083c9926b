//! What the stacks must be in every environment, whatever else changes.

use std::fs;

use constructs::{
    dsl::{Assembly, testing},
    prelude::*,
};
use serde_json::{Value as Json, json};

use crate::{PROJECT, settings::Environment, stacks};

const ENVIRONMENTS: [&str; 3] = ["local", "staging", "production"];

fn environment_text(name: &str) -> (String, String) {
    let file = format!("environments/{name}.yaml");
    let path = format!("{}/../{file}", env!("CARGO_MANIFEST_DIR"));
    (
        file,
        fs::read_to_string(path).expect("every environment has its file"),
    )
}

fn synthesized(name: &str) -> Assembly {
    let (file, text) = environment_text(name);
    synthesized_from(&file, &text)
}

fn synthesized_from(file: &str, text: &str) -> Assembly {
    let environment = Environment::parse(file, text).unwrap_or_else(|error| panic!("{error}"));
    let mut app = App::new(PROJECT, &environment);
    stacks(&mut app, &environment);
    testing::assembly(&app)
}

fn template(environment: &str, stack: &str) -> Json {
    template_of(&synthesized(environment), stack)
}

fn template_of(assembly: &Assembly, stack: &str) -> Json {
    let file = format!("{stack}.template.json");
    let (_, text) = assembly
        .templates
        .iter()
        .find(|(name, _)| *name == file)
        .expect("the stack is there");
    serde_json::from_str(text).expect("a template is JSON")
}

/// The statements of all policies of a template, trust included.
fn statements(value: &Json) -> Vec<&Json> {
    match value {
        Json::Object(object) if object.contains_key("Effect") => vec![value],
        Json::Object(object) => object.values().flat_map(statements).collect(),
        Json::Array(list) => list.iter().flat_map(statements).collect(),
        _ => Vec::new(),
    }
}

#[test]
fn templates_are_as_reviewed() {
    for environment in ENVIRONMENTS {
        for (file, text) in synthesized(environment).templates {
            let stack = file.trim_end_matches(".template.json");
            insta::assert_snapshot!(format!("{environment}-{stack}"), text);
        }
    }
}

#[test]
fn files_come_after_the_account_and_nothing_else_waits() {
    for environment in ENVIRONMENTS {
        let manifest = synthesized(environment).manifest;
        let order: Vec<_> = manifest
            .stacks
            .iter()
            .map(|stack| (stack.name.as_str(), stack.depends_on.join(" ")))
            .collect();
        let expected = [("account", ""), ("identity", ""), ("files", "account")];
        assert_eq!(
            order,
            expected.map(|(name, after)| (name, after.to_owned()))
        );
        for stack in &manifest.stacks {
            assert_eq!(stack.tags["environment"], environment);
            for resource in stack.resources.values() {
                assert!(
                    resource.source.starts_with("stacks/src/"),
                    "{}",
                    resource.source
                );
            }
        }
    }
}

#[test]
fn nothing_is_allowed_everywhere_but_making_meetings() {
    for environment in ENVIRONMENTS {
        for stack in ["account", "identity", "files"] {
            let template = template(environment, stack);
            for statement in statements(&template) {
                if statement["Effect"] != "Allow" {
                    continue;
                }
                let actions = statement["Action"].to_string();
                assert!(!actions.contains('*'), "{environment}/{stack}: {actions}");
                if statement["Resource"] == json!(["*"]) {
                    assert_eq!(
                        statement["Action"],
                        json!(["chime:CreateMeeting"]),
                        "{environment}/{stack}"
                    );
                }
                assert_ne!(
                    statement["Principal"], "*",
                    "{environment}/{stack}: {actions}"
                );
            }
        }
    }
}

#[test]
fn the_role_that_vercel_takes_on_names_it_exactly() {
    for environment in ENVIRONMENTS {
        let template = template(environment, "account");
        let trust =
            &template["Resources"]["Api"]["Properties"]["AssumeRolePolicyDocument"]["Statement"][0];
        let conditions = trust["Condition"]
            .as_object()
            .expect("there are conditions");
        let operators: Vec<_> = conditions.keys().collect();
        assert_eq!(operators, ["StringEquals"], "{environment}");
        let keys = conditions["StringEquals"]
            .as_object()
            .expect("there are keys");
        assert!(
            keys.keys().any(|key| key.ends_with(":aud")),
            "{environment}"
        );
        let subject = keys.iter().find(|(key, _)| key.ends_with(":sub"));
        let subject = subject
            .map(|(_, value)| value.to_string())
            .expect("there is a subject");
        assert!(
            subject.contains("project:chitchatter-pro"),
            "{environment}: {subject}"
        );
        assert!(!subject.contains('*'), "{environment}: {subject}");
    }
}

#[test]
fn every_role_is_within_the_boundary_where_bootstrap_sets_one() {
    for environment in ENVIRONMENTS {
        let boundary = json!({"Fn::Sub": format!(
            "arn:${{AWS::Partition}}:iam::${{AWS::AccountId}}:policy/chitinfra/chitchatter-{environment}-boundary"
        )});
        let expected = (environment != "local").then_some(&boundary);
        let template = template(environment, "account");
        let resources = template["Resources"].as_object().expect("an object");
        let roles = resources
            .iter()
            .filter(|(_, one)| one["Type"] == "AWS::IAM::Role");
        for (id, role) in roles {
            let found = role["Properties"].get("PermissionsBoundary");
            assert_eq!(found, expected, "{environment}/{id}");
        }
    }
}

#[test]
fn a_guest_uses_what_its_host_made() {
    let (host, guest) = (
        template("staging", "account"),
        template("production", "account"),
    );
    for (id, kind) in [
        ("Vercel", "AWS::IAM::OIDCProvider"),
        ("Anomalies", "AWS::CE::AnomalyMonitor"),
    ] {
        assert_eq!(host["Resources"][id]["Type"], kind);
        let resources = guest["Resources"].as_object().expect("there are resources");
        assert!(
            resources.values().all(|resource| resource["Type"] != kind),
            "{kind}"
        );
    }
    // Whoever shares an account may not share a name.
    let names = |template: &Json| -> Vec<String> {
        let resources = template["Resources"]
            .as_object()
            .expect("there are resources");
        let properties = resources.values().map(|resource| &resource["Properties"]);
        let names = ["RoleName", "MonitorName", "SubscriptionName"];
        properties
            .flat_map(|properties| names.iter().filter_map(|name| properties[*name].as_str()))
            .map(str::to_owned)
            .collect()
    };
    let (host, guest) = (names(&host), names(&guest));
    assert!(
        guest.len() >= 2 && guest.iter().all(|name| !host.contains(name)),
        "{host:?} {guest:?}"
    );
}

#[test]
fn an_account_of_its_own_is_two_lines_of_the_environment_file() {
    let (file, text) = environment_text("production");
    let moved = text
        .replace("account: \"111122223333\"", "account: \"444455556666\"")
        .replace("tenancy: guest", "tenancy: alone");
    let account = template_of(&synthesized_from(&file, &moved), "account");
    for id in ["Vercel", "Anomalies", "AnomalyAlert", "AnomalyDigest"] {
        assert!(account["Resources"].get(id).is_some(), "{id}");
    }
    let filters = |template: &Json| {
        template["Resources"]["Budget"]["Properties"]["Budget"]
            .get("CostFilters")
            .cloned()
    };
    assert_eq!(
        filters(&account),
        None,
        "all that the account costs is the environment's"
    );
    let shared = template("production", "account");
    assert_eq!(
        filters(&shared),
        Some(json!({ "TagKeyValue": ["user:environment$production"] }))
    );
}

#[test]
fn a_monitor_that_aws_made_is_used() {
    let (file, text) = environment_text("staging");
    let arn = "arn:aws:ce::111122223333:anomalymonitor/1234";
    let text = text.replace("anomaly_monitor: null", &format!("anomaly_monitor: {arn}"));
    let account = template_of(&synthesized_from(&file, &text), "account");
    assert_eq!(account["Resources"].get("Anomalies"), None);
    for alert in ["AnomalyAlert", "AnomalyDigest"] {
        let monitors = &account["Resources"][alert]["Properties"]["MonitorArnList"];
        assert_eq!(monitors, &json!([arn]));
    }
}

#[test]
fn peoples_accounts_outlive_mistakes_in_production() {
    let users = |environment| template(environment, "identity")["Resources"]["Users"].clone();
    let production = users("production");
    assert_eq!(production["Properties"]["DeletionProtection"], "ACTIVE");
    assert_eq!(production["DeletionPolicy"], "RetainExceptOnCreate");
    assert_eq!(production["UpdateReplacePolicy"], "Retain");
    assert_eq!(users("staging")["UpdateReplacePolicy"], "Retain");
    assert_eq!(users("local")["DeletionPolicy"], "Delete");
    let protected: Vec<bool> = synthesized("production")
        .manifest
        .stacks
        .iter()
        .map(|stack| stack.termination_protection)
        .collect();
    assert_eq!(protected, [true, true, true]);
}

#[test]
fn a_wrong_setting_is_refused_where_it_stands() {
    let (file, good) = environment_text("staging");
    for (from, to, line, expected) in [
        (
            "monthly_budget_usd",
            "monthly_budget",
            "monthly_budget:",
            "monthly_budget",
        ),
        ("tenancy: host", "tenancy: lodger", "tenancy:", "lodger"),
        (
            "site: https://",
            "site: http://",
            "site:",
            "`http://pro-staging.chitchatter.im`",
        ),
        ("[costs@chitchatter.im]", "[costs]", "notify:", "`costs`"),
        (
            "jeremyckahn/chitchatter-pro",
            "chitchatter-pro",
            "repository:",
            "owner/name",
        ),
        (
            "sign_in_domain: chitchatter",
            "sign_in_domain: cognito",
            "sign_in_domain:",
            "`cognito`",
        ),
    ] {
        let bad = good.replacen(from, to, 1);
        assert_ne!(bad, good, "{from}");
        let error = Environment::parse(&file, &bad).expect_err("it is wrong");
        assert!(error.message.contains(expected), "{error}");
        let place = bad
            .lines()
            .position(|text| text.trim_start().starts_with(line));
        assert_eq!(error.position.map(|(line, _)| line - 1), place, "{error}");
    }
}

#[test]
fn two_runs_give_the_same_bytes() {
    assert_eq!(synthesized("production"), synthesized("production"));
}
