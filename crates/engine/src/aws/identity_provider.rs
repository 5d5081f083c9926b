//! Identity providers, as IAM knows them.

use super::{Aws, failure::Call};
use crate::{error::AwsErrorKind, identity_provider::IdentityProviders, port::Answer};

impl IdentityProviders for Aws {
    fn has_identity_provider<'a>(&'a self, arn: &'a str) -> Answer<'a, bool> {
        Box::pin(async move {
            let call = Call {
                service: "iam",
                operation: "GetOpenIDConnectProvider",
                target: Some(arn),
                endpoint: self.endpoint.as_deref(),
            };
            let request = self.live.iam.get_open_id_connect_provider();
            let answer = request.open_id_connect_provider_arn(arn).send().await;
            match answer.map_err(|error| call.failed(error)) {
                Ok(_) => Ok(true),
                Err(error) if error.kind == AwsErrorKind::NotFound => Ok(false),
                Err(error) => Err(error),
            }
        })
    }
}
