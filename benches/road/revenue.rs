//! Revenue on any day: asked of today, and of days spread over two years, over HTTP.

use std::time::{Duration, Instant};

use chrono::{Days, NaiveDate};
use serde_json::json;

use crate::server::Server;

/// What is asked, by the names that the table calls it.
pub(crate) const QUERIES: [(&str, &str); 3] = [
    (
        "revenue",
        "query($day: Date) { revenue(asOf: $day) { currency contracts total { minorUnits } net { minorUnits } mrr { minorUnits } arr { minorUnits } basis } }",
    ),
    (
        "contracts by status",
        "query($day: Date) { contracts(first: 25, asOf: $day, filter: {status: [OVERDUE]}) { nodes { id status } } }",
    ),
    (
        "recurring revenue alone",
        "query($day: Date) { revenue(asOf: $day) { currency mrr { minorUnits } arr { minorUnits } basis } }",
    ),
];

/// What some answers took.
pub(crate) struct Answers {
    pub(crate) p50: Duration,
    pub(crate) worst: Duration,
    /// Of the server, an answer.
    pub(crate) cpu: Duration,
}

/// Asks on each of the days, one after the other.
pub(crate) async fn measure(server: &Server, query: &str, days: &[Option<NaiveDate>]) -> Answers {
    // The first warms the caches.
    server.graphql(query, json!({ "day": days[0] })).await;
    let before = server.usage().cpu;
    let mut times = Vec::new();
    for day in days {
        let began = Instant::now();
        server.graphql(query, json!({ "day": day })).await;
        times.push(began.elapsed());
    }
    let cpu = server.usage().cpu.saturating_sub(before) / u32::try_from(days.len()).unwrap();
    times.sort();
    Answers {
        p50: times[times.len() / 2],
        worst: times[times.len() - 1],
        cpu,
    }
}

/// Today, so many times over.
pub(crate) fn today() -> Vec<Option<NaiveDate>> {
    vec![None; 40]
}

/// Days from two years ago up to yesterday.
#[expect(
    clippy::disallowed_methods,
    reason = "the measured server goes by the time of this machine"
)]
pub(crate) fn days() -> Vec<Option<NaiveDate>> {
    let today = chrono::Utc::now().date_naive();
    (0..40).map(|number| Some(today - Days::new(1 + 18 * number))).collect()
}
