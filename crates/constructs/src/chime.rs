//! What may be done with meetings of the Amazon Chime SDK, which no CloudFormation type describes.

use dsl::{arn, aws};
use resources::actions::chime;

use crate::iam::{Statement, allow};

/// Allows to create meetings. Narrow it with [`tagged_with`](Statement::tagged_with), so that none is made that nobody pays for.
pub fn create_meetings() -> Statement {
    allow([chime::CreateMeeting]).on_any_resource("a meeting has no ARN before it exists")
}

/// Allows to lead meetings of the account: to look at them, to end them, to let people in and out, to tag them.
pub fn lead_meetings() -> Statement {
    let meetings = arn!(
        "arn:{}:chime:*:{}:meeting/*",
        aws::partition(),
        aws::account_id()
    );
    allow([
        chime::CreateAttendee,
        chime::DeleteAttendee,
        chime::DeleteMeeting,
        chime::GetMeeting,
        chime::ListAttendees,
        chime::TagResource,
    ])
    .on([meetings])
    .justified("meetings come and go while a program runs, and their ARNs name a region or none")
}
