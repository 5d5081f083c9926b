//! A database on a server: sqld or Turso.
//!
//! Every statement and every transaction is one request on a stream of its own, so that there is none that can expire between two
//! requests, and nothing that waits for another. (libSQL's own client asks for each query twice, keeps one stream for all, and
//! tells its errors as texts.)

use std::{fmt, time::Duration};

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

pub(crate) struct Remote {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    base: String,
    headers: HeaderMap,
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
        })
    }

    pub(crate) async fn run(&self, statement: &Statement) -> Result<Vec<Row>, Error> {
        let stmt = Sql::from(statement);
        match self
            .ask([StreamRequest::Execute { stmt }, StreamRequest::Close])
            .await?
        {
            [Response::Execute { result }, _] => result.read().ok_or_else(not_understood),
            _ => Err(not_understood()),
        }
    }

    /// `BEGIN`, each statement when the one before it was carried out, `COMMIT` after the last, and `ROLLBACK` without it.
    pub(crate) async fn transaction(
        &self,
        statements: &[Statement],
    ) -> Result<Vec<Vec<Row>>, Error> {
        let wanted = statements.iter().map(Sql::from);
        let texts = std::iter::once(Sql::plain("BEGIN IMMEDIATE"))
            .chain(wanted)
            .chain(std::iter::once(Sql::plain("COMMIT")));
        let mut steps: Vec<_> = texts
            .enumerate()
            .map(|(place, stmt)| Step {
                condition: place.checked_sub(1).map(|step| Condition::Ok { step }),
                stmt,
            })
            .collect();
        let commit = steps.len() - 1;
        steps.push(Step {
            condition: Some(Condition::Not {
                cond: Box::new(Condition::Ok { step: commit }),
            }),
            stmt: Sql::plain("ROLLBACK"),
        });
        let batch = Batch { steps };
        match self
            .ask([StreamRequest::Batch { batch }, StreamRequest::Close])
            .await?
        {
            [Response::Batch { result }, _] => committed(result, commit),
            _ => Err(not_understood()),
        }
    }

    /// Two requests, as a text of many statements cannot be a step. When the second is never sent, the server rolls back the first.
    pub(crate) async fn script(&self, guard: &Statement, text: &str) -> Result<(), Error> {
        let execute = |stmt| StreamRequest::Execute { stmt };
        let begun = self
            .send(
                &self.base,
                Pipeline {
                    baton: None,
                    requests: vec![
                        execute(Sql::plain("BEGIN IMMEDIATE")),
                        execute(guard.into()),
                        StreamRequest::Sequence { sql: text },
                    ],
                },
            )
            .await?;
        let failure = begun.results.into_iter().find_map(|outcome| match outcome {
            Outcome::Ok { .. } => None,
            Outcome::Error { error } => Some(Error::from(error)),
        });
        let end = if failure.is_none() {
            "COMMIT"
        } else {
            "ROLLBACK"
        };
        let base = begun.base_url.as_deref().unwrap_or(&self.base);
        let ended = self
            .send(
                base,
                Pipeline {
                    baton: begun.baton.as_deref(),
                    requests: vec![execute(Sql::plain(end)), StreamRequest::Close],
                },
            )
            .await;
        match failure {
            Some(failure) => Err(failure),
            None => responses::<2>(ended?).map(drop),
        }
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

    async fn send(&self, base: &str, pipeline: Pipeline<'_>) -> Result<PipelineAnswer, Error> {
        let body =
            serde_json::to_vec(&pipeline).map_err(|error| Error::Answer(error.to_string()))?;
        let uri = format!("{base}/v3/pipeline")
            .parse()
            .map_err(|_| Error::Answer("it goes on at an address that is none".to_owned()))?;
        tokio::time::timeout(LIMIT, self.post(uri, body.into()))
            .await
            .map_err(|_| Error::NoAnswer)?
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
            _ => Err(Error::Answer(format!("its status is {status}"))),
        }
    }
}

/// The rows of the steps between `BEGIN` and `COMMIT`.
fn committed(batch: BatchRows, commit: usize) -> Result<Vec<Vec<Row>>, Error> {
    if let Some(failure) = batch
        .step_errors
        .into_iter()
        .take(commit + 1)
        .flatten()
        .next()
    {
        return Err(failure.into());
    }
    batch
        .step_results
        .into_iter()
        .take(commit)
        .skip(1)
        .map(|rows| rows?.read())
        .collect::<Option<Vec<_>>>()
        .filter(|rows| rows.len() + 1 == commit)
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
