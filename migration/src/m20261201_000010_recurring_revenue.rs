//! Recurring revenue by time, what invoices say about it, and the settings that it is reckoned by.

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
        for statements in [TABLES, COLUMNS, SETTINGS, QUEUE] {
            ddl::run(manager, statements).await?;
        }
        Ok(())
    }
}

const TABLES: &str = "
CREATE TABLE recurring_revenue (
    integration_id {uuid} NOT NULL,
    source_id {key} NOT NULL,
    item_id {key} NOT NULL,
    from_at bigint NOT NULL,
    until_at bigint NOT NULL,
    basis smallint NOT NULL,
    stripe_customer_id {key},
    stripe_product_id {key},
    currency {key} NOT NULL,
    numerator bigint NOT NULL,
    denominator bigint NOT NULL,
    cause smallint NOT NULL,
    told_at bigint NOT NULL,
    PRIMARY KEY (integration_id, source_id, item_id, from_at)
) {clustered};
CREATE INDEX recurring_revenue_sums ON recurring_revenue
    (integration_id, basis, currency, denominator, until_at, from_at, numerator);
CREATE INDEX recurring_revenue_customer ON recurring_revenue (integration_id, stripe_customer_id);
CREATE TABLE subscription_state (
    integration_id {uuid} NOT NULL,
    stripe_id {key} NOT NULL,
    from_at bigint NOT NULL,
    until_at bigint NOT NULL,
    status text NOT NULL,
    invoice_status text NOT NULL,
    period_until bigint,
    next_change_at bigint,
    awaited_at bigint,
    is_pending boolean NOT NULL,
    PRIMARY KEY (integration_id, stripe_id, from_at)
) {clustered};
CREATE INDEX subscription_state_next_change_at ON subscription_state (next_change_at) WHERE next_change_at IS NOT NULL";

const COLUMNS: &str = "
ALTER TABLE contract ADD COLUMN issued_at bigint NOT NULL DEFAULT 0;
ALTER TABLE contract ADD COLUMN fixed_reason text;
ALTER TABLE contract ADD COLUMN left_on date;
ALTER TABLE contract ADD COLUMN left_as text;
ALTER TABLE contract ADD COLUMN removed_on date;
ALTER TABLE contract ADD COLUMN renewed_by {key};
DROP INDEX contract_next_change_at;
ALTER TABLE contract DROP COLUMN next_change_at;
CREATE INDEX contract_renewed_by ON contract (integration_id, renewed_by) WHERE renewed_by IS NOT NULL;
ALTER TABLE contract_line ADD COLUMN item_id {key} NOT NULL DEFAULT '';
ALTER TABLE contract_line ADD COLUMN span smallint;
ALTER TABLE contract_line ADD COLUMN monthly_numerator bigint NOT NULL DEFAULT 0;
ALTER TABLE contract_line ADD COLUMN monthly_denominator bigint NOT NULL DEFAULT 1";

/// What is here keeps the days that it had; integrations that are connected from now on get the account's own.
const SETTINGS: &str = "
ALTER TABLE integration ADD COLUMN days text NOT NULL DEFAULT 'UTC';
ALTER TABLE integration ADD COLUMN repeating_discounts_in_mrr text NOT NULL DEFAULT 'WHILE_RUNNING';
ALTER TABLE integration ADD COLUMN once_discounts_in_mrr text NOT NULL DEFAULT 'NEVER';
ALTER TABLE integration ADD COLUMN past_due_counts_for_days integer;
ALTER TABLE integration ADD COLUMN churn_at text NOT NULL DEFAULT 'END';
ALTER TABLE integration ADD COLUMN count_open_invoices text NOT NULL DEFAULT 'PAID'";

/// Invoices (4) and subscriptions (5) are mapped again once, from the JSON that was kept.
const QUEUE: &str = "
INSERT INTO remap_queue (integration_id, kind, stripe_id)
    SELECT integration_id, kind, stripe_id FROM source_object WHERE kind IN (4, 5) ON CONFLICT DO NOTHING";
