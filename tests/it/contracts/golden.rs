//! The golden table: each file in `fixtures/contracts` is a case, told in Stripe's JSON. All are imported at once by the way that any
//! object takes; then the clock goes from day to day, and what the API says of each is held against the case.
//!
//! A case says in one line what it `shows`, gives the `object` and what else Stripe has (`refs`), and what the contract has to say on the
//! day `today`. Days and instants stand where Stripe has Unix seconds. Money is in the currency's own digits. Fields that a case does not
//! name are not compared, but there are no warnings, and an invoice's sums add up, unless it says otherwise. Nothing is expected of what
//! makes no contract: `null`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::time::Duration;

use chrono::{DateTime, NaiveDate};
use entity::{remap_queue, subscription_state};
use sandbox::{Kind, Options, World};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};
use serde_json::{Value, json};

use crate::support::{TestApp, until};

/// A case of the table.
struct Case {
    name: String,
    today: NaiveDate,
    object: Value,
    refs: Vec<Value>,
    expected: Value,
}

impl Case {
    fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).unwrap();
        let mut case: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        assert!(
            case["shows"].as_str().is_some_and(|line| line.len() > 20),
            "{name}: what does it show?"
        );
        let today = case["today"].as_str().and_then(|day| day.parse().ok());
        let own = own_ids(vec![&case["object"], &case["refs"]]);
        let refs = case["refs"].as_array().cloned().unwrap_or_default();
        Self {
            today: today.unwrap_or_else(|| panic!("{name}: no day")),
            object: for_stripe(case["object"].take(), &own, &name),
            refs: refs.into_iter().map(|object| for_stripe(object, &own, &name)).collect(),
            expected: case["expected"].take(),
            name,
        }
    }

    fn put(&self, world: &World) {
        for object in self.refs.iter().chain([&self.object]) {
            let kind = Kind::ALL.into_iter().find(|kind| object["object"] == kind.object());
            let kind = kind.unwrap_or_else(|| panic!("{}: of what kind is {object}?", self.name));
            world.put(kind, object.clone());
        }
    }

    /// What the API says, with ids and money as the case writes them.
    async fn told(&self, app: &TestApp) -> Value {
        let told = app.graphql(CONTRACT, json!({ "id": self.object["id"] })).await["contract"].take();
        let text = told.to_string().replace(&suffix(&self.name), "");
        plain(serde_json::from_str(&text).unwrap())
    }

    async fn check(&self, app: &TestApp) -> Option<String> {
        let said = self.told(app).await;
        let mut expected = self.expected.clone();
        if let Some(expected) = expected.as_object_mut() {
            expected.entry("warnings").or_insert(json!([]));
        }
        if let Some(expected) = expected.as_object_mut().filter(|_| self.object["object"] == "invoice") {
            let is_zero = |text: &&str| text.bytes().all(|byte| matches!(byte, b'0' | b'.'));
            let nothing = said["reconcileDelta"].as_str().filter(is_zero).unwrap_or("0");
            expected.entry("reconcileDelta").or_insert(json!(nothing));
        }
        difference(&expected, &said).map(|found| format!("{} on {}: {found}", self.name, self.today))
    }
}

const CONTRACT: &str = "query($id: String!) { contract(ref: {stripe: {stripeId: $id}}) {
    source sourceStatus number name stripeCustomerId status paymentState paidAt bookingDate termStart termEnd terminatedDate autoRenew
    currency subtotal { decimal } discount { decimal } shipping { decimal } tax { decimal } total { decimal } amountPaid { decimal }
    credited { decimal } net { decimal } refunded { decimal } kept { decimal } tcv { decimal } acv { decimal } arr { decimal } mrr { decimal } reconcileDelta { decimal }
    countsTowardRecurring warnings
    subscriptionContract { stripeId } renews { stripeId } renewedBy { stripeId } invoiceContracts { nodes { stripeId } }
    lines(first: 100) { nodes { kind quantity unitPrice productName description gross { decimal } discount { decimal } tax { decimal }
        net { decimal } mrr { decimal } } }
} }";

/// The ids of all objects in these.
pub(super) fn own_ids(mut left: Vec<&Value>) -> BTreeSet<String> {
    let mut ids = BTreeSet::new();
    while let Some(value) = left.pop() {
        match value {
            Value::Array(values) => left.extend(values),
            Value::Object(fields) => {
                ids.extend(fields.get("id").and_then(Value::as_str).map(str::to_owned));
                left.extend(fields.values());
            }
            _ => {}
        }
    }
    ids
}

/// Ids are the case's own: `in_1` of one is not `in_1` of another.
pub(super) fn suffix(name: &str) -> String {
    format!(".{name}")
}

