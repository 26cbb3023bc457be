//! Asking for a run, and calling one off.

pub mod retry;

use std::sync::Arc;

use entity::kind::{RunKind, RunState, RunTrigger, SyncObject};
use entity::list::{RunPhases, SyncObjects};
use entity::{integration, run};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, SqlErr};
use uuid::Uuid;

use crate::app::App;
use crate::crash;
use crate::error::{Code, Error};
use crate::pull::progress::blank_phase;
use crate::pull::queued::blank_run;
use crate::store::lease::{self, SaveError};
use crate::store::{self, db};

const KEY_LENGTH: usize = 200;

/// A wish for a run over whole nouns.
#[derive(Debug)]
pub struct StartRun {
    /// What it is to do: an import, a backfill, a reconcile or a remap.
    pub kind: RunKind,
    /// Of which integration.
    pub integration_id: Uuid,
    /// What to pull. The order is ours: customers, products, contracts.
    pub objects: Vec<SyncObject>,
    /// The caller's key against doing it twice.
    pub idempotency_key: Option<String>,
    /// Who asks.
    pub user_id: Uuid,
}

/// Queues a run and returns at once. The same idempotency key gives the same run. Of imports and backfills an integration has one
/// at a time; of reconciles the one that is open is given back, of remaps one that does what is asked.
pub async fn start(app: &Arc<App>, wish: StartRun) -> Result<run::Model, Error> {
    let objects = in_order(&wish.objects)?;
    check_key(wish.idempotency_key.as_deref())?;
    let tx = app.db.begin().await?;
    let known = hold(&tx, wish.integration_id).await?;
    if let Some(before) = find_by_key(&tx, &wish).await? {
        return same_wish(before, wish.kind, &objects);
    }
    must_be_on(&known)?;
    let import_slot = takes_slot(wish.kind).then_some(known.id);
    if import_slot.is_some() && is_slot_taken(&tx, known.id).await? {
        return Err(in_progress());
    }
    let open = match wish.kind {
        RunKind::Reconcile => find_open(&tx, known.id, wish.kind, &objects).await?,
        // One that has begun goes by the rules of that moment.
        RunKind::Remap => {
            let changed_at = store::integration::mappings_changed_at(&tx, known.id, &objects).await?;
            let open = find_open(&tx, known.id, wish.kind, &objects).await?;
            open.filter(|run| run.started_at.is_none() || run.started_at > changed_at)
        }
        _ => None,
    };
    if let Some(open) = open {
        return Ok(open);
    }
    let queued = run::Model {
        phases: RunPhases(objects.iter().copied().map(blank_phase).collect()),
        objects: SyncObjects(objects),
        started_by: Some(wish.user_id),
        idempotency_key: wish.idempotency_key,
        import_slot,
        ..blank_run(known.id, wish.kind, RunTrigger::Manual, app.clock.now_ms())
    };
    lease::insert(&tx, queued.clone()).await.map_err(refuse_second)?;
    tx.commit().await?;
    crash::point("run.queued");
    app.wake.notify_one();
    Ok(queued)
}

/// The integration that a run is asked of, held until the transaction ends: the second of two wishes sees what the first has queued.
async fn hold(conn: &impl ConnectionTrait, id: Uuid) -> Result<integration::Model, Error> {
    let found = store::integration::hold(conn, id).await?;
    found.ok_or_else(Error::no_such_integration)
}

fn must_be_on(integration: &integration::Model) -> Result<(), Error> {
    if integration.sync_enabled {
        return Ok(());
    }
    let message = "Sync is turned off. Turn it on first (setSyncEnabled).";
    Err(Error::refused(&[], Code::SyncDisabled, message))
}

/// Imports and backfills fill the same tables from the same lists: one at a time.
fn takes_slot(kind: RunKind) -> bool {
    matches!(kind, RunKind::Import | RunKind::Backfill)
}

async fn is_slot_taken(conn: &impl ConnectionTrait, integration_id: Uuid) -> Result<bool, DbErr> {
    let holder = run::Entity::find().filter(run::Column::ImportSlot.eq(integration_id));
    Ok(holder.one(conn).await?.is_some())
}

/// A run of a kind that is open, does all that is asked, and was not called off.
async fn find_open(
    conn: &impl ConnectionTrait,
    integration_id: Uuid,
    kind: RunKind,
    objects: &[SyncObject],
) -> Result<Option<run::Model>, DbErr> {
    let open = store::run::list_open(conn, integration_id).await?;
    let does_it = |run: &run::Model| {
        run.kind == kind
            && run.state != RunState::Canceling
            && objects.iter().all(|object| run.objects.0.contains(object))
    };
    // One that has not begun is the better one.
    Ok(open
        .into_iter()
        .filter(does_it)
        .max_by_key(|run| run.started_at.is_none()))
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

async fn find_by_key(conn: &impl ConnectionTrait, wish: &StartRun) -> Result<Option<run::Model>, DbErr> {
    let Some(key) = &wish.idempotency_key else {
        return Ok(None);
    };
    run::Entity::find()
        .filter(run::Column::IntegrationId.eq(wish.integration_id))
        .filter(run::Column::IdempotencyKey.eq(key.as_str()))
        .one(conn)
        .await
}

fn same_wish(before: run::Model, kind: RunKind, objects: &[SyncObject]) -> Result<run::Model, Error> {
    if before.kind == kind && before.objects.0 == objects {
        return Ok(before);
    }
    let message = "This idempotency key was used for another run, or one of other objects.";
    Err(Error::refused(&["idempotencyKey"], Code::IdempotencyMismatch, message))
}

fn in_progress() -> Error {
    Error::refused(
        &[],
        Code::RunInProgress,
        "An import or backfill of this integration is queued or running.",
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
    // Locked: whoever ends it at this moment has ended it before, or finds it called off.
    let known = store::run::hold(&tx, run_id).await?;
    let Some(known) = known else {
        return Err(Error::refused(&["id"], Code::NotFound, "There is no such run."));
    };
    match known.state {
        RunState::Canceled => return Ok(known),
        RunState::Queued | RunState::Running | RunState::Canceling => {}
        RunState::Succeeded | RunState::Partial | RunState::Failed => return Err(has_ended()),
    }
    let now = db::now_ms(&tx, app.clock.now_ms()).await?;
    if known.lease_until.is_some_and(|until| until >= now) {
        ask_to_stop(&tx, run_id).await?;
    } else {
        lease::call_off(&tx, known, app.clock.now_ms())
            .await
            .map_err(not_open)?;
    }
    let now_so = run::Entity::find_by_id(run_id).one(&tx).await?.ok_or(Error::NotFound)?;
    tx.commit().await?;
    app.changed.send_replace(());
    Ok(now_so)
}

fn has_ended() -> Error {
    Error::refused(&["id"], Code::RunNotActive, "The run has ended.")
}

fn not_open(error: SaveError) -> Error {
    match error {
        SaveError::LeaseLost => has_ended(),
        SaveError::Database(error) => error.into(),
    }
}

/// Asks whoever works on a run to stop.
async fn ask_to_stop(conn: &impl ConnectionTrait, run_id: Uuid) -> Result<(), Error> {
    let asked = run::Entity::update_many()
        .col_expr(run::Column::State, Expr::value(RunState::Canceling))
        .filter(run::Column::Id.eq(run_id))
        .filter(run::Column::FinishedAt.is_null())
        .exec(conn)
        .await?;
    if asked.rows_affected == 0 {
        Err(has_ended())
    } else {
        Ok(())
    }
}
