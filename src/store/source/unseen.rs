//! Which of them were not seen lately: Stripe may have deleted them.

use entity::kind::{ContractSource, RecordState, StripeKind};
use entity::source_object::{Column, Entity};
use entity::{contract, source_ref};
use sea_orm::sea_query::Query;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
};
use uuid::Uuid;

/// Objects that were not seen lately.
#[derive(Debug, Clone, Copy)]
pub struct Unseen {
    /// The connected account.
    pub integration_id: Uuid,
    /// Of this kind.
    pub kind: StripeKind,
    /// Last seen before, Unix milliseconds.
    pub before_ms: i64,
    /// Of invoices: those whose contracts were paid since, Unix milliseconds, where invoices are listed. Older ones are in no list. Beside
    /// them only those that a subscription names as its latest and that make no contract.
    pub paid_from_ms: Option<i64>,
}

/// A page of objects that Stripe may have deleted since they were seen, in the order of their ids.
pub async fn list_unseen(
    conn: &impl ConnectionTrait,
    unseen: &Unseen,
    after: &str,
    limit: u64,
) -> Result<Vec<String>, DbErr> {
    let mut paid = Query::select();
    paid.column(contract::Column::StripeId)
        .from(contract::Entity)
        .and_where(contract::Column::IntegrationId.eq(unseen.integration_id))
        .and_where(contract::Column::Source.eq(ContractSource::Invoice))
        .and_where(contract::Column::PaidAt.gte(unseen.paid_from_ms.unwrap_or(i64::MAX)));
    let mut latest = Query::select();
    latest
        .column(source_ref::Column::ToId)
        .from(source_ref::Entity)
        .and_where(source_ref::Column::IntegrationId.eq(unseen.integration_id))
        .and_where(source_ref::Column::ToKind.eq(StripeKind::Invoice))
        .and_where(source_ref::Column::FromKind.eq(StripeKind::Subscription));
    let belongs = Condition::any().add(Column::StripeId.in_subquery(paid)).add(
        Condition::all()
            .add(Column::State.eq(RecordState::Skipped))
            .add(Column::StripeId.in_subquery(latest)),
    );
    Entity::find()
        .select_only()
        .column(Column::StripeId)
        .filter(Column::IntegrationId.eq(unseen.integration_id))
        .filter(Column::Kind.eq(unseen.kind))
        .filter(Column::Deleted.eq(false))
        .filter(Column::SeenMax.lt(unseen.before_ms))
        .filter(Column::StripeId.gt(after))
        .apply_if(
            (unseen.kind == StripeKind::Invoice).then_some(belongs),
            QueryFilter::filter,
        )
        .order_by_asc(Column::StripeId)
        .limit(limit)
        .into_tuple()
        .all(conn)
        .await
}
