//! An admin's desk: one connected account, and everything that is done there about mappings and clients, by GraphQL.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use entity::{remap_queue, run, stripe_event};
use sandbox::{Options, World};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};
use serde_json::{Value, json};

use super::{TestApp, WebhookSender, until};

/// What is shown of a client.
const CLIENT: &str =
    "id origin name status email phone siteUrl externalId currency inceptionDate deletedInStripe warnings
    stripeId address { line1 line2 city state postalCode country }
    customValues { field { key } value }
    stripeCustomers { stripeId linkedBy deletedInStripe }
    contracts(first: 30, orderBy: {field: BOOKING_DATE}) { nodes { stripeId } }";
const RUN: &str = "id kind state stripeRequests failureCode
    phases { object state fraction seen created updated unchanged skipped failed }";

/// A server with one connected account whose sync is on. Nothing is imported yet.
pub(crate) struct Office {
    pub(crate) app: TestApp,
    /// The integration's id.
    pub(crate) id: String,
    hooks: WebhookSender,
    told: AtomicUsize,
}

impl Office {
    /// With hardly anything in Stripe.
    pub(crate) async fn open() -> Self {
        Self::open_on(Options {
            customers: 1,
            invoices: 0,
            subscriptions: 0,
            ..Options::default()
        })
        .await
    }

    /// With such an account.
    pub(crate) async fn open_on(options: Options) -> Self {
        let app = TestApp::builder().sandbox(options).start().await;
        let id = app.admin().connect_stripe(app.sandbox().key(), 3650).await;
        let hooks = WebhookSender::connect(&app, &id).await;
        Self {
            app,
            id,
            hooks,
            told: AtomicUsize::new(0),
        }
    }

    pub(crate) fn world(&self) -> &World {
        self.app.sandbox().world()
    }

    /// Makes a customer in Stripe.
    pub(crate) fn customer(&self, fields: Value) -> String {
        self.world().create_customer(fields)
    }

    /// Makes a paid invoice of a customer in Stripe.
    pub(crate) fn invoice(&self, customer: &str) -> String {
        let now = self.world().now();
        self.world().create_paid_invoice(customer, now - 60, now - 60)
    }

    /// Imports everything that was there a minute ago, and waits until nothing is left to do.
    pub(crate) async fn pull(&self) -> Value {
        // What is as old as the import is for the events to tell.
        self.pass_a_minute();
        let run = self.app.admin().import(&self.id).await;
        assert_eq!(run["state"], "SUCCEEDED", "{run}");
        self.rest().await;
        run
    }

    /// Lets a minute pass, at Stripe and here.
    pub(crate) fn pass_a_minute(&self) {
        self.world().advance_clock(60);
        self.app.clock.advance(Duration::from_mins(1));
    }

    /// Stripe sends webhooks of everything that has happened since; waits until they have had their effect.
    pub(crate) async fn tell(&self) {
        let known = self.told.load(Ordering::SeqCst);
        let events = self.world().events_after(known);
        self.told.fetch_add(events.len(), Ordering::SeqCst);
        for event in events {
            self.hooks.send(&self.app, &event).await;
        }
        self.rest().await;
    }

    /// Stripe sends a webhook.
    pub(crate) async fn post(&self, event: &Value) {
        self.hooks.send(&self.app, event).await;
    }

    /// Stripe sends a webhook; waits until it has had its effect.
    pub(crate) async fn send(&self, event: &Value) {
        self.hooks.send(&self.app, event).await;
        self.rest().await;
    }

    /// Waits until nothing is at work or queued.
    pub(crate) async fn rest(&self) {
        until("nothing is left to do", async || {
            self.app.tick().await;
            let db = self.app.db().read();
            // In the order in which one leads to the other.
            let runs = run::Entity::find().filter(run::Column::FinishedAt.is_null());
            let runs = runs.count(db).await.unwrap();
            let events = stripe_event::Entity::find().filter(stripe_event::Column::AppliedAt.is_null());
            let events = events.count(db).await.unwrap();
            let open = runs + events + remap_queue::Entity::find().count(db).await.unwrap();
            (open == 0).then_some(())
        })
        .await;
    }

    /// What `saveClients` answers.
    pub(crate) async fn try_save(&self, clients: Value) -> Value {
        self.try_save_once(json!({ "clients": clients })).await
    }

    /// The same with an idempotency key, if the input has one.
    pub(crate) async fn try_save_once(&self, input: Value) -> Value {
        let save = format!(
            "mutation($input: SaveClientsInput!) {{ saveClients(input: $input) {{ clients {{ {CLIENT} }} userErrors {{ field code message }} }} }}"
        );
        self.app.graphql(&save, json!({ "input": input })).await["saveClients"].take()
    }

    /// Saves clients, which goes well; gives them as they are then.
    pub(crate) async fn save(&self, clients: Value) -> Vec<Value> {
        let mut saved = self.try_save(clients).await;
        assert_eq!(saved["userErrors"], json!([]));
        saved["clients"].as_array_mut().unwrap().split_off(0)
    }

