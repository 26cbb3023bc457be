//! What discounts take off, kept with the discount, and the currencies that subscriptions are billed in.

use sea_orm_migration::prelude::*;

use crate::ddl;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[expect(
    elided_lifetimes_in_paths,
    reason = "async_trait takes a written lifetime for one of its own"
)]
#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        ddl::run(manager, TERMS).await
    }
}

const TERMS: &str = "
CREATE TABLE discount_terms (
    integration_id {uuid} NOT NULL,
    discount_id {key} NOT NULL,
    coupon_id {key} NOT NULL,
    body {bytes} NOT NULL,
    PRIMARY KEY (integration_id, discount_id, coupon_id)
) {clustered};
CREATE TABLE billing_currency (
    integration_id {uuid} NOT NULL,
    currency {key} NOT NULL,
    PRIMARY KEY (integration_id, currency)
) {clustered}";
