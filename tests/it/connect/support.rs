//! Restricted keys of one account, some of which may not say which one it is, and the keys of another.

use entity::integration;
use sandbox::{Options, Sandbox};
use sea_orm::{EntityTrait, QueryOrder};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::TestApp;

/// May not read the account.
pub(super) const BLIND: &str = "rk_test_TheFirstBlindKey01";
/// Neither may this one.
pub(super) const NEXT_BLIND: &str = "rk_test_TheSecondBlindKey1";
/// May read the account.
pub(super) const OPEN: &str = "rk_test_TheOneWithOpenEyes";
/// Another account's, which it may not read.
pub(super) const FOREIGN: &str = "rk_test_OfSomebodyElse0001";
/// What README recommends, without the account.
pub(super) const RIGHTS: [&str; 9] = [
    "rak_customer_read",
    "rak_product_read",
    "rak_plan_read",
    "rak_coupon_read",
    "rak_invoice_read",
    "rak_subscription_read",
    "rak_credit_note_read",
    "rak_charge_read",
    "rak_event_read",
];
const ACCOUNT: &str = "rak_accounts_kyc_id_numbers_read";

/// A company with these keys, beside another one.
pub(super) fn options() -> Options {
    let rights = || RIGHTS.map(str::to_owned).to_vec();
    let open = [rights(), vec![ACCOUNT.to_owned()]].concat();
    Options {
        restricted_keys: vec![
            (BLIND.to_owned(), rights()),
            (NEXT_BLIND.to_owned(), rights()),
            (OPEN.to_owned(), open),
        ],
        neighbour: Some(Box::new(Options {
            seed: 2,
            customers: 20,
            products: 9,
            invoices: 30,
            subscriptions: 10,
            restricted_keys: vec![(FOREIGN.to_owned(), rights())],
            ..Options::default()
        })),
        ..Options::default()
    }
}

/// A server beside that company.
pub(super) async fn start(options: Options) -> TestApp {
    TestApp::builder().sandbox(options).start().await
}

/// The same, on which nothing happens by itself.
pub(super) async fn start_idle() -> (TestApp, Sandbox) {
    let sandbox = Sandbox::start(options()).await.unwrap();
    let base = sandbox.base_url();
    let app = TestApp::builder().config(move |config| config.stripe_api_base = base.parse().unwrap());
    (app.start().await, sandbox)
}

/// What comes of connecting with a key.
pub(super) async fn connect(app: &TestApp, key: &str) -> Value {
    let connect = "mutation($key: String!) {
        authenticateStripe(input: {apiKey: $key}) { integration { id stripeAccountId } userErrors { field code message } }
    }";
    app.graphql(connect, json!({ "key": key })).await["authenticateStripe"].take()
}

/// The same, with the word that the account is not here yet.
pub(super) async fn connect_as_new(app: &TestApp, key: &str) -> Value {
    let connect = "mutation($key: String!) {
        authenticateStripe(input: {apiKey: $key, newAccount: true}) { integration { id } userErrors { field code message } }
    }";
    app.graphql(connect, json!({ "key": key })).await["authenticateStripe"].take()
}

/// What comes of giving an integration another key.
pub(super) async fn rotate(app: &TestApp, id: &Value, key: &str) -> Value {
    let rotate = "mutation($id: ID!, $key: String!) {
        rotateStripeKey(input: {integrationId: $id, apiKey: $key}) { integration { id connected } userErrors { field code message } }
    }";
    app.graphql(rotate, json!({ "id": id, "key": key })).await["rotateStripeKey"].take()
}

/// The only thing to mend: where, and by its code.
pub(super) fn refusal(answer: &Value) -> (&str, &str) {
    let [problem] = answer["userErrors"].as_array().unwrap().as_slice() else {
        panic!("{answer}");
    };
    (problem["field"][0].as_str().unwrap(), problem["code"].as_str().unwrap())
}

/// The integrations, in the order in which they were made.
pub(super) async fn integrations(app: &TestApp) -> Vec<integration::Model> {
    let all = integration::Entity::find().order_by_asc(integration::Column::Id);
    all.all(app.db().read()).await.unwrap()
}

/// Which integrations there are, of which accounts, with which sealed keys: what changes with each key that is stored.
pub(super) async fn kept(app: &TestApp) -> Vec<(Uuid, Option<String>, Option<Vec<u8>>)> {
    let all = integrations(app).await.into_iter();
    all.map(|known| (known.id, known.stripe_account_id, known.key_sealed))
        .collect()
}

/// Destroys the key and keeps the records, or has everything removed.
pub(super) async fn disconnect(app: &TestApp, id: &Value, purge: bool) {
    let name = "query($id: ID!) { integration(id: $id) { name } }";
    let name = app.graphql(name, json!({ "id": id })).await["integration"]["name"].take();
    let disconnect = "mutation($id: ID!, $name: String!, $purge: Boolean!) {
        disconnectStripe(input: {integrationId: $id, confirmName: $name, purge: $purge}) { userErrors { code } }
    }";
    let input = json!({ "id": id, "name": name, "purge": purge });
    app.admin().mutate("disconnectStripe", disconnect, input).await;
}
