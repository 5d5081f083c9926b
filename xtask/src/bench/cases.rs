//! The cases: what is run, by whom, and what it must stay within.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, ensure};

use super::{
    Bench, clone,
    localstack::{Origin, Verb, unchanged},
    report::Limit,
    running::Running,
    templates,
};
use crate::{
    tools,
    workspace::{cargo, succeed},
};

/// One thing to measure.
pub(super) struct Case {
    pub(super) name: &'static str,
    pub(super) about: &'static str,
    pub(super) limit: Option<Limit>,
    /// Whether it takes so long that it runs only once.
    pub(super) once: bool,
    pub(super) prepare: fn(&Bench<'_>) -> anyhow::Result<Contest>,
}

/// Makes the command of a round; what it does before is not measured.
type Competitor = Box<dyn FnMut(u8) -> anyhow::Result<Command>>;

/// Who runs in a case, by name.
pub(super) struct Contest {
    pub(super) competitors: Vec<(&'static str, Competitor)>,
}

pub(super) const CASES: [Case; 15] = [
    Case {
        name: "version",
        about: "start and say the version",
        limit: limit(0.010, 0),
        once: false,
        prepare: |bench| {
            Ok(Contest::new()
                .with("chitinfra", bench.chitinfra(&["--version"]))
                .maybe("cdk", bench.cdk(&["--version"])))
        },
    },
    Case {
        name: "synth",
        about: "synthesize three stacks that are built",
        limit: limit(0.020, 20),
        once: false,
        prepare: |bench| {
            let words = ["synth", "-e", "staging"];
            quietly(bench.chitinfra(&words))?;
            Ok(Contest::new()
                .with("chitinfra", bench.chitinfra(&words))
                .maybe("cdk", bench.cdk(&CDK_SYNTH)))
        },
    },
    Case {
        name: "edit",
        about: "edit a literal, compile and synthesize",
        limit: limit(1.0, 0),
        once: false,
        prepare: edit,
    },
    Case {
        name: "many-10000",
        about: "10,000 resources in 25 stacks",
        limit: None,
        once: false,
        prepare: |bench| many(bench, "25"),
    },
    Case {
        name: "many-20000",
        about: "20,000 resources in 50 stacks",
        limit: None,
        once: false,
        prepare: |bench| many(bench, "50"),
    },
    Case {
        name: "many-40000",
        about: "40,000 resources in 100 stacks",
        limit: limit(1.0, 0),
        once: false,
        prepare: |bench| many(bench, "100"),
    },
    Case {
        name: "plan",
        about: "plan a deployed environment without a change",
        limit: limit(0.150, 0),
        once: false,
        prepare: |bench| {
            quietly(bench.chitinfra(&["deploy", "-e", "local"]))?;
            Ok(Contest::new().with("chitinfra", bench.chitinfra(&["plan", "-e", "local"])))
        },
    },
    Case {
        name: "distance",
        about: "plan 50 deployed stacks without a change, each answer 50 ms away",
        // Four answers, one after the other, and a tenth of a second.
        limit: limit(0.300, 0),
        once: false,
        prepare: distance,
    },
    Case {
        name: "diff",
        about: "two templates of 500 resources and a megabyte",
        limit: limit(0.020, 0),
        once: false,
        prepare: diff,
    },
    Case {
        name: "localstack-plan",
        about: "plan two deployed stacks at LocalStack without a change, synthesis included",
        limit: faster(15),
        once: false,
        prepare: |bench| unchanged(bench, Origin::Program, Verb::Plan),
    },
    Case {
        name: "localstack-deploy",
        about: "deploy them without a change, synthesis included",
        limit: faster(15),
        once: false,
        prepare: |bench| unchanged(bench, Origin::Program, Verb::Deploy),
    },
    Case {
        name: "cdk-out-plan",
        about: "plan two stacks of a `cdk.out` at LocalStack without a change",
        limit: faster(5),
        once: false,
        prepare: |bench| unchanged(bench, Origin::CdkOut, Verb::Plan),
    },
    Case {
        name: "cdk-out-deploy",
        about: "deploy them without a change",
        limit: faster(5),
        once: false,
        prepare: |bench| unchanged(bench, Origin::CdkOut, Verb::Deploy),
    },
    Case {
        name: "install",
        about: "the CDK alone: install it from an empty cache",
        limit: None,
        once: true,
        prepare: install,
    },
    Case {
        name: "first",
        about: "from an empty cargo cache to the first deployed environment",
        limit: limit(360.0, 0),
        once: true,
        prepare: first,
    },
];

const CDK_SYNTH: [&str; 4] = ["synth", "--quiet", "--output", "cdk.out"];

const fn limit(seconds: f64, mebibytes: u32) -> Option<Limit> {
    Some(Limit {
        seconds,
        mebibytes,
        times: 0,
    })
}

/// So many times as fast as the CDK.
const fn faster(times: u32) -> Option<Limit> {
    Some(Limit {
        seconds: 0.0,
        mebibytes: 0,
        times,
    })
}

impl Contest {
    pub(super) fn new() -> Self {
        Self {
            competitors: Vec::new(),
        }
    }

