//! Removing an integration with everything that came by it, some thousand rows at a time.

use entity::kind::ClientOrigin;
use entity::{client, client_link, integration};
use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Statement};
use uuid::Uuid;

use crate::error::CONNECTED_TWICE;

/// Rows of one table that one transaction removes.
const ROWS: u64 = 2_000;

/// What is kept by integration, with the key of each: records first, what is known of Stripe after them.
const TABLES: [(&str, &str); 21] = [
    ("recurring_revenue", "integration_id, source_id, item_id, from_at"),
    ("subscription_state", "integration_id, stripe_id, from_at"),
    ("contract_line", "id"),
    ("contract", "id"),
    ("product", "id"),
    ("client_unlink", "integration_id, stripe_customer_id, client_id"),
    ("unmatched_customer", "integration_id, stripe_customer_id"),
    ("erased_customer", "integration_id, stripe_customer_id"),
    ("remap_queue", "integration_id, kind, stripe_id"),
    ("source_ref", "integration_id, from_kind, from_id, to_kind, to_id"),
    ("source_object", "integration_id, kind, stripe_id"),
    ("discount_terms", "integration_id, discount_id, coupon_id"),
    ("billing_currency", "integration_id, currency"),
    ("stripe_event", "integration_id, event_id"),
    ("sync_error", "id"),
    ("run", "id"),
    ("record_change", "integration_id, seq, object"),
    ("record_change_counter", "integration_id"),
    ("read_count", "integration_id, day"),
    ("event_lane", "integration_id"),
    ("mapping", "integration_id, object"),
];

/// The integrations that are to be removed.
pub async fn list_asked_for(conn: &impl ConnectionTrait) -> Result<Vec<Uuid>, DbErr> {
    integration::Entity::find()
        .select_only()
        .column(integration::Column::Id)
        .filter(integration::Column::PurgeRequestedAt.is_not_null())
        .order_by_asc(integration::Column::Id)
        .into_tuple()
        .all(conn)
        .await
}

/// Removes some links to the integration's customers; gives the clients that had them.
pub async fn delete_links(conn: &impl ConnectionTrait, integration_id: Uuid) -> Result<Vec<Uuid>, DbErr> {
    use client_link::Column;
    let some: Vec<(String, Uuid)> = client_link::Entity::find()
        .select_only()
        .columns([Column::StripeCustomerId, Column::ClientId])
        .filter(Column::IntegrationId.eq(integration_id))
        .limit(ROWS)
        .into_tuple()
        .all(conn)
        .await?;
    let (customers, clients): (Vec<String>, Vec<Uuid>) = some.into_iter().unzip();
    for customers in customers.chunks(500) {
        client_link::Entity::delete_many()
            .filter(Column::IntegrationId.eq(integration_id))
            .filter(Column::StripeCustomerId.is_in(customers.iter().map(String::as_str)))
            .exec(conn)
            .await?;
    }
    Ok(clients)
}

/// Removes those of `clients` that only Stripe's customers had made, and that are none any more.
pub async fn delete_lonely(conn: &impl ConnectionTrait, clients: Vec<Uuid>) -> Result<(), DbErr> {
    use client::Column;
    let mut linked = Query::select();
    linked.expr(Expr::val(1)).from(client_link::Entity).and_where(
        Expr::col((client_link::Entity, client_link::Column::ClientId)).equals((client::Entity, Column::Id)),
    );
    for clients in clients.chunks(500) {
        client::Entity::delete_many()
            .filter(Column::Id.is_in(clients.iter().copied()))
            .filter(Column::Origin.eq(ClientOrigin::Stripe))
            .filter(Expr::exists(linked.clone()).not())
            .exec(conn)
            .await?;
    }
    Ok(())
}

/// Removes some rows of each table; says whether none are left.
pub async fn delete_rows(conn: &impl ConnectionTrait, integration_id: Uuid) -> Result<bool, DbErr> {
    let backend = conn.get_database_backend();
    let mut left = false;
    for (table, key) in TABLES {
        let sql = format!(
            "DELETE FROM {table} WHERE ({key}) IN (SELECT {key} FROM {table} WHERE integration_id = $1 LIMIT {ROWS})"
        );
        let statement = Statement::from_sql_and_values(backend, sql, [integration_id.into()]);
        left |= conn.execute_raw(statement).await?.rows_affected() >= ROWS;
    }
    Ok(!left)
}

/// Removes the integration's own row. One that stood still because it was of the same account goes on; where there is a third, it is
/// stopped again.
pub async fn delete_integration(conn: &impl ConnectionTrait, id: Uuid) -> Result<(), DbErr> {
    use integration::Column;
    integration::Entity::delete_by_id(id).exec(conn).await?;
    integration::Entity::update_many()
        .col_expr(Column::KeyProblem, Expr::value(Option::<String>::None))
        .col_expr(Column::KeyProblemMessage, Expr::value(Option::<String>::None))
        .filter(Column::KeyProblem.eq(CONNECTED_TWICE))
        .exec(conn)
        .await?;
    Ok(())
}
