//! Which client a Stripe customer is that is not known yet: rule by rule, and again when something has changed.

use entity::kind::{ClientMatchRule, RecordState, StripeKind};
use entity::list::MatchRules;
use entity::{integration, record_change, source_object, unmatched_customer};
use sandbox::{Kind, Options};
use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel, QueryOrder, Set};
use serde_json::{Value, json};
use tributary::store::source::pack;
use uuid::Uuid;

use crate::settings::support::{insert, problems, ready};
use crate::support::{NOW_MS, Office, rule, text};

const ALL: [&str; 3] = ["STRIPE_ID", "EXTERNAL_ID", "EMAIL"];

/// An office whose clients come from elsewhere.
async fn disabled(rules: &[&str]) -> Office {
    let office = Office::open().await;
    office.direction("CUSTOMER", "DISABLED").await;
    let source = rules.contains(&"EXTERNAL_ID").then_some("metadata.crm");
    office.matching(rules, source).await;
    office
}

async fn linked_by(office: &Office, customer: &str) -> Value {
    office.client_of(customer).await["stripeCustomers"][0]["linkedBy"].take()
}

/// The row of an integration's global id.
fn row_of(integration: &str) -> Uuid {
    integration.strip_prefix("integration_").unwrap().parse().unwrap()
}

/// The contracts that watchers were told of as changed after `seq`, and the number of the last change.
async fn told_of_contracts(office: &Office, seq: i64) -> (Vec<String>, i64) {
    let all = record_change::Entity::find().order_by_asc(record_change::Column::Seq);
    let all = all.all(office.app.db().read()).await.unwrap();
    let new = all.iter().filter(|change| change.seq > seq);
    let ids = new.filter(|change| change.object == entity::kind::SyncObject::Contract);
    let ids = ids.flat_map(|change| change.updated.0.iter().map(|id| format!("contract_{}", id.simple())));
    (ids.collect(), all.last().map_or(0, |change| change.seq))
}

