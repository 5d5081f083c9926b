//! The shapes of the requests, as the service's model has them.
//!
//! Source: `chime-sdk-meetings/2021-07-15/service-2.json` of botocore, and for the forms of external ids and the values
//! of media regions the [reference](https://docs.aws.amazon.com/chime-sdk/latest/APIReference/API_meeting-chime_CreateMeeting.html).

use crate::shape::{Form, Member, Shape, optional, required};

/// The members of CreateMeeting.
pub(crate) const CREATE_MEETING: &[Member] = &[
    required("ClientRequestToken", &CLIENT_REQUEST_TOKEN),
    required("MediaRegion", &MEDIA_REGION),
    optional("MeetingHostId", &EXTERNAL_ID),
    required("ExternalMeetingId", &EXTERNAL_ID),
    optional("NotificationsConfiguration", &NOTIFICATIONS),
    optional("MeetingFeatures", &FEATURES),
    optional("PrimaryMeetingId", &text(2, 64)),
    optional("TenantIds", &list(1, 5, &TENANT_ID)),
    optional("Tags", &TAGS),
    optional("MediaPlacementNetworkType", &NETWORK_TYPE),
];

/// Those of CreateMeetingWithAttendees.
pub(crate) const CREATE_MEETING_WITH_ATTENDEES: &[Member] = &[
    required("ClientRequestToken", &CLIENT_REQUEST_TOKEN),
    required("MediaRegion", &MEDIA_REGION),
    optional("MeetingHostId", &EXTERNAL_ID),
    required("ExternalMeetingId", &EXTERNAL_ID),
    optional("NotificationsConfiguration", &NOTIFICATIONS),
    optional("MeetingFeatures", &FEATURES),
    required("Attendees", &list(1, 20, &NEW_ATTENDEE)),
    optional("PrimaryMeetingId", &text(2, 64)),
    optional("TenantIds", &list(1, 5, &TENANT_ID)),
    optional("Tags", &TAGS),
    optional("MediaPlacementNetworkType", &NETWORK_TYPE),
];

/// Those of GetMeeting and DeleteMeeting.
pub(crate) const MEETING: &[Member] = &[required("MeetingId", &GUID)];

pub(crate) const CREATE_ATTENDEE: &[Member] = &[
    required("MeetingId", &GUID),
    required("ExternalUserId", &EXTERNAL_ID),
    optional("Capabilities", &CAPABILITIES),
];

pub(crate) const BATCH_CREATE_ATTENDEE: &[Member] = &[
    required("MeetingId", &GUID),
    required("Attendees", &list(1, 100, &NEW_ATTENDEE)),
];

/// Those of GetAttendee and DeleteAttendee.
pub(crate) const ATTENDEE: &[Member] =
    &[required("MeetingId", &GUID), required("AttendeeId", &GUID)];

pub(crate) const LIST_ATTENDEES: &[Member] = &[
    required("MeetingId", &GUID),
    optional("NextToken", &text(0, 4096)),
    optional(
        "MaxResults",
        &Shape::Number {
            least: 1,
            most: 100,
        },
    ),
];

pub(crate) const TAG_RESOURCE: &[Member] =
    &[required("ResourceARN", &ARN), required("Tags", &TAGS)];

pub(crate) const UNTAG_RESOURCE: &[Member] = &[
    required("ResourceARN", &ARN),
    required("TagKeys", &list(0, MOST_TAGS, &TAG_KEY)),
];

pub(crate) const LIST_TAGS_FOR_RESOURCE: &[Member] = &[required("ResourceARN", &ARN)];

/// How many attendees a meeting takes that says nothing else, and the most it may say.
pub(crate) const MOST_ATTENDEES: usize = 250;

/// How many tags a resource may have.
pub(crate) const MOST_TAGS: usize = 50;

const fn text(least: usize, most: usize) -> Shape {
    Shape::Text {
        least,
        most,
        form: None,
    }
}

