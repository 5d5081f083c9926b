//! Lets somebody into a room's meeting.
//!
//! The ledger says which meeting is a room's. Callers who find none at the same time all ask Chime with the token of the
//! room's generation and get the same one; should they not, the ledger keeps the first and everybody takes that. A meeting
//! that is over ends its generation, as a token never makes a second meeting.

use std::time::Duration;

use ledger::{InstanceId, Ledger, Room, RoomId, Sub};
use serde_json::Value;
use tokio::time::Instant;

use super::{
    Failure, Meeting, MeetingService, NewMeeting,
    names::{self, Token},
};
use crate::upstream;

/// How long to wait before asking again with a token that is in use: others who ask at the same moment have their answer
/// by then.
const PAUSES: [Duration; 2] = [Duration::from_millis(100), Duration::from_millis(400)];

/// Who wants in, and where.
pub(crate) struct Visit<'a> {
    pub(crate) ledger: &'a Ledger,
    pub(crate) service: &'a dyn MeetingService,
    pub(crate) instance: &'a InstanceId,
    /// Whose the instance is.
    pub(crate) owner: &'a Sub,
    pub(crate) room: &'a RoomId,
    pub(crate) caller: &'a Sub,
    pub(crate) device: Option<&'a str>,
}

/// What a client needs to connect, as the Chime SDK for JavaScript takes it.
pub(crate) struct Joined {
    pub(crate) meeting: Value,
    /// Holds the join token, which is a secret.
    pub(crate) attendee: Value,
}

impl Visit<'_> {
    /// Lets the caller into the room's meeting, which is made if there is none. One that is over is replaced, once.
    ///
    /// # Errors
    /// The meeting is full, or Chime did not answer as it should within five seconds, or the ledger failed.
    pub(crate) async fn join(&self) -> Result<Joined, Failure> {
        let deadline = Instant::now() + upstream::PATIENCE;
        let mut room = self.ledger.room(self.instance, self.room).await?;
        match self.enter(&mut room, deadline).await {
            Err(Failure::Over) => {
                let (instance, id) = (self.instance, self.room);
                let retired = self.ledger.retire_meeting(instance, id, room.generation);
                self.enter(&mut retired.await?, deadline).await
            }
            entered => entered,
        }
    }

    /// Enters the room's meeting. `room` is what was last seen of the room.
    async fn enter(&self, room: &mut Room, deadline: Instant) -> Result<Joined, Failure> {
        let meeting = self.meeting(room, deadline).await?;
        let user = names::user(self.instance, self.room, self.caller, self.device);
        let attendee = in_time(deadline, self.service.admit(&meeting.id, &user)).await?;
        Ok(Joined {
            meeting: meeting.document,
            attendee,
        })
    }

    /// The room's meeting.
    async fn meeting(&self, room: &mut Room, deadline: Instant) -> Result<Meeting, Failure> {
        let (ledger, instance, id) = (self.ledger, self.instance, self.room);
        let mut pauses = PAUSES.into_iter();
        let mut token = Token::First;
        loop {
            if let Some(stored) = &room.meeting {
                let stored = serde_json::from_str(stored).ok().and_then(Meeting::read);
                // What cannot be read is of no use to anybody, like a meeting that is over.
                return stored.ok_or(Failure::Over);
            }
            let generation = room.generation;
            let new = NewMeeting {
                token: names::token(instance, id, generation, token),
                name: names::meeting(instance, id),
                owner: self.owner.clone(),
            };
            *room = match in_time(deadline, self.service.create(&new)).await {
                Ok(made) => {
                    let made = made.document.to_string();
                    ledger.set_meeting(instance, id, generation, &made).await?
                }
                Err(Failure::Conflict) if token == Token::First => {
                    match pauses.next() {
                        Some(pause) => tokio::time::sleep(pause).await,
                        None => token = Token::Spare,
                    }
                    ledger.room(instance, id).await?
                }
                Err(failure) => return Err(failure),
            };
        }
    }
}

async fn in_time<T>(
    deadline: Instant,
    call: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    let answer = tokio::time::timeout_at(deadline, call).await;
    answer.unwrap_or_else(|_| Err(Failure::Silent("five seconds are over".to_owned())))
}
