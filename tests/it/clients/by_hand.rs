//! Clients kept by hand: what people wrote stays whatever Stripe says, and comes back where Stripe was let to write.

use entity::client;
use sandbox::Kind;
use sea_orm::EntityTrait;
use serde_json::{Value, json};

use crate::support::{Office, rule, rule_by, rule_over_manual, text, until};

const DISCONNECT: &str = "mutation($id: ID!, $name: String!) {
    disconnectStripe(input: {integrationId: $id, confirmName: $name, purge: true}) { userErrors { code } }
}";

const NOTHING: [[Value; 3]; 0] = [];

/// What a person says, with the e-mail address that the customer finds the client by.
fn typed() -> Value {
    json!({
        "name": "Ours", "status": "TRIAL", "email": "a@acme.test", "siteUrl": "https://typed.test/", "inceptionDate": "2021-01-01",
        "address": { "line1": "Weg 1", "city": "Wien" }, "customValues": [{ "key": "tier", "value": "Typed" }],
    })
}

/// What Stripe says: other things, nothing of the rest, and a phone number that nobody has typed.
fn said() -> Value {
    json!({
        "name": "Stripe's", "email": "A@acme.test", "phone": "1", "metadata": { "tier": "Stripe's", "site": "stripe.test" },
        "address": { "line1": null, "line2": "Top 7", "city": "Graz", "state": "", "postal_code": "8010", "country": "AT" },
    })
}

/// The fields that were typed.
fn own(client: &Value) -> Value {
    let keys = ["name", "status", "email", "siteUrl", "inceptionDate"];
    let mut own: serde_json::Map<String, Value> = keys
        .map(|key| (key.to_owned(), client[key].clone()))
        .into_iter()
        .collect();
    let address = &client["address"];
    own.insert(
        "address".to_owned(),
        json!({ "line1": address["line1"], "city": address["city"] }),
    );
    let tier = json!([{ "key": "tier", "value": client["customValues"][0]["value"] }]);
    own.insert("customValues".to_owned(), tier);
    own.into()
}

/// Who finds whom by e-mail, and two rules beside the default ones.
async fn office() -> Office {
    let office = Office::open().await;
    office.field("CLIENT", "tier", "TEXT", None).await;
    let rules = [rule("metadata.tier", "custom.tier"), rule("metadata.site", "siteUrl")];
    office.map("CUSTOMER", &rules).await;
    office.matching(&["STRIPE_ID", "EMAIL"], None).await;
    office
}

/// The same, and each rule writes over what people have typed.
async fn office_over_manual() -> Office {
    let office = office().await;
    let mut rules = office.rules("CUSTOMER").await;
    for rule in &mut rules {
        rule["overManual"] = json!(true);
    }
    office.map("CUSTOMER", &rules).await;
    office
}