#[tokio::test(flavor = "multi_thread")]
async fn each_rule_finds_its_client() {
    let office = disabled(&ALL).await;
    let named = office.customer(json!({ "email": "by@email.test" }));
    let ours = [
        json!({ "name": "By id", "stripe": { "stripeId": named } }),
        json!({ "name": "By another system's id", "externalId": "crm-7" }),
        json!({ "name": "By a number", "externalId": "8" }),
        json!({ "name": "By e-mail", "email": " Ädà@ACME.test" }),
    ];
    let ids: Vec<String> = office
        .save(json!(ours))
        .await
        .iter()
        .map(|client| text(&client["id"]))
        .collect();
    let customers = [
        (named, Some(0), "STRIPE_ID"),
        (
            office.customer(json!({ "metadata": { "crm": " crm-7 " } })),
            Some(1),
            "EXTERNAL_ID",
        ),
        (
            office.customer(json!({ "metadata": { "crm": 8 } })),
            Some(2),
            "EXTERNAL_ID",
        ),
        (
            office.customer(json!({ "email": "a\u{308}da\u{300}@acme.TEST " })),
            Some(3),
            "EMAIL",
        ),
        (office.customer(json!({ "metadata": { "crm": "CRM-7" } })), None, ""),
        (
            office.customer(json!({ "email": "ada@acme.test", "metadata": { "crm": "" } })),
            None,
            "",
        ),
        (
            office.customer(json!({ "email": null, "metadata": { "crm": ["8"] } })),
            None,
            "",
        ),
        (office.customer(json!({ "email": " " })), None, ""),
    ];
    let invoices: Vec<String> = customers
        .iter()
        .map(|(customer, ..)| office.invoice(customer))
        .collect();
    office.pull().await;
    for ((customer, place, rule), invoice) in customers.iter().zip(&invoices) {
        let expected = place.map(|place| ids[place].clone());
        assert_eq!(office.whose(customer).await, expected, "{customer} {rule}");
        assert_eq!(office.client_of_contract(invoice).await, expected, "{customer} {rule}");
        if expected.is_some() {
            assert_eq!(linked_by(&office, customer).await, *rule);
        }
    }
    let unlinked = "{ contracts(filter: {linked: false}) { totalCount } clients { totalCount } }";
    let unlinked = office.app.graphql(unlinked, json!({})).await;
    assert_eq!(
        unlinked,
        json!({ "contracts": { "totalCount": 4 }, "clients": { "totalCount": 4 } })
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_rule_in_order_that_finds_just_one_decides() {
    for (rules, expected) in [
        (["STRIPE_ID", "EXTERNAL_ID", "EMAIL"], "By id"),
        (["STRIPE_ID", "EMAIL", "EXTERNAL_ID"], "By e-mail"),
        (["EMAIL", "STRIPE_ID", "EXTERNAL_ID"], "By e-mail"),
    ] {
        let office = disabled(&rules).await;
        office
            .save(json!([
                { "name": "By id", "externalId": "7", "email": "other@acme.test" },
                { "name": "By e-mail", "email": "a@acme.test" },
                { "name": "Twin", "externalId": "8" }, { "name": "Twin", "externalId": "8" },
            ]))
            .await;
        let both = office.customer(json!({ "email": "a@acme.test", "metadata": { "crm": "7" } }));
        let unsure = office.customer(json!({ "email": "other@acme.test", "metadata": { "crm": "8" } }));
        office.pull().await;
        assert_eq!(office.client_of(&both).await["name"], expected, "{rules:?}");
        assert_eq!(
            office.client_of(&unsure).await["name"],
            "By id",
            "two are none: the next rule is asked"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_that_finds_two_matches_none() {
    for direction in ["DISABLED", "PULL"] {
        let office = disabled(&ALL).await;
        office.direction("CUSTOMER", direction).await;
        let twin = |name: &str| json!({ "name": name, "email": "a@acme.test", "externalId": "7" });
        office.save(json!([twin("One"), twin("Two")])).await;
        let customer =
            office.customer(json!({ "name": "Stripe's", "email": "a@acme.test", "metadata": { "crm": "7" } }));
        office.pull().await;
        let client = office.client_of(&customer).await;
        if direction == "PULL" {
            assert_eq!(
                (&client["name"], &client["origin"]),
                (&json!("Stripe's"), &json!("STRIPE"))
            );
        } else {
            assert_eq!(client, Value::Null);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_stripe_customers_never_become_one_by_a_rule() {
    let office = Office::open().await;
    office.matching(&ALL, Some("metadata.crm")).await;
    let twin = || json!({ "name": "Twin", "email": "a@acme.test", "metadata": { "crm": "7" } });
    office.map("CUSTOMER", &[rule("metadata.crm", "externalId")]).await;
    let one = office.customer(twin());
    office.pull().await;
    let two = office.customer(twin());
    office.pull().await;
    office.tell().await;
    let (first, second) = (office.whose(&one).await.unwrap(), office.whose(&two).await.unwrap());
    assert_ne!(first, second);
    // An edit by hand makes of it no client that a person has made.
    office.save(json!([{ "id": first, "email": "b@acme.test" }])).await;
    let three = office.customer(json!({ "email": "b@acme.test" }));
    office.pull().await;
    assert_ne!(office.whose(&three).await, Some(first));
    // But a client that a person has made may be all of them.
    let ours = office.save_one(json!({ "name": "Ours", "email": "c@acme.test" })).await;
    let (four, five) = (
        office.customer(json!({ "email": "c@acme.test" })),
        office.customer(json!({ "email": "C@ACME.test" })),
    );
    office.pull().await;
    assert_eq!(
        (office.whose(&four).await, office.whose(&five).await),
        (Some(ours.clone()), Some(ours))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_attaches_by_itself_and_watchers_are_told() {
    let office = disabled(&["STRIPE_ID", "EMAIL"]).await;
    let customer =
        |name: &str| office.customer(json!({ "email": format!("{name}@acme.test"), "metadata": { "crm": name } }));
    let names = [
        "appears", "edited", "freed", "deleted", "linked", "named", "settings", "event",
    ];
    let customers: Vec<String> = names.iter().map(|name| customer(name)).collect();
    let invoices: Vec<String> = customers.iter().map(|customer| office.invoice(customer)).collect();
    office.pull().await;
    let of = |name: &str| format!("{name}@acme.test");
    let edited = office.save_one(json!({ "name": "Edited" })).await;
    let twins = office.save(json!([
        { "name": "Freed", "email": of("freed") }, { "name": "Freed", "email": of("freed") },
        { "name": "Deleted", "email": of("deleted") }, { "name": "Deleted", "email": of("deleted") },
        { "name": "Linked" }, { "name": "Settings", "externalId": "settings" }, { "name": "Event", "email": "later@acme.test" },
    ]))
    .await;
    let id = |place: usize| text(&twins[place]["id"]);
    for invoice in &invoices {
        assert_eq!(office.client_of_contract(invoice).await, None);
    }
    let contracts = office
        .app
        .graphql("{ contracts(first: 100) { nodes { id stripeId } } }", json!({}))
        .await;
    let contracts = contracts["contracts"]["nodes"].as_array().unwrap().clone();
    let (_, mut seq) = told_of_contracts(&office, 0).await;
    for (place, name) in names.iter().enumerate() {
        office.app.sandbox().clear_requests();
        let expected = match *name {
            "appears" => {
                office
                    .save_one(json!({ "name": "New", "email": of(name).to_uppercase() }))
                    .await
            }
            "edited" => office.save_one(json!({ "id": edited, "email": of(name) })).await,
            "freed" => {
                office.save(json!([{ "id": id(0), "email": null }])).await;
                id(1)
            }
            "deleted" => {
                office.delete(&id(2)).await;
                id(3)
            }
            "linked" => text(&office.link(&id(4), &customers[place]).await["id"]),
            "named" => {
                office
                    .save_one(json!({ "name": "Named", "stripe": { "stripeId": customers[place] } }))
                    .await
            }
            "settings" => {
                office.matching(&ALL, Some("metadata.crm")).await;
                office.rest().await;
                id(5)
            }
            _ => {
                office.pass_a_minute();
                office
                    .world()
                    .update(Kind::Customer, &customers[place], json!({ "email": "later@acme.test" }));
                office.tell().await;
                id(6)
            }
        };
        if *name != "event" {
            assert_eq!(
                office.app.sandbox().request_count(),
                0,
                "{name}: nothing is asked of Stripe"
            );
        }
        assert_eq!(
            office.client_of_contract(&invoices[place]).await,
            Some(expected.clone()),
            "{name}"
        );
        assert_eq!(office.whose(&customers[place]).await, Some(expected), "{name}");
        let contract = contracts
            .iter()
            .find(|contract| contract["stripeId"] == json!(invoices[place]))
            .unwrap();
        let (told, now) = told_of_contracts(&office, seq).await;
        assert!(told.contains(&text(&contract["id"])), "{name}: {told:?}");
        seq = now;
    }
    assert_eq!(office.count().await, 9);
}

#[tokio::test(flavor = "multi_thread")]
async fn watchers_are_told_of_contracts_that_lose_their_client() {
    let office = disabled(&["STRIPE_ID"]).await;
    let customer = office.customer(json!({ "name": "Stripe's" }));
    office.invoice(&customer);
    office.pull().await;
    let (one, two) = (
        office.save_one(json!({ "name": "One" })).await,
        office.save_one(json!({ "name": "Two" })).await,
    );
    let (_, mut seq) = told_of_contracts(&office, 0).await;
    for act in ["link", "move", "unlink"] {
        match act {
            "link" => office.link(&one, &customer).await,
            "move" => office.link(&two, &customer).await,
            _ => office.unlink(&two, &customer).await,
        };
        let (told, now) = told_of_contracts(&office, seq).await;
        assert_eq!(told.len(), 1, "{act}");
        seq = now;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_stays_the_customers_that_it_is_whatever_the_rules_say_later() {
    let office = Office::open().await;
    let customer = office.customer(json!({ "email": "a@acme.test" }));
    office.pull().await;
    let own = office.whose(&customer).await;
    office.save_one(json!({ "name": "Ours", "email": "a@acme.test" })).await;
    office.matching(&ALL, Some("metadata.crm")).await;
    office.rest().await;
    office.pull().await;
    office.map("CUSTOMER", &[rule("id", "externalId")]).await;
    office.remap(&["CUSTOMER"]).await;
    assert_eq!(office.whose(&customer).await, own);
}

#[tokio::test(flavor = "multi_thread")]
async fn disabled_keeps_what_is_there_and_leaves_it_alone() {
    let office = Office::open().await;
    let known = office.customer(json!({ "name": "Known", "phone": "1" }));
    let leaving = office.customer(json!({ "name": "Leaving" }));
    let product = office.world().create_product(json!({ "name": "Known" }));
    let ending = office.world().create_product(json!({ "name": "Ending" }));
    office.pull().await;
    office.direction("CUSTOMER", "DISABLED").await;
    office.direction("PRODUCT", "DISABLED").await;
    let fields = "name phone status email updatedAt";
    let products = "name description active sku updatedAt";
    let seen =
        format!("{{ clients {{ nodes {{ stripeId {fields} }} }} products {{ nodes {{ stripeId {products} }} }} }}");
    let before = office.app.graphql(&seen, json!({})).await;

    office.pass_a_minute();
    office
        .world()
        .update(Kind::Customer, &known, json!({ "name": "Renamed", "phone": null }));
    office
        .world()
        .update(Kind::Product, &product, json!({ "name": "Renamed", "active": false }));
    let new = office.customer(json!({ "name": "New" }));
    let new_product = office.world().create_product(json!({ "name": "New" }));
    let invoice = office.invoice(&new);
    office.tell().await;
    office.map("CUSTOMER", &[rule("'x'", "phone")]).await;
    office.map("PRODUCT", &[rule("'x'", "description")]).await;
    office.remap(&["CUSTOMER", "PRODUCT"]).await;
    office.pull().await;
    assert_eq!(office.app.graphql(&seen, json!({})).await, before);
    office.pass_a_minute();
    office.world().delete_customer(&leaving);
    office.world().delete_product(&ending);
    office.tell().await;
    let gone = "query($client: String!, $product: String!) {
        client(ref: {stripe: {stripeId: $client}}) { name deletedInStripe }
        product(ref: {stripe: {stripeId: $product}}) { name active deletedInStripe }
    }";
    let variables = json!({ "client": leaving, "product": ending });
    assert_eq!(
        office.app.graphql(gone, variables.clone()).await,
        json!({ "client": { "name": "Leaving", "deletedInStripe": true }, "product": { "name": "Ending", "active": true, "deletedInStripe": true } }),
        "that Stripe has it no longer is nothing that a mapping writes"
    );
    assert_eq!(office.client_of_contract(&invoice).await, None);
    assert_eq!(office.count().await, 3, "the sandbox's own, and the two that were here");

    office.app.sandbox().clear_requests();
    office.direction("CUSTOMER", "PULL").await;
    office.direction("PRODUCT", "PULL").await;
    office.rest().await;
    assert_eq!(office.app.sandbox().request_count(), 0, "what is kept is enough");
    let client = office.client_of(&known).await;
    assert_eq!((&client["name"], &client["phone"]), (&json!("Renamed"), &json!("x")));
    assert_eq!(office.client_of_contract(&invoice).await, office.whose(&new).await);
    assert!(office.whose(&new).await.is_some());
    let caught = "query($new: String!, $known: String!) {
        new: product(ref: {stripe: {stripeId: $new}}) { name description }
        known: product(ref: {stripe: {stripeId: $known}}) { name active description }
    }";
    let caught = office
        .app
        .graphql(caught, json!({ "new": new_product, "known": product }))
        .await;
    assert_eq!(
        caught,
        json!({ "new": { "name": "New", "description": "x" }, "known": { "name": "Renamed", "active": false, "description": "x" } })
    );
    let gone = office.app.graphql(gone, variables).await;
    assert_eq!(gone["product"]["active"], false);
    assert_eq!((office.stale("CUSTOMER").await, office.stale("PRODUCT").await), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_clients_from_elsewhere_are_matched_and_the_rest_waits() {
    let office = Office::open_on(Options {
        customers: 1_100,
        products: 6,
        invoices: 3_000,
        subscriptions: 0,
        ..Options::default()
    })
    .await;
    office.direction("CUSTOMER", "DISABLED").await;
    office.matching(&ALL, Some("metadata.crm_id")).await;
    let customers_of_stripe: Vec<Value> = office
        .world()
        .truth(Kind::Customer)
        .into_iter()
        .filter(|customer| customer["deleted"] != true)
        .collect();
    let client = |place: usize, customer: &Value| {
        let name = format!("Client {place}");
        match (customer["metadata"]["crm_id"].as_str(), customer["email"].as_str()) {
            (Some(crm), _) => json!({ "name": name, "externalId": crm }),
            (None, Some(email)) => json!({ "name": name, "email": email }),
            (None, None) => json!({ "name": name, "stripe": { "stripeId": customer["id"] } }),
        }
    };
    let customers = &customers_of_stripe;
    let clients: Vec<Value> = customers
        .iter()
        .enumerate()
        .map(|(place, customer)| client(place, customer))
        .collect();
    let (first, missing) = clients.split_at(1_000);
    for some in first.chunks(250) {
        office.save(json!(some)).await;
    }
    office.pull().await;
    let waiting = async || {
        let query = "{ contracts(first: 100, filter: {linked: false}) { totalCount nodes { stripeCustomerId } } }";
        let unlinked = office.app.graphql(query, json!({})).await["contracts"].take();
        assert!(unlinked["totalCount"].as_u64().unwrap() <= 100, "{unlinked}");
        let customers = unlinked["nodes"].as_array().unwrap().iter();
        // Some invoices in Stripe have no customer at all, and some one that was deleted long ago.
        let customers = customers.filter_map(|contract| contract["stripeCustomerId"].as_str().map(str::to_owned));
        let is_living = |id: &String| customers_of_stripe.iter().any(|customer| customer["id"] == **id);
        customers.filter(is_living).collect::<Vec<_>>()
    };
    let without_client = waiting().await;
    assert!(
        !without_client.is_empty(),
        "some of the customers without a client are billed"
    );
    for customer in without_client {
        assert!(
            customers[1_000..].iter().any(|missing| missing["id"] == customer),
            "{customer}"
        );
    }
    for place in (0..1_000).step_by(97) {
        let client = office.client_of(customers[place]["id"].as_str().unwrap()).await;
        assert_eq!(client["name"], json!(format!("Client {place}")));
    }
    office.app.sandbox().clear_requests();
    office.save(json!(missing)).await;
    assert_eq!((waiting().await, office.app.sandbox().request_count()), (vec![], 0));
    assert_eq!(office.count().await, u64::try_from(customers.len()).unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_stripe_gives_a_client_frees_who_waits_for_it_in_another_account() {
    let office = Office::open().await;
    let customer = office.customer(json!({ "email": "before@acme.test" }));
    office.pull().await;
    let ours = office.save_one(json!({ "name": "Ours" })).await;
    office.link(&ours, &customer).await;
    let twin = office
        .save_one(json!({ "name": "Twin", "email": "before@acme.test" }))
        .await;
    let other = integration::Model {
        client_matching: MatchRules(vec![ClientMatchRule::StripeId, ClientMatchRule::Email]),
        ..ready()
    };
    let other = insert(&office.app, other).await;
    for (id, email) in [
        ("cus_found", "after@acme.test"),
        ("cus_freed", "before@acme.test"),
        ("cus_none", "x@acme.test"),
    ] {
        wait_elsewhere(&office, &other, id, email).await;
    }
    office.pass_a_minute();
    let patch = json!({ "email": "After@acme.test" });
    office.world().update(Kind::Customer, &customer, patch);
    office.tell().await;
    assert_eq!(office.client(&ours).await["email"], "After@acme.test");
    assert_eq!(office.whose("cus_found").await, Some(ours));
    assert_eq!(
        office.whose("cus_freed").await,
        Some(twin),
        "before, there were two of its address"
    );
    assert_eq!(office.whose("cus_none").await, None);
    let waiting = unmatched_customer::Entity::find()
        .all(office.app.db().read())
        .await
        .unwrap();
    let waiting: Vec<&str> = waiting.iter().map(|row| row.stripe_customer_id.as_str()).collect();
    assert_eq!(waiting, ["cus_none"]);
}

/// A customer of another account that is kept there and waits.
async fn wait_elsewhere(office: &Office, integration: &str, id: &str, email: &str) {
    let body = json!({ "id": id, "object": "customer", "email": email, "livemode": false });
    let kept = source_object::Model {
        integration_id: row_of(integration),
        kind: StripeKind::Customer,
        stripe_id: id.to_owned(),
        body: pack(&body),
        digest: vec![1],
        seen_min: NOW_MS,
        seen_max: NOW_MS,
        deleted: false,
        state: RecordState::Skipped,
        reason: Some("DIRECTION_DISABLED".to_owned()),
        map_stamp: 0,
        recurring_of: None,
    };
    let db = office.app.db().write();
    kept.into_active_model().reset_all().insert(db).await.unwrap();
    let waiting = unmatched_customer::ActiveModel {
        integration_id: Set(row_of(integration)),
        stripe_customer_id: Set(id.to_owned()),
        email_key: Set(Some(email.to_owned())),
        external_id: Set(None),
    };
    waiting.insert(db).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_settings_are_refused_by_name() {
    let office = Office::open().await;
    let query = "mutation($input: UpdateSettingsInput!) { updateSettings(input: $input) {
        integration { settings { clientMatching externalIdSource } } userErrors { field code }
    } }";
    let long = "a".repeat(513);
    for (rules, source, expected) in [
        (json!([]), None, vec![("clientMatching", "REQUIRED")]),
        (json!(["EMAIL"]), None, vec![("clientMatching", "REQUIRED")]),
        (
            json!(["STRIPE_ID", "EMAIL", "EMAIL"]),
            None,
            vec![("clientMatching", "CONFLICT")],
        ),
        (
            json!(["STRIPE_ID", "EXTERNAL_ID"]),
            None,
            vec![("externalIdSource", "REQUIRED")],
        ),
        (
            json!(["STRIPE_ID", "EXTERNAL_ID"]),
            Some(" "),
            vec![("externalIdSource", "REQUIRED")],
        ),
        (
            json!(["STRIPE_ID", "EXTERNAL_ID"]),
            Some("a..b"),
            vec![("externalIdSource", "MAPPING_SOURCE_INVALID")],
        ),
        (
            json!(["STRIPE_ID"]),
            Some("sort(@)"),
            vec![("externalIdSource", "MAPPING_SOURCE_INVALID")],
        ),
        (
            json!(["STRIPE_ID"]),
            Some(long.as_str()),
            vec![("externalIdSource", "TOO_LONG")],
        ),
        (
            json!(["EMAIL", "EMAIL"]),
            Some("["),
            vec![
                ("clientMatching", "REQUIRED"),
                ("clientMatching", "CONFLICT"),
                ("externalIdSource", "MAPPING_SOURCE_INVALID"),
            ],
        ),
    ] {
        let input = json!({ "integrationId": office.id, "clientMatching": rules, "externalIdSource": source });
        let refused = office.app.graphql(query, json!({ "input": input })).await;
        let expected: Vec<(String, &str)> = expected
            .iter()
            .map(|(path, code)| ((*path).to_owned(), *code))
            .collect();
        assert_eq!(problems(&refused["updateSettings"]), expected, "{rules} {source:?}");
    }
    let set = async |input: Value| {
        let mut set = office.app.graphql(query, json!({ "input": input })).await;
        assert_eq!(set["updateSettings"]["userErrors"], json!([]));
        set["updateSettings"]["integration"]["settings"].take()
    };
    let shown = set(json!({ "integrationId": office.id, "clientMatching": ["EMAIL", "STRIPE_ID"], "externalIdSource": "metadata.\"crm id\"" })).await;
    assert_eq!(
        shown,
        json!({ "clientMatching": ["EMAIL", "STRIPE_ID"], "externalIdSource": "metadata.\"crm id\"" })
    );
    assert_eq!(
        set(json!({ "integrationId": office.id })).await,
        shown,
        "what is absent stays"
    );
    let cleared = set(json!({ "integrationId": office.id, "externalIdSource": null })).await;
    assert_eq!(cleared["externalIdSource"], Value::Null);
}
