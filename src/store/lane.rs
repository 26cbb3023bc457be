//! Who takes an integration's events out of the inbox: one task of a process at a time by turns, one process at a time by lease.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use entity::event_lane::{Column, Entity, Model};
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{ActiveModelTrait, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, QueryFilter};
use tokio::sync::OwnedMutexGuard;
use uuid::Uuid;

use super::Db;
use super::lease::{LEASE_MS, SaveError};
use super::{db, turn};

/// The turns of this process.
#[derive(Debug)]
pub struct Turns {
    owner: Uuid,
    turns: Mutex<HashMap<Uuid, Arc<tokio::sync::Mutex<()>>>>,
}

impl Default for Turns {
    fn default() -> Self {
        Self {
            owner: Uuid::now_v7(),
            turns: Mutex::default(),
        }
    }
}

impl Turns {
    /// Waits until nobody else in this process takes events of the integration.
    pub async fn wait(&self, integration_id: Uuid) -> OwnedMutexGuard<()> {
        self.of(integration_id).lock_owned().await
    }

    /// Somebody in this process takes events of the integration.
    pub fn is_taken(&self, integration_id: Uuid) -> bool {
        self.of(integration_id).try_lock().is_err()
    }

    /// The name of this process in leases.
    pub fn owner(&self) -> Uuid {
        self.owner
    }

    fn of(&self, integration_id: Uuid) -> Arc<tokio::sync::Mutex<()>> {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(turns.entry(integration_id).or_default())
    }
}

/// A lease among processes; none is needed where one process owns the database.
#[derive(Debug, Clone, Copy)]
pub struct Lease(Option<i32>);

/// Takes the lease. `None` while another process holds it.
pub async fn take(db: &Db, integration_id: Uuid, owner: Uuid, own_now_ms: i64) -> Result<Option<Lease>, DbErr> {
    if !db.is_postgres() {
        return Ok(Some(Lease(None)));
    }
    let tx = db.begin().await?;
    turn::take(&tx, integration_id).await?;
    let now = db::now_ms(&tx, own_now_ms).await?;
    let before = Entity::find_by_id(integration_id).one(&tx).await?;
    if before
        .as_ref()
        .is_some_and(|held| held.owner != owner && held.lease_until >= now)
    {
        return Ok(None);
    }
    let row = Model {
        integration_id,
        owner,
        lease_until: now + LEASE_MS,
        fence: before.map_or(1, |held| held.fence + 1),
    };
    let fence = row.fence;
    let mut put = OnConflict::column(Column::IntegrationId);
    put.update_columns([Column::Owner, Column::LeaseUntil, Column::Fence]);
    Entity::insert(row.into_active_model().reset_all())
        .on_conflict(put)
        .exec_without_returning(&tx)
        .await?;
    tx.commit().await?;
    Ok(Some(Lease(Some(fence))))
}

/// Prolongs the lease in the transaction of what it stands for.
pub async fn renew(
    conn: &impl ConnectionTrait,
    integration_id: Uuid,
    lease: Lease,
    own_now_ms: i64,
) -> Result<(), SaveError> {
    let Lease(Some(fence)) = lease else { return Ok(()) };
    let until = db::now_ms(conn, own_now_ms).await? + LEASE_MS;
    set_until(conn, integration_id, fence, until).await
}

/// Gives the lease back.
pub async fn leave(db: &Db, integration_id: Uuid, lease: Lease) -> Result<(), DbErr> {
    let Lease(Some(fence)) = lease else { return Ok(()) };
    match set_until(db.write(), integration_id, fence, 0).await {
        Ok(()) | Err(SaveError::LeaseLost) => Ok(()),
        Err(SaveError::Database(error)) => Err(error),
    }
}

async fn set_until(conn: &impl ConnectionTrait, integration_id: Uuid, fence: i32, until: i64) -> Result<(), SaveError> {
    let saved = Entity::update_many()
        .col_expr(Column::LeaseUntil, Expr::value(until))
        .filter(Column::IntegrationId.eq(integration_id))
        .filter(Column::Fence.eq(fence))
        .exec(conn)
        .await?;
    if saved.rows_affected == 0 {
        Err(SaveError::LeaseLost)
    } else {
        Ok(())
    }
}