    /// Adds a command that is the same in each round.
    pub(super) fn with(self, name: &'static str, command: Command) -> Self {
        self.with_rounds(name, move |_| Ok(same(&command)))
    }

    /// Adds a command, if there is one.
    fn maybe(self, name: &'static str, command: Option<Command>) -> Self {
        match command {
            Some(command) => self.with(name, command),
            None => self,
        }
    }

    pub(super) fn with_rounds(
        mut self,
        name: &'static str,
        competitor: impl FnMut(u8) -> anyhow::Result<Command> + 'static,
    ) -> Self {
        self.competitors.push((name, Box::new(competitor)));
        self
    }
}

/// The least password length of the user pool, edited in both programs. The CDK's is JavaScript, which nothing compiles.
fn edit(bench: &Bench<'_>) -> anyhow::Result<Contest> {
    let words = ["synth", "-e", "staging"];
    quietly(bench.chitinfra(&words))?;
    let ours = bench.chitinfra(&words);
    let stack = bench.checkout.join("stacks/src/identity.rs");
    let mut contest = Contest::new().with_rounds("chitinfra", move |round| {
        set_number(&stack, "PasswordPolicy::strong(", 13 + u32::from(round))?;
        Ok(same(&ours))
    });
    if let Some(theirs) = bench.cdk(&CDK_SYNTH) {
        let app = bench.checkout.join("xtask/bench/cdk/app.js");
        contest = contest.with_rounds("cdk", move |round| {
            set_number(&app, "minLength: ", 13 + u32::from(round))?;
            Ok(same(&theirs))
        });
    }
    Ok(contest)
}

/// 400 queues in each of so many stacks. The program that declares them is a release build, and beside it a development
/// build, which is what `chitinfra` makes of a stacks package.
fn many(bench: &Bench<'_>, stacks: &str) -> anyhow::Result<Contest> {
    let ours = |profile: &str| -> anyhow::Result<Command> {
        let program = many_program(bench, profile)?;
        let app = format!("{} --stacks {stacks} --resources 400", program.display());
        Ok(bench.chitinfra(&[
            "synth",
            "-e",
            "staging",
            "-o",
            ".chitinfra/many",
            "--app",
            &app,
        ]))
    };
    let theirs = format!("node many.js {stacks} 400");
    Ok(Contest::new()
        .with("chitinfra", ours("release")?)
        .maybe(
            "cdk",
            bench.cdk(&["synth", "--quiet", "--output", "cdk.many", "--app", &theirs]),
        )
        .with("dev build", ours("dev")?))
}

/// Builds the program that declares many stacks.
pub(super) fn many_program(bench: &Bench<'_>, profile: &str) -> anyhow::Result<PathBuf> {
    let arguments = [
        "build",
        "--locked",
        "--profile",
        profile,
        "--package",
        "dsl",
        "--example",
        "many",
    ];
    succeed(&mut bench.workspace.cargo(arguments))?;
    let folder = if profile == "dev" { "debug" } else { profile };
    Ok(bench.workspace.target.join(folder).join("examples/many"))
}

/// Fifty stacks at an endpoint that takes its time with each answer.
fn distance(bench: &Bench<'_>) -> anyhow::Result<Contest> {
    let project = bench.workspace.target.join("bench/distance");
    if project.exists() {
        fs::remove_dir_all(&project)?;
    }
    fs::create_dir_all(project.join("environments"))?;
    fs::copy(
        bench.checkout.join("environments/local.yaml"),
        project.join("environments/local.yaml"),
    )?;
    let scenario = project.join("slow.json");
    fs::write(
        &scenario,
        r#"{"calls": [{"operation": "*", "milliseconds": 50}]}"#,
    )?;
    let program = many_program(bench, "release")?;
    let app = format!("{} --stacks 50 --resources 5", program.display());
    let here = |words: &[&str]| {
        let mut command = bench.chitinfra(words);
        command.current_dir(&project);
        command
    };
    quietly(here(&["deploy", "-e", "local", "--app", &app]))?;
    let words = ["local", "serve", "--port", "0", "--faults", "slow.json"];
    let served = Running::start(here(&words))?;
    let mut plan = here(&["plan", "-e", "local", "--app", &app]);
    plan.args(["--endpoint-url", &served.address]);
    // Whoever runs in the case keeps it running.
    Ok(Contest::new().with_rounds("chitinfra", move |_| {
        let _ = &served;
        Ok(same(&plan))
    }))
}

/// What a newcomer waits for, part by part, in a clone of their own with nothing cached. The whole is the parts together.
fn first(bench: &Bench<'_>) -> anyhow::Result<Contest> {
    let folder = bench.workspace.target.join("bench/first");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    let checkout = folder.join("checkout");
    clone(bench.workspace, &checkout)?;
    let command = |words: &[&str]| {
        let mut command = cargo();
        command
            .args(words)
            .current_dir(&checkout)
            .env("CARGO_HOME", folder.join("cargo"))
            .env_remove("CARGO_TARGET_DIR");
        command
    };
    Ok(Contest::new()
        .with("download", command(&["fetch", "--locked"]))
        .with("build", command(&["build", "--locked"]))
        .with(
            "deploy",
            command(&["run", "--locked", "--", "deploy", "-e", "local"]),
        ))
}

/// The same two files for both.
fn diff(bench: &Bench<'_>) -> anyhow::Result<Contest> {
    let folder = bench.workspace.target.join("bench");
    let mut files = Vec::new();
    for (name, is_after) in [("before.json", false), ("after.json", true)] {
        let file = folder.join(name);
        fs::write(
            &file,
            serde_json::to_string_pretty(&templates::large(is_after))?,
        )?;
        files.push(file);
    }
    let mut ours = bench.chitinfra(&["diff", "--json"]);
    ours.args(&files);
    let mut theirs = Command::new("node");
    theirs
        .arg(bench.workspace.root.join("xtask/bench/cdk/diff.js"))
        .args(&files)
        .env(
            "NODE_PATH",
            bench.workspace.tools().join("cdk-diff/node_modules"),
        );
    if bench.cdk.is_some() {
        tools::cdk_diff(bench.workspace)?;
    }
    Ok(Contest::new()
        .with("chitinfra", ours)
        .maybe("cdk", bench.cdk.as_ref().map(|_| theirs)))
}

/// What takes the place of a build for the CDK.
fn install(bench: &Bench<'_>) -> anyhow::Result<Contest> {
    let folder = bench.workspace.target.join("bench/install");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    for file in ["package.json", "package-lock.json"] {
        fs::copy(
            bench.checkout.join("xtask/bench/cdk").join(file),
            folder.join(file),
        )?;
    }
    let mut npm = Command::new("npm");
    npm.args([
        "ci",
        "--ignore-scripts",
        "--no-audit",
        "--no-fund",
        "--cache",
        "cache",
    ])
    .current_dir(folder);
    Ok(Contest::new().maybe("cdk", bench.cdk.as_ref().map(|_| npm)))
}

/// Writes another number after the one place of a text where it stands.
fn set_number(file: &Path, before: &str, number: u32) -> anyhow::Result<()> {
    let text =
        fs::read_to_string(file).with_context(|| format!("cannot read `{}`", file.display()))?;
    let (start, rest) = text
        .split_once(before)
        .with_context(|| format!("`{}` has no `{before}`", file.display()))?;
    ensure!(
        !rest.contains(before),
        "`{}` has `{before}` more than once",
        file.display()
    );
    let rest = rest.trim_start_matches(|character: char| character.is_ascii_digit());
    fs::write(file, format!("{start}{before}{number}{rest}"))?;
    Ok(())
}

/// Prepares with our program; only its errors are of interest.
pub(super) fn quietly(mut command: Command) -> anyhow::Result<()> {
    succeed(command.arg("--quiet").stdout(Stdio::null()))
}

/// Another command of the same words, folder and environment.
pub(super) fn same(command: &Command) -> Command {
    let mut copy = Command::new(command.get_program());
    copy.args(command.get_args());
    if let Some(folder) = command.get_current_dir() {
        copy.current_dir(folder);
    }
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => copy.env(name, value),
            None => copy.env_remove(name),
        };
    }
    copy
}
