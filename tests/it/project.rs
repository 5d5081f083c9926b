//! A project in a temporary folder, and running the program in it.

use std::{
    fmt, fs,
    io::{BufRead as _, BufReader, Seek as _, Write as _},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::OnceLock,
};

use serde_json::{Value, json};
pub(crate) use toolbox::tool;

/// The program under test.
const PROGRAM: &str = env!("CARGO_BIN_EXE_chitinfra");

/// Where a project's stacks come from.
enum App {
    /// Chitchatter Pro's own stacks, built beforehand.
    Stacks,
    /// The folder `assembly` of the project.
    Assembly,
}

/// A project folder that goes away with the test.
pub(crate) struct Project {
    folder: tempfile::TempDir,
    app: App,
}

impl Project {
    /// Chitchatter Pro's own project: its stacks, environments and templates.
    pub(crate) fn of_this_repository() -> Self {
        let project = Self::empty(App::Stacks);
        for folder in ["environments", "templates"] {
            copy(&repository().join(folder), &project.path(folder));
        }
        project
    }

    /// A project with one environment, `local`, and an assembly of these stacks, each after those before it.
    pub(crate) fn with_stacks<const COUNT: usize>(stacks: [(&str, Value); COUNT]) -> Self {
        let project = Self::empty(App::Assembly);
        fs::create_dir(project.path("environments")).expect("the folder is new");
        project.write_environment("local", "never", "embedded");
        project.set_stacks(stacks);
        project
    }

    /// A project with the environment `local` and nothing else; the test says where its stacks come from.
    pub(crate) fn without_stacks() -> Self {
        Self::with_stacks([])
    }

    fn empty(app: App) -> Self {
        Self {
            folder: tempfile::Builder::new()
                .prefix("project-")
                .tempdir()
                .expect("a temporary folder can be made"),
            app,
        }
    }

    /// Writes an environment file of the usual account and region.
    pub(crate) fn write_environment(&self, name: &str, approval: &str, endpoint: &str) {
        let text = format!(
            "account: \"000000000000\"\nregion: us-east-1\napproval: {approval}\nendpoint: {endpoint}\nsettings: {{}}\n"
        );
        self.write(&format!("environments/{name}.yaml"), &text);
    }

    /// Puts an assembly of these stacks, for environment `local`, in the place of the one before.
    pub(crate) fn set_stacks<const COUNT: usize>(&self, stacks: [(&str, Value); COUNT]) {
        self.set_assembly(
            "local",
            &stacks.map(|(name, template)| (name, template.to_string())),
        );
    }

    /// Puts an assembly of these template texts in the place of the one before.
    pub(crate) fn set_assembly(&self, environment: &str, stacks: &[(&str, String)]) {
        let manifests: Vec<Value> = stacks
            .iter()
            .enumerate()
            .map(|(index, (name, template))| {
                let template: Value = serde_json::from_str(template).unwrap_or_default();
                let resources: serde_json::Map<_, _> = template["Resources"]
                    .as_object()
                    .into_iter()
                    .flatten()
                    .enumerate()
                    .map(|(line, (id, _))| {
                        let source = format!("stacks/src/{name}.rs:{}", line + 10);
                        (
                            id.clone(),
                            json!({"path": format!("{name}/{id}"), "source": source}),
                        )
                    })
                    .collect();
                let before: Vec<&str> = stacks[..index].iter().map(|(name, _)| *name).collect();
                json!({
                    "name": name,
                    "stack_name": format!("sample-{environment}-{name}"),
                    "template": format!("{name}.template.json"),
                    "depends_on": before,
                    "resources": resources,
                })
            })
            .collect();
        let manifest = json!({
            "format_version": "1.0",
            "project": "sample",
            "environment": environment,
            "account": "000000000000",
            "region": "us-east-1",
            "stacks": manifests,
        });
        for (name, template) in stacks {
            self.write(&format!("assembly/{name}.template.json"), template);
        }
        self.write("assembly/manifest.json", &manifest.to_string());
    }

