//! Sends events as Stripe's webhooks do, and waits for what they do.

use std::time::Duration;

use entity::{integration, remap_queue, stripe_event};
use reqwest::StatusCode;
use sandbox::sign;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder};
use serde_json::{Value, json};

use super::{Answer, Client, TestApp, connections, until};

/// A made-up signing secret.
pub(crate) const SECRET: &str = "whsec_tributaryTestSecret0123456789";

const SET: &str = "mutation($id: ID!, $secret: String) {
    setWebhookSecret(input: {integrationId: $id, secret: $secret}) {
        integration { webhookUrl } userErrors { field code message }
    }
}";

/// Sends events to one integration, signed.
#[derive(Clone)]
pub(crate) struct WebhookSender {
    http: reqwest::Client,
    url: String,
}

impl WebhookSender {
    /// Turns webhooks on.
    pub(crate) async fn connect(app: &TestApp, integration_id: &str) -> Self {
        Self::to(&set_webhook_secret(app.admin(), integration_id, Some(SECRET)).await)
    }

    /// Sends to this address.
    pub(crate) fn to(url: &str) -> Self {
        Self {
            http: connections(),
            url: url.to_owned(),
        }
    }

    /// Where it sends to.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Sends an event; it is taken.
    pub(crate) async fn send(&self, app: &TestApp, event: &Value) {
        let answer = self.deliver(app, event).await;
        assert_eq!(answer.status, StatusCode::OK, "{event}");
    }

    /// Sends an event as Stripe does; gives the answer.
    pub(crate) async fn deliver(&self, app: &TestApp, event: &Value) -> Answer {
        self.deliver_at(app.clock.now().timestamp(), event).await
    }

    /// The same at a time in Unix seconds.
    pub(crate) async fn deliver_at(&self, now: i64, event: &Value) -> Answer {
        let body = serde_json::to_string_pretty(event).unwrap();
        let signature = sign(SECRET, now, &body);
        self.post(&[("Stripe-Signature", &signature)], body).await
    }

    /// Sends any body with any headers; gives the answer.
    pub(crate) async fn post(&self, headers: &[(&str, &str)], body: impl Into<reqwest::Body>) -> Answer {
        let mut request = self.http.post(&self.url).timeout(Duration::from_mins(1));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.body(body).send().await.unwrap();
        Answer {
            status: response.status(),
            headers: response.headers().clone(),
            text: response.text().await.unwrap(),
        }
    }
}

/// Sets the signing secret, or turns webhooks off; gives the address of the endpoint.
pub(crate) async fn set_webhook_secret(admin: &Client, integration_id: &str, secret: Option<&str>) -> String {
    let variables = json!({ "id": integration_id, "secret": secret });
    let set = admin.mutate("setWebhookSecret", SET, variables).await;
    set["integration"]["webhookUrl"].as_str().unwrap().to_owned()
}

/// The inbox, in the order of the events' ids.
pub(crate) async fn inbox(app: &TestApp) -> Vec<stripe_event::Model> {
    let events = stripe_event::Entity::find().order_by_asc(stripe_event::Column::EventId);
    events.all(app.db().read()).await.unwrap()
}

/// Waits until all events have had their effect, also on what shows something of what they told.
pub(crate) async fn until_taken_out(app: &TestApp) {
    until("the events have had their effect", async || {
        let waiting = stripe_event::Entity::find().filter(stripe_event::Column::AppliedAt.is_null());
        let waiting = waiting.count(app.db().read()).await.unwrap();
        let queued = remap_queue::Entity::find().count(app.db().read()).await.unwrap();
        (waiting + queued == 0).then_some(())
    })
    .await;
}

/// From now on nothing comes in but by webhook: no look at the events is due, and nothing is compared.
pub(crate) async fn hold_looks(app: &TestApp, integration_id: &str) {
    let off = "mutation($id: ID!) {
        updateSettings(input: {integrationId: $id, reconcileSchedule: \"off\"}) { userErrors { code } }
    }";
    app.admin()
        .mutate("updateSettings", off, json!({ "id": integration_id }))
        .await;
    // No setting holds them back for days. One that was due a moment ago is queued once more, and sets its own next time.
    let never: Option<i64> = None;
    until("no look is at work or due", async || {
        let held = integration::Entity::update_many()
            .col_expr(integration::Column::NextPollAt, Expr::value(never))
            .filter(integration::Column::NextPollAt.is_not_null())
            .exec(app.db().write())
            .await
            .unwrap();
        let open = app
            .graphql("{ runs(filter: {state: [QUEUED, RUNNING]}) { totalCount } }", json!({}))
            .await;
        (held.rows_affected == 0 && open["runs"]["totalCount"] == 0).then_some(())
    })
    .await;
}

/// Has the events looked at now, and waits until they have had their effect.
pub(crate) async fn look_now(app: &TestApp, integration_id: &str) {
    // Turning sync on makes a look due at once.
    app.admin().switch_sync(integration_id, true).await;
    let query = "query($from: DateTime!) {
        runs(filter: {kind: [CATCH_UP], state: [SUCCEEDED], queuedAt: {from: $from}}) { totalCount }
    }";
    let variables = json!({ "from": app.clock.now().to_rfc3339() });
    until("the events have been looked at", async || {
        app.tick().await;
        let ended = app.graphql(query, variables.clone()).await;
        (ended["runs"]["totalCount"] != 0).then_some(())
    })
    .await;
    until_taken_out(app).await;
}

/// The same event as a thin one tells it: which object it was, and no more.
pub(crate) fn thin(event: &Value) -> Value {
    let object = &event["data"]["object"];
    let created = chrono::DateTime::from_timestamp(event["created"].as_i64().unwrap(), 0).unwrap();
    json!({
        "id": event["id"], "object": "v2.core.event", "type": format!("v1.{}", event["type"].as_str().unwrap()),
        "created": created.to_rfc3339_opts(chrono::SecondsFormat::Millis, true), "livemode": event["livemode"],
        "context": null, "reason": null,
        "related_object": { "id": object["id"], "type": object["object"], "url": "/v1/of/no/interest" },
    })
}
