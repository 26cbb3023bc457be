//! How far the records are behind is told while looks at the events come to nothing, however often they are begun.

use std::time::Duration;

use entity::kind::{RunKind, RunState};
use sandbox::{Fault, Options};
use serde_json::json;

use super::support::{DAY, MINUTE, imported, integration, look, pass, runs};
use crate::support::{TestApp, until};

/// No look takes longer, be it queued late, seconds.
const TAKES: i64 = 130;

async fn lag(app: &TestApp, id: &str) -> i64 {
    let query = "query($id: ID!) { integration(id: $id) { syncLagSeconds } }";
    let shown = app.graphql(query, json!({ "id": id })).await;
    shown["integration"]["syncLagSeconds"].as_i64().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn looks_that_fail_do_not_pass_for_looks() {
    let (app, id) = imported(Options::default()).await;
    assert_eq!(lag(&app, &id).await, 0);
    let refused = Fault::ServerError(402);
    app.sandbox().faults().fail_some(1_000, 1, refused, Some("/v1/events"));
    for _ in 0..5 {
        assert_eq!(look(&app).await.state, RunState::Failed);
    }
    let behind = lag(&app, &id).await;
    assert!((300..300 + TAKES).contains(&behind), "{behind}");
    app.sandbox().faults().clear();
    assert_eq!(look(&app).await.state, RunState::Succeeded);
    assert_eq!(lag(&app, &id).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hole_is_told_until_everything_was_compared() {
    let (mut app, id) = imported(Options::default()).await;
    app.turn_off().await;
    pass(&app, DAY * 31);
    app.sandbox().faults().set_latency(Duration::from_millis(50));
    app.turn_on(|_config| {}).await;
    let compares = async || runs(&app, RunKind::Reconcile).await.into_iter().next();
    until("everything is being compared", async || {
        let run = compares().await?;
        (run.stripe_requests > 0).then_some(())
    })
    .await;
    let next = integration(&app).await.next_poll_at;
    assert!(next > Some(app.clock.now_ms()), "the look was queued: {next:?}");
    let behind = lag(&app, &id).await;
    assert_eq!(compares().await.unwrap().finished_at, None, "it goes on");
    assert!(behind >= 31 * 86_400, "{behind}");
    app.sandbox().faults().clear();
    until("everything was compared", async || compares().await?.finished_at).await;
    pass(&app, MINUTE);
    look(&app).await;
    assert_eq!(lag(&app, &id).await, 0);
}
