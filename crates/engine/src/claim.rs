//! Who is at work on an environment. One run at a time holds it: an object in the asset bucket says which, is written
//! again while that run lives, and is marked as free at its end.
//!
//! A run that was killed leaves its mark. Whoever comes next takes the environment over: at once where it can tell that
//! the process is gone, otherwise when there is no sign of life for a while. Clocks of machines differ, so silence alone
//! is not believed: the object is watched, and only if nobody writes it meanwhile is it taken.

use std::{fmt, time::Duration};

use serde::{Deserialize, Serialize};
use tokio::{sync::Mutex, time::sleep};

use crate::{
    aws::{from_rfc3339, rfc3339},
    error::Error,
    record::{Home, RecordError, is_open},
    store::{ObjectStore, Tag},
};

/// The version of the object's form.
const FORMAT_VERSION: &str = "1.0";

/// How often a claim is tried that others are quicker for each time.
const ATTEMPTS: u32 = 20;

/// Tells the time, in milliseconds since 1970.
pub type Clock<'a> = &'a (dyn Fn() -> i64 + Send + Sync);

/// A run that is at work on an environment. Displays as who that is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claimant {
    /// What was typed: `chitinfra deploy -e staging`.
    pub command: String,
    /// Whose credentials it has: an ARN.
    pub by: String,
    /// The machine's name.
    pub machine: String,
    /// What tells this start of this machine from all others, and processes in one container from those in another, where
    /// it is known.
    pub boot: Option<String>,
    /// The process.
    pub process: u32,
    /// What tells the process from an earlier one of the same number, where it is known.
    pub process_started: Option<String>,
    /// Tells this run from all others.
    pub run: String,
    /// When it took the environment, in RFC 3339.
    pub since: String,
    /// Its last sign of life, in RFC 3339.
    pub seen: String,
    /// The release it is carrying out.
    pub release: Option<String>,
}

/// The object's content.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Note {
    format_version: String,
    /// Who holds the environment; nobody when it is free.
    holder: Option<Claimant>,
    /// A release that was cut off and that no run has come to terms with since.
    unfinished: Option<String>,
}

/// How often a claim is renewed, and how long one that is not is respected.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// How long to wait between two signs of life.
    pub renewal: Duration,
    /// How long after its last sign of life a run is taken to be alive.
    pub silence: Duration,
    /// How long a silent claim is watched before it is taken over.
    pub watch: Duration,
}

impl Patience {
    /// For AWS: a dead run blocks an environment for one minute, and whoever waits for half a minute more.
    pub const AWS: Self = Self {
        renewal: Duration::from_secs(10),
        silence: Duration::from_secs(60),
        watch: Duration::from_secs(30),
    };

    /// For the embedded endpoint: all are on one machine and have its clock.
    pub const EMBEDDED: Self = Self {
        renewal: Duration::from_secs(1),
        silence: Duration::from_secs(10),
        watch: Duration::from_secs(3),
    };
}

/// What a claim is judged by.
#[derive(Clone, Copy)]
pub struct Judgement<'a> {
    /// What time it is.
    pub clock: Clock<'a>,
    /// How long a silent run is respected.
    pub patience: Patience,
    /// Whether a run is known to have ended: it was on this machine, and its process is gone. Not knowing is not enough.
    pub is_gone: &'a (dyn Fn(&Claimant) -> bool + Send + Sync),
}

impl Judgement<'_> {
    /// How long ago a run last gave a sign of life.
    pub fn silent_for(&self, claimant: &Claimant) -> Duration {
        let seen = from_rfc3339(&claimant.seen).unwrap_or_default();
        let silence = (self.clock)().saturating_sub(seen).max(0);
        Duration::from_millis(silence.unsigned_abs())
    }

    /// Whether a run is taken to be at work.
    pub fn is_alive(&self, claimant: &Claimant) -> bool {
        !(self.is_gone)(claimant) && self.silent_for(claimant) <= self.patience.silence
    }
}

