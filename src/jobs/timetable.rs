//! What is due, and what has been kept long enough.

use entity::kind::{ContractSource, RunKind, RunState, RunTrigger};
use entity::list::{RunPhases, SyncObjects};
use entity::{contract, integration, run};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, PaginatorTrait, QueryFilter, Set,
};
use uuid::Uuid;

use crate::app::App;
use crate::pull::pace::{ALLOWANCE_DAYS, poll_interval_seconds};
use crate::store::{change, event, lease};

const SECOND_MS: i64 = 1000;
const DAY_MS: i64 = 86_400 * SECOND_MS;
const LOOKS_KEPT_DAYS: i64 = 3;
const CHANGES_KEPT_DAYS: i64 = 1;
const EVENTS_KEPT_DAYS: i64 = 31;

/// Queues a look at the events of each integration for which it is due and that no run is open of.
pub async fn queue_due(app: &App) -> Result<(), DbErr> {
    let now_ms = app.clock.now_ms();
    let due = Condition::all()
        .add(integration::Column::SyncEnabled.eq(true))
        .add(integration::Column::KeySealed.is_not_null())
        .add(integration::Column::EventWatermark.is_not_null())
        .add(integration::Column::NextPollAt.lte(now_ms));
    if integration::Entity::find()
        .filter(due.clone())
        .one(app.db.read())
        .await?
        .is_none()
    {
        return Ok(());
    }
    let tx = app.db.begin().await?;
    for integration in lock_due(&tx, due).await? {
        if has_open_run(&tx, integration.id).await? {
            continue;
        }
        lease::insert(
            &tx,
            blank_run(integration.id, RunKind::CatchUp, RunTrigger::Schedule, now_ms),
        )
        .await?;
        let seconds = interval_seconds(&tx, &integration, now_ms).await?;
        let next = integration::ActiveModel {
            id: Set(integration.id),
            next_poll_at: Set(Some(now_ms + seconds * SECOND_MS)),
            ..Default::default()
        };
        next.update(&tx).await?;
    }
    tx.commit().await
}

/// Two replicas may tick at once: on PostgreSQL only one of them sees a row.
async fn lock_due(conn: &impl ConnectionTrait, due: Condition) -> Result<Vec<integration::Model>, DbErr> {
    use sea_orm::sea_query::{LockBehavior, LockType};
    use sea_orm::{DbBackend, QuerySelect};
    let query = integration::Entity::find().filter(due);
    if conn.get_database_backend() == DbBackend::Postgres {
        return query
            .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked)
            .all(conn)
            .await;
    }
    query.all(conn).await
}

async fn has_open_run(conn: &impl ConnectionTrait, integration_id: Uuid) -> Result<bool, DbErr> {
    let open = run::Entity::find()
        .filter(run::Column::IntegrationId.eq(integration_id))
        .filter(run::Column::FinishedAt.is_null());
    Ok(open.one(conn).await?.is_some())
}

async fn interval_seconds(
    conn: &impl ConnectionTrait,
    integration: &integration::Model,
    now_ms: i64,
) -> Result<i64, DbErr> {
    if let Some(seconds) = integration.poll_interval_seconds {
        return Ok(i64::from(seconds));
    }
    let paid = contract::Entity::find()
        .filter(contract::Column::IntegrationId.eq(integration.id))
        .filter(contract::Column::Source.eq(ContractSource::Invoice))
        .filter(contract::Column::PaidAt.gte(now_ms - ALLOWANCE_DAYS * DAY_MS))
        .count(conn)
        .await?;
    Ok(poll_interval_seconds(i64::try_from(paid).unwrap_or(i64::MAX)))
}

/// A run that waits to be taken up.
pub(crate) fn blank_run(integration_id: Uuid, kind: RunKind, trigger: RunTrigger, now_ms: i64) -> run::Model {
    run::Model {
        id: Uuid::now_v7(),
        integration_id,
        kind,
        trigger,
        state: RunState::Queued,
        objects: SyncObjects::default(),
        started_by: None,
        idempotency_key: None,
        queued_at: now_ms,
        started_at: None,
        finished_at: None,
        phases: RunPhases::default(),
        checkpoint: None,
        stripe_requests: 0,
        failure_code: None,
        failure_message: None,
        import_slot: None,
        lease_owner: None,
        lease_until: None,
        fence: 0,
    }
}

/// Drops what has been kept long enough: looks at the events that ended well, which records were changed, and ids of events that
/// Stripe no longer lists.
pub(super) async fn tidy(app: &App) {
    if let Err(error) = forget(app).await {
        tracing::warn!(%error, "old runs, changes and event ids could not be dropped; the next hour tries again");
    }
}

async fn forget(app: &App) -> Result<(), DbErr> {
    let now_ms = app.clock.now_ms();
    run::Entity::delete_many()
        .filter(run::Column::Kind.eq(RunKind::CatchUp))
        .filter(run::Column::State.eq(RunState::Succeeded))
        .filter(run::Column::FinishedAt.lt(now_ms - LOOKS_KEPT_DAYS * DAY_MS))
        .exec(app.db.write())
        .await?;
    change::forget_before(app.db.write(), now_ms - CHANGES_KEPT_DAYS * DAY_MS).await?;
    event::forget_before(app.db.write(), now_ms - EVENTS_KEPT_DAYS * DAY_MS).await
}
