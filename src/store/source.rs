//! Source objects: Stripe's JSON as last seen, with what it takes to decide whether something is news.

use std::collections::{HashMap, HashSet};

use entity::contract;
use entity::kind::{ContractSource, RecordState, StripeKind};
use entity::source_object::{ActiveModel, Column, Entity, Model};
use sea_orm::sea_query::{Expr, Query};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, DerivePartialModel, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};
use serde_json::Value;
use uuid::Uuid;

use super::upsert::upsert_all;
use crate::stripe::{Seen, json};

/// What is kept of a source object beside its body.
#[derive(Debug, Clone, DerivePartialModel)]
#[sea_orm(entity = "Entity")]
pub struct Stored {
    /// Stripe's id.
    pub stripe_id: String,
    /// Of the canonical JSON.
    pub digest: Vec<u8>,
    /// Stripe held this state not before.
    pub seen_min: i64,
    /// Stripe held this state not after.
    pub seen_max: i64,
    /// Stripe no longer has it.
    pub deleted: bool,
    /// What became of it.
    pub state: RecordState,
    /// Fingerprint of the rules it was mapped with.
    pub map_stamp: i64,
}

/// Where a source object stands, for people.
#[derive(Debug, Clone, DerivePartialModel)]
#[sea_orm(entity = "Entity")]
pub struct Standing {
    /// What became of it.
    pub state: RecordState,
    /// Why, as a code.
    pub reason: Option<String>,
    /// Stripe no longer has it.
    pub deleted: bool,
    /// Stripe held this state not after.
    pub seen_max: i64,
}

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

const BODY_COLUMNS: [Column; 4] = [Column::StripeId, Column::Body, Column::Deleted, Column::MapStamp];
type BodyRow = (String, Vec<u8>, bool, i64);

fn body_of((stripe_id, body, deleted, map_stamp): BodyRow) -> Result<(String, Body), DbErr> {
    let body = Body {
        text: unpack_bytes(&body)?,
        deleted,
        map_stamp,
    };
    Ok((stripe_id, body))
}

impl Body {
    /// Its JSON, parsed.
    pub fn value(&self) -> Result<Value, DbErr> {
        parse(&self.text)
    }
}

/// An object that is to be mapped again.
#[derive(Debug, Clone)]
pub struct Kept {
    /// Stripe's id.
    pub stripe_id: String,
    /// Of the canonical JSON.
    pub digest: Vec<u8>,
    /// What is kept of it.
    pub body: Body,
}

/// Why an object whose person was erased makes no record. Nothing is kept of it that could be mapped.
pub const ERASED: &str = "ERASED";

/// What is known of the given objects; those not here are missing from the map.
pub async fn find_stored(
    conn: &impl ConnectionTrait,
    integration_id: Uuid,
    kind: StripeKind,
    ids: Vec<&str>,
) -> Result<HashMap<String, Stored>, DbErr> {
    let rows = Entity::find()
        .filter(Column::IntegrationId.eq(integration_id))
        .filter(Column::Kind.eq(kind))
        .filter(Column::StripeId.is_in(ids))
        .into_partial_model::<Stored>()
        .all(conn)
        .await?;
    Ok(rows.into_iter().map(|row| (row.stripe_id.clone(), row)).collect())
}

/// Objects that were not seen lately.
#[derive(Debug, Clone, Copy)]
pub struct Unseen {
    /// The connected account.
    pub integration_id: Uuid,
    /// Of this kind.
    pub kind: StripeKind,
    /// Last seen before, Unix milliseconds.
    pub before_ms: i64,
    /// Of invoices: only those whose contracts were paid since, Unix milliseconds. Older ones are in no list.
    pub paid_from_ms: i64,
}

