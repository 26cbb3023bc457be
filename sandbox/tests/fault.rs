//! Keys, limits and everything that goes wrong on demand.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::time::{Duration, Instant};

use common::{all, get, ids, options, send};
use sandbox::{Fault, Kind, Options, RateLimits, Sandbox};
use serde_json::json;

async fn status_with(sandbox: &Sandbox, key: &str, path: &str) -> (u16, String) {
    let client = common::client().unwrap();
    let request = client.get(format!("{}{path}", sandbox.base_url())).bearer_auth(key);
    let response = request.send().await.unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}

#[tokio::test]
async fn keys_open_what_they_may() {
    let restricted = vec![("rk_test_abcdefgh1234".to_owned(), vec!["rak_customer_read".to_owned()])];
    let sandbox = Sandbox::start(Options {
        restricted_keys: restricted,
        ..options()
    })
    .await
    .unwrap();
    assert!(sandbox.key().starts_with("sk_test_") && sandbox.key().len() >= 32);
    assert_eq!(status_with(&sandbox, sandbox.key(), "/v1/account").await.0, 200);
    let (status, body) = status_with(&sandbox, "sk_test_abcdef1234", "/v1/account").await;
    assert!(status == 401 && body.contains("sk_test_******1234"), "{body}");
    let live = sandbox.key().replace("_test_", "_live_");
    assert_eq!(status_with(&sandbox, &live, "/v1/account").await.0, 401);
    assert_eq!(
        status_with(&sandbox, "rk_test_abcdefgh1234", "/v1/customers").await.0,
        200
    );
    let (status, body) = status_with(&sandbox, "rk_test_abcdefgh1234", "/v1/invoices").await;
    assert!(status == 403 && body.contains("('invoice_read')"), "{body}");
    let client = common::client().unwrap();
    let url = format!("{}/v1/account", sandbox.base_url());
    let basic = client
        .get(&url)
        .basic_auth(sandbox.key(), Some(""))
        .send()
        .await
        .unwrap();
    assert_eq!(basic.status(), 200);
    assert_eq!(client.get(&url).send().await.unwrap().status(), 401);
    let version = client
        .get(&url)
        .bearer_auth(sandbox.key())
        .header("Stripe-Version", "yesterday");
    assert_eq!(version.send().await.unwrap().status(), 400);
}

#[tokio::test]
async fn anything_but_a_read_is_refused_and_counted() {
    let sandbox = Sandbox::start(options()).await.unwrap();
    let client = common::client().unwrap();
    let url = format!("{}/v1/customers", sandbox.base_url());
    let response = client.post(url).bearer_auth(sandbox.key()).send().await.unwrap();
    assert_eq!(response.status(), 405);
    get(&sandbox, "/v1/customers?limit=2").await;
    assert_eq!((sandbox.request_count(), sandbox.non_get_count()), (2, 1));
    let last = sandbox.requests().pop().unwrap();
    assert_eq!(
        (last.path_and_query.as_str(), last.status),
        ("/v1/customers?limit=2", 200)
    );
}

#[tokio::test]
async fn a_full_second_is_refused_with_its_limiter() {
    let limits = RateLimits {
        global_per_second: 100,
        endpoint_per_second: 1,
    };
    let sandbox = Sandbox::start(Options {
        rate_limits: Some(limits),
        ..options()
    })
    .await
    .unwrap();
    let mut refused = None;
    for _ in 0..50 {
        let response = send(&sandbox, "/v1/coupons").await.unwrap();
        if response.status() == 429 {
            refused = Some(response);
            break;
        }
    }
    assert_eq!(
        refused.unwrap().headers()["stripe-rate-limited-reason"],
        "endpoint-rate"
    );
}

#[tokio::test]
async fn refusals_come_as_often_as_planned() {
    let sandbox = Sandbox::start(options()).await.unwrap();
    for (fault, status, code) in [
        (Fault::RateLimited, 429, json!("rate_limit")),
        (Fault::LockTimeout, 429, json!("lock_timeout")),
        (Fault::ServerError(503), 503, json!(null)),
    ] {
        sandbox.faults().fail_next(2, fault, Some("/v1/invoices"));
        assert_eq!(get(&sandbox, "/v1/customers").await.0, 200);
        for _ in 0..2 {
            let (found, body) = get(&sandbox, "/v1/invoices").await;
            assert_eq!((found, &body["error"]["code"]), (status, &code));
        }
        assert_eq!(get(&sandbox, "/v1/invoices").await.0, 200);
    }
}

