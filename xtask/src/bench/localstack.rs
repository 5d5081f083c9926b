//! Both tools on LocalStack, where neither has anything to do: two stacks of the same resources, each tool's own stacks in an
//! account of their own.

use std::{
    cell::OnceCell,
    fs,
    path::{Path, PathBuf},
    process::Command,
    rc::Rc,
};

use anyhow::Context;

use super::{
    Bench,
    cases::{Contest, many_program, quietly, same},
    running::Running,
};
use crate::{tools, workspace::succeed};

/// The account of the stacks that we declare. LocalStack takes the id of the access key for the account.
const OURS: &str = "000000000000";
/// The account of the stacks that the CDK's app is for, `xtask/bench/cdk/many.js`.
const THEIRS: &str = "111122223333";

/// How large the stacks are: how many, and how many resources each.
const SIZE: [&str; 2] = ["2", "5"];

/// A LocalStack with everything deployed.
pub(super) struct World {
    server: Running,
    /// Our project.
    project: PathBuf,
    /// What the CDK has synthesized.
    cdk_out: PathBuf,
}

/// Where the stacks come from.
#[derive(Clone, Copy)]
pub(super) enum Origin {
    /// From a program, which each run starts.
    Program,
    /// From what the CDK has synthesized, for both.
    CdkOut,
}

/// What is done.
#[derive(Clone, Copy)]
pub(super) enum Verb {
    Plan,
    Deploy,
}

/// Lets both do it.
pub(super) fn unchanged(bench: &Bench<'_>, from: Origin, verb: Verb) -> anyhow::Result<Contest> {
    let world = world(bench, &bench.localstack)?;
    let ours = match verb {
        Verb::Plan => "plan",
        Verb::Deploy => "deploy",
    };
    let ours = match from {
        Origin::Program => {
            let app = our_app(bench)?;
            world.chitinfra(bench, OURS, &[ours, "-e", "ours", "--app", &app])
        }
        Origin::CdkOut => {
            let app = world.cdk_out.to_string_lossy();
            world.chitinfra(bench, THEIRS, &[ours, "-e", "cdk", "--app", &app])
        }
    };
    let words: &[&str] = match verb {
        Verb::Plan => &["diff", "--all"],
        Verb::Deploy => &["deploy", "--all", "--require-approval", "never"],
    };
    let theirs = world.cdk(bench, from, words);
    let mut contest = Contest::new().with_rounds("chitinfra", {
        let world = Rc::clone(&world);
        move |_| {
            // Whoever runs in the case keeps it running.
            let _ = &world;
            Ok(same(&ours))
        }
    });
    if let Some(theirs) = theirs {
        contest = contest.with("cdk", theirs);
    }
    Ok(contest)
}

/// Starts LocalStack and deploys what there is to deploy, once for all cases.
fn world(bench: &Bench<'_>, cell: &OnceCell<Rc<World>>) -> anyhow::Result<Rc<World>> {
    if let Some(world) = cell.get() {
        return Ok(Rc::clone(world));
    }
    let folder = bench.workspace.target.join("bench/localstack");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    let project = folder.join("project");
    fs::create_dir_all(project.join("environments"))?;
    for (name, account) in [("ours", OURS), ("cdk", THEIRS)] {
        let text =
            format!("account: \"{account}\"\nregion: us-east-1\napproval: never\nsettings: {{}}\n");
        fs::write(project.join(format!("environments/{name}.yaml")), text)?;
    }
    let mut command = Command::new(tools::localstack(bench.workspace)?);
    command
        .arg(bench.workspace.root.join("xtask/tools/localstack/serve.py"))
        .arg(folder.join("files"));
    let world = World {
        server: Running::start(command)?,
        project,
        cdk_out: folder.join("cdk.out"),
    };
    let app = our_app(bench)?;
    quietly(world.chitinfra(bench, OURS, &["deploy", "-e", "ours", "--app", &app]))?;
    let theirs = |words: &[&str]| world.cdk(bench, Origin::Program, words);
    if let Some(mut bootstrap) = theirs(&["bootstrap"]) {
        succeed(&mut bootstrap)?;
        let deploy = ["deploy", "--all", "--require-approval", "never"];
        let output = world.cdk_out.to_string_lossy();
        let synth = ["synth", "--quiet", "--output", &output];
        for words in [&deploy[..], &synth[..]] {
            succeed(&mut theirs(words).context("the CDK is installed")?)?;
        }
    }
    let world = Rc::new(world);
    Ok(Rc::clone(cell.get_or_init(|| world)))
}

/// Our program that declares the stacks.
fn our_app(bench: &Bench<'_>) -> anyhow::Result<String> {
    let program = many_program(bench, "release")?;
    let [stacks, resources] = SIZE;
    Ok(format!(
        "{} --stacks {stacks} --resources {resources} --strong",
        program.display()
    ))
}

impl World {
    fn chitinfra(&self, bench: &Bench<'_>, account: &str, words: &[&str]) -> Command {
        let mut command = bench.chitinfra(words);
        command.current_dir(&self.project);
        self.sign(&mut command, account);
        command
    }

    fn cdk(&self, bench: &Bench<'_>, from: Origin, words: &[&str]) -> Option<Command> {
        let [stacks, resources] = SIZE;
        let mut command = bench.cdk(words)?;
        match from {
            Origin::Program => {
                command.args(["--app", &format!("node many.js {stacks} {resources}")])
            }
            Origin::CdkOut => command.arg("--app").arg(Path::new(&self.cdk_out)),
        };
        self.sign(&mut command, THEIRS);
        Some(command)
    }

    /// Says where AWS is and who calls.
    fn sign(&self, command: &mut Command, account: &str) {
        command
            .env("AWS_ENDPOINT_URL", &self.server.address)
            .env("AWS_ACCESS_KEY_ID", account)
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .env("AWS_REGION", "us-east-1")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env_remove("AWS_PROFILE")
            .env_remove("AWS_SESSION_TOKEN");
    }
}
