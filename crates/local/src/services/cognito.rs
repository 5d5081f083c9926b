//! Cognito: user pools, their clients and their domains, as stacks have made them.

use serde_json::{Map, Value, json};

use super::{
    deployed::{self, Found},
    json::{seconds, text},
};
use crate::{endpoint::Context, state::State, wire::Refusal};

const POOL: &str = "AWS::Cognito::UserPool";

/// What the service calls otherwise than CloudFormation does.
const NAMES: [(&str, &str); 2] = [("UserPoolName", "Name"), ("Schema", "SchemaAttributes")];

/// Properties of a pool that only its settings of further factors tell.
const OF_FACTORS: [&str; 6] = [
    "EmailAuthenticationMessage",
    "EmailAuthenticationSubject",
    "EnabledMfas",
    "WebAuthnFactorConfiguration",
    "WebAuthnRelyingPartyID",
    "WebAuthnUserVerification",
];

/// Attributes that every pool has.
/// <https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-attributes.html>
const STANDARD: [&str; 19] = [
    "address",
    "birthdate",
    "email",
    "email_verified",
    "family_name",
    "gender",
    "given_name",
    "locale",
    "middle_name",
    "name",
    "nickname",
    "phone_number",
    "phone_number_verified",
    "picture",
    "preferred_username",
    "profile",
    "sub",
    "updated_at",
    "zoneinfo",
];

/// The answer to a call; none where there is no such operation.
pub(super) fn perform(
    context: &Context<'_>,
    operation: &str,
    input: &Value,
) -> Result<Option<Value>, Refusal> {
    let core = context.endpoint.core();
    let (state, region) = (&core.state, context.region.as_str());
    Ok(Some(match operation {
        "DescribeUserPool" => {
            json!({"UserPool": describe_pool(pool(state, region, input)?)})
        }
        "GetUserPoolMfaConfig" => factors(pool(state, region, input)?),
        "DescribeUserPoolClient" => {
            json!({"UserPoolClient": describe_client(state, region, input)?})
        }
        "DescribeUserPoolDomain" => {
            let described = describe_domain(context, state, text(input, "Domain")?);
            json!({"DomainDescription": described})
        }
        _ => return Ok(None),
    }))
}

/// The pool that a call names.
fn pool<'a>(state: &'a State, region: &str, input: &Value) -> Result<Found<'a>, Refusal> {
    let id = text(input, "UserPoolId")?;
    let found = deployed::find(state, POOL, id).filter(|found| found.region == region);
    found.ok_or_else(|| not_found(format!("User pool {id} does not exist.")))
}

fn not_found(message: String) -> Refusal {
    Refusal::new("ResourceNotFoundException", message)
}

fn describe_pool(pool: Found<'_>) -> Value {
    let mut told = pool.typed();
    told.retain(|name, _| !OF_FACTORS.contains(&name.as_str()));
    for (ours, theirs) in NAMES {
        if let Some(value) = told.shift_remove(ours) {
            told.insert(theirs.to_owned(), value);
        }
    }
    let name = pool.id().split('_').next_back().unwrap_or_default();
    default(&mut told, "Name", json!(name));
    default(&mut told, "MfaConfiguration", json!("OFF"));
    default(&mut told, "DeletionProtection", json!("INACTIVE"));
    told.insert("Id".to_owned(), json!(pool.id()));
    told.insert("Arn".to_owned(), json!(pool.attribute("Arn")));
    told.insert("EstimatedNumberOfUsers".to_owned(), json!(0));
    let given = told.shift_remove("SchemaAttributes");
    told.insert("SchemaAttributes".to_owned(), schema(given));
    let tags = pool.stack_tags();
    let tags: Map<String, Value> = tags
        .map(|(key, value)| (key.into(), value.into()))
        .collect();
    if let Value::Object(own) = told.entry("UserPoolTags").or_insert_with(|| json!({})) {
        tags.into_iter()
            .for_each(|(key, value)| default(own, &key, value));
    }
    stamp(&mut told, pool);
    Value::Object(told)
}

/// All attributes of a pool's users: those that every pool has, as far as the given ones do not say otherwise, and custom ones.
fn schema(given: Option<Value>) -> Value {
    let mut given = match given {
        Some(Value::Array(given)) => given,
        _ => Vec::new(),
    };
    let mut all = Vec::new();
    for name in STANDARD {
        let own = given.iter().position(|one| one["Name"] == name);
        let mut attribute = own.map_or_else(|| json!({"Name": name}), |own| given.remove(own));
        if let Value::Object(attribute) = &mut attribute {
            default(attribute, "AttributeDataType", json!(kind_of(name)));
            complete(attribute, name != "sub");
        }
        all.push(attribute);
    }
    for mut attribute in given {
        if let Value::Object(attribute) = &mut attribute {
            let name = attribute.get("Name").and_then(Value::as_str);
            let name = format!("custom:{}", name.unwrap_or_default());
            attribute.insert("Name".to_owned(), name.into());
            complete(attribute, false);
        }
        all.push(attribute);
    }
    all.into()
}

fn complete(attribute: &mut Map<String, Value>, mutable: bool) {
    default(attribute, "DeveloperOnlyAttribute", json!(false));
    default(attribute, "Mutable", json!(mutable));
    default(attribute, "Required", json!(false));
}

