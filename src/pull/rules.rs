//! What the admin decided, read once when a run is taken up: a run uses the settings it began with.

use std::collections::BTreeSet;

use entity::kind::{ContractSource, StripeKind, SyncDirection, SyncObject};
use entity::list::KeyPermissions;
use entity::{custom_field, integration, mapping};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::days::Days;
use crate::error::Error;
use crate::map::MAP_REVISION;
use crate::map::contract::ContractRules;
use crate::map::matching::Matching;
use crate::map::rule::{CompiledRules, targets};
use crate::store;
use crate::stripe::list::resource;

const DAY_SECONDS: i64 = 86_400;

/// The settings and mappings that a run works by.
#[derive(Debug)]
pub struct Rules {
    /// The connected account.
    pub integration_id: Uuid,
    /// Objects of the other mode are refused.
    pub livemode: bool,
    /// Stripe's id of the account, where it is known.
    pub account: Option<String>,
    /// Where the first import's lists ended, Unix seconds; 0 before.
    pub events_from: i64,
    /// Paid invoices are here from this second on, Unix seconds.
    pub covered_from: Option<i64>,
    /// Invoices created or paid from here on are in scope, Unix seconds.
    pub window_start: i64,
    /// What a customer becomes.
    pub customer: Mapping,
    /// What a product becomes.
    pub product: Mapping,
    /// Which client a customer is that is not known yet.
    pub matching: Matching,
    /// Settings of the fixed contract mapping.
    pub contract: ContractRules,
    /// What the key may read.
    pub rights: Rights,
    /// The currencies that subscriptions are known to be billed in, lower case.
    pub currencies: BTreeSet<String>,
    sources: Vec<ContractSource>,
    matching_stamp: i64,
}

/// What the key could read when it was given.
#[derive(Debug, Clone)]
pub struct Rights(KeyPermissions);

/// A mapping, ready for use.
#[derive(Debug)]
pub struct Mapping {
    /// Records are written.
    pub pulls: bool,
    /// The rules, compiled.
    pub rules: CompiledRules,
    stamp: i64,
}

impl Rules {
    /// Reads them. The lookback window counts from `queued_at_ms`, when the run was asked for.
    pub async fn load(
        conn: &impl ConnectionTrait,
        integration: &integration::Model,
        queued_at_ms: i64,
    ) -> Result<Self, Error> {
        let mappings = mapping::Entity::find().filter(mapping::Column::IntegrationId.eq(integration.id));
        let mappings = mappings.all(conn).await?;
        // After the mappings: a field is there before any rule writes it.
        let fields = store::custom_field::list(conn).await?;
        let lookback = i64::from(integration.invoice_lookback_days) * DAY_SECONDS;
        Ok(Self {
            integration_id: integration.id,
            livemode: integration.livemode,
            account: integration.stripe_account_id.clone(),
            events_from: integration.events_from.unwrap_or_default(),
            covered_from: integration.covered_from,
            window_start: queued_at_ms.div_euclid(1000) - lookback,
            customer: Mapping::read(&mappings, SyncObject::Customer, &fields)?,
            product: Mapping::read(&mappings, SyncObject::Product, &fields)?,
            matching: matching(integration)?,
            contract: ContractRules {
                import_zero_amount_invoices: integration.import_zero_amount_invoices,
                days: Days::of(integration),
                repeating_discounts: integration.repeating_discounts_in_mrr,
                once_discounts: integration.once_discounts_in_mrr,
                past_due_counts_for_days: integration.past_due_counts_for_days,
                churn_at: integration.churn_at,
                count_invoices: integration.count_open_invoices,
            },
            sources: integration.contract_sources.0.clone(),
            matching_stamp: fingerprint(&format!(
                "{:?} {:?}",
                integration.client_matching.0, integration.external_id_source
            )),
            rights: Rights(integration.permissions.clone()),
            currencies: store::currency::list(conn, integration.id).await?,
        })
    }

    /// Those of this moment, as they stand in the transaction.
    pub async fn load_todays(conn: &impl ConnectionTrait, integration_id: Uuid, now_ms: i64) -> Result<Self, Error> {
        let integration = store::integration::find(conn, integration_id).await?;
        Self::load(conn, &integration.ok_or(Error::NotFound)?, now_ms).await
    }

