//! What can be watched, over a WebSocket.

use async_graphql::{Context, ID, SimpleObject, Subscription};
use entity::kind::{self, Scope};
use futures_util::{Stream, stream};
use uuid::Uuid;

use super::connection::row_of;
use super::id::IdType;
use super::run::Run;
use super::sync_object::SyncObject;
use super::{ContextExt, Fault};
use crate::error::{Code, Error};
use crate::live::cursor::Question;
use crate::live::records::{Batch, RecordWatch};
use crate::live::run::RunWatch;

const ALL_OBJECTS: [kind::SyncObject; 3] = [
    kind::SyncObject::Customer,
    kind::SyncObject::Product,
    kind::SyncObject::Contract,
];

#[derive(Debug, SimpleObject)]
struct RecordsChanged {
    cursor: String,
    created: Vec<ID>,
    updated: Vec<ID>,
}

impl From<Batch> for RecordsChanged {
    fn from(batch: Batch) -> Self {
        let ids = |records: Vec<_>| records.into_iter().map(id_of).collect();
        Self {
            cursor: batch.cursor,
            created: ids(batch.created),
            updated: ids(batch.updated),
        }
    }
}

fn id_of((object, id): (kind::SyncObject, Uuid)) -> ID {
    let of = match object {
        kind::SyncObject::Customer => IdType::Client,
        kind::SyncObject::Product => IdType::Product,
        kind::SyncObject::Contract => IdType::Contract,
    };
    of.encode(id)
}

/// What can be watched.
#[derive(Debug, Default)]
pub struct SubscriptionRoot;

#[Subscription(name = "Subscription")]
impl SubscriptionRoot {
    /// The run now, then at most two updates a second; completes after the final state.
    async fn run_progress(
        &self,
        ctx: &Context<'_>,
        id: ID,
    ) -> Result<impl Stream<Item = async_graphql::Result<Run>>, Fault> {
        ctx.require(Scope::Read)?;
        let run_id = IdType::Run.decode(&id, &["id"])?;
        let watch = RunWatch::begin(ctx.app()?.clone(), run_id).await?;
        Ok(stream::unfold(Some(watch), async |watch| {
            let mut watch = watch?;
            match watch.next().await {
                Ok(run) => Some((Ok(Run(run?)), Some(watch))),
                Err(error) => Some((Err(Fault::from(error).into()), None)),
            }
        }))
    }

    /// Ids of records changed by sync, batched. Pass the last `cursor` as `after` to miss nothing across a reconnect (kept 24 h).
    async fn records_changed(
        &self,
        ctx: &Context<'_>,
        integration_id: Option<ID>,
        objects: Option<Vec<SyncObject>>,
        after: Option<String>,
    ) -> Result<impl Stream<Item = async_graphql::Result<RecordsChanged>>, Fault> {
        ctx.require(Scope::Read)?;
        let question = Question {
            integration_id: row_of(IdType::Integration, integration_id, "integrationId")?,
            objects: in_order(objects)?,
        };
        let watch = RecordWatch::begin(ctx.app()?.clone(), question, after.as_deref()).await?;
        Ok(stream::unfold(Some(watch), async |watch| {
            let mut watch = watch?;
            match watch.next().await {
                Ok(batch) => Some((Ok(batch.into()), Some(watch))),
                Err(error) => Some((Err(Fault::from(error).into()), None)),
            }
        }))
    }
}

/// In the order of the enum, each once; all of them when nobody says which.
fn in_order(objects: Option<Vec<SyncObject>>) -> Result<Vec<kind::SyncObject>, Error> {
    let Some(objects) = objects else {
        return Ok(ALL_OBJECTS.to_vec());
    };
    let wanted: Vec<kind::SyncObject> = objects.into_iter().map(Into::into).collect();
    if wanted.is_empty() {
        let message = "Name at least one of CUSTOMER, PRODUCT and CONTRACT, or leave it out.";
        return Err(Error::refused(&["objects"], Code::Required, message));
    }
    Ok(ALL_OBJECTS
        .into_iter()
        .filter(|object| wanted.contains(object))
        .collect())
}
