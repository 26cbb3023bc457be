//! What is given back: to clients kept by hand what they held before Stripe wrote, and to customers what they had paid.

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
        ddl::run(manager, BY_HAND).await?;
        ddl::run(manager, REFUNDS).await
    }
}

const BY_HAND: &str = "
ALTER TABLE client ADD COLUMN held_before {json} NOT NULL DEFAULT '{}'";

/// The index holds all that revenue adds up of contracts.
const REFUNDS: &str = "
ALTER TABLE contract ADD COLUMN refunded bigint NOT NULL DEFAULT 0;
CREATE INDEX contract_sums ON contract
    (source, integration_id, currency, booking_date, fixed_reason, terminated_date, total, net, refunded)";
