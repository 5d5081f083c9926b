//! User pools: messages that would arrive without their code, addresses to come back to, and protection of accounts.

use serde_json::Value;

use super::subject::{Found, Subject};
use crate::{
    finding::{Severity, shown},
    rules,
};

/// Where Cognito puts the code, the link and the name.
const CODE: &str = "{####}";
const USER_NAME: &str = "{username}";

/// Characters of an e-mail, a subject and a text message.
/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_VerificationMessageTemplateType.html>
const EMAIL: usize = 20_000;
const SUBJECT: usize = 140;
const SMS: usize = 140;

/// Fewer letters than these are guessed.
const SHORTEST_PASSWORD: f64 = 8.0;

pub(super) fn check(subject: &mut Subject<'_, '_>) {
    match subject.type_name {
        "AWS::Cognito::UserPool" => {
            messages(subject);
            passwords(subject);
            protection(subject);
        }
        "AWS::Cognito::UserPoolClient" => addresses(subject),
        _ => {}
    }
}

struct Message {
    way: &'static [&'static str],
    placeholders: &'static [&'static str],
    longest: usize,
}

static MESSAGES: &[Message] = &[
    message(&["EmailVerificationMessage"], &[CODE], EMAIL),
    message(&["EmailVerificationSubject"], &[], SUBJECT),
    message(&["SmsVerificationMessage"], &[CODE], SMS),
    message(&["SmsAuthenticationMessage"], &[CODE], SMS),
    message(
        &["VerificationMessageTemplate", "EmailMessage"],
        &[CODE],
        EMAIL,
    ),
    message(
        &["VerificationMessageTemplate", "EmailSubject"],
        &[],
        SUBJECT,
    ),
    message(
        &["VerificationMessageTemplate", "EmailSubjectByLink"],
        &[],
        SUBJECT,
    ),
    message(&["VerificationMessageTemplate", "SmsMessage"], &[CODE], SMS),
    message(
        &[
            "AdminCreateUserConfig",
            "InviteMessageTemplate",
            "EmailMessage",
        ],
        &[USER_NAME, CODE],
        EMAIL,
    ),
    message(
        &[
            "AdminCreateUserConfig",
            "InviteMessageTemplate",
            "EmailSubject",
        ],
        &[],
        SUBJECT,
    ),
    message(
        &[
            "AdminCreateUserConfig",
            "InviteMessageTemplate",
            "SMSMessage",
        ],
        &[USER_NAME, CODE],
        SMS,
    ),
    message(&["EmailAuthenticationMessage"], &[CODE], EMAIL),
    message(&["EmailAuthenticationSubject"], &[], SUBJECT),
];

const fn message(
    way: &'static [&'static str],
    placeholders: &'static [&'static str],
    longest: usize,
) -> Message {
    Message {
        way,
        placeholders,
        longest,
    }
}

fn messages(subject: &mut Subject<'_, '_>) {
    for message in MESSAGES {
        let Some(text) = subject.find(message.way).text() else {
            continue;
        };
        for placeholder in message.placeholders {
            if !text.contains(placeholder) {
                let what = if *placeholder == CODE { "code" } else { "name" };
                let message_text = format!(
                    "has no `{placeholder}`, so the {what} would not be in the message, and Cognito refuses it"
                );
                subject.add(&rules::MESSAGE, message.way, message_text);
            }
        }
        let length = text.chars().count();
        if length > message.longest {
            let message_text =
                format!("has {length} characters, Cognito takes {}", message.longest);
            subject.add(&rules::MESSAGE, message.way, message_text);
        }
    }
    let way = ["VerificationMessageTemplate", "EmailMessageByLink"];
    if let Some(text) = subject.find(&way).text() {
        // `{##Verify##}`: what stands between becomes the text of the link.
        let has_link = text.split_once("{##").is_some_and(|(_, rest)| {
            rest.split_once("##}")
                .is_some_and(|(label, _)| !label.is_empty())
        });
        if !has_link {
            subject.add(
                &rules::MESSAGE,
                &way,
                "has no `{##…##}` around the text of the link, and Cognito refuses it",
            );
        }
        let length = text.chars().count();
        if length > EMAIL {
            subject.add(
                &rules::MESSAGE,
                &way,
                format!("has {length} characters, Cognito takes {EMAIL}"),
            );
        }
    }
}

