//! Contracts.

use async_graphql::{Context, Enum, ID, InputObject, Object, OneofObject};
use entity::contract::Model;
use entity::kind::{Scope, StripeKind};

use super::client::Client;
use super::connection::{connection, page_args, row_of, rows_of};
use super::id::IdType;
use super::integration::Integration;
use super::line::ContractLineConnection;
use super::loader::{ClientOf, ContractCountOf, LinesOf};
use super::money::{DateRange, DateTimeRange, Money, OrderDirection};
use super::scalar::{Date, DateTime};
use super::source::ContractSource;
use super::stripe::{StripeRef, dashboard_url, integration_of, only, seen_at};
use super::{ContextExt, Fault};
use crate::error::Error;
use crate::store;
use crate::store::page::{Listing, Page, Sorted, Window};

/// A paid invoice or a subscription.
#[derive(Debug, Clone)]
pub(super) struct Contract(pub Model);

impl Contract {
    fn money(&self, minor: i64) -> Money {
        Money::new(minor, &self.0.currency)
    }

    fn kind(&self) -> StripeKind {
        match self.0.source {
            entity::kind::ContractSource::Invoice => StripeKind::Invoice,
            entity::kind::ContractSource::Subscription => StripeKind::Subscription,
        }
    }
}

#[Object]
impl Contract {
    pub(super) async fn id(&self) -> ID {
        IdType::Contract.encode(self.0.id)
    }

    pub(super) async fn stripe_id(&self) -> Option<String> {
        Some(self.0.stripe_id.clone())
    }

    pub(super) async fn integration(&self, ctx: &Context<'_>) -> Result<Option<Integration>, Fault> {
        Ok(integration_of(ctx, self.0.integration_id).await?.map(Integration))
    }

    pub(super) async fn stripe_url(&self, ctx: &Context<'_>) -> Result<Option<String>, Fault> {
        dashboard_url(ctx, self.0.integration_id, self.kind(), &self.0.stripe_id).await
    }

    pub(super) async fn deleted_in_stripe(&self) -> bool {
        self.0.deleted_in_stripe
    }

    pub(super) async fn last_synced_at(&self, ctx: &Context<'_>) -> Result<Option<DateTime>, Fault> {
        seen_at(ctx, self.0.integration_id, self.kind(), &self.0.stripe_id).await
    }

    pub(super) async fn warnings(&self) -> Vec<String> {
        self.0.warnings.0.clone()
    }

    async fn source(&self) -> ContractSource {
        self.0.source.into()
    }

    /// Stripe's own status word.
    async fn source_status(&self) -> &str {
        &self.0.source_status
    }

    async fn number(&self) -> Option<&str> {
        self.0.number.as_deref()
    }

    async fn name(&self) -> &str {
        &self.0.name
    }

    /// Null while no client is known for `stripeCustomerId`; it attaches by itself when one appears.
    async fn client(&self, ctx: &Context<'_>) -> Result<Option<Client>, Fault> {
        let Some(customer) = self.0.stripe_customer_id.clone() else {
            return Ok(None);
        };
        Ok(ctx
            .rows()?
            .load_one(ClientOf(self.0.integration_id, customer))
            .await?
            .map(Client))
    }

    async fn stripe_customer_id(&self) -> Option<&str> {
        self.0.stripe_customer_id.as_deref()
    }

    async fn paid_at(&self) -> Option<DateTime> {
        self.0.paid_at.map(DateTime::from_ms)
    }

    async fn booking_date(&self) -> Date {
        Date(self.0.booking_date)
    }

    async fn term_start(&self) -> Option<Date> {
        self.0.term_start.map(Date)
    }

    /// Exclusive.
    async fn term_end(&self) -> Option<Date> {
        self.0.term_end.map(Date)
    }

    /// Sum of the lines' gross amounts.
    async fn subtotal(&self) -> Money {
        self.money(self.0.subtotal)
    }

    async fn currency(&self) -> &str {
        &self.0.currency
    }

    async fn discount(&self) -> Money {
        self.money(self.0.discount)
    }

    async fn shipping(&self) -> Money {
        self.money(self.0.shipping)
    }

    async fn tax(&self) -> Money {
        self.money(self.0.tax)
    }

    /// After discounts, with shipping, without tax.
    async fn total(&self) -> Money {
        self.money(self.0.total)
    }

    async fn amount_paid(&self) -> Money {
        self.money(self.0.amount_paid)
    }

    /// Invoice contracts: zero when lines, discounts, shipping and tax add up to Stripe's total; else by how much they do not.
    async fn reconcile_delta(&self) -> Option<Money> {
        self.0.reconcile_delta.map(|delta| self.money(delta))
    }

    async fn created_at(&self) -> DateTime {
        DateTime::from_ms(self.0.created_at)
    }

    async fn updated_at(&self) -> DateTime {
        DateTime::from_ms(self.0.updated_at)
    }

