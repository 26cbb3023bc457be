//! Clients.

use async_graphql::{Context, Enum, ID, InputObject, Object, OneofObject, SimpleObject};
use entity::client::Model;
use entity::client_link;
use entity::kind::{Scope, StripeKind};

use super::connection::{connection, page_args, row_of, rows_of};
use super::contract::{ContractConnection, ContractFilter, ContractOrder};
use super::custom_field::{CustomValue, custom_values};
use super::id::IdType;
use super::integration::Integration;
use super::loader::{ContractsOf, LinksOf};
use super::money::{DateTimeRange, OrderDirection};
use super::revenue::CurrencyRevenue;
use super::scalar::{Date, DateTime};
use super::stripe::{StripeRef, dashboard_url, integration_of, only, seen_at};
use super::{ContextExt, Fault};
use crate::error::{Code, Error};
use crate::store::{self, page::Listing};

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
    ) -> Result<ContractConnection, Fault> {
        let filter = filter.map(ContractFilter::rows).transpose()?.unwrap_or_default();
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

    /// What all its contracts come to, a row a currency.
    async fn revenue(&self, ctx: &Context<'_>) -> Result<Vec<CurrencyRevenue>, Fault> {
        CurrencyRevenue::of_client(ctx, self.0.id).await
    }
}

/// A Stripe customer that is a client.
#[derive(Debug)]
struct StripeCustomerLink(client_link::Model);

#[Object]
impl StripeCustomerLink {
    async fn integration(&self, ctx: &Context<'_>) -> Result<Integration, Fault> {
        let found = integration_of(ctx, self.0.integration_id).await?;
        Ok(found.map(Integration).ok_or(Error::NotFound)?)
    }

    async fn stripe_id(&self) -> &str {
        &self.0.stripe_customer_id
    }

    async fn stripe_url(&self, ctx: &Context<'_>) -> Result<String, Fault> {
        let url = dashboard_url(
            ctx,
            self.0.integration_id,
            StripeKind::Customer,
            &self.0.stripe_customer_id,
        )
        .await?;
        Ok(url.ok_or(Error::NotFound)?)
    }

    async fn deleted_in_stripe(&self) -> bool {
        self.0.deleted_in_stripe
    }

    async fn last_synced_at(&self, ctx: &Context<'_>) -> Result<DateTime, Fault> {
        let seen = seen_at(
            ctx,
            self.0.integration_id,
            StripeKind::Customer,
            &self.0.stripe_customer_id,
        )
        .await?;
        Ok(seen.unwrap_or_else(|| DateTime::from_ms(self.0.created_at)))
    }

    /// Which rule, or person, made the link.
    async fn linked_by(&self) -> &str {
        &self.0.linked_by
    }
}

/// One client by an id of ours, of another system, or of Stripe.
#[derive(OneofObject)]
enum ClientRef {
    Id(ID),
    ExternalId(String),
    Stripe(StripeRef),
}

/// Filters combine with AND; a list inside one filter is OR. `search` is a literal substring, case-insensitive: % and _ mean themselves.
#[derive(InputObject)]
struct ClientFilter {
    ids: Option<Vec<ID>>,
    integration_id: Option<ID>,
    stripe_ids: Option<Vec<String>>,
    external_ids: Option<Vec<String>>,
    origin: Option<ClientOrigin>,
    status: Option<Vec<ClientStatus>>,
    deleted_in_stripe: Option<bool>,
    updated_at: Option<DateTimeRange>,
    search: Option<String>,
}

impl ClientFilter {
    fn rows(self) -> Result<store::client::ClientFilter, Error> {
        Ok(store::client::ClientFilter {
            ids: rows_of(IdType::Client, self.ids, "ids")?,
            integration_id: row_of(IdType::Integration, self.integration_id, "integrationId")?,
            stripe_ids: self.stripe_ids,
            external_ids: self.external_ids,
            origin: self.origin.map(Into::into),
            status: self.status.map(|status| status.into_iter().map(Into::into).collect()),
            deleted_in_stripe: self.deleted_in_stripe,
            updated_at: self.updated_at.map(Into::into),
            search: self.search,
        })
    }
}

/// What clients are sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "store::client::ClientOrderField")]
pub(super) enum ClientOrderField {
    Name,
    CreatedAt,
    UpdatedAt,
}

/// The order of clients.
#[derive(InputObject)]
struct ClientOrder {
    #[graphql(default_with = "ClientOrderField::Name")]
    field: ClientOrderField,
    #[graphql(default_with = "OrderDirection::Asc")]
    direction: OrderDirection,
}

connection!(
    ClientConnection,
    ClientEdge,
    Client,
    Model,
    store::client::ClientFilter,
    count
);

async fn count(ctx: &Context<'_>, filter: &store::client::ClientFilter) -> Result<u64, Fault> {
    Ok(store::client::count(ctx.app()?.db.read(), filter).await?)
}

/// The queries of this noun.
#[derive(Default)]
pub(super) struct ClientQuery;

#[Object]
impl ClientQuery {
    async fn client(&self, ctx: &Context<'_>, r#ref: ClientRef) -> Result<Option<Client>, Fault> {
        ctx.require(Scope::Read)?;
        let db = ctx.app()?.db.read();
        let found = match r#ref {
            ClientRef::Id(id) => match IdType::Client.decode(&id, &["id"]) {
                Ok(id) => store::client::find(db, id).await?,
                Err(Error::NotFound) => None,
                Err(error) => return Err(error.into()),
            },
            ClientRef::ExternalId(id) => {
                let mut found = store::client::list_by_external_id(db, &id).await?;
                if found.len() > 1 {
                    let message = "Several clients have this id of another system.";
                    return Err(Error::refused(&["externalId"], Code::Conflict, message).into());
                }
                found.pop()
            }
            ClientRef::Stripe(stripe) => {
                let (integration_id, stripe_id) = stripe.parts()?;
                only(store::client::list_by_stripe_id(db, integration_id, &stripe_id).await?)?
            }
        };
        Ok(found.map(Client))
    }

    /// `first` and `last`: default 25, at most 100; more is an error.
    #[expect(clippy::too_many_arguments, reason = "they are the field's arguments")]
    async fn clients(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        filter: Option<ClientFilter>,
        order_by: Option<ClientOrder>,
    ) -> Result<ClientConnection, Fault> {
        ctx.require(Scope::Read)?;
        let filter = filter.map(ClientFilter::rows).transpose()?.unwrap_or_default();
        let (field, direction) = order_by.map_or((ClientOrderField::Name, OrderDirection::Asc), |order| {
            (order.field, order.direction)
        });
        let listing = Listing::new(
            "clients",
            &format!("{field:?}"),
            store::client::ClientOrderField::from(field).sorted(),
            direction == OrderDirection::Asc,
            &filter,
        );
        let window = page_args(first, after, last, before).check(listing)?;
        let field = store::client::ClientOrderField::from(field);
        let page = store::client::list(ctx.app()?.db.read(), &filter, field, &window).await?;
        Ok(ClientConnection::of(page, &window, filter, |client| {
            field.place(client)
        }))
    }
}
