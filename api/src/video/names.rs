//! What meetings and people are called at Chime: digests, which tell nothing of rooms and users.
//!
//! Each is 64 small hexadecimal digits, as many as Chime takes. Room ids differ by case and names of meetings do not, so
//! a room's id would not do. What an attendee is called is seen by everybody in the meeting: it holds the room as well, and
//! nobody is recognised in another one.

use ledger::{InstanceId, RoomId, Sub};
use ring::digest::{Context, SHA256};

/// Which of a generation's tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token {
    First,
    /// For when the first has made a meeting of something else, as another version of this program may want it.
    Spare,
}

/// The token that makes a room's meeting of a generation.
pub(super) fn token(instance: &InstanceId, room: &RoomId, generation: u64, token: Token) -> String {
    let kind = match token {
        Token::First => "first token",
        Token::Spare => "spare token",
    };
    let generation = generation.to_string();
    digest(&[kind, instance.as_str(), room.as_str(), &generation])
}

/// What the meetings of a room are called.
pub(super) fn meeting(instance: &InstanceId, room: &RoomId) -> String {
    digest(&["meeting", instance.as_str(), room.as_str()])
}

/// What a user with a device is called in the meetings of a room.
pub(super) fn user(
    instance: &InstanceId,
    room: &RoomId,
    sub: &Sub,
    device: Option<&str>,
) -> String {
    let device = device.unwrap_or_default();
    digest(&[
        "user",
        instance.as_str(),
        room.as_str(),
        sub.as_str(),
        device,
    ])
}

/// A digest of all parts, each with its length: no two lists are the same text.
fn digest(parts: &[&str]) -> String {
    let mut context = Context::new(&SHA256);
    for part in parts {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part.as_bytes());
    }
    let digest = context.finish();
    let digits = digest.as_ref().iter().map(|byte| format!("{byte:02x}"));
    digits.collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn everything_that_differs_has_another_name() {
        let instance = |id| InstanceId::new(id).unwrap();
        let (here, there) = (instance("aaaaaaaaaa"), instance("bbbbbbbbbb"));
        let room = |id| RoomId::new(id).unwrap();
        let (small, capital) = (room("room"), room("Room"));
        let (one, other) = (Sub::new("one").unwrap(), Sub::new("other").unwrap());
        let names = [
            token(&here, &small, 1, Token::First),
            token(&here, &small, 1, Token::Spare),
            token(&here, &small, 2, Token::First),
            token(&here, &capital, 1, Token::First),
            token(&there, &small, 1, Token::First),
            meeting(&here, &small),
            meeting(&here, &capital),
            meeting(&there, &small),
            user(&here, &small, &one, None),
            user(&here, &small, &one, Some("phone")),
            user(&here, &small, &other, None),
            user(&here, &capital, &one, None),
            user(&there, &small, &one, None),
        ];
        assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
        for name in &names {
            let is_digit = |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
            assert!(name.len() == 64 && name.bytes().all(is_digit), "{name}");
        }
        assert_eq!(user(&here, &small, &one, None), names[8]);
    }

    #[test]
    fn parts_do_not_run_into_each_other() {
        assert_ne!(digest(&["ab", "c"]), digest(&["a", "bc"]));
        assert_ne!(digest(&["a", ""]), digest(&["a"]));
    }
}
