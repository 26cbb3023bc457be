//! What has to be mapped again, because something that it names has changed.

use std::collections::HashMap;

use entity::kind::StripeKind;
use entity::{remap_queue, source_object, source_ref};
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict, Query, SelectStatement};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Set};
use uuid::Uuid;

use super::SourceKey;
use super::upsert::upsert_all;

/// Queues the objects of `from_kinds` that name one of `ids`.
pub async fn add_dependents(
    conn: &impl ConnectionTrait,
    integration_id: Uuid,
    from_kinds: &[StripeKind],
    kind: StripeKind,
    ids: Vec<&str>,
) -> Result<(), DbErr> {
    use source_ref::Column;
    let mut naming = Query::select();
    naming
        .distinct()
        .columns([Column::IntegrationId, Column::FromKind, Column::FromId])
        .from(source_ref::Entity)
        .and_where(Column::IntegrationId.eq(integration_id))
        .and_where(Column::ToKind.eq(kind))
        .and_where(Column::ToId.is_in(ids))
        .and_where(Column::FromKind.is_in(from_kinds.iter().copied()));
    add_selected(conn, naming).await
}

/// Queues the stored ones of `ids` themselves.
pub async fn add(
    conn: &impl ConnectionTrait,
    integration_id: Uuid,
    kind: StripeKind,
    ids: Vec<&str>,
) -> Result<(), DbErr> {
    use source_object::Column;
    let mut stored = Query::select();
    stored
        .columns([Column::IntegrationId, Column::Kind, Column::StripeId])
        .from(source_object::Entity)
        .and_where(Column::IntegrationId.eq(integration_id))
        .and_where(Column::Kind.eq(kind))
        .and_where(Column::StripeId.is_in(ids));
    add_selected(conn, stored).await
}

/// Queues `ids` themselves, which the caller's transaction keeps.
pub async fn add_kept(
    conn: &impl ConnectionTrait,
    integration_id: Uuid,
    kind: StripeKind,
    ids: Vec<&str>,
) -> Result<(), DbErr> {
    use remap_queue::Column;
    let rows = ids.into_iter().map(|id| remap_queue::ActiveModel {
        integration_id: Set(integration_id),
        kind: Set(kind),
        stripe_id: Set(id.to_owned()),
    });
    let key = [Column::IntegrationId, Column::Kind, Column::StripeId];
    upsert_all::<remap_queue::ActiveModel, _>(conn, rows.collect(), &key, &[]).await
}

/// Queues everything that contracts are made from.
pub async fn add_contracts(conn: &impl ConnectionTrait, integration_id: Uuid) -> Result<(), DbErr> {
    for kind in [StripeKind::Subscription, StripeKind::Invoice] {
        add_kind(conn, integration_id, kind).await?;
    }
    Ok(())
}

/// How many objects of an integration wait.
pub async fn count(conn: &impl ConnectionTrait, integration_id: Uuid) -> Result<u64, DbErr> {
    use sea_orm::PaginatorTrait;
    let waiting = remap_queue::Entity::find().filter(remap_queue::Column::IntegrationId.eq(integration_id));
    waiting.count(conn).await
}

/// How many objects of each integration wait; those where none do are missing.
pub async fn count_by_integration(conn: &impl ConnectionTrait) -> Result<HashMap<Uuid, i64>, DbErr> {
    use remap_queue::Column;
    let counts: Vec<(Uuid, i64)> = remap_queue::Entity::find()
        .select_only()
        .column(Column::IntegrationId)
        .column_as(Column::StripeId.count(), "waiting")
        .group_by(Column::IntegrationId)
        .into_tuple()
        .all(conn)
        .await?;
    Ok(counts.into_iter().collect())
}

/// Queues everything of a kind.
pub async fn add_kind(conn: &impl ConnectionTrait, integration_id: Uuid, kind: StripeKind) -> Result<(), DbErr> {
    use source_object::Column;
    let mut stored = Query::select();
    stored
        .columns([Column::IntegrationId, Column::Kind, Column::StripeId])
        .from(source_object::Entity)
        .and_where(Column::IntegrationId.eq(integration_id))
        .and_where(Column::Kind.eq(kind));
    add_selected(conn, stored).await
}

pub(super) async fn add_selected(conn: &impl ConnectionTrait, mut rows: SelectStatement) -> Result<(), DbErr> {
    use remap_queue::Column;
    // SQLite reads `SELECT .. ON CONFLICT` as a join without a WHERE that ends the SELECT.
    rows.and_where(Expr::val(1).eq(1));
    let mut insert = Query::insert();
    insert
        .into_table(remap_queue::Entity)
        .columns([Column::IntegrationId, Column::Kind, Column::StripeId]);
    insert
        .select_from(rows)
        .map_err(|error| DbErr::Custom(error.to_string()))?;
    insert.on_conflict(OnConflict::new().do_nothing().to_owned());
    conn.execute(&insert).await?;
    Ok(())
}

/// The next objects to be mapped again.
pub async fn list(conn: &impl ConnectionTrait, integration_id: Uuid, limit: u64) -> Result<Vec<SourceKey>, DbErr> {
    use remap_queue::Column;
    remap_queue::Entity::find()
        .select_only()
        .columns([Column::Kind, Column::StripeId])
        .filter(Column::IntegrationId.eq(integration_id))
        .order_by_asc(Column::Kind)
        .order_by_asc(Column::StripeId)
        .limit(limit)
        .into_tuple()
        .all(conn)
        .await
}

/// The integrations of which something is queued.
pub async fn list_integrations(conn: &impl ConnectionTrait) -> Result<Vec<Uuid>, DbErr> {
    use remap_queue::Column;
    remap_queue::Entity::find()
        .select_only()
        .column(Column::IntegrationId)
        .distinct()
        .into_tuple()
        .all(conn)
        .await
}

/// Takes objects off the queue.
pub async fn remove(
    conn: &impl ConnectionTrait,
    integration_id: Uuid,
    kind: StripeKind,
    ids: Vec<&str>,
) -> Result<(), DbErr> {
    use remap_queue::Column;
    remap_queue::Entity::delete_many()
        .filter(Column::IntegrationId.eq(integration_id))
        .filter(Column::Kind.eq(kind))
        .filter(Column::StripeId.is_in(ids))
        .exec(conn)
        .await?;
    Ok(())
}
