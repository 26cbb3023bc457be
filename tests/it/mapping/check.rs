//! What may be saved as a mapping: everything wrong with it is told at once, by its place, and nothing of it is kept.

use sandbox::Kind;
use serde_json::{Value, json};

use crate::settings::support::problems;
use crate::support::{Office, rule, text};

async fn refusals(office: &Office, object: &str, rules: &[Value]) -> Vec<(String, String)> {
    let before = office.rules(object).await;
    let rules = office.with(object, rules).await;
    let answer = office.update(object, json!({ "rules": rules })).await;
    assert_eq!(answer["mapping"], Value::Null, "{answer}");
    assert_eq!(office.rules(object).await, before, "nothing is kept");
    problems(&answer)
        .into_iter()
        .map(|(path, code)| (path, code.to_owned()))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn only_fields_of_ours_can_be_written() {
    let office = Office::open().await;
    office.field("CLIENT", "tier", "TEXT", None).await;
    let at = office.rules("CUSTOMER").await.len();
    for target in [
        "id",
        "origin",
        "nameKey",
        "name_key",
        "role",
        "passwordHash",
        "edited",
        "createdAt",
        "Name",
        " name",
        "name ",
        "",
        "address",
        "address.planet",
        "address.city.name",
        "../x",
        "custom",
        "custom.",
        "custom.other",
        "custom.__proto__",
        "custom.tier.x",
        "custom.Tier",
        "CUSTOM.tier",
        "stripe_id",
        "sku",
        "client.name",
        "name; DROP TABLE client",
    ] {
        let refused = refusals(&office, "CUSTOMER", &[rule("name", target)]).await;
        assert_eq!(
            refused,
            [(format!("rules.{at}.target"), "MAPPING_TARGET_FORBIDDEN".to_owned())],
            "{target:?}"
        );
    }
    // The id of another row: there is one target for an id, and one source for it.
    for source in ["metadata.id", "'cus_other'", "lower(id)", "id || name"] {
        let refused = refusals(&office, "CUSTOMER", &[rule(source, "stripeId")]).await;
        assert_eq!(
            refused,
            [("rules.0.source".to_owned(), "MAPPING_SOURCE_INVALID".to_owned())],
            "{source}"
        );
    }
    let at = office.rules("PRODUCT").await.len();
    for target in ["email", "custom.tier", "recurring", "integrationId"] {
        let refused = refusals(&office, "PRODUCT", &[rule("name", target)]).await;
        assert_eq!(
            refused,
            [(format!("rules.{at}.target"), "MAPPING_TARGET_FORBIDDEN".to_owned())],
            "{target:?}"
        );
    }
    let targets = "query($object: SyncObject!) { mappingTargets(object: $object) { path type required label } }";
    let known = office.app.graphql(targets, json!({ "object": "CUSTOMER" })).await["mappingTargets"].take();
    let paths: Vec<&str> = known
        .as_array()
        .unwrap()
        .iter()
        .map(|target| target["path"].as_str().unwrap())
        .collect();
    assert_eq!(paths.len(), 16);
    assert_eq!(
        known[15],
        json!({ "path": "custom.tier", "type": "TEXT", "required": false, "label": "tier" })
    );
    let required = known
        .as_array()
        .unwrap()
        .iter()
        .filter(|target| target["required"] == true);
    assert_eq!(
        required.map(|target| text(&target["path"])).collect::<Vec<_>>(),
        ["stripeId", "name", "status"]
    );
    let fixed = office
        .app
        .admin()
        .response(targets, json!({ "object": "CONTRACT" }))
        .await;
    assert_eq!(fixed["errors"][0]["extensions"]["reason"], "MAPPING_FIXED", "{fixed}");
}

/// Sources that would make much of little, or that go on for long.
fn bombs() -> Vec<String> {
    let doubled = "[@,@][]".to_owned() + &"|[@,@][]".repeat(60);
    let list = format!("`[{}]`", vec!["\"\""; 150].join(","));
    vec![
        "[@, @][]".to_owned(),
        doubled,
        "[name, name, name]".to_owned(),
        "{a: @, b: @}".to_owned(),
        "sources.data[*].cards[*].id".to_owned(),
        "sources.data[].id".to_owned(),
        "sources.data[?id].cards[?id]".to_owned(),
        "metadata.*".to_owned(),
        "sources.data[0:10]".to_owned(),
        "sources.data[::-1]".to_owned(),
        "sort(@)".to_owned(),
        "sort_by(sources.data, &id)".to_owned(),
        "map(&@, sources.data)".to_owned(),
        "merge(@, @)".to_owned(),
        "to_array(@)".to_owned(),
        "values(@)".to_owned(),
        "reverse(name)".to_owned(),
        "&name".to_owned(),
        format!("join(to_string(@), {list})"),
        format!("to_string(@) | join(@, {list})"),
        "!".repeat(511) + "a",
        "(".repeat(255) + "a" + &")".repeat(255),
        "a.".repeat(200) + "a",
        "a||".repeat(100) + "a",
        "a==".repeat(17) + "a",
        "lower(".repeat(17) + "a" + &")".repeat(17),
        "a[99999999999999999999]".to_owned(),
        format!("`{}1{}`", "[".repeat(250), "]".repeat(250)),
        "a | b | c | d | e | f | g | h | i | j | k | l | m | n | o | p | q".to_owned(),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn bombs_are_refused_when_they_are_saved() {
    let office = Office::open().await;
    office.customer(json!({ "name": "Acme" }));
    office.pull().await;
    let at = office.rules("CUSTOMER").await.len();
    for source in bombs() {
        assert!(
            source.chars().count() <= 512,
            "it is its contents that are refused: {source}"
        );
        let refused = refusals(&office, "CUSTOMER", &[rule(&source, "externalId")]).await;
        assert_eq!(
            refused,
            [(format!("rules.{at}.source"), "MAPPING_SOURCE_INVALID".to_owned())],
            "{source}"
        );
    }
    let fits = format!("'{}'", "x".repeat(510));
    let long = format!("'{}'", "x".repeat(511));
    office.map("CUSTOMER", &[rule(&fits, "externalId")]).await;
    let refused = refusals(&office, "CUSTOMER", &[rule(&long, "externalId")]).await;
    assert_eq!(refused, [(format!("rules.{at}.source"), "TOO_LONG".to_owned())]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_result_that_is_too_large_fails_its_record_and_no_other() {
    let office = Office::open().await;
    office
        .map(
            "CUSTOMER",
            &[rule("join(',', tags)", "address.line2"), rule("notes", "phone")],
        )
        .await;
    let large = office.customer(json!({ "name": "Large", "notes": "x".repeat((64 << 10) + 1) }));
    let many = office.customer(json!({ "name": "Many", "tags": vec!["x"; 40_000] }));
    let fits = office.customer(json!({ "name": "Fits", "notes": "x".repeat(64 << 10), "tags": vec!["x"; 32_000] }));
    let run = office.app.admin().import(&office.id).await;
    assert_eq!(run["state"], "SUCCEEDED");
    office.tell().await;
    let client = office.client_of(&fits).await;
    assert_eq!(
        (
            client["phone"].as_str().unwrap().len(),
            client["address"]["line2"].as_str().unwrap().len()
        ),
        (64 << 10, 63_999)
    );
    let errors = "query($id: ID!) { syncErrors(filter: {integrationId: $id}) { nodes { stripeId code } } }";
    let errors = office.app.graphql(errors, json!({ "id": office.id })).await;
    let errors = errors["syncErrors"]["nodes"].as_array().unwrap();
    for failed in [&large, &many] {
        assert_eq!(office.whose(failed).await, None);
        let told = errors.iter().find(|error| error["stripeId"] == json!(failed)).unwrap();
        assert_eq!(told["code"], "VALUE_TOO_LARGE", "{told}");
    }
    assert_eq!(errors.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn all_problems_are_told_at_once() {
    let office = Office::open().await;
    office.field("CLIENT", "since", "DATE", None).await;
    let rules = json!([
        rule("name", "name"),
        rule("upper(name)", "name"),
        json!({ "source": "'x'", "target": "status", "enabled": false }),
        rule("", "email"),
        rule("a..b", "nothing"),
        rule("'soon'", "custom.since"),
        rule("date(created) || 'unknown'", "inceptionDate"),
        rule("money(balance, currency)", "inceptionDate"),
    ]);
    let answer = office
        .update("CUSTOMER", json!({ "expectedVersion": 7, "rules": rules }))
        .await;
    let expected = [
        ("expectedVersion", "STALE_VERSION"),
        ("rules.2.enabled", "MAPPING_REQUIRED_MISSING"),
        ("rules.2.source", "MAPPING_TYPE_MISMATCH"),
        ("rules.3.source", "REQUIRED"),
        ("rules.4.target", "MAPPING_TARGET_FORBIDDEN"),
        ("rules.4.source", "MAPPING_SOURCE_INVALID"),
        ("rules.5.source", "MAPPING_TYPE_MISMATCH"),
        ("rules.6.source", "MAPPING_TYPE_MISMATCH"),
        ("rules.7.source", "MAPPING_TYPE_MISMATCH"),
        ("rules.1.target", "CONFLICT"),
        ("rules.7.target", "CONFLICT"),
        ("rules", "MAPPING_REQUIRED_MISSING"),
    ];
    assert_eq!(problems(&answer), expected.map(|(path, code)| (path.to_owned(), code)));
    assert_eq!(answer["mapping"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_rules_are_looked_at_and_more_are_not() {
    let office = Office::open().await;
    let mut rules = office.rules("CUSTOMER").await;
    for number in 0..100 {
        let key = format!("field_{number}");
        office.field("CLIENT", &key, "TEXT", None).await;
        rules.push(rule("name", &format!("custom.{key}")));
    }
    rules.push(rule("metadata.site", "siteUrl"));
    rules.push(rule("metadata.crm", "externalId"));
    assert_eq!(rules.len(), 115, "every field there can be");
    let saved = office.update("CUSTOMER", json!({ "rules": rules })).await;
    assert_eq!(problems(&saved), []);
    rules.resize(200, rule("name", "phone"));
    let refused = office.update("CUSTOMER", json!({ "rules": rules })).await;
    let codes: Vec<&str> = problems(&refused).into_iter().map(|(_, code)| code).collect();
    assert_eq!(codes, vec!["CONFLICT"; 85]);
    rules.resize(201, rule("name", "phone"));
    let refused = office.update("CUSTOMER", json!({ "rules": rules })).await;
    assert_eq!(problems(&refused), [("rules".to_owned(), "OUT_OF_RANGE")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_fits_nothing_that_is_here_is_refused() {
    let office = Office::open().await;
    office.field("CLIENT", "since", "DATE", None).await;
    office.field("CLIENT", "seats", "INTEGER", None).await;
    let at = office.rules("CUSTOMER").await.len();
    let since = || [rule("metadata.since", "custom.since")];
    // Nothing is here that could speak against it.
    office.map("CUSTOMER", &since()).await;
    let mut rules = office.rules("CUSTOMER").await;
    rules.pop();
    office.update("CUSTOMER", json!({ "rules": rules })).await;
    for since in ["soon", "later", ""] {
        office.customer(json!({ "metadata": { "since": since } }));
    }
    office.pull().await;
    let mismatch = [(format!("rules.{at}.source"), "MAPPING_TYPE_MISMATCH".to_owned())];
    assert_eq!(refusals(&office, "CUSTOMER", &since()).await, mismatch);
    assert_eq!(
        refusals(&office, "CUSTOMER", &[rule("metadata", "custom.since")]).await,
        mismatch
    );
    assert_eq!(
        refusals(&office, "CUSTOMER", &[rule("date(id)", "custom.since")]).await,
        mismatch
    );
    office.map("CUSTOMER", &[rule("metadata.seats", "custom.seats")]).await;
    let at = at + 1;
    let mismatch = [(format!("rules.{at}.source"), "MAPPING_TYPE_MISMATCH".to_owned())];
    assert_eq!(refusals(&office, "CUSTOMER", &since()).await, mismatch);
    office.customer(json!({ "metadata": { "since": "2024-02-29" } }));
    office.pull().await;
    office.map("CUSTOMER", &since()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn names_in_metadata_are_taken_literally() {
    let office = Office::open().await;
    let long = "k".repeat(40);
    let keys = [
        "name",
        "id",
        "a.b",
        "say \"hi\"",
        "it's",
        "a\u{0}b",
        &long,
        "ключ 🦊",
        "9",
        "custom.tier",
        "@",
        "`x`",
        "a\\b",
        "\u{202e}x",
    ];
    let mut metadata = json!({});
    for (place, key) in keys.iter().enumerate() {
        office.field("CLIENT", &format!("field_{place}"), "TEXT", None).await;
        metadata[*key] = json!(format!("value {place}"));
    }
    let quoted = |key: &str| format!("metadata.{}", json!(key));
    let rules: Vec<Value> = keys
        .iter()
        .enumerate()
        .map(|(place, key)| rule(&quoted(key), &format!("custom.field_{place}")))
        .collect();
    office.map("CUSTOMER", &rules).await;
    let customer = office.customer(json!({ "name": "Acme", "metadata": metadata }));
    office.pull().await;
    office.tell().await;
    let client = office.client_of(&customer).await;
    assert_eq!((&client["name"], &client["warnings"]), (&json!("Acme"), &json!([])));
    let values = client["customValues"].as_array().unwrap();
    for (place, name) in keys.iter().enumerate() {
        let key = json!(format!("field_{place}"));
        let value = values.iter().find(|value| value["field"]["key"] == key).unwrap();
        assert_eq!(value["value"], json!(format!("value {place}")), "{name:?}");
    }
    assert_eq!(
        office.world().truth(Kind::Customer).pop().unwrap()["id"],
        json!(customer)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stripe_gives_is_kept_as_it_is_or_told() {
    let office = Office::open().await;
    let strange = "\u{202e}rtl \u{200b}zero 🦊 <b>'\"; -- %_\\";
    let customer = office.customer(json!({ "name": strange, "phone": "a\u{0}b", "created": 253_402_300_799_i64 }));
    let early = office.customer(json!({ "name": "Early", "created": -1, "phone": 1e300 }));
    let never = office.customer(json!({ "name": "Never", "created": i64::MAX }));
    office.pull().await;
    office.tell().await;
    let client = office.client_of(&customer).await;
    assert_eq!(
        (&client["name"], &client["phone"]),
        (&json!(strange), &json!("a\u{FFFD}b"))
    );
    assert_eq!(
        (&client["inceptionDate"], &client["warnings"]),
        (&json!("9999-12-31"), &json!(["A NUL character in phone was replaced."]))
    );
    assert_eq!(office.client_of(&early).await["inceptionDate"], "1969-12-31");
    let client = office.client_of(&never).await;
    assert_eq!(client["inceptionDate"], Value::Null);
    assert_eq!(client["warnings"].as_array().unwrap().len(), 1, "{client}");
}
