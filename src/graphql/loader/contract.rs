//! How contracts, and what hangs together with them, are read for many at once. Whoever asks for the same contract shares it.

use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::dataloader::Loader;
use uuid::Uuid;

use super::key::{
    ContractCountOf, ContractKey, ContractsOf, InvoiceCountOf, InvoicesOf, RenewalOf, RenewedBy, RevenueOf,
    SubscriptionContractOf,
};
use super::read::{groups, ids};
use super::{Rows, Shared};
use crate::store;
use crate::store::contract::{Dated, Revenue};
use crate::store::page::Page;

impl Loader<ContractKey> for Rows {
    type Value = Arc<Dated>;
    type Error = Shared;

    async fn load(&self, keys: &[ContractKey]) -> Result<HashMap<ContractKey, Self::Value>, Shared> {
        let rows =
            store::contract::list_by_ids(self.app.db.read(), &ids(keys, |key| key.0), &self.as_of(None).await?).await?;
        Ok(rows
            .into_iter()
            .map(|dated| (ContractKey(dated.row.id), Arc::new(dated)))
            .collect())
    }
}

impl Loader<ContractsOf> for Rows {
    type Value = Page<Arc<Dated>>;
    type Error = Shared;

    async fn load(&self, keys: &[ContractsOf]) -> Result<HashMap<ContractsOf, Self::Value>, Shared> {
        let mut pages = HashMap::new();
        for asked in groups(keys, |one, other| {
            one.filter == other.filter && one.order == other.order && one.window.reads_like(&other.window)
        }) {
            let Some(first) = asked.first() else { continue };
            let clients: Vec<Uuid> = asked.iter().map(|key| key.client_id).collect();
            let (db, as_of) = (self.app.db.read(), self.as_of(first.filter.as_of).await?);
            let mut found =
                store::contract::list_by_clients(db, &clients, &first.filter, first.order, &first.window, &as_of)
                    .await?;
            for key in asked {
                let page = found
                    .remove(&key.client_id)
                    .unwrap_or_else(|| key.window.page(Vec::new()));
                pages.insert(key.clone(), page.map(Arc::new));
            }
        }
        Ok(pages)
    }
}

impl Loader<ContractCountOf> for Rows {
    type Value = u64;
    type Error = Shared;

    async fn load(&self, keys: &[ContractCountOf]) -> Result<HashMap<ContractCountOf, u64>, Shared> {
        let mut counts = HashMap::new();
        for asked in groups(keys, |one, other| one.filter == other.filter) {
            let Some(first) = asked.first() else { continue };
            let clients: Vec<Uuid> = asked.iter().map(|key| key.client_id).collect();
            let as_of = self.as_of(first.filter.as_of).await?;
            let found = store::contract::count_by_clients(self.app.db.read(), &clients, &first.filter, &as_of).await?;
            counts.extend(
                asked
                    .into_iter()
                    .filter_map(|key| Some((key.clone(), *found.get(&key.client_id)?))),
            );
        }
        Ok(counts)
    }
}

impl Loader<RenewedBy> for Rows {
    type Value = Arc<Dated>;
    type Error = Shared;

    async fn load(&self, keys: &[RenewedBy]) -> Result<HashMap<RenewedBy, Self::Value>, Shared> {
        let mut contracts = HashMap::new();
        for asked in groups(keys, |one, other| one.1 == other.1) {
            let Some(day) = asked.first().map(|key| key.1) else {
                continue;
            };
            let ids: Vec<Uuid> = asked.iter().map(|key| key.0).collect();
            let as_of = self.as_of(day).await?;
            let found = store::contract::list_renewing(self.app.db.read(), &ids, &as_of).await?;
            contracts.extend(
                found
                    .into_iter()
                    .map(|(of, dated)| (RenewedBy(of, day), Arc::new(dated))),
            );
        }
        Ok(contracts)
    }
}

impl Loader<RenewalOf> for Rows {
    type Value = Arc<Dated>;
    type Error = Shared;

