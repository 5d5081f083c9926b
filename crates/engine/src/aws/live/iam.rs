//! Roles, policies and identity providers.

use aws_sdk_iam::types::Tag;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use super::{Attributes, Failure, Properties, present, put, texts};
use crate::{
    aws::{ApiOperation, Aws},
    drift::LiveResource,
};

type Read = Result<Option<(Properties, Attributes)>, Failure>;

impl Aws {
    pub(super) async fn read_role(&self, resource: &LiveResource) -> Read {
        let name = &resource.physical_id;
        let call = self.call_of(ApiOperation::GetRole, resource);
        let answer = self.live.iam.get_role().role_name(name).send().await;
        let Some(role) = present(answer, call)?.and_then(|answer| answer.role) else {
            return Ok(None);
        };
        let mut properties = Properties::new();
        put(&mut properties, "RoleName", Some(role.role_name));
        put(&mut properties, "Path", Some(role.path));
        put(&mut properties, "Description", role.description);
        put(
            &mut properties,
            "MaxSessionDuration",
            role.max_session_duration,
        );
        put(
            &mut properties,
            "AssumeRolePolicyDocument",
            role.assume_role_policy_document.as_deref().map(document),
        );
        let boundary = role.permissions_boundary;
        let boundary = boundary.and_then(|boundary| boundary.permissions_boundary_arn);
        put(&mut properties, "PermissionsBoundary", boundary);
        put(&mut properties, "Tags", Some(tags(role.tags)));
        if resource.gives("ManagedPolicyArns") {
            let call = self.call_of(ApiOperation::ListAttachedRolePolicies, resource);
            let request = self.live.iam.list_attached_role_policies();
            let mut pages = request.role_name(name).into_paginator().send();
            let mut arns = Vec::new();
            while let Some(page) = pages.next().await {
                let page = page.map_err(|error| call.failed(error))?;
                let policies = page.attached_policies.unwrap_or_default();
                arns.extend(policies.into_iter().filter_map(|policy| policy.policy_arn));
            }
            put(&mut properties, "ManagedPolicyArns", Some(texts(arns)));
        }
        if resource.gives("Policies") {
            // Others may be those of resources of their own.
            let mut policies = Vec::new();
            let declared = resource
                .properties
                .get("Policies")
                .and_then(Value::as_array);
            for declared in declared.into_iter().flatten() {
                let Some(policy) = declared["PolicyName"].as_str() else {
                    continue;
                };
                let found = self.role_policy(resource, name, policy).await?;
                policies.extend(
                    found.map(|found| json!({"PolicyName": policy, "PolicyDocument": found})),
                );
            }
            put(&mut properties, "Policies", Some(policies));
        }
        let attributes = [("Arn", role.arn), ("RoleId", role.role_id)];
        let attributes = attributes.map(|(name, value)| (name.to_owned(), value));
        Ok(Some((properties, attributes.into())))
    }

    /// The document of a policy that is a part of a role.
    async fn role_policy(
        &self,
        resource: &LiveResource,
        role: &str,
        policy: &str,
    ) -> Result<Option<Value>, Failure> {
        let call = self.call_of(ApiOperation::GetRolePolicy, resource);
        let request = self.live.iam.get_role_policy().role_name(role);
        let answer = request.policy_name(policy).send().await;
        Ok(present(answer, call)?.map(|answer| document(&answer.policy_document)))
    }

    pub(super) async fn read_role_policy(&self, resource: &LiveResource) -> Read {
        let (Some(role), Some(policy)) = (resource.text("RoleName"), resource.text("PolicyName"))
        else {
            // Whose it is is not known here.
            return Ok(Some((Properties::new(), Attributes::new())));
        };
        let found = self.role_policy(resource, role, policy).await?;
        Ok(found.map(|found| {
            let mut properties = Properties::new();
            put(&mut properties, "RoleName", Some(role));
            put(&mut properties, "PolicyName", Some(policy));
            put(&mut properties, "PolicyDocument", Some(found));
            (properties, Attributes::new())
        }))
    }

