//! The API on a port of its own, with a ledger of its own.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use api::{App, Clock, Config};
use jiff::Timestamp;
use ledger::{Change, InstanceId, Ledger, StripeEvent, Sub, SubscriptionChange};
use reqwest::{
    Client, Method, StatusCode,
    header::{AUTHORIZATION, HeaderMap},
};
use serde_json::Value;
use tempfile::TempDir;
use tokio::net::TcpListener;

use super::{
    pool::{CLIENT, Pool},
    program::Program,
};

/// When every test begins: in the middle of a day and of a month.
const START: i64 = 1_792_152_000;

/// Environment variables of the API.
#[derive(Clone, Debug, Default)]
pub(crate) struct Settings(BTreeMap<String, String>);

/// A running API.
pub(crate) struct Service {
    pub(crate) url: String,
    pub(crate) pool: Pool,
    pub(crate) ledger: Ledger,
    pub(crate) client: Client,
    clock: Clock,
    passed: Arc<AtomicI64>,
    folder: TempDir,
}

/// An answer that was read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl Settings {
    /// TURN credentials for a coturn server that nobody talks to.
    pub(crate) fn coturn() -> Self {
        Self::default()
            .set("TURN_PROVIDER", "coturn")
            .set("COTURN_URLS", "turn:127.0.0.1:3478")
            .set("COTURN_SECRET", "a secret of coturn")
    }

    /// These and those.
    pub(crate) fn and(mut self, those: Self) -> Self {
        self.0.extend(those.0);
        self
    }

    pub(crate) fn set(mut self, name: &str, value: impl Into<String>) -> Self {
        self.0.insert(name.to_owned(), value.into());
        self
    }

    /// All variables that are set.
    pub(crate) fn variables(&self) -> &BTreeMap<String, String> {
        &self.0
    }
}

impl Service {
    /// Starts an API that knows a pool, with an empty ledger in a file; time stands still for it.
    pub(crate) async fn start(settings: Settings) -> Self {
        Self::start_at(settings, START).await
    }

    /// The same at another time, in seconds of Unix time.
    pub(crate) async fn start_at(settings: Settings, second: i64) -> Self {
        Self::start_with(settings, move |passed| second + passed).await
    }

    /// The same at the time it is, for services that have a clock of their own.
    pub(crate) async fn start_now(settings: Settings) -> Self {
        Self::start_with(settings, |passed| real_second() + passed).await
    }

    async fn start_with(
        settings: Settings,
        seconds: impl Fn(i64) -> i64 + Send + Sync + 'static,
    ) -> Self {
        let folder = TempDir::new().unwrap();
        let database = format!("file:{}", folder.path().join("api.db").display());
        let pool = Pool::start().await;
        let mut variables = Settings::default()
            .set("TURSO_DATABASE_URL", database)
            .set("COGNITO_ISSUERS", &pool.issuer)
            .set("COGNITO_CLIENT_IDS", CLIENT)
            .0;
        variables.extend(settings.0);
        let config = Config::read(&|name| variables.get(name).cloned()).unwrap();
        let passed = Arc::new(AtomicI64::new(0));
        let clock = Clock::new({
            let passed = Arc::clone(&passed);
            move || Timestamp::from_second(seconds(passed.load(Ordering::SeqCst))).unwrap()
        });
        let ledger = Ledger::open(&config.database).await.unwrap();
        ledger.migrate(clock.now()).await.unwrap();
        let app = Arc::new(App::new(config, ledger.clone(), clock.clone()).unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(api::serve(listener, app.router(), std::future::pending()));
        // Both make clients; the provider of cryptography is the process's.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Self {
            url,
            pool,
            ledger,
            client: Client::new(),
            clock,
            passed,
            folder,
        }
    }

