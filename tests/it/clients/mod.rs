//! Clients that come from elsewhere, and the Stripe customers that they are.

mod midway;
