//! Contracts: a paid invoice or a subscription.

use sea_orm::entity::prelude::*;

use crate::kind::{ContractSource, ContractStatus, PaymentState, TerminationReason};
use crate::list::Warnings;

/// A paid invoice or a subscription. Amounts are minor units of `currency`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "contract")]
pub struct Model {
    /// Our id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The connected account it comes from.
    pub integration_id: Uuid,
    /// Which Stripe object made it.
    pub source: ContractSource,
    /// Stripe's id.
    pub stripe_id: String,
    /// Stripe's own status word.
    pub source_status: String,
    /// The invoice's number.
    pub number: Option<String>,
    /// The name people see.
    pub name: String,
    /// Name, number and ids in the form that `search` reads.
    pub search_key: String,
    /// The Stripe customer; its client is found through [`crate::client_link`].
    pub stripe_customer_id: Option<String>,
    /// The Stripe subscription that this is, or bills.
    pub stripe_subscription_id: Option<String>,
    /// When the invoice was paid, Unix milliseconds.
    pub paid_at: Option<i64>,
    /// When Stripe made the invoice or the subscription, Unix seconds.
    pub issued_at: i64,
    /// The day it counts from.
    pub booking_date: Date,
    /// First day of the term.
    pub term_start: Option<Date>,
    /// The day after the last of the term.
    pub term_end: Option<Date>,
    /// The status, where no day decides it; else the term does, on the day somebody asks.
    pub fixed_status: Option<ContractStatus>,
    /// Why it is CHURNED, where `fixed_status` says so.
    pub fixed_reason: Option<TerminationReason>,
    /// How its payment stands.
    pub payment_state: PaymentState,
    /// It has a licensed line that comes again and is no proration.
    pub recurs: bool,
    /// The day it was ended; of an invoice contract also the day its subscription was ended, or will be.
    pub terminated_date: Option<Date>,
    /// What renews it begins on this day at the earliest.
    pub renewal_from: Option<Date>,
    /// An invoice contract renews another from this day on: the first of what is licensed in it, else of its term.
    pub recurs_from: Option<Date>,
    /// From this day on its status is `left_as`, whatever its term says; worked out over all invoices of its subscription.
    pub left_on: Option<Date>,
    /// ENDED where newer periods of all its items have begun, CHURNED where they were given back or taken out.
    pub left_as: Option<ContractStatus>,
    /// The day on which the last of its items was taken out of the subscription.
    pub removed_on: Option<Date>,
    /// Stripe's id of the invoice that renews it.
    pub renewed_by: Option<String>,
    /// It goes on by itself; null where there is no subscription, or none known.
    pub auto_renew: Option<bool>,
    /// Upper case.
    pub currency: String,
    /// Sum of the lines' gross amounts.
    pub subtotal: i64,
    /// Sum of the lines' discounts.
    pub discount: i64,
    /// Shipping without tax.
    pub shipping: i64,
    /// Tax, contained and added.
    pub tax: i64,
    /// After discounts, with shipping, without tax.
    pub total: i64,
    /// What has been paid of it.
    pub amount_paid: i64,
    /// What credit notes gave back of `total`, without tax.
    pub credited: i64,
    /// `total` less `credited`.
    pub net: i64,
    /// What was paid back of `net` without a credit note, without tax.
    pub refunded: i64,
    /// Recurring revenue a month.
    pub mrr: i64,
    /// Recurring revenue a year.
    pub arr: i64,
    /// A year's recurring revenue and what is charged once in the term.
    pub acv: i64,
    /// Stripe's total less ours; null on a subscription.
    pub reconcile_delta: Option<i64>,
    /// The sums agree with Stripe's.
    pub reconciled: bool,
    /// Stripe no longer has it.
    pub deleted_in_stripe: bool,
    /// What could not be done as it should.
    pub warnings: Warnings,
    /// When the row was made.
    pub created_at: i64,
    /// When a field or a line last changed.
    pub updated_at: i64,
}

/// It stands alone: references are by Stripe id.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