const fn text_like(
    least: usize,
    most: usize,
    pattern: &'static str,
    matches: fn(&str) -> bool,
) -> Shape {
    Shape::Text {
        least,
        most,
        form: Some(Form { pattern, matches }),
    }
}

const fn list(least: usize, most: usize, of: &'static Shape) -> Shape {
    Shape::List { least, most, of }
}

const CLIENT_REQUEST_TOKEN: Shape = text_like(2, 64, "[-_a-zA-Z0-9]*", |text| {
    text.chars()
        .all(|letter| letter.is_ascii_alphanumeric() || "-_".contains(letter))
});

const EXTERNAL_ID: Shape = text_like(
    2,
    64,
    r##"[-_&@+=,(){}\[\]\/«».:|'"#a-zA-Z0-9À-ÿ\s]*"##,
    |text| {
        text.chars().all(|letter| {
            letter.is_ascii_alphanumeric()
                || is_space(letter)
                || r##"-_&@+=,(){}[]/«».:|'"#"##.contains(letter)
                || ('À'..='ÿ').contains(&letter)
        })
    },
);

const GUID: Shape = text_like(
    0,
    usize::MAX,
    "[a-fA-F0-9]{8}(?:-[a-fA-F0-9]{4}){3}-[a-fA-F0-9]{12}",
    is_guid,
);

const TENANT_ID: Shape = text_like(2, 256, r"^(?!.*?(.)\1{3})[-_!@#$a-zA-Z0-9]*$", |text| {
    let letters: Vec<char> = text.chars().collect();
    let repeats = |four: &[char]| four.iter().all(|letter| *letter == four[0]);
    letters
        .iter()
        .all(|letter| letter.is_ascii_alphanumeric() || "-_!@#$".contains(*letter))
        && !letters.windows(4).any(repeats)
});

const TAG_KEY: Shape = text_like(1, 128, "^[a-zA-Z+-=._:/]+$", |text| {
    let is_meant = |letter: char| {
        letter.is_ascii_alphabetic() || letter == '_' || ('+'..='=').contains(&letter)
    };
    !text.is_empty() && text.chars().all(is_meant)
});

const TAG_VALUE: Shape = text_like(0, 256, r"[\s\w+-=\.:/@]*", |text| {
    text.chars().all(|letter| {
        letter.is_ascii_alphanumeric()
            || is_space(letter)
            || "_@".contains(letter)
            || ('+'..='=').contains(&letter)
    })
});

const TAGS: Shape = list(
    0,
    MOST_TAGS,
    &Shape::Structure(&[required("Key", &TAG_KEY), required("Value", &TAG_VALUE)]),
);

/// The ARN of a resource with tags.
const ARN: Shape = text_like(1, 1011, "^arn:.*", |text| {
    text.starts_with("arn:") && !text.contains(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}'])
});

/// The ARN of what is notified.
const TARGET_ARN: Shape = text_like(1, 1024, r"^arn[\/\:\-\_\.a-zA-Z0-9]+$", |text| {
    text.strip_prefix("arn").is_some_and(|rest| {
        !rest.is_empty()
            && rest
                .chars()
                .all(|letter| letter.is_ascii_alphanumeric() || "/:-_.".contains(letter))
    })
});

const NOTIFICATIONS: Shape = Shape::Structure(&[
    optional("LambdaFunctionArn", &TARGET_ARN),
    optional("SnsTopicArn", &TARGET_ARN),
    optional("SqsQueueArn", &TARGET_ARN),
]);

const FEATURES: Shape = Shape::Structure(&[
    optional(
        "Audio",
        &Shape::Structure(&[optional(
            "EchoReduction",
            &Shape::Enumeration(&["AVAILABLE", "UNAVAILABLE"]),
        )]),
    ),
    optional(
        "Video",
        &Shape::Structure(&[optional(
            "MaxResolution",
            &Shape::Enumeration(&["None", "HD", "FHD"]),
        )]),
    ),
    optional(
        "Content",
        &Shape::Structure(&[optional(
            "MaxResolution",
            &Shape::Enumeration(&["None", "FHD", "UHD"]),
        )]),
    ),
    optional(
        "Attendee",
        &Shape::Structure(&[optional(
            "MaxCount",
            &Shape::Number {
                least: 1,
                most: MOST_ATTENDEES as i64,
            },
        )]),
    ),
]);

