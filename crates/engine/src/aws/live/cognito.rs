//! User pools, their clients and their domains.

use serde_json::{Map, Value, json};

use super::{Failure, Properties, Read, Reading, answer::Kept, present, put};
use crate::{
    aws::{ApiOperation, Aws},
    drift::LiveResource,
};

/// How CloudFormation calls what the service calls otherwise.
const NAMES: [(&str, &str); 2] = [("Name", "UserPoolName"), ("SchemaAttributes", "Schema")];

/// Properties of a user pool that its settings of further factors tell.
const OF_FACTORS: [&str; 7] = [
    "EnabledMfas",
    "EmailAuthenticationMessage",
    "EmailAuthenticationSubject",
    "MfaConfiguration",
    "WebAuthnFactorConfiguration",
    "WebAuthnRelyingPartyID",
    "WebAuthnUserVerification",
];

impl Aws {
    pub(super) async fn read_user_pool(&self, resource: &LiveResource) -> Read {
        let call = self.call_of(ApiOperation::DescribeUserPool, resource);
        let kept = Kept::default();
        let request = self.live.cognito.describe_user_pool();
        let request = request.user_pool_id(&resource.physical_id).customize();
        let answer = request.interceptor(kept.clone()).send().await;
        if present(answer, call)?.is_none() {
            return Ok(None);
        }
        let mut properties = members(kept.take(), "UserPool");
        for (theirs, ours) in NAMES {
            if let Some(value) = properties.shift_remove(theirs) {
                properties.insert(ours.to_owned(), value);
            }
        }
        if let Some(Value::Array(schema)) = properties.get_mut("Schema") {
            adapt_schema(schema, resource);
        }
        for name in OF_FACTORS {
            properties.shift_remove(name);
        }
        complete(&mut properties, resource, &OF_FACTORS);
        let arn = properties.get("Arn").and_then(Value::as_str);
        let arn = arn.unwrap_or_default().to_owned();
        let mut reading = Reading::from(properties).with([("Arn", &arn)]);
        let given = OF_FACTORS.into_iter().filter(|name| resource.gives(name));
        let given: Vec<&str> = given.collect();
        if !given.is_empty() {
            let told = self.factors(resource).await;
            for name in given {
                let told = told.as_ref().map(|told| told[name].clone());
                reading.take(name, told.map_err(Clone::clone))?;
            }
        }
        Ok(Some(reading))
    }

    /// The settings of further factors, which stand apart; CloudFormation itself never reads which are enabled.
    async fn factors(&self, resource: &LiveResource) -> Result<Properties, Failure> {
        let call = self.call_of(ApiOperation::GetUserPoolMfaConfig, resource);
        let kept = Kept::default();
        let request = self.live.cognito.get_user_pool_mfa_config();
        let request = request.user_pool_id(&resource.physical_id).customize();
        let answer = request.interceptor(kept.clone()).send().await;
        answer.map_err(|error| call.failed(error))?;
        Ok(factors(&kept.take()))
    }

    pub(super) async fn read_user_pool_client(&self, resource: &LiveResource) -> Read {
        let Some(pool) = resource.text("UserPoolId") else {
            // Its pool is not known here, and without it nobody finds the client.
            return Ok(Some(Reading::default()));
        };
        let call = self.call_of(ApiOperation::DescribeUserPoolClient, resource);
        let kept = Kept::default();
        let request = self.live.cognito.describe_user_pool_client();
        let request = request.user_pool_id(pool).client_id(&resource.physical_id);
        let answer = request.customize().interceptor(kept.clone()).send().await;
        if present(answer, call)?.is_none() {
            return Ok(None);
        }
        let mut properties = members(kept.take(), "UserPoolClient");
        // None is expected, or it would not have been read; it goes no further all the same.
        let has_secret = properties.shift_remove("ClientSecret").is_some();
        properties.insert("GenerateSecret".to_owned(), json!(has_secret));
        complete(&mut properties, resource, &[]);
        Ok(Some(properties.into()))
    }

    pub(super) async fn read_user_pool_domain(&self, resource: &LiveResource) -> Read {
        let domain = resource.text("Domain").unwrap_or(&resource.physical_id);
        let call = self.call_of(ApiOperation::DescribeUserPoolDomain, resource);
        let kept = Kept::default();
        let request = self.live.cognito.describe_user_pool_domain().domain(domain);
        let answer = request.customize().interceptor(kept.clone()).send().await;
        if present(answer, call)?.is_none() {
            return Ok(None);
        }
        let mut properties = members(kept.take(), "DomainDescription");
        // A domain that there is not is described all the same, by nothing.
        if !properties.contains_key("UserPoolId") {
            return Ok(None);
        }
        complete(&mut properties, resource, &[]);
        Ok(Some(properties.into()))
    }
}

/// Whether a resource is a client that has a secret, or may have one: whoever asks for it is
/// [told the secret](https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_UserPoolClientType.html).
pub(super) fn tells_secret(resource: &LiveResource) -> bool {
    let generates = resource.properties.get("GenerateSecret");
    let has_none = |value: &Value| *value == json!(false) || *value == json!("false");
    resource.resource_type == "AWS::Cognito::UserPoolClient"
        && generates.is_some_and(|value| !has_none(value))
}

