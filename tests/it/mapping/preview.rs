//! `previewMapping`: what rules would make of real records. It writes nothing, and tells what the run then does.

use sandbox::Kind;
use serde_json::{Value, json};

use crate::settings::support::problems;
use crate::support::{Office, dump, rule, rule_by, text};

/// What a preview says of one field.
fn field<'a>(record: &'a Value, target: &str) -> &'a Value {
    let fields = record["fields"].as_array().unwrap();
    fields.iter().find(|field| field["target"] == target).unwrap()
}

#[expect(clippy::needless_pass_by_value, reason = "rows of a table")]
fn said(target: &str, before: Value, after: Value, problem: Value) -> Value {
    json!({ "target": target, "before": before, "after": after, "problem": problem })
}

#[tokio::test(flavor = "multi_thread")]
async fn it_tells_before_and_after_and_why_not() {
    let office = Office::open().await;
    office.field("CLIENT", "seats", "INTEGER", None).await;
    let customer = office
        .customer(json!({ "name": "Acme", "email": "a@acme.test", "metadata": { "seats": "007", "site": "x y" } }));
    office.pull().await;
    let fits = office.customer(json!({ "metadata": { "site": "acme.test" } }));
    office.pull().await;
    let rules = [
        rule("upper(name)", "name"),
        rule_by("FILL_IF_EMPTY", "'other@acme.test'", "email"),
        rule("metadata.seats", "custom.seats"),
        rule("metadata.site", "siteUrl"),
        rule("metadata.none", "phone"),
        json!({ "source": "currency", "target": "currency", "enabled": false }),
    ];
    let rules = office.with("CUSTOMER", &rules).await;
    let preview = office.preview("CUSTOMER", &rules, &[&customer, &fits, &customer]).await;
    assert_eq!(preview.len(), 3);
    assert_eq!((&preview[0], &preview[1]["stripeId"]), (&preview[2], &json!(fits)));
    let record = &preview[0];
    assert_eq!(record["stripeId"], json!(customer));
    let shown: Vec<&Value> = record["fields"]
        .as_array()
        .unwrap()
        .iter()
        .map(|field| &field["target"])
        .collect();
    let on: Vec<&Value> = rules
        .iter()
        .filter(|rule| rule["enabled"] != false)
        .map(|rule| &rule["target"])
        .collect();
    assert_eq!(shown, on, "a row for each rule that is on, in their order");
    let link = "a link is an address that begins with https:// or http://";
    for expected in [
        said("stripeId", json!(customer), json!(customer), Value::Null),
        said("name", json!("Acme"), json!("ACME"), Value::Null),
        said("status", json!("ACTIVE"), json!("ACTIVE"), Value::Null),
        said("email", json!("a@acme.test"), json!("a@acme.test"), Value::Null),
        said("phone", Value::Null, Value::Null, Value::Null),
        said("siteUrl", Value::Null, Value::Null, json!(link)),
        said("custom.seats", Value::Null, json!("7"), Value::Null),
        said("inceptionDate", json!("2026-11-23"), json!("2026-11-23"), Value::Null),
    ] {
        assert_eq!(field(record, expected["target"].as_str().unwrap()), &expected);
    }
    let product = office
        .world()
        .create_product(json!({ "name": "Team", "active": false }));
    office.tell().await;
    let rules = office
        .with("PRODUCT", &[rule("!active", "active"), rule("name", "description")])
        .await;
    let preview = office.preview("PRODUCT", &rules, &[&product]).await;
    assert_eq!(
        field(&preview[0], "active"),
        &said("active", json!("false"), json!("true"), Value::Null)
    );
    assert_eq!(
        field(&preview[0], "description"),
        &said("description", Value::Null, json!("Team"), Value::Null)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn five_records_are_the_most_and_they_must_be_here() {
    let office = Office::open().await;
    let made: Vec<String> = (0..8)
        .map(|number| office.customer(json!({ "name": format!("No. {number}") })))
        .collect();
    let gone = office.customer(json!({ "name": "Gone" }));
    office.pull().await;
    office.pass_a_minute();
    office.world().delete_customer(&gone);
    let product = office.world().create_product(json!({ "name": "Team" }));
    office.tell().await;
    let rules = office.rules("CUSTOMER").await;
    let some = office.try_preview("CUSTOMER", &rules, None).await;
    assert_eq!(some["records"].as_array().unwrap().len(), 5);
    let again = office.try_preview("CUSTOMER", &rules, None).await;
    assert_eq!(some, again, "the same ones, for people to compare");
    let ids: Vec<&str> = made.iter().map(String::as_str).collect();
    assert_eq!(office.preview("CUSTOMER", &rules, &ids[..5]).await.len(), 5);
    for (ids, path, code) in [
        (&ids[..6], "stripeIds", "OUT_OF_RANGE"),
        (&[], "stripeIds", "OUT_OF_RANGE"),
        (&[ids[0], "cus_unknown"], "stripeIds.1", "NOT_FOUND"),
        (&[gone.as_str(), ids[0]], "stripeIds.0", "NOT_FOUND"),
        (&[ids[0], product.as_str()], "stripeIds.1", "NOT_FOUND"),
        (&[""], "stripeIds.0", "NOT_FOUND"),
    ] {
        let refused = office.try_preview("CUSTOMER", &rules, Some(ids)).await;
        assert_eq!(
            (problems(&refused), &refused["records"]),
            (vec![(path.to_owned(), code)], &json!([])),
            "{ids:?}"
        );
    }
    let both = office
        .try_preview("CUSTOMER", &rules, Some(&["cus_1", ids[0], "cus_2"]))
        .await;
    let paths = ["stripeIds.0", "stripeIds.2"];
    assert_eq!(problems(&both), paths.map(|path| (path.to_owned(), "NOT_FOUND")));
    let fixed = office.try_preview("CONTRACT", &[], None).await;
    assert_eq!(problems(&fixed), [("object".to_owned(), "MAPPING_FIXED")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_rules_have_the_problems_that_saving_them_has() {
    let office = Office::open().await;
    office.field("CLIENT", "since", "DATE", None).await;
    office.customer(json!({ "name": "Acme", "metadata": { "since": "soon" } }));
    office.pull().await;
    let base = office.rules("CUSTOMER").await;
    for wrong in [
        json!([]),
        json!([rule("a..b", "name")]),
        json!([
            rule("id", "role"),
            rule("", "email"),
            rule("name", "name"),
            rule("id", "name")
        ]),
        json!(
            office
                .with(
                    "CUSTOMER",
                    &[
                        rule("metadata.since", "custom.since"),
                        rule("date(id)", "inceptionDate")
                    ]
                )
                .await
        ),
        json!(vec![rule("name", "phone"); 201]),
        json!(base[1..]),
    ] {
        let saved = office.update("CUSTOMER", json!({ "rules": wrong })).await;
        let previewed = office.try_preview("CUSTOMER", wrong.as_array().unwrap(), None).await;
        assert_ne!(saved["userErrors"], json!([]));
        assert_eq!(previewed["userErrors"], saved["userErrors"]);
        assert_eq!(previewed["records"], json!([]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_writes_nothing() {
    let office = Office::open().await;
    office.matching(&["STRIPE_ID", "EMAIL"], None).await;
    let customer = office.customer(json!({ "name": "Acme" }));
    office.pull().await;
    office.direction("CUSTOMER", "DISABLED").await;
    let waiting = office.customer(json!({ "name": "Waiting", "email": "a@acme.test" }));
    let twin = office.customer(json!({ "name": "Twin", "email": "b@acme.test" }));
    office.pull().await;
    office.save(json!([{ "name": "Ours", "email": "b@acme.test" }])).await;
    assert!(office.whose(&twin).await.is_some());
    let rules = office
        .with(
            "CUSTOMER",
            &[
                rule("'Other'", "name"),
                rule("to_string(@)", "phone"),
                rule("id", "externalId"),
            ],
        )
        .await;
    let wrong = office.with("CUSTOMER", &[rule("'Other'", "role")]).await;
    let before = dump(office.app.db()).await;
    assert!(
        before["source_object"].len() > 3 && before["client"].len() == 3,
        "{before:?}"
    );
    office.app.sandbox().clear_requests();
    office.preview("CUSTOMER", &rules, &[&customer, &waiting, &twin]).await;
    office.try_preview("CUSTOMER", &rules, None).await;
    office.try_preview("CUSTOMER", &wrong, None).await;
    office
        .try_preview("PRODUCT", &office.rules("PRODUCT").await, None)
        .await;
    assert_eq!(dump(office.app.db()).await, before);
    assert_eq!(office.app.sandbox().request_count(), 0);
}

/// What is in a client's fields, in the words of a preview.
fn shown(client: &Value, target: &str) -> Value {
    match target {
        "stripeId" => client["stripeId"].clone(),
        _ => client
            .pointer(&format!("/{}", target.replace('.', "/")))
            .unwrap()
            .clone(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_tells_what_the_run_then_writes_whoever_the_client_is() {
    let office = Office::open().await;
    office.matching(&["STRIPE_ID", "EMAIL"], None).await;
    let named =
        |name: &str| office.customer(json!({ "name": name, "phone": name, "email": format!("{name}@acme.test") }));
    let (plain, edited, first, second) = (named("plain"), named("edited"), named("first"), named("second"));
    office.pull().await;
    let of = async |customer: &str| office.whose(customer).await.unwrap();
    office.save(json!([{ "id": of(&edited).await, "phone": "typed", "siteUrl": "typed.test", "address": { "city": "typed" } }])).await;
    let ours = office.save_one(json!({ "name": "Ours" })).await;
    office.link(&ours, &first).await;
    office.pass_a_minute();
    office.link(&ours, &second).await;
    office.direction("CUSTOMER", "DISABLED").await;
    let (found, new) = (named("found"), named("new"));
    office.pull().await;
    office.matching(&["STRIPE_ID"], None).await;
    office.rest().await;
    office.save(json!([{ "name": "Found by its address", "email": "found@acme.test", "phone": "typed", "address": { "city": "typed" } }])).await;
    // It is matched by the rules that will be in force, and no sooner: settings queue what waits, and sync is off meanwhile.
    office.app.stop_sync(&office.id).await;
    office.matching(&["STRIPE_ID", "EMAIL"], None).await;

    let rules = [
        rule("upper(name)", "name"),
        rule_by("LOCAL_WINS", "upper(phone)", "phone"),
        rule_by("FILL_IF_EMPTY", "name", "address.city"),
        rule("metadata.none", "siteUrl"),
    ];
    let rules = office.with("CUSTOMER", &rules).await;
    let customers = [&plain, &edited, &first, &second, &found].map(String::as_str);
    let mut preview = office.preview("CUSTOMER", &rules, &customers).await;
    preview.extend(office.preview("CUSTOMER", &rules, &[&new]).await);
    let of_found = &preview[4];
    assert_eq!(field(of_found, "name")["before"], "Found by its address", "{of_found}");
    assert_eq!(field(&preview[5], "name")["before"], Value::Null);
    let quiet = field(&preview[3], "name");
    assert_eq!((&quiet["before"], &quiet["after"]), (&json!("Ours"), &json!("Ours")));
    assert!(
        text(&quiet["problem"]).contains(&first),
        "another customer speaks: {quiet}"
    );

    office.app.admin().switch_sync(&office.id, true).await;
    let saved = office
        .update("CUSTOMER", json!({ "rules": rules, "direction": "PULL" }))
        .await;
    assert_eq!(saved["userErrors"], json!([]));
    office.rest().await;
    office.remap(&["CUSTOMER"]).await;
    for record in &preview {
        let customer = record["stripeId"].as_str().unwrap();
        let client = office.client_of(customer).await;
        for field in record["fields"].as_array().unwrap() {
            let target = field["target"].as_str().unwrap();
            let written = if target == "stripeId" {
                json!(customer)
            } else {
                shown(&client, target)
            };
            let expected = if customer == second && target != "stripeId" {
                // Written by the one that speaks.
                self::field(&preview[2], target)["after"].clone()
            } else {
                field["after"].clone()
            };
            assert_eq!(written, expected, "{customer} {target}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_would_fail_says_so_on_each_field() {
    let office = Office::open().await;
    let customer = office.customer(json!({ "name": "Large" }));
    office.pull().await;
    office.pass_a_minute();
    office
        .world()
        .update(Kind::Customer, &customer, json!({ "notes": "x".repeat(70_000) }));
    office.tell().await;
    let rules = office.with("CUSTOMER", &[rule("notes", "phone")]).await;
    let preview = office.preview("CUSTOMER", &rules, &[&customer]).await.remove(0);
    for field in preview["fields"].as_array().unwrap() {
        assert_eq!(field["after"], Value::Null, "{field}");
        assert_eq!(
            field["problem"],
            "What the rule for phone gives is longer than 65536 bytes."
        );
    }
    assert_eq!(field(&preview, "name")["before"], "Large");
}
