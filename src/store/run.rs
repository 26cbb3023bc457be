//! Reading runs.

use entity::kind::{RunKind, RunState, RunTrigger};
use entity::run::{Column, Entity, Model};
use sea_orm::sea_query::ExprTrait;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
    Select,
};
use uuid::Uuid;

use super::page::{Key, Page, Place, Window};
use super::range::{Range, among, within};

/// Filters combine with AND; a list inside one is OR.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the fields are those of the API's filter")]
pub struct RunFilter {
    pub integration_id: Option<Uuid>,
    pub kind: Option<Vec<RunKind>>,
    pub state: Option<Vec<RunState>>,
    pub trigger: Option<Vec<RunTrigger>>,
    pub queued_at: Option<Range<i64>>,
}

fn filtered(filter: &RunFilter) -> Select<Entity> {
    let conditions = Condition::all()
        .add_option(filter.integration_id.map(|id| Column::IntegrationId.eq(id)))
        .add_option(among(Column::Kind, filter.kind.as_ref()))
        .add_option(among(Column::State, filter.state.as_ref()))
        .add_option(among(Column::Trigger, filter.trigger.as_ref()))
        .add(within(Column::QueuedAt, filter.queued_at.as_ref()));
    Entity::find().filter(conditions)
}

/// Where `run` stands in the list.
pub fn place(run: &Model) -> Place {
    Place {
        key: Key::Number(run.queued_at),
        id: run.id,
    }
}

/// A page of runs.
pub async fn list(conn: &impl ConnectionTrait, filter: &RunFilter, window: &Window) -> Result<Page<Model>, DbErr> {
    window
        .read(
            conn,
            filtered(filter),
            Column::QueuedAt.into_expr(),
            Column::Id.into_expr(),
        )
        .await
}

/// How many there are.
pub async fn count(conn: &impl ConnectionTrait, filter: &RunFilter) -> Result<u64, DbErr> {
    filtered(filter).count(conn).await
}

/// By our id.
pub async fn find(conn: &impl ConnectionTrait, id: Uuid) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(id).one(conn).await
}

/// The same, held until the transaction ends.
pub async fn hold(conn: &impl ConnectionTrait, id: Uuid) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(id).lock_exclusive().one(conn).await
}

/// Those of our ids.
pub async fn list_by_ids(conn: &impl ConnectionTrait, ids: &[Uuid]) -> Result<Vec<Model>, DbErr> {
    Entity::find()
        .filter(Column::Id.is_in(ids.iter().copied()))
        .all(conn)
        .await
}

/// The runs of an integration that have not ended, the oldest first.
pub async fn list_open(conn: &impl ConnectionTrait, integration_id: Uuid) -> Result<Vec<Model>, DbErr> {
    let open = Column::IntegrationId
        .eq(integration_id)
        .and(Column::FinishedAt.is_null());
    Entity::find()
        .filter(open)
        .order_by_asc(Column::QueuedAt)
        .order_by_asc(Column::Id)
        .all(conn)
        .await
}

/// Whether a run of this kind has not ended.
pub async fn has_open(conn: &impl ConnectionTrait, integration_id: Uuid, kind: RunKind) -> Result<bool, DbErr> {
    let open = Entity::find()
        .filter(Column::IntegrationId.eq(integration_id))
        .filter(Column::Kind.eq(kind))
        .filter(Column::FinishedAt.is_null());
    Ok(open.one(conn).await?.is_some())
}

/// Looks whose requests are averaged.
const LOOKS: u64 = 20;

/// Requests that a look at the events took lately, rounded up; 1 where there was none.
pub async fn requests_of_looks(conn: &impl ConnectionTrait, integration_id: Uuid) -> Result<i64, DbErr> {
    let requests: Vec<i64> = Entity::find()
        .select_only()
        .column(Column::StripeRequests)
        .filter(Column::IntegrationId.eq(integration_id))
        .filter(Column::Kind.eq(RunKind::CatchUp))
        .filter(Column::State.eq(RunState::Succeeded))
        .order_by_desc(Column::QueuedAt)
        .limit(LOOKS)
        .into_tuple()
        .all(conn)
        .await?;
    let Some(looks) = i64::try_from(requests.len()).ok().filter(|looks| *looks > 0) else {
        return Ok(1);
    };
    let all: i64 = requests.iter().sum();
    Ok(Ord::max((all + looks - 1) / looks, 1))
}

/// The reconcile that ended last.
pub async fn last_reconcile(conn: &impl ConnectionTrait, integration_id: Uuid) -> Result<Option<Model>, DbErr> {
    Entity::find()
        .filter(Column::IntegrationId.eq(integration_id))
        .filter(Column::Kind.eq(RunKind::Reconcile))
        .filter(Column::FinishedAt.is_not_null())
        .order_by_desc(Column::QueuedAt)
        .one(conn)
        .await
}
