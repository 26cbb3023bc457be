//! Measures what mapping an invoice of three lines costs, decoding included: from the text that is kept, as everything is mapped again,
//! and from the answer of Stripe that is parsed already, as an import maps. Nothing is asserted here.
//!
//! `make bench` shows it first; `cargo bench --bench map` shows it alone.
#![expect(clippy::unwrap_used, reason = "a benchmark may panic")]
#![expect(clippy::print_stdout, reason = "a benchmark prints its table")]
#![expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "figures for people")]

use std::hint::black_box;
use std::time::Duration;

use entity::kind::StripeKind;
use sandbox::{Kind, Options, Sandbox};
use tributary::map::contract::{Before, ContractRules, from_invoice};
use tributary::map::{Json, Mapped, Refs};

/// The server's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const LINES: usize = 3;
const RUNS: usize = 21;

#[tokio::main]
async fn main() {
    let company = Options {
        customers: 200,
        products: 20,
        invoices: 6_000,
        subscriptions: 400,
        ..Options::default()
    };
    let sandbox = Sandbox::start(company).await.unwrap();
    let world = sandbox.world();
    let mut refs = Refs::default();
    for (kind, of) in [
        (StripeKind::Price, Kind::Price),
        (StripeKind::Product, Kind::Product),
        (StripeKind::Subscription, Kind::Subscription),
    ] {
        for object in world.truth(of) {
            refs.insert(kind, object["id"].as_str().unwrap().to_owned(), &object, false);
        }
    }
    let mut texts: Vec<Vec<u8>> = Vec::new();
    world.each(Kind::Invoice, |invoice| {
        let lines = invoice["lines"]["data"].as_array().map_or(0, Vec::len);
        if lines == LINES && invoice["status"] == "paid" {
            texts.push(invoice.to_string().into_bytes());
        }
    });
    let bytes = texts.iter().map(Vec::len).sum::<usize>() / texts.len();
    println!("{} invoices of {LINES} lines, {bytes} bytes each", texts.len());
    let values: Vec<serde_json::Value> = texts.iter().map(|text| serde_json::from_slice(text).unwrap()).collect();
    let micros = |time: Duration| time.as_secs_f64() * 1e6 / texts.len() as f64;
    let from_text = median(|| {
        for text in &texts {
            black_box(map(text.as_slice().into(), &refs));
        }
    });
    let from_parsed = median(|| {
        for value in &values {
            black_box(map(value.into(), &refs));
        }
    });
    println!("{:>5.1} µs to map one from its text", micros(from_text));
    println!("{:>5.1} µs to map one that is parsed already", micros(from_parsed));
    println!("(CPU time, median of {RUNS} runs)");
}

fn map(invoice: Json<'_>, refs: &Refs) -> i64 {
    match from_invoice(invoice, refs, &ContractRules::default(), Some(Before::default())).unwrap() {
        Mapped::Record(draft) => draft.mrr,
        Mapped::Skipped(_) => 0,
    }
}

fn median(mut work: impl FnMut()) -> Duration {
    let mut took: Vec<Duration> = (0..RUNS)
        .map(|_| {
            let start = cpu_time();
            work();
            cpu_time().saturating_sub(start)
        })
        .collect();
    took.sort_unstable();
    took[RUNS / 2]
}

/// What this thread has had of a processor, so that whatever else the machine does is left out: Linux counts it in nanoseconds.
fn cpu_time() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(text.split(' ').next().unwrap().parse().unwrap())
}
