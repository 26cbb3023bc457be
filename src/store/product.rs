//! Reading products.

use entity::product::{Column, Entity, Model};
use sea_orm::sea_query::SimpleExpr;
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, PaginatorTrait, QueryFilter, Select};
use uuid::Uuid;

use super::page::{Key, Page, Place, Sorted, Window};
use super::range::{Range, among, holds, within};

/// Filters combine with AND; a list inside one is OR.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the fields are those of the API's filter")]
pub struct ProductFilter {
    pub ids: Option<Vec<Uuid>>,
    pub integration_id: Option<Uuid>,
    pub stripe_ids: Option<Vec<String>>,
    pub active: Option<bool>,
    pub recurring: Option<bool>,
    pub updated_at: Option<Range<i64>>,
    pub search: Option<String>,
}

/// What products are sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each is a field")]
pub enum ProductOrderField {
    Name,
    CreatedAt,
    UpdatedAt,
}

impl ProductOrderField {
    fn key(self) -> SimpleExpr {
        match self {
            Self::Name => Column::NameKey.into_expr(),
            Self::CreatedAt => Column::CreatedAt.into_expr(),
            Self::UpdatedAt => Column::UpdatedAt.into_expr(),
        }
    }

    /// What kind of value it is.
    pub fn sorted(self) -> Sorted {
        match self {
            Self::Name => Sorted::Text,
            Self::CreatedAt | Self::UpdatedAt => Sorted::Number,
        }
    }

    /// Where `product` stands in this order.
    pub fn place(self, product: &Model) -> Place {
        let key = match self {
            Self::Name => Key::Text(product.name_key.clone()),
            Self::CreatedAt => Key::Number(product.created_at),
            Self::UpdatedAt => Key::Number(product.updated_at),
        };
        Place { key, id: product.id }
    }
}

fn filtered(filter: &ProductFilter) -> Select<Entity> {
    let conditions = Condition::all()
        .add_option(among(Column::Id, filter.ids.as_ref()))
        .add_option(filter.integration_id.map(|id| Column::IntegrationId.eq(id)))
        .add_option(among(Column::StripeId, filter.stripe_ids.as_ref()))
        .add_option(filter.active.map(|active| Column::Active.eq(active)))
        .add_option(filter.recurring.map(|recurring| Column::Recurring.eq(recurring)))
        .add(within(Column::UpdatedAt, filter.updated_at.as_ref()))
        .add_option(holds(Column::SearchKey, filter.search.as_ref()));
    Entity::find().filter(conditions)
}

/// A page of products.
pub async fn list(
    conn: &impl ConnectionTrait,
    filter: &ProductFilter,
    order: ProductOrderField,
    window: &Window,
) -> Result<Page<Model>, DbErr> {
    window
        .read(conn, filtered(filter), order.key(), Column::Id.into_expr())
        .await
}

/// How many there are.
pub async fn count(conn: &impl ConnectionTrait, filter: &ProductFilter) -> Result<u64, DbErr> {
    filtered(filter).count(conn).await
}

/// By our id.
pub async fn find(conn: &impl ConnectionTrait, id: Uuid) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(id).one(conn).await
}

/// By Stripe's id: one for each integration that has it.
pub async fn list_by_stripe_id(
    conn: &impl ConnectionTrait,
    integration_id: Option<Uuid>,
    stripe_id: &str,
) -> Result<Vec<Model>, DbErr> {
    let here = Condition::all().add_option(integration_id.map(|id| Column::IntegrationId.eq(id)));
    Entity::find()
        .filter(Column::StripeId.eq(stripe_id))
        .filter(here)
        .all(conn)
        .await
}

/// The products of the given integrations and Stripe ids.
pub async fn list_by_stripe_ids(conn: &impl ConnectionTrait, asked: &[(Uuid, String)]) -> Result<Vec<Model>, DbErr> {
    let mut any = Condition::any();
    for (integration_id, ids) in super::grouped(asked) {
        any = any.add(
            Condition::all()
                .add(Column::IntegrationId.eq(integration_id))
                .add(Column::StripeId.is_in(ids)),
        );
    }
    Entity::find().filter(any).all(conn).await
}

/// Those of our ids.
pub async fn list_by_ids(conn: &impl ConnectionTrait, ids: &[Uuid]) -> Result<Vec<Model>, DbErr> {
    Entity::find()
        .filter(Column::Id.is_in(ids.iter().copied()))
        .all(conn)
        .await
}
