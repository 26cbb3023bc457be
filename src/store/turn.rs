//! Whose turn it is to write: one transaction at a time writes what was read of an integration.

use sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement};
use uuid::Uuid;

/// Lets one transaction at a time write what was read of an integration, so that what it finds stored stays so until it has
/// written. SQLite has one writer anyway.
pub async fn take(conn: &impl ConnectionTrait, integration_id: Uuid) -> Result<(), DbErr> {
    if conn.get_database_backend() != DbBackend::Postgres {
        return Ok(());
    }
    let (_, low) = integration_id.as_u64_pair();
    let turn = i64::from_be_bytes(low.to_be_bytes());
    conn.execute_raw(Statement::from_sql_and_values(
        DbBackend::Postgres,
        "SELECT pg_advisory_xact_lock($1)",
        [turn.into()],
    ))
    .await?;
    Ok(())
}

/// The same for what belongs to no integration: clients, and the fields that an admin has added.
pub async fn take_common(conn: &impl ConnectionTrait) -> Result<(), DbErr> {
    take(conn, Uuid::nil()).await
}
