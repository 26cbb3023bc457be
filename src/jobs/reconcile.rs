//! When to compare everything with Stripe: by the integration's schedule, and no oftener than the read allowance pays for.

use chrono::{DateTime, Utc};
use entity::integration;
use entity::kind::{RunKind, RunTrigger};
use sea_orm::{ActiveModelTrait, ConnectionTrait, DbErr, Set};

use super::timetable::paid_invoices;
use crate::pull::pace::reconcile_interval_seconds;
use crate::pull::queued::queue_reconcile;
use crate::settings::schedule::{OFF, Schedule};
use crate::store;

/// Whether the integration reconciles by itself.
pub(super) fn has_schedule(integration: &integration::Model) -> bool {
    integration.reconcile_schedule != OFF
}

/// Queues a reconcile when it is due, and settles when the next one is.
pub(super) async fn queue_when_due(
    conn: &impl ConnectionTrait,
    integration: &integration::Model,
    now_ms: i64,
) -> Result<(), DbErr> {
    if !has_schedule(integration) || store::run::has_open(conn, integration.id, RunKind::Reconcile).await? {
        return Ok(());
    }
    match integration.next_reconcile_at {
        Some(at) if at <= now_ms => {
            // However this one ends, the next is settled from its beginning.
            settle(conn, integration, None).await?;
            queue_reconcile(conn, integration.id, RunTrigger::Schedule, now_ms).await
        }
        Some(_) => Ok(()),
        None => match next(conn, integration, now_ms).await? {
            Some(next_at) => settle(conn, integration, Some(next_at)).await,
            None => Ok(()),
        },
    }
}

async fn settle(
    conn: &impl ConnectionTrait,
    integration: &integration::Model,
    next_at: Option<i64>,
) -> Result<(), DbErr> {
    let row = integration::ActiveModel {
        id: Set(integration.id),
        next_reconcile_at: Set(next_at),
        ..Default::default()
    };
    row.update(conn).await.map(|_row| ())
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
    let schedule = Schedule::parse(&integration.reconcile_schedule, app_time(now_ms)).ok();
    Ok(schedule.and_then(|schedule| schedule.next_after(earliest)))
}

fn app_time(now_ms: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(now_ms).unwrap_or_default()
}
