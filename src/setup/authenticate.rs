//! Connects a Stripe account: checks the key against Stripe, then stores it sealed. Nothing is stored when the check fails.

use std::sync::Arc;

use entity::kind::{ClientMatchRule, ContractSource, SyncDirection, SyncObject};
use entity::list::{ContractSources, KeyPermissions, MappingRules, MatchRules};
use entity::{integration, mapping};
use sea_orm::{ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, Set};
use secrecy::{ExposeSecret, SecretString};
use uuid::Uuid;

use super::probe::{self, Findings};
use crate::app::{App, STRIPE_KEY};
use crate::error::{Code, Error};
use crate::map::rule::{default_customer_rules, default_product_rules};
use crate::store::read_count;
use crate::stripe::{self, Key, KeyError};

const NAME_LENGTH: usize = 120;
const DEFAULT_LOOKBACK_DAYS: i32 = 30;
/// At three in the night, UTC.
const DEFAULT_RECONCILE_SCHEDULE: &str = "0 3 * * *";

/// A key as a person gave it.
#[derive(Debug)]
pub struct Authenticate {
    /// The key.
    pub api_key: SecretString,
    /// A name for the integration; by default the account's own.
    pub name: Option<String>,
}

/// Connects the account of the key, or puts the key in place of the one that is stored for the same account.
pub async fn authenticate(app: &Arc<App>, input: Authenticate) -> Result<integration::Model, Error> {
    let key = Key::parse(input.api_key.expose_secret(), app.config.require_secret_key).map_err(key_problem)?;
    let name = check_name(input.name)?;
    refuse_other_mode(app.db.read(), key.livemode()).await?;
    let id = Uuid::now_v7();
    let client = app.stripe.client(id, &key, None)?.hasty();
    let findings = probe::probe(&client).await.map_err(probe_problem)?;
    refuse_useless(&findings.permissions)?;
    let tx = app.db.begin().await?;
    refuse_other_mode(&tx, key.livemode()).await?;
    let stored = match find_same(app, &tx, &findings, &key).await? {
        Some(known) => renew(app, &tx, known, &key, findings, name).await?,
        None => create(app, &tx, id, &key, findings, name).await?,
    };
    let asked = i64::try_from(client.requests()).unwrap_or(i64::MAX);
    read_count::add(&tx, stored.id, app.clock.now().date_naive(), asked).await?;
    tx.commit().await?;
    app.wake.notify_one();
    Ok(stored)
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

/// The integration of the same account. Where the account cannot be read, only the very same key tells.
async fn find_same(
    app: &App,
    conn: &impl ConnectionTrait,
    findings: &Findings,
    key: &Key,
) -> Result<Option<integration::Model>, Error> {
    if let Some(account) = &findings.account {
        let by_account = integration::Column::StripeAccountId.eq(account.id.as_str());
        if let Some(known) = integration::Entity::find().filter(by_account).one(conn).await? {
            return Ok(Some(known));
        }
    }
    let keyed = integration::Entity::find()
        .filter(integration::Column::KeySealed.is_not_null())
        .all(conn)
        .await?;
    let is_same = |known: &integration::Model| {
        app.stripe_key(known)
            .is_ok_and(|stored| stored.secret().expose_secret() == key.secret().expose_secret())
    };
    Ok(keyed.into_iter().find(is_same))
}

async fn renew(
    app: &App,
    conn: &impl ConnectionTrait,
    known: integration::Model,
    key: &Key,
    findings: Findings,
    name: Option<String>,
) -> Result<integration::Model, Error> {
    if known.purge_requested_at.is_some() {
        let message = "Everything of this account is being removed. Connect it again when that is done.";
        return Err(Error::refused(&["apiKey"], Code::Conflict, message));
    }
    let now_ms = app.clock.now_ms();
    let next_poll_at = known.event_watermark.map(|_| now_ms);
    let mut row = integration::ActiveModel {
        id: Set(known.id),
        key_sealed: Set(Some(seal(app, known.id, key)?)),
        key_display: Set(Some(key.display())),
        key_rotated_at: Set(Some(now_ms)),
        permissions: Set(findings.permissions),
        key_problem: Set(None),
        key_problem_message: Set(None),
        next_poll_at: Set(next_poll_at),
        ..Default::default()
    };
    if let Some(account) = findings.account {
        row.stripe_account_id = Set(Some(account.id));
        row.timezone = Set(account.timezone);
    }
    if let Some(name) = name {
        row.name = Set(name);
    }
    Ok(row.update(conn).await?)
}

async fn create(
    app: &App,
    conn: &impl ConnectionTrait,
    id: Uuid,
    key: &Key,
    findings: Findings,
    name: Option<String>,
) -> Result<integration::Model, Error> {
    let now_ms = app.clock.now_ms();
    let (account_id, account_name, timezone) = findings.account.map_or((None, None, None), |account| {
        (Some(account.id), account.name, account.timezone)
    });
    let row = integration::Model {
        id,
        name: name
            .or(account_name)
            .or_else(|| account_id.clone())
            .unwrap_or_else(|| "Stripe".to_owned()),
        stripe_account_id: account_id,
        timezone,
        livemode: key.livemode(),
        key_sealed: Some(seal(app, id, key)?),
        key_display: Some(key.display()),
        key_rotated_at: Some(now_ms),
        permissions: findings.permissions,
        sync_enabled: false,
        settings_version: 1,
        contract_sources: ContractSources(vec![ContractSource::Invoice]),
        invoice_lookback_days: DEFAULT_LOOKBACK_DAYS,
        poll_interval_seconds: None,
        import_zero_amount_invoices: false,
        client_matching: MatchRules(vec![ClientMatchRule::StripeId]),
        external_id_source: None,
        max_requests_per_second: None,
        event_watermark: None,
        next_poll_at: None,
        webhook_secret: None,
        webhook_secret_display: None,
        webhook_secret_before: None,
        webhook_secret_before_until: None,
        last_webhook_at: None,
        key_problem: None,
        key_problem_message: None,
        events_from: None,
        covered_from: None,
        reconcile_schedule: DEFAULT_RECONCILE_SCHEDULE.to_owned(),
        next_reconcile_at: None,
        last_success_at: None,
        purge_requested_at: None,
        created_at: now_ms,
    };
    let row = row.into_active_model().reset_all().insert(conn).await?;
    create_mappings(conn, id, now_ms).await?;
    Ok(row)
}

async fn create_mappings(conn: &impl ConnectionTrait, id: Uuid, now_ms: i64) -> Result<(), Error> {
    for (object, rules) in [
        (SyncObject::Customer, default_customer_rules()),
        (SyncObject::Product, default_product_rules()),
    ] {
        let mapping = mapping::Model {
            integration_id: id,
            object,
            version: 1,
            direction: SyncDirection::Pull,
            rules: MappingRules(rules),
            updated_at: now_ms,
            updated_by: None,
        };
        mapping.into_active_model().reset_all().insert(conn).await?;
    }
    Ok(())
}

fn seal(app: &App, id: Uuid, key: &Key) -> Result<Vec<u8>, Error> {
    app.vault
        .seal(STRIPE_KEY, id, key.secret())
        .map_err(|error| Error::Internal(error.to_string()))
}