/// A page of objects that Stripe may have deleted since they were seen, in the order of their ids.
pub async fn list_unseen(
    conn: &impl ConnectionTrait,
    unseen: &Unseen,
    after: &str,
    limit: u64,
) -> Result<Vec<String>, DbErr> {
    use sea_orm::QueryTrait;
    let mut paid = Query::select();
    paid.column(contract::Column::StripeId)
        .from(contract::Entity)
        .and_where(contract::Column::IntegrationId.eq(unseen.integration_id))
        .and_where(contract::Column::Source.eq(ContractSource::Invoice))
        .and_where(contract::Column::PaidAt.gte(unseen.paid_from_ms));
    Entity::find()
        .select_only()
        .column(Column::StripeId)
        .filter(Column::IntegrationId.eq(unseen.integration_id))
        .filter(Column::Kind.eq(unseen.kind))
        .filter(Column::Deleted.eq(false))
        .filter(Column::SeenMax.lt(unseen.before_ms))
        .filter(Column::StripeId.gt(after))
        .apply_if((unseen.kind == StripeKind::Invoice).then_some(paid), |query, paid| {
            query.filter(Column::StripeId.in_subquery(paid))
        })
        .order_by_asc(Column::StripeId)
        .limit(limit)
        .into_tuple()
        .all(conn)
        .await
}

/// Where one object stands; `None` when it is not here.
pub async fn find_standing(
    conn: &impl ConnectionTrait,
    integration_id: Uuid,
    kind: StripeKind,
    stripe_id: &str,
) -> Result<Option<Standing>, DbErr> {
    Entity::find_by_id((integration_id, kind, stripe_id.to_owned()))
        .into_partial_model()
        .one(conn)
        .await
}

/// The bodies of the given objects; those not here are missing from the map.
pub async fn find_bodies(
    conn: &impl ConnectionTrait,
    integration_id: Uuid,
    kind: StripeKind,
    ids: Vec<&str>,
) -> Result<HashMap<String, Body>, DbErr> {
    let rows: Vec<BodyRow> = Entity::find()
        .select_only()
        .columns(BODY_COLUMNS)
        .filter(Column::IntegrationId.eq(integration_id))
        .filter(Column::Kind.eq(kind))
        .filter(Column::StripeId.is_in(ids))
        .into_tuple()
        .all(conn)
        .await?;
    rows.into_iter().map(body_of).collect()
}

/// A page of the JSON of all objects of a kind, in the order of their ids.
pub async fn list_texts(
    conn: &impl ConnectionTrait,
    integration_id: Uuid,
    kind: StripeKind,
    after: &str,
    limit: u64,
) -> Result<Vec<(String, Vec<u8>)>, DbErr> {
    let rows: Vec<(String, Vec<u8>)> = Entity::find()
        .select_only()
        .columns([Column::StripeId, Column::Body])
        .filter(Column::IntegrationId.eq(integration_id))
        .filter(Column::Kind.eq(kind))
        .filter(Column::StripeId.gt(after))
        .order_by_asc(Column::StripeId)
        .limit(limit)
        .into_tuple()
        .all(conn)
        .await?;
    rows.into_iter()
        .map(|(id, body)| Ok((id, unpack_bytes(&body)?)))
        .collect()
}

/// A page of the JSON of those objects of a kind whose records wait for something, in the order of their ids.
pub async fn list_pending_texts(
    conn: &impl ConnectionTrait,
    integration_id: Uuid,
    kind: StripeKind,
    after: &str,
    limit: u64,
) -> Result<Vec<(String, Vec<u8>)>, DbErr> {
    let rows: Vec<(String, Vec<u8>)> = Entity::find()
        .select_only()
        .columns([Column::StripeId, Column::Body])
        .filter(Column::IntegrationId.eq(integration_id))
        .filter(Column::Kind.eq(kind))
        .filter(Column::State.eq(RecordState::Pending))
        .filter(Column::Deleted.eq(false))
        .filter(Column::StripeId.gt(after))
        .order_by_asc(Column::StripeId)
        .limit(limit)
        .into_tuple()
        .all(conn)
        .await?;
    rows.into_iter()
        .map(|(id, body)| Ok((id, unpack_bytes(&body)?)))
        .collect()
}

