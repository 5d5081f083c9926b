//! The API as a function on Vercel: made by Vercel's builder, started and asked as the platform does it.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    net::TcpListener,
    os::unix::process::CommandExt,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    net::{UnixListener, UnixStream},
};

use crate::support::{CLIENT, Service, Settings, Sqld, finish, tool};

/// Where the builder's proxy listens, whatever it is told.
const PORT: u16 = 3000;

/// How long something may take that takes no time.
const PATIENCE: Duration = Duration::from_secs(10);

#[tokio::test]
#[ignore = "needs Vercel's builder"]
async fn what_vercels_builder_makes_answers_as_a_function() {
    let folder = TempDir::new().unwrap();
    let made = folder.path().join("function");
    let output = build(&made).await;
    // The one rewrite: whatever the path is, the function is asked for it.
    let rewrite = json!({
        "src": "/(.*)", "dest": "/rust",
        "transforms": [{"type": "request.path", "op": "set", "args": "/$1"}],
    });
    assert_eq!(output["routes"], json!([{"handle": "filesystem"}, rewrite]));
    assert_eq!(output["name"], "rust");
    assert_eq!(
        (&output["runtime"], &output["environment"]),
        (&json!("executable"), &json!({}))
    );

    let sqld = Sqld::start();
    let settings = Settings::coturn().and(sqld.settings());
    let service = Service::start_now(settings.clone()).await;
    service.subscribe("owner").await;
    let settings = settings
        .set("COGNITO_ISSUERS", &service.pool.issuer)
        .set("COGNITO_CLIENT_IDS", CLIENT)
        .set("RATE_LIMIT_PER_MINUTE", "1")
        .set("TRUSTED_PROXY", "vercel");
    let mut function = Function::start(&made, &output, settings.variables()).await;
    let started = function.message().await;
    assert_eq!(started["type"], "server-started", "{}", function.log());
    assert_eq!(started["payload"]["httpPort"], PORT);
    function.wait_until_it_listens().await;

    let health = function.ask(Method::GET, "/api/health", |it| it).await;
    let (status, health) = read(health).await;
    assert_eq!((status, &health["checks"]["database"]), (200, &json!("ok")));

    let lost = function.ask(Method::GET, "/old/path?x=1", |it| it).await;
    assert_eq!(lost.headers()["content-type"], "application/problem+json");
    let id = lost.headers()["x-request-id"].clone();
    let (status, lost) = read(lost).await;
    let not_found = json!("https://chitchatter.im/problems/not-found");
    assert_eq!((status, &lost["type"]), (404, &not_found));
    assert_eq!(lost["requestId"], id.to_str().unwrap());

    let token = service.pool.token("owner", service.now());
    let (method, path) = (Method::POST, "/api/turn-credentials");
    let issued = function.ask(method, path, |it| it.bearer_auth(token)).await;
    let (status, issued) = read(issued).await;
    assert_eq!((status, &issued["remaining"]), (200, &json!(499)));

    // Vercel says who calls, and the builder's proxy adds itself: callers are still told apart.
    let from = async |function: &mut Function, address| {
        let path = "/api/instance";
        let forwarded = |it: RequestBuilder| it.header("x-forwarded-for", address);
        function.ask(Method::GET, path, forwarded).await.status()
    };
    for _ in 0..10 {
        let refused = from(&mut function, "203.0.113.7").await;
        assert_eq!(refused, StatusCode::UNAUTHORIZED);
    }
    let fast = from(&mut function, "203.0.113.7").await;
    assert_eq!(fast, StatusCode::TOO_MANY_REQUESTS);
    let other = from(&mut function, "203.0.113.8").await;
    assert_eq!(other, StatusCode::UNAUTHORIZED);
    drop(function);

    // Without a place for the ledger it would make a file, which it cannot on Vercel.
    fs::write(made.join(".chitinfra"), "no folder").unwrap();
    let mut function = Function::start(&made, &output, &BTreeMap::new()).await;
    let failed = function.message().await;
    assert_eq!(failed["type"], "unrecoverable-error");
    assert_eq!(failed["payload"]["exitCode"], 1);
    let log = function.log();
    assert!(log.contains("TURSO_DATABASE_URL"), "{log}");
}

