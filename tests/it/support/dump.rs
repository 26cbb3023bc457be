//! Everything that is in a database, to be compared.

use std::collections::BTreeMap;

use sea_orm::{ConnectionTrait, DbBackend, Statement};
use tributary::store::Db;

/// The rows of each table, as text and in one order.
pub(crate) async fn dump(db: &Db) -> BTreeMap<String, Vec<String>> {
    let is_postgres = db.is_postgres();
    let tables = if is_postgres {
        "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public'"
    } else {
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    };
    let mut all = BTreeMap::new();
    for table in texts(db, tables).await {
        let row = if is_postgres {
            "to_jsonb(t)::text".to_owned()
        } else {
            let columns = texts(db, &format!("SELECT name FROM pragma_table_info('{table}')")).await;
            let columns: Vec<String> = columns.iter().map(|column| format!("quote(\"{column}\")")).collect();
            columns.join(" || ', ' || ")
        };
        let rows = texts(db, &format!("SELECT {row} AS name FROM \"{table}\" AS t ORDER BY 1")).await;
        all.insert(table, rows);
    }
    all
}

async fn texts(db: &Db, sql: &str) -> Vec<String> {
    let backend = if db.is_postgres() {
        DbBackend::Postgres
    } else {
        DbBackend::Sqlite
    };
    let rows = db
        .read()
        .query_all_raw(Statement::from_string(backend, sql))
        .await
        .unwrap();
    rows.iter().map(|row| row.try_get("", "name").unwrap()).collect()
}
