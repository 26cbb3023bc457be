//! `startRemap`: a saved mapping is applied to what is kept, without a request to Stripe.

use std::collections::BTreeSet;

use entity::kind::{RecordState, StripeKind};
use entity::{client, source_object};
use futures_util::future::join_all;
use sandbox::{Kind, Options};
use sea_orm::EntityTrait;
use serde_json::{Value, json};
use tributary::store::source;
use uuid::Uuid;

use crate::support::{EVERYTHING, Office, assert_equals_truth, rule, text, until};

/// Customers enough for several transactions.
const MANY: usize = 8_000;

/// An office that keeps many customers, which no rules have mapped yet.
async fn with_many() -> Office {
    let office = Office::open().await;
    office.pull().await;
    let integration_id: Uuid = office.id.strip_prefix("integration_").unwrap().parse().unwrap();
    let row = |number: usize| {
        let id = format!("cus_kept{number:05}");
        let customer = json!({ "id": id, "object": "customer", "name": format!("Kept {number}"), "livemode": false, "created": 1_709_164_799 });
        source_object::Model {
            integration_id,
            kind: StripeKind::Customer,
            body: source::pack(&customer),
            digest: format!("{number:032}").into_bytes(),
            stripe_id: id,
            seen_min: 0,
            seen_max: 0,
            deleted: false,
            state: RecordState::Imported,
            reason: None,
            map_stamp: 0,
            recurring_of: None,
        }
    };
    source::upsert(office.app.db().write(), (0..MANY).map(row).collect())
        .await
        .unwrap();
    office
}

async fn clients(office: &Office) -> Vec<client::Model> {
    client::Entity::find().all(office.app.db().read()).await.unwrap()
}

/// Asks for a re-map, and comes back when some customers are mapped and some are not.
async fn in_the_midst(office: &Office) -> Value {
    let run = office.start_remap(&["CUSTOMER"]).await;
    let id = run["id"].as_str().unwrap();
    let run = until("some are mapped", async || {
        let run = office.app.admin().run(id).await;
        (seen(&run) > 0).then_some(run)
    })
    .await;
    assert!(seen(&run) < MANY, "all of them are mapped already: {run}");
    run
}

