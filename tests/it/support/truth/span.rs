//! What the lines of invoices say of their subscription items: from when to when, how much a year, and what newer invoices leave of it.

use std::collections::BTreeMap;

use serde_json::Value;

use super::money::Company;
use super::ratio::Ratio;

/// A period of an item that an invoice charges for.
#[derive(Debug, Clone)]
pub(super) struct Period {
    pub(super) invoice: String,
    /// When the invoice was made, and its id.
    age: (i64, String),
    pub(super) item: String,
    pub(super) is_regular: bool,
    pub(super) from: i64,
    /// Less than the line says where an invoice gave it back.
    pub(super) until: i64,
    pub(super) closed_at: Option<i64>,
    /// The invoice that gave it back charges for another item from there on.
    pub(super) is_exchanged: bool,
    pub(super) year: Ratio,
}

impl Period {
    pub(super) fn holds(&self, at: i64) -> bool {
        self.from <= at && at < self.until
    }
}

/// A line that gives back what was charged.
struct Credit {
    age: (i64, String),
    item: String,
    from: i64,
    until: i64,
    is_exchange: bool,
}

pub(super) fn lines(invoice: &Value) -> &[Value] {
    invoice["lines"]["data"].as_array().unwrap()
}

pub(super) fn details(line: &Value) -> [&Value; 2] {
    ["subscription_item_details", "invoice_item_details"].map(|of| &line["parent"][of])
}

pub(super) fn is_proration(line: &Value) -> bool {
    details(line).into_iter().any(|details| details["proration"] == true)
}

/// A proration that gives back.
pub(super) fn is_credit(line: &Value) -> bool {
    let amount = line["amount"].as_i64().unwrap();
    let says_so = || {
        details(line)
            .into_iter()
            .any(|details| !details["proration_details"]["credited_items"].is_null())
    };
    is_proration(line) && (amount < 0 || (amount == 0 && says_so()))
}

pub(super) fn bounds(line: &Value) -> (i64, i64) {
    (
        line["period"]["start"].as_i64().unwrap(),
        line["period"]["end"].as_i64().unwrap(),
    )
}

/// The subscription item of a line; where it has none and a subscription bills it its price, else the line itself.
pub(super) fn item(line: &Value) -> &str {
    let item = details(line)
        .into_iter()
        .find_map(|details| details["subscription_item"].as_str());
    let is_of_subscription = !line["parent"]["subscription_item_details"].is_null();
    let price = line["pricing"]["price_details"]["price"]
        .as_str()
        .filter(|_| is_of_subscription);
    item.or(price).unwrap_or(line["id"].as_str().unwrap())
}

/// The periods of all items that these invoices charge for, by item, as all of them together leave them: the newest that has begun counts.
pub(super) fn periods<'a>(
    company: &Company<'_>,
    invoices: impl IntoIterator<Item = &'a Value>,
) -> BTreeMap<String, Vec<Period>> {
    let (mut all, mut credits) = (Vec::new(), Vec::new());
    for invoice in invoices {
        all.extend(charged(company, invoice));
        credits.extend(given_back(company, invoice));
    }
    credits.sort_by(|one, other| (&one.age, one.from).cmp(&(&other.age, other.from)));
    for credit in &credits {
        let is_meant =
            |period: &Period| period.item == credit.item && period.from < credit.until && period.until > credit.from;
        let any_older = all
            .iter()
            .any(|period: &Period| is_meant(period) && period.age < credit.age);
        for period in all.iter_mut().filter(|period| is_meant(period)) {
            let is_own = !any_older && period.age == credit.age && period.from < credit.from;
            if period.age < credit.age || is_own {
                period.until = credit.from.max(period.from);
                period.closed_at = Some(period.until);
                period.is_exchanged = credit.is_exchange;
            }
        }
    }
    let mut by_item: BTreeMap<String, Vec<Period>> = BTreeMap::new();
    for period in all {
        by_item.entry(period.item.clone()).or_default().push(period);
    }
    for periods in by_item.values_mut() {
        periods.sort_by(|one, other| {
            (one.from, &one.age, one.is_regular).cmp(&(other.from, &other.age, other.is_regular))
        });
    }
    by_item
}

/// What an item's periods bring a year at a second: the newest that has begun says it, if it has not ended.
pub(super) fn brought(periods: &[Period], at: i64) -> Ratio {
    let has_begun = |period: &&Period| period.from <= at && period.until > period.from;
    match periods.iter().rfind(has_begun) {
        Some(period) if period.holds(at) => period.year,
        _ => Ratio::of(0),
    }
}

fn age(invoice: &Value) -> (i64, String) {
    (
        invoice["created"].as_i64().unwrap(),
        invoice["id"].as_str().unwrap().to_owned(),
    )
}

/// Lines of one item and start are its tiers, and add up; a regular one and a proration are not of one kind.
fn charged(company: &Company<'_>, invoice: &Value) -> Vec<Period> {
    let mut periods: Vec<Period> = Vec::new();
    for line in lines(invoice) {
        let is_regular = !is_proration(line);
        let year = if is_regular {
            company.regular(invoice, line)
        } else {
            company.moved(invoice, line)
        };
        let Some(year) = year else { continue };
        let (from, until) = bounds(line);
        let tier = periods
            .iter_mut()
            .find(|known| (known.item.as_str(), known.from, known.is_regular) == (item(line), from, is_regular));
        if let Some(tier) = tier {
            tier.year = tier.year + year;
            tier.until = tier.until.max(until);
            continue;
        }
        periods.push(Period {
            invoice: invoice["id"].as_str().unwrap().to_owned(),
            age: age(invoice),
            item: item(line).to_owned(),
            is_regular,
            from,
            until: until.max(from),
            closed_at: None,
            is_exchanged: false,
            year,
        });
    }
    periods
}

