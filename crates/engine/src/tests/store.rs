//! An object store in memory, whose writes can stop at any moment, and what is claimed and recorded in it.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use crate::{Answer, ApiOperation, AwsError, AwsErrorKind, Object, ObjectStore, Tag};

/// What a write that fails leaves behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failing {
    /// Nothing: the process was killed before.
    Before,
    /// The object: only the answer is lost.
    After,
}

/// Objects in memory.
pub(super) struct Memory {
    objects: Mutex<BTreeMap<String, Object>>,
    writes: AtomicUsize,
    /// From which write on none succeeds, and what it leaves behind.
    fails: Mutex<Option<(usize, Failing)>>,
}

impl Memory {
    pub(super) fn new() -> Self {
        Self {
            objects: Mutex::default(),
            writes: AtomicUsize::new(0),
            fails: Mutex::default(),
        }
    }

    /// Lets all writes from the given one on fail.
    pub(super) fn fail_from(&self, write: usize, failing: Failing) {
        *self.fails.lock().unwrap() = Some((write, failing));
    }

    /// Lets writes succeed again.
    pub(super) fn heal(&self) {
        *self.fails.lock().unwrap() = None;
    }

    /// How many writes were made.
    pub(super) fn writes(&self) -> usize {
        self.writes.load(Ordering::Relaxed)
    }

    /// Puts an object there, whatever there is.
    pub(super) fn set(&self, key: &str, body: &[u8]) {
        let tag = self.writes.fetch_add(1, Ordering::Relaxed);
        self.objects.lock().unwrap().insert(
            key.to_owned(),
            Object {
                body: body.to_vec(),
                tag: Tag(tag.to_string()),
            },
        );
    }

    /// The only key that ends so.
    pub(super) fn key(&self, end: &str) -> String {
        let objects = self.objects.lock().unwrap();
        let mut keys = objects.keys().filter(|key| key.ends_with(end));
        let key = keys.next().unwrap().clone();
        assert_eq!(keys.next(), None);
        key
    }

    /// Everything that is stored, as text.
    pub(super) fn text(&self) -> String {
        let objects = self.objects.lock().unwrap();
        objects
            .values()
            .map(|object| String::from_utf8_lossy(&object.body).into_owned())
            .collect()
    }

    fn put(
        &self,
        key: &str,
        body: &[u8],
        wanted: Option<&Tag>,
    ) -> Result<Option<Tag>, Box<AwsError>> {
        let number = self.writes();
        let fails = *self.fails.lock().unwrap();
        let failing = fails.and_then(|(from, failing)| (number >= from).then_some((from, failing)));
        let lost = || failure(AwsErrorKind::TimedOut, None);
        if let Some((from, failing)) = failing
            && (failing == Failing::Before || number > from)
        {
            self.writes.fetch_add(1, Ordering::Relaxed);
            return Err(lost());
        }
        let found = self
            .objects
            .lock()
            .unwrap()
            .get(key)
            .map(|found| found.tag.clone());
        if found.as_ref() != wanted {
            return Ok(None);
        }
        self.set(key, body);
        if failing.is_some() {
            return Err(lost());
        }
        Ok(Some(Tag(number.to_string())))
    }
}

/// A failed call to S3.
pub(super) fn failure(kind: AwsErrorKind, code: Option<&str>) -> Box<AwsError> {
    Box::new(AwsError {
        operation: ApiOperation::PutObject,
        target: None,
        kind,
        code: code.map(str::to_owned),
        message: String::new(),
        request_id: None,
    })
}

impl ObjectStore for Memory {
    fn object<'a>(&'a self, key: &'a str) -> Answer<'a, Option<Object>> {
        let found = self.objects.lock().unwrap().get(key).cloned();
        Box::pin(async {
            // Others act between what this one reads and what it does then.
            tokio::task::yield_now().await;
            Ok(found)
        })
    }

    fn put_new<'a>(&'a self, key: &'a str, body: &'a [u8]) -> Answer<'a, Option<Tag>> {
        let answer = self.put(key, body, None);
        Box::pin(async { answer })
    }

    fn put_if_unchanged<'a>(
        &'a self,
        key: &'a str,
        body: &'a [u8],
        tag: &'a Tag,
    ) -> Answer<'a, Option<Tag>> {
        let answer = self.put(key, body, Some(tag));
        Box::pin(async { answer })
    }

    fn keys<'a>(&'a self, prefix: &'a str) -> Answer<'a, Vec<String>> {
        let objects = self.objects.lock().unwrap();
        let keys = objects.keys().filter(|key| key.starts_with(prefix));
        let keys: Vec<String> = keys.cloned().collect();
        Box::pin(async { Ok(keys) })
    }

    fn folders<'a>(&'a self, prefix: &'a str) -> Answer<'a, Vec<String>> {
        let objects = self.objects.lock().unwrap();
        let mut folders: Vec<String> = objects
            .keys()
            .filter_map(|key| Some(key.strip_prefix(prefix)?.split_once('/')?.0.to_owned()))
            .collect();
        folders.dedup();
        Box::pin(async { Ok(folders) })
    }
}

/// A store that answers every call with the same failure.
pub(super) struct Broken(pub(super) AwsErrorKind, pub(super) Option<&'static str>);

impl ObjectStore for Broken {
    fn object<'a>(&'a self, _: &'a str) -> Answer<'a, Option<Object>> {
        Box::pin(async { Err(failure(self.0, self.1)) })
    }
    fn put_new<'a>(&'a self, _: &'a str, _: &'a [u8]) -> Answer<'a, Option<Tag>> {
        Box::pin(async { Err(failure(self.0, self.1)) })
    }
    fn put_if_unchanged<'a>(
        &'a self,
        _: &'a str,
        _: &'a [u8],
        _: &'a Tag,
    ) -> Answer<'a, Option<Tag>> {
        Box::pin(async { Err(failure(self.0, self.1)) })
    }
    fn keys<'a>(&'a self, _: &'a str) -> Answer<'a, Vec<String>> {
        Box::pin(async { Err(failure(self.0, self.1)) })
    }
    fn folders<'a>(&'a self, _: &'a str) -> Answer<'a, Vec<String>> {
        Box::pin(async { Err(failure(self.0, self.1)) })
    }
}
