//! `tributary user`: the people who may sign in.

use std::io::{self, BufRead, IsTerminal};

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use entity::kind::Scope;

use super::{explain, parse_scope, say};
use crate::account::user::{self, NewUser};
use crate::config::Config;

#[derive(Debug, Subcommand)]
pub(super) enum UserCommand {
    /// Make a person who may sign in.
    Create(Create),
}

#[derive(Debug, Args)]
pub(super) struct Create {
    /// The address to sign in with.
    #[arg(long)]
    email: String,
    /// READ, RUN_SYNC, CONFIGURE or ADMIN; each includes the one before it.
    #[arg(long, value_parser = parse_scope)]
    role: Scope,
    /// The name people see [default: the address].
    #[arg(long)]
    name: Option<String>,
    /// Read the password from stdin, one line, instead of asking for it.
    #[arg(long)]
    password_stdin: bool,
}

impl UserCommand {
    pub(super) async fn run(self, config: Config) -> anyhow::Result<()> {
        let Self::Create(create) = self;
        let password = if create.password_stdin { read_line()? } else { ask()? };
        let app = super::open(config).await?;
        let new = NewUser {
            email: &create.email,
            name: create.name.as_deref(),
            role: create.role,
            password: &password,
        };
        let made = user::create(&app, new).await.map_err(explain)?;
        say(&format!("{} may sign in now.", made.email));
        Ok(())
    }
}

fn read_line() -> anyhow::Result<String> {
    let mut line = String::new();
    io::stdin()
        .lock()
        .read_line(&mut line)
        .context("stdin cannot be read")?;
    let password = line.strip_suffix('\n').unwrap_or(&line);
    Ok(password.strip_suffix('\r').unwrap_or(password).to_owned())
}

fn ask() -> anyhow::Result<String> {
    if !io::stdin().is_terminal() {
        bail!("there is no terminal to ask for the password; give it with --password-stdin");
    }
    let password = rpassword::prompt_password("Password: ")?;
    if rpassword::prompt_password("The same again: ")? != password {
        bail!("the two passwords differ");
    }
    Ok(password)
}
