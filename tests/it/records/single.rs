//! Single records: by every kind of reference, with all their fields.

use serde_json::{Value, json};
use uuid::Uuid;

use super::world::World;

fn global(prefix: &str, id: Uuid) -> String {
    format!("{prefix}_{}", id.simple())
}

#[tokio::test]
async fn clients_are_found_by_each_reference() {
    let world = World::full().await;
    let query = "query($ref: ClientRef!) { client(ref: $ref) { id } }";
    let of = |at: usize| json!({ "client": { "id": global("client", world.rows.clients[at].id) } });
    let none = json!({ "client": null });
    let b = global("integration", world.rows.integrations[1].id);
    for (reference, found) in [
        (json!({ "id": global("client", world.rows.clients[5].id) }), of(5)),
        (json!({ "id": global("client", Uuid::nil()) }), none.clone()),
        (
            json!({ "id": global("contract", world.rows.clients[5].id) }),
            none.clone(),
        ),
        (json!({ "externalId": "crm-4" }), of(4)),
        (json!({ "externalId": "unknown" }), none.clone()),
        (json!({ "stripe": { "stripeId": "cus_5" } }), of(5)),
        (json!({ "stripe": { "stripeId": "cus_0", "integrationId": b } }), of(0)),
        (json!({ "stripe": { "stripeId": "cus_5", "integrationId": b } }), none),
    ] {
        assert_eq!(
            world.query(query, json!({ "ref": reference })).await,
            found,
            "{reference}"
        );
    }
    for (reference, refusal) in [
        (json!({ "externalId": "crm-2" }), json!(["CONFLICT", ["externalId"]])),
        (json!({ "id": "junk" }), json!(["INVALID", ["id"]])),
    ] {
        assert_eq!(
            world.refusal(query, json!({ "ref": reference })).await,
            refusal,
            "{reference}"
        );
    }
}

#[tokio::test]
async fn products_and_contracts_are_found_by_each_reference() {
    let world = World::full().await;
    let rows = &world.rows;
    let product = "query($ref: ProductRef!) { product(ref: $ref) { id } }";
    let contract = "query($ref: ContractRef!) { contract(ref: $ref) { id } }";
    let b = global("integration", rows.integrations[1].id);
    for (query, reference, id) in [
        (
            product,
            json!({ "id": global("product", rows.products[4].id) }),
            global("product", rows.products[4].id),
        ),
        (
            product,
            json!({ "stripe": { "stripeId": "prod_4" } }),
            global("product", rows.products[4].id),
        ),
        (
            product,
            json!({ "stripe": { "stripeId": "prod_0", "integrationId": b } }),
            global("product", rows.products[1].id),
        ),
        (
            contract,
            json!({ "id": global("contract", rows.contracts[4].id) }),
            global("contract", rows.contracts[4].id),
        ),
        (
            contract,
            json!({ "stripe": { "stripeId": "in_4" } }),
            global("contract", rows.contracts[4].id),
        ),
        (
            contract,
            json!({ "stripe": { "stripeId": "sub_3" } }),
            global("contract", rows.contracts[3].id),
        ),
    ] {
        let found = world.query(query, json!({ "ref": reference })).await;
        assert_eq!(
            found.as_object().unwrap().values().next().unwrap()["id"],
            json!(id),
            "{reference}"
        );
    }
    let twice = json!({ "ref": { "stripe": { "stripeId": "prod_0" } } });
    assert_eq!(
        world.refusal(product, twice).await,
        json!(["REQUIRED", ["integrationId"]])
    );
    let both = json!({ "ref": { "id": "x", "stripe": { "stripeId": "y" } } });
    let answer = world.answer(Some(entity::kind::Scope::Read), contract, both).await;
    assert!(answer["errors"].is_array(), "one of two, not both");
}

#[tokio::test]
async fn a_contract_shows_what_its_row_holds() {
    let world = World::full().await;
    let query = "query($ref: ContractRef!) { contract(ref: $ref) {
        stripeId stripeUrl deletedInStripe lastSyncedAt warnings source sourceStatus number stripeCustomerId paidAt
        bookingDate termStart termEnd currency reconcileDelta { minorUnits }
        total { currency minorUnits exponent decimal } tax { decimal }
        integration { name livemode } client { stripeId stripeCustomers { stripeId linkedBy } }
        lines(first: 1) { nodes { lineNumber quantity unitPrice kind periodStart periodEnd net { currency decimal }
            product { name stripeUrl } } }
    } }";
    let found = world
        .query(query, json!({ "ref": { "stripe": { "stripeId": "in_2" } } }))
        .await["contract"]
        .take();
    let mut expected = json!({
        "stripeId": "in_2", "stripeUrl": "https://dashboard.stripe.com/test/invoices/in_2", "deletedInStripe": false,
        "lastSyncedAt": "2026-11-23T11:59:58Z", "warnings": [], "source": "INVOICE", "sourceStatus": "paid", "number": "N-2",
        "stripeCustomerId": "cus_2", "paidAt": "2026-11-21T12:00:00Z", "bookingDate": "2026-03-01",
        "termStart": "2026-03-01", "termEnd": "2026-03-31", "currency": "KWD", "reconcileDelta": { "minorUnits": "0" },
        "total": { "currency": "KWD", "minorUnits": "1990", "exponent": 3, "decimal": "1.990" }, "tax": { "decimal": "0.190" },
        "integration": { "name": "Test", "livemode": false },
        "client": { "stripeId": "cus_2", "stripeCustomers": [{ "stripeId": "cus_2", "linkedBy": "STRIPE_ID" }] },
    });
    let mut lines = found["lines"]["nodes"].clone();
    expected["lines"] = found["lines"].clone();
    assert_eq!(found, expected);
    let line = lines[0].take();
    assert_eq!(line["lineNumber"], json!(1));
    assert_eq!(line["unitPrice"], json!("0.000001"));
    assert_eq!(line["net"], json!({ "currency": "KWD", "decimal": "0.997" }));
    assert_eq!(
        (&line["periodStart"], &line["periodEnd"]),
        (&json!("2026-11-23T12:00:00Z"), &Value::Null)
    );
}

