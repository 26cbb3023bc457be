//! Why a Stripe object is here, or is not.

mod asked;
mod kept;
mod skipped;
mod support;