#[tokio::test]
async fn broken_answers_are_broken() {
    let sandbox = Sandbox::start(options()).await.unwrap();
    let faults = sandbox.faults();
    faults.fail_next(1, Fault::Reset, None);
    assert!(send(&sandbox, "/v1/invoices").await.is_err());
    faults.fail_next(1, Fault::HalfBody, None);
    assert!(
        async { send(&sandbox, "/v1/invoices").await?.text().await }
            .await
            .is_err()
    );
    faults.fail_next(1, Fault::TruncatedJson, None);
    let text = send(&sandbox, "/v1/invoices").await.unwrap().text().await.unwrap();
    assert!(serde_json::from_str::<serde_json::Value>(&text).unwrap_err().is_eof());
    faults.fail_next(1, Fault::Html, None);
    let page = send(&sandbox, "/v1/invoices").await.unwrap();
    assert_eq!(page.headers()["content-type"], "text/html");
    faults.fail_next(1, Fault::EmptyPageWithMore, None);
    let (_, body) = get(&sandbox, "/v1/invoices").await;
    assert_eq!((&body["data"], &body["has_more"]), (&json!([]), &json!(true)));
    faults.fail_next(1, Fault::SlowBody, None);
    let begun = Instant::now();
    assert_eq!(get(&sandbox, "/v1/account").await.0, 200);
    assert!(begun.elapsed() > Duration::from_secs(1));
    faults.set_latency(Duration::from_millis(150));
    let begun = Instant::now();
    assert_eq!(get(&sandbox, "/v1/account").await.0, 200);
    assert!(begun.elapsed() >= Duration::from_millis(150));
}

#[tokio::test]
async fn the_date_can_be_wrong_or_missing() {
    let sandbox = Sandbox::start(options()).await.unwrap();
    sandbox.faults().set_date_offset(-3_600);
    let response = send(&sandbox, "/v1/account").await.unwrap();
    assert_eq!(response.headers()["date"], "Wed, 18 Nov 2026 10:06:40 GMT");
    sandbox.faults().omit_date(true);
    assert!(
        !send(&sandbox, "/v1/account")
            .await
            .unwrap()
            .headers()
            .contains_key("date")
    );
}

#[tokio::test]
async fn a_poisoned_object_is_served_but_not_true() {
    let sandbox = Sandbox::start(options()).await.unwrap();
    let id = sandbox.world().truth(Kind::Invoice)[3]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let poison = json!({"id": id, "object": "invoice", "total": "many"});
    sandbox.world().poison(Kind::Invoice, &id, poison.clone());
    assert_eq!(get(&sandbox, &format!("/v1/invoices/{id}")).await.1, poison);
    assert!(all(&sandbox, "/v1/invoices?").await.contains(&poison));
    assert!(sandbox.world().get(Kind::Invoice, &id).unwrap()["total"].is_i64());
    sandbox.world().cure(Kind::Invoice, &id);
    assert!(get(&sandbox, &format!("/v1/invoices/{id}")).await.1["total"].is_i64());
}

#[tokio::test]
async fn a_stopped_sandbox_answers_no_more() {
    let sandbox = Sandbox::start(options()).await.unwrap();
    let url = sandbox.base_url();
    sandbox.stop().await;
    assert!(common::client().unwrap().get(url).send().await.is_err());
}

#[tokio::test]
async fn limits_are_told_in_several_ways() {
    let sandbox = Sandbox::start(options()).await.unwrap();
    sandbox.faults().fail_next(1, Fault::RateLimitedFor(7), None);
    let response = send(&sandbox, "/v1/invoices").await.unwrap();
    assert_eq!(
        (response.status().as_u16(), &response.headers()["retry-after"]),
        (429, &"7".parse().unwrap())
    );
    sandbox.faults().fail_next(1, Fault::RateLimitedAsInvalid, None);
    let (status, body) = get(&sandbox, "/v1/invoices").await;
    assert_eq!((status, &body["error"]["code"]), (400, &json!("rate_limit")));
}

