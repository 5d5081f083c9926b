//! IAM: roles, policies and identity providers, as stacks of any region have made them: the account has each once.

use std::collections::BTreeSet;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use super::deployed::{self, Found, document_text};
use crate::{
    endpoint::Context,
    router::Content,
    state::State,
    wire::{Form, Refusal, Xml},
};

pub(crate) const ROLE: &str = "AWS::IAM::Role";
pub(crate) const MANAGED_POLICY: &str = "AWS::IAM::ManagedPolicy";
pub(super) const PROVIDER: &str = "AWS::IAM::OIDCProvider";

/// What policy documents are told without an escape; RFC 3986 as the reference says.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

pub(crate) fn answer(context: &Context<'_>, action: &str, form: &Form) -> Result<Content, Refusal> {
    let core = context.endpoint.core();
    let state = &core.state;
    match action {
        "GetOpenIDConnectProvider" => provider(state, form),
        "GetPolicy" => Ok(describe_policy(state, policy(state, form)?)),
        "GetPolicyVersion" => policy_version(policy(state, form)?, form),
        "GetRole" => Ok(describe_role(role(state, form)?)),
        "GetRolePolicy" => role_policy(state, role(state, form)?, form),
        "ListAttachedRolePolicies" => Ok(attached(state, role(state, form)?)),
        "ListEntitiesForPolicy" => Ok(entities(state, policy(state, form)?)),
        _ => Err(Refusal::new(
            "InvalidAction",
            format!("Could not find operation {action} for version 2010-05-08"),
        )),
    }
}

/// The documents of the policies that are a part of a role, by name: its own, and those that resources of their own give it.
pub(crate) fn inline_policies<'a>(
    state: &'a State,
    role: Found<'a>,
) -> impl Iterator<Item = (String, &'a Value)> {
    let name = role.id();
    let own = role.properties["Policies"].as_array();
    let own = own.into_iter().flatten();
    let others = deployed::all(state, "AWS::IAM::Policy")
        .filter(move |policy| policy.texts("Roles").any(|one| one == name))
        .chain(
            deployed::all(state, "AWS::IAM::RolePolicy")
                .filter(move |policy| policy.properties["RoleName"] == name),
        )
        .map(|policy| policy.properties);
    others.chain(own).filter_map(|policy| {
        let name = policy["PolicyName"].as_str()?;
        Some((name.to_owned(), &policy["PolicyDocument"]))
    })
}

/// The ARNs of the managed policies of a role.
pub(crate) fn attached_policies<'a>(state: &'a State, role: Found<'a>) -> BTreeSet<&'a str> {
    let own = role.texts("ManagedPolicyArns");
    let attached = deployed::all(state, MANAGED_POLICY)
        .filter(|policy| policy.texts("Roles").any(|one| one == role.id()))
        .map(Found::id);
    own.chain(attached).collect()
}

fn missing(message: String) -> Refusal {
    Refusal::new("NoSuchEntity", message).with_status(404)
}

fn role<'a>(state: &'a State, form: &Form) -> Result<Found<'a>, Refusal> {
    let name = form.required("RoleName")?;
    deployed::find(state, ROLE, name)
        .ok_or_else(|| missing(format!("The role with name {name} cannot be found.")))
}

fn policy<'a>(state: &'a State, form: &Form) -> Result<Found<'a>, Refusal> {
    let arn = form.required("PolicyArn")?;
    deployed::find(state, MANAGED_POLICY, arn)
        .ok_or_else(|| missing(format!("Policy {arn} was not found.")))
}

fn describe_role(role: Found<'_>) -> Content {
    Content::result(|xml| {
        xml.element("Role", |xml| {
            xml.text("RoleName", role.id());
            xml.maybe("RoleId", role.attribute("RoleId"));
            xml.maybe("Arn", role.attribute("Arn"));
            common(xml, role);
            let trust = &role.properties["AssumeRolePolicyDocument"];
            xml.text("AssumeRolePolicyDocument", encoded(trust));
            let longest = role.text("MaxSessionDuration");
            xml.text("MaxSessionDuration", longest.as_deref().unwrap_or("3600"));
            if let Some(boundary) = role.text("PermissionsBoundary") {
                xml.element("PermissionsBoundary", |xml| {
                    xml.text("PermissionsBoundaryType", "Policy");
                    xml.text("PermissionsBoundaryArn", boundary);
                });
            }
            tags(xml, role);
        });
    })
}

/// What is told of roles and of policies.
fn common(xml: &mut Xml, found: Found<'_>) {
    xml.text("Path", found.text("Path").as_deref().unwrap_or("/"));
    xml.text("CreateDate", found.created().to_string());
    xml.maybe("Description", found.text("Description"));
}

fn tags(xml: &mut Xml, found: Found<'_>) {
    xml.list("Tags", found.tags(), |xml, (key, value)| {
        xml.text("Key", key);
        xml.text("Value", value);
    });
}

