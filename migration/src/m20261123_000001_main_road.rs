//! The main road: accounts, integrations, source objects, runs, and the three nouns.

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
        ddl::run(manager, ACCOUNTS).await?;
        ddl::run(manager, INTEGRATIONS).await?;
        ddl::run(manager, SOURCES).await?;
        ddl::run(manager, RUNS).await?;
        ddl::run(manager, RECORDS).await
    }
}

const ACCOUNTS: &str = r#"
CREATE TABLE "user" (
    id {uuid} PRIMARY KEY NOT NULL,
    email text NOT NULL,
    email_key {key} NOT NULL UNIQUE,
    name text NOT NULL,
    role text NOT NULL,
    password_hash text NOT NULL,
    enabled boolean NOT NULL,
    created_at bigint NOT NULL,
    last_sign_in_at bigint
);
CREATE TABLE session (
    id {uuid} PRIMARY KEY NOT NULL,
    user_id {uuid} NOT NULL,
    secret_hash {bytes} NOT NULL UNIQUE,
    created_at bigint NOT NULL,
    last_seen_at bigint NOT NULL,
    expires_at bigint NOT NULL,
    ip text,
    user_agent text
);
CREATE INDEX session_of_user ON session (user_id);
CREATE TABLE api_token (
    id {uuid} PRIMARY KEY NOT NULL,
    user_id {uuid} NOT NULL,
    name text NOT NULL,
    display text NOT NULL,
    secret_hash {bytes} NOT NULL UNIQUE,
    scope text NOT NULL,
    idempotency_key {key},
    created_at bigint NOT NULL,
    last_used_at bigint,
    expires_at bigint,
    revoked_at bigint,
    UNIQUE (user_id, idempotency_key)
)"#;

const INTEGRATIONS: &str = "
CREATE TABLE integration (
    id {uuid} PRIMARY KEY NOT NULL,
    stripe_account_id {key},
    name text NOT NULL,
    timezone text,
    livemode boolean NOT NULL,
    key_sealed {bytes},
    key_display text,
    key_rotated_at bigint,
    permissions {json} NOT NULL,
    sync_enabled boolean NOT NULL,
    settings_version integer NOT NULL,
    contract_sources {json} NOT NULL,
    invoice_lookback_days integer NOT NULL,
    poll_interval_seconds integer,
    import_zero_amount_invoices boolean NOT NULL,
    max_requests_per_second integer,
    event_watermark bigint,
    next_poll_at bigint,
    last_success_at bigint,
    created_at bigint NOT NULL
);
CREATE TABLE mapping (
    integration_id {uuid} NOT NULL,
    object {key} NOT NULL,
    version integer NOT NULL,
    direction text NOT NULL,
    rules {json} NOT NULL,
    updated_at bigint NOT NULL,
    updated_by {uuid},
    PRIMARY KEY (integration_id, object)
);
CREATE TABLE read_count (
    integration_id {uuid} NOT NULL,
    day date NOT NULL,
    reads bigint NOT NULL,
    PRIMARY KEY (integration_id, day)
)";

const SOURCES: &str = "
CREATE TABLE source_object (
    integration_id {uuid} NOT NULL,
    kind smallint NOT NULL,
    stripe_id {key} NOT NULL,
    body {bytes} NOT NULL,
    digest {bytes} NOT NULL,
    seen_min bigint NOT NULL,
    seen_max bigint NOT NULL,
    deleted boolean NOT NULL,
    state smallint NOT NULL,
    reason text,
    map_stamp bigint NOT NULL,
    recurring_of {key},
    PRIMARY KEY (integration_id, kind, stripe_id)
);
CREATE INDEX source_object_recurring_of ON source_object (integration_id, recurring_of) WHERE recurring_of IS NOT NULL;
CREATE TABLE source_ref (
    integration_id {uuid} NOT NULL,
    from_kind smallint NOT NULL,
    from_id {key} NOT NULL,
    to_kind smallint NOT NULL,
    to_id {key} NOT NULL,
    PRIMARY KEY (integration_id, from_kind, from_id, to_kind, to_id)
) {clustered};
CREATE INDEX source_ref_to ON source_ref (integration_id, to_kind, to_id);
CREATE TABLE remap_queue (
    integration_id {uuid} NOT NULL,
    kind smallint NOT NULL,
    stripe_id {key} NOT NULL,
    PRIMARY KEY (integration_id, kind, stripe_id)
) {clustered};
CREATE TABLE stripe_event (
    integration_id {uuid} NOT NULL,
    event_id {key} NOT NULL,
    event_type text NOT NULL,
    created bigint NOT NULL,
    applied_at bigint NOT NULL,
    PRIMARY KEY (integration_id, event_id)
) {clustered};
CREATE INDEX stripe_event_created ON stripe_event (integration_id, created)";

