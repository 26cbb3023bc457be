//! When to compare everything with Stripe: by the integration's schedule, and no oftener than the read allowance pays for.

use chrono::{DateTime, Utc};
use croner::Cron;
use entity::integration;
use entity::kind::{RunKind, RunTrigger};
use sea_orm::{ActiveModelTrait, ConnectionTrait, DbErr, Set};
use uuid::Uuid;

use super::timetable::{has_open_run, paid_invoices, whole_run};
use crate::pull::pace::reconcile_interval_seconds;
use crate::store::{self, lease};

/// The schedule of integrations that never reconcile by themselves.
pub const OFF: &str = "off";

/// Queues a reconcile when it is due, and settles when the next one is.
pub(super) async fn queue_when_due(
    conn: &impl ConnectionTrait,
    integration: &integration::Model,
    now_ms: i64,
) -> Result<(), DbErr> {
    if integration.reconcile_schedule == OFF || has_open_run(conn, integration.id, RunKind::Reconcile).await? {
        return Ok(());
    }
    match integration.next_reconcile_at {
        Some(at) if at <= now_ms => queue(conn, integration.id, RunTrigger::Schedule, now_ms).await,
        Some(_) => Ok(()),
        None => {
            let next = integration::ActiveModel {
                id: Set(integration.id),
                next_reconcile_at: Set(next(conn, integration, now_ms).await?),
                ..Default::default()
            };
            next.update(conn).await.map(|_row| ())
        }
    }
}

/// Queues a reconcile, unless one is open.
pub(super) async fn queue(
    conn: &impl ConnectionTrait,
    integration_id: Uuid,
    trigger: RunTrigger,
    now_ms: i64,
) -> Result<(), DbErr> {
    if has_open_run(conn, integration_id, RunKind::Reconcile).await? {
        return Ok(());
    }
    lease::insert(conn, whole_run(integration_id, RunKind::Reconcile, trigger, now_ms)).await
}

/// The first time of the schedule that the allowance pays for, Unix milliseconds.
async fn next(
    conn: &impl ConnectionTrait,
    integration: &integration::Model,
    now_ms: i64,
) -> Result<Option<i64>, DbErr> {
    let earliest = match store::run::last_reconcile(conn, integration.id).await? {
        None => now_ms,
        Some(last) => {
            let paid = paid_invoices(conn, integration.id, now_ms).await?;
            let wait = reconcile_interval_seconds(paid, last.stripe_requests);
            (last.queued_at + wait.saturating_mul(1000)).max(now_ms)
        }
    };
    Ok(first_after(&integration.reconcile_schedule, earliest))
}

/// The first time of a cron expression after `at_ms`; `None` where it has none.
fn first_after(schedule: &str, at_ms: i64) -> Option<i64> {
    let cron: Cron = schedule.parse().ok()?;
    let after: DateTime<Utc> = DateTime::from_timestamp_millis(at_ms)?;
    cron.find_next_occurrence(&after, false)
        .ok()
        .map(|next| next.timestamp_millis())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nightly_is_the_next_three_o_clock() {
        let noon = 1_795_435_200_000;
        assert_eq!(first_after("0 3 * * *", noon), Some(noon + 15 * 3_600_000));
        assert_eq!(
            first_after("0 3 * * *", noon + 15 * 3_600_000),
            Some(noon + 39 * 3_600_000)
        );
        assert_eq!(first_after("every now and then", noon), None);
    }
}
