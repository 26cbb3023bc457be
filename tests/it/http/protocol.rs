//! Methods, media types, bodies, status codes, headers.

use std::time::Duration;

use entity::kind::Scope;
use reqwest::Method;
use reqwest::header::{HeaderName, HeaderValue};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::support::{PASSWORD, Server, send, sign_in};

const TYPENAME: &str = r#"{"query":"{__typename}"}"#;

#[tokio::test(flavor = "multi_thread")]
async fn only_plain_json_is_taken_and_nothing_else_is_executed() {
    let server = Server::start().await;
    server.user("a@example.com", Scope::Admin).await;
    let body = sign_in("a@example.com", PASSWORD).to_string();
    let post = |content_type: Option<&'static str>| {
        let request = server.request(Method::POST, "/graphql").body(body.clone());
        content_type.map_or_else(
            || request.try_clone().unwrap(),
            |of| request.try_clone().unwrap().header("content-type", of),
        )
    };
    for content_type in [
        None,
        Some("text/plain"),
        Some("application/x-www-form-urlencoded"),
        Some("multipart/form-data; boundary=x"),
        Some("application/json; charset=utf-16"),
        Some("application/jsonp"),
        Some("application/graphql"),
    ] {
        assert_eq!(send(post(content_type)).await.status, 415, "{content_type:?}");
    }
    assert_eq!(
        send(post(Some("application/json")).header("content-encoding", "gzip"))
            .await
            .status,
        415
    );
    let twice = post(Some("application/json")).header("content-type", "text/plain");
    assert_eq!(send(twice).await.status, 415);
    assert_eq!(server.sessions().await, 0);
    assert_eq!(send(post(Some("Application/JSON; charset=UTF-8"))).await.status, 200);
    assert_eq!(server.sessions().await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn get_is_for_queries_and_knows_the_operation_name() {
    let server = Server::start().await;
    let token = server.admin_token().await;
    let get = |query: &[(&str, &str)]| {
        let url = reqwest::Url::parse_with_params(&format!("http://{}/graphql", server.address), query).unwrap();
        let path = format!("{}?{}", url.path(), url.query().unwrap());
        server.request(Method::GET, &path).bearer_auth(&token)
    };
    let two = "query A { viewer { scope } } query B { __typename } mutation C { signOut { signedOut } }";
    let named = send(get(&[("query", two), ("operationName", "B")])).await;
    assert_eq!(named.text, r#"{"data":{"__typename":"Query"}}"#);
    let mutation = send(get(&[("query", two), ("operationName", "C")])).await;
    assert_eq!((mutation.status.as_u16(), mutation.header("allow")), (405, "POST"));
    let unnamed = send(get(&[("query", two)]).header("accept", "application/graphql-response+json")).await;
    assert_eq!(unnamed.status, 400);
    let overridden = get(&[("query", "mutation { signOut { signedOut } }")]).header("x-http-method-override", "POST");
    assert_eq!(send(overridden).await.status, 405);
    assert_eq!(
        send(server.request(Method::HEAD, "/graphql?query=%7B__typename%7D"))
            .await
            .status,
        405
    );
    for method in [Method::PUT, Method::DELETE, Method::PATCH, Method::OPTIONS] {
        let answer = send(server.request(method.clone(), "/graphql").body(TYPENAME)).await;
        assert_eq!(answer.status, 405, "{method}");
        assert!(answer.header("allow").contains("POST"), "{method}");
        assert_eq!(answer.header("access-control-allow-origin"), "");
        assert!(answer.header("vary").contains("Origin"), "{method}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_is_exactly_one_request() {
    let server = Server::start().await;
    for bad in [
        "[{\"query\":\"{__typename}\"},{\"query\":\"{__typename}\"}]",
        "[]",
        "null",
        "\"x\"",
        "",
        "{}",
        "{\"qeury\":\"{a}\"}",
    ] {
        assert_eq!(send(server.post_text(bad)).await.status, 400, "{bad}");
    }
    for bytes in [
        &b"{\"query\":\"\xc0\x80\"}"[..],
        b"\xff\xfe{\0}\0",
        b"\xef\xbb{\"query\":\"{__typename}\"}",
    ] {
        let request = server.post_text("").body(bytes.to_vec());
        assert_eq!(send(request).await.status, 400, "{bytes:?}");
    }
    let marked = format!("\u{feff}{TYPENAME}");
    assert_eq!(
        send(server.post_text(&marked)).await.text,
        r#"{"data":{"__typename":"Query"}}"#
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_without_an_end_is_cut_off_at_a_mebibyte() {
    let server = Server::start().await;
    let token = server.admin_token().await;
    let mut socket = TcpStream::connect(server.address).await.unwrap();
    let head = format!(
        "POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nauthorization: Bearer {token}\r\n\
         transfer-encoding: chunked\r\n\r\n"
    );
    socket.write_all(head.as_bytes()).await.unwrap();
    let chunk = format!("10000\r\n{}\r\n", " ".repeat(0x10000));
    let mut first_line = [0; 12];
    let answered = async {
        for _ in 0..17 {
            socket.write_all(chunk.as_bytes()).await.unwrap();
        }
        socket.read_exact(&mut first_line).await.unwrap();
    };
    timeout(Duration::from_secs(8), answered).await.unwrap();
    assert_eq!(&first_line, b"HTTP/1.1 413");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_status_follows_what_the_client_accepts() {
    let server = Server::start().await;
    let token = server.admin_token().await;
    let ask = async |query: &str, accept: &str| {
        let request = server.post(&json!({ "query": query })).bearer_auth(&token);
        send(request.header("accept", accept)).await
    };
    let graphql = "application/graphql-response+json";
    for (query, code) in [
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("{ nothing }", "GRAPHQL_VALIDATION_FAILED"),
        ("query($no: Boolean!) { __typename @skip(if: $no) }", "BAD_USER_INPUT"),
        (
            "query A { __typename } query B { __typename }",
            "GRAPHQL_VALIDATION_FAILED",
        ),
    ] {
        let (old, new) = (ask(query, "application/json").await, ask(query, graphql).await);
        assert_eq!((old.status.as_u16(), new.status.as_u16()), (200, 400), "{query}");
        assert_eq!((old.code(), new.code()), (code.to_owned(), code.to_owned()), "{query}");
        assert!(
            old.json().get("data").is_none() && new.json().get("data").is_none(),
            "{query}"
        );
        assert!(!new.text.contains("Did you mean"), "{query}");
    }
    let fine = ask("{ __typename }", graphql).await;
    assert_eq!(
        fine.header("content-type"),
        "application/graphql-response+json; charset=utf-8"
    );
    assert_eq!(fine.status, 200);
    let any = ask("{ __typename }", "*/*").await;
    assert_eq!(any.header("content-type"), "application/json; charset=utf-8");
    assert_eq!(ask("{ __typename }", "text/html").await.status, 406);
    let stranger = server.post(&json!({ "query": "mutation { signOut { signedOut } }" }));
    assert_eq!(send(stranger.header("accept", graphql)).await.status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_carries_the_security_headers() {
    let server = Server::start_at(Some("https://tributary.example.com")).await;
    let paths = [
        (Method::GET, "/healthz"),
        (Method::GET, "/nowhere"),
        (Method::PUT, "/graphql"),
        (Method::POST, "/graphql"),
    ];
    for (method, path) in paths {
        let answer = send(server.request(method, path)).await;
        assert!(
            answer
                .header("content-security-policy")
                .contains("frame-ancestors 'none'"),
            "{path}"
        );
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("referrer-policy"), "no-referrer", "{path}");
        assert_eq!(answer.header("cross-origin-opener-policy"), "same-origin", "{path}");
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
        assert!(
            answer.header("strict-transport-security").starts_with("max-age="),
            "{path}"
        );
        assert_eq!(answer.header("server"), "", "{path}");
        assert_eq!(answer.header("x-request-id").len(), 32, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn readiness_follows_the_database_and_failures_tell_nothing() {
    let server = Server::start().await;
    let token = server.admin_token().await;
    let get = async |path: &str| send(server.request(Method::GET, path)).await.status.as_u16();
    assert_eq!((get("/healthz").await, get("/readyz").await), (200, 200));
    server.app.db.clone().close().await.unwrap();
    assert_eq!((get("/healthz").await, get("/readyz").await), (200, 503));
    for answer in [
        server.query(&token, "{ viewer { scope } }").await,
        server.sign_in("a@example.com", PASSWORD).await,
    ] {
        let error = &answer.json()["errors"][0];
        assert_eq!(error["extensions"]["code"], "INTERNAL");
        assert_eq!(error["extensions"]["requestId"], answer.header("x-request-id"));
        assert_eq!(error["message"], "Something went wrong on our side.");
    }
    assert_eq!(server.query(&token, "{ viewer { scope } }").await.status, 500);
    assert_eq!(send(server.post_text(TYPENAME)).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_heads_and_slow_bodies_are_ended() {
    let server = Server::start().await;
    let ended = async |sent: &'static str| {
        let mut socket = TcpStream::connect(server.address).await.unwrap();
        socket.write_all(sent.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        timeout(Duration::from_secs(30), socket.read_to_end(&mut answer))
            .await
            .unwrap()
            .unwrap();
        String::from_utf8(answer)
            .unwrap()
            .lines()
            .next()
            .unwrap_or_default()
            .to_owned()
    };
    let head = "POST /graphql HTTP/1.1\r\nhost: x\r\n";
    let body = "POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{";
    let (slow_head, slow_body) = tokio::join!(ended(head), ended(body));
    assert!(slow_head.contains("408"), "{slow_head}");
    assert!(slow_body.contains("408"), "{slow_body}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_stops_when_it_is_told() {
    let server = Server::start().await;
    assert_eq!(send(server.post_text(TYPENAME)).await.status, 200);
    server.stop.stop().await;
    timeout(Duration::from_secs(10), server.running)
        .await
        .unwrap()
        .unwrap()
        .unwrap();
    assert!(TcpStream::connect(server.address).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn odd_heads_are_refused_and_never_break_anything() {
    let server = Server::start().await;
    let odd: [(&str, Vec<u8>); 4] = [
        ("authorization", vec![b'x'; 100_000]),
        ("accept", b"\xff\xfe".to_vec()),
        ("content-length", b"-1".to_vec()),
        ("cookie", b"tributary_session=\xff; =; ;;".to_vec()),
    ];
    for (name, value) in odd {
        let mut bytes = format!(
            "POST /graphql HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\n{name}: "
        )
        .into_bytes();
        bytes.extend(value);
        bytes.extend(format!("\r\ncontent-length: {}\r\n\r\n{TYPENAME}", TYPENAME.len()).into_bytes());
        let mut socket = TcpStream::connect(server.address).await.unwrap();
        socket.write_all(&bytes).await.unwrap();
        let mut answer = Vec::new();
        timeout(Duration::from_secs(10), socket.read_to_end(&mut answer))
            .await
            .unwrap()
            .unwrap();
        let status = String::from_utf8_lossy(&answer)
            .split(' ')
            .nth(1)
            .unwrap_or_default()
            .to_owned();
        assert!(!status.starts_with('5') && !status.is_empty(), "{name}: {status}");
    }
    let value: Value = send(
        server
            .post_text(TYPENAME)
            .header(HeaderName::from_static("x-anything"), HeaderValue::from_static("fine")),
    )
    .await
    .json();
    assert_eq!(value["data"]["__typename"], "Query");
}
