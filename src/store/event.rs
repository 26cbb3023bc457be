//! The events that were met, by id.

use std::collections::HashSet;

use entity::stripe_event::{ActiveModel, Column, Entity, Model};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, QueryFilter, QuerySelect,
};
use uuid::Uuid;

use super::upsert_all;

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

/// Remembers events.
pub async fn remember(conn: &impl ConnectionTrait, events: Vec<Model>) -> Result<(), DbErr> {
    let rows = events
        .into_iter()
        .map(|event| event.into_active_model().reset_all())
        .collect();
    upsert_all::<ActiveModel, _>(
        conn,
        rows,
        &[Column::IntegrationId, Column::EventId],
        &[Column::AppliedAt],
    )
    .await
}

/// Forgets events that were applied before `at_ms`.
pub async fn forget_before(conn: &impl ConnectionTrait, at_ms: i64) -> Result<(), DbErr> {
    Entity::delete_many()
        .filter(Column::AppliedAt.lt(at_ms))
        .exec(conn)
        .await?;
    Ok(())
}
