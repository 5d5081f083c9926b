//! `migrate`: with the ledger's own migrations, built and run as a project's program.

use serde_json::Value;

use crate::project::{Project, repository};

/// A project whose database is a file of its own.
fn project(approval: &str) -> Project {
    let project = Project::without_stacks();
    let ledger = repository().join("crates/ledger");
    project.write(
        "environments/local.yaml",
        &format!(
            "account: \"000000000000\"\nregion: us-east-1\napproval: {approval}\nendpoint: embedded\n\
             database:\n  migrations: {}\n  url: file:.chitinfra/api.db\nsettings: {{}}\n",
            ledger.display()
        ),
    );
    project
}

fn states(project: &Project) -> Vec<String> {
    let answer = project.json("migrate -e local --status --json");
    assert_eq!(answer["format_version"], "1.0");
    let migrations = answer["migrations"].as_array().expect("there is a list");
    let state = |migration: &Value| migration["state"].as_str().unwrap_or_default().to_owned();
    migrations.iter().map(state).collect()
}

#[test]
fn a_database_is_brought_up_to_date_once() {
    let project = project("never");
    assert!(states(&project).iter().all(|state| state == "pending"));
    project
        .run("migrate -e local")
        .ended_with(0)
        .says("pending: 0001 ledger")
        .says("0001 ledger       applied")
        .says("0002 old_events   applied")
        .says("0003 file_bounds  applied");
    assert!(project.path(".chitinfra/api.db").exists());
    assert!(states(&project).iter().all(|state| state == "applied"));
    project
        .run("migrate -e local")
        .ended_with(0)
        .says("nothing to migrate");
}

#[test]
fn where_everything_is_approved_a_migration_is_too() {
    let project = project("always");
    project.run("migrate -e local").ended_with(1).says("--yes");
    assert!(states(&project).iter().all(|state| state == "pending"));
    project.run("migrate -e local --yes").ended_with(0);
    assert!(states(&project).iter().all(|state| state == "applied"));
}

#[test]
fn what_is_missing_is_said() {
    project("never")
        .run("migrate -e local --database-url http://ledger.example.com")
        .ended_with(1)
        .says("TURSO_DATABASE_URL");
    Project::without_stacks()
        .run("migrate -e local")
        .ended_with(2)
        .says("`environments/local.yaml` names no database");
}
