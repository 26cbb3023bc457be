//! Measures the road end to end: the built server imports from the built sandbox, each in a process of its own, over real HTTP
//! into SQLite. Tables: objects a second, CPU, memory, requests, rows; then webhooks, from their arrival to a query that finds
//! them; mappings applied to what is kept; and revenue on any day. Nothing is asserted of the figures.
//!
//! `make bench` takes about ten minutes; `make bench ARGS="--objects 1000000"` changes the size of the runs without limits,
//! `--only remaps` leaves the rest out.
#![expect(clippy::unwrap_used, reason = "a benchmark may panic")]
#![expect(clippy::print_stdout, reason = "a benchmark prints its table")]
#![expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "figures for people")]

mod events;
mod process;
mod remap;
mod revenue;
mod server;

use clap::Parser;
use process::{Child, Usage};
use server::Imported;

/// What to measure.
#[derive(Debug, Parser)]
struct Args {
    /// Objects of the runs without limits: customers, products, prices, invoices and subscriptions together.
    #[arg(long, default_value_t = 100_000)]
    objects: u32,
    /// Objects of the run under Stripe's rate limits.
    #[arg(long, default_value_t = 20_000)]
    limited_objects: u32,
    /// How often each run is made; the median is printed.
    #[arg(long, default_value_t = 3)]
    runs: usize,
    /// Only this part.
    #[arg(long, value_enum)]
    only: Option<Part>,
    /// Customers that are mapped again.
    #[arg(long, default_value_t = 100_000)]
    mapped: u32,
    /// Events that wait in the inbox when its draining is measured.
    #[arg(long, default_value_t = 10_000)]
    queued: u64,
    /// Contracts that revenue is asked of.
    #[arg(long, default_value_t = 200_000)]
    contracts: u32,
    /// Given by cargo.
    #[arg(long, hide = true)]
    bench: bool,
}

/// What can be measured by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Part {
    Imports,
    Remaps,
    Events,
    Revenue,
}

/// One line of the table.
struct Scenario {
    name: &'static str,
    objects: u32,
    sandbox: &'static [&'static str],
    server: &'static [&'static str],
}

const UNBOUND: &[&str] = &["--stripe-rate-limit", "0", "--stripe-endpoint-rate-limit", "0"];

#[tokio::main]
async fn main() {
    let args = Args::parse();
    // Built together with the server, reqwest wants to be told how TLS goes, though nobody speaks it here.
    let _installed = rustls::crypto::ring::default_provider().install_default();
    let is_wanted = |part| args.only.is_none_or(|only| only == part);
    if is_wanted(Part::Imports) {
        measure_imports(&args).await;
    }
    if is_wanted(Part::Remaps) {
        measure_remaps(&args).await;
    }
    if is_wanted(Part::Events) {
        measure_events(&args).await;
    }
    if is_wanted(Part::Revenue) {
        measure_revenue(&args).await;
    }
}

/// After another edit of a mapping, without Stripe.
async fn measure_remaps(args: &Args) {
    println!(
        "{:26} {:>9} {:>9} {:>10} {:>9}",
        "mapped again", "clients", "seconds", "clients/s", "CPU s"
    );
    let sizes = [
        ("--customers", args.mapped),
        ("--products", 10),
        ("--invoices", 10),
        ("--subscriptions", 10),
    ];
    on_a_server(&sizes, async |server| {
        for (name, sources) in remap::SOURCES {
            let median = remap::measure(server, sources, args.runs).await;
            let seconds = median.took.as_secs_f64();
            println!(
                "{name:26} {:>9} {seconds:>9.2} {:>10.0} {:>9.2}",
                median.clients,
                median.clients as f64 / seconds,
                median.cpu.as_secs_f64()
            );
        }
    })
    .await;
}

/// From the webhook to the query. The payloads are whole: nothing is read from Stripe.
async fn measure_events(args: &Args) {
    println!("{:26} {:>9} {:>9}", "webhook to query", "p50 ms", "p99 ms");
    for per_second in [10, 100, 500] {
        let mut paces = Vec::new();
        for _ in 0..args.runs {
            paces.push(on_a_fresh_server(async |events| events.measure(per_second).await).await);
        }
        paces.sort_by_key(|pace| pace.p99);
        let median = &paces[paces.len() / 2];
        let ms = |time: std::time::Duration| time.as_secs_f64() * 1000.0;
        let name = format!("{} events/s", median.per_second);
        println!("{name:26} {:>9.1} {:>9.1}", ms(median.p50), ms(median.p99));
    }
    let mut drains = Vec::new();
    for _ in 0..args.runs {
        drains.push(on_a_fresh_server(async |events| events.drain(args.queued).await).await);
    }
    drains.sort_by_key(|drained| drained.took);
    let median = &drains[drains.len() / 2];
    let seconds = median.took.as_secs_f64();
    println!(
        "{} queued events in {seconds:.2} s: {:.0}/s",
        median.events,
        median.events as f64 / seconds
    );
}

