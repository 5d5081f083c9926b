//! Credentials of TURN servers: <https://www.rfc-editor.org/rfc/rfc8656>.

mod cloudflare;
mod coturn;

use std::fmt;

use futures_util::future::BoxFuture;
use jiff::Timestamp;
use ledger::InstanceId;
use serde::Serialize;

use crate::{
    config::{TurnConfig, TurnProviderConfig},
    problem::Problem,
};

/// Servers and what lets a client use them, in the form of `RTCIceServer`.
///
/// <https://www.w3.org/TR/webrtc/#rtciceserver-dictionary>
#[derive(Clone, PartialEq, Eq, Serialize)]
pub(crate) struct IceServer {
    /// Where the servers are.
    pub(crate) urls: Vec<String>,
    /// The user's name; STUN needs none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) username: Option<String>,
    /// The user's password.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) credential: Option<String>,
}

/// The credential is left out.
impl fmt::Debug for IceServer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("IceServer")
            .field("urls", &self.urls)
            .finish_non_exhaustive()
    }
}

/// Who issues credentials.
pub(crate) trait TurnProvider: fmt::Debug + Send + Sync {
    /// Issues credentials that are valid until `expires`, `ttl` seconds from now.
    ///
    /// The future fails with a refusal when the provider does not answer as it should.
    fn issue(
        &self,
        instance: &InstanceId,
        ttl: u64,
        expires: Timestamp,
    ) -> BoxFuture<'static, Result<Vec<IceServer>, Problem>>;
}

/// The provider that is configured.
pub(crate) fn provider(config: &TurnConfig) -> Box<dyn TurnProvider> {
    match &config.provider {
        TurnProviderConfig::Cloudflare {
            key_id,
            api_token,
            base,
        } => Box::new(cloudflare::Cloudflare::new(base, key_id, api_token.clone())),
        TurnProviderConfig::Coturn { urls, secret } => {
            Box::new(coturn::Coturn::new(urls.clone(), secret))
        }
    }
}
