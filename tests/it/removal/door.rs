//! An event that is being put into the inbox while its person is erased.

use entity::kind::EventWay;
use entity::stripe_event;
use sea_orm::{ConnectionTrait, DbBackend, EntityTrait, Statement};
use serde_json::json;
use tributary::store::inbox;
use tributary::store::source::{pack, unpack};

use crate::support::{NOW_MS, Office, on_postgres, until};

const MARK: &str = "Zaphodina";

fn event(office: &Office, customer: &str) -> stripe_event::Model {
    let body = json!({ "id": "evt_late", "object": "event", "type": "customer.updated", "data": { "object": {
        "id": customer, "object": "customer", "name": MARK, "livemode": false,
    } } });
    stripe_event::Model {
        integration_id: office.id.strip_prefix("integration_").unwrap().parse().unwrap(),
        event_id: "evt_late".to_owned(),
        event_type: "customer.updated".to_owned(),
        created: NOW_MS / 1000,
        came_by: EventWay::Webhook,
        received_at: NOW_MS,
        body: Some(pack(&body)),
        applied_at: None,
        outcome: None,
    }
}

/// On SQLite one transaction at a time writes, and there is no such moment.
#[tokio::test(flavor = "multi_thread")]
async fn it_is_in_before_the_erasing_ends_and_loses_what_it_tells() {
    if !on_postgres() {
        return;
    }
    let office = Office::open().await;
    let customer = office.customer(json!({ "name": MARK }));
    office.pull().await;
    let client = office.whose(&customer).await.unwrap();
    let tx = office.app.db().begin().await.unwrap();
    inbox::put(&tx, vec![event(&office, &customer)]).await.unwrap();
    let erase = "mutation($id: ID!, $name: String!) { eraseClient(input: {id: $id, confirmName: $name}) { userErrors { code } } }";
    let erasing = office.app.graphql(erase, json!({ "id": client, "name": MARK }));
    let commit = async {
        until("the erasing waits", async || {
            let waiting = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted";
            let waiting = Statement::from_string(DbBackend::Postgres, waiting);
            office.app.db().read().query_one_raw(waiting).await.unwrap().map(|_| ())
        })
        .await;
        tx.commit().await.unwrap();
    };
    let (erased, ()) = futures_util::join!(erasing, commit);
    assert_eq!(erased["eraseClient"]["userErrors"], json!([]));
    until("the warning is gone", async || {
        office.app.tick().await;
        let client = office.client(&client).await;
        (client["warnings"] == json!([])).then_some(())
    })
    .await;
    for row in stripe_event::Entity::find().all(office.app.db().read()).await.unwrap() {
        let body = row.body.map(|body| unpack(&body).unwrap().to_string());
        assert!(!body.unwrap_or_default().contains(MARK), "{}", row.event_id);
    }
}
