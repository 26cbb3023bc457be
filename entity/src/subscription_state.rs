//! Where each subscription stood, by time, whichever source makes contracts.

use sea_orm::entity::prelude::*;

use crate::kind::ContractStatus;

/// A subscription from `from_at` on and before `until_at`, both Unix seconds.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "subscription_state")]
pub struct Model {
    /// The connected account.
    #[sea_orm(primary_key, auto_increment = false)]
    pub integration_id: Uuid,
    /// `sub_…`
    #[sea_orm(primary_key, auto_increment = false)]
    pub stripe_id: String,
    /// The first second of it.
    #[sea_orm(primary_key, auto_increment = false)]
    pub from_at: i64,
    /// The second after the last of it; [`crate::recurring_revenue::OPEN`] while it goes on.
    pub until_at: i64,
    /// The status of its contract.
    pub status: ContractStatus,
    /// The status of its invoices whose term is over and that nothing has renewed.
    pub invoice_status: ContractStatus,
    /// When the last of its items' periods ends that ran then, Unix seconds.
    pub period_until: Option<i64>,
    /// When time alone changes what it brings or where it stands, Unix seconds. `None` once it is queued to be mapped again.
    pub next_change_at: Option<i64>,
    /// The same, queued or not: what was to change when it was last mapped.
    pub awaited_at: Option<i64>,
    /// Something that it names was not here: what it brought was not fully known.
    pub is_pending: bool,
}

/// It stands alone: references are by Stripe id.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
