//! Contract lines.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, InputObject, Object};
use entity::contract_line::Model;
use entity::kind::Scope;
use uuid::Uuid;

use super::connection::{connection, page_args, row_of};
use super::contract::Contract;
use super::id::IdType;
use super::loader::{ContractKey, LineCountOf, ProductOf};
use super::money::Money;
use super::product::Product;
use super::scalar::{DateTime, Decimal};
use super::{ContextExt, Fault};
use crate::error::Error;
use crate::store;
use crate::store::contract::Dated;
use crate::store::line::LineFilter;
use crate::store::page::{Listing, Page, Sorted, Window};

/// An invoice line or a subscription item.
#[derive(Debug, Clone)]
pub(super) struct ContractLine(pub Model);

/// What a contract line charges for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "entity::kind::LineKind")]
pub(super) enum LineKind {
    Recurring,
    OneTime,
    Usage,
    Proration,
    Credit,
}

impl ContractLine {
    async fn parent(&self, ctx: &Context<'_>) -> Result<Arc<Dated>, Fault> {
        Ok(ctx
            .rows()?
            .load_one(ContractKey(self.0.contract_id))
            .await?
            .ok_or(Error::NotFound)?)
    }

    async fn money(&self, ctx: &Context<'_>, minor: i64) -> Result<Money, Fault> {
        Ok(Money::new(minor, &self.parent(ctx).await?.row.currency))
    }
}

#[Object]
impl ContractLine {
    pub(super) async fn id(&self) -> ID {
        IdType::ContractLine.encode(self.0.id)
    }

    async fn stripe_id(&self) -> &str {
        &self.0.stripe_id
    }

    async fn contract(&self, ctx: &Context<'_>) -> Result<Contract, Fault> {
        Ok(Contract(self.parent(ctx).await?))
    }

    async fn line_number(&self) -> i32 {
        self.0.line_number
    }

    async fn product(&self, ctx: &Context<'_>) -> Result<Option<Product>, Fault> {
        let Some(product) = self.0.stripe_product_id.clone() else {
            return Ok(None);
        };
        Ok(ctx
            .rows()?
            .load_one(ProductOf(self.0.integration_id, product))
            .await?
            .map(Product))
    }

    async fn stripe_product_id(&self) -> Option<&str> {
        self.0.stripe_product_id.as_deref()
    }

    /// Stripe's name for it, also where no product is linked.
    async fn product_name(&self) -> Option<&str> {
        self.0.product_name.as_deref()
    }

    async fn stripe_price_id(&self) -> Option<&str> {
        self.0.stripe_price_id.as_deref()
    }

    async fn description(&self) -> Option<&str> {
        self.0.description.as_deref()
    }

    /// Null for metered items.
    async fn quantity(&self) -> Option<Decimal> {
        exact(self.0.quantity.as_deref())
    }

    /// In the currency's smallest unit, as Stripe states it, with up to twelve decimals.
    async fn unit_price(&self) -> Option<Decimal> {
        exact(self.0.unit_price.as_deref())
    }

    async fn gross(&self, ctx: &Context<'_>) -> Result<Money, Fault> {
        self.money(ctx, self.0.gross).await
    }

    async fn discount(&self, ctx: &Context<'_>) -> Result<Money, Fault> {
        self.money(ctx, self.0.discount).await
    }

    async fn tax(&self, ctx: &Context<'_>) -> Result<Money, Fault> {
        self.money(ctx, self.0.tax).await
    }

    /// gross less discount less contained tax.
    async fn net(&self, ctx: &Context<'_>) -> Result<Money, Fault> {
        self.money(ctx, self.0.net).await
    }

    /// Its own part of the contract's mrr, rounded by itself: for display. The contract's is rounded over all lines.
    async fn mrr(&self, ctx: &Context<'_>) -> Result<Money, Fault> {
        self.money(ctx, self.0.mrr).await
    }

    async fn kind(&self) -> LineKind {
        self.0.kind.into()
    }

    async fn period_start(&self) -> Option<DateTime> {
        self.0.period_start.map(DateTime::from_ms)
    }

    async fn period_end(&self) -> Option<DateTime> {
        self.0.period_end.map(DateTime::from_ms)
    }
}

fn exact(text: Option<&str>) -> Option<Decimal> {
    text.and_then(|text| rust_decimal::Decimal::from_str_exact(text).ok())
        .map(Decimal)
}

/// Filters combine with AND; a list inside one filter is OR.
#[derive(InputObject)]
struct ContractLineFilter {
    contract_id: Option<ID>,
    product_id: Option<ID>,
    kind: Option<Vec<LineKind>>,
}

impl ContractLineFilter {
    fn rows(self) -> Result<LineFilter, Error> {
        Ok(LineFilter {
            contract_id: row_of(IdType::Contract, self.contract_id, "contractId")?,
            product_id: row_of(IdType::Product, self.product_id, "productId")?,
            kind: self.kind.map(|kinds| kinds.into_iter().map(Into::into).collect()),
        })
    }
}

connection!(
    ContractLineConnection,
    ContractLineEdge,
    ContractLine,
    Model,
    LineFilter,
    count
);

/// All lines of one contract are counted together with those of other contracts.
async fn count(ctx: &Context<'_>, filter: &LineFilter) -> Result<u64, Fault> {
    match filter {
        LineFilter {
            contract_id: Some(contract_id),
            product_id: None,
            kind: None,
        } => Ok(ctx.rows()?.load_one(LineCountOf(*contract_id)).await?.unwrap_or(0)),
        filter => Ok(store::line::count(ctx.app()?.db.read(), filter).await?),
    }
}

impl ContractLineConnection {
    /// A page of the lines of one contract.
    pub(super) fn of_contract(page: Page<Model>, window: &Window, contract_id: Uuid) -> Self {
        let filter = LineFilter {
            contract_id: Some(contract_id),
            ..LineFilter::default()
        };
        Self::of(page, window, filter, |line| store::line::place(line, true))
    }
}

/// The queries of this noun.
#[derive(Default)]
pub(super) struct LineQuery;

#[Object]
impl LineQuery {
    async fn contract_lines(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        filter: Option<ContractLineFilter>,
    ) -> Result<ContractLineConnection, Fault> {
        ctx.require(Scope::Read)?;
        let filter = filter.map(ContractLineFilter::rows).transpose()?.unwrap_or_default();
        let window =
            page_args(first, after, last, before).check(Listing::new("lines", "ID", Sorted::Number, true, &filter))?;
        let page = store::line::list(ctx.app()?.db.read(), &filter, &window).await?;
        let of_one = filter.contract_id.is_some();
        Ok(ContractLineConnection::of(page, &window, filter, |line| {
            store::line::place(line, of_one)
        }))
    }
}