/// Days and instants become Unix seconds, ids the case's own.
pub(super) fn for_stripe(value: Value, own: &BTreeSet<String>, name: &str) -> Value {
    match value {
        Value::String(text) => match seconds(&text) {
            Some(seconds) => json!(seconds),
            None if own.contains(&text) => json!(text + &suffix(name)),
            None => json!(text),
        },
        Value::Array(values) => values.into_iter().map(|value| for_stripe(value, own, name)).collect(),
        Value::Object(fields) => fields
            .into_iter()
            .map(|(field, value)| (field, for_stripe(value, own, name)))
            .collect(),
        other => other,
    }
}

/// The Unix second of an instant, or of the midnight with which a day begins.
pub(super) fn seconds(text: &str) -> Option<i64> {
    let day = text.parse::<NaiveDate>().ok();
    let midnight = day.and_then(|day| day.and_hms_opt(0, 0, 0)).map(|at| at.and_utc());
    let instant = DateTime::parse_from_rfc3339(text).ok().map(|at| at.to_utc());
    midnight.or(instant).map(|at| at.timestamp())
}

/// Money by its digits, a contract by its id, a list by what it holds.
pub(super) fn plain(value: Value) -> Value {
    match value {
        Value::Object(mut fields) if fields.len() == 1 => {
            let only = ["decimal", "stripeId", "nodes"]
                .into_iter()
                .find_map(|name| fields.remove(name));
            plain(only.unwrap_or(Value::Object(fields)))
        }
        Value::Object(fields) => fields.into_iter().map(|(name, value)| (name, plain(value))).collect(),
        Value::Array(values) => values.into_iter().map(plain).collect(),
        other => other,
    }
}

/// The first thing that is not as expected.
pub(super) fn difference(expected: &Value, said: &Value) -> Option<String> {
    match (expected, said) {
        (Value::Object(fields), Value::Object(said)) => fields.iter().find_map(|(name, expected)| {
            let Some(said) = said.get(name) else {
                return Some(format!("there is no field {name}"));
            };
            difference(expected, said).map(|found| format!("{name}: {found}"))
        }),
        (Value::Array(expected), Value::Array(said)) if expected.len() == said.len() => expected
            .iter()
            .zip(said)
            .find_map(|(expected, said)| difference(expected, said)),
        _ => (expected != said).then(|| format!("expected {expected}, but it is {said}")),
    }
}

fn cases() -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/fixtures/contracts");
    let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let mut cases: Vec<Case> = files
        .filter(|path| path.extension().is_some_and(|end| end == "json"))
        .map(|path| Case::read(&path))
        .collect();
    cases.sort_by_key(|case| (case.today, case.name.clone()));
    cases
}

/// Lets time pass until noon of a day, and what is due by then be mapped again.
async fn come_to(app: &TestApp, day: NaiveDate) {
    let noon = day.and_hms_opt(12, 0, 0).unwrap().and_utc();
    let left = noon.signed_duration_since(app.clock.now());
    app.clock.advance(left.to_std().unwrap_or(Duration::ZERO));
    app.tick().await;
    until("nothing waits to be mapped again", async || {
        let waiting = remap_queue::Entity::find().count(app.db().read()).await.unwrap();
        let due = subscription_state::Entity::find()
            .filter(subscription_state::Column::NextChangeAt.lte(app.clock.now().timestamp()));
        (waiting + due.count(app.db().read()).await.unwrap() == 0).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_case_of_the_table_is_as_it_says() {
    let cases = cases();
    assert!(cases.len() >= 60, "{} cases", cases.len());
    let nobody = Options {
        customers: 1,
        invoices: 0,
        subscriptions: 0,
        ..Options::default()
    };
    let app = TestApp::builder().sandbox(nobody).start().await;
    for case in &cases {
        case.put(app.sandbox().world());
    }
    // Stripe's clock is far ahead of ours, so that what happens later is in its lists already.
    app.sandbox().world().advance_clock(3 * 365 * 86_400);
    let integration = app.admin().connect_stripe(app.sandbox().key(), 3650).await;
    let run = app.admin().import(&integration).await;
    assert_eq!(run["state"], "SUCCEEDED", "{run}");
    // From here on time passes, and Stripe is not asked.
    app.stop_sync(&integration).await;
    let requests = app.sandbox().request_count();
    let mut by_day: BTreeMap<NaiveDate, Vec<&Case>> = BTreeMap::new();
    for case in &cases {
        by_day.entry(case.today).or_default().push(case);
    }
    let mut found = Vec::new();
    for (day, cases) in by_day {
        come_to(&app, day).await;
        for case in cases {
            found.extend(case.check(&app).await);
        }
    }
    assert!(found.is_empty(), "{} differ:\n{}", found.len(), found.join("\n"));
    assert_eq!(app.sandbox().request_count(), requests, "Stripe was asked");
}
