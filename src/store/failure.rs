//! Objects that could not be imported: recorded once an object, counted up, and closed when it works again.

use std::collections::HashMap;

use entity::kind::StripeKind;
use entity::sync_error::{ActiveModel, Column, Entity, Model};
use sea_orm::sea_query::Expr;
use sea_orm::{ActiveModelTrait, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, QueryFilter};
use uuid::Uuid;

use super::upsert_all;
use crate::map::MapError;

/// Records failures.
pub async fn record(
    conn: &impl ConnectionTrait,
    integration_id: Uuid,
    run_id: Uuid,
    kind: StripeKind,
    failures: Vec<(&str, &MapError)>,
    now_ms: i64,
) -> Result<(), DbErr> {
    if failures.is_empty() {
        return Ok(());
    }
    let ids = failures.iter().map(|(id, _)| *id);
    let mut known: HashMap<String, Model> = Entity::find()
        .filter(Column::IntegrationId.eq(integration_id))
        .filter(Column::Kind.eq(kind))
        .filter(Column::StripeId.is_in(ids))
        .all(conn)
        .await?
        .into_iter()
        .map(|row| (row.stripe_id.clone(), row))
        .collect();
    let rows = failures.into_iter().map(|(stripe_id, error)| {
        let before = known.remove(stripe_id);
        let open = before.as_ref().filter(|row| row.resolved_at.is_none());
        let row = Model {
            id: before.as_ref().map_or_else(Uuid::now_v7, |row| row.id),
            integration_id,
            run_id: Some(run_id),
            kind,
            stripe_id: stripe_id.to_owned(),
            code: error.code.to_owned(),
            message: error.message.clone(),
            hint: error.hint.clone(),
            attempts: open.map_or(1, |row| row.attempts.saturating_add(1)),
            first_at: open.map_or(now_ms, |row| row.first_at),
            last_at: now_ms,
            next_retry_at: None,
            resolved_at: None,
        };
        row.into_active_model().reset_all()
    });
    upsert_all::<ActiveModel, _>(conn, rows.collect(), &[Column::Id], &[]).await
}

/// Closes the open failures of objects that work now.
pub async fn resolve(
    conn: &impl ConnectionTrait,
    integration_id: Uuid,
    kind: StripeKind,
    ids: Vec<&str>,
    now_ms: i64,
) -> Result<(), DbErr> {
    if ids.is_empty() {
        return Ok(());
    }
    Entity::update_many()
        .col_expr(Column::ResolvedAt, Expr::value(now_ms))
        .filter(Column::IntegrationId.eq(integration_id))
        .filter(Column::Kind.eq(kind))
        .filter(Column::ResolvedAt.is_null())
        .filter(Column::StripeId.is_in(ids))
        .exec(conn)
        .await?;
    Ok(())
}
