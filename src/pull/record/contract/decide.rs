//! What becomes of one invoice or subscription: maps it, and lays its contract beside the one that is here.

use std::collections::{HashMap, HashSet};

use entity::kind::{ContractSource, ContractStatus, StripeKind};
use entity::{contract, contract_line, subscription_state};
use uuid::Uuid;

use super::row::{line_of, row_of};
use crate::map::contract::{Before, ContractDraft, LineDraft, Moment, StateDraft, from_invoice, from_subscription};
use crate::map::{Json, MapError, Mapped, Refs};
use crate::pull::outcome::Outcome;
use crate::pull::record::{Item, Written, check_mode};
use crate::pull::road::Road;
use crate::store::SourceKey;
use crate::store::record::StoredContract;
use crate::stripe::object::is_id;

/// A contract as it is to be, with its lines.
#[derive(Debug)]
pub(super) struct Decided {
    pub(super) row: contract::Model,
    pub(super) lines: Vec<contract_line::Model>,
    /// Something of it differs from what is here.
    pub(super) is_changed: bool,
    /// It is not here yet.
    pub(super) is_new: bool,
    /// Lines that are here just so.
    pub(super) same_lines: HashSet<Uuid>,
    /// Lines that it has no more.
    pub(super) removed_lines: Vec<Uuid>,
}

/// What was made of an item.
#[derive(Debug)]
pub(super) struct Made {
    pub(super) written: Written,
    pub(super) contract: Option<Decided>,
    /// Of a subscription what its revenue by time is made from, whether it makes a contract or not.
    pub(super) subscription: Option<Subscribed>,
}

/// A subscription as its revenue by time reads it.
#[derive(Debug)]
pub(super) struct Subscribed {
    pub(super) stripe_id: String,
    pub(super) customer_id: Option<String>,
    pub(super) currency: String,
    pub(super) state: StateDraft,
    pub(super) lines: Vec<LineDraft>,
    /// When Stripe told so, Unix seconds; `None` where nothing new was told.
    pub(super) told_at: Option<i64>,
    /// Something that it names is not here yet.
    pub(super) is_pending: bool,
}

impl From<Written> for Made {
    fn from(written: Written) -> Self {
        Self {
            written,
            contract: None,
            subscription: None,
        }
    }
}

/// Maps an item and decides what its contract is to be.
pub(super) fn decide(
    road: Road<'_>,
    source: ContractSource,
    item: &Item<'_>,
    refs: &Refs,
    (existing, states): (Option<&StoredContract>, &[subscription_state::Model]),
) -> Result<Made, MapError> {
    let Some(object) = object_of(item, existing.is_some()) else {
        return Ok(mark_deleted(road, existing));
    };
    // What is here stays right, also while its source is off.
    let makes_contracts = existing.is_some() || road.rules.has_source(source);
    if !makes_contracts && source == ContractSource::Invoice {
        return Ok(Written::from(Outcome::Skipped("SOURCE_OFF")).into());
    }
    let before = existing.map(|stored| Before {
        stripe_subscription_id: stored.row.stripe_subscription_id.as_deref(),
    });
    let rules = &road.rules.contract;
    let mapped = match source {
        ContractSource::Invoice => from_invoice(object, refs, rules, before)?,
        ContractSource::Subscription => {
            let moment = Moment {
                rules,
                as_of: road.now_ms.div_euclid(1000),
                past_due_since: past_due_since(states, item.told_at),
            };
            // Recurring revenue knows it, contract or not.
            from_subscription(object, refs, &moment, before.is_some() || !makes_contracts)?
        }
    };
    match mapped {
        Mapped::Skipped(reason) => Ok(Written::from(Outcome::Skipped(reason.code())).into()),
        Mapped::Record(draft) => made((road, source, item), draft, refs, (existing, makes_contracts)),
    }
}

/// Since when a subscription that is past due has been so; `None` where nobody saw that begin. Its invoices are overdue just as long.
fn past_due_since(states: &[subscription_state::Model], told_at: Option<i64>) -> Option<i64> {
    let before = states
        .iter()
        .rposition(|state| state.invoice_status != ContractStatus::Overdue)?;
    states.get(before + 1).map(|state| state.from_at).or(told_at)
}

