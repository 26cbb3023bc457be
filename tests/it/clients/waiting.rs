//! Customers that wait for a client, and what else they are: deleted in Stripe, or none that can be mapped, or found by what no database
//! takes for a key.

use entity::list::MatchRules;
use entity::{integration, unmatched_customer};
use sea_orm::sea_query::Expr;
use sea_orm::{ConnectionTrait, DbBackend, EntityTrait, PaginatorTrait, Statement};
use serde_json::json;
use tributary::store::turn;

use crate::support::{Office, on_postgres, rule, until};

#[tokio::test(flavor = "multi_thread")]
async fn one_that_stripe_has_deleted_is_found_by_what_it_was_last() {
    let office = Office::open().await;
    office.direction("CUSTOMER", "DISABLED").await;
    office.matching(&["STRIPE_ID", "EMAIL"], None).await;
    let customer = office.customer(json!({ "email": "gone@acme.test" }));
    let invoice = office.invoice(&customer);
    office.pull().await;
    office.world().delete_customer(&customer);
    office.pass_a_minute();
    office.tell().await;
    assert_eq!(office.whose(&customer).await, None);
    let ours = office
        .save_one(json!({ "name": "Ours", "email": "Gone@acme.test" }))
        .await;
    assert_eq!(office.client_of_contract(&invoice).await.as_deref(), Some(&*ours));
    let shown = office.client(&ours).await;
    assert_eq!(
        (&shown["deletedInStripe"], &shown["stripeCustomers"]),
        (
            &json!(true),
            &json!([{ "stripeId": customer, "linkedBy": "EMAIL", "deletedInStripe": true }])
        )
    );
    office.unlink(&ours, &customer).await;
    let other = office
        .save_one(json!({ "name": "Other", "email": "gone@acme.test" }))
        .await;
    assert_eq!(
        office.client_of_contract(&invoice).await.as_deref(),
        Some(&*other),
        "parted, it waits again"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_cannot_be_mapped_may_be_a_client_that_is_saved() {
    let office = Office::open().await;
    office.matching(&["STRIPE_ID", "EMAIL"], None).await;
    office.map("CUSTOMER", &[rule("metadata.code", "externalId")]).await;
    let customer = office.customer(json!({ "email": "a@acme.test", "metadata": { "code": "x".repeat(1_001) } }));
    let invoice = office.invoice(&customer);
    office.pass_a_minute();
    let run = office.app.admin().import(&office.id).await;
    assert_eq!(run["state"], "PARTIAL", "{run}");
    office.rest().await;
    assert_eq!(office.whose(&customer).await, None);
    let ours = office.save_one(json!({ "name": "Ours", "email": "a@acme.test" })).await;
    assert_eq!(office.client_of_contract(&invoice).await, Some(ours));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_long_for_a_key_fails_alone_or_waits_alone() {
    for direction in ["PULL", "DISABLED"] {
        let office = Office::open().await;
        office
            .matching(&["STRIPE_ID", "EXTERNAL_ID", "EMAIL"], Some("metadata.crm"))
            .await;
        office.direction("CUSTOMER", direction).await;
        // Letters without a pattern: PostgreSQL packs what it can.
        let mut state = 1_u64;
        let mut letters = |count: usize| -> String {
            let letter = || {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695_040_888_963_407);
                char::from_digit(u32::try_from(state >> 59).unwrap(), 32).unwrap()
            };
            std::iter::repeat_with(letter).take(count).collect()
        };
        let email = format!("{}@acme.test", letters(10_000));
        let long = office.customer(json!({ "email": email }));
        let other = office.customer(json!({ "email": "b@acme.test", "metadata": { "crm": letters(10_000) } }));
        let well = office.customer(json!({ "name": "Well", "email": "c@acme.test" }));
        office.pass_a_minute();
        let run = office.app.admin().import(&office.id).await;
        let pulls = direction == "PULL";
        assert_eq!(run["state"], if pulls { "PARTIAL" } else { "SUCCEEDED" }, "{run}");
        assert_eq!(office.whose(&long).await, None);
        for customer in [&other, &well] {
            assert_eq!(office.whose(customer).await.is_some(), pulls, "{customer}");
        }
        let waiting = unmatched_customer::Entity::find()
            .all(office.app.db().read())
            .await
            .unwrap();
        let keyed: Vec<_> = waiting.iter().filter(|row| row.email_key.is_some()).collect();
        assert!(!keyed.iter().any(|row| row.stripe_customer_id == long), "{keyed:?}");
        assert!(
            waiting.iter().any(|row| row.stripe_customer_id == long),
            "it waits for a person"
        );
    }
}

/// On SQLite one transaction at a time writes, and there is no such moment.
#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_is_saved_goes_by_the_rules_of_its_turn() {
    if !on_postgres() {
        return;
    }
    let office = Office::open().await;
    office.direction("CUSTOMER", "DISABLED").await;
    office.matching(&["STRIPE_ID", "EMAIL"], None).await;
    let customer = office.customer(json!({ "email": "a@acme.test" }));
    office.pull().await;
    assert_eq!(
        unmatched_customer::Entity::find()
            .count(office.app.db().read())
            .await
            .unwrap(),
        2
    );
    let tx = office.app.db().begin().await.unwrap();
    let id = office.id.strip_prefix("integration_").unwrap().parse().unwrap();
    turn::take(&tx, id).await.unwrap();
    let saving = office.save(json!([{ "name": "Ours", "email": "a@acme.test" }]));
    let deciding = async {
        until("the saving waits", async || {
            let waiting = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted";
            let waiting = Statement::from_string(DbBackend::Postgres, waiting);
            office.app.db().read().query_one_raw(waiting).await.unwrap().map(|_| ())
        })
        .await;
        let rules = MatchRules(vec![entity::kind::ClientMatchRule::StripeId]);
        integration::Entity::update_many()
            .col_expr(integration::Column::ClientMatching, Expr::value(rules))
            .exec(&tx)
            .await
            .unwrap();
        tx.commit().await.unwrap();
    };
    futures_util::join!(saving, deciding);
    assert_eq!(office.whose(&customer).await, None, "no rule finds it any more");
}