#[tokio::test]
async fn amounts_that_a_float_would_spoil_are_exact() {
    let mut rows = super::rows::Rows::sized(2);
    rows.contracts[0].total = 9_007_199_254_740_993;
    rows.contracts[1].total = i64::MIN;
    rows.contracts[1].currency = "USD".into();
    let world = World::with(rows).await;
    let query = "{ contracts(orderBy: {field: TOTAL, direction: ASC}) { nodes { total { minorUnits decimal } } } }";
    let found = world.query(query, json!({})).await;
    assert_eq!(
        found["contracts"]["nodes"],
        json!([
            { "total": { "minorUnits": "-9223372036854775808", "decimal": "-92233720368547758.08" } },
            { "total": { "minorUnits": "9007199254740993", "decimal": "90071992547409.93" } },
        ])
    );
}

#[tokio::test]
async fn nodes_come_in_order_with_null_for_what_is_not_here() {
    let world = World::full().await;
    let rows = &world.rows;
    let ids = [
        global("line", rows.lines[0].id),
        global("client", Uuid::nil()),
        global("client", rows.clients[0].id),
        global("client", rows.products[0].id),
        global("run", rows.runs[0].id),
        global("error", rows.errors[0].id),
        global("integration", rows.integrations[0].id),
        global("product", rows.products[0].id),
        global("user", world.user_id),
        global("user", Uuid::nil()),
        global("client", rows.clients[0].id),
    ];
    let query = "query($ids: [ID!]!) { nodes(ids: $ids) { __typename id ... on StripeRecord { stripeUrl } } }";
    let found = world.query(query, json!({ "ids": ids })).await;
    let names: Vec<Option<&str>> = found["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|node| node["__typename"].as_str())
        .collect();
    assert_eq!(
        names,
        [
            Some("ContractLine"),
            None,
            Some("Client"),
            None,
            Some("Run"),
            Some("SyncError"),
            Some("Integration"),
            Some("Product"),
            Some("User"),
            None,
            Some("Client"),
        ]
    );
    assert_eq!(
        found["nodes"][7]["stripeUrl"],
        "https://dashboard.stripe.com/test/products/prod_0"
    );
    let node = world
        .query("query($id: ID!) { node(id: $id) { id } }", json!({ "id": ids[2] }))
        .await;
    assert_eq!(node["node"]["id"], json!(ids[2]));
    assert_eq!(
        world.refusal(query, json!({ "ids": ["junk"] })).await,
        json!(["INVALID", ["ids", "0"]])
    );
    let many = vec![ids[0].clone(); 101];
    assert_eq!(
        world.refusal(query, json!({ "ids": many })).await,
        json!(["OUT_OF_RANGE", ["ids"]])
    );
}

#[tokio::test]
async fn an_integration_counts_what_it_used() {
    let world = World::full().await;
    let query =
        "{ integrations { name connected keyDisplay permissions { object granted required } activeRuns { state }
        nextRunAt openErrorCount readsLast30Days readAllowanceEstimate30Days syncEnabled
        setupChecklist { code done required } settings { version invoiceLookbackDays }
        customerMapping { object version rules { target required } updatedBy { name } } } }";
    let found = world.query(query, json!({})).await;
    // The oldest comes first.
    let test = found["integrations"]
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["name"] == "Test")
        .unwrap();
    let a = world.rows.integrations[0].id;
    let open = world
        .rows
        .errors
        .iter()
        .filter(|row| row.integration_id == a && row.resolved_at.is_none())
        .count();
    let active = world
        .rows
        .runs
        .iter()
        .filter(|row| row.integration_id == a && row.finished_at.is_none())
        .count();
    assert_eq!(test["openErrorCount"], json!(open));
    assert_eq!(test["activeRuns"].as_array().unwrap().len(), active);
    assert_eq!(test["readsLast30Days"], json!(12), "today and twenty-nine days before");
    let recent = |row: &&entity::contract::Model| {
        row.integration_id == a
            && row
                .paid_at
                .is_some_and(|paid| paid >= super::rows::NOW_MS - 30 * 86_400_000)
    };
    let paid = world.rows.contracts.iter().filter(recent).count();
    assert_eq!(test["readAllowanceEstimate30Days"], json!((paid * 500).max(10_000)));
    assert_eq!(test["nextRunAt"], Value::Null, "sync is off");
    assert_eq!(
        test["customerMapping"]["rules"][0],
        json!({ "target": "stripeId", "required": true })
    );
    let steps: Vec<(&str, bool, bool)> = test["setupChecklist"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| {
            (
                step["code"].as_str().unwrap(),
                step["done"] == json!(true),
                step["required"] == json!(true),
            )
        })
        .collect();
    assert_eq!(
        steps,
        [
            ("CONNECT_STRIPE", true, true),
            ("KEY_PERMISSIONS", true, true),
            ("CONTRACT_SOURCE", true, true),
            ("REVIEW_MAPPINGS", false, false),
            ("WEBHOOK", false, false),
        ]
    );
}
