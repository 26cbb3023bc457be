//! Runs: pieces of pulling work with a beginning, progress, counts and an end.

use sea_orm::entity::prelude::*;

use crate::kind::{RunKind, RunState, RunTrigger};
use crate::list::{MonthlySums, RunPhases, SyncObjects};

/// A piece of pulling work. After a crash the same row goes on.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "run")]
pub struct Model {
    /// Our id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The connected account it pulls from.
    pub integration_id: Uuid,
    /// What it does.
    pub kind: RunKind,
    /// What made it start.
    pub trigger: RunTrigger,
    /// Where it is in its life.
    pub state: RunState,
    /// What it was asked to pull.
    pub objects: SyncObjects,
    /// Who started it; null for the timetable.
    pub started_by: Option<Uuid>,
    /// The caller's key against doing it twice.
    pub idempotency_key: Option<String>,
    /// Unix milliseconds; the lookback window counts from here.
    pub queued_at: i64,
    /// Unix milliseconds.
    pub started_at: Option<i64>,
    /// Unix milliseconds.
    pub finished_at: Option<i64>,
    /// The phases with their counts.
    pub phases: RunPhases,
    /// How far it has got: written with the rows of each page.
    #[sea_orm(column_type = "Text", nullable)]
    pub checkpoint: Option<String>,
    /// Requests sent to Stripe.
    pub stripe_requests: i64,
    /// Why it failed, as a code.
    pub failure_code: Option<String>,
    /// Why it failed, for people.
    pub failure_message: Option<String>,
    /// The integration while an import or backfill of it is queued or running, else null. Unique: that is what makes it one at a time.
    pub import_slot: Option<Uuid>,
    /// It waits for Stripe to come back until then, Unix milliseconds.
    pub resume_at: Option<i64>,
    /// How often it has waited for Stripe since it last got on.
    pub rests: i32,
    /// Records that differed from Stripe; of a reconcile only.
    pub drift: Option<i64>,
    /// What contracts come to here and at Stripe; of a reconcile of contracts only.
    pub monthly_sums: Option<MonthlySums>,
    /// The process at work on it.
    pub lease_owner: Option<Uuid>,
    /// Until when the process may be believed alive, Unix milliseconds of the database's clock.
    pub lease_until: Option<i64>,
    /// Goes up each time the run is taken up; writes with an older number are refused.
    pub fence: i32,
}

/// It stands alone: references are by Stripe id.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
