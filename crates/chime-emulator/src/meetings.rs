//! All meetings there have been, and the tokens that made them.

use std::{collections::HashMap, time::SystemTime};

use indexmap::IndexMap;

use crate::{
    meeting::{Meeting, NewMeeting},
    refusal::{Exception, Refusal},
};

/// The state of the service.
#[derive(Default)]
pub(crate) struct Meetings {
    /// By id, in the order they were made.
    meetings: IndexMap<String, Meeting>,
    /// Which meeting a token made in a region.
    tokens: HashMap<(&'static str, String), String>,
}

impl Meetings {
    /// Makes a meeting, or finds the one that the same request made, be it over or not: a token makes one meeting.
    pub(crate) fn create(
        &mut self,
        new: NewMeeting,
        account: &str,
        region: &'static str,
        now: SystemTime,
    ) -> Result<&mut Meeting, Refusal> {
        let key = (region, new.client_request_token.clone());
        if let Some(id) = self.tokens.get(&key) {
            let meeting = &mut self.meetings[id];
            if meeting.made_of != new {
                let message = "The ClientRequestToken was used with other parameters";
                return Err(Refusal::new(Exception::Conflict, message));
            }
            meeting.settle(now);
            return Ok(meeting);
        }
        let meeting = Meeting::new(new, account, region, now)?;
        self.tokens.insert(key, meeting.id.clone());
        let entry = self.meetings.entry(meeting.id.clone());
        Ok(entry.or_insert(meeting))
    }

    /// A meeting of a region, be it over or not.
    pub(crate) fn any(
        &mut self,
        id: &str,
        region: &str,
        now: SystemTime,
    ) -> Result<&mut Meeting, Refusal> {
        let meeting = self.meetings.get_mut(id);
        let meeting = meeting.filter(|meeting| meeting.region == region);
        let meeting = meeting.ok_or_else(|| not_found(id))?;
        meeting.settle(now);
        Ok(meeting)
    }

    /// A meeting of a region that goes on.
    pub(crate) fn active(
        &mut self,
        id: &str,
        region: &str,
        now: SystemTime,
    ) -> Result<&mut Meeting, Refusal> {
        let meeting = self.any(id, region, now)?;
        if meeting.ending.is_some() {
            return Err(not_found(id));
        }
        Ok(meeting)
    }

    /// The meeting that has an ARN and goes on.
    pub(crate) fn with_arn(
        &mut self,
        arn: &str,
        region: &str,
        now: SystemTime,
    ) -> Result<&mut Meeting, Refusal> {
        let id = arn.rsplit('/').next().unwrap_or_default();
        let meeting = self.active(id, region, now).ok();
        meeting.filter(|meeting| meeting.arn == arn).ok_or_else(|| {
            let message = "The resource does not exist";
            Refusal::new(Exception::ResourceNotFound, message).about(arn)
        })
    }

    /// Any meeting of any region, for the one who runs the emulator.
    pub(crate) fn anywhere(&mut self, id: &str, now: SystemTime) -> Option<&mut Meeting> {
        let meeting = self.meetings.get_mut(id)?;
        meeting.settle(now);
        Some(meeting)
    }

