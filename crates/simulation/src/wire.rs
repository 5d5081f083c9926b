//! The wire between the AWS SDK and the endpoint: what happens to a call on its way.

use std::{
    collections::VecDeque,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::{Duration, SystemTime},
};

use aws_smithy_async::time::TimeSource;
use aws_smithy_runtime_api::{
    client::{
        http::{
            HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings,
            SharedHttpConnector,
        },
        orchestrator::{HttpRequest, HttpResponse},
        result::ConnectorError,
        runtime_components::RuntimeComponents,
    },
    shared::IntoShared as _,
};
use aws_smithy_types::{body::SdkBody, byte_stream::ByteStream};
use axum::{
    body::Bytes,
    http::{Request, Response},
};
use engine::CancellationToken;
use http_body::{Body, Frame};
use local::{Answered, Deed, InProcess, Trouble};

use crate::world::{Blow, World};

/// How many calls one run may make: more is a loop without an end.
const MOST_CALLS: u64 = 4000;

/// How long something may be invisible after it was made.
pub(crate) const UNSEEN: i64 = 3000;

/// What is to happen to one run, by the numbers of its calls.
#[derive(Clone, Debug, Default)]
pub(crate) struct Doom {
    /// It is killed at this call, before it is sent or after it is answered.
    pub(crate) killed: Option<(u64, Moment)>,
    /// A person interrupts it after this call.
    pub(crate) interrupted: Option<u64>,
    /// Someone else does something before this call.
    pub(crate) others: Vec<(u64, String, Deed)>,
}

/// When at a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    Before,
    After,
}

/// The wire of one run.
#[derive(Clone, Debug)]
pub(crate) struct Wire {
    world: World,
    run: Arc<Run>,
}

/// What is known of a run.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) name: String,
    pub(crate) doom: Doom,
    /// Whether it may delete stacks that hold something.
    pub(crate) deletes: bool,
    calls: AtomicU64,
    /// Cancelled when the run is killed.
    pub(crate) killed: CancellationToken,
    /// Cancelled when a person interrupts it.
    pub(crate) interrupted: CancellationToken,
    /// How many calls were struck by something that its SDK does not get over by itself for certain.
    struck: AtomicU64,
}

impl Run {
    pub(crate) fn new(name: String, doom: Doom, deletes: bool) -> Self {
        Self {
            name,
            doom,
            deletes,
            calls: AtomicU64::new(0),
            killed: CancellationToken::new(),
            interrupted: CancellationToken::new(),
            struck: AtomicU64::new(0),
        }
    }

    pub(crate) fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    pub(crate) fn was_struck(&self) -> bool {
        self.struck.load(Ordering::Relaxed) > 0
    }
}

impl Wire {
    pub(crate) fn new(world: World, run: Arc<Run>) -> Self {
        Self { world, run }
    }

    async fn carry(self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let request = collected(request).await?;
        let asked = Asked::of(&request);
        let number = self.run.calls.fetch_add(1, Ordering::Relaxed) + 1;
        if number > MOST_CALLS {
            self.world
                .accuse(format_args!("{} makes calls without an end", self.run.name));
            return self.die().await;
        }
        for (at, stack, deed) in &self.run.doom.others {
            if *at == number {
                self.world.others(stack, *deed).await;
            }
        }
        let call = format!("{} #{number} {asked}", self.run.name);
        if self.run.doom.killed == Some((number, Moment::Before)) {
            self.world.tell(format_args!("{call}: killed before it"));
            return self.die().await;
        }
        let latency = self.world.weather().latency;
        if latency > 0 {
            let latency = self.world.draw(|random| random.below(latency + 1));
            tokio::time::sleep(Duration::from_millis(latency as u64)).await;
        }
        self.watch(&asked);
        let blow = self.world.blow().filter(|blow| self.is_fair(*blow, &asked));
        if blow.is_some() {
            self.run.struck.fetch_add(1, Ordering::Relaxed);
        }
        let answer = self.answer(request, blow).await;
        let seen = match &answer {
            Ok(response) => {
                let code = code_in(response).unwrap_or_default();
                format!("{} {code}", response.status().as_u16())
            }
            Err(_) => "lost".to_owned(),
        };
        let blow = blow.map_or_else(String::new, |blow| format!(" [{blow:?}]"));
        self.world.tell(format_args!("{call}: {seen}{blow}"));
        if self.run.doom.interrupted == Some(number) {
            self.world.tell(format_args!("{}: Ctrl-C", self.run.name));
            self.run.interrupted.cancel();
        }
        if self.run.doom.killed == Some((number, Moment::After)) {
            self.world.tell(format_args!("{call}: killed after it"));
            return self.die().await;
        }
        answer
    }

    /// The run is gone: nobody waits for an answer any more.
    async fn die(&self) -> Result<HttpResponse, ConnectorError> {
        self.run.killed.cancel();
        std::future::pending().await
    }

    /// Some things only happen to what is new, or was asked before.
    fn is_fair(&self, blow: Blow, asked: &Asked) -> bool {
        match blow {
            Blow::Trouble(Trouble::Absent) => {
                let is_read = matches!(
                    asked.operation.as_str(),
                    "DescribeStacks" | "DescribeStackEvents" | "DescribeChangeSet"
                );
                let is_new = |created: i64| self.world.milliseconds() - created < UNSEEN;
                let stacks = self.world.stacks();
                let mut named = stacks.iter().filter(|stack| {
                    stack.id == asked.target || stack.name == asked.target || asked.is_change_set()
                });
                is_read && named.any(|stack| is_new(stack.created))
            }
            Blow::Trouble(Trouble::Stale) => asked.only_reads(),
            Blow::Trouble(_) | Blow::Silence => true,
        }
    }

