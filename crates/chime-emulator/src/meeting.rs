//! A meeting: what it was made of, who attends, and when it ends.

use std::time::{Duration, SystemTime};

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    attendee::{self, Attendee, NewAttendee},
    features::{Capabilities, Features},
    identifiers,
    refusal::{Exception, Refusal},
    tags::{Tag, Tags, is_reserved},
};

/// How long a meeting goes on with nobody connected.
const LONGEST_EMPTY: Duration = Duration::from_secs(5 * 60);

/// How long a meeting goes on at all.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// What a meeting is made of.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct NewMeeting {
    pub(crate) client_request_token: String,
    media_region: String,
    meeting_host_id: Option<String>,
    external_meeting_id: String,
    notifications_configuration: Option<Value>,
    meeting_features: Option<Features>,
    primary_meeting_id: Option<String>,
    tenant_ids: Option<Vec<String>>,
    tags: Option<Vec<Tag>>,
    media_placement_network_type: Option<String>,
    /// Only when it is made together with them.
    pub(crate) attendees: Option<Vec<NewAttendee>>,
}

/// Why a meeting has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Ending {
    /// DeleteMeeting.
    Deleted,
    /// Nobody was connected for too long.
    Empty,
    /// It was 24 hours old.
    Expired,
    /// A test wanted it.
    Ended,
}

/// A meeting, of which those that have ended are kept.
pub(crate) struct Meeting {
    pub(crate) id: String,
    /// The region whose endpoint made it.
    pub(crate) region: &'static str,
    pub(crate) arn: String,
    pub(crate) made_of: NewMeeting,
    pub(crate) features: Features,
    audio_host: String,
    pub(crate) tags: Tags,
    pub(crate) attendees: IndexMap<String, Attendee>,
    /// How many attendees there have been.
    created: u64,
    started: SystemTime,
    /// Since when nobody is connected.
    empty_since: SystemTime,
    pub(crate) ending: Option<Ending>,
}

impl Meeting {
    pub(crate) fn new(
        made_of: NewMeeting,
        account: &str,
        region: &'static str,
        now: SystemTime,
    ) -> Result<Self, Refusal> {
        let named = [
            ("externalMeetingId", Some(&made_of.external_meeting_id)),
            ("meetingHostId", made_of.meeting_host_id.as_ref()),
        ];
        for (member, id) in named {
            refuse_reserved(member, id.map(String::as_str).unwrap_or_default())?;
        }
        let id = identifiers::meeting_id()?;
        let arn = format!("arn:aws:chime:{region}:{account}:meeting/{id}");
        let mut tags = Tags::default();
        tags.set(made_of.tags.as_deref().unwrap_or_default(), &arn)?;
        Ok(Self {
            features: made_of.meeting_features.unwrap_or_default().settled()?,
            audio_host: identifiers::audio_host()?,
            id,
            region,
            arn,
            made_of,
            tags,
            attendees: IndexMap::new(),
            created: 0,
            started: now,
            empty_since: now,
            ending: None,
        })
    }

    /// Ends it when its time is over.
    pub(crate) fn settle(&mut self, now: SystemTime) {
        let is_empty = !self.attendees.values().any(|one| one.is_connected);
        let empty = is_empty.then_some((self.empty_since + LONGEST_EMPTY, Ending::Empty));
        let expired = (self.started + LONGEST, Ending::Expired);
        let (end, ending) = empty.map_or(expired, |empty| {
            // What came first ended it, whenever it is looked at.
            if empty.0 < expired.0 { empty } else { expired }
        });
        if now > end {
            self.end(ending);
        }
    }

    /// Ends it, unless it has ended; everybody is disconnected.
    pub(crate) fn end(&mut self, ending: Ending) {
        self.ending.get_or_insert(ending);
        for attendee in self.attendees.values_mut() {
            attendee.is_connected = false;
        }
    }

    /// What the service says to who wants to attend a meeting that it still knows to be over.
    pub(crate) fn refuse_when_ended(&self) -> Result<(), Refusal> {
        if self.ending.is_some() {
            let message = "The meeting has ended";
            return Err(Refusal::new(Exception::NotFound, message));
        }
        Ok(())
    }