const RUNS: &str = "
CREATE TABLE run (
    id {uuid} PRIMARY KEY NOT NULL,
    integration_id {uuid} NOT NULL,
    kind {key} NOT NULL,
    trigger text NOT NULL,
    state {key} NOT NULL,
    objects {json} NOT NULL,
    started_by {uuid},
    idempotency_key {key},
    queued_at bigint NOT NULL,
    started_at bigint,
    finished_at bigint,
    phases {json} NOT NULL,
    checkpoint text,
    stripe_requests bigint NOT NULL,
    failure_code text,
    failure_message text,
    import_slot {uuid} UNIQUE,
    lease_owner {uuid},
    lease_until bigint,
    fence integer NOT NULL,
    UNIQUE (integration_id, idempotency_key)
);
CREATE INDEX run_queued_at ON run (queued_at, id);
CREATE INDEX run_open ON run (state, queued_at) WHERE finished_at IS NULL;
CREATE TABLE sync_error (
    id {uuid} PRIMARY KEY NOT NULL,
    integration_id {uuid} NOT NULL,
    run_id {uuid},
    kind smallint NOT NULL,
    stripe_id {key} NOT NULL,
    code {key} NOT NULL,
    message text NOT NULL,
    hint text,
    attempts integer NOT NULL,
    first_at bigint NOT NULL,
    last_at bigint NOT NULL,
    resolved_at bigint,
    UNIQUE (integration_id, kind, stripe_id)
);
CREATE INDEX sync_error_last_at ON sync_error (last_at, id);
CREATE INDEX sync_error_run ON sync_error (run_id)";

const RECORDS: &str = "
CREATE TABLE client (
    id {uuid} PRIMARY KEY NOT NULL,
    origin text NOT NULL,
    name text NOT NULL,
    name_key {key} NOT NULL,
    search_key {key} NOT NULL,
    status text NOT NULL,
    email text,
    phone text,
    site_url text,
    external_id {key},
    address_line1 text,
    address_line2 text,
    address_city text,
    address_state text,
    address_postal_code text,
    address_country text,
    currency text,
    inception_date date,
    deleted_in_stripe boolean NOT NULL,
    warnings {json} NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL
);
CREATE INDEX client_name ON client (name_key, id);
CREATE INDEX client_created_at ON client (created_at, id);
CREATE INDEX client_updated_at ON client (updated_at, id);
CREATE INDEX client_external_id ON client (external_id);
CREATE TABLE client_link (
    integration_id {uuid} NOT NULL,
    stripe_customer_id {key} NOT NULL,
    client_id {uuid} NOT NULL,
    linked_by text NOT NULL,
    deleted_in_stripe boolean NOT NULL,
    created_at bigint NOT NULL,
    PRIMARY KEY (integration_id, stripe_customer_id)
);
CREATE INDEX client_link_client ON client_link (client_id);
CREATE TABLE product (
    id {uuid} PRIMARY KEY NOT NULL,
    integration_id {uuid} NOT NULL,
    stripe_id {key} NOT NULL,
    name text NOT NULL,
    name_key {key} NOT NULL,
    search_key {key} NOT NULL,
    description text,
    sku text,
    active boolean NOT NULL,
    recurring boolean NOT NULL,
    deleted_in_stripe boolean NOT NULL,
    warnings {json} NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    UNIQUE (integration_id, stripe_id)
);
CREATE INDEX product_name ON product (name_key, id);
CREATE INDEX product_created_at ON product (created_at, id);
CREATE INDEX product_updated_at ON product (updated_at, id);
CREATE TABLE contract (
    id {uuid} PRIMARY KEY NOT NULL,
    integration_id {uuid} NOT NULL,
    source {key} NOT NULL,
    stripe_id {key} NOT NULL,
    source_status text NOT NULL,
    number text,
    name text NOT NULL,
    search_key {key} NOT NULL,
    stripe_customer_id {key},
    stripe_subscription_id {key},
    paid_at bigint,
    booking_date date NOT NULL,
    term_start date,
    term_end date,
    currency {key} NOT NULL,
    subtotal bigint NOT NULL,
    discount bigint NOT NULL,
    shipping bigint NOT NULL,
    tax bigint NOT NULL,
    total bigint NOT NULL,
    amount_paid bigint NOT NULL,
    reconcile_delta bigint,
    reconciled boolean NOT NULL,
    next_change_at bigint,
    deleted_in_stripe boolean NOT NULL,
    warnings {json} NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    UNIQUE (integration_id, source, stripe_id)
);
CREATE INDEX contract_customer ON contract (integration_id, stripe_customer_id);
CREATE INDEX contract_booking_date ON contract (booking_date, id);
CREATE INDEX contract_term_end ON contract (COALESCE(term_end, '9999-12-31'), id);
CREATE INDEX contract_total ON contract (total, id);
CREATE INDEX contract_created_at ON contract (created_at, id);
CREATE INDEX contract_updated_at ON contract (updated_at, id);
CREATE TABLE contract_line (
    id {uuid} PRIMARY KEY NOT NULL,
    contract_id {uuid} NOT NULL,
    integration_id {uuid} NOT NULL,
    stripe_id {key} NOT NULL,
    line_number integer NOT NULL,
    stripe_product_id {key},
    product_name text,
    stripe_price_id {key},
    description text,
    quantity text,
    unit_price text,
    gross bigint NOT NULL,
    discount bigint NOT NULL,
    tax bigint NOT NULL,
    net bigint NOT NULL,
    kind text NOT NULL,
    period_start bigint,
    period_end bigint,
    UNIQUE (contract_id, stripe_id)
);
CREATE INDEX contract_line_product ON contract_line (integration_id, stripe_product_id)";
