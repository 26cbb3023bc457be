//! Writes a connection: a new integration, or another key in the place of the one that is here.

use entity::kind::{
    ChurnAt, ClientMatchRule, ContractSource, CountInvoices, DayZone, DiscountCounts, SyncDirection, SyncObject,
};
use entity::list::{ContractSources, MappingRules, MatchRules};
use entity::{integration, mapping};
use sea_orm::{ActiveModelTrait, ConnectionTrait, IntoActiveModel, Set};
use uuid::Uuid;

use super::probe::Findings;
use crate::app::{App, STRIPE_KEY};
use crate::error::Error;
use crate::map::rule::{default_customer_rules, default_product_rules};
use crate::store;
use crate::stripe::Key;

const DEFAULT_LOOKBACK_DAYS: i32 = 30;
/// At three in the night, UTC.
const DEFAULT_RECONCILE_SCHEDULE: &str = "0 3 * * *";

/// Puts the key in the place of the one before, if any. What waited for a key goes on.
pub(super) async fn renew(
    app: &App,
    conn: &impl ConnectionTrait,
    known: integration::Model,
    key: &Key,
    findings: Findings,
    name: Option<String>,
) -> Result<integration::Model, Error> {
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
        store::integration::set_timezone(conn, known.id, account.timezone).await?;
    }
    if let Some(name) = name {
        row.name = Set(name);
    }
    Ok(row.update(conn).await?)
}

/// Makes an integration, with the settings that an admin begins with.
pub(super) async fn create(
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
        days: DayZone::Account,
        repeating_discounts_in_mrr: DiscountCounts::WhileRunning,
        once_discounts_in_mrr: DiscountCounts::Never,
        past_due_counts_for_days: None,
        churn_at: ChurnAt::End,
        count_open_invoices: CountInvoices::Paid,
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
