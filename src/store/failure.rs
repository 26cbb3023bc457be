//! Objects that could not be imported: recorded once an object, counted up, and closed when it works again.

use std::collections::{HashMap, HashSet};

use entity::kind::StripeKind;
use entity::sync_error::{ActiveModel, Column, Entity, Model};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, QueryFilter,
    QueryOrder, QuerySelect,
};
use uuid::Uuid;

use super::upsert_all;
use crate::map::MapError;
use crate::stripe;

/// Of an object that somebody has asked for and that Stripe does not have. It is not tried again by itself.
pub const NOT_IN_STRIPE: &str = "NOT_IN_STRIPE";

/// Records failures.
pub async fn record(
    conn: &impl ConnectionTrait,
    integration_id: Uuid,
    run_id: Option<Uuid>,
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
        let attempts = open.map_or(1, |row| row.attempts.saturating_add(1));
        let row = Model {
            id: before.as_ref().map_or_else(Uuid::now_v7, |row| row.id),
            integration_id,
            run_id,
            kind,
            stripe_id: stripe_id.to_owned(),
            code: error.code.to_owned(),
            message: error.message.clone(),
            hint: error.hint.clone(),
            attempts,
            first_at: open.map_or(now_ms, |row| row.first_at),
            last_at: now_ms,
            next_retry_at: retry_after_ms(attempts)
                .filter(|_| error.code != NOT_IN_STRIPE)
                .map(|wait| now_ms + wait),
            brought_in: open.is_some_and(|row| row.brought_in),
            resolved_at: None,
        };
        row.into_active_model().reset_all()
    });
    upsert_all::<ActiveModel, _>(conn, rows.collect(), &[Column::Id], &[]).await
}

/// Tried again by itself so often, the first try included.
pub const MOST_ATTEMPTS: i32 = 8;
const FIRST_RETRY_MS: i64 = 60_000;

/// How long to wait after the `attempts`-th failure: a minute, then four times as long each time, a day at most.
fn retry_after_ms(attempts: i32) -> Option<i64> {
    const DAY_MS: i64 = 86_400_000;
    let exponent = u32::try_from(attempts.saturating_sub(1)).ok()?;
    (attempts < MOST_ATTEMPTS).then(|| {
        FIRST_RETRY_MS
            .saturating_mul(4_i64.saturating_pow(exponent))
            .min(DAY_MS)
    })
}

/// The failures of an integration that are due to be tried again, the longest waiting first.
pub async fn list_due(
    conn: &impl ConnectionTrait,
    integration_id: Uuid,
    now_ms: i64,
    limit: u64,
) -> Result<Vec<super::SourceKey>, DbErr> {
    Entity::find()
        .select_only()
        .columns([Column::Kind, Column::StripeId])
        .filter(Column::IntegrationId.eq(integration_id))
        .filter(Column::ResolvedAt.is_null())
        .filter(Column::NextRetryAt.lte(now_ms))
        .order_by_asc(Column::NextRetryAt)
        .limit(limit)
        .into_tuple()
        .all(conn)
        .await
}

/// When the first failure of an integration is to be tried again, Unix milliseconds.
pub async fn find_next_retry(conn: &impl ConnectionTrait, integration_id: Uuid) -> Result<Option<i64>, DbErr> {
    Entity::find()
        .select_only()
        .column(Column::NextRetryAt)
        .filter(Column::IntegrationId.eq(integration_id))
        .filter(Column::ResolvedAt.is_null())
        .filter(Column::NextRetryAt.is_not_null())
        .order_by_asc(Column::NextRetryAt)
        .into_tuple()
        .one(conn)
        .await
}

/// Notes of failed invoices that an event has told of their payment.
pub async fn bring_in(conn: &impl ConnectionTrait, integration_id: Uuid, invoices: Vec<&str>) -> Result<(), DbErr> {
    if invoices.is_empty() {
        return Ok(());
    }
    Entity::update_many()
        .col_expr(Column::BroughtIn, Expr::value(true))
        .filter(Column::IntegrationId.eq(integration_id))
        .filter(Column::Kind.eq(StripeKind::Invoice))
        .filter(Column::StripeId.is_in(invoices))
        .exec(conn)
        .await?;
    Ok(())
}

