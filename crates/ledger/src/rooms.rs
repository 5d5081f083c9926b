//! Rooms and their meetings. A room has one meeting at a time, whoever asks for it how often at once.

use crate::{
    Error, InstanceId, Ledger, RoomId,
    database::{Row, statement},
};

pub(crate) const ROOM: &str =
    "SELECT generation, meeting FROM rooms WHERE instance = ?1 AND room = ?2";
pub(crate) const SET: &str = "INSERT INTO rooms (instance, room, generation, meeting) SELECT ?1, ?2, ?3, ?4 WHERE ?3 = ?5 OR EXISTS (
    SELECT 1 FROM rooms WHERE instance = ?1 AND room = ?2
)
ON CONFLICT (instance, room) DO UPDATE SET meeting = excluded.meeting
    WHERE generation = excluded.generation AND meeting IS NULL";
pub(crate) const RETIRE: &str = "UPDATE rooms SET generation = generation + 1, meeting = NULL
WHERE instance = ?1 AND room = ?2 AND generation = ?3 AND meeting IS NOT NULL";

const FIRST: u64 = 1;

/// A room, as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Room {
    /// The number of its meeting, or of the next one: 1 at first, and one more for each that was retired.
    pub generation: u64,
    /// The meeting, as it was stored; none until one of this generation is.
    pub meeting: Option<String>,
}

impl Ledger {
    /// The room as it is now.
    ///
    /// # Errors
    /// The database fails.
    pub async fn room(&self, instance: &InstanceId, room: &RoomId) -> Result<Room, Error> {
        let read = statement!(ROOM, instance.as_str(), room.as_str());
        Room::of(&self.database.run(read).await?)
    }

    /// Stores the meeting of a generation, unless there is one or the generation is past, and gives the room as it is then.
    ///
    /// # Errors
    /// The database fails, or there is no such instance.
    pub async fn set_meeting(
        &self,
        instance: &InstanceId,
        room: &RoomId,
        generation: u64,
        meeting: &str,
    ) -> Result<Room, Error> {
        let set = statement!(
            SET,
            instance.as_str(),
            room.as_str(),
            generation,
            meeting,
            FIRST,
        );
        let read = statement!(ROOM, instance.as_str(), room.as_str());
        let [_, rows] = self.database.transaction([set, read]).await?;
        Room::of(&rows)
    }

    /// Retires the meeting of a generation, unless somebody did, and gives the room as it is then.
    ///
    /// # Errors
    /// The database fails.
    pub async fn retire_meeting(
        &self,
        instance: &InstanceId,
        room: &RoomId,
        generation: u64,
    ) -> Result<Room, Error> {
        let retire = statement!(RETIRE, instance.as_str(), room.as_str(), generation);
        let read = statement!(ROOM, instance.as_str(), room.as_str());
        let [_, rows] = self.database.transaction([retire, read]).await?;
        Room::of(&rows)
    }
}

impl Room {
    fn of(rows: &[Row]) -> Result<Self, Error> {
        const WHAT: &str = "a room";
        match rows.first() {
            None => Ok(Self {
                generation: FIRST,
                meeting: None,
            }),
            Some(row) => Ok(Self {
                generation: row.count(0, WHAT)?,
                meeting: row.optional_text(1, WHAT)?.map(str::to_owned),
            }),
        }
    }
}
