//! Compares what contracts come to with Stripe's own figures, by month and currency. Those are worked out from the JSON that is kept,
//! without anything of the map: a mistake there would not repeat itself here.

use std::collections::{BTreeMap, HashMap};

use chrono::NaiveDate;
use entity::kind::{ContractSource, CountInvoices, RunKind, StripeKind, SyncObject};
use entity::list::{MonthlySum, MonthlySums};
use sea_orm::{ConnectionTrait, DatabaseTransaction};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio_util::sync::CancellationToken;

use super::halt::Halt;
use super::holder::Writer;
use super::progress::Progress;
use super::remap;
use super::rules::Rules;
use crate::store::{contract, remap_queue, source};

/// Objects read at once.
const PAGE: u64 = 500;
/// Records that wait to be mapped again are not yet what they should be; where there are always some, they are let be.
const TRIES: usize = 5;

/// By month (`2026-11`) and currency.
type Sums = BTreeMap<(String, String), i128>;

/// What a reconcile of contracts finds; nothing where no invoices make contracts.
pub(super) async fn compare(progress: &mut Progress, rules: &Rules, stop: &CancellationToken) -> Result<(), Halt> {
    let compares =
        progress.run().kind == RunKind::Reconcile && progress.run().objects.0.contains(&SyncObject::Contract);
    if !compares || !rules.has_source(ContractSource::Invoice) {
        return Ok(());
    }
    let snapshot = settled_snapshot(progress, rules, stop).await?;
    let credited = credited(&snapshot, rules, stop).await?;
    let stripes = invoiced(&snapshot, rules, &credited, stop).await?;
    let rows = contract::sum_by_month(&snapshot, rules.integration_id).await?;
    let ours: Sums = rows
        .into_iter()
        .map(|(month, currency, sum)| ((month, currency), sum))
        .collect();
    progress.set_monthly_sums(side_by_side(&ours, &stripes));
    Ok(())
}

async fn settled_snapshot(
    progress: &mut Progress,
    rules: &Rules,
    stop: &CancellationToken,
) -> Result<DatabaseTransaction, Halt> {
    let mut tries = 1;
    loop {
        remap::drain(progress, rules.integration_id, stop).await?;
        let snapshot = progress.app().db.begin_view().await?;
        let waiting = remap_queue::list(&snapshot, rules.integration_id, 1).await?;
        if waiting.is_empty() || tries == TRIES {
            return Ok(snapshot);
        }
        tries += 1;
    }
}

/// What of an invoice Stripe's figures are made of.
#[derive(Deserialize)]
struct Invoice {
    status: Option<String>,
    currency: String,
    created: i64,
    effective_at: Option<i64>,
    status_transitions: Option<Transitions>,
    total: i64,
    total_excluding_tax: Option<i64>,
    total_taxes: Option<Vec<Tax>>,
    shipping_cost: Option<Shipping>,
    lines: Option<Lines>,
}

#[derive(Deserialize)]
struct Transitions {
    paid_at: Option<i64>,
}

#[derive(Deserialize)]
struct Tax {
    amount: i64,
    tax_behavior: Option<String>,
}

#[derive(Deserialize)]
struct Shipping {
    amount_total: Option<i64>,
    amount_tax: Option<i64>,
}

#[derive(Deserialize)]
struct Lines {
    data: Vec<Line>,
}

/// What a line is charged with, and what comes off it before taxes.
#[derive(Deserialize)]
struct Line {
    amount: i64,
    discount_amounts: Option<Vec<Part>>,
    pretax_credit_amounts: Option<Vec<Part>>,
}

#[derive(Deserialize)]
struct Part {
    amount: i64,
    #[serde(rename = "type")]
    kind: Option<String>,
}

/// The same of a credit note.
#[derive(Deserialize)]
struct Note {
    invoice: Option<String>,
    status: Option<String>,
    total: i64,
    total_excluding_tax: Option<i64>,
    total_taxes: Option<Vec<Tax>>,
}

fn without(total: i64, taxes: Option<&Vec<Tax>>) -> i128 {
    let taxes = taxes.into_iter().flatten().map(|tax| i128::from(tax.amount));
    i128::from(total) - taxes.sum::<i128>()
}

impl Line {
    fn to_pay(&self) -> i128 {
        let grants = self.pretax_credit_amounts.iter().flatten();
        let grants = grants.filter(|credit| credit.kind.as_deref() == Some("credit_balance_transaction"));
        let off = self.discount_amounts.iter().flatten().chain(grants);
        i128::from(self.amount) - off.map(|part| i128::from(part.amount)).sum::<i128>()
    }
}

impl Invoice {
    fn without_tax(&self) -> i128 {
        if let Some(stated) = self.total_excluding_tax {
            return i128::from(stated);
        }
        let all = without(self.total, self.total_taxes.as_ref());
        let of_shipping = self.shipping_cost.as_ref().and_then(|cost| cost.amount_tax);
        if self.has_shipping_among_its_taxes() {
            all
        } else {
            all - i128::from(of_shipping.unwrap_or(0))
        }
    }

