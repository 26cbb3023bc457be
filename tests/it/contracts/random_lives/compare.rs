//! Holds what the server says of days against what is reckoned anew.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Days, NaiveDate};
use entity::{remap_queue, subscription_state};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};
use serde_json::{Value, json};

use super::record::Known;
use crate::support::{Course, Ratio, TestApp, until};

/// Minor units a month and a year, by currency; nothing of those that bring nothing.
pub(super) type Sums = BTreeMap<String, (i64, i64)>;

/// The last second of a day.
pub(super) fn last_second(day: NaiveDate) -> i64 {
    (day + Days::new(1)).and_hms_opt(0, 0, 0).unwrap().and_utc().timestamp() - 1
}

/// Waits until nothing is left to do.
pub(super) async fn settle(app: &TestApp) {
    until("nothing waits to be mapped again", async || {
        app.tick().await;
        let waiting = remap_queue::Entity::find().count(app.db().read()).await.unwrap();
        let now = app.clock.now().timestamp();
        let due = subscription_state::Entity::find().filter(subscription_state::Column::NextChangeAt.lte(now));
        (waiting + due.count(app.db().read()).await.unwrap() == 0).then_some(())
    })
    .await;
}

const CONTRACTS: &str = "query($day: Date, $after: String) { contracts(first: 100, after: $after, asOf: $day) {
    nodes { stripeId status } pageInfo { hasNextPage endCursor } } }";
const REVENUE: &str =
    "query($day: Date) { revenue(asOf: $day) { currency mrr { minorUnits } arr { minorUnits } basis } }";

/// Every contract's status on a day.
pub(super) async fn statuses(app: &TestApp, day: Option<NaiveDate>) -> BTreeMap<String, Value> {
    let (mut all, mut after) = (BTreeMap::new(), Value::Null);
    loop {
        let told = app.graphql(CONTRACTS, json!({ "day": day, "after": after })).await["contracts"].take();
        for node in told["nodes"].as_array().unwrap() {
            all.insert(node["stripeId"].as_str().unwrap().to_owned(), node["status"].clone());
        }
        if told["pageInfo"]["hasNextPage"] == false {
            return all;
        }
        after = told["pageInfo"]["endCursor"].clone();
    }
}

/// What recurs on a day.
pub(super) async fn revenue(app: &TestApp, day: Option<NaiveDate>) -> Sums {
    let told = app.graphql(REVENUE, json!({ "day": day })).await["revenue"].take();
    let minor = |money: &Value| {
        money["minorUnits"]
            .as_str()
            .map_or_else(|| money["minorUnits"].as_i64(), |text| text.parse().ok())
    };
    let rows = told.as_array().unwrap().iter().map(|row| {
        let currency = row["currency"].as_str().unwrap().to_owned();
        (currency, (minor(&row["mrr"]).unwrap(), minor(&row["arr"]).unwrap()))
    });
    rows.filter(|(_, sums)| *sums != (0, 0)).collect()
}

/// Adds up what each subscription brought a year.
pub(super) fn sums(known: &Known<'_>, of: impl Fn(&str) -> Ratio) -> Sums {
    let mut years: BTreeMap<String, Ratio> = BTreeMap::new();
    for (id, subscription) in &known.company.subscriptions {
        let year = years
            .entry(subscription["currency"].as_str().unwrap().to_uppercase())
            .or_insert(Ratio::of(0));
        *year = *year + of(id);
    }
    let rounded = years
        .into_iter()
        .map(|(currency, year)| (currency, ((year / Ratio::of(12)).half_even(), year.half_even())));
    rounded.filter(|(_, sums)| *sums != (0, 0)).collect()
}

/// Every contract and all revenue, on every day.
pub(super) async fn assert_days(app: &TestApp, known: &Known<'_>, course: &Course<'_>, days: &[NaiveDate]) {
    let mut found = Vec::new();
    let ids: BTreeSet<&String> = known
        .invoices
        .keys()
        .chain(known.company.subscriptions.keys())
        .collect();
    for day in days {
        let said = statuses(app, Some(*day)).await;
        assert_eq!(said.keys().collect::<BTreeSet<_>>(), ids, "which contracts there are");
        for (id, status) in &said {
            let may_be = course.status_then(id, *day);
            if !may_be.contains(status) {
                found.push(format!("{day} {id}: {status}, not {may_be:?}"));
            }
        }
        let at = last_second(*day);
        let expected = sums(known, |id| {
            course
                .told_by_itself(id, at)
                .unwrap_or_else(|| course.told_by_invoices(id, at))
        });
        let said = revenue(app, Some(*day)).await;
        if said != expected {
            found.push(format!("{day} revenue: {said:?}, not {expected:?}"));
        }
    }
    let few = found.iter().take(30).cloned().collect::<Vec<_>>().join("\n");
    assert!(found.is_empty(), "{} differ:\n{few}", found.len());
}

/// What invoices say is what subscriptions say, on every day that both know, but for what has a name.
pub(super) fn assert_sums_agree(seed: u64, known: &Known<'_>, course: &Course<'_>, days: &[NaiveDate]) {
    let (mut same, mut found) = (0, Vec::new());
    for id in known.company.subscriptions.keys() {
        for day in days {
            let at = last_second(*day);
            let Some(itself) = course.told_by_itself(id, at) else {
                continue;
            };
            let invoices = course.told_by_invoices(id, at);
            if itself.half_even() == invoices.half_even() {
                same += usize::from(itself.is_positive());
                continue;
            }
            if known.reason(course, id, at).is_none() {
                let (itself, invoices) = (itself.half_even(), invoices.half_even());
                found.push(format!("{day} {id}: {itself} by itself, {invoices} by invoices"));
            }
        }
    }
    let few = found.iter().take(30).cloned().collect::<Vec<_>>().join("\n");
    assert!(found.is_empty(), "{} differ without a reason:\n{few}", found.len());
    assert!(same > 200, "seed {seed}: only {same} days are the same");
}
