//! Source objects: Stripe's JSON as last seen, with what it takes to decide whether something is news.

mod body;
mod otherwise;
mod own;
mod recurring;
mod unseen;
mod write;

use std::collections::{HashMap, HashSet};

use entity::kind::{RecordState, StripeKind};
use entity::source_object::{Column, Entity};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, DerivePartialModel, EntityTrait, QueryFilter, QuerySelect, Select};
use uuid::Uuid;

use super::CHUNK;

pub use body::{Body, find_bodies, list_pending_texts, list_texts, pack, pack_bytes, parse, sample, unpack};
pub use otherwise::{Kept, count_mapped_otherwise, list_mapped_otherwise};
pub use own::{find_elsewhere, find_ends};
pub use recurring::{find_products_of_prices, find_recurring_products};
pub use unseen::{Unseen, list_unseen};
pub use write::{mark_deleted, mark_mapped, mark_seen, upsert};

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

/// Why an object whose person was erased makes no record. Nothing is kept of it that could be mapped.
pub const ERASED: &str = "ERASED";

/// What is known of the given objects; those not here are missing from the map.
pub async fn find_stored(
    conn: &impl ConnectionTrait,
    integration_id: Uuid,
    kind: StripeKind,
    ids: Vec<&str>,
) -> Result<HashMap<String, Stored>, DbErr> {
    let mut stored = HashMap::new();
    for ids in ids.chunks(CHUNK) {
        let rows = those(integration_id, kind, ids)
            .into_partial_model::<Stored>()
            .all(conn)
            .await?;
        stored.extend(rows.into_iter().map(|row| (row.stripe_id.clone(), row)));
    }
    Ok(stored)
}

fn those(integration_id: Uuid, kind: StripeKind, ids: &[&str]) -> Select<Entity> {
    Entity::find()
        .filter(Column::IntegrationId.eq(integration_id))
        .filter(Column::Kind.eq(kind))
        .filter(Column::StripeId.is_in(ids.iter().copied()))
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

/// Those of `ids` that are here.
pub async fn find_ids(
    conn: &impl ConnectionTrait,
    integration_id: Uuid,
    kind: StripeKind,
    ids: Vec<&str>,
) -> Result<HashSet<String>, DbErr> {
    let mut here = HashSet::new();
    for ids in ids.chunks(CHUNK) {
        let ids = those(integration_id, kind, ids).select_only().column(Column::StripeId);
        here.extend(ids.into_tuple::<String>().all(conn).await?);
    }
    Ok(here)
}