    /// A path within the project.
    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        self.folder.path().join(relative)
    }

    /// Writes a file, with the folders above it.
    pub(crate) fn write(&self, relative: &str, text: &str) {
        let path = self.path(relative);
        fs::create_dir_all(path.parent().expect("it is below the project")).expect("writable");
        fs::write(path, text).expect("writable");
    }

    /// Reads a file.
    pub(crate) fn read(&self, relative: &str) -> String {
        fs::read_to_string(self.path(relative))
            .unwrap_or_else(|error| panic!("cannot read `{relative}`: {error}"))
    }

    /// Reads a JSON file.
    pub(crate) fn read_json(&self, relative: &str) -> Value {
        serde_json::from_str(&self.read(relative)).expect("it is JSON")
    }

    /// Replaces a piece of a file that must be there.
    pub(crate) fn edit(&self, relative: &str, from: &str, to: &str) {
        let text = self.read(relative);
        assert!(text.contains(from), "`{relative}` has no `{from}`:\n{text}");
        self.write(relative, &text.replacen(from, to, 1));
    }

    /// The program, about to run in the project with these words as arguments.
    pub(crate) fn command(&self, words: &str) -> Command {
        let mut command = program(self.folder.path());
        match self.app {
            App::Stacks => command.env("CHITINFRA_APP", stacks_program()),
            App::Assembly => command.env("CHITINFRA_APP", self.path("assembly")),
        };
        command.args(words.split_whitespace());
        command
    }

    /// Runs the program to its end.
    pub(crate) fn run(&self, words: &str) -> Outcome {
        self.finish(&mut self.command(words))
    }

    /// Runs the program to its end and gives its answer, which must be JSON.
    pub(crate) fn json(&self, words: &str) -> Value {
        self.run(words).json()
    }

    /// Waits for a command's end.
    pub(crate) fn finish(&self, command: &mut Command) -> Outcome {
        let output = command
            .stdin(Stdio::null())
            .output()
            .expect("the program can be started");
        Outcome::new(self.folder.path(), &output)
    }

    /// Runs the program to its end on a terminal of so many columns, which `script` (util-linux) makes, where a person types
    /// `typed`. A shell reads `redirected` behind the words. Everything printed is in `stdout`.
    pub(crate) fn on_terminal(
        &self,
        words: &str,
        redirected: &str,
        columns: usize,
        variables: &[(&str, &str)],
        typed: &str,
    ) -> Outcome {
        let mut command = self.script(words, redirected, columns, variables);
        let mut input = tempfile::tempfile().expect("there is room");
        let written = input.write_all(typed.as_bytes());
        written
            .and_then(|()| input.rewind())
            .expect("there is room");
        let output = command
            .stdin(input)
            .output()
            .expect("`script` is on every machine that tests");
        Outcome::new(self.folder.path(), &output)
    }

    /// Starts the program on a terminal and leaves it running; the test types.
    pub(crate) fn start_on_terminal(&self, words: &str) -> Running {
        let mut command = self.script(words, "", 100, &[("NO_COLOR", "1")]);
        command.stdin(Stdio::piped());
        Running::start(command, self.folder.path())
    }

    /// The program on a terminal, about to run.
    fn script(
        &self,
        words: &str,
        redirected: &str,
        columns: usize,
        variables: &[(&str, &str)],
    ) -> Command {
        let program = self.command(words);
        let words: Vec<String> = std::iter::once(program.get_program())
            .chain(program.get_args())
            .map(|word| format!("'{}'", word.to_string_lossy()))
            .collect();
        let mut command = Command::new("script");
        command
            .args(["--quiet", "--return", "--command"])
            .arg(format!(
                "stty rows 50 cols {columns}; exec {} {redirected}",
                words.join(" ")
            ))
            .arg("/dev/null")
            .current_dir(self.path("."))
            .env_clear()
            .envs(
                program
                    .get_envs()
                    .filter_map(|(name, value)| Some((name, value?))),
            )
            .env("TERM", "xterm-256color")
            .envs(variables.iter().copied());
        command
    }

    /// Starts the program and leaves it running.
    pub(crate) fn start(&self, words: &str) -> Running {
        let mut command = self.command(words);
        command.stdin(Stdio::null());
        Running::start(command, self.folder.path())
    }

    /// Starts `local serve` on this project's state; gives it and its address.
    pub(crate) fn serve(&self, words: &str) -> (Running, String) {
        self.serve_with(self.command(&format!("local serve --port 0 {words}")))
    }

    /// Starts a program that says where it listens; gives it and its address.
    pub(crate) fn serve_with(&self, command: Command) -> (Running, String) {
        let mut server = Running::start(command, self.folder.path());
        let line = server.line();
        let address = line
            .strip_prefix("listening on ")
            .unwrap_or_else(|| panic!("the endpoint says `{line}` first"));
        (server, address.trim().to_owned())
    }
}

