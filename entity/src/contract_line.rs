//! The lines of contracts: invoice lines and subscription items.

use sea_orm::entity::prelude::*;

use crate::kind::{LineKind, SpanKind};

/// An invoice line or a subscription item. Amounts are minor units of the contract's currency.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "contract_line")]
pub struct Model {
    /// Our id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The contract it belongs to.
    pub contract_id: Uuid,
    /// The connected account, for finding the product.
    pub integration_id: Uuid,
    /// Stripe's id of the line item or subscription item.
    pub stripe_id: String,
    /// Its place in Stripe's order, from 1.
    pub line_number: i32,
    /// Stripe's id of the product.
    pub stripe_product_id: Option<String>,
    /// Stripe's name for it, also where no product is here.
    pub product_name: Option<String>,
    /// Stripe's id of the price.
    pub stripe_price_id: Option<String>,
    /// Stripe's text.
    pub description: Option<String>,
    /// Exact decimal; null for metered items.
    pub quantity: Option<String>,
    /// Exact decimal in minor units.
    pub unit_price: Option<String>,
    /// Before discounts, as Stripe states it.
    pub gross: i64,
    /// Discounts and credit grants.
    pub discount: i64,
    /// Tax, contained and added.
    pub tax: i64,
    /// Gross less discount less contained tax.
    pub net: i64,
    /// Its own part of the recurring revenue a month, rounded by itself.
    pub mrr: i64,
    /// What it charges for.
    pub kind: LineKind,
    /// The subscription item that it is, or charges for; on an invoice the line's own id where there is none.
    pub item_id: String,
    /// What it does to the item's recurring revenue; null where it does nothing, and on a subscription.
    pub span: Option<SpanKind>,
    /// What the item brings a month in the line's period, exactly: this over `monthly_denominator`, in minor units.
    pub monthly_numerator: i64,
    /// Above 0.
    pub monthly_denominator: i64,
    /// Start of the service period, Unix milliseconds.
    pub period_start: Option<i64>,
    /// End of the service period, Unix milliseconds.
    pub period_end: Option<i64>,
}

/// It stands alone: references are by Stripe id.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