    /// Starts the program itself, which goes by the machine's clock and knows nothing of this process's environment.
    pub(crate) async fn start_program(settings: Settings) -> (Self, Program) {
        let folder = TempDir::new().unwrap();
        let database = format!("file:{}", folder.path().join("api.db").display());
        let pool = Pool::start().await;
        let location = database.parse().unwrap();
        let mut variables = Settings::default()
            .set("PORT", "0")
            .set("TURSO_DATABASE_URL", database)
            .set("COGNITO_ISSUERS", &pool.issuer)
            .set("COGNITO_CLIENT_IDS", CLIENT)
            .0;
        variables.extend(settings.0);
        let program = Program::start(&variables);
        let _ = rustls::crypto::ring::default_provider().install_default();
        let service = Self {
            url: program.url.clone(),
            pool,
            ledger: Ledger::open(&location).await.unwrap(),
            client: Client::new(),
            clock: Clock::new(|| Timestamp::from_second(real_second()).unwrap()),
            passed: Arc::default(),
            folder,
        };
        (service, program)
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Lets time pass for the API.
    pub(crate) fn pass(&self, seconds: i64) {
        self.passed.fetch_add(seconds, Ordering::SeqCst);
    }

    /// Gives a user a subscription, and tells the instance's id.
    pub(crate) async fn subscribe(&self, sub: &str) -> InstanceId {
        let sub = Sub::new(sub).unwrap();
        let event = StripeEvent {
            id: format!("evt_{sub}"),
            type_name: "customer.subscription.created".to_owned(),
            created: self.now(),
            change: Change::Subscription(SubscriptionChange {
                id: format!("sub_{sub}"),
                stripe_customer: format!("cus_{sub}"),
                sub: Some(sub.clone()),
                status: "active".parse().unwrap(),
                is_deleted: false,
                lookup_key: Some("chitchatter_pro_monthly".to_owned()),
                current_period_end: None,
            }),
        };
        let outcome = self
            .ledger
            .apply(&event, InstanceId::random, self.now())
            .await;
        outcome.unwrap();
        let instance = self.ledger.instance(&sub, None, self.now()).await.unwrap();
        instance.expect("the user has an instance").id
    }

    /// Runs one statement past the API, in the ledger's file.
    pub(crate) async fn sql(&self, text: &str) {
        let file = self.folder.path().join("api.db");
        let database = libsql::Builder::new_local(file).build().await.unwrap();
        database.connect().unwrap().execute(text, ()).await.unwrap();
    }

    /// Posts a body as a user.
    pub(crate) async fn post(&self, path: &str, sub: &str, body: &Value) -> Answer {
        let token = self.pool.token(sub, self.now());
        let headers = [("content-type", "application/json")];
        self.send(Method::POST, path, Some(&token), &headers, body.to_string())
            .await
    }

    /// Gets as a user.
    pub(crate) async fn get(&self, path: &str, sub: &str) -> Answer {
        let token = self.pool.token(sub, self.now());
        self.send(Method::GET, path, Some(&token), &[], "").await
    }

    /// Sends any request.
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        token: Option<&str>,
        headers: &[(&str, &str)],
        body: impl Into<reqwest::Body>,
    ) -> Answer {
        let mut request = self.client.request(method, format!("{}{path}", self.url));
        if let Some(token) = token {
            request = request.header(AUTHORIZATION, format!("Bearer {token}"));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.body(body).send().await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        let body = response.bytes().await.unwrap();
        Answer {
            status,
            headers,
            body: serde_json::from_slice(&body).unwrap_or_default(),
        }
    }
}

/// What time it really is, in seconds of Unix time.
#[expect(clippy::disallowed_methods, reason = "other programs go by it")]
pub(crate) fn real_second() -> i64 {
    Timestamp::now().as_second()
}

impl Answer {
    /// The last part of the problem's type.
    pub(crate) fn problem(&self) -> &str {
        let name = self.body["type"].as_str().unwrap_or_default();
        name.rsplit('/').next().unwrap_or_default()
    }
}
