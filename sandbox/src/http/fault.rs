//! What the sandbox does wrong when told to.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::world::chance;

/// One way a request can go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// 429 that names the endpoint's limiter.
    RateLimited,
    /// 429 that names the account's limiter.
    GloballyRateLimited,
    /// 429 that asks to wait so many seconds.
    RateLimitedFor(u32),
    /// 400 whose code is that of a rate limit.
    RateLimitedAsInvalid,
    /// 429 with `code: lock_timeout`, no limiter named, that says to try again.
    LockTimeout,
    /// This status with an `api_error`.
    ServerError(u16),
    /// The connection is reset before any answer.
    Reset,
    /// 200 whose JSON breaks off, with a fitting `Content-Length`.
    TruncatedJson,
    /// 200 whose text is no JSON although it is all there.
    InvalidJson,
    /// 200 whose connection is cut in the middle of the body.
    HalfBody,
    /// 200 that calls its JSON plain text.
    PlainText,
    /// 200 with a web page in place of JSON.
    Html,
    /// 200 whose body trickles for two seconds.
    SlowBody,
    /// 200 whose body comes at so many bytes a second.
    Trickle(u32),
    /// The first byte comes after so many seconds.
    Late(u32),
    /// 200 whose body drips and never ends.
    Endless,
    /// An answer of this status whose body comes as fast as it is taken and never ends.
    Flood(u16),
    /// A list without entries that claims to have more.
    EmptyPageWithMore,
    /// A list that says after each page, the last one too, that there is more.
    MoreForEver,
    /// A list that gives its first page whatever the cursor.
    SamePage,
    /// A list that begins anew after its last page.
    Circle,
}

/// Which requests a plan spoils.
#[derive(Debug)]
enum Extent {
    Next(u32),
    /// So many of a thousand, chosen by a seed.
    PerMille(u64, u64),
}

#[derive(Debug)]
struct Plan {
    extent: Extent,
    fault: Fault,
    path_prefix: Option<String>,
    key: Option<String>,
}

impl Plan {
    fn is_for(&self, path: &str, key: Option<&str>) -> bool {
        let fits = |prefix: &str| path.starts_with(prefix);
        self.path_prefix.as_deref().is_none_or(fits) && (self.key.is_none() || self.key.as_deref() == key)
    }

    /// Whether the plan spoils the request with this number, which it counts.
    fn spoils(&mut self, request: u64) -> bool {
        match &mut self.extent {
            Extent::Next(0) => false,
            Extent::Next(left) => {
                *left -= 1;
                true
            }
            Extent::PerMille(part, seed) => chance(*seed, request) % 1_000 < *part,
        }
    }
}

/// What a sandbox does wrong; everything takes effect at once.
#[derive(Debug, Default)]
pub struct Faults {
    plans: Mutex<Vec<Plan>>,
    latency: Mutex<Duration>,
    date_offset: AtomicI64,
    no_date: AtomicBool,
    seen: AtomicU64,
    rewritten: Mutex<Vec<(String, String)>>,
}

impl Faults {
    /// Waits so long before each answer.
    pub fn set_latency(&self, latency: Duration) {
        *self.latency.lock().unwrap_or_else(PoisonError::into_inner) = latency;
    }

    /// Lets the next `n` requests fail, those whose path starts with the prefix
    /// if one is given.
    pub fn fail_next(&self, n: u32, fault: Fault, path_prefix: Option<&str>) {
        self.plan(Extent::Next(n), fault, path_prefix, None);
    }

    /// Lets so many of a thousand requests fail from now on, chosen by the seed.
    pub fn fail_some(&self, per_mille: u16, seed: u64, fault: Fault, path_prefix: Option<&str>) {
        self.plan(Extent::PerMille(per_mille.into(), seed), fault, path_prefix, None);
    }

    /// Lets every request with this key fail from now on, those whose path starts
    /// with the prefix if one is given.
    pub fn fail_key(&self, key: &str, fault: Fault, path_prefix: Option<&str>) {
        self.plan(Extent::PerMille(1_000, 0), fault, path_prefix, Some(key));
    }

    /// Puts `to` wherever an answer's text has `from`: what no value can hold, such
    /// as half a character's escape, gets onto the wire like this.
    pub fn rewrite(&self, from: &str, to: &str) {
        let mut rewritten = self.rewritten.lock().unwrap_or_else(PoisonError::into_inner);
        rewritten.push((from.to_owned(), to.to_owned()));
    }

    /// Forgets all faults still to come, latency and date included.
    pub fn clear(&self) {
        self.plans.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.rewritten.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.set_latency(Duration::ZERO);
        self.set_date_offset(0);
        self.omit_date(false);
    }

    /// Sets the `Date` header off from the world's clock by so many seconds.
    pub fn set_date_offset(&self, seconds: i64) {
        self.date_offset.store(seconds, Ordering::Relaxed);
    }

    /// Leaves the `Date` header out.
    pub fn omit_date(&self, omit: bool) {
        self.no_date.store(omit, Ordering::Relaxed);
    }

    fn plan(&self, extent: Extent, fault: Fault, path_prefix: Option<&str>, key: Option<&str>) {
        self.plans.lock().unwrap_or_else(PoisonError::into_inner).push(Plan {
            extent,
            fault,
            path_prefix: path_prefix.map(str::to_owned),
            key: key.map(str::to_owned),
        });
    }

    /// The text as it goes out.
    pub(crate) fn rewritten(&self, text: String) -> String {
        let rewritten = self.rewritten.lock().unwrap_or_else(PoisonError::into_inner);
        rewritten.iter().fold(text, |text, (from, to)| text.replace(from, to))
    }

    pub(crate) fn latency(&self) -> Duration {
        *self.latency.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The time the `Date` header tells, if it is to tell any.
    pub(crate) fn date(&self, now: i64) -> Option<i64> {
        let told = now + self.date_offset.load(Ordering::Relaxed);
        (!self.no_date.load(Ordering::Relaxed)).then_some(told)
    }

    /// The fault due for a request to this path with this key, which is then used up.
    pub(crate) fn take(&self, path: &str, key: Option<&str>) -> Option<Fault> {
        let request = self.seen.fetch_add(1, Ordering::Relaxed);
        let mut plans = self.plans.lock().unwrap_or_else(PoisonError::into_inner);
        plans.retain(|plan| !matches!(plan.extent, Extent::Next(0)));
        let due = plans
            .iter_mut()
            .find_map(|plan| (plan.is_for(path, key) && plan.spoils(request)).then_some(plan.fault));
        drop(plans);
        due
    }
}
