//! Stripe's objects in the shape of the pinned version.
//!
//! Bodies are kept whole as JSON; the types here read from them what records are made of. Unknown fields are passed over, unknown
//! words stay words, an absent field is the same as null, and an expandable field may be an id or an object.

mod coupon;
mod credit_note;
mod digest;
mod field;
mod invoice;
mod named;
pub mod own;
mod price;
mod refund;
mod subscription;

pub use coupon::{Coupon, Discount, Discounted};
pub use credit_note::CreditNote;
pub use digest::canonical_digest;
pub use field::{Exact, Expandable, Id, is_id, is_word};
pub use invoice::{Invoice, Line, Tax};
pub use named::{is_owed, is_sent_invoices, is_unsettled, named_by};
pub use price::{CurrencyOption, Price, Product, Tier};
pub use refund::{Refund, kept_of_refund, payment_of_refund};
pub use subscription::{Course, Customer, Item, Subscription, TaxRate};
