//! A server that hears of the world by webhooks alone, and what is seen of it.

use sea_orm::EntityTrait;
use serde_json::{Value, json};
use tributary::store::source;
use uuid::Uuid;

use super::rows::{Look, Row};
use super::support::{imported, pass};
use crate::support::webhook::{thin, until_taken_out};
use crate::support::{TestApp, WebhookSender};

/// How events are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Manner {
    /// With the object as it is, in today's shape.
    Today,
    /// With the object in the shape of an account that was opened long ago.
    LongAgo,
    /// Naming the object only.
    Thin,
}

/// A server that hears of the world by webhooks alone.
pub(super) struct Stage {
    pub(super) app: TestApp,
    hooks: WebhookSender,
    integration_id: Uuid,
    manner: Manner,
    known: usize,
}

impl Stage {
    pub(super) async fn set(manner: Manner) -> Self {
        let (app, _id, hooks) = imported(30).await;
        app.sandbox().clear_requests();
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

    /// How many of the world's events were passed by.
    pub(super) fn known(&self) -> usize {
        self.known
    }

    /// Delivers what is new, of the given type if one is given; says how many events that were.
    pub(super) async fn deliver(&mut self, only: Option<&str>) -> usize {
        let new = self.app.sandbox().world().events_after(self.known);
        self.known += new.len();
        let meant = new
            .into_iter()
            .filter(|event| only.is_none_or(|only| event["type"] == only));
        let mut delivered = 0;
        for event in meant {
            if only.is_some() {
                self.send(&event).await;
            } else {
                self.hooks.send(&self.app, &event).await;
            }
            delivered += 1;
        }
        until_taken_out(&self.app).await;
        delivered
    }

    /// Tells an event in this stage's manner.
    pub(super) async fn send(&self, event: &Value) {
        let thin = (self.manner == Manner::Thin).then(|| thin(event));
        self.hooks.send(&self.app, thin.as_ref().unwrap_or(event)).await;
        until_taken_out(&self.app).await;
    }

    pub(super) async fn play(&mut self, row: &Row, told_by: &str) {
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
    pub(super) async fn see(&self, look: Look, id: &str) -> Value {
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
                return bodies.unwrap().remove(id).map_or(Value::Null, |body| {
                    let mut value = body.value().unwrap();
                    value["gone"] = json!(body.deleted);
                    value
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
pub(super) fn holds(seen: &Value, expected: &Value) -> bool {
    let mut fields = expected.as_object().unwrap().iter();
    seen.is_object() && fields.all(|(name, value)| seen[name] == *value)
}
