//! Which paths there are and which right each takes.

use super::key::Right;
use super::query::decode;
use crate::world::Kind;

/// Where a path leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    Account,
    List(Kind),
    Object(Kind, String),
    /// All lines of an invoice.
    Lines(String),
    /// The items of a subscription, which the query names.
    Items,
    Item(String),
    /// The payments of invoices, which the query names.
    Payments,
}

/// A path with the name its requests are counted under.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Route {
    pub(crate) target: Target,
    pub(crate) template: &'static str,
    pub(crate) right: Right,
}

/// A kind's place among the paths.
struct Resource {
    name: &'static str,
    kind: Kind,
    /// What requests for single objects are counted under.
    template: &'static str,
    right: Right,
}

const fn resource(
    name: &'static str,
    kind: Kind,
    template: &'static str,
    called: &'static str,
    right: &'static str,
) -> Resource {
    let right = Right {
        resource: called,
        name: right,
    };
    Resource {
        name,
        kind,
        template,
        right,
    }
}

const RESOURCES: [Resource; 9] = [
    resource(
        "customers",
        Kind::Customer,
        "/v1/customers/:id",
        "Customers",
        "customer_read",
    ),
    resource(
        "products",
        Kind::Product,
        "/v1/products/:id",
        "Products",
        "product_read",
    ),
    resource("prices", Kind::Price, "/v1/prices/:id", "Prices", "plan_read"),
    resource("coupons", Kind::Coupon, "/v1/coupons/:id", "Coupons", "coupon_read"),
    resource(
        "invoices",
        Kind::Invoice,
        "/v1/invoices/:id",
        "Invoices",
        "invoice_read",
    ),
    resource(
        "subscriptions",
        Kind::Subscription,
        "/v1/subscriptions/:id",
        "Subscriptions",
        "subscription_read",
    ),
    resource(
        "credit_notes",
        Kind::CreditNote,
        "/v1/credit_notes/:id",
        "Credit notes",
        "credit_note_read",
    ),
    resource(
        "refunds",
        Kind::Refund,
        "/v1/refunds/:id",
        "Charges and Refunds",
        "charge_read",
    ),
    resource("events", Kind::Event, "/v1/events/:id", "Events", "event_read"),
];
const ACCOUNT: Right = Right {
    resource: "Account KYC details",
    name: "accounts_kyc_id_numbers_read",
};

/// The id in a part of a path. Stripe reads a `+` as a blank there, as in a query.
fn id_of(part: &str) -> String {
    decode(&part.replace('+', " "))
}

/// Where a path leads, if anywhere.
pub(crate) fn find(path: &str) -> Option<Route> {
    let parts: Vec<&str> = path.strip_prefix("/v1/")?.split('/').collect();
    let route = |target, template, right| {
        Some(Route {
            target,
            template,
            right,
        })
    };
    let of = |kind: Kind| RESOURCES.into_iter().find(|resource| resource.kind == kind);
    match parts[..] {
        ["account"] => route(Target::Account, "/v1/account", ACCOUNT),
        ["subscription_items"] => route(Target::Items, "/v1/subscription_items", of(Kind::Subscription)?.right),
        ["subscription_items", id] => {
            let item = Target::Item(id_of(id));
            route(item, "/v1/subscription_items/:id", of(Kind::Subscription)?.right)
        }
        ["invoice_payments"] => route(Target::Payments, "/v1/invoice_payments", of(Kind::Invoice)?.right),
        ["invoices", id, "lines"] => {
            let lines = Target::Lines(id_of(id));
            route(lines, "/v1/invoices/:id/lines", of(Kind::Invoice)?.right)
        }
        [name, ref rest @ ..] => {
            let found = RESOURCES.into_iter().find(|resource| resource.name == name)?;
            match *rest {
                [] => route(
                    Target::List(found.kind),
                    found.template.strip_suffix("/:id")?,
                    found.right,
                ),
                [id] => route(Target::Object(found.kind, id_of(id)), found.template, found.right),
                _ => None,
            }
        }
        [] => None,
    }
}

/// The path of a kind's list.
pub(crate) fn list_url(kind: Kind) -> &'static str {
    let found = RESOURCES.into_iter().find(|resource| resource.kind == kind);
    found
        .and_then(|found| found.template.strip_suffix("/:id"))
        .unwrap_or_default()
}
