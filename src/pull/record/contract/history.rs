//! What subscriptions bring by time, and where they stand: what is told closes what was, and nothing that was is lost.

use std::collections::{BTreeSet, HashMap};

use entity::kind::{LineKind, RevenueBasis, RevenueCause};
use entity::recurring_revenue::{self, OPEN};
use entity::subscription_state;
use uuid::Uuid;

use super::decide::Subscribed;
use super::{out_of_range, renewal};
use crate::error::Error;
use crate::map::MapError;
use crate::pull::road::Road;
use crate::store::Transaction;
use crate::store::recurring_revenue as revenue;

/// From when on something is so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Since {
    /// It was never seen before: from this second on.
    First(i64),
    /// It changed at this second.
    Changed(i64),
    /// What was not fully known before is known now: it has been so since the last change.
    Corrected(i64),
}

/// Keeps what subscriptions bring and where they stand. Gives the contracts that differ by it.
pub(super) async fn keep(
    tx: &Transaction,
    road: Road<'_>,
    subscribed: Vec<Subscribed>,
    states: &HashMap<String, Vec<subscription_state::Model>>,
) -> Result<Vec<Uuid>, Error> {
    if subscribed.is_empty() {
        return Ok(Vec::new());
    }
    let integration_id = road.rules.integration_id;
    let ids = || subscribed.iter().map(|one| one.stripe_id.as_str()).collect::<Vec<_>>();
    let mut rows = revenue::list(tx, integration_id, ids()).await?;
    let (mut old, mut new, mut new_states, mut first) = (Vec::new(), Vec::new(), Vec::new(), BTreeSet::new());
    for one in &subscribed {
        let states = states.get(&one.stripe_id).map(Vec::as_slice).unwrap_or_default();
        let rows = rows.remove(&one.stripe_id).unwrap_or_default();
        let rows: Vec<_> = rows
            .into_iter()
            .filter(|row| row.basis == RevenueBasis::Subscription)
            .collect();
        let last = states.last();
        let from = from(one, last, &rows, road.now_ms.div_euclid(1000));
        if matches!(from, Since::First(_)) {
            first.insert(one.stripe_id.clone());
        }
        let counted_before = last.map(|state| state.status);
        new.extend(items(integration_id, one, &rows, (from, counted_before)).map_err(out_of_range)?);
        new_states.extend(state(integration_id, one, last, from));
        old.extend(rows);
    }
    revenue::upsert_states(tx, new_states).await?;
    revenue::replace(tx, &old, new).await?;
    renewal::work_out_known(tx, road, first).await
}

/// What Stripe tells holds from then on, or from the moment at which the subscription ended. What time was to change holds from its second
/// on. What settings or other objects have changed holds from now on, so that nothing that was is lost; what was not fully known before has been so since the last change.
fn from(
    one: &Subscribed,
    last: Option<&subscription_state::Model>,
    rows: &[recurring_revenue::Model],
    now: i64,
) -> Since {
    let Some(last) = last else {
        let told = one.told_at.unwrap_or(now);
        return Since::First(one.state.ended_at.map_or(told, |end| end.min(told)));
    };
    let known = rows
        .iter()
        .map(|row| row.from_at)
        .max()
        .max(Some(last.from_at))
        .unwrap_or(last.from_at);
    // A moment that was awaited or is told only now; any other that the subscription names has had its effect already.
    let awaited = last
        .awaited_at
        .and_then(|next| one.state.changed_at.filter(|at| *at >= next));
    let ended = one.state.ended_at.filter(|_| one.told_at.is_some());
    let by_itself = [awaited, ended].into_iter().flatten().filter(|at| *at > known).min();
    match (one.told_at, by_itself) {
        (told, Some(at)) if told.is_none_or(|told| at <= told) => Since::Changed(at),
        _ if last.is_pending && !one.is_pending => Since::Corrected(known),
        (told, _) => Since::Changed(told.unwrap_or(now).max(known)),
    }
}

