//! Events and what keeps running by itself: the inbox, the events' lane, webhooks' secrets, runs that rest, errors that are retried.

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
        ddl::run(manager, INBOX).await?;
        ddl::run(manager, INTEGRATIONS).await?;
        ddl::run(manager, RUNS).await
    }
}

/// The events met so far had their effect and stay known by their ids.
const INBOX: &str = "
ALTER TABLE stripe_event RENAME TO stripe_event_met;
CREATE TABLE stripe_event (
    integration_id {uuid} NOT NULL,
    event_id {key} NOT NULL,
    event_type text NOT NULL,
    created bigint NOT NULL,
    came_by text NOT NULL,
    received_at bigint NOT NULL,
    body {bytes},
    applied_at bigint,
    outcome text,
    PRIMARY KEY (integration_id, event_id)
);
INSERT INTO stripe_event (integration_id, event_id, event_type, created, came_by, received_at, applied_at, outcome)
    SELECT integration_id, event_id, event_type, created, 'POLL', applied_at, applied_at, 'APPLIED' FROM stripe_event_met;
DROP TABLE stripe_event_met;
CREATE INDEX stripe_event_waiting ON stripe_event (integration_id, created, event_id) WHERE applied_at IS NULL;
CREATE INDEX stripe_event_full ON stripe_event (applied_at) WHERE body IS NOT NULL AND applied_at IS NOT NULL;
CREATE TABLE event_lane (
    integration_id {uuid} PRIMARY KEY NOT NULL,
    owner {uuid} NOT NULL,
    lease_until bigint NOT NULL,
    fence integer NOT NULL
)";

const INTEGRATIONS: &str = "
ALTER TABLE integration ADD COLUMN webhook_secret {bytes};
ALTER TABLE integration ADD COLUMN webhook_secret_display text;
ALTER TABLE integration ADD COLUMN webhook_secret_before {bytes};
ALTER TABLE integration ADD COLUMN webhook_secret_before_until bigint;
ALTER TABLE integration ADD COLUMN last_webhook_at bigint;
ALTER TABLE integration ADD COLUMN key_problem text;
ALTER TABLE integration ADD COLUMN key_problem_message text;
ALTER TABLE integration ADD COLUMN events_from bigint;
ALTER TABLE integration ADD COLUMN covered_from bigint;
ALTER TABLE integration ADD COLUMN reconcile_schedule text NOT NULL DEFAULT '0 3 * * *';
ALTER TABLE integration ADD COLUMN next_reconcile_at bigint";

const RUNS: &str = "
ALTER TABLE run ADD COLUMN resume_at bigint;
ALTER TABLE run ADD COLUMN rests integer NOT NULL DEFAULT 0;
ALTER TABLE run ADD COLUMN drift bigint;
ALTER TABLE sync_error ADD COLUMN next_retry_at bigint;
CREATE INDEX sync_error_next_retry_at ON sync_error (next_retry_at) WHERE next_retry_at IS NOT NULL";
