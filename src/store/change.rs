//! Which records were made or changed: written in the transaction of the records themselves, read by those who watch.

use std::collections::{BTreeMap, HashSet};

use entity::kind::SyncObject;
use entity::list::RecordIds;
use entity::record_change::{ActiveModel, Column, Entity, Model};
use entity::record_change_counter as counter;
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
    QuerySelect, Set,
};
use uuid::Uuid;

/// The records of one noun that a batch wrote.
#[derive(Debug, Default)]
pub struct Changed {
    created: Vec<Uuid>,
    updated: Vec<Uuid>,
}

impl Changed {
    /// Parts the ids of written records into those that are new and those that were here. Each counts once.
    pub fn of(ids: Vec<Uuid>, is_new: impl Fn(&Uuid) -> bool) -> Self {
        let mut seen = HashSet::with_capacity(ids.len());
        let once = ids.into_iter().filter(|id| seen.insert(*id));
        let (created, updated) = once.partition(|id| is_new(id));
        Self { created, updated }
    }
}

/// Notes a batch, if it changed anything. From here to the commit no other transaction can note one of this integration, so that
/// the numbers are in the order of the commits: call it late.
pub async fn note(
    conn: &impl ConnectionTrait,
    integration_id: Uuid,
    object: SyncObject,
    changed: Changed,
    now_ms: i64,
) -> Result<(), DbErr> {
    if changed.created.is_empty() && changed.updated.is_empty() {
        return Ok(());
    }
    let row = Model {
        integration_id,
        seq: raise(conn, integration_id).await?,
        object,
        at: now_ms,
        created: RecordIds(changed.created),
        updated: RecordIds(changed.updated),
    };
    Entity::insert::<ActiveModel>(row.into_active_model().reset_all())
        .exec_without_returning(conn)
        .await?;
    Ok(())
}

async fn raise(conn: &impl ConnectionTrait, integration_id: Uuid) -> Result<i64, DbErr> {
    let first = counter::ActiveModel {
        integration_id: Set(integration_id),
        seq: Set(1),
    };
    let mut add = OnConflict::column(counter::Column::IntegrationId);
    add.value(
        counter::Column::Seq,
        Expr::col((counter::Entity, counter::Column::Seq)).add(1),
    );
    let raised = counter::Entity::insert(first)
        .on_conflict(add)
        .exec_with_returning(conn)
        .await?;
    Ok(raised.seq)
}

/// The number of each integration's last change, or of one integration's.
pub async fn last_numbers(
    conn: &impl ConnectionTrait,
    integration_id: Option<Uuid>,
) -> Result<BTreeMap<Uuid, i64>, DbErr> {
    let mut counters = counter::Entity::find();
    if let Some(id) = integration_id {
        counters = counters.filter(counter::Column::IntegrationId.eq(id));
    }
    let rows = counters.all(conn).await?;
    Ok(rows.into_iter().map(|row| (row.integration_id, row.seq)).collect())
}

/// The changes of an integration after number `after`, at most `limit`.
pub async fn list_after(
    conn: &impl ConnectionTrait,
    integration_id: Uuid,
    after: i64,
    limit: u64,
) -> Result<Vec<Model>, DbErr> {
    Entity::find()
        .filter(Column::IntegrationId.eq(integration_id))
        .filter(Column::Seq.gt(after))
        .order_by_asc(Column::Seq)
        .limit(limit)
        .all(conn)
        .await
}

/// Forgets changes that were written before `at_ms`.
pub async fn forget_before(conn: &impl ConnectionTrait, at_ms: i64) -> Result<(), DbErr> {
    Entity::delete_many().filter(Column::At.lt(at_ms)).exec(conn).await?;
    Ok(())
}
