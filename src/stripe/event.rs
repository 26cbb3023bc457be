//! The outside of an event, as a webhook brings it: a snapshot with the object in it, or a thin one that only names it.

use chrono::DateTime;
use serde::Deserialize;

use super::json;
use super::object::{is_id, is_word};

/// What is read of an event before it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// Stripe's id.
    pub id: String,
    /// Stripe's word for what happened.
    pub event_type: String,
    /// When, Unix seconds of Stripe's clock.
    pub created: i64,
    /// Of live or test mode.
    pub livemode: bool,
    /// The account, where the event names one.
    pub account: Option<String>,
}

/// The event types to select for a webhook endpoint: what a look at the events asks for, and what is too rare for that. Never
/// `invoice.created`: an endpoint that fails to answer it stalls the merchant's billing for up to three days
/// (docs.stripe.com/billing/subscriptions/webhooks).
pub const WEBHOOK_TYPES: [&str; 40] = [
    "customer.created",
    "customer.updated",
    "customer.deleted",
    "customer.discount.created",
    "customer.discount.updated",
    "customer.discount.deleted",
    "product.created",
    "product.updated",
    "product.deleted",
    "price.created",
    "price.updated",
    "price.deleted",
    "coupon.created",
    "coupon.updated",
    "coupon.deleted",
    "customer.subscription.created",
    "customer.subscription.updated",
    "customer.subscription.deleted",
    "customer.subscription.paused",
    "customer.subscription.resumed",
    "customer.subscription.pending_update_applied",
    "customer.subscription.pending_update_expired",
    "subscription_schedule.updated",
    "subscription_schedule.released",
    "subscription_schedule.canceled",
    "invoice.paid",
    "invoice.payment_succeeded",
    "invoice.updated",
    "invoice.voided",
    "invoice.marked_uncollectible",
    "invoice.overpaid",
    "credit_note.created",
    "credit_note.updated",
    "credit_note.voided",
    "refund.created",
    "refund.updated",
    "refund.failed",
    "charge.refund.updated",
    "account.updated",
    "test_helpers.test_clock.deleted",
];

/// The body is no event of Stripe's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the body is no Stripe event")]
pub struct NoEvent;

#[derive(Deserialize)]
struct Outside {
    id: String,
    object: String,
    #[serde(rename = "type")]
    event_type: String,
    created: Created,
    livemode: bool,
    account: Option<String>,
    context: Option<String>,
}

/// Snapshots count seconds, thin events spell the time out.
#[derive(Deserialize)]
#[serde(untagged)]
enum Created {
    Seconds(i64),
    Spelled(String),
}

/// The last second of the year 9999.
const LATEST: i64 = 253_402_300_799;

/// Whether an event can be put into the inbox: PostgreSQL takes no NUL, and one event that no database takes would keep those out
/// that are written along with it.
pub fn can_be_kept(id: &str, event_type: &str, created: i64) -> bool {
    is_id(id) && is_word(event_type) && (0..=LATEST).contains(&created)
}

/// Reads the outside of an event.
pub fn envelope(body: &[u8]) -> Result<Envelope, NoEvent> {
    // The whole body is read, though only its outside is used: fields passed over are not held to a depth, and an event that
    // can be kept but never read would wait in the inbox for ever.
    let whole = json::read(body).map_err(|_json| NoEvent)?;
    let outside = Outside::deserialize(whole).map_err(|_json| NoEvent)?;
    let created = match outside.created {
        Created::Seconds(seconds) => seconds,
        Created::Spelled(text) => DateTime::parse_from_rfc3339(&text)
            .map_err(|_time| NoEvent)?
            .timestamp(),
    };
    let is_event = matches!(outside.object.as_str(), "event" | "v2.core.event");
    if !(is_event && can_be_kept(&outside.id, &outside.event_type, created)) {
        return Err(NoEvent);
    }
    Ok(Envelope {
        id: outside.id,
        event_type: outside.event_type,
        created,
        livemode: outside.livemode,
        account: outside.account.or(outside.context),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn snapshots_and_thin_events() {
        let snapshot = br#"{"id":"evt_1","object":"event","type":"customer.updated","created":1795435200,"livemode":false,"data":{"object":{}}}"#;
        let thin = br#"{"id":"evt_2","object":"v2.core.event","type":"v1.invoice.paid","created":"2026-11-23T12:00:00.123Z","livemode":true,"context":"acct_1","related_object":{"id":"in_1","type":"invoice"}}"#;
        let envelope = |id: &str, event_type: &str, livemode, account: Option<&str>| Envelope {
            id: id.to_owned(),
            event_type: event_type.to_owned(),
            created: 1_795_435_200,
            livemode,
            account: account.map(str::to_owned),
        };
        assert_eq!(
            super::envelope(snapshot),
            Ok(envelope("evt_1", "customer.updated", false, None))
        );
        assert_eq!(
            super::envelope(thin),
            Ok(envelope("evt_2", "v1.invoice.paid", true, Some("acct_1")))
        );
    }

    #[test]
    fn junk_is_no_event() {
        for junk in [
            "",
            "{}",
            "[]",
            "null",
            "evt_1",
            r#"{"id":"","object":"event","type":"x","created":1,"livemode":false}"#,
            r#"{"id":"evt_1\u0000","object":"event","type":"x","created":1,"livemode":false}"#,
            r#"{"id":"evt_1","object":"event","type":"x\u0000","created":1,"livemode":false}"#,
            r#"{"id":"evt_1","object":"event","type":"","created":1,"livemode":false}"#,
            r#"{"id":"evt_1","object":"event","type":"x","created":-1,"livemode":false}"#,
            r#"{"id":"evt_1","object":"event","type":"x","created":253402300800,"livemode":false}"#,
            r#"{"id":"evt_1","object":"customer","type":"x","created":1,"livemode":false}"#,
            r#"{"id":"evt_1","object":"event","type":"x","created":"soon","livemode":false}"#,
            r#"{"id":"evt_1","object":"event","type":"x","created":1.5,"livemode":false}"#,
            r#"{"id":7,"object":"event","type":"x","created":1,"livemode":false}"#,
            r#"{"id":"evt\u0000","object":"event","type":"x","created":1,"livemode":false}"#,
            r#"{"id":"evt_1","object":"event","type":"x\u0000","created":1,"livemode":false}"#,
        ] {
            assert_eq!(envelope(junk.as_bytes()), Err(NoEvent), "{junk}");
        }
        let deep = format!("{}{}", "[".repeat(5_000), "]".repeat(5_000));
        let deep =
            format!(r#"{{"id":"evt_1","object":"event","type":"x","created":1,"livemode":false,"data":{deep}}}"#);
        assert_eq!(envelope(deep.as_bytes()), Err(NoEvent));
    }

    #[test]
    fn no_type_is_named_twice_and_none_that_stalls_billing() {
        let mut types = WEBHOOK_TYPES.to_vec();
        types.sort_unstable();
        types.dedup();
        assert_eq!(types.len(), WEBHOOK_TYPES.len());
        assert!(!types.contains(&"invoice.created"));
    }
}
