use dsl::testing::{self, Template};
use serde_json::json;

use super::*;
use crate::{
    addresses::{EmailAddress, Url},
    email::Templates,
};

fn templates(verification: &'static str, invitation: &'static str) -> Templates {
    Templates::new([
        ("verification.html", verification),
        ("invitation.html", invitation),
    ])
}

fn complaints_about(pool: UserPool) -> String {
    let app = testing::app();
    app.stack("identity").add("Users", pool);
    testing::diagnostics(&app)
}

#[test]
fn an_email_without_its_places_is_reported() {
    let emails = |verification, invitation| {
        let templates = templates(verification, invitation);
        UserPool::new()
            .verification_email(templates.email("verification.html", "Your code"))
            .invitation_email(templates.email("invitation.html", "Welcome"))
    };
    assert_eq!(
        complaints_about(emails(
            "code {{ code }}",
            "{{ username }} {{ code }} {{ days }}"
        )),
        ""
    );

    let text = complaints_about(emails("no code", "{{ code }} only"));
    assert!(
        text.contains("the verification e-mail lacks `{####}`"),
        "{text}"
    );
    assert!(text.contains("write `{{ code }}`"), "{text}");
    assert!(
        text.contains("the invitation e-mail lacks `{username}`"),
        "{text}"
    );
    assert!(text.contains("identity/Users"), "{text}");

    let text = complaints_about(emails("{{ coed }}", "{{ username }} {{ code }}"));
    assert!(
        text.contains("the verification e-mail cannot be made") && text.contains("coed"),
        "{text}"
    );
}

#[test]
fn an_email_that_cognito_would_not_take_is_reported() {
    let long: &'static str =
        Box::leak(format!("{{{{ code }}}}{}", "x".repeat(20_000)).into_boxed_str());
    let subject = "x".repeat(141);
    let email = templates(long, "").email("verification.html", subject);
    let text = complaints_about(UserPool::new().verification_email(email));
    assert!(
        text.contains("text of the verification e-mail has `20006` characters"),
        "{text}"
    );
    assert!(
        text.contains("subject of the verification e-mail has `141` characters"),
        "{text}"
    );
}

#[test]
fn an_entry_of_the_schema_says_everything() {
    let app = testing::app();
    let stack = app.stack("identity");
    stack.add(
        "Users",
        UserPool::new().attributes([Attribute::EMAIL.required(), Attribute::NAME]),
    );
    let template = Template::of(&stack);
    let schema = template.properties("Users")["Schema"]
        .as_array()
        .expect("it is a list");
    assert_eq!(schema.len(), 2);
    for entry in schema {
        for key in [
            "AttributeDataType",
            "DeveloperOnlyAttribute",
            "Mutable",
            "Name",
            "Required",
            "StringAttributeConstraints",
        ] {
            assert!(entry.get(key).is_some(), "{entry} lacks {key}");
        }
    }
    assert_eq!(schema[0]["Required"], true);
    assert_eq!(schema[1]["Required"], false);
}

#[test]
fn a_sender_is_an_address_of_a_domain_that_ses_knows() {
    let app = testing::app();
    let stack = app.stack("identity");
    let address = EmailAddress::new("hello@example.com").expect("it is an address");
    stack.add("Users", UserPool::new().sent_from("Example", &address));
    let template = Template::of(&stack);
    assert_eq!(
        template.properties("Users")["EmailConfiguration"],
        json!({
            "EmailSendingAccount": "DEVELOPER",
            "From": "Example <hello@example.com>",
            "SourceArn": {
                "Fn::Sub": "arn:${AWS::Partition}:ses:${AWS::Region}:${AWS::AccountId}:identity/example.com"
            },
        })
    );
}

#[test]
fn recovery_goes_by_what_people_sign_in_by() {
    let app = testing::app();
    let stack = app.stack("identity");
    stack.add(
        "Users",
        UserPool::new()
            .sign_in_by(Contact::Email)
            .mfa(Mfa::Required(SecondFactor::Totp)),
    );
    let template = Template::of(&stack);
    let users = template.properties("Users");
    assert_eq!(
        users["AccountRecoverySetting"],
        json!({ "RecoveryMechanisms": [{ "Name": "verified_email", "Priority": 1 }] })
    );
    assert_eq!(users["UsernameAttributes"], json!(["email"]));
    assert_eq!(users["MfaConfiguration"], "ON");
    assert_eq!(users["EnabledMfas"], json!(["SOFTWARE_TOKEN_MFA"]));
}

