//! Changing settings: only what is given changes, and all problems are told at once.

use std::collections::BTreeSet;

use entity::integration;
use entity::kind::{ClientMatchRule, ContractSource};
use entity::list::{ContractSources, MatchRules};
use sea_orm::{ActiveModelTrait, Set};
use uuid::Uuid;

use super::Schedule;
use super::matching::Wanted;
use super::reckoning::{PAST_DUE_DAYS, Reckoning};
use crate::app::App;
use crate::error::{Code, Error, Problem};
use crate::store::{matching, remap_queue, turn};

const LOOKBACK_DAYS: std::ops::RangeInclusive<i32> = 0..=3650;
const POLL_SECONDS: std::ops::RangeInclusive<i32> = 10..=3600;
const REQUESTS_PER_SECOND: std::ops::RangeInclusive<i32> = 1..=100;

/// What is to change. The outer option: keep; the inner one: automatic.
#[derive(Debug, Clone, Default)]
pub struct UpdateSettings {
    /// Whose.
    pub integration_id: Uuid,
    /// The version that the caller has seen.
    pub expected_version: Option<i32>,
    /// Which Stripe objects make contracts.
    pub contract_sources: Option<Vec<ContractSource>>,
    /// How far back paid invoices are pulled.
    pub invoice_lookback_days: Option<i32>,
    /// Seconds between looks at Stripe's events.
    pub poll_interval_seconds: Option<Option<i32>>,
    /// When to reconcile: a cron expression of five fields, UTC, or "off".
    pub reconcile_schedule: Option<String>,
    /// How a customer finds a client that is here already, in order.
    pub client_matching: Option<Vec<ClientMatchRule>>,
    /// A JMESPath expression that gives the id by which another system knows a customer; the inner option: none.
    pub external_id_source: Option<Option<String>>,
    /// Invoices over nothing make contracts, too.
    pub import_zero_amount_invoices: Option<bool>,
    /// Upper bound of requests a second.
    pub max_requests_per_second: Option<Option<i32>>,
    /// By which rules contracts and recurring revenue are reckoned.
    pub reckoning: Reckoning,
}

/// Changes settings.
pub async fn update_settings(app: &App, wish: UpdateSettings) -> Result<integration::Model, Error> {
    let tx = app.db.begin().await?;
    // What is written by the old matching is committed, or comes after: `queue_waiting` or who writes it sees the other.
    turn::take(&tx, wish.integration_id).await?;
    let known = super::get(&tx, wish.integration_id).await?;
    let mut problems: Vec<Problem> = super::stale(wish.expected_version, known.settings_version)
        .into_iter()
        .collect();
    problems.extend(check(&wish));
    let wanted = Wanted::of(&known, &wish);
    problems.extend(wanted.check());
    let schedule = wish
        .reconcile_schedule
        .as_deref()
        .map(|text| Schedule::parse(text, app.clock.now()))
        .transpose();
    problems.extend(schedule.as_ref().err().cloned());
    if !problems.is_empty() {
        return Err(Error::Refused(problems));
    }
    let rematches = wanted.differs_from(&known);
    let recounts = wish.reckoning.differs_from(&known);
    let mut row = changed(&known, wish, app.clock.now_ms());
    if let Ok(Some(schedule)) = schedule {
        row.reconcile_schedule = Set(schedule.text());
        // The timetable works it out anew.
        row.next_reconcile_at = Set(None);
    }
    if rematches {
        row.client_matching = Set(MatchRules(wanted.rules));
        row.external_id_source = Set(wanted.external_id_source);
    }
    let updated = row.update(&tx).await?;
    if rematches {
        matching::queue_waiting(&tx, updated.id).await?;
    }
    if recounts {
        remap_queue::add_contracts(&tx, updated.id).await?;
    }
    tx.commit().await?;
    if rematches || recounts {
        app.wake.notify_one();
    }
    Ok(updated)
}

/// What needs no check beyond its bounds.
fn changed(known: &integration::Model, wish: UpdateSettings, now_ms: i64) -> integration::ActiveModel {
    let mut row = integration::ActiveModel {
        id: Set(known.id),
        settings_version: Set(known.settings_version + 1),
        ..Default::default()
    };
    if let Some(sources) = wish.contract_sources {
        let sources: BTreeSet<_> = sources.into_iter().collect();
        if !sources.contains(&ContractSource::Invoice) {
            // Invoices paid while they are no source are not here: a later backfill fetches them.
            row.covered_from = Set(None);
        }
        row.contract_sources = Set(ContractSources(sources.into_iter().collect()));
    }
    if let Some(days) = wish.invoice_lookback_days {
        row.invoice_lookback_days = Set(days);
    }
    if let Some(seconds) = wish.poll_interval_seconds {
        row.poll_interval_seconds = Set(seconds);
        row.next_poll_at = Set(known.next_poll_at.map(|_| now_ms));
    }
    if let Some(zero) = wish.import_zero_amount_invoices {
        row.import_zero_amount_invoices = Set(zero);
    }
    if let Some(bound) = wish.max_requests_per_second {
        row.max_requests_per_second = Set(bound);
    }
    wish.reckoning.write(&mut row);
    row
}

fn check(wish: &UpdateSettings) -> Vec<Problem> {
    let no_source = wish.contract_sources.as_ref().is_some_and(Vec::is_empty);
    let outside = |value: Option<i32>, bounds: std::ops::RangeInclusive<i32>, field: &str| {
        let value = value.filter(|value| !bounds.contains(value))?;
        let message = format!("{value} is not between {} and {}.", bounds.start(), bounds.end());
        Some(Problem::new(&[field], Code::OutOfRange, message))
    };
    [
        no_source.then(|| {
            Problem::new(
                &["contractSources"],
                Code::SourceRequired,
                "Give INVOICE, SUBSCRIPTION or both.",
            )
        }),
        outside(wish.invoice_lookback_days, LOOKBACK_DAYS, "invoiceLookbackDays"),
        outside(
            wish.poll_interval_seconds.flatten(),
            POLL_SECONDS,
            "pollIntervalSeconds",
        ),
        outside(
            wish.max_requests_per_second.flatten(),
            REQUESTS_PER_SECOND,
            "maxRequestsPerSecond",
        ),
        outside(
            wish.reckoning.past_due_counts_for_days.flatten(),
            PAST_DUE_DAYS,
            "pastDueCountsForDays",
        ),
    ]
    .into_iter()
    .flatten()
    .collect()
}
