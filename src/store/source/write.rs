//! Writing them: whole rows, and what is noted of many at once.

use entity::kind::StripeKind;
use entity::source_object::{ActiveModel, Column, Entity, Model};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter};
use uuid::Uuid;

use super::super::upsert::upsert_all;
use crate::stripe::Seen;

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
