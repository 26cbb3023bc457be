//! The fields that rules may write. What is not here cannot be written by any mapping.

use crate::map::fit::Takes;

/// A field that rules may write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) path: &'static str,
    pub(super) takes: Takes,
    pub(super) required: bool,
}

const fn required(path: &'static str, takes: Takes) -> Target {
    Target {
        path,
        takes,
        required: true,
    }
}

const fn optional(path: &'static str, takes: Takes) -> Target {
    Target {
        path,
        takes,
        required: false,
    }
}

/// Fields of clients.
pub(super) const CLIENT_TARGETS: [Target; 15] = [
    required("stripeId", Takes::Text),
    required("name", Takes::Text),
    required("status", Takes::Status),
    optional("email", Takes::Text),
    optional("phone", Takes::Text),
    optional("siteUrl", Takes::Text),
    optional("externalId", Takes::Text),
    optional("address.line1", Takes::Text),
    optional("address.line2", Takes::Text),
    optional("address.city", Takes::Text),
    optional("address.state", Takes::Text),
    optional("address.postalCode", Takes::Text),
    optional("address.country", Takes::Text),
    optional("currency", Takes::Currency),
    optional("inceptionDate", Takes::Day),
];

/// Fields of products.
pub(super) const PRODUCT_TARGETS: [Target; 5] = [
    required("stripeId", Takes::Text),
    required("name", Takes::Text),
    optional("description", Takes::Text),
    optional("active", Takes::Flag),
    optional("sku", Takes::Text),
];
