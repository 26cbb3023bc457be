//! What a sandbox is started with: how large its world is, which keys it
//! knows and how strictly it limits requests.

/// How a sandbox is started.
#[derive(Clone, Debug)]
pub struct Options {
    /// Decides every generated value; the same seed and day give the same world.
    pub seed: u64,
    /// The port on the loopback interface; 0 takes a free one.
    pub port: u16,
    /// Customers to generate, deleted ones included.
    pub customers: u32,
    /// Products to generate, archived ones included; fewer than six become six,
    /// so that each currency has a product.
    pub products: u32,
    /// Invoices to generate, in every status.
    pub invoices: u32,
    /// Subscriptions to generate, in every status.
    pub subscriptions: u32,
    /// Whether the world belongs to live mode, and so the key to `sk_live_`.
    pub livemode: bool,
    /// Limits on requests; `None` answers every request.
    pub rate_limits: Option<RateLimits>,
    /// Restricted keys and their rights, such as `rak_customer_read`. The account
    /// takes `rak_accounts_kyc_id_numbers_read`, which few such keys have.
    pub restricted_keys: Vec<(String, Vec<String>)>,
    /// Keys that were once good and are refused as expired.
    pub expired_keys: Vec<String>,
    /// A fixed clock in Unix seconds; `None` follows the system's.
    pub now: Option<i64>,
    /// Another company at the same address, with keys of its own, so with
    /// another seed. Its port does not count, its clock begins where this one's
    /// does, and it sends no webhooks.
    pub neighbour: Option<Box<Options>>,
}

/// Requests allowed in one second before the answer is 429.
#[derive(Clone, Copy, Debug)]
pub struct RateLimits {
    /// Over all endpoints together; Stripe gives 100 live and 25 in a sandbox.
    pub global_per_second: u32,
    /// For one method and route; Stripe gives 25.
    pub endpoint_per_second: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            seed: 1,
            port: 0,
            customers: 30,
            products: 6,
            invoices: 60,
            subscriptions: 25,
            livemode: false,
            rate_limits: None,
            restricted_keys: Vec::new(),
            expired_keys: Vec::new(),
            now: None,
            neighbour: None,
        }
    }
}

impl Options {
    /// A company of some size: about 10,000 living customers, 200 products on
    /// sale, 20,000 paid invoices and 10,000 subscriptions not yet over.
    pub fn demo() -> Self {
        Self {
            customers: 10_300,
            products: 220,
            invoices: 27_000,
            subscriptions: 10_500,
            ..Self::default()
        }
    }
}
