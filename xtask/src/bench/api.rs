//! The API beside a server of fastify that does the same work: how many authenticated TURN requests a second, how long the
//! slowest of a hundred takes, how soon the first is answered, and how much memory it holds in the end.
//!
//! Both servers run on one processor, the load (`wrk`) on another, and they take turns. Each has a copy of the same ledger.

use std::{
    fs,
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, bail, ensure};
use serde::{Deserialize, Serialize};

use crate::{
    tools,
    workspace::{Workspace, answer, say, succeed},
};

/// How many users call.
const USERS: &str = "200";
/// How many connections the load has.
const CONNECTIONS: &str = "32";
/// How long a round lasts.
const ROUND: &str = "5s";
/// How many requests a server must have answered before its memory counts.
const REQUESTS: u64 = 100_000;
/// How often a start is timed.
const STARTS: usize = 9;

/// The figures of both servers.
#[derive(Debug, Serialize)]
pub(super) struct ApiReport {
    api: Server,
    fastify: Server,
    /// From the start of the process to its first answer, the median.
    start_milliseconds: f64,
}

#[derive(Debug, Default, Serialize)]
struct Server {
    /// Of each round.
    per_second: Vec<f64>,
    /// Of each round, in microseconds.
    p50: Vec<u64>,
    p99: Vec<u64>,
    requests: u64,
    resident_bytes: u64,
}

/// What the load found out in a round.
#[derive(Debug, Deserialize)]
struct Round {
    requests: u64,
    microseconds: u64,
    p50: u64,
    p99: u64,
    errors: u64,
}

/// Measures.
pub(super) fn run(workspace: &Workspace, runs: u8) -> anyhow::Result<ApiReport> {
    for program in ["wrk", "taskset"] {
        let found = Command::new("sh")
            .args(["-c", &format!("command -v {program}")])
            .output()?;
        ensure!(
            found.status.success(),
            "`{program}` is needed: `apt-get install wrk util-linux`"
        );
    }
    succeed(&mut workspace.cargo(["build", "--locked", "--release", "--package", "api"]))?;
    let program = workspace.target.join("release/api");
    let folder = workspace.target.join("bench/api");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    let scripts = tools::fastify(workspace)?;
    let sources = workspace.root.join("xtask/bench/fastify");
    for script in [
        "count.sql",
        "keys.mjs",
        "pool.mjs",
        "prepare.mjs",
        "server.mjs",
    ] {
        fs::copy(sources.join(script), scripts.join(script))?;
    }
    let stage = Stage {
        program,
        folder,
        scripts,
    };
    stage.prepare()?;
    stage.measure(runs)
}

struct Stage {
    program: PathBuf,
    folder: PathBuf,
    scripts: PathBuf,
}

impl Stage {
    /// Makes a ledger with users in it, their tokens, and a copy for the other server.
    fn prepare(&self) -> anyhow::Result<()> {
        let database = self.folder.join("api.db");
        drop(self.api(&database, free_port()?, None)?);
        let mut prepare = self.node("prepare.mjs");
        prepare.arg(&self.folder).arg(&database).arg(USERS);
        succeed(&mut prepare)?;
        fs::copy(&database, self.folder.join("fastify.db"))?;
        Ok(())
    }

