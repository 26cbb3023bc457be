//! Lives go on, in the order of time.

use std::collections::BTreeMap;
use std::time::Duration;

use entity::subscription_state;
use sandbox::{Kind, Options, World};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter};
use serde_json::{Value, json};

use super::life::{Expected, Life, Step};
use super::told::differences;
use crate::support::webhook::{hold_looks, until_taken_out};
use crate::support::{NOW_MS, TestApp, WebhookSender, until};

/// A company in which some lives have gone on, and what was found to differ.
pub(super) struct Company {
    pub(super) app: TestApp,
    pub(super) hooks: WebhookSender,
    pub(super) found: Vec<String>,
    events: usize,
}

/// What is to be done at one moment: all that happens, before anybody asks.
#[derive(Default)]
struct Moment<'a> {
    steps: Vec<(&'a Life, &'a Step)>,
    asked: Vec<(&'a Life, &'a Expected)>,
}

impl Company {
    /// Has all of `lives` go on together.
    pub(super) async fn live(settings: &Value, lives: &[Life]) -> Self {
        let nobody = Options {
            customers: 1,
            invoices: 0,
            subscriptions: 0,
            ..Options::default()
        };
        let app = TestApp::builder().sandbox(nobody).start().await;
        let mut moments: BTreeMap<i64, Moment<'_>> = BTreeMap::new();
        for life in lives {
            let customer = json!({ "object": "customer", "id": life.customer, "name": life.name, "created": 0 });
            app.sandbox().world().put(Kind::Customer, customer);
            for step in &life.steps {
                moments.entry(step.at).or_default().steps.push((life, step));
            }
            for expected in &life.expected {
                moments.entry(expected.at).or_default().asked.push((life, expected));
            }
        }
        let later = moments.split_off(&(NOW_MS / 1000 + 1));
        for (life, step) in moments.values().flat_map(|moment| &moment.steps) {
            happen(app.sandbox().world(), life, step, false);
        }
        // Of things of this very second lists say nothing yet.
        advance(&app, NOW_MS / 1000 + 60);
        let hooks = connect(&app, app.sandbox().key(), settings).await;
        let mut company = Self {
            app,
            hooks,
            found: Vec::new(),
            events: 0,
        };
        for (at, moment) in later {
            company.come_to(at, &moment).await;
        }
        company
    }

    async fn come_to(&mut self, at: i64, moment: &Moment<'_>) {
        advance(&self.app, at);
        self.app.tick().await;
        until_idle(&self.app).await;
        for (life, step) in &moment.steps {
            happen(self.app.sandbox().world(), life, step, true);
        }
        let new = self.app.sandbox().world().events_after(self.events);
        self.events += new.len();
        for event in &new {
            self.hooks.send(&self.app, event).await;
        }
        until_idle(&self.app).await;
        for (life, expected) in &moment.asked {
            self.found.extend(differences(&self.app, life, expected).await);
        }
    }
}

/// Connects a server to the company of `key` by these settings, and imports what there is. From then on nothing comes in but by webhook.
pub(super) async fn connect(app: &TestApp, key: &str, settings: &Value) -> WebhookSender {
    let id = app.admin().connect_stripe(key, 3650).await;
    choose(app, &id, settings).await;
    let hooks = WebhookSender::connect(app, &id).await;
    let run = app.admin().import(&id).await;
    assert_eq!(run["state"], "SUCCEEDED", "{run}");
    hold_looks(app, &id).await;
    until_idle(app).await;
    hooks
}

