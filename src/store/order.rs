//! What whoever works for an integration is asked to do next.

use entity::integration;
use entity::kind::{RunKind, RunState};
use entity::run::{Column, Entity, Model};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter};
use uuid::Uuid;

use super::db::now_ms;
use super::free::waiting_runs;

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

pub(super) async fn order(conn: &impl ConnectionTrait, run: &Model, own_now_ms: i64) -> Result<Order, DbErr> {
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
pub async fn order_of_integration(conn: &impl ConnectionTrait, integration_id: Uuid) -> Result<Order, DbErr> {
    order_of(conn, integration_id, true).await
}

async fn order_of(conn: &impl ConnectionTrait, integration_id: Uuid, needs_key: bool) -> Result<Order, DbErr> {
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
