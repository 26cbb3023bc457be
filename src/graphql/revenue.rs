//! What contracts and subscriptions come to.

use async_graphql::{Context, Enum, Object, SimpleObject};
use entity::kind::Scope;
use uuid::Uuid;

use super::contract::ContractFilter;
use super::loader::RevenueOf;
use super::money::Money;
use super::scalar::Date;
use super::{ContextExt, Fault};
use crate::error::{Code, Error};
use crate::store::contract::{self, Basis, Note, Revenue};

/// What contracts and subscriptions of one currency come to. Currencies are never converted into one another.
#[derive(Debug, SimpleObject)]
pub(super) struct CurrencyRevenue {
    /// ISO 4217 code, upper case.
    currency: String,
    /// How many contracts `total` and `net` are of: invoice contracts, and subscription contracts only of integrations where invoices are no
    /// source. Contracts whose source is turned off do not count, nor reversed ones, nor subscriptions that are FORECASTED or LOST. On a day in
    /// the past: those that were booked by then.
    contracts: i32,
    /// What those contracts come to, without tax. A subscription comes to one period of each of its items.
    total: Money,
    /// The same less what credit notes gave back, as far as it is known now.
    net: Money,
    /// What was paid back of them without a credit note, without tax.
    refunded: Money,
    /// net less refunded.
    kept: Money,
    /// Recurring revenue a month: of all subscriptions that are active or past due, whichever source makes contracts; where a subscription is not
    /// known, or was not yet seen on that day, of its invoices. Exact amounts are added and rounded once.
    mrr: Money,
    /// Recurring revenue a year: twelve times the same exact sum, rounded by itself.
    arr: Money,
    /// What `mrr` and `arr` are told by.
    basis: RevenueBasis,
    /// What a reader of these figures should know, e.g. that an account is disconnected.
    warnings: Vec<String>,
}

/// Which objects tell what recurs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub(super) enum RevenueBasis {
    /// The subscriptions themselves, as Stripe had them on that day.
    Subscriptions,
    /// The invoices: on that day no subscription was known here.
    Invoices,
    /// Some of both.
    Mixed,
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
        let has = |basis| sums.bases.contains(&basis);
        Ok(Self {
            contracts: i32::try_from(sums.contracts).unwrap_or(i32::MAX),
            total: money(sums.total)?,
            net: money(sums.net)?,
            refunded: money(sums.refunded)?,
            kept: money(sums.net - sums.refunded)?,
            mrr: money(sums.mrr)?,
            arr: money(sums.arr)?,
            basis: match (has(Basis::Subscriptions), has(Basis::Invoices)) {
                (true, true) => RevenueBasis::Mixed,
                (false, true) => RevenueBasis::Invoices,
                (_, false) => RevenueBasis::Subscriptions,
            },
            warnings: sums.notes.iter().map(warning).collect(),
            currency,
        })
    }

    /// What the contracts and subscriptions of a client come to.
    pub(super) async fn of_client(ctx: &Context<'_>, client_id: Uuid, as_of: Option<Date>) -> Result<Vec<Self>, Fault> {
        let as_of = ctx.rows()?.as_of(as_of.map(|day| day.0)).await?;
        let key = RevenueOf(client_id, as_of.asked);
        let sums = ctx.rows()?.load_one(key).await?.unwrap_or_default();
        Ok(sums.into_iter().map(Self::of).collect::<Result<_, _>>()?)
    }
}

fn warning(note: &Note) -> String {
    match note {
        Note::Disconnected(name) => {
            format!("The account {name} is disconnected: its figures are those of the last time that Stripe was read.")
        }
        Note::Waiting(name, count) => format!(
            "{count} objects of the account {name} wait to be mapped again, after an upgrade or a change of settings: some of these figures are those of before."
        ),
    }
}

/// The queries of sums.
#[derive(Default)]
pub(super) struct RevenueQuery;

#[Object]
impl RevenueQuery {
    /// Revenue and counts, a row a currency, on the day `asOf`; not given = today. `total`, `net` and `contracts` are of the contracts that match; `mrr`
    /// and `arr` of the subscriptions that match by client, customer, integration, currency and product, and, where the filter says anything else, that
    /// have a contract which matches. With `productId` all of them are of the product's own lines and items.
    async fn revenue(
        &self,
        ctx: &Context<'_>,
        filter: Option<ContractFilter>,
        as_of: Option<Date>,
    ) -> Result<Vec<CurrencyRevenue>, Fault> {
        ctx.require(Scope::Read)?;
        let as_of = ctx.rows()?.as_of(as_of.map(|day| day.0)).await?;
        let filter = ContractFilter::of_day(filter, &as_of)?;
        let accounts = ctx.rows()?.accounts().await?;
        let sums = contract::sum(ctx.app()?.db.read(), &filter, &as_of, accounts).await?;
        Ok(sums.into_iter().map(CurrencyRevenue::of).collect::<Result<_, _>>()?)
    }
}
