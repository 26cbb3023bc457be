//! The measured server, driven over its GraphQL API like any other.

use std::path::Path;
use std::time::Duration;

use entity::{client, client_link, contract, contract_line, product, source_object, source_ref};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};
use serde_json::{Value, json};
use tributary::store::Db;
use tributary::store::db::Address;

use crate::process::{Child, Usage};

/// A started server with somebody who may do everything.
pub(crate) struct Server {
    process: Child,
    http: reqwest::Client,
    url: String,
    token: String,
    database: String,
    integration: std::sync::OnceLock<String>,
}

/// What an import has done.
pub(crate) struct Imported {
    pub(crate) took: Duration,
    /// Customers, products, prices, invoices and subscriptions that Stripe gave.
    pub(crate) objects: u64,
    pub(crate) requests: u64,
    /// Rows of all tables that hold them.
    pub(crate) rows: u64,
    pub(crate) phases: Vec<String>,
}

pub(crate) async fn start(folder: &Path, stripe: &str, flags: &[&str]) -> Server {
    let database = format!("sqlite://{}", folder.join("bench.db").display());
    let key_file = folder.join("secret.key").display().to_string();
    let settings = [
        ("TRIBUTARY_DATABASE_URL", database.as_str()),
        ("TRIBUTARY_SECRET_KEY_FILE", key_file.as_str()),
        ("TRIBUTARY_STRIPE_API_BASE", stripe),
        ("TRIBUTARY_LOG", "warn"),
    ];
    let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
    crate::process::feed(
        &words("user create --email bench@example.com --role ADMIN --password-stdin"),
        &settings,
        "a bench passphrase 1\n",
    );
    let token = Child::start(
        &words("token create --user bench@example.com --scope ADMIN --name bench"),
        &settings,
    )
    .line();
    let port = free_port();
    let mut arguments = vec!["serve".to_owned(), "--listen".to_owned(), format!("127.0.0.1:{port}")];
    arguments.extend(flags.iter().map(|flag| (*flag).to_owned()));
    let process = Child::start(&arguments, &settings);
    let server = Server {
        process,
        http: connections(),
        url: format!("http://127.0.0.1:{port}"),
        token,
        database,
        integration: std::sync::OnceLock::new(),
    };
    server.wait_until_ready().await;
    server
}

/// Connections to servers of this machine.
#[expect(clippy::disallowed_methods, reason = "it is here that proxies are ruled out")]
pub(crate) fn connections() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().build().unwrap()
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

