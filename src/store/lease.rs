//! Who works on which run. A run is taken up by one process at a time; the fence number rises with each taking up, and what an
//! older holder still writes is refused.

use entity::kind::RunState;
use entity::list::{RunPhase, RunPhases};
use entity::run::{ActiveModel, Column, Entity, Model};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, QueryFilter, Set};
use uuid::Uuid;

use super::db::now_ms;
use super::free::{free_runs, lock_first};
use super::order::{Order, order};

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

/// The run is still in the hands of whoever has taken it up like this.
fn is_held(run: &Model) -> Condition {
    Condition::all()
        .add(Column::Id.eq(run.id))
        .add(Column::Fence.eq(run.fence))
        .add(Column::FinishedAt.is_null())
}

fn must_be_held(rows_affected: u64) -> Result<(), SaveError> {
    (rows_affected > 0).then_some(()).ok_or(SaveError::LeaseLost)
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
        .filter(is_held(run))
        .exec(conn)
        .await?;
    must_be_held(saved.rows_affected)?;
    Ok(order(conn, run, own_now_ms).await?)
}

/// Writes what the run has cost so far, and nothing of what it has done since it was saved; says what to do next.
pub async fn save_cost(conn: &impl ConnectionTrait, run: &Model, own_now_ms: i64) -> Result<Order, SaveError> {
    let saved = Entity::update_many()
        .col_expr(Column::StripeRequests, Expr::value(run.stripe_requests))
        .filter(is_held(run))
        .exec(conn)
        .await?;
    must_be_held(saved.rows_affected)?;
    Ok(order(conn, run, own_now_ms).await?)
}

/// A sign of life between two pages, and what to do next.
pub async fn renew(conn: &impl ConnectionTrait, run: &Model, own_now_ms: i64) -> Result<Order, SaveError> {
    let now = now_ms(conn, own_now_ms).await?;
    let renewed = Entity::update_many()
        .col_expr(Column::LeaseUntil, Expr::value(now + LEASE_MS))
        .filter(is_held(run))
        .exec(conn)
        .await?;
    must_be_held(renewed.rows_affected)?;
    Ok(order(conn, run, own_now_ms).await?)
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
    let ended = Entity::update_many().set(row).filter(is_held(run)).exec(conn).await?;
    must_be_held(ended.rows_affected)
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
        .filter(is_held(run))
        .exec(conn)
        .await?;
    must_be_held(rested.rows_affected)
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

/// Writes rows of a run's first state. A second import of one integration, or a repeated idempotency key, is a unique violation.
pub async fn insert(conn: &impl ConnectionTrait, run: Model) -> Result<(), DbErr> {
    use sea_orm::ActiveModelTrait;
    Entity::insert(run.into_active_model().reset_all())
        .exec_without_returning(conn)
        .await?;
    Ok(())
}
