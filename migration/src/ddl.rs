//! One text for two databases: `{word}` stands for what SQLite and PostgreSQL spell differently.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

/// word, SQLite, PostgreSQL.
///
/// `{key}` is text that is compared or sorted: byte by byte on both, whatever the database's own collation.
const WORDS: [(&str, &str, &str); 5] = [
    ("{uuid}", "blob", "uuid"),
    ("{bytes}", "blob", "bytea"),
    ("{key}", "text", "text COLLATE \"C\""),
    ("{json}", "text", "jsonb"),
    ("{clustered}", "WITHOUT ROWID", ""),
];

/// Runs the statements of `text`, separated by semicolons.
pub(crate) async fn run(manager: &SchemaManager<'_>, text: &str) -> Result<(), DbErr> {
    let postgres = manager.get_database_backend() == DbBackend::Postgres;
    let filled = WORDS.iter().fold(text.to_owned(), |sql, (word, sqlite, postgresql)| {
        sql.replace(word, if postgres { postgresql } else { sqlite })
    });
    for statement in filled
        .split(';')
        .map(str::trim)
        .filter(|statement| !statement.is_empty())
    {
        manager.get_connection().execute_unprepared(statement).await?;
    }
    Ok(())
}