impl Server {
    async fn wait_until_ready(&self) {
        for _ in 0..200 {
            if self
                .http
                .get(format!("{}/readyz", self.url))
                .send()
                .await
                .is_ok_and(|answer| answer.status().is_success())
            {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("the server did not become ready");
    }

    pub(crate) async fn graphql(&self, query: &str, variables: Value) -> Value {
        let body = json!({ "query": query, "variables": variables }).to_string();
        let request = self.http.post(format!("{}/graphql", self.url)).bearer_auth(&self.token);
        let answer = request
            .header("content-type", "application/json")
            .body(body)
            .send()
            .await
            .unwrap();
        let answer: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
        assert!(answer["errors"].is_null(), "{answer}");
        answer["data"].clone()
    }

    pub(crate) async fn connect(&self, key: &str) {
        let connect = "mutation($key: String!) { authenticateStripe(input: {apiKey: $key}) { integration { id } userErrors { message } } }";
        let connected = self.graphql(connect, json!({ "key": key })).await;
        let id = connected["authenticateStripe"]["integration"]["id"]
            .as_str()
            .unwrap()
            .to_owned();
        let set = "mutation($id: ID!) {
            updateSettings(input: {integrationId: $id, contractSources: [INVOICE, SUBSCRIPTION], invoiceLookbackDays: 3650}) { userErrors { message } }
            setSyncEnabled(input: {integrationId: $id, enabled: true}) { userErrors { message } }
        }";
        self.graphql(set, json!({ "id": id })).await;
        self.integration.set(id).unwrap();
    }

    pub(crate) async fn import(&self) -> Imported {
        let run = self
            .run_to_the_end("startImport", &["CUSTOMER", "PRODUCT", "CONTRACT"])
            .await;
        self.imported(&run).await
    }

    /// Asks for a run and waits for its end.
    pub(crate) async fn run_to_the_end(&self, mutation: &str, objects: &[&str]) -> Value {
        let start = format!(
            "mutation($id: ID!, $objects: [SyncObject!]!) {{
                {mutation}(input: {{integrationId: $id, objects: $objects}}) {{ run {{ id }} userErrors {{ message }} }}
            }}"
        );
        let variables = json!({ "id": self.integration.get(), "objects": objects });
        let started = self.graphql(&start, variables).await;
        let run = started[mutation]["run"]["id"].as_str().unwrap().to_owned();
        loop {
            tokio::time::sleep(Duration::from_millis(100)).await;
            let look = "query($id: ID!) { node(id: $id) { ... on Run { state startedAt finishedAt stripeRequests phases { object seen created updated unchanged skipped failed } } } }";
            let run = self.graphql(look, json!({ "id": run })).await["node"].clone();
            if run["finishedAt"].is_string() {
                return run;
            }
        }
    }

    /// Puts rules beside those that come with the product: targets and sources.
    pub(crate) async fn map_customers(&self, rules: &[(&str, &str)]) {
        let reset = "mutation($id: ID!) { resetMapping(input: {integrationId: $id, object: CUSTOMER}) {
            mapping { rules { source target } } userErrors { message }
        } }";
        let mut all =
            self.graphql(reset, json!({ "id": self.integration.get() })).await["resetMapping"]["mapping"]["rules"]
                .take();
        for (target, source) in rules {
            all.as_array_mut()
                .unwrap()
                .push(json!({ "source": source, "target": target }));
        }
        let save = "mutation($id: ID!, $rules: [MappingRuleInput!]!) {
            updateCustomerMapping(input: {integrationId: $id, rules: $rules}) { userErrors { message } }
        }";
        let saved = self
            .graphql(save, json!({ "id": self.integration.get(), "rules": all }))
            .await;
        assert_eq!(saved["updateCustomerMapping"]["userErrors"], json!([]));
    }

    async fn imported(&self, run: &Value) -> Imported {
        let phases: Vec<String> = run["phases"].as_array().unwrap().iter().map(Value::to_string).collect();
        let (objects, rows) = count(&self.database).await;
        Imported {
            took: duration(run),
            objects,
            requests: run["stripeRequests"].as_u64().unwrap(),
            rows,
            phases,
        }
    }

    /// Sets the signing secret; gives the address that webhooks go to.
    pub(crate) async fn turn_webhooks_on(&self, secret: &str) -> String {
        let set = "mutation($id: ID!, $secret: String!) { setWebhookSecret(input: {integrationId: $id, secret: $secret}) { integration { webhookUrl } userErrors { message } } }";
        let set = self
            .graphql(set, json!({ "id": self.integration.get(), "secret": secret }))
            .await;
        set["setWebhookSecret"]["integration"]["webhookUrl"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    /// Turns sync on or off.
    pub(crate) async fn switch(&self, on: bool) {
        let switch = "mutation($id: ID!, $on: Boolean!) { setSyncEnabled(input: {integrationId: $id, enabled: $on}) { userErrors { message } } }";
        self.graphql(switch, json!({ "id": self.integration.get(), "on": on }))
            .await;
    }

    /// A query finds the client of a Stripe customer.
    pub(crate) async fn has_client(&self, stripe_id: &str) -> bool {
        let look = "query($id: String!) { client(ref: {stripe: {stripeId: $id}}) { id } }";
        self.graphql(look, json!({ "id": stripe_id })).await["client"].is_object()
    }

    /// No event waits.
    pub(crate) async fn is_drained(&self) -> bool {
        let look = "query($id: ID!) { integration(id: $id) { syncLagSeconds activeRuns { id } } }";
        let seen = self.graphql(look, json!({ "id": self.integration.get() })).await;
        let db = open(&self.database).await;
        let waiting = entity::stripe_event::Entity::find().filter(entity::stripe_event::Column::AppliedAt.is_null());
        let waiting = waiting.count(db.read()).await.unwrap();
        db.close().await.unwrap();
        waiting == 0 && seen["integration"]["syncLagSeconds"] == 0
    }

    pub(crate) fn usage(&self) -> Usage {
        self.process.usage()
    }
}

/// From the moment a run was taken up to its end.
pub(crate) fn duration(run: &Value) -> Duration {
    let time = |field: &str| chrono::DateTime::parse_from_rfc3339(run[field].as_str().unwrap()).unwrap();
    (time("finishedAt") - time("startedAt")).to_std().unwrap()
}

/// Customers, products, prices, invoices and subscriptions that are kept, and the rows of all tables that hold them.
async fn count(database: &str) -> (u64, u64) {
    use entity::kind::StripeKind::{Coupon, CreditNote};
    let db = open(database).await;
    let read = db.read();
    let not_objects = source_object::Column::Kind.is_in([Coupon, CreditNote]);
    let sources = source_object::Entity::find().count(read).await.unwrap();
    let others = source_object::Entity::find()
        .filter(not_objects)
        .count(read)
        .await
        .unwrap();
    let counts = [
        sources,
        source_ref::Entity::find().count(read).await.unwrap(),
        client::Entity::find().count(read).await.unwrap(),
        client_link::Entity::find().count(read).await.unwrap(),
        product::Entity::find().count(read).await.unwrap(),
        contract::Entity::find().count(read).await.unwrap(),
        contract_line::Entity::find().count(read).await.unwrap(),
    ];
    (sources - others, counts.iter().sum())
}

async fn open(database: &str) -> Db {
    Db::open(&Address::parse(database).unwrap()).await.unwrap()
}