/// A policy document as the service tells it.
fn encoded(document: &Value) -> String {
    utf8_percent_encode(&document_text(document), PLAIN).to_string()
}

fn role_policy(state: &State, role: Found<'_>, form: &Form) -> Result<Content, Refusal> {
    let wanted = form.required("PolicyName")?;
    let mut policies = inline_policies(state, role);
    let (_, document) = policies.find(|(name, _)| name == wanted).ok_or_else(|| {
        missing(format!(
            "The role policy with name {wanted} cannot be found."
        ))
    })?;
    Ok(Content::result(|xml| {
        xml.text("RoleName", role.id());
        xml.text("PolicyName", wanted);
        xml.text("PolicyDocument", encoded(document));
    }))
}

fn attached(state: &State, role: Found<'_>) -> Content {
    let arns = attached_policies(state, role);
    Content::result(|xml| {
        xml.list("AttachedPolicies", arns, |xml, arn| {
            xml.text("PolicyName", last_part(arn));
            xml.text("PolicyArn", arn);
        });
        xml.flag("IsTruncated", false);
    })
}

/// The name in an ARN, behind the path.
fn last_part(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

/// Whose policy it is, by kind of principal.
fn holders<'a>(state: &'a State, policy: Found<'a>) -> [(&'static str, BTreeSet<&'a str>); 3] {
    let kinds = [
        ("Group", "AWS::IAM::Group", "Groups"),
        ("User", "AWS::IAM::User", "Users"),
        ("Role", ROLE, "Roles"),
    ];
    kinds.map(|(kind, type_name, property)| {
        let attached = deployed::all(state, type_name)
            .filter(|one| one.texts("ManagedPolicyArns").any(|arn| arn == policy.id()))
            .map(Found::id);
        (kind, policy.texts(property).chain(attached).collect())
    })
}

fn entities(state: &State, policy: Found<'_>) -> Content {
    let holders = holders(state, policy);
    Content::result(|xml| {
        for (kind, names) in holders {
            xml.list(&format!("Policy{kind}s"), names, |xml, name| {
                xml.text(&format!("{kind}Name"), name);
                let found = deployed::find(state, &format!("AWS::IAM::{kind}"), name);
                let id = format!("{kind}Id");
                xml.maybe(&id, found.and_then(|found| found.attribute(&id)));
            });
        }
        xml.flag("IsTruncated", false);
    })
}

/// Each change of a policy makes a version of it.
fn version(policy: Found<'_>) -> String {
    format!("v{}", policy.changes() + 1)
}

fn describe_policy(state: &State, policy: Found<'_>) -> Content {
    let holders = holders(state, policy);
    let count: usize = holders.iter().map(|(_, names)| names.len()).sum();
    Content::result(|xml| {
        xml.element("Policy", |xml| {
            xml.text("PolicyName", last_part(policy.id()));
            xml.maybe("PolicyId", policy.attribute("PolicyId"));
            xml.text("Arn", policy.id());
            common(xml, policy);
            xml.text("UpdateDate", policy.modified().to_string());
            xml.text("DefaultVersionId", version(policy));
            xml.text("AttachmentCount", count.to_string());
            xml.text("PermissionsBoundaryUsageCount", "0");
            xml.flag("IsAttachable", true);
            tags(xml, policy);
        });
    })
}

/// A version of a policy; only the one in use is kept.
fn policy_version(policy: Found<'_>, form: &Form) -> Result<Content, Refusal> {
    let wanted = form.required("VersionId")?;
    if wanted != version(policy) {
        let arn = policy.id();
        return Err(missing(format!(
            "Policy {arn} version {wanted} does not exist or is not attachable."
        )));
    }
    Ok(Content::result(|xml| {
        xml.element("PolicyVersion", |xml| {
            let document = &policy.properties["PolicyDocument"];
            xml.text("Document", encoded(document));
            xml.text("VersionId", wanted);
            xml.flag("IsDefaultVersion", true);
            xml.text("CreateDate", policy.modified().to_string());
        });
    }))
}

fn provider(state: &State, form: &Form) -> Result<Content, Refusal> {
    let arn = form.required("OpenIDConnectProviderArn")?;
    let found = deployed::find(state, PROVIDER, arn)
        .ok_or_else(|| missing(format!("OpenIDConnect Provider not found for arn {arn}")))?;
    Ok(Content::result(|xml| {
        let url = found.text("Url").unwrap_or_default();
        xml.text("Url", url.trim_start_matches("https://"));
        xml.texts("ClientIDList", found.texts("ClientIdList"));
        xml.texts("ThumbprintList", found.texts("ThumbprintList"));
        xml.text("CreateDate", found.created().to_string());
        tags(xml, found);
    }))
}
