//! A stacks program as the command line runs it: the example `many`, with a request file.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use assembly::{Request, Severity};

const GOOD: &str = "account: \"000000000000\"\nregion: us-east-1\napproval: never\nsettings: ~\n";

/// A project folder of its own.
fn project(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(folder.join("environments")).expect("the folder can be made");
    fs::create_dir_all(folder.join("out")).expect("the folder can be made");
    folder
}

fn run(folder: &Path, environment: Option<&str>) -> Output {
    if let Some(environment) = environment {
        fs::write(folder.join("environments/staging.yaml"), environment)
            .expect("it can be written");
    }
    let request = Request {
        format_version: assembly::FORMAT_VERSION.to_owned(),
        project_directory: folder.to_owned(),
        environment_file: "environments/staging.yaml".into(),
        output: folder.join("out"),
    };
    let file = folder.join("request.json");
    fs::write(&file, serde_json::to_string(&request).expect("it is JSON"))
        .expect("it can be written");
    program()
        .args(["--stacks", "2", "--resources", "3", "--request"])
        .arg(&file)
        .output()
        .expect("the program runs")
}

/// The example, which Cargo builds with the tests of the package.
fn program() -> Command {
    let test = std::env::current_exe().expect("a test has a path");
    let profile = test.ancestors().nth(2).expect("tests are two folders deep");
    let program = profile
        .join("examples/many")
        .with_extension(std::env::consts::EXE_EXTENSION);
    assert!(
        program.exists(),
        "`--test it` alone does not build the example; run `cargo test -p dsl`"
    );
    Command::new(program)
}

#[test]
fn an_assembly_is_written() {
    let folder = project("good");
    let output = run(&folder, Some(GOOD));
    assert!(output.status.success(), "{output:?}");
    let manifest = assembly::read_manifest(&folder.join("out")).expect("there is a manifest");
    assert_eq!(
        (manifest.project.as_str(), manifest.environment.as_str()),
        ("many", "staging")
    );
    let stacks: Vec<&str> = manifest
        .stacks
        .iter()
        .map(|stack| stack.stack_name.as_str())
        .collect();
    assert_eq!(stacks, ["many-staging-stack-0", "many-staging-stack-1"]);
    assert_eq!(manifest.stacks[1].depends_on, ["stack-0"]);
    for stack in &manifest.stacks {
        let text = assembly::read_template(&folder.join("out"), &stack.template);
        let template: serde_json::Value =
            serde_json::from_str(&text.expect("there is a template")).expect("it is JSON");
        let resources = template["Resources"].as_object().expect("it has resources");
        assert!(resources.keys().eq(stack.resources.keys()));
    }
}

#[test]
fn a_wrong_environment_file_is_a_finding_with_its_place() {
    let folder = project("wrong");
    let output = run(&folder, Some(&GOOD.replace("region", "regoin")));
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let manifest = assembly::read_manifest(&folder.join("out")).expect("there is a manifest");
    let [finding] = &manifest.diagnostics[..] else {
        panic!("{:?}", manifest.diagnostics);
    };
    assert_eq!(finding.severity, Severity::Error);
    assert_eq!(
        finding.source.as_deref(),
        Some("environments/staging.yaml:2:1")
    );
    assert_eq!(finding.hint.as_deref(), Some("did you mean `region`?"));
    assert!(manifest.stacks.is_empty());
    assert_eq!(manifest.environment, "staging");
}

#[test]
fn a_missing_environment_file_is_a_finding() {
    let folder = project("missing");
    let output = run(&folder, None);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let manifest = assembly::read_manifest(&folder.join("out")).expect("there is a manifest");
    assert_eq!(
        manifest.diagnostics[0].source.as_deref(),
        Some("environments/staging.yaml")
    );
    assert!(
        manifest.diagnostics[0]
            .message
            .starts_with("cannot be read")
    );
}

#[test]
fn without_a_request_it_says_how_to_use_it() {
    let output = program().output().expect("the program runs");
    assert_eq!(output.status.code(), Some(2));
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(text.contains("chitinfra synth -e ENVIRONMENT"), "{text}");
    let output = program()
        .args(["--request", "nowhere.json"])
        .output()
        .expect("the program runs");
    assert_eq!(output.status.code(), Some(2));
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(text.contains("cannot read `nowhere.json`"), "{text}");
}
