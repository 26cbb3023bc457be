//! What an ended run means for its integration: how far its events, its window and its schedule have got.

use entity::kind::{ContractSource, RunKind, RunState, RunTrigger, SyncObject};
use entity::{integration, run};
use sea_orm::sea_query::Expr;
use sea_orm::{ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, Set};
use uuid::Uuid;

use crate::app::App;
use crate::error::{CONNECTED_TWICE, Error};
use crate::pull::catch_up::is_hole;
use crate::pull::queued::is_over_everything;
use crate::pull::rules::Rules;
use crate::store;

/// Notes what a run has reached, in the transaction that ends it.
pub(super) async fn note(
    app: &App,
    conn: &impl ConnectionTrait,
    integration: &integration::Model,
    rules: &Rules,
    run: &run::Model,
    t0: Option<i64>,
) -> Result<(), Error> {
    let now_ms = app.clock.now_ms();
    let mut row = integration::ActiveModel {
        id: Set(integration.id),
        ..Default::default()
    };
    if run.state == RunState::Succeeded {
        row.last_success_at = Set(Some(now_ms));
    }
    if let Some(t0) = t0.filter(|_| opens_events(integration, run, now_ms)) {
        row.event_watermark = Set(Some(t0));
        row.next_poll_at = Set(Some(now_ms));
        row.events_from = Set(integration.events_from.or(Some(t0)));
    }
    if t0.is_some()
        && has_read_invoices(rules, run)
        && let Some(now) = still_with_invoices(conn, integration.id).await?
    {
        let before = now.covered_from.unwrap_or(rules.window_start);
        row.covered_from = Set(Some(before.min(rules.window_start)));
    }
    if run.kind == RunKind::Reconcile && is_over_everything(run) {
        row.next_reconcile_at = Set(None);
    }
    if row.is_changed() {
        row.update(conn).await?;
    }
    Ok(())
}

/// The first import opens the way for the events, from where its lists end; so does a reconcile of everything after a hole in them.
fn opens_events(integration: &integration::Model, run: &run::Model, now_ms: i64) -> bool {
    match (run.kind, integration.event_watermark) {
        (RunKind::Import, None) => true,
        (RunKind::Reconcile, Some(watermark)) => {
            is_over_everything(run)
                && (run.trigger == RunTrigger::Startup || is_hole(watermark, now_ms.div_euclid(1000)))
        }
        _ => false,
    }
}

fn has_read_invoices(rules: &Rules, run: &run::Model) -> bool {
    let contracts = run.phases.0.iter().find(|phase| phase.object == SyncObject::Contract);
    rules.has_source(ContractSource::Invoice)
        && contracts.is_some_and(|phase| matches!(phase.state, RunState::Succeeded | RunState::Partial))
}

/// The integration as it is now, unless an admin has removed the source since the run was taken up.
async fn still_with_invoices(conn: &impl ConnectionTrait, id: Uuid) -> Result<Option<integration::Model>, Error> {
    let now = store::integration::hold(conn, id).await?;
    Ok(now.filter(|now| now.contract_sources.0.contains(&ContractSource::Invoice)))
}

/// Asking again with a key that Stripe refuses helps nobody, and neither does pulling what is here already: stops the schedule and says
/// so, once. A new key starts it again, and what rests goes on; so does the end of what stood in the way. `false`: the key that was refused
/// is no longer the integration's.
pub(super) async fn stop_pulling(
    app: &App,
    integration: &integration::Model,
    code: &str,
    message: &str,
) -> Result<bool, Error> {
    use integration::Column;
    let stopped = integration::Entity::update_many()
        .col_expr(Column::KeyProblem, Expr::value(code))
        .col_expr(Column::KeyProblemMessage, Expr::value(message))
        .filter(Column::Id.eq(integration.id))
        .filter(Column::KeySealed.eq(integration.key_sealed.clone()))
        .filter(Column::KeyProblem.is_null())
        .exec(app.db.write())
        .await?;
    if stopped.rows_affected > 0 {
        let id = integration.id.simple();
        if code == CONNECTED_TWICE {
            tracing::error!(integration = %id, error = message, "nothing is pulled while the account is connected twice");
        } else {
            tracing::error!(integration = %id, error = message, "nothing is pulled until there is another key");
        }
        return Ok(true);
    }
    let now = store::integration::find(app.db.read(), integration.id).await?;
    Ok(now.is_some_and(|now| now.key_sealed == integration.key_sealed))
}