fn changes(payload: &Value) -> Vec<[Value; 3]> {
    let all = payload["changes"].as_array().unwrap().iter();
    all.map(|change| ["target", "before", "after"].map(|key| change[key].clone()))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_typed_stays_by_every_way_and_what_is_empty_is_filled() {
    for way in ["a match", "a link", "a save", "a match of one that waits"] {
        let office = office().await;
        let client = match way {
            "a match" => {
                let client = office.save_one(typed()).await;
                office.customer(said());
                office.pull().await;
                client
            }
            "a match of one that waits" => {
                office.direction("CUSTOMER", "DISABLED").await;
                office.customer(said());
                office.pull().await;
                let client = office.save_one(typed()).await;
                office.direction("CUSTOMER", "PULL").await;
                office.rest().await;
                client
            }
            "a save" => {
                office.matching(&["STRIPE_ID"], None).await;
                office.direction("CUSTOMER", "DISABLED").await;
                let mut named = typed();
                named["stripe"] = json!({ "stripeId": office.customer(said()) });
                office.pull().await;
                let client = office.save_one(named).await;
                office.direction("CUSTOMER", "PULL").await;
                office.rest().await;
                client
            }
            _ => {
                let customer = office.customer(said());
                office.pull().await;
                let client = office.save_one(typed()).await;
                office.link(&client, &customer).await;
                client
            }
        };
        let shown = office.client(&client).await;
        assert_eq!((&shown["origin"], own(&shown)), (&json!("MANUAL"), typed()), "{way}");
        let customer = text(&shown["stripeCustomers"][0]["stripeId"]);
        assert_eq!(
            (&shown["phone"], &shown["address"]["line2"]),
            (&json!("1"), &json!("Top 7")),
            "{way}"
        );

        // What was filled follows Stripe, what was typed does not.
        office.pass_a_minute();
        office.world().update(
            Kind::Customer,
            &customer,
            json!({ "name": "New", "email": null, "phone": "2", "address": null, "metadata": { "tier": null } }),
        );
        office.tell().await;
        let after = office.client(&client).await;
        assert_eq!(own(&after), typed(), "{way}");
        assert_eq!(
            (&after["phone"], &after["address"]["line2"]),
            (&json!("2"), &Value::Null),
            "{way}"
        );
        office.pull().await;
        office.map("CUSTOMER", &[rule("description", "externalId")]).await;
        office.remap(&["CUSTOMER"]).await;
        assert_eq!(office.client(&client).await, after, "{way}");

        // And goes with the customer.
        let parted = office.unlink(&client, &customer).await;
        assert_eq!((own(&parted), &parted["phone"]), (typed(), &Value::Null), "{way}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_stripe_is_let_to_write_the_answer_tells_and_parting_gives_back() {
    let office = office_over_manual().await;
    let client = office.save_one(typed()).await;
    office.matching(&["STRIPE_ID"], None).await;
    let customer = office.customer(said());
    office.pull().await;
    let linked = office.pair("linkClient", &client, &customer).await;
    assert_eq!(own(&linked["client"])["name"], "Stripe's");
    let told = changes(&linked);
    for change in [
        [json!("name"), json!("Ours"), json!("Stripe's")],
        [json!("status"), json!("TRIAL"), json!("ACTIVE")],
        [json!("phone"), Value::Null, json!("1")],
        [json!("address.line1"), json!("Weg 1"), Value::Null],
        [json!("address.city"), json!("Wien"), json!("Graz")],
        [json!("custom.tier"), json!("Typed"), json!("Stripe's")],
    ] {
        assert!(told.contains(&change), "{change:?} {told:?}");
    }
    assert!(told.iter().all(|[_, before, after]| before != after), "{told:?}");
    assert_eq!(changes(&office.pair("linkClient", &client, &customer).await), NOTHING);
    // Stripe says more, and a person too: what she says now is hers.
    office.pass_a_minute();
    let later = json!({ "name": "Later", "phone": "2" });
    office.world().update(Kind::Customer, &customer, later);
    office.tell().await;
    office
        .save(json!([{ "id": client, "siteUrl": "https://edited.test/" }]))
        .await;
    let parted = office.pair("unlinkClient", &client, &customer).await;
    let mut expected = typed();
    expected["siteUrl"] = json!("https://edited.test/");
    assert_eq!(own(&parted["client"]), expected);
    assert_eq!(parted["client"]["phone"], Value::Null);
    assert!(
        changes(&parted).contains(&[json!("name"), json!("Later"), json!("Ours")]),
        "{parted}"
    );

    // It is as typed as before: without the rules' word it stays.
    let mut rules = office.rules("CUSTOMER").await;
    for rule in &mut rules {
        rule["overManual"] = json!(false);
    }
    office.map("CUSTOMER", &rules).await;
    let linked = office.link(&client, &customer).await;
    assert_eq!(own(&linked), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_of_several_customers_is_what_the_next_one_says() {
    let office = office_over_manual().await;
    office.matching(&["STRIPE_ID"], None).await;
    let client = office.save_one(typed()).await;
    let (one, two) = (
        office.customer(said()),
        office.customer(json!({ "name": "Two", "phone": "of two" })),
    );
    office.pull().await;
    office.link(&client, &one).await;
    office.pass_a_minute();
    assert_eq!(changes(&office.pair("linkClient", &client, &two).await), NOTHING);
    let other = office.save_one(json!({ "name": "Other" })).await;
    office.link(&other, &one).await;
    let left = office.client(&client).await;
    assert_eq!((&left["name"], &left["phone"]), (&json!("Two"), &json!("of two")));
    assert_eq!(left["address"]["city"], Value::Null);
    office.link(&other, &two).await;
    assert_eq!(
        own(&office.client(&client).await),
        typed(),
        "a customer that moves on gives back, too"
    );
    office.direction("CUSTOMER", "DISABLED").await;
    office.unlink(&other, &one).await;
    let other = office.client(&other).await;
    assert_eq!((&other["name"], &other["phone"]), (&json!("Other"), &Value::Null));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_preview_shows_what_stays_and_why() {
    let office = office().await;
    office.save_one(typed()).await;
    office.direction("CUSTOMER", "DISABLED").await;
    let customer = office.customer(said());
    office.pull().await;
    let rules = [
        rule_over_manual("address.city", "address.city"),
        rule_by("FILL_IF_EMPTY", "metadata.site", "siteUrl"),
        rule_by("LOCAL_WINS", "metadata.tier", "custom.tier"),
    ];
    let rules = office.with("CUSTOMER", &rules).await;
    let preview = office.preview("CUSTOMER", &rules, &[&customer]).await.remove(0);
    let told = |target: &str| {
        let mut fields = preview["fields"].as_array().unwrap().iter();
        let field = fields.find(|field| field["target"] == target).unwrap();
        let problem = field["problem"].as_str().is_some_and(|why| why.contains("overManual"));
        (field["before"].clone(), field["after"].clone(), problem)
    };
    assert_eq!(told("name"), (json!("Ours"), json!("Ours"), true));
    assert_eq!(told("address.line1"), (json!("Weg 1"), json!("Weg 1"), true));
    assert_eq!(told("address.city"), (json!("Wien"), json!("Graz"), false));
    assert_eq!(told("phone"), (Value::Null, json!("1"), false));
    // Not what Stripe may not write by the rule's own policy.
    assert!(!told("siteUrl").2);
    assert_eq!(told("custom.tier"), (json!("Typed"), json!("Typed"), false));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_back_is_found_by_those_who_wait() {
    let office = office_over_manual().await;
    let client = office.save_one(typed()).await;
    office.matching(&["STRIPE_ID"], None).await;
    let customer = office.customer(json!({ "name": "Stripe's", "email": "other@acme.test" }));
    office.pull().await;
    office.link(&client, &customer).await;
    office.matching(&["STRIPE_ID", "EMAIL"], None).await;
    office.rest().await;
    office.direction("CUSTOMER", "DISABLED").await;
    let waits = office.customer(json!({ "name": "Waits", "email": "a@acme.test" }));
    office.pull().await;
    assert_eq!(office.whose(&waits).await, None);
    office.unlink(&client, &customer).await;
    office.rest().await;
    assert_eq!(office.whose(&waits).await, Some(client));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_what_was_typed_outlives_its_field_its_person_or_the_account() {
    let office = office_over_manual().await;
    let tier = office
        .app
        .graphql("{ customFields(owner: CLIENT) { id } }", json!({}))
        .await;
    let tier = text(&tier["customFields"][0]["id"]);
    let ids = [
        office.save_one(typed()).await,
        office.save_one(json!({ "name": "Second" })).await,
    ];
    let customers = [office.customer(said()), office.customer(json!({ "name": "Two" }))];
    office.pull().await;
    office.link(&ids[1], &customers[1]).await;
    assert_eq!(office.client(&ids[0]).await["name"], "Stripe's");
    let kept = async || {
        let rows = client::Entity::find().all(office.app.db().read()).await.unwrap();
        rows.into_iter()
            .map(|row| serde_json::to_string(&row.held_before).unwrap())
            .collect::<String>()
    };
    assert!(kept().await.contains("custom.tier"), "{}", kept().await);
    let mut rules = office.rules("CUSTOMER").await;
    rules.retain(|rule| rule["target"] != "custom.tier");
    office.update("CUSTOMER", json!({ "rules": rules })).await;
    office.delete_field(&tier).await;
    assert!(!kept().await.contains("custom.tier"), "{}", kept().await);
    assert!(kept().await.contains("Weg 1"), "{}", kept().await);
    let erase =
        "mutation($id: ID!) { eraseClient(input: {id: $id, confirmName: \"Stripe's\"}) { userErrors { code } } }";
    office
        .app
        .admin()
        .mutate("eraseClient", erase, json!({ "id": ids[0] }))
        .await;
    assert!(!kept().await.contains("Weg 1"), "{}", kept().await);
    assert_eq!(office.client(&ids[1]).await["name"], "Two");
    let name = office
        .app
        .graphql(
            "query($id: ID!) { integration(id: $id) { name } }",
            json!({ "id": office.id }),
        )
        .await;
    let variables = json!({ "id": office.id, "name": name["integration"]["name"] });
    office
        .app
        .admin()
        .mutate("disconnectStripe", DISCONNECT, variables)
        .await;
    let left = until("the account is gone", async || {
        office.app.tick().await;
        let left = office.client(&ids[1]).await;
        (left["stripeCustomers"] == json!([])).then_some(left)
    })
    .await;
    assert_eq!(left["name"], "Second", "what the account had written goes with it");
}