/// Where it stands, as a new row or in place of the last.
fn state(
    integration_id: Uuid,
    one: &Subscribed,
    last: Option<&subscription_state::Model>,
    from: Since,
) -> Vec<subscription_state::Model> {
    let new = |from_at| subscription_state::Model {
        integration_id,
        stripe_id: one.stripe_id.clone(),
        from_at,
        until_at: OPEN,
        status: one.state.status,
        invoice_status: one.state.invoice_status,
        period_until: one.state.period_until,
        next_change_at: one.state.next_change_at,
        awaited_at: one.state.next_change_at,
        is_pending: one.is_pending,
    };
    let Some(last) = last else {
        let (Since::First(at) | Since::Changed(at) | Since::Corrected(at)) = from;
        return vec![new(at)];
    };
    let is_same = (last.status, last.invoice_status) == (one.state.status, one.state.invoice_status);
    match from {
        Since::Changed(at) if !is_same && at > last.from_at => {
            let closed = subscription_state::Model {
                until_at: at,
                next_change_at: None,
                ..last.clone()
            };
            vec![closed, new(at)]
        }
        _ => Some(new(last.from_at)).filter(|row| row != last).into_iter().collect(),
    }
}

/// All rows of its items as they are to be.
fn items(
    integration_id: Uuid,
    one: &Subscribed,
    rows: &[recurring_revenue::Model],
    (from, status_before): (Since, Option<entity::kind::ContractStatus>),
) -> Result<Vec<recurring_revenue::Model>, MapError> {
    let mut by_item: HashMap<&str, Vec<recurring_revenue::Model>> = HashMap::new();
    for row in rows {
        by_item.entry(&row.item_id).or_default().push(row.clone());
    }
    let (Since::First(at) | Since::Changed(at) | Since::Corrected(at)) = from;
    let new = |item_id: &str, product: Option<&String>, (numerator, denominator), cause| recurring_revenue::Model {
        integration_id,
        source_id: one.stripe_id.clone(),
        item_id: item_id.to_owned(),
        from_at: at,
        until_at: OPEN,
        basis: RevenueBasis::Subscription,
        stripe_customer_id: one.customer_id.clone(),
        stripe_product_id: product.cloned(),
        currency: one.currency.clone(),
        numerator,
        denominator,
        cause,
        told_at: one.told_at.unwrap_or(at),
    };
    let mut all = Vec::new();
    for line in one.lines.iter().filter(|line| line.kind != LineKind::Usage) {
        let known = by_item.remove(line.item_id.as_str()).unwrap_or_default();
        let cause = match (from, known.is_empty(), status_before) {
            (Since::First(_), _, _) => RevenueCause::FirstSeen,
            (_, true, _) => RevenueCause::ItemAdded,
            (_, false, before) if before != Some(one.state.status) => RevenueCause::StatusChanged,
            _ => RevenueCause::AmountChanged,
        };
        let row = new(
            &line.item_id,
            line.stripe_product_id.as_ref(),
            line.monthly.parts()?,
            cause,
        );
        all.extend(followed(known, row, from));
    }
    for known in by_item.into_values() {
        let last = known.iter().max_by_key(|row| row.from_at);
        let Some(last) = last.cloned() else { continue };
        let nothing = new(
            &last.item_id,
            last.stripe_product_id.as_ref(),
            (0, 1),
            RevenueCause::ItemRemoved,
        );
        let is_removed = last.cause == RevenueCause::ItemRemoved;
        all.extend(if is_removed {
            known
        } else {
            followed(known, nothing, from)
        });
    }
    Ok(all)
}

/// The rows of one item with `new` behind them: where it says what the last says nothing changes; a correction, and a second change of
/// one second, take the last one's place.
fn followed(
    mut known: Vec<recurring_revenue::Model>,
    new: recurring_revenue::Model,
    from: Since,
) -> Vec<recurring_revenue::Model> {
    known.sort_by_key(|row| row.from_at);
    let Some(last) = known.last_mut() else { return vec![new] };
    let says = |row: &recurring_revenue::Model| {
        let is_removed = row.cause == RevenueCause::ItemRemoved;
        (
            row.numerator,
            row.denominator,
            row.currency.clone(),
            row.stripe_product_id.clone(),
            is_removed,
        )
    };
    if says(last) == says(&new) {
        last.stripe_customer_id = new.stripe_customer_id;
        return known;
    }
    let is_correction = matches!(from, Since::Corrected(_)) && new.cause != RevenueCause::ItemRemoved;
    if is_correction || new.from_at <= last.from_at {
        *last = recurring_revenue::Model {
            from_at: last.from_at,
            told_at: last.told_at,
            cause: if new.cause == RevenueCause::ItemRemoved {
                new.cause
            } else {
                last.cause
            },
            ..new
        };
        return known;
    }
    last.until_at = new.from_at;
    known.push(new);
    known
}
