//! Where people sign in: the domain of a user pool's pages, and the pages themselves.

use std::fmt;

use dsl::{Construct, Diagnostic, Handle, ResourceOptions, Stack, Value, aws, sub};
use resources::{
    certificatemanager as acm,
    cognito::{
        self, ManagedLoginBrandingRef, UserPoolClientRef, UserPoolDomainRef,
        user_pool_domain::{CustomDomainConfigType, CustomDomainConfigTypeSecurityPolicy},
    },
};
use serde::{Deserialize, Deserializer};

use crate::{addresses::HostName, settings};

/// The name of a domain: a prefix of Cognito's own, or one of ours. A text without dots is a prefix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DomainName {
    /// `chitchatter` stands for `chitchatter.auth.us-east-1.amazoncognito.com`. Nobody else in the region may have it.
    Prefix(Prefix),
    /// A domain of ours, with a certificate for it. The domain above it must have an address already.
    Custom(HostName),
}

/// A prefix of Cognito's own domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prefix(String);

/// Why a text is not the name of a domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidDomainName(String);

/// Words that AWS keeps for itself.
/// <https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-assign-domain-prefix.html>
const RESERVED: [&str; 3] = ["aws", "amazon", "cognito"];
/// CloudFront, which serves custom domains, takes certificates from this region alone.
const CERTIFICATE_REGION: &str = "us-east-1";

impl DomainName {
    /// Reads a name.
    ///
    /// # Errors
    /// It is neither a prefix of lowercase letters, digits and hyphens, nor a host's full name.
    pub fn new(text: &str) -> Result<Self, InvalidDomainName> {
        if text.contains('.') {
            let host = HostName::new(text).map_err(|error| InvalidDomainName(error.to_string()))?;
            return Ok(Self::Custom(host));
        }
        let hyphens_within = !text.starts_with('-') && !text.ends_with('-');
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if !(1..=63).contains(&text.len()) || !hyphens_within || !text.bytes().all(plain) {
            return Err(InvalidDomainName(format!(
                "domain prefix `{text}` is not 1 to 63 lowercase letters, digits and hyphens"
            )));
        }
        match RESERVED.iter().find(|word| text.contains(**word)) {
            Some(word) => Err(InvalidDomainName(format!(
                "domain prefix `{text}` contains `{word}`, which Cognito refuses"
            ))),
            None => Ok(Self::Prefix(Prefix(text.to_owned()))),
        }
    }
}

impl<'de> Deserialize<'de> for DomainName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        settings::text(deserializer, Self::new)
    }
}

impl fmt::Display for InvalidDomainName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for InvalidDomainName {}

/// The domain of a user pool's pages; [`Users::domain`](super::Users::domain) makes it.
///
/// A domain of ours has its certificate made beside it, under the same id and `Certificate`. Its deployment waits until the
/// record that proves the domain is in the DNS, which the certificate's page in the console shows.
#[derive(Clone, Debug)]
pub struct UserPoolDomain {
    pub(super) pool: Value<String>,
    pub(super) name: DomainName,
}

impl Construct for UserPoolDomain {
    type Output = SignIn;

    fn build(self, stack: &Stack, id: &str) -> SignIn {
        let of_pool = |name: &str| {
            cognito::UserPoolDomain::new(name, self.pool.clone()).managed_login_version(2)
        };
        match self.name {
            DomainName::Prefix(Prefix(prefix)) => {
                let domain = stack.add(id, of_pool(&prefix));
                SignIn {
                    url: sub!("https://{prefix}.auth.{}.amazoncognito.com", aws::region()),
                    dns_target: None,
                    pool: self.pool,
                    domain,
                }
            }
            DomainName::Custom(host) => {
                let certificate_id = format!("{id}Certificate");
                let certificate = acm::Certificate::new(&host).validation_method("DNS");
                let certificate = stack.add(&certificate_id, certificate);
                check_region(stack, certificate.reference().path());
                let custom = CustomDomainConfigType::new()
                    .certificate_arn(certificate.id())
                    .security_policy(CustomDomainConfigTypeSecurityPolicy::TlsV1_2_2021);
                let domain = stack.add(id, of_pool(host.as_ref()).custom_domain_config(custom));
                SignIn {
                    url: sub!("https://{host}"),
                    dns_target: Some(domain.cloud_front_distribution()),
                    pool: self.pool,
                    domain,
                }
            }
        }
    }
}

#[track_caller]
fn check_region(stack: &Stack, path: &str) {
    let region = stack.app().region();
    if region != CERTIFICATE_REGION {
        stack.diagnose(
            Diagnostic::error(format!(
                "a certificate for sign-in would be made in `{region}`; Cognito takes one from `{CERTIFICATE_REGION}` only"
            ))
            .at_path(path)
            .hinted("deploy the environment to `us-east-1`, or sign in at a prefix of Cognito's own domain"),
        );
    }
}

/// Where people sign in.
#[derive(Clone, Debug)]
pub struct SignIn {
    pool: Value<String>,
    domain: UserPoolDomainRef,
    url: Value<String>,
    dns_target: Option<Value<String>>,
}

impl SignIn {
    /// The address of the pages, without a path.
    pub fn url(&self) -> Value<String> {
        self.url.clone()
    }

    /// Begins the pages for an application.
    pub fn pages(&self, client: &UserPoolClientRef) -> SignInPages {
        let branding = cognito::ManagedLoginBranding::new(self.pool.clone())
            .client_id(client.id())
            .use_cognito_provided_values(true);
        SignInPages {
            branding,
            domain: self.domain.clone(),
        }
    }

    /// What the domain's record in the DNS points to, when the domain is ours.
    pub fn dns_target(&self) -> Option<Value<String>> {
        self.dns_target.clone()
    }
}

/// The pages that people of one application sign in on, as Cognito draws them; without them they see none.
#[derive(Clone, Debug)]
pub struct SignInPages {
    branding: cognito::ManagedLoginBranding,
    domain: UserPoolDomainRef,
}

impl Construct for SignInPages {
    type Output = ManagedLoginBrandingRef;

    fn build(self, stack: &Stack, id: &str) -> ManagedLoginBrandingRef {
        stack.add(id, self.branding).depends_on(&self.domain)
    }
}