    /// Saves one client; gives its id.
    pub(crate) async fn save_one(&self, client: Value) -> String {
        text(&self.save(json!([client])).await[0]["id"])
    }

    /// What `linkClient` or `unlinkClient` answers.
    pub(crate) async fn pair(&self, mutation: &str, client: &str, customer: &str) -> Value {
        let query = format!(
            "mutation($input: LinkClientInput!) {{ {mutation}(input: $input) {{
                client {{ {CLIENT} }} changes {{ target before after }} userErrors {{ field code }}
            }} }}"
        );
        let input = json!({ "clientId": client, "integrationId": self.id, "stripeCustomerId": customer });
        self.app.graphql(&query, json!({ "input": input })).await[mutation].take()
    }

    /// Links a client and a customer, which goes well.
    pub(crate) async fn link(&self, client: &str, customer: &str) -> Value {
        let mut linked = self.pair("linkClient", client, customer).await;
        assert_eq!(linked["userErrors"], json!([]));
        linked["client"].take()
    }

    /// Parts a client and a customer, which goes well.
    pub(crate) async fn unlink(&self, client: &str, customer: &str) -> Value {
        let mut parted = self.pair("unlinkClient", client, customer).await;
        assert_eq!(parted["userErrors"], json!([]));
        parted["client"].take()
    }

    /// What `deleteClient` answers.
    pub(crate) async fn delete(&self, client: &str) -> Value {
        let query = "mutation($id: ID!) { deleteClient(input: {id: $id}) { deletedId userErrors { field code } } }";
        self.app.graphql(query, json!({ "id": client })).await["deleteClient"].take()
    }

    /// A client as it is now; null when it is not there.
    pub(crate) async fn client(&self, id: &str) -> Value {
        let query = format!("query($id: ID!) {{ client(ref: {{id: $id}}) {{ {CLIENT} }} }}");
        self.app.graphql(&query, json!({ "id": id })).await["client"].take()
    }

    /// The client that a customer is; null when it is none.
    pub(crate) async fn client_of(&self, customer: &str) -> Value {
        let query = format!("query($id: String!) {{ client(ref: {{stripe: {{stripeId: $id}}}}) {{ {CLIENT} }} }}");
        self.app.graphql(&query, json!({ "id": customer })).await["client"].take()
    }

    /// Its id.
    pub(crate) async fn whose(&self, customer: &str) -> Option<String> {
        self.client_of(customer).await["id"].as_str().map(str::to_owned)
    }

    /// The client of a contract.
    pub(crate) async fn client_of_contract(&self, stripe_id: &str) -> Option<String> {
        let query = "query($id: String!) { contract(ref: {stripe: {stripeId: $id}}) { id client { id } } }";
        let contract = self.app.graphql(query, json!({ "id": stripe_id })).await["contract"].take();
        assert!(contract["id"].is_string(), "the contract is here");
        contract["client"]["id"].as_str().map(str::to_owned)
    }

    /// How many clients there are.
    pub(crate) async fn count(&self) -> u64 {
        let count = self.app.graphql("{ clients { totalCount } }", json!({})).await;
        count["clients"]["totalCount"].as_u64().unwrap()
    }

    /// Sets how customers find clients.
    pub(crate) async fn matching(&self, rules: &[&str], source: Option<&str>) {
        let query = "mutation($id: ID!, $rules: [ClientMatchRule!]!, $source: String) {
            updateSettings(input: {integrationId: $id, clientMatching: $rules, externalIdSource: $source}) { userErrors { field code } }
        }";
        let variables = json!({ "id": self.id, "rules": rules, "source": source });
        self.app.admin().mutate("updateSettings", query, variables).await;
    }

    /// Sets the direction of `CUSTOMER` or `PRODUCT`.
    pub(crate) async fn direction(&self, object: &str, direction: &str) {
        let changed = self.update(object, json!({ "direction": direction })).await;
        assert_eq!(changed["userErrors"], json!([]));
    }

    /// What the change of a mapping answers.
    pub(crate) async fn update(&self, object: &str, mut input: Value) -> Value {
        let mutation = mutation_of(object);
        let query = format!(
            "mutation($input: UpdateMappingInput!) {{ {mutation}(input: $input) {{
                mapping {{ version staleCount rules {{ source target required enabled policy overManual }} }}
                userErrors {{ field code message }}
            }} }}"
        );
        input["integrationId"] = json!(self.id);
        self.app.graphql(&query, json!({ "input": input })).await[mutation].take()
    }

    /// The rules of a mapping in the form in which they are given.
    pub(crate) async fn rules(&self, object: &str) -> Vec<Value> {
        let mut mapping = self.mapping(object).await;
        mapping["rules"].as_array_mut().unwrap().split_off(0)
    }

    /// How many objects another version of a mapping has mapped.
    pub(crate) async fn stale(&self, object: &str) -> u64 {
        self.mapping(object).await["staleCount"].as_u64().unwrap()
    }

    async fn mapping(&self, object: &str) -> Value {
        let mapping = format!("{}Mapping", object.to_lowercase());
        let query = format!(
            "query($id: ID!) {{ integration(id: $id) {{ {mapping} {{ staleCount rules {{ source target enabled policy overManual }} }} }} }}"
        );
        self.app.graphql(&query, json!({ "id": self.id })).await["integration"][&mapping].take()
    }

    /// Puts rules in the place of those with the same targets, or beside them; that goes well.
    pub(crate) async fn map(&self, object: &str, rules: &[Value]) {
        let rules = self.with(object, rules).await;
        let changed = self.update(object, json!({ "rules": rules })).await;
        assert_eq!(changed["userErrors"], json!([]));
    }

    /// The rules of a mapping with some in the place of those with the same targets, or beside them.
    pub(crate) async fn with(&self, object: &str, rules: &[Value]) -> Vec<Value> {
        let mut all = self.rules(object).await;
        for rule in rules {
            match all.iter_mut().find(|known| known["target"] == rule["target"]) {
                Some(known) => *known = rule.clone(),
                None => all.push(rule.clone()),
            }
        }
        all
    }

    /// What `previewMapping` answers.
    pub(crate) async fn try_preview(&self, object: &str, rules: &[Value], stripe_ids: Option<&[&str]>) -> Value {
        let query = "query($input: PreviewMappingInput!) { previewMapping(input: $input) {
            records { stripeId fields { target before after problem } } userErrors { field code message }
        } }";
        let input = json!({ "integrationId": self.id, "object": object, "rules": rules, "stripeIds": stripe_ids });
        self.app.graphql(query, json!({ "input": input })).await["previewMapping"].take()
    }

    /// What rules would make of records: each with its fields.
    pub(crate) async fn preview(&self, object: &str, rules: &[Value], stripe_ids: &[&str]) -> Vec<Value> {
        let mut preview = self.try_preview(object, rules, Some(stripe_ids)).await;
        assert_eq!(preview["userErrors"], json!([]));
        preview["records"].as_array_mut().unwrap().split_off(0)
    }

    /// Asks for a re-map; gives the run as it is then.
    pub(crate) async fn start_remap(&self, objects: &[&str]) -> Value {
        let query = format!(
            "mutation($id: ID!, $objects: [SyncObject!]!) {{
                startRemap(input: {{integrationId: $id, objects: $objects}}) {{ run {{ {RUN} }} userErrors {{ code }} }}
            }}"
        );
        let variables = json!({ "id": self.id, "objects": objects });
        let mut started = self.app.admin().mutate("startRemap", &query, variables).await;
        started["run"].take()
    }

    /// Maps everything that is here again, and waits until nothing is left to do.
    pub(crate) async fn remap(&self, objects: &[&str]) -> Value {
        let started = self.start_remap(objects).await;
        let run = self.app.admin().end_of_run(started["id"].as_str().unwrap()).await;
        self.rest().await;
        run
    }

    /// Makes a custom field; gives its id.
    pub(crate) async fn field(&self, owner: &str, key: &str, field_type: &str, options: Option<&[&str]>) -> String {
        let input = json!({ "owner": owner, "key": key, "label": key, "type": field_type, "options": options });
        let saved = self.try_field(input).await;
        assert_eq!(saved["userErrors"], json!([]));
        text(&saved["customField"]["id"])
    }

    /// What `saveCustomField` answers.
    pub(crate) async fn try_field(&self, input: Value) -> Value {
        let query = "mutation($input: SaveCustomFieldInput!) { saveCustomField(input: $input) {
            customField { id owner key label type options } userErrors { field code }
        } }";
        self.app.graphql(query, json!({ "input": input })).await["saveCustomField"].take()
    }

    /// What `deleteCustomField` answers.
    pub(crate) async fn delete_field(&self, id: &str) -> Value {
        let query =
            "mutation($id: ID!) { deleteCustomField(input: {id: $id}) { deletedId userErrors { field code } } }";
        self.app.graphql(query, json!({ "id": id })).await["deleteCustomField"].take()
    }
}

fn mutation_of(object: &str) -> &'static str {
    if object == "CUSTOMER" {
        "updateCustomerMapping"
    } else {
        "updateProductMapping"
    }
}

/// A rule as it is given.
pub(crate) fn rule(source: &str, target: &str) -> Value {
    json!({ "source": source, "target": target })
}

/// A rule that gives way as `policy` says.
pub(crate) fn rule_by(policy: &str, source: &str, target: &str) -> Value {
    json!({ "source": source, "target": target, "policy": policy })
}

/// A rule whose policy holds for clients kept by hand, too.
pub(crate) fn rule_over_manual(source: &str, target: &str) -> Value {
    json!({ "source": source, "target": target, "overManual": true })
}

/// A text as it is, without quotes.
pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}
