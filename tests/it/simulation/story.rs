//! One life by one seed: a beginning, some hours, a quiet end, and the proof.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use sandbox::{Fault, Options};
use serde_json::{Value, json};

use super::dice::Dice;
use super::happening::happen;
use crate::support::{NOW_MS, TestApp, WebhookSender, until};

/// Longer than looks at the events and rests of runs are apart.
const QUIET: Duration = Duration::from_secs(700);
/// The lookback of most lives, and of those whose invoices are mostly out of it.
const FAR_BACK: i32 = 3650;
const NOT_FAR: i32 = 30;
const STEPS: usize = 24;
const QUIET_TURNS: usize = 60;

struct Story {
    app: TestApp,
    integration: String,
    hooks: WebhookSender,
    dice: Dice,
    lookback_days: i32,
    /// Events that a webhook may still bring.
    undelivered: Vec<Value>,
    known: usize,
    /// One thing happens at a time: what changes, its event, and the second it happens in belong together. True at the end, when
    /// nothing happens any more.
    one_at_a_time: Arc<Mutex<bool>>,
}

/// Lives one life; panics when the end is not what Stripe has.
pub(super) async fn live(seed: u64) {
    let mut story = Story::begin(seed).await;
    story
        .app
        .admin()
        .start_import(&story.integration, &["CUSTOMER", "PRODUCT", "CONTRACT"])
        .await;
    for _ in 0..STEPS {
        story.step().await;
    }
    story.come_to_rest().await;
    story.prove(seed).await;
}

impl Story {
    async fn begin(seed: u64) -> Self {
        let options = Options {
            seed,
            customers: 12,
            products: 6,
            invoices: 24,
            subscriptions: 10,
            ..Options::default()
        };
        let app = TestApp::builder().sandbox(options).start().await;
        let mut dice = Dice::new(seed);
        let lookback_days = if dice.chance(30) { NOT_FAR } else { FAR_BACK };
        let integration = app.admin().connect_stripe(app.sandbox().key(), lookback_days).await;
        let hooks = WebhookSender::connect(&app, &integration).await;
        if dice.chance(50) {
            let faults = [
                Fault::ServerError(500),
                Fault::Reset,
                Fault::TruncatedJson,
                Fault::RateLimited,
                Fault::HalfBody,
            ];
            let fault = *dice.pick(&faults).unwrap();
            app.sandbox().faults().fail_some(10, seed, fault, None);
        }
        if dice.chance(40) {
            app.sandbox().world().list_events_late(90);
        }
        if dice.chance(20) {
            app.sandbox().world().tell_in_old_version();
        }
        let clock = app.clock.clone();
        let one_at_a_time = Arc::new(Mutex::new(false));
        let alone = Arc::clone(&one_at_a_time);
        app.sandbox().before_requests(move |number, world| {
            let mut dice = Dice::of(seed, number);
            let is_over = alone.lock().unwrap();
            if *is_over {
                return;
            }
            if dice.chance(20) {
                happen(world, &mut dice);
            }
            if dice.chance(20) {
                world.advance_clock(1);
                clock.advance(Duration::from_secs(1));
            }
        });
        Self {
            app,
            integration,
            hooks,
            dice,
            lookback_days,
            undelivered: Vec::new(),
            known: 0,
            one_at_a_time,
        }
    }

    fn pass(&self, time: Duration) {
        let _alone = self.one_at_a_time.lock().unwrap();
        self.app
            .sandbox()
            .world()
            .advance_clock(time.as_secs().try_into().unwrap());
        self.app.clock.advance(time);
        self.app.app().wake.notify_one();
    }

    async fn step(&mut self) {
        match self.dice.below(10) {
            0..=3 => {
                let _alone = self.one_at_a_time.lock().unwrap();
                happen(self.app.sandbox().world(), &mut self.dice);
            }
            4 | 5 => self.deliver().await,
            6 => {
                let seconds = self.dice.below(20);
                self.pass(Duration::from_secs(seconds.try_into().unwrap()));
            }
            7 => self.pass(QUIET),
            8 => self.wait_for_requests().await,
            _ => self.meddle().await,
        }
    }

    /// Some of what Stripe would send: in no order, some of it twice, some never.
    async fn deliver(&mut self) {
        let new = self.app.sandbox().world().events_after(self.known);
        self.known += new.len();
        self.undelivered.extend(new);
        self.dice.shuffle(&mut self.undelivered);
        let now = self.dice.below(self.undelivered.len() + 1);
        for event in self.undelivered.drain(..now).collect::<Vec<_>>() {
            if self.dice.chance(15) {
                continue;
            }
            self.hooks.send(&self.app, &event).await;
            if self.dice.chance(20) {
                self.hooks.send(&self.app, &event).await;
            }
        }
    }

    /// Until a few more requests were made, or nothing is at work.
    async fn wait_for_requests(&mut self) {
        let more = self.app.sandbox().request_count() + u64::try_from(1 + self.dice.below(6)).unwrap();
        until("requests are made", async || {
            let made = self.app.sandbox().request_count() >= more;
            (made || self.is_at_rest().await).then_some(())
        })
        .await;
    }

