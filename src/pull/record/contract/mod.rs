//! Paid invoices and subscriptions become contracts with lines, and recurring revenue by time.
//!
//! - [`decide`] maps one object and lays it beside what is here; [`row`] writes a draft down as rows.
//! - [`history`] keeps what subscriptions bring by time, [`renewal`] works out what all invoices of a subscription say together.

mod decide;
mod history;
mod renewal;
mod row;

use std::collections::{HashMap, HashSet};

use entity::kind::{ContractSource, StripeKind, SyncObject};
use uuid::Uuid;

use super::{Item, Written, note, refs};
use crate::error::Error;
use crate::map::MapError;
use crate::pull::road::Road;
use crate::store::Transaction;
use crate::store::change::Changed;
use crate::store::{record, recurring_revenue};
use decide::{Decided, Made, decide};

pub(super) async fn write(
    tx: &Transaction,
    road: Road<'_>,
    source: ContractSource,
    items: &[Item<'_>],
) -> Result<Vec<Written>, Error> {
    let integration_id = road.rules.integration_id;
    let ids = items.iter().map(|item| item.stripe_id).collect();
    let existing = record::find_contracts(tx, integration_id, source, ids).await?;
    let links = existing
        .values()
        .filter_map(|stored| stored.row.stripe_subscription_id.clone());
    let refs = refs::load(tx, integration_id, kind_of(source), items, links).await?;
    let states = match source {
        ContractSource::Invoice => HashMap::new(),
        ContractSource::Subscription => {
            let ids = items.iter().map(|item| item.stripe_id).collect();
            recurring_revenue::list_states(tx, integration_id, ids).await?
        }
    };
    let (mut written, mut contracts, mut subscribed) = (Vec::new(), Vec::new(), Vec::new());
    for item in items {
        let states = states.get(item.stripe_id).map(Vec::as_slice).unwrap_or_default();
        let decided = decide(road, source, item, &refs, (existing.get(item.stripe_id), states));
        let made = decided.unwrap_or_else(|error| Made::from(Written::from(error)));
        contracts.extend(made.contract);
        subscribed.extend(made.subscription);
        written.push(made.written);
    }
    let mut changed = renewal::work_out(tx, road, source, &mut contracts).await?;
    changed.extend(history::keep(tx, road, subscribed, &states).await?);
    put(tx, road, contracts, changed).await?;
    Ok(written)
}

/// Each object's own amounts are checked where it is mapped: that they cannot be held together is a fault of ours.
fn out_of_range(error: MapError) -> Error {
    Error::Internal(error.message)
}

fn kind_of(source: ContractSource) -> StripeKind {
    match source {
        ContractSource::Invoice => StripeKind::Invoice,
        ContractSource::Subscription => StripeKind::Subscription,
    }
}

/// Writes the contracts that differ, and notes them with `others`, which differ by them.
async fn put(tx: &Transaction, road: Road<'_>, contracts: Vec<Decided>, others: Vec<Uuid>) -> Result<(), Error> {
    let (mut rows, mut lines, mut removed) = (Vec::new(), Vec::new(), Vec::new());
    let mut new = HashSet::new();
    for contract in contracts.into_iter().filter(|contract| contract.is_changed) {
        new.extend(contract.is_new.then_some(contract.row.id));
        rows.push(contract.row);
        let same = contract.same_lines;
        lines.extend(contract.lines.into_iter().filter(|line| !same.contains(&line.id)));
        removed.extend(contract.removed_lines);
    }
    let ids = rows.iter().map(|row| row.id).chain(others).collect();
    record::delete_lines(tx, removed).await?;
    record::upsert_contracts(tx, rows).await?;
    record::upsert_lines(tx, lines).await?;
    note(tx, road, SyncObject::Contract, Changed::of(ids, |id| new.contains(id))).await
}
