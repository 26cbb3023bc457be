//! Customers become clients: those that are known, those that match one kept by hand, and new ones.
//!
//! Several customers may be one client. The first linked one that Stripe still has speaks for it: only that one is mapped, so that
//! it does not matter in which order they come.

mod batch;

use entity::client;
use entity::kind::{ClientOrigin, ClientStatus, StripeKind};
use entity::list::{CustomValues, EditedFields, HeldBefore, Warnings};
use uuid::Uuid;

use super::{Item, Written, left_aside, queue_left_aside};
use crate::error::Error;
use crate::pull::road::Road;
use crate::store::Transaction;
use batch::Batch;

pub(super) async fn write(tx: &Transaction, road: Road<'_>, items: &[Item<'_>]) -> Result<Vec<Written>, Error> {
    let mut batch = Batch::load(tx, road, items).await?;
    let written = items.iter().map(|item| batch.settle(item)).collect();
    batch.save(tx).await?;
    queue_left_aside(
        tx,
        road,
        StripeKind::Customer,
        left_aside(road.rules.customer.pulls, items),
    )
    .await?;
    Ok(written)
}

/// A client without anything.
pub(crate) fn blank(id: Uuid, origin: ClientOrigin, now_ms: i64) -> client::Model {
    client::Model {
        id,
        origin,
        name: String::new(),
        name_key: String::new(),
        search_key: String::new(),
        status: ClientStatus::Active,
        email: None,
        email_key: None,
        phone: None,
        site_url: None,
        external_id: None,
        address_line1: None,
        address_line2: None,
        address_city: None,
        address_state: None,
        address_postal_code: None,
        address_country: None,
        currency: None,
        inception_date: None,
        custom_values: CustomValues::default(),
        edited: EditedFields::default(),
        held_before: HeldBefore::default(),
        deleted_in_stripe: false,
        warnings: Warnings::default(),
        created_at: now_ms,
        updated_at: now_ms,
    }
}