    fn measure(&self, runs: u8) -> anyhow::Result<ApiReport> {
        let (keys, ours, theirs) = (free_port()?, free_port()?, free_port()?);
        let jwks = self.folder.join("jwks.json");
        let mut serve_keys = self.node("keys.mjs");
        serve_keys.arg(&jwks).arg(keys.to_string());
        let _keys = Process::start(serve_keys, keys)?;
        let api = self.api(&self.folder.join("api.db"), ours, Some(keys))?;
        let mut fastify = Command::new("taskset");
        fastify
            .args(["-c", "0", "node"])
            .arg(self.scripts.join("server.mjs"));
        fastify.arg(self.folder.join("fastify.db")).arg(&jwks);
        fastify.args([&theirs.to_string(), "the secret of coturn"]);
        let fastify = Process::start(fastify, theirs)?;
        let mut report = ApiReport {
            api: Server::default(),
            fastify: Server::default(),
            start_milliseconds: 0.0,
        };
        let mut rounds = 0;
        while rounds < runs || report.api.requests < REQUESTS {
            report.api.take(&self.load(ours)?)?;
            report.fastify.take(&self.load(theirs)?)?;
            rounds += 1;
            say(&format!(
                "    round {rounds}: {:.0} and {:.0} a second",
                report.api.per_second[report.api.per_second.len() - 1],
                report.fastify.per_second[report.fastify.per_second.len() - 1],
            ));
        }
        while report.fastify.requests < REQUESTS {
            report.fastify.take(&self.load(theirs)?)?;
        }
        report.api.resident_bytes = api.resident_bytes()?;
        report.fastify.resident_bytes = fastify.resident_bytes()?;
        drop((api, fastify));
        report.start_milliseconds = self.start_milliseconds(keys)?;
        Ok(report)
    }

    /// Starts the API on the first processor.
    fn api(&self, database: &Path, port: u16, keys: Option<u16>) -> anyhow::Result<Process> {
        Process::start(self.api_command(database, port, keys), port)
    }

    fn api_command(&self, database: &Path, port: u16, keys: Option<u16>) -> Command {
        let mut api = Command::new("taskset");
        api.args(["-c", "0"]).arg(&self.program).env_clear();
        api.env("PORT", port.to_string());
        api.env("TURSO_DATABASE_URL", format!("file:{}", database.display()));
        api.env("TURN_PROVIDER", "coturn");
        api.env("COTURN_URLS", "turn:127.0.0.1:3478");
        api.env("COTURN_SECRET", "the secret of coturn");
        api.env("RATE_LIMIT_PER_MINUTE", "100000000");
        api.env("INSTANCE_RATE_LIMIT_PER_MINUTE", "100000000");
        if let Some(keys) = keys {
            let issuer = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Measured1";
            api.env("COGNITO_ISSUERS", issuer);
            api.env("COGNITO_CLIENT_IDS", "measured-client");
            api.env(
                "COGNITO_JWKS_URL",
                format!("http://127.0.0.1:{keys}/jwks.json"),
            );
        }
        api
    }

    fn node(&self, script: &str) -> Command {
        let mut node = Command::new("node");
        node.arg(self.scripts.join(script));
        node
    }

    /// One round of load, from the second processor.
    fn load(&self, port: u16) -> anyhow::Result<Round> {
        let mut wrk = Command::new("taskset");
        wrk.args([
            "-c",
            "1",
            "wrk",
            "-t",
            "1",
            "-c",
            CONNECTIONS,
            "-d",
            ROUND,
            "--latency",
            "-s",
        ]);
        wrk.arg(self.folder.join("load.lua"));
        wrk.arg(format!("http://127.0.0.1:{port}/api/turn-credentials"));
        let text = answer(&mut wrk)?;
        let line = text.lines().find(|line| line.starts_with('{'));
        let line = line.with_context(|| format!("wrk gave no figures:\n{text}"))?;
        Ok(serde_json::from_str(line)?)
    }

    fn start_milliseconds(&self, keys: u16) -> anyhow::Result<f64> {
        let database = self.folder.join("api.db");
        let mut times = Vec::new();
        for _ in 0..STARTS {
            let port = free_port()?;
            // Without `taskset`, which would be a start of its own.
            let pinned = self.api_command(&database, port, Some(keys));
            let mut command = Command::new(&self.program);
            command.env_clear();
            command.envs(
                pinned
                    .get_envs()
                    .filter_map(|(name, value)| Some((name, value?))),
            );
            let start = Instant::now();
            let process = Process::spawn(command)?;
            while !is_healthy(port) {
                ensure!(
                    start.elapsed() < Duration::from_secs(10),
                    "the API does not start"
                );
            }
            times.push(start.elapsed().as_secs_f64() * 1_000.0);
            drop(process);
        }
        times.sort_by(f64::total_cmp);
        Ok(times[times.len() / 2])
    }
}

