//! Invoices and their lines. Amounts are in Stripe's minor unit, times in Unix seconds.

use serde::Deserialize;

use super::field::{currency, id, list, nested};
use super::{Discount, Exact, Expandable, Id};

/// An invoice with all its lines.
#[derive(Debug, Clone, Deserialize)]
pub struct Invoice {
    /// `in_…`
    #[serde(deserialize_with = "id")]
    pub id: String,
    /// Of live mode.
    pub livemode: Option<bool>,
    /// draft, open, paid, uncollectible, void, or a word of later times.
    pub status: String,
    /// What stands on the paper.
    pub number: Option<String>,
    /// Text for the customer.
    pub description: Option<String>,
    /// Lower case.
    #[serde(deserialize_with = "currency")]
    pub currency: String,
    /// When it was made.
    pub created: i64,
    /// When it says that it was made.
    pub effective_at: Option<i64>,
    /// Until when it is to be paid; null where Stripe charges it.
    pub due_date: Option<i64>,
    /// Null where only an account is billed.
    pub customer: Option<Id>,
    /// What has made it.
    pub parent: Option<Parent>,
    /// When its status changed.
    pub status_transitions: Option<StatusTransitions>,
    /// After discounts and taxes.
    pub total: i64,
    /// The same without any tax.
    pub total_excluding_tax: Option<i64>,
    /// What credit notes took off before it was paid, tax included.
    pub pre_payment_credit_notes_amount: Option<i64>,
    /// What credit notes gave back after it was paid, tax included.
    pub post_payment_credit_notes_amount: Option<i64>,
    /// What was paid, outside of Stripe too.
    #[serde(default)]
    pub amount_paid: i64,
    /// On the whole.
    #[serde(default, deserialize_with = "list")]
    pub discounts: Vec<Expandable<Discount>>,
    /// What sending costs.
    pub shipping_cost: Option<ShippingCost>,
    /// Taxes of all lines.
    #[serde(default, deserialize_with = "list")]
    pub total_taxes: Vec<Tax>,
    /// All of them: the first ten and the rest.
    #[serde(deserialize_with = "nested")]
    pub lines: Vec<Line>,
}

/// What has made an invoice.
#[derive(Debug, Clone, Deserialize)]
pub struct Parent {
    /// Set when a subscription did.
    pub subscription_details: Option<SubscriptionDetails>,
}

/// The subscription that an invoice bills.
#[derive(Debug, Clone, Deserialize)]
pub struct SubscriptionDetails {
    /// `sub_…`
    pub subscription: Option<Id>,
}

/// When an invoice's status changed.
#[derive(Debug, Clone, Deserialize)]
#[expect(clippy::struct_field_names, reason = "the names are Stripe's")]
pub struct StatusTransitions {
    /// When it was paid.
    pub paid_at: Option<i64>,
    /// When it was voided.
    pub voided_at: Option<i64>,
    /// When it was written off.
    pub marked_uncollectible_at: Option<i64>,
}

/// What sending costs.
#[derive(Debug, Clone, Deserialize)]
pub struct ShippingCost {
    /// With tax.
    #[serde(default)]
    pub amount_total: i64,
    /// The tax in it.
    #[serde(default)]
    pub amount_tax: i64,
}

/// A tax on a line or on all lines.
#[derive(Debug, Clone, Deserialize)]
pub struct Tax {
    /// Negative where money goes back.
    pub amount: i64,
    /// inclusive: it is contained in the amount; exclusive: it comes on top.
    pub tax_behavior: Option<String>,
}

impl Tax {
    /// Contained in the line's amount.
    pub fn is_inclusive(&self) -> bool {
        self.tax_behavior.as_deref() == Some("inclusive")
    }
}

