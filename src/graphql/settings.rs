//! The settings of an integration, and its switch.

use async_graphql::{Context, Enum, ID, InputObject, MaybeUndefined, Object, SimpleObject};
use entity::integration::Model;
use entity::kind::Scope;

use super::id::IdType;
use super::integration::IntegrationPayload;
use super::source::ContractSource;
use super::{ContextExt, Fault};
use crate::app::App;
use crate::error::Error;
use crate::settings::{self, Reckoning, UpdateSettings};

/// `version` goes up on each change; send it back to detect a concurrent edit.
#[derive(Debug, SimpleObject)]
pub(super) struct Settings {
    version: i32,
    contract_sources: Vec<ContractSource>,
    /// How many days back paid invoices are pulled: created or paid inside the window. 0..3650.
    invoice_lookback_days: i32,
    /// Seconds between looks at Stripe's events; null = automatic, within the read allowance.
    poll_interval_seconds: Option<i32>,
    /// Cron expression of five fields, UTC, of the full comparison; "off" when there is none.
    reconcile_schedule: String,
    /// How a Stripe customer finds a client that is here already, in order. A customer that is a client stays it.
    client_matching: Vec<ClientMatchRule>,
    /// JMESPath expression in the Stripe customer that gives our client's `externalId`, for `EXTERNAL_ID` matching.
    external_id_source: Option<String>,
    import_zero_amount_invoices: bool,
    /// Upper bound of requests a second to Stripe; null = half of Stripe's limit.
    max_requests_per_second: Option<i32>,
    /// Whose days the dates of contracts and the months of sums are.
    days: DayZone,
    /// Which discounts lower recurring revenue. A discount for ever always does.
    discounts_in_mrr: DiscountsInMrr,
    /// For how many days from when it became past due a subscription counts as recurring revenue; where that was not seen, from the start of its
    /// period; null = until it ends.
    past_due_counts_for_days: Option<i32>,
    /// When the recurring revenue of a subscription that will end is gone. Its status stays ACTIVE until it ends.
    churn_at: ChurnAt,
    /// Which invoices make contracts.
    count_open_invoices: CountInvoices,
}

/// Which discounts lower recurring revenue.
#[derive(Debug, SimpleObject)]
struct DiscountsInMrr {
    /// Those that run for some months.
    repeating: DiscountCounts,
    /// Those that come off once.
    once: DiscountCounts,
}

impl Settings {
    pub(super) fn of(row: &Model) -> Self {
        Self {
            version: row.settings_version,
            contract_sources: row
                .contract_sources
                .0
                .iter()
                .copied()
                .map(ContractSource::from)
                .collect(),
            invoice_lookback_days: row.invoice_lookback_days,
            poll_interval_seconds: row.poll_interval_seconds,
            reconcile_schedule: row.reconcile_schedule.clone(),
            client_matching: row.client_matching.0.iter().copied().map(Into::into).collect(),
            external_id_source: row.external_id_source.clone(),
            import_zero_amount_invoices: row.import_zero_amount_invoices,
            max_requests_per_second: row.max_requests_per_second,
            days: row.days.into(),
            discounts_in_mrr: DiscountsInMrr {
                repeating: row.repeating_discounts_in_mrr.into(),
                once: row.once_discounts_in_mrr.into(),
            },
            past_due_counts_for_days: row.past_due_counts_for_days,
            churn_at: row.churn_at.into(),
            count_open_invoices: row.count_open_invoices.into(),
        }
    }
}

/// Whose days dates are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "entity::kind::DayZone")]
enum DayZone {
    /// Days of UTC.
    Utc,
    /// Days of the Stripe account's own time zone (`Integration.timezone`); of UTC while that is not known.
    Account,
}

/// Whether discounts lower recurring revenue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "entity::kind::DiscountCounts")]
enum DiscountCounts {
    /// As long as they run.
    WhileRunning,
    /// Not at all.
    Never,
}

/// When the recurring revenue of a subscription that will end is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "entity::kind::ChurnAt")]
enum ChurnAt {
    /// When it ends.
    End,
    /// When its end is scheduled.
    WhenScheduled,
}

/// Which invoices make contracts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "entity::kind::CountInvoices")]
enum CountInvoices {
    /// Those that are paid.
    Paid,
    /// Those that are issued: open ones and ones written off, too.
    Issued,
}

/// Absent = keep.
#[derive(InputObject)]
struct DiscountsInMrrInput {
    repeating: Option<DiscountCounts>,
    once: Option<DiscountCounts>,
}