/// An environment held by this run. It is held until [`Claim::free`], and stays held only while [`Claim::keep`] runs.
pub struct Claim<'a> {
    store: &'a dyn ObjectStore,
    key: String,
    judgement: Judgement<'a>,
    state: Mutex<State>,
}

struct State {
    tag: Tag,
    me: Claimant,
    unfinished: Option<String>,
}

/// A claim that was made, and what it was made in spite of.
pub struct Claimed<'a> {
    /// The claim.
    pub claim: Claim<'a>,
    /// The run that held the environment and is dead.
    pub displaced: Option<Displaced>,
    /// A release that was cut off.
    pub unfinished: Option<String>,
}

/// A run whose claim was taken over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Displaced {
    /// The run.
    pub holder: Claimant,
    /// How long it gave no sign of life; nothing when its process is known to be gone.
    pub silent_for: Option<Duration>,
}

/// Who holds an environment, dead or alive; nobody where there is no bucket.
///
/// # Errors
/// The bucket cannot be read, or what is in it is not understood.
pub async fn occupant(store: &dyn ObjectStore, home: &Home) -> Result<Option<Claimant>, Error> {
    match store.object(&home.lock()).await {
        Ok(None) => Ok(None),
        Ok(Some(found)) => Ok(read(&home.lock(), &found.body)?.holder),
        Err(error) if error.is_missing_bucket() => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Takes an environment for this run; nothing where there is no bucket to say so in.
///
/// # Errors
/// Another run holds it, or the bucket cannot be read or written.
pub async fn claim<'a>(
    store: &'a dyn ObjectStore,
    home: &Home,
    me: Claimant,
    judgement: Judgement<'a>,
) -> Result<Option<Claimed<'a>>, Error> {
    let key = home.lock();
    let mut last: Option<Claimant> = None;
    for _ in 0..ATTEMPTS {
        let found = match store.object(&key).await {
            Err(error) if error.is_missing_bucket() => return Ok(None),
            found => found?,
        };
        let mut displaced = None;
        let mut unfinished = None;
        let mut before = None;
        if let Some(found) = found {
            let note = read(&key, &found.body)?;
            unfinished = note.unfinished;
            before = Some(found.tag);
            if let Some(holder) = note.holder
                && holder.run != me.run
            {
                last = Some(holder.clone());
                let silent_for = if (judgement.is_gone)(&holder) {
                    None
                } else if judgement.is_alive(&holder) {
                    return Err(held(home, holder, &judgement).into());
                } else {
                    sleep(judgement.patience.watch).await;
                    let again = store.object(&key).await?;
                    if again.map(|again| again.tag) != before {
                        // It lives, or someone else took it over.
                        continue;
                    }
                    Some(judgement.silent_for(&holder))
                };
                unfinished = holder.release.clone().or(unfinished);
                displaced = Some(Displaced { holder, silent_for });
            }
        }
        if let Some(release) = &unfinished
            && !is_open(store, home, release).await?
        {
            unfinished = None;
        }
        let me = Claimant {
            since: now(&judgement),
            seen: now(&judgement),
            ..me.clone()
        };
        let body = write(Some(&me), unfinished.as_ref());
        let written = match &before {
            None => store.put_new(&key, &body).await,
            Some(tag) => store.put_if_unchanged(&key, &body, tag).await,
        };
        match written {
            Ok(Some(tag)) => {
                return Ok(Some(Claimed {
                    claim: Claim {
                        store,
                        key,
                        judgement,
                        state: Mutex::new(State {
                            tag,
                            me,
                            unfinished: unfinished.clone(),
                        }),
                    },
                    displaced,
                    unfinished,
                }));
            }
            // Someone was quicker.
            Ok(None) => {}
            Err(error) if error.is_missing_bucket() => return Ok(None),
            Err(error) => return Err(error.into()),
        }
    }
    let holder = last.unwrap_or(me);
    Err(held(home, holder, &judgement).into())
}