fn given_back(company: &Company<'_>, invoice: &Value) -> Vec<Credit> {
    let charged = charged(company, invoice);
    let credits = lines(invoice).iter().filter(|line| is_credit(line) && has_item(line));
    let credit = |line: &Value| {
        let (from, until) = bounds(line);
        Credit {
            age: age(invoice),
            item: item(line).to_owned(),
            from,
            until,
            is_exchange: charged
                .iter()
                .any(|other| other.from == from && other.item != item(line)),
        }
    };
    credits.map(credit).collect()
}

fn has_item(line: &Value) -> bool {
    details(line)
        .into_iter()
        .any(|details| details["subscription_item"].is_string())
}

impl Company<'_> {
    /// What a regular line brings a year, if it comes again: a part for each of its price's intervals. What is taken off once is not missing.
    fn regular(&self, invoice: &Value, line: &Value) -> Option<Ratio> {
        let price = self.price_of(line).filter(|price| comes_again(price))?;
        let lasting = self.lasting_off(line);
        let all = super::sum(&line["discount_amounts"], |_| true) + grants(line);
        let amount = line["amount"].as_i64().unwrap();
        let net = if lasting == all {
            amount - all - contained(line)
        } else {
            without_tax(invoice, line, amount - lasting)
        };
        let (from, until) = bounds(line);
        Some(super::money::a_year(Ratio::of(net), price) / Ratio::of(intervals(price, until - from)))
    }

    /// What a proration moves its item to: price times the quantity of all its tiers, less what lasting discounts take off the item.
    fn moved(&self, invoice: &Value, line: &Value) -> Option<Ratio> {
        let price = self.price_of(line).filter(|price| comes_again(price))?;
        if is_credit(line) || !has_item(line) {
            return None;
        }
        let is_tier = |other: &&Value| {
            is_proration(other) && !is_credit(other) && item(other) == item(line) && bounds(other).0 == bounds(line).0
        };
        let tiers: Vec<&Value> = lines(invoice).iter().filter(is_tier).collect();
        if tiers.iter().any(|tier| tier["id"].as_str() < line["id"].as_str()) {
            return Some(Ratio::of(0));
        }
        let units = tiers.iter().map(|tier| tier["quantity"].as_i64().unwrap_or(1)).sum();
        let whole = super::money::cost(price, Some(units), invoice["currency"].as_str().unwrap());
        let left = self.left_by_lasting(invoice, line, whole);
        Some(super::money::a_year(Ratio::of(without_tax(invoice, line, left)), price))
    }

    fn left_by_lasting(&self, invoice: &Value, line: &Value, whole: i64) -> i64 {
        let is_its =
            |other: &&Value| !is_proration(other) && other["amount"].as_i64() > Some(0) && item(other) == item(line);
        let regular: Vec<&Value> = lines(invoice).iter().filter(is_its).collect();
        if !regular.is_empty() {
            let amount: i64 = regular.iter().map(|line| line["amount"].as_i64().unwrap()).sum();
            let ran = |share: &&Value| self.lasts_at(share["discount"].as_str().unwrap(), bounds(line).0);
            let off: i64 = regular
                .iter()
                .map(|line| super::sum(&line["discount_amounts"], ran))
                .sum();
            return (Ratio::of(whole) * Ratio::of(amount - off) / Ratio::of(amount)).half_up();
        }
        self.after_percentages(invoice, line, whole)
    }

    fn lasting_off(&self, line: &Value) -> i64 {
        super::sum(&line["discount_amounts"], |share| {
            self.lasts(share["discount"].as_str().unwrap())
        })
    }

    fn price_of(&self, line: &Value) -> Option<&Value> {
        line["pricing"]["price_details"]["price"]
            .as_str()
            .map(|id| self.price(id))
    }
}

pub(super) fn grants(line: &Value) -> i64 {
    super::sum(&line["pretax_credit_amounts"], |credit| {
        credit["type"] == "credit_balance_transaction"
    })
}

pub(super) fn contained(line: &Value) -> i64 {
    super::sum(&line["taxes"], |tax| tax["tax_behavior"] == "inclusive")
}

fn comes_again(price: &Value) -> bool {
    price["recurring"].is_object() && price["recurring"]["usage_type"] != "metered"
}

/// Takes off as much contained tax as the line has of what was taxed; where that is nothing, as another one has.
fn without_tax(invoice: &Value, line: &Value, amount: i64) -> i64 {
    let taxed = |line: &Value| {
        line["amount"].as_i64().unwrap() - super::sum(&line["discount_amounts"], |_| true) - grants(line)
    };
    let one = if taxed(line) == 0 {
        let others = lines(invoice).iter();
        others
            .into_iter()
            .find(|other| taxed(other) != 0 && contained(other) != 0)
    } else {
        Some(line)
    };
    let Some(one) = one.filter(|one| contained(one) != 0 && taxed(one) > 0) else {
        return amount;
    };
    amount - (Ratio::of(amount) * Ratio::of(contained(one)) / Ratio::of(taxed(one))).half_up()
}

/// How many of a price's intervals are nearest to so many seconds.
fn intervals(price: &Value, seconds: i64) -> i64 {
    let year = 31_556_952;
    let one = match price["recurring"]["interval"].as_str().unwrap() {
        "day" => 86_400,
        "week" => 7 * 86_400,
        "month" => year / 12,
        _ => year,
    } * price["recurring"]["interval_count"].as_i64().unwrap();
    (Ratio::of(seconds) / Ratio::of(one)).half_up().max(1)
}
