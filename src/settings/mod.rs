//! What an admin decides about an integration: settings, mappings, and the switch.

pub mod checklist;
pub mod lag;
mod mapping;
pub mod schedule;
mod switch;
mod update;

use entity::integration;
use sea_orm::{ConnectionTrait, EntityTrait, QuerySelect};
use uuid::Uuid;

use crate::error::{Code, Error};

pub use mapping::{UpdateMapping, reset_mapping, update_mapping};
pub use schedule::Schedule;
pub use switch::set_sync_enabled;
pub use update::{UpdateSettings, update_settings};

/// The integration that a change is about, held until the transaction ends: of two changes to it, the second on PostgreSQL sees
/// what the first has written.
async fn get(conn: &impl ConnectionTrait, id: Uuid) -> Result<integration::Model, Error> {
    let found = integration::Entity::find_by_id(id).lock_exclusive().one(conn).await?;
    found.ok_or_else(|| Error::refused(&["integrationId"], Code::NotFound, "There is no such integration."))
}

/// Somebody else's change in the meantime must not be written over unseen.
fn stale(expected: Option<i32>, version: i32) -> Option<crate::error::Problem> {
    let is_stale = expected.is_some_and(|expected| expected != version);
    is_stale.then(|| {
        let message = format!("It was changed in the meantime and is now at version {version}. Read it again.");
        crate::error::Problem::new(&["expectedVersion"], Code::StaleVersion, message)
    })
}
