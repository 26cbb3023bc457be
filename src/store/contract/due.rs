//! Subscriptions that time alone changes: a discount begins or ends, a scheduled end comes.

use entity::kind::StripeKind;
use entity::subscription_state::{Column, Entity};
use sea_orm::sea_query::{Expr, Query};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter};

use crate::store::remap_queue;

/// Whether there is anything to queue. Asked of the readers, so that an idle server writes nothing.
pub async fn has_due(conn: &impl ConnectionTrait, now_ms: i64) -> Result<bool, DbErr> {
    let due = Entity::find().filter(Column::NextChangeAt.lte(now_ms.div_euclid(1000)));
    Ok(due.one(conn).await?.is_some())
}

/// Queues what has come due to be mapped again. Mapping sets the next change; one that fails is not due for ever.
pub async fn queue_due(conn: &impl ConnectionTrait, now_ms: i64) -> Result<(), DbErr> {
    let now = now_ms.div_euclid(1000);
    let mut due = Query::select();
    due.column(Column::IntegrationId)
        .expr(Expr::val(StripeKind::Subscription))
        .column(Column::StripeId)
        .from(Entity)
        .and_where(Column::NextChangeAt.lte(now));
    remap_queue::add_selected(conn, due).await?;
    Entity::update_many()
        .col_expr(Column::NextChangeAt, Expr::value(Option::<i64>::None))
        .filter(Column::NextChangeAt.lte(now))
        .exec(conn)
        .await?;
    Ok(())
}
