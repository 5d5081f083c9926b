//! The e-mails of a user pool, with the places that Cognito fills in.

use std::ops::RangeInclusive;

use dsl::Diagnostic;

use crate::email::Email;

/// How many characters Cognito allows the text of an e-mail, and its subject.
/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_MessageTemplateType.html>
const TEXT_LENGTH: RangeInclusive<usize> = 6..=20_000;
const SUBJECT_LENGTH: RangeInclusive<usize> = 1..=140;

/// What an e-mail is for.
#[derive(Clone, Copy)]
pub(super) enum Message {
    Verification,
    Invitation,
}

impl Message {
    fn name(self) -> &'static str {
        match self {
            Self::Verification => "verification",
            Self::Invitation => "invitation",
        }
    }

    /// The names by which a template finds Cognito's places, and how Cognito wants them marked. The code of an invitation is the
    /// temporary password.
    fn places(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Verification => &[("code", "{####}")],
            Self::Invitation => &[("code", "{####}"), ("username", "{username}")],
        }
    }
}

/// The text of an e-mail. All that is wrong with it goes among the findings.
pub(super) fn fill(
    message: Message,
    email: &Email,
    values: &[(&'static str, &str)],
    findings: &mut Vec<Diagnostic>,
) -> String {
    let name = message.name();
    let values = [message.places(), values].concat();
    let text = match email.render(&values) {
        Ok(text) => text,
        Err(error) => {
            let message = format!("the {name} e-mail cannot be made: {error}");
            findings.push(Diagnostic::error(message));
            return String::new();
        }
    };
    for (value, place) in message.places() {
        if !text.contains(place) {
            findings.push(
                Diagnostic::error(format!(
                    "the {name} e-mail lacks `{place}`, which Cognito fills in"
                ))
                .hinted(format!("write `{{{{ {value} }}}}` where it belongs")),
            );
        }
    }
    for (part, length, range) in [
        ("text", text.chars().count(), TEXT_LENGTH),
        ("subject", email.subject.chars().count(), SUBJECT_LENGTH),
    ] {
        if !range.contains(&length) {
            findings.push(Diagnostic::error(format!(
                "the {part} of the {name} e-mail has `{length}` characters, and Cognito allows {} to {}",
                range.start(),
                range.end()
            )));
        }
    }
    text
}
