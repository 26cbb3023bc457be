//! Invoices created long ago and paid lately: no list finds them, their `invoice.paid` events do.

use entity::kind::{RunKind, StripeKind};
use serde_json::Value;

use super::lists::{DAY_SECONDS, EVENTS_KEPT_DAYS, charged_from, sent_from};
use super::rules::Rules;
use crate::store::SourceKey;

/// How far back the lists of invoices reach.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reach {
    charged_from: i64,
    sent_from: i64,
    t0: i64,
}

impl Reach {
    pub(super) fn of(kind: RunKind, rules: &Rules, t0: i64) -> Self {
        // What a backfill's lists do not reach above, the window before held already.
        let is_backfill = kind == RunKind::Backfill;
        Self {
            charged_from: charged_from(rules, t0),
            sent_from: sent_from(rules),
            t0: if is_backfill { i64::MAX } else { t0 },
        }
    }

    /// The invoices of `events` that the lists do not reach. What an old payload does not tell is read to be sure.
    pub(super) fn beyond_lists(&self, events: impl Iterator<Item = Value>) -> Vec<SourceKey> {
        let mut ids: Vec<SourceKey> = events
            .filter_map(|event| {
                let invoice = &event["data"]["object"];
                let id = invoice["id"].as_str()?;
                (!self.lists(invoice)).then(|| (StripeKind::Invoice, id.to_owned()))
            })
            .collect();
        ids.sort();
        ids.dedup();
        ids
    }

    /// Whether the lists reach an invoice.
    pub(super) fn lists(&self, invoice: &Value) -> bool {
        let Some(created) = invoice["created"].as_i64() else {
            return false;
        };
        let from = match invoice["collection_method"].as_str() {
            Some("charge_automatically") => self.charged_from,
            Some("send_invoice") => self.sent_from,
            _ => return false,
        };
        (from..self.t0).contains(&created)
    }
}

/// Whether an import that begins now finds a paid invoice of the window: by a list, or by the event of its payment.
pub(crate) fn finds(rules: &Rules, now: i64, invoice: &Value) -> bool {
    let paid = invoice["status_transitions"]["paid_at"].as_i64();
    let is_told = paid.is_some_and(|paid| paid >= now - EVENTS_KEPT_DAYS * DAY_SECONDS);
    is_told || Reach::of(RunKind::Import, rules, now).lists(invoice)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn takes_what_the_lists_do_not_reach() {
        let reach = Reach {
            charged_from: 500,
            sent_from: 100,
            t0: 1000,
        };
        let event = |id: &str, created: Option<i64>, method: Option<&str>| json!({"data": {"object": {"id": id, "created": created, "collection_method": method}}});
        let events = [
            event("listed", Some(500), Some("charge_automatically")),
            event("too_old", Some(499), Some("charge_automatically")),
            event("sent", Some(100), Some("send_invoice")),
            event("sent_too_old", Some(99), Some("send_invoice")),
            event("sent_too_old", Some(99), Some("send_invoice")),
            event("new", Some(1000), Some("send_invoice")),
            event("untold", None, None),
            event("unknown_method", Some(600), Some("by_pigeon")),
            json!({"data": {"object": {"object": "invoice"}}}),
        ];
        let ids: Vec<_> = reach
            .beyond_lists(events.into_iter())
            .into_iter()
            .map(|(_, id)| id)
            .collect();
        assert_eq!(ids, ["new", "sent_too_old", "too_old", "unknown_method", "untold"]);
    }
}
