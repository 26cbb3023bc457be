//! From which day on a contract renews another: usage that is billed behind must not make it begin too early.

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
        ddl::run(manager, COLUMN).await?;
        ddl::run(manager, QUEUE).await
    }
}

/// Until they are mapped again, contracts renew from the first day of their terms on, as before.
const COLUMN: &str = "
ALTER TABLE contract ADD COLUMN recurs_from date;
UPDATE contract SET recurs_from = term_start WHERE source = 'INVOICE'";

/// Invoices (4) and subscriptions (5) are mapped again once, from the JSON that was kept.
const QUEUE: &str = "
INSERT INTO remap_queue (integration_id, kind, stripe_id)
    SELECT integration_id, kind, stripe_id FROM source_object WHERE kind IN (4, 5) ON CONFLICT DO NOTHING";
