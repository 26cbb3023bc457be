//! Who may call at all: tokens, cookies, strangers.

use entity::kind::Scope;
use sea_orm::{ActiveModelTrait, IntoActiveModel, Set};
use serde_json::json;

use super::support::{Answer, PASSWORD, Server, send};

const VIEWER: &str = "{ viewer { scope user { email } } }";

fn assert_bad_token(answer: &Answer) {
    assert_eq!(answer.status, 401);
    assert_eq!(answer.header("www-authenticate"), "Bearer");
    assert_eq!(answer.code(), "UNAUTHENTICATED");
    assert!(answer.json().get("data").is_none());
}

async fn set_enabled(server: &Server, user: &entity::user::Model, enabled: bool) {
    let mut row = user.clone().into_active_model();
    row.enabled = Set(enabled);
    row.update(server.app.db.write()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn every_root_field_but_two_needs_a_sign_in() {
    let server = Server::start().await;
    let token = server.admin_token().await;
    let schema = server
        .query(
            &token,
            "{ __schema { queryType { fields { name } } mutationType { fields { name } } subscriptionType { fields { name } } } }",
        )
        .await;
    let mut asked = 0;
    for (kind, of) in [
        ("query", "queryType"),
        ("mutation", "mutationType"),
        ("subscription", "subscriptionType"),
    ] {
        for field in schema.json()["data"]["__schema"][of]["fields"].as_array().unwrap() {
            let name = field["name"].as_str().unwrap();
            let answer = send(server.post(&json!({ "query": format!("{kind} {{ {name} }}") }))).await;
            let is_open = ["viewer", "signIn"].contains(&name);
            assert_eq!(answer.code() == "UNAUTHENTICATED", !is_open, "{name}: {}", answer.text);
            assert!(answer.json().get("data").is_none(), "{name}");
            asked += 1;
        }
    }
    assert!(asked >= 5, "only {asked} fields were found");
    let nobody = send(server.post(&json!({ "query": VIEWER }))).await;
    assert_eq!(nobody.text, r#"{"data":{"viewer":null}}"#);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_good_until_it_expires_or_is_revoked() {
    let server = Server::start().await;
    let admin = server.user("a@example.com", Scope::Admin).await;
    let hour = std::time::Duration::from_hours(1);
    let token = server
        .token(&admin, Scope::Admin, Some(server.app.clock.now_ms() + 3_600_000))
        .await;
    assert_eq!(server.query(&token, VIEWER).await.status, 200);
    server.app.clock.advance(hour);
    assert_bad_token(&server.query(&token, VIEWER).await);

    let token = server.token(&admin, Scope::Read, None).await;
    let own = server
        .query(&token, "{ viewer { token { id lastUsedAt } } }")
        .await
        .json();
    let id = own["data"]["viewer"]["token"]["id"].as_str().unwrap().to_owned();
    let revoke =
        format!("mutation {{ revokeApiToken(input: {{ id: \"{id}\" }}) {{ deletedId userErrors {{ code }} }} }}");
    let revoked = server.query(&token, &revoke).await.json();
    assert_eq!(revoked["data"]["revokeApiToken"]["deletedId"], id);
    assert_bad_token(&server.query(&token, VIEWER).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_may_no_more_than_its_user_from_the_next_call_on() {
    let server = Server::start().await;
    let user = server.user("a@example.com", Scope::Configure).await;
    let token = server.token(&user, Scope::Configure, None).await;
    let scope = async || server.query(&token, VIEWER).await.json()["data"]["viewer"]["scope"].clone();
    assert_eq!(scope().await, "CONFIGURE");
    let mut row = user.clone().into_active_model();
    row.role = Set(Scope::Read);
    row.update(server.app.db.write()).await.unwrap();
    assert_eq!(scope().await, "READ");
    set_enabled(&server, &user, false).await;
    assert_bad_token(&server.query(&token, VIEWER).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_are_answered_while_a_write_is_in_progress() {
    let server = Server::start().await;
    let token = server.admin_token().await;
    let cookie = server.sign_in("admin@example.com", PASSWORD).await.cookie();
    server.app.clock.advance(std::time::Duration::from_mins(2));
    let writing = server.app.db.begin().await.unwrap();
    assert_eq!(
        server.query(&token, VIEWER).await.json()["data"]["viewer"]["scope"],
        "ADMIN"
    );
    assert_eq!(
        server.browse(&cookie, VIEWER).await.json()["data"]["viewer"]["scope"],
        "ADMIN"
    );
    drop(writing);
}

#[tokio::test(flavor = "multi_thread")]
async fn junk_tokens_cost_no_query() {
    let server = Server::start().await;
    let token = server.admin_token().await;
    server.app.db.clone().close().await.unwrap();
    let mut changed = token.clone();
    changed.replace_range(20..21, if &token[20..21] == "x" { "y" } else { "x" });
    assert_bad_token(&server.query(&changed, VIEWER).await);
    // With a right checksum the database is asked, and it is closed.
    assert_eq!(server.query(&token, VIEWER).await.status, 500);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_authorization_header_is_read_strictly() {
    let server = Server::start().await;
    let token = server.admin_token().await;
    let with = async |values: &[String]| {
        let request = server.post(&json!({ "query": VIEWER }));
        let request = values
            .iter()
            .fold(request, |request, value| request.header("authorization", value));
        send(request).await
    };
    for good in [
        format!("Bearer {token}"),
        format!("bearer {token}"),
        format!("BEARER  {token} "),
    ] {
        assert_eq!(with(std::slice::from_ref(&good)).await.status, 200, "{good}");
    }
    for bad in [
        "Bearer",
        "Bearer ",
        "Basic YTpi",
        "Bearer x",
        &token,
        "Bearer trib_",
        "Bearer ü",
    ] {
        assert_bad_token(&with(&[bad.to_owned()]).await);
    }
    let twice = with(&[format!("Bearer {token}"), format!("Bearer {token}")]).await;
    assert_eq!(twice.status, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cookie_is_taken_from_our_own_pages_only() {
    let server = Server::start().await;
    server.user("a@example.com", Scope::Admin).await;
    let cookie = server.sign_in("a@example.com", PASSWORD).await.cookie();
    let ours = format!("http://{}", server.address);
    let with = async |pairs: &[(&str, &str)]| {
        let request = server
            .post(&json!({ "query": "mutation { signOut { signedOut } }" }))
            .header("cookie", &cookie);
        send(
            pairs
                .iter()
                .fold(request, |request, (name, value)| request.header(*name, *value)),
        )
        .await
    };
    for foreign in [
        &[][..],
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site"), ("origin", &ours)],
        &[("origin", "https://evil.com")],
        &[("origin", "null")],
        &[("origin", &format!("{ours}.evil.com"))],
    ] {
        let answer = with(foreign).await;
        assert_eq!(
            (answer.status.as_u16(), answer.code().as_str()),
            (403, "FORBIDDEN"),
            "{foreign:?}"
        );
    }
    assert_eq!(server.sessions().await, 1);
    let both = server.post(&json!({ "query": VIEWER })).header("cookie", &cookie);
    assert_eq!(
        send(both.bearer_auth("trib_x").header("origin", &ours)).await.status,
        400
    );
    let by_get = server.request(reqwest::Method::GET, "/graphql?query=%7Bviewer%7Bscope%7D%7D");
    assert_eq!(
        send(by_get.header("cookie", &cookie)).await.text,
        r#"{"data":{"viewer":null}}"#
    );
    assert_eq!(
        with(&[("origin", &ours)]).await.text,
        r#"{"data":{"signOut":{"signedOut":true}}}"#
    );
    assert_eq!(server.sessions().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disabled_user_is_nobody_at_once() {
    let server = Server::start().await;
    let user = server.user("a@example.com", Scope::Admin).await;
    let cookie = server.sign_in("a@example.com", PASSWORD).await.cookie();
    set_enabled(&server, &user, false).await;
    assert_eq!(server.browse(&cookie, VIEWER).await.text, r#"{"data":{"viewer":null}}"#);
    let again = server.sign_in("a@example.com", PASSWORD).await.json();
    assert_eq!(again["data"]["signIn"]["userErrors"][0]["code"], "BAD_CREDENTIALS");
}