/// The members of the one thing that an answer describes.
fn members(answer: Value, name: &str) -> Map<String, Value> {
    match answer {
        Value::Object(mut answer) => match answer.shift_remove(name) {
            Some(Value::Object(members)) => members,
            _ => Map::new(),
        },
        _ => Map::new(),
    }
}

/// What the template gives and the service does not mention is not set, but for what only another call tells.
fn complete(properties: &mut Properties, resource: &LiveResource, elsewhere: &[&str]) {
    for name in resource.properties.keys() {
        if !elsewhere.contains(&name.as_str()) {
            properties.entry(name.clone()).or_insert(Value::Null);
        }
    }
}

/// The attributes in CloudFormation's form: custom ones without their prefix, and of those that every pool has only what the
/// template mentions.
fn adapt_schema(schema: &mut Vec<Value>, resource: &LiveResource) {
    let declared = resource.properties.get("Schema").and_then(Value::as_array);
    let is_declared = |name: &str| {
        let mut declared = declared.into_iter().flatten();
        declared.any(|one| one["Name"] == name)
    };
    schema.retain_mut(|attribute| {
        let name = attribute["Name"].as_str().unwrap_or_default().to_owned();
        match name.strip_prefix("custom:") {
            Some(custom) => {
                attribute["Name"] = json!(custom);
                true
            }
            None => is_declared(&name),
        }
    });
}

/// What the settings of further factors say.
fn factors(settings: &Value) -> Properties {
    let mut properties = Properties::new();
    let configuration = settings.get("MfaConfiguration").cloned();
    put(&mut properties, "MfaConfiguration", configuration);
    let mut enabled = Vec::new();
    if settings
        .get("SmsMfaConfiguration")
        .is_some_and(Value::is_object)
    {
        enabled.push("SMS_MFA");
    }
    if settings["SoftwareTokenMfaConfiguration"]["Enabled"] == true {
        enabled.push("SOFTWARE_TOKEN_MFA");
    }
    let email = settings.get("EmailMfaConfiguration");
    if email.is_some_and(Value::is_object) {
        enabled.push("EMAIL_OTP");
    }
    put(&mut properties, "EnabledMfas", Some(enabled));
    let of_email = |name: &str| email.and_then(|email| email.get(name)).cloned();
    put(
        &mut properties,
        "EmailAuthenticationMessage",
        of_email("Message"),
    );
    put(
        &mut properties,
        "EmailAuthenticationSubject",
        of_email("Subject"),
    );
    let passkeys = &settings["WebAuthnConfiguration"];
    for (theirs, ours) in [
        ("FactorConfiguration", "WebAuthnFactorConfiguration"),
        ("RelyingPartyId", "WebAuthnRelyingPartyID"),
        ("UserVerification", "WebAuthnUserVerification"),
    ] {
        put(&mut properties, ours, passkeys.get(theirs).cloned());
    }
    properties
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn factors_are_told_in_the_words_of_cloudformation() {
        let settings = json!({
            "MfaConfiguration": "OPTIONAL", "SoftwareTokenMfaConfiguration": {"Enabled": true},
            "EmailMfaConfiguration": {"Subject": "code"},
        });
        let found = factors(&settings);
        assert_eq!(
            found["EnabledMfas"],
            json!(["SOFTWARE_TOKEN_MFA", "EMAIL_OTP"])
        );
        assert_eq!(found["EmailAuthenticationSubject"], "code");
        assert_eq!(found["EmailAuthenticationMessage"], Value::Null);
        assert_eq!(factors(&json!({}))["EnabledMfas"], json!([]));
    }

    #[test]
    fn a_client_with_a_secret_is_not_asked_for() {
        let client = |properties: Value| {
            let Value::Object(properties) = properties else {
                panic!("it is an object");
            };
            LiveResource {
                resource_type: "AWS::Cognito::UserPoolClient".to_owned(),
                physical_id: "c".to_owned(),
                properties,
            }
        };
        for open in [
            json!({}),
            json!({"GenerateSecret": false}),
            json!({"GenerateSecret": "false"}),
        ] {
            assert!(!tells_secret(&client(open.clone())), "{open}");
        }
        for confidential in [json!(true), json!("true"), json!({"Ref": "Confidential"})] {
            let properties = json!({"GenerateSecret": confidential});
            assert!(tells_secret(&client(properties)), "{confidential}");
        }
    }

    #[test]
    fn a_schema_is_adapted() {
        let Value::Object(properties) = json!({"Schema": [{"Name": "email"}, {"Name": "plan"}]})
        else {
            panic!("it is an object");
        };
        let resource = LiveResource {
            resource_type: "AWS::Cognito::UserPool".to_owned(),
            physical_id: "p".to_owned(),
            properties,
        };
        let mut schema = vec![
            json!({"Name": "sub"}),
            json!({"Name": "email"}),
            json!({"Name": "custom:plan"}),
        ];
        adapt_schema(&mut schema, &resource);
        assert_eq!(schema, [json!({"Name": "email"}), json!({"Name": "plan"})]);
    }
}
