//! STS: who is calling. The endpoint lets everybody in, so it is the account's root, unless it works in a role.

use super::{roles, web_identity};
use crate::{
    endpoint::Context,
    router::{Call, Content},
    wire::{Form, Refusal},
};

pub(crate) fn answer(
    context: &Context<'_>,
    call: &Call,
    action: &str,
    form: &Form,
) -> Result<Content, Refusal> {
    match action {
        "GetCallerIdentity" => {
            let account = context.account();
            let (id, arn) = call
                .header("x-amz-security-token")
                .and_then(roles::caller)
                .unwrap_or_else(|| (account.to_owned(), format!("arn:aws:iam::{account}:root")));
            Ok(Content::result(|xml| {
                xml.text("Arn", arn);
                xml.text("UserId", id);
                xml.text("Account", account);
            }))
        }
        "AssumeRole" => roles::assume(context, form),
        "AssumeRoleWithWebIdentity" => web_identity::assume(context, form),
        _ => Err(Refusal::new(
            "InvalidAction",
            format!("Could not find operation {action} for version 2011-06-15"),
        )),
    }
}
