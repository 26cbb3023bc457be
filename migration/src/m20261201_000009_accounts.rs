//! No account twice, where it is known which one it is.

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
        ddl::run(manager, ACCOUNTS).await
    }
}

/// Two keys that came at once could make two of one account. The younger forgets whose it is, as if its key might not say so, and is
/// stopped with the next object that the older one has.
const ACCOUNTS: &str = "
UPDATE integration SET stripe_account_id = NULL WHERE EXISTS (
    SELECT 1 FROM integration AS older
    WHERE older.stripe_account_id = integration.stripe_account_id AND older.livemode = integration.livemode
        AND (older.created_at, older.id) < (integration.created_at, integration.id)
);
CREATE UNIQUE INDEX integration_account ON integration (livemode, stripe_account_id) WHERE stripe_account_id IS NOT NULL";