fn seen(run: &Value) -> usize {
    usize::try_from(run["phases"][0]["seen"].as_u64().unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_stale_is_mapped_and_stripe_is_not_asked() {
    let office = Office::open_on(Options {
        customers: 60,
        products: 12,
        invoices: 120,
        subscriptions: 20,
        ..Options::default()
    })
    .await;
    office.pull().await;
    let objects = ["CUSTOMER", "PRODUCT"];
    let stale = async || (office.stale("CUSTOMER").await, office.stale("PRODUCT").await);
    assert_eq!(stale().await, (0, 0));
    let living = |kind| {
        let all = office.world().truth(kind).into_iter();
        u64::try_from(all.filter(|object| object["deleted"] != true).count()).unwrap()
    };
    let (customers, products) = (living(Kind::Customer), living(Kind::Product));
    office.map("CUSTOMER", &[rule("upper(name)", "externalId")]).await;
    office.map("PRODUCT", &[rule("name", "description")]).await;
    let before = stale().await;
    assert_eq!(before.1, products);
    assert!(
        before.0 >= customers,
        "and the deleted ones that invoices name: {before:?}"
    );
    // Of one product something newer comes meanwhile: it is mapped by the new rules as it comes.
    let newer = text(&office.world().truth(Kind::Product)[0]["id"]);
    office.pass_a_minute();
    office.world().update(Kind::Product, &newer, json!({ "name": "Newer" }));
    office.tell().await;
    assert_eq!(stale().await, (before.0, products - 1));

    office.app.sandbox().clear_requests();
    let run = office.remap(&objects).await;
    assert_eq!(
        (
            &run["state"],
            &run["stripeRequests"],
            office.app.sandbox().request_count()
        ),
        (&json!("SUCCEEDED"), &json!(0), 0)
    );
    assert_eq!(run["phases"].as_array().unwrap().len(), 2);
    for (phase, object, stale) in [
        (&run["phases"][0], "CUSTOMER", before.0),
        (&run["phases"][1], "PRODUCT", products - 1),
    ] {
        let count = |name: &str| phase[name].as_u64().unwrap();
        assert_eq!(
            (&phase["object"], &phase["fraction"], count("seen")),
            (&json!(object), &json!(1.0), stale),
            "{phase}"
        );
        assert_eq!(
            count("seen"),
            count("created") + count("updated") + count("unchanged") + count("skipped") + count("failed")
        );
        assert_eq!((count("created"), count("failed")), (0, 0), "{phase}");
    }
    assert_eq!(stale().await, (0, 0));
    for customer in office.world().truth(Kind::Customer) {
        if customer["deleted"] != true {
            let expected = customer["name"].as_str().map(str::to_uppercase);
            assert_eq!(
                office.client_of(customer["id"].as_str().unwrap()).await["externalId"],
                json!(expected)
            );
        }
    }
    assert_equals_truth(office.app.db(), office.app.sandbox(), |_| true).await;
    let again = office.remap(&objects).await;
    assert_eq!(
        (seen(&again), &again["state"]),
        (0, &json!("SUCCEEDED")),
        "nothing is left to do"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn each_row_is_wholly_old_or_wholly_new_while_it_runs() {
    let office = with_many().await;
    let rules = |time: &str| {
        let both = format!("join('', `[\"{time}\"]`)");
        [
            rule(&both, "externalId"),
            rule(&format!("'{time}'"), "phone"),
            rule(&format!("'{time}'"), "address.city"),
        ]
    };
    office.map("CUSTOMER", &rules("old")).await;
    office.remap(&["CUSTOMER"]).await;
    office.map("CUSTOMER", &rules("new")).await;
    let run = office.start_remap(&["CUSTOMER"]).await;
    let (mut mixed, id) = (0, run["id"].as_str().unwrap());
    loop {
        let run = office.app.admin().run(id).await;
        let mut times = BTreeSet::new();
        for client in clients(&office).await {
            assert_eq!(
                (&client.external_id, &client.external_id),
                (&client.phone, &client.address_city),
                "{}",
                client.name
            );
            times.insert(client.phone);
        }
        mixed += usize::from(times.len() == 2);
        if run["state"] == "SUCCEEDED" {
            assert_eq!(times, BTreeSet::from([Some("new".to_owned())]));
            break;
        }
    }
    assert!(mixed > 0, "it was looked at while it ran");
    assert_eq!(office.stale("CUSTOMER").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn how_far_it_is_shows_and_it_can_be_called_off() {
    let office = with_many().await;
    let run = in_the_midst(&office).await;
    let fraction = run["phases"][0]["fraction"].as_f64().unwrap();
    assert!(fraction > 0.0 && fraction < 1.0, "{run}");
    let cancel = "mutation($id: ID!) { cancelRun(input: {id: $id}) { run { state } userErrors { code } } }";
    office
        .app
        .admin()
        .mutate("cancelRun", cancel, json!({ "id": run["id"] }))
        .await;
    let ended = office.app.admin().end_of_run(run["id"].as_str().unwrap()).await;
    assert_eq!(ended["state"], "CANCELED", "{ended}");
    let here = clients(&office).await.len();
    assert_eq!(
        here,
        seen(&ended) + 1,
        "what was mapped stays, and the sandbox's own is no more than it was"
    );
    assert_eq!(
        office.stale("CUSTOMER").await,
        u64::try_from(MANY - seen(&ended)).unwrap()
    );
    let rest = office.remap(&["CUSTOMER"]).await;
    assert_eq!(
        (&rest["state"], seen(&rest)),
        (&json!("SUCCEEDED"), MANY - seen(&ended)),
        "only what was left"
    );
    assert_eq!(clients(&office).await.len(), MANY + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn turned_off_it_stops_and_turned_on_it_goes_on() {
    let office = with_many().await;
    let run = in_the_midst(&office).await;
    office.app.stop_sync(&office.id).await;
    let id = run["id"].as_str().unwrap();
    let stopped = office.app.admin().run(id).await;
    assert_eq!(stopped["state"], "RUNNING");
    assert!(seen(&stopped) < MANY, "it had ended before: {stopped}");
    assert_eq!(clients(&office).await.len(), seen(&stopped) + 1);
    let start = "mutation($id: ID!) { startRemap(input: {integrationId: $id}) { run { id } userErrors { code } } }";
    let refused = office.app.graphql(start, json!({ "id": office.id })).await;
    assert_eq!(
        refused["startRemap"]["userErrors"],
        json!([{ "code": "SYNC_DISABLED" }])
    );
    office.app.admin().switch_sync(&office.id, true).await;
    let ended = office.app.admin().end_of_run(id).await;
    assert_eq!(
        (&ended["state"], seen(&ended), &ended["phases"][0]["created"]),
        (&json!("SUCCEEDED"), MANY, &json!(MANY))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn events_and_an_import_go_on_beside_it() {
    let office = with_many().await;
    let customer = office.customer(json!({ "name": "Before", "phone": "1" }));
    office.pull().await;
    office.map("CUSTOMER", &[rule("upper(phone)", "externalId")]).await;
    let run = in_the_midst(&office).await;
    office.pass_a_minute();
    office
        .world()
        .update(Kind::Customer, &customer, json!({ "name": "After", "phone": "b" }));
    let new = office.customer(json!({ "name": "New", "phone": "c" }));
    for event in office.world().events_after(0) {
        office.post(&event).await;
    }
    let import = office.app.admin().import(&office.id).await;
    assert_eq!(import["state"], "SUCCEEDED", "{import}");
    let ended = office.app.admin().end_of_run(run["id"].as_str().unwrap()).await;
    assert_eq!(
        (&ended["state"], &ended["phases"][0]["failed"]),
        (&json!("SUCCEEDED"), &json!(0)),
        "{ended}"
    );
    office.rest().await;
    let shown = async |customer: &str| {
        let client = office.client_of(customer).await;
        (text(&client["name"]), text(&client["externalId"]))
    };
    assert_eq!(shown(&customer).await, ("After".to_owned(), "B".to_owned()));
    assert_eq!(shown(&new).await, ("New".to_owned(), "C".to_owned()));
    assert_eq!(
        (clients(&office).await.len(), office.stale("CUSTOMER").await),
        (MANY + 3, 0)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_start_it_at_once_all_get_one_run() {
    let office = with_many().await;
    office.app.clock.advance(std::time::Duration::from_secs(1));
    let runs = join_all((0..8).map(|_| office.start_remap(&EVERYTHING))).await;
    let ids: BTreeSet<String> = runs.iter().map(|run| text(&run["id"])).collect();
    assert_eq!(ids.len(), 1);
    office.rest().await;
    let count = office
        .app
        .graphql("{ runs(filter: {kind: [REMAP]}) { totalCount } }", json!({}))
        .await;
    assert_eq!(count["runs"]["totalCount"], 1);
    assert_eq!(clients(&office).await.len(), MANY + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_run_is_given_back_only_if_it_does_what_is_asked() {
    let office = with_many().await;
    office.app.clock.advance(std::time::Duration::from_secs(1));
    let running = in_the_midst(&office).await;
    let again = office.start_remap(&["CUSTOMER"]).await;
    assert_eq!(again["id"], running["id"], "by these very rules");
    let more = office.start_remap(&["CUSTOMER", "PRODUCT"]).await;
    assert_ne!(more["id"], running["id"], "of products it knows nothing");
    office.app.clock.advance(std::time::Duration::from_secs(1));
    office.map("CUSTOMER", &[rule("upper(name)", "externalId")]).await;
    let state = office.app.admin().run(running["id"].as_str().unwrap()).await["state"].take();
    assert_eq!(state, "RUNNING", "by now it has ended, and this test shows nothing");
    let by_new_rules = office.start_remap(&["CUSTOMER"]).await;
    assert_eq!(by_new_rules["id"], more["id"], "the one that waits will go by them");
    office.rest().await;
    assert_eq!(office.stale("CUSTOMER").await, 0);
    let old = clients(&office)
        .await
        .into_iter()
        .filter(|client| client.external_id.is_none())
        .count();
    assert_eq!(old, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_cannot_be_mapped_fails_alone() {
    let office = Office::open().await;
    let (large, plain) = (
        office.customer(json!({ "name": "Large" })),
        office.customer(json!({ "name": "Plain" })),
    );
    office.pull().await;
    office.pass_a_minute();
    office
        .world()
        .update(Kind::Customer, &large, json!({ "notes": "x".repeat(70_000) }));
    office.tell().await;
    office.map("CUSTOMER", &[rule("notes || name", "phone")]).await;
    let run = office.remap(&["CUSTOMER"]).await;
    assert_eq!(
        (&run["state"], &run["phases"][0]["failed"]),
        (&json!("PARTIAL"), &json!(1)),
        "{run}"
    );
    assert_eq!(office.client_of(&plain).await["phone"], "Plain");
    assert_eq!(
        office.client_of(&large).await["phone"],
        Value::Null,
        "it stays as it was"
    );
    let errors = "{ syncErrors { nodes { stripeId code resolvedAt } } }";
    let failed = office.app.graphql(errors, json!({})).await["syncErrors"]["nodes"].take();
    assert_eq!(
        failed,
        json!([{ "stripeId": large, "code": "VALUE_TOO_LARGE", "resolvedAt": null }])
    );
    office.map("CUSTOMER", &[rule("name", "phone")]).await;
    let run = office.remap(&["CUSTOMER"]).await;
    assert_eq!(run["state"], "SUCCEEDED");
    assert_eq!(office.client_of(&large).await["phone"], "Large");
}
