//! What each event does, told by a webhook and nothing else: no look at the events, no import in between.

use std::collections::BTreeSet;

use sandbox::Kind;
use sea_orm::EntityTrait;
use serde_json::{Value, json};
use tributary::pull::inbox::effect::EVENT_TYPES;
use tributary::store::source;
use tributary::stripe::event::WEBHOOK_TYPES;
use uuid::Uuid;

use super::rows::{Look, Row, rows};
use super::support::{MARK, imported, in_window, living, pass};
use crate::support::webhook::{SECRET, thin, until_taken_out};
use crate::support::{TestApp, WebhookSender, assert_equals_truth};

/// How events are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Manner {
    /// With the object as it is, in today's shape.
    Today,
    /// With the object in the shape of an account that was opened long ago.
    LongAgo,
    /// Naming the object only.
    Thin,
}

/// A server that hears of the world by webhooks alone.
struct Stage {
    app: TestApp,
    hooks: WebhookSender,
    integration_id: Uuid,
    manner: Manner,
    known: usize,
}

impl Stage {
    async fn set(manner: Manner) -> Self {
        let (app, _id, hooks) = imported(30).await;
        if manner == Manner::LongAgo {
            app.sandbox().world().tell_in_old_version();
        }
        let row = entity::integration::Entity::find().one(app.db().read()).await.unwrap();
        Self {
            integration_id: row.unwrap().id,
            app,
            hooks,
            manner,
            known: 0,
        }
    }

    /// Delivers what is new, of the given type if one is given; says how many events that were.
    async fn deliver(&mut self, only: Option<&str>) -> usize {
        let new = self.app.sandbox().world().events_after(self.known);
        self.known += new.len();
        let meant = new
            .into_iter()
            .filter(|event| only.is_none_or(|only| event["type"] == only));
        let mut delivered = 0;
        for event in meant {
            let event = if self.manner == Manner::Thin && only.is_some() {
                thin(&event)
            } else {
                event
            };
            self.hooks.send(&self.app, &event).await;
            delivered += 1;
        }
        until_taken_out(&self.app).await;
        delivered
    }

    async fn play(&mut self, row: &Row, told_by: &str) {
        let shows = format!("{} ({told_by}, {:?})", row.shows, self.manner);
        let subject = (row.before)(self.app.sandbox().world());
        self.deliver(None).await;
        pass(&self.app, 5);
        let id = (row.act)(self.app.sandbox().world(), &subject, told_by);
        let before = self.see(row.look, &id).await;
        assert!(
            !holds(&before, &row.after),
            "{shows}: it is seen before it is told: {before}"
        );
        let requests = self.app.sandbox().request_count();
        assert!(self.deliver(Some(told_by)).await > 0, "{shows}: no such event");
        let after = self.see(row.look, &id).await;
        assert!(holds(&after, &row.after), "{shows}: {after}");
        if self.manner == Manner::Today {
            assert_eq!(self.app.sandbox().request_count() - requests, row.requests, "{shows}");
        }
        pass(&self.app, 5);
    }

    /// What is seen of an object here; null where there is nothing.
    async fn see(&self, look: Look, id: &str) -> Value {
        let query = match look {
            Look::Client => {
                "query($id: String!) { client(ref: {stripe: {stripeId: $id}}) { name email deletedInStripe } }"
            }
            Look::Product => {
                "query($id: String!) { product(ref: {stripe: {stripeId: $id}}) { name active recurring deletedInStripe } }"
            }
            Look::Contract => {
                "query($id: String!) { contract(ref: {stripe: {stripeId: $id}}) {
                    name number termEnd status: sourceStatus total { minorUnits } discount { minorUnits }
                    lines(first: 50) { nodes { productName } }
                } }"
            }
            Look::Source(kind) => {
                let bodies = source::find_bodies(self.app.db().read(), self.integration_id, kind, vec![id]).await;
                return bodies.unwrap().remove(id).map_or(Value::Null, |mut body| {
                    body.value["gone"] = json!(body.deleted);
                    body.value
                });
            }
        };
        let mut seen = self.app.graphql(query, json!({ "id": id })).await;
        let mut seen = seen.as_object_mut().unwrap().values_mut().next().unwrap().take();
        if matches!(look, Look::Contract) && seen.is_object() {
            for amount in ["total", "discount"] {
                seen[amount] = seen[amount]["minorUnits"].take();
            }
            let lines = seen["lines"]["nodes"].take();
            seen["products"] = lines
                .as_array()
                .unwrap()
                .iter()
                .map(|line| line["productName"].clone())
                .collect();
        }
        seen
    }
}

/// Whether all fields of `expected` are those of `seen`.
fn holds(seen: &Value, expected: &Value) -> bool {
    let mut fields = expected.as_object().unwrap().iter();
    seen.is_object() && fields.all(|(name, value)| seen[name] == *value)
}

async fn play_all(manner: Manner) {
    let mut stage = Stage::set(manner).await;
    for row in rows() {
        if manner == Manner::Thin && !row.thin {
            continue;
        }
        for told_by in row.told_by {
            stage.play(&row, told_by).await;
        }
    }
    let looked = stage.app.sandbox().requests();
    let since_import = looked
        .iter()
        .filter(|request| request.path_and_query.starts_with("/v1/events?created"));
    assert!(since_import.count() <= 1, "webhooks alone have told");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_event_has_its_effect() {
    play_all(Manner::Today).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_event_has_its_effect_in_an_old_shape() {
    play_all(Manner::LongAgo).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_event_has_its_effect_when_it_is_thin() {
    play_all(Manner::Thin).await;
}

#[test]
fn every_type_that_is_asked_for_is_in_the_table() {
    let asked: BTreeSet<&str> = EVENT_TYPES.into_iter().chain(WEBHOOK_TYPES).collect();
    let told: BTreeSet<&str> = rows().iter().flat_map(|row| row.told_by.iter().copied()).collect();
    let missing: Vec<_> = asked.difference(&told).collect();
    assert_eq!(missing, [&"test_helpers.test_clock.deleted"], "it starts a reconcile");
}

#[tokio::test(flavor = "multi_thread")]
async fn stripe_s_own_deliveries_are_heard() {
    let (app, _id, hooks) = imported(30).await;
    let world = app.sandbox().world();
    world.register_webhook(hooks.url(), SECRET);
    let customer = world.create_customer(json!({ "name": MARK }));
    world.create_paid_invoice(&customer, world.now(), world.now());
    for id in living(&app, Kind::Product, |_| true) {
        world.update(Kind::Product, &id, json!({ "name": "Renamed" }));
    }
    world.webhooks_settled().await;
    until_taken_out(&app).await;
    assert_equals_truth(app.db(), app.sandbox(), in_window).await;
}
