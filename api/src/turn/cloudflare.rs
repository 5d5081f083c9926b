//! Cloudflare Realtime TURN: <https://developers.cloudflare.com/realtime/turn/generate-credentials/>.

use std::fmt;

use futures_util::future::BoxFuture;
use jiff::Timestamp;
use ledger::InstanceId;
use serde::Deserialize;
use serde_json::json;
use url::Url;

use super::{IceServer, TurnProvider};
use crate::{
    problem::{Kind, Problem},
    secret::Secret,
    upstream,
};

/// A TURN key of Cloudflare's.
pub(super) struct Cloudflare {
    url: String,
    api_token: Secret,
}

impl Cloudflare {
    pub(super) fn new(base: &Url, key_id: &str, api_token: Secret) -> Self {
        let base = base.as_str().trim_end_matches('/');
        let url = format!("{base}/v1/turn/keys/{key_id}/credentials/generate-ice-servers");
        Self { url, api_token }
    }
}

impl fmt::Debug for Cloudflare {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Cloudflare").finish_non_exhaustive()
    }
}

impl TurnProvider for Cloudflare {
    fn issue(
        &self,
        _: &InstanceId,
        ttl: u64,
        _: Timestamp,
    ) -> BoxFuture<'static, Result<Vec<IceServer>, Problem>> {
        let (url, api_token) = (self.url.clone(), self.api_token.clone());
        Box::pin(async move {
            let servers = generate(&url, &api_token, ttl).await;
            servers.map_err(|failure| {
                tracing::error!(%failure, "Cloudflare issued no TURN credentials");
                let kind = match failure {
                    Failure::Silent(_) => Kind::SilentUpstream,
                    Failure::Bad(_) => Kind::BadUpstream,
                };
                Problem::new(kind, "the TURN service issued nothing; nothing was charged")
                    .retry_after(5)
            })
        })
    }
}

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("it does not answer: {0}")]
    Silent(String),
    #[error("{0}")]
    Bad(String),
}

async fn generate(url: &str, api_token: &Secret, ttl: u64) -> Result<Vec<IceServer>, Failure> {
    let client = upstream::client().map_err(|error| Failure::Silent(ledger::chain(&error)))?;
    let request = client
        .post(url)
        .bearer_auth(api_token.reveal())
        .header("content-type", "application/json")
        .body(json!({"ttl": ttl}).to_string());
    let response = request.send().await;
    let response =
        response.map_err(|error| Failure::Silent(ledger::chain(&error.without_url())))?;
    if !response.status().is_success() {
        return Err(Failure::Bad(format!("it answers {}", response.status())));
    }
    let body = upstream::body(response).await.map_err(Failure::Silent)?;
    read(&body).map_err(Failure::Bad)
}

/// What is answered: all servers in a list or, in the older form, one object.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    ice_servers: OneOrMany<Server>,
}

#[derive(Deserialize)]
struct Server {
    urls: OneOrMany<String>,
    username: Option<String>,
    credential: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany<T> {
    One(T),
    Many(Vec<T>),
}

impl<T> OneOrMany<T> {
    fn many(self) -> Vec<T> {
        match self {
            Self::One(one) => vec![one],
            Self::Many(many) => many,
        }
    }
}

fn read(body: &[u8]) -> Result<Vec<IceServer>, String> {
    // The text of the error could hold a part of the answer, and so of a credential.
    let answer: Answer =
        serde_json::from_slice(body).map_err(|_| "its answer has another form".to_owned())?;
    let servers = answer.ice_servers.many().into_iter().filter_map(|server| {
        let mut urls = server.urls.many();
        urls.retain(|url| !is_blocked(url));
        (!urls.is_empty()).then_some(IceServer {
            urls,
            username: server.username,
            credential: server.credential,
        })
    });
    let servers: Vec<IceServer> = servers.collect();
    let has_relay = servers
        .iter()
        .any(|server| server.username.is_some() && server.credential.is_some());
    if has_relay {
        Ok(servers)
    } else {
        Err("its answer has no credential".to_owned())
    }
}

/// Whether a URL is on port 53, which browsers do not connect to and would wait for.
fn is_blocked(url: &str) -> bool {
    let address = url.split('?').next().unwrap_or_default();
    address.rsplit(':').next() == Some("53")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_read_and_port_53_is_left_out() {
        let list = json!({"iceServers": [
            {"urls": ["stun:stun.cloudflare.com:3478", "stun:stun.cloudflare.com:53"]},
            {"urls": ["turn:turn.cloudflare.com:53?transport=udp"], "username": "u", "credential": "c"},
            {"urls": ["turn:turn.cloudflare.com:3478?transport=udp", "turns:turn.cloudflare.com:5349?transport=tcp"],
             "username": "u", "credential": "c"},
        ]});
        let servers = read(list.to_string().as_bytes()).unwrap();
        let urls: Vec<&[String]> = servers
            .iter()
            .map(|server| server.urls.as_slice())
            .collect();
        assert_eq!(urls.len(), 2);
        assert_eq!(urls[0], ["stun:stun.cloudflare.com:3478"]);
        assert_eq!(urls[1].len(), 2);
        let one =
            json!({"iceServers": {"urls": "turn:a:3478", "username": "u", "credential": "c"}});
        assert_eq!(
            read(one.to_string().as_bytes()).unwrap()[0].urls,
            ["turn:a:3478"]
        );
    }

    #[test]
    fn an_answer_without_credentials_is_none() {
        for answer in [
            json!({"iceServers": []}),
            json!({"iceServers": [{"urls": ["stun:a:3478"]}]}),
            json!({"iceServers": [{"urls": ["turn:a:53"], "username": "u", "credential": "c"}]}),
            json!({"errors": ["no"]}),
            json!([]),
        ] {
            assert!(read(answer.to_string().as_bytes()).is_err(), "{answer}");
        }
        assert!(read(b"not JSON").is_err());
    }

    #[test]
    fn port_53_is_a_whole_number() {
        for (url, blocked) in [
            ("turn:a:53", true),
            ("turn:a:53?transport=tcp", true),
            ("turns:[::1]:53", true),
            ("turn:a:5349", false),
            ("turn:a:3478?x=:53", false),
            ("turn:a53", false),
        ] {
            assert_eq!(is_blocked(url), blocked, "{url}");
        }
    }
}
