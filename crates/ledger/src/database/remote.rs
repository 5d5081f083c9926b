//! A database on a server: sqld or Turso.
//!
//! Every statement and every transaction is one request on a stream of its own, so that there is none that can expire between two
//! requests, and nothing that waits for another. (libSQL's own client asks for each query twice, keeps one stream for all, and
//! tells its errors as texts.)

use std::{fmt, future::Future, iter, time::Duration};

use http_body_util::{BodyExt, Full, Limited};
use hyper::{
    HeaderMap, Method, Request, StatusCode, Uri,
    body::Bytes,
    header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue},
};
use hyper_rustls::{ConfigBuilderExt, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use rustls::{ClientConfig, RootCertStore, crypto::ring};
use tokio::{
    sync::Semaphore,
    time::{Instant, timeout_at},
};

use super::{
    Row, Statement,
    hrana::{
        Batch, BatchRows, Condition, Failure, Outcome, Pipeline, PipelineAnswer, Response, Sql,
        Step, StreamRequest,
    },
};
use crate::{Error, error::LIMIT};

/// The most bytes of an answer. No statement here asks for a large one.
const LARGEST_ANSWER: usize = 16 << 20;
/// How long a connection is kept that nobody uses: less than servers and what is before them do.
const IDLE: Duration = Duration::from_secs(15);

/// How many calls are under way at once. The database carries them out in turn, and servers refuse what is too many.
const AT_ONCE: usize = 32;
const BEGIN: &str = "BEGIN IMMEDIATE";
const COMMIT: &str = "COMMIT";
const ROLLBACK: &str = "ROLLBACK";

pub(crate) struct Remote {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    base: String,
    headers: HeaderMap,
    turns: Semaphore,
}

impl Remote {
    pub(crate) fn new(base: &str, token: Option<&str>) -> Result<Self, Error> {
        let unreachable =
            |error: Box<dyn std::error::Error + Send + Sync>| Error::Unreachable(error);
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(token) = token {
            let mut value = HeaderValue::try_from(format!("Bearer {token}"))
                .map_err(|error| unreachable(error.into()))?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        let tls = ClientConfig::builder_with_provider(ring::default_provider().into())
            .with_safe_default_protocol_versions()
            .map_err(|error| unreachable(error.into()))?;
        // Reading the certificates of the system takes a while.
        let tls = if base.starts_with("https:") {
            tls.with_native_roots()
                .map_err(|error| unreachable(error.into()))?
        } else {
            tls.with_root_certificates(RootCertStore::empty())
        };
        let mut connector = HttpConnector::new();
        connector.enforce_http(false);
        connector.set_nodelay(true);
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls.with_no_client_auth())
            .https_or_http()
            .enable_http1()
            .wrap_connector(connector);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .build(connector);
        Ok(Self {
            client,
            base: base.to_owned(),
            headers,
            turns: Semaphore::new(AT_ONCE),
        })
    }

    pub(crate) async fn run(&self, statement: &Statement) -> Result<Vec<Row>, Error> {
        self.patiently(|| self.try_statement(statement)).await
    }

    pub(crate) async fn transaction(
        &self,
        statements: &[Statement],
    ) -> Result<Vec<Vec<Row>>, Error> {
        self.patiently(|| self.try_transaction(statements)).await
    }

    /// Three requests, as a text of many statements cannot be a step and must not be run unless the transaction has begun. When
    /// the last is never sent, the server rolls back the others.
    pub(crate) async fn script(&self, guard: &Statement, text: &str) -> Result<(), Error> {
        let (baton, base) = self.patiently(|| self.try_begin(guard)).await?;
        let base = base.as_deref().unwrap_or(&self.base);
        let ran = self
            .within_limit(self.send(
                base,
                Pipeline {
                    baton: Some(&baton),
                    requests: vec![StreamRequest::Sequence { sql: text }],
                },
            ))
            .await?;
        // The stream is as gone as its baton.
        let Some(baton) = ran.baton.clone() else {
            return responses::<1>(ran).and(Err(not_understood()));
        };
        let result = responses::<1>(ran);
        let end = Sql::plain(if result.is_ok() { COMMIT } else { ROLLBACK });
        let ended = self
            .within_limit(self.send(
                base,
                Pipeline {
                    baton: Some(&baton),
                    requests: vec![StreamRequest::Execute { stmt: end }, StreamRequest::Close],
                },
            ))
            .await;
        result?;
        responses::<2>(ended?).map(drop)
    }

    async fn try_statement(&self, statement: &Statement) -> Result<Vec<Row>, Error> {
        let stmt = statement.into();
        let requests = [StreamRequest::Execute { stmt }, StreamRequest::Close];
        match self.ask(requests).await? {
            [Response::Execute { result }, _] => result.read().ok_or_else(not_understood),
            _ => Err(not_understood()),
        }
    }

    /// `BEGIN`, each statement when the one before it was carried out, `COMMIT` after the last, and `ROLLBACK` without it.
    async fn try_transaction(&self, statements: &[Statement]) -> Result<Vec<Vec<Row>>, Error> {
        let begin = iter::once(Sql::plain(BEGIN));
        let commit = iter::once(Sql::plain(COMMIT));
        let wanted = statements.iter().map(Sql::from);
        let mut steps = steps(begin.chain(wanted).chain(commit));
        let commit = steps.len() - 1;
        steps.push(rollback_without(commit));
        let batch = Batch { steps };
        let requests = [StreamRequest::Batch { batch }, StreamRequest::Close];
        match self.ask(requests).await? {
            [Response::Batch { result }, _] => rows(result, commit),
            _ => Err(not_understood()),
        }
    }

    /// Begins a transaction with a statement, and gives the baton with which it goes on and where.
    async fn try_begin(&self, guard: &Statement) -> Result<(String, Option<String>), Error> {
        let mut steps = steps([Sql::plain(BEGIN), guard.into()]);
        steps.push(rollback_without(1));
        let batch = Batch { steps };
        let begun = self
            .send(
                &self.base,
                Pipeline {
                    baton: None,
                    requests: vec![StreamRequest::Batch { batch }],
                },
            )
            .await?;
        let (baton, base) = (begun.baton.clone(), begun.base_url.clone());
        match responses(begun)? {
            [Response::Batch { result }] => rows(result, 2)?,
            _ => return Err(not_understood()),
        };
        Ok((baton.ok_or_else(not_understood)?, base))
    }

    /// Sends the requests of a stream of its own.
    async fn ask<const COUNT: usize>(
        &self,
        requests: [StreamRequest<'_>; COUNT],
    ) -> Result<[Response; COUNT], Error> {
        let pipeline = Pipeline {
            baton: None,
            requests: requests.into(),
        };
        responses(self.send(&self.base, pipeline).await?)
    }

    /// Tries again while the server is busy: it has done nothing then.
    async fn patiently<T, Attempt>(&self, attempt: impl Fn() -> Attempt) -> Result<T, Error>
    where
        Attempt: Future<Output = Result<T, Error>>,
    {
        let deadline = Instant::now() + LIMIT;
        let turn = timeout_at(deadline, self.turns.acquire()).await;
        let Ok(Ok(_turn)) = turn else {
            return Err(Error::Busy);
        };
        let mut pause = Duration::from_millis(4);
        loop {
            match timeout_at(deadline, attempt()).await {
                Err(_) => return Err(Error::NoAnswer),
                Ok(Err(Error::Busy)) if Instant::now() + pause < deadline => {
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(Duration::from_millis(128));
                }
                Ok(other) => return other,
            }
        }
    }

    async fn within_limit<T>(
        &self,
        call: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        timeout_at(Instant::now() + LIMIT, call)
            .await
            .unwrap_or(Err(Error::NoAnswer))
    }

    async fn send(&self, base: &str, pipeline: Pipeline<'_>) -> Result<PipelineAnswer, Error> {
        let body =
            serde_json::to_vec(&pipeline).map_err(|error| Error::Answer(error.to_string()))?;
        let uri = format!("{base}/v3/pipeline")
            .parse()
            .map_err(|_| Error::Answer("it goes on at an address that is none".to_owned()))?;
        self.post(uri, body.into()).await
    }

    /// As long as there is no connection nothing was done, and it is tried once more.
    async fn post(&self, uri: Uri, body: Bytes) -> Result<PipelineAnswer, Error> {
        let attempt = || {
            let mut request = Request::new(Full::new(body.clone()));
            *request.method_mut() = Method::POST;
            *request.uri_mut() = uri.clone();
            request.headers_mut().clone_from(&self.headers);
            self.client.request(request)
        };
        let answer = match attempt().await {
            Err(error) if error.is_connect() => attempt().await,
            other => other,
        }
        .map_err(|error| Error::Unreachable(error.into()))?;
        let status = answer.status();
        let body = Limited::new(answer.into_body(), LARGEST_ANSWER)
            .collect()
            .await
            .map_err(Error::Unreachable)?
            .to_bytes();
        match status {
            StatusCode::OK => serde_json::from_slice(&body).map_err(|_| not_understood()),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(Error::Refused {
                status: status.as_u16(),
            }),
            StatusCode::TOO_MANY_REQUESTS => Err(Error::Busy),
            _ => Err(Error::Answer(format!("its status is {status}"))),
        }
    }
}

/// Steps that are taken as long as the one before succeeds.
fn steps<'a>(texts: impl IntoIterator<Item = Sql<'a>>) -> Vec<Step<'a>> {
    let step = |(place, stmt): (usize, _)| Step {
        condition: place.checked_sub(1).map(|step| Condition::Ok { step }),
        stmt,
    };
    texts.into_iter().enumerate().map(step).collect()
}

