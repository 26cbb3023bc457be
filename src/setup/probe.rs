//! What a key may read: one request an object that we need. A key is bad only when Stripe says 401; 403 means that a right is
//! missing, and `/v1/account` may be closed to restricted keys altogether.

use entity::kind::StripeKind;
use entity::list::{KeyPermission, KeyPermissions};
use futures_util::future::{join_all, try_join};
use serde_json::Value;

use crate::stripe::{Client, Error};

/// What Stripe said of a key.
#[derive(Debug)]
pub(super) struct Findings {
    pub(super) permissions: KeyPermissions,
    /// The account, when the key may read it.
    pub(super) account: Option<Account>,
}

impl Findings {
    /// Whether the key may read what Stripe calls `object`.
    pub(super) fn may_read(&self, object: &str) -> bool {
        let mut permissions = self.permissions.0.iter();
        permissions.any(|permission| permission.object == object && permission.granted)
    }
}

/// What is kept of the account.
#[derive(Debug)]
pub(super) struct Account {
    pub(super) id: String,
    pub(super) name: Option<String>,
    pub(super) timezone: Option<String>,
}

/// What is read: a name for the table, the kind (none: events), whether sync needs it.
const NEEDED: [(&str, Option<StripeKind>, bool); 9] = [
    ("customers", Some(StripeKind::Customer), true),
    ("products", Some(StripeKind::Product), true),
    ("prices", Some(StripeKind::Price), true),
    ("invoices", Some(StripeKind::Invoice), true),
    ("subscriptions", Some(StripeKind::Subscription), true),
    ("events", None, true),
    ("coupons", Some(StripeKind::Coupon), false),
    ("credit_notes", Some(StripeKind::CreditNote), false),
    ("refunds", Some(StripeKind::Refund), false),
];

/// Asks Stripe. Fails when the key is refused, or when Stripe does not answer.
pub(super) async fn probe(client: &Client) -> Result<Findings, Error> {
    let (permissions, account) = try_join(permissions(client), account(client)).await?;
    Ok(Findings {
        permissions: KeyPermissions(permissions),
        account,
    })
}

async fn permissions(client: &Client) -> Result<Vec<KeyPermission>, Error> {
    let asked = NEEDED.map(|(object, kind, required)| permission(client.clone(), object, kind, required));
    join_all(asked).await.into_iter().collect()
}

async fn permission(
    client: Client,
    object: &'static str,
    kind: Option<StripeKind>,
    required: bool,
) -> Result<KeyPermission, Error> {
    let hint = match client.may_read(kind).await {
        Ok(()) => None,
        Err(Error::PermissionMissing { .. }) if kind == Some(StripeKind::Refund) => Some(
            "In Stripe's dashboard, edit the key and allow Read on charges and refunds. Without it `refunded` is 0: what was paid back \
             without a credit note is not known."
                .to_owned(),
        ),
        Err(Error::PermissionMissing { right, .. }) => Some(match right {
            Some(right) => format!("In Stripe's dashboard, edit the key and allow Read on {object} ({right})."),
            None => format!("In Stripe's dashboard, edit the key and allow Read on {object}."),
        }),
        Err(error) => return Err(error),
    };
    Ok(KeyPermission {
        object: object.to_owned(),
        granted: hint.is_none(),
        required,
        hint,
    })
}

async fn account(client: &Client) -> Result<Option<Account>, Error> {
    match client.account().await {
        Ok(account) => Ok(read_account(&account)),
        Err(Error::PermissionMissing { .. } | Error::NotFound { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

fn read_account(account: &Value) -> Option<Account> {
    let text = |value: &Value| value.as_str().filter(|text| !text.trim().is_empty()).map(str::to_owned);
    let dashboard = &account["settings"]["dashboard"];
    Some(Account {
        id: text(&account["id"])?,
        name: text(&dashboard["display_name"])
            .or_else(|| text(&account["business_profile"]["name"]))
            .or_else(|| text(&account["email"])),
        timezone: text(&dashboard["timezone"]),
    })
}
