//! Stripe's side: their HTTP and their JSON, none of our tables. Only GET exists here.

pub mod object;
