//! Reading the objects that could not be imported.

use entity::kind::StripeKind;
use entity::sync_error::{Column, Entity, Model};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, Select,
};
use uuid::Uuid;

use super::page::{Key, Page, Place, Window};
use super::range::among;

/// Filters combine with AND; a list inside one is OR.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the fields are those of the API's filter")]
pub struct SyncErrorFilter {
    pub integration_id: Option<Uuid>,
    pub run_id: Option<Uuid>,
    pub kind: Option<Vec<StripeKind>>,
    pub code: Option<Vec<String>>,
    pub resolved: Option<bool>,
}

fn filtered(filter: &SyncErrorFilter) -> Select<Entity> {
    let resolved = |resolved| {
        if resolved {
            Column::ResolvedAt.is_not_null()
        } else {
            Column::ResolvedAt.is_null()
        }
    };
    let conditions = Condition::all()
        .add_option(filter.integration_id.map(|id| Column::IntegrationId.eq(id)))
        .add_option(filter.run_id.map(|id| Column::RunId.eq(id)))
        .add_option(among(Column::Kind, filter.kind.as_ref()))
        .add_option(among(Column::Code, filter.code.as_ref()))
        .add_option(filter.resolved.map(resolved));
    Entity::find().filter(conditions)
}

/// Where `error` stands in the list.
pub fn place(error: &Model) -> Place {
    Place {
        key: Key::Number(error.last_at),
        id: error.id,
    }
}

/// A page of errors.
pub async fn list(
    conn: &impl ConnectionTrait,
    filter: &SyncErrorFilter,
    window: &Window,
) -> Result<Page<Model>, DbErr> {
    window
        .read(
            conn,
            filtered(filter),
            Column::LastAt.into_expr(),
            Column::Id.into_expr(),
        )
        .await
}

/// How many there are.
pub async fn count(conn: &impl ConnectionTrait, filter: &SyncErrorFilter) -> Result<u64, DbErr> {
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

/// The error of one Stripe object, the latest where there are several.
pub async fn find_of_object(
    conn: &impl ConnectionTrait,
    integration_id: Uuid,
    kind: StripeKind,
    stripe_id: &str,
) -> Result<Option<Model>, DbErr> {
    Entity::find()
        .filter(Column::IntegrationId.eq(integration_id))
        .filter(Column::Kind.eq(kind))
        .filter(Column::StripeId.eq(stripe_id))
        .order_by_desc(Column::LastAt)
        .one(conn)
        .await
}
