//! Sends events as Stripe's webhooks do.

use reqwest::StatusCode;
use sandbox::sign;
use serde_json::{Value, json};

use super::TestApp;

/// A made-up signing secret.
pub(crate) const SECRET: &str = "whsec_tributaryTestSecret0123456789";

const SET: &str = "mutation($id: ID!, $secret: String!) {
    setWebhookSecret(input: {integrationId: $id, secret: $secret}) {
        integration { webhookUrl } userErrors { field code message }
    }
}";

/// Sends events to one integration, signed.
pub(crate) struct WebhookSender {
    http: reqwest::Client,
    url: String,
}

impl WebhookSender {
    /// Turns webhooks on.
    pub(crate) async fn connect(app: &TestApp, integration_id: &str) -> Self {
        let variables = json!({ "id": integration_id, "secret": SECRET });
        let set = app.admin().mutate("setWebhookSecret", SET, variables).await;
        let url = set["integration"]["webhookUrl"].as_str().unwrap();
        Self {
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
            url: url.to_owned(),
        }
    }

    /// Sends an event; it is taken.
    pub(crate) async fn send(&self, app: &TestApp, event: &Value) {
        let body = serde_json::to_string_pretty(event).unwrap();
        let signature = sign(SECRET, app.clock.now().timestamp(), &body);
        let request = self.http.post(&self.url).header("Stripe-Signature", signature);
        let response = request.body(body).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK, "{event}");
    }
}
