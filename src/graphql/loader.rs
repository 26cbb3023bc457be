//! Loads for many parents at once. Lives as long as one request.

use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::dataloader::Loader;
use entity::kind::StripeKind;
use entity::{client, client_link, contract, contract_line, integration, product, run, user};
use sea_orm::DbErr;
use uuid::Uuid;

use super::Fault;
use crate::app::App;
use crate::error::Error;
use crate::store::contract::{ContractFilter, ContractOrderField};
use crate::store::page::{Page, Window};
use crate::store::{self, source};

/// Loads rows for many parents at once.
pub struct Rows(pub(super) Arc<App>);

/// A failure that several waiting fields share.
pub(super) type Shared = Arc<DbErr>;

impl From<Shared> for Fault {
    fn from(error: Shared) -> Self {
        Error::Internal(error.to_string()).into()
    }
}

/// An integration by its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct IntegrationKey(pub(super) Uuid);

/// A contract by its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct ContractKey(pub(super) Uuid);

/// A run by its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct RunKey(pub(super) Uuid);

/// A user by the id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct UserKey(pub(super) Uuid);

/// The client of a Stripe customer.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct ClientOf(pub(super) Uuid, pub(super) String);

/// The product of a Stripe product.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct ProductOf(pub(super) Uuid, pub(super) String);

/// The links of a client, the oldest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct LinksOf(pub(super) Uuid);

/// When an object was last seen at Stripe.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct SeenAt(pub(super) Uuid, pub(super) StripeKind, pub(super) String);

/// A page of a client's contracts.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct ContractsOf {
    pub(super) client_id: Uuid,
    pub(super) filter: ContractFilter,
    pub(super) order: ContractOrderField,
    pub(super) window: Window,
}

/// A page of a contract's lines.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct LinesOf {
    pub(super) contract_id: Uuid,
    pub(super) window: Window,
}

impl Loader<IntegrationKey> for Rows {
    type Value = integration::Model;
    type Error = Shared;

    async fn load(&self, keys: &[IntegrationKey]) -> Result<HashMap<IntegrationKey, Self::Value>, Shared> {
        let rows = store::integration::list_by_ids(self.0.db.read(), &ids(keys, |key| key.0)).await?;
        Ok(rows.into_iter().map(|row| (IntegrationKey(row.id), row)).collect())
    }
}

impl Loader<ContractKey> for Rows {
    type Value = contract::Model;
    type Error = Shared;

    async fn load(&self, keys: &[ContractKey]) -> Result<HashMap<ContractKey, Self::Value>, Shared> {
        let rows = store::contract::list_by_ids(self.0.db.read(), &ids(keys, |key| key.0)).await?;
        Ok(rows.into_iter().map(|row| (ContractKey(row.id), row)).collect())
    }
}

impl Loader<RunKey> for Rows {
    type Value = run::Model;
    type Error = Shared;

    async fn load(&self, keys: &[RunKey]) -> Result<HashMap<RunKey, Self::Value>, Shared> {
        let rows = store::run::list_by_ids(self.0.db.read(), &ids(keys, |key| key.0)).await?;
        Ok(rows.into_iter().map(|row| (RunKey(row.id), row)).collect())
    }
}

impl Loader<UserKey> for Rows {
    type Value = user::Model;
    type Error = Shared;

    async fn load(&self, keys: &[UserKey]) -> Result<HashMap<UserKey, Self::Value>, Shared> {
        let rows = store::user::list_by_ids(self.0.db.read(), &ids(keys, |key| key.0)).await?;
        Ok(rows.into_iter().map(|row| (UserKey(row.id), row)).collect())
    }
}

impl Loader<ClientOf> for Rows {
    type Value = client::Model;
    type Error = Shared;

    async fn load(&self, keys: &[ClientOf]) -> Result<HashMap<ClientOf, Self::Value>, Shared> {
        let asked = ids(keys, |key| (key.0, key.1.clone()));
        let rows = store::client::list_by_customers(self.0.db.read(), &asked).await?;
        let found = rows
            .into_iter()
            .filter_map(|(link, client)| Some((ClientOf(link.integration_id, link.stripe_customer_id), client?)));
        Ok(found.collect())
    }
}

impl Loader<ProductOf> for Rows {
    type Value = product::Model;
    type Error = Shared;

