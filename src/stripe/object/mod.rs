//! Stripe objects decoded in the shape of the pinned version.
