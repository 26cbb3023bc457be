//! `saveClients`: what is kept of what is said, what is refused and where, and that it is all or none.

use std::time::Duration;

use entity::kind::Scope;
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::settings::support::{insert, problems, ready};
use crate::support::{Office, TestApp, rule_by, rule_over_manual, text};

/// A client with something in every field.
fn full() -> Value {
    json!({
        "name": " Acme ", "status": "TRIAL", "email": " Ada@Acme.test ", "phone": "+49 1", "siteUrl": "acme.test",
        "externalId": " 7 ", "currency": "eur", "inceptionDate": "2024-02-29",
        "address": { "line1": "Weg 1", "line2": "Hof", "city": "Köln", "state": "NW", "postalCode": "50667", "country": "DE" },
        "customValues": [{ "key": "tier", "value": "GOLD" }, { "key": "seats", "value": "007" }],
    })
}

async fn with_fields() -> Office {
    let office = Office::open().await;
    office
        .field("CLIENT", "tier", "PICKLIST", Some(&["Gold", "Silver"]))
        .await;
    office.field("CLIENT", "seats", "INTEGER", None).await;
    office
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_client_is_kept_in_canonical_form() {
    let office = with_fields().await;
    let saved = office.save(json!([full()])).await.remove(0);
    let expected = json!({
        "id": saved["id"], "origin": "MANUAL", "name": "Acme", "status": "TRIAL", "email": "Ada@Acme.test", "phone": "+49 1",
        "siteUrl": "https://acme.test", "externalId": "7", "currency": "EUR", "inceptionDate": "2024-02-29",
        "deletedInStripe": false, "warnings": [], "stripeId": null, "stripeCustomers": [], "contracts": { "nodes": [] },
        "address": { "line1": "Weg 1", "line2": "Hof", "city": "Köln", "state": "NW", "postalCode": "50667", "country": "DE" },
        "customValues": [
            { "field": { "key": "seats" }, "value": "7" },
            { "field": { "key": "tier" }, "value": "Gold" },
        ],
    });
    assert_eq!(saved, expected);
    assert_eq!(office.client(&text(&saved["id"])).await, expected);
    let found = "{ clients(filter: {search: \"ACME\"}) { nodes { id } } client(ref: {externalId: \"7\"}) { id } }";
    let found = office.app.graphql(found, json!({})).await;
    assert_eq!(found["clients"]["nodes"], json!([{ "id": saved["id"] }]));
    assert_eq!(found["client"]["id"], saved["id"]);
    let bare = office.save(json!([{ "name": "Bare" }])).await.remove(0);
    assert_eq!((&bare["status"], &bare["email"]), (&json!("ACTIVE"), &Value::Null));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_absent_stays_and_null_empties() {
    let office = with_fields().await;
    let id = office.save_one(full()).await;
    let before = office.client(&id).await;
    assert_eq!(office.save(json!([{ "id": id }])).await, std::slice::from_ref(&before));
    let part = json!({ "id": id, "email": null, "address": { "line2": null, "city": "Bonn" }, "customValues": [{ "key": "tier", "value": null }] });
    let mut expected = before.clone();
    expected["email"] = Value::Null;
    (expected["address"]["line2"], expected["address"]["city"]) = (Value::Null, json!("Bonn"));
    expected["customValues"][1]["value"] = Value::Null;
    assert_eq!(office.save(json!([part])).await, [expected.clone()]);
    let all = json!({
        "id": id, "status": null, "phone": null, "siteUrl": "", "externalId": " ", "currency": null, "inceptionDate": null,
        "address": null, "customValues": null,
    });
    for field in ["phone", "siteUrl", "externalId", "currency", "inceptionDate"] {
        expected[field] = Value::Null;
    }
    expected["status"] = json!("ACTIVE");
    for part in ["line1", "line2", "city", "state", "postalCode", "country"] {
        expected["address"][part] = Value::Null;
    }
    assert_eq!(office.save(json!([all])).await, [expected]);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_wrong_field_is_named_by_its_path() {
    let office = with_fields().await;
    let x = |count: usize| "x".repeat(count);
    let web = |count: usize| format!("https://a.test/{}", x(count - 15));
    for (field, at_most, over, code) in [
        ("name", json!(x(500)), json!(x(501)), "TOO_LONG"),
        (
            "email",
            json!(format!("{}@b.c", x(250))),
            json!(format!("{}@b.c", x(251))),
            "TOO_LONG",
        ),
        ("phone", json!(x(100)), json!(x(101)), "TOO_LONG"),
        ("externalId", json!(x(255)), json!(x(256)), "TOO_LONG"),
        ("siteUrl", json!(web(2_000)), json!(web(2_001)), "TOO_LONG"),
        ("address.line1", json!(x(500)), json!(x(501)), "TOO_LONG"),
        ("address.line2", json!("ü".repeat(500)), json!(x(501)), "TOO_LONG"),
        ("address.city", json!(x(200)), json!(x(201)), "TOO_LONG"),
        ("address.state", json!(x(200)), json!(x(201)), "TOO_LONG"),
        ("address.postalCode", json!(x(50)), json!(x(51)), "TOO_LONG"),
        ("address.country", json!(x(100)), json!(x(101)), "TOO_LONG"),
        ("name", json!("a"), Value::Null, "REQUIRED"),
        ("name", json!("a"), json!(" \n"), "REQUIRED"),
        ("email", json!("ü@ö.de"), json!("ada"), "INVALID"),
        ("email", json!("a@b"), json!("a@b@c"), "INVALID"),
        (
            "siteUrl",
            json!("http://a.test"),
            json!("javascript:alert(1)"),
            "INVALID",
        ),
        ("siteUrl", json!("a.test"), json!("ftp://a.test"), "INVALID"),
        ("currency", json!("jpy"), json!("EURO"), "INVALID"),
        ("currency", json!("KWD"), json!("€"), "INVALID"),
    ] {
        let client = |value: &Value| {
            let mut client = json!({ "name": "Fine" });
            match field.split_once('.') {
                Some((address, part)) => client[address] = json!({ part: value }),
                None => client[field] = value.clone(),
            }
            client
        };
        assert_eq!(
            problems(&office.try_save(json!([client(&at_most)])).await),
            [],
            "{field}"
        );
        let refused = office.try_save(json!([client(&over)])).await;
        assert_eq!(
            problems(&refused),
            [(format!("clients.0.{field}"), code)],
            "{field} {over}"
        );
    }
    assert_eq!(office.count().await, 19, "what is refused is not kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn all_problems_are_told_at_once_and_nothing_is_kept() {
    let office = with_fields().await;
    let here = office.save_one(json!({ "name": "Here" })).await;
    let product = office
        .app
        .graphql("{ products(first: 1) { nodes { id } } }", json!({}))
        .await;
    assert_eq!(product["products"]["nodes"], json!([]), "nothing is imported");
    let value = |key: &str, value: &str| json!({ "key": key, "value": value });
    let clients = json!([
        { "name": "Fine" },
        { "email": "x", "currency": "x" },
        { "id": here, "name": null, "customValues": [
            value("tier", "gold"), value("seats", "7.5"), value("nothing", "x"), value("a.b", "x"), value("tier", "Silver"),
        ] },
        { "id": here, "name": "Twice" },
        { "id": format!("client_{:032}", 0), "name": "Nobody" },
        { "name": "Linked", "stripe": { "stripeId": "cus\n1", "integrationId": office.id } },
        { "name": "Linked", "stripe": { "stripeId": "cus_1", "integrationId": format!("integration_{:032}", 0) } },
    ]);
    let refused = office.try_save(clients).await;
    let expected = [
        ("clients.1.email", "INVALID"),
        ("clients.1.currency", "INVALID"),
        ("clients.1.name", "REQUIRED"),
        ("clients.2.name", "REQUIRED"),
        ("clients.2.customValues.1", "INVALID"),
        ("clients.2.customValues.2", "NOT_FOUND"),
        ("clients.2.customValues.3", "NOT_FOUND"),
        ("clients.2.customValues.4", "CONFLICT"),
        ("clients.3.id", "CONFLICT"),
        ("clients.4.id", "NOT_FOUND"),
        ("clients.5.stripe.stripeId", "INVALID"),
        ("clients.6.stripe.integrationId", "NOT_FOUND"),
    ];
    assert_eq!(problems(&refused), expected.map(|(path, code)| (path.to_owned(), code)));
    assert_eq!(refused["clients"], json!([]));
    assert_eq!(office.count().await, 1);
    assert_eq!(office.client(&here).await["name"], "Here");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_and_fifty_are_the_most() {
    let office = Office::open().await;
    let many = |count: usize| {
        (0..count)
            .map(|number| json!({ "name": format!("No. {number}") }))
            .collect::<Value>()
    };
    let saved = office.save(many(250)).await;
    let names: Vec<&str> = saved.iter().map(|client| client["name"].as_str().unwrap()).collect();
    let expected: Vec<String> = (0..250).map(|number| format!("No. {number}")).collect();
    assert_eq!(names, expected, "in the order of the request");
    let save =
        "mutation($clients: [ClientInput!]!) { saveClients(input: {clients: $clients}) { userErrors { code } } }";
    let refused = office.app.admin().response(save, json!({ "clients": many(251) })).await;
    assert_eq!(
        refused["errors"][0]["extensions"]["code"], "LIMIT_EXCEEDED",
        "{refused}"
    );
    let none = office.try_save(json!([])).await;
    assert_eq!(problems(&none), [("clients".to_owned(), "OUT_OF_RANGE")]);
    assert_eq!(office.count().await, 250);
}

#[tokio::test(flavor = "multi_thread")]
async fn ids_of_other_types_name_no_client() {
    let office = Office::open().await;
    office.pull().await;
    let product = office
        .app
        .graphql("{ products(first: 1) { nodes { id } } }", json!({}))
        .await;
    let other = &product["products"]["nodes"][0]["id"];
    for (id, code) in [
        (other, "NOT_FOUND"),
        (&json!("client"), "INVALID"),
        (&json!(office.id), "NOT_FOUND"),
    ] {
        let refused = office.try_save(json!([{ "id": id, "name": "x" }])).await;
        assert_eq!(problems(&refused), [("clients.0.id".to_owned(), code)], "{id}");
    }
    let here = office.save_one(json!({ "name": "Here" })).await;
    let stripe = json!({ "stripeId": "cus_1", "integrationId": here });
    let refused = office.try_save(json!([{ "name": "x", "stripe": stripe }])).await;
    assert_eq!(
        problems(&refused),
        [("clients.0.stripe.integrationId".to_owned(), "NOT_FOUND")]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_key_saves_once() {
    let office = Office::open().await;
    let once = |name: &str, key: &str| json!({ "clients": [{ "name": name }], "idempotencyKey": key });
    let first = office.try_save_once(once("Acme", "k")).await;
    let id = text(&first["clients"][0]["id"]);
    let renamed = office.save(json!([{ "id": id, "name": "Renamed" }])).await;
    let again = office.try_save_once(once("Acme", "k")).await;
    assert_eq!(again["clients"], json!(renamed), "the client, as it is now");
    let other = office.try_save_once(once("Other", "k")).await;
    assert_eq!(
        problems(&other),
        [("idempotencyKey".to_owned(), "IDEMPOTENCY_MISMATCH")]
    );
    for (key, code) in [("", "INVALID"), (&*"k".repeat(201), "INVALID")] {
        let refused = office.try_save_once(once("Acme", key)).await;
        assert_eq!(problems(&refused), [("idempotencyKey".to_owned(), code)]);
    }
    assert_eq!(
        problems(&office.try_save_once(once("Acme", &"k".repeat(200))).await),
        []
    );
    let wrong = json!({ "clients": [{ "name": null }], "idempotencyKey": "wrong" });
    assert_eq!(
        problems(&office.try_save_once(wrong).await),
        [("clients.0.name".to_owned(), "REQUIRED")]
    );
    assert_eq!(
        problems(&office.try_save_once(once("Right", "wrong")).await),
        [],
        "what was refused holds no key"
    );
    let somebody = office
        .app
        .anybody()
        .with_token(&office.app.sign_in_token(Scope::Configure).await);
    let save =
        "mutation($input: SaveClientsInput!) { saveClients(input: $input) { clients { name } userErrors { code } } }";
    let theirs = somebody.graphql(save, json!({ "input": once("Theirs", "k") })).await;
    assert_eq!(
        theirs["saveClients"]["clients"],
        json!([{ "name": "Theirs" }]),
        "a key is its user's"
    );
    assert_eq!(office.count().await, 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_free_again_after_thirty_days() {
    let app = TestApp::start().await;
    let save = async |name: &str| {
        let save = "mutation($name: String) { saveClients(input: {clients: [{name: $name}], idempotencyKey: \"k\"}) { userErrors { code } } }";
        let mut saved = app.graphql(save, json!({ "name": name })).await["saveClients"].take();
        saved["userErrors"].take()
    };
    let taken = json!([{ "code": "IDEMPOTENCY_MISMATCH" }]);
    assert_eq!(save("Acme").await, json!([]));
    app.clock.advance(Duration::from_hours(30 * 24));
    tributary::jobs::tidy(app.app()).await;
    assert_eq!(save("Other").await, taken);
    app.clock.advance(Duration::from_secs(1));
    tributary::jobs::tidy(app.app()).await;
    assert_eq!(save("Other").await, json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_at_once_with_one_key_one_saves() {
    let alone = TestApp::start().await;
    let connected = Office::open().await;
    for app in [&alone, &connected.app] {
        let save = "mutation { saveClients(input: {clients: [{name: \"Acme\"}], idempotencyKey: \"k\"}) { clients { id } userErrors { code } } }";
        let answers = join_all((0..8).map(|_| app.graphql(save, json!({})))).await;
        for answer in &answers {
            assert_eq!(answer, &answers[0]);
            assert_eq!(answer["saveClients"]["userErrors"], json!([]));
        }
        let count = app.graphql("{ clients { totalCount } }", json!({})).await;
        assert_eq!(count["clients"]["totalCount"], 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_takes_the_right_to_configure() {
    let office = Office::open().await;
    let id = office.save_one(json!({ "name": "Here" })).await;
    let pair = format!(
        "clientId: \"{id}\", integrationId: \"{}\", stripeCustomerId: \"cus_1\"",
        office.id
    );
    for scope in [Scope::Read, Scope::RunSync] {
        let client = office.app.anybody().with_token(&office.app.sign_in_token(scope).await);
        for mutation in [
            "saveClients(input: {clients: [{name: \"x\"}]})".to_owned(),
            format!("linkClient(input: {{{pair}}})"),
            format!("unlinkClient(input: {{{pair}}})"),
            format!("deleteClient(input: {{id: \"{id}\"}})"),
            "saveCustomField(input: {owner: CLIENT, key: \"a\", label: \"a\", type: TEXT})".to_owned(),
            format!("deleteCustomField(input: {{id: \"{id}\"}})"),
        ] {
            let answer = client
                .response(
                    &format!("mutation {{ {mutation} {{ userErrors {{ code }} }} }}"),
                    json!({}),
                )
                .await;
            assert_eq!(
                answer["errors"][0]["extensions"]["code"], "FORBIDDEN",
                "{scope:?} {mutation}: {answer}"
            );
        }
        for query in [
            "mappingSources(integrationId: $id, object: CUSTOMER) { path }",
            "previewMapping(input: {integrationId: $id, object: CUSTOMER, rules: []}) { userErrors { code } }",
        ] {
            let answer = client
                .response(&format!("query($id: ID!) {{ {query} }}"), json!({ "id": office.id }))
                .await;
            assert_eq!(
                answer["errors"][0]["extensions"]["code"], "FORBIDDEN",
                "{scope:?} {query}: {answer}"
            );
        }
    }
    assert_eq!(office.count().await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_a_customer_made_may_be_edited() {
    let office = Office::open().await;
    office.map("CUSTOMER", &[rule_by("LOCAL_WINS", "phone", "phone")]).await;
    let customer = office.customer(json!({ "name": "Stripe's", "phone": "1", "email": "a@stripe.test" }));
    office.pull().await;
    let id = office.whose(&customer).await.unwrap();
    let edited = office
        .save(json!([{ "id": id, "phone": "2", "siteUrl": "acme.test", "externalId": "7" }]))
        .await
        .remove(0);
    assert_eq!(edited["origin"], "STRIPE");
    assert_eq!((&edited["name"], &edited["phone"]), (&json!("Stripe's"), &json!("2")));
    assert_eq!(edited["stripeId"], json!(customer));
    office.pass_a_minute();
    office.world().update(
        sandbox::Kind::Customer,
        &customer,
        json!({ "name": "Renamed", "phone": "3" }),
    );
    office.tell().await;
    let mut expected = edited;
    expected["name"] = json!("Renamed");
    assert_eq!(
        office.client(&id).await,
        expected,
        "what no rule writes stays, and what a person's edit wins over"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_that_is_named_is_the_client_from_now_on() {
    let office = Office::open().await;
    office.direction("CUSTOMER", "DISABLED").await;
    let customer = office.customer(json!({ "name": "Stripe's" }));
    let invoice = office.invoice(&customer);
    office.pull().await;
    assert_eq!(office.client_of_contract(&invoice).await, None);
    let stripe = |id: &str| json!({ "stripeId": id });
    let id = office
        .save_one(json!({ "name": "Ours", "stripe": stripe(&customer) }))
        .await;
    assert_eq!(office.client_of_contract(&invoice).await.as_deref(), Some(&*id));
    let shown = office.client(&id).await;
    assert_eq!(
        shown["stripeCustomers"],
        json!([{ "stripeId": customer, "linkedBy": "STRIPE_ID", "deletedInStripe": false }])
    );
    assert_eq!(
        shown["name"], "Ours",
        "while the direction is DISABLED nothing is written"
    );
    let found = "query($search: String!) { clients(filter: {search: $search}) { nodes { id } } }";
    let found = office.app.graphql(found, json!({ "search": customer })).await;
    assert_eq!(
        found["clients"]["nodes"],
        json!([{ "id": id }]),
        "search knows its customer"
    );
    assert_eq!(
        office.save(json!([{ "id": id, "stripe": stripe(&customer) }])).await,
        [shown],
        "twice is harmless"
    );

    let taken = office
        .try_save(json!([
            { "name": "Another", "stripe": stripe(&customer) },
            { "name": "One", "stripe": stripe("cus_later") },
            { "name": "Two", "stripe": stripe("cus_later") },
        ]))
        .await;
    let paths = ["clients.0.stripe.stripeId", "clients.2.stripe.stripeId"];
    assert_eq!(problems(&taken), paths.map(|path| (path.to_owned(), "CONFLICT")));
    assert_eq!(office.count().await, 1);

    office.map("CUSTOMER", &[rule_over_manual("name", "name")]).await;
    office.direction("CUSTOMER", "PULL").await;
    office.rest().await;
    assert_eq!(office.client(&id).await["name"], "Stripe's", "it speaks for its client");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_may_be_named_before_it_is_read() {
    let office = Office::open().await;
    let customer = office.customer(json!({ "name": "Stripe's", "email": "a@stripe.test" }));
    let invoice = office.invoice(&customer);
    let id = office
        .save_one(json!({ "name": "Ours", "email": "a@ours.test", "stripe": { "stripeId": customer } }))
        .await;
    office.pull().await;
    assert_eq!(office.whose(&customer).await.as_deref(), Some(&*id));
    assert_eq!(office.client_of_contract(&invoice).await.as_deref(), Some(&*id));
    assert_eq!(
        (office.client(&id).await["name"].clone(), office.count().await),
        (json!("Ours"), 2)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn with_several_accounts_it_must_be_said_whose_customer_it_is() {
    let office = Office::open().await;
    let customer = office.customer(json!({ "name": "Stripe's" }));
    office.pull().await;
    let other = insert(&office.app, ready()).await;
    let stripe = |integration: Option<&str>| json!([{ "name": "Ours", "stripe": { "stripeId": customer, "integrationId": integration } }]);
    let refused = office.try_save(stripe(None)).await;
    assert_eq!(
        problems(&refused),
        [("clients.0.stripe.integrationId".to_owned(), "REQUIRED")]
    );
    let taken = office.try_save(stripe(Some(&office.id))).await;
    assert_eq!(problems(&taken), [("clients.0.stripe.stripeId".to_owned(), "CONFLICT")]);
    let saved = office.save(stripe(Some(&other))).await.remove(0);
    assert_eq!(
        saved["stripeId"],
        json!(customer),
        "an id is one account's: another's customer is somebody else"
    );
    let alone = TestApp::start().await;
    let save = "mutation { saveClients(input: {clients: [{name: \"x\", stripe: {stripeId: \"cus_1\"}}]}) { userErrors { field code } } }";
    let none = alone.graphql(save, json!({})).await;
    assert_eq!(
        problems(&none["saveClients"]),
        [("clients.0.stripe.integrationId".to_owned(), "REQUIRED")]
    );
}
