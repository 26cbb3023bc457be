//! What an admin decides about an integration: settings, mappings, and the switch.

pub mod checklist;
mod custom_field;
pub mod lag;
mod mapping;
mod matching;
mod preview;
mod reckoning;
pub mod schedule;
mod sources;
mod switch;
mod update;
mod webhook;

use entity::integration;
use sea_orm::ConnectionTrait;
use uuid::Uuid;

use crate::error::{Code, Error};
use crate::store;

pub use custom_field::{SaveCustomField, delete_custom_field, save_custom_field};
pub use mapping::{UpdateMapping, count_stale, mapping_targets, reset_mapping, update_mapping};
pub use preview::{Preview, PreviewedField, PreviewedRecord, preview_mapping};
pub use reckoning::Reckoning;
pub use schedule::Schedule;
pub use sources::{MappingSource, mapping_sources};
pub use switch::set_sync_enabled;
pub use update::{UpdateSettings, update_settings};
pub use webhook::set_webhook_secret;

/// The integration that a change is about, held until the transaction ends.
async fn get(conn: &impl ConnectionTrait, id: Uuid) -> Result<integration::Model, Error> {
    let found = store::integration::hold(conn, id).await?;
    found.ok_or_else(Error::no_such_integration)
}

/// Somebody else's change in the meantime must not be written over unseen.
fn stale(expected: Option<i32>, version: i32) -> Option<crate::error::Problem> {
    let is_stale = expected.is_some_and(|expected| expected != version);
    is_stale.then(|| {
        let message = format!("It was changed in the meantime and is now at version {version}. Read it again.");
        crate::error::Problem::new(&["expectedVersion"], Code::StaleVersion, message)
    })
}