/// Of a company whose invoices are seventeen of twenty contracts.
async fn measure_revenue(args: &Args) {
    let (subscriptions, customers) = (args.contracts * 3 / 20, args.contracts / 10);
    let sizes = [
        ("--customers", customers),
        ("--products", 200),
        ("--invoices", args.contracts - subscriptions),
        ("--subscriptions", subscriptions),
    ];
    println!(
        "{:46} {:>9} {:>9} {:>9}",
        "asked of all contracts", "p50 ms", "worst ms", "CPU ms"
    );
    on_a_server(&sizes, async |server| {
        for (name, query) in revenue::QUERIES {
            for (when, days) in [("today", revenue::today()), ("on a day of two years", revenue::days())] {
                let answers = revenue::measure(server, query, &days).await;
                let ms = |time: std::time::Duration| time.as_secs_f64() * 1000.0;
                let name = format!("{name}, {when}");
                println!(
                    "{name:46} {:>9.1} {:>9.1} {:>9.1}",
                    ms(answers.p50),
                    ms(answers.worst),
                    ms(answers.cpu)
                );
            }
        }
    })
    .await;
}

async fn on_a_fresh_server<T>(measure: impl AsyncFnOnce(&mut events::Events<'_>) -> T) -> T {
    let sizes = [
        ("--customers", 100),
        ("--products", 10),
        ("--invoices", 100),
        ("--subscriptions", 50),
    ];
    on_a_server(&sizes, async |server| {
        measure(&mut events::Events::begin(server).await).await
    })
    .await
}

/// A server that has imported an account of these sizes.
async fn on_a_server<T>(sizes: &[(&str, u32)], measure: impl AsyncFnOnce(&server::Server) -> T) -> T {
    let mut sandbox = Child::start(&sandbox_of(sizes, &[]), &[]);
    let (base, key) = (sandbox.line(), sandbox.line());
    let folder = tempfile::tempdir().unwrap();
    let server = server::start(folder.path(), &base, UNBOUND).await;
    server.connect(&key).await;
    server.import().await;
    measure(&server).await
}

fn sandbox_of(sizes: &[(&str, u32)], flags: &[&str]) -> Vec<String> {
    let mut arguments = vec!["sandbox".to_owned(), "--port".to_owned(), "0".to_owned()];
    for (flag, size) in sizes {
        arguments.extend([(*flag).to_owned(), size.to_string()]);
    }
    arguments.extend(flags.iter().map(|flag| (*flag).to_owned()));
    arguments
}

async fn measure_imports(args: &Args) {
    let scenarios = [
        Scenario {
            name: "no limit",
            objects: args.objects,
            sandbox: &[],
            server: UNBOUND,
        },
        Scenario {
            name: "50 ms latency",
            objects: args.objects,
            sandbox: &["--latency-ms", "50"],
            server: UNBOUND,
        },
        Scenario {
            name: "Stripe's limits, our half",
            objects: args.limited_objects,
            sandbox: &["--rate-limit", "25", "--endpoint-rate-limit", "25"],
            server: &[],
        },
    ];
    println!(
        "{:26} {:>9} {:>9} {:>8} {:>9} {:>10} {:>8} {:>9} {:>9} {:>9} {:>7}",
        "",
        "objects",
        "seconds",
        "obj/s",
        "requests",
        "requests/s",
        "rows/s",
        "CPU/100k",
        "db CPU s",
        "peak MiB",
        "again s"
    );
    for scenario in scenarios {
        let runs = if scenario.server.is_empty() { 1 } else { args.runs };
        let mut measured = Vec::new();
        for _ in 0..runs {
            measured.push(measure(&scenario).await);
        }
        measured.sort_by_key(|(first, ..)| first.took);
        let (first, again, usage) = &measured[measured.len() / 2];
        print_row(scenario.name, first, again, usage);
    }
}

async fn measure(scenario: &Scenario) -> (Imported, Imported, Usage) {
    let n = scenario.objects;
    let sizes = [
        ("--customers", n * 26 / 100),
        ("--products", n / 200),
        ("--invoices", n / 2),
        ("--subscriptions", n * 23 / 100),
    ];
    let mut sandbox = Child::start(&sandbox_of(&sizes, scenario.sandbox), &[]);
    let (base, key) = (sandbox.line(), sandbox.line());
    let folder = tempfile::tempdir().unwrap();
    let server = server::start(folder.path(), &base, scenario.server).await;
    server.connect(&key).await;
    let first = server.import().await;
    let usage = server.usage();
    let again = server.import().await;
    (first, again, usage)
}

fn print_row(name: &str, first: &Imported, again: &Imported, usage: &Usage) {
    let per_second = |count: u64| count as f64 / first.took.as_secs_f64();
    println!(
        "{:26} {:>9} {:>9.2} {:>8.0} {:>9} {:>10.1} {:>8.0} {:>9.2} {:>9.2} {:>9} {:>7.2}",
        name,
        first.objects,
        first.took.as_secs_f64(),
        per_second(first.objects),
        first.requests,
        per_second(first.requests),
        per_second(first.rows),
        usage.cpu.as_secs_f64() * 100_000.0 / first.objects as f64,
        usage.database_cpu.as_secs_f64(),
        usage.peak_kib / 1024,
        again.took.as_secs_f64(),
    );
    for phase in &first.phases {
        println!("    {phase}");
    }
}
