//! The objects that a record's object names, at hand while it is mapped.

use std::collections::{BTreeMap, HashMap};

use entity::kind::StripeKind;
use serde::de::DeserializeOwned;

use super::Json;
use crate::stripe::object::{Coupon, Course, CreditNote, Customer, Discount, Invoice, Price, Product, Refund};

/// What is known of a named object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known<T> {
    /// It is here; a deleted one as it was last.
    Here(T),
    /// Stripe has deleted it, and what it was is not known.
    Gone,
    /// It is not here yet.
    Missing,
}

impl<T> Known<T> {
    /// What is here.
    pub fn here(self) -> Option<T> {
        match self {
            Self::Here(object) => Some(object),
            Self::Gone | Self::Missing => None,
        }
    }
}

/// What is known of what a discount takes off.
#[derive(Debug, Clone, Copy)]
pub enum Terms<'a> {
    /// By the coupon that it was given by.
    Known(&'a Coupon),
    /// That coupon is gone from Stripe, and its terms are not known; another may have its id.
    Gone,
    /// The coupon is not here yet.
    Missing,
}

/// The named objects. Those that cannot be read count as gone: fetching them again would not help.
#[derive(Debug, Default)]
pub struct Refs {
    prices: HashMap<String, Option<Price>>,
    products: HashMap<String, Option<Product>>,
    coupons: HashMap<String, Option<Coupon>>,
    customers: HashMap<String, Option<Customer>>,
    courses: HashMap<String, Option<Course>>,
    invoices: HashMap<String, Option<Invoice>>,
    /// The coupons of discounts as they were, by the ids of both.
    terms: HashMap<(String, String), Option<Coupon>>,
    /// By the invoice that they are for.
    credit_notes: HashMap<String, BTreeMap<String, Option<CreditNote>>>,
    /// By the invoice whose payment they give back.
    refunds: HashMap<String, BTreeMap<String, Option<Refund>>>,
}

impl Refs {
    /// Puts an object in. `deleted`: Stripe no longer has it; its body may then be empty.
    pub fn insert<'a>(&mut self, kind: StripeKind, id: String, body: impl Into<Json<'a>>, deleted: bool) {
        // A customer's discount goes with the customer.
        let is_over = kind == StripeKind::Customer;
        let body = Some(body.into()).filter(|body| !(deleted && (is_over || body.is_blank())));
        match kind {
            StripeKind::Price => self.prices.insert(id, decode(body)).is_some(),
            StripeKind::Product => self.products.insert(id, decode(body)).is_some(),
            StripeKind::Coupon => self.coupons.insert(id, decode(body)).is_some(),
            StripeKind::Customer => self.customers.insert(id, decode(body)).is_some(),
            StripeKind::Subscription => self.courses.insert(id, decode(body)).is_some(),
            StripeKind::Invoice => self.invoices.insert(id, decode(body)).is_some(),
            StripeKind::CreditNote | StripeKind::Refund => false,
        };
    }

    /// Puts a credit note in, with the invoice that it is for.
    pub fn insert_credit_note<'a>(&mut self, invoice_id: String, id: String, body: impl Into<Json<'a>>) {
        let notes = self.credit_notes.entry(invoice_id).or_default();
        notes.insert(id, decode(Some(body.into())));
    }

    /// Puts a refund in, with the invoice whose payment it gives back.
    pub fn insert_refund<'a>(&mut self, invoice_id: String, id: String, body: impl Into<Json<'a>>) {
        let refunds = self.refunds.entry(invoice_id).or_default();
        refunds.insert(id, decode(Some(body.into())));
    }

    /// Puts in what is kept of the coupon that a discount was given by.
    pub fn insert_terms<'a>(&mut self, discount_id: String, coupon_id: String, coupon: impl Into<Json<'a>>) {
        self.terms.insert((discount_id, coupon_id), decode(Some(coupon.into())));
    }

    /// A price, with its tiers and currency options.
    pub fn price(&self, id: &str) -> Known<&Price> {
        look_up(&self.prices, id)
    }

    /// A product.
    pub fn product(&self, id: &str) -> Known<&Product> {
        look_up(&self.products, id)
    }

    /// A coupon.
    pub fn coupon(&self, id: &str) -> Known<&Coupon> {
        look_up(&self.coupons, id)
    }

    /// What a discount takes off. The terms are the discount's: it runs on when its coupon is deleted, and a coupon made anew with the
    /// same id has nothing to do with it.
    pub fn terms(&self, discount: &Discount, coupon_id: &str) -> Terms<'_> {
        let coupon = self.coupon(coupon_id);
        if let Known::Here(coupon) = coupon
            && discount.is_by(coupon)
        {
            return Terms::Known(coupon);
        }
        let kept = self.terms.get(&(discount.id.clone(), coupon_id.to_owned()));
        match (kept, coupon) {
            (Some(Some(kept)), _) => Terms::Known(kept),
            (_, Known::Missing) => Terms::Missing,
            _ => Terms::Gone,
        }
    }

    /// An invoice, paid or not.
    pub fn invoice(&self, id: &str) -> Known<&Invoice> {
        look_up(&self.invoices, id)
    }

    /// What of a subscription its invoices show.
    pub fn course(&self, id: &str) -> Known<&Course> {
        look_up(&self.courses, id)
    }

    /// The credit notes of an invoice, void ones too; `None` for one that cannot be read.
    pub fn credit_notes(&self, invoice_id: &str) -> impl Iterator<Item = (&str, Option<&CreditNote>)> {
        let notes = self.credit_notes.get(invoice_id).into_iter().flatten();
        notes.map(|(id, note)| (id.as_str(), note.as_ref()))
    }

    /// The refunds of an invoice's payments, failed ones too; `None` for one that cannot be read.
    pub fn refunds(&self, invoice_id: &str) -> impl Iterator<Item = (&str, Option<&Refund>)> {
        let refunds = self.refunds.get(invoice_id).into_iter().flatten();
        refunds.map(|(id, refund)| (id.as_str(), refund.as_ref()))
    }

    /// A customer.
    pub fn customer(&self, id: &str) -> Known<&Customer> {
        look_up(&self.customers, id)
    }
}

fn decode<T: DeserializeOwned>(body: Option<Json<'_>>) -> Option<T> {
    body?.read().ok()
}

fn look_up<'a, T>(all: &'a HashMap<String, Option<T>>, id: &str) -> Known<&'a T> {
    match all.get(id) {
        None => Known::Missing,
        Some(None) => Known::Gone,
        Some(Some(object)) => Known::Here(object),
    }
}
