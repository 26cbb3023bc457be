//! Reading clients and the Stripe customers that they are.

use entity::client::{Column, Entity, Model};
use entity::client_link;
use entity::kind::{ClientOrigin, ClientStatus};
use sea_orm::sea_query::{Expr, Query, SelectStatement, SimpleExpr};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
    Select,
};
use uuid::Uuid;

use super::page::{Key, Page, Place, Sorted, Window};
use super::range::{Range, among, holds, within};

/// Filters combine with AND; a list inside one is OR.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the fields are those of the API's filter")]
pub struct ClientFilter {
    pub ids: Option<Vec<Uuid>>,
    pub integration_id: Option<Uuid>,
    pub stripe_ids: Option<Vec<String>>,
    pub external_ids: Option<Vec<String>>,
    pub origin: Option<ClientOrigin>,
    pub status: Option<Vec<ClientStatus>>,
    pub deleted_in_stripe: Option<bool>,
    pub updated_at: Option<Range<i64>>,
    pub search: Option<String>,
}

/// What clients are sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each is a field")]
pub enum ClientOrderField {
    Name,
    CreatedAt,
    UpdatedAt,
}

impl ClientOrderField {
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

    /// Where `client` stands in this order.
    pub fn place(self, client: &Model) -> Place {
        let key = match self {
            Self::Name => Key::Text(client.name_key.clone()),
            Self::CreatedAt => Key::Number(client.created_at),
            Self::UpdatedAt => Key::Number(client.updated_at),
        };
        Place { key, id: client.id }
    }
}

fn filtered(filter: &ClientFilter) -> Select<Entity> {
    let linked = (filter.integration_id.is_some() || filter.stripe_ids.is_some())
        .then(|| Column::Id.in_subquery(linked_to(filter)));
    let conditions = Condition::all()
        .add_option(among(Column::Id, filter.ids.as_ref()))
        .add_option(linked)
        .add_option(among(Column::ExternalId, filter.external_ids.as_ref()))
        .add_option(filter.origin.map(|origin| Column::Origin.eq(origin)))
        .add_option(among(Column::Status, filter.status.as_ref()))
        .add_option(
            filter
                .deleted_in_stripe
                .map(|deleted| Column::DeletedInStripe.eq(deleted)),
        )
        .add(within(Column::UpdatedAt, filter.updated_at.as_ref()))
        .add_option(holds(Column::SearchKey, filter.search.as_ref()));
    Entity::find().filter(conditions)
}

fn linked_to(filter: &ClientFilter) -> SelectStatement {
    use client_link::Column as Link;
    let mut query = Query::select();
    query.column(Link::ClientId).from(client_link::Entity);
    if let Some(integration_id) = filter.integration_id {
        query.and_where(Link::IntegrationId.eq(integration_id));
    }
    if let Some(among) = among(Link::StripeCustomerId, filter.stripe_ids.as_ref()) {
        query.and_where(among);
    }
    query
}

/// A page of clients.
pub async fn list(
    conn: &impl ConnectionTrait,
    filter: &ClientFilter,
    order: ClientOrderField,
    window: &Window,
) -> Result<Page<Model>, DbErr> {
    window
        .read(conn, filtered(filter), order.key(), Column::Id.into_expr())
        .await
}

/// How many there are.
pub async fn count(conn: &impl ConnectionTrait, filter: &ClientFilter) -> Result<u64, DbErr> {
    filtered(filter).count(conn).await
}

/// By our id.
pub async fn find(conn: &impl ConnectionTrait, id: Uuid) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(id).one(conn).await
}

/// Those of our ids.
pub async fn list_by_ids(conn: &impl ConnectionTrait, ids: &[Uuid]) -> Result<Vec<Model>, DbErr> {
    Entity::find()
        .filter(Column::Id.is_in(ids.iter().copied()))
        .all(conn)
        .await
}

/// By our id, those after one of them.
pub async fn list_after(conn: &impl ConnectionTrait, after: Option<Uuid>, limit: u64) -> Result<Vec<Model>, DbErr> {
    Entity::find()
        .filter(Condition::all().add_option(after.map(|id| Column::Id.gt(id))))
        .order_by_asc(Column::Id)
        .limit(limit)
        .all(conn)
        .await
}

/// By another system's id, which need not be unique.
pub async fn list_by_external_id(conn: &impl ConnectionTrait, external_id: &str) -> Result<Vec<Model>, DbErr> {
    Entity::find()
        .filter(Column::ExternalId.eq(external_id))
        .all(conn)
        .await
}

/// By a Stripe customer: one for each integration that has the id.
pub async fn list_by_stripe_id(
    conn: &impl ConnectionTrait,
    integration_id: Option<Uuid>,
    stripe_id: &str,
) -> Result<Vec<Model>, DbErr> {
    use client_link::Column as Link;
    let links = client_link::Entity::find()
        .filter(Link::StripeCustomerId.eq(stripe_id))
        .filter(Condition::all().add_option(integration_id.map(|id| Link::IntegrationId.eq(id))))
        .all(conn)
        .await?;
    list_by_ids(conn, &links.iter().map(|link| link.client_id).collect::<Vec<_>>()).await
}

/// The clients of Stripe customers, each with the customer that it was asked by.
pub async fn list_by_customers(
    conn: &impl ConnectionTrait,
    customers: &[(Uuid, String)],
) -> Result<Vec<(client_link::Model, Option<Model>)>, DbErr> {
    use client_link::Column as Link;
    let mut asked = Condition::any();
    for (integration_id, ids) in super::grouped(customers) {
        asked = asked.add(
            Condition::all()
                .add(Link::IntegrationId.eq(integration_id))
                .add(Link::StripeCustomerId.is_in(ids)),
        );
    }
    let links = client_link::Entity::find().filter(asked).all(conn).await?;
    let clients = Entity::find()
        .filter(Column::Id.is_in(links.iter().map(|link| link.client_id)))
        .all(conn)
        .await?;
    let find = |link: &client_link::Model| clients.iter().find(|client| client.id == link.client_id).cloned();
    Ok(links
        .into_iter()
        .map(|link| {
            let client = find(&link);
            (link, client)
        })
        .collect())
}

/// The links of clients, the oldest first.
pub async fn list_links(conn: &impl ConnectionTrait, clients: &[Uuid]) -> Result<Vec<client_link::Model>, DbErr> {
    use client_link::Column as Link;
    client_link::Entity::find()
        .filter(Link::ClientId.is_in(clients.iter().copied()))
        .order_by_asc(Link::CreatedAt)
        .order_by(Expr::col(Link::StripeCustomerId), sea_orm::Order::Asc)
        .order_by_asc(Link::IntegrationId)
        .all(conn)
        .await
}
