//! What all runs of one simulation share: the endpoint, the clock, chance, the weather, and what happened so far.

use std::{
    collections::{BTreeSet, HashMap},
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};

use axum::{body::Bytes, http::Request};
use engine::Claimant;
use local::{Faults, InProcess, Options, SeenStack, Trouble};
use pairs::Random;
use sha2::{Digest, Sha256};
use tokio::time::Instant;

use crate::app::TEMPLATES;

/// When every simulation begins: 24 November 2026.
const BEGINNING: Duration = Duration::from_secs(1_795_478_400);

/// The account and region of every simulation.
pub(crate) const ACCOUNT: &str = "000000000000";
pub(crate) const REGION: &str = "us-east-1";

/// What goes wrong with calls, as long as it lasts.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Weather {
    /// How many calls in a thousand are struck.
    pub(crate) per_mille: usize,
    /// How long an answer takes at most, in milliseconds.
    pub(crate) latency: usize,
    /// Whether what goes wrong is seen to go wrong: no read is answered by what was true before.
    pub(crate) is_loud: bool,
}

/// What happens to one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Blow {
    /// What the endpoint can do to a call.
    Trouble(Trouble),
    /// It is carried out, and no answer ever comes.
    Silence,
}

/// What is told of a simulation while it goes on.
#[derive(Default)]
struct Story {
    lines: Vec<String>,
    digest: Sha256,
    violations: Vec<String>,
}

/// The answers that reads got, and when.
type Answers = HashMap<Vec<u8>, (Instant, u16, Bytes)>;

/// One simulated world. Clones are the same one.
#[derive(Clone)]
pub(crate) struct World(Arc<Inner>);

struct Inner {
    endpoint: InProcess,
    began: Instant,
    random: Mutex<Random>,
    weather: Mutex<Weather>,
    story: Mutex<Story>,
    answers: Mutex<Answers>,
    /// Runs that were killed.
    dead: Mutex<BTreeSet<String>>,
    /// Stacks that someone else worked on, since this was asked the last time.
    touched: Mutex<BTreeSet<String>>,
    /// Logical ids of the resources that nobody can read.
    unreadable: Mutex<BTreeSet<String>>,
}

impl World {
    /// A world without a stack in it.
    pub(crate) fn new(seed: u64) -> Self {
        let began = Instant::now();
        let clock = Arc::new(move || SystemTime::UNIX_EPOCH + BEGINNING + began.elapsed());
        let mut options = Options::new("nowhere", "simulation", clock);
        options.seed = seed;
        ACCOUNT.clone_into(&mut options.account);
        REGION.clone_into(&mut options.region);
        Self(Arc::new(Inner {
            endpoint: InProcess::open(options),
            began,
            random: Mutex::new(Random::new(seed ^ 0x5eed)),
            weather: Mutex::default(),
            story: Mutex::default(),
            answers: Mutex::default(),
            dead: Mutex::default(),
            touched: Mutex::default(),
            unreadable: Mutex::default(),
        }))
    }

    pub(crate) fn endpoint(&self) -> &InProcess {
        &self.0.endpoint
    }

