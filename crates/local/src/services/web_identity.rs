//! STS, for whoever has a token of an identity provider that the account knows, as workflows of GitHub do.
//!
//! The token is taken at its word: its signature could only be verified with the provider's keys, which are elsewhere.
//! Whether the provider is known, whom the token is for, and whether the role trusts its subject is looked at as AWS does.
//! <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html>

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value;

use super::{
    deployed, iam,
    roles::{self, Role},
};
use crate::{
    access::holds,
    endpoint::Context,
    router::Content,
    wire::{Form, Refusal},
};

const OPERATION: &str = "sts:AssumeRoleWithWebIdentity";

/// Answers `AssumeRoleWithWebIdentity`.
pub(super) fn assume(context: &Context<'_>, form: &Form) -> Result<Content, Refusal> {
    let arn = form.required("RoleArn")?;
    let claims = claims(form.required("WebIdentityToken")?).ok_or_else(|| {
        invalid("The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)")
    })?;
    let claim = |name: &str| claims[name].as_str().unwrap_or_default();
    let (issuer, subject) = (claim("iss"), claim("sub"));
    let is_expired = claims["exp"]
        .as_i64()
        .is_none_or(|second| second <= context.now.as_second());
    if is_expired {
        return Err(Refusal::new(
            "ExpiredTokenException",
            "Token expired: current date/time must be before the expiration date/time",
        ));
    }
    let host = issuer.trim_start_matches("https://").trim_end_matches('/');
    let provider = format!("arn:aws:iam::{}:oidc-provider/{host}", context.account());
    let audiences: Vec<&str> = match &claims["aud"] {
        Value::Array(list) => list.iter().filter_map(Value::as_str).collect(),
        single => single.as_str().into_iter().collect(),
    };
    let audience = known_audience(context, &provider, &audiences, issuer)?;
    let keys = [
        (format!("{host}:aud"), audience.to_owned()),
        (format!("{host}:sub"), subject.to_owned()),
    ];
    let role = Role::of(context, arn).filter(|role| trusts(&role.trust, &provider, &keys));
    let Some(role) = role else {
        return Err(Refusal::new(
            "AccessDenied",
            format!("Not authorized to perform {OPERATION}"),
        )
        .with_status(403));
    };
    roles::begin(context, form, &role, |xml| {
        xml.text("SubjectFromWebIdentityToken", subject);
        xml.text("Audience", audience);
        xml.text("Provider", &provider);
    })
}

/// What a token says, when it is one.
fn claims(token: &str) -> Option<Value> {
    let mut parts = token.trim().split('.');
    let (_, payload, _) = (parts.next()?, parts.next()?, parts.next()?);
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()
}

/// The one of a token's audiences that the account's provider knows.
fn known_audience<'a>(
    context: &Context<'_>,
    provider: &str,
    audiences: &[&'a str],
    issuer: &str,
) -> Result<&'a str, Refusal> {
    let core = context.endpoint.core();
    let found = deployed::find(&core.state, iam::PROVIDER, provider);
    let Some(found) = found else {
        return Err(invalid(format!(
            "No OpenIDConnect provider found in your account for {issuer}"
        )));
    };
    let known: Vec<&str> = found.texts("ClientIdList").collect();
    let audience = audiences.iter().find(|audience| known.contains(audience));
    audience
        .copied()
        .ok_or_else(|| invalid("Incorrect token audience"))
}

/// Whether a trust allows it to the subjects of a provider, and to this one.
fn trusts(trust: &Value, provider: &str, keys: &[(String, String)]) -> bool {
    let is = |value: &Value, wanted: &str| match value {
        Value::Array(list) => list.iter().any(|one| one == wanted),
        single => single == wanted,
    };
    let applies = |statement: &&Value| {
        is(&statement["Principal"]["Federated"], provider)
            && is(&statement["Action"], OPERATION)
            && holds(&statement["Condition"], keys)
    };
    let statements = trust["Statement"].as_array();
    let statements: Vec<&Value> = statements.into_iter().flatten().filter(applies).collect();
    let has = |effect: &str| statements.iter().any(|one| one["Effect"] == effect);
    has("Allow") && !has("Deny")
}

fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::new("InvalidIdentityToken", message.into())
}
