//! Video sessions: one meeting of the Amazon Chime SDK for each room.
//!
//! <https://docs.aws.amazon.com/chime-sdk/latest/dg/meetings-sdk.html>

mod chime;
mod join;
mod names;
mod wire;

use std::fmt;

use futures_util::future::BoxFuture;
use ledger::Sub;
use serde_json::Value;

pub(crate) use self::join::{Joined, Visit};
use crate::{
    clock::Clock,
    config::{AwsCredentials, VideoConfig},
    problem::{Kind, Problem},
};

/// How many attendees a meeting takes.
const MOST_ATTENDEES: u16 = 15;

/// Who holds meetings.
pub(crate) trait MeetingService: fmt::Debug + Send + Sync {
    /// Makes a meeting, or finds the one that its token made, be that over or not.
    fn create<'a>(&'a self, new: &'a NewMeeting) -> BoxFuture<'a, Result<Meeting, Failure>>;

    /// Makes a user an attendee of a meeting; one who is an attendee already stays the same.
    fn admit<'a>(
        &'a self,
        meeting_id: &'a str,
        user_id: &'a str,
    ) -> BoxFuture<'a, Result<Value, Failure>>;
}

/// The service that is configured.
pub(crate) fn service(
    config: &VideoConfig,
    credentials: Option<&AwsCredentials>,
    clock: &Clock,
) -> Box<dyn MeetingService> {
    Box::new(chime::Chime::new(config, credentials, clock))
}

/// What a meeting is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NewMeeting {
    /// Whoever brings the same token gets the same meeting.
    token: String,
    /// What the meeting is called.
    name: String,
    /// Who pays for it.
    owner: Sub,
}

/// A meeting, as the Chime SDK for JavaScript takes it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Meeting {
    id: String,
    document: Value,
}

impl Meeting {
    /// Reads a meeting's document; nothing if it is none.
    fn read(document: Value) -> Option<Self> {
        let id = document["MeetingId"].as_str()?.to_owned();
        Some(Self { id, document })
    }
}

/// Why nobody was let in.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The meeting is over.
    #[error("the meeting is over as soon as it is made")]
    Over,
    /// The token is in use: by others at this moment, or for a meeting that was made of something else.
    #[error("the meeting's token is in use")]
    Conflict,
    /// The meeting takes no more attendees.
    #[error("the meeting is full")]
    Full,
    /// The service answered badly.
    #[error("{0}")]
    Bad(String),
    /// The service did not answer.
    #[error("it does not answer: {0}")]
    Silent(String),
    /// The ledger failed.
    #[error(transparent)]
    Ledger(#[from] ledger::Error),
}

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        let kind = match failure {
            Failure::Ledger(error) => return error.into(),
            Failure::Full => {
                let detail =
                    format!("the meeting has {MOST_ATTENDEES} attendees, and takes no more");
                return Self::new(Kind::RoomFull, detail);
            }
            Failure::Over | Failure::Conflict | Failure::Bad(_) => Kind::BadUpstream,
            Failure::Silent(_) => Kind::SilentUpstream,
        };
        tracing::error!(%failure, "Chime let nobody in");
        let detail = "the meeting service let nobody in; nothing was charged";
        Self::new(kind, detail).retry_after(5)
    }
}
