//! Hands out clients, and sees to it that everything that reads for one integration shares one budget, and
//! asks for the same currencies.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use reqwest::Url;
use uuid::Uuid;

use super::budget::{Budget, Limits, ServerBounds};
use super::client::Currencies;
use super::{Client, Error, Key, Patience, Proxy, client};
use crate::clock::Clock;

/// The way out to Stripe.
#[derive(Debug)]
pub struct Gateway {
    http: reqwest::Client,
    base: Url,
    bounds: ServerBounds,
    patience: Patience,
    clock: Clock,
    shared: Mutex<HashMap<Uuid, (Arc<Budget>, Currencies)>>,
}

impl Gateway {
    /// A way out to the API at `base`, through `proxy` where there is one.
    pub fn new(
        base: Url,
        proxy: Option<&Proxy>,
        bounds: ServerBounds,
        patience: Patience,
        clock: Clock,
    ) -> reqwest::Result<Self> {
        Ok(Self {
            http: client::connections(patience, proxy)?,
            base,
            bounds,
            patience,
            clock,
            shared: Mutex::default(),
        })
    }

    /// A client for one integration. Other limits hold for its other clients, too.
    pub fn client(&self, integration_id: Uuid, key: &Key, setting_per_second: Option<u32>) -> Result<Client, Error> {
        let limits = Limits::of_integration(key.livemode(), self.bounds, setting_per_second);
        let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        let shared = shared
            .entry(integration_id)
            .or_insert_with(|| (Arc::new(Budget::new(limits)), Currencies::default()));
        shared.0.bound(limits);
        Client::new(
            self.http.clone(),
            self.base.clone(),
            key,
            shared.clone(),
            self.patience,
            self.clock.clone(),
        )
    }

    /// A client that sends nothing, for work that asks Stripe nothing. What is asked of it is refused.
    pub fn without_key(&self) -> Client {
        Client::without_key(self.http.clone(), self.base.clone(), self.patience, self.clock.clone())
    }
}
