//! How what was asked for together is read.

use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::dataloader::Loader;
use entity::kind::StripeKind;
use entity::{client, client_link, contract_line, custom_field, integration, product, run, user};
use sea_orm::DbErr;
use uuid::Uuid;

use super::key::{
    ClientOf, Facts, FactsOf, FieldsOf, IntegrationKey, LineCountOf, LinesOf, LinksOf, NodeKey, ProductOf, RunKey,
    SeenAt, UserKey,
};
use super::{Rows, Shared};
use crate::app::App;
use crate::graphql::node::{self, Node};
use crate::pull::pace::ALLOWANCE_DAYS;
use crate::store::page::Page;
use crate::store::{self, source};

/// The upper bound of a reading is a second after Stripe's own time of it.
pub(in crate::graphql) const MARGIN_MS: i64 = 1000;

impl Loader<IntegrationKey> for Rows {
    type Value = integration::Model;
    type Error = Shared;

    async fn load(&self, keys: &[IntegrationKey]) -> Result<HashMap<IntegrationKey, Self::Value>, Shared> {
        let rows = store::integration::list_by_ids(self.app.db.read(), &ids(keys, |key| key.0)).await?;
        Ok(rows.into_iter().map(|row| (IntegrationKey(row.id), row)).collect())
    }
}

impl Loader<RunKey> for Rows {
    type Value = run::Model;
    type Error = Shared;

    async fn load(&self, keys: &[RunKey]) -> Result<HashMap<RunKey, Self::Value>, Shared> {
        let rows = store::run::list_by_ids(self.app.db.read(), &ids(keys, |key| key.0)).await?;
        Ok(rows.into_iter().map(|row| (RunKey(row.id), row)).collect())
    }
}

impl Loader<UserKey> for Rows {
    type Value = user::Model;
    type Error = Shared;

    async fn load(&self, keys: &[UserKey]) -> Result<HashMap<UserKey, Self::Value>, Shared> {
        let rows = store::user::list_by_ids(self.app.db.read(), &ids(keys, |key| key.0)).await?;
        Ok(rows.into_iter().map(|row| (UserKey(row.id), row)).collect())
    }
}

impl Loader<FactsOf> for Rows {
    type Value = Arc<Facts>;
    type Error = Shared;

    async fn load(&self, keys: &[FactsOf]) -> Result<HashMap<FactsOf, Self::Value>, Shared> {
        let mut facts = HashMap::new();
        for key in keys {
            facts.insert(*key, Arc::new(facts_of(&self.app, key.0).await?));
        }
        Ok(facts)
    }
}

/// There is a handful of integrations at most: one after the other will do.
async fn facts_of(app: &App, id: Uuid) -> Result<Facts, DbErr> {
    let (db, now) = (app.db.read(), app.clock.now());
    // Today is one of the thirty days.
    let since = now - chrono::Duration::days(ALLOWANCE_DAYS - 1);
    let paid_since = now - chrono::Duration::days(ALLOWANCE_DAYS);
    Ok(Facts {
        open_errors: store::integration::count_open_errors(db, id).await?,
        reads: store::integration::sum_reads(db, id, since.date_naive()).await?,
        paid_invoices: store::integration::count_paid_invoices(db, id, paid_since.timestamp_millis()).await?,
        oldest_waiting: store::inbox::find_oldest_waiting(db, id).await?,
        next_retry_at: store::failure::find_next_retry(db, id).await?,
        open_runs: store::run::list_open(db, id).await?,
        mappings: store::integration::list_mappings(db, id).await?,
        waiting: store::remap_queue::count(db, id).await?,
    })
}

impl Loader<NodeKey> for Rows {
    type Value = Node;
    type Error = Shared;

    async fn load(&self, keys: &[NodeKey]) -> Result<HashMap<NodeKey, Node>, Shared> {
        let mut nodes = HashMap::new();
        for asked in groups(keys, |one, other| one.0 == other.0) {
            let Some(of) = asked.first().map(|key| key.0) else {
                continue;
            };
            let ids: Vec<Uuid> = asked.iter().map(|key| key.1).collect();
            let found = node::list(self.app.db.read(), of, &ids, &self.as_of(None).await?).await?;
            nodes.extend(found.into_iter().map(|(id, node)| (NodeKey(of, id), node)));
        }
        Ok(nodes)
    }
}

impl Loader<ClientOf> for Rows {
    type Value = client::Model;
    type Error = Shared;

    async fn load(&self, keys: &[ClientOf]) -> Result<HashMap<ClientOf, Self::Value>, Shared> {
        let asked = ids(keys, |key| (key.0, key.1.clone()));
        let rows = store::client::list_by_customers(self.app.db.read(), &asked).await?;
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
        let rows = store::product::list_by_stripe_ids(self.app.db.read(), &asked).await?;
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
        for link in store::client::list_links(self.app.db.read(), &ids(keys, |key| key.0)).await? {
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
            for stored in source::find_stored(self.app.db.read(), integration_id, kind, ids)
                .await?
                .into_values()
            {
                seen.insert(
                    SeenAt(integration_id, kind, stored.stripe_id),
                    stored.seen_max - MARGIN_MS,
                );
            }
        }
        Ok(seen)
    }
}

impl Loader<FieldsOf> for Rows {
    type Value = Vec<Arc<custom_field::Model>>;
    type Error = Shared;

    async fn load(&self, keys: &[FieldsOf]) -> Result<HashMap<FieldsOf, Self::Value>, Shared> {
        let all = store::custom_field::list(self.app.db.read()).await?;
        let all: Vec<_> = all.into_iter().map(Arc::new).collect();
        let own = |key: &FieldsOf| all.iter().filter(|field| field.owner == key.0).cloned().collect();
        Ok(keys.iter().map(|key| (*key, own(key))).collect())
    }
}

impl Loader<LineCountOf> for Rows {
    type Value = u64;
    type Error = Shared;

    async fn load(&self, keys: &[LineCountOf]) -> Result<HashMap<LineCountOf, u64>, Shared> {
        let counts = store::line::count_by_contracts(self.app.db.read(), &ids(keys, |key| key.0)).await?;
        Ok(counts.into_iter().map(|(id, count)| (LineCountOf(id), count)).collect())
    }
}

impl Loader<LinesOf> for Rows {
    type Value = Arc<Page<contract_line::Model>>;
    type Error = Shared;

    async fn load(&self, keys: &[LinesOf]) -> Result<HashMap<LinesOf, Self::Value>, Shared> {
        let mut pages = HashMap::new();
        for asked in groups(keys, |one, other| one.window.reads_like(&other.window)) {
            let Some(first) = asked.first() else { continue };
            let contracts: Vec<Uuid> = asked.iter().map(|key| key.contract_id).collect();
            let mut found = store::line::list_by_contracts(self.app.db.read(), &contracts, &first.window).await?;
            for key in asked {
                let page = found
                    .remove(&key.contract_id)
                    .unwrap_or_else(|| key.window.page(Vec::new()));
                pages.insert(key.clone(), Arc::new(page));
            }
        }
        Ok(pages)
    }
}

pub(super) fn ids<K, T>(keys: &[K], id: impl Fn(&K) -> T) -> Vec<T> {
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
pub(super) fn groups<K>(keys: &[K], alike: impl Fn(&K, &K) -> bool) -> Vec<Vec<&K>> {
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
