//! What all invoices of a subscription say together: which of them renews which, which was left behind or given back, and what each item
//! brought on days before the subscription itself was seen here, or where it is unknown.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::NaiveDate;
use entity::kind::{ContractSource, ContractStatus, LineKind, RevenueBasis, RevenueCause, SpanKind};
use entity::recurring_revenue::{self, OPEN};
use uuid::Uuid;

use super::decide::Decided;
use super::out_of_range;
use crate::days::Days;
use crate::error::Error;
use crate::map::MapError;
use crate::map::contract::{Bill, Span, Timeline};
use crate::map::fraction::Fraction;
use crate::pull::road::Road;
use crate::store::Transaction;
use crate::store::contract::bill::{self, BillLine, BillRow, Followed};
use crate::store::recurring_revenue as revenue;

/// An invoice of a subscription, with what its lines say.
struct Invoice {
    row: BillRow,
    bill: Bill,
    /// Stripe names the subscription item of each line that opens a span.
    names_items: bool,
}

/// The rows of a subscription, and when it was first seen here.
#[derive(Default)]
struct Known {
    rows: Vec<recurring_revenue::Model>,
    since: Option<i64>,
}

/// Works it out for the subscriptions that `contracts` bill, before they are written, and writes down what follows for them. Gives the
/// other contracts that differ by it.
pub(super) async fn work_out(
    tx: &Transaction,
    road: Road<'_>,
    source: ContractSource,
    contracts: &mut [Decided],
) -> Result<Vec<Uuid>, Error> {
    if source != ContractSource::Invoice || contracts.is_empty() {
        return Ok(Vec::new());
    }
    let own = contracts.iter().map(|contract| {
        let lines = contract.lines.iter().map(BillLine::from).collect();
        (BillRow::from(&contract.row), lines)
    });
    let mut followed = follow(tx, road, own.collect(), BTreeSet::new()).await?;
    for contract in contracts {
        let Some(followed) = followed.remove(&contract.row.id) else {
            continue;
        };
        contract.is_changed = true;
        contract.row.left_on = followed.left_on;
        contract.row.left_as = followed.left_as;
        contract.row.removed_on = followed.removed_on;
        contract.row.renewed_by = followed.renewed_by;
    }
    write(tx, followed).await
}

/// The same for subscriptions that are seen for the first time, after their invoices.
pub(super) async fn work_out_known(
    tx: &Transaction,
    road: Road<'_>,
    subscriptions: BTreeSet<String>,
) -> Result<Vec<Uuid>, Error> {
    if subscriptions.is_empty() {
        return Ok(Vec::new());
    }
    let followed = follow(tx, road, Vec::new(), subscriptions).await?;
    write(tx, followed).await
}

async fn write(tx: &Transaction, followed: HashMap<Uuid, Followed>) -> Result<Vec<Uuid>, Error> {
    for (id, followed) in &followed {
        bill::update_followed(tx, *id, followed).await?;
    }
    Ok(followed.into_keys().collect())
}

/// Writes what the invoices say of recurring revenue; gives what follows for contracts, where that is not what they say already.
async fn follow(
    tx: &Transaction,
    road: Road<'_>,
    own: Vec<(BillRow, Vec<BillLine>)>,
    mut sources: BTreeSet<String>,
) -> Result<HashMap<Uuid, Followed>, Error> {
    let integration_id = road.rules.integration_id;
    sources.extend(own.iter().map(|(row, _)| row.source_id().to_owned()));
    let asked = || sources.iter().map(String::as_str).collect::<Vec<_>>();
    let ids: Vec<Uuid> = own.iter().map(|(row, _)| row.id).collect();
    let others = bill::list_bills(tx, integration_id, asked(), &ids).await?;
    let mut lines = bill::list_bill_lines(tx, others.iter().map(|row| row.id).collect()).await?;
    let others = others.into_iter().map(|row| {
        let lines = lines.remove(&row.id).unwrap_or_default();
        (row, lines)
    });
    let mut invoices: BTreeMap<String, Vec<Invoice>> = BTreeMap::new();
    for (row, lines) in others.chain(own) {
        let invoice = Invoice::of(row, &lines).map_err(out_of_range)?;
        invoices
            .entry(invoice.row.source_id().to_owned())
            .or_default()
            .push(invoice);
    }
    let mut rows = revenue::list(tx, integration_id, asked()).await?;
    let states = revenue::list_states(tx, integration_id, asked()).await?;
    let (mut followed, mut old, mut new) = (HashMap::new(), Vec::new(), Vec::new());
    for (source_id, invoices) in &invoices {
        let known = Known {
            rows: rows.remove(source_id).unwrap_or_default(),
            since: states.get(source_id).and_then(|states| Some(states.first()?.from_at)),
        };
        let bills: Vec<Bill> = invoices.iter().map(|invoice| invoice.bill.clone()).collect();
        let timeline = Timeline::of(&bills).map_err(out_of_range)?;
        for (invoice, says) in invoices
            .iter()
            .zip(followed_by(invoices, &timeline, &known, road.rules.contract.days))
        {
            if says != invoice.row.followed() {
                followed.insert(invoice.row.id, says);
            }
        }
        let told = told_by_invoices(integration_id, source_id, invoices, timeline, known.since);
        new.extend(told.map_err(out_of_range)?);
        old.extend(known.rows.into_iter().filter(|row| row.basis == RevenueBasis::Invoice));
    }
    revenue::replace(tx, &old, new).await?;
    Ok(followed)
}

