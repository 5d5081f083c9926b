//! The operations of the service: which request is which, and what each does.

use std::time::SystemTime;

use axum::http::{Method, Uri};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value, json};

use crate::{
    attendee::{Failure, NewAttendee},
    meeting::{Ending, Meeting, NewMeeting},
    meetings::Meetings,
    model,
    refusal::Refusal,
    shape::{self, Member},
    tags::Tag,
};

/// How many attendees are listed at once, unless the request says how many.
const PAGE: usize = 100;

/// An operation, by its name in the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub(crate) enum Operation {
    BatchCreateAttendee,
    CreateAttendee,
    CreateMeeting,
    CreateMeetingWithAttendees,
    DeleteAttendee,
    DeleteMeeting,
    GetAttendee,
    GetMeeting,
    ListAttendees,
    ListTagsForResource,
    TagResource,
    UntagResource,
}

/// The members of a request.
pub(crate) type Input = Map<String, Value>;

/// Who asks, of which region's endpoint, and when.
pub(crate) struct Context<'a> {
    pub(crate) account: &'a str,
    pub(crate) region: &'static str,
    pub(crate) now: SystemTime,
}

impl Operation {
    /// The operation that a request asks for, with the members that stand in its path and query. `None` when the service
    /// has no such path, or not with this method.
    pub(crate) fn of(method: &Method, uri: &Uri) -> Option<(Self, Input)> {
        let mut wanted = None;
        let mut input = Input::new();
        let query = uri.query().unwrap_or_default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()).into_owned() {
            match name.as_str() {
                "operation" => wanted = Some(value),
                "arn" => drop(input.insert("ResourceARN".to_owned(), json!(value))),
                "next-token" => drop(input.insert("NextToken".to_owned(), json!(value))),
                "max-results" => {
                    let number = value.parse::<i64>().map(Value::from);
                    let number = number.unwrap_or_else(|_| json!(value));
                    input.insert("MaxResults".to_owned(), number);
                }
                _ => {}
            }
        }
        let path: Vec<&str> = uri.path().split('/').skip(1).collect();
        let operation = match (method.as_str(), &path[..], wanted.as_deref()) {
            ("POST", ["meetings"], None) => Self::CreateMeeting,
            ("POST", ["meetings"], Some("create-attendees")) => Self::CreateMeetingWithAttendees,
            ("GET", ["meetings", _], None) => Self::GetMeeting,
            ("DELETE", ["meetings", _], None) => Self::DeleteMeeting,
            ("POST", ["meetings", _, "attendees"], None) => Self::CreateAttendee,
            ("POST", ["meetings", _, "attendees"], Some("batch-create")) => {
                Self::BatchCreateAttendee
            }
            ("GET", ["meetings", _, "attendees"], None) => Self::ListAttendees,
            ("GET", ["meetings", _, "attendees", _], None) => Self::GetAttendee,
            ("DELETE", ["meetings", _, "attendees", _], None) => Self::DeleteAttendee,
            ("GET", ["tags"], None) => Self::ListTagsForResource,
            ("POST", ["tags"], Some("tag-resource")) => Self::TagResource,
            ("POST", ["tags"], Some("untag-resource")) => Self::UntagResource,
            _ => return None,
        };
        for (name, place) in [("MeetingId", 1), ("AttendeeId", 3)] {
            if let Some(id) = path.get(place) {
                input.insert(name.to_owned(), json!(id));
            }
        }
        Some((operation, input))
    }

    /// What the members must be.
    fn members(self) -> &'static [Member] {
        match self {
            Self::BatchCreateAttendee => model::BATCH_CREATE_ATTENDEE,
            Self::CreateAttendee => model::CREATE_ATTENDEE,
            Self::CreateMeeting => model::CREATE_MEETING,
            Self::CreateMeetingWithAttendees => model::CREATE_MEETING_WITH_ATTENDEES,
            Self::DeleteAttendee | Self::GetAttendee => model::ATTENDEE,
            Self::DeleteMeeting | Self::GetMeeting => model::MEETING,
            Self::ListAttendees => model::LIST_ATTENDEES,
            Self::ListTagsForResource => model::LIST_TAGS_FOR_RESOURCE,
            Self::TagResource => model::TAG_RESOURCE,
            Self::UntagResource => model::UNTAG_RESOURCE,
        }
    }

    /// Does it: the answer, or `None` where the service answers without a body.
    pub(crate) fn perform(
        self,
        mut input: Input,
        body: &[u8],
        context: &Context<'_>,
        meetings: &mut Meetings,
    ) -> Result<Option<Value>, Refusal> {
        if !body.is_empty() {
            let body: Input = serde_json::from_slice(body)
                .map_err(|_| Refusal::bad_request("The body is no JSON object"))?;
            // What stands in the path counts.
            input = body.into_iter().chain(input).collect();
        }
        if self == Self::CreateMeeting {
            // Not a member of it; those of the other operation that makes meetings are compared with them.
            input.remove("Attendees");
        }
        let input = Value::Object(input);
        if let Some(message) = shape::violations(&input, self.members()) {
            return Err(Refusal::bad_request(message));
        }
        let Context { region, now, .. } = *context;
        match self {
            Self::CreateMeeting | Self::CreateMeetingWithAttendees => {
                let new: NewMeeting = read(input)?;
                let attendees = new.attendees.clone();
                let meeting = meetings.create(new, context.account, region, now)?;
                let mut answer = attendees.map_or_else(|| json!({}), |new| admit(meeting, new));
                answer["Meeting"] = meeting.answer();
                Ok(Some(answer))
            }
            Self::GetMeeting => {
                let Named { meeting_id } = read(input)?;
                let meeting = meetings.active(&meeting_id, region, now)?;
                Ok(Some(json!({ "Meeting": meeting.answer() })))
            }
            Self::DeleteMeeting => {
                let Named { meeting_id } = read(input)?;
                let meeting = meetings.active(&meeting_id, region, now)?;
                meeting.end(Ending::Deleted);
                Ok(None)
            }
            Self::CreateAttendee => {
                let Named { meeting_id } = read(input.clone())?;
                let meeting = meetings.any(&meeting_id, region, now)?;
                Ok(Some(json!({ "Attendee": meeting.admit(read(input)?)? })))
            }
            Self::BatchCreateAttendee => {
                let Several {
                    meeting_id,
                    attendees,
                } = read(input)?;
                let meeting = meetings.any(&meeting_id, region, now)?;
                meeting.refuse_when_ended()?;
                Ok(Some(admit(meeting, attendees)))
            }
            Self::GetAttendee => {
                let One {
                    meeting_id,
                    attendee_id,
                } = read(input)?;
                let meeting = meetings.active(&meeting_id, region, now)?;
                Ok(Some(json!({ "Attendee": meeting.attendee(&attendee_id)? })))
            }
            Self::DeleteAttendee => {
                let One {
                    meeting_id,
                    attendee_id,
                } = read(input)?;
                let meeting = meetings.active(&meeting_id, region, now)?;
                meeting.dismiss(&attendee_id, now)?;
                Ok(None)
            }
            Self::ListAttendees => {
                let wanted: Listing = read(input)?;
                let meeting = meetings.active(&wanted.meeting_id, region, now)?;
                list(meeting, &wanted).map(Some)
            }
            Self::TagResource => {
                let Tagging { resource_arn, tags } = read(input)?;
                let meeting = meetings.with_arn(&resource_arn, region, now)?;
                meeting.tags.set(&tags, &resource_arn)?;
                Ok(None)
            }
            Self::UntagResource => {
                let Untagging {
                    resource_arn,
                    tag_keys,
                } = read(input)?;
                let meeting = meetings.with_arn(&resource_arn, region, now)?;
                meeting.tags.remove(&tag_keys);
                Ok(None)
            }
            Self::ListTagsForResource => {
                let Resource { resource_arn } = read(input)?;
                let meeting = meetings.with_arn(&resource_arn, region, now)?;
                Ok(Some(json!({ "Tags": meeting.tags.list() })))
            }
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Named {
    meeting_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Several {
    meeting_id: String,
    attendees: Vec<NewAttendee>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct One {
    meeting_id: String,
    attendee_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Listing {
    meeting_id: String,
    next_token: Option<String>,
    max_results: Option<usize>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Tagging {
    #[serde(rename = "ResourceARN")]
    resource_arn: String,
    tags: Vec<Tag>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Untagging {
    #[serde(rename = "ResourceARN")]
    resource_arn: String,
    tag_keys: Vec<String>,
}

#[derive(Deserialize)]
struct Resource {
    #[serde(rename = "ResourceARN")]
    resource_arn: String,
}

/// The members as a type; they have been held against their shapes before.
fn read<T: DeserializeOwned>(input: Value) -> Result<T, Refusal> {
    serde_json::from_value(input).map_err(|error| Refusal::bad_request(error.to_string()))
}

/// Creates several attendees: those that could be, and those that could not.
fn admit(meeting: &mut Meeting, new: Vec<NewAttendee>) -> Value {
    let (mut attendees, mut errors) = (Vec::new(), Vec::new());
    for one in new {
        let external_user_id = one.external_user_id.clone();
        match meeting.admit(one) {
            Ok(attendee) => attendees.push(attendee.clone()),
            Err(refusal) => errors.push(Failure::new(external_user_id, refusal)),
        }
    }
    json!({ "Attendees": attendees, "Errors": errors })
}

/// A page of a meeting's attendees. A token says after whom it begins, so that nobody is missed or told twice when
/// others are deleted meanwhile.
fn list(meeting: &Meeting, wanted: &Listing) -> Result<Value, Refusal> {
    let after = match wanted.next_token.as_deref() {
        None | Some("") => 0,
        Some(token) => number(token).ok_or_else(|| {
            Refusal::bad_request(
                "Value at 'nextToken' failed to satisfy constraint: it must come from an answer",
            )
        })?,
    };
    let size = wanted.max_results.unwrap_or(PAGE);
    let rest: Vec<_> = meeting
        .attendees
        .values()
        .filter(|attendee| attendee.number > after)
        .collect();
    let page = &rest[..size.min(rest.len())];
    let next = page.last().filter(|_| rest.len() > size);
    let next = next.map(|last| URL_SAFE_NO_PAD.encode(last.number.to_be_bytes()));
    Ok(json!({ "Attendees": page, "NextToken": next }))
}

fn number(token: &str) -> Option<u64> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
    Some(u64::from_be_bytes(bytes.try_into().ok()?))
}