/// The settings as a life tells them, before anything is imported by them.
async fn choose(app: &TestApp, id: &str, settings: &Value) {
    let sources = settings.get("sources").cloned().unwrap_or(json!(["INVOICE"]));
    let update = "mutation($id: ID!, $sources: [ContractSource!]!) {
        updateSettings(input: {integrationId: $id, contractSources: $sources}) { userErrors { code } }
    }";
    let variables = json!({ "id": id, "sources": sources });
    app.admin().mutate("updateSettings", update, variables).await;
    for (name, value) in settings.as_object().into_iter().flatten() {
        let column = match name.as_str() {
            "sources" => continue,
            "timezone" => "timezone",
            "days" => "days",
            "repeatingDiscountsInMrr" => "repeating_discounts_in_mrr",
            "onceDiscountsInMrr" => "once_discounts_in_mrr",
            "pastDueCountsForDays" => "past_due_counts_for_days",
            "churnAt" => "churn_at",
            "countOpenInvoices" => "count_open_invoices",
            other => panic!("there is no setting {other}"),
        };
        let value = value.to_string().replace('"', "'");
        let set = format!("UPDATE integration SET {column} = {value}");
        app.db().write().execute_unprepared(&set).await.unwrap();
    }
}

/// Lets time pass, here and at Stripe, until it is `at`.
fn advance(app: &TestApp, at: i64) {
    let world = app.sandbox().world();
    let seconds = at - world.now();
    if let Ok(time) = u64::try_from(seconds) {
        world.advance_clock(seconds);
        app.clock.advance(Duration::from_secs(time));
    }
}

/// Waits until all that was told, and all that time has changed, has had its effect.
pub(super) async fn until_idle(app: &TestApp) {
    until("nothing is due", async || {
        let due = subscription_state::Entity::find()
            .filter(subscription_state::Column::NextChangeAt.lte(app.clock.now().timestamp()));
        (due.count(app.db().read()).await.unwrap() == 0).then_some(())
    })
    .await;
    until_taken_out(app).await;
}

/// A step of a life. Stripe tells of it by events where somebody listens already.
fn happen(world: &World, life: &Life, step: &Step, is_told: bool) {
    let tell = |event: &str, object: &Value| {
        if is_told {
            world.tell_of(event, object.clone());
        }
    };
    for object in &step.put {
        let kind = Kind::ALL.into_iter().find(|kind| object["object"] == kind.object());
        let kind = kind.unwrap_or_else(|| panic!("{}: of what kind is {object}?", life.name));
        let id = world.put(kind, object.clone());
        let object = world.get(kind, &id).unwrap();
        tell(&format!("{}.created", noun(kind)), &object);
        match object["status"].as_str().filter(|_| kind == Kind::Invoice) {
            Some("paid") => tell("invoice.paid", &object),
            Some("open") => tell("invoice.finalized", &object),
            _ => {}
        }
    }
    for patch in &step.change {
        let id = patch["id"].as_str().unwrap();
        let kind = kind_of(world, life, id);
        world.update_untold(kind, id, patch.clone());
        let object = world.get(kind, id).unwrap();
        tell(&format!("{}.{}", noun(kind), verb(kind, patch)), &object);
    }
    for id in &step.delete {
        let kind = kind_of(world, life, id);
        assert_eq!(kind, Kind::Coupon, "{}: only a coupon is deleted here", life.name);
        world.delete_coupon(id);
    }
}

fn kind_of(world: &World, life: &Life, id: &str) -> Kind {
    let kind = Kind::ALL.into_iter().find(|kind| world.get(*kind, id).is_some());
    kind.unwrap_or_else(|| panic!("{}: there is no {id}", life.name))
}

fn noun(kind: Kind) -> String {
    match kind {
        Kind::Subscription => "customer.subscription".to_owned(),
        kind => kind.object().to_owned(),
    }
}

/// What Stripe's event calls a change.
fn verb(kind: Kind, patch: &Value) -> &'static str {
    match (kind, patch["status"].as_str()) {
        (Kind::Invoice, Some("paid")) => "paid",
        (Kind::Invoice, Some("void")) => "voided",
        (Kind::Invoice, Some("uncollectible")) => "marked_uncollectible",
        (Kind::Subscription, Some("canceled")) => "deleted",
        _ => "updated",
    }
}
