//! The user pool: who has an account, and how they prove it.

use dsl::{Arn, Construct, Diagnostic, Handle, Reference, Stack, Value};
use resources::cognito::{
    self, UserPoolRef,
    user_pool::{
        self,
        UserAttributeUpdateSettingsAttributesRequireVerificationBeforeUpdateItem as VerifiedBeforeUpdate,
        VerificationMessageTemplateDefaultEmailOption as ByCodeOrLink,
    },
};

use super::{
    DomainName, PasswordPolicy, UserPoolClient, UserPoolDomain,
    messages::{self, Message},
};
use crate::{addresses::EmailAddress, arns, email::Email};

/// A user pool.
///
/// It begins as people expect it: anyone may sign up, names are not case-sensitive, changed addresses must be verified before they
/// count, and nobody is asked for a telephone number.
#[derive(Clone, Debug, Default)]
pub struct UserPool {
    name: Option<String>,
    contact: Option<Contact>,
    attributes: Vec<Attribute>,
    mfa: Mfa,
    password_policy: PasswordPolicy,
    verification_email: Option<Email>,
    invitation_email: Option<Email>,
    sender: Option<Sender>,
    protected: bool,
}

/// In whose name e-mails are sent.
#[derive(Clone, Debug)]
struct Sender {
    name: String,
    address: EmailAddress,
}

/// How people are reached, and what they sign in by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contact {
    /// Their e-mail address.
    Email,
}

/// A standard attribute of a user.
/// <https://openid.net/specs/openid-connect-core-1_0.html#StandardClaims>
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attribute {
    pub(super) name: &'static str,
    required: bool,
}

/// Whether people need a second factor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mfa {
    /// There is none.
    #[default]
    Off,
    /// Whoever wants one has one.
    Optional(SecondFactor),
    /// Everyone has one.
    Required(SecondFactor),
}

/// What proves a second time who someone is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecondFactor {
    /// Time-based codes of an authenticator application.
    Totp,
}

impl Attribute {
    /// The e-mail address.
    pub const EMAIL: Self = Self::optional("email");
    /// The full name.
    pub const NAME: Self = Self::optional("name");
    /// Whether the e-mail address was verified. Only Cognito writes it.
    pub const EMAIL_VERIFIED: Self = Self::optional("email_verified");

    const fn optional(name: &'static str) -> Self {
        Self {
            name,
            required: false,
        }
    }

    /// The attribute, which nobody can sign up without.
    #[must_use]
    pub const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// The whole entry of the schema. Cognito compares entries as wholes and can neither change nor remove one, so each says
    /// everything: an entry that leaves something to defaults fails the pool's next update.
    fn schema(self) -> user_pool::SchemaAttribute {
        user_pool::SchemaAttribute::new()
            .name(self.name)
            .attribute_data_type(user_pool::SchemaAttributeAttributeDataType::String)
            .required(self.required)
            .mutable(true)
            .developer_only_attribute(false)
            .string_attribute_constraints(
                user_pool::StringAttributeConstraints::new()
                    .min_length("0")
                    .max_length("2048"),
            )
    }
}

impl UserPool {
    /// Begins a user pool.
    pub fn new() -> Self {
        Self::default()
    }

    /// Names it, for people to see.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Has people sign in by their address, verify it when they sign up, and recover their account through it and nothing else.
    #[must_use]
    pub fn sign_in_by(mut self, contact: Contact) -> Self {
        self.contact = Some(contact);
        self
    }

    /// Says which standard attributes people have. Later they can be added to, but not taken from.
    #[must_use]
    pub fn attributes(mut self, attributes: impl IntoIterator<Item = Attribute>) -> Self {
        self.attributes.extend(attributes);
        self
    }

    /// Says whether people need a second factor.
    #[must_use]
    pub fn mfa(mut self, mfa: Mfa) -> Self {
        self.mfa = mfa;
        self
    }

    /// Says what a password must be like.
    #[must_use]
    pub fn password_policy(mut self, policy: PasswordPolicy) -> Self {
        self.password_policy = policy;
        self
    }

    /// The e-mail with the code that proves an address. Its template finds the code as `code`.
    #[must_use]
    pub fn verification_email(mut self, email: Email) -> Self {
        self.verification_email = Some(email);
        self
    }

    /// The e-mail to whom an administrator made an account for. Its template finds the name to sign in by as `username`, the
    /// temporary password as `code`, and as `days` for how long it is valid.
    #[must_use]
    pub fn invitation_email(mut self, email: Email) -> Self {
        self.invitation_email = Some(email);
        self
    }

    /// Has Amazon SES send the e-mails, from an address of a domain that SES has verified, in the stack's region. Without it Cognito
    /// sends them itself, at most 50 a day.
    /// <https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-email.html>
    #[must_use]
    pub fn sent_from(mut self, name: impl Into<String>, address: &EmailAddress) -> Self {
        let (name, address) = (name.into(), address.clone());
        self.sender = Some(Sender { name, address });
        self
    }

    /// Has Cognito refuse to delete the pool.
    #[must_use]
    pub fn deletion_protection(mut self, protected: bool) -> Self {
        self.protected = protected;
        self
    }
}

impl Construct for UserPool {
    type Output = Users;

