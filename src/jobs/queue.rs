//! Asking for an import, and calling a run off.

use std::sync::Arc;

use entity::kind::{RunKind, RunState, RunTrigger, SyncObject};
use entity::list::{RunPhases, SyncObjects};
use entity::{integration, run};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, QueryFilter, SqlErr};
use uuid::Uuid;

use super::timetable::blank_run;
use crate::app::App;
use crate::error::{Code, Error};
use crate::pull::progress::blank_phase;
use crate::store::lease;

const KEY_LENGTH: usize = 200;

/// A wish for an import.
#[derive(Debug)]
pub struct StartImport {
    /// Of which integration.
    pub integration_id: Uuid,
    /// What to pull. The order is ours: customers, products, contracts.
    pub objects: Vec<SyncObject>,
    /// The caller's key against doing it twice.
    pub idempotency_key: Option<String>,
    /// Who asks.
    pub user_id: Uuid,
}

/// Queues an import and returns at once. The same idempotency key gives the same run.
pub async fn start_import(app: &Arc<App>, wish: StartImport) -> Result<run::Model, Error> {
    let objects = in_order(&wish.objects)?;
    check_key(wish.idempotency_key.as_deref())?;
    let tx = app.db.begin().await?;
    let known = integration::Entity::find_by_id(wish.integration_id).one(&tx).await?;
    let Some(known) = known else {
        return Err(Error::refused(
            &["integrationId"],
            Code::NotFound,
            "There is no such integration.",
        ));
    };
    if let Some(before) = find_by_key(&tx, &wish).await? {
        return same_wish(before, &objects);
    }
    if !known.sync_enabled {
        return Err(Error::refused(
            &[],
            Code::SyncDisabled,
            "Sync is turned off. Turn it on first (setSyncEnabled).",
        ));
    }
    let open_import = run::Entity::find()
        .filter(run::Column::ImportSlot.eq(known.id))
        .one(&tx)
        .await?;
    if open_import.is_some() {
        return Err(in_progress());
    }
    let queued = run::Model {
        phases: RunPhases(objects.iter().copied().map(blank_phase).collect()),
        objects: SyncObjects(objects),
        started_by: Some(wish.user_id),
        idempotency_key: wish.idempotency_key,
        import_slot: Some(known.id),
        ..blank_run(known.id, RunKind::Import, RunTrigger::Manual, app.clock.now_ms())
    };
    lease::insert(&tx, queued.clone()).await.map_err(refuse_second)?;
    tx.commit().await?;
    app.wake.notify_one();
    Ok(queued)
}

fn in_order(objects: &[SyncObject]) -> Result<Vec<SyncObject>, Error> {
    let ordered: Vec<_> = [SyncObject::Customer, SyncObject::Product, SyncObject::Contract]
        .into_iter()
        .filter(|object| objects.contains(object))
        .collect();
    if ordered.is_empty() {
        return Err(Error::refused(
            &["objects"],
            Code::Required,
            "Name at least one of CUSTOMER, PRODUCT and CONTRACT.",
        ));
    }
    Ok(ordered)
}

fn check_key(key: Option<&str>) -> Result<(), Error> {
    match key.map(|key| key.chars().count()) {
        None | Some(1..=KEY_LENGTH) => Ok(()),
        Some(0) => Err(Error::refused(
            &["idempotencyKey"],
            Code::Required,
            "The idempotency key is blank. Leave it out.",
        )),
        Some(_) => Err(Error::refused(
            &["idempotencyKey"],
            Code::TooLong,
            format!("At most {KEY_LENGTH} characters."),
        )),
    }
}

async fn find_by_key(conn: &impl ConnectionTrait, wish: &StartImport) -> Result<Option<run::Model>, DbErr> {
    let Some(key) = &wish.idempotency_key else {
        return Ok(None);
    };
    run::Entity::find()
        .filter(run::Column::IntegrationId.eq(wish.integration_id))
        .filter(run::Column::IdempotencyKey.eq(key.as_str()))
        .one(conn)
        .await
}

fn same_wish(before: run::Model, objects: &[SyncObject]) -> Result<run::Model, Error> {
    if before.objects.0 == objects {
        return Ok(before);
    }
    let message = "This idempotency key was used for an import of other objects.";
    Err(Error::refused(&["idempotencyKey"], Code::IdempotencyMismatch, message))
}

fn in_progress() -> Error {
    Error::refused(
        &[],
        Code::RunInProgress,
        "An import of this integration is queued or running.",
    )
}

/// Of two that ask at the same moment on two replicas, the database lets one through.
fn refuse_second(error: DbErr) -> Error {
    match error.sql_err() {
        Some(SqlErr::UniqueConstraintViolation(_)) => in_progress(),
        _ => error.into(),
    }
}

/// Calls a run off: at once when nobody works on it, else at the next page edge. Twice is harmless.
pub async fn cancel(app: &Arc<App>, run_id: Uuid) -> Result<run::Model, Error> {
    let tx = app.db.begin().await?;
    let Some(known) = run::Entity::find_by_id(run_id).one(&tx).await? else {
        return Err(Error::refused(&["id"], Code::NotFound, "There is no such run."));
    };
    match known.state {
        RunState::Canceled | RunState::Canceling => return Ok(known),
        RunState::Queued | RunState::Running => {}
        RunState::Succeeded | RunState::Partial | RunState::Failed => {
            return Err(Error::refused(&["id"], Code::RunNotActive, "The run has ended."));
        }
    }
    let now = lease::now_ms(&tx, app.clock.now_ms()).await?;
    let idle = Condition::any()
        .add(run::Column::LeaseUntil.is_null())
        .add(run::Column::LeaseUntil.lt(now));
    let ended = run::Entity::update_many()
        .col_expr(run::Column::State, Expr::value(RunState::Canceled))
        .col_expr(run::Column::FinishedAt, Expr::value(app.clock.now_ms()))
        .col_expr(run::Column::ImportSlot, Expr::value(Option::<Uuid>::None))
        .filter(run::Column::Id.eq(run_id))
        .filter(idle)
        .exec(&tx)
        .await?;
    if ended.rows_affected == 0 {
        run::Entity::update_many()
            .col_expr(run::Column::State, Expr::value(RunState::Canceling))
            .filter(run::Column::Id.eq(run_id))
            .exec(&tx)
            .await?;
    }
    let now_so = run::Entity::find_by_id(run_id).one(&tx).await?.ok_or(Error::NotFound)?;
    tx.commit().await?;
    app.changed.send_replace(());
    Ok(now_so)
}
