//! Revenue: what contracts come to, and what comes in again and again, a row a currency.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use entity::kind::RevenueBasis;
use futures_util::try_join;
use sea_orm::{ConnectionTrait, DbErr};
use uuid::Uuid;

use super::as_of::{Accounts, AsOf};
use super::filter::ContractFilter;
use super::recurring::{self, Monthly, Recurring};
use super::total::{self, Total};
use crate::store::remap_queue;

/// What contracts and subscriptions of one currency come to, minor units. A sum may be larger than any amount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revenue {
    /// Upper case.
    pub currency: String,
    /// How many contracts `total` and `net` are of.
    pub contracts: i64,
    /// What they come to, without tax.
    pub total: i128,
    /// The same less what was credited.
    pub net: i128,
    /// What was paid back without a credit note.
    pub refunded: i128,
    /// Recurring a month.
    pub mrr: i128,
    /// Recurring a year.
    pub arr: i128,
    /// Which objects tell what recurs.
    pub bases: BTreeSet<Basis>,
    /// What of the accounts among them a reader should know.
    pub notes: BTreeSet<Note>,
}

/// What of an account a reader of its figures should know.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Note {
    /// The account of this name is disconnected.
    Disconnected(String),
    /// So many objects of the account of this name wait to be mapped again.
    Waiting(String, i64),
}

/// A handful is mapped again all the time, within a second. More than so many wait after an upgrade or a change of settings.
const WAITING: i64 = 100;

/// Which objects tell what recurs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Basis {
    /// Subscriptions.
    Subscriptions,
    /// Invoices.
    Invoices,
}

/// What one currency comes to, while it is added up.
#[derive(Default)]
struct Sum {
    contracts: i64,
    total: i128,
    net: i128,
    refunded: i128,
    monthly: Monthly,
    bases: BTreeSet<Basis>,
    notes: BTreeSet<Note>,
}

/// Adds up what `filter` lets through, a row a currency.
pub async fn sum(
    conn: &impl ConnectionTrait,
    filter: &ContractFilter,
    as_of: &AsOf,
    accounts: &Accounts,
) -> Result<Vec<Revenue>, DbErr> {
    let (totals, recurring, waiting) = try_join!(
        total::sum(conn, filter, as_of, accounts),
        recurring::sum(conn, filter, as_of, accounts),
        remap_queue::count_by_integration(conn)
    )?;
    Ok(put_together(totals, recurring, &Notes::of(accounts, waiting)))
}

/// The same of all contracts and subscriptions of each of `clients`.
pub async fn sum_by_clients(
    conn: &impl ConnectionTrait,
    clients: &[Uuid],
    as_of: &AsOf,
    accounts: &Accounts,
) -> Result<HashMap<Uuid, Vec<Revenue>>, DbErr> {
    let (mut totals, mut recurring, waiting) = try_join!(
        total::sum_by_clients(conn, clients, as_of, accounts),
        recurring::sum_by_clients(conn, clients, as_of, accounts),
        remap_queue::count_by_integration(conn)
    )?;
    let notes = Notes::of(accounts, waiting);
    let mut revenue = HashMap::new();
    for client in clients {
        let (totals, recurring) = (totals.remove(client), recurring.remove(client));
        let rows = put_together(totals.unwrap_or_default(), recurring.unwrap_or_default(), &notes);
        revenue.insert(*client, rows);
    }
    Ok(revenue)
}

/// What is to be said of accounts.
struct Notes<'a> {
    accounts: &'a Accounts,
    waiting: HashMap<Uuid, i64>,
}

impl<'a> Notes<'a> {
    fn of(accounts: &'a Accounts, mut waiting: HashMap<Uuid, i64>) -> Self {
        waiting.retain(|_, count| *count > WAITING);
        Self { accounts, waiting }
    }

    fn about(&self, id: Uuid) -> impl Iterator<Item = Note> {
        let name = || self.accounts.name(id).to_owned();
        let disconnected = (!self.accounts.is_connected(id)).then(|| Note::Disconnected(name()));
        let waiting = self.waiting.get(&id).map(|count| Note::Waiting(name(), *count));
        disconnected.into_iter().chain(waiting)
    }
}

fn put_together(totals: Vec<Total>, recurring: Vec<Recurring>, notes: &Notes<'_>) -> Vec<Revenue> {
    let mut sums: BTreeMap<String, Sum> = BTreeMap::new();
    for one in totals {
        let sum = sums.entry(one.currency).or_default();
        sum.contracts += one.contracts;
        sum.total += one.total;
        sum.net += one.net;
        sum.refunded += one.refunded;
        sum.notes.extend(notes.about(one.integration_id));
    }
    for one in recurring {
        let sum = sums.entry(one.currency).or_default();
        sum.monthly.add(one.numerator, one.denominator);
        sum.bases.insert(match one.basis {
            RevenueBasis::Subscription => Basis::Subscriptions,
            RevenueBasis::Invoice => Basis::Invoices,
        });
        sum.notes.extend(notes.about(one.integration_id));
    }
    let revenue = sums.into_iter().map(|(currency, sum)| Revenue {
        currency,
        contracts: sum.contracts,
        total: sum.total,
        net: sum.net,
        refunded: sum.refunded,
        mrr: sum.monthly.times(1),
        arr: sum.monthly.times(12),
        bases: sum.bases,
        notes: sum.notes,
    });
    revenue.collect()
}
