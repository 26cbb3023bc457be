//! Paid invoices and subscriptions become contracts with lines.

use std::collections::{HashMap, HashSet};

use entity::kind::{ContractSource, StripeKind, SyncObject};
use entity::list::Warnings;
use entity::{contract, contract_line};
use uuid::Uuid;

use super::{Item, Written, check_mode, note, refs};
use crate::error::Error;
use crate::map::contract::{Before, ContractDraft, LineDraft, from_invoice, from_subscription};
use crate::map::key::search_key;
use crate::map::{Json, MapError, Mapped, Refs};
use crate::pull::outcome::Outcome;
use crate::pull::road::Road;
use crate::store::SourceKey;
use crate::store::Transaction;
use crate::store::change::Changed;
use crate::store::record::{self, StoredContract};
use crate::stripe::object::is_id;

/// What is to be written of a batch.
#[derive(Default)]
struct Changes {
    rows: Vec<contract::Model>,
    lines: Vec<contract_line::Model>,
    removed_lines: Vec<Uuid>,
}

pub(super) async fn write(
    tx: &Transaction,
    road: Road<'_>,
    source: ContractSource,
    items: &[Item<'_>],
) -> Result<Vec<Written>, Error> {
    let integration_id = road.rules.integration_id;
    let ids = items.iter().map(|item| item.stripe_id).collect();
    let existing = record::find_contracts(tx, integration_id, source, ids).await?;
    let links = existing
        .values()
        .filter_map(|stored| stored.row.stripe_subscription_id.clone());
    let refs = refs::load(tx, integration_id, kind_of(source), items, links).await?;
    let mut changes = Changes::default();
    let written = items
        .iter()
        .map(|item| {
            settle(road, source, item, &refs, existing.get(item.stripe_id), &mut changes).unwrap_or_else(Written::from)
        })
        .collect();
    let ids = changes.rows.iter().map(|row| row.id).collect();
    let here: HashSet<Uuid> = existing.values().map(|stored| stored.row.id).collect();
    record::delete_lines(tx, changes.removed_lines).await?;
    record::upsert_contracts(tx, changes.rows).await?;
    record::upsert_lines(tx, changes.lines).await?;
    note(
        tx,
        road,
        SyncObject::Contract,
        Changed::of(ids, |id| !here.contains(id)),
    )
    .await?;
    Ok(written)
}

fn kind_of(source: ContractSource) -> StripeKind {
    match source {
        ContractSource::Invoice => StripeKind::Invoice,
        ContractSource::Subscription => StripeKind::Subscription,
    }
}

/// What there is to map: what Stripe has, or of a record that is here what it had last.
fn object_of<'a>(item: &Item<'a>, is_here: bool) -> Option<Json<'a>> {
    let kept = item
        .kept
        .filter(|kept| !kept.deleted || (is_here && kept.text != b"{}"));
    item.value.map(Json::from).or(kept.map(|kept| kept.text.into()))
}

fn settle(
    road: Road<'_>,
    source: ContractSource,
    item: &Item<'_>,
    refs: &Refs,
    existing: Option<&StoredContract>,
    changes: &mut Changes,
) -> Result<Written, MapError> {
    let Some(object) = object_of(item, existing.is_some()) else {
        return Ok(mark_deleted(road, existing, changes).into());
    };
    // What is here stays right, also while its source is off.
    if existing.is_none() && !road.rules.has_source(source) {
        return Ok(Outcome::Skipped("SOURCE_OFF").into());
    }
    let before = existing.map(|stored| Before {
        stripe_subscription_id: stored.row.stripe_subscription_id.as_deref(),
    });
    let mapped = match source {
        ContractSource::Invoice => from_invoice(object, refs, &road.rules.contract, before)?,
        ContractSource::Subscription => {
            from_subscription(object, refs, road.now_ms.div_euclid(1000), before.is_some())?
        }
    };
    match mapped {
        Mapped::Skipped(reason) => Ok(Outcome::Skipped(reason.code()).into()),
        Mapped::Record(draft) => {
            check_mode(road, draft.livemode)?;
            refuse_twins(&draft.lines)?;
            let pending = draft.pending.clone();
            let link = link_of(source, &draft, refs);
            Ok(Written {
                misses_credit: draft.misses_credit,
                outcome: put(road, (source, item), draft, existing, changes),
                pending,
                link,
            })
        }
    }
}

