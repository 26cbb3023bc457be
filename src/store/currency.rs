//! The currencies that subscriptions are billed in.

use std::collections::BTreeSet;

use entity::billing_currency::{ActiveModel, Column, Entity};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QuerySelect, Set};
use uuid::Uuid;

use super::upsert::upsert_all;

/// All of an integration, in lower case.
pub async fn list(conn: &impl ConnectionTrait, integration_id: Uuid) -> Result<BTreeSet<String>, DbErr> {
    let all = Entity::find()
        .select_only()
        .column(Column::Currency)
        .filter(Column::IntegrationId.eq(integration_id));
    Ok(all.into_tuple::<String>().all(conn).await?.into_iter().collect())
}

/// Notes some.
pub async fn add(conn: &impl ConnectionTrait, integration_id: Uuid, currencies: BTreeSet<String>) -> Result<(), DbErr> {
    let rows = currencies.into_iter().map(|currency| ActiveModel {
        integration_id: Set(integration_id),
        currency: Set(currency),
    });
    upsert_all(conn, rows.collect(), &[Column::IntegrationId, Column::Currency], &[]).await
}
