//! Loads for many parents at once. Lives as long as one request and keeps nothing, so that a mutation never sees what was before it.

mod contract;
mod key;
mod read;

use std::hash::Hash;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_graphql::dataloader::{DataLoader, Loader};
use chrono::NaiveDate;
use sea_orm::DbErr;
use tokio::sync::OnceCell;

use super::Fault;
use crate::app::App;
use crate::error::{Code, Error};
use crate::store::contract::{Accounts, AsOf};
use crate::store::db::api_request;
use crate::store::page::Window;

pub(super) use key::{
    ClientOf, ContractCountOf, ContractKey, ContractsOf, Facts, FactsOf, FieldsOf, IntegrationKey, InvoiceCountOf,
    InvoicesOf, LineCountOf, LinesOf, LinksOf, NodeKey, ProductOf, RenewalOf, RenewedBy, RevenueOf, RunKey, SeenAt,
    SubscriptionContractOf, UserKey,
};
pub(super) use read::MARGIN_MS;

/// Rows that the nested lists of one request may ask for. What an operation costs bounds them beforehand, as long as lists without
/// pages are no longer than they are reckoned: here is counted what is really asked for. A page asks for one row more than it costs.
const MOST_ROWS: u64 = 20_000;
/// Keys that are read with one statement at most: what the database gives for them is held at once.
const MOST_KEYS: usize = 1_000;
/// How often the others get their turn before nobody is believed to ask for more.
const TURNS: usize = 3;

/// The loaders of one request.
pub struct Loaders {
    batch: DataLoader<Rows>,
    asked: Arc<AtomicU64>,
    rows: AtomicU64,
}

/// Reads what was asked for together.
pub(super) struct Rows {
    app: Arc<App>,
    /// One moment for the whole request.
    accounts: OnceCell<Accounts>,
}

impl Rows {
    async fn accounts(&self) -> Result<&Accounts, Shared> {
        let now = self.app.clock.now().timestamp();
        let load = async || Accounts::load(self.app.db.read(), now).await;
        self.accounts.get_or_try_init(load).await.map_err(Arc::new)
    }

    /// The present day, or one that the request was let ask for.
    async fn as_of(&self, asked: Option<NaiveDate>) -> Result<AsOf, Shared> {
        let accounts = self.accounts().await?;
        let begun = accounts.on(asked).or_else(|| accounts.on(None));
        begun.ok_or_else(|| Arc::new(DbErr::Custom("the clock is out of range".to_owned())))
    }
}

impl Loaders {
    pub(super) fn new(app: &Arc<App>) -> Self {
        let asked = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&asked);
        let spawn = move |reading| {
            let counted = Arc::clone(&counted);
            api_request::spawn(async move {
                settled(&counted).await;
                reading.await;
            });
        };
        let rows = Rows {
            app: Arc::clone(app),
            accounts: OnceCell::new(),
        };
        let batch = DataLoader::new(rows, spawn)
            .delay(Duration::ZERO)
            .max_batch_size(MOST_KEYS);
        Self {
            batch,
            asked,
            rows: AtomicU64::new(0),
        }
    }

    /// What there is of `key`, read together with what others ask for meanwhile.
    pub(super) async fn load_one<K>(&self, key: K) -> Result<Option<<Rows as Loader<K>>::Value>, Shared>
    where
        K: Send + Sync + Hash + Eq + Clone + 'static,
        Rows: Loader<K, Error = Shared>,
    {
        self.asked.fetch_add(1, Ordering::Relaxed);
        self.batch.load_one(key).await
    }

    /// The connected accounts, as they are when somebody first asks.
    pub(super) async fn accounts(&self) -> Result<&Accounts, Shared> {
        self.batch.loader().accounts().await
    }

    /// The day `asked` for, else the present one. Days that have begun nowhere yet are refused.
    pub(super) async fn as_of(&self, asked: Option<NaiveDate>) -> Result<AsOf, Fault> {
        let as_of = self.accounts().await?.on(asked);
        let message = "This day has not begun yet. Ask for today or a day before.";
        Ok(as_of.ok_or_else(|| Error::refused(&["asOf"], Code::OutOfRange, message))?)
    }

    /// Counts the rows that a nested list asks for; refuses when all of the request's together are too many.
    pub(super) fn allow(&self, window: &Window) -> Result<(), Error> {
        let asked = self.rows.fetch_add(window.limit(), Ordering::Relaxed) + window.limit();
        if asked <= MOST_ROWS {
            return Ok(());
        }
        let message =
            format!("The lists within lists of one request may ask for {MOST_ROWS} rows. Ask for fewer at once.");
        Err(Error::refused(&[], Code::OutOfRange, message))
    }
}

/// Comes back once nobody has asked for more in a while. A fixed delay would cut large answers into many statements, or hold up
/// small ones.
async fn settled(asked: &AtomicU64) {
    let mut before = None;
    while before != Some(asked.load(Ordering::Relaxed)) {
        before = Some(asked.load(Ordering::Relaxed));
        for _ in 0..TURNS {
            tokio::task::yield_now().await;
        }
    }
}

/// A failure that several waiting fields share.
pub(super) type Shared = Arc<DbErr>;

impl From<Shared> for Fault {
    fn from(error: Shared) -> Self {
        DbErr::clone(&error).into()
    }
}
