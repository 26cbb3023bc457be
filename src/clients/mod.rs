//! Clients as people and other systems keep them: saved, linked to Stripe's customers, parted from them, deleted, erased.
//!
//! Whatever changes which client a customer may be ends in [`settle`]: the customers that it concerns go through the one way
//! through again, so that a link by hand, a rule and an import cannot come to different ends.

mod delete;
mod edit;
mod erase;
mod import;
mod link;
mod save;

use std::collections::{BTreeMap, HashSet};

use entity::kind::{StripeKind, SyncObject};
use entity::{client_link, integration};
use sea_orm::{EntityTrait, QueryOrder};
use uuid::Uuid;

use crate::app::App;
use crate::error::Error;
use crate::pull::remap;
use crate::pull::road::Road;
use crate::pull::rules::Rules;
use crate::store::Transaction;
use crate::store::change::{self, Changed};
use crate::store::turn;

pub use delete::delete;
pub use edit::{ClientEdit, StripeCustomer, editable};
pub use erase::{ERASED_NAME, Erase, GOING_THROUGH, erase};
pub use import::{Fate, Import, Line};
pub use link::{FieldChange, Pair, Paired, link, unlink};
pub use save::{Effect, SaveClients, Saved, save, save_all};

/// Customers that are mapped together.
const TOGETHER: usize = 500;

/// Waits for the turn of every integration: from here to the end of the transaction nobody else writes clients.
async fn take_turns(tx: &Transaction) -> Result<Vec<integration::Model>, Error> {
    // Before there is any integration, two requests have this turn between them.
    turn::take_common(tx).await?;
    let all = || integration::Entity::find().order_by_asc(integration::Column::Id);
    let mut held = HashSet::new();
    for integration in all().all(tx).await? {
        turn::take(tx, integration.id).await?;
        held.insert(integration.id);
    }
    // Whoever had a turn before may have decided something else meanwhile.
    let mut integrations = all().all(tx).await?;
    integrations.retain(|integration| held.contains(&integration.id));
    Ok(integrations)
}

fn by_integration<'a>(links: impl IntoIterator<Item = &'a client_link::Model>) -> BTreeMap<Uuid, Vec<&'a str>> {
    let mut customers: BTreeMap<Uuid, Vec<&str>> = BTreeMap::new();
    for link in links {
        customers
            .entry(link.integration_id)
            .or_default()
            .push(&link.stripe_customer_id);
    }
    customers
}

/// Maps customers once more, by integration: whose client may be another one now.
async fn settle(
    tx: &Transaction,
    app: &App,
    integrations: &[integration::Model],
    customers: impl IntoIterator<Item = (Uuid, String)>,
) -> Result<(), Error> {
    let mut by_integration: BTreeMap<Uuid, Vec<String>> = BTreeMap::new();
    for (integration_id, customer) in customers {
        by_integration.entry(integration_id).or_default().push(customer);
    }
    let now_ms = app.clock.now_ms();
    for integration in integrations {
        let Some(mut customers) = by_integration.remove(&integration.id) else {
            continue;
        };
        customers.sort_unstable();
        customers.dedup();
        let rules = Rules::load(tx, integration, now_ms).await?;
        let road = Road {
            rules: &rules,
            run_id: None,
            now_ms,
        };
        for customers in customers.chunks(TOGETHER) {
            let ids = customers.iter().map(String::as_str).collect();
            remap::again(tx, road, StripeKind::Customer, ids).await?;
        }
    }
    Ok(())
}

/// Tells those who watch that the contracts have another client.
async fn note_contracts(
    tx: &Transaction,
    integration_id: Uuid,
    contracts: Vec<Uuid>,
    now_ms: i64,
) -> Result<(), Error> {
    let changed = Changed::of(contracts, |_| false);
    Ok(change::note(tx, integration_id, SyncObject::Contract, changed, now_ms).await?)
}
