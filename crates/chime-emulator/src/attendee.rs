//! An attendee of a meeting.

use serde::{Deserialize, Serialize};

use crate::{
    features::Capabilities,
    identifiers,
    refusal::{Exception, Refusal},
};

/// Who is to be an attendee.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct NewAttendee {
    pub(crate) external_user_id: String,
    pub(crate) capabilities: Option<Capabilities>,
}

/// An attendee, as the service tells of one. Not to be printed for debugging: the token is a secret.
#[derive(Clone, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Attendee {
    pub(crate) external_user_id: String,
    pub(crate) attendee_id: String,
    join_token: String,
    capabilities: Capabilities,
    /// Whether there is an audio connection.
    #[serde(skip)]
    pub(crate) is_connected: bool,
    /// Its place in the order in which the attendees of a meeting were created.
    #[serde(skip)]
    pub(crate) number: u64,
}

impl Attendee {
    pub(crate) fn new(
        external_user_id: String,
        capabilities: Capabilities,
        number: u64,
    ) -> Result<Self, Refusal> {
        let attendee_id = identifiers::attendee_id()?;
        Ok(Self {
            join_token: identifiers::join_token(&attendee_id)?,
            external_user_id,
            attendee_id,
            capabilities,
            is_connected: false,
            number,
        })
    }
}

/// One of several attendees that could not be created.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Failure {
    external_user_id: String,
    error_code: &'static str,
    error_message: String,
}

impl Failure {
    pub(crate) fn new(external_user_id: String, refusal: Refusal) -> Self {
        Self {
            external_user_id,
            error_code: refusal.exception.code(),
            error_message: refusal.message,
        }
    }
}

pub(crate) fn not_found(id: &str) -> Refusal {
    Refusal::new(Exception::NotFound, format!("Attendee <{id}> not found"))
}
