//! What has to be the same however it came to be known: by an import of later, and after everything is told again.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use serde_json::{Value, json};

use super::life::Life;
use super::play::{connect, until_idle};
use super::told::revenue;
use crate::support::{TestApp, WebhookSender, dump};
use crate::ways::rows::rows;

/// What may not change when nothing new is told.
const TABLES: [&str; 4] = ["contract", "contract_line", "recurring_revenue", "subscription_state"];
const AT_ONCE: usize = 8;

/// A second server imports the company as it is now: contracts, lines and today's revenue are those of the first.
pub(super) async fn differs_by_import(first: &TestApp, settings: &Value, lives: &[Life]) -> Vec<String> {
    let second = TestApp::builder().pulls_from(first.sandbox()).start().await;
    // What happened in this very second is not in the lists yet.
    first.sandbox().world().advance_clock(60);
    first.clock.advance(Duration::from_mins(1));
    let passed = first.clock.now().signed_duration_since(second.clock.now());
    second.clock.advance(passed.to_std().unwrap());
    connect(&second, first.sandbox().key(), settings).await;
    let (here, there) = (rows(first).await, rows(&second).await);
    let mut found = Vec::new();
    for life in lives {
        let missing: Vec<String> = life
            .not_imported
            .iter()
            .map(|id| format!("contract {}", life.own(id)))
            .collect();
        let own = life.own("");
        for key in here.keys().chain(there.keys().filter(|key| !here.contains_key(*key))) {
            let (here, there) = (here.get(key), there.get(key).filter(|_| !missing.contains(key)));
            if key.ends_with(&own) && here.filter(|_| !missing.contains(key)) != there {
                found.push(format!("{} by import: {key}: {}", life.name, first_line(here, there)));
            }
        }
        let (here, there) = (revenue(first, life, None).await, revenue(&second, life, None).await);
        let said = |revenue: &Value| {
            let rows = revenue.as_array().cloned().unwrap_or_default();
            let recurring = rows
                .into_iter()
                .map(|row| json!([row["currency"], row["mrr"], row["arr"], row["basis"]]));
            if missing.is_empty() {
                revenue.clone()
            } else {
                recurring.collect()
            }
        };
        if said(&here) != said(&there) {
            found.push(format!("{} by import: revenue is {there} instead of {here}", life.name));
        }
    }
    found
}

/// The first line in which two rows differ.
fn first_line(here: Option<&String>, there: Option<&String>) -> String {
    let (Some(here), Some(there)) = (here, there) else {
        let by = if here.is_some() { "events alone" } else { "import alone" };
        return format!("it is there by {by}");
    };
    let different = here.lines().zip(there.lines()).find(|(here, there)| here != there);
    let (here, there) = different.unwrap_or_default();
    format!("{} instead of {}", there.trim(), here.trim())
}

/// All events come again by other ids, twice and in no order.
pub(super) async fn differs_when_told_again(app: &TestApp, hooks: &WebhookSender, lives: &[Life]) -> Vec<String> {
    let before = dump(app.db()).await;
    let told = app.sandbox().world().events_after(0);
    let again = ["again", "once_more"].into_iter().flat_map(|way| {
        told.iter().map(move |event| {
            let mut event = event.clone();
            event["id"] = json!(format!("{}_{way}", event["id"].as_str().unwrap()));
            event
        })
    });
    let mut again: Vec<Value> = again.collect();
    again.shuffle(&mut StdRng::seed_from_u64(10));
    stream::iter(&again)
        .for_each_concurrent(AT_ONCE, async |event| hooks.send(app, event).await)
        .await;
    until_idle(app).await;
    let after = dump(app.db()).await;
    let mut found = Vec::new();
    for table in TABLES {
        let rows = |all: &BTreeMap<String, Vec<String>>| all.get(table).cloned().unwrap_or_default();
        let (before, after) = (rows(&before), rows(&after));
        for row in after.iter().filter(|row| !before.contains(row)) {
            let life = lives.iter().find(|life| row.contains(&life.own("")));
            let name = life.map_or("somebody", |life| &life.name);
            found.push(format!("{name} told again: {table} has {row}"));
        }
        if before.len() != after.len() {
            found.push(format!(
                "somebody told again: {table} has {} rows instead of {}",
                after.len(),
                before.len()
            ));
        }
    }
    found
}
