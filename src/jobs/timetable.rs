//! What is due, and what has been kept long enough.

use entity::kind::{RunKind, RunState, RunTrigger};
use entity::{integration, run, saved_clients};
use sea_orm::{ActiveModelTrait, ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, QueryFilter, Set};
use uuid::Uuid;

use super::reconcile;
use crate::app::App;
use crate::pull::catch_up::is_hole;
use crate::pull::pace::{ALLOWANCE_DAYS, LONGEST_SECONDS, poll_interval_seconds};
use crate::pull::queued::{self, blank_run};
use crate::pull::retry::Errand;
use crate::store::{self, change, failure, inbox, lease};

const SECOND_MS: i64 = 1000;
const HOUR_MS: i64 = 3_600 * SECOND_MS;
const DAY_MS: i64 = 24 * HOUR_MS;
const LOOKS_KEPT_DAYS: i64 = 3;
const CHANGES_KEPT_DAYS: i64 = 1;
const EVENTS_KEPT_DAYS: i64 = 31;
const SAVED_KEPT_DAYS: i64 = 30;
/// Webhooks that came lately will come again.
const WEBHOOKS_COME_MS: i64 = HOUR_MS;
/// Objects that one retry reads.
const RETRIED: u64 = 500;

/// Queues what is due of each integration: contracts that time alone has changed, a look at the events, a reconcile, another try of
/// what failed.
pub async fn queue_due(app: &App) -> Result<(), DbErr> {
    let now_ms = app.clock.now_ms();
    queue_changes(app, now_ms).await?;
    let active = Condition::all()
        .add(integration::Column::SyncEnabled.eq(true))
        .add(integration::Column::KeySealed.is_not_null())
        .add(integration::Column::KeyProblem.is_null())
        .add(integration::Column::EventWatermark.is_not_null());
    let integrations = integration::Entity::find().filter(active).all(app.db.read()).await?;
    for integration in integrations {
        let look_is_due = is_look_due(&integration, now_ms);
        let reconcile_is_due = match integration.next_reconcile_at {
            Some(at) => at <= now_ms,
            None => reconcile::has_schedule(&integration),
        };
        let retries = failure::list_due(app.db.read(), integration.id, now_ms, 1).await?;
        if look_is_due || reconcile_is_due || !retries.is_empty() {
            queue_due_of(app, integration.id, now_ms).await?;
        }
    }
    Ok(())
}

/// What ends, or begins, by itself needs no word of Stripe's, and so neither the key nor the switch.
async fn queue_changes(app: &App, now_ms: i64) -> Result<(), DbErr> {
    if !store::contract::has_due(app.db.read(), now_ms).await? {
        return Ok(());
    }
    let tx = app.db.begin().await?;
    store::contract::queue_due(&tx, now_ms).await?;
    tx.commit().await
}

/// Looks again in a transaction of its own: two replicas may tick at once, and on PostgreSQL only one of them gets the row.
async fn queue_due_of(app: &App, integration_id: Uuid, now_ms: i64) -> Result<(), DbErr> {
    let tx = app.db.begin().await?;
    let Some(integration) = lock(&tx, integration_id).await? else {
        return Ok(());
    };
    if is_look_due(&integration, now_ms) {
        queue_look(&tx, &integration, now_ms).await?;
    }
    reconcile::queue_when_due(&tx, &integration, now_ms).await?;
    queue_retry(&tx, &integration, now_ms).await?;
    tx.commit().await
}

/// Now, or further away than looks are apart: our clock was set back.
fn is_look_due(integration: &integration::Model, now_ms: i64) -> bool {
    let apart = integration.poll_interval_seconds.map_or(LONGEST_SECONDS, i64::from) * SECOND_MS;
    integration
        .next_poll_at
        .is_some_and(|at| at <= now_ms || at > now_ms + apart)
}

async fn lock(conn: &impl ConnectionTrait, id: Uuid) -> Result<Option<integration::Model>, DbErr> {
    use sea_orm::sea_query::{LockBehavior, LockType};
    use sea_orm::{DbBackend, QuerySelect};
    let query = integration::Entity::find_by_id(id);
    if conn.get_database_backend() == DbBackend::Postgres {
        return query
            .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked)
            .one(conn)
            .await;
    }
    query.one(conn).await
}

