//! What matching customers to clients reads and writes: clients kept by hand, customers that wait, pairs that were parted.

use std::collections::HashSet;

use entity::kind::ClientOrigin;
use entity::{client, client_link, client_unlink, contract, unmatched_customer};
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, QueryFilter,
    QuerySelect,
};
use uuid::Uuid;

use super::{CHUNK, upsert_all};
use crate::map::matching::{Candidate, Keys};

/// The clients of origin MANUAL that any of `wanted` could be.
pub async fn find_candidates(conn: &impl ConnectionTrait, wanted: &[&Keys]) -> Result<Vec<Candidate>, DbErr> {
    use client::Column;
    let mut found: Vec<Candidate> = Vec::new();
    for wanted in wanted.chunks(CHUNK) {
        let Some(any) = among(wanted, Column::EmailKey, Column::ExternalId) else {
            continue;
        };
        let rows: Vec<(Uuid, Option<String>, Option<String>)> = client::Entity::find()
            .select_only()
            .columns([Column::Id, Column::EmailKey, Column::ExternalId])
            .filter(Column::Origin.eq(ClientOrigin::Manual))
            .filter(any)
            .into_tuple()
            .all(conn)
            .await?;
        found.extend(rows.into_iter().map(|(client_id, email_key, external_id)| Candidate {
            client_id,
            keys: Keys { email_key, external_id },
        }));
    }
    found.sort_unstable_by_key(|candidate| candidate.client_id);
    found.dedup_by_key(|candidate| candidate.client_id);
    Ok(found)
}

fn among<C: ColumnTrait>(wanted: &[&Keys], email_key: C, external_id: C) -> Option<Condition> {
    let emails: HashSet<&str> = wanted.iter().filter_map(|keys| keys.email_key.as_deref()).collect();
    let ids: HashSet<&str> = wanted.iter().filter_map(|keys| keys.external_id.as_deref()).collect();
    if emails.is_empty() && ids.is_empty() {
        return None;
    }
    let by_email = (!emails.is_empty()).then(|| email_key.is_in(emails));
    let by_id = (!ids.is_empty()).then(|| external_id.is_in(ids));
    Some(Condition::any().add_option(by_email).add_option(by_id))
}

/// The pairs of these customers that a person has parted.
pub async fn find_parted(
    conn: &impl ConnectionTrait,
    integration_id: Uuid,
    customers: Vec<&str>,
) -> Result<HashSet<(String, Uuid)>, DbErr> {
    use client_unlink::Column;
    let pairs: Vec<(String, Uuid)> = client_unlink::Entity::find()
        .select_only()
        .columns([Column::StripeCustomerId, Column::ClientId])
        .filter(Column::IntegrationId.eq(integration_id))
        .filter(Column::StripeCustomerId.is_in(customers))
        .into_tuple()
        .all(conn)
        .await?;
    Ok(pairs.into_iter().collect())
}

/// Parts a client and a customer.
pub async fn part(conn: &impl ConnectionTrait, pair: client_unlink::Model) -> Result<(), DbErr> {
    let mut nothing = OnConflict::new();
    nothing.do_nothing();
    client_unlink::Entity::insert(pair.into_active_model().reset_all())
        .on_conflict(nothing)
        .exec_without_returning(conn)
        .await?;
    Ok(())
}

/// Forgets that a client and a customer were parted.
pub async fn unpart(
    conn: &impl ConnectionTrait,
    integration_id: Uuid,
    customer: &str,
    client_id: Uuid,
) -> Result<(), DbErr> {
    client_unlink::Entity::delete_by_id((integration_id, customer.to_owned(), client_id))
        .exec(conn)
        .await?;
    Ok(())
}

/// Customers that wait for a client from now on.
pub async fn wait(conn: &impl ConnectionTrait, customers: Vec<unmatched_customer::Model>) -> Result<(), DbErr> {
    use unmatched_customer::Column;
    let rows = customers
        .into_iter()
        .map(|row| row.into_active_model().reset_all())
        .collect();
    let key = [Column::IntegrationId, Column::StripeCustomerId];
    upsert_all::<unmatched_customer::ActiveModel, _>(conn, rows, &key, &[]).await
}

/// These customers wait no longer.
pub async fn stop_waiting(
    conn: &impl ConnectionTrait,
    integration_id: Uuid,
    customers: Vec<&str>,
) -> Result<(), DbErr> {
    use unmatched_customer::Column;
    unmatched_customer::Entity::delete_many()
        .filter(Column::IntegrationId.eq(integration_id))
        .filter(Column::StripeCustomerId.is_in(customers))
        .exec(conn)
        .await?;
    Ok(())
}

/// The customers that wait and could be a client with one of these keys, in the order of their integrations and ids.
pub async fn list_waiting(
    conn: &impl ConnectionTrait,
    keys: &[&Keys],
) -> Result<Vec<unmatched_customer::Model>, DbErr> {
    use unmatched_customer::{Column, Entity};
    let mut waiting = Vec::new();
    for keys in keys.chunks(CHUNK) {
        if let Some(any) = among(keys, Column::EmailKey, Column::ExternalId) {
            waiting.extend(Entity::find().filter(any).all(conn).await?);
        }
    }
    waiting.sort_unstable_by(|a, b| {
        (a.integration_id, &a.stripe_customer_id).cmp(&(b.integration_id, &b.stripe_customer_id))
    });
    waiting.dedup();
    Ok(waiting)
}

/// All customers of an integration that wait are mapped again.
pub async fn queue_waiting(conn: &impl ConnectionTrait, integration_id: Uuid) -> Result<(), DbErr> {
    let waiting: Vec<String> = unmatched_customer::Entity::find()
        .select_only()
        .column(unmatched_customer::Column::StripeCustomerId)
        .filter(unmatched_customer::Column::IntegrationId.eq(integration_id))
        .into_tuple()
        .all(conn)
        .await?;
    for ids in waiting.chunks(CHUNK) {
        let ids = ids.iter().map(String::as_str).collect();
        super::remap_queue::add(conn, integration_id, entity::kind::StripeKind::Customer, ids).await?;
    }
    Ok(())
}

/// The link of a customer.
pub async fn find_link(
    conn: &impl ConnectionTrait,
    integration_id: Uuid,
    customer: &str,
) -> Result<Option<client_link::Model>, DbErr> {
    client_link::Entity::find_by_id((integration_id, customer.to_owned()))
        .one(conn)
        .await
}

/// Cuts the link of a customer.
pub async fn delete_link(conn: &impl ConnectionTrait, integration_id: Uuid, customer: &str) -> Result<(), DbErr> {
    client_link::Entity::delete_by_id((integration_id, customer.to_owned()))
        .exec(conn)
        .await?;
    Ok(())
}

/// The contracts that these customers pay.
pub async fn list_contracts_of(
    conn: &impl ConnectionTrait,
    integration_id: Uuid,
    customers: Vec<&str>,
) -> Result<Vec<Uuid>, DbErr> {
    use contract::Column;
    contract::Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Column::IntegrationId.eq(integration_id))
        .filter(Column::StripeCustomerId.is_in(customers))
        .into_tuple()
        .all(conn)
        .await
}
