//! STS, for whoever works in a role: a session of a role that a stack has made. Nothing is kept of a session; its token
//! says what it is of. Whom the role trusts is not looked at, as the endpoint knows nobody, but for tokens of others
//! (`web_identity.rs`).

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::SignedDuration;
use serde_json::Value;

use super::{deployed, iam};
use crate::{
    endpoint::Context,
    identifiers::{MIXED, UPPER, word},
    router::Content,
    wire::{Form, Refusal, Xml},
};

/// How long a session lasts when nobody says, in seconds.
const DURATION: &str = "3600";

/// How tokens of sessions begin.
const MARK: &str = "role:";

/// Answers `AssumeRole`.
pub(super) fn assume(context: &Context<'_>, form: &Form) -> Result<Content, Refusal> {
    let arn = form.required("RoleArn")?;
    let Some(role) = Role::of(context, arn) else {
        let account = context.account();
        return Err(Refusal::new(
            "AccessDenied",
            format!(
                "User: arn:aws:iam::{account}:root is not authorized to perform: sts:AssumeRole on resource: {arn}"
            ),
        )
        .with_status(403));
    };
    begin(context, form, &role, |_| {})
}

/// A role that a stack has made.
pub(super) struct Role {
    name: String,
    /// Whom it trusts.
    pub(super) trust: Value,
}

impl Role {
    /// The role of an ARN, when there is one.
    pub(super) fn of(context: &Context<'_>, arn: &str) -> Option<Self> {
        let account = context.account();
        let path = arn.strip_prefix(&format!("arn:aws:iam::{account}:role/"))?;
        let name = path.rsplit('/').next()?;
        let core = context.endpoint.core();
        let found = deployed::find(&core.state, iam::ROLE, name)?;
        Some(Self {
            name: name.to_owned(),
            trust: found.properties["AssumeRolePolicyDocument"].clone(),
        })
    }
}

/// Begins a session of a role; `more` is said of it besides.
pub(super) fn begin(
    context: &Context<'_>,
    form: &Form,
    role: &Role,
    more: impl FnOnce(&mut Xml),
) -> Result<Content, Refusal> {
    let session = form.required("RoleSessionName")?;
    let seconds = form.get("DurationSeconds").unwrap_or(DURATION);
    let account = context.account();
    let name = &role.name;
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
    let id = format!("AROA{}", word(context.seed(), &["role", name], UPPER, 17));
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
        more(xml);
    }))
}

/// Who calls with a token: user id and ARN; nobody when it is not one of a role's session.
pub(crate) fn caller(token: &str) -> Option<(String, String)> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
    let mut parts = text.strip_prefix(MARK)?.splitn(3, ':');
    let (id, session, arn) = (parts.next()?, parts.next()?, parts.next()?);
    Some((format!("{id}:{session}"), arn.to_owned()))
}
