//! Erasing a person: from the client and Stripe's customer at once, from what else is kept of them right after it.

use entity::kind::StripeKind;
use entity::list::{CustomValues, EditedFields, HeldBefore, Warnings};
use entity::{client, client_link, erased_customer};
use sea_orm::EntityTrait;
use serde_json::Value;
use uuid::Uuid;

use super::{by_integration, settle, take_turns};
use crate::app::App;
use crate::error::{Code, Error};
use crate::map::client::{ClientDraft, Status};
use crate::map::matching::Keys;
use crate::map::scrub::reduced;
use crate::store::{self, erasure, inbox, matching, record, remap_queue, source};
use crate::stripe::object::canonical_digest;

/// What a client is called once its person is erased.
pub const ERASED_NAME: &str = "Erased";
/// Stands until everything that was kept has been gone through.
pub const GOING_THROUGH: &str = "ERASING: what is kept of invoices, subscriptions and events is being gone through.";

/// Which client, and the proof that it is meant.
#[derive(Debug)]
pub struct Erase {
    /// The client.
    pub client_id: Uuid,
    /// Its name, typed again.
    pub confirm_name: String,
}

/// Erases a person. The client stays without a name, with its contracts; a tombstone keeps its customers from coming back. To erase
/// it once more, by the name that it has then, is harmless.
pub async fn erase(app: &App, wish: Erase) -> Result<client::Model, Error> {
    let now_ms = app.clock.now_ms();
    let tx = app.db.begin().await?;
    let integrations = take_turns(&tx).await?;
    let found = client::Entity::find_by_id(wish.client_id).one(&tx).await?;
    let row = found.ok_or_else(|| Error::refused(&["id"], Code::NotFound, "There is no such client."))?;
    if row.name != wish.confirm_name {
        let message = "This is not the client's name. Type it as it is shown.";
        return Err(Error::refused(&["confirmName"], Code::Invalid, message));
    }
    let links = store::client::list_links(&tx, &[row.id]).await?;
    let erased = blank_person(&row, &links, now_ms);
    record::upsert_clients(&tx, vec![erased.clone()], &[]).await?;
    let tombstone = |link: &client_link::Model| erased_customer::Model {
        integration_id: link.integration_id,
        stripe_customer_id: link.stripe_customer_id.clone(),
        client_id: row.id,
        erased_at: now_ms,
        scrubbed_at: None,
    };
    let by_integration = by_integration(&links);
    for integration_id in by_integration.keys() {
        inbox::close(&tx, *integration_id).await?;
    }
    erasure::mark(&tx, links.iter().map(tombstone).collect()).await?;
    for (integration_id, customers) in by_integration {
        erasure::empty_customers(&tx, integration_id, customers.clone(), packed).await?;
        // What waits to be mapped again would be mapped from nothing.
        remap_queue::remove(&tx, integration_id, StripeKind::Customer, customers).await?;
    }
    // Another client of the same address may be the only one now.
    let waiting = matching::list_waiting(&tx, &[&Keys::of(&row)]).await?;
    let waiting = waiting
        .into_iter()
        .map(|row| (row.integration_id, row.stripe_customer_id));
    settle(&tx, app, &integrations, waiting).await?;
    tx.commit().await?;
    app.changed.send_replace(());
    app.db.owe_flush();
    app.wake.notify_one();
    if links.is_empty() && !matches!(app.db.flush_log().await, Ok(true)) {
        tracing::info!("what was erased still stands in the database's log; the next tick tries again");
    }
    Ok(erased)
}

fn blank_person(row: &client::Model, links: &[client_link::Model], now_ms: i64) -> client::Model {
    let draft = ClientDraft {
        name: ERASED_NAME.to_owned(),
        status: Status(row.status),
        ..ClientDraft::default()
    };
    let warnings = if links.is_empty() {
        Vec::new()
    } else {
        vec![GOING_THROUGH.to_owned()]
    };
    let ids = links.iter().map(|link| link.stripe_customer_id.as_str());
    client::Model {
        custom_values: CustomValues::default(),
        edited: EditedFields::default(),
        held_before: HeldBefore::default(),
        warnings: Warnings(warnings),
        updated_at: now_ms,
        ..draft.into_row(row, ids)
    }
}

fn packed(customer: &Value) -> (Vec<u8>, Vec<u8>) {
    let left = reduced(customer);
    (source::pack(&left), canonical_digest(&left).to_vec())
}
