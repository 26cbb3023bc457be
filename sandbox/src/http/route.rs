//! Which paths there are and which right each takes.

use crate::world::Kind;

/// Where a path leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    Account,
    List(Kind),
    Object(Kind, String),
    Lines(String),
    Items,
}

/// A path with the name its requests are counted under.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Route {
    pub(crate) target: Target,
    pub(crate) template: &'static str,
    pub(crate) right: &'static str,
}

/// Resource, its kind, the list's and the object's template, and the right.
const RESOURCES: [(&str, Kind, &str, &str); 8] = [
    ("customers", Kind::Customer, "/v1/customers/:id", "rak_customer_read"),
    ("products", Kind::Product, "/v1/products/:id", "rak_product_read"),
    ("prices", Kind::Price, "/v1/prices/:id", "rak_plan_read"),
    ("coupons", Kind::Coupon, "/v1/coupons/:id", "rak_coupon_read"),
    ("invoices", Kind::Invoice, "/v1/invoices/:id", "rak_invoice_read"),
    (
        "subscriptions",
        Kind::Subscription,
        "/v1/subscriptions/:id",
        "rak_subscription_read",
    ),
    (
        "credit_notes",
        Kind::CreditNote,
        "/v1/credit_notes/:id",
        "rak_credit_note_read",
    ),
    ("events", Kind::Event, "/v1/events/:id", "rak_event_read"),
];

/// Where a path leads, if anywhere.
pub(crate) fn find(path: &str) -> Option<Route> {
    let mut parts = path.strip_prefix("/v1/")?.split('/');
    let (resource, id, rest, end) = (parts.next()?, parts.next(), parts.next(), parts.next());
    let route = |target, template, right| {
        Some(Route {
            target,
            template,
            right,
        })
    };
    match (resource, id, rest, end) {
        ("account", None, _, _) => {
            return route(Target::Account, "/v1/account", "rak_accounts_kyc_id_numbers_read");
        }
        ("subscription_items", None, _, _) => {
            return route(Target::Items, "/v1/subscription_items", "rak_subscription_read");
        }
        ("invoices", Some(id), Some("lines"), None) => {
            let lines = Target::Lines(id.to_owned());
            return route(lines, "/v1/invoices/:id/lines", "rak_invoice_read");
        }
        _ => {}
    }
    let (_, kind, template, right) = RESOURCES.into_iter().find(|(name, ..)| *name == resource)?;
    match (id, rest) {
        (None, None) => route(Target::List(kind), template.strip_suffix("/:id")?, right),
        (Some(id), None) => route(Target::Object(kind, id.to_owned()), template, right),
        _ => None,
    }
}

/// The path of a kind's list.
pub(crate) fn list_url(kind: Kind) -> String {
    let resource = RESOURCES.into_iter().find(|(_, known, ..)| *known == kind);
    format!("/v1/{}", resource.map_or("", |(name, ..)| name))
}
