//! Of what failed to be read: whether it belongs here whatever the window says.

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
        ddl::run(
            manager,
            "ALTER TABLE sync_error ADD COLUMN brought_in boolean NOT NULL DEFAULT false",
        )
        .await
    }
}
