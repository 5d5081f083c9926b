//! `cargo xtask bench`: how long the program takes and how much memory, beside the CDK on the same stacks.
//!
//! Runs of the two take turns, so both see the same machine; the median counts. Everything happens in a clone of the
//! checkout's last commit below the target folder.

mod api;
mod cases;
mod localstack;
mod measure;
mod report;
mod running;
mod templates;

use std::{
    cell::OnceCell, collections::BTreeMap, io::Write, path::PathBuf, process::Command, rc::Rc,
};

use anyhow::Context;

pub(crate) use measure::{Program, measure};

use crate::{
    tools,
    workspace::{Workspace, say, succeed},
};
use cases::{CASES, Case, Contest};
use measure::Sample;
use report::{Figures, Report, Row};

/// What `cargo xtask bench` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Measure one case alone; may be given more than once
    #[arg(long, value_name = "CASE", value_parser = names())]
    only: Vec<String>,
    /// How often each side of a case runs
    #[arg(long, value_name = "COUNT", default_value_t = 7, value_parser = clap::value_parser!(u8).range(1..))]
    runs: u8,
    /// Leave the CDK out
    #[arg(long)]
    without_cdk: bool,
    /// Print JSON instead of a table
    #[arg(long)]
    json: bool,
}

/// The name of what is measured of the API.
const API: &str = "api";

/// What can be measured alone.
fn names() -> Vec<&'static str> {
    CASES.iter().map(|case| case.name).chain([API]).collect()
}

/// What the cases work with.
pub(crate) struct Bench<'a> {
    workspace: &'a Workspace,
    /// The program under measurement, a release build.
    program: PathBuf,
    /// A clone of the checkout, to edit and deploy.
    checkout: PathBuf,
    /// Where the CDK is installed, unless it is left out.
    cdk: Option<PathBuf>,
    /// Started for the first case that needs it.
    localstack: OnceCell<Rc<localstack::World>>,
}

/// Measures the cases that are asked for and answers with the figures.
pub(crate) fn run(workspace: &Workspace, arguments: &Arguments) -> anyhow::Result<()> {
    let is_wanted =
        |name: &str| arguments.only.is_empty() || arguments.only.iter().any(|only| only == name);
    let cases: Vec<&Case> = CASES.iter().filter(|case| is_wanted(case.name)).collect();
    let mut report = Report::new(arguments.runs)?;
    if !cases.is_empty() {
        let bench = Bench::prepare(workspace, arguments.without_cdk)?;
        for case in cases {
            say(&format!("=== {}: {}", case.name, case.about));
            let contest = (case.prepare)(&bench)
                .with_context(|| format!("cannot prepare `{}`", case.name))?;
            let runs = if case.once { 1 } else { arguments.runs };
            let row = contend(case, contest, runs)
                .with_context(|| format!("cannot measure `{}`", case.name))?;
            report.rows.push(row);
        }
    }
    if is_wanted(API) {
        say("=== api: authenticated TURN requests beside a server of fastify");
        report.api = Some(api::run(workspace, arguments.runs)?);
    }
    let json = serde_json::to_string_pretty(&report)?;
    let file = workspace.target.join("bench/report.json");
    std::fs::write(&file, &json).with_context(|| format!("cannot write `{}`", file.display()))?;
    let text = if arguments.json { json } else { report.table() };
    writeln!(std::io::stdout(), "{}", text.trim_end())?;
    Ok(())
}

/// Lets both sides of a case run in turns.
fn contend(case: &Case, mut contest: Contest, runs: u8) -> anyhow::Result<Row> {
    let mut samples: BTreeMap<&str, Vec<Sample>> = BTreeMap::new();
    for round in 0..runs {
        for (name, competitor) in &mut contest.competitors {
            let command = competitor(round)?;
            samples
                .entry(name)
                .or_default()
                .push(measure::sample(command)?);
        }
    }
    let figures = |name: &str| samples.get(name).map(|samples| Figures::of(samples));
    let parts: Vec<_> = contest
        .competitors
        .iter()
        .filter(|(name, _)| !["chitinfra", "cdk"].contains(name))
        .filter_map(|(name, _)| Some((*name, figures(name)?)))
        .collect();
    let whole = || {
        parts
            .iter()
            .map(|(_, figures)| *figures)
            .reduce(Figures::and_then)
    };
    Ok(Row {
        name: case.name,
        about: case.about,
        limit: case.limit,
        chitinfra: figures("chitinfra").or_else(whole),
        cdk: figures("cdk"),
        parts,
    })
}

impl<'a> Bench<'a> {
    fn prepare(workspace: &'a Workspace, without_cdk: bool) -> anyhow::Result<Self> {
        let folder = workspace.target.join("bench");
        std::fs::create_dir_all(&folder)?;
        let checkout = folder.join("checkout");
        clone(workspace, &checkout)?;
        say("=== building");
        succeed(&mut workspace.cargo([
            "build",
            "--locked",
            "--release",
            "--package",
            "chitinfra",
        ]))?;
        let cdk = if without_cdk {
            None
        } else {
            Some(tools::cdk(workspace)?)
        };
        Ok(Self {
            workspace,
            program: workspace.target.join("release/chitinfra"),
            checkout,
            cdk,
            localstack: OnceCell::new(),
        })
    }

    /// Our program, about to run in the clone.
    fn chitinfra(&self, words: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(words)
            .current_dir(&self.checkout)
            // The clone's stacks are built once for all runs of the benchmarks.
            .env(
                "CARGO_TARGET_DIR",
                self.workspace.target.join("bench/stacks"),
            );
        command
    }

    /// The CDK's program, about to run on the app of the clone.
    fn cdk(&self, words: &[&str]) -> Option<Command> {
        let installed = self.cdk.as_ref()?.join("node_modules");
        let mut command = Command::new(installed.join(".bin/cdk"));
        command
            .args(words)
            .current_dir(self.checkout.join("xtask/bench/cdk"))
            .env("NODE_PATH", installed)
            .env("CDK_DISABLE_CLI_TELEMETRY", "true");
        Some(command)
    }
}

/// Makes a fresh clone of the checkout's last commit.
fn clone(workspace: &Workspace, into: &std::path::Path) -> anyhow::Result<()> {
    if into.exists() {
        std::fs::remove_dir_all(into)
            .with_context(|| format!("cannot remove `{}`", into.display()))?;
    }
    succeed(
        Command::new("git")
            .args(["clone", "--quiet"])
            .arg(&workspace.root)
            .arg(into),
    )
}
