//! Turning sync on and off. Off stops runs at their next page edge; on goes on from their checkpoints.

use entity::integration;
use sea_orm::{ActiveModelTrait, Set};
use uuid::Uuid;

use super::checklist::open_required;
use crate::app::App;
use crate::error::{Code, Error};

/// Turns sync on or off. Twice is harmless.
pub async fn set_sync_enabled(app: &App, integration_id: Uuid, enabled: bool) -> Result<integration::Model, Error> {
    let tx = app.db.begin().await?;
    let known = super::get(&tx, integration_id).await?;
    let open = open_required(&known);
    if enabled && !open.is_empty() {
        let steps: Vec<String> = open
            .into_iter()
            .map(|step| format!("{}: {}", step.code, step.message))
            .collect();
        return Err(Error::refused(&["enabled"], Code::SetupIncomplete, steps.join(" ")));
    }
    let mut row = integration::ActiveModel {
        id: Set(known.id),
        sync_enabled: Set(enabled),
        ..Default::default()
    };
    if enabled && known.event_watermark.is_some() {
        row.next_poll_at = Set(Some(app.clock.now_ms()));
    }
    let switched = row.update(&tx).await?;
    tx.commit().await?;
    app.wake.notify_one();
    Ok(switched)
}
