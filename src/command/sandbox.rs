//! `tributary sandbox`: the stand-in for Stripe by itself.

use std::time::Duration;

use anyhow::Context;
use sandbox::{Options, RateLimits, Sandbox};

use super::print;

/// Flags of `tributary sandbox`.
#[derive(Debug, clap::Args)]
pub(super) struct SandboxArgs {
    /// Port on 127.0.0.1; 0 takes a free one.
    #[arg(long, default_value_t = 12111)]
    port: u16,
    #[command(flatten)]
    size: Size,
    /// Milliseconds that each answer waits.
    #[arg(long, default_value_t = 0)]
    latency_ms: u64,
    /// Requests a second that are answered, all endpoints together; more get 429.
    #[arg(long, requires = "endpoint_rate_limit")]
    rate_limit: Option<u32>,
    /// The same for each endpoint.
    #[arg(long, requires = "rate_limit")]
    endpoint_rate_limit: Option<u32>,
}

/// How much data there is.
#[derive(Debug, clap::Args)]
pub(super) struct Size {
    /// The same seed gives the same data.
    #[arg(long)]
    seed: Option<u64>,
    /// How many customers there are.
    #[arg(long)]
    customers: Option<u32>,
    /// How many products there are.
    #[arg(long)]
    products: Option<u32>,
    /// How many invoices there are.
    #[arg(long)]
    invoices: Option<u32>,
    /// How many subscriptions there are.
    #[arg(long)]
    subscriptions: Option<u32>,
}

impl Size {
    /// `options` with the given sizes.
    pub(super) fn options(&self, options: Options) -> Options {
        Options {
            seed: self.seed.unwrap_or(options.seed),
            customers: self.customers.unwrap_or(options.customers),
            products: self.products.unwrap_or(options.products),
            invoices: self.invoices.unwrap_or(options.invoices),
            subscriptions: self.subscriptions.unwrap_or(options.subscriptions),
            ..options
        }
    }
}

/// Serves until it is told to stop. The address and the key are printed, a line each.
pub(super) async fn run(args: SandboxArgs) -> anyhow::Result<()> {
    let limits = args.rate_limit.zip(args.endpoint_rate_limit);
    let options = Options {
        port: args.port,
        rate_limits: limits.map(|(global_per_second, endpoint_per_second)| RateLimits {
            global_per_second,
            endpoint_per_second,
        }),
        ..args.size.options(Options::demo())
    };
    let sandbox = Sandbox::start(options).await.context("the sandbox did not start")?;
    sandbox.faults().set_latency(Duration::from_millis(args.latency_ms));
    print(&sandbox.base_url())?;
    print(sandbox.key())?;
    super::serve::told_to_stop().await?;
    sandbox.stop().await;
    Ok(())
}
