//! Customers become clients: those that are known, those that match one kept by hand, and new ones.
//!
//! Several customers may be one client. The first linked one that Stripe still has speaks for it: only that one is mapped, so that
//! it does not matter in which order they come.

mod batch;

use entity::kind::StripeKind;
use sea_orm::DatabaseTransaction;

use super::{Item, Written, left_aside, queue_left_aside};
use crate::error::Error;
use crate::pull::road::Road;
use batch::Batch;
pub(crate) use batch::blank;

pub(super) async fn write(tx: &DatabaseTransaction, road: Road<'_>, items: &[Item<'_>]) -> Result<Vec<Written>, Error> {
    let mut batch = Batch::load(tx, road, items).await?;
    let written = items.iter().map(|item| batch.settle(item)).collect();
    batch.save(tx).await?;
    let left_aside = left_aside(road.rules.customer.pulls, items);
    queue_left_aside(tx, road, StripeKind::Customer, left_aside).await?;
    Ok(written)
}
