//! Destroys the key of an integration and stops its sync at once. What was imported stays, unless it is to be purged.

use std::sync::Arc;

use entity::{integration, run};
use sea_orm::{ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect, Set};
use uuid::Uuid;

use crate::app::App;
use crate::error::{Code, Error};
use crate::store::lease::{self, SaveError};

/// Which one, and the proof that it is meant.
#[derive(Debug)]
pub struct Disconnect {
    /// The integration.
    pub integration_id: Uuid,
    /// Its name, typed again.
    pub confirm_name: String,
    /// Everything of it is to be removed.
    pub purge: bool,
}

/// Disconnects. Twice is harmless.
pub async fn disconnect(app: &Arc<App>, input: Disconnect) -> Result<integration::Model, Error> {
    let tx = app.db.begin().await?;
    let known = integration::Entity::find_by_id(input.integration_id).one(&tx).await?;
    let Some(known) = known else {
        return Err(Error::refused(
            &["integrationId"],
            Code::NotFound,
            "There is no such integration.",
        ));
    };
    if known.name != input.confirm_name {
        return Err(Error::refused(
            &["confirmName"],
            Code::Invalid,
            "This is not the integration's name. Type it as it is shown.",
        ));
    }
    let row = integration::ActiveModel {
        id: Set(known.id),
        key_sealed: Set(None),
        key_display: Set(None),
        webhook_secret: Set(None),
        webhook_secret_display: Set(None),
        webhook_secret_before: Set(None),
        webhook_secret_before_until: Set(None),
        sync_enabled: Set(false),
        next_poll_at: Set(None),
        purge_requested_at: Set(known.purge_requested_at.or(input.purge.then(|| app.clock.now_ms()))),
        ..Default::default()
    };
    // In the order in which the end of a run takes the two: whoever took them the other way round would wait for it for ever.
    call_off_runs(app, &tx, known.id).await?;
    let disconnected = row.update(&tx).await?;
    tx.commit().await?;
    app.wake.notify_one();
    Ok(disconnected)
}

/// Whoever works on one of them finds it ended at the next page edge and stops.
async fn call_off_runs(app: &App, conn: &impl ConnectionTrait, integration_id: Uuid) -> Result<(), Error> {
    let open = run::Entity::find()
        .filter(run::Column::IntegrationId.eq(integration_id))
        .filter(run::Column::FinishedAt.is_null())
        .lock_exclusive()
        .all(conn)
        .await?;
    for run in open {
        match lease::call_off(conn, run, app.clock.now_ms()).await {
            Ok(()) | Err(SaveError::LeaseLost) => {}
            Err(SaveError::Database(error)) => return Err(error.into()),
        }
    }
    Ok(())
}
