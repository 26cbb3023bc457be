//! Which runs could be taken up: nobody works on them, they do not rest, and their integration lets them.

use entity::integration;
use entity::kind::RunKind;
use entity::run::{Column, Entity, Model};
use sea_orm::sea_query::{ExprTrait, Query, SelectStatement, SimpleExpr};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbBackend, DbErr, EntityTrait, QueryFilter, QueryOrder, Select,
};
use uuid::Uuid;

use super::db::now_ms;

/// Whether a run waits that could be taken up. Asked of the readers, so that an idle server writes nothing.
pub async fn has_free(conn: &impl ConnectionTrait, own_now_ms: i64) -> Result<bool, DbErr> {
    let now = now_ms(conn, own_now_ms).await?;
    Ok(free_runs(now, own_now_ms).one(conn).await?.is_some())
}

/// Whether a process is at work on a run of the integration.
pub async fn is_worked_on(conn: &impl ConnectionTrait, integration_id: Uuid, own_now_ms: i64) -> Result<bool, DbErr> {
    let now = now_ms(conn, own_now_ms).await?;
    let at_work = Entity::find()
        .filter(Column::IntegrationId.eq(integration_id))
        .filter(Column::FinishedAt.is_null())
        .filter(Column::LeaseUntil.gte(now));
    Ok(at_work.one(conn).await?.is_some())
}

/// No run rests longer. Milliseconds.
pub const LONGEST_REST_MS: i64 = 300_000;

/// Looks at the events and reads the lists go on side by side; of each, one at a time an integration. What holds the import slot
/// goes first: somebody waits for it.
pub(super) fn free_runs(now: i64, own_now_ms: i64) -> Select<Entity> {
    let looks = || Column::Kind.eq(RunKind::CatchUp);
    let lists = || Column::Kind.ne(RunKind::CatchUp);
    let is_free_of = |lane: SimpleExpr| Column::IntegrationId.not_in_subquery(worked_on(now, lane));
    let lane = Condition::any()
        .add(looks().and(is_free_of(looks())))
        .add(lists().and(is_free_of(lists())));
    waiting_runs(now, own_now_ms)
        .filter(lane)
        .order_by_asc(Column::ImportSlot.is_null())
        .order_by_asc(Column::QueuedAt)
        .order_by_asc(Column::Id)
}

/// Runs that nobody works on and that somebody could go on with.
pub(super) fn waiting_runs(now: i64, own_now_ms: i64) -> Select<Entity> {
    let free = Condition::any()
        .add(Column::LeaseUntil.is_null())
        .add(Column::LeaseUntil.lt(now));
    let rested = Condition::any()
        .add(Column::ResumeAt.is_null())
        .add(Column::ResumeAt.lte(own_now_ms))
        // Nothing rests so long: our clock was set back.
        .add(Column::ResumeAt.gt(own_now_ms.saturating_add(LONGEST_REST_MS)));
    let has_key = Condition::any()
        .add(Column::Kind.eq(RunKind::Remap))
        .add(Column::IntegrationId.in_subquery(with_key()));
    Entity::find()
        .filter(Column::FinishedAt.is_null())
        .filter(free)
        .filter(rested)
        .filter(Column::IntegrationId.in_subquery(switched_on()))
        .filter(has_key)
}

pub(super) async fn lock_first(
    conn: &impl ConnectionTrait,
    candidates: Select<Entity>,
) -> Result<Option<Model>, DbErr> {
    use sea_orm::QuerySelect;
    use sea_orm::sea_query::{LockBehavior, LockType};
    if conn.get_database_backend() == DbBackend::Postgres {
        return candidates
            .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked)
            .one(conn)
            .await;
    }
    candidates.one(conn).await
}

fn switched_on() -> SelectStatement {
    integrations(Condition::all().add(integration::Column::SyncEnabled.eq(true)))
}

fn with_key() -> SelectStatement {
    let has_key = Condition::all()
        .add(integration::Column::KeySealed.is_not_null())
        .add(integration::Column::KeyProblem.is_null());
    integrations(has_key)
}

fn integrations(which: Condition) -> SelectStatement {
    let mut query = Query::select();
    query
        .column(integration::Column::Id)
        .from(integration::Entity)
        .cond_where(which);
    query
}

fn worked_on(now: i64, lane: SimpleExpr) -> SelectStatement {
    let mut query = Query::select();
    query
        .column(Column::IntegrationId)
        .from(Entity)
        .and_where(Column::FinishedAt.is_null())
        .and_where(Column::LeaseUntil.gte(now))
        .and_where(lane);
    query
}
