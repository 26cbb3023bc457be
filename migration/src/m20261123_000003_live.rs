//! What changed, for those who watch: which records each batch made or changed, numbered in the order of the commits.

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
        ddl::run(manager, CHANGES).await
    }
}

const CHANGES: &str = "
CREATE TABLE record_change (
    integration_id {uuid} NOT NULL,
    seq bigint NOT NULL,
    object {key} NOT NULL,
    at bigint NOT NULL,
    created {json} NOT NULL,
    updated {json} NOT NULL,
    PRIMARY KEY (integration_id, seq, object)
);
CREATE INDEX record_change_at ON record_change (at);
CREATE TABLE record_change_counter (
    integration_id {uuid} PRIMARY KEY NOT NULL,
    seq bigint NOT NULL
)";
