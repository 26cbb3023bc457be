//! Everything of an integration that was disconnected to be purged. The integration's own row goes last.

use std::collections::HashSet;

use entity::kind::StripeKind;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::app::App;
use crate::error::Error;
use crate::pull::family;
use crate::store::{purge, remap_queue, turn};

pub(super) async fn remove(app: &App, stop: &CancellationToken) -> Result<(), Error> {
    for integration_id in purge::list_asked_for(app.db.read()).await? {
        while !stop.is_cancelled() {
            if remove_some(app, integration_id).await? {
                break;
            }
        }
    }
    Ok(())
}

/// Removes a piece; says whether it was the last.
async fn remove_some(app: &App, integration_id: Uuid) -> Result<bool, Error> {
    let tx = app.db.begin().await?;
    turn::take(&tx, integration_id).await?;
    let parted = purge::delete_links(&tx, integration_id).await?;
    let mut is_done = parted.is_empty();
    let clients: HashSet<Uuid> = parted.into_iter().collect();
    let clients: Vec<Uuid> = clients.into_iter().collect();
    purge::delete_lonely(&tx, clients.clone()).await?;
    family::give_back(&tx, &clients, app.clock.now_ms()).await?;
    // A client that is a customer of another account, too, shows what that one says from now on.
    for link in family::refresh(&tx, &clients, app.clock.now_ms()).await? {
        if link.integration_id != integration_id {
            let customer = vec![link.stripe_customer_id.as_str()];
            remap_queue::add_kept(&tx, link.integration_id, StripeKind::Customer, customer).await?;
        }
    }
    is_done &= purge::delete_rows(&tx, integration_id).await?;
    if is_done {
        purge::delete_integration(&tx, integration_id).await?;
        tracing::info!(integration = %integration_id.simple(), "everything of it is removed");
    }
    tx.commit().await?;
    app.db.owe_flush();
    if !clients.is_empty() {
        app.changed.send_replace(());
        app.wake.notify_one();
    }
    Ok(is_done)
}
