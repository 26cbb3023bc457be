//! Contracts.
//!
//! - [`list`] is how they are asked for, [`link`] how a subscription's invoices are, [`word`] has their words, [`termination`] why they are CHURNED.

mod link;
mod list;
mod termination;
mod word;

use std::sync::Arc;

use async_graphql::{Context, ID, Object};
use entity::kind::StripeKind;

use super::client::Client;
use super::connection::page_args;
use super::id::IdType;
use super::integration::Integration;
use super::line::ContractLineConnection;
use super::loader::{ClientOf, LinesOf, RenewalOf, RenewedBy, SubscriptionContractOf};
use super::money::Money;
use super::scalar::{Date, DateTime};
use super::source::ContractSource;
use super::stripe::{dashboard_url, integration_of, seen_at};
use super::{ContextExt, Fault};
use crate::store::contract::Dated;
use crate::store::page::{Listing, Sorted};
use termination::TerminationReason;
use word::{ContractStatus, PaymentState};

pub(super) use list::{ContractConnection, ContractFilter, ContractOrder, ContractQuery};

/// A paid invoice or a subscription.
#[derive(Debug, Clone)]
pub(super) struct Contract(pub Arc<Dated>);

impl Contract {
    fn money(&self, minor: i64) -> Money {
        Money::new(minor, &self.0.row.currency)
    }

    fn is_invoice(&self) -> bool {
        self.0.row.source == entity::kind::ContractSource::Invoice
    }

    fn kind(&self) -> StripeKind {
        match self.0.row.source {
            entity::kind::ContractSource::Invoice => StripeKind::Invoice,
            entity::kind::ContractSource::Subscription => StripeKind::Subscription,
        }
    }
}

#[Object]
impl Contract {
    pub(super) async fn id(&self) -> ID {
        IdType::Contract.encode(self.0.row.id)
    }

    pub(super) async fn stripe_id(&self) -> Option<String> {
        Some(self.0.row.stripe_id.clone())
    }

    pub(super) async fn integration(&self, ctx: &Context<'_>) -> Result<Option<Integration>, Fault> {
        Ok(integration_of(ctx, self.0.row.integration_id).await?.map(Integration))
    }

    pub(super) async fn stripe_url(&self, ctx: &Context<'_>) -> Result<Option<String>, Fault> {
        dashboard_url(ctx, self.0.row.integration_id, self.kind(), &self.0.row.stripe_id).await
    }

    pub(super) async fn deleted_in_stripe(&self) -> bool {
        self.0.row.deleted_in_stripe
    }

    pub(super) async fn last_synced_at(&self, ctx: &Context<'_>) -> Result<Option<DateTime>, Fault> {
        seen_at(ctx, self.0.row.integration_id, self.kind(), &self.0.row.stripe_id).await
    }

    pub(super) async fn warnings(&self) -> Vec<String> {
        self.0.row.warnings.0.clone()
    }

    async fn source(&self) -> ContractSource {
        self.0.row.source.into()
    }

    /// Stripe's own status word.
    async fn source_status(&self) -> &str {
        &self.0.row.source_status
    }

    async fn number(&self) -> Option<&str> {
        self.0.row.number.as_deref()
    }

    async fn name(&self) -> &str {
        &self.0.row.name
    }

    /// Null while no client is known for `stripeCustomerId`; it attaches by itself when one appears.
    async fn client(&self, ctx: &Context<'_>) -> Result<Option<Client>, Fault> {
        let Some(customer) = self.0.row.stripe_customer_id.clone() else {
            return Ok(None);
        };
        Ok(ctx
            .rows()?
            .load_one(ClientOf(self.0.row.integration_id, customer))
            .await?
            .map(Client))
    }

    async fn stripe_customer_id(&self) -> Option<&str> {
        self.0.row.stripe_customer_id.as_deref()
    }

    /// Where it is in its life on the present day, or the day that the query asks for. An invoice contract is BOOKED before its term, ACTIVE in it, and
    /// ENDED when another invoice charges for newer periods of all its items; after its term ENDED when nothing was to follow or something has, else what
    /// its subscription says: ENDED while a period of it runs, OVERDUE while it is past due or unpaid, CHURNED when it was canceled, LOST when it was given
    /// up in its trial; OVERDUE where the subscription is not known. Credited in full, reversed, or with all its items given back it is CHURNED. A
    /// subscription contract follows Stripe's status.
    async fn status(&self) -> ContractStatus {
        self.0.status.into()
    }

    async fn payment_state(&self) -> PaymentState {
        self.0.row.payment_state.into()
    }

    async fn paid_at(&self) -> Option<DateTime> {
        self.0.row.paid_at.map(DateTime::from_ms)
    }

    async fn booking_date(&self) -> Date {
        Date(self.0.row.booking_date)
    }

    async fn term_start(&self) -> Option<Date> {
        self.0.row.term_start.map(Date)
    }

    /// Exclusive.
    async fn term_end(&self) -> Option<Date> {
        self.0.row.term_end.map(Date)
    }

    /// Set while `status` is CHURNED: the day of the last credit note, of the reversal, of the day its items were given back or taken out, or of
    /// the subscription's end.
    async fn terminated_date(&self) -> Option<Date> {
        let row = &self.0.row;
        let churned = entity::kind::ContractStatus::Churned;
        let left = row
            .left_on
            .filter(|_| row.fixed_status.is_none() && row.left_as == Some(churned));
        let day = row.removed_on.or(left).or(row.terminated_date);
        day.filter(|_| self.0.status == churned).map(Date)
    }

