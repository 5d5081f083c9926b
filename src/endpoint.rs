//! The connection to CloudFormation: AWS itself, an address that was named, or the endpoint built into this program.

use std::{path::PathBuf, sync::Arc};

use assembly::Endpoint;
use engine::{Aws, AwsOptions, Caller, verify_account};
use local::{Options, Server};

use crate::{
    cli::Global, clock, error::CommandError, project::Project, session::Session, variable,
};

/// What `local serve` holds the state for; a second process then talks to it instead of opening the state itself.
pub(crate) const SERVE: &str = "chitinfra local serve";

/// Connects to where the environment lives, and makes sure that it is the environment's account; says too whose the
/// credentials are.
///
/// `purpose` is told to another process that wants the embedded endpoint's state meanwhile.
pub(crate) async fn connect(
    session: &Session,
    global: &Global,
    purpose: &str,
) -> Result<(Aws, Caller), CommandError> {
    let environment = &session.environment;
    let mut options = AwsOptions {
        region: environment.region.clone(),
        account: environment.account.clone(),
        profile: global.profile.clone(),
        endpoint_url: global.endpoint_url.clone(),
        ..AwsOptions::default()
    };
    if is_embedded(session, global) {
        options.endpoint_url = Some(embedded(session, purpose)?);
    }
    // What stands in for AWS on this machine asks for no credentials, and is to get none.
    let stands_in = |url: &String| url.starts_with("http://");
    options.embedded = environment.endpoint == Endpoint::Embedded
        && options.endpoint_url.as_ref().is_some_and(stands_in);
    if !options.embedded {
        // That of the environment is left to the SDK, which knows that those of single services go before it.
        let of_environment = variable("AWS_ENDPOINT_URL");
        options
            .endpoint_url
            .take_if(|url| of_environment.as_ref() == Some(url));
    }
    let cloud = Aws::connect(options).await;
    let caller = verify_account(&cloud, &environment.account).await?;
    Ok((cloud, caller))
}

/// Whether the environment lives in the embedded endpoint, and no other address was named.
pub(crate) fn is_embedded(session: &Session, global: &Global) -> bool {
    session.environment.endpoint == Endpoint::Embedded && global.endpoint_url.is_none()
}

/// Where the embedded endpoint keeps its state.
pub(crate) fn state_directory(project: &Project) -> PathBuf {
    project.work_folder().join("local")
}

/// Options of the embedded endpoint on this machine.
pub(crate) fn options(directory: PathBuf, purpose: &str) -> Options {
    let mut options = Options::new(directory, purpose, Arc::new(clock::now));
    // Identifiers differ from run to run, as they do on AWS.
    options.seed = clock::seed();
    options
}

/// Starts the embedded endpoint in this process, or finds the one that `local serve` runs; its address.
fn embedded(session: &Session, purpose: &str) -> Result<String, CommandError> {
    let mut options = options(state_directory(&session.project), purpose);
    options.account.clone_from(&session.environment.account);
    options.region.clone_from(&session.environment.region);
    match Server::bind(options) {
        Ok(server) => {
            let url = server.url();
            // It answers for as long as the command runs; every answer was durable before it was given.
            tokio::spawn(server.run(std::future::pending()));
            Ok(url)
        }
        Err(local::Error::InUse {
            purpose: Some(purpose),
            url: Some(url),
            ..
        }) if purpose == SERVE => Ok(url),
        Err(error) => Err(error.into()),
    }
}
