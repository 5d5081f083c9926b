//! Identity providers, as IAM knows them.

use super::{ApiOperation, Aws, calls::absent_is_none};
use crate::{identity_provider::IdentityProviders, port::Answer};

impl IdentityProviders for Aws {
    fn audiences<'a>(&'a self, arn: &'a str) -> Answer<'a, Option<Vec<String>>> {
        Box::pin(async move {
            let call = self.call(ApiOperation::GetOpenIDConnectProvider, arn);
            let request = self.live.iam.get_open_id_connect_provider();
            let answer = request.open_id_connect_provider_arn(arn).send().await;
            let answer = absent_is_none(answer.map_err(|error| call.failed(error)))?;
            Ok(answer.map(|provider| provider.client_id_list.unwrap_or_default()))
        })
    }
}
