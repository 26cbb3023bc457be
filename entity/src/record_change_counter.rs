//! The number of an integration's last change of records. Its row is locked from the raising to the commit, so that the numbers are
//! in the order of the commits.

use sea_orm::entity::prelude::*;

/// Where an integration's changes stand.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "record_change_counter")]
pub struct Model {
    /// The connected account.
    #[sea_orm(primary_key, auto_increment = false)]
    pub integration_id: Uuid,
    /// The last number given.
    pub seq: i64,
}

/// It stands alone: it outlives the changes that it counts.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