/// The objects of a kind that were mapped with another fingerprint than `stamp`.
fn mapped_otherwise(integration_id: Uuid, kind: StripeKind, stamp: i64) -> sea_orm::Select<Entity> {
    Entity::find()
        .filter(Column::IntegrationId.eq(integration_id))
        .filter(Column::Kind.eq(kind))
        .filter(Column::MapStamp.ne(stamp))
        .filter(is_not_erased())
}

fn is_not_erased() -> sea_orm::Condition {
    sea_orm::Condition::any()
        .add(Column::Reason.is_null())
        .add(Column::Reason.ne(ERASED))
}

/// How many objects of a kind were mapped with another fingerprint than `stamp`.
pub async fn count_mapped_otherwise(
    conn: &impl ConnectionTrait,
    integration_id: Uuid,
    kind: StripeKind,
    stamp: i64,
) -> Result<u64, DbErr> {
    use sea_orm::PaginatorTrait;
    mapped_otherwise(integration_id, kind, stamp).count(conn).await
}

/// A page of them, in the order of their ids, after `after`.
pub async fn list_mapped_otherwise(
    conn: &impl ConnectionTrait,
    integration_id: Uuid,
    kind: StripeKind,
    stamp: i64,
    after: &str,
    limit: u64,
) -> Result<Vec<Kept>, DbErr> {
    type Row = (Vec<u8>, String, Vec<u8>, bool, i64);
    let rows: Vec<Row> = mapped_otherwise(integration_id, kind, stamp)
        .select_only()
        .column(Column::Digest)
        .columns(BODY_COLUMNS)
        .filter(Column::StripeId.gt(after))
        .order_by_asc(Column::StripeId)
        .limit(limit)
        .into_tuple()
        .all(conn)
        .await?;
    let kept = rows.into_iter().map(|(digest, stripe_id, body, deleted, stamp)| {
        let (stripe_id, body) = body_of((stripe_id, body, deleted, stamp))?;
        Ok(Kept {
            stripe_id,
            digest,
            body,
        })
    });
    kept.collect()
}

/// Some objects that Stripe still has, spread over all of them: the digest is as good as chance, and stays the same.
pub async fn sample(
    conn: &impl ConnectionTrait,
    integration_id: Uuid,
    kind: StripeKind,
    limit: u64,
) -> Result<Vec<(String, Value)>, DbErr> {
    let rows: Vec<(String, Vec<u8>)> = Entity::find()
        .select_only()
        .columns([Column::StripeId, Column::Body])
        .filter(Column::IntegrationId.eq(integration_id))
        .filter(Column::Kind.eq(kind))
        .filter(Column::Deleted.eq(false))
        .filter(is_not_erased())
        .order_by_asc(Column::Digest)
        .limit(limit)
        .into_tuple()
        .all(conn)
        .await?;
    rows.into_iter().map(|(id, body)| Ok((id, unpack(&body)?))).collect()
}

/// Writes whole rows.
pub async fn upsert(conn: &impl ConnectionTrait, rows: Vec<Model>) -> Result<(), DbErr> {
    let rows = rows.into_iter().map(whole).collect();
    upsert_all::<ActiveModel, _>(
        conn,
        rows,
        &[Column::IntegrationId, Column::Kind, Column::StripeId],
        &[],
    )
    .await
}

fn whole(row: Model) -> ActiveModel {
    use sea_orm::{ActiveModelTrait, IntoActiveModel};
    row.into_active_model().reset_all()
}

