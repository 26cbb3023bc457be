//! The row that the readiness check writes.

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
        for step in [
            "CREATE TABLE write_check (id integer PRIMARY KEY, checked_at bigint NOT NULL)",
            "INSERT INTO write_check (id, checked_at) VALUES (1, 0)",
        ] {
            ddl::run(manager, step).await?;
        }
        Ok(())
    }
}
