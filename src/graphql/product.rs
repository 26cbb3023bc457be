//! Products.

use async_graphql::{Context, Enum, ID, InputObject, Object, OneofObject};
use entity::kind::{Scope, StripeKind};
use entity::product::Model;

use super::connection::{connection, page_args, row_of, rows_of};
use super::custom_field::{CustomValue, custom_values};
use super::id::IdType;
use super::integration::Integration;
use super::money::{DateTimeRange, OrderDirection};
use super::scalar::DateTime;
use super::stripe::{StripeRef, dashboard_url, integration_of, only, seen_at};
use super::{ContextExt, Fault};
use crate::error::Error;
use crate::store::{self, page::Listing};

/// An entry of the product catalog.
#[derive(Debug, Clone)]
pub(super) struct Product(pub Model);

#[Object]
impl Product {
    pub(super) async fn id(&self) -> ID {
        IdType::Product.encode(self.0.id)
    }

    pub(super) async fn stripe_id(&self) -> Option<String> {
        Some(self.0.stripe_id.clone())
    }

    pub(super) async fn integration(&self, ctx: &Context<'_>) -> Result<Option<Integration>, Fault> {
        Ok(integration_of(ctx, self.0.integration_id).await?.map(Integration))
    }

    pub(super) async fn stripe_url(&self, ctx: &Context<'_>) -> Result<Option<String>, Fault> {
        dashboard_url(ctx, self.0.integration_id, StripeKind::Product, &self.0.stripe_id).await
    }

    pub(super) async fn deleted_in_stripe(&self) -> bool {
        self.0.deleted_in_stripe
    }

    pub(super) async fn last_synced_at(&self, ctx: &Context<'_>) -> Result<Option<DateTime>, Fault> {
        seen_at(ctx, self.0.integration_id, StripeKind::Product, &self.0.stripe_id).await
    }

    pub(super) async fn warnings(&self) -> Vec<String> {
        self.0.warnings.0.clone()
    }

    async fn name(&self) -> &str {
        &self.0.name
    }

    async fn description(&self) -> Option<&str> {
        self.0.description.as_deref()
    }

    async fn sku(&self) -> Option<&str> {
        self.0.sku.as_deref()
    }

    async fn active(&self) -> bool {
        self.0.active
    }

    async fn recurring(&self) -> bool {
        self.0.recurring
    }

    /// All custom fields of products, with this one's values.
    async fn custom_values(&self, ctx: &Context<'_>) -> Result<Vec<CustomValue>, Fault> {
        let owner = entity::kind::CustomFieldOwner::Product;
        custom_values(ctx, owner, &self.0.custom_values.0).await
    }

    async fn created_at(&self) -> DateTime {
        DateTime::from_ms(self.0.created_at)
    }

    async fn updated_at(&self) -> DateTime {
        DateTime::from_ms(self.0.updated_at)
    }
}

/// One product by an id of ours or of Stripe.
#[derive(OneofObject)]
enum ProductRef {
    Id(ID),
    Stripe(StripeRef),
}

/// Filters combine with AND; a list inside one filter is OR.
#[derive(InputObject)]
struct ProductFilter {
    ids: Option<Vec<ID>>,
    integration_id: Option<ID>,
    stripe_ids: Option<Vec<String>>,
    active: Option<bool>,
    recurring: Option<bool>,
    updated_at: Option<DateTimeRange>,
    search: Option<String>,
}

impl ProductFilter {
    fn rows(self) -> Result<store::product::ProductFilter, Error> {
        Ok(store::product::ProductFilter {
            ids: rows_of(IdType::Product, self.ids, "ids")?,
            integration_id: row_of(IdType::Integration, self.integration_id, "integrationId")?,
            stripe_ids: self.stripe_ids,
            active: self.active,
            recurring: self.recurring,
            updated_at: self.updated_at.map(Into::into),
            search: self.search,
        })
    }
}

/// What products are sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "store::product::ProductOrderField")]
pub(super) enum ProductOrderField {
    Name,
    CreatedAt,
    UpdatedAt,
}

/// The order of products.
#[derive(InputObject)]
struct ProductOrder {
    #[graphql(default_with = "ProductOrderField::Name")]
    field: ProductOrderField,
    #[graphql(default_with = "OrderDirection::Asc")]
    direction: OrderDirection,
}

connection!(
    ProductConnection,
    ProductEdge,
    Product,
    Model,
    store::product::ProductFilter,
    count
);

async fn count(ctx: &Context<'_>, filter: &store::product::ProductFilter) -> Result<u64, Fault> {
    Ok(store::product::count(ctx.app()?.db.read(), filter).await?)
}

/// The queries of this noun.
#[derive(Default)]
pub(super) struct ProductQuery;

#[Object]
impl ProductQuery {
    async fn product(&self, ctx: &Context<'_>, r#ref: ProductRef) -> Result<Option<Product>, Fault> {
        ctx.require(Scope::Read)?;
        let db = ctx.app()?.db.read();
        let found = match r#ref {
            ProductRef::Id(id) => match IdType::Product.decode(&id, &["id"]) {
                Ok(id) => store::product::find(db, id).await?,
                Err(Error::NotFound) => None,
                Err(error) => return Err(error.into()),
            },
            ProductRef::Stripe(stripe) => {
                let (integration_id, stripe_id) = stripe.parts()?;
                only(store::product::list_by_stripe_id(db, integration_id, &stripe_id).await?)?
            }
        };
        Ok(found.map(Product))
    }

    #[expect(clippy::too_many_arguments, reason = "they are the field's arguments")]
    async fn products(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        filter: Option<ProductFilter>,
        order_by: Option<ProductOrder>,
    ) -> Result<ProductConnection, Fault> {
        ctx.require(Scope::Read)?;
        let filter = filter.map(ProductFilter::rows).transpose()?.unwrap_or_default();
        let (field, direction) = order_by.map_or((ProductOrderField::Name, OrderDirection::Asc), |order| {
            (order.field, order.direction)
        });
        let listing = Listing::new(
            "products",
            &format!("{field:?}"),
            store::product::ProductOrderField::from(field).sorted(),
            direction == OrderDirection::Asc,
            &filter,
        );
        let window = page_args(first, after, last, before).check(listing)?;
        let field = store::product::ProductOrderField::from(field);
        let page = store::product::list(ctx.app()?.db.read(), &filter, field, &window).await?;
        Ok(ProductConnection::of(page, &window, filter, |product| {
            field.place(product)
        }))
    }
}