/// Gives up what was begun, unless a step succeeded.
fn rollback_without(step: usize) -> Step<'static> {
    Step {
        condition: Some(Condition::Not {
            cond: Box::new(Condition::Ok { step }),
        }),
        stmt: Sql::plain(ROLLBACK),
    }
}

/// The rows of the steps behind the first up to `end`, or why one of these failed, the first or the one at `end`.
fn rows(batch: BatchRows, end: usize) -> Result<Vec<Vec<Row>>, Error> {
    let failure = batch.step_errors.into_iter().take(end + 1).flatten().next();
    if let Some(failure) = failure {
        return Err(failure.into());
    }
    let rows = batch.step_results.into_iter().take(end).skip(1);
    rows.map(|rows| rows?.read())
        .collect::<Option<Vec<_>>>()
        .filter(|rows| rows.len() + 1 == end)
        .ok_or_else(not_understood)
}

fn responses<const COUNT: usize>(answer: PipelineAnswer) -> Result<[Response; COUNT], Error> {
    let responses: Vec<Response> = answer
        .results
        .into_iter()
        .map(|outcome| match outcome {
            Outcome::Ok { response } => Ok(response),
            Outcome::Error { error } => Err(Error::from(error)),
        })
        .collect::<Result<_, _>>()?;
    responses.try_into().map_err(|_| not_understood())
}

fn not_understood() -> Error {
    Error::Answer("it is not of the protocol".to_owned())
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        let code = failure.code.unwrap_or_default();
        if code.starts_with("SQLITE_BUSY") {
            return Self::Busy;
        }
        Self::Statement {
            is_conflict: code.starts_with("SQLITE_CONSTRAINT"),
            message: failure.message,
            code,
        }
    }
}

impl fmt::Debug for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Remote")
            .field("base", &self.base)
            .finish_non_exhaustive()
    }
}