/// How a Stripe customer finds a client that is already here, in the given order. All but `STRIPE_ID` look only at clients of origin MANUAL; a rule that finds several matches none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "entity::kind::ClientMatchRule")]
enum ClientMatchRule {
    StripeId,
    ExternalId,
    Email,
}

/// Absent = keep, null = automatic.
#[derive(InputObject)]
struct UpdateSettingsInput {
    integration_id: ID,
    expected_version: Option<i32>,
    contract_sources: Option<Vec<ContractSource>>,
    invoice_lookback_days: Option<i32>,
    poll_interval_seconds: MaybeUndefined<i32>,
    /// A cron expression of five fields in UTC, at least an hour apart, or "off".
    reconcile_schedule: Option<String>,
    client_matching: Option<Vec<ClientMatchRule>>,
    external_id_source: MaybeUndefined<String>,
    import_zero_amount_invoices: Option<bool>,
    max_requests_per_second: MaybeUndefined<i32>,
    days: Option<DayZone>,
    discounts_in_mrr: Option<DiscountsInMrrInput>,
    /// 0..365, null = until it ends.
    past_due_counts_for_days: MaybeUndefined<i32>,
    churn_at: Option<ChurnAt>,
    count_open_invoices: Option<CountInvoices>,
}

#[derive(InputObject)]
struct SetSyncEnabledInput {
    integration_id: ID,
    enabled: bool,
}

/// The mutations of settings.
#[derive(Default)]
pub(super) struct SettingsMutation;

#[Object]
impl SettingsMutation {
    /// Contract sources, lookback days, schedule, client matching, and by which rules contracts are reckoned. Only the given fields change. What is
    /// here is reckoned by new rules at once, without a request to Stripe.
    async fn update_settings(
        &self,
        ctx: &Context<'_>,
        input: UpdateSettingsInput,
    ) -> Result<IntegrationPayload, Fault> {
        ctx.require(Scope::Configure)?;
        IntegrationPayload::of(update(ctx.app()?, input).await)
    }

    /// On is refused with `SETUP_INCOMPLETE` while a required step of `setupChecklist` is open.
    async fn set_sync_enabled(
        &self,
        ctx: &Context<'_>,
        input: SetSyncEnabledInput,
    ) -> Result<IntegrationPayload, Fault> {
        ctx.require(Scope::Configure)?;
        IntegrationPayload::of(switch(ctx.app()?, input).await)
    }
}

async fn update(app: &App, input: UpdateSettingsInput) -> Result<Model, Error> {
    let discounts = input.discounts_in_mrr.as_ref();
    let wish = UpdateSettings {
        integration_id: IdType::Integration.decode(&input.integration_id, &["integrationId"])?,
        expected_version: input.expected_version,
        contract_sources: input
            .contract_sources
            .map(|sources| sources.into_iter().map(Into::into).collect()),
        invoice_lookback_days: input.invoice_lookback_days,
        poll_interval_seconds: given(input.poll_interval_seconds),
        reconcile_schedule: input.reconcile_schedule,
        client_matching: input
            .client_matching
            .map(|rules| rules.into_iter().map(Into::into).collect()),
        external_id_source: given(input.external_id_source),
        import_zero_amount_invoices: input.import_zero_amount_invoices,
        max_requests_per_second: given(input.max_requests_per_second),
        reckoning: Reckoning {
            days: input.days.map(Into::into),
            repeating_discounts_in_mrr: discounts.and_then(|discounts| discounts.repeating).map(Into::into),
            once_discounts_in_mrr: discounts.and_then(|discounts| discounts.once).map(Into::into),
            past_due_counts_for_days: given(input.past_due_counts_for_days),
            churn_at: input.churn_at.map(Into::into),
            count_open_invoices: input.count_open_invoices.map(Into::into),
        },
    };
    settings::update_settings(app, wish).await
}

#[expect(clippy::option_option, reason = "absent, null and a value are three things")]
fn given<T>(value: MaybeUndefined<T>) -> Option<Option<T>> {
    match value {
        MaybeUndefined::Undefined => None,
        MaybeUndefined::Null => Some(None),
        MaybeUndefined::Value(value) => Some(Some(value)),
    }
}

async fn switch(app: &App, input: SetSyncEnabledInput) -> Result<Model, Error> {
    let id = IdType::Integration.decode(&input.integration_id, &["integrationId"])?;
    settings::set_sync_enabled(app, id, input.enabled).await
}
