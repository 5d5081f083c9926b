//! What all requests share.

use std::{
    collections::HashMap,
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    http::request::Parts,
    middleware,
    routing::{MethodRouter, get, post},
};
use ledger::{InstanceId, Ledger, Refusal, Sub};

use crate::{
    auth::Verifier,
    clock::Clock,
    config::{Config, TrustedProxy},
    cors, envelope,
    files::{self, FileStore},
    problem::{Kind, Problem},
    rate::Limits,
    routes,
    stripe::Signatures,
    turn::{self, TurnProvider},
    video::{self, MeetingService},
};

/// How many callers' own instances are remembered.
const MOST_REMEMBERED: usize = 100_000;

/// All endpoints.
fn endpoints() -> [(&'static str, MethodRouter<Arc<App>>); 8] {
    [
        ("/api/health", get(routes::health::get)),
        ("/api/instance", get(routes::instance::get)),
        ("/api/openapi.json", get(routes::openapi::get)),
        ("/api/s3-download-url", post(routes::s3_download_url::post)),
        ("/api/s3-upload-url", post(routes::s3_upload_url::post)),
        ("/api/stripe-webhook", post(routes::stripe_webhook::post)),
        (
            "/api/turn-credentials",
            post(routes::turn_credentials::post),
        ),
        ("/api/video-session", post(routes::video_session::post)),
    ]
}

/// The paths of all endpoints.
pub fn paths() -> impl Iterator<Item = &'static str> {
    endpoints().into_iter().map(|(path, _)| path)
}

/// What all requests share.
#[derive(Debug)]
pub struct App {
    pub(crate) config: Config,
    pub(crate) ledger: Ledger,
    pub(crate) clock: Clock,
    pub(crate) verifier: Option<Verifier>,
    pub(crate) limits: Limits,
    pub(crate) turn: Option<Box<dyn TurnProvider>>,
    pub(crate) signatures: Option<Signatures>,
    pub(crate) files: Option<Box<dyn FileStore>>,
    pub(crate) video: Option<Box<dyn MeetingService>>,
    /// Which instance is a caller's own; it never changes.
    own: Mutex<HashMap<Sub, InstanceId>>,
}

/// The address that a connection comes from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub(crate) SocketAddr);

impl App {
    /// Makes everything that the configuration asks for; nothing is connected to yet.
    ///
    /// # Errors
    /// An issuer is no base for the URL of its keys.
    pub fn new(config: Config, ledger: Ledger, clock: Clock) -> anyhow::Result<Self> {
        let verifier = config.cognito.as_ref();
        let verifier = verifier
            .map(|cognito| Verifier::new(cognito, &clock))
            .transpose()?;
        Ok(Self {
            verifier,
            limits: Limits::new(config.rates),
            turn: config.turn.as_ref().map(turn::provider),
            signatures: config
                .stripe
                .as_ref()
                .map(|stripe| Signatures::new(&stripe.secrets)),
            files: config
                .files
                .as_ref()
                .map(|files| files::store(files, config.credentials.as_ref(), &clock)),
            video: config
                .video
                .as_ref()
                .map(|video| video::service(video, config.credentials.as_ref(), &clock)),
            own: Mutex::default(),
            config,
            ledger,
            clock,
        })
    }

    /// All endpoints.
    pub fn router(self: Arc<Self>) -> Router {
        let routes = endpoints().into_iter();
        routes
            .fold(Router::new(), |router, (path, methods)| {
                router.route(path, methods)
            })
            .fallback(|| async { Problem::new(Kind::NotFound, "there is no such path") })
            .method_not_allowed_fallback(|| async {
                Problem::new(Kind::MethodNotAllowed, "`Allow` says what this path takes")
            })
            .layer(cors::layer(self.config.origins.clone()))
            .layer(middleware::from_fn(envelope::envelop))
            .with_state(self)
    }

    /// Where a request comes from.
    pub(crate) fn address_of(&self, parts: &Parts) -> IpAddr {
        let peer = parts.extensions.get::<Peer>();
        let peer = peer.map_or(IpAddr::from([0, 0, 0, 0]), |peer| peer.0.ip());
        match self.config.proxy {
            TrustedProxy::None => peer,
            // Vercel overwrites the header with the address that connected to it, and the proxy in the function adds its own.
            // https://vercel.com/docs/headers/request-headers#x-forwarded-for
            TrustedProxy::Vercel => {
                let forwarded = parts.headers.get("x-forwarded-for");
                let first = forwarded
                    .and_then(|value| value.to_str().ok()?.split(',').next()?.trim().parse().ok());
                first.unwrap_or(peer)
            }
        }
    }

    /// Counts a request against the instance that it is for, as far as that is known before the ledger is asked.
    ///
    /// # Errors
    /// Too many are made to it.
    pub(crate) fn limit_instance(
        &self,
        caller: &Sub,
        wanted: Option<&InstanceId>,
    ) -> Result<(), Problem> {
        if let Some(id) = wanted {
            return self.limits.instance(id);
        }
        let own = self
            .own
            .lock()
            .expect("no holder panics")
            .get(caller)
            .cloned();
        own.map_or(Ok(()), |id| self.limits.instance(&id))
    }

    /// Remembers which instance is the caller's own.
    pub(crate) fn learn(&self, caller: &Sub, owner: &Sub, id: &InstanceId) {
        if caller != owner {
            return;
        }
        let mut own = self.own.lock().expect("no holder panics");
        if !own.contains_key(caller) {
            if own.len() >= MOST_REMEMBERED {
                own.clear();
            }
            own.insert(caller.clone(), id.clone());
        }
    }
}

/// The ledger's refusal in the words of the API.
pub(crate) fn refusal(refusal: Refusal) -> Problem {
    match refusal {
        Refusal::NoInstance => {
            Problem::new(Kind::SubscriptionRequired, "subscribe to have an instance")
        }
        Refusal::UnknownInstance => Problem::new(Kind::NotFound, "there is no such instance"),
        Refusal::NotEntitled => Problem::new(
            Kind::SubscriptionRequired,
            "the instance has no subscription that gives access",
        ),
        Refusal::Unfit(unfit) => Problem::unfit(&unfit),
        Refusal::Exceeded(exceeded) => Problem::exceeded(&exceeded),
    }
}
