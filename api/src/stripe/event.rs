//! What an event of Stripe's means: <https://docs.stripe.com/api/events/object>.
//!
//! Events come in the version that their endpoint asked for when it was made, so older and newer shapes are both read:
//! since 2025-03-31 the period of a subscription is on its items, and the subscription of an invoice is below `parent`
//! (<https://docs.stripe.com/changelog/basil>).

use jiff::Timestamp;
use ledger::{Change, StripeEvent, Sub, SubscriptionChange};
use serde_json::Value;

/// The event is of the other mode: live where tests are, or the reverse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OtherMode;

/// Reads a body that Stripe has signed.
///
/// What cannot be understood is there to be kept, as [`Change::Unprocessable`]; what is no event at all under a name made
/// of its bytes.
pub(crate) fn read(body: &[u8], livemode: bool, now: Timestamp) -> Result<StripeEvent, OtherMode> {
    let event: Value = serde_json::from_slice(body).unwrap_or_default();
    if event["livemode"]
        .as_bool()
        .is_some_and(|mode| mode != livemode)
    {
        return Err(OtherMode);
    }
    Ok(understand(&event).unwrap_or_else(|| StripeEvent {
        id: format!("unreadable_{}", fingerprint(body)),
        type_name: "unreadable".to_owned(),
        created: now,
        change: Change::Unprocessable {
            reason: "it is no event: `id`, `type`, `created` or `livemode` is missing".to_owned(),
        },
    }))
}

fn understand(event: &Value) -> Option<StripeEvent> {
    let type_name = text(&event["type"])?;
    event["livemode"].as_bool()?;
    let change = change(type_name, &event["data"]["object"]);
    Some(StripeEvent {
        id: text(&event["id"])?.to_owned(),
        type_name: type_name.to_owned(),
        created: time(&event["created"])?,
        change: change.unwrap_or_else(|reason| Change::Unprocessable { reason }),
    })
}

fn fingerprint(body: &[u8]) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, body);
    digest
        .as_ref()
        .iter()
        .take(16)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn change(type_name: &str, object: &Value) -> Result<Change, String> {
    match type_name {
        "checkout.session.completed" | "checkout.session.async_payment_succeeded" => link(object),
        "customer.subscription.deleted" => subscription(object, true),
        _ if type_name.starts_with("customer.subscription.") => subscription(object, false),
        _ if type_name.starts_with("invoice.") => Ok(Change::Invoice {
            subscription: reference(&object["subscription"])
                .or_else(|| reference(&object["parent"]["subscription_details"]["subscription"])),
            stripe_customer: reference(&object["customer"]),
        }),
        _ => Ok(Change::Ignored),
    }
}

/// A finished checkout says which user a customer is. One without a user is not ours: a payment link, for example.
fn link(object: &Value) -> Result<Change, String> {
    let Some(sub) = text(&object["client_reference_id"]) else {
        return Ok(Change::Ignored);
    };
    let sub = Sub::new(sub).map_err(|error| format!("client_reference_id: {error}"))?;
    match reference(&object["customer"]) {
        Some(stripe_customer) => Ok(Change::Link {
            stripe_customer,
            sub,
        }),
        None => Err("customer: it is missing".to_owned()),
    }
}

fn subscription(object: &Value, is_deleted: bool) -> Result<Change, String> {
    let needed = |name: &str| format!("{name}: it is missing");
    let status = text(&object["status"]).ok_or_else(|| needed("status"))?;
    let sub = match text(&object["metadata"]["cognito_sub"]) {
        Some(sub) => Some(Sub::new(sub).map_err(|error| format!("metadata.cognito_sub: {error}"))?),
        None => None,
    };
    let items = object["items"]["data"].as_array();
    let items = items.map_or(&[][..], Vec::as_slice);
    let lookup_key = items
        .iter()
        .find_map(|item| text(&item["price"]["lookup_key"]))
        .or_else(|| text(&object["plan"]["lookup_key"]));
    let ends = items
        .iter()
        .filter_map(|item| time(&item["current_period_end"]));
    Ok(Change::Subscription(SubscriptionChange {
        id: text(&object["id"]).ok_or_else(|| needed("id"))?.to_owned(),
        stripe_customer: reference(&object["customer"]).ok_or_else(|| needed("customer"))?,
        sub,
        status: status.parse().map_err(|error| format!("status: {error}"))?,
        is_deleted,
        lookup_key: lookup_key.map(str::to_owned),
        current_period_end: ends.max().or_else(|| time(&object["current_period_end"])),
    }))
}