    async fn load(&self, keys: &[ProductOf]) -> Result<HashMap<ProductOf, Self::Value>, Shared> {
        let asked = ids(keys, |key| (key.0, key.1.clone()));
        let rows = store::product::list_by_stripe_ids(self.0.db.read(), &asked).await?;
        Ok(rows
            .into_iter()
            .map(|row| (ProductOf(row.integration_id, row.stripe_id.clone()), row))
            .collect())
    }
}

impl Loader<LinksOf> for Rows {
    type Value = Vec<client_link::Model>;
    type Error = Shared;

    async fn load(&self, keys: &[LinksOf]) -> Result<HashMap<LinksOf, Self::Value>, Shared> {
        let mut links: HashMap<LinksOf, Self::Value> = HashMap::new();
        for link in store::client::list_links(self.0.db.read(), &ids(keys, |key| key.0)).await? {
            links.entry(LinksOf(link.client_id)).or_default().push(link);
        }
        Ok(links)
    }
}

impl Loader<SeenAt> for Rows {
    type Value = i64;
    type Error = Shared;

    async fn load(&self, keys: &[SeenAt]) -> Result<HashMap<SeenAt, i64>, Shared> {
        let mut seen = HashMap::new();
        for (integration_id, kind, ids) in by_kind(keys) {
            for stored in source::find_stored(self.0.db.read(), integration_id, kind, ids)
                .await?
                .into_values()
            {
                seen.insert(SeenAt(integration_id, kind, stored.stripe_id), stored.seen_min);
            }
        }
        Ok(seen)
    }
}

impl Loader<ContractsOf> for Rows {
    type Value = Page<contract::Model>;
    type Error = Shared;

    async fn load(&self, keys: &[ContractsOf]) -> Result<HashMap<ContractsOf, Self::Value>, Shared> {
        let mut pages = HashMap::new();
        for asked in groups(keys, |one, other| {
            one.filter == other.filter && one.order == other.order && one.window == other.window
        }) {
            let Some(first) = asked.first() else { continue };
            let clients: Vec<Uuid> = asked.iter().map(|key| key.client_id).collect();
            let mut found =
                store::contract::list_by_clients(self.0.db.read(), &clients, &first.filter, first.order, &first.window)
                    .await?;
            for key in asked {
                let page = found
                    .remove(&key.client_id)
                    .unwrap_or_else(|| key.window.page(Vec::new()));
                pages.insert(key.clone(), page);
            }
        }
        Ok(pages)
    }
}

impl Loader<LinesOf> for Rows {
    type Value = Page<contract_line::Model>;
    type Error = Shared;

    async fn load(&self, keys: &[LinesOf]) -> Result<HashMap<LinesOf, Self::Value>, Shared> {
        let mut pages = HashMap::new();
        for asked in groups(keys, |one, other| one.window == other.window) {
            let Some(first) = asked.first() else { continue };
            let contracts: Vec<Uuid> = asked.iter().map(|key| key.contract_id).collect();
            let mut found = store::line::list_by_contracts(self.0.db.read(), &contracts, &first.window).await?;
            for key in asked {
                let page = found
                    .remove(&key.contract_id)
                    .unwrap_or_else(|| key.window.page(Vec::new()));
                pages.insert(key.clone(), page);
            }
        }
        Ok(pages)
    }
}

fn ids<K, T>(keys: &[K], id: impl Fn(&K) -> T) -> Vec<T> {
    keys.iter().map(id).collect()
}

fn by_kind(keys: &[SeenAt]) -> Vec<(Uuid, StripeKind, Vec<&str>)> {
    let mut groups: HashMap<(Uuid, StripeKind), Vec<&str>> = HashMap::new();
    for key in keys {
        groups.entry((key.0, key.1)).or_default().push(&key.2);
    }
    groups
        .into_iter()
        .map(|((integration_id, kind), ids)| (integration_id, kind, ids))
        .collect()
}

/// The keys that one statement can serve together.
fn groups<K>(keys: &[K], alike: impl Fn(&K, &K) -> bool) -> Vec<Vec<&K>> {
    let mut groups: Vec<Vec<&K>> = Vec::new();
    for key in keys {
        match groups
            .iter_mut()
            .find(|group| group.first().is_some_and(|first| alike(first, key)))
        {
            Some(group) => group.push(key),
            None => groups.push(vec![key]),
        }
    }
    groups
}