/// A program that runs while the test goes on; it is killed with the test.
pub(crate) struct Running {
    child: Child,
    output: BufReader<std::process::ChildStdout>,
    folder: PathBuf,
}

impl Running {
    fn start(mut command: Command, folder: &Path) -> Self {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program can be started");
        let output = BufReader::new(child.stdout.take().expect("it is piped"));
        Self {
            child,
            output,
            folder: folder.to_owned(),
        }
    }

    /// The next line it prints.
    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).expect("it prints text");
        line
    }

    /// Whether it has ended.
    pub(crate) fn has_ended(&mut self) -> bool {
        self.child
            .try_wait()
            .expect("it can be waited for")
            .is_some()
    }

    /// Types something, where it runs on a terminal.
    pub(crate) fn types(&mut self, text: &str) {
        let input = self.child.stdin.as_mut().expect("it is piped");
        let written = input.write_all(text.as_bytes());
        written
            .and_then(|()| input.flush())
            .expect("somebody listens");
    }

    /// Sends it a signal by name.
    pub(crate) fn signal(&self, name: &str) {
        let status = Command::new("kill")
            .args(["-s", name, &self.child.id().to_string()])
            .status()
            .expect("`kill` is on every machine");
        assert!(status.success(), "{name} cannot be sent");
    }

    /// Waits for its end.
    pub(crate) fn end(mut self) -> Outcome {
        let mut stdout = Vec::new();
        std::io::Read::read_to_end(&mut self.output, &mut stdout).expect("it prints text");
        let mut stderr = Vec::new();
        let mut errors = self.child.stderr.take().expect("it is piped");
        std::io::Read::read_to_end(&mut errors, &mut stderr).expect("it prints text");
        let status = self.child.wait().expect("it can be waited for");
        let output = std::process::Output {
            status,
            stdout,
            stderr,
        };
        Outcome::new(&self.folder, &output)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// How a run ended and what it printed; displays as what a snapshot shows.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Outcome {
    fn new(folder: &Path, output: &std::process::Output) -> Self {
        let text = |bytes: &[u8]| {
            String::from_utf8(bytes.to_vec())
                .expect("what is printed is UTF-8")
                .replace(&*folder.to_string_lossy(), "[PROJECT]")
        };
        Self {
            status: output.status,
            stdout: text(&output.stdout),
            stderr: text(&output.stderr),
        }
    }

    /// Makes sure of the exit code; otherwise says everything that was printed.
    #[track_caller]
    pub(crate) fn ended_with(self, code: i32) -> Self {
        assert_eq!(
            self.status.code(),
            Some(code),
            "unexpected exit code\n{self}"
        );
        self
    }

    /// What it answered, which must be JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}\n{self}"))
    }

    /// Makes sure that a text was printed on either stream.
    #[track_caller]
    pub(crate) fn says(self, text: &str) -> Self {
        assert!(
            self.stdout.contains(text) || self.stderr.contains(text),
            "`{text}` was not printed\n{self}"
        );
        self
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "{}", self.status)?;
        for (name, text) in [("stdout", &self.stdout), ("stderr", &self.stderr)] {
            if !text.is_empty() {
                writeln!(formatter, "--- {name}\n{}", text.trim_end())?;
            }
        }
        Ok(())
    }
}

