//! From the webhook to the query: how long until a change that Stripe tells is found by a query, and how fast a full inbox drains.

use std::time::{Duration, Instant};

use futures_util::{StreamExt, stream};
use serde_json::{Value, json};

use tributary::clock::Clock;

use crate::server::Server;

const SECRET: &str = "whsec_aBenchmarkOfTributary0123456789";
/// How long each pace is kept.
const SECONDS: u64 = 5;
/// Between two looks at the newest record.
const LOOK: Duration = Duration::from_millis(1);

/// Latencies at one pace.
pub(crate) struct Pace {
    pub(crate) per_second: u64,
    pub(crate) p50: Duration,
    pub(crate) p99: Duration,
}

/// A queue that was drained.
pub(crate) struct Drained {
    pub(crate) events: usize,
    pub(crate) took: Duration,
}

/// Sends made-up events about made-up customers.
pub(crate) struct Events<'a> {
    server: &'a Server,
    http: reqwest::Client,
    url: String,
    sent: u64,
}

impl<'a> Events<'a> {
    pub(crate) async fn begin(server: &'a Server) -> Self {
        Self {
            url: server.turn_webhooks_on(SECRET).await,
            http: crate::server::connections(),
            server,
            sent: 0,
        }
    }

    /// Latency at a pace: every event creates a customer; each tenth is looked for until a query finds it.
    pub(crate) async fn measure(&mut self, per_second: u64) -> Pace {
        let count = per_second * SECONDS;
        let begin = Instant::now();
        let gap = Duration::from_secs_f64(1.0 / per_second as f64);
        let first = self.sent;
        self.sent += count;
        let this = &*self;
        let watched = (count / 200).max(1);
        let mut latencies: Vec<Duration> = stream::iter(0..count)
            .map(|at| async move {
                tokio::time::sleep_until((begin + gap * u32::try_from(at).unwrap()).into()).await;
                let number = first + at;
                let sent = Instant::now();
                this.send(number).await;
                if at % watched != 0 {
                    return None;
                }
                this.wait_for(number).await;
                Some(sent.elapsed())
            })
            .buffer_unordered(10_000)
            .filter_map(async |latency| latency)
            .collect()
            .await;
        latencies.sort();
        let at = |part: usize| latencies[(latencies.len() * part / 100).min(latencies.len() - 1)];
        Pace {
            per_second,
            p50: at(50),
            p99: at(99),
        }
    }

    /// Fills the inbox while sync is off, turns it on, and waits until it is empty.
    pub(crate) async fn drain(&mut self, events: u64) -> Drained {
        self.server.switch(false).await;
        let first = self.sent;
        self.sent += events;
        let this = &*self;
        stream::iter(first..first + events)
            .for_each_concurrent(64, |number| this.send(number))
            .await;
        let begin = Instant::now();
        self.server.switch(true).await;
        while !self.server.is_drained().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Drained {
            events: usize::try_from(events).unwrap(),
            took: begin.elapsed(),
        }
    }

    async fn send(&self, number: u64) {
        let body = event(number).to_string();
        let now = Clock::System.now().timestamp();
        let signature = sandbox::sign(SECRET, now, &body);
        let request = self.http.post(&self.url).header("Stripe-Signature", signature);
        let answer = request.body(body).send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.status());
    }

    async fn wait_for(&self, number: u64) {
        while !self.server.has_client(&customer_id(number)).await {
            tokio::time::sleep(LOOK).await;
        }
    }
}

fn customer_id(number: u64) -> String {
    format!("cus_Bench{number:08}")
}

fn event(number: u64) -> Value {
    let created = Clock::System.now().timestamp();
    json!({
        "id": format!("evt_Bench{number:08}"), "object": "event", "api_version": "2026-10-28.endive", "created": created,
        "livemode": false, "pending_webhooks": 1, "request": { "id": null, "idempotency_key": null }, "type": "customer.created",
        "data": { "object": {
            "id": customer_id(number), "object": "customer", "created": created, "livemode": false, "currency": "eur",
            "name": format!("Customer {number} Ltd"), "email": format!("{number}@example.com"), "phone": null, "balance": 0,
            "address": { "line1": "1 Main St", "line2": null, "city": "Berlin", "state": null, "postal_code": "10115", "country": "DE" },
            "metadata": { "plan": "gold" }, "description": null, "discount": null, "delinquent": false, "tax_exempt": "none",
        } },
    })
}