    /// Whether what becomes of objects of `kind` is decided otherwise by now. To be asked by who holds the integration's turn.
    pub async fn are_outdated(
        &self,
        conn: &impl ConnectionTrait,
        kind: StripeKind,
        now_ms: i64,
    ) -> Result<bool, Error> {
        let todays = Self::load_todays(conn, self.integration_id, now_ms).await?;
        Ok(todays.stamp(kind) != self.stamp(kind) || todays.matching_stamp != self.matching_stamp)
    }

    /// Whether `source` makes contracts.
    pub fn has_source(&self, source: ContractSource) -> bool {
        self.sources.contains(&source)
    }

    /// Whether invoices that wait to be paid are kept: contracts of subscriptions show them.
    pub fn keeps_owed(&self) -> bool {
        self.has_source(ContractSource::Subscription) && self.rights.may_read(Some(StripeKind::Invoice))
    }

    /// From when on invoices that are not paid are kept, Unix seconds; `None` where invoices make no contracts.
    pub fn unsettled_from(&self) -> Option<i64> {
        self.has_source(ContractSource::Invoice).then_some(self.window_start)
    }

    /// Nothing that happened since `second`, Unix seconds, is out of the window.
    pub fn reach_back_to(&mut self, second: i64) {
        self.window_start = self.window_start.min(second);
    }

    /// Fingerprint of everything that decides what an object of `kind` becomes. Where it differs from the stored one, an unchanged
    /// object is mapped again.
    pub fn stamp(&self, kind: StripeKind) -> i64 {
        match kind {
            StripeKind::Customer => self.customer.stamp,
            StripeKind::Product => self.product.stamp,
            StripeKind::Invoice => {
                let rules = &self.contract;
                fingerprint(&format!("{} {rules:?}", self.has_source(ContractSource::Invoice)))
            }
            StripeKind::Subscription => {
                // Whether invoices over nothing make contracts is nothing to a subscription.
                let rules = ContractRules {
                    import_zero_amount_invoices: false,
                    ..self.contract
                };
                fingerprint(&format!("{} {rules:?}", self.has_source(ContractSource::Subscription)))
            }
            StripeKind::Price | StripeKind::Coupon | StripeKind::CreditNote | StripeKind::Refund => MAP_REVISION,
        }
    }
}

impl Rights {
    /// Whether it could read objects of `kind`; `None` = events. A right that it had and has no more is missed by everything.
    pub fn may_read(&self, kind: Option<StripeKind>) -> bool {
        let name = resource(kind);
        let mut permissions = self.0.0.iter();
        permissions.any(|permission| permission.object == name && permission.granted)
    }
}

impl Mapping {
    fn read(mappings: &[mapping::Model], object: SyncObject, fields: &[custom_field::Model]) -> Result<Self, Error> {
        let row = mappings
            .iter()
            .find(|row| row.object == object)
            .ok_or(Error::NotFound)?;
        let pulls = row.direction == SyncDirection::Pull;
        let rules = CompiledRules::compile(&row.rules.0, &targets(object, fields))
            .map_err(|error| Error::Internal(format!("a saved mapping does not compile: {error}")))?;
        // Not what people call a field: another label gives no other records.
        let written: Vec<_> = rules
            .targets()
            .map(|target| (&target.path, target.field_id, &target.takes))
            .collect();
        let stamp = fingerprint(&format!("{pulls} {:?} {written:?}", row.rules.0));
        Ok(Self { pulls, rules, stamp })
    }
}

fn matching(integration: &integration::Model) -> Result<Matching, Error> {
    let source = integration.external_id_source.as_deref();
    Matching::compile(&integration.client_matching.0, source)
        .map_err(|error| Error::Internal(format!("a saved source of external ids does not compile: {error}")))
}

fn fingerprint(text: &str) -> i64 {
    let digest = Sha256::digest(format!("{MAP_REVISION} {text}"));
    i64::from_be_bytes(std::array::from_fn(|at| digest[at]))
}