    async fn lines(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<ContractLineConnection, Fault> {
        let listing = Listing::new(&format!("lines of {}", self.0.id), "NUMBER", Sorted::Number, true, &());
        let window = page_args(first, after, last, before).check(listing)?;
        ctx.rows()?.allow(&window)?;
        let key = LinesOf {
            contract_id: self.0.id,
            window: window.clone(),
        };
        let page = ctx
            .rows()?
            .load_one(key)
            .await?
            .unwrap_or_else(|| window.page(Vec::new()));
        Ok(ContractLineConnection::of_contract(page, &window, self.0.id))
    }
}

/// One contract by an id of ours or of Stripe.
#[derive(OneofObject)]
enum ContractRef {
    Id(ID),
    Stripe(StripeRef),
}

/// Filters combine with AND; a list inside one filter is OR.
#[derive(InputObject)]
pub(super) struct ContractFilter {
    ids: Option<Vec<ID>>,
    integration_id: Option<ID>,
    stripe_ids: Option<Vec<String>>,
    client_id: Option<ID>,
    stripe_customer_id: Option<String>,
    product_id: Option<ID>,
    /// False: contracts still waiting for a client.
    linked: Option<bool>,
    source: Option<Vec<ContractSource>>,
    currency: Option<Vec<String>>,
    /// False: sums that do not add up.
    reconciled: Option<bool>,
    booking_date: Option<DateRange>,
    term_end: Option<DateRange>,
    updated_at: Option<DateTimeRange>,
    search: Option<String>,
}

impl ContractFilter {
    pub(super) fn rows(self) -> Result<store::contract::ContractFilter, Error> {
        let upper = |codes: Vec<String>| codes.into_iter().map(|code| code.to_uppercase()).collect();
        Ok(store::contract::ContractFilter {
            ids: rows_of(IdType::Contract, self.ids, "ids")?,
            integration_id: row_of(IdType::Integration, self.integration_id, "integrationId")?,
            stripe_ids: self.stripe_ids,
            client_id: row_of(IdType::Client, self.client_id, "clientId")?,
            stripe_customer_id: self.stripe_customer_id,
            product_id: row_of(IdType::Product, self.product_id, "productId")?,
            linked: self.linked,
            source: self.source.map(|sources| sources.into_iter().map(Into::into).collect()),
            currency: self.currency.map(upper),
            reconciled: self.reconciled,
            booking_date: self.booking_date.map(Into::into),
            term_end: self.term_end.map(Into::into),
            updated_at: self.updated_at.map(Into::into),
            search: self.search,
        })
    }
}

/// What contracts are sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "store::contract::ContractOrderField")]
pub(super) enum ContractOrderField {
    BookingDate,
    TermEnd,
    Total,
    CreatedAt,
    UpdatedAt,
}

/// The order of contracts.
#[derive(InputObject)]
pub(super) struct ContractOrder {
    #[graphql(default_with = "ContractOrderField::BookingDate")]
    field: ContractOrderField,
    #[graphql(default_with = "OrderDirection::Desc")]
    direction: OrderDirection,
}

impl Default for ContractOrder {
    fn default() -> Self {
        Self {
            field: ContractOrderField::BookingDate,
            direction: OrderDirection::Desc,
        }
    }
}

impl ContractOrder {
    pub(super) fn field(&self) -> store::contract::ContractOrderField {
        self.field.into()
    }

    pub(super) fn listing(&self, list: &str, filter: &store::contract::ContractFilter) -> Listing {
        Listing::new(
            list,
            &format!("{:?}", self.field),
            self.field().sorted(),
            self.direction == OrderDirection::Asc,
            filter,
        )
    }
}

connection!(
    ContractConnection,
    ContractEdge,
    Contract,
    Model,
    store::contract::ContractFilter,
    count
);

/// Contracts of one client are counted together with those of other clients.
async fn count(ctx: &Context<'_>, filter: &store::contract::ContractFilter) -> Result<u64, Fault> {
    let Some(client_id) = filter.client_id else {
        return Ok(store::contract::count(ctx.app()?.db.read(), filter).await?);
    };
    let filter = store::contract::ContractFilter {
        client_id: None,
        ..filter.clone()
    };
    Ok(ctx
        .rows()?
        .load_one(ContractCountOf { client_id, filter })
        .await?
        .unwrap_or(0))
}

impl ContractConnection {
    pub(super) fn of_page(
        page: Page<Model>,
        window: &Window,
        filter: store::contract::ContractFilter,
        order: store::contract::ContractOrderField,
    ) -> Self {
        Self::of(page, window, filter, |contract| order.place(contract))
    }
}

/// The queries of this noun.
#[derive(Default)]
pub(super) struct ContractQuery;

#[Object]
impl ContractQuery {
    async fn contract(&self, ctx: &Context<'_>, r#ref: ContractRef) -> Result<Option<Contract>, Fault> {
        ctx.require(Scope::Read)?;
        let db = ctx.app()?.db.read();
        let found = match r#ref {
            ContractRef::Id(id) => match IdType::Contract.decode(&id, &["id"]) {
                Ok(id) => store::contract::find(db, id).await?,
                Err(Error::NotFound) => None,
                Err(error) => return Err(error.into()),
            },
            ContractRef::Stripe(stripe) => {
                let (integration_id, stripe_id) = stripe.parts()?;
                only(store::contract::list_by_stripe_id(db, integration_id, &stripe_id).await?)?
            }
        };
        Ok(found.map(Contract))
    }

    #[expect(clippy::too_many_arguments, reason = "they are the field's arguments")]
    async fn contracts(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        filter: Option<ContractFilter>,
        order_by: Option<ContractOrder>,
    ) -> Result<ContractConnection, Fault> {
        ctx.require(Scope::Read)?;
        let filter = filter.map(ContractFilter::rows).transpose()?.unwrap_or_default();
        let order = order_by.unwrap_or_default();
        let window = page_args(first, after, last, before).check(order.listing("contracts", &filter))?;
        let page = store::contract::list(ctx.app()?.db.read(), &filter, order.field(), &window).await?;
        Ok(ContractConnection::of_page(page, &window, filter, order.field()))
    }
}