impl Server {
    fn take(&mut self, round: &Round) -> anyhow::Result<()> {
        ensure!(round.errors == 0, "{} requests failed", round.errors);
        #[expect(
            clippy::cast_precision_loss,
            reason = "a round has less than 2^53 of either"
        )]
        let per_second = round.requests as f64 * 1e6 / round.microseconds as f64;
        self.per_second.push(per_second);
        self.p50.push(round.p50);
        self.p99.push(round.p99);
        self.requests += round.requests;
        Ok(())
    }

    fn median_per_second(&self) -> f64 {
        let mut sorted = self.per_second.clone();
        sorted.sort_by(f64::total_cmp);
        sorted[sorted.len() / 2]
    }

    fn line(&self, name: &str) -> String {
        #[expect(clippy::cast_precision_loss, reason = "no program has 2^53 bytes")]
        let mebibytes = self.resident_bytes as f64 / f64::from(1 << 20);
        format!(
            "{name:<10} {:>8.0} {:>9.2} ms {:>9.2} ms {mebibytes:>9.1} MiB after {} requests\n",
            self.median_per_second(),
            median(&self.p50),
            median(&self.p99),
            self.requests,
        )
    }
}

impl ApiReport {
    /// The figures in words, and whether they are within the limits.
    pub(super) fn table(&self) -> String {
        let ratio = self.api.median_per_second() / self.fastify.median_per_second();
        let is_lower = median(&self.api.p99) < median(&self.fastify.p99);
        let is_small = self.api.resident_bytes <= 30 << 20;
        let verdict = |holds| if holds { "within" } else { "OVER" };
        format!(
            "\nauthenticated TURN requests, one processor, {CONNECTIONS} connections\n\n\
             {:<10} {:>8} {:>12} {:>12} {:>13}\n{}{}\n\
             {ratio:.1} x as many: {} 5 x; p99 {} fastify's; memory {} 30 MiB\n\
             start to first answer {:.1} ms: {} 30 ms\n",
            "server",
            "a second",
            "p50",
            "p99",
            "resident",
            self.api.line("api"),
            self.fastify.line("fastify"),
            verdict(ratio >= 5.0),
            verdict(is_lower),
            verdict(is_small),
            self.start_milliseconds,
            verdict(self.start_milliseconds <= 30.0),
        )
    }
}

/// The median, in milliseconds.
fn median(microseconds: &[u64]) -> f64 {
    let mut sorted = microseconds.to_vec();
    sorted.sort_unstable();
    Duration::from_micros(sorted[sorted.len() / 2]).as_secs_f64() * 1_000.0
}

/// A server that runs until it is dropped.
struct Process(Child);

impl Process {
    fn spawn(mut command: Command) -> anyhow::Result<Self> {
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let child = command
            .spawn()
            .with_context(|| format!("cannot run {command:?}"))?;
        Ok(Self(child))
    }

    /// Starts a server and waits until it listens.
    fn start(command: Command, port: u16) -> anyhow::Result<Self> {
        let text = format!("{command:?}");
        let process = Self::spawn(command)?;
        for _ in 0..300 {
            if TcpStream::connect(local(port)).is_ok() {
                return Ok(process);
            }
            thread::sleep(Duration::from_millis(50));
        }
        bail!("{text} does not listen");
    }

    fn resident_bytes(&self) -> anyhow::Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.0.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kibibytes = line.and_then(|line| line.trim().strip_suffix("kB"));
        let kibibytes: u64 = kibibytes.context("there is no VmRSS")?.trim().parse()?;
        Ok(kibibytes * 1024)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn is_healthy(port: u16) -> bool {
    let Ok(mut stream) = TcpStream::connect(local(port)) else {
        return false;
    };
    let request = b"GET /api/health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let mut answer = String::new();
    stream.write_all(request).is_ok()
        && stream.read_to_string(&mut answer).is_ok()
        && answer.starts_with("HTTP/1.1 200")
}

fn local(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

fn free_port() -> anyhow::Result<u16> {
    Ok(TcpListener::bind(local(0))?.local_addr()?.port())
}