/// An invoice line.
#[derive(Debug, Clone, Deserialize)]
pub struct Line {
    /// `il_…`
    #[serde(deserialize_with = "id")]
    pub id: String,
    /// Before discounts; negative where money goes back. Authoritative: never to be recomputed.
    pub amount: i64,
    /// Text for the customer.
    pub description: Option<String>,
    /// Whole units.
    pub quantity: Option<i64>,
    /// The same exactly, since 2026-03-25.dahlia.
    pub quantity_decimal: Option<Exact>,
    /// The service period.
    pub period: Option<Period>,
    /// Discounts on this line alone, beside those on the whole invoice.
    #[serde(default, deserialize_with = "list")]
    pub discounts: Vec<Expandable<Discount>>,
    /// What discounts take off this line.
    #[serde(default, deserialize_with = "list")]
    pub discount_amounts: Vec<Share>,
    /// Discounts once more, and credit grants.
    #[serde(default, deserialize_with = "list")]
    pub pretax_credit_amounts: Vec<Share>,
    /// Taxes on this line.
    #[serde(default, deserialize_with = "list")]
    pub taxes: Vec<Tax>,
    /// What it is priced by.
    pub pricing: Option<Pricing>,
    /// What has made it.
    pub parent: Option<LineParent>,
}

/// A service period.
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct Period {
    /// Inclusive.
    pub start: i64,
    /// Exclusive.
    pub end: i64,
}

/// A line's share of something.
#[derive(Debug, Clone, Deserialize)]
pub struct Share {
    /// How much.
    pub amount: i64,
    /// Of pretax credits: `discount` or `credit_balance_transaction`.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// The discount that it is a share of.
    pub discount: Option<Id>,
}

impl Share {
    /// The discount's id.
    pub fn discount_id(&self) -> Option<&str> {
        self.discount.as_ref().map(|discount| discount.0.as_str())
    }
}

/// What a line is priced by.
#[derive(Debug, Clone, Deserialize)]
pub struct Pricing {
    /// Price and product.
    pub price_details: Option<PriceDetails>,
    /// For one unit, in minor units.
    pub unit_amount_decimal: Option<Exact>,
}

/// Price and product of a line.
#[derive(Debug, Clone, Deserialize)]
pub struct PriceDetails {
    /// `price_…`
    pub price: Option<Id>,
    /// `prod_…`
    pub product: Option<Id>,
}

/// What has made a line.
#[derive(Debug, Clone, Deserialize)]
pub struct LineParent {
    /// A subscription's item.
    pub subscription_item_details: Option<Details>,
    /// An invoice item.
    pub invoice_item_details: Option<Details>,
}

/// What lines of both kinds say of their making.
#[derive(Debug, Clone, Deserialize)]
#[expect(clippy::struct_field_names, reason = "the names are Stripe's")]
pub struct Details {
    /// Corrects a change within a period.
    #[serde(default)]
    pub proration: bool,
    /// What it corrects.
    pub proration_details: Option<ProrationDetails>,
    /// `si_…`
    pub subscription_item: Option<Id>,
}

/// What a proration corrects.
#[derive(Debug, Clone, Deserialize)]
pub struct ProrationDetails {
    /// Set where it gives back what was charged before.
    pub credited_items: Option<serde::de::IgnoredAny>,
}

impl Line {
    /// What is said of its making.
    fn details(&self) -> impl Iterator<Item = &Details> {
        let parent = self.parent.iter();
        parent
            .flat_map(|parent| [&parent.subscription_item_details, &parent.invoice_item_details])
            .flatten()
    }

    /// Corrects a change within a period.
    pub fn is_proration(&self) -> bool {
        self.details().any(|details| details.proration)
    }

    /// A proration that gives back what was charged before.
    pub fn gives_credit(&self) -> bool {
        let mut all = self.details().filter_map(|details| details.proration_details.as_ref());
        all.any(|details| details.credited_items.is_some())
    }

    /// The subscription item that it charges for.
    pub fn subscription_item(&self) -> Option<&Id> {
        self.details().find_map(|details| details.subscription_item.as_ref())
    }

    /// The price's id.
    pub fn price_id(&self) -> Option<&str> {
        let details = self.pricing.as_ref()?.price_details.as_ref()?;
        details.price.as_ref().map(|price| price.0.as_str())
    }

    /// The product's id.
    pub fn product_id(&self) -> Option<&str> {
        let details = self.pricing.as_ref()?.price_details.as_ref()?;
        details.product.as_ref().map(|product| product.0.as_str())
    }

    /// Made by a subscription's item.
    pub fn is_of_subscription(&self) -> bool {
        self.parent
            .as_ref()
            .is_some_and(|parent| parent.subscription_item_details.is_some())
    }
}
