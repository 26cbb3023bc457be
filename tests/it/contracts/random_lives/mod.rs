//! Subscriptions live through half a year and more, by a seed: they are billed, changed, paid late or never, paused and ended. The server is
//! told by events, day by day. What it then says of every day is held against what is reckoned anew from Stripe's objects, as they were
//! recorded on the way.
//!
//! `LIVES_SEEDS=17` repeats one, `LIVES_SEEDS=1..100` runs many.

mod compare;
mod record;
mod second;
mod story;

use futures_util::{FutureExt, StreamExt, stream};

use crate::support::on_postgres;

const AT_ONCE: usize = 3;

#[tokio::test(flavor = "multi_thread")]
async fn every_day_is_as_it_was() {
    let failed: Vec<u64> = stream::iter(seeds())
        .map(|seed| async move {
            let lived = std::panic::AssertUnwindSafe(Box::pin(story::live(seed)))
                .catch_unwind()
                .await;
            lived.is_err().then_some(seed)
        })
        .buffer_unordered(AT_ONCE)
        .filter_map(async |failed| failed)
        .collect()
        .await;
    assert!(failed.is_empty(), "to see one again: LIVES_SEEDS={failed:?}");
}

#[expect(
    clippy::disallowed_methods,
    reason = "which seeds to try is for whoever runs the tests to say"
)]
fn seeds() -> Vec<u64> {
    let few = if on_postgres() { 2 } else { 6 };
    let Ok(text) = std::env::var("LIVES_SEEDS") else {
        return (1..=few).collect();
    };
    let number = |text: &str| text.trim().parse::<u64>().unwrap();
    match text.split_once("..") {
        Some((first, last)) => (number(first)..=number(last)).collect(),
        None => text.split(',').map(number).collect(),
    }
}
