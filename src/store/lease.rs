//! Who works on which run. A run is taken up by one process at a time; the fence number rises with each taking up, and what an
//! older holder still writes is refused.

use entity::kind::{RunKind, RunState};
use entity::list::{RunPhase, RunPhases};
use entity::run::{ActiveModel, Column, Entity, Model};
use entity::{integration, read_count};
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict, Query, SimpleExpr};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbBackend, DbErr, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
    Set, Statement,
};
use uuid::Uuid;

use super::Db;

/// No run rests longer. Milliseconds.
pub const LONGEST_REST_MS: i64 = 300_000;

/// How long a holder is believed alive without a sign of life, milliseconds.
pub const LEASE_MS: i64 = 30_000;

/// The holder was replaced, or the run was ended by somebody else: stop, and write nothing more.
#[derive(Debug, thiserror::Error)]
pub enum SaveError {
    /// Another process has taken the run up.
    #[error("another process has taken the run up")]
    LeaseLost,
    /// The database failed.
    #[error("the database failed")]
    Database(#[from] DbErr),
}

/// Unix milliseconds of the database's clock, which all replicas share. SQLite lives in this process: its clock is ours.
pub async fn now_ms(conn: &impl ConnectionTrait, own_now_ms: i64) -> Result<i64, DbErr> {
    if conn.get_database_backend() != DbBackend::Postgres {
        return Ok(own_now_ms);
    }
    let sql = "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now_ms";
    let row = conn
        .query_one_raw(Statement::from_string(DbBackend::Postgres, sql))
        .await?;
    row.map_or(Ok(own_now_ms), |row| row.try_get("", "now_ms"))
}

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

/// Looks at the events and reads the lists go on side by side; of each, one at a time an integration. What holds the import slot
/// goes first: somebody waits for it.
fn free_runs(now: i64, own_now_ms: i64) -> sea_orm::Select<Entity> {
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
fn waiting_runs(now: i64, own_now_ms: i64) -> sea_orm::Select<Entity> {
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

/// Takes up the run that has waited longest, of an integration whose sync is on and that nobody works on. Call it in a writing
/// transaction.
pub async fn take_up(conn: &impl ConnectionTrait, owner: Uuid, own_now_ms: i64) -> Result<Option<Model>, DbErr> {
    let now = now_ms(conn, own_now_ms).await?;
    let Some(run) = lock_first(conn, free_runs(now, own_now_ms)).await? else {
        return Ok(None);
    };
    let fence = run.fence + 1;
    let state = if run.state == RunState::Queued {
        RunState::Running
    } else {
        run.state
    };
    let taken = ActiveModel {
        id: Set(run.id),
        state: Set(state),
        started_at: Set(run.started_at.or(Some(Ord::max(own_now_ms, run.queued_at)))),
        lease_owner: Set(Some(owner)),
        lease_until: Set(Some(now + LEASE_MS)),
        resume_at: Set(None),
        failure_code: Set(None),
        failure_message: Set(None),
        fence: Set(fence),
        ..Default::default()
    };
    Entity::update(taken).exec(conn).await.map(Some)
}

async fn lock_first(conn: &impl ConnectionTrait, candidates: sea_orm::Select<Entity>) -> Result<Option<Model>, DbErr> {
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

fn switched_on() -> sea_orm::sea_query::SelectStatement {
    integrations(Condition::all().add(integration::Column::SyncEnabled.eq(true)))
}

fn with_key() -> sea_orm::sea_query::SelectStatement {
    let has_key = Condition::all()
        .add(integration::Column::KeySealed.is_not_null())
        .add(integration::Column::KeyProblem.is_null());
    integrations(has_key)
}

fn integrations(which: Condition) -> sea_orm::sea_query::SelectStatement {
    let mut query = Query::select();
    query
        .column(integration::Column::Id)
        .from(integration::Entity)
        .cond_where(which);
    query
}

fn worked_on(now: i64, lane: SimpleExpr) -> sea_orm::sea_query::SelectStatement {
    let mut query = Query::select();
    query
        .column(Column::IntegrationId)
        .from(Entity)
        .and_where(Column::FinishedAt.is_null())
        .and_where(Column::LeaseUntil.gte(now))
        .and_where(lane);
    query
}

/// Lets one transaction at a time write what was read of an integration, so that what it finds stored stays so until it has
/// written. SQLite has one writer anyway.
pub async fn take_turn(conn: &impl ConnectionTrait, integration_id: Uuid) -> Result<(), DbErr> {
    if conn.get_database_backend() != DbBackend::Postgres {
        return Ok(());
    }
    let (_, low) = integration_id.as_u64_pair();
    let turn = i64::from_be_bytes(low.to_be_bytes());
    conn.execute_raw(Statement::from_sql_and_values(
        DbBackend::Postgres,
        "SELECT pg_advisory_xact_lock($1)",
        [turn.into()],
    ))
    .await?;
    Ok(())
}

/// The same for what belongs to no integration: clients, and the fields that an admin has added.
pub async fn take_common_turn(conn: &impl ConnectionTrait) -> Result<(), DbErr> {
    take_turn(conn, Uuid::nil()).await
}

/// When a run ends that ends now: never before it began, though our clock may have been set back. Unix milliseconds.
pub fn end_of(run: &Model, own_now_ms: i64) -> i64 {
    Ord::max(own_now_ms, run.started_at.unwrap_or(run.queued_at))
}

/// Ends the phases of a run that ends in `state`: none of them goes on.
pub fn end_phases(phases: &mut RunPhases, state: RunState) {
    use RunState::{Canceling, Queued, Running};
    let is_open = |phase: &&mut RunPhase| matches!(phase.state, Queued | Running | Canceling);
    for phase in phases.0.iter_mut().filter(is_open) {
        phase.state = state;
    }
}

/// Ends a run as called off, whoever works on it. `run` is as it is stored, and locked.
pub async fn call_off(conn: &impl ConnectionTrait, run: Model, own_now_ms: i64) -> Result<(), SaveError> {
    let mut ended = Model {
        state: RunState::Canceled,
        finished_at: Some(end_of(&run, own_now_ms)),
        ..run
    };
    end_phases(&mut ended.phases, RunState::Canceled);
    finish(conn, &ended).await
}

/// What the holder is asked to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Go on.
    GoOn,
    /// Somebody canceled the run, or everything of the integration is being removed.
    Cancel,
    /// Sync was turned off, or the key was destroyed: leave the run where it is.
    Pause,
}

/// Writes how far the run has got, together with the rows of the same transaction, and says what to do next.
pub async fn save(conn: &impl ConnectionTrait, run: &Model, own_now_ms: i64) -> Result<Order, SaveError> {
    let now = now_ms(conn, own_now_ms).await?;
    let saved = Entity::update_many()
        .col_expr(Column::Phases, Expr::value(run.phases.clone()))
        .col_expr(Column::Checkpoint, Expr::value(run.checkpoint.clone()))
        .col_expr(Column::StripeRequests, Expr::value(run.stripe_requests))
        .col_expr(Column::Rests, Expr::value(run.rests))
        .col_expr(Column::LeaseUntil, Expr::value(now + LEASE_MS))
        .filter(Column::Id.eq(run.id))
        .filter(Column::Fence.eq(run.fence))
        .filter(Column::FinishedAt.is_null())
        .exec(conn)
        .await?;
    if saved.rows_affected == 0 {
        return Err(SaveError::LeaseLost);
    }
    order(conn, run, own_now_ms).await
}

/// Writes what the run has cost so far, and nothing of what it has done since it was saved; says what to do next.
pub async fn save_cost(conn: &impl ConnectionTrait, run: &Model, own_now_ms: i64) -> Result<Order, SaveError> {
    let saved = Entity::update_many()
        .col_expr(Column::StripeRequests, Expr::value(run.stripe_requests))
        .filter(Column::Id.eq(run.id))
        .filter(Column::Fence.eq(run.fence))
        .filter(Column::FinishedAt.is_null())
        .exec(conn)
        .await?;
    if saved.rows_affected == 0 {
        return Err(SaveError::LeaseLost);
    }
    order(conn, run, own_now_ms).await
}

/// A sign of life between two pages, and what to do next.
pub async fn renew(conn: &impl ConnectionTrait, run: &Model, own_now_ms: i64) -> Result<Order, SaveError> {
    let now = now_ms(conn, own_now_ms).await?;
    let renewed = Entity::update_many()
        .col_expr(Column::LeaseUntil, Expr::value(now + LEASE_MS))
        .filter(Column::Id.eq(run.id))
        .filter(Column::Fence.eq(run.fence))
        .filter(Column::FinishedAt.is_null())
        .exec(conn)
        .await?;
    if renewed.rows_affected == 0 {
        return Err(SaveError::LeaseLost);
    }
    order(conn, run, own_now_ms).await
}

async fn order(conn: &impl ConnectionTrait, run: &Model, own_now_ms: i64) -> Result<Order, SaveError> {
    let state = Entity::find_by_id(run.id).one(conn).await?.map(|run| run.state);
    if state == Some(RunState::Canceling) {
        return Ok(Order::Cancel);
    }
    let gives_way = run.kind != RunKind::CatchUp && run.import_slot.is_none();
    if gives_way && import_waits(conn, run.integration_id, own_now_ms).await? {
        return Ok(Order::Pause);
    }
    order_of(conn, run.integration_id, needs_key(run.kind)).await
}

/// Somebody has asked for an import or a backfill, be it begun or not, and it could be worked on: what was not asked for gives way.
async fn import_waits(conn: &impl ConnectionTrait, integration_id: Uuid, own_now_ms: i64) -> Result<bool, DbErr> {
    let now = now_ms(conn, own_now_ms).await?;
    let waiting = waiting_runs(now, own_now_ms).filter(Column::ImportSlot.eq(integration_id));
    Ok(waiting.one(conn).await?.is_some())
}

/// What whoever works for the integration is asked to do next.
pub async fn order_of_integration(conn: &impl ConnectionTrait, integration_id: Uuid) -> Result<Order, SaveError> {
    order_of(conn, integration_id, true).await
}

async fn order_of(conn: &impl ConnectionTrait, integration_id: Uuid, needs_key: bool) -> Result<Order, SaveError> {
    let known = integration::Entity::find_by_id(integration_id).one(conn).await?;
    Ok(match known {
        Some(known) if known.purge_requested_at.is_none() => {
            let has_key = known.key_sealed.is_some() && known.key_problem.is_none();
            let is_on = known.sync_enabled && (has_key || !needs_key);
            if is_on { Order::GoOn } else { Order::Pause }
        }
        _ => Order::Cancel,
    })
}

/// What is here is mapped again without asking Stripe.
fn needs_key(kind: RunKind) -> bool {
    kind != RunKind::Remap
}

/// Ends the run: final state, failure, and the import slot given back.
pub async fn finish(conn: &impl ConnectionTrait, run: &Model) -> Result<(), SaveError> {
    let row = ActiveModel {
        state: Set(run.state),
        phases: Set(run.phases.clone()),
        stripe_requests: Set(run.stripe_requests),
        finished_at: Set(run.finished_at),
        failure_code: Set(run.failure_code.clone()),
        failure_message: Set(run.failure_message.clone()),
        drift: Set(run.drift),
        monthly_sums: Set(run.monthly_sums.clone()),
        resume_at: Set(None),
        checkpoint: Set(None),
        import_slot: Set(None),
        lease_owner: Set(None),
        lease_until: Set(None),
        ..Default::default()
    };
    let ended = Entity::update_many()
        .set(row)
        .filter(Column::Id.eq(run.id))
        .filter(Column::Fence.eq(run.fence))
        .filter(Column::FinishedAt.is_null())
        .exec(conn)
        .await?;
    if ended.rows_affected == 0 {
        Err(SaveError::LeaseLost)
    } else {
        Ok(())
    }
}

/// Gives the run back unfinished: whoever takes it up next goes on from its checkpoint.
pub async fn release(conn: &impl ConnectionTrait, run: &Model) -> Result<(), DbErr> {
    give_back(
        conn,
        Condition::all()
            .add(Column::Id.eq(run.id))
            .add(Column::Fence.eq(run.fence)),
    )
    .await
}

/// Gives the run back for a while, and says why: `resume_at` = `None` waits until a person has done something about it.
pub async fn rest(
    conn: &impl ConnectionTrait,
    run: &Model,
    resume_at: Option<i64>,
    (code, message): (&str, String),
) -> Result<(), SaveError> {
    let rested = Entity::update_many()
        .col_expr(Column::Rests, Expr::value(run.rests + 1))
        .col_expr(Column::ResumeAt, Expr::value(resume_at))
        .col_expr(Column::FailureCode, Expr::value(code))
        .col_expr(Column::FailureMessage, Expr::value(message))
        .col_expr(Column::LeaseOwner, Expr::value(Option::<Uuid>::None))
        .col_expr(Column::LeaseUntil, Expr::value(Option::<i64>::None))
        .filter(Column::Id.eq(run.id))
        .filter(Column::Fence.eq(run.fence))
        .filter(Column::FinishedAt.is_null())
        .exec(conn)
        .await?;
    if rested.rows_affected == 0 {
        return Err(SaveError::LeaseLost);
    }
    Ok(())
}

/// Gives all runs back. For the one process that owns the database, when it starts: nobody else can be at work.
pub async fn release_all(conn: &impl ConnectionTrait) -> Result<(), DbErr> {
    give_back(conn, Condition::all().add(Column::FinishedAt.is_null())).await
}

async fn give_back(conn: &impl ConnectionTrait, which: Condition) -> Result<(), DbErr> {
    Entity::update_many()
        .col_expr(Column::LeaseOwner, Expr::value(Option::<Uuid>::None))
        .col_expr(Column::LeaseUntil, Expr::value(Option::<i64>::None))
        .filter(which)
        .exec(conn)
        .await?;
    Ok(())
}

/// Adds to the day's count of requests sent to Stripe.
pub async fn count_reads(
    conn: &impl ConnectionTrait,
    integration_id: Uuid,
    day: chrono::NaiveDate,
    reads: i64,
) -> Result<(), DbErr> {
    use read_count::Column as Count;
    let row = read_count::ActiveModel {
        integration_id: Set(integration_id),
        day: Set(day),
        reads: Set(reads),
    };
    let mut add = OnConflict::columns([Count::IntegrationId, Count::Day]);
    add.value(Count::Reads, Expr::col((read_count::Entity, Count::Reads)).add(reads));
    read_count::Entity::insert(row)
        .on_conflict(add)
        .exec_without_returning(conn)
        .await?;
    Ok(())
}

/// The same outside of any other transaction. What is being removed is counted no more.
pub async fn count_last_reads(
    db: &Db,
    integration_id: Uuid,
    day: chrono::NaiveDate,
    reads: i64,
) -> Result<(), SaveError> {
    if reads <= 0 {
        return Ok(());
    }
    let tx = db.begin().await?;
    take_turn(&tx, integration_id).await?;
    if order_of_integration(&tx, integration_id).await? != Order::Cancel {
        count_reads(&tx, integration_id, day, reads).await?;
    }
    Ok(tx.commit().await?)
}

/// Writes rows of a run's first state. A second import of one integration, or a repeated idempotency key, is a unique violation.
pub async fn insert(conn: &impl ConnectionTrait, run: Model) -> Result<(), DbErr> {
    use sea_orm::ActiveModelTrait;
    Entity::insert(run.into_active_model().reset_all())
        .exec_without_returning(conn)
        .await?;
    Ok(())
}