const MEDIA_CAPABILITY: Shape = Shape::Enumeration(&["SendReceive", "Send", "Receive", "None"]);

const CAPABILITIES: Shape = Shape::Structure(&[
    required("Audio", &MEDIA_CAPABILITY),
    required("Video", &MEDIA_CAPABILITY),
    required("Content", &MEDIA_CAPABILITY),
]);

const NEW_ATTENDEE: Shape = Shape::Structure(&[
    required("ExternalUserId", &EXTERNAL_ID),
    optional("Capabilities", &CAPABILITIES),
]);

const NETWORK_TYPE: Shape = Shape::Enumeration(&["Ipv4Only", "DualStack"]);

/// A text in the model, the values in its description.
const MEDIA_REGION: Shape = Shape::Enumeration(&[
    "af-south-1",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ca-central-1",
    "eu-central-1",
    "eu-north-1",
    "eu-south-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
]);

/// Whether a text is an id of a meeting or an attendee.
pub(crate) fn is_guid(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    parts.iter().map(|part| part.len()).eq([8, 4, 4, 4, 12])
        && parts
            .iter()
            .all(|part| part.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// White space as the patterns mean it, `\s`.
fn is_space(letter: char) -> bool {
    matches!(letter, ' ' | '\t' | '\n' | '\u{b}' | '\u{c}' | '\r')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::shape::violations;

    fn is_good(shape: &'static Shape, text: &str) -> bool {
        let members = [required("It", shape)];
        violations(&json!({ "It": text }), &members).is_none()
    }

    #[test]
    fn texts_have_the_forms_of_the_model() {
        let table: [(&str, &'static Shape, &[&str], &[&str]); 7] = [
            (
                "token",
                &CLIENT_REQUEST_TOKEN,
                &["ab", "A-_9"],
                &["", "a", "a b", "é1", "a.b"],
            ),
            (
                "external id",
                &EXTERNAL_ID,
                &["ab", "Zoë «x» #1", "a\t[{(/)}]'\"|"],
                &["a", "a%", "a;", "a*", "日本"],
            ),
            (
                "id",
                &GUID,
                &[
                    "396bc713-ecdb-4fac-a406-1db789d52713",
                    "396BC713-ecdb-4fac-a406-1db789d52713",
                ],
                &[
                    "",
                    "396bc713",
                    "396bc713-ecdb-4fac-a406-1db789d5271g",
                    "396bc713-ecdb-4fac-a4061-db789d52713",
                    "396bc713ecdb4faca4061db789d52713",
                ],
            ),
            (
                "tenant",
                &TENANT_ID,
                &["ab", "aaabbb!@#$"],
                &["a", "aaaa", "baaaab", "a.b"],
            ),
            (
                "tag key",
                &TAG_KEY,
                &["a", "chitchatter-customer-id", "a:b/c<=;"],
                &["", "a b", "a>", "é"],
            ),
            (
                "tag value",
                &TAG_VALUE,
                &["", "a b@c_", "1<2"],
                &["é", "a!", "a>"],
            ),
            (
                "ARN",
                &ARN,
                &["arn:", "arn:aws:é"],
                &["", "arn", "x", "arn:\n"],
            ),
        ];
        for (name, shape, good, bad) in table {
            for text in good {
                assert!(is_good(shape, text), "{name}: `{text}` is good");
            }
            for text in bad {
                assert!(!is_good(shape, text), "{name}: `{text}` is not");
            }
        }
        assert!(is_good(&TARGET_ARN, "arn:aws:sqs:us-east-1:0:q"));
        for bad in ["arn", "arn:é", "xarn:", "arn:a b"] {
            assert!(!is_good(&TARGET_ARN, bad), "{bad}");
        }
    }
}
