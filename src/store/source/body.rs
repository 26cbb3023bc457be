//! Their JSON, as it is stored and as it is read.

use std::collections::HashMap;

use entity::kind::{RecordState, StripeKind};
use entity::source_object::{Column, Entity};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select};
use serde_json::Value;
use uuid::Uuid;

use super::otherwise::is_not_erased;
use super::those;
use crate::store::CHUNK;
use crate::stripe::json;

/// A stored body.
#[derive(Debug, Clone)]
pub struct Body {
    /// Stripe's JSON as text; an empty object where only the deletion is known.
    pub text: Vec<u8>,
    /// Stripe no longer has it.
    pub deleted: bool,
    /// Fingerprint of the rules it was mapped with.
    pub map_stamp: i64,
}

impl Body {
    /// Its JSON, parsed.
    pub fn value(&self) -> Result<Value, DbErr> {
        parse(&self.text)
    }
}

pub(super) const BODY_COLUMNS: [Column; 4] = [Column::StripeId, Column::Body, Column::Deleted, Column::MapStamp];
pub(super) type BodyRow = (String, Vec<u8>, bool, i64);

pub(super) fn body_of((stripe_id, body, deleted, map_stamp): BodyRow) -> Result<(String, Body), DbErr> {
    let body = Body {
        text: unpack_bytes(&body)?,
        deleted,
        map_stamp,
    };
    Ok((stripe_id, body))
}

/// The bodies of the given objects; those not here are missing from the map.
pub async fn find_bodies(
    conn: &impl ConnectionTrait,
    integration_id: Uuid,
    kind: StripeKind,
    ids: Vec<&str>,
) -> Result<HashMap<String, Body>, DbErr> {
    let mut bodies = HashMap::new();
    for ids in ids.chunks(CHUNK) {
        let rows: Vec<BodyRow> = those(integration_id, kind, ids)
            .select_only()
            .columns(BODY_COLUMNS)
            .into_tuple()
            .all(conn)
            .await?;
        for row in rows {
            let (id, body) = body_of(row)?;
            bodies.insert(id, body);
        }
    }
    Ok(bodies)
}

/// A page of the JSON of all objects of a kind, in the order of their ids.
pub async fn list_texts(
    conn: &impl ConnectionTrait,
    integration_id: Uuid,
    kind: StripeKind,
    after: &str,
    limit: u64,
) -> Result<Vec<(String, Vec<u8>)>, DbErr> {
    let page = of_kind(integration_id, kind)
        .filter(Column::StripeId.gt(after))
        .order_by_asc(Column::StripeId)
        .limit(limit);
    texts(conn, page).await
}

/// A page of the JSON of those objects of a kind whose records wait for something, in the order of their ids.
pub async fn list_pending_texts(
    conn: &impl ConnectionTrait,
    integration_id: Uuid,
    kind: StripeKind,
    after: &str,
    limit: u64,
) -> Result<Vec<(String, Vec<u8>)>, DbErr> {
    let page = of_kind(integration_id, kind)
        .filter(Column::State.eq(RecordState::Pending))
        .filter(Column::Deleted.eq(false))
        .filter(Column::StripeId.gt(after))
        .order_by_asc(Column::StripeId)
        .limit(limit);
    texts(conn, page).await
}

fn of_kind(integration_id: Uuid, kind: StripeKind) -> Select<Entity> {
    Entity::find()
        .filter(Column::IntegrationId.eq(integration_id))
        .filter(Column::Kind.eq(kind))
}

async fn texts(conn: &impl ConnectionTrait, of: Select<Entity>) -> Result<Vec<(String, Vec<u8>)>, DbErr> {
    let rows: Vec<(String, Vec<u8>)> = of
        .select_only()
        .columns([Column::StripeId, Column::Body])
        .into_tuple()
        .all(conn)
        .await?;
    rows.into_iter()
        .map(|(id, body)| Ok((id, unpack_bytes(&body)?)))
        .collect()
}

/// Some objects that Stripe still has, spread over all of them: the digest is as good as chance, and stays the same.
pub async fn sample(
    conn: &impl ConnectionTrait,
    integration_id: Uuid,
    kind: StripeKind,
    limit: u64,
) -> Result<Vec<(String, Value)>, DbErr> {
    let some = of_kind(integration_id, kind)
        .filter(Column::Deleted.eq(false))
        .filter(is_not_erased())
        .order_by_asc(Column::Digest)
        .limit(limit);
    let texts = texts(conn, some).await?;
    texts.into_iter().map(|(id, text)| Ok((id, parse(&text)?))).collect()
}

/// The stored form of a body: LZ4 with its length in front.
pub fn pack(value: &Value) -> Vec<u8> {
    pack_bytes(value.to_string().as_bytes())
}

/// The stored form of JSON as it came.
pub fn pack_bytes(json: &[u8]) -> Vec<u8> {
    lz4_flex::compress_prepend_size(json)
}

/// The JSON of a stored body.
pub fn unpack(body: &[u8]) -> Result<Value, DbErr> {
    parse(&unpack_bytes(body)?)
}

/// The JSON of a kept text.
pub fn parse(text: &[u8]) -> Result<Value, DbErr> {
    json::read(text).map_err(|error| DbErr::Custom(format!("a stored body is not JSON: {error}")))
}

/// The JSON of a stored body, as text.
fn unpack_bytes(body: &[u8]) -> Result<Vec<u8>, DbErr> {
    lz4_flex::decompress_size_prepended(body)
        .map_err(|error| DbErr::Custom(format!("a stored body is damaged: {error}")))
}
