//! How clients are asked for.

use async_graphql::{Context, Enum, ID, InputObject, Object, OneofObject};
use entity::client::Model;
use entity::kind::Scope;

use super::{Client, ClientOrigin, ClientStatus};
use crate::error::{Code, Error};
use crate::graphql::connection::{connection, page_args, row_of, rows_of};
use crate::graphql::id::IdType;
use crate::graphql::money::{DateTimeRange, OrderDirection};
use crate::graphql::stripe::{StripeRef, only};
use crate::graphql::{ContextExt, Fault};
use crate::store;
use crate::store::page::Listing;

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

async fn count(ctx: &Context<'_>, filter: &store::client::ClientFilter) -> Result<u64, Fault> {
    Ok(store::client::count(ctx.app()?.db.read(), filter).await?)
}

/// The queries of this noun.
#[derive(Default)]
pub(in crate::graphql) struct ClientQuery;

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

connection!(
    ClientConnection,
    ClientEdge,
    Client,
    Model,
    store::client::ClientFilter,
    count
);
