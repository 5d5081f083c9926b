//! Chitchatter Pro's stacks.

mod account;
mod files;
mod identity;
mod settings;

use std::process::ExitCode;

use constructs::prelude::*;
use settings::Environment;

const PROJECT: &str = "chitchatter";

fn main() -> ExitCode {
    constructs::run(PROJECT, stacks)
}

/// Everything an environment consists of.
fn stacks(app: &mut App, environment: &Environment) {
    app.tag("project", PROJECT)
        .tag("environment", &environment.name);

    let account = account::account(app, environment);
    identity::identity(app, environment);
    files::files(app, environment, &account);
}

/// Keeps what people would miss when it leaves its stack. A development environment leaves nothing behind.
fn keep(resource: &impl Handle, environment: &Environment) {
    if environment.development {
        resource
            .deletion_policy(DeletionPolicy::Delete)
            .update_replace_policy(UpdateReplacePolicy::Delete);
    } else {
        resource.retain();
    }
}

#[cfg(test)]
mod tests;
