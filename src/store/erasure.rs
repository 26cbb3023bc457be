//! Persons that were erased: who must not come back, and what is kept that may still tell of them.

use std::collections::HashSet;

use entity::erased_customer::{ActiveModel, Column, Entity, Model};
use entity::kind::{EventOutcome, StripeKind};
use entity::{source_object, stripe_event, sync_error, unmatched_customer};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
    QuerySelect,
};
use serde_json::Value;
use uuid::Uuid;

use super::source::{self, ERASED};
use super::{SourceKey, upsert_all};
use crate::stripe::object::is_id;

/// Whether anybody of an integration was erased.
pub async fn has_any(conn: &impl ConnectionTrait, integration_id: Uuid) -> Result<bool, DbErr> {
    let one = Entity::find()
        .filter(Column::IntegrationId.eq(integration_id))
        .one(conn);
    Ok(one.await?.is_some())
}

/// Those of `customers` that were erased.
pub async fn find(
    conn: &impl ConnectionTrait,
    integration_id: Uuid,
    customers: Vec<&str>,
) -> Result<HashSet<String>, DbErr> {
    // What is no id was never erased, and PostgreSQL takes no U+0000 to look for.
    let customers: HashSet<&str> = customers.into_iter().filter(|id| is_id(id)).collect();
    if customers.is_empty() {
        return Ok(HashSet::new());
    }
    let erased: Vec<String> = Entity::find()
        .select_only()
        .column(Column::StripeCustomerId)
        .filter(Column::IntegrationId.eq(integration_id))
        .filter(Column::StripeCustomerId.is_in(customers))
        .into_tuple()
        .all(conn)
        .await?;
    Ok(erased.into_iter().collect())
}

/// Writes tombstones.
pub async fn mark(conn: &impl ConnectionTrait, rows: Vec<Model>) -> Result<(), DbErr> {
    let rows = rows
        .into_iter()
        .map(|row| row.into_active_model().reset_all())
        .collect();
    let key = [Column::IntegrationId, Column::StripeCustomerId];
    upsert_all::<ActiveModel, _>(conn, rows, &key, &[]).await
}

/// Leaves of the customers themselves no more than `reduced` says.
pub async fn empty_customers(
    conn: &impl ConnectionTrait,
    integration_id: Uuid,
    customers: Vec<&str>,
    reduced: impl Fn(&Value) -> (Vec<u8>, Vec<u8>),
) -> Result<(), DbErr> {
    use source_object::Column as Source;
    for (id, body) in source::find_bodies(conn, integration_id, StripeKind::Customer, customers.clone()).await? {
        let (body, digest) = reduced(&body.value()?);
        source_object::Entity::update_many()
            .col_expr(Source::Body, Expr::value(body))
            .col_expr(Source::Digest, Expr::value(digest))
            .col_expr(Source::State, Expr::value(entity::kind::RecordState::Skipped))
            .col_expr(Source::Reason, Expr::value(ERASED))
            .filter(Source::IntegrationId.eq(integration_id))
            .filter(Source::Kind.eq(StripeKind::Customer))
            .filter(Source::StripeId.eq(id))
            .exec(conn)
            .await?;
    }
    unmatched_customer::Entity::delete_many()
        .filter(unmatched_customer::Column::IntegrationId.eq(integration_id))
        .filter(unmatched_customer::Column::StripeCustomerId.is_in(customers.clone()))
        .exec(conn)
        .await?;
    forget_errors(conn, integration_id, StripeKind::Customer, customers).await
}

/// What an error says may repeat what stood in its object.
pub async fn forget_errors(
    conn: &impl ConnectionTrait,
    integration_id: Uuid,
    kind: StripeKind,
    ids: Vec<&str>,
) -> Result<(), DbErr> {
    sync_error::Entity::delete_many()
        .filter(sync_error::Column::IntegrationId.eq(integration_id))
        .filter(sync_error::Column::Kind.eq(kind))
        .filter(sync_error::Column::StripeId.is_in(ids))
        .exec(conn)
        .await?;
    Ok(())
}

