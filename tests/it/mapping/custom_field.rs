//! Fields that an admin adds: their values by a mapping and by hand, and what becomes of both.

use futures_util::future::join_all;
use sandbox::Kind;
use serde_json::{Value, json};

use crate::settings::support::problems;
use crate::support::{Office, dump, rule, rule_by, text};

/// Type, options, what is given, what is kept, and something that does not fit.
type Case = (
    &'static str,
    Option<&'static [&'static str]>,
    &'static str,
    &'static str,
    &'static str,
);

const TYPES: [Case; 8] = [
    ("TEXT", None, "Gold & more", "Gold & more", ""),
    ("INTEGER", None, "-007", "-7", "7.5"),
    ("DECIMAL", None, "19.900", "19.9", "1e5"),
    ("CURRENCY", None, "-19.90", "-19.90", "19,90"),
    ("BOOLEAN", None, "TRUE", "true", "yes"),
    ("DATE", None, "2024-02-29", "2024-02-29", "2023-02-29"),
    ("LINK", None, "acme.test", "https://acme.test", "javascript:alert(1)"),
    ("PICKLIST", Some(&["Gold", "Silver"]), "GOLD", "Gold", "Bronze"),
];

/// A field of each type, with the type's name as its key.
async fn make_fields(office: &Office, owner: &str) {
    for (kind, options, ..) in TYPES {
        office.field(owner, &kind.to_lowercase(), kind, options).await;
    }
}

fn rules_of_metadata() -> Vec<Value> {
    let of = |kind: &str| {
        let key = kind.to_lowercase();
        rule(&format!("metadata.{key}"), &format!("custom.{key}"))
    };
    TYPES.iter().map(|(kind, ..)| of(kind)).collect()
}

fn metadata(value: impl Fn(usize) -> &'static str) -> Value {
    let entries = TYPES
        .iter()
        .enumerate()
        .map(|(place, (kind, ..))| (kind.to_lowercase(), json!(value(place))));
    entries.collect()
}

/// A record's values by key.
fn values(record: &Value) -> Value {
    let values = record["customValues"].as_array().unwrap().iter();
    values
        .map(|value| (text(&value["field"]["key"]), value["value"].clone()))
        .collect()
}