    /// A policy that is a part of each of its roles; CloudFormation cannot read such.
    pub(super) async fn read_inline_policy(&self, resource: &LiveResource) -> Read {
        let Some(policy) = resource.text("PolicyName") else {
            return Ok(Some((Properties::new(), Attributes::new())));
        };
        let mut properties = Properties::new();
        put(&mut properties, "PolicyName", Some(policy));
        let mut roles = Vec::new();
        let mut documents: Vec<Value> = Vec::new();
        for role in resource.texts("Roles") {
            if let Some(document) = self.role_policy(resource, role, policy).await? {
                roles.push(role);
                documents.push(document);
            }
        }
        let is_of_roles_alone = !resource.gives("Users") && !resource.gives("Groups");
        if documents.is_empty() && is_of_roles_alone && resource.texts("Roles").next().is_some() {
            return Ok(None);
        }
        put(&mut properties, "Roles", Some(texts(roles)));
        let wanted = resource.properties.get("PolicyDocument");
        // One that is another is the one to speak of.
        let other = documents
            .iter()
            .position(|document| Some(document) != wanted);
        if !documents.is_empty() {
            let document = documents.swap_remove(other.unwrap_or(0));
            put(&mut properties, "PolicyDocument", Some(document));
        }
        Ok(Some((properties, Attributes::new())))
    }

    pub(super) async fn read_managed_policy(&self, resource: &LiveResource) -> Read {
        let arn = &resource.physical_id;
        let call = self.call_of(ApiOperation::GetPolicy, resource);
        let answer = self.live.iam.get_policy().policy_arn(arn).send().await;
        let Some(policy) = present(answer, call)?.and_then(|answer| answer.policy) else {
            return Ok(None);
        };
        let mut properties = Properties::new();
        put(&mut properties, "ManagedPolicyName", policy.policy_name);
        put(&mut properties, "Path", policy.path);
        put(&mut properties, "Description", policy.description);
        let call = self.call_of(ApiOperation::GetPolicyVersion, resource);
        let request = self.live.iam.get_policy_version().policy_arn(arn);
        let request = request.set_version_id(policy.default_version_id);
        let version = request.send().await.map_err(|error| call.failed(error))?;
        let text = version.policy_version.and_then(|version| version.document);
        put(
            &mut properties,
            "PolicyDocument",
            text.as_deref().map(document),
        );
        if ["Roles", "Users", "Groups"]
            .iter()
            .any(|name| resource.gives(name))
        {
            let call = self.call_of(ApiOperation::ListEntitiesForPolicy, resource);
            let request = self.live.iam.list_entities_for_policy().policy_arn(arn);
            let mut pages = request.into_paginator().send();
            let (mut roles, mut users, mut groups) = (Vec::new(), Vec::new(), Vec::new());
            while let Some(page) = pages.next().await {
                let page = page.map_err(|error| call.failed(error))?;
                let found = page.policy_roles.unwrap_or_default();
                roles.extend(found.into_iter().filter_map(|one| one.role_name));
                let found = page.policy_users.unwrap_or_default();
                users.extend(found.into_iter().filter_map(|one| one.user_name));
                let found = page.policy_groups.unwrap_or_default();
                groups.extend(found.into_iter().filter_map(|one| one.group_name));
            }
            for (name, names) in [("Roles", roles), ("Users", users), ("Groups", groups)] {
                put(&mut properties, name, Some(texts(names)));
            }
        }
        let attributes = [("PolicyArn".to_owned(), arn.clone())];
        Ok(Some((properties, attributes.into())))
    }

    pub(super) async fn read_identity_provider(&self, resource: &LiveResource) -> Read {
        let arn = &resource.physical_id;
        let call = self.call_of(ApiOperation::GetOpenIDConnectProvider, resource);
        let request = self.live.iam.get_open_id_connect_provider();
        let answer = request.open_id_connect_provider_arn(arn).send().await;
        let Some(provider) = present(answer, call)? else {
            return Ok(None);
        };
        let mut properties = Properties::new();
        // It is told without the scheme that it must be given with.
        let url = provider.url.map(|url| {
            let bare = url.trim_start_matches("https://");
            format!("https://{bare}")
        });
        put(&mut properties, "Url", url);
        let clients = texts(provider.client_id_list.unwrap_or_default());
        put(&mut properties, "ClientIdList", Some(clients));
        let thumbprints = texts(provider.thumbprint_list.unwrap_or_default());
        put(&mut properties, "ThumbprintList", Some(thumbprints));
        put(&mut properties, "Tags", Some(tags(provider.tags)));
        Ok(Some((properties, [("Arn".to_owned(), arn.clone())].into())))
    }
}

/// A policy document, which IAM gives [URL-encoded](https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetRolePolicy.html).
fn document(text: &str) -> Value {
    let text = percent_decode_str(text).decode_utf8_lossy();
    serde_json::from_str(&text).unwrap_or_else(|_| Value::from(text.as_ref()))
}

fn tags(tags: Option<Vec<Tag>>) -> Value {
    let tags = tags.unwrap_or_default().into_iter();
    tags.map(|tag| json!({"Key": tag.key, "Value": tag.value}))
        .collect()
}
