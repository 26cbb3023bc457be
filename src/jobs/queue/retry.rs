//! Asking for single objects to be read again: those that failed, or one by its id.

use std::sync::Arc;

use entity::kind::{RunKind, RunTrigger};
use entity::run;
use entity::sync_error::{Column, Entity};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::{hold, must_be_on};
use crate::app::App;
use crate::error::{Code, Error, Problem};
use crate::explain::{check_kind, check_stripe_id};
use crate::pull::queued::blank_run;
use crate::pull::retry::Errand;
use crate::store::{SourceKey, lease, source};

/// A wish to try failed objects again. Without ids and code it is about all open errors; both together narrow each other.
#[derive(Debug)]
pub struct RetryErrors {
    /// Of which integration.
    pub integration_id: Uuid,
    /// These errors, as the caller named them; `None` where an id is of another type, which names no error.
    pub error_ids: Option<Vec<Option<Uuid>>>,
    /// Those with this code.
    pub code: Option<String>,
    /// Who asks.
    pub user_id: Uuid,
}

/// Objects of one run. Its checkpoint holds those that are left.
const MOST: u64 = 5_000;

/// Queues a retry of open errors and returns at once. All are due from now on, whatever they waited for: what is more than one run
/// takes, the timetable's retries take up after it.
pub async fn retry_errors(app: &Arc<App>, wish: RetryErrors) -> Result<run::Model, Error> {
    let tx = app.db.begin().await?;
    let known = hold(&tx, wish.integration_id).await?;
    must_be_on(&known)?;
    if let Some(ids) = &wish.error_ids {
        check_ids(&tx, wish.integration_id, ids).await?;
    }
    let meant = meant(&wish);
    let keys = list_keys(&tx, meant.clone()).await?;
    if keys.is_empty() {
        return Err(Error::refused(&[], Code::NotFound, "There is nothing to retry."));
    }
    Entity::update_many()
        .col_expr(Column::NextRetryAt, Expr::value(app.clock.now_ms()))
        .filter(meant)
        .exec(&tx)
        .await?;
    let queued = queue(app, &tx, wish.integration_id, wish.user_id, keys).await?;
    tx.commit().await?;
    app.wake.notify_one();
    Ok(queued)
}

/// Queues one object to be read again, whether it is here or not, and returns at once.
pub async fn resync(
    app: &Arc<App>,
    integration_id: Uuid,
    (kind, stripe_id): SourceKey,
    user_id: Uuid,
) -> Result<run::Model, Error> {
    check_stripe_id(&stripe_id)?;
    let tx = app.db.begin().await?;
    let known = hold(&tx, integration_id).await?;
    must_be_on(&known)?;
    if source::find_standing(&tx, integration_id, kind, &stripe_id)
        .await?
        .is_none()
    {
        check_kind(kind, &stripe_id)?;
    }
    let queued = queue(app, &tx, integration_id, user_id, vec![(kind, stripe_id)]).await?;
    tx.commit().await?;
    app.wake.notify_one();
    Ok(queued)
}

/// Each id has to name an error of the integration.
async fn check_ids(conn: &impl ConnectionTrait, integration_id: Uuid, ids: &[Option<Uuid>]) -> Result<(), Error> {
    let here: Vec<Uuid> = Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Column::IntegrationId.eq(integration_id))
        .filter(Column::Id.is_in(ids.iter().copied().flatten()))
        .into_tuple()
        .all(conn)
        .await?;
    let is_here = |id: &Option<Uuid>| id.is_some_and(|id| here.contains(&id));
    let problems: Vec<Problem> = ids
        .iter()
        .enumerate()
        .filter(|(_, id)| !is_here(id))
        .map(|(place, _)| {
            let message = "The integration has no such error.";
            Problem::new(&["errorIds", &place.to_string()], Code::NotFound, message)
        })
        .collect();
    if problems.is_empty() {
        Ok(())
    } else {
        Err(Error::Refused(problems))
    }
}

fn meant(wish: &RetryErrors) -> Condition {
    let ids = wish
        .error_ids
        .as_ref()
        .map(|ids| Column::Id.is_in(ids.iter().copied().flatten()));
    Condition::all()
        .add(Column::IntegrationId.eq(wish.integration_id))
        .add(Column::ResolvedAt.is_null())
        .add_option(ids)
        .add_option(wish.code.as_deref().map(|code| Column::Code.eq(code)))
}

/// The objects of the errors, in the order in which they first failed.
async fn list_keys(conn: &impl ConnectionTrait, which: Condition) -> Result<Vec<SourceKey>, DbErr> {
    Entity::find()
        .select_only()
        .columns([Column::Kind, Column::StripeId])
        .filter(which)
        .order_by_asc(Column::FirstAt)
        .order_by_asc(Column::Id)
        .limit(MOST)
        .into_tuple()
        .all(conn)
        .await
}

async fn queue(
    app: &App,
    conn: &impl ConnectionTrait,
    integration_id: Uuid,
    user_id: Uuid,
    keys: Vec<SourceKey>,
) -> Result<run::Model, Error> {
    let checkpoint = serde_json::to_string(&Errand { keys })
        .map_err(|error| Error::Internal(format!("the objects of a retry cannot be written down: {error}")))?;
    let queued = run::Model {
        checkpoint: Some(checkpoint),
        started_by: Some(user_id),
        ..blank_run(integration_id, RunKind::Retry, RunTrigger::Manual, app.clock.now_ms())
    };
    lease::insert(conn, queued.clone()).await?;
    Ok(queued)
}