    /// All meetings, in the order they were made.
    pub(crate) fn all(&mut self, now: SystemTime) -> impl Iterator<Item = &Meeting> {
        self.meetings.values_mut().map(move |meeting| {
            meeting.settle(now);
            &*meeting
        })
    }
}

fn not_found(id: &str) -> Refusal {
    Refusal::new(Exception::NotFound, format!("Meeting <{id}> not found"))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::{Value, from_value, json};

    use super::*;
    use crate::meeting::Ending;

    const START: SystemTime = SystemTime::UNIX_EPOCH;

    fn new(token: &str, more: Value) -> NewMeeting {
        let mut value = json!({
            "ClientRequestToken": token,
            "MediaRegion": "eu-central-1",
            "ExternalMeetingId": "room",
        });
        for (name, member) in more.as_object().expect("members") {
            value[name] = member.clone();
        }
        from_value(value).expect("a meeting")
    }

    fn create(meetings: &mut Meetings, new: NewMeeting) -> Result<String, Exception> {
        let meeting = meetings.create(new, "000000000000", "us-east-1", START);
        meeting
            .map(|meeting| meeting.id.clone())
            .map_err(|refusal| refusal.exception)
    }

    fn admit(meetings: &mut Meetings, id: &str, user: &str, now: u64) -> Result<String, Refusal> {
        let now = START + Duration::from_secs(now);
        let user = from_value(json!({ "ExternalUserId": user })).expect("an attendee");
        let meeting = meetings.any(id, "us-east-1", now)?;
        meeting.admit(user).map(|one| one.attendee_id.clone())
    }

    fn ending(meetings: &mut Meetings, id: &str, seconds: u64) -> Option<Ending> {
        let now = START + Duration::from_secs(seconds);
        meetings.anywhere(id, now).expect("it is known").ending
    }

    #[test]
    fn one_token_makes_one_meeting_for_good() {
        let mut meetings = Meetings::default();
        let id = create(&mut meetings, new("t1", json!({}))).unwrap();
        assert_eq!(
            create(&mut meetings, new("t1", json!({}))).as_ref(),
            Ok(&id)
        );
        assert_ne!(
            create(&mut meetings, new("t2", json!({}))).as_ref(),
            Ok(&id)
        );
        for other in [
            json!({"ExternalMeetingId": "other"}),
            json!({"MediaRegion": "us-east-1"}),
            json!({"Tags": [{"Key": "a", "Value": "b"}]}),
            json!({"MeetingFeatures": {"Attendee": {"MaxCount": 15}}}),
            json!({"Attendees": [{"ExternalUserId": "u1"}]}),
        ] {
            let refused = create(&mut meetings, new("t1", other));
            assert_eq!(refused, Err(Exception::Conflict));
        }
        let elsewhere = meetings.create(new("t1", json!({})), "000000000000", "us-west-2", START);
        let elsewhere = elsewhere.expect("tokens are of a region").id.clone();
        assert_ne!(elsewhere, id);
        assert!(meetings.active(&elsewhere, "us-east-1", START).is_err());

        let meeting = meetings.active(&id, "us-east-1", START).unwrap();
        meeting.end(Ending::Deleted);
        assert!(meetings.active(&id, "us-east-1", START).is_err());
        assert_eq!(
            create(&mut meetings, new("t1", json!({}))).as_ref(),
            Ok(&id)
        );
        let refusal = admit(&mut meetings, &id, "u1", 0).expect_err("it is over");
        assert_eq!(refusal.message, "The meeting has ended");
        assert_eq!(meetings.all(START).count(), 3);
    }

    #[test]
    fn a_refused_request_leaves_its_token_unused() {
        let mut meetings = Meetings::default();
        let reserved = new("t1", json!({"ExternalMeetingId": "Aws:room"}));
        assert_eq!(create(&mut meetings, reserved), Err(Exception::BadRequest));
        assert!(create(&mut meetings, new("t1", json!({}))).is_ok());
    }

    #[test]
    fn a_meeting_ends_when_it_was_empty_for_too_long() {
        let mut meetings = Meetings::default();
        let id = create(&mut meetings, new("t1", json!({}))).unwrap();
        assert_eq!(ending(&mut meetings, &id, 300), None);
        assert_eq!(ending(&mut meetings, &id, 301), Some(Ending::Empty));
        let id = create(&mut meetings, new("t3", json!({}))).unwrap();
        let late = ending(&mut meetings, &id, 90_000);
        assert_eq!(late, Some(Ending::Empty), "that was earlier than its age");

        let id = create(&mut meetings, new("t2", json!({}))).unwrap();
        let one = admit(&mut meetings, &id, "u1", 0).unwrap();
        let two = admit(&mut meetings, &id, "u2", 0).unwrap();
        let mut connect = |who: &str, is_connected, seconds| {
            let now = START + Duration::from_secs(seconds);
            let meeting = meetings.active(&id, "us-east-1", now).unwrap();
            meeting.connect(who, is_connected, now).unwrap();
        };
        connect(&one, true, 100);
        connect(&two, true, 200);
        connect(&one, false, 1000);
        connect(&one, false, 1500);
        connect(&two, false, 2000);
        connect(&two, false, 2200);
        assert_eq!(ending(&mut meetings, &id, 2300), None);
        assert_eq!(ending(&mut meetings, &id, 2301), Some(Ending::Empty));
        assert_eq!(
            ending(&mut meetings, &id, 0),
            Some(Ending::Empty),
            "for good"
        );
    }

    #[test]
    fn a_meeting_ends_after_a_day_and_when_its_last_attendee_is_deleted_soon() {
        let mut meetings = Meetings::default();
        let id = create(&mut meetings, new("t1", json!({}))).unwrap();
        let one = admit(&mut meetings, &id, "u1", 0).unwrap();
        let meeting = meetings.active(&id, "us-east-1", START).unwrap();
        meeting.connect(&one, true, START).unwrap();
        assert_eq!(ending(&mut meetings, &id, 86_400), None);
        assert_eq!(ending(&mut meetings, &id, 86_401), Some(Ending::Expired));
        let meeting = meetings.anywhere(&id, START).unwrap();
        assert!(!meeting.attendees[&one].is_connected);

        let id = create(&mut meetings, new("t2", json!({}))).unwrap();
        let one = admit(&mut meetings, &id, "u1", 0).unwrap();
        let later = START + Duration::from_secs(1000);
        let meeting = meetings.active(&id, "us-east-1", START).unwrap();
        meeting.connect(&one, true, START).unwrap();
        meeting.dismiss(&one, later).unwrap();
        assert!(meeting.dismiss(&one, later).is_err());
        assert_eq!(ending(&mut meetings, &id, 1300), None);
        assert_eq!(ending(&mut meetings, &id, 1301), Some(Ending::Empty));
    }

    #[test]
    fn an_external_id_is_one_attendee_and_the_limit_holds() {
        let mut meetings = Meetings::default();
        let few = json!({"MeetingFeatures": {"Attendee": {"MaxCount": 2}}});
        let id = create(&mut meetings, new("t1", few)).unwrap();
        let one = admit(&mut meetings, &id, "u1", 0).unwrap();
        let two = admit(&mut meetings, &id, "u2", 0).unwrap();
        assert_eq!(admit(&mut meetings, &id, "u1", 0), Ok(one.clone()));
        let full = admit(&mut meetings, &id, "u3", 0).expect_err("it is full");
        assert_eq!(full.exception, Exception::LimitExceeded);
        let reserved = admit(&mut meetings, &id, "aws:u", 0).expect_err("it is reserved");
        assert_eq!(reserved.exception, Exception::BadRequest);
        let meeting = meetings.active(&id, "us-east-1", START).unwrap();
        meeting.dismiss(&one, START).unwrap();
        assert!(admit(&mut meetings, &id, "u3", 0).is_ok());
        assert_eq!(admit(&mut meetings, &id, "u2", 0), Ok(two));
    }
}
