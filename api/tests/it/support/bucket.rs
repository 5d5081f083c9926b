//! A bucket that does what a test says: its files have any age, it fails, it does not answer. Whether signatures hold is for
//! s3s-fs to say.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    extract::State,
    http::{HeaderName, Method, StatusCode, Uri, header},
};
use jiff::{Timestamp, fmt::rfc2822::DateTimePrinter};
use tokio::net::TcpListener;

/// A bucket that is there until the test ends.
pub(crate) struct Bucket {
    pub(crate) url: String,
    state: Arc<Mutex<BucketState>>,
}

/// How a bucket behaves.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Mood {
    Answers,
    Fails(u16),
    Hangs,
}

struct BucketState {
    mood: Mood,
    /// Length and time of upload, by the path.
    files: BTreeMap<String, (u64, Timestamp)>,
    asked: usize,
}

impl Bucket {
    pub(crate) async fn start() -> Self {
        let state = Arc::new(Mutex::new(BucketState {
            mood: Mood::Answers,
            files: BTreeMap::new(),
            asked: 0,
        }));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(head).with_state(Arc::clone(&state));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, state }
    }

    /// Puts a file into the bucket `files`.
    pub(crate) fn put(&self, key: &str, size: u64, at: Timestamp) {
        let path = format!("/files/{key}");
        self.state.lock().unwrap().files.insert(path, (size, at));
    }

    pub(crate) fn be(&self, mood: Mood) {
        self.state.lock().unwrap().mood = mood;
    }

    /// How often it was asked for a file.
    pub(crate) fn asked(&self) -> usize {
        self.state.lock().unwrap().asked
    }
}

type Head = (StatusCode, [(HeaderName, String); 2]);

async fn head(
    State(state): State<Arc<Mutex<BucketState>>>,
    method: Method,
    uri: Uri,
) -> Result<Head, StatusCode> {
    let (mood, file) = {
        let mut state = state.lock().unwrap();
        state.asked += 1;
        (state.mood, state.files.get(uri.path()).copied())
    };
    match mood {
        Mood::Answers => {}
        Mood::Fails(status) => return Err(StatusCode::from_u16(status).unwrap()),
        Mood::Hangs => std::future::pending().await,
    }
    if method != Method::HEAD {
        return Err(StatusCode::METHOD_NOT_ALLOWED);
    }
    let (size, at) = file.ok_or(StatusCode::NOT_FOUND)?;
    let modified = DateTimePrinter::new().timestamp_to_rfc9110_string(&at);
    let headers = [
        (header::CONTENT_LENGTH, size.to_string()),
        (header::LAST_MODIFIED, modified.unwrap()),
    ];
    Ok((StatusCode::OK, headers))
}