    /// What people do.
    async fn meddle(&mut self) {
        if self.dice.chance(50) {
            self.app.admin().switch_sync(&self.integration, false).await;
            self.deliver().await;
            self.app.admin().switch_sync(&self.integration, true).await;
        } else {
            let start =
                "mutation($id: ID!) { startReconcile(input: {integrationId: $id}) { run { id } userErrors { code } } }";
            self.app.graphql(start, json!({ "id": self.integration })).await;
        }
    }

    /// Nothing is at work but what waits for a later time.
    async fn is_at_rest(&self) -> bool {
        let busy = entity_counts::at_work(&self.app).await;
        busy == 0
    }

    /// Nothing more happens, and time passes until nothing is left to do.
    async fn come_to_rest(&mut self) {
        *self.one_at_a_time.lock().unwrap() = true;
        self.app.sandbox().clear_acts();
        self.app.sandbox().faults().clear();
        let end = self.app.sandbox().world().now();
        for _ in 0..QUIET_TURNS {
            self.pass(QUIET);
            self.app.tick().await;
            until("nothing is at work", async || self.is_at_rest().await.then_some(())).await;
            let is_known = entity_counts::watermark(&self.app).await >= end;
            if is_known && entity_counts::left_to_do(&self.app).await == 0 {
                return;
            }
        }
        panic!(
            "it does not come to rest: {}",
            entity_counts::what_is_left(&self.app).await
        );
    }

    async fn prove(&self, seed: u64) {
        let failed = self
            .app
            .graphql(
                "{ runs(filter: {state: [FAILED]}) { nodes { kind failureCode failureMessage } } }",
                json!({}),
            )
            .await;
        assert_eq!(failed["runs"]["nodes"], json!([]), "seed {seed}");
        let window_start = NOW_MS / 1000 - i64::from(self.lookback_days) * 86_400;
        self.app.prove_from(&self.integration, window_start).await;
    }
}

/// What the tables say of work.
mod entity_counts {
    use entity::kind::RunKind;
    use entity::{integration, remap_queue, run, stripe_event, sync_error};
    use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};

    use crate::support::TestApp;

    async fn waiting_events(app: &TestApp) -> u64 {
        let waiting = stripe_event::Entity::find().filter(stripe_event::Column::AppliedAt.is_null());
        waiting.count(app.db().read()).await.unwrap()
    }

    /// Runs that are open and do not rest, looks at the events that are due, and records to be mapped again.
    pub(super) async fn at_work(app: &TestApp) -> usize {
        runs_at_work(app).await + usize::try_from(unmapped(app).await).unwrap()
    }

    async fn unmapped(app: &TestApp) -> u64 {
        remap_queue::Entity::find().count(app.db().read()).await.unwrap()
    }

    async fn runs_at_work(app: &TestApp) -> usize {
        let now_ms = app.clock.now_ms();
        let runs = run::Entity::find().filter(run::Column::FinishedAt.is_null());
        // In one query: what ends between two of them would be counted by neither.
        let runs = runs.all(app.db().read()).await.unwrap();
        let awake = runs
            .iter()
            .filter(|run| run.resume_at.is_none_or(|at| at <= now_ms))
            .count();
        if runs.iter().any(|run| run.kind == RunKind::CatchUp) {
            return awake;
        }
        let due = integration::Entity::find()
            .filter(integration::Column::NextPollAt.lte(now_ms))
            .filter(integration::Column::EventWatermark.is_not_null());
        awake + due.all(app.db().read()).await.unwrap().len()
    }

    /// Stripe's second up to which its events are known here.
    pub(super) async fn watermark(app: &TestApp) -> i64 {
        let integration = integration::Entity::find().one(app.db().read()).await.unwrap();
        integration.unwrap().event_watermark.unwrap_or_default()
    }

    /// For a test that fails.
    pub(super) async fn what_is_left(app: &TestApp) -> String {
        let runs = run::Entity::find().filter(run::Column::FinishedAt.is_null());
        let errors = sync_error::Entity::find().filter(sync_error::Column::ResolvedAt.is_null());
        let waiting = stripe_event::Entity::find().filter(stripe_event::Column::AppliedAt.is_null());
        format!(
            "{:?} {:?} {:?}",
            runs.all(app.db().read()).await.unwrap(),
            errors.all(app.db().read()).await.unwrap(),
            waiting.all(app.db().read()).await.unwrap(),
        )
    }

    pub(super) async fn left_to_do(app: &TestApp) -> u64 {
        let runs = run::Entity::find().filter(run::Column::FinishedAt.is_null());
        let errors = sync_error::Entity::find().filter(sync_error::Column::ResolvedAt.is_null());
        runs.count(app.db().read()).await.unwrap()
            + waiting_events(app).await
            + errors.count(app.db().read()).await.unwrap()
    }
}