/// What differs from run to run, and what a snapshot shows instead.
pub(crate) const FILTERS: &[(&str, &str)] = &[
    (r"\b\d+(\.\d+)? (ms|s|min)\b", "[TIME]"),
    (
        r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?Z?\b",
        "[DATE]",
    ),
    (r"127\.0\.0\.1:\d+", "127.0.0.1:[PORT]"),
    (
        r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b",
        "[UUID]",
    ),
    (r"process \d+", "process [PID]"),
    (r"thread 'main' \(\d+\)", "thread 'main'"),
    // The random end of a physical name.
    (r"-[0-9A-Z]{12}\b", "-[RANDOM]"),
    (r"commit [0-9a-f]{7,40}", "commit [COMMIT]"),
    // The digest in the name of a change set.
    (r"-[0-9a-f]{24}\b", "-[DIGEST]"),
    // The name of a release.
    (r"\b\d{8}-\d{6}(-[0-9a-f]{7})?-[0-9a-f]{4}\b", "[RELEASE]"),
    (r"on `[^`]+`, process", "on `[MACHINE]`, process"),
    // Tells one run from all others.
    (r"chitinfra-[0-9a-f]{16}-", "chitinfra-[RUN]-"),
];

/// Compares everything a run printed with what is written in the test.
macro_rules! snapshot {
    ($outcome:expr, @$expected:literal) => {
        insta::with_settings!({ filters => crate::project::FILTERS.iter().copied() }, {
            insta::assert_snapshot!($outcome.to_string(), @$expected)
        })
    };
}
pub(crate) use snapshot;

/// The program in a folder, with an environment that is the same on every machine.
pub(crate) fn program(folder: &Path) -> Command {
    let mut command = Command::new(PROGRAM);
    command.current_dir(folder).env_clear();
    for name in [
        "PATH",
        "CARGO_HOME",
        "RUSTUP_HOME",
        "RUSTUP_TOOLCHAIN",
        "LLVM_PROFILE_FILE",
    ] {
        if let Some(value) = variable(name) {
            command.env(name, value);
        }
    }
    // rustup and cargo look here for themselves, nothing else may.
    let home = variable("HOME").unwrap_or_default();
    command
        .env("HOME", home)
        .env("AWS_CONFIG_FILE", folder.join("no-such-config"))
        .env(
            "AWS_SHARED_CREDENTIALS_FILE",
            folder.join("no-such-credentials"),
        )
        .env("AWS_EC2_METADATA_DISABLED", "true");
    command
}

#[expect(clippy::disallowed_methods, reason = "a test is a program")]
pub(crate) fn variable(name: &str) -> Option<std::ffi::OsString> {
    std::env::var_os(name)
}

/// The checkout these tests belong to.
pub(crate) fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Where cargo builds this checkout.
pub(crate) fn target() -> &'static Path {
    Path::new(env!("CARGO_TARGET_TMPDIR"))
        .parent()
        .expect("cargo's folder for test files lies in the target folder")
}

/// Chitchatter Pro's stacks program, built when it is not current.
fn stacks_program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let status = Command::new("cargo")
            .args(["build", "--quiet", "--package", "stacks", "--target-dir"])
            .arg(target())
            .current_dir(repository())
            .status()
            .expect("cargo can be run");
        assert!(status.success(), "the stacks do not compile");
        target().join("debug/stacks")
    })
}

/// Copies a folder with everything in it.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("writable");
    for entry in fs::read_dir(from).expect("readable") {
        let entry = entry.expect("readable");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("writable");
        }
    }
}