    /// `total_taxes` are those of the lines. Where only that adds up, they hold the tax on top of shipping, too, which `amount_total`
    /// has in it already.
    fn has_shipping_among_its_taxes(&self) -> bool {
        let (Some(shipping), Some(lines)) = (&self.shipping_cost, &self.lines) else {
            return false;
        };
        let of_shipping = i128::from(shipping.amount_tax.unwrap_or(0));
        let on_top = self.total_taxes.iter().flatten();
        let on_top = on_top.filter(|tax| tax.tax_behavior.as_deref() != Some("inclusive"));
        let on_top: i128 = on_top.map(|tax| i128::from(tax.amount)).sum();
        let before: i128 = lines.data.iter().map(Line::to_pay).sum();
        let whole = before + i128::from(shipping.amount_total.unwrap_or(0)) + on_top;
        of_shipping != 0 && i128::from(self.total) == whole - of_shipping
    }
}

/// What credit notes gave back of each invoice.
async fn credited(
    conn: &impl ConnectionTrait,
    rules: &Rules,
    stop: &CancellationToken,
) -> Result<HashMap<String, i128>, Halt> {
    let mut credited: HashMap<String, i128> = HashMap::new();
    each(conn, rules, (StripeKind::CreditNote, stop), |_id, note: Note| {
        if let Some(invoice) = note.invoice.filter(|_| note.status.as_deref() != Some("void")) {
            let given_back = note.total_excluding_tax.map(i128::from);
            *credited.entry(invoice).or_default() +=
                given_back.unwrap_or_else(|| without(note.total, note.total_taxes.as_ref()));
        }
    })
    .await?;
    Ok(credited)
}

/// Whether an invoice of a status is among those that make contracts.
fn counts(status: Option<&str>, rules: &Rules) -> bool {
    match rules.contract.count_invoices {
        CountInvoices::Paid => status == Some("paid"),
        CountInvoices::Issued => matches!(status, Some("paid" | "open" | "uncollectible")),
    }
}

/// What Stripe's invoices come to.
async fn invoiced(
    conn: &impl ConnectionTrait,
    rules: &Rules,
    credited: &HashMap<String, i128>,
    stop: &CancellationToken,
) -> Result<Sums, Halt> {
    let (mut sums, days) = (Sums::new(), rules.contract.days);
    each(conn, rules, (StripeKind::Invoice, stop), |id, invoice: Invoice| {
        if !counts(invoice.status.as_deref(), rules) {
            return;
        }
        let paid_at = invoice
            .status_transitions
            .as_ref()
            .and_then(|transitions| transitions.paid_at);
        let booked = paid_at.or(invoice.effective_at).unwrap_or(invoice.created);
        let Some(month) = days.day(booked).map(|day| day.format("%Y-%m").to_string()) else {
            return;
        };
        let net = invoice.without_tax() - credited.get(id).copied().unwrap_or(0);
        *sums.entry((month, code_of(&invoice.currency))).or_default() += net;
    })
    .await?;
    Ok(sums)
}

/// Shows every object of a kind. One that cannot be read has an error of its own already.
async fn each<T: DeserializeOwned>(
    conn: &impl ConnectionTrait,
    rules: &Rules,
    (kind, stop): (StripeKind, &CancellationToken),
    mut show: impl FnMut(&str, T),
) -> Result<(), Halt> {
    let mut after = String::new();
    loop {
        if stop.is_cancelled() {
            return Err(Halt::Paused);
        }
        let page = source::list_texts(conn, rules.integration_id, kind, &after, PAGE).await?;
        let Some((last, _)) = page.last() else { return Ok(()) };
        after.clone_from(last);
        for (id, text) in &page {
            if let Ok(object) = serde_json::from_slice(text) {
                show(id, object);
            }
        }
    }
}

/// Upper case. What is no code of a currency, and can be of no contract, is told under the code of none.
fn code_of(currency: &str) -> String {
    let is_code = currency.len() == 3 && currency.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if is_code {
        currency.to_ascii_uppercase()
    } else {
        "XXX".to_owned()
    }
}

fn side_by_side(ours: &Sums, stripes: &Sums) -> MonthlySums {
    let keys: std::collections::BTreeSet<_> = ours.keys().chain(stripes.keys()).collect();
    let sums = keys.into_iter().filter_map(|key| {
        let (here, there) = (
            ours.get(key).copied().unwrap_or(0),
            stripes.get(key).copied().unwrap_or(0),
        );
        Some(MonthlySum {
            month: NaiveDate::parse_from_str(&format!("{}-01", key.0), "%Y-%m-%d").ok()?,
            currency: key.1.clone(),
            net: held(here),
            stripe_net: held(there),
            difference: held(there - here),
        })
    });
    MonthlySums(sums.filter(|sum| (sum.net, sum.stripe_net) != (0, 0)).collect())
}

fn held(sum: i128) -> i64 {
    i64::try_from(sum).unwrap_or(if sum < 0 { i64::MIN } else { i64::MAX })
}
