//! How far the records are behind Stripe, and when something is done about it next.

use entity::integration;

/// A look at the events may be late by so much before it counts as missed, milliseconds.
const OVERDUE_MS: i64 = 60_000;

/// Age in seconds of the oldest change in Stripe that is known and not here yet: `oldest_waiting` is when it happened, Unix seconds.
/// While nobody looks at the events, what came since the last look counts as waiting. `None` before there was a look.
pub fn lag_seconds(integration: &integration::Model, oldest_waiting: Option<i64>, now_ms: i64) -> Option<i64> {
    let watermark = integration.event_watermark?;
    let age = |at: i64| (now_ms.div_euclid(1000) - at).max(0);
    let waiting = oldest_waiting.map_or(0, age);
    let is_overdue = integration.sync_enabled
        && integration
            .next_poll_at
            .is_some_and(|due| due.saturating_add(OVERDUE_MS) < now_ms);
    let is_blind = is_overdue || integration.key_problem.is_some();
    Some(if is_blind { waiting.max(age(watermark)) } else { waiting })
}

/// When something is due next by itself, Unix milliseconds: a look at the events or a reconcile. `None` while nothing can run.
pub fn next_run_at(integration: &integration::Model) -> Option<i64> {
    if !integration.sync_enabled || integration.key_problem.is_some() {
        return None;
    }
    let due = [integration.next_poll_at, integration.next_reconcile_at];
    due.into_iter().flatten().min()
}
