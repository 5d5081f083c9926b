//! STS: who is calling. The endpoint lets everybody in, so it is always the account's root.

use crate::{endpoint::Context, router::Content, wire::Refusal};

pub(crate) fn answer(context: &Context<'_>, action: &str) -> Result<Content, Refusal> {
    match action {
        "GetCallerIdentity" => {
            let account = context.account();
            Ok(Content::result(|xml| {
                xml.text("Arn", format!("arn:aws:iam::{account}:root"));
                xml.text("UserId", account);
                xml.text("Account", account);
            }))
        }
        _ => Err(Refusal::new(
            "InvalidAction",
            format!("Could not find operation {action} for version 2011-06-15"),
        )),
    }
}
