//! `tributary token`: the tokens of scripts.

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use entity::kind::Scope;

use super::{explain, parse_scope, print, say};
use crate::account::email;
use crate::account::token::{self, NewToken};
use crate::config::Config;
use crate::store;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

#[derive(Debug, Subcommand)]
pub(super) enum TokenCommand {
    /// Make a token and print it; it cannot be shown again.
    Create(Create),
}

#[derive(Debug, Args)]
pub(super) struct Create {
    /// Address of the person whose token it is.
    #[arg(long, value_name = "EMAIL")]
    user: String,
    /// READ, RUN_SYNC, CONFIGURE or ADMIN; it never may more than the person may.
    #[arg(long, value_parser = parse_scope)]
    scope: Scope,
    /// What it is for.
    #[arg(long)]
    name: String,
    /// Days until it expires [default: it does not].
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=3650))]
    expires_in_days: Option<u16>,
}

impl TokenCommand {
    pub(super) async fn run(self, config: Config) -> anyhow::Result<()> {
        let Self::Create(create) = self;
        let app = super::open(config).await?;
        let owner = store::user::find_by_email_key(app.db.read(), &email::key(&create.user)).await?;
        let owner = owner.with_context(|| format!("there is no user {}", create.user))?;
        if create.scope > owner.role {
            bail!("the scope is more than the user's own role");
        }
        let lifetime = create.expires_in_days.map(|days| i64::from(days) * DAY_MS);
        let new = NewToken {
            name: create.name,
            scope: create.scope,
            expires_at: lifetime.map(|ms| app.clock.now_ms() + ms),
            idempotency_key: None,
        };
        let (made, secret) = token::create(&app, &owner, new).await.map_err(explain)?;
        print(&secret.context("the token was made before")?)?;
        say(&format!(
            "Token \"{}\" of {}. It cannot be shown again.",
            made.name, owner.email
        ));
        Ok(())
    }
}
