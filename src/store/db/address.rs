//! Where a database is, as `--database-url` says it. A password may stand in that: nothing here shows it whole, and what cannot be
//! read is not repeated.

use std::fmt;
use std::path::{Path, PathBuf};

use percent_encoding::percent_decode_str;
use sea_orm::sqlx::postgres::PgConnectOptions;
use url::{Url, form_urlencoded};

const FORM: &str = "give sqlite://<file> or postgres://<user>:<password>@<host>/<database>";
const POSTGRES_FORM: &str = "it cannot be read; give postgres://<user>:<password>@<host>:<port>/<database>, and write signs such as / ? # @ % \
     of a user or password with their percent codes (/ is %2F, ? is %3F, # is %23, @ is %40, % is %25)";
const SQLITE_MODES: &str = "the parameter `mode` is rwc, which makes the file where there is none and goes without saying, or rw, by which it has to be \
     there: the server works on a file, and writes";

/// The parameters of a PostgreSQL address that have an effect here.
const POSTGRES_PARAMETERS: [&str; 18] = [
    "application_name",
    "dbname",
    "host",
    "hostaddr",
    "options",
    "password",
    "port",
    "ssl-ca",
    "ssl-cert",
    "ssl-key",
    "ssl-mode",
    "ssl-root-cert",
    "sslcert",
    "sslkey",
    "sslmode",
    "sslrootcert",
    "statement-cache-capacity",
    "user",
];
const SQLITE_PARAMETERS: [&str; 1] = ["mode"];
/// Letters of a parameter's name that a message shows.
const SHOWN: usize = 40;

/// Where a database is. Debug shows neither user nor password.
#[derive(Clone)]
pub struct Address(pub(super) Place);

/// Where it is, by what it is.
#[derive(Clone)]
pub(super) enum Place {
    Sqlite(NamedFile),
    Postgres(Box<PgConnectOptions>),
}

/// The file of an SQLite database as an address names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NamedFile {
    pub(super) path: PathBuf,
    /// It is made where there is none.
    pub(super) is_made: bool,
    /// What versions before took for its name, where that is another one.
    pub(super) before: Option<PathBuf>,
}

impl NamedFile {
    pub(super) fn new(path: PathBuf) -> Self {
        Self {
            path,
            is_made: true,
            before: None,
        }
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Place::Sqlite(file) => write!(f, "Address(SQLite {})", file.path.display()),
            Place::Postgres(server) => write!(f, "Address({})", shown(server)),
        }
    }
}

impl Address {
    /// Reads an address; the reason why it is none names at most a parameter.
    pub fn parse(text: &str) -> Result<Self, String> {
        if let Some(file) = text.strip_prefix("sqlite:") {
            return Ok(Self(Place::Sqlite(sqlite(file)?)));
        }
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return Ok(Self(Place::Postgres(Box::new(postgres(text)?))));
        }
        Err(FORM.to_owned())
    }

    /// The address of an SQLite file, whatever signs are in its name.
    pub fn of_file(file: &Path) -> Self {
        Self(Place::Sqlite(NamedFile::new(file.to_owned())))
    }
}

/// Where a PostgreSQL server is, for messages.
pub(super) fn shown(server: &PgConnectOptions) -> String {
    let port = server.get_port();
    match server.get_socket() {
        Some(folder) => format!("PostgreSQL at {}/.s.PGSQL.{port}", folder.display()),
        None => format!("PostgreSQL at {}:{port}", server.get_host()),
    }
}

fn sqlite(text: &str) -> Result<NamedFile, String> {
    let text = text.strip_prefix("//").unwrap_or(text);
    let (name, query) = text.split_once('?').unwrap_or((text, ""));
    let mut is_made = true;
    for (parameter, value) in form_urlencoded::parse(query.as_bytes()) {
        is_made = match (&*parameter, &*value) {
            ("mode", "rwc") => true,
            ("mode", "rw") => false,
            ("mode", _) => return Err(SQLITE_MODES.to_owned()),
            (other, _) => return Err(no_such(other, &SQLITE_PARAMETERS)),
        };
    }
    let name = percent_decode_str(name).decode_utf8();
    let name = name.map_err(|_error| "the file's name is not UTF-8".to_owned())?;
    if name.is_empty() {
        return Err("it names no file; give sqlite://<file>".to_owned());
    }
    Ok(NamedFile {
        is_made,
        before: (name != text).then(|| PathBuf::from(text)),
        path: PathBuf::from(&*name),
    })
}

/// A sign of a password that is not escaped ends the host where nobody meant it to: the `@` is then found in what follows. A name or
/// value from there must not be shown.
fn postgres(text: &str) -> Result<PgConnectOptions, String> {
    let misread = || POSTGRES_FORM.to_owned();
    let url = Url::parse(text).map_err(|_error| misread())?;
    let (database, query) = (url.path().trim_start_matches('/'), url.query().unwrap_or_default());
    if url.fragment().is_some() || database.contains(['/', '@']) || query.contains('@') {
        return Err(misread());
    }
    for (parameter, value) in url.query_pairs() {
        let is_option = parameter.starts_with("options[") && parameter.ends_with(']');
        if !is_option && !POSTGRES_PARAMETERS.contains(&&*parameter) {
            return Err(no_such(&parameter, &POSTGRES_PARAMETERS));
        }
        let alone = form_urlencoded::Serializer::new("postgres://?".to_owned())
            .append_pair(&parameter, &value)
            .finish();
        if alone.parse::<PgConnectOptions>().is_err() {
            return Err(format!("the parameter `{parameter}` has a value that cannot be used"));
        }
    }
    text.parse().map_err(|_error| misread())
}

fn no_such(parameter: &str, known: &[&str]) -> String {
    let is_sign = |sign: char| sign.is_ascii_alphanumeric() || "_-".contains(sign);
    let known = known.join(", ");
    if parameter.is_empty() || parameter.len() > SHOWN || !parameter.chars().all(is_sign) {
        return format!("one of its parameters is unknown; there are: {known}");
    }
    format!("there is no parameter `{parameter}`; there are: {known}")
}

#[cfg(test)]
mod tests;
