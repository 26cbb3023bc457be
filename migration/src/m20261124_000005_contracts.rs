//! What contracts say about money and renewal: status, credit, recurring revenue.

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
        ddl::run(manager, COLUMNS).await?;
        ddl::run(manager, QUEUE).await
    }
}

const COLUMNS: &str = "
ALTER TABLE contract ADD COLUMN fixed_status text;
ALTER TABLE contract ADD COLUMN payment_state text NOT NULL DEFAULT 'NONE';
ALTER TABLE contract ADD COLUMN recurs boolean NOT NULL DEFAULT false;
ALTER TABLE contract ADD COLUMN terminated_date date;
ALTER TABLE contract ADD COLUMN renewal_from date;
ALTER TABLE contract ADD COLUMN auto_renew boolean;
ALTER TABLE contract ADD COLUMN credited bigint NOT NULL DEFAULT 0;
ALTER TABLE contract ADD COLUMN net bigint NOT NULL DEFAULT 0;
ALTER TABLE contract ADD COLUMN mrr bigint NOT NULL DEFAULT 0;
ALTER TABLE contract ADD COLUMN arr bigint NOT NULL DEFAULT 0;
ALTER TABLE contract ADD COLUMN acv bigint NOT NULL DEFAULT 0;
ALTER TABLE contract_line ADD COLUMN mrr bigint NOT NULL DEFAULT 0;
ALTER TABLE run ADD COLUMN monthly_sums {json};
CREATE INDEX contract_subscription ON contract (integration_id, stripe_subscription_id, term_start)
    WHERE stripe_subscription_id IS NOT NULL;
CREATE INDEX contract_next_change_at ON contract (next_change_at) WHERE next_change_at IS NOT NULL";

/// What is here already gets its new columns, and the names that it now has to be found by, from the JSON that was kept: invoices
/// (4), subscriptions (5) and credit notes (7) are mapped again once, without a request to Stripe.
const QUEUE: &str = "
INSERT INTO remap_queue (integration_id, kind, stripe_id)
    SELECT integration_id, kind, stripe_id FROM source_object WHERE kind IN (4, 5, 7) ON CONFLICT DO NOTHING";
