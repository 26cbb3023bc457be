//! The rows as they are, but for our own ids and times, by Stripe's ids.

use std::collections::BTreeMap;

use entity::{client, client_link, contract, contract_line, product};
use sea_orm::EntityTrait;
use uuid::Uuid;

use crate::support::TestApp;

/// What there is of each living object, as text.
pub(crate) type Rows = BTreeMap<String, String>;

/// All rows. What is gone from Stripe is left out: an import that comes later finds nothing of it, which is right.
pub(crate) async fn rows(app: &TestApp) -> Rows {
    let mut rows = clients(app).await;
    for product in product::Entity::find().all(app.db().read()).await.unwrap() {
        if !product.deleted_in_stripe {
            rows.insert(
                format!("product {}", product.stripe_id),
                format!("{:#?}", bare_product(product)),
            );
        }
    }
    let mut lines: BTreeMap<Uuid, BTreeMap<String, contract_line::Model>> = BTreeMap::new();
    for line in contract_line::Entity::find().all(app.db().read()).await.unwrap() {
        let of_contract = lines.entry(line.contract_id).or_default();
        of_contract.insert(line.stripe_id.clone(), bare_line(line));
    }
    for contract in contract::Entity::find().all(app.db().read()).await.unwrap() {
        let lines = lines.remove(&contract.id).unwrap_or_default();
        let key = format!("contract {}", contract.stripe_id);
        rows.insert(key, format!("{:#?} {lines:#?}", bare_contract(contract)));
    }
    assert!(lines.is_empty(), "lines of no contract: {lines:?}");
    rows
}

async fn clients(app: &TestApp) -> Rows {
    let all = client::Entity::find().all(app.db().read()).await.unwrap();
    let by_id: BTreeMap<Uuid, client::Model> = all.into_iter().map(|client| (client.id, client)).collect();
    let links = client_link::Entity::find().all(app.db().read()).await.unwrap();
    let living = links.into_iter().filter(|link| !link.deleted_in_stripe);
    living
        .map(|link| {
            let client = client::Model {
                id: Uuid::nil(),
                created_at: 0,
                updated_at: 0,
                ..by_id[&link.client_id].clone()
            };
            (
                format!("client {}", link.stripe_customer_id),
                format!("{client:#?} {}", link.linked_by),
            )
        })
        .collect()
}

fn bare_product(product: product::Model) -> product::Model {
    product::Model {
        id: Uuid::nil(),
        integration_id: Uuid::nil(),
        created_at: 0,
        updated_at: 0,
        ..product
    }
}

fn bare_contract(contract: contract::Model) -> contract::Model {
    contract::Model {
        id: Uuid::nil(),
        integration_id: Uuid::nil(),
        created_at: 0,
        updated_at: 0,
        ..contract
    }
}

fn bare_line(line: contract_line::Model) -> contract_line::Model {
    contract_line::Model {
        id: Uuid::nil(),
        contract_id: Uuid::nil(),
        integration_id: Uuid::nil(),
        ..line
    }
}

/// Fails where two ways have ended in different rows, and shows the first.
pub(super) fn assert_same(way: &str, found: &Rows, expected: &Rows) {
    assert!(expected.len() > 50, "{}", expected.len());
    for key in found.keys().chain(expected.keys()) {
        let (found, expected) = (found.get(key), expected.get(key));
        let text = |row: Option<&String>| row.map_or("nothing".to_owned(), String::clone);
        assert_eq!(text(found), text(expected), "{way}: {key}");
    }
}