/// The erased of whom something may still be kept, by integration.
pub async fn list_open(conn: &impl ConnectionTrait) -> Result<Vec<Model>, DbErr> {
    Entity::find()
        .filter(Column::ScrubbedAt.is_null())
        .order_by_asc(Column::IntegrationId)
        .order_by_asc(Column::StripeCustomerId)
        .all(conn)
        .await
}

/// Nothing is kept of them any more.
pub async fn close(conn: &impl ConnectionTrait, rows: &[Model], now_ms: i64) -> Result<(), DbErr> {
    for row in rows {
        Entity::update_many()
            .col_expr(Column::ScrubbedAt, Expr::value(now_ms))
            .filter(Column::IntegrationId.eq(row.integration_id))
            .filter(Column::StripeCustomerId.eq(row.stripe_customer_id.as_str()))
            .exec(conn)
            .await?;
    }
    Ok(())
}

/// A page of packed bodies of invoices, subscriptions and credit notes, in the order of their keys, after `after`.
pub async fn list_bodies(
    conn: &impl ConnectionTrait,
    integration_id: Uuid,
    (kind, after): &SourceKey,
    limit: u64,
) -> Result<Vec<(String, Vec<u8>)>, DbErr> {
    use source_object::Column as Source;
    source_object::Entity::find()
        .select_only()
        .columns([Source::StripeId, Source::Body])
        .filter(Source::IntegrationId.eq(integration_id))
        .filter(Source::Kind.eq(*kind))
        .filter(Source::StripeId.gt(after.as_str()))
        .order_by_asc(Source::StripeId)
        .limit(limit)
        .into_tuple()
        .all(conn)
        .await
}

/// Writes a scrubbed body in place of the one that was read, unless it has changed meanwhile.
pub async fn replace_body(
    conn: &impl ConnectionTrait,
    integration_id: Uuid,
    (kind, stripe_id): &SourceKey,
    before: Vec<u8>,
    (body, digest): (Vec<u8>, Vec<u8>),
) -> Result<(), DbErr> {
    use source_object::Column as Source;
    source_object::Entity::update_many()
        .col_expr(Source::Body, Expr::value(body))
        .col_expr(Source::Digest, Expr::value(digest))
        .filter(Source::IntegrationId.eq(integration_id))
        .filter(Source::Kind.eq(*kind))
        .filter(Source::StripeId.eq(stripe_id.as_str()))
        .filter(Expr::col((source_object::Entity, Source::Body)).eq(before))
        .exec(conn)
        .await?;
    Ok(())
}

/// A page of packed events of an integration, in the order of their ids, after `after`.
pub async fn list_events(
    conn: &impl ConnectionTrait,
    integration_id: Uuid,
    after: &str,
    limit: u64,
) -> Result<Vec<(String, Vec<u8>)>, DbErr> {
    use stripe_event::Column as Event;
    stripe_event::Entity::find()
        .select_only()
        .columns([Event::EventId, Event::Body])
        .filter(Event::IntegrationId.eq(integration_id))
        .filter(Event::EventId.gt(after))
        .filter(Event::Body.is_not_null())
        .order_by_asc(Event::EventId)
        .limit(limit)
        .into_tuple()
        .all(conn)
        .await
}

/// Writes a scrubbed event; none = it has had its effect, and only its id stays.
pub async fn replace_event(
    conn: &impl ConnectionTrait,
    integration_id: Uuid,
    event_id: &str,
    body: Option<Vec<u8>>,
    now_ms: i64,
) -> Result<(), DbErr> {
    use stripe_event::Column as Event;
    let own = Event::IntegrationId.eq(integration_id).and(Event::EventId.eq(event_id));
    if body.is_none() {
        stripe_event::Entity::update_many()
            .col_expr(Event::AppliedAt, Expr::value(now_ms))
            .col_expr(Event::Outcome, Expr::value(EventOutcome::Dropped))
            .filter(own.clone())
            .filter(Event::AppliedAt.is_null())
            .exec(conn)
            .await?;
    }
    stripe_event::Entity::update_many()
        .col_expr(Event::Body, Expr::value(body))
        .filter(own)
        .exec(conn)
        .await?;
    Ok(())
}
