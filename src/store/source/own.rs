//! Objects that tell which account they are of, to be looked for in another one.

use entity::kind::StripeKind;
use entity::source_object::{Column, Entity};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, Order, QueryFilter, QueryOrder, QuerySelect, Select};
use serde_json::Value;
use uuid::Uuid;

use super::body::unpack;
use super::otherwise::is_not_erased;
use crate::store::CHUNK;
use crate::stripe::object::own::prefix;

/// The first and the last of a kind by their ids, which for most kinds are the oldest and the newest: of those with an id of Stripe's
/// making, that Stripe still had and that were not erased. Both ends of an index, however many there are.
pub async fn find_ends(
    conn: &impl ConnectionTrait,
    integration_id: Uuid,
    kind: StripeKind,
) -> Result<Vec<(String, Value)>, DbErr> {
    let Some(prefix) = prefix(kind) else {
        return Ok(Vec::new());
    };
    let mut ends: Vec<(String, Value)> = Vec::new();
    for order in [Order::Desc, Order::Asc] {
        let end = with_prefix(prefix)
            .filter(Column::IntegrationId.eq(integration_id))
            .filter(Column::Kind.eq(kind))
            .filter(Column::Deleted.eq(false))
            .filter(is_not_erased())
            .order_by(Column::StripeId, order)
            .select_only()
            .columns([Column::StripeId, Column::Body])
            .into_tuple::<(String, Vec<u8>)>()
            .one(conn)
            .await?;
        if let Some((id, body)) = end.filter(|(id, _)| ends.iter().all(|(known, _)| known != id)) {
            ends.push((id, unpack(&body)?));
        }
    }
    Ok(ends)
}

fn with_prefix(prefix: &str) -> Select<Entity> {
    // What sorts right after the underscore ends the range.
    let end = format!("{}`", prefix.trim_end_matches('_'));
    Entity::find()
        .filter(Column::StripeId.gt(prefix))
        .filter(Column::StripeId.lt(end))
}

/// Those of `ids` that are here under one of `integrations`: under which, the id, and the body.
pub async fn find_elsewhere(
    conn: &impl ConnectionTrait,
    integrations: &[Uuid],
    kind: StripeKind,
    ids: &[&str],
) -> Result<Vec<(Uuid, String, Value)>, DbErr> {
    let mut found = Vec::new();
    for ids in ids.chunks(CHUNK) {
        let rows: Vec<(Uuid, String, Vec<u8>)> = Entity::find()
            .select_only()
            .columns([Column::IntegrationId, Column::StripeId, Column::Body])
            .filter(Column::IntegrationId.is_in(integrations.iter().copied()))
            .filter(Column::Kind.eq(kind))
            .filter(Column::StripeId.is_in(ids.iter().copied()))
            .into_tuple()
            .all(conn)
            .await?;
        for (integration_id, id, body) in rows {
            found.push((integration_id, id, unpack(&body)?));
        }
    }
    Ok(found)
}