    async fn answer(
        &self,
        request: Request<Bytes>,
        blow: Option<Blow>,
    ) -> Result<HttpResponse, ConnectorError> {
        let asked = Asked::of(&request);
        let key = [asked.to_string().as_bytes(), request.body()].concat();
        if blow == Some(Blow::Trouble(Trouble::Stale))
            && let Some((status, body)) = self.world.answered(&key)
        {
            let response = Response::builder().status(status).body(SdkBody::from(body));
            return converted(response.expect("it was an answer before"));
        }
        let trouble = match blow {
            Some(Blow::Trouble(Trouble::Stale) | Blow::Silence) | None => None,
            Some(Blow::Trouble(trouble)) => Some(trouble),
        };
        let answered = self.world.endpoint().answer_with(request, trouble).await;
        if blow == Some(Blow::Silence) {
            return std::future::pending().await;
        }
        match answered {
            Answered::Whole(response) => {
                if asked.only_reads() && trouble.is_none() {
                    let body = response.body().clone();
                    self.world
                        .keep_answer(key, response.status().as_u16(), body);
                }
                converted(response.map(SdkBody::from))
            }
            Answered::Cut(response) => {
                let half = response.body().slice(..response.body().len() / 2);
                converted(response.map(|_| SdkBody::from_body_1_x(Broken::new(half))))
            }
            Answered::Lost => Err(ConnectorError::io("the connection broke".into())),
        }
    }

    /// Looks at what the run is about to do.
    fn watch(&self, asked: &Asked) {
        if asked.operation != "DeleteStack" || self.run.deletes {
            return;
        }
        let stacks = self.world.stacks();
        let found = stacks
            .iter()
            .find(|stack| stack.id == asked.target || stack.name == asked.target);
        let Some(found) = found else { return };
        let is_empty = matches!(
            found.status,
            "REVIEW_IN_PROGRESS" | "ROLLBACK_COMPLETE" | "DELETE_IN_PROGRESS"
        );
        if !is_empty {
            self.world.accuse(format_args!(
                "{} deletes {} in {}, which nobody asked for",
                self.run.name, found.name, found.status
            ));
        }
    }
}

impl HttpConnector for Wire {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::new(self.clone().carry(request))
    }
}

impl HttpClient for Wire {
    fn http_connector(
        &self,
        _: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        self.clone().into_shared()
    }
}

/// The world's clock, as the SDK reads it.
#[derive(Clone, Debug)]
pub(crate) struct WorldTime(pub(crate) World);

impl TimeSource for WorldTime {
    fn now(&self) -> SystemTime {
        self.0.now()
    }
}

/// What a call asks for, in a few words.
struct Asked {
    operation: String,
    target: String,
}

impl Asked {
    fn of(request: &Request<Bytes>) -> Self {
        let operation = InProcess::operation(request);
        let form: Vec<_> = form_urlencoded::parse(request.body()).collect();
        let field = |name: &str| {
            let found = form.iter().find(|(key, _)| key == name);
            found.map(|(_, value)| value.clone().into_owned())
        };
        let target = if field("Action").is_some() {
            field("ChangeSetName")
                .filter(|name| name.starts_with("arn:"))
                .or_else(|| NAMING.iter().find_map(|name| field(name)))
                .unwrap_or_default()
        } else if request.headers().contains_key("x-amz-target") {
            String::new()
        } else {
            request.uri().path().to_owned()
        };
        Self { operation, target }
    }

    fn is_change_set(&self) -> bool {
        self.target.contains(":changeSet/")
    }

    fn only_reads(&self) -> bool {
        // What S3 answers is never late.
        ["Describe", "ListStack", "ListChangeSets", "GetTemplate"]
            .iter()
            .any(|verb| self.operation.starts_with(verb))
            && self.operation != "DescribeParameters"
    }
}

impl std::fmt::Display for Asked {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // `arn:aws:cloudformation:us-east-1:000000000000:stack/shop-sim-a/uuid`
        let short = self.target.splitn(6, ':').nth(5).unwrap_or(&self.target);
        write!(formatter, "{} {short}", self.operation)
    }
}

/// The fields of calls that say what they are about.
const NAMING: [&str; 6] = [
    "StackName",
    "StackRefactorId",
    "StackDriftDetectionId",
    "ExportName",
    "RoleName",
    "PolicyArn",
];

async fn collected(request: HttpRequest) -> Result<Request<Bytes>, ConnectorError> {
    let request = request
        .try_into_http1x()
        .map_err(|error| ConnectorError::user(error.into()))?;
    let (head, body) = request.into_parts();
    let body = ByteStream::new(body)
        .collect()
        .await
        .map_err(|error| ConnectorError::user(error.into()))?;
    Ok(Request::from_parts(head, body.into_bytes()))
}

fn converted(response: Response<SdkBody>) -> Result<HttpResponse, ConnectorError> {
    HttpResponse::try_from(response).map_err(|error| ConnectorError::user(error.into()))
}

/// The error code in a refusal.
fn code_in(response: &HttpResponse) -> Option<String> {
    if response.status().is_success() {
        return None;
    }
    let text = std::str::from_utf8(response.body().bytes()?).ok()?;
    let (_, rest) = text.split_once("<Code>")?;
    Some(rest.split_once("</Code>")?.0.to_owned())
}

/// A body that breaks off.
struct Broken(VecDeque<Bytes>);

impl Broken {
    fn new(half: Bytes) -> Self {
        Self([half].into())
    }
}

impl Body for Broken {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        Poll::Ready(Some(match self.0.pop_front() {
            Some(bytes) => Ok(Frame::data(bytes)),
            None => Err(std::io::ErrorKind::UnexpectedEof.into()),
        }))
    }
}
