//! The records as the road writes them: what is here of a batch, and upserts of what differs.

use std::collections::HashMap;

use entity::kind::ContractSource;
use entity::{client, client_link, client_unlink, contract, contract_line, product};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
    QuerySelect,
};
use uuid::Uuid;

use super::upsert_all;

/// A contract with its lines.
#[derive(Debug, Clone)]
pub struct StoredContract {
    /// The contract.
    pub row: contract::Model,
    /// Its lines, in order.
    pub lines: Vec<contract_line::Model>,
}

/// The links of the given customers, by Stripe id.
pub async fn find_links(
    conn: &impl ConnectionTrait,
    integration_id: Uuid,
    ids: Vec<&str>,
) -> Result<HashMap<String, client_link::Model>, DbErr> {
    use client_link::Column;
    let query = client_link::Entity::find().filter(Column::IntegrationId.eq(integration_id));
    let rows = query.filter(Column::StripeCustomerId.is_in(ids)).all(conn).await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.stripe_customer_id.clone(), row))
        .collect())
}

/// Clients by id, held until the transaction ends: customers of several integrations may be one client.
pub async fn find_clients(conn: &impl ConnectionTrait, ids: Vec<Uuid>) -> Result<HashMap<Uuid, client::Model>, DbErr> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = client::Entity::find()
        .filter(client::Column::Id.is_in(ids))
        .order_by_asc(client::Column::Id)
        .lock_exclusive()
        .all(conn)
        .await?;
    Ok(rows.into_iter().map(|row| (row.id, row)).collect())
}

/// Products by Stripe id.
pub async fn find_products(
    conn: &impl ConnectionTrait,
    integration_id: Uuid,
    ids: Vec<&str>,
) -> Result<HashMap<String, product::Model>, DbErr> {
    use product::Column;
    let query = product::Entity::find().filter(Column::IntegrationId.eq(integration_id));
    let rows = query.filter(Column::StripeId.is_in(ids)).all(conn).await?;
    Ok(rows.into_iter().map(|row| (row.stripe_id.clone(), row)).collect())
}

/// Contracts with their lines by Stripe id.
pub async fn find_contracts(
    conn: &impl ConnectionTrait,
    integration_id: Uuid,
    source: ContractSource,
    ids: Vec<&str>,
) -> Result<HashMap<String, StoredContract>, DbErr> {
    use contract::Column;
    let query = contract::Entity::find()
        .filter(Column::IntegrationId.eq(integration_id))
        .filter(Column::Source.eq(source));
    let rows = query.filter(Column::StripeId.is_in(ids)).all(conn).await?;
    let mut lines = find_lines(conn, rows.iter().map(|row| row.id).collect()).await?;
    let with_lines = |row: contract::Model| {
        (
            row.stripe_id.clone(),
            StoredContract {
                lines: lines.remove(&row.id).unwrap_or_default(),
                row,
            },
        )
    };
    Ok(rows.into_iter().map(with_lines).collect())
}

async fn find_lines(
    conn: &impl ConnectionTrait,
    contracts: Vec<Uuid>,
) -> Result<HashMap<Uuid, Vec<contract_line::Model>>, DbErr> {
    use contract_line::Column;
    let mut lines: HashMap<Uuid, Vec<contract_line::Model>> = HashMap::new();
    if contracts.is_empty() {
        return Ok(lines);
    }
    let query = contract_line::Entity::find().filter(Column::ContractId.is_in(contracts));
    for line in query.order_by_asc(Column::LineNumber).all(conn).await? {
        lines.entry(line.contract_id).or_default().push(line);
    }
    Ok(lines)
}

/// Writes whole clients. Those that are here have what they are to have in the columns `same`: the index of a column that is written
/// is written too, whether anything differs or not.
pub async fn upsert_clients(
    conn: &impl ConnectionTrait,
    rows: Vec<client::Model>,
    same: &[client::Column],
) -> Result<(), DbErr> {
    use client::Column;
    let kept = [&[Column::CreatedAt], same].concat();
    upsert_all::<client::ActiveModel, _>(conn, whole(rows), &[Column::Id], &kept).await
}

/// Writes whole links.
pub async fn upsert_links(conn: &impl ConnectionTrait, rows: Vec<client_link::Model>) -> Result<(), DbErr> {
    use client_link::Column;
    let key = [Column::IntegrationId, Column::StripeCustomerId];
    upsert_all::<client_link::ActiveModel, _>(conn, whole(rows), &key, &[Column::CreatedAt]).await
}

/// Writes whole products.
pub async fn upsert_products(conn: &impl ConnectionTrait, rows: Vec<product::Model>) -> Result<(), DbErr> {
    use product::Column;
    upsert_all::<product::ActiveModel, _>(conn, whole(rows), &[Column::Id], &[Column::CreatedAt]).await
}

/// Writes whole contracts, without their lines.
pub async fn upsert_contracts(conn: &impl ConnectionTrait, rows: Vec<contract::Model>) -> Result<(), DbErr> {
    use contract::Column;
    upsert_all::<contract::ActiveModel, _>(conn, whole(rows), &[Column::Id], &[Column::CreatedAt]).await
}

/// Writes whole lines.
pub async fn upsert_lines(conn: &impl ConnectionTrait, rows: Vec<contract_line::Model>) -> Result<(), DbErr> {
    upsert_all::<contract_line::ActiveModel, _>(conn, whole(rows), &[contract_line::Column::Id], &[]).await
}

/// Deletes a client with everything that says which customers it is, and which it is not.
pub async fn delete_client(conn: &impl ConnectionTrait, id: Uuid) -> Result<(), DbErr> {
    client_link::Entity::delete_many()
        .filter(client_link::Column::ClientId.eq(id))
        .exec(conn)
        .await?;
    client_unlink::Entity::delete_many()
        .filter(client_unlink::Column::ClientId.eq(id))
        .exec(conn)
        .await?;
    client::Entity::delete_by_id(id).exec(conn).await?;
    Ok(())
}

/// Removes lines that Stripe no longer has.
pub async fn delete_lines(conn: &impl ConnectionTrait, ids: Vec<Uuid>) -> Result<(), DbErr> {
    for ids in ids.chunks(500) {
        let which = contract_line::Column::Id.is_in(ids.iter().copied());
        contract_line::Entity::delete_many().filter(which).exec(conn).await?;
    }
    Ok(())
}

fn whole<M, A>(rows: Vec<M>) -> Vec<A>
where
    M: IntoActiveModel<A>,
    A: ActiveModelTrait,
{
    rows.into_iter()
        .map(|row| row.into_active_model().reset_all())
        .collect()
}
