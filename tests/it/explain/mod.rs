//! Why a Stripe object is here, or is not.

mod asked;
mod kept;
mod matched;
mod nowhere;
mod skipped;
mod support;
