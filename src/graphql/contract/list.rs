//! How contracts are asked for: one, or a list with filter and order.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, InputObject, Object, OneofObject};
use entity::kind::Scope;

use super::Contract;
use super::word::{ContractStatus, PaymentState};
use crate::error::Error;
use crate::graphql::connection::{connection, page_args, row_of, rows_of};
use crate::graphql::id::IdType;
use crate::graphql::loader::{ContractCountOf, InvoiceCountOf};
use crate::graphql::money::{DateRange, DateTimeRange, OrderDirection};
use crate::graphql::scalar::Date;
use crate::graphql::source::ContractSource;
use crate::graphql::stripe::{StripeRef, only};
use crate::graphql::{ContextExt, Fault};
use crate::store;
use crate::store::contract::{AsOf, Dated};
use crate::store::page::{Listing, Page, Window};

/// One contract by an id of ours or of Stripe.
#[derive(OneofObject)]
enum ContractRef {
    Id(ID),
    Stripe(StripeRef),
}

/// Filters combine with AND; a list inside one filter is OR.
#[derive(InputObject)]
pub(in crate::graphql) struct ContractFilter {
    ids: Option<Vec<ID>>,
    integration_id: Option<ID>,
    stripe_ids: Option<Vec<String>>,
    client_id: Option<ID>,
    stripe_customer_id: Option<String>,
    product_id: Option<ID>,
    /// False: contracts still waiting for a client.
    linked: Option<bool>,
    source: Option<Vec<ContractSource>>,
    status: Option<Vec<ContractStatus>>,
    payment_state: Option<Vec<PaymentState>>,
    counts_toward_recurring: Option<bool>,
    currency: Option<Vec<String>>,
    /// False: sums that do not add up.
    reconciled: Option<bool>,
    booking_date: Option<DateRange>,
    term_end: Option<DateRange>,
    updated_at: Option<DateTimeRange>,
    search: Option<String>,
}

impl ContractFilter {
    fn rows(self) -> Result<store::contract::ContractFilter, Error> {
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
            status: self.status.map(|words| words.into_iter().map(Into::into).collect()),
            payment_state: self
                .payment_state
                .map(|words| words.into_iter().map(Into::into).collect()),
            counts_toward_recurring: self.counts_toward_recurring,
            currency: self.currency.map(upper),
            reconciled: self.reconciled,
            booking_date: self.booking_date.map(Into::into),
            term_end: self.term_end.map(Into::into),
            updated_at: self.updated_at.map(Into::into),
            search: self.search,
            bills: None,
            as_of: None,
        })
    }

    /// What `filter` lets through on a day.
    pub(in crate::graphql) fn of_day(
        filter: Option<Self>,
        as_of: &AsOf,
    ) -> Result<store::contract::ContractFilter, Error> {
        let filter = filter.map(Self::rows).transpose()?.unwrap_or_default();
        Ok(store::contract::ContractFilter {
            as_of: as_of.asked,
            ..filter
        })
    }
}

/// What contracts are sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "store::contract::ContractOrderField")]
pub(in crate::graphql) enum ContractOrderField {
    BookingDate,
    TermEnd,
    Total,
    CreatedAt,
    UpdatedAt,
}

/// The order of contracts.
#[derive(InputObject)]
pub(in crate::graphql) struct ContractOrder {
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
    pub(in crate::graphql) fn field(&self) -> store::contract::ContractOrderField {
        self.field.into()
    }

    pub(in crate::graphql) fn listing(&self, list: &str, filter: &store::contract::ContractFilter) -> Listing {
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
    Arc<Dated>,
    store::contract::ContractFilter,
    count
);

/// Contracts of one client, or of one subscription, are counted together with those of others.
async fn count(ctx: &Context<'_>, filter: &store::contract::ContractFilter) -> Result<u64, Fault> {
    if let Some((integration_id, subscription)) = filter.bills.clone() {
        let key = InvoiceCountOf(integration_id, subscription);
        return Ok(ctx.rows()?.load_one(key).await?.unwrap_or(0));
    }
    let Some(client_id) = filter.client_id else {
        return Ok(
            store::contract::count(ctx.app()?.db.read(), filter, &ctx.rows()?.as_of(filter.as_of).await?).await?,
        );
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
    pub(in crate::graphql) fn of_page(
        page: Page<Arc<Dated>>,
        window: &Window,
        filter: store::contract::ContractFilter,
        order: store::contract::ContractOrderField,
    ) -> Self {
        Self::of(page, window, filter, |contract| order.place(&contract.row))
    }
}

/// The queries of this noun.
#[derive(Default)]
pub(in crate::graphql) struct ContractQuery;

#[Object]
impl ContractQuery {
    /// `asOf`: the day of which it is told; not given = today.
    async fn contract(
        &self,
        ctx: &Context<'_>,
        r#ref: ContractRef,
        as_of: Option<Date>,
    ) -> Result<Option<Contract>, Fault> {
        ctx.require(Scope::Read)?;
        let as_of = ctx.rows()?.as_of(as_of.map(|day| day.0)).await?;
        let (db, as_of) = (ctx.app()?.db.read(), &as_of);
        let found = match r#ref {
            ContractRef::Id(id) => match IdType::Contract.decode(&id, &["id"]) {
                Ok(id) => store::contract::find(db, id, as_of).await?,
                Err(Error::NotFound) => None,
                Err(error) => return Err(error.into()),
            },
            ContractRef::Stripe(stripe) => {
                let (integration_id, stripe_id) = stripe.parts()?;
                only(store::contract::list_by_stripe_id(db, integration_id, &stripe_id, as_of).await?)?
            }
        };
        Ok(found.map(Arc::new).map(Contract))
    }

    /// `asOf`: the day of which they are told, and that `status` in the filter is about; not given = today.
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
        as_of: Option<Date>,
    ) -> Result<ContractConnection, Fault> {
        ctx.require(Scope::Read)?;
        let as_of = ctx.rows()?.as_of(as_of.map(|day| day.0)).await?;
        let filter = ContractFilter::of_day(filter, &as_of)?;
        let order = order_by.unwrap_or_default();
        let window = page_args(first, after, last, before).check(order.listing("contracts", &filter))?;
        let page = store::contract::list(ctx.app()?.db.read(), &filter, order.field(), &window, &as_of).await?;
        Ok(ContractConnection::of_page(
            page.map(Arc::new),
            &window,
            filter,
            order.field(),
        ))
    }
}