/// The id of another object, which may stand there as a whole.
fn reference(value: &Value) -> Option<String> {
    text(value)
        .or_else(|| text(&value["id"]))
        .map(str::to_owned)
}

fn text(value: &Value) -> Option<&str> {
    value.as_str().filter(|text| !text.is_empty())
}

fn time(value: &Value) -> Option<Timestamp> {
    Timestamp::from_second(value.as_i64()?).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event(type_name: &str, object: &Value) -> StripeEvent {
        let event = json!({
            "id": "evt_1", "object": "event", "type": type_name, "created": 1_700_000_000,
            "livemode": false, "data": {"object": object},
        });
        read(event.to_string().as_bytes(), false, Timestamp::UNIX_EPOCH).unwrap()
    }

    fn subscription_of(object: &Value) -> SubscriptionChange {
        match event("customer.subscription.updated", object).change {
            Change::Subscription(change) => change,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn both_shapes_of_a_subscription_are_read() {
        let new = json!({
            "id": "sub_1", "customer": "cus_1", "status": "active", "metadata": {"cognito_sub": "user-1"},
            "items": {"data": [{"current_period_end": 1_800_000_000, "price": {"lookup_key": "chitchatter_pro_monthly"}}]},
        });
        let old = json!({
            "id": "sub_1", "customer": {"id": "cus_1"}, "status": "active", "metadata": {"cognito_sub": "user-1"},
            "current_period_end": 1_800_000_000,
            "items": {"data": [{"price": {"lookup_key": "chitchatter_pro_monthly"}}]},
        });
        let (new, old) = (subscription_of(&new), subscription_of(&old));
        assert_eq!(new, old);
        assert_eq!(new.lookup_key.as_deref(), Some("chitchatter_pro_monthly"));
        assert_eq!(new.current_period_end.unwrap().as_second(), 1_800_000_000);
    }

    #[test]
    fn a_checkout_links_and_no_more() {
        let session =
            json!({"client_reference_id": "user-1", "customer": "cus_1", "subscription": "sub_1"});
        assert_eq!(
            event("checkout.session.completed", &session).change,
            Change::Link {
                stripe_customer: "cus_1".into(),
                sub: Sub::new("user-1").unwrap()
            }
        );
        let foreign = json!({"client_reference_id": null, "customer": "cus_1"});
        assert_eq!(
            event("checkout.session.completed", &foreign).change,
            Change::Ignored
        );
    }

    #[test]
    fn what_cannot_be_understood_is_kept() {
        for (type_name, object) in [
            (
                "customer.subscription.updated",
                json!({"id": "sub_1", "customer": "cus_1"}),
            ),
            (
                "customer.subscription.updated",
                json!({"id": "sub_1", "customer": "cus_1", "status": "odd"}),
            ),
            ("customer.subscription.deleted", json!(null)),
            (
                "checkout.session.completed",
                json!({"client_reference_id": "user-1"}),
            ),
        ] {
            let change = event(type_name, &object).change;
            assert!(matches!(change, Change::Unprocessable { .. }), "{object}");
        }
        assert_eq!(event("charge.refunded", &json!({})).change, Change::Ignored);
    }

    #[test]
    fn both_shapes_of_an_invoice_are_read() {
        let old = json!({"subscription": "sub_1", "customer": "cus_1"});
        let new = json!({"parent": {"subscription_details": {"subscription": "sub_1"}}, "customer": "cus_1"});
        let change = |object| event("invoice.paid", object).change;
        assert_eq!(change(&old), change(&new));
    }

    #[test]
    fn the_mode_must_match() {
        let event = |mode: Value| {
            json!({"id": "evt_1", "type": "t", "created": 1, "livemode": mode}).to_string()
        };
        let read = |mode: Value| {
            read(event(mode).as_bytes(), true, Timestamp::UNIX_EPOCH).map(|event| event.id)
        };
        assert_eq!(read(json!(true)), Ok("evt_1".to_owned()));
        assert_eq!(read(json!(false)), Err(OtherMode));
        assert!(read(json!(null)).unwrap().starts_with("unreadable_"));
    }

    #[test]
    fn what_is_no_event_has_a_name_of_its_own() {
        let id = |body: &[u8]| read(body, false, Timestamp::UNIX_EPOCH).unwrap().id;
        assert_eq!(id(b"x"), id(b"x"));
        assert_ne!(id(b"x"), id(b"y"));
    }
}