/// Has the function made, and tells how it is started and which routes lead to it.
async fn build(into: &Path) -> Value {
    let mut node = Command::new("node");
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    node.arg(repository.join("xtask/tools/vercel/build.cjs"))
        .arg(into)
        .current_dir(tool("vercel"));
    let built = finish(node).await;
    let said = String::from_utf8_lossy(&built.stderr);
    assert!(built.status.success(), "{said}");
    let output = fs::read(into.join("output.json")).unwrap();
    serde_json::from_slice(&output).unwrap()
}

async fn read(response: Response) -> (u16, Value) {
    let status = response.status().as_u16();
    let body = response.bytes().await.unwrap();
    (status, serde_json::from_slice(&body).unwrap())
}

/// A running function, and the platform's end of the socket through which it reports.
///
/// <https://github.com/vercel/vercel/blob/main/internals/ipc-proxy/bootstrap/proxy.go>
struct Function {
    process: Child,
    reports: BufReader<UnixStream>,
    client: Client,
    asked: u64,
    folder: TempDir,
}

impl Function {
    async fn start(made: &Path, output: &Value, variables: &BTreeMap<String, String>) -> Self {
        drop(TcpListener::bind(("127.0.0.1", PORT)).expect("nobody else listens on port 3000"));
        let folder = TempDir::new().unwrap();
        let socket = folder.path().join("reports");
        let listener = UnixListener::bind(&socket).unwrap();
        let process = Command::new(made.join(output["handler"].as_str().unwrap()))
            .current_dir(made)
            .env_clear()
            .envs(variables)
            .env("VERCEL", "1")
            .env("VERCEL_IPC_PATH", socket)
            .stdin(Stdio::null())
            .stderr(File::create(folder.path().join("log")).unwrap())
            // The proxy starts the API and does not end it.
            .process_group(0)
            .spawn()
            .unwrap();
        let accepted = tokio::time::timeout(PATIENCE, listener.accept());
        let (reports, _) = accepted.await.expect("it reports").unwrap();
        let _ = rustls::crypto::ring::default_provider().install_default();
        Self {
            process,
            reports: BufReader::new(reports),
            client: Client::new(),
            asked: 0,
            folder,
        }
    }

    /// The next thing it reports: JSON that ends with a null byte.
    async fn message(&mut self) -> Value {
        let mut message = Vec::new();
        let read = self.reports.read_until(0, &mut message);
        let read = tokio::time::timeout(PATIENCE, read).await;
        read.expect("it reports").unwrap();
        assert_eq!(message.pop(), Some(0), "{}", self.log());
        serde_json::from_slice(&message).unwrap()
    }

    /// It says that it has started a moment before it listens.
    async fn wait_until_it_listens(&self) {
        let url = format!("http://127.0.0.1:{PORT}/_vercel/ping");
        let answers = async {
            while self.client.get(&url).send().await.is_err() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let answers = tokio::time::timeout(PATIENCE, answers).await;
        answers.unwrap_or_else(|_| panic!("{}", self.log()));
    }

    /// Sends a request of the platform's, of which the end is reported.
    async fn ask(
        &mut self,
        method: Method,
        path: &str,
        complete: impl FnOnce(RequestBuilder) -> RequestBuilder,
    ) -> Response {
        self.asked += 1;
        let url = format!("http://127.0.0.1:{PORT}{path}");
        let request = self
            .client
            .request(method, url)
            .header("x-vercel-internal-invocation-id", "invocation")
            .header("x-vercel-internal-request-id", self.asked);
        let response = complete(request).send().await.unwrap();
        let context = json!({"invocationId": "invocation", "requestId": self.asked});
        let end = json!({"type": "end", "payload": {"context": context}});
        assert_eq!(self.message().await, end);
        response
    }

    /// What it has logged.
    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap()
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        let group = format!("-{}", self.process.id());
        let _ = Command::new("kill").args(["-KILL", "--", &group]).status();
        let _ = self.process.wait();
    }
}