impl Claim<'_> {
    /// Gives signs of life until another run has taken the environment over, which it then says.
    pub async fn keep(&self) -> Error {
        loop {
            sleep(self.judgement.patience.renewal).await;
            match self.rewrite(|_| {}, true).await {
                // Without an answer the claim is good for as long as the last sign of life.
                Ok(()) | Err(Error::Aws(_)) => {}
                Err(lost) => return lost,
            }
        }
    }

    /// Says which release this run carries out from now on.
    pub(crate) async fn begin(&self, release: &str) -> Result<(), Error> {
        let begin = |state: &mut State| state.me.release = Some(release.to_owned());
        self.rewrite(begin, true).await
    }

    /// Says that no release is open any more: neither one of this run nor one that was cut off before it.
    ///
    /// # Errors
    /// The environment was taken over, or the bucket cannot be written.
    pub async fn settle(&self) -> Result<(), Error> {
        self.rewrite(forget, true).await
    }

    /// Lets the environment go. A release that was begun and not settled stays known as cut off.
    ///
    /// # Errors
    /// The bucket cannot be written.
    pub async fn free(&self) -> Result<(), Error> {
        match self.rewrite(|_| {}, false).await {
            // It was let go already, by force.
            Err(Error::Record(RecordError::Displaced { .. })) => Ok(()),
            freed => freed,
        }
    }

    /// Whose credentials this run has.
    pub(crate) async fn claimant(&self) -> (Claimant, Option<String>) {
        let state = self.state.lock().await;
        (state.me.clone(), state.unfinished.clone())
    }

    /// Writes the object again, if it is still this run's.
    async fn rewrite(&self, change: impl FnOnce(&mut State), hold: bool) -> Result<(), Error> {
        let mut state = self.state.lock().await;
        change(&mut state);
        state.me.seen = now(&self.judgement);
        let body = if hold {
            write(Some(&state.me), state.unfinished.as_ref())
        } else {
            let open = state.me.release.as_ref().or(state.unfinished.as_ref());
            write(None, open)
        };
        let mut tag = state.tag.clone();
        loop {
            let written = self.store.put_if_unchanged(&self.key, &body, &tag).await?;
            if let Some(tag) = written {
                state.tag = tag;
                return Ok(());
            }
            let Some(found) = self.store.object(&self.key).await? else {
                return Err(RecordError::Displaced { by: None }.into());
            };
            if found.body == body {
                // It was written, and only the answer was lost.
                state.tag = found.tag;
                return Ok(());
            }
            match read(&self.key, &found.body)?.holder {
                Some(holder) if holder.run == state.me.run && found.tag != tag => tag = found.tag,
                holder => {
                    let by = holder.map(Box::new);
                    return Err(RecordError::Displaced { by }.into());
                }
            }
        }
    }
}

fn forget(state: &mut State) {
    state.me.release = None;
    state.unfinished = None;
}

fn held(home: &Home, holder: Claimant, judgement: &Judgement<'_>) -> RecordError {
    RecordError::Held {
        environment: home.environment.clone(),
        silent_for: judgement.silent_for(&holder),
        after: judgement.patience.silence + judgement.patience.watch,
        holder: Box::new(holder),
    }
}

fn now(judgement: &Judgement<'_>) -> String {
    let seconds = (judgement.clock)() / 1000;
    rfc3339(seconds * 1000).unwrap_or_default()
}

fn write(holder: Option<&Claimant>, unfinished: Option<&String>) -> Vec<u8> {
    let note = Note {
        format_version: FORMAT_VERSION.to_owned(),
        holder: holder.cloned(),
        unfinished: unfinished.cloned(),
    };
    serde_json::to_vec_pretty(&note).expect("a note of plain strings is JSON")
}

fn read(key: &str, body: &[u8]) -> Result<Note, RecordError> {
    serde_json::from_slice(body).map_err(|error| RecordError::DamagedClaim {
        key: key.to_owned(),
        reason: error.to_string(),
    })
}

impl fmt::Display for Claimant {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            command,
            by,
            machine,
            process,
            since,
            ..
        } = self;
        write!(
            formatter,
            "{by} (`{command}` on `{machine}`, process {process}) since {since}"
        )
    }
}

impl fmt::Debug for Claim<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Claim")
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}
