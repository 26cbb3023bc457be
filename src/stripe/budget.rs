//! The request budget of one integration. Reads are shared with the merchant's own checkout: we stay under a pace of our own,
//! evenly spaced, and give way at the first sign that it is too much.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Requests a second at most; `None` = no bound.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// Over all endpoints.
    pub global_per_second: Option<f64>,
    /// For each endpoint.
    pub endpoint_per_second: Option<f64>,
}

impl Limits {
    /// Half of what Stripe allows: 100 a second live, 25 in a sandbox, 25 an endpoint.
    pub fn half_of_stripes(livemode: bool) -> Self {
        Self {
            global_per_second: Some(if livemode { 50.0 } else { 12.5 }),
            endpoint_per_second: Some(12.5),
        }
    }
}

/// Bounds set from outside: `None` = the default, `Some(0)` = no bound.
#[derive(Debug, Clone, Copy, Default)]
pub struct ServerBounds {
    /// Over all endpoints.
    pub global_per_second: Option<u32>,
    /// For each endpoint.
    pub endpoint_per_second: Option<u32>,
}

impl Limits {
    /// The limits of one integration: the server's bounds, or half of Stripe's; over all endpoints the integration's own
    /// setting instead of that half, and never more than the server's bound.
    pub fn of_integration(livemode: bool, server: ServerBounds, setting_per_second: Option<u32>) -> Self {
        let half = Self::half_of_stripes(livemode);
        let bound = |given: Option<u32>, default| match given {
            None => default,
            Some(0) => None,
            Some(rate) => Some(f64::from(rate)),
        };
        let setting = setting_per_second.map(f64::from);
        let server_global = bound(server.global_per_second, None);
        let global = match setting {
            Some(setting) => Some(server_global.map_or(setting, |server| server.min(setting))),
            None => bound(server.global_per_second, half.global_per_second),
        };
        Self {
            global_per_second: global,
            endpoint_per_second: bound(server.endpoint_per_second, half.endpoint_per_second),
        }
    }
}

/// Which limit Stripe said was hit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hit {
    /// All requests together.
    Global,
    /// This endpoint.
    Endpoint,
}

/// Lets requests through at the allowed pace; shared by everything that reads for one integration.
#[derive(Debug)]
pub struct Budget {
    paces: Mutex<Paces>,
}

#[derive(Debug)]
struct Paces {
    limits: Limits,
    global: Pace,
    endpoints: HashMap<&'static str, Pace>,
}

impl Budget {
    /// A budget that begins at its limits.
    pub fn new(limits: Limits) -> Self {
        let global = Pace::new(limits.global_per_second);
        Self {
            paces: Mutex::new(Paces {
                limits,
                global,
                endpoints: HashMap::new(),
            }),
        }
    }

    /// From now on these limits hold, for whoever reads already as well.
    pub fn bound(&self, limits: Limits) {
        let mut paces = self.paces.lock().unwrap_or_else(PoisonError::into_inner);
        if paces.limits == limits {
            return;
        }
        paces.limits = limits;
        paces.global.bound(limits.global_per_second);
        for pace in paces.endpoints.values_mut() {
            pace.bound(limits.endpoint_per_second);
        }
    }

    /// Waits for the turn of a request to `endpoint`, a route template.
    pub async fn admit(&self, endpoint: &'static str) {
        let turn = {
            let now = Instant::now();
            let mut paces = self.paces.lock().unwrap_or_else(PoisonError::into_inner);
            let turn = paces.first_turn(endpoint, now);
            paces.global.take(turn, now);
            paces.endpoint(endpoint).take(turn, now);
            turn
        };
        tokio::time::sleep_until(turn).await;
    }

    /// Requests are waiting for their turn.
    pub fn is_spent(&self) -> bool {
        let paces = self.paces.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        paces.global.is_waited_for(now) || paces.endpoints.values().any(|pace| pace.is_waited_for(now))
    }

    /// A request was answered: the pace may rise towards its limit again.
    pub fn answered(&self, endpoint: &'static str) {
        let mut paces = self.paces.lock().unwrap_or_else(PoisonError::into_inner);
        paces.global.raise();
        paces.endpoint(endpoint).raise();
    }

