//! Pages: every order in both directions, over ties, forwards and backwards.

use std::cmp::Ordering;

use sea_orm::{ActiveModelTrait, IntoActiveModel};
use serde_json::{Value, json};
use uuid::Uuid;

use super::world::World;

/// A list, its order, and the ids that must come out.
struct Case {
    field: &'static str,
    order: Option<String>,
    ids: Vec<String>,
}

fn global(prefix: &str, id: Uuid) -> String {
    format!("{prefix}_{}", id.simple())
}

/// The ids of `rows` by key, then id; largest first when `descending`.
fn sorted<R, K: Ord>(rows: &[R], prefix: &str, descending: bool, key: impl Fn(&R) -> (K, Uuid)) -> Vec<String> {
    let mut keys: Vec<_> = rows.iter().map(key).collect();
    keys.sort_by(|one, other| {
        let order: Ordering = one.cmp(other);
        if descending { order.reverse() } else { order }
    });
    keys.into_iter().map(|(_, id)| global(prefix, id)).collect()
}

fn cases(world: &World) -> Vec<Case> {
    let mut cases = Vec::new();
    for descending in [false, true] {
        let direction = if descending { "DESC" } else { "ASC" };
        let mut add = |field, order: &str, ids| {
            let order = Some(format!("{{field: {order}, direction: {direction}}}"));
            cases.push(Case { field, order, ids });
        };
        let clients = &world.rows.clients;
        add(
            "clients",
            "NAME",
            sorted(clients, "client", descending, |row| (row.name_key.clone(), row.id)),
        );
        add(
            "clients",
            "CREATED_AT",
            sorted(clients, "client", descending, |row| (row.created_at, row.id)),
        );
        add(
            "clients",
            "UPDATED_AT",
            sorted(clients, "client", descending, |row| (row.updated_at, row.id)),
        );
        let products = &world.rows.products;
        add(
            "products",
            "NAME",
            sorted(products, "product", descending, |row| (row.name_key.clone(), row.id)),
        );
        add(
            "products",
            "CREATED_AT",
            sorted(products, "product", descending, |row| (row.created_at, row.id)),
        );
        add(
            "products",
            "UPDATED_AT",
            sorted(products, "product", descending, |row| (row.updated_at, row.id)),
        );
        let contracts = &world.rows.contracts;
        add(
            "contracts",
            "BOOKING_DATE",
            sorted(contracts, "contract", descending, |row| (row.booking_date, row.id)),
        );
        add(
            "contracts",
            "TERM_END",
            sorted(contracts, "contract", descending, |row| {
                ((row.term_end.is_none(), row.term_end), row.id)
            }),
        );
        add(
            "contracts",
            "TOTAL",
            sorted(contracts, "contract", descending, |row| (row.total, row.id)),
        );
        add(
            "contracts",
            "CREATED_AT",
            sorted(contracts, "contract", descending, |row| (row.created_at, row.id)),
        );
        add(
            "contracts",
            "UPDATED_AT",
            sorted(contracts, "contract", descending, |row| (row.updated_at, row.id)),
        );
    }
    let plain = |field, ids| Case {
        field,
        order: None,
        ids,
    };
    let rows = &world.rows;
    cases.extend([
        plain(
            "clients",
            sorted(&rows.clients, "client", false, |row| (row.name_key.clone(), row.id)),
        ),
        plain(
            "contracts",
            sorted(&rows.contracts, "contract", true, |row| (row.booking_date, row.id)),
        ),
        plain("contractLines", sorted(&rows.lines, "line", false, |row| ((), row.id))),
        plain("runs", sorted(&rows.runs, "run", true, |row| (row.queued_at, row.id))),
        plain(
            "syncErrors",
            sorted(&rows.errors, "error", true, |row| (row.last_at, row.id)),
        ),
    ]);
    cases
}

