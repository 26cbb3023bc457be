//! Erasing a person: nothing that tells of her is left in the database or in its file, no way of Stripe's brings it back, and the money
//! stays.

use entity::{client, contract, source_object, stripe_event, sync_error};
use sandbox::{Kind, Options};
use sea_orm::EntityTrait;
use serde_json::{Value, json};
use tributary::store::source::unpack;

use super::traces_in_files;
use crate::support::{TestApp, WebhookSender, on_postgres, until};

/// Stands in everything that tells of her.
const MARK: &str = "Zaphodina";

struct Case {
    app: TestApp,
    integration: String,
    customer: String,
    invoice: String,
    client: String,
    hooks: WebhookSender,
}

impl Case {
    /// A customer who is all over the place: in her own object, an invoice with a line added by hand, a subscription, and events.
    async fn begin() -> Self {
        let app = TestApp::builder().sandbox(Options::default()).start().await;
        let integration = app.admin().connect_stripe(app.sandbox().key(), 3650).await;
        let world = app.sandbox().world();
        let customer = world.create_customer(json!({
            "name": format!("{MARK} Beeblebrox"), "email": "zaphodina@galaxy.test", "phone": format!("+42 {MARK}"),
            "address": { "city": MARK, "line1": format!("1 {MARK} Street") }, "metadata": { "nick": MARK },
            "description": format!("calls herself {MARK}"), "currency": "usd",
        }));
        let invoice = world.create_paid_invoice(&customer, world.now() - 60, world.now() - 30);
        let run = app.admin().import(&integration).await;
        assert_eq!(run["state"], "SUCCEEDED", "{run}");
        let hooks = WebhookSender::connect(&app, &integration).await;
        let mut case = Self {
            app,
            integration,
            customer,
            invoice,
            client: String::new(),
            hooks,
        };
        case.fill_in().await;
        case.client = case.client_id().await;
        case
    }

    async fn fill_in(&self) {
        let world = self.app.sandbox().world();
        let known = world.events_after(0).len();
        let line = |lines: &Value| {
            let mut line = lines["data"][0].clone();
            line["description"] = json!(format!("Dinner with {MARK}"));
            line["parent"] = json!({ "type": "invoice_item_details", "invoice_item_details": { "invoice_item": "ii_1", "proration": false }, "subscription_item_details": null });
            line
        };
        let invoice = self.object(Kind::Invoice, &self.invoice);
        let mut lines = invoice["lines"].clone();
        lines["data"] = json!([line(&lines)]);
        world.update(
            Kind::Invoice,
            &self.invoice,
            json!({ "customer_name": MARK, "customer_email": "zaphodina@galaxy.test", "description": format!("for {MARK}"), "lines": lines }),
        );
        world.update(
            Kind::Customer,
            &self.customer,
            json!({ "phone": format!("+43 {MARK}") }),
        );
        for event in world.events_after(known) {
            self.hooks.send(&self.app, &event).await;
        }
        self.until_still().await;
    }

    fn object(&self, kind: Kind, id: &str) -> Value {
        let mut objects = self.app.sandbox().world().truth(kind).into_iter();
        objects.find(|object| object["id"] == id).unwrap()
    }

    async fn until_still(&self) {
        until("all events have had their effect", async || {
            self.app.tick().await;
            let waiting = stripe_event::Entity::find().all(self.app.db().read()).await.unwrap();
            waiting.iter().all(|event| event.applied_at.is_some()).then_some(())
        })
        .await;
    }

    async fn client_id(&self) -> String {
        let query = "query($id: String!) { client(ref: {stripe: {stripeId: $id}}) { id } }";
        let found = self.app.graphql(query, json!({ "id": self.customer })).await;
        found["client"]["id"].as_str().unwrap().to_owned()
    }

