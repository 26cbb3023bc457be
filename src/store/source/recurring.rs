//! Which prices make which products recurring.

use entity::kind::StripeKind;
use entity::source_object::{Column, Entity};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QuerySelect};
use uuid::Uuid;

/// Those of `products` that have an active recurring price.
pub async fn find_recurring_products(
    conn: &impl ConnectionTrait,
    integration_id: Uuid,
    products: Vec<&str>,
) -> Result<Vec<String>, DbErr> {
    Entity::find()
        .select_only()
        .column(Column::RecurringOf)
        .distinct()
        .filter(Column::IntegrationId.eq(integration_id))
        .filter(Column::RecurringOf.is_in(products))
        .into_tuple()
        .all(conn)
        .await
}

/// The products that these prices make recurring.
pub async fn find_products_of_prices(
    conn: &impl ConnectionTrait,
    integration_id: Uuid,
    prices: Vec<&str>,
) -> Result<Vec<String>, DbErr> {
    if prices.is_empty() {
        return Ok(Vec::new());
    }
    Entity::find()
        .select_only()
        .column(Column::RecurringOf)
        .filter(Column::IntegrationId.eq(integration_id))
        .filter(Column::Kind.eq(StripeKind::Price))
        .filter(Column::StripeId.is_in(prices))
        .filter(Column::RecurringOf.is_not_null())
        .into_tuple()
        .all(conn)
        .await
}
