//! A draft as rows.

use entity::kind::ContractSource;
use entity::list::Warnings;
use entity::{contract, contract_line};
use uuid::Uuid;

use crate::map::MapError;
use crate::map::contract::{ContractDraft, LineDraft};
use crate::map::key::search_key;
use crate::pull::road::Road;

/// The contract without our id and times.
pub(super) fn row_of(road: Road<'_>, source: ContractSource, stripe_id: &str, draft: ContractDraft) -> contract::Model {
    let parts = [
        Some(draft.name.as_str()),
        draft.number.as_deref(),
        Some(stripe_id),
        draft.stripe_customer_id.as_deref(),
    ];
    contract::Model {
        id: Uuid::nil(),
        integration_id: road.rules.integration_id,
        source,
        stripe_id: stripe_id.to_owned(),
        source_status: draft.source_status,
        search_key: search_key(parts.into_iter().flatten()),
        number: draft.number,
        name: draft.name,
        stripe_customer_id: draft.stripe_customer_id,
        stripe_subscription_id: draft.stripe_subscription_id,
        paid_at: draft.paid_at,
        issued_at: draft.issued_at,
        booking_date: draft.booking_date,
        term_start: draft.term_start,
        term_end: draft.term_end,
        fixed_status: draft.fixed_status,
        fixed_reason: draft.fixed_reason,
        payment_state: draft.payment_state,
        recurs: draft.recurs,
        terminated_date: draft.terminated_date,
        renewal_from: draft.renewal_from,
        recurs_from: draft.recurs_from,
        left_on: None,
        left_as: None,
        removed_on: None,
        renewed_by: None,
        auto_renew: draft.auto_renew,
        currency: draft.currency,
        subtotal: draft.subtotal,
        discount: draft.discount,
        shipping: draft.shipping,
        tax: draft.tax,
        total: draft.total,
        amount_paid: draft.amount_paid,
        credited: draft.credited,
        net: draft.net,
        refunded: draft.refunded,
        mrr: draft.mrr,
        arr: draft.arr,
        acv: draft.acv,
        reconcile_delta: draft.reconcile_delta,
        reconciled: draft.reconciled,
        deleted_in_stripe: false,
        warnings: Warnings(draft.warnings),
        created_at: 0,
        updated_at: 0,
    }
}

/// The line under our ids.
pub(super) fn line_of(
    line: &LineDraft,
    id: Uuid,
    contract_id: Uuid,
    integration_id: Uuid,
) -> Result<contract_line::Model, MapError> {
    let (monthly_numerator, monthly_denominator) = line.monthly.parts()?;
    Ok(contract_line::Model {
        id,
        contract_id,
        integration_id,
        stripe_id: line.stripe_id.clone(),
        line_number: line.line_number,
        stripe_product_id: line.stripe_product_id.clone(),
        product_name: line.product_name.clone(),
        stripe_price_id: line.stripe_price_id.clone(),
        description: line.description.clone(),
        quantity: line.quantity.map(|quantity| quantity.normalize().to_string()),
        unit_price: line.unit_price.map(|price| price.normalize().to_string()),
        gross: line.gross,
        discount: line.discount,
        tax: line.tax,
        net: line.net,
        mrr: line.mrr,
        kind: line.kind,
        item_id: line.item_id.clone(),
        span: line.span,
        monthly_numerator,
        monthly_denominator,
        period_start: line.period_start,
        period_end: line.period_end,
    })
}
