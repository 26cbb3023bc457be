//! The invoice whose payment a refund gives back. Stripe is asked for it once of each refund; then it is kept.

use entity::kind::StripeKind;
use serde_json::Value;
use uuid::Uuid;

use crate::error::Error;
use crate::store::{Db, source};
use crate::stripe::object::{kept_of_refund, payment_of_refund};
use crate::stripe::{self, Client};

/// Puts the invoices that are known into refunds as Stripe lists them.
pub(super) async fn recall(db: &Db, integration_id: Uuid, refunds: &mut [Value]) -> Result<(), Error> {
    let ids = refunds.iter().filter_map(|refund| refund["id"].as_str()).collect();
    let known = source::find_bodies(db.read(), integration_id, StripeKind::Refund, ids).await?;
    for refund in refunds {
        let Some(body) = refund["id"].as_str().and_then(|id| known.get(id)) else {
            continue;
        };
        let mut kept = body.value()?;
        if payment_of_refund(&kept) == payment_of_refund(refund)
            && let Some(invoice) = kept.get_mut("invoice")
        {
            let invoice = invoice.take();
            refund["invoice"] = invoice;
        }
    }
    Ok(())
}

/// Leaves what is kept of a refund, with the invoice.
pub(super) async fn complete(client: &Client, refund: &mut Value) -> Result<(), stripe::Error> {
    let invoice = match (refund.get("invoice"), payment_of_refund(refund)) {
        (Some(known), _) => known.as_str().map(str::to_owned),
        (None, Some(payment)) => client.invoice_of_payment(payment).await?,
        (None, None) => None,
    };
    *refund = kept_of_refund(refund, invoice);
    Ok(())
}