/// What a contract shows of an object that its own object does not name: the subscription that an invoice bills, and the coupon that
/// a subscription has by its customer's discount.
fn link_of(source: ContractSource, draft: &ContractDraft, refs: &Refs) -> Option<SourceKey> {
    match source {
        ContractSource::Invoice => {
            let id = draft.stripe_subscription_id.clone();
            id.map(|id| (StripeKind::Subscription, id))
        }
        ContractSource::Subscription => {
            let customer = refs.customer(draft.stripe_customer_id.as_deref()?).here()?;
            let id = customer.discount.as_ref()?.coupon_id()?;
            is_id(id).then(|| (StripeKind::Coupon, id.to_owned()))
        }
    }
}

/// Lines are told apart by Stripe's id; two of one id would overwrite each other, and the sums would be wrong.
fn refuse_twins(lines: &[LineDraft]) -> Result<(), MapError> {
    let mut seen = HashSet::new();
    match lines.iter().find(|line| !seen.insert(line.stripe_id.as_str())) {
        None => Ok(()),
        Some(line) => Err(MapError {
            code: "DUPLICATE_LINE",
            message: format!("Two lines have the id {}.", line.stripe_id),
            hint: Some("It may have changed while it was read, and is tried again by itself.".to_owned()),
        }),
    }
}

fn mark_deleted(road: Road<'_>, existing: Option<&StoredContract>, changes: &mut Changes) -> Outcome {
    match existing {
        None => Outcome::Skipped("DELETED"),
        Some(stored) if stored.row.deleted_in_stripe => Outcome::Unchanged,
        Some(stored) => {
            changes.rows.push(contract::Model {
                deleted_in_stripe: true,
                updated_at: road.now_ms,
                ..stored.row.clone()
            });
            Outcome::Updated
        }
    }
}

fn put(
    road: Road<'_>,
    (source, item): (ContractSource, &Item<'_>),
    draft: ContractDraft,
    existing: Option<&StoredContract>,
    changes: &mut Changes,
) -> Outcome {
    let id = existing.map_or_else(Uuid::now_v7, |stored| stored.row.id);
    let mut here: HashMap<&str, &contract_line::Model> = existing
        .map(|stored| &stored.lines)
        .into_iter()
        .flatten()
        .map(|line| (line.stripe_id.as_str(), line))
        .collect();
    let mut lines_changed = false;
    for line in &draft.lines {
        let old = here.remove(line.stripe_id.as_str());
        let new = line_of(
            line,
            old.map_or_else(Uuid::now_v7, |old| old.id),
            id,
            road.rules.integration_id,
        );
        if old != Some(&new) {
            lines_changed = true;
            changes.lines.push(new);
        }
    }
    lines_changed |= !here.is_empty();
    changes.removed_lines.extend(here.into_values().map(|line| line.id));
    let (created_at, updated_at) = existing.map_or((road.now_ms, road.now_ms), |stored| {
        (stored.row.created_at, stored.row.updated_at)
    });
    let row = contract::Model {
        id,
        created_at,
        updated_at,
        deleted_in_stripe: item.kept.is_some_and(|kept| kept.deleted),
        ..row_of(road, source, item.stripe_id, draft)
    };
    match existing {
        Some(stored) if stored.row == row && !lines_changed => Outcome::Unchanged,
        Some(_) => {
            changes.rows.push(contract::Model {
                updated_at: road.now_ms,
                ..row
            });
            Outcome::Updated
        }
        None => {
            changes.rows.push(row);
            Outcome::Created
        }
    }
}

fn row_of(road: Road<'_>, source: ContractSource, stripe_id: &str, draft: ContractDraft) -> contract::Model {
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
        booking_date: draft.booking_date,
        term_start: draft.term_start,
        term_end: draft.term_end,
        fixed_status: draft.fixed_status,
        payment_state: draft.payment_state,
        recurs: draft.recurs,
        terminated_date: draft.terminated_date,
        renewal_from: draft.renewal_from,
        recurs_from: draft.recurs_from,
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
        next_change_at: draft.next_change_at,
        deleted_in_stripe: false,
        warnings: Warnings(draft.warnings),
        created_at: 0,
        updated_at: 0,
    }
}

fn line_of(line: &LineDraft, id: Uuid, contract_id: Uuid, integration_id: Uuid) -> contract_line::Model {
    contract_line::Model {
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
        period_start: line.period_start,
        period_end: line.period_end,
    }
}
