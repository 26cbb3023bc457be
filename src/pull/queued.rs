//! Runs that wait to be taken up.

use entity::kind::{RunKind, RunState, RunTrigger, SyncObject};
use entity::list::{RunPhases, SyncObjects};
use entity::run;
use sea_orm::{ConnectionTrait, DbErr};
use uuid::Uuid;

use super::progress::blank_phase;
use crate::store::{self, lease};

const EVERYTHING: [SyncObject; 3] = [SyncObject::Customer, SyncObject::Product, SyncObject::Contract];

/// Whether a run goes over all that there is.
pub(crate) fn is_over_everything(run: &run::Model) -> bool {
    EVERYTHING.iter().all(|object| run.objects.0.contains(object))
}

/// A run that waits to be taken up.
pub(crate) fn blank_run(integration_id: Uuid, kind: RunKind, trigger: RunTrigger, now_ms: i64) -> run::Model {
    run::Model {
        id: Uuid::now_v7(),
        integration_id,
        kind,
        trigger,
        state: RunState::Queued,
        objects: SyncObjects::default(),
        started_by: None,
        idempotency_key: None,
        queued_at: now_ms,
        started_at: None,
        finished_at: None,
        phases: RunPhases::default(),
        checkpoint: None,
        stripe_requests: 0,
        failure_code: None,
        failure_message: None,
        import_slot: None,
        resume_at: None,
        rests: 0,
        drift: None,
        monthly_sums: None,
        lease_owner: None,
        lease_until: None,
        fence: 0,
    }
}

/// Queues a reconcile over everything, unless one is open. What an event tells calls for one that has not begun: it may be about what
/// one that is at work has passed already.
pub(crate) async fn queue_reconcile(
    conn: &impl ConnectionTrait,
    integration_id: Uuid,
    trigger: RunTrigger,
    now_ms: i64,
) -> Result<(), DbErr> {
    let open = store::run::list_open(conn, integration_id).await?;
    let is_there = open.iter().any(|run| {
        let is_in_time = trigger != RunTrigger::Event || run.started_at.is_none();
        run.kind == RunKind::Reconcile && is_over_everything(run) && is_in_time
    });
    if is_there {
        return Ok(());
    }
    let reconcile = run::Model {
        phases: RunPhases(EVERYTHING.map(blank_phase).into()),
        objects: SyncObjects(EVERYTHING.into()),
        ..blank_run(integration_id, RunKind::Reconcile, trigger, now_ms)
    };
    lease::insert(conn, reconcile).await
}