async fn product(office: &Office, stripe_id: &str) -> Value {
    let query = "query($id: String!) { product(ref: {stripe: {stripeId: $id}}) { name warnings customValues { field { key } value } } }";
    office.app.graphql(query, json!({ "id": stripe_id })).await["product"].take()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_type_keeps_one_form_by_a_mapping_and_by_hand() {
    let office = Office::open().await;
    for (owner, object) in [("CLIENT", "CUSTOMER"), ("PRODUCT", "PRODUCT")] {
        make_fields(&office, owner).await;
        office.map(object, &rules_of_metadata()).await;
    }
    let given = || metadata(|place| TYPES[place].2);
    let customer = office.customer(json!({ "name": "Acme", "metadata": given() }));
    let sold = office
        .world()
        .create_product(json!({ "name": "Team", "metadata": given() }));
    office.pull().await;
    let kept = metadata(|place| TYPES[place].3);
    assert_eq!(values(&office.client_of(&customer).await), kept);
    assert_eq!(values(&product(&office, &sold).await), kept);
    let by_hand: Vec<Value> = TYPES
        .iter()
        .map(|(kind, _, given, ..)| json!({ "key": kind.to_lowercase(), "value": format!(" {given}\n") }))
        .collect();
    let saved = office
        .save(json!([{ "name": "Ours", "customValues": by_hand }]))
        .await
        .remove(0);
    assert_eq!(values(&saved), kept, "and as it is typed");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_fit_is_left_out_with_a_warning_and_refused_by_hand() {
    let office = Office::open().await;
    make_fields(&office, "CLIENT").await;
    make_fields(&office, "PRODUCT").await;
    office.map("CUSTOMER", &rules_of_metadata()).await;
    office.map("PRODUCT", &rules_of_metadata()).await;
    let wrong = || metadata(|place| TYPES[place].4);
    let customer = office.customer(json!({ "name": "Acme", "metadata": wrong() }));
    let sold = office
        .world()
        .create_product(json!({ "name": "Team", "metadata": wrong() }));
    office.pull().await;
    for record in [office.client_of(&customer).await, product(&office, &sold).await] {
        assert!(
            values(&record).as_object().unwrap().values().all(Value::is_null),
            "{record}"
        );
        let warnings: Vec<&str> = record["warnings"]
            .as_array()
            .unwrap()
            .iter()
            .map(|warning| warning.as_str().unwrap())
            .collect();
        assert_eq!(warnings.len(), 7, "nothing is text: {warnings:?}");
        for (warning, (kind, ..)) in warnings.iter().zip(&TYPES[1..]) {
            let begin = format!("The rule for custom.{} gives nothing that fits: ", kind.to_lowercase());
            assert!(warning.starts_with(&begin), "{warning}");
        }
    }
    for (kind, _, _, _, wrong) in &TYPES[1..] {
        let values = json!([{ "key": kind.to_lowercase(), "value": wrong }]);
        let refused = office
            .try_save(json!([{ "name": "Ours", "customValues": values }]))
            .await;
        assert_eq!(
            problems(&refused),
            [("clients.0.customValues.0".to_owned(), "INVALID")],
            "{kind} {wrong}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn any_scalar_of_stripe_s_can_fill_one() {
    let office = Office::open().await;
    for (key, kind) in [
        ("locale", "TEXT"),
        ("invoices", "INTEGER"),
        ("minor", "DECIMAL"),
        ("balance", "CURRENCY"),
        ("late", "BOOLEAN"),
        ("since", "DATE"),
        ("exactly", "TEXT"),
        ("many", "TEXT"),
    ] {
        office.field("CLIENT", key, kind, None).await;
    }
    let rules = [
        rule("preferred_locales[0]", "custom.locale"),
        rule("next_invoice_sequence", "custom.invoices"),
        rule("balance", "custom.minor"),
        rule("money(balance, currency)", "custom.balance"),
        rule("delinquent", "custom.late"),
        rule("date(created)", "custom.since"),
        rule("datetime(created)", "custom.exactly"),
        rule("join('/', preferred_locales) || 'none'", "custom.many"),
    ];
    office.map("CUSTOMER", &rules).await;
    let customer = |currency: Value, balance: i64| {
        office.customer(json!({
            "name": "Acme", "currency": currency, "balance": balance, "delinquent": true, "preferred_locales": ["de", "en"],
            "created": 1_709_164_799,
        }))
    };
    let balances = [
        (json!("usd"), -1_990, json!("-19.90")),
        (json!("usd"), 5, json!("0.05")),
        (json!("usd"), 0, json!("0.00")),
        (json!("jpy"), -1_990, json!("-1990")),
        (json!("kwd"), -1_990, json!("-1.990")),
        (json!("kwd"), 1_234_567, json!("1234.567")),
        // Who was never billed has no currency, and no amount in any.
        (Value::Null, 0, Value::Null),
    ];
    let made: Vec<String> = balances
        .iter()
        .map(|(currency, minor, _)| customer(currency.clone(), *minor))
        .collect();
    office.pull().await;
    for ((currency, minor, expected), customer) in balances.iter().zip(&made) {
        let values = values(&office.client_of(customer).await);
        assert_eq!(&values["balance"], expected, "{currency} {minor}");
        assert_eq!(values["minor"], json!(minor.to_string()));
    }
    let all = values(&office.client_of(&made[0]).await);
    let expected = json!({
        "locale": "de", "invoices": "1", "minor": "-1990", "balance": "-19.90", "late": "true", "since": "2024-02-28",
        "exactly": "2024-02-28T23:59:59Z", "many": "de/en",
    });
    assert_eq!(all, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_fields_are_refused_by_name() {
    let office = Office::open().await;
    let field = |changes: Value| {
        let mut field = json!({ "owner": "CLIENT", "key": "tier", "label": "Tier", "type": "TEXT" });
        field
            .as_object_mut()
            .unwrap()
            .extend(changes.as_object().unwrap().clone());
        field
    };
    let picklist = |options: Value| field(json!({ "type": "PICKLIST", "options": options }));
    let many = |count: usize| (0..count).map(|number| format!("No. {number}")).collect::<Value>();
    let x = |count: usize| "x".repeat(count);
    for (wrong, expected) in [
        (field(json!({ "key": "" })), vec![("key", "INVALID")]),
        (field(json!({ "key": "Tier" })), vec![("key", "INVALID")]),
        (field(json!({ "key": "9a" })), vec![("key", "INVALID")]),
        (field(json!({ "key": "__proto__" })), vec![("key", "INVALID")]),
        (field(json!({ "key": "a.b" })), vec![("key", "INVALID")]),
        (field(json!({ "key": "a-b" })), vec![("key", "INVALID")]),
        (field(json!({ "key": "ключ" })), vec![("key", "INVALID")]),
        (field(json!({ "key": " a" })), vec![("key", "INVALID")]),
        (field(json!({ "key": x(64) })), vec![("key", "INVALID")]),
        (field(json!({ "label": " " })), vec![("label", "REQUIRED")]),
        (field(json!({ "label": x(101) })), vec![("label", "TOO_LONG")]),
        (field(json!({ "options": ["a"] })), vec![("options", "INVALID")]),
        (picklist(Value::Null), vec![("options", "REQUIRED")]),
        (picklist(json!([])), vec![("options", "REQUIRED")]),
        (picklist(many(201)), vec![("options", "OUT_OF_RANGE")]),
        (
            picklist(json!(["a", " ", "b", " A", x(101)])),
            vec![
                ("options.1", "INVALID"),
                ("options.3", "CONFLICT"),
                ("options.4", "INVALID"),
            ],
        ),
        (
            json!({ "owner": "CLIENT", "key": "Ä", "label": "", "type": "PICKLIST" }),
            vec![("key", "INVALID"), ("label", "REQUIRED"), ("options", "REQUIRED")],
        ),
        (
            field(json!({ "id": format!("field_{:032}", 0) })),
            vec![("id", "NOT_FOUND")],
        ),
        (field(json!({ "id": "x" })), vec![("id", "INVALID")]),
    ] {
        let refused = office.try_field(wrong.clone()).await;
        let expected: Vec<(String, &str)> = expected
            .iter()
            .map(|(path, code)| ((*path).to_owned(), *code))
            .collect();
        assert_eq!(problems(&refused), expected, "{wrong}");
        assert_eq!(refused["customField"], Value::Null);
    }
    for (right, kept) in [
        (field(json!({ "key": x(63), "label": x(100) })), json!([])),
        (picklist(many(200)), many(200)),
        (
            field(json!({ "key": "a_1", "label": " A ", "type": "PICKLIST", "options": [" a ", "b"] })),
            json!(["a", "b"]),
        ),
        (field(json!({ "owner": "PRODUCT" })), json!([])),
    ] {
        let saved = office.try_field(right.clone()).await;
        assert_eq!(
            (problems(&saved), &saved["customField"]["options"]),
            (vec![], &kept),
            "{right}"
        );
    }
    let twin = office.try_field(field(json!({}))).await;
    assert_eq!(problems(&twin), [("key".to_owned(), "ALREADY_EXISTS")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_has_a_hundred_at_most() {
    let office = Office::open().await;
    for number in 0..100 {
        office.field("PRODUCT", &format!("field_{number}"), "TEXT", None).await;
    }
    let more = json!({ "owner": "PRODUCT", "key": "more", "label": "More", "type": "TEXT" });
    let refused = office.try_field(more).await;
    assert_eq!(
        (problems(&refused), &refused["userErrors"][0]["field"]),
        (vec![(String::new(), "OUT_OF_RANGE")], &Value::Null)
    );
    office.field("CLIENT", "more", "TEXT", None).await;
    let listed = "query($owner: CustomFieldOwner) { customFields(owner: $owner) { owner key } }";
    let all = office.app.graphql(listed, json!({})).await;
    assert_eq!(all["customFields"].as_array().unwrap().len(), 101);
    let clients = office.app.graphql(listed, json!({ "owner": "CLIENT" })).await;
    assert_eq!(clients["customFields"], json!([{ "owner": "CLIENT", "key": "more" }]));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_at_once_with_one_key_one_is_made() {
    let office = Office::open().await;
    let field = json!({ "owner": "CLIENT", "key": "tier", "label": "Tier", "type": "TEXT" });
    let answers = join_all((0..8).map(|_| office.try_field(field.clone()))).await;
    let (made, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| problems(answer).is_empty());
    assert_eq!(made.len(), 1);
    for answer in refused {
        assert_eq!(problems(&answer), [("key".to_owned(), "ALREADY_EXISTS")]);
    }
    let id = text(&made[0]["customField"]["id"]);
    let renamed = json!({ "id": id, "owner": "CLIENT", "key": "tier", "label": "Another", "type": "TEXT" });
    let acts = futures_util::join!(
        office.delete_field(&id),
        office.try_field(renamed),
        office.delete_field(&id)
    );
    let codes = |answer: &Value| {
        problems(answer)
            .into_iter()
            .map(|(_, code)| code.to_owned())
            .collect::<Vec<_>>()
    };
    for answer in [&acts.0, &acts.1, &acts.2] {
        assert!(codes(answer).iter().all(|code| code == "NOT_FOUND"), "{answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn owner_key_and_type_are_fixed_and_the_rest_may_change() {
    let office = Office::open().await;
    let id = office
        .field("CLIENT", "tier", "PICKLIST", Some(&["Gold", "Silver"]))
        .await;
    office.map("CUSTOMER", &[rule("metadata.tier", "custom.tier")]).await;
    let customer = office.customer(json!({ "metadata": { "tier": "gold" } }));
    office.pull().await;
    assert_eq!(office.stale("CUSTOMER").await, 0);
    let field = |owner: &str, key: &str, kind: &str| json!({ "id": id, "owner": owner, "key": key, "label": "Level", "type": kind, "options": ["Silver", "Platinum"] });
    let refused = office.try_field(field("PRODUCT", "level", "PICKLIST")).await;
    assert_eq!(
        problems(&refused),
        [("owner".to_owned(), "CONFLICT"), ("key".to_owned(), "CONFLICT")]
    );
    let mut other = field("CLIENT", "tier", "TEXT");
    other["options"] = Value::Null;
    assert_eq!(
        problems(&office.try_field(other).await),
        [("type".to_owned(), "CONFLICT")]
    );

    let relabelled = json!({ "id": id, "owner": "CLIENT", "key": "tier", "label": "Level", "type": "PICKLIST", "options": ["Gold", "Silver"] });
    let saved = office.try_field(relabelled).await;
    let expected = json!({ "id": id, "owner": "CLIENT", "key": "tier", "label": "Level", "type": "PICKLIST", "options": ["Gold", "Silver"] });
    assert_eq!(saved["customField"], expected);
    assert_eq!(office.stale("CUSTOMER").await, 0, "another label makes no other record");
    assert_eq!(
        problems(&office.try_field(field("CLIENT", "tier", "PICKLIST")).await),
        []
    );
    assert!(office.stale("CUSTOMER").await > 0, "other options do");
    let tier = async || values(&office.client_of(&customer).await)["tier"].clone();
    assert_eq!(tier().await, "Gold", "what is here stays as it is");
    office.remap(&["CUSTOMER"]).await;
    assert_eq!(
        tier().await,
        Value::Null,
        "and what is mapped fits the options of today"
    );
    office.pass_a_minute();
    office
        .world()
        .update(Kind::Customer, &customer, json!({ "metadata": { "tier": "platinum" } }));
    office.tell().await;
    assert_eq!(tier().await, "Platinum");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_field_takes_its_values_along() {
    let office = Office::open().await;
    for (owner, object) in [("CLIENT", "CUSTOMER"), ("PRODUCT", "PRODUCT")] {
        office.field(owner, "keep", "TEXT", None).await;
        let id = office.field(owner, "tier", "TEXT", None).await;
        office
            .map(
                object,
                &[
                    rule("metadata.tier", "custom.tier"),
                    rule("metadata.tier", "custom.keep"),
                ],
            )
            .await;
        let metadata = json!({ "metadata": { "tier": "Gold" } });
        let (customer, sold) = (
            office.customer(metadata.clone()),
            office.world().create_product(metadata),
        );
        office.pull().await;
        let shown = async || {
            if owner == "CLIENT" {
                values(&office.client_of(&customer).await)
            } else {
                values(&product(&office, &sold).await)
            }
        };
        assert_eq!(shown().await, json!({ "keep": "Gold", "tier": "Gold" }));
        let refused = office.delete_field(&id).await;
        assert_eq!(problems(&refused), [("id".to_owned(), "CONFLICT")], "a rule writes it");
        let mut rules = office.rules(object).await;
        rules.retain(|rule| rule["target"] != "custom.tier");
        let mut off = rules.clone();
        off.push(json!({ "source": "metadata.tier", "target": "custom.tier", "enabled": false }));
        assert_eq!(problems(&office.update(object, json!({ "rules": off })).await), []);
        assert_eq!(
            problems(&office.delete_field(&id).await),
            [("id".to_owned(), "CONFLICT")],
            "a rule that is off may be turned on"
        );
        assert_eq!(problems(&office.update(object, json!({ "rules": rules })).await), []);
        assert_eq!(shown().await["tier"], "Gold", "without a rule a value stays");
        assert_eq!(
            office.delete_field(&id).await,
            json!({ "deletedId": id, "userErrors": [] })
        );
        assert_eq!(shown().await, json!({ "keep": "Gold" }));
        let row = id
            .strip_prefix("field_")
            .unwrap()
            .parse::<uuid::Uuid>()
            .unwrap()
            .to_string();
        let everything = dump(office.app.db()).await;
        assert!(!format!("{everything:?}").contains(&row), "not a value of it is left");
        assert_eq!(
            problems(&office.delete_field(&id).await),
            [("id".to_owned(), "NOT_FOUND")],
            "twice"
        );
        let forbidden = office.with(object, &[rule("id", "custom.tier")]).await;
        let refused = office.update(object, json!({ "rules": forbidden })).await;
        assert_eq!(refused["userErrors"][0]["code"], "MAPPING_TARGET_FORBIDDEN");

        office.field(owner, "tier", "TEXT", None).await;
        office.pull().await;
        assert_eq!(
            shown().await,
            json!({ "keep": "Gold", "tier": null }),
            "a field of the same key is another field"
        );
    }
    for (id, code) in [(office.id.as_str(), "NOT_FOUND"), ("x", "INVALID")] {
        assert_eq!(office.delete_field(id).await["userErrors"][0]["code"], code, "{id}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_field_takes_along_that_people_have_set_it() {
    let office = Office::open().await;
    let first = office.field("CLIENT", "tier", "TEXT", None).await;
    office.field("CLIENT", "tiers", "TEXT", None).await;
    let customer = office.customer(json!({ "name": "Acme", "metadata": { "tier": "Stripe's" } }));
    office.pull().await;
    let id = office.whose(&customer).await.unwrap();
    let by_hand = json!([{ "key": "tier", "value": "Ours" }, { "key": "tiers", "value": "Ours, too" }]);
    office.save(json!([{ "id": id, "customValues": by_hand }])).await;
    office.delete_field(&first).await;
    office.field("CLIENT", "tier", "TEXT", None).await;
    office
        .map(
            "CUSTOMER",
            &[
                rule_by("LOCAL_WINS", "metadata.tier", "custom.tier"),
                rule_by("LOCAL_WINS", "metadata.tier", "custom.tiers"),
            ],
        )
        .await;
    office.remap(&["CUSTOMER"]).await;
    assert_eq!(
        values(&office.client(&id).await),
        json!({ "tier": "Stripe's", "tiers": "Ours, too" })
    );
}
