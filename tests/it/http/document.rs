//! Documents that cost more than they may, through the whole server.

use std::time::{Duration, Instant};

use serde_json::json;

use super::support::{Server, send};

#[tokio::test(flavor = "multi_thread")]
async fn costly_documents_are_refused_at_once_with_one_error() {
    let server = Server::start().await;
    let token = server.admin_token().await;
    let doubling: Vec<String> = (0..31)
        .map(|at| format!("fragment F{at} on Query {{ ...F{n} ...F{n} }} ", n = at + 1))
        .collect();
    let aliases: Vec<String> = (0..101).map(|at| format!("a{at}: __typename ")).collect();
    let documents = [
        format!(
            "{{ ...F0 }} {} fragment F31 on Query {{ __typename }}",
            doubling.concat()
        ),
        "{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }".to_owned(),
        format!(
            "{{ __typename }} {}",
            (0..1000)
                .map(|at| format!("fragment G{at} on Query {{ a }} "))
                .collect::<Vec<_>>()
                .concat()
        ),
        format!("{{ {} }}", aliases.concat()),
        format!("{{ {} }}", "__typename ".repeat(500)),
        format!("query {} {{ __typename }}", "@a ".repeat(900)),
        "{a".repeat(10_000),
        "{a".repeat(400_000),
        format!("mutation {{ {} }}", "signOut { signedOut } ".repeat(6)),
        "{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }".to_owned(),
    ];
    for document in documents {
        let begun = Instant::now();
        let answer = server.query(&token, &document).await;
        let start = &document[..40.min(document.len())];
        assert!(begun.elapsed() < Duration::from_secs(2), "{start}");
        assert_eq!(
            answer.json()["errors"].as_array().map(Vec::len),
            Some(1),
            "{start}: {}",
            answer.text
        );
        assert!(answer.json().get("data").is_none(), "{start}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_mistakes_give_twenty_errors_at_most() {
    let server = Server::start().await;
    let token = server.admin_token().await;
    let mistakes: Vec<String> = (0..40).map(|at| format!("x{at} ")).collect();
    let answer = server
        .query(&token, &format!("{{ viewer {{ {} }} }}", mistakes.concat()))
        .await;
    assert_eq!(answer.json()["errors"].as_array().map(Vec::len), Some(20));
}

#[tokio::test(flavor = "multi_thread")]
async fn tools_may_read_the_whole_schema_when_signed_in() {
    let server = Server::start().await;
    let token = server.admin_token().await;
    let type_ref = "kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { \
                    kind name ofType { kind name ofType { kind name ofType { kind name } } } } } } } } }";
    let input = format!("name description type {{ {type_ref} }} defaultValue isDeprecated deprecationReason");
    let query = format!(
        "query IntrospectionQuery {{ __schema {{ queryType {{ name }} mutationType {{ name }} subscriptionType {{ name }} \
         types {{ ...FullType }} directives {{ name description isRepeatable locations args {{ {input} }} }} }} }} \
         fragment FullType on __Type {{ kind name description specifiedByURL fields(includeDeprecated: true) {{ name description \
         args {{ {input} }} type {{ {type_ref} }} isDeprecated deprecationReason }} inputFields {{ {input} }} \
         interfaces {{ {type_ref} }} enumValues(includeDeprecated: true) {{ name description }} possibleTypes {{ {type_ref} }} }}"
    );
    let answer = server.query(&token, &query).await;
    assert_eq!(
        answer.json()["data"]["__schema"]["queryType"]["name"],
        "Query",
        "{}",
        answer.text
    );
    let stranger = send(server.post(&json!({ "query": query }))).await;
    assert_eq!(stranger.code(), "UNAUTHENTICATED");
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_input_is_told_with_a_code() {
    let server = Server::start().await;
    let token = server.admin_token().await;
    let create = |scope: &str, end: &str| {
        format!(
            "mutation {{ createApiToken(input: {{ name: \"x\", scope: {scope}, expiresAt: {end} }}) {{ secret }} }}"
        )
    };
    for (query, code) in [
        (create("OWNER", "null"), "GRAPHQL_VALIDATION_FAILED"),
        (create("READ", "\"tomorrow\""), "BAD_USER_INPUT"),
        (create("READ", "\"2027-02-30T00:00:00Z\""), "BAD_USER_INPUT"),
        (create("READ", "\"\\u0000\""), "BAD_USER_INPUT"),
    ] {
        let answer = server.query(&token, &query).await;
        assert_eq!(answer.code(), code, "{query}: {}", answer.text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_gets_too_large_is_given_up() {
    let server = Server::start().await;
    let token = server.admin_token().await;
    // Short to ask for: each field of the schema comes with this name.
    let ask = async |bytes: usize, accept: &str| {
        let query = format!(
            "{{ __schema {{ types {{ fields {{ {}: name }} }} }} }}",
            "a".repeat(bytes)
        );
        let request = server.post(&json!({ "query": query })).bearer_auth(&token);
        send(request.header("accept", accept)).await
    };
    let (old, new) = ("application/json", "application/graphql-response+json");
    let fields = ask(1, new).await.text.matches("\"a\":").count();
    let fits = 10 * 1024 * 1024 / fields - 200;
    assert!(ask(fits, new).await.text.len() > 8 * 1024 * 1024);
    for (accept, status) in [(old, 200), (new, 400)] {
        let answer = ask(fits + 200, accept).await;
        assert_eq!(
            (answer.status.as_u16(), answer.code().as_str()),
            (status, "LIMIT_EXCEEDED")
        );
        assert!(answer.json().get("data").is_none() && answer.text.len() < 1024);
    }
    assert_eq!(server.query(&token, "{ viewer { scope } }").await.status, 200);
}
