//! Odd entries of lists: without ids, with ids that are none, with dates that no list was asked for; and odd events.

use entity::kind::RunState;
use entity::stripe_event;
use sandbox::{Kind, Options, World};
use sea_orm::EntityTrait;
use serde_json::{Value, json};

use super::case::long_text;
use crate::fault::support::{connected, imported, large, look, mend};
use crate::support::assert_equals_truth;

fn living(world: &World, kind: Kind) -> Vec<Value> {
    let mut objects = world.truth(kind);
    objects.retain(|object| object["deleted"] != true);
    objects
}

fn id_of(object: &Value) -> &str {
    object["id"].as_str().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_no_id_is_counted_and_holds_up_nothing() {
    let (app, id) = connected(large()).await;
    let world = app.sandbox().world();
    let customers = living(world, Kind::Customer);
    let odd = [
        json!(null),
        json!("cus_1"),
        json!([]),
        json!({ "object": "customer" }),
        json!({ "object": "customer", "id": null }),
        json!({ "object": "customer", "id": 5 }),
        json!({ "object": "customer", "id": "" }),
        json!({ "object": "customer", "id": ".." }),
        json!({ "object": "customer", "id": "cus\0" }),
        json!({ "object": "customer", "id": "cus\n" }),
        json!({ "object": "customer", "id": long_text(256) }),
        json!({ "object": "customer", "id": long_text(1 << 20) }),
    ];
    for (customer, odd) in customers.iter().zip(&odd) {
        world.poison(Kind::Customer, id_of(customer), odd.clone());
    }
    let run = app.admin().import(&id).await;
    assert_eq!(run["state"], "PARTIAL", "{run}");
    let of_customers = &run["phases"][0];
    assert_eq!(
        (&of_customers["failed"], &of_customers["created"]),
        (&json!(odd.len()), &json!(customers.len() - odd.len()))
    );
    for customer in &customers {
        world.cure(Kind::Customer, id_of(customer));
    }
    mend(&app).await;
    let run = app.admin().import(&id).await;
    assert_eq!(run["state"], "SUCCEEDED", "{run}");
    app.prove(&id).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_is_read_to_its_end_whatever_its_dates_say() {
    let dates = [
        json!(i64::MIN),
        json!(i64::MAX),
        json!(-1),
        json!(0),
        json!(null),
        json!("1792592000"),
        json!(1.5e300),
    ];
    for every in [1, 3] {
        let (app, id) = connected(large()).await;
        let world = app.sandbox().world();
        let customers = living(world, Kind::Customer);
        for (number, customer) in customers.iter().enumerate().step_by(every) {
            let mut odd = customer.clone();
            odd["created"] = dates[number % dates.len()].clone();
            world.poison(Kind::Customer, id_of(customer), odd);
        }
        let run = app.admin().import(&id).await;
        assert_eq!(run["state"], "SUCCEEDED", "every {every}: {run}");
        assert_equals_truth(app.db(), app.sandbox(), |_| true).await;
        for customer in &customers {
            world.cure(Kind::Customer, id_of(customer));
        }
        app.admin().import(&id).await;
        app.prove(&id).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn odd_events_hold_up_no_others() {
    let (app, id) = imported(Options::default()).await;
    let world = app.sandbox().world();
    let known = world.events_after(0).len();
    let customers = living(world, Kind::Customer);
    for customer in &customers {
        world.update(Kind::Customer, id_of(customer), json!({ "name": "Renamed" }));
    }
    let changes: [fn(&mut Value); 12] = [
        |event| *event = json!(null),
        |event| event["id"] = json!(null),
        |event| event["id"] = json!("evt\0"),
        |event| event["id"] = json!(long_text(1 << 20)),
        |event| event["type"] = json!(5),
        |event| event["type"] = json!("customer\0updated"),
        |event| event["created"] = json!("now"),
        |event| event["data"] = json!(null),
        |event| event["data"]["object"] = json!([]),
        |event| event["data"]["object"]["id"] = json!("cus\0"),
        |event| event["data"]["object"]["id"] = json!(long_text(1 << 20)),
        |event| event["data"]["object"] = json!({ "id": event["data"]["object"]["id"] }),
    ];
    let events = world.events_after(known);
    for (event, change) in events.iter().zip(changes) {
        let mut odd = event.clone();
        change(&mut odd);
        world.poison(Kind::Event, id_of(event), odd);
    }
    assert_eq!(look(&app).await.state, RunState::Succeeded);
    let kept = stripe_event::Entity::find().all(app.db().read()).await.unwrap();
    assert!(
        kept.iter().all(|event| event.applied_at.is_some()),
        "none waits for ever"
    );
    let renamed = "{ clients(filter: {search: \"Renamed\"}) { totalCount } }";
    let renamed = app.graphql(renamed, json!({})).await["clients"]["totalCount"].take();
    assert!(
        renamed.as_u64().unwrap() >= u64::try_from(customers.len() - changes.len()).unwrap(),
        "{renamed}"
    );
    // What they did not tell, a comparison finds.
    app.admin().import(&id).await;
    mend(&app).await;
    app.prove(&id).await;
}
