//! Random identifiers in the forms of the service.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::refusal::{Exception, Refusal};

/// How every id of a meeting ends: the number of the group of servers that holds it, one for all here.
const CELL: &str = "2713";

/// A UUID of version 4.
pub(crate) fn uuid() -> Result<String, Refusal> {
    let mut bytes = random::<16>()?;
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    Ok(grouped(&bytes))
}

pub(crate) fn meeting_id() -> Result<String, Refusal> {
    let mut id = uuid()?;
    id.replace_range(id.len() - CELL.len().., CELL);
    Ok(id)
}

/// An attendee's id: sixteen random bytes, which are no UUID of any version there either.
pub(crate) fn attendee_id() -> Result<String, Refusal> {
    Ok(grouped(&random::<16>()?))
}

/// A secret that lets its holder join as that attendee.
pub(crate) fn join_token(attendee: &str) -> Result<String, Refusal> {
    Ok(URL_SAFE_NO_PAD.encode(format!("{attendee}:{}", uuid()?)))
}

/// The first part of the name of the server that carries a meeting's sound.
pub(crate) fn audio_host() -> Result<String, Refusal> {
    Ok(hexadecimal(&random::<16>()?))
}

fn random<const LENGTH: usize>() -> Result<[u8; LENGTH], Refusal> {
    let mut bytes = [0; LENGTH];
    getrandom::fill(&mut bytes).map_err(|error| {
        let message = format!("the system has no random bytes: {error}");
        Refusal::new(Exception::ServiceFailure, message)
    })?;
    Ok(bytes)
}

fn grouped(bytes: &[u8; 16]) -> String {
    let groups = [
        &bytes[..4],
        &bytes[4..6],
        &bytes[6..8],
        &bytes[8..10],
        &bytes[10..],
    ];
    groups.map(hexadecimal).join("-")
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model;

    #[test]
    fn ids_are_what_the_model_says_and_tokens_name_their_attendee() {
        let (meeting, attendee) = (meeting_id().unwrap(), attendee_id().unwrap());
        assert!(model::is_guid(&meeting) && model::is_guid(&attendee));
        assert!(meeting.ends_with(CELL));
        assert_ne!(meeting, meeting_id().unwrap());
        let token = join_token(&attendee).unwrap();
        assert_ne!(token, join_token(&attendee).unwrap());
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(token).unwrap()).unwrap();
        assert!(text.starts_with(&format!("{attendee}:")) && text.len() == 73);
    }
}
