//! `cargo xtask test`: every check a change must pass, cheapest first, each named and timed.

use std::{
    io::{BufRead, BufReader, Write},
    process::{Command, Stdio},
    time::Instant,
};

use anyhow::{Context, bail};

use crate::{
    dependencies, schema, tools,
    workspace::{Workspace, say, succeed},
};

/// What `cargo xtask test` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Run one step alone; may be given more than once
    #[arg(long, value_name = "STEP", value_parser = STEPS.map(|step| step.name))]
    only: Vec<String>,
    /// List the steps and stop
    #[arg(long)]
    list: bool,
}

/// One step of the suite.
struct Step {
    name: &'static str,
    about: &'static str,
    run: fn(&Workspace) -> anyhow::Result<()>,
}

/// Tests stand last, so that the test runner's own summary is the last that is printed.
const STEPS: [Step; 9] = [
    Step {
        name: "format",
        about: "formatting",
        run: |workspace| succeed(&mut workspace.cargo(["fmt", "--all", "--check"])),
    },
    Step {
        name: "dependencies",
        about: "dependency directions, the fuzzer's lock file",
        run: dependencies::run,
    },
    Step {
        name: "clippy",
        about: "lints of every target",
        run: |workspace| {
            let arguments = [
                "clippy",
                "--locked",
                "--workspace",
                "--all-targets",
                "--",
                "-D",
                "warnings",
            ];
            succeed(&mut workspace.cargo(arguments))
        },
    },
    Step {
        name: "documentation",
        about: "documentation without a warning",
        run: |workspace| {
            let mut command = workspace.cargo(["doc", "--locked", "--workspace", "--no-deps"]);
            succeed(command.env("RUSTDOCFLAGS", "-D warnings"))
        },
    },
    Step {
        name: "schema",
        about: "committed facts are what their sources say",
        run: |_| schema::run(vec!["--check".to_owned()]),
    },
    Step {
        name: "resources",
        about: "every resource type compiles",
        run: |workspace| {
            let arguments = [
                "check",
                "--locked",
                "--package",
                "resources",
                "--all-features",
            ];
            succeed(&mut workspace.cargo(arguments))
        },
    },
    Step {
        name: "tools",
        about: "AWS CLI, AWS CDK, LocalStack, moto, cfn-lint, cognito-local, schemathesis and others, pinned",
        run: tools::prepare,
    },
    Step {
        name: "function",
        about: "the API as a function, made by Vercel's builder",
        run: function,
    },
    Step {
        name: "tests",
        about: "unit, documentation and integration tests",
        run: tests,
    },
];

/// Runs the steps that are asked for, and stops at the first that fails.
pub(crate) fn run(workspace: &Workspace, arguments: &Arguments) -> anyhow::Result<()> {
    if arguments.list {
        for step in &STEPS {
            writeln!(std::io::stdout(), "{:<15}{}", step.name, step.about)?;
        }
        return Ok(());
    }
    let wanted = |step: &&Step| {
        arguments.only.is_empty() || arguments.only.iter().any(|name| name == step.name)
    };
    for step in STEPS.iter().filter(wanted) {
        say(&format!("=== {}: {}", step.name, step.about));
        let start = Instant::now();
        (step.run)(workspace)
            .with_context(|| format!("`cargo xtask test --only {}` failed", step.name))?;
        if step.name != "tests" {
            say(&format!(
                "    {}: {:.1} s",
                step.name,
                start.elapsed().as_secs_f64()
            ));
        }
    }
    Ok(())
}

/// Its test makes it again, which takes a moment once everything is compiled: beside other tests that would slow them down.
fn function(workspace: &Workspace) -> anyhow::Result<()> {
    let mut node = Command::new("node");
    node.arg(workspace.root.join("xtask/tools/vercel/build.cjs"))
        .arg(workspace.target.join("function"))
        .current_dir(tools::vercel(workspace)?);
    succeed(&mut node)
}

/// Documentation tests, then all others, those included that need the tools of the step before.
fn tests(workspace: &Workspace) -> anyhow::Result<()> {
    // The integration tests run them; alone, because only so are their dependencies those that `chitinfra` builds them with.
    for program in ["stacks", "ledger"] {
        succeed(&mut workspace.cargo(["build", "--locked", "--package", program]))?;
    }
    succeed(&mut workspace.cargo(["test", "--locked", "--workspace", "--doc", "--quiet"]))?;
    let has_nextest = crate::workspace::cargo()
        .args(["nextest", "--version"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if has_nextest {
        let arguments = [
            "nextest",
            "run",
            "--locked",
            "--workspace",
            "--run-ignored",
            "all",
            "--no-fail-fast",
        ];
        succeed(&mut workspace.cargo(arguments))
    } else {
        without_nextest(workspace)
    }
}

/// Runs the tests with cargo alone and closes with one line for all its test binaries.
fn without_nextest(workspace: &Workspace) -> anyhow::Result<()> {
    let arguments = [
        "test",
        "--locked",
        "--workspace",
        "--all-targets",
        "--no-fail-fast",
        "--",
        "--include-ignored",
    ];
    let mut child = workspace
        .cargo(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot run cargo")?;
    let output = child
        .stdout
        .take()
        .context("cargo has no standard output")?;
    let mut answer = std::io::stdout();
    let (mut passed, mut failed) = (0, 0);
    for line in BufReader::new(output).lines() {
        let line = line?;
        writeln!(answer, "{line}")?;
        if let Some((more_passed, more_failed)) = counts(&line) {
            passed += more_passed;
            failed += more_failed;
        }
    }
    let status = child.wait()?;
    writeln!(answer, "{passed} passed, {failed} failed")?;
    if status.success() {
        Ok(())
    } else {
        bail!("cargo test ended with {status}")
    }
}

/// How many tests of one binary passed and failed: `test result: ok. 3 passed; 0 failed; …`.
fn counts(line: &str) -> Option<(usize, usize)> {
    let result = line.strip_prefix("test result: ")?;
    let before = |word: &str| {
        let words: Vec<_> = result.split([' ', ';']).collect();
        let place = words.iter().position(|candidate| *candidate == word)?;
        words.get(place.checked_sub(1)?)?.parse().ok()
    };
    Some((before("passed")?, before("failed")?))
}

#[cfg(test)]
mod counting {
    use super::counts;

    #[test]
    fn a_test_binarys_result_is_counted() {
        let line = "test result: FAILED. 12 passed; 3 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s";
        assert_eq!(counts(line), Some((12, 3)));
        assert_eq!(counts("test result of another kind"), None);
        assert_eq!(counts("test a::b ... ok"), None);
    }
}