#[tokio::test]
async fn some_answers_only_look_like_ones() {
    let sandbox = Sandbox::start(options()).await.unwrap();
    sandbox.faults().fail_next(1, Fault::InvalidJson, None);
    let text = send(&sandbox, "/v1/invoices").await.unwrap().text().await.unwrap();
    assert!(!serde_json::from_str::<serde_json::Value>(&text).unwrap_err().is_eof());
    sandbox.faults().fail_next(1, Fault::PlainText, None);
    let plain = send(&sandbox, "/v1/invoices").await.unwrap();
    assert_eq!(plain.headers()["content-type"], "text/plain");
    let id = sandbox.world().create_customer(json!({ "name": "half of a smile: @" }));
    sandbox.faults().rewrite("smile: @", "smile: \\ud83d");
    let text = send(&sandbox, &format!("/v1/customers/{id}"))
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert!(text.contains(r#""half of a smile: \ud83d""#), "{text}");
    sandbox.faults().clear();
    assert_eq!(
        get(&sandbox, &format!("/v1/customers/{id}")).await.1["name"],
        "half of a smile: @"
    );
}

#[tokio::test]
async fn some_bodies_come_late_and_some_never_end() {
    let sandbox = Sandbox::start(options()).await.unwrap();
    sandbox.faults().fail_next(1, Fault::Late(1), None);
    let begun = Instant::now();
    assert_eq!(get(&sandbox, "/v1/account").await.0, 200);
    assert!(begun.elapsed() >= Duration::from_secs(1));
    for (fault, status, at_least) in [
        (Fault::Endless, 200, 30),
        (Fault::Flood(200), 200, 1 << 20),
        (Fault::Flood(500), 500, 1 << 20),
    ] {
        sandbox.faults().fail_next(1, fault, None);
        let mut response = send(&sandbox, "/v1/account").await.unwrap();
        assert_eq!((response.status().as_u16(), response.content_length()), (status, None));
        let mut read = 0;
        while read < at_least {
            read += response.chunk().await.unwrap().unwrap().len();
        }
    }
}

#[tokio::test]
async fn lists_lead_nowhere() {
    let sandbox = Sandbox::start(options()).await.unwrap();
    let path = "/v1/customers?limit=20";
    let second = async || {
        let first = ids(&get(&sandbox, path).await.1);
        let (_, page) = get(&sandbox, &format!("{path}&starting_after={}", first.last().unwrap())).await;
        (first, ids(&page), page["has_more"] == true)
    };
    let (first, last, has_more) = second().await;
    assert!(!has_more && !last.is_empty() && first != last);
    sandbox.faults().fail_next(2, Fault::SamePage, None);
    assert_eq!(second().await, (first.clone(), first.clone(), true));
    sandbox.faults().fail_some(1_000, 1, Fault::MoreForEver, None);
    assert_eq!(second().await, (first.clone(), last.clone(), true));
    sandbox.faults().clear();
    sandbox.faults().fail_some(1_000, 1, Fault::Circle, None);
    let (_, page) = get(&sandbox, &format!("{path}&starting_after={}", last.last().unwrap())).await;
    assert_eq!(ids(&page), first);
}

#[tokio::test]
async fn a_fault_can_be_one_key_s_alone() {
    let rights = vec!["rak_customer_read".to_owned()];
    let other = "rk_test_abcdefgh1234";
    let sandbox = Sandbox::start(Options {
        restricted_keys: vec![(other.to_owned(), rights)],
        ..options()
    })
    .await
    .unwrap();
    sandbox.faults().fail_key(other, Fault::ServerError(500), None);
    let ask = async |key: &str, path: &str| status_with(&sandbox, key, path).await.0;
    let own = sandbox.key().to_owned();
    assert_eq!(
        (ask(other, "/v1/customers").await, ask(&own, "/v1/customers").await),
        (500, 200)
    );
    sandbox.faults().clear();
    assert_eq!(
        (ask(other, "/v1/customers").await, ask(other, "/v1/products").await),
        (200, 403)
    );
    sandbox.restrict_key(other, &["rak_product_read"]);
    assert_eq!(
        (ask(other, "/v1/customers").await, ask(other, "/v1/products").await),
        (403, 200)
    );
    sandbox.expire_key(&own);
    assert_eq!(
        (ask(&own, "/v1/customers").await, ask(other, "/v1/products").await),
        (401, 200)
    );
}

#[tokio::test]
async fn it_hangs_up_and_listens_again_with_everything_in_place() {
    let sandbox = Sandbox::start(options()).await.unwrap();
    let id = sandbox.world().create_customer(json!({ "name": "Still here" }));
    sandbox.hang_up().await;
    assert!(send(&sandbox, "/v1/account").await.unwrap_err().is_connect());
    sandbox.listen_again().await.unwrap();
    assert_eq!(get(&sandbox, &format!("/v1/customers/{id}")).await.0, 200);
}
