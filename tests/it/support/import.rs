//! A connected Stripe account and its imports, by the way an admin takes: GraphQL.

use std::time::Duration;

use entity::run;
use sea_orm::EntityTrait;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{Client, TestApp};

const DEADLINE: Duration = Duration::from_mins(2);
const LOOK_AGAIN: Duration = Duration::from_millis(20);

const CONNECT: &str = "mutation($key: String!) {
    authenticateStripe(input: {apiKey: $key}) { integration { id } userErrors { field code message } }
}";
const SETTINGS: &str = "mutation($id: ID!, $days: Int!, $sources: [ContractSource!]!) {
    updateSettings(input: {integrationId: $id, contractSources: $sources, invoiceLookbackDays: $days}) {
        userErrors { field code message }
    }
}";
const SWITCH: &str = "mutation($id: ID!, $on: Boolean!) {
    setSyncEnabled(input: {integrationId: $id, enabled: $on}) { userErrors { code message } }
}";
const START: &str = "mutation($id: ID!, $objects: [SyncObject!]!) {
    startImport(input: {integrationId: $id, objects: $objects}) { run { id } userErrors { code message } }
}";
const RUN: &str = "query($id: ID!) {
    node(id: $id) {
        ... on Run {
            id kind state failureCode failureMessage stripeRequests
            phases { object state fraction seen created updated unchanged skipped failed }
        }
    }
}";

/// All three nouns, in the order of their phases.
pub(crate) const EVERYTHING: [&str; 3] = ["CUSTOMER", "PRODUCT", "CONTRACT"];

impl Client {
    /// Connects Stripe with `key`, both contract sources and `days` of lookback, and turns sync on; gives the integration's id.
    pub(crate) async fn connect_stripe(&self, key: &str, days: i32) -> String {
        self.connect_stripe_for(key, days, &["INVOICE", "SUBSCRIPTION"]).await
    }

    /// The same with these contract sources.
    pub(crate) async fn connect_stripe_for(&self, key: &str, days: i32, sources: &[&str]) -> String {
        let connected = self.mutate("authenticateStripe", CONNECT, json!({ "key": key })).await;
        let id = connected["integration"]["id"].as_str().unwrap().to_owned();
        let settings = json!({ "id": id, "days": days, "sources": sources });
        self.mutate("updateSettings", SETTINGS, settings).await;
        self.switch_sync(&id, true).await;
        id
    }

    /// Turns sync on or off.
    pub(crate) async fn switch_sync(&self, integration_id: &str, on: bool) {
        self.mutate("setSyncEnabled", SWITCH, json!({ "id": integration_id, "on": on }))
            .await;
    }

    /// Asks for an import; gives the run's id.
    pub(crate) async fn start_import(&self, integration_id: &str, objects: &[&str]) -> String {
        let started = self
            .mutate(
                "startImport",
                START,
                json!({ "id": integration_id, "objects": objects }),
            )
            .await;
        started["run"]["id"].as_str().unwrap().to_owned()
    }

    /// Imports everything and waits for the end, whatever that is; gives the run.
    pub(crate) async fn import(&self, integration_id: &str) -> Value {
        let id = self.start_import(integration_id, &EVERYTHING).await;
        self.end_of_run(&id).await
    }

    /// Waits for the end of a run, whatever that is.
    pub(crate) async fn end_of_run(&self, id: &str) -> Value {
        until("the run has ended", async || {
            let run = self.run(id).await;
            let ended = ["SUCCEEDED", "PARTIAL", "FAILED", "CANCELED"].contains(&run["state"].as_str().unwrap());
            ended.then_some(run)
        })
        .await
    }

    /// A run as it is now.
    pub(crate) async fn run(&self, id: &str) -> Value {
        self.graphql(RUN, json!({ "id": id })).await["node"].take()
    }
}

impl TestApp {
    /// Turns sync off and waits until nobody works: whoever asks Stripe or writes records from here on is the test.
    pub(crate) async fn stop_sync(&self, integration_id: &str) {
        self.admin().switch_sync(integration_id, false).await;
        until("nobody works", async || {
            let runs = run::Entity::find().all(self.db().read()).await.unwrap();
            runs.iter().all(|run| run.lease_owner.is_none()).then_some(())
        })
        .await;
    }
}

/// Asks again and again until there is an answer; fails when there is none for two minutes.
pub(crate) async fn until<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let end = Instant::now() + DEADLINE;
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(Instant::now() < end, "waited in vain until {what}");
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}
