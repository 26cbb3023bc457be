//! Reading integrations and what is counted about them.

use chrono::NaiveDate;
use entity::integration::{Column, Entity, Model};
use entity::kind::{ContractSource, DayZone, SyncObject};
use entity::{contract, mapping, read_count, sync_error};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
};
use uuid::Uuid;

use super::remap_queue;

/// All of them, the oldest first: a handful at most.
pub async fn list(conn: &impl ConnectionTrait) -> Result<Vec<Model>, DbErr> {
    Entity::find()
        .order_by_asc(Column::CreatedAt)
        .order_by_asc(Column::Id)
        .all(conn)
        .await
}

/// By our id.
pub async fn find(conn: &impl ConnectionTrait, id: Uuid) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(id).one(conn).await
}

/// The same, held until the transaction ends: of two changes to it, the second on PostgreSQL sees what the first has written.
pub async fn hold(conn: &impl ConnectionTrait, id: Uuid) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(id).lock_exclusive().one(conn).await
}

/// How people know it: by its name, and by its key where there is one, since names may be alike.
pub fn shown(name: &str, key_display: Option<&str>) -> String {
    match key_display {
        Some(key) => format!("\"{name}\" ({key})"),
        None => format!("\"{name}\""),
    }
}

/// The others that may be of the same account, and how people know them: all whose account is not known to be another one. What is
/// being removed is none of them.
pub async fn list_maybe_same(conn: &impl ConnectionTrait, id: Uuid) -> Result<Vec<(Uuid, String)>, DbErr> {
    let here: Vec<(Uuid, Option<String>, String, Option<String>)> = Entity::find()
        .select_only()
        .columns([Column::Id, Column::StripeAccountId, Column::Name, Column::KeyDisplay])
        .filter(Column::PurgeRequestedAt.is_null())
        .into_tuple()
        .all(conn)
        .await?;
    let own = here.iter().find(|(other, ..)| *other == id);
    let own = own.and_then(|(_, account, ..)| account.clone());
    let others = here.into_iter().filter(|(other, account, ..)| {
        let is_known_apart = own.is_some() && account.is_some() && own != *account;
        *other != id && !is_known_apart
    });
    let shown = others.map(|(other, _, name, key)| (other, shown(&name, key.as_deref())));
    Ok(shown.collect())
}

/// Those of our ids.
pub async fn list_by_ids(conn: &impl ConnectionTrait, ids: &[Uuid]) -> Result<Vec<Model>, DbErr> {
    Entity::find()
        .filter(Column::Id.is_in(ids.iter().copied()))
        .all(conn)
        .await
}

/// Notes the account's own time zone. Where the days of its contracts are those of the account, they are mapped again.
pub async fn set_timezone(conn: &impl ConnectionTrait, id: Uuid, timezone: Option<String>) -> Result<(), DbErr> {
    let other = Condition::any()
        .add(Column::Timezone.is_null())
        .add(Column::Timezone.ne(timezone.clone()));
    let changed = Entity::update_many()
        .col_expr(Column::Timezone, Expr::value(timezone))
        .filter(Column::Id.eq(id))
        .filter(other)
        .exec(conn)
        .await?;
    let integration = find(conn, id).await?;
    if changed.rows_affected > 0 && integration.is_some_and(|row| row.days == DayZone::Account) {
        remap_queue::add_contracts(conn, id).await?;
    }
    Ok(())
}

/// Objects that could not be imported and are not settled.
pub async fn count_open_errors(conn: &impl ConnectionTrait, id: Uuid) -> Result<u64, DbErr> {
    use sync_error::Column as Failure;
    sync_error::Entity::find()
        .filter(Failure::IntegrationId.eq(id))
        .filter(Failure::ResolvedAt.is_null())
        .count(conn)
        .await
}

/// Requests sent to Stripe since `day`, that day included.
pub async fn sum_reads(conn: &impl ConnectionTrait, id: Uuid, day: NaiveDate) -> Result<i64, DbErr> {
    use read_count::Column as Count;
    let counts: Vec<i64> = read_count::Entity::find()
        .select_only()
        .column(Count::Reads)
        .filter(Count::IntegrationId.eq(id))
        .filter(Count::Day.gte(day))
        .into_tuple()
        .all(conn)
        .await?;
    Ok(counts.into_iter().sum())
}

/// Invoices paid since `since_ms`, Unix milliseconds.
pub async fn count_paid_invoices(conn: &impl ConnectionTrait, id: Uuid, since_ms: i64) -> Result<u64, DbErr> {
    use contract::Column as Contract;
    contract::Entity::find()
        .filter(Contract::IntegrationId.eq(id))
        .filter(Contract::Source.eq(ContractSource::Invoice))
        .filter(Contract::PaidAt.gte(since_ms))
        .count(conn)
        .await
}

/// The mappings of an integration.
pub async fn list_mappings(conn: &impl ConnectionTrait, id: Uuid) -> Result<Vec<mapping::Model>, DbErr> {
    mapping::Entity::find()
        .filter(mapping::Column::IntegrationId.eq(id))
        .all(conn)
        .await
}

/// Webhooks are noted once a minute at most, milliseconds.
const NOTED_EVERY_MS: i64 = 60_000;

/// Notes that webhooks came: of which integrations, and when, Unix milliseconds.
pub async fn note_webhooks(conn: &impl ConnectionTrait, mut came: Vec<(Uuid, i64)>) -> Result<(), DbErr> {
    came.sort_unstable();
    came.dedup_by_key(|(id, _)| *id);
    for (id, at_ms) in came {
        let stale = Condition::any()
            .add(Column::LastWebhookAt.is_null())
            .add(Column::LastWebhookAt.lt(at_ms - NOTED_EVERY_MS));
        Entity::update_many()
            .col_expr(Column::LastWebhookAt, Expr::value(at_ms))
            .filter(Column::Id.eq(id))
            .filter(stale)
            .exec(conn)
            .await?;
    }
    Ok(())
}

/// When the mappings of some of these objects were last changed, Unix milliseconds.
pub async fn mappings_changed_at(
    conn: &impl ConnectionTrait,
    id: Uuid,
    objects: &[SyncObject],
) -> Result<Option<i64>, DbErr> {
    let mappings = mapping::Entity::find()
        .filter(mapping::Column::IntegrationId.eq(id))
        .filter(mapping::Column::Object.is_in(objects.iter().copied()));
    Ok(mappings.all(conn).await?.into_iter().map(|row| row.updated_at).max())
}
