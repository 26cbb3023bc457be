//! How far the records are behind Stripe, and when something is done about it next.

use entity::integration::Model;
use entity::kind::{EventOutcome, EventWay, StripeKind};
use entity::stripe_event;
use serde_json::{Value, json};
use tributary::map::MapError;
use tributary::store::{failure, inbox};
use uuid::Uuid;

use super::show::show;
use super::support::{insert, ready};
use crate::support::{NOW_MS, TestApp};

const SECOND_MS: i64 = 1000;
const NOW: i64 = NOW_MS / SECOND_MS;

/// The lag of an integration that was looked at five minutes ago, as it is every ten minutes, apart from what `change` does. `waiting` is when an
/// event happened that waits, Unix seconds.
async fn lag(change: impl FnOnce(&mut Model), waiting: Option<i64>) -> Value {
    let app = TestApp::start().await;
    let mut row = ready();
    (row.event_watermark, row.next_poll_at, row.sync_enabled) = (Some(NOW - 300), Some(NOW_MS), true);
    change(&mut row);
    let integration_id = row.id;
    let id = insert(&app, row).await;
    if let Some(created) = waiting {
        insert_event(&app, integration_id, "evt_1", created, None).await;
    }
    insert_event(&app, integration_id, "evt_2", NOW - 9000, Some(NOW_MS)).await;
    insert_event(&app, Uuid::now_v7(), "evt_3", NOW - 9000, None).await;
    show(&app, &id, "syncLagSeconds").await["syncLagSeconds"].take()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_lag_is_the_age_of_the_oldest_change_that_waits() {
    assert_eq!(lag(|_| {}, None).await, 0);
    assert_eq!(lag(|_| {}, Some(NOW - 50)).await, 50);
    assert_eq!(lag(|_| {}, Some(NOW + 5)).await, 0, "Stripe's clock is ahead");
    assert_eq!(lag(|row| row.event_watermark = None, Some(NOW - 50)).await, Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn while_nobody_looks_the_lag_counts_from_the_last_look() {
    let late = |row: &mut Model| row.next_poll_at = Some(NOW_MS - 61 * SECOND_MS);
    let refused = |row: &mut Model| row.key_problem = Some("KEY_REJECTED".to_owned());
    let in_time = |row: &mut Model| row.next_poll_at = Some(NOW_MS - 60 * SECOND_MS);
    assert_eq!(lag(in_time, None).await, 0);
    assert_eq!(lag(late, None).await, 300);
    assert_eq!(lag(late, Some(NOW - 400)).await, 400);
    assert_eq!(lag(refused, Some(NOW - 50)).await, 300);
    let switched_off = |row: &mut Model| {
        late(row);
        row.sync_enabled = false;
    };
    assert_eq!(lag(switched_off, None).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn while_looks_come_to_nothing_the_lag_counts_from_the_last_that_did_not() {
    let day = 86_400;
    for (every, watermark, expected) in [
        (Some(300), NOW - 370, json!(0)),
        (Some(300), NOW - 371, json!(371)),
        (Some(3_600), NOW - 3_670, json!(0)),
        (Some(3_600), NOW - 3_671, json!(3_671)),
        // Nobody has set it: ten minutes at most.
        (None, NOW - 670, json!(0)),
        (None, NOW - 671, json!(671)),
        (Some(60), NOW - 31 * day, json!(31 * day)),
    ] {
        let queued = |row: &mut Model| {
            row.next_poll_at = Some(NOW_MS + 60 * SECOND_MS);
            (row.poll_interval_seconds, row.event_watermark) = (every, Some(watermark));
        };
        assert_eq!(lag(queued, None).await, expected, "{every:?} {watermark}");
        assert_eq!(lag(queued, Some(NOW - 32 * day)).await, 32 * day);
        let switched_off = |row: &mut Model| {
            queued(row);
            row.sync_enabled = false;
        };
        assert_eq!(lag(switched_off, None).await, 0);
    }
}

async fn insert_event(app: &TestApp, integration_id: Uuid, event_id: &str, created: i64, applied_at: Option<i64>) {
    let event = stripe_event::Model {
        integration_id,
        event_id: event_id.to_owned(),
        event_type: "customer.updated".to_owned(),
        created,
        came_by: EventWay::Webhook,
        received_at: NOW_MS,
        body: None,
        applied_at,
        outcome: applied_at.map(|_| EventOutcome::Applied),
    };
    let tx = app.db().begin().await.unwrap();
    inbox::put(&tx, vec![event]).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_run_is_the_earlier_of_a_look_and_a_reconcile() {
    let (early, late) = (NOW_MS + 60 * SECOND_MS, NOW_MS + 120 * SECOND_MS);
    let shown = json!("2026-11-23T12:01:00Z");
    for (poll, reconcile, on, problem, expected) in [
        (Some(early), Some(late), true, None, shown.clone()),
        (Some(late), Some(early), true, None, shown.clone()),
        (Some(early), None, true, None, shown.clone()),
        (None, Some(early), true, None, shown),
        (None, None, true, None, Value::Null),
        (Some(early), Some(late), false, None, Value::Null),
        (
            Some(early),
            Some(late),
            true,
            Some("KEY_REJECTED".to_owned()),
            Value::Null,
        ),
    ] {
        let app = TestApp::start().await;
        let mut row = ready();
        (row.next_poll_at, row.next_reconcile_at, row.sync_enabled) = (poll, reconcile, on);
        row.key_problem = problem;
        let id = insert(&app, row).await;
        assert_eq!(show(&app, &id, "nextRunAt").await["nextRunAt"], expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_run_may_be_another_try_of_what_failed() {
    let (early, late) = (NOW_MS + 60 * SECOND_MS, NOW_MS + 120 * SECOND_MS);
    for (watermark, on, open, expected) in [
        (Some(NOW), true, true, json!("2026-11-23T12:01:00Z")),
        (Some(NOW), true, false, json!("2026-11-23T12:02:00Z")),
        (Some(NOW), false, true, Value::Null),
        // Before the first import has ended nothing is tried again.
        (None, true, true, json!("2026-11-23T12:02:00Z")),
    ] {
        let app = TestApp::start().await;
        let mut row = ready();
        (row.next_poll_at, row.event_watermark, row.sync_enabled) = (Some(late), watermark, on);
        let integration_id = row.id;
        let id = insert(&app, row).await;
        let error = MapError {
            code: "NO_ID",
            message: "m".to_owned(),
            hint: None,
        };
        for (stripe_id, failed_at) in [("in_1", early), ("in_2", NOW_MS)] {
            let failures = vec![(stripe_id, &error)];
            failure::record(
                app.db().write(),
                integration_id,
                None,
                StripeKind::Invoice,
                failures,
                failed_at,
            )
            .await
            .unwrap();
        }
        if !open {
            failure::resolve(
                app.db().write(),
                integration_id,
                StripeKind::Invoice,
                vec!["in_1", "in_2"],
                NOW_MS,
            )
            .await
            .unwrap();
        }
        assert_eq!(show(&app, &id, "nextRunAt").await["nextRunAt"], expected);
    }
}
