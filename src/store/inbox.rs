//! The inbox: Stripe's events from their arrival until they have had their effect, and their ids for ever after.

mod shield;

use std::collections::HashSet;

use entity::kind::EventOutcome;
use entity::stripe_event::{ActiveModel, Column, Entity, Model};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, Iterable, QueryFilter,
    QueryOrder, QuerySelect,
};
use uuid::Uuid;

use super::upsert_all;

use crate::store::Transaction;

pub use shield::close;

/// Puts events in, without what they tell of persons that were erased. One that is known by its id already changes nothing.
pub async fn put(tx: &Transaction, events: Vec<Model>) -> Result<(), DbErr> {
    let events = shield::shield(tx, events).await?;
    let mut seen = HashSet::new();
    let rows = events
        .into_iter()
        .filter(|event| seen.insert((event.integration_id, event.event_id.clone())))
        .map(|event| event.into_active_model().reset_all())
        .collect();
    let kept: Vec<Column> = Column::iter().collect();
    upsert_all::<ActiveModel, _>(tx, rows, &[Column::IntegrationId, Column::EventId], &kept).await
}

/// Those of `ids` that were met before.
pub async fn find_known(
    conn: &impl ConnectionTrait,
    integration_id: Uuid,
    ids: Vec<&str>,
) -> Result<HashSet<String>, DbErr> {
    let known: Vec<String> = Entity::find()
        .select_only()
        .column(Column::EventId)
        .filter(Column::IntegrationId.eq(integration_id))
        .filter(Column::EventId.is_in(ids))
        .into_tuple()
        .all(conn)
        .await?;
    Ok(known.into_iter().collect())
}

/// The events that wait, the oldest second first.
pub async fn list_waiting(conn: &impl ConnectionTrait, integration_id: Uuid, limit: u64) -> Result<Vec<Model>, DbErr> {
    Entity::find()
        .filter(Column::IntegrationId.eq(integration_id))
        .filter(Column::AppliedAt.is_null())
        .order_by_asc(Column::Created)
        .order_by_asc(Column::EventId)
        .limit(limit)
        .all(conn)
        .await
}

/// The integrations whose events wait.
pub async fn list_integrations_that_wait(conn: &impl ConnectionTrait) -> Result<Vec<Uuid>, DbErr> {
    Entity::find()
        .select_only()
        .column(Column::IntegrationId)
        .distinct()
        .filter(Column::AppliedAt.is_null())
        .into_tuple()
        .all(conn)
        .await
}

/// When the oldest event that waits happened, Unix seconds.
pub async fn find_oldest_waiting(conn: &impl ConnectionTrait, integration_id: Uuid) -> Result<Option<i64>, DbErr> {
    Entity::find()
        .select_only()
        .column(Column::Created)
        .filter(Column::IntegrationId.eq(integration_id))
        .filter(Column::AppliedAt.is_null())
        .order_by_asc(Column::Created)
        .into_tuple()
        .one(conn)
        .await
}

/// Notes what came of events.
pub async fn settle(
    conn: &impl ConnectionTrait,
    integration_id: Uuid,
    ids: Vec<&str>,
    outcome: EventOutcome,
    now_ms: i64,
) -> Result<(), DbErr> {
    if ids.is_empty() {
        return Ok(());
    }
    Entity::update_many()
        .col_expr(Column::AppliedAt, Expr::value(now_ms))
        .col_expr(Column::Outcome, Expr::value(outcome))
        .filter(Column::IntegrationId.eq(integration_id))
        .filter(Column::EventId.is_in(ids))
        .exec(conn)
        .await?;
    Ok(())
}

/// Empties the events that had their effect before `at_ms`. Their ids stay.
pub async fn empty_before(conn: &impl ConnectionTrait, at_ms: i64) -> Result<(), DbErr> {
    Entity::update_many()
        .col_expr(Column::Body, Expr::value(Option::<Vec<u8>>::None))
        .filter(Column::AppliedAt.lt(at_ms))
        .filter(Column::Body.is_not_null())
        .exec(conn)
        .await?;
    Ok(())
}
