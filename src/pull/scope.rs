//! What belongs to the integration's data before it has ever been stored. What is here already is never out of scope again.

use entity::kind::{CountInvoices, StripeKind};
use serde_json::Value;

use super::reading::Reading;
use super::rules::Rules;
use crate::stripe::object::{is_owed, is_unsettled};

/// The reason's code when a new object is not to be stored.
pub(crate) fn refuses(rules: &Rules, reading: &Reading) -> Option<&'static str> {
    let invoice = reading.value.as_ref().filter(|_| reading.kind == StripeKind::Invoice)?;
    if is_kept_unpaid(invoice, rules.keeps_owed(), rules.unsettled_from()) {
        return None;
    }
    if is_unpaid(invoice) {
        return Some("INVOICE_NOT_PAID");
    }
    (!reading.brought_in && !is_in_window(invoice, rules.window_start)).then_some("OUTSIDE_LOOKBACK")
}

/// The reason's code when a new object makes no record, stored or not.
pub(crate) fn bars(rules: &Rules, reading: &Reading) -> Option<&'static str> {
    let invoice = reading.value.as_ref().filter(|_| reading.kind == StripeKind::Invoice);
    let counts_issued = rules.contract.count_invoices == CountInvoices::Issued;
    let makes_none = |invoice: &&Value| is_unpaid(invoice) && !(counts_issued && is_unsettled(invoice));
    refuses(rules, reading).or_else(|| invoice.filter(makes_none).map(|_| "INVOICE_NOT_PAID"))
}

/// An invoice that is not paid is kept where a subscription shows that it is owed, and where it was made since `unsettled_from`: a setting
/// may let it make a contract.
pub(super) fn is_kept_unpaid(invoice: &Value, keeps_owed: bool, unsettled_from: Option<i64>) -> bool {
    let is_recent = || unsettled_from.is_some_and(|from| is_in_window(invoice, from));
    (keeps_owed && is_owed(invoice)) || (is_unsettled(invoice) && is_recent())
}

/// It says that it is anything but paid. What says nothing cannot be passed over: it fails where it is mapped.
pub(super) fn is_unpaid(invoice: &Value) -> bool {
    invoice["status"].as_str().is_some_and(|status| status != "paid")
}

/// Created or paid inside the window, or does not say when it was created. The beginning belongs to it.
pub(super) fn is_in_window(invoice: &Value, window_start: i64) -> bool {
    let created = invoice["created"].as_i64().unwrap_or(window_start);
    let paid = invoice["status_transitions"]["paid_at"].as_i64();
    [Some(created), paid].into_iter().flatten().any(|at| at >= window_start)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn created_or_paid_counts_and_the_edge_belongs_to_it() {
        for (created, paid, inside) in [
            (1000, Some(1000), true),
            (999, Some(1000), true),
            (999, Some(999), false),
            (1000, None, true),
            (999, None, false),
        ] {
            let invoice = json!({"created": created, "status_transitions": {"paid_at": paid}});
            assert_eq!(is_in_window(&invoice, 1000), inside, "{invoice}");
        }
    }
}
