//! A client and a customer that a person has parted.

use sandbox::{Kind, Options};
use serde_json::{Value, json};

use crate::support::TestApp;

const DISABLE: &str = "mutation($id: ID!) {
    updateCustomerMapping(input: {integrationId: $id, direction: DISABLED}) { userErrors { code } }
}";
const UNLINK: &str = "mutation($input: LinkClientInput!) { unlinkClient(input: $input) { userErrors { code } } }";
const SAVE: &str = "mutation($clients: [ClientInput!]!) {
    saveClients(input: {clients: $clients}) { clients { id name stripeId } userErrors { field code } }
}";

#[tokio::test(flavor = "multi_thread")]
async fn saving_does_not_join_what_a_person_has_parted() {
    let app = TestApp::builder().sandbox(Options::default()).start().await;
    let integration = app.admin().connect_stripe(app.sandbox().key(), 90).await;
    let disabled = json!({ "id": integration });
    app.admin().mutate("updateCustomerMapping", DISABLE, disabled).await;
    app.admin().import(&integration).await;
    let customer = app.sandbox().world().truth(Kind::Customer)[0]["id"].clone();
    let stripe = json!({ "stripeId": customer });
    let save = async |client: Value| app.graphql(SAVE, json!({ "clients": [client] })).await["saveClients"].take();

    let made = save(json!({ "name": "Acme", "stripe": stripe })).await;
    let client = &made["clients"][0];
    assert_eq!(client["stripeId"], customer);
    let pair = json!({ "clientId": client["id"], "integrationId": integration, "stripeCustomerId": customer });
    app.admin()
        .mutate("unlinkClient", UNLINK, json!({ "input": pair }))
        .await;

    let again = save(json!({ "id": client["id"], "name": "Renamed", "stripe": stripe })).await;
    let problem = json!({ "field": ["clients", "0", "stripe", "stripeId"], "code": "CONFLICT" });
    assert_eq!(again, json!({ "clients": [], "userErrors": [problem] }));
    let kept = save(json!({ "id": client["id"], "phone": "1" })).await;
    let expected = json!([{ "id": client["id"], "name": "Acme", "stripeId": null }]);
    assert_eq!(kept["clients"], expected, "nothing of a refused request was saved");

    let other = save(json!({ "name": "Another", "stripe": stripe })).await;
    assert_eq!(other["clients"][0]["stripeId"], customer, "it may be somebody else");
}
