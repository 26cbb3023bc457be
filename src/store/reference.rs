//! Which Stripe object names which, and what has to be mapped again because of it.

use entity::kind::StripeKind;
use entity::{source_object, source_ref};
use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Set};
use uuid::Uuid;

use super::upsert::upsert_all;

/// A Stripe object by kind and id.
pub type SourceKey = (StripeKind, String);

/// Writes what each of `from` names, in place of what it named before. `known` are those of them that were here already.
pub async fn replace(
    conn: &impl ConnectionTrait,
    integration_id: Uuid,
    kind: StripeKind,
    known: Vec<&str>,
    named: Vec<(String, SourceKey)>,
) -> Result<(), DbErr> {
    use source_ref::Column;
    if !known.is_empty() {
        source_ref::Entity::delete_many()
            .filter(Column::IntegrationId.eq(integration_id))
            .filter(Column::FromKind.eq(kind))
            .filter(Column::FromId.is_in(known))
            .exec(conn)
            .await?;
    }
    add(conn, integration_id, kind, named).await
}

/// Writes what some of `kind` name, beside what they are known to name.
pub async fn add(
    conn: &impl ConnectionTrait,
    integration_id: Uuid,
    kind: StripeKind,
    named: Vec<(String, SourceKey)>,
) -> Result<(), DbErr> {
    use source_ref::Column;
    let rows = named
        .into_iter()
        .map(|(from_id, (to_kind, to_id))| source_ref::ActiveModel {
            integration_id: Set(integration_id),
            from_kind: Set(kind),
            from_id: Set(from_id),
            to_kind: Set(to_kind),
            to_id: Set(to_id),
        })
        .collect();
    let key = [
        Column::IntegrationId,
        Column::FromKind,
        Column::FromId,
        Column::ToKind,
        Column::ToId,
    ];
    upsert_all::<source_ref::ActiveModel, _>(conn, rows, &key, &[]).await
}

/// The objects of `from_kind` that name an object.
pub async fn list_naming(
    conn: &impl ConnectionTrait,
    integration_id: Uuid,
    from_kind: StripeKind,
    (kind, id): &SourceKey,
) -> Result<Vec<String>, DbErr> {
    use source_ref::Column;
    source_ref::Entity::find()
        .select_only()
        .column(Column::FromId)
        .filter(Column::IntegrationId.eq(integration_id))
        .filter(Column::ToKind.eq(*kind))
        .filter(Column::ToId.eq(id.as_str()))
        .filter(Column::FromKind.eq(from_kind))
        .into_tuple()
        .all(conn)
        .await
}

/// The objects of `from_kind` that name one of `ids`: theirs first.
pub async fn find_naming(
    conn: &impl ConnectionTrait,
    integration_id: Uuid,
    from_kind: StripeKind,
    kind: StripeKind,
    ids: Vec<&str>,
) -> Result<Vec<(String, String)>, DbErr> {
    use source_ref::Column;
    source_ref::Entity::find()
        .select_only()
        .columns([Column::FromId, Column::ToId])
        .filter(Column::IntegrationId.eq(integration_id))
        .filter(Column::ToKind.eq(kind))
        .filter(Column::ToId.is_in(ids))
        .filter(Column::FromKind.eq(from_kind))
        .into_tuple()
        .all(conn)
        .await
}

/// What any of the objects `ids` names, as far as it is kept.
pub async fn find_named(
    conn: &impl ConnectionTrait,
    integration_id: Uuid,
    from_kind: StripeKind,
    ids: Vec<&str>,
) -> Result<Vec<SourceKey>, DbErr> {
    use source_ref::Column;
    source_ref::Entity::find()
        .select_only()
        .columns([Column::ToKind, Column::ToId])
        .distinct()
        .filter(Column::IntegrationId.eq(integration_id))
        .filter(Column::FromKind.eq(from_kind))
        .filter(Column::FromId.is_in(ids))
        .into_tuple()
        .all(conn)
        .await
}

/// Objects of `kind` that are named and not here, in the order of their ids, after `after`.
pub async fn list_missing(
    conn: &impl ConnectionTrait,
    integration_id: Uuid,
    kind: StripeKind,
    after: &str,
    limit: u64,
) -> Result<Vec<String>, DbErr> {
    use source_ref::Column;
    let mut here = Query::select();
    here.expr(Expr::val(1))
        .from(source_object::Entity)
        .and_where(source_object::Column::IntegrationId.eq(integration_id))
        .and_where(source_object::Column::Kind.eq(kind))
        .and_where(
            Expr::col((source_object::Entity, source_object::Column::StripeId))
                .equals((source_ref::Entity, Column::ToId)),
        );
    source_ref::Entity::find()
        .select_only()
        .column(Column::ToId)
        .distinct()
        .filter(Column::IntegrationId.eq(integration_id))
        .filter(Column::ToKind.eq(kind))
        .filter(Column::ToId.gt(after))
        .filter(Expr::exists(here).not())
        .order_by_asc(Column::ToId)
        .limit(limit)
        .into_tuple()
        .all(conn)
        .await
}

/// What one object names and is not here, in the order of kinds and ids.
pub async fn list_missing_of(
    conn: &impl ConnectionTrait,
    integration_id: Uuid,
    kind: StripeKind,
    stripe_id: &str,
    limit: u64,
) -> Result<Vec<SourceKey>, DbErr> {
    use source_ref::Column;
    let mut here = Query::select();
    here.expr(Expr::val(1))
        .from(source_object::Entity)
        .and_where(source_object::Column::IntegrationId.eq(integration_id))
        .and_where(
            Expr::col((source_object::Entity, source_object::Column::Kind))
                .equals((source_ref::Entity, Column::ToKind)),
        )
        .and_where(
            Expr::col((source_object::Entity, source_object::Column::StripeId))
                .equals((source_ref::Entity, Column::ToId)),
        );
    source_ref::Entity::find()
        .select_only()
        .columns([Column::ToKind, Column::ToId])
        .filter(Column::IntegrationId.eq(integration_id))
        .filter(Column::FromKind.eq(kind))
        .filter(Column::FromId.eq(stripe_id))
        .filter(Expr::exists(here).not())
        .order_by_asc(Column::ToKind)
        .order_by_asc(Column::ToId)
        .limit(limit)
        .into_tuple()
        .all(conn)
        .await
}
