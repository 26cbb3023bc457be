//! Recurring revenue by time, and where subscriptions stood: reading and writing what is kept of some of them.

use std::collections::{HashMap, HashSet};

use entity::recurring_revenue::{ActiveModel, Column, Entity, Model};
use entity::subscription_state;
use sea_orm::{ActiveModelTrait, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, QueryFilter};
use uuid::Uuid;

use super::{CHUNK, upsert_all};

/// All rows of some subscriptions, or of invoices that bill none, by their Stripe ids.
pub async fn list(
    conn: &impl ConnectionTrait,
    integration_id: Uuid,
    sources: Vec<&str>,
) -> Result<HashMap<String, Vec<Model>>, DbErr> {
    let mut found: HashMap<String, Vec<Model>> = HashMap::new();
    for sources in sources.chunks(CHUNK) {
        let rows = Entity::find()
            .filter(Column::IntegrationId.eq(integration_id))
            .filter(Column::SourceId.is_in(sources.iter().copied()));
        for row in rows.all(conn).await? {
            found.entry(row.source_id.clone()).or_default().push(row);
        }
    }
    Ok(found)
}

/// Brings the rows from what they are to what they are to be.
pub async fn replace(conn: &impl ConnectionTrait, old: &[Model], new: Vec<Model>) -> Result<(), DbErr> {
    let here: HashMap<_, &Model> = old.iter().map(|row| (key(row), row)).collect();
    let written: HashSet<_> = new.iter().map(key).collect();
    for row in old.iter().filter(|row| !written.contains(&key(row))) {
        let id = (
            row.integration_id,
            row.source_id.clone(),
            row.item_id.clone(),
            row.from_at,
        );
        Entity::delete_by_id(id).exec(conn).await?;
    }
    let differs = |row: &Model| here.get(&key(row)).is_none_or(|old| *old != row);
    let rows: Vec<ActiveModel> = new
        .iter()
        .filter(|row| differs(row))
        .map(|row| whole(row.clone()))
        .collect();
    let by = [Column::IntegrationId, Column::SourceId, Column::ItemId, Column::FromAt];
    upsert_all(conn, rows, &by, &[]).await
}

fn key(row: &Model) -> (&str, &str, i64) {
    (&row.source_id, &row.item_id, row.from_at)
}

fn whole<M: IntoActiveModel<A>, A: ActiveModelTrait>(row: M) -> A {
    row.into_active_model().reset_all()
}

/// All that is known of where some subscriptions stood, in the order of time.
pub async fn list_states(
    conn: &impl ConnectionTrait,
    integration_id: Uuid,
    subscriptions: Vec<&str>,
) -> Result<HashMap<String, Vec<subscription_state::Model>>, DbErr> {
    use sea_orm::QueryOrder;
    use subscription_state::Column;
    let mut found: HashMap<String, Vec<subscription_state::Model>> = HashMap::new();
    for subscriptions in subscriptions.chunks(CHUNK) {
        let rows = subscription_state::Entity::find()
            .filter(Column::IntegrationId.eq(integration_id))
            .filter(Column::StripeId.is_in(subscriptions.iter().copied()))
            .order_by_asc(Column::FromAt);
        for row in rows.all(conn).await? {
            found.entry(row.stripe_id.clone()).or_default().push(row);
        }
    }
    Ok(found)
}

/// Writes whole states.
pub async fn upsert_states(conn: &impl ConnectionTrait, rows: Vec<subscription_state::Model>) -> Result<(), DbErr> {
    use subscription_state::{ActiveModel, Column};
    let rows: Vec<ActiveModel> = rows.into_iter().map(whole).collect();
    upsert_all(
        conn,
        rows,
        &[Column::IntegrationId, Column::StripeId, Column::FromAt],
        &[],
    )
    .await
}