    async fn load(&self, keys: &[RenewalOf]) -> Result<HashMap<RenewalOf, Self::Value>, Shared> {
        let mut contracts = HashMap::new();
        for asked in groups(keys, |one, other| one.1 == other.1) {
            let Some(day) = asked.first().map(|key| key.1) else {
                continue;
            };
            let ids: Vec<Uuid> = asked.iter().map(|key| key.0).collect();
            let as_of = self.as_of(day).await?;
            let found = store::contract::list_renewed(self.app.db.read(), &ids, &as_of).await?;
            contracts.extend(
                found
                    .into_iter()
                    .map(|(of, dated)| (RenewalOf(of, day), Arc::new(dated))),
            );
        }
        Ok(contracts)
    }
}

impl Loader<SubscriptionContractOf> for Rows {
    type Value = Arc<Dated>;
    type Error = Shared;

    async fn load(
        &self,
        keys: &[SubscriptionContractOf],
    ) -> Result<HashMap<SubscriptionContractOf, Self::Value>, Shared> {
        let mut contracts = HashMap::new();
        for group in groups(keys, |one, other| one.2 == other.2) {
            let Some(day) = group.first().map(|key| key.2) else {
                continue;
            };
            let asked: Vec<(Uuid, String)> = group.iter().map(|key| (key.0, key.1.clone())).collect();
            let as_of = self.as_of(day).await?;
            for dated in store::contract::list_of_subscriptions(self.app.db.read(), &asked, &as_of).await? {
                let key = SubscriptionContractOf(dated.row.integration_id, dated.row.stripe_id.clone(), day);
                contracts.insert(key, Arc::new(dated));
            }
        }
        Ok(contracts)
    }
}

impl Loader<InvoicesOf> for Rows {
    type Value = Page<Arc<Dated>>;
    type Error = Shared;

    async fn load(&self, keys: &[InvoicesOf]) -> Result<HashMap<InvoicesOf, Self::Value>, Shared> {
        let mut pages = HashMap::new();
        for asked in groups(keys, |one, other| {
            (one.integration_id, one.as_of) == (other.integration_id, other.as_of)
                && one.window.reads_like(&other.window)
        }) {
            let Some(first) = asked.first() else { continue };
            let subscriptions: Vec<String> = asked.iter().map(|key| key.subscription.clone()).collect();
            let (db, as_of) = (self.app.db.read(), self.as_of(first.as_of).await?);
            let mut found =
                store::contract::list_invoices(db, first.integration_id, &subscriptions, &first.window, &as_of).await?;
            for key in asked {
                let page = found
                    .remove(&key.subscription)
                    .unwrap_or_else(|| key.window.page(Vec::new()));
                pages.insert(key.clone(), page.map(Arc::new));
            }
        }
        Ok(pages)
    }
}

impl Loader<InvoiceCountOf> for Rows {
    type Value = u64;
    type Error = Shared;

    async fn load(&self, keys: &[InvoiceCountOf]) -> Result<HashMap<InvoiceCountOf, u64>, Shared> {
        let mut counts = HashMap::new();
        for asked in groups(keys, |one, other| one.0 == other.0) {
            let Some(integration_id) = asked.first().map(|key| key.0) else {
                continue;
            };
            let subscriptions: Vec<String> = asked.iter().map(|key| key.1.clone()).collect();
            let found = store::contract::count_invoices(self.app.db.read(), integration_id, &subscriptions).await?;
            counts.extend(
                found
                    .into_iter()
                    .map(|(subscription, count)| (InvoiceCountOf(integration_id, subscription), count)),
            );
        }
        Ok(counts)
    }
}

impl Loader<RevenueOf> for Rows {
    type Value = Vec<Revenue>;
    type Error = Shared;

    async fn load(&self, keys: &[RevenueOf]) -> Result<HashMap<RevenueOf, Self::Value>, Shared> {
        let mut revenue = HashMap::new();
        for asked in groups(keys, |one, other| one.1 == other.1) {
            let Some(day) = asked.first().map(|key| key.1) else {
                continue;
            };
            let clients: Vec<Uuid> = asked.iter().map(|key| key.0).collect();
            let (as_of, accounts) = (self.as_of(day).await?, self.accounts().await?);
            let found = store::contract::sum_by_clients(self.app.db.read(), &clients, &as_of, accounts).await?;
            revenue.extend(found.into_iter().map(|(client, sums)| (RevenueOf(client, day), sums)));
        }
        Ok(revenue)
    }
}
