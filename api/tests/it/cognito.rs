//! Signing in for real, at cognito-local: <https://github.com/jagregory/cognito-local>.

use std::process::Command;

use reqwest::{Client, Method};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{Foreign, Service, Settings, free_port, tool};

/// What cognito-local sends to whoever signs up.
const CODE: &str = "123456";

/// A running cognito-local, and a client of it.
struct Cognito {
    url: String,
    client: Client,
    _program: Foreign,
}

impl Cognito {
    fn start() -> Self {
        let (folder, port) = (TempDir::new().unwrap(), free_port());
        let url = format!("http://127.0.0.1:{port}");
        let config = json!({
            "TokenConfig": {"IssuerDomain": url},
            "ServerConfig": {"hostname": "127.0.0.1", "port": port},
        });
        std::fs::create_dir(folder.path().join(".cognito")).unwrap();
        std::fs::write(
            folder.path().join(".cognito/config.json"),
            config.to_string(),
        )
        .unwrap();
        let mut command = Command::new("node");
        command
            .arg(tool("services/node_modules/.bin/cognito-local"))
            .env("PORT", port.to_string())
            .env("HOST", "127.0.0.1")
            .env("CODE", CODE);
        let _ = rustls::crypto::ring::default_provider().install_default();
        Self {
            url,
            client: Client::new(),
            _program: Foreign::start(command, folder, port),
        }
    }

    async fn call(&self, operation: &str, input: Value) -> (u16, Value) {
        let target = format!("AWSCognitoIdentityProviderService.{operation}");
        let request = self
            .client
            .post(&self.url)
            .header("content-type", "application/x-amz-json-1.1")
            .header("x-amz-target", target)
            .header(
                "authorization",
                "AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/cognito-idp/aws4_request",
            )
            .body(input.to_string());
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        let body = response.bytes().await.unwrap();
        (status, serde_json::from_slice(&body).unwrap_or_default())
    }

    async fn must(&self, operation: &str, input: Value) -> Value {
        let (status, answer) = self.call(operation, input).await;
        assert_eq!(status, 200, "{operation}: {answer}");
        answer
    }
}

#[tokio::test]
#[ignore = "needs cognito-local"]
async fn who_signs_up_confirms_and_logs_in_is_let_in() {
    let cognito = Cognito::start();
    let pool = cognito
        .must("CreateUserPool", json!({"PoolName": "users"}))
        .await;
    let pool = pool["UserPool"]["Id"].as_str().unwrap().to_owned();
    let client = json!({
        "UserPoolId": pool, "ClientName": "web",
        "ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
    });
    let client = cognito.must("CreateUserPoolClient", client).await;
    let client = client["UserPoolClient"]["ClientId"]
        .as_str()
        .unwrap()
        .to_owned();
    let settings = Settings::coturn()
        .set("COGNITO_ISSUERS", format!("{}/{pool}", cognito.url))
        .set("COGNITO_CLIENT_IDS", &client);
    let service = Service::start_now(settings).await;

    let (user, password) = ("user@example.com", "A long pass-phrase, 1");
    let sign_up = json!({
        "ClientId": client, "Username": user, "Password": password,
        "UserAttributes": [{"Name": "email", "Value": user}],
    });
    let sub = cognito.must("SignUp", sign_up).await["UserSub"]
        .as_str()
        .unwrap()
        .to_owned();
    let log_in = json!({
        "ClientId": client, "AuthFlow": "USER_PASSWORD_AUTH",
        "AuthParameters": {"USERNAME": user, "PASSWORD": password},
    });
    let (status, refusal) = cognito.call("InitiateAuth", log_in.clone()).await;
    assert_eq!(status, 400, "{refusal}");
    let confirm = json!({"ClientId": client, "Username": user, "ConfirmationCode": CODE});
    cognito.must("ConfirmSignUp", confirm).await;
    let tokens = cognito.must("InitiateAuth", log_in).await["AuthenticationResult"].clone();
    let token = |name: &str| tokens[name].as_str().unwrap().to_owned();

    let status = async |token: &str| {
        let answer = service
            .send(Method::POST, "/api/turn-credentials", Some(token), &[], "")
            .await;
        answer.status.as_u16()
    };
    assert_eq!(status(&token("AccessToken")).await, 402);
    service.subscribe(&sub).await;
    assert_eq!(status(&token("AccessToken")).await, 200);
    assert_eq!(status(&token("IdToken")).await, 401);
    assert_eq!(status(&token("RefreshToken")).await, 401);

    let refresh = json!({
        "ClientId": client, "AuthFlow": "REFRESH_TOKEN_AUTH",
        "AuthParameters": {"REFRESH_TOKEN": token("RefreshToken")},
    });
    let fresh = cognito.must("InitiateAuth", refresh).await;
    let fresh = fresh["AuthenticationResult"]["AccessToken"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(status(&fresh).await, 200);
}
