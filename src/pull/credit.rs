//! Credit that an invoice states and that no note here explains: the lists of credit notes do not reach back as far as an invoice that
//! was paid late. Its notes are asked for by the invoice.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use entity::kind::{StripeKind, SyncObject};
use futures_util::{StreamExt, stream};
use sea_orm::ConnectionTrait;
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::apply::apply;
use super::broken::{self, Broken};
use super::halt::Halt;
use super::holder::{Holder, Writer};
use super::progress::Progress;
use super::reading::{Origin, Reading};
use super::road::Road;
use super::rules::Rules;
use crate::crash;
use crate::error::Error;
use crate::store::{reference, source};
use crate::stripe::{self, Client};

/// Requests in flight at most.
const AT_ONCE: usize = 8;
const BATCH: u64 = 100;

/// Those of `readings` that are paid invoices and state more credit than the notes come to, here and among `readings`.
pub(super) async fn lacking(
    conn: &impl ConnectionTrait,
    rules: &Rules,
    readings: &[&Reading],
) -> Result<Vec<String>, Error> {
    let of_kind = |kind| {
        let with_value = readings.iter().filter(move |reading| reading.kind == kind);
        with_value.filter_map(|reading| Some((reading.stripe_id.as_str(), reading.value.as_ref()?)))
    };
    let notes = of_kind(StripeKind::CreditNote).collect();
    short_of(conn, rules, of_kind(StripeKind::Invoice), notes).await
}

/// Reads the notes of `invoices`, all of each. What cannot be read is the invoice's own failure.
pub(super) async fn read(
    client: &Client,
    rules: &Rules,
    invoices: Vec<String>,
) -> Result<(Vec<Reading>, Vec<Broken>), stripe::Error> {
    let shared = client.clone();
    let lists = stream::iter(invoices)
        .map(move |invoice| {
            let client = shared.clone();
            async move {
                let notes = list(&client, &invoice).await;
                (invoice, notes)
            }
        })
        .buffered(AT_ONCE)
        .collect::<Vec<_>>()
        .await;
    let mut results = Vec::new();
    for (invoice, notes) in lists {
        match notes {
            Ok(notes) => results.extend(
                notes
                    .into_iter()
                    .map(|note| ((note.kind, note.stripe_id.clone()), Ok(note))),
            ),
            // Lost since the key was given: everything stops, as for any other list.
            Err(error @ stripe::Error::PermissionMissing { .. }) => return Err(error),
            Err(error) => results.push(((StripeKind::Invoice, invoice), Err(error))),
        }
    }
    broken::part(client, &rules.rights, results).await
}

/// Reads and applies the notes of all invoices here that still wait for some, at the end of a phase.
pub(super) async fn missing(progress: &mut Progress, rules: &Rules, stop: &CancellationToken) -> Result<(), Halt> {
    let mut after = String::new();
    loop {
        if stop.is_cancelled() {
            return Err(Halt::Paused);
        }
        let conn = progress.app().db.read();
        let waiting =
            source::list_pending_texts(conn, rules.integration_id, StripeKind::Invoice, &after, BATCH).await?;
        let Some((last, _)) = waiting.last() else { return Ok(()) };
        after.clone_from(last);
        let waiting = waiting
            .iter()
            .map(|(id, text)| Ok((id.as_str(), source::parse(text)?)))
            .collect::<Result<Vec<_>, Error>>()?;
        let invoices = waiting.iter().map(|(id, invoice)| (*id, invoice));
        let short = short_of(conn, rules, invoices, HashMap::new()).await?;
        if !short.is_empty() {
            read_and_apply(progress, rules, short).await?;
        }
    }
}

async fn read_and_apply(progress: &mut Progress, rules: &Rules, invoices: Vec<String>) -> Result<(), Halt> {
    let (readings, broken) = read(progress.client(), rules, invoices).await?;
    crash::point("fill.read");
    let app = Arc::clone(progress.app());
    let tx = app.db.begin().await?;
    let road = Road {
        rules,
        run_id: progress.run_id(),
        now_ms: app.clock.now_ms(),
    };
    let applied = apply(&tx, road, readings).await?;
    progress.count(SyncObject::Contract, applied.tally);
    let failed = broken::record(&tx, road, &broken).await?;
    progress.count(SyncObject::Contract, failed);
    crash::point("fill.before_commit");
    progress.commit(tx).await?;
    crash::point("fill.after_commit");
    Ok(())
}

