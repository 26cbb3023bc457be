//! What discounts take off, kept with the discount.

use std::collections::{BTreeMap, HashMap};

use entity::discount_terms::{ActiveModel, Column, Entity};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, Set};
use serde_json::Value;
use uuid::Uuid;

use super::CHUNK;
use super::source::{pack, unpack};
use super::upsert::upsert_all;

/// A discount and the coupon that it was given by, by their Stripe ids.
pub type TermsKey = (String, String);

/// The coupons of the given discounts, as they were.
pub async fn find(
    conn: &impl ConnectionTrait,
    integration_id: Uuid,
    discounts: Vec<&str>,
) -> Result<HashMap<TermsKey, Value>, DbErr> {
    let mut found = HashMap::new();
    for ids in discounts.chunks(CHUNK) {
        let those = Entity::find()
            .filter(Column::IntegrationId.eq(integration_id))
            .filter(Column::DiscountId.is_in(ids.iter().copied()));
        for row in those.all(conn).await? {
            found.insert((row.discount_id, row.coupon_id), unpack(&row.body)?);
        }
    }
    Ok(found)
}

/// Keeps coupons with the discounts that were given by them.
pub async fn keep(
    conn: &impl ConnectionTrait,
    integration_id: Uuid,
    terms: BTreeMap<TermsKey, Value>,
) -> Result<(), DbErr> {
    let rows = terms.into_iter().map(|((discount_id, coupon_id), coupon)| ActiveModel {
        integration_id: Set(integration_id),
        discount_id: Set(discount_id),
        coupon_id: Set(coupon_id),
        body: Set(pack(&coupon)),
    });
    let key = [Column::IntegrationId, Column::DiscountId, Column::CouponId];
    upsert_all(conn, rows.collect(), &key, &[]).await
}
