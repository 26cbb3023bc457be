//! What can be asked for together with others.

use chrono::NaiveDate;
use entity::kind::{CustomFieldOwner, StripeKind};
use entity::{mapping, run};
use uuid::Uuid;

use crate::graphql::id::IdType;
use crate::store::contract::{ContractFilter, ContractOrderField};
use crate::store::page::Window;

/// An integration by its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::graphql) struct IntegrationKey(pub(in crate::graphql) Uuid);

/// A contract by its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::graphql) struct ContractKey(pub(in crate::graphql) Uuid);

/// A run by its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::graphql) struct RunKey(pub(in crate::graphql) Uuid);

/// A user by the id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::graphql) struct UserKey(pub(in crate::graphql) Uuid);

/// What is counted about an integration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::graphql) struct FactsOf(pub(in crate::graphql) Uuid);

/// What is counted about an integration.
#[derive(Debug, Clone)]
pub(in crate::graphql) struct Facts {
    pub(in crate::graphql) open_errors: u64,
    pub(in crate::graphql) reads: i64,
    pub(in crate::graphql) paid_invoices: u64,
    pub(in crate::graphql) oldest_waiting: Option<i64>,
    pub(in crate::graphql) next_retry_at: Option<i64>,
    pub(in crate::graphql) open_runs: Vec<run::Model>,
    pub(in crate::graphql) mappings: Vec<mapping::Model>,
    pub(in crate::graphql) waiting: u64,
}

/// Anything by type and id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::graphql) struct NodeKey(pub(in crate::graphql) IdType, pub(in crate::graphql) Uuid);

/// The client of a Stripe customer.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::graphql) struct ClientOf(pub(in crate::graphql) Uuid, pub(in crate::graphql) String);

/// The product of a Stripe product.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::graphql) struct ProductOf(pub(in crate::graphql) Uuid, pub(in crate::graphql) String);

/// The links of a client, the oldest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::graphql) struct LinksOf(pub(in crate::graphql) Uuid);

/// The custom fields of an owner, by key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::graphql) struct FieldsOf(pub(in crate::graphql) CustomFieldOwner);

/// When an object was last seen at Stripe.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::graphql) struct SeenAt(
    pub(in crate::graphql) Uuid,
    pub(in crate::graphql) StripeKind,
    pub(in crate::graphql) String,
);

/// A page of a client's contracts.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::graphql) struct ContractsOf {
    pub(in crate::graphql) client_id: Uuid,
    pub(in crate::graphql) filter: ContractFilter,
    pub(in crate::graphql) order: ContractOrderField,
    pub(in crate::graphql) window: Window,
}

/// How many contracts a client has, of those that a filter lets through.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::graphql) struct ContractCountOf {
    pub(in crate::graphql) client_id: Uuid,
    pub(in crate::graphql) filter: ContractFilter,
}

/// How many lines a contract has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::graphql) struct LineCountOf(pub(in crate::graphql) Uuid);

/// A page of a contract's lines.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::graphql) struct LinesOf {
    pub(in crate::graphql) contract_id: Uuid,
    pub(in crate::graphql) window: Window,
}

/// The contract that renews a contract, on a day; none = today.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::graphql) struct RenewedBy(pub(in crate::graphql) Uuid, pub(in crate::graphql) Option<NaiveDate>);

/// The contract that a contract renews, on a day; none = today.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::graphql) struct RenewalOf(pub(in crate::graphql) Uuid, pub(in crate::graphql) Option<NaiveDate>);

/// The subscription contract of a Stripe subscription, on a day; none = today.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::graphql) struct SubscriptionContractOf(
    pub(in crate::graphql) Uuid,
    pub(in crate::graphql) String,
    pub(in crate::graphql) Option<NaiveDate>,
);

/// A page of the invoice contracts of a Stripe subscription.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::graphql) struct InvoicesOf {
    pub(in crate::graphql) integration_id: Uuid,
    pub(in crate::graphql) subscription: String,
    pub(in crate::graphql) window: Window,
    pub(in crate::graphql) as_of: Option<NaiveDate>,
}

/// How many invoice contracts a Stripe subscription has.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::graphql) struct InvoiceCountOf(pub(in crate::graphql) Uuid, pub(in crate::graphql) String);

/// What the contracts of a client come to, on a day; none = today.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::graphql) struct RevenueOf(pub(in crate::graphql) Uuid, pub(in crate::graphql) Option<NaiveDate>);
