//! What goes wrong between Stripe and here, and within Stripe: for each fault, that it ends well, and what is seen of it meanwhile.

mod absence;
mod behind;
mod clock;
mod cost;
mod drift;
mod garbled;
mod key;
mod limit;
mod moving;
mod outage;
mod poison;
mod sealed;
mod slow;
mod support;