    /// Creates an attendee, or finds the one that has the external id.
    pub(crate) fn admit(&mut self, new: NewAttendee) -> Result<&Attendee, Refusal> {
        self.refuse_when_ended()?;
        refuse_reserved("externalUserId", &new.external_user_id)?;
        let is_meant = |one: &Attendee| one.external_user_id == new.external_user_id;
        if let Some(index) = self.attendees.values().position(is_meant) {
            return Ok(&self.attendees[index]);
        }
        let capabilities = Capabilities::settled(new.capabilities, self.features)?;
        let most = self.features.most_attendees();
        if self.attendees.len() >= most {
            let message = format!("The meeting has the maximum number of attendees, {most}");
            return Err(Refusal::new(Exception::LimitExceeded, message));
        }
        self.created += 1;
        let attendee = Attendee::new(new.external_user_id, capabilities, self.created)?;
        let entry = self.attendees.entry(attendee.attendee_id.clone());
        Ok(entry.or_insert(attendee))
    }

    pub(crate) fn attendee(&self, id: &str) -> Result<&Attendee, Refusal> {
        let attendee = self.attendees.get(id);
        attendee.ok_or_else(|| attendee::not_found(id))
    }

    pub(crate) fn dismiss(&mut self, id: &str, now: SystemTime) -> Result<(), Refusal> {
        self.connect(id, false, now)?;
        self.attendees.shift_remove(id);
        Ok(())
    }

    /// Connects an attendee or ends the connection.
    pub(crate) fn connect(
        &mut self,
        id: &str,
        is_connected: bool,
        now: SystemTime,
    ) -> Result<(), Refusal> {
        let attendee = self.attendees.get_mut(id);
        let attendee = attendee.ok_or_else(|| attendee::not_found(id))?;
        let was_connected = std::mem::replace(&mut attendee.is_connected, is_connected);
        if was_connected && !is_connected {
            self.empty_since = now;
        }
        Ok(())
    }

    /// What the service tells of it.
    pub(crate) fn answer(&self) -> Value {
        let made_of = &self.made_of;
        json!({
            "MeetingId": self.id,
            "MeetingHostId": made_of.meeting_host_id,
            "ExternalMeetingId": made_of.external_meeting_id,
            "MediaRegion": made_of.media_region,
            "MediaPlacement": self.media_placement(),
            "MeetingFeatures": self.features,
            "PrimaryMeetingId": made_of.primary_meeting_id,
            "TenantIds": made_of.tenant_ids.as_deref().unwrap_or_default(),
            "MeetingArn": self.arn,
        })
    }

    /// Where its media are to be had, in the form of the service; in a domain that cannot exist
    /// ([RFC 2606](https://www.rfc-editor.org/rfc/rfc2606)), so that no client takes its token elsewhere.
    fn media_placement(&self) -> Value {
        let Self { id, audio_host, .. } = self;
        let cell = &id[id.len() - 4..];
        let media = format!("{}.chime-emulator.invalid", self.made_of.media_region);
        json!({
            "AudioHostUrl": format!("{audio_host}.k.{media}:3478"),
            "AudioFallbackUrl": format!("wss://wss.k.{media}:443/calls/{id}"),
            "SignalingUrl": format!("wss://signal.{media}/control/{id}"),
            "TurnControlUrl": format!("https://{cell}.cell.{media}/v2/turn_sessions"),
            "ScreenDataUrl": format!("wss://bitpw.{media}:443/v2/screen/{id}"),
            "ScreenViewingUrl": format!("wss://bitpw.{media}:443/ws/connect?passcode=null&viewer_uuid=null&X-BitHub-Call-Id={id}"),
            "ScreenSharingUrl": format!("wss://bitpw.{media}:443/v2/screen/{id}"),
            "EventIngestionUrl": format!("https://data.svc.{media}/v1/client-events"),
        })
    }

    pub(crate) fn external_id(&self) -> &str {
        &self.made_of.external_meeting_id
    }
}

/// Refuses an id that AWS keeps to itself.
fn refuse_reserved(member: &str, id: &str) -> Result<(), Refusal> {
    if is_reserved(id) {
        return Err(Refusal::bad_request(format!(
            "Value at '{member}' failed to satisfy constraint: values that begin with aws: are reserved"
        )));
    }
    Ok(())
}