    /// Stripe said that it was too much: halves the pace, once a second at most.
    pub fn too_much(&self, endpoint: &'static str, hit: Hit) {
        let now = Instant::now();
        let mut paces = self.paces.lock().unwrap_or_else(PoisonError::into_inner);
        match hit {
            Hit::Global => paces.global.halve(now),
            Hit::Endpoint => paces.endpoint(endpoint).halve(now),
        }
    }
}

impl Paces {
    fn endpoint(&mut self, endpoint: &'static str) -> &mut Pace {
        let limit = self.limits.endpoint_per_second;
        self.endpoints.entry(endpoint).or_insert_with(|| Pace::new(limit))
    }

    /// The first turn that suits both the endpoint and all requests together.
    fn first_turn(&mut self, endpoint: &'static str, now: Instant) -> Instant {
        let mut turn = now;
        loop {
            let of_all = self.global.next(turn);
            let of_both = self.endpoint(endpoint).next(of_all);
            if of_both == turn {
                return turn;
            }
            turn = of_both;
        }
    }
}

/// One request after the other at equal distances, so that no second ever sees more than its share.
#[derive(Debug)]
struct Pace {
    limit: Option<f64>,
    per_second: Option<f64>,
    /// The turns that were given and are less than a distance ago, in order: the latest ones of an endpoint may lie far ahead, and
    /// others go before them.
    turns: Vec<Instant>,
    halved_at: Option<Instant>,
    second_began: Option<Instant>,
    in_this_second: f64,
}

/// The pace that a boundless budget falls back to at least.
const SLOWEST_PER_SECOND: f64 = 0.5;
/// How much of the limit a good answer gives back.
const RAISE: f64 = 0.02;

impl Pace {
    fn new(limit: Option<f64>) -> Self {
        Self {
            limit,
            per_second: limit,
            turns: Vec::new(),
            halved_at: None,
            second_began: None,
            in_this_second: 0.0,
        }
    }

    fn bound(&mut self, limit: Option<f64>) {
        self.limit = limit;
        self.per_second = limit;
    }

    /// The first moment from `from` on that is a whole distance from every turn that was given.
    fn next(&self, from: Instant) -> Instant {
        let Some(rate) = self.per_second else { return from };
        let distance = Duration::from_secs_f64(1.0 / rate);
        self.turns.iter().fold(from, |turn, given| {
            if turn + distance <= *given {
                turn
            } else {
                turn.max(*given + distance)
            }
        })
    }

    fn take(&mut self, turn: Instant, now: Instant) {
        self.count(turn);
        let Some(rate) = self.per_second else {
            self.turns.clear();
            return;
        };
        let distance = Duration::from_secs_f64(1.0 / rate);
        self.turns.retain(|given| *given + distance > now);
        let place = self.turns.partition_point(|given| *given <= turn);
        self.turns.insert(place, turn);
    }

    /// Somebody waits for a turn.
    fn is_waited_for(&self, now: Instant) -> bool {
        self.turns.last().is_some_and(|turn| *turn > now)
    }

    fn count(&mut self, turn: Instant) {
        if self
            .second_began
            .is_none_or(|began| turn >= began + Duration::from_secs(1))
        {
            self.second_began = Some(turn);
            self.in_this_second = 0.0;
        }
        self.in_this_second += 1.0;
    }

    fn halve(&mut self, now: Instant) {
        if self.halved_at.is_some_and(|at| now < at + Duration::from_secs(1)) {
            return;
        }
        let present = self.per_second.unwrap_or(self.in_this_second.max(1.0));
        self.per_second = Some((present / 2.0).max(SLOWEST_PER_SECOND));
        self.halved_at = Some(now);
    }

    /// Additive increase: a fiftieth of the limit with each answer. Without a limit the step is one request a second.
    fn raise(&mut self) {
        if let Some(rate) = self.per_second {
            let raised = rate + self.limit.map_or(1.0, |limit| limit * RAISE);
            self.per_second = Some(self.limit.map_or(raised, |limit| raised.min(limit)));
        }
    }
}

#[cfg(test)]
mod tests;
