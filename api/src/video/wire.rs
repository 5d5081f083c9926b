//! Meetings and attendees as JSON, in the members that Chime itself answers with: what its SDK for JavaScript takes.
//!
//! - <https://docs.aws.amazon.com/chime-sdk/latest/APIReference/API_meeting-chime_Meeting.html>
//! - <https://docs.aws.amazon.com/chime-sdk/latest/APIReference/API_meeting-chime_Attendee.html>

use aws_sdk_chimesdkmeetings::types::{
    Attendee, AttendeeCapabilities, MediaPlacement, Meeting, MeetingFeaturesConfiguration,
};
use serde_json::{Map, Value, json};

/// A meeting; nothing if a client could not connect to it.
pub(super) fn meeting(meeting: Meeting) -> Option<Value> {
    let placement = meeting.media_placement?;
    placement.audio_host_url.as_ref()?;
    placement.signaling_url.as_ref()?;
    Some(members([
        ("MeetingId", Some(meeting.meeting_id?.into())),
        ("MeetingHostId", meeting.meeting_host_id.map(Value::from)),
        (
            "ExternalMeetingId",
            meeting.external_meeting_id.map(Value::from),
        ),
        ("MediaRegion", meeting.media_region.map(Value::from)),
        ("MediaPlacement", Some(media_placement(placement))),
        ("MeetingFeatures", meeting.meeting_features.map(features)),
        (
            "PrimaryMeetingId",
            meeting.primary_meeting_id.map(Value::from),
        ),
        ("TenantIds", meeting.tenant_ids.map(Value::from)),
        ("MeetingArn", meeting.meeting_arn.map(Value::from)),
    ]))
}

fn media_placement(placement: MediaPlacement) -> Value {
    members([
        ("AudioHostUrl", placement.audio_host_url),
        ("AudioFallbackUrl", placement.audio_fallback_url),
        ("SignalingUrl", placement.signaling_url),
        ("TurnControlUrl", placement.turn_control_url),
        ("ScreenDataUrl", placement.screen_data_url),
        ("ScreenViewingUrl", placement.screen_viewing_url),
        ("ScreenSharingUrl", placement.screen_sharing_url),
        ("EventIngestionUrl", placement.event_ingestion_url),
    ])
}

fn features(features: MeetingFeaturesConfiguration) -> Value {
    let audio = features.audio.and_then(|audio| audio.echo_reduction);
    let video = features.video.and_then(|video| video.max_resolution);
    let content = features.content.and_then(|content| content.max_resolution);
    let attendee = features.attendee.and_then(|attendee| attendee.max_count);
    members([
        (
            "Audio",
            audio.map(|echo| json!({"EchoReduction": echo.as_str()})),
        ),
        (
            "Video",
            video.map(|most| json!({"MaxResolution": most.as_str()})),
        ),
        (
            "Content",
            content.map(|most| json!({"MaxResolution": most.as_str()})),
        ),
        ("Attendee", attendee.map(|most| json!({"MaxCount": most}))),
    ])
}

/// An attendee; nothing if it could not join.
pub(super) fn attendee(attendee: Attendee) -> Option<Value> {
    Some(members([
        ("ExternalUserId", attendee.external_user_id.map(Value::from)),
        ("AttendeeId", Some(attendee.attendee_id?.into())),
        ("JoinToken", Some(attendee.join_token?.into())),
        (
            "Capabilities",
            attendee.capabilities.as_ref().map(capabilities),
        ),
    ]))
}

fn capabilities(capabilities: &AttendeeCapabilities) -> Value {
    json!({
        "Audio": capabilities.audio.as_str(),
        "Video": capabilities.video.as_str(),
        "Content": capabilities.content.as_str(),
    })
}

/// An object of those members that are there.
fn members<T: Into<Value>, const COUNT: usize>(members: [(&str, Option<T>); COUNT]) -> Value {
    let members = members.into_iter();
    let present = members.filter_map(|(name, value)| Some((name.to_owned(), value?.into())));
    Value::Object(present.collect::<Map<_, _>>())
}
