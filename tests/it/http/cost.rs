//! What an operation may cost, through the whole server.

use entity::kind::Scope;
use serde_json::json;

use super::support::{Server, send};

/// The queries of README.md and docs, and larger ones of the same kind.
const ORDINARY: [&str; 9] = [
    "{ runs(first: 1, filter: {kind: [IMPORT]}) { nodes { state phases { object fraction seen } } } }",
    "{ clients(first: 20, orderBy: {field: NAME}) { totalCount nodes { name email contracts(first: 3) { nodes { number total { decimal } } } } \
     pageInfo { hasNextPage endCursor } } }",
    "{ contracts(filter: {reconciled: false}) { nodes { stripeId reconcileDelta { decimal } lines { nodes { productName gross { decimal } \
     discount { decimal } tax { decimal } net { decimal } } } } } }",
    "{ revenue { currency contracts total { decimal } net { decimal } mrr { decimal } arr { decimal } } }",
    "{ clients(first: 100) { nodes { name revenue { currency mrr { decimal } } } } }",
    "{ contracts(first: 100) { totalCount nodes { name client { name } lines(first: 30) { totalCount nodes { product { name } } } } } }",
    "{ client(ref: {externalId: \"x\"}) { name customValues { value } contracts(first: 10) { nodes { total { minorUnits } lines(first: 10) { nodes { \
     net { minorUnits } product { name } } } } } } }",
    "{ clients(first: 1) { totalCount } products(first: 1) { totalCount } contracts(first: 1) { totalCount } runs(first: 1) { totalCount } \
     syncErrors(first: 1, filter: {resolved: false}) { totalCount } revenue { currency arr { decimal } } integrations { name openErrorCount \
     syncLagSeconds activeRuns { id state phases { fraction } } setupChecklist { code done } } }",
    "{ integrations { customerMapping { rules { source target } staleCount } productMapping { rules { source target } staleCount } } }",
];

#[tokio::test(flavor = "multi_thread")]
async fn ordinary_queries_fit() {
    let server = Server::start().await;
    let user = server.user("a@example.com", Scope::Read).await;
    let token = server.token(&user, Scope::Read, None).await;
    for query in ORDINARY {
        let answer = server.query(&token, query).await;
        assert!(
            answer.json()["data"].is_object() && answer.json().get("errors").is_none(),
            "{query}: {}",
            answer.text
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_costs_too_much_is_refused_before_it_is_executed() {
    let server = Server::start().await;
    let user = server.user("a@example.com", Scope::Read).await;
    let token = server.token(&user, Scope::Read, None).await;
    let aliased = |field: &str| {
        let fields: Vec<String> = (0..50).map(|at| format!("a{at}: {field} ")).collect();
        fields.concat()
    };
    let dear = [
        format!("{{ {} }}", aliased("revenue { currency }")),
        format!("{{ {} }}", aliased("contracts(first: 1) { totalCount }")),
        format!("{{ clients(first: 1) {{ nodes {{ {} }} }} }}", aliased("revenue { currency }")),
        format!("{{ clients(first: 100) {{ nodes {{ {} }} }} }}", aliased("contracts(first: 1) { totalCount }")),
        format!("{{ runs(first: 100) {{ nodes {{ {} }} }} }}", aliased("errors(first: 1) { totalCount }")),
        format!("{{ runs(first: 1) {{ nodes {{ {} }} }} }}", aliased("monthlySums { month }")),
        "{ clients(first: 100) { nodes { contracts(first: 100) { nodes { id } } } } }".to_owned(),
        "{ contracts(first: 100) { nodes { lines(first: 100) { nodes { contract { lines(first: 100) { nodes { id } } } } } } } }".to_owned(),
    ];
    for query in dear {
        let request = server.post(&json!({ "query": query })).bearer_auth(&token);
        let answer = send(request.header("accept", "application/graphql-response+json")).await;
        assert_eq!(
            (answer.status.as_u16(), answer.code().as_str()),
            (400, "LIMIT_EXCEEDED"),
            "{query}: {}",
            answer.text
        );
        assert!(answer.json().get("data").is_none());
        assert!(answer.text.contains("may cost 10000"), "{}", answer.text);
    }
    let limit = "query($n: Int) { x: clients(first: 100) { nodes { contracts(first: 98) { nodes { id } } } } clients(first: $n) { nodes { id } } }";
    let ask = async |n: u32| {
        let request = server.post(&json!({ "query": limit, "variables": { "n": n } }));
        send(request.bearer_auth(&token)).await.code()
    };
    assert_eq!((ask(100).await, ask(1).await), (String::new(), String::new()));
    let over = limit.replace("98", "99");
    let request = server.post(&json!({ "query": over, "variables": { "n": 1 } }));
    assert_eq!(send(request.bearer_auth(&token)).await.code(), "LIMIT_EXCEEDED");
}