impl Invoice {
    /// What was given back in full, or reversed, says nothing.
    fn of(row: BillRow, lines: &[BillLine]) -> Result<Self, MapError> {
        let counts = row.fixed_status.is_none();
        let spans = lines
            .iter()
            .filter(|_| counts)
            .filter_map(|line| span(line, row.issued_at).transpose());
        let bill = Bill {
            stripe_id: row.stripe_id.clone(),
            issued_at: row.issued_at,
            spans: spans.collect::<Result<_, _>>()?,
        };
        let opening = lines.iter().filter(|line| line.span == Some(SpanKind::Opens));
        let names_items = opening.into_iter().all(BillLine::names_item);
        Ok(Self { row, bill, names_items })
    }

    fn items(&self) -> BTreeSet<&str> {
        let opens = self.bill.spans.iter().filter(|span| span.kind == SpanKind::Opens);
        opens.map(|span| span.item_id.as_str()).collect()
    }

    /// When the last period of an item begins that it charges for.
    fn last_start(&self, item_id: &str) -> Option<i64> {
        let spans = self.bill.spans.iter();
        let of_item = spans.filter(|span| span.kind == SpanKind::Opens && span.item_id == item_id);
        of_item.map(|span| span.from).max()
    }

    /// Which comes first of two that renew from one day on.
    fn place(&self) -> (Option<NaiveDate>, NaiveDate, &str) {
        (self.row.recurs_from, self.row.booking_date, &self.row.stripe_id)
    }
}

fn span(line: &BillLine, issued_at: i64) -> Result<Option<Span>, MapError> {
    let Some(kind) = line.span else { return Ok(None) };
    let second = |at: Option<i64>| at.map_or(issued_at, |at| at.div_euclid(1000));
    Ok(Some(Span {
        item_id: line.item_id.clone(),
        kind,
        is_regular: line.kind != LineKind::Proration,
        from: second(line.period_start),
        until: second(line.period_end),
        monthly: Fraction::new(line.monthly_numerator, line.monthly_denominator)?,
        product_id: line.stripe_product_id.clone(),
    }))
}

/// What follows for each of the invoices.
fn followed_by(invoices: &[Invoice], timeline: &Timeline, known: &Known, days: Days) -> Vec<Followed> {
    // What was given back in full, or reversed, renews nothing.
    let renews = |invoice: &&Invoice| invoice.row.recurs && invoice.row.fixed_status.is_none();
    let mut in_order: Vec<&Invoice> = invoices.iter().filter(renews).collect();
    in_order.sort_by(|one, other| one.place().cmp(&other.place()));
    let items = Items::of(known, days);
    let of = |(invoice, left): (&Invoice, &Option<crate::map::contract::Left>)| {
        let renewal = renewal(invoice, &in_order).filter(|_| invoice.row.fixed_status.is_none());
        let renewed_by = renewal.map(|renewal| renewal.row.stripe_id.clone());
        let gone = items.left(invoice).filter(|_| left.is_none() && renewed_by.is_none());
        let left_as = |given_back| {
            if given_back {
                ContractStatus::Churned
            } else {
                ContractStatus::Ended
            }
        };
        Followed {
            left_on: left.map_or(gone.and(invoice.row.term_end), |left| days.day(left.at)),
            left_as: left
                .map(|left| left_as(left.is_given_back))
                .or(gone.map(|_| ContractStatus::Churned)),
            removed_on: gone,
            renewed_by,
        }
    };
    invoices.iter().zip(&timeline.left).map(of).collect()
}

