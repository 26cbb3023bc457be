//! The lists and small documents that live in one JSON column.

use std::collections::{BTreeMap, BTreeSet};

use sea_orm::FromJsonQueryResult;
use sea_orm::prelude::{Date, Uuid};
use serde::{Deserialize, Serialize};

use crate::kind::{ClientMatchRule, ContractSource, FieldPolicy, RunState, SyncObject};

/// Sentences for people about what could not be done as it should.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, FromJsonQueryResult)]
pub struct Warnings(pub Vec<String>);

/// Values of custom fields in their canonical form, by the field's id.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, FromJsonQueryResult)]
pub struct CustomValues(pub BTreeMap<Uuid, String>);

/// Fields of a record by the paths that mappings name them by.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, FromJsonQueryResult)]
pub struct EditedFields(pub BTreeSet<String>);

/// What a client kept by hand had in the fields that Stripe has written since, by their paths.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, FromJsonQueryResult)]
pub struct HeldBefore(pub BTreeMap<String, Held>);

/// What was in a field.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// The value as text; none when it was empty.
    pub value: Option<String>,
    /// A person or another system had set it.
    pub edited: bool,
    /// The custom field that it is.
    pub field_id: Option<Uuid>,
}

/// What a picklist offers, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, FromJsonQueryResult)]
pub struct PicklistOptions(pub Vec<String>);

/// How a customer finds a client, in the order in which it is tried.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, FromJsonQueryResult)]
pub struct MatchRules(pub Vec<ClientMatchRule>);

/// The Stripe objects that make contracts, without repetition, in the order of the enum.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, FromJsonQueryResult)]
pub struct ContractSources(pub Vec<ContractSource>);

/// The objects that a run was asked to pull, in the order of their phases.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, FromJsonQueryResult)]
pub struct SyncObjects(pub Vec<SyncObject>);

/// One row of a customer or product mapping.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MappingRule {
    /// A JMESPath expression over the Stripe object.
    pub source: String,
    /// A field of our record.
    pub target: String,
    /// Part of the default mapping that cannot be removed or disabled.
    pub required: bool,
    /// Off: the rule is kept and does nothing.
    pub enabled: bool,
    /// Who wins over edits made by hand.
    pub policy: FieldPolicy,
    /// The policy holds for clients kept by hand, too.
    #[serde(default)]
    pub over_manual: bool,
}

/// The rules of one mapping, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, FromJsonQueryResult)]
pub struct MappingRules(pub Vec<MappingRule>);

/// What the key may read, one entry an object that we need.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyPermission {
    /// Stripe's name of the resource, e.g. `customers`.
    pub object: String,
    /// Stripe answered the probe.
    pub granted: bool,
    /// Sync cannot be turned on without it.
    pub required: bool,
    /// What to do in Stripe's dashboard.
    pub hint: Option<String>,
}

/// The permission table of a key.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, FromJsonQueryResult)]
pub struct KeyPermissions(pub Vec<KeyPermission>);

/// One phase of a run. `seen = created + updated + unchanged + skipped + failed` holds after every committed page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunPhase {
    /// What the phase pulls.
    pub object: SyncObject,
    /// Where the phase is in its life.
    pub state: RunState,
    /// Thousandths of the time span that are read, 0..=1000.
    pub done_permille: u32,
    /// Objects that Stripe gave us.
    pub seen: u64,
    /// Records made.
    pub created: u64,
    /// Records changed.
    pub updated: u64,
    /// Records that were already right.
    pub unchanged: u64,
    /// Objects that make no record by the settings.
    pub skipped: u64,
    /// Objects that could not be mapped.
    pub failed: u64,
    /// Records changed because something that they name had changed.
    #[serde(default)]
    pub remapped: u64,
    /// When the phase began, Unix milliseconds.
    pub started_at: Option<i64>,
}

/// The phases of a run, in order.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, FromJsonQueryResult)]
pub struct RunPhases(pub Vec<RunPhase>);

/// Our ids of records of one noun.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, FromJsonQueryResult)]
pub struct RecordIds(pub Vec<Uuid>);

/// What the invoice contracts of one month and currency come to, here and by Stripe's invoices alone. Minor units; a sum that 64 bits do
/// not hold is the largest that they do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MonthlySum {
    /// The first day of the month that they were booked in.
    pub month: Date,
    /// Upper case.
    pub currency: String,
    /// What is here, without tax and less credit notes.
    pub net: i64,
    /// The same by Stripe's invoices and credit notes.
    pub stripe_net: i64,
    /// By how much Stripe's is more.
    pub difference: i64,
}

/// The sums that a run has compared, by month and currency.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, FromJsonQueryResult)]
pub struct MonthlySums(pub Vec<MonthlySum>);