fn made(
    (road, source, item): (Road<'_>, ContractSource, &Item<'_>),
    draft: ContractDraft,
    refs: &Refs,
    (existing, makes_contracts): (Option<&StoredContract>, bool),
) -> Result<Made, MapError> {
    check_mode(road, draft.livemode)?;
    refuse_twins(&draft.lines)?;
    for line in &draft.lines {
        line.monthly.parts()?;
    }
    let subscription = draft.state.clone().map(|state| Subscribed {
        stripe_id: item.stripe_id.to_owned(),
        customer_id: draft.stripe_customer_id.clone(),
        currency: draft.currency.clone(),
        state,
        lines: draft.lines.clone(),
        told_at: item.told_at,
        is_pending: !draft.pending.is_empty(),
    });
    let written = Written {
        outcome: Outcome::Skipped("SOURCE_OFF"),
        pending: draft.pending.clone(),
        misses_credit: draft.misses_credit,
        link: link_of(source, &draft, refs),
    };
    // What is kept for another reason than that it is in scope makes no contract.
    let is_out_of_scope = source == ContractSource::Invoice
        && existing.is_none()
        && draft.source_status != "paid"
        && draft.issued_at < road.rules.window_start;
    if is_out_of_scope {
        return Ok(Written::from(Outcome::Skipped("OUTSIDE_LOOKBACK")).into());
    }
    if !makes_contracts {
        return Ok(Made {
            subscription,
            ..written.into()
        });
    }
    let (contract, outcome) = put((road, source, item), draft, existing)?;
    Ok(Made {
        written: Written { outcome, ..written },
        contract: Some(contract),
        subscription,
    })
}

/// What there is to map: what Stripe has, or of a record that is here what it had last.
fn object_of<'a>(item: &Item<'a>, is_here: bool) -> Option<Json<'a>> {
    let kept = item
        .kept
        .filter(|kept| !kept.deleted || (is_here && kept.text != b"{}"));
    item.value.map(Json::from).or(kept.map(|kept| kept.text.into()))
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

fn mark_deleted(road: Road<'_>, existing: Option<&StoredContract>) -> Made {
    match existing {
        None => Written::from(Outcome::Skipped("DELETED")).into(),
        Some(stored) if stored.row.deleted_in_stripe => Written::from(Outcome::Unchanged).into(),
        Some(stored) => Made {
            written: Outcome::Updated.into(),
            contract: Some(Decided {
                row: contract::Model {
                    deleted_in_stripe: true,
                    updated_at: road.now_ms,
                    ..stored.row.clone()
                },
                same_lines: stored.lines.iter().map(|line| line.id).collect(),
                lines: stored.lines.clone(),
                is_changed: true,
                is_new: false,
                removed_lines: Vec::new(),
            }),
            subscription: None,
        },
    }
}

fn put(
    (road, source, item): (Road<'_>, ContractSource, &Item<'_>),
    draft: ContractDraft,
    existing: Option<&StoredContract>,
) -> Result<(Decided, Outcome), MapError> {
    let id = existing.map_or_else(Uuid::now_v7, |stored| stored.row.id);
    let old_lines = existing.map(|stored| stored.lines.as_slice()).unwrap_or_default();
    let mut here: HashMap<&str, &contract_line::Model> =
        old_lines.iter().map(|line| (line.stripe_id.as_str(), line)).collect();
    let mut lines = Vec::with_capacity(draft.lines.len());
    for line in &draft.lines {
        let line_id = here
            .remove(line.stripe_id.as_str())
            .map_or_else(Uuid::now_v7, |old| old.id);
        lines.push(line_of(line, line_id, id, road.rules.integration_id)?);
    }
    let removed_lines: Vec<Uuid> = here.into_values().map(|line| line.id).collect();
    let row = contract::Model {
        id,
        deleted_in_stripe: item.kept.is_some_and(|kept| kept.deleted),
        ..row_of(road, source, item.stripe_id, draft)
    };
    let Some(stored) = existing else {
        let row = contract::Model {
            created_at: road.now_ms,
            updated_at: road.now_ms,
            ..row
        };
        let decided = Decided {
            row,
            lines,
            is_changed: true,
            is_new: true,
            same_lines: HashSet::new(),
            removed_lines,
        };
        return Ok((decided, Outcome::Created));
    };
    // What is worked out over all invoices of a subscription is no part of the comparison.
    let mut row = contract::Model {
        created_at: stored.row.created_at,
        updated_at: stored.row.updated_at,
        left_on: stored.row.left_on,
        left_as: stored.row.left_as,
        removed_on: stored.row.removed_on,
        renewed_by: stored.row.renewed_by.clone(),
        ..row
    };
    let same_lines = same(old_lines, &lines);
    let is_changed = stored.row != row || !removed_lines.is_empty() || same_lines.len() < lines.len();
    let outcome = if is_changed {
        row.updated_at = road.now_ms;
        Outcome::Updated
    } else {
        Outcome::Unchanged
    };
    let decided = Decided {
        row,
        lines,
        is_changed,
        is_new: false,
        same_lines,
        removed_lines,
    };
    Ok((decided, outcome))
}

/// The lines that are the same in both.
fn same(old: &[contract_line::Model], new: &[contract_line::Model]) -> HashSet<Uuid> {
    let old: HashMap<Uuid, &contract_line::Model> = old.iter().map(|line| (line.id, line)).collect();
    let same = new.iter().filter(|line| old.get(&line.id) == Some(line));
    same.map(|line| line.id).collect()
}
