//! Webhooks that Stripe's own library signs: <https://github.com/stripe/stripe-node>.

use std::process::Command;

use reqwest::Method;
use serde_json::json;

use crate::support::{Service, Settings, finish, tool};

const SECRET: &str = "whsec_of_both";

/// Prints the header that Stripe's library makes for a payload.
const SIGN: &str = "
    const Stripe = require(process.argv[1]);
    const [payload, secret, timestamp] = process.argv.slice(2);
    const stripe = new Stripe('sk_test_none');
    process.stdout.write(stripe.webhooks.generateTestHeaderString({
        payload, secret, timestamp: Number(timestamp),
    }));
";

async fn sign(payload: &str, secret: &str, time: i64) -> String {
    let mut command = Command::new("node");
    command
        .args(["-e", SIGN])
        .arg(tool("services/node_modules/stripe"))
        .args([payload, secret, &time.to_string()]);
    let output = finish(command).await;
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test]
#[ignore = "needs Stripe's library"]
async fn what_stripes_library_signs_is_taken() {
    let settings = Settings::default().set("STRIPE_WEBHOOK_SECRETS", format!("whsec_new,{SECRET}"));
    let service = Service::start(settings).await;
    let now = service.now().as_second();
    let event = json!({
        "id": "evt_1", "object": "event", "type": "customer.created", "created": now, "livemode": false,
        "data": {"object": {"id": "cus_1", "name": "Łukasz — \u{1F600}"}},
    });
    let payload = event.to_string();
    for (secret, time, body, expected) in [
        (SECRET, now, payload.as_str(), 200),
        ("whsec_new", now - 299, &payload, 200),
        ("whsec_other", now, &payload, 400),
        (SECRET, now - 301, &payload, 400),
        (SECRET, now + 301, &payload, 400),
        (SECRET, now, "{}", 400),
    ] {
        let signature = sign(&payload, secret, time).await;
        let headers = [("stripe-signature", signature.as_str())];
        let answer = service
            .send(
                Method::POST,
                "/api/stripe-webhook",
                None,
                &headers,
                body.to_owned(),
            )
            .await;
        assert_eq!(answer.status.as_u16(), expected, "{secret} {time}");
    }
}
