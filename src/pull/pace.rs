//! How often to look at Stripe's events, within what Stripe allows to be read.

/// Stripe counts reads over thirty days.
pub const ALLOWANCE_DAYS: i64 = 30;
const ALLOWANCE_SECONDS: i64 = ALLOWANCE_DAYS * 86_400;
const READS_FLOOR: i64 = 10_000;
const READS_PER_TRANSACTION: i64 = 500;
const SHORTEST_SECONDS: i64 = 10;
const LONGEST_SECONDS: i64 = 600;

/// Reads that Stripe is estimated to allow in thirty days: 500 a transaction, and 10,000 at least.
pub fn read_allowance(invoices_paid_in_30_days: i64) -> i64 {
    invoices_paid_in_30_days
        .saturating_mul(READS_PER_TRANSACTION)
        .max(READS_FLOOR)
}

/// Seconds between two looks when nobody has set them: half of the allowance pays for them, one request each.
pub fn poll_interval_seconds(invoices_paid_in_30_days: i64) -> i64 {
    let looks = (read_allowance(invoices_paid_in_30_days) / 2).max(1);
    (ALLOWANCE_SECONDS + looks - 1)
        .div_euclid(looks)
        .clamp(SHORTEST_SECONDS, LONGEST_SECONDS)
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
                (read_allowance(paid), poll_interval_seconds(paid)),
                (allowance, seconds),
                "{paid}"
            );
        }
    }
}
