//! How far the records are behind Stripe, and when something is done about it next.

use entity::integration;

use crate::pull::catch_up::LAG_SECONDS;
use crate::pull::pace::LONGEST_SECONDS;

/// A look at the events may be late by so much, or take so long, before it counts as missed.
const OVERDUE_SECONDS: i64 = 60;

/// Age in seconds of the oldest change in Stripe that is known and not here yet: `oldest_waiting` is when it happened, Unix seconds.
/// While nobody looks at the events, or looks come to nothing, what came since the last that did not counts as waiting. `None` before there was a look.
pub fn lag_seconds(integration: &integration::Model, oldest_waiting: Option<i64>, now_ms: i64) -> Option<i64> {
    let watermark = integration.event_watermark?;
    let age = |at: i64| (now_ms.div_euclid(1000) - at).max(0);
    let waiting = oldest_waiting.map_or(0, age);
    let is_blind = is_overdue(integration, watermark, now_ms) || integration.key_problem.is_some();
    Some(if is_blind { waiting.max(age(watermark)) } else { waiting })
}

/// The next look should have begun by now, or the last one should have moved the watermark: looks may be queued as they should, and
/// fail or find a hole each time.
fn is_overdue(integration: &integration::Model, watermark: i64, now_ms: i64) -> bool {
    let apart = integration.poll_interval_seconds.map_or(LONGEST_SECONDS, i64::from);
    let seen_by = watermark.saturating_add(apart + LAG_SECONDS).saturating_mul(1000);
    let due = [integration.next_poll_at, Some(seen_by)].into_iter().flatten().min();
    integration.sync_enabled && due.is_some_and(|due| due.saturating_add(OVERDUE_SECONDS * 1000) < now_ms)
}

/// When something is due next by itself, Unix milliseconds: a look at the events, a reconcile, or another try of what failed, which is
/// at `retry_at`. `None` while nothing can run.
pub fn next_run_at(integration: &integration::Model, retry_at: Option<i64>) -> Option<i64> {
    if !integration.sync_enabled || integration.key_problem.is_some() {
        return None;
    }
    // Before the first import has ended nothing is tried again.
    let retry_at = retry_at.filter(|_| integration.event_watermark.is_some());
    let due = [integration.next_poll_at, integration.next_reconcile_at, retry_at];
    due.into_iter().flatten().min()
}
