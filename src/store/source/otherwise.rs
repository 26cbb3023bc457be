//! Which of them were mapped with other rules than those in force.

use entity::kind::StripeKind;
use entity::source_object::{Column, Entity};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select,
};
use uuid::Uuid;

use super::ERASED;
use super::body::{BODY_COLUMNS, Body, body_of};

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

/// The objects of a kind that were mapped with another fingerprint than `stamp`.
fn mapped_otherwise(integration_id: Uuid, kind: StripeKind, stamp: i64) -> Select<Entity> {
    Entity::find()
        .filter(Column::IntegrationId.eq(integration_id))
        .filter(Column::Kind.eq(kind))
        .filter(Column::MapStamp.ne(stamp))
        .filter(is_not_erased())
}

pub(super) fn is_not_erased() -> Condition {
    Condition::any()
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
