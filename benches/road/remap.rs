//! Mapping again what is kept: a rule is edited and applied to all customers, so that every client differs. Stripe is not asked.

use std::time::Duration;

use serde_json::json;

use crate::server::Server;

/// Sources that the tables call by these names. Each is used in turn with another one, so that each time all clients change.
pub(crate) const SOURCES: [(&str, [&str; 2]); 2] = [
    ("paths and ||", ["metadata.crm_id || email || id", "name || id"]),
    (
        "a source for the library",
        ["not_null(metadata.crm_id, email, id)", "not_null(name, id)"],
    ),
];

/// What a run came to.
pub(crate) struct Remapped {
    pub(crate) clients: u64,
    pub(crate) took: Duration,
    pub(crate) cpu: Duration,
}

/// Maps all customers again `runs` times; gives the median by time.
pub(crate) async fn measure(server: &Server, sources: [&str; 2], runs: usize) -> Remapped {
    let mut measured = Vec::new();
    // The first one finds another rule's values and warms the caches.
    for turn in 0..=runs {
        server.map_customers(&[("externalId", sources[turn % 2])]).await;
        let before = server.usage().cpu;
        let run = server.run_to_the_end("startRemap", &["CUSTOMER"]).await;
        assert_eq!(run["state"], json!("SUCCEEDED"), "{run}");
        assert_eq!(run["stripeRequests"], 0, "Stripe was asked: {run}");
        measured.push(Remapped {
            clients: run["phases"][0]["updated"].as_u64().unwrap(),
            took: crate::server::duration(&run),
            cpu: server.usage().cpu.saturating_sub(before),
        });
    }
    measured.remove(0);
    measured.sort_by_key(|run| run.took);
    measured.swap_remove(measured.len() / 2)
}
