//! What the command line does for commands that look, and change no stack.

use engine::{Error, RecordError};

use crate::{
    command::Ended,
    process::{Process, Session},
    world::lock,
};

impl Process<'_> {
    /// `status`, `outputs` and `history`.
    pub(crate) async fn look(&self, session: &Session<'_>) -> Result<(), Ended> {
        let status = session.engine.status(self.assembly).await?;
        lock(self.left).status = Some(status);
        session.engine.outputs(self.assembly).await?;
        match engine::history(session.cloud, session.home, None).await {
            Ok(_) | Err(Error::Record(RecordError::NotBootstrapped { .. })) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// `drift`.
    pub(crate) async fn drift(&self, session: &Session<'_>) -> Result<(), Ended> {
        let (engine, cloud) = (session.engine, session.cloud);
        let report = engine.drift(cloud, cloud, self.assembly, &[]).await?;
        lock(self.left).drift = Some(report);
        Ok(())
    }
}

#[cfg(test)]
mod rare {
    use engine::{IdentityProviders as _, Secrecy, SecretValue, Secrets as _};

    use super::*;
    use crate::{
        app::{AUDIENCE, ENVIRONMENT, PROJECT},
        command::Failure,
        world::ACCOUNT,
    };

    impl Process<'_> {
        /// `secret set`, then `secret list`.
        pub(crate) async fn secret(&self, session: &Session<'_>) -> Result<(), Ended> {
            let folder = format!("/{PROJECT}/{ENVIRONMENT}");
            let name = format!("{folder}/key");
            let cloud = session.cloud;
            let failed = |message: String, hint: &str| {
                Ended::Failed(Failure {
                    message,
                    hints: vec![hint.to_owned()],
                })
            };
            if !cloud
                .existing(std::slice::from_ref(&name))
                .await?
                .is_empty()
            {
                return Err(failed(format!("`{name}` exists"), "rotate it"));
            }
            let value = SecretValue::new("value".to_owned());
            let written = cloud.put_secret(&name, &value, Secrecy::New).await?;
            let version =
                written.ok_or_else(|| failed(format!("`{name}` exists by now"), "look"))?;
            let secrets = cloud.secrets(&folder).await?;
            let found = secrets.iter().find(|secret| secret.name == name);
            if found.is_none_or(|found| found.version != version) {
                self.world.accuse(format_args!(
                    "{} wrote version {version} of {name}, and then says {secrets:?}",
                    self.manner.name
                ));
            }
            Ok(())
        }

        /// What `bootstrap` asks of the account before it plans: here there is an identity provider.
        pub(crate) async fn bootstrap(&self, session: &Session<'_>) -> Result<(), Ended> {
            let provider = "token.actions.githubusercontent.com";
            let arn = format!("arn:aws:iam::{ACCOUNT}:oidc-provider/{provider}");
            let audiences = session.cloud.audiences(&arn).await?;
            if audiences.is_none_or(|known| known != [AUDIENCE]) {
                self.world.accuse(format_args!(
                    "{} says that {provider} is not there, or for others",
                    self.manner.name
                ));
            }
            Ok(())
        }
    }
}
