//! The budget, on a clock that only moves when everything waits.

use super::*;

const ENDPOINT: &str = "/v1/customers";

async fn time_of(budget: &Budget, endpoint: &'static str, requests: usize) -> Duration {
    let began = Instant::now();
    for _ in 0..requests {
        budget.admit(endpoint).await;
    }
    began.elapsed()
}

fn close(actual: Duration, expected_ms: u64) {
    let distance = actual.as_millis().abs_diff(u128::from(expected_ms));
    assert!(distance <= 15, "{actual:?} instead of {expected_ms} ms");
}

#[test]
fn the_servers_bound_goes_above_the_setting() {
    let of = |global, setting| {
        let server = ServerBounds {
            global_per_second: global,
            endpoint_per_second: None,
        };
        Limits::of_integration(true, server, setting).global_per_second
    };
    assert_eq!(of(None, None), Some(50.0));
    assert_eq!(of(None, Some(80)), Some(80.0));
    assert_eq!(of(Some(0), None), None);
    assert_eq!(of(Some(0), Some(7)), Some(7.0));
    assert_eq!(of(Some(20), Some(80)), Some(20.0));
    assert_eq!(of(Some(20), Some(7)), Some(7.0));
}

#[tokio::test(start_paused = true)]
async fn spaces_requests_evenly() {
    let budget = Budget::new(Limits {
        global_per_second: Some(50.0),
        endpoint_per_second: Some(10.0),
    });
    close(time_of(&budget, ENDPOINT, 11).await, 1000);
}

#[tokio::test(start_paused = true)]
async fn endpoints_share_the_global_pace() {
    let budget = Budget::new(Limits {
        global_per_second: Some(10.0),
        endpoint_per_second: Some(10.0),
    });
    let began = Instant::now();
    for _ in 0..10 {
        budget.admit("/v1/customers").await;
        budget.admit("/v1/products").await;
    }
    close(began.elapsed(), 1900);
}

#[tokio::test(start_paused = true)]
async fn a_busy_endpoint_holds_up_no_other() {
    let budget = Budget::new(Limits {
        global_per_second: Some(50.0),
        endpoint_per_second: Some(10.0),
    });
    let began = Instant::now();
    let invoices = async {
        let all = (0..10).map(|_| budget.admit("/v1/invoices"));
        futures_util::future::join_all(all).await;
        began.elapsed()
    };
    let others = async {
        budget.admit("/v1/customers").await;
        budget.admit("/v1/products").await;
        began.elapsed()
    };
    let (invoices, others) = tokio::join!(invoices, others);
    close(invoices, 900);
    close(others, 40);
}

#[tokio::test(start_paused = true)]
async fn however_turns_lie_each_two_are_a_distance_apart() {
    let budget = Budget::new(Limits {
        global_per_second: Some(50.0),
        endpoint_per_second: Some(15.0),
    });
    let began = Instant::now();
    let all = (0..120).map(|at| {
        let (budget, endpoint) = (&budget, ["/a", "/b", "/b", "/c", "/d", "/e"][at % 6]);
        async move {
            budget.admit(endpoint).await;
            began.elapsed()
        }
    });
    let mut turns = futures_util::future::join_all(all).await;
    turns.sort_unstable();
    let apart = turns.windows(2).map(|two| two[1].abs_diff(two[0]));
    assert!(apart.min().unwrap() >= Duration::from_millis(19), "{turns:?}");
    // 40 of one endpoint's last 2.6 s at least; where turns of others are in the way, each may be a distance later.
    let last = turns.last().unwrap().as_millis();
    assert!((2590..=3400).contains(&last), "{turns:?}");
}

#[tokio::test(start_paused = true)]
async fn other_limits_hold_at_once() {
    let of = |rate| Limits {
        global_per_second: Some(rate),
        endpoint_per_second: None,
    };
    let budget = Budget::new(of(100.0));
    budget.admit(ENDPOINT).await;
    budget.bound(of(10.0));
    close(time_of(&budget, ENDPOINT, 11).await, 1100);
}

#[tokio::test(start_paused = true)]
async fn halves_once_a_second_and_recovers() {
    let budget = Budget::new(Limits {
        global_per_second: Some(100.0),
        endpoint_per_second: None,
    });
    budget.admit(ENDPOINT).await;
    budget.too_much(ENDPOINT, Hit::Global);
    budget.too_much(ENDPOINT, Hit::Global);
    tokio::time::sleep(Duration::from_secs(1)).await;
    close(time_of(&budget, ENDPOINT, 51).await, 1000);
    for _ in 0..50 {
        budget.answered(ENDPOINT);
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    close(time_of(&budget, ENDPOINT, 101).await, 1000);
}

#[tokio::test(start_paused = true)]
async fn without_a_bound_slows_down_only_when_told() {
    let budget = Budget::new(Limits {
        global_per_second: None,
        endpoint_per_second: None,
    });
    close(time_of(&budget, ENDPOINT, 100).await, 0);
    budget.too_much(ENDPOINT, Hit::Endpoint);
    assert!(time_of(&budget, ENDPOINT, 101).await >= Duration::from_millis(1900));
}
