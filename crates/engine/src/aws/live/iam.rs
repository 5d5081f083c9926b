//! Roles, policies and identity providers.

use aws_sdk_iam::types::Tag;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use super::{Failure, Properties, Read, Reading, present, put, texts};
use crate::{
    aws::{ApiOperation, Aws},
    drift::LiveResource,
};

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
        let attributes = [("Arn", role.arn.as_str()), ("RoleId", &role.role_id)];
        let mut reading = Reading::from(properties).with(attributes);
        if resource.gives("ManagedPolicyArns") {
            let read = self.attached_policies(resource, name).await;
            reading.take("ManagedPolicyArns", read)?;
        }
        if resource.gives("Policies") {
            let read = self.declared_policies(resource, name).await;
            reading.take("Policies", read)?;
        }
        Ok(Some(reading))
    }

    /// The ARNs of the managed policies of a role.
    async fn attached_policies(
        &self,
        resource: &LiveResource,
        role: &str,
    ) -> Result<Value, Failure> {
        let call = self.call_of(ApiOperation::ListAttachedRolePolicies, resource);
        let request = self.live.iam.list_attached_role_policies();
        let mut pages = request.role_name(role).into_paginator().send();
        let mut arns = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| call.failed(error))?;
            let policies = page.attached_policies.unwrap_or_default();
            arns.extend(policies.into_iter().filter_map(|policy| policy.policy_arn));
        }
        Ok(texts(arns))
    }

    /// The policies that are a part of a role and that it declares; others may be those of resources of their own.
    async fn declared_policies(
        &self,
        resource: &LiveResource,
        role: &str,
    ) -> Result<Value, Failure> {
        let mut policies = Vec::new();
        let declared = resource.properties.get("Policies");
        let declared = declared.and_then(Value::as_array);
        for declared in declared.into_iter().flatten() {
            let Some(policy) = declared["PolicyName"].as_str() else {
                continue;
            };
            let found = self.role_policy(resource, role, policy).await?;
            policies
                .extend(found.map(|found| json!({"PolicyName": policy, "PolicyDocument": found})));
        }
        Ok(policies.into())
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
            return Ok(Some(Reading::default()));
        };
        let found = self.role_policy(resource, role, policy).await?;
        Ok(found.map(|found| {
            let mut properties = Properties::new();
            put(&mut properties, "RoleName", Some(role));
            put(&mut properties, "PolicyName", Some(policy));
            put(&mut properties, "PolicyDocument", Some(found));
            properties.into()
        }))
    }

    /// A policy that is a part of each of its roles; CloudFormation cannot read such.
    pub(super) async fn read_inline_policy(&self, resource: &LiveResource) -> Read {
        let Some(policy) = resource.text("PolicyName") else {
            return Ok(Some(Reading::default()));
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
        Ok(Some(properties.into()))
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
        let mut reading = Reading::from(properties).with([("PolicyArn", arn)]);
        let version = self.policy_version(resource, policy.default_version_id);
        reading.take("PolicyDocument", version.await)?;
        let holders = ["Roles", "Users", "Groups"];
        if holders.iter().any(|name| resource.gives(name)) {
            let read = self.holders(resource).await;
            for (place, name) in holders.into_iter().enumerate() {
                let read = read.as_ref().map(|read| texts(&read[place]));
                reading.take(name, read.map_err(Clone::clone))?;
            }
        }
        Ok(Some(reading))
    }

    /// The document of a version of a policy.
    async fn policy_version(
        &self,
        resource: &LiveResource,
        version: Option<String>,
    ) -> Result<Value, Failure> {
        let call = self.call_of(ApiOperation::GetPolicyVersion, resource);
        let request = self.live.iam.get_policy_version();
        let request = request.policy_arn(&resource.physical_id);
        let answer = request.set_version_id(version).send().await;
        let answer = answer.map_err(|error| call.failed(error))?;
        let text = answer.policy_version.and_then(|version| version.document);
        Ok(text.map_or(Value::Null, |text| document(&text)))
    }

    /// The roles, users and groups that a policy is attached to.
    async fn holders(&self, resource: &LiveResource) -> Result<[Vec<String>; 3], Failure> {
        let call = self.call_of(ApiOperation::ListEntitiesForPolicy, resource);
        let request = self.live.iam.list_entities_for_policy();
        let request = request.policy_arn(&resource.physical_id);
        let mut pages = request.into_paginator().send();
        let [mut roles, mut users, mut groups] = [const { Vec::new() }; 3];
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| call.failed(error))?;
            let found = page.policy_roles.unwrap_or_default();
            roles.extend(found.into_iter().filter_map(|one| one.role_name));
            let found = page.policy_users.unwrap_or_default();
            users.extend(found.into_iter().filter_map(|one| one.user_name));
            let found = page.policy_groups.unwrap_or_default();
            groups.extend(found.into_iter().filter_map(|one| one.group_name));
        }
        Ok([roles, users, groups])
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
        Ok(Some(Reading::from(properties).with([("Arn", arn)])))
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