fn kind_of(standard: &str) -> &'static str {
    match standard {
        "email_verified" | "phone_number_verified" => "Boolean",
        "updated_at" => "Number",
        _ => "String",
    }
}

/// The settings of further factors.
fn factors(pool: Found<'_>) -> Value {
    let properties = pool.typed();
    let given = |name: &str| properties.get(name).cloned();
    let enabled = |name: &str| pool.texts("EnabledMfas").any(|one| one == name);
    let mut told = Map::new();
    let mode = given("MfaConfiguration").unwrap_or_else(|| json!("OFF"));
    told.insert("MfaConfiguration".to_owned(), mode);
    let mut insert = |name: &str, members: &[(&str, Option<Value>)]| {
        let members = members.iter();
        let members: Map<String, Value> = members
            .filter_map(|(name, value)| Some(((*name).to_owned(), value.clone()?)))
            .collect();
        told.insert(name.to_owned(), members.into());
    };
    if enabled("SMS_MFA") {
        let members = [
            (
                "SmsAuthenticationMessage",
                given("SmsAuthenticationMessage"),
            ),
            ("SmsConfiguration", given("SmsConfiguration")),
        ];
        insert("SmsMfaConfiguration", &members);
    }
    if enabled("SOFTWARE_TOKEN_MFA") {
        insert(
            "SoftwareTokenMfaConfiguration",
            &[("Enabled", Some(json!(true)))],
        );
    }
    if enabled("EMAIL_OTP") {
        let members = [
            ("Message", given("EmailAuthenticationMessage")),
            ("Subject", given("EmailAuthenticationSubject")),
        ];
        insert("EmailMfaConfiguration", &members);
    }
    let passkeys = [
        ("RelyingPartyId", given("WebAuthnRelyingPartyID")),
        ("UserVerification", given("WebAuthnUserVerification")),
        ("FactorConfiguration", given("WebAuthnFactorConfiguration")),
    ];
    if passkeys.iter().any(|(_, value)| value.is_some()) {
        insert("WebAuthnConfiguration", &passkeys);
    }
    told.into()
}

/// A client of a pool; whoever asks is told its secret, if it has one.
fn describe_client(state: &State, region: &str, input: &Value) -> Result<Value, Refusal> {
    let pool = pool(state, region, input)?.id();
    let id = text(input, "ClientId")?;
    let found = deployed::find(state, "AWS::Cognito::UserPoolClient", id)
        .filter(|found| found.properties["UserPoolId"] == pool);
    let found = found.ok_or_else(|| not_found(format!("User pool client {id} does not exist.")))?;
    let mut told = found.typed();
    let has_secret = told.shift_remove("GenerateSecret") == Some(json!(true));
    if has_secret {
        let secret = found.attribute("ClientSecret");
        told.insert("ClientSecret".to_owned(), json!(secret));
    }
    told.insert("ClientId".to_owned(), json!(id));
    default(&mut told, "ClientName", json!(id));
    default(&mut told, "RefreshTokenValidity", json!(30));
    default(&mut told, "EnableTokenRevocation", json!(true));
    default(&mut told, "AllowedOAuthFlowsUserPoolClient", json!(false));
    default(&mut told, "AuthSessionValidity", json!(3));
    stamp(&mut told, found);
    Ok(told.into())
}

/// A domain; one that there is not is described by nothing.
fn describe_domain(context: &Context<'_>, state: &State, domain: &str) -> Value {
    let found = deployed::all(state, "AWS::Cognito::UserPoolDomain").find(|found| {
        found.properties["Domain"] == domain
            && found.region == context.region
            && found.text("UserPoolId").is_some_and(|pool| {
                // It goes with its pool.
                deployed::find(state, POOL, &pool).is_some()
            })
    });
    let Some(found) = found else {
        return json!({});
    };
    let mut told = found.typed();
    told.insert("AWSAccountId".to_owned(), json!(context.account()));
    let distribution = found.attribute("CloudFrontDistribution");
    told.insert("CloudFrontDistribution".to_owned(), json!(distribution));
    told.insert("Status".to_owned(), json!("ACTIVE"));
    default(&mut told, "ManagedLoginVersion", json!(1));
    told.into()
}

/// What a value is where nobody says otherwise.
fn default(told: &mut Map<String, Value>, name: &str, value: Value) {
    told.entry(name.to_owned()).or_insert(value);
}

fn stamp(told: &mut Map<String, Value>, found: Found<'_>) {
    let (created, modified) = (seconds(found.created()), seconds(found.modified()));
    told.insert("CreationDate".to_owned(), json!(created));
    told.insert("LastModifiedDate".to_owned(), json!(modified));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schema_has_what_every_pool_has_and_marks_custom_attributes() {
        let told = schema(Some(json!([
            {"Name": "email", "AttributeDataType": "String", "Required": true},
            {"Name": "plan", "AttributeDataType": "String"},
        ])));
        let told = told.as_array().expect("a list");
        assert_eq!(told.len(), STANDARD.len() + 1);
        let email = told.iter().find(|one| one["Name"] == "email");
        let required = email.expect("every pool has it")["Required"].clone();
        assert_eq!(required, json!(true));
        assert_eq!(told[STANDARD.len()]["Name"], "custom:plan");
    }
}
