//! A database of its own for each test: an SQLite file, or a database on the PostgreSQL server that `TEST_DATABASE_URL` names.

use std::path::Path;
use std::sync::mpsc::channel;
use std::time::Duration;

use reqwest::Url;
use sea_orm::{ConnectionTrait, Database, DbErr};
use tempfile::TempDir;
use tributary::store::Db;
use tributary::store::db::Address;
use uuid::Uuid;

/// How long a test waits until its database is gone.
const PATIENCE: Duration = Duration::from_secs(5);

/// A fresh database, gone when this is dropped. Opening it migrates it.
pub(crate) struct TestDatabase {
    url: String,
    folder: TempDir,
    on_server: Option<OnServer>,
}

struct OnServer {
    maintenance_url: String,
    name: String,
}

impl TestDatabase {
    /// Makes one.
    pub(crate) async fn create() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let Some(server) = server_url() else {
            let url = format!("sqlite://{}", folder.path().join("tributary.db").display());
            return Self {
                url,
                folder,
                on_server: None,
            };
        };
        let name = format!("tributary_test_{}", Uuid::now_v7().simple());
        execute(server.as_str(), &format!("CREATE DATABASE {name} TEMPLATE template0"))
            .await
            .unwrap();
        let mut url = server.clone();
        url.set_path(&name);
        Self {
            url: url.into(),
            folder,
            on_server: Some(OnServer {
                maintenance_url: server.into(),
                name,
            }),
        }
    }

    /// For `--database-url`.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// The same, read.
    pub(crate) fn address(&self) -> Address {
        Address::parse(&self.url).unwrap()
    }

    /// A folder that lives as long, for key files and the like.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Opens it as the server does.
    pub(crate) async fn open(&self) -> Db {
        Db::open(&self.address()).await.unwrap()
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let Some(OnServer { maintenance_url, name }) = self.on_server.take() else {
            return;
        };
        // A runtime cannot be entered from within another one, and the test's own may be on its way out.
        let (done, dropped) = channel();
        std::thread::spawn(move || {
            let drop_it = || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
                let statement = format!("DROP DATABASE {name} WITH (FORCE)");
                runtime
                    .block_on(execute(&maintenance_url, &statement))
                    .map_err(std::io::Error::other)
            };
            let _nobody_waits = done.send(drop_it());
        });
        // Not for ever: PostgreSQL first waits for whoever sends a result, and the test that reads it may run on this very thread.
        if let Ok(dropped) = dropped.recv_timeout(PATIENCE)
            && !std::thread::panicking()
        {
            dropped.unwrap();
        }
    }
}

/// The tests run on PostgreSQL.
pub(crate) fn on_postgres() -> bool {
    server_url().is_some()
}

#[expect(
    clippy::disallowed_methods,
    reason = "which database to test on is for the tests to know, not for the program"
)]
fn server_url() -> Option<Url> {
    let url = std::env::var("TEST_DATABASE_URL").ok().filter(|url| !url.is_empty())?;
    Some(Url::parse(&url).unwrap())
}

async fn execute(url: &str, statement: &str) -> Result<(), DbErr> {
    let connection = Database::connect(url).await?;
    connection.execute_unprepared(statement).await?;
    connection.close().await
}
