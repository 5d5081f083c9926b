//! Who people are: accounts, sign-in, and the e-mails that go with them.

use constructs::prelude::*;

use crate::{
    keep,
    settings::{Environment, Named},
};

pub(crate) fn identity(app: &App, environment: &Environment) {
    let settings = &environment.settings;
    let templates = emails(&settings.web.site);

    let stack = app.stack("identity");
    stack
        .description("Chitchatter Pro: accounts and sign-in")
        .termination_protection(settings.protected);

    let mut pool = UserPool::new()
        .name(environment.named("users"))
        .sign_in_by(Email)
        .attributes([Attribute::EMAIL.required(), Attribute::NAME])
        .mfa(Mfa::Optional(Totp))
        .password_policy(PasswordPolicy::strong(12))
        .verification_email(templates.email("verification.html", "Your Chitchatter Pro code"))
        .invitation_email(templates.email("invitation.html", "Your Chitchatter Pro invitation"))
        .deletion_protection(settings.protected);
    if let Some(address) = &settings.email_from {
        pool = pool.sent_from("Chitchatter Pro", address);
    }
    let users = stack.add("Users", pool);
    keep(&users, environment);

    // The application runs in the browser, where a secret is none: PKCE takes its place.
    let web = stack.add(
        "Web",
        users
            .public_client("web")
            .authorization_code_with_pkce([Scope::OpenId, Scope::Email, Scope::Profile])
            .secure_remote_password()
            .callback_urls(&settings.web.callback_urls)
            .logout_urls(&settings.web.logout_urls)
            .readable([Attribute::EMAIL, Attribute::EMAIL_VERIFIED, Attribute::NAME])
            .writable([Attribute::EMAIL, Attribute::NAME])
            // Signing out cannot take an access token back, so it does not live long.
            .access_token_lifetime(Lifetime::minutes(15))
            .id_token_lifetime(Lifetime::minutes(15))
            .refresh_token_lifetime(Lifetime::days(30)),
    );

    let sign_in = stack.add("SignIn", users.domain(&settings.sign_in_domain));
    stack.add("SignInPages", sign_in.pages(&web));

    stack.output("UserPoolId", users.id());
    stack.output("WebClientId", web.id());
    stack.output("Issuer", users.issuer());
    stack.output("SignInUrl", sign_in.url());
    if let Some(target) = sign_in.dns_target() {
        stack.output("SignInDnsTarget", target);
    }
}

fn emails(site: &Url) -> Templates {
    Templates::new([
        (
            "layout.html",
            include_str!("../../templates/email/layout.html"),
        ),
        (
            "verification.html",
            include_str!("../../templates/email/verification.html"),
        ),
        (
            "invitation.html",
            include_str!("../../templates/email/invitation.html"),
        ),
    ])
    .with("product", "Chitchatter Pro")
    .with("site", site)
}
