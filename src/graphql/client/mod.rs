//! Clients.
//!
//! - [`list`] is how they are asked for, [`link`] which Stripe customers they are.

mod link;
mod list;

use async_graphql::{Context, Enum, ID, Object, SimpleObject};
use entity::client::Model;

use super::connection::page_args;
use super::contract::{ContractConnection, ContractFilter, ContractOrder};
use super::custom_field::{CustomValue, custom_values};
use super::id::IdType;
use super::loader::{ContractsOf, LinksOf};
use super::revenue::CurrencyRevenue;
use super::scalar::{Date, DateTime};
use super::{ContextExt, Fault};
use crate::store;
use link::StripeCustomerLink;

pub(super) use list::ClientQuery;

/// The company we sell to.
#[derive(Debug, Clone)]
pub(super) struct Client(pub Model);

/// A client's place in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "entity::kind::ClientStatus")]
pub(super) enum ClientStatus {
    Active,
    Inactive,
    Trial,
    Terminated,
}

/// Where a client comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "entity::kind::ClientOrigin")]
pub(super) enum ClientOrigin {
    Stripe,
    Manual,
}

/// A postal address.
#[derive(Debug, SimpleObject)]
struct Address {
    line1: Option<String>,
    line2: Option<String>,
    city: Option<String>,
    state: Option<String>,
    postal_code: Option<String>,
    country: Option<String>,
}

#[Object]
impl Client {
    pub(super) async fn id(&self) -> ID {
        IdType::Client.encode(self.0.id)
    }

    /// The first linked Stripe customer; null for a client that has none.
    async fn stripe_id(&self, ctx: &Context<'_>) -> Result<Option<String>, Fault> {
        let links = ctx.rows()?.load_one(LinksOf(self.0.id)).await?.unwrap_or_default();
        Ok(links.into_iter().next().map(|link| link.stripe_customer_id))
    }

    /// All Stripe customers that are this client.
    async fn stripe_customers(&self, ctx: &Context<'_>) -> Result<Vec<StripeCustomerLink>, Fault> {
        let links = ctx.rows()?.load_one(LinksOf(self.0.id)).await?.unwrap_or_default();
        Ok(links.into_iter().map(StripeCustomerLink).collect())
    }

    /// All linked customers are gone from Stripe.
    async fn deleted_in_stripe(&self) -> bool {
        self.0.deleted_in_stripe
    }

    async fn warnings(&self) -> &[String] {
        &self.0.warnings.0
    }

    async fn origin(&self) -> ClientOrigin {
        self.0.origin.into()
    }

    async fn name(&self) -> &str {
        &self.0.name
    }

    async fn status(&self) -> ClientStatus {
        self.0.status.into()
    }

    async fn email(&self) -> Option<&str> {
        self.0.email.as_deref()
    }

    async fn phone(&self) -> Option<&str> {
        self.0.phone.as_deref()
    }

    async fn site_url(&self) -> Option<&str> {
        self.0.site_url.as_deref()
    }

    async fn external_id(&self) -> Option<&str> {
        self.0.external_id.as_deref()
    }

    async fn address(&self) -> Address {
        let row = self.0.clone();
        Address {
            line1: row.address_line1,
            line2: row.address_line2,
            city: row.address_city,
            state: row.address_state,
            postal_code: row.address_postal_code,
            country: row.address_country,
        }
    }

    async fn currency(&self) -> Option<&str> {
        self.0.currency.as_deref()
    }

    async fn inception_date(&self) -> Option<Date> {
        self.0.inception_date.map(Date)
    }

    /// All custom fields of clients, with this one's values.
    async fn custom_values(&self, ctx: &Context<'_>) -> Result<Vec<CustomValue>, Fault> {
        let owner = entity::kind::CustomFieldOwner::Client;
        custom_values(ctx, owner, &self.0.custom_values.0).await
    }

    async fn created_at(&self) -> DateTime {
        DateTime::from_ms(self.0.created_at)
    }

    async fn updated_at(&self) -> DateTime {
        DateTime::from_ms(self.0.updated_at)
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
        as_of: Option<Date>,
    ) -> Result<ContractConnection, Fault> {
        let as_of = ctx.rows()?.as_of(as_of.map(|day| day.0)).await?;
        let filter = ContractFilter::of_day(filter, &as_of)?;
        let order = order_by.unwrap_or_default();
        let window = page_args(first, after, last, before)
            .check(order.listing(&format!("contracts of {}", self.0.id), &filter))?;
        ctx.rows()?.allow(&window)?;
        let key = ContractsOf {
            client_id: self.0.id,
            filter: filter.clone(),
            order: order.field(),
            window: window.clone(),
        };
        let page = ctx
            .rows()?
            .load_one(key)
            .await?
            .unwrap_or_else(|| window.page(Vec::new()));
        // The filter may name another client: then there are none, and none are counted.
        let is_another = filter.client_id.is_some_and(|id| id != self.0.id);
        let counted = store::contract::ContractFilter {
            client_id: Some(self.0.id),
            ids: if is_another {
                Some(Vec::new())
            } else {
                filter.ids.clone()
            },
            ..filter
        };
        Ok(ContractConnection::of_page(page, &window, counted, order.field()))
    }

    /// What its contracts and subscriptions come to, a row a currency, on the day `asOf`; not given = today.
    async fn revenue(&self, ctx: &Context<'_>, as_of: Option<Date>) -> Result<Vec<CurrencyRevenue>, Fault> {
        CurrencyRevenue::of_client(ctx, self.0.id, as_of).await
    }
}
