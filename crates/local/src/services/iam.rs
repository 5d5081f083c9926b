//! IAM, as far as `bootstrap` asks it: who vouches for identities in the account.

use crate::{
    endpoint::Context,
    router::Content,
    wire::{Form, Refusal},
};

pub(crate) fn answer(context: &Context<'_>, action: &str, form: &Form) -> Result<Content, Refusal> {
    match action {
        "GetOpenIDConnectProvider" => identity_provider(context, form),
        _ => Err(Refusal::new(
            "InvalidAction",
            format!("Could not find operation {action} for version 2010-05-08"),
        )),
    }
}

/// An identity provider that a stack of any region has made: the account has each once.
fn identity_provider(context: &Context<'_>, form: &Form) -> Result<Content, Refusal> {
    let arn = form.required("OpenIDConnectProviderArn")?;
    let core = context.endpoint.core();
    let stacks = core.state.stacks.values();
    let mut resources = stacks.flat_map(|entry| entry.resources.values());
    let found = resources.find_map(|resource| {
        let live = resource.live.as_ref()?;
        let is_it = resource.resource_type == "AWS::IAM::OIDCProvider" && live.physical_id == arn;
        is_it.then_some(&live.properties)
    });
    let Some(properties) = found else {
        return Err(Refusal::new(
            "NoSuchEntity",
            format!("OpenIDConnect Provider not found for arn {arn}"),
        )
        .with_status(404));
    };
    Ok(Content::result(|xml| {
        let url = properties["Url"].as_str().unwrap_or_default();
        xml.text("Url", url.trim_start_matches("https://"));
        xml.element("ClientIDList", |xml| {
            let clients = properties["ClientIdList"].as_array();
            for client in clients.into_iter().flatten() {
                xml.text("member", client.as_str().unwrap_or_default());
            }
        });
    }))
}
