//! What codes mean, in sentences for people.

use entity::kind::StripeKind;

use crate::store::SourceKey;

/// Stripe has it, and nothing speaks against it.
pub(super) const NOT_SEEN_YET: &str = "NOT_SEEN_YET";
/// Stripe has it, and it is read only when an event tells of it.
pub(super) const ONLY_BY_EVENT: &str = "ONLY_BY_EVENT";
/// It was paid so long after it was made that no list finds it, and its event is gone.
pub(super) const PAID_LONG_AFTER: &str = "PAID_LONG_AFTER";
/// Its kind is not chosen to make contracts.
pub(super) const SOURCE_OFF: &str = "SOURCE_OFF";

/// Names that one sentence holds.
const MOST_NAMES: usize = 5;

/// Why an object makes no record.
pub(super) fn skipped(code: &str) -> String {
    let known = match code {
        "DIRECTION_DISABLED" => "Its mapping's direction is DISABLED: it is kept, and no record is written.",
        SOURCE_OFF => "The settings do not let its kind make contracts (contractSources).",
        "INVOICE_NOT_PAID" => "Only paid invoices become contracts, and this one is not paid.",
        "OUTSIDE_LOOKBACK" => {
            "It was created and paid before the lookback window begins. Widen the window (invoiceLookbackDays), then start a \
             backfill."
        }
        "ZERO_AMOUNT" => {
            "It is an invoice over nothing, and those become contracts only when the settings say so \
             (importZeroAmountInvoices)."
        }
        "SUBSCRIPTION_INCOMPLETE" => {
            "Its first payment is still open, so that it may never begin. It becomes a contract once it does."
        }
        "NO_INVOICE" => "It gives back a payment that was for no invoice, and so nothing of any contract.",
        "ERASED" => {
            "The person was erased here: nothing is kept but what contracts are reckoned from, and nothing comes back."
        }
        "CUSTOMER_DELETED" | "PRODUCT_DELETED" | "DELETED" => {
            "It was deleted in Stripe before it was imported, so that there is nothing to make a record from."
        }
        NOT_SEEN_YET => {
            "Stripe has it and it belongs here, but it has not been seen yet: the next import or look at Stripe's events brings \
             it."
        }
        PAID_LONG_AFTER => {
            "Stripe has it and it was paid inside the lookback window, but it was made long before that begins: no import lists \
             what is so old, and Stripe no longer tells of its payment. resync of its id brings it."
        }
        ONLY_BY_EVENT => "Stripe has it, and it is read only when one of Stripe's events tells of it.",
        other => return format!("It makes no record ({other})."),
    };
    known.to_owned()
}

/// What an object that is here became.
pub(super) fn imported(kind: StripeKind) -> &'static str {
    match kind {
        StripeKind::Customer => "It was imported as a client.",
        StripeKind::Product => "It was imported as a product.",
        StripeKind::Invoice | StripeKind::Subscription => "It was imported as a contract.",
        StripeKind::Price | StripeKind::Coupon | StripeKind::CreditNote | StripeKind::Refund => {
            "It is kept, and makes no record of its own: what names it is reckoned with it."
        }
    }
}

/// What a record still misses. `missing` are the names that are not here.
pub(super) fn pending(missing: &[SourceKey]) -> String {
    if missing.is_empty() {
        return "It was imported before all that it shows was here and whole. Its warnings tell what it waits for; the record is completed when that comes."
            .to_owned();
    }
    let names: Vec<String> = missing
        .iter()
        .take(MOST_NAMES)
        .map(|(kind, id)| format!("{} {id}", kind.object_name().replace('_', " ")))
        .collect();
    let more = if missing.len() > MOST_NAMES { " and others" } else { "" };
    format!(
        "It was imported and waits for what it names and is not here: {}{more}.",
        names.join(", ")
    )
}

/// Why an object could not be imported.
pub(super) fn failed(code: Option<&str>) -> String {
    match code {
        Some(code) => format!("It could not be imported ({code})."),
        None => "It could not be imported.".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_names_what_it_waits_for_as_long_as_that_is_readable() {
        let missing: Vec<SourceKey> = (1..=6)
            .map(|number| (StripeKind::Price, format!("price_{number}")))
            .collect();
        assert_eq!(
            pending(&missing[..2]),
            "It was imported and waits for what it names and is not here: price price_1, price price_2."
        );
        assert!(pending(&missing).ends_with("price price_5 and others."));
        assert!(pending(&[]).contains("Its warnings tell"));
    }

    #[test]
    fn a_code_that_is_not_known_is_told_as_it_is() {
        assert_eq!(skipped("NEW_CODE"), "It makes no record (NEW_CODE).");
    }
}