    fn build(self, stack: &Stack, id: &str) -> Users {
        let mut findings = Vec::new();
        let mut pool = cognito::UserPool::new()
            .user_pool_tier(user_pool::UserPoolTier::Essentials)
            .username_configuration(user_pool::UsernameConfiguration::new().case_sensitive(false))
            .policies(user_pool::Policies::new().password_policy(self.password_policy.properties()))
            .admin_create_user_config(self.administration(&mut findings))
            .deletion_protection(if self.protected {
                user_pool::DeletionProtection::Active
            } else {
                user_pool::DeletionProtection::Inactive
            });
        pool = self.mfa.set(pool);
        if let Some(contact) = self.contact {
            pool = contact.set(pool);
        }
        if let Some(message) = self.verification(&mut findings) {
            pool = pool.verification_message_template(message);
        }
        if !self.attributes.is_empty() {
            let schema: Vec<_> = self.attributes.into_iter().map(Attribute::schema).collect();
            pool = pool.schema(schema);
        }
        if let Some(sender) = &self.sender {
            pool = pool.email_configuration(sender.configuration());
        }
        if let Some(name) = self.name {
            pool = pool.user_pool_name(name);
        }

        let pool = stack.add(id, pool);
        for finding in findings {
            stack.diagnose(finding.at_path(pool.reference().path()));
        }
        Users(pool)
    }
}

impl UserPool {
    fn administration(&self, findings: &mut Vec<Diagnostic>) -> user_pool::AdminCreateUserConfig {
        let administration =
            user_pool::AdminCreateUserConfig::new().allow_admin_create_user_only(false);
        let Some(email) = &self.invitation_email else {
            return administration;
        };
        let days = self.password_policy.temporary_days.to_string();
        let text = messages::fill(Message::Invitation, email, &[("days", &days)], findings);
        administration.invite_message_template(
            user_pool::InviteMessageTemplate::new()
                .email_subject(email.subject.as_ref())
                .email_message(text),
        )
    }

    fn verification(
        &self,
        findings: &mut Vec<Diagnostic>,
    ) -> Option<user_pool::VerificationMessageTemplate> {
        let email = self.verification_email.as_ref()?;
        let text = messages::fill(Message::Verification, email, &[], findings);
        Some(
            user_pool::VerificationMessageTemplate::new()
                .default_email_option(ByCodeOrLink::ConfirmWithCode)
                .email_subject(email.subject.as_ref())
                .email_message(text),
        )
    }
}

impl Contact {
    fn set(self, pool: cognito::UserPool) -> cognito::UserPool {
        let Self::Email = self;
        pool.username_attributes([user_pool::UsernameAttributesItem::Email])
            .auto_verified_attributes([user_pool::AutoVerifiedAttributesItem::Email])
            .user_attribute_update_settings(user_pool::UserAttributeUpdateSettings::new([
                VerifiedBeforeUpdate::Email,
            ]))
            .account_recovery_setting(
                user_pool::AccountRecoverySetting::new().recovery_mechanisms([
                    user_pool::RecoveryOption::new()
                        .name(user_pool::RecoveryOptionName::VerifiedEmail)
                        .priority(1),
                ]),
            )
    }
}

impl Sender {
    fn configuration(&self) -> user_pool::EmailConfiguration {
        let Self { name, address } = self;
        user_pool::EmailConfiguration::new()
            .email_sending_account(user_pool::EmailConfigurationEmailSendingAccount::Developer)
            .from(format!("{name} <{address}>"))
            .source_arn(arns::regional(
                "ses",
                format_args!("identity/{}", address.domain()),
            ))
    }
}

impl Mfa {
    fn set(self, pool: cognito::UserPool) -> cognito::UserPool {
        let (configuration, SecondFactor::Totp) = match self {
            Self::Off => return pool.mfa_configuration(user_pool::MfaConfiguration::Off),
            Self::Optional(factor) => (user_pool::MfaConfiguration::Optional, factor),
            Self::Required(factor) => (user_pool::MfaConfiguration::On, factor),
        };
        pool.mfa_configuration(configuration)
            .enabled_mfas(["SOFTWARE_TOKEN_MFA"])
    }
}

/// A user pool, once it is declared.
#[derive(Clone, Debug)]
pub struct Users(UserPoolRef);

impl Users {
    /// The pool's id, `us-east-1_Example`.
    pub fn id(&self) -> Value<String> {
        self.0.id()
    }

    /// The pool's ARN.
    pub fn arn(&self) -> Value<Arn> {
        self.0.arn()
    }

    /// Who signs the tokens: the URL in their claim `iss`.
    pub fn issuer(&self) -> Value<String> {
        self.0.provider_url()
    }

    /// Begins an application without a secret that people sign in to.
    pub fn public_client(&self, name: impl Into<String>) -> UserPoolClient {
        UserPoolClient::new(self.id(), name.into())
    }

    /// Gives the pool's pages a domain.
    pub fn domain(&self, name: &DomainName) -> UserPoolDomain {
        UserPoolDomain {
            pool: self.id(),
            name: name.clone(),
        }
    }
}

impl Handle for Users {
    fn from_reference(reference: Reference) -> Self {
        Self(UserPoolRef::from_reference(reference))
    }

    fn reference(&self) -> &Reference {
        self.0.reference()
    }
}
