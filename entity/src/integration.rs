//! The connected Stripe accounts with their settings.

use sea_orm::entity::prelude::*;

use crate::kind::{ChurnAt, CountInvoices, DayZone, DiscountCounts};
use crate::list::{ContractSources, KeyPermissions, MatchRules};

/// One Stripe account in one mode.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "integration")]
pub struct Model {
    /// Our id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Stripe's id of the account; null when the key may not read it.
    pub stripe_account_id: Option<String>,
    /// The name people see.
    pub name: String,
    /// The account's own time zone, when readable.
    pub timezone: Option<String>,
    /// Live or test data.
    pub livemode: bool,
    /// The Stripe key, sealed; null once disconnected.
    pub key_sealed: Option<Vec<u8>>,
    /// Prefix and last four characters of the key.
    pub key_display: Option<String>,
    /// When the key was set, Unix milliseconds.
    pub key_rotated_at: Option<i64>,
    /// What the key may read.
    pub permissions: KeyPermissions,
    /// The switch.
    pub sync_enabled: bool,
    /// Goes up with each change of the settings below.
    pub settings_version: i32,
    /// Which Stripe objects make contracts.
    pub contract_sources: ContractSources,
    /// How far back paid invoices are pulled, 0..=3650.
    pub invoice_lookback_days: i32,
    /// Seconds between looks at Stripe's events; null = automatic.
    pub poll_interval_seconds: Option<i32>,
    /// Invoices over nothing make contracts, too.
    pub import_zero_amount_invoices: bool,
    /// Whose days dates are.
    pub days: DayZone,
    /// Whether discounts that run for some months lower recurring revenue.
    pub repeating_discounts_in_mrr: DiscountCounts,
    /// Whether discounts of once lower recurring revenue.
    pub once_discounts_in_mrr: DiscountCounts,
    /// For how many days a past due subscription goes on counting; null = until it ends.
    pub past_due_counts_for_days: Option<i32>,
    /// When a subscription that will end ceases to count.
    pub churn_at: ChurnAt,
    /// Which invoices make contracts.
    pub count_open_invoices: CountInvoices,
    /// How a customer finds a client that is here already, in order.
    pub client_matching: MatchRules,
    /// A JMESPath expression that gives the id by which another system knows a customer.
    pub external_id_source: Option<String>,
    /// Upper bound of requests a second; null = half of Stripe's limit.
    pub max_requests_per_second: Option<i32>,
    /// Events up to this second are in the inbox, or have had their effect by a list; Unix seconds of Stripe's clock, null before the first
    /// import.
    pub event_watermark: Option<i64>,
    /// When the next look at the events is due, Unix milliseconds.
    pub next_poll_at: Option<i64>,
    /// Seals the signing secret of the webhook endpoint; null = webhooks are off.
    pub webhook_secret: Option<Vec<u8>>,
    /// Prefix and last four characters of the signing secret.
    pub webhook_secret_display: Option<String>,
    /// The signing secret before, sealed: Stripe signs with both while a secret is rolled.
    pub webhook_secret_before: Option<Vec<u8>>,
    /// Until when the secret before is good, Unix milliseconds.
    pub webhook_secret_before_until: Option<i64>,
    /// When a webhook last came, to the minute, Unix milliseconds.
    pub last_webhook_at: Option<i64>,
    /// Why Stripe refuses the key, as a code; all pulling waits for a new key. Null while the key is good.
    pub key_problem: Option<String>,
    /// The same for people.
    pub key_problem_message: Option<String>,
    /// Where the first import's lists ended, Unix seconds of Stripe's clock: of what is not here, older events tell nothing.
    pub events_from: Option<i64>,
    /// Paid invoices are here from this second on, Unix seconds; null before an import of invoices has ended.
    pub covered_from: Option<i64>,
    /// When to reconcile, as a cron expression of five fields, UTC.
    pub reconcile_schedule: String,
    /// When the next reconcile is due, Unix milliseconds.
    pub next_reconcile_at: Option<i64>,
    /// When a run last ended well, Unix milliseconds.
    pub last_success_at: Option<i64>,
    /// When somebody asked for everything of it to be removed, Unix milliseconds; the row goes last.
    pub purge_requested_at: Option<i64>,
    /// When the row was made.
    pub created_at: i64,
}

/// It stands alone: references are by Stripe id.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
