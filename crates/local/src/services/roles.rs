//! STS, for whoever works in a role: a session of a role that a stack has made. Nothing is kept of a session; its token
//! says what it is of. Whom the role trusts is not looked at, as the endpoint lets everybody in.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::SignedDuration;

use crate::{
    endpoint::Context,
    identifiers::{MIXED, UPPER, word},
    router::Content,
    wire::{Form, Refusal},
};

/// How long a session lasts when nobody says, in seconds.
const DURATION: &str = "3600";

/// How tokens of sessions begin.
const MARK: &str = "role:";

/// Answers `AssumeRole`.
pub(super) fn assume(context: &Context<'_>, form: &Form) -> Result<Content, Refusal> {
    let arn = form.required("RoleArn")?;
    let session = form.required("RoleSessionName")?;
    let seconds = form.get("DurationSeconds").unwrap_or(DURATION);
    let account = context.account();
    let name = arn
        .strip_prefix(&format!("arn:aws:iam::{account}:role/"))
        .and_then(|path| path.rsplit('/').next());
    let Some((name, id)) = name.and_then(|name| Some((name, id_of(context, name)?))) else {
        return Err(Refusal::new(
            "AccessDenied",
            format!(
                "User: arn:aws:iam::{account}:root is not authorized to perform: sts:AssumeRole on resource: {arn}"
            ),
        )
        .with_status(403));
    };
    let expires = seconds
        .parse::<i64>()
        .ok()
        .filter(|seconds| (900..=43_200).contains(seconds))
        .and_then(|seconds| {
            let after = SignedDuration::from_secs(seconds);
            context.now.checked_add(after).ok()
        });
    let Some(expires) = expires else {
        return Err(Refusal::validation(format!(
            "1 validation error detected: Value '{seconds}' at 'durationSeconds' failed to satisfy constraint: Member must have value between 900 and 43200"
        )));
    };
    let assumed = format!("arn:aws:sts::{account}:assumed-role/{name}/{session}");
    let parts = [context.request_id.as_str(), &assumed];
    let key = word(context.seed(), &parts, UPPER, 16);
    let secret = word(context.seed(), &parts, MIXED, 40);
    let token = URL_SAFE_NO_PAD.encode(format!("{MARK}{id}:{session}:{assumed}"));
    Ok(Content::result(|xml| {
        xml.element("AssumedRoleUser", |xml| {
            xml.text("Arn", &assumed);
            xml.text("AssumedRoleId", format!("{id}:{session}"));
        });
        xml.element("Credentials", |xml| {
            xml.text("AccessKeyId", format!("ASIA{key}"));
            xml.text("SecretAccessKey", secret);
            xml.text("SessionToken", token);
            xml.text("Expiration", expires.to_string());
        });
    }))
}

/// Who calls with a token: user id and ARN; nobody when it is not one of a role's session.
pub(super) fn caller(token: &str) -> Option<(String, String)> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
    let mut parts = text.strip_prefix(MARK)?.splitn(3, ':');
    let (id, session, arn) = (parts.next()?, parts.next()?, parts.next()?);
    Some((format!("{id}:{session}"), arn.to_owned()))
}

/// The id of a role, when a stack has made one of that name.
fn id_of(context: &Context<'_>, name: &str) -> Option<String> {
    let core = context.endpoint.core();
    let mut resources = core
        .state
        .stacks
        .values()
        .flat_map(|entry| entry.resources.values());
    resources.find(|resource| {
        let live = resource.live.as_ref();
        resource.resource_type == "AWS::IAM::Role"
            && live.is_some_and(|live| live.physical_id == name)
    })?;
    let id = word(context.seed(), &["role", name], UPPER, 17);
    Some(format!("AROA{id}"))
}
