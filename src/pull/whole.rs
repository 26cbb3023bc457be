//! Makes objects whole: Stripe embeds the first ten lines of an invoice and the first items of a subscription only, and says of a refund
//! which payment it gives back, not of which invoice.

use entity::kind::StripeKind;
use serde_json::Value;

use super::refund;
use crate::crash;
use crate::stripe::{Client, Error};

/// Puts all lines or items into `object`, when Stripe says that there are more than it gave.
pub(super) async fn complete(client: &Client, kind: StripeKind, object: &mut Value) -> Result<(), Error> {
    if kind == StripeKind::Refund {
        return refund::complete(client, object).await;
    }
    let nested = match kind {
        StripeKind::Invoice => "lines",
        StripeKind::Subscription => "items",
        _ => return Ok(()),
    };
    if object[nested]["has_more"] != true {
        return Ok(());
    }
    let Some(id) = object["id"].as_str() else { return Ok(()) };
    let all = read_all(client, kind, id).await?;
    crash::point("list.nested_read");
    object[nested]["data"] = Value::Array(all);
    object[nested]["has_more"] = Value::Bool(false);
    Ok(())
}

/// Lines of an invoice may go while they are read, and the cursor with them: then from the beginning.
const BEGINNINGS: usize = 3;

async fn read_all(client: &Client, kind: StripeKind, id: &str) -> Result<Vec<Value>, Error> {
    let mut begun = 1;
    loop {
        let all = match kind {
            StripeKind::Invoice => client.invoice_lines(id).await,
            _ => client.subscription_items(id).await,
        };
        match all {
            Err(Error::CursorGone { .. }) if begun < BEGINNINGS => begun += 1,
            done => return done,
        }
    }
}