/// Notes that the given objects were seen again, unchanged.
pub async fn mark_seen(
    conn: &impl ConnectionTrait,
    integration_id: Uuid,
    kind: StripeKind,
    ids: Vec<&str>,
    seen: Seen,
) -> Result<(), DbErr> {
    Entity::update_many()
        .col_expr(Column::SeenMin, Expr::value(seen.min_ms))
        .col_expr(Column::SeenMax, Expr::value(seen.max_ms))
        .filter(Column::IntegrationId.eq(integration_id))
        .filter(Column::Kind.eq(kind))
        .filter(Column::StripeId.is_in(ids))
        .exec(conn)
        .await?;
    Ok(())
}

/// Notes that Stripe has deleted objects. Their bodies stay: records still show what they were.
pub async fn mark_deleted(
    conn: &impl ConnectionTrait,
    integration_id: Uuid,
    kind: StripeKind,
    ids: Vec<&str>,
    seen: Seen,
) -> Result<(), DbErr> {
    Entity::update_many()
        .col_expr(Column::Deleted, Expr::value(true))
        .col_expr(Column::RecurringOf, Expr::value(Option::<String>::None))
        .col_expr(Column::SeenMin, Expr::value(seen.min_ms))
        .col_expr(Column::SeenMax, Expr::value(seen.max_ms))
        .filter(Column::IntegrationId.eq(integration_id))
        .filter(Column::Kind.eq(kind))
        .filter(Column::StripeId.is_in(ids))
        .exec(conn)
        .await?;
    Ok(())
}

/// Notes what became of objects that were mapped again, and with which rules.
pub async fn mark_mapped(
    conn: &impl ConnectionTrait,
    integration_id: Uuid,
    kind: StripeKind,
    ids: Vec<&str>,
    (state, reason): (i16, Option<String>),
    map_stamp: i64,
) -> Result<(), DbErr> {
    Entity::update_many()
        .col_expr(Column::State, Expr::value(state))
        .col_expr(Column::Reason, Expr::value(reason))
        .col_expr(Column::MapStamp, Expr::value(map_stamp))
        .filter(Column::IntegrationId.eq(integration_id))
        .filter(Column::Kind.eq(kind))
        .filter(Column::StripeId.is_in(ids))
        .exec(conn)
        .await?;
    Ok(())
}

/// Those of `products` that have an active recurring price.
pub async fn find_recurring_products(
    conn: &impl ConnectionTrait,
    integration_id: Uuid,
    products: Vec<&str>,
) -> Result<Vec<String>, DbErr> {
    Entity::find()
        .select_only()
        .column(Column::RecurringOf)
        .distinct()
        .filter(Column::IntegrationId.eq(integration_id))
        .filter(Column::RecurringOf.is_in(products))
        .into_tuple()
        .all(conn)
        .await
}

/// The products that these prices make recurring.
pub async fn find_products_of_prices(
    conn: &impl ConnectionTrait,
    integration_id: Uuid,
    prices: Vec<&str>,
) -> Result<Vec<String>, DbErr> {
    if prices.is_empty() {
        return Ok(Vec::new());
    }
    Entity::find()
        .select_only()
        .column(Column::RecurringOf)
        .filter(Column::IntegrationId.eq(integration_id))
        .filter(Column::Kind.eq(StripeKind::Price))
        .filter(Column::StripeId.is_in(prices))
        .filter(Column::RecurringOf.is_not_null())
        .into_tuple()
        .all(conn)
        .await
}

/// Those of `ids` that are here.
pub async fn find_ids(
    conn: &impl ConnectionTrait,
    integration_id: Uuid,
    kind: StripeKind,
    ids: Vec<&str>,
) -> Result<HashSet<String>, DbErr> {
    let here: Vec<String> = Entity::find()
        .select_only()
        .column(Column::StripeId)
        .filter(Column::IntegrationId.eq(integration_id))
        .filter(Column::Kind.eq(kind))
        .filter(Column::StripeId.is_in(ids))
        .into_tuple()
        .all(conn)
        .await?;
    Ok(here.into_iter().collect())
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