async fn queue_look(conn: &impl ConnectionTrait, integration: &integration::Model, now_ms: i64) -> Result<(), DbErr> {
    if store::run::has_open(conn, integration.id, RunKind::CatchUp).await? {
        return Ok(());
    }
    if is_hole(integration.event_watermark.unwrap_or_default(), now_ms / SECOND_MS) {
        queued::queue_reconcile(conn, integration.id, RunTrigger::Startup, now_ms).await?;
    } else {
        let look = blank_run(integration.id, RunKind::CatchUp, RunTrigger::Schedule, now_ms);
        lease::insert(conn, look).await?;
    }
    let seconds = interval_seconds(conn, integration, now_ms).await?;
    let next = integration::ActiveModel {
        id: Set(integration.id),
        next_poll_at: Set(Some(now_ms + seconds * SECOND_MS)),
        ..Default::default()
    };
    next.update(conn).await?;
    Ok(())
}

async fn queue_retry(conn: &impl ConnectionTrait, integration: &integration::Model, now_ms: i64) -> Result<(), DbErr> {
    let keys = failure::list_due(conn, integration.id, now_ms, RETRIED).await?;
    if keys.is_empty() || store::run::has_open(conn, integration.id, RunKind::Retry).await? {
        return Ok(());
    }
    let retry = run::Model {
        checkpoint: serde_json::to_string(&Errand { keys }).ok(),
        ..blank_run(integration.id, RunKind::Retry, RunTrigger::Schedule, now_ms)
    };
    lease::insert(conn, retry).await
}

/// Queues a reconcile, unless one is open.
pub(super) async fn queue_reconcile(app: &App, integration_id: Uuid, trigger: RunTrigger) -> Result<(), DbErr> {
    let tx = app.db.begin().await?;
    queued::queue_reconcile(&tx, integration_id, trigger, app.clock.now_ms()).await?;
    tx.commit().await
}

/// Seconds between looks at the events.
pub(super) async fn look_interval(app: &App, integration: &integration::Model) -> Result<i64, DbErr> {
    interval_seconds(app.db.read(), integration, app.clock.now_ms()).await
}

async fn interval_seconds(
    conn: &impl ConnectionTrait,
    integration: &integration::Model,
    now_ms: i64,
) -> Result<i64, DbErr> {
    if let Some(seconds) = integration.poll_interval_seconds {
        return Ok(i64::from(seconds));
    }
    let requests = store::run::requests_of_looks(conn, integration.id).await?;
    let webhooks_come = integration
        .last_webhook_at
        .is_some_and(|at| at > now_ms - WEBHOOKS_COME_MS);
    let paid = paid_invoices(conn, integration.id, now_ms).await?;
    Ok(poll_interval_seconds(paid, requests, webhooks_come))
}

/// Invoices paid over the days that Stripe counts reads over.
pub(super) async fn paid_invoices(
    conn: &impl ConnectionTrait,
    integration_id: Uuid,
    now_ms: i64,
) -> Result<i64, DbErr> {
    let since = now_ms - ALLOWANCE_DAYS * DAY_MS;
    let paid = store::integration::count_paid_invoices(conn, integration_id, since).await?;
    Ok(i64::try_from(paid).unwrap_or(i64::MAX))
}

/// Drops what has been kept long enough: looks and retries that ended well, which records were changed, which requests have saved
/// clients, and what events told that Stripe no longer lists.
pub async fn tidy(app: &App) {
    if let Err(error) = forget(app).await {
        tracing::warn!(%error, "old runs, changes, requests and events could not be dropped; the next hour tries again");
    }
}

async fn forget(app: &App) -> Result<(), DbErr> {
    let now_ms = app.clock.now_ms();
    run::Entity::delete_many()
        .filter(run::Column::Kind.is_in([RunKind::CatchUp, RunKind::Retry]))
        .filter(run::Column::Trigger.ne(RunTrigger::Manual))
        .filter(run::Column::State.eq(RunState::Succeeded))
        .filter(run::Column::FinishedAt.lt(now_ms - LOOKS_KEPT_DAYS * DAY_MS))
        .exec(app.db.write())
        .await?;
    change::forget_before(app.db.write(), now_ms - CHANGES_KEPT_DAYS * DAY_MS).await?;
    saved_clients::Entity::delete_many()
        .filter(saved_clients::Column::CreatedAt.lt(now_ms - SAVED_KEPT_DAYS * DAY_MS))
        .exec(app.db.write())
        .await?;
    inbox::empty_before(app.db.write(), now_ms - EVENTS_KEPT_DAYS * DAY_MS).await
}