    /// What time it is.
    pub(crate) fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + BEGINNING + self.0.began.elapsed()
    }

    /// What time it is, in milliseconds since 1970.
    pub(crate) fn milliseconds(&self) -> i64 {
        let since = BEGINNING + self.0.began.elapsed();
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    }

    /// Draws by lot.
    pub(crate) fn draw<T>(&self, choose: impl FnOnce(&mut Random) -> T) -> T {
        choose(&mut lock(&self.0.random))
    }

    pub(crate) fn weather(&self) -> Weather {
        *lock(&self.0.weather)
    }

    pub(crate) fn set_weather(&self, weather: Weather) {
        *lock(&self.0.weather) = weather;
    }

    pub(crate) fn set_faults(&self, faults: Faults) {
        self.0.endpoint.set_faults(faults);
    }

    /// Says which resources nobody can read from now on; the faults say so too.
    pub(crate) fn set_unreadable(&self, logical_ids: BTreeSet<String>) {
        *lock(&self.0.unreadable) = logical_ids;
    }

    pub(crate) fn is_unreadable(&self, logical_id: &str) -> bool {
        lock(&self.0.unreadable).contains(logical_id)
    }

    /// What strikes a call, if anything does.
    pub(crate) fn blow(&self) -> Option<Blow> {
        let weather = self.weather();
        self.draw(|random| {
            if random.below(1000) >= weather.per_mille {
                return None;
            }
            let blow = *random.one(&[
                Blow::Trouble(Trouble::Throttled),
                Blow::Trouble(Trouble::Throttled),
                Blow::Trouble(Trouble::InternalFailure),
                Blow::Trouble(Trouble::Unavailable),
                Blow::Trouble(Trouble::Expired),
                Blow::Trouble(Trouble::LostBefore),
                Blow::Trouble(Trouble::LostAfter),
                Blow::Trouble(Trouble::LostAfter),
                Blow::Trouble(Trouble::Cut),
                Blow::Trouble(Trouble::Absent),
                Blow::Trouble(Trouble::Stale),
                Blow::Trouble(Trouble::Stale),
                Blow::Silence,
            ]);
            let is_quiet = matches!(blow, Blow::Trouble(Trouble::Absent | Trouble::Stale));
            Some(blow).filter(|_| !(is_quiet && weather.is_loud))
        })
    }

    /// Tells what happens.
    pub(crate) fn tell(&self, what: impl fmt::Display) {
        let line = format!("{:>9.3} {what}", self.0.began.elapsed().as_secs_f64());
        let mut story = lock(&self.0.story);
        story.digest.update(line.as_bytes());
        story.lines.push(line);
    }

    /// Tells that something happened which must never happen.
    pub(crate) fn accuse(&self, what: impl fmt::Display) {
        let what = what.to_string();
        self.tell(format_args!("VIOLATION: {what}"));
        lock(&self.0.story).violations.push(what);
    }

    pub(crate) fn violations(&self) -> Vec<String> {
        lock(&self.0.story).violations.clone()
    }

    /// Everything that was told, and a digest of it.
    pub(crate) fn story(&self) -> (Vec<String>, String) {
        let story = lock(&self.0.story);
        let digest = story.digest.clone().finalize();
        let digest = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        (story.lines.clone(), digest)
    }

    /// The answer that the same read got before, if that was not long ago.
    pub(crate) fn answered(&self, asked: &[u8]) -> Option<(u16, Bytes)> {
        /// How far behind a read may be: CloudFormation promises no bound, and is seconds behind at most.
        const LATE: Duration = Duration::from_secs(2);
        let answers = lock(&self.0.answers);
        let (at, status, body) = answers.get(asked)?;
        (at.elapsed() <= LATE).then(|| (*status, body.clone()))
    }

    pub(crate) fn keep_answer(&self, asked: Vec<u8>, status: u16, body: Bytes) {
        lock(&self.0.answers).insert(asked, (Instant::now(), status, body));
    }

    pub(crate) fn bury(&self, run: &str) {
        lock(&self.0.dead).insert(run.to_owned());
    }

    /// Whether a run is known to be dead.
    pub(crate) fn is_dead(&self, claimant: &Claimant) -> bool {
        lock(&self.0.dead).contains(&claimant.run)
    }

    pub(crate) fn touch(&self, stack_name: &str) {
        lock(&self.0.touched).insert(stack_name.to_owned());
    }

    pub(crate) fn take_touched(&self) -> BTreeSet<String> {
        std::mem::take(&mut lock(&self.0.touched))
    }

    /// Puts templates where nested stacks find them.
    pub(crate) async fn place(&self, templates: Vec<(String, String)>) {
        let bucket = (format!("/{TEMPLATES}"), String::new());
        for (path, text) in std::iter::once(bucket).chain(templates) {
            let request = Request::put(path).body(Bytes::from(text));
            // The bucket is there but for the first time.
            let _ = self
                .endpoint()
                .answer(request.expect("its parts are plain"))
                .await;
        }
    }

    /// The stacks there are.
    pub(crate) fn stacks(&self) -> Vec<SeenStack> {
        let all = self.0.endpoint.stacks().into_iter();
        all.filter(|stack| stack.status != "DELETE_COMPLETE")
            .collect()
    }

    /// The stack that has a name now.
    #[cfg(test)]
    pub(crate) fn stack(&self, name: &str) -> Option<SeenStack> {
        self.stacks().into_iter().find(|stack| stack.name == name)
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for World {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("World").finish_non_exhaustive()
    }
}