#[test]
fn a_client_nobody_can_use_is_reported() {
    let callback = [Url::new("https://example.com").expect("it is a URL")];
    let complaints = |change: fn(UserPoolClient) -> UserPoolClient| {
        let app = testing::app();
        let stack = app.stack("identity");
        let users = stack.add("Users", UserPool::new());
        let client = users
            .public_client("web")
            .authorization_code_with_pkce([Scope::OpenId])
            .callback_urls(&callback);
        stack.add("Web", change(client));
        testing::diagnostics(&app)
    };
    assert_eq!(complaints(|client| client), "");
    for (text, expected) in [
        (
            complaints(|client| client.callback_urls(&[])),
            "no callback URL",
        ),
        (
            complaints(|client| client.authorization_code_with_pkce([])),
            "no way to sign in",
        ),
        (
            complaints(|client| client.access_token_lifetime(Lifetime::minutes(4))),
            "the access token is valid for `4` minutes",
        ),
        (
            complaints(|client| client.id_token_lifetime(Lifetime::hours(25))),
            "the ID token",
        ),
        (
            complaints(|client| client.refresh_token_lifetime(Lifetime::minutes(59))),
            "the refresh token",
        ),
        (
            complaints(|client| {
                client
                    .access_token_lifetime(Lifetime::hours(3))
                    .id_token_lifetime(Lifetime::hours(3))
                    .refresh_token_lifetime(Lifetime::hours(2))
            }),
            "less long than the tokens it renews",
        ),
    ] {
        assert!(text.contains(expected), "{text}");
    }
}

#[test]
fn names_of_domains() {
    let prefix = DomainName::new("chitchatter-staging").expect("it is a prefix");
    assert!(matches!(prefix, DomainName::Prefix(_)));
    let custom = DomainName::new("auth.chitchatter.im").expect("it is a host");
    assert!(matches!(custom, DomainName::Custom(_)));
    for bad in [
        "",
        "-a",
        "a-",
        "A",
        "a_b",
        "my-cognito",
        "awsome",
        "auth..im",
        "https://auth.im",
    ] {
        assert!(DomainName::new(bad).is_err(), "{bad}");
    }
}

#[test]
fn a_certificate_in_another_region_is_reported() {
    let environment = dsl::Environment {
        region: "eu-west-1".to_owned(),
        ..testing::environment(())
    };
    let complaints = |name: &str| {
        let app = dsl::App::new("test", &environment);
        let stack = app.stack("identity");
        let users = stack.add("Users", UserPool::new());
        let name = DomainName::new(name).expect("it is a name");
        stack.add("SignIn", users.domain(&name));
        testing::diagnostics(&app)
    };
    assert_eq!(complaints("prefix"), "");
    let text = complaints("auth.chitchatter.im");
    assert!(
        text.contains("`eu-west-1`") && text.contains("us-east-1"),
        "{text}"
    );
    assert!(text.contains("identity/SignInCertificate"), "{text}");
}

#[test]
fn sign_in_has_an_address() {
    let app = testing::app();
    let stack = app.stack("identity");
    let users = stack.add("Users", UserPool::new());
    let prefix = users.domain(&DomainName::new("prefix").expect("it is a prefix"));
    let custom = users.domain(&DomainName::new("auth.example.com").expect("it is a host"));
    let prefix = stack.add("Prefix", prefix);
    let custom = stack.add("Custom", custom);
    assert_eq!(prefix.dns_target(), None);
    stack.output("Prefix", prefix.url());
    stack.output("Custom", custom.url());
    stack.output(
        "Target",
        custom.dns_target().expect("it is a domain of ours"),
    );

    let template = Template::of(&stack);
    assert_eq!(
        template.output("Prefix"),
        &json!({ "Fn::Sub": "https://prefix.auth.${AWS::Region}.amazoncognito.com" })
    );
    assert_eq!(template.output("Custom"), "https://auth.example.com");
    assert_eq!(
        template.properties("Custom")["CustomDomainConfig"]["CertificateArn"],
        json!({ "Ref": "CustomCertificate" })
    );
}
