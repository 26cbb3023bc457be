//! Whose turn it is to write: one transaction at a time writes what was read of an integration.

use sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement};
use uuid::Uuid;

/// Lets one transaction at a time write what was read of an integration, so that what it finds stored stays so until it has
/// written. SQLite has one writer anyway.
pub async fn take(conn: &impl ConnectionTrait, integration_id: Uuid) -> Result<(), DbErr> {
    let (_, low) = integration_id.as_u64_pair();
    wait_for(conn, i64::from_be_bytes(low.to_be_bytes())).await
}

/// The same for what belongs to no integration: clients, and the fields that an admin has added.
pub async fn take_common(conn: &impl ConnectionTrait) -> Result<(), DbErr> {
    take(conn, Uuid::nil()).await
}

/// Lets one transaction at a time decide whether a key is of an account that is here.
pub async fn take_connecting(conn: &impl ConnectionTrait) -> Result<(), DbErr> {
    wait_for(conn, 1).await
}

/// Lets one transaction at a time write objects of integrations that may be of one account. To be taken after the integration's own.
pub async fn take_maybe_same(conn: &impl ConnectionTrait) -> Result<(), DbErr> {
    wait_for(conn, 2).await
}

async fn wait_for(conn: &impl ConnectionTrait, turn: i64) -> Result<(), DbErr> {
    if conn.get_database_backend() != DbBackend::Postgres {
        return Ok(());
    }
    conn.execute_raw(Statement::from_sql_and_values(
        DbBackend::Postgres,
        "SELECT pg_advisory_xact_lock($1)",
        [turn.into()],
    ))
    .await?;
    Ok(())
}