/// The first later invoice that begins at the end of `old`, the day before or later, and goes on with one of its items or charges for one that is
/// new; or that begins earlier, with a newer period of each of its items.
fn renewal<'a>(old: &Invoice, in_order: &[&'a Invoice]) -> Option<&'a Invoice> {
    let (items, begins) = (old.items(), old.row.recurs_from);
    let from = old.row.renewal_from?;
    let mut before: BTreeSet<&str> = BTreeSet::new();
    for new in in_order {
        let its = new.items();
        let is_later = new.row.id != old.row.id && new.row.recurs_from >= begins;
        let follows = is_later && new.row.recurs_from > begins && new.row.recurs_from >= Some(from);
        let goes_on = its.iter().any(|item| items.contains(item) || !before.contains(item));
        if follows && (goes_on || items.is_empty()) {
            return Some(new);
        }
        let is_newer = |item: &&str| new.last_start(item) > old.last_start(item);
        if is_later && !items.is_empty() && items.iter().all(is_newer) {
            return Some(new);
        }
        before.extend(its);
    }
    None
}

/// The items of a subscription.
struct Items<'a> {
    /// Each that was ever seen, with the day on which it was taken out.
    seen: HashMap<&'a str, Option<NaiveDate>>,
    is_known: bool,
}

impl<'a> Items<'a> {
    fn of(known: &'a Known, days: Days) -> Self {
        let rows = known.rows.iter().filter(|row| row.basis == RevenueBasis::Subscription);
        let last = rows.filter(|row| row.until_at == OPEN);
        let removed_on = |row: &recurring_revenue::Model| {
            let is_removed = row.cause == RevenueCause::ItemRemoved;
            is_removed.then(|| days.day(row.from_at)).flatten()
        };
        Self {
            seen: last.map(|row| (row.item_id.as_str(), removed_on(row))).collect(),
            is_known: known.since.is_some(),
        }
    }

    /// The day on which the last of the invoice's items was taken out of the subscription, if all were. Of one that was gone before the
    /// subscription was seen nobody knows the day: it is that on which the invoice's term ended.
    fn left(&self, invoice: &Invoice) -> Option<NaiveDate> {
        if !self.is_known || !invoice.names_items {
            return None;
        }
        let left_on = |item: &str| match self.seen.get(item) {
            Some(removed_on) => *removed_on,
            None => invoice.row.term_end,
        };
        let days: Option<Vec<NaiveDate>> = invoice.items().into_iter().map(left_on).collect();
        days?.into_iter().max()
    }
}

/// The rows that the invoices tell, up to the moment at which the subscription was first seen.
fn told_by_invoices(
    integration_id: Uuid,
    source_id: &str,
    invoices: &[Invoice],
    timeline: Timeline,
    since: Option<i64>,
) -> Result<Vec<recurring_revenue::Model>, MapError> {
    let Some(newest) = invoices
        .iter()
        .map(|invoice| &invoice.row)
        .max_by_key(|row| row.issued_at)
    else {
        return Ok(Vec::new());
    };
    let until = since.unwrap_or(OPEN);
    let mut rows = Vec::new();
    for piece in timeline.pieces.into_iter().filter(|piece| piece.from < until) {
        let (numerator, denominator) = piece.monthly.parts()?;
        rows.push(recurring_revenue::Model {
            integration_id,
            source_id: source_id.to_owned(),
            item_id: piece.item_id,
            from_at: piece.from,
            until_at: piece.until.min(until),
            basis: RevenueBasis::Invoice,
            stripe_customer_id: newest.stripe_customer_id.clone(),
            stripe_product_id: piece.product_id,
            currency: newest.currency.clone(),
            numerator,
            denominator,
            cause: RevenueCause::Invoiced,
            told_at: piece.told_at,
        });
    }
    Ok(rows)
}