    async fn erase(&self) -> Value {
        let erase = "mutation($id: ID!, $name: String!) {
            eraseClient(input: {id: $id, confirmName: $name}) { client { name email } userErrors { field code } }
        }";
        let name = format!("{MARK} Beeblebrox");
        let erased = self
            .app
            .graphql(erase, json!({ "id": self.client, "name": name }))
            .await["eraseClient"]
            .take();
        until("the warning is gone", async || {
            self.app.tick().await;
            let rows = client::Entity::find().all(self.app.db().read()).await.unwrap();
            rows.iter().all(|row| row.warnings.0.is_empty()).then_some(())
        })
        .await;
        erased
    }

    /// Where she is still told of: in rows, in what they hold packed, and in the files of the database.
    async fn traces(&self) -> Vec<String> {
        let db = self.app.db().read();
        let mut found = Vec::new();
        let mut look = |place: &str, text: &str| {
            let text = text.to_lowercase();
            if text.contains(&MARK.to_lowercase()) {
                found.push(place.to_owned());
            }
        };
        for row in source_object::Entity::find().all(db).await.unwrap() {
            look(
                &format!("source {}", row.stripe_id),
                &unpack(&row.body).unwrap().to_string(),
            );
        }
        for row in stripe_event::Entity::find().all(db).await.unwrap() {
            let body = row.body.map(|body| unpack(&body).unwrap().to_string());
            look(&format!("event {}", row.event_type), &body.unwrap_or_default());
        }
        for row in client::Entity::find().all(db).await.unwrap() {
            look("client", &format!("{row:?}"));
        }
        for row in contract::Entity::find().all(db).await.unwrap() {
            look("contract", &format!("{row:?}"));
        }
        for row in entity::contract_line::Entity::find().all(db).await.unwrap() {
            look("line", &format!("{row:?}"));
        }
        for row in sync_error::Entity::find().all(db).await.unwrap() {
            look("error", &format!("{row:?}"));
        }
        if !on_postgres() {
            found.extend(traces_in_files(&self.app, MARK));
        }
        found
    }

    async fn money(&self) -> Vec<(String, i64, i64)> {
        let mut rows: Vec<_> = contract::Entity::find()
            .all(self.app.db().read())
            .await
            .unwrap()
            .into_iter()
            .map(|row| (row.stripe_id, row.total, row.tax))
            .collect();
        rows.sort();
        rows
    }
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::too_many_lines, reason = "a story")]
async fn nothing_is_left_of_her_and_nothing_brings_her_back() {
    let case = Case::begin().await;
    let before = case.traces().await;
    for place in ["client", "line", "event customer.updated", "event invoice.updated"] {
        assert!(before.iter().any(|found| found == place), "{place} in {before:?}");
    }
    assert!(
        on_postgres() || before.iter().any(|found| found.starts_with("tributary.db")),
        "{before:?}"
    );
    let money = case.money().await;

    let erased = case.erase().await;
    assert_eq!(
        erased,
        json!({ "client": { "name": "Erased", "email": null }, "userErrors": [] })
    );
    assert_eq!(case.traces().await, Vec::<String>::new());
    assert_eq!(case.money().await, money, "the money stays");

    let world = case.app.sandbox().world();
    let known = world.events_after(0).len();
    world.update(
        Kind::Customer,
        &case.customer,
        json!({ "name": format!("{MARK} is back"), "email": "zaphodina@galaxy.test" }),
    );
    world.update(
        Kind::Invoice,
        &case.invoice,
        json!({ "customer_name": MARK, "metadata": { "who": MARK } }),
    );
    for event in world.events_after(known) {
        case.hooks.send(&case.app, &event).await;
    }
    case.until_still().await;
    let run = case.app.admin().import(&case.integration).await;
    assert_eq!(run["state"], "SUCCEEDED", "{run}");
    let reconcile =
        "mutation($id: ID!) { startReconcile(input: {integrationId: $id}) { run { id } userErrors { code } } }";
    let started = case
        .app
        .admin()
        .mutate("startReconcile", reconcile, json!({ "id": case.integration }))
        .await;
    let run = case
        .app
        .admin()
        .end_of_run(started["run"]["id"].as_str().unwrap())
        .await;
    assert_eq!(run["state"], "SUCCEEDED", "{run}");
    assert!(case.app.db().flush_log().await.unwrap());
    assert_eq!(case.traces().await, Vec::<String>::new(), "nothing comes back");
    assert_eq!(case.money().await, money);

    let query = "query($client: ID!, $id: ID!, $of: String!) {
        node(id: $client) { ... on Client { name warnings stripeCustomers { stripeId } contracts { totalCount } deletedInStripe } }
        explain(integrationId: $id, kind: CUSTOMER, stripeId: $of) { state reason }
    }";
    let asked = json!({ "client": case.client, "id": case.integration, "of": case.customer });
    let seen = case.app.graphql(query, asked).await;
    let expected = json!({
        "name": "Erased", "warnings": [], "stripeCustomers": [{ "stripeId": case.customer }],
        "contracts": { "totalCount": 1 }, "deletedInStripe": false,
    });
    assert_eq!(seen["node"], expected);
    assert_eq!(seen["explain"]["state"], "SKIPPED");
    assert!(seen["explain"]["reason"].as_str().unwrap().contains("erased"), "{seen}");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_an_admin_who_types_the_name_erases() {
    let case = Case::begin().await;
    let erase = "mutation($id: ID!, $name: String!) { eraseClient(input: {id: $id, confirmName: $name}) { client { id } userErrors { field code } } }";
    let wrong = case
        .app
        .graphql(erase, json!({ "id": case.client, "name": "somebody" }))
        .await;
    assert_eq!(
        wrong["eraseClient"],
        json!({ "client": null, "userErrors": [{ "field": ["confirmName"], "code": "INVALID" }] })
    );
    let unknown = case
        .app
        .graphql(
            erase,
            json!({ "id": "client_00000000000000000000000000000000", "name": "x" }),
        )
        .await;
    assert_eq!(
        unknown["eraseClient"]["userErrors"],
        json!([{ "field": ["id"], "code": "NOT_FOUND" }])
    );
    let token = case.app.sign_in_token(entity::kind::Scope::Configure).await;
    let asked = json!({ "id": case.client, "name": format!("{MARK} Beeblebrox") });
    let refused = case.app.anybody().with_token(&token).response(erase, asked).await;
    assert_eq!(refused["errors"][0]["extensions"]["code"], "FORBIDDEN");
    assert!(!case.traces().await.is_empty());
}