impl Case {
    async fn page(&self, world: &World, size: &str, at: Option<(&str, &Value)>) -> Value {
        let order = self
            .order
            .as_ref()
            .map_or(String::new(), |order| format!("orderBy: {order},"));
        let at = at.map_or(String::new(), |(name, cursor)| format!(", {name}: {cursor}"));
        let query = format!(
            "{{ page: {}({order} {size} {at}) {{
                totalCount nodes {{ id }} edges {{ cursor node {{ id }} }}
                pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }}
            }} }}",
            self.field
        );
        let mut page = world.query(&query, json!({})).await["page"].take();
        assert_eq!(page["totalCount"], json!(self.ids.len()), "{query}");
        let edges = page["edges"].as_array().unwrap().clone();
        let nodes: Vec<Value> = edges.iter().map(|edge| edge["node"].clone()).collect();
        assert_eq!(page["nodes"], json!(nodes));
        assert_eq!(
            page["pageInfo"]["startCursor"],
            edges.first().map_or(Value::Null, |edge| edge["cursor"].clone())
        );
        assert_eq!(
            page["pageInfo"]["endCursor"],
            edges.last().map_or(Value::Null, |edge| edge["cursor"].clone())
        );
        page["pageInfo"].take().as_object().map_or(Value::Null, |info| {
            let ids: Vec<&Value> = nodes.iter().map(|node| &node["id"]).collect();
            json!({ "ids": ids, "info": info })
        })
    }
}

fn ids(page: &Value) -> Vec<String> {
    serde_json::from_value(page["ids"].clone()).unwrap()
}

#[tokio::test]
async fn every_order_pages_forwards_over_ties() {
    let world = World::full().await;
    for case in cases(&world) {
        let mut seen = Vec::new();
        let mut page = case.page(&world, "first: 7", None).await;
        loop {
            let info = page["info"].clone();
            assert_eq!(info["hasPreviousPage"], json!(!seen.is_empty()));
            seen.extend(ids(&page));
            assert_eq!(
                info["hasNextPage"],
                json!(seen.len() < case.ids.len()),
                "{} {:?}",
                case.field,
                case.order
            );
            if info["hasNextPage"] == json!(false) {
                break;
            }
            page = case.page(&world, "first: 7", Some(("after", &info["endCursor"]))).await;
        }
        assert_eq!(seen, case.ids, "{} {:?}", case.field, case.order);
    }
}

#[tokio::test]
async fn every_order_pages_backwards_over_ties() {
    let world = World::full().await;
    for case in cases(&world) {
        let mut seen: Vec<String> = Vec::new();
        let mut page = case.page(&world, "last: 7", None).await;
        loop {
            let info = page["info"].clone();
            assert_eq!(info["hasNextPage"], json!(!seen.is_empty()));
            seen.splice(0..0, ids(&page));
            assert_eq!(info["hasPreviousPage"], json!(seen.len() < case.ids.len()));
            if info["hasPreviousPage"] == json!(false) {
                break;
            }
            page = case
                .page(&world, "last: 7", Some(("before", &info["startCursor"])))
                .await;
        }
        assert_eq!(seen, case.ids, "{} {:?}", case.field, case.order);
    }
}

#[tokio::test]
async fn a_page_without_a_size_has_twenty_five_rows() {
    let world = World::full().await;
    let case = &cases(&world)[6];
    let first = case.page(&world, "", None).await;
    assert_eq!(ids(&first), case.ids[..25]);
    let last = case.page(&world, "last: 1", None).await;
    let before = case
        .page(&world, "", Some(("before", &last["info"]["startCursor"])))
        .await;
    let end = case.ids.len() - 1;
    assert_eq!(
        ids(&before),
        case.ids[end - 25..end],
        "what precedes a cursor stands next to it"
    );
}

#[tokio::test]
async fn rows_that_are_added_meanwhile_move_nothing() {
    let world = World::full().await;
    let case = Case {
        field: "clients",
        order: Some("{field: CREATED_AT}".into()),
        ids: sorted(&world.rows.clients, "client", false, |row| (row.created_at, row.id)),
    };
    let page = case.page(&world, "first: 5", None).await;
    let cursor = page["info"]["endCursor"].clone();
    let mut early = world.rows.clients[0].clone();
    (early.id, early.created_at) = (Uuid::now_v7(), 0);
    early.into_active_model().insert(world.app.db.write()).await.unwrap();
    let query =
        format!("{{ clients(first: 100, orderBy: {{field: CREATED_AT}}, after: {cursor}) {{ nodes {{ id }} }} }}");
    let rest = world.query(&query, json!({})).await;
    let rest: Vec<&str> = rest["clients"]["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|node| node["id"].as_str().unwrap())
        .collect();
    assert_eq!(rest, case.ids[5..]);
}
