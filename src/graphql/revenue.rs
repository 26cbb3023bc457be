//! What contracts come to.

use async_graphql::{Context, Object, SimpleObject};
use entity::kind::Scope;
use uuid::Uuid;

use super::contract::ContractFilter;
use super::loader::RevenueOf;
use super::money::Money;
use super::{ContextExt, Fault};
use crate::error::{Code, Error};
use crate::store::contract::{self, Revenue};

/// What contracts of one currency come to. Currencies are never converted into one another.
#[derive(Debug, SimpleObject)]
pub(super) struct CurrencyRevenue {
    /// ISO 4217 code, upper case.
    currency: String,
    /// How many contracts `total` and `net` are of: invoice contracts, and subscription contracts only of integrations where
    /// invoices are no source. Contracts whose source is turned off do not count.
    contracts: i32,
    /// What those contracts come to, without tax.
    total: Money,
    /// The same less what credit notes gave back.
    net: Money,
    /// What was paid back of them without a credit note, without tax.
    refunded: Money,
    /// net less refunded.
    kept: Money,
    /// Recurring revenue a month of the contracts that are ACTIVE today and count toward it (`countsTowardRecurring`).
    mrr: Money,
    /// Recurring revenue a year of the same contracts.
    arr: Money,
}

impl CurrencyRevenue {
    fn of(sums: Revenue) -> Result<Self, Error> {
        let currency = sums.currency;
        let money = |sum: i128| {
            let held = i64::try_from(sum).map_err(|_range| {
                let message =
                    format!("What the contracts in {currency} come to is more than 64 bits hold. Ask for fewer.");
                Error::refused(&["filter"], Code::OutOfRange, message)
            });
            held.map(|minor| Money::new(minor, &currency))
        };
        Ok(Self {
            contracts: i32::try_from(sums.contracts).unwrap_or(i32::MAX),
            total: money(sums.total)?,
            net: money(sums.net)?,
            refunded: money(sums.refunded)?,
            kept: money(sums.net - sums.refunded)?,
            mrr: money(sums.mrr)?,
            arr: money(sums.arr)?,
            currency,
        })
    }

    /// What the contracts of a client come to.
    pub(super) async fn of_client(ctx: &Context<'_>, client_id: Uuid) -> Result<Vec<Self>, Fault> {
        let sums = ctx.rows()?.load_one(RevenueOf(client_id)).await?.unwrap_or_default();
        Ok(sums.into_iter().map(Self::of).collect::<Result<_, _>>()?)
    }
}

/// The queries of sums.
#[derive(Default)]
pub(super) struct RevenueQuery;

#[Object]
impl RevenueQuery {
    /// Revenue and counts over the contracts that match, a row a currency; each amount says which rule made it.
    async fn revenue(&self, ctx: &Context<'_>, filter: Option<ContractFilter>) -> Result<Vec<CurrencyRevenue>, Fault> {
        ctx.require(Scope::Read)?;
        let filter = filter.map(ContractFilter::rows).transpose()?.unwrap_or_default();
        let sums = contract::sum(ctx.app()?.db.read(), &filter, ctx.today()?).await?;
        Ok(sums.into_iter().map(CurrencyRevenue::of).collect::<Result<_, _>>()?)
    }
}
