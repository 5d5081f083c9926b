//! What a meeting offers, and what its attendees may do with that.

use serde::{Deserialize, Serialize};

use crate::{model::MOST_ATTENDEES, refusal::Refusal};

/// The most attendees a meeting takes whose video is full HD or whose content is ultra HD.
const MOST_IN_HIGH_RESOLUTION: usize = 25;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum Status {
    Available,
    #[default]
    Unavailable,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub(crate) enum Resolution {
    None,
    #[serde(rename = "HD")]
    Hd,
    #[serde(rename = "FHD")]
    FullHd,
    #[serde(rename = "UHD")]
    UltraHd,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Features {
    audio: Option<Audio>,
    video: Option<Video>,
    content: Option<Video>,
    attendee: Option<Attendees>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Audio {
    echo_reduction: Option<Status>,
}

/// Of the cameras or of the content.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Video {
    max_resolution: Option<Resolution>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Attendees {
    max_count: Option<usize>,
}

impl Features {
    /// What was asked for, with the [defaults](https://docs.aws.amazon.com/chime-sdk/latest/APIReference/API_meeting-chime_MeetingFeaturesConfiguration.html)
    /// of the rest.
    pub(crate) fn settled(self) -> Result<Self, Refusal> {
        let video = self.video().unwrap_or(Resolution::Hd);
        let content = self.content().unwrap_or(Resolution::FullHd);
        let most = self.attendee.and_then(|attendee| attendee.max_count);
        let high = match (video, content) {
            (Resolution::FullHd, _) => Some("Video.MaxResolution `FHD`"),
            (_, Resolution::UltraHd) => Some("Content.MaxResolution `UHD`"),
            _ => None,
        };
        if let Some(high) = high
            && most.is_none_or(|most| most > MOST_IN_HIGH_RESOLUTION)
        {
            return Err(Refusal::bad_request(format!(
                "Value at 'meetingFeatures.attendee.maxCount' failed to satisfy constraint: with {high} it must be given, and at most {MOST_IN_HIGH_RESOLUTION}"
            )));
        }
        let status = self.audio.and_then(|audio| audio.echo_reduction);
        Ok(Self {
            audio: Some(Audio {
                echo_reduction: Some(status.unwrap_or_default()),
            }),
            video: Some(Video {
                max_resolution: Some(video),
            }),
            content: Some(Video {
                max_resolution: Some(content),
            }),
            attendee: Some(Attendees {
                max_count: Some(most.unwrap_or(MOST_ATTENDEES)),
            }),
        })
    }

    /// How many attendees there may be.
    pub(crate) fn most_attendees(self) -> usize {
        let most = self.attendee.and_then(|attendee| attendee.max_count);
        most.unwrap_or(MOST_ATTENDEES)
    }

    fn video(self) -> Option<Resolution> {
        self.video.and_then(|video| video.max_resolution)
    }

    fn content(self) -> Option<Resolution> {
        self.content.and_then(|content| content.max_resolution)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub(crate) enum Capability {
    SendReceive,
    Send,
    Receive,
    None,
}

impl Capability {
    fn receives(self) -> bool {
        matches!(self, Self::SendReceive | Self::Receive)
    }
}

/// What an attendee may send and receive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Capabilities {
    audio: Capability,
    video: Capability,
    content: Capability,
}

impl Capabilities {
    /// What was asked for, within what the meeting offers, or else
    /// [what an attendee has by default](https://docs.aws.amazon.com/chime-sdk/latest/APIReference/API_meeting-chime_AttendeeCapabilities.html).
    pub(crate) fn settled(asked: Option<Self>, features: Features) -> Result<Self, Refusal> {
        let without_video = features.video() == Some(Resolution::None);
        let without_content = features.content() == Some(Resolution::None);
        let Some(asked) = asked else {
            let content = if without_content {
                Capability::None
            } else {
                Capability::SendReceive
            };
            return Ok(Self {
                audio: Capability::SendReceive,
                video: match (without_video, without_content) {
                    (false, _) => Capability::SendReceive,
                    // Content cannot be received without receiving video.
                    (true, false) => Capability::Receive,
                    (true, true) => Capability::None,
                },
                content,
            });
        };
        let refused = |member: &str, reason: &str| {
            Err(Refusal::bad_request(format!(
                "Value at 'capabilities.{member}' failed to satisfy constraint: {reason}"
            )))
        };
        if without_video && asked.video != Capability::None {
            return refused("video", "the meeting has no video");
        }
        if without_content && asked.content != Capability::None {
            return refused("content", "the meeting has no content");
        }
        if asked.content.receives() && !asked.video.receives() {
            return refused("content", "who receives content must receive video");
        }
        Ok(asked)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, from_value, json, to_value};

    use super::*;

    fn features(value: Value) -> Result<Features, Refusal> {
        from_value::<Features>(value).expect("features").settled()
    }

    #[test]
    fn what_is_not_asked_for_has_its_default() {
        assert_eq!(
            to_value(features(json!({})).unwrap()).unwrap(),
            json!({
                "Audio": {"EchoReduction": "UNAVAILABLE"},
                "Video": {"MaxResolution": "HD"},
                "Content": {"MaxResolution": "FHD"},
                "Attendee": {"MaxCount": 250},
            })
        );
        let asked = json!({
            "Audio": {"EchoReduction": "AVAILABLE"},
            "Video": {"MaxResolution": "FHD"},
            "Content": {"MaxResolution": "UHD"},
            "Attendee": {"MaxCount": 25},
        });
        assert_eq!(to_value(features(asked.clone()).unwrap()).unwrap(), asked);
    }

    #[test]
    fn high_resolutions_want_few_attendees() {
        for high in [
            json!({"Video": {"MaxResolution": "FHD"}}),
            json!({"Content": {"MaxResolution": "UHD"}, "Attendee": {"MaxCount": 26}}),
        ] {
            let message = features(high).expect_err("too many").message;
            assert!(
                message.contains("'meetingFeatures.attendee.maxCount'"),
                "{message}"
            );
        }
    }

    #[test]
    fn capabilities_stay_within_what_the_meeting_offers() {
        let none = json!({"MaxResolution": "None"});
        let plain = features(json!({})).unwrap();
        let no_video = features(json!({"Video": none})).unwrap();
        let no_content = features(json!({"Content": none})).unwrap();
        let neither = features(json!({"Video": none, "Content": none})).unwrap();
        let given = |words: &str, features| {
            let words: Vec<&str> = words.split_whitespace().collect();
            let asked = words.first().map(|audio| {
                let asked = json!({"Audio": audio, "Video": words[1], "Content": words[2]});
                from_value(asked).expect("capabilities")
            });
            Capabilities::settled(asked, features).map(|settled| {
                let settled = to_value(settled).expect("a value");
                ["Audio", "Video", "Content"]
                    .map(|name| settled[name].as_str().expect("a word").to_owned())
                    .join(" ")
            })
        };
        let table = [
            ("", plain, Ok("SendReceive SendReceive SendReceive")),
            ("", no_video, Ok("SendReceive Receive SendReceive")),
            ("", no_content, Ok("SendReceive SendReceive None")),
            ("", neither, Ok("SendReceive None None")),
            ("None Receive Receive", plain, Ok("None Receive Receive")),
            ("Send Send None", plain, Ok("Send Send None")),
            ("Send Send Send", plain, Ok("Send Send Send")),
            ("Send Send Receive", plain, Err("content")),
            ("Send None SendReceive", plain, Err("content")),
            ("Send Receive None", no_video, Err("video")),
            ("Send None None", no_video, Ok("Send None None")),
            ("Send SendReceive Send", no_content, Err("content")),
        ];
        for (asked, features, expected) in table {
            match (given(asked, features), expected) {
                (Ok(given), Ok(expected)) => assert_eq!(given, expected, "{asked}"),
                (Err(refusal), Err(member)) => assert!(
                    refusal
                        .message
                        .contains(&format!("'capabilities.{member}'")),
                    "{asked}: {}",
                    refusal.message
                ),
                (given, expected) => panic!("{asked}: {given:?}, not {expected:?}"),
            }
        }
    }
}
