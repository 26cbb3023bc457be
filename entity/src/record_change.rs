//! Which records a batch made or changed. Kept for a day, for those who watch.

use sea_orm::entity::prelude::*;

use crate::kind::SyncObject;
use crate::list::RecordIds;

/// The records of one noun that one batch wrote.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "record_change")]
pub struct Model {
    /// The connected account.
    #[sea_orm(primary_key, auto_increment = false)]
    pub integration_id: Uuid,
    /// Counts an integration's changes from 1, without gaps, in the order of the commits.
    #[sea_orm(primary_key, auto_increment = false)]
    pub seq: i64,
    /// The noun.
    #[sea_orm(primary_key, auto_increment = false)]
    pub object: SyncObject,
    /// When it was written, Unix milliseconds.
    pub at: i64,
    /// Our ids of the records that were made.
    pub created: RecordIds,
    /// Our ids of the records that were changed.
    pub updated: RecordIds,
}

/// It stands alone: a record may be gone before its change is.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
