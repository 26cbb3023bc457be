//! Clients from CSV files and as one, by the program itself.

use std::collections::BTreeMap;
use std::path::Path;

use entity::{client, client_link, custom_field};
use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel, QueryOrder};
use tributary::graphql::id::IdType;
use tributary::store::Db;
use uuid::Uuid;

use crate::settings::support::{insert_into, ready};
use crate::support::{TestDatabase, program};

mod beside;
mod file;
mod import;
mod line;
mod road;
mod round;

/// What a command told.
#[derive(Debug)]
struct Told {
    code: Option<i32>,
    stdout: Vec<u8>,
    stderr: String,
}

impl Told {
    /// The report: line, outcome, client, problem.
    fn report(&self) -> Vec<[String; 4]> {
        let mut rows = ::csv::ReaderBuilder::new()
            .has_headers(false)
            .from_reader(&*self.stdout);
        let mut rows = rows.records().map(|row| {
            let cells: Vec<String> = row.unwrap().iter().map(str::to_owned).collect();
            <[String; 4]>::try_from(cells).unwrap()
        });
        assert_eq!(
            rows.next().unwrap(),
            ["line", "outcome", "client", "problem"],
            "{self:?}"
        );
        rows.collect()
    }

    /// Lines and outcomes.
    fn outcomes(&self) -> Vec<(u64, String)> {
        let report = self.report().into_iter();
        report
            .map(|[line, outcome, _, _]| (line.parse().unwrap(), outcome))
            .collect()
    }

    /// How many lines came to each outcome.
    fn counts(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for (_, outcome) in self.outcomes() {
            *counts.entry(outcome).or_default() += 1;
        }
        counts
    }

    /// The problem of a line.
    fn problem(&self, line: u64) -> String {
        let report = self.report().into_iter();
        let mut of_line = report.filter(|row| row[0] == line.to_string());
        of_line.next().unwrap_or_else(|| panic!("{self:?}"))[3].clone()
    }
}

/// Runs `tributary clients` with `args`.
fn clients(folder: &Path, url: &str, args: &[&str]) -> Told {
    let args = [&["clients"], args, &["--database-url", url]].concat();
    let output = program::command(folder, &args)
        .stdout(std::process::Stdio::piped())
        .output()
        .unwrap();
    Told {
        code: output.status.code(),
        stdout: output.stdout,
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Imports a file with these bytes.
fn import_bytes(database: &TestDatabase, bytes: &[u8], args: &[&str]) -> Told {
    std::fs::write(database.folder().join("clients.csv"), bytes).unwrap();
    let args = [&["import", "clients.csv"], args].concat();
    clients(database.folder(), database.url(), &args)
}

/// Imports a file with this text.
fn import(database: &TestDatabase, text: &str, args: &[&str]) -> Told {
    import_bytes(database, text.as_bytes(), args)
}

/// Imports a file in which nothing is wrong.
fn import_well(database: &TestDatabase, text: &str, args: &[&str]) -> Told {
    let told = import(database, text, args);
    assert_eq!(told.code, Some(0), "{told:?}");
    told
}

/// All clients as CSV.
fn export(database: &TestDatabase) -> Vec<u8> {
    let told = clients(database.folder(), database.url(), &["export"]);
    assert_eq!(told.code, Some(0), "{told:?}");
    told.stdout
}

/// All clients with all that is kept of them, and whose customers they are.
async fn everything(db: &Db) -> (Vec<client::Model>, Vec<client_link::Model>) {
    let clients = client::Entity::find().order_by_asc(client::Column::Id);
    let links = client_link::Entity::find()
        .order_by_asc(client_link::Column::IntegrationId)
        .order_by_asc(client_link::Column::StripeCustomerId);
    (
        clients.all(db.read()).await.unwrap(),
        links.all(db.read()).await.unwrap(),
    )
}

/// The one client of a name.
async fn named(db: &Db, name: &str) -> client::Model {
    let (clients, _) = everything(db).await;
    let mut found = clients.into_iter().filter(|client| client.name == name);
    let one = found.next().unwrap_or_else(|| panic!("there is no {name:?}"));
    assert_eq!(found.next(), None, "there are several {name:?}");
    one
}

/// Stores an account that is connected; gives its id and the global one.
async fn connect(db: &Db) -> (Uuid, String) {
    let row = ready();
    (row.id, insert_into(db, row).await)
}

async fn insert_fields(db: &Db, fields: Vec<custom_field::Model>) {
    for field in fields {
        field.into_active_model().reset_all().insert(db.write()).await.unwrap();
    }
}

fn id_of(client: &client::Model) -> String {
    IdType::Client.encode(client.id).to_string()
}
