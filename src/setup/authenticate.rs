//! Connects a Stripe account: checks the key against Stripe, then stores it sealed. Nothing is stored when the check fails.

use std::sync::Arc;

use entity::integration;
use entity::list::KeyPermissions;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use secrecy::{ExposeSecret, SecretString};
use uuid::Uuid;

use super::choice::{Account, choose};
use super::connection::{create, renew};
use super::probe;
use super::same::{Evidence, Gather};
use crate::app::App;
use crate::error::{Code, Error};
use crate::store::{self, read_count, turn};
use crate::stripe::{self, Key, KeyError};

const NAME_LENGTH: usize = 120;

/// A key as a person gave it.
#[derive(Debug)]
pub struct Authenticate {
    /// The key.
    pub api_key: SecretString,
    /// A name for the integration; by default the account's own.
    pub name: Option<String>,
    /// Whose it is, where a person says so.
    pub account: Account,
}

/// Connects the account of the key, or puts the key in place of the one that is stored for the same account.
pub async fn authenticate(app: &Arc<App>, input: Authenticate) -> Result<integration::Model, Error> {
    let key = Key::parse(input.api_key.expose_secret(), app.config.require_secret_key).map_err(key_problem)?;
    let name = check_name(input.name)?;
    refuse_other_mode(app.db.read(), key.livemode()).await?;
    refuse_unknown(app.db.read(), input.account).await?;
    let id = Uuid::now_v7();
    let client = app.stripe.client(id, &key, None)?.hasty();
    let findings = probe::probe(&client).await.map_err(probe_problem)?;
    refuse_useless(&findings.permissions)?;
    let evidence = Evidence::gather(app, &client, &key, &findings).await;
    let evidence = evidence.map_err(gather_problem)?;
    let tx = app.db.begin().await?;
    // Of two keys of one account that come at once, the second finds what the first has made.
    turn::take_connecting(&tx).await?;
    refuse_other_mode(&tx, key.livemode()).await?;
    let here = store::integration::list(&tx).await?;
    let stored = match choose(input.account, here, |known| evidence.judge(known))? {
        Some(known) => renew(app, &tx, known, &key, findings, name).await?,
        None => create(app, &tx, id, &key, findings, name).await?,
    };
    let asked = i64::try_from(client.requests()).unwrap_or(i64::MAX);
    read_count::add(&tx, stored.id, app.clock.now().date_naive(), asked).await?;
    tx.commit().await?;
    app.wake.notify_one();
    Ok(stored)
}

/// Spares Stripe the questions about a key for an integration that is not here.
async fn refuse_unknown(conn: &impl ConnectionTrait, said: Account) -> Result<(), Error> {
    match said {
        Account::Of(id) if store::integration::find(conn, id).await?.is_none() => Err(Error::no_such_integration()),
        _ => Ok(()),
    }
}

fn key_problem(error: KeyError) -> Error {
    let code = match error {
        KeyError::Blank => Code::Required,
        KeyError::Publishable => Code::KeyPublishable,
        KeyError::WebhookSecret | KeyError::Ephemeral | KeyError::Organization | KeyError::RestrictedRefused => {
            Code::KeyUnsupported
        }
        KeyError::ForeignCharacter | KeyError::Length | KeyError::UnknownPrefix => Code::KeyMalformed,
    };
    Error::refused(&["apiKey"], code, error.to_string())
}

fn probe_problem(error: stripe::Error) -> Error {
    let (code, message) = match error {
        stripe::Error::KeyRejected { message, .. } => {
            (Code::KeyRejected, format!("Stripe does not accept this key: {message}"))
        }
        stripe::Error::PermissionMissing { message, .. } => (Code::KeyPermissionMissing, message),
        other => (
            Code::StripeUnavailable,
            format!("The key could not be checked, nothing was stored. {other}"),
        ),
    };
    Error::refused(&["apiKey"], code, message)
}

fn gather_problem(error: Gather) -> Error {
    match error {
        Gather::Stripe(error) => probe_problem(error),
        Gather::Own(error) => error,
    }
}

fn check_name(name: Option<String>) -> Result<Option<String>, Error> {
    let Some(name) = name.map(|name| name.trim().to_owned()) else {
        return Ok(None);
    };
    match name.chars().count() {
        0 => Err(Error::refused(
            &["name"],
            Code::Required,
            "The name is blank. Leave it out to take the account's own.",
        )),
        1..=NAME_LENGTH => Ok(Some(name)),
        _ => Err(Error::refused(
            &["name"],
            Code::TooLong,
            format!("A name has at most {NAME_LENGTH} characters."),
        )),
    }
}

/// Live and test data never meet in one database.
async fn refuse_other_mode(conn: &impl ConnectionTrait, livemode: bool) -> Result<(), Error> {
    let other = integration::Entity::find()
        .filter(integration::Column::Livemode.ne(livemode))
        .one(conn)
        .await?;
    match other {
        None => Ok(()),
        Some(other) => Err(Error::refused(
            &["apiKey"],
            Code::KeyModeMismatch,
            format!(
                "This is a {} key, and this database holds {} data of \"{}\". Use another database, or disconnect that account with purge.",
                mode(livemode),
                mode(!livemode),
                other.name
            ),
        )),
    }
}

fn mode(livemode: bool) -> &'static str {
    if livemode { "live" } else { "test" }
}

/// A key that may read nothing of what we need is no use; one that lacks single rights is stored and shown with them.
fn refuse_useless(permissions: &KeyPermissions) -> Result<(), Error> {
    if permissions
        .0
        .iter()
        .any(|permission| permission.required && permission.granted)
    {
        return Ok(());
    }
    let hints: Vec<&str> = permissions
        .0
        .iter()
        .filter_map(|permission| permission.hint.as_deref())
        .collect();
    Err(Error::refused(
        &["apiKey"],
        Code::KeyPermissionMissing,
        format!("The key may not read anything that is needed. {}", hints.join(" ")),
    ))
}
