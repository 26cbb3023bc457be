//! Clients that come from elsewhere: custom fields, edits by hand, matching, erasure.

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
        ddl::run(manager, FIELDS).await?;
        ddl::run(manager, MATCHING).await?;
        ddl::run(manager, ERASURE).await
    }
}

const FIELDS: &str = "
CREATE TABLE custom_field (
    id {uuid} PRIMARY KEY NOT NULL,
    owner {key} NOT NULL,
    key {key} NOT NULL,
    label text NOT NULL,
    field_type text NOT NULL,
    options {json} NOT NULL,
    created_at bigint NOT NULL,
    UNIQUE (owner, key)
);
ALTER TABLE client ADD COLUMN custom_values {json} NOT NULL DEFAULT '{}';
ALTER TABLE client ADD COLUMN edited {json} NOT NULL DEFAULT '[]';
ALTER TABLE product ADD COLUMN custom_values {json} NOT NULL DEFAULT '{}';
CREATE TABLE saved_clients (
    user_id {uuid} NOT NULL,
    idempotency_key {key} NOT NULL,
    digest {bytes} NOT NULL,
    clients {json} NOT NULL,
    created_at bigint NOT NULL,
    PRIMARY KEY (user_id, idempotency_key)
);
CREATE INDEX saved_clients_created_at ON saved_clients (created_at)";

/// Matching looks at clients of origin MANUAL only, and none of those are older than this step.
const MATCHING: &str = "
ALTER TABLE client ADD COLUMN email_key {key};
CREATE INDEX client_email_key ON client (email_key) WHERE email_key IS NOT NULL;
CREATE TABLE unmatched_customer (
    integration_id {uuid} NOT NULL,
    stripe_customer_id {key} NOT NULL,
    email_key {key},
    external_id {key},
    PRIMARY KEY (integration_id, stripe_customer_id)
) {clustered};
CREATE INDEX unmatched_customer_email_key ON unmatched_customer (email_key) WHERE email_key IS NOT NULL;
CREATE INDEX unmatched_customer_external_id ON unmatched_customer (external_id) WHERE external_id IS NOT NULL;
CREATE TABLE client_unlink (
    integration_id {uuid} NOT NULL,
    stripe_customer_id {key} NOT NULL,
    client_id {uuid} NOT NULL,
    created_at bigint NOT NULL,
    PRIMARY KEY (integration_id, stripe_customer_id, client_id)
) {clustered};
CREATE INDEX client_unlink_client ON client_unlink (client_id);
ALTER TABLE integration ADD COLUMN client_matching {json} NOT NULL DEFAULT '[\"STRIPE_ID\"]';
ALTER TABLE integration ADD COLUMN external_id_source text";

const ERASURE: &str = "
CREATE TABLE erased_customer (
    integration_id {uuid} NOT NULL,
    stripe_customer_id {key} NOT NULL,
    client_id {uuid} NOT NULL,
    erased_at bigint NOT NULL,
    scrubbed_at bigint,
    PRIMARY KEY (integration_id, stripe_customer_id)
) {clustered};
CREATE INDEX erased_customer_open ON erased_customer (integration_id) WHERE scrubbed_at IS NULL;
ALTER TABLE integration ADD COLUMN purge_requested_at bigint";