/// Those of `invoices` whose failure is open and that an event has told of.
pub async fn find_brought_in(
    conn: &impl ConnectionTrait,
    integration_id: Uuid,
    invoices: Vec<&str>,
) -> Result<HashSet<String>, DbErr> {
    if invoices.is_empty() {
        return Ok(HashSet::new());
    }
    let brought_in: Vec<String> = Entity::find()
        .select_only()
        .column(Column::StripeId)
        .filter(Column::IntegrationId.eq(integration_id))
        .filter(Column::Kind.eq(StripeKind::Invoice))
        .filter(Column::StripeId.is_in(invoices))
        .filter(Column::ResolvedAt.is_null())
        .filter(Column::BroughtIn.eq(true))
        .into_tuple()
        .all(conn)
        .await?;
    Ok(brought_in.into_iter().collect())
}

/// Those of `ids` that Stripe did not give when they were read last.
pub async fn find_unread(
    conn: &impl ConnectionTrait,
    integration_id: Uuid,
    kind: StripeKind,
    ids: Vec<&str>,
) -> Result<HashSet<String>, DbErr> {
    if ids.is_empty() {
        return Ok(HashSet::new());
    }
    let unread: Vec<String> = Entity::find()
        .select_only()
        .column(Column::StripeId)
        .filter(Column::IntegrationId.eq(integration_id))
        .filter(Column::Kind.eq(kind))
        .filter(Column::StripeId.is_in(ids))
        .filter(Column::ResolvedAt.is_null())
        .filter(Column::Code.is_in(stripe::Error::CODES))
        .into_tuple()
        .all(conn)
        .await?;
    Ok(unread.into_iter().collect())
}

/// Those of `ids` that Stripe has had: they failed otherwise than by not being there.
pub async fn find_had(
    conn: &impl ConnectionTrait,
    integration_id: Uuid,
    kind: StripeKind,
    ids: Vec<&str>,
) -> Result<Vec<String>, DbErr> {
    Entity::find()
        .select_only()
        .column(Column::StripeId)
        .filter(Column::IntegrationId.eq(integration_id))
        .filter(Column::Kind.eq(kind))
        .filter(Column::StripeId.is_in(ids))
        .filter(Column::Code.ne(NOT_IN_STRIPE))
        .into_tuple()
        .all(conn)
        .await
}

/// Closes the open failures of objects that work now.
pub async fn resolve(
    conn: &impl ConnectionTrait,
    integration_id: Uuid,
    kind: StripeKind,
    ids: Vec<&str>,
    now_ms: i64,
) -> Result<(), DbErr> {
    close(conn, integration_id, kind, ids, now_ms, Condition::all()).await
}

/// Closes the open failures of objects that can be mapped now, but not of those that Stripe did not give: they are still to be read.
pub async fn resolve_mapping(
    conn: &impl ConnectionTrait,
    integration_id: Uuid,
    kind: StripeKind,
    ids: Vec<&str>,
    now_ms: i64,
) -> Result<(), DbErr> {
    let is_of_mapping = Condition::all().add(Column::Code.is_not_in(stripe::Error::CODES));
    close(conn, integration_id, kind, ids, now_ms, is_of_mapping).await
}

async fn close(
    conn: &impl ConnectionTrait,
    integration_id: Uuid,
    kind: StripeKind,
    ids: Vec<&str>,
    now_ms: i64,
    which: Condition,
) -> Result<(), DbErr> {
    if ids.is_empty() {
        return Ok(());
    }
    Entity::update_many()
        .col_expr(Column::ResolvedAt, Expr::value(now_ms))
        .col_expr(Column::NextRetryAt, Expr::value(Option::<i64>::None))
        .filter(Column::IntegrationId.eq(integration_id))
        .filter(Column::Kind.eq(kind))
        .filter(Column::ResolvedAt.is_null())
        .filter(Column::StripeId.is_in(ids))
        .filter(which)
        .exec(conn)
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tries_eight_times_further_and_further_apart() {
        let minutes: Vec<_> = (1..=8)
            .map(|attempts| retry_after_ms(attempts).map(|ms| ms / 60_000))
            .collect();
        let expected = [1, 4, 16, 64, 256, 1024, 1440].map(Some);
        assert_eq!(minutes[..7], expected);
        assert_eq!(minutes[7], None);
    }
}
