//! The invoice contracts of a subscription contract.

use async_graphql::Context;
use entity::kind::ContractSource;

use super::list::ContractConnection;
use crate::graphql::loader::InvoicesOf;
use crate::graphql::{ContextExt, Fault};
use crate::store::contract::{ContractFilter, ContractOrderField, Dated};
use crate::store::page::{Listing, PageArgs};

/// A page of them, the newest booking first; none of an invoice contract.
pub(super) async fn invoices(ctx: &Context<'_>, dated: &Dated, args: PageArgs) -> Result<ContractConnection, Fault> {
    let (row, as_of) = (&dated.row, dated.as_of);
    let (list, order) = (format!("invoices of {}", row.id), ContractOrderField::BookingDate);
    let window = args.check(Listing::new(&list, "BOOKING_DATE", order.sorted(), false, &()))?;
    ctx.rows()?.allow(&window)?;
    let is_subscription = row.source == ContractSource::Subscription;
    let page = if is_subscription {
        let key = InvoicesOf {
            integration_id: row.integration_id,
            subscription: row.stripe_id.clone(),
            window: window.clone(),
            as_of,
        };
        ctx.rows()?.load_one(key).await?
    } else {
        None
    };
    let page = page.unwrap_or_else(|| window.page(Vec::new()));
    let subscription = if is_subscription {
        row.stripe_id.clone()
    } else {
        String::new()
    };
    let filter = ContractFilter {
        bills: Some((row.integration_id, subscription)),
        as_of,
        ..ContractFilter::default()
    };
    Ok(ContractConnection::of_page(page, &window, filter, order))
}