fn passwords(subject: &mut Subject<'_, '_>) {
    let way = ["Policies", "PasswordPolicy", "MinimumLength"];
    if let Found::Known(length) = subject.find(&way)
        && let Some(length) = crate::validate::scalars::number(length)
        && length < SHORTEST_PASSWORD
    {
        subject.add(
            &rules::WEAK_PASSWORD,
            &way,
            format!(
                "passwords of {length} letters are guessed; ask for {SHORTEST_PASSWORD} or more"
            ),
        );
    }
}

/// Whether accounts survive a slip: by the pool's own protection, or as the stack keeps it.
fn protection(subject: &mut Subject<'_, '_>) {
    let protection = subject.find(&["DeletionProtection"]);
    let is_protected =
        matches!(protection, Found::Unknown) || protection.text().as_deref() == Some("ACTIVE");
    let is_kept = subject
        .resource
        .attribute("DeletionPolicy")
        .and_then(Value::as_str)
        .is_some_and(|policy| policy.starts_with("Retain"));
    if !is_protected && !is_kept {
        let message = "all accounts go with the resource; set `DeletionProtection` to `ACTIVE`, or keep it with `DeletionPolicy`";
        subject.add(&rules::UNPROTECTED_ACCOUNTS, &[], message);
    }
}

/// Where people come back to: Cognito takes `http` only for the machine itself, and nothing behind `#`.
/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_CreateUserPoolClient.html>
fn addresses(subject: &mut Subject<'_, '_>) {
    for key in ["CallbackURLs", "LogoutURLs"] {
        for (index, url) in subject.find(&[key]).elements().iter().enumerate() {
            let Some(problem) = url.as_str().and_then(wrong_address) else {
                continue;
            };
            subject.add(&rules::CALLBACK, &[key, &index.to_string()], problem);
        }
    }
    let default = subject.find(&["DefaultRedirectURI"]);
    if let Some(url) = default.text() {
        if let Some(problem) = wrong_address(&url) {
            subject.add(&rules::CALLBACK, &["DefaultRedirectURI"], problem);
        }
        let listed = subject.find(&["CallbackURLs"]);
        if let Found::Known(Value::Array(urls)) = listed
            && urls.iter().all(Value::is_string)
            && !urls.iter().any(|listed| listed.as_str() == Some(&*url))
        {
            subject.add(
                &rules::CALLBACK,
                &["DefaultRedirectURI"],
                format!("`{url}` is not among `CallbackURLs`"),
            );
        }
    }
    let flows = subject.find(&["AllowedOAuthFlows"]).elements();
    if flows.iter().any(|flow| flow.as_str() == Some("implicit")) {
        subject.add_as(
            Severity::Warning,
            &rules::IMPLICIT_FLOW,
            &["AllowedOAuthFlows"],
            "`implicit` puts tokens into addresses, where histories and logs keep them; use `code`",
        );
    }
}

fn wrong_address(url: &str) -> Option<String> {
    if url.contains("${") || url.contains("{{resolve:") {
        return None;
    }
    let shown = shown(&Value::from(url));
    let Some((scheme, rest)) = url.split_once("://") else {
        return Some(format!(
            "`{shown}` is not an address; write it with its scheme, `https://…`"
        ));
    };
    if url.contains('#') {
        return Some(format!("`{shown}` has a fragment, which Cognito refuses"));
    }
    let host = rest.split(['/', ':', '?']).next().unwrap_or_default();
    let is_local = matches!(host, "localhost" | "127.0.0.1" | "[") || rest.starts_with("[::1]");
    (scheme.eq_ignore_ascii_case("http") && !is_local).then(|| {
        format!("`{shown}` is not protected by TLS; Cognito takes `http` for `localhost` alone")
    })
}