    /// Why it is CHURNED; null while it is not.
    async fn termination_reason(&self) -> Option<TerminationReason> {
        termination::reason(&self.0)
    }

    /// False once an end is scheduled or has come. Null on an invoice contract without a subscription, or while that is not here.
    async fn auto_renew(&self) -> Option<bool> {
        self.0.row.auto_renew
    }

    /// Sum of the lines' gross amounts.
    async fn subtotal(&self) -> Money {
        self.money(self.0.row.subtotal)
    }

    async fn currency(&self) -> &str {
        &self.0.row.currency
    }

    async fn discount(&self) -> Money {
        self.money(self.0.row.discount)
    }

    async fn shipping(&self) -> Money {
        self.money(self.0.row.shipping)
    }

    async fn tax(&self) -> Money {
        self.money(self.0.row.tax)
    }

    /// After discounts, with shipping, without tax.
    async fn total(&self) -> Money {
        self.money(self.0.row.total)
    }

    async fn amount_paid(&self) -> Money {
        self.money(self.0.row.amount_paid)
    }

    /// What credit notes gave back, without tax. Void ones do not count.
    async fn credited(&self) -> Money {
        self.money(self.0.row.credited)
    }

    /// total less credited, both without tax.
    async fn net(&self) -> Money {
        self.money(self.0.row.net)
    }

    /// What was paid back without a credit note, without tax: of the refunds' sum as much as `total` is of Stripe's. 0 where the key may not
    /// read refunds, which `Integration.permissions` tells.
    async fn refunded(&self) -> Money {
        self.money(self.0.row.refunded)
    }

    /// net less refunded, both without tax.
    async fn kept(&self) -> Money {
        self.money(self.0.row.net.saturating_sub(self.0.row.refunded))
    }

    /// What the whole term brings: the total.
    async fn tcv(&self) -> Money {
        self.money(self.0.row.total)
    }

    /// What a year brings: arr, and what is charged once in the term.
    async fn acv(&self) -> Money {
        self.money(self.0.row.acv)
    }

    /// Twelve times the exact monthly sum, rounded once: 1,000.00 a year is 1,000.00.
    async fn arr(&self) -> Money {
        self.money(self.0.row.arr)
    }

    /// What its items bring a month, net of discounts and tax: of an invoice the newest period of each item that it charges for, a line over several
    /// intervals divided by their number. No usage, and without what a coupon takes off once. Reckoned exactly over all items and rounded once, half to
    /// even. It is a figure of this contract alone: sums are those of `revenue`.
    async fn mrr(&self) -> Money {
        self.money(self.0.row.mrr)
    }

    /// False on an invoice contract whose subscription is a contract here too, so that money is counted once; and while its source is
    /// turned off.
    async fn counts_toward_recurring(&self) -> bool {
        self.0.counts_toward_recurring
    }

    /// The subscription contract that this invoice contract bills.
    async fn subscription_contract(&self, ctx: &Context<'_>) -> Result<Option<Contract>, Fault> {
        let Some(subscription) = self.0.row.stripe_subscription_id.clone().filter(|_| self.is_invoice()) else {
            return Ok(None);
        };
        let key = SubscriptionContractOf(self.0.row.integration_id, subscription, self.0.as_of);
        Ok(ctx.rows()?.load_one(key).await?.map(Contract))
    }

    /// The invoice contracts that bill this subscription contract, the newest booking first.
    async fn invoice_contracts(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<ContractConnection, Fault> {
        link::invoices(ctx, &self.0, page_args(first, after, last, before)).await
    }

    /// The contract before it in the same subscription.
    async fn renews(&self, ctx: &Context<'_>) -> Result<Option<Contract>, Fault> {
        Ok(ctx
            .rows()?
            .load_one(RenewalOf(self.0.row.id, self.0.as_of))
            .await?
            .map(Contract))
    }

    /// The contract after it: the first invoice of the same subscription with a licensed recurring line that is no proration, and that begins at its end,
    /// the day before, or later; or that begins earlier with newer periods of all its items: a new cycle before the old one ends.
    async fn renewed_by(&self, ctx: &Context<'_>) -> Result<Option<Contract>, Fault> {
        Ok(ctx
            .rows()?
            .load_one(RenewedBy(self.0.row.id, self.0.as_of))
            .await?
            .map(Contract))
    }

    /// Invoice contracts: zero when lines, discounts, shipping and tax add up to Stripe's total; else by how much they do not.
    async fn reconcile_delta(&self) -> Option<Money> {
        self.0.row.reconcile_delta.map(|delta| self.money(delta))
    }

    async fn created_at(&self) -> DateTime {
        DateTime::from_ms(self.0.row.created_at)
    }

    async fn updated_at(&self) -> DateTime {
        DateTime::from_ms(self.0.row.updated_at)
    }

    async fn lines(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<ContractLineConnection, Fault> {
        let listing = Listing::new(
            &format!("lines of {}", self.0.row.id),
            "NUMBER",
            Sorted::Number,
            true,
            &(),
        );
        let window = page_args(first, after, last, before).check(listing)?;
        ctx.rows()?.allow(&window)?;
        let key = LinesOf {
            contract_id: self.0.row.id,
            window: window.clone(),
        };
        let page = ctx
            .rows()?
            .load_one(key)
            .await?
            .map_or_else(|| window.page(Vec::new()), Arc::unwrap_or_clone);
        Ok(ContractLineConnection::of_contract(page, &window, self.0.row.id))
    }
}
