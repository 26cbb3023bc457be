//! One life by one seed, told by webhooks while it goes on, and the proof at its end.

use std::time::Duration;

use chrono::{DateTime, NaiveDate};
use futures_util::FutureExt;
use sandbox::{Life, Options};
use serde_json::{Value, json};

use super::compare;
use super::record::{Known, Record};
use super::second;
use crate::support::webhook::{hold_looks, until_taken_out};
use crate::support::{NOW_MS, TestApp, WebhookSender, dump};

const DAY_SECONDS: i64 = 86_400;
const SUBSCRIPTIONS: usize = 7;
const DAYS: i64 = 230;
/// What is open at the end is paid, or not, by then.
const SETTLED_DAYS: i64 = 60;
/// Whose rows are held against each other.
const TABLES: [&str; 4] = ["contract", "contract_line", "recurring_revenue", "subscription_state"];

pub(super) struct Story {
    pub(super) app: TestApp,
    pub(super) seed: u64,
    pub(super) record: Record,
    hooks: WebhookSender,
    known: usize,
}

/// Lives one life; panics where a day is not as it was.
pub(super) async fn live(seed: u64) {
    let mut story = Story::begin(seed).await;
    let mut life = Life::new(story.app.sandbox().world(), seed, SUBSCRIPTIONS, DAYS);
    story.hear().await;
    while let Some(at) = life.next_at() {
        story.go_to(at);
        life.happen(story.app.sandbox().world());
        story.record.look(story.app.sandbox().world());
        story.hear().await;
    }
    let end = NOW_MS / 1000 + DAYS * DAY_SECONDS;
    story.go_to((end + SETTLED_DAYS * DAY_SECONDS).max(story.app.sandbox().world().now() + DAY_SECONDS));
    compare::settle(&story.app).await;
    let told = life.told().join("\n");
    let proof = std::panic::AssertUnwindSafe(story.prove());
    let proved = proof.catch_unwind().await;
    assert!(proved.is_ok(), "life {seed}:\n{told}");
}

impl Story {
    async fn begin(seed: u64) -> Self {
        let nobody = Options {
            seed,
            customers: 1,
            invoices: 0,
            subscriptions: 0,
            ..Options::default()
        };
        let app = TestApp::builder().sandbox(nobody).start().await;
        let id = app.admin().connect_stripe(app.sandbox().key(), 3650).await;
        let hooks = WebhookSender::connect(&app, &id).await;
        assert_eq!(app.admin().import(&id).await["state"], "SUCCEEDED");
        hold_looks(&app, &id).await;
        Self {
            app,
            seed,
            record: Record::default(),
            hooks,
            known: 0,
        }
    }

    fn go_to(&self, at: i64) {
        let world = self.app.sandbox().world();
        let ahead = at - world.now();
        world.advance_clock(ahead);
        self.app.clock.advance(Duration::from_secs(ahead.try_into().unwrap()));
    }

    /// Webhooks bring what has happened since.
    async fn hear(&mut self) {
        let events = self.app.sandbox().world().events_after(self.known);
        self.known += events.len();
        for event in &events {
            self.hooks.send(&self.app, event).await;
        }
        self.app.tick().await;
        until_taken_out(&self.app).await;
    }

    /// The days from before anything happened, all of which are over.
    fn days(&self) -> Vec<NaiveDate> {
        let day = |at: i64| DateTime::from_timestamp(at, 0).unwrap().date_naive();
        let (first, last) = (
            day(NOW_MS / 1000 - 40 * DAY_SECONDS),
            day(self.app.sandbox().world().now()),
        );
        first.iter_days().take_while(|day| *day < last).collect()
    }

    async fn prove(&self) {
        let known = Known::of(self.app.sandbox(), &self.record);
        let course = known.course();
        compare::assert_days(&self.app, &known, &course, &self.days()).await;
        let end = DateTime::from_timestamp(NOW_MS / 1000 + DAYS * DAY_SECONDS, 0)
            .unwrap()
            .date_naive();
        // Nothing is billed after the end.
        let billed: Vec<NaiveDate> = self.days().into_iter().filter(|day| *day < end).collect();
        compare::assert_sums_agree(self.seed, &known, &course, &billed);
        let rows = self.rows().await;
        second::assert_fresh_import_is_the_same(self).await;
        second::assert_invoices_alone_tell_it(self, &known, &course, &self.days()).await;
        self.replay().await;
        let again = self.rows().await;
        for (before, after) in rows.iter().zip(&again) {
            assert_eq!(before, after, "a replay of the events changed something");
        }
    }

    async fn rows(&self) -> Vec<Vec<String>> {
        let mut all = dump(self.app.db()).await;
        TABLES.into_iter().map(|table| all.remove(table).unwrap()).collect()
    }

    /// All events come again, as others and from the last to the first.
    async fn replay(&self) {
        replay(&self.app, &self.hooks, self.app.sandbox().world().events_after(0)).await;
    }
}

/// Sends these events again under other ids, the last first.
pub(super) async fn replay(app: &TestApp, hooks: &WebhookSender, events: Vec<Value>) {
    for mut event in events.into_iter().rev() {
        event["id"] = json!(format!("{}_again", event["id"].as_str().unwrap()));
        hooks.send(app, &event).await;
    }
    app.tick().await;
    until_taken_out(app).await;
}
