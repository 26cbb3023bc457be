//! Customers become clients: those that are known, those that match one kept by hand, and new ones.
//!
//! Several customers may be one client. The first linked one that Stripe still has speaks for it: only that one is mapped, so that
//! it does not matter in which order they come.

mod batch;

use sea_orm::DatabaseTransaction;

use super::{Item, Written};
use crate::error::Error;
use crate::pull::road::Road;
use batch::Batch;
pub(crate) use batch::blank;

pub(super) async fn write(tx: &DatabaseTransaction, road: Road<'_>, items: &[Item<'_>]) -> Result<Vec<Written>, Error> {
    let mut batch = Batch::load(tx, road, items).await?;
    let written = items.iter().map(|item| batch.settle(item)).collect();
    batch.save(tx).await?;
    Ok(written)
}
