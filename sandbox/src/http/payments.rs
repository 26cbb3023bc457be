//! The payments of invoices, asked for by an invoice or by what was paid.

use super::error::Refusal;
use super::query::Query;
use crate::json::Json;
use crate::world::{Kind, World};

const TYPES: [&str; 3] = ["payment_intent", "charge", "payment_record"];

/// Those that the request means. The sandbox knows none by neither an invoice nor a payment.
pub(crate) fn asked_for(world: &World, query: &Query) -> Result<Vec<Json>, Refusal> {
    let paid = match query.find("payment[type]") {
        Some(kind) if TYPES.contains(&kind) => {
            let name = format!("payment[{kind}]");
            let missing = || Refusal::invalid(&name, &format!("Missing required param: {name}."));
            Some((kind, query.find(&name).ok_or_else(missing)?))
        }
        Some(_) => return Err(Refusal::invalid("payment[type]", "Invalid payment[type]")),
        None => None,
    };
    let invoice = match (query.find("invoice"), paid) {
        (Some(id), _) => Some(id.to_owned()),
        (None, Some((_, payment))) => World::invoice_paid_by(payment),
        (None, None) => None,
    };
    let invoice = invoice.and_then(|id| world.find(Kind::Invoice, &id));
    let all = invoice.map(|invoice| World::payments(&invoice)["data"].take());
    let Some(Json::Array(mut payments)) = all else {
        return Ok(Vec::new());
    };
    payments.retain(|payment| {
        let is_meant = |(kind, id): (&str, &str)| payment["payment"][kind] == *id;
        paid.is_none_or(is_meant) && query.find("status").is_none_or(|status| payment["status"] == *status)
    });
    Ok(payments)
}