/// Those of `invoices` whose stated credit is more than their notes come to: those here, and `fresh` ones in their place. None where
/// the key may not read notes.
async fn short_of<'a>(
    conn: &impl ConnectionTrait,
    rules: &Rules,
    invoices: impl Iterator<Item = (&'a str, &'a Value)>,
    fresh: HashMap<&str, &Value>,
) -> Result<Vec<String>, Error> {
    let stated: HashMap<&str, i128> = invoices
        .filter(|(_, invoice)| invoice["status"] == "paid")
        .map(|(id, invoice)| (id, credit_of(invoice)))
        .filter(|(_, stated)| *stated > 0)
        .collect();
    if stated.is_empty() || !rules.rights.may_read(Some(StripeKind::CreditNote)) {
        return Ok(Vec::new());
    }
    let mut given = given_back(conn, rules.integration_id, stated.keys().copied().collect(), &fresh).await?;
    for note in fresh.values() {
        let invoice = note["invoice"].as_str().or_else(|| note["invoice"]["id"].as_str());
        if let Some(invoice) = invoice {
            *given.entry(invoice.to_owned()).or_default() += amount_of(note);
        }
    }
    let short = stated
        .iter()
        .filter(|(id, stated)| given.get(**id).unwrap_or(&0) < *stated);
    let mut short: Vec<String> = short.map(|(id, _)| (*id).to_owned()).collect();
    short.sort();
    Ok(short)
}

/// What the notes that are here give back of `invoices`, but for `others`.
async fn given_back(
    conn: &impl ConnectionTrait,
    integration_id: Uuid,
    invoices: Vec<&str>,
    others: &HashMap<&str, &Value>,
) -> Result<HashMap<String, i128>, Error> {
    let (from, to) = (StripeKind::CreditNote, StripeKind::Invoice);
    let mut naming = reference::find_naming(conn, integration_id, from, to, invoices).await?;
    naming.retain(|(note, _)| !others.contains_key(note.as_str()));
    let ids: HashSet<&str> = naming.iter().map(|(note, _)| note.as_str()).collect();
    let bodies = source::find_bodies(conn, integration_id, from, ids.into_iter().collect()).await?;
    let mut given: HashMap<String, i128> = HashMap::new();
    for (note, invoice) in naming {
        if let Some(body) = bodies.get(&note) {
            *given.entry(invoice).or_default() += amount_of(&body.value()?);
        }
    }
    Ok(given)
}

fn credit_of(invoice: &Value) -> i128 {
    let amounts = ["pre_payment_credit_notes_amount", "post_payment_credit_notes_amount"];
    amounts
        .iter()
        .filter_map(|name| invoice[*name].as_i64())
        .map(i128::from)
        .sum()
}

fn amount_of(note: &Value) -> i128 {
    let counts = note["status"] != "void";
    note["total"].as_i64().filter(|_| counts).unwrap_or(0).into()
}

async fn list(client: &Client, invoice_id: &str) -> Result<Vec<Reading>, stripe::Error> {
    let mut notes: Vec<Reading> = Vec::new();
    loop {
        let mut filter = vec![("invoice", invoice_id.to_owned())];
        filter.extend(notes.last().map(|last| ("starting_after", last.stripe_id.clone())));
        let page = client.list(StripeKind::CreditNote, &filter).await?;
        let before = notes.len();
        for note in page.data {
            if let Some(id) = note["id"].as_str().map(str::to_owned) {
                notes.push(Reading::whole(
                    StripeKind::CreditNote,
                    id,
                    note,
                    page.seen,
                    Origin::Listed,
                ));
            }
        }
        if !page.has_more || notes.len() == before {
            return Ok(notes);
        }
    }
}
