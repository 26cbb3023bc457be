//! The commands of the program. All but `schema` open and migrate the database; what a script reads goes to stdout, the rest to
//! stderr.

use std::io::{self, Write};
use std::sync::Arc;

use anyhow::Context;
use clap::{Parser, Subcommand};

mod clients;
mod demo;
mod migrate;
mod sandbox;
mod schema;
mod serve;
mod token;
mod user;

use crate::app::App;
use crate::clock::Clock;
use crate::config::Config;
use crate::error::Error;

/// Tributary pulls a company's Stripe data into its customer-success records.
#[derive(Debug, Parser)]
#[command(name = "tributary", version, about)]
pub struct Cli {
    #[command(flatten)]
    config: Config,

    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server (the default).
    Serve,
    /// Start a stand-in for Stripe and the server, import, and show what to try.
    Demo(demo::Demo),
    /// Serve the stand-in for Stripe by itself.
    Sandbox(sandbox::SandboxArgs),
    /// Print the GraphQL schema.
    Schema,
    /// Bring the database up to date and exit.
    Migrate,
    /// The people who may sign in.
    #[command(subcommand)]
    User(user::UserCommand),
    /// The tokens of scripts.
    #[command(subcommand)]
    Token(token::TokenCommand),
    /// Clients from a CSV file, and all of them as one.
    #[command(subcommand)]
    Clients(clients::ClientsCommand),
}

impl Cli {
    /// Runs the chosen command.
    pub async fn run(self) -> anyhow::Result<()> {
        let config = self.config;
        start_log(&config)?;
        match self.command.unwrap_or(Command::Serve) {
            Command::Serve => serve::run(config).await,
            Command::Demo(demo) => demo::run(config, demo).await,
            Command::Sandbox(sandbox) => sandbox::run(sandbox).await,
            Command::Schema => schema::run(),
            Command::Migrate => migrate::run(config).await,
            Command::User(command) => command.run(config).await,
            Command::Token(command) => command.run(config).await,
            Command::Clients(command) => command.run(config).await,
        }
    }
}

/// A failure and its causes in one line, each said once.
pub fn one_line(error: &anyhow::Error) -> String {
    let join = |said: String, cause: String| {
        if said.contains(&cause) {
            said
        } else {
            format!("{said}: {cause}")
        }
    };
    let causes = error.chain().skip(1).map(ToString::to_string);
    causes.fold(error.to_string(), join).replace('\n', " ")
}

/// The log goes to stderr, in colours where that is a terminal.
fn start_log(config: &Config) -> anyhow::Result<()> {
    use tracing_subscriber::EnvFilter;
    let filter = EnvFilter::try_new(&config.log).context("--log cannot be read")?;
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr);
    let started = if config.log_json {
        log.json().try_init()
    } else {
        log.with_ansi(io::IsTerminal::is_terminal(&io::stderr())).try_init()
    };
    started.map_err(|error| anyhow::anyhow!("the log cannot be started: {error}"))
}

async fn open(config: Config) -> anyhow::Result<Arc<App>> {
    Ok(App::build(config, Clock::System).await?)
}

/// Writes one line on stdout.
fn print(line: &str) -> anyhow::Result<()> {
    writeln!(io::stdout(), "{line}").context("stdout cannot be written")
}

/// Writes one line on stderr.
fn say(line: &str) {
    // Where stderr is closed there is nobody to tell.
    let _closed = writeln!(io::stderr(), "{line}");
}

/// A refusal in the words of its problems.
fn explain(error: Error) -> anyhow::Error {
    match error {
        Error::Refused(problems) => {
            let messages: Vec<String> = problems.into_iter().map(|problem| problem.message).collect();
            anyhow::anyhow!(messages.join(" "))
        }
        other => other.into(),
    }
}

fn parse_scope(text: &str) -> Result<entity::kind::Scope, String> {
    use entity::kind::Scope;
    match text.to_ascii_uppercase().replace('-', "_").as_str() {
        "READ" => Ok(Scope::Read),
        "RUN_SYNC" => Ok(Scope::RunSync),
        "CONFIGURE" => Ok(Scope::Configure),
        "ADMIN" => Ok(Scope::Admin),
        _ => Err("give READ, RUN_SYNC, CONFIGURE or ADMIN".into()),
    }
}
