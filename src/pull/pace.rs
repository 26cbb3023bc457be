//! How often to look at Stripe's events, within what Stripe allows to be read.

/// Stripe counts reads over thirty days.
pub const ALLOWANCE_DAYS: i64 = 30;
const ALLOWANCE_SECONDS: i64 = ALLOWANCE_DAYS * 86_400;
const READS_FLOOR: i64 = 10_000;
const READS_PER_TRANSACTION: i64 = 500;
const SHORTEST_SECONDS: i64 = 10;
/// Between two looks that nobody has set the distance of.
pub const LONGEST_SECONDS: i64 = 600;

/// Reads that Stripe is estimated to allow in thirty days: 500 a transaction, and 10,000 at least.
pub fn read_allowance(invoices_paid_in_30_days: i64) -> i64 {
    invoices_paid_in_30_days
        .saturating_mul(READS_PER_TRANSACTION)
        .max(READS_FLOOR)
}

/// Seconds between two looks when nobody has set them: half of the allowance pays for them. While webhooks come, looks are a
/// safety net only.
pub fn poll_interval_seconds(invoices_paid_in_30_days: i64, requests_per_look: i64, webhooks_come: bool) -> i64 {
    if webhooks_come {
        return LONGEST_SECONDS;
    }
    let looks = (read_allowance(invoices_paid_in_30_days) / 2 / requests_per_look.max(1)).max(1);
    (ALLOWANCE_SECONDS + looks - 1)
        .div_euclid(looks)
        .clamp(SHORTEST_SECONDS, LONGEST_SECONDS)
}

/// Seconds between two reconciles at least: a quarter of the allowance pays for them.
pub fn reconcile_interval_seconds(invoices_paid_in_30_days: i64, requests: i64) -> i64 {
    let quarter = (read_allowance(invoices_paid_in_30_days) / 4).max(1);
    ALLOWANCE_SECONDS.saturating_mul(requests.max(0)) / quarter
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_more_is_sold_the_more_often_we_look() {
        for (paid, allowance, seconds) in [
            (0, 10_000, 519),
            (20, 10_000, 519),
            (100, 50_000, 104),
            (1_037, 518_500, 10),
            (1_000_000, 500_000_000, 10),
        ] {
            assert_eq!(
                (read_allowance(paid), poll_interval_seconds(paid, 1, false)),
                (allowance, seconds),
                "{paid}"
            );
        }
    }

    #[test]
    fn dear_looks_are_rarer_and_webhooks_make_them_a_safety_net() {
        assert_eq!(poll_interval_seconds(1_037, 4, false), 40);
        assert_eq!(poll_interval_seconds(1_037, 1, true), 600);
    }

    #[test]
    fn a_reconcile_is_paid_by_a_quarter_of_the_allowance() {
        for (paid, requests, seconds) in [
            (0, 0, 0),
            (0, 83, 86_054),
            (0, 2_500, 2_592_000),
            (1_000, 4_000, 82_944),
        ] {
            assert_eq!(reconcile_interval_seconds(paid, requests), seconds, "{paid} {requests}");
        }
    }
}
