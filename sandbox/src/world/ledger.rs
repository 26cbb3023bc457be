//! The money of an invoice: lines, discounts, credits and taxes counted in the
//! currency's smallest step, so that every sum is exact.

use super::coupon::{self, Holder, Worth};
use super::currency::Currency;
use super::random::below;
use super::{Kind, World, history, item, price, subscription};

/// Lines an invoice may have at most; part of how line ids are made.
pub(crate) const LINES_PER_INVOICE: u64 = 512;
const WHOLE: i64 = 100_000;

/// One line's money, in steps.
#[derive(Clone, Debug, Default)]
pub(crate) struct Line {
    pub(crate) amount: i64,
    pub(crate) quantity: i64,
    pub(crate) price: Option<u64>,
    /// The item's place in the subscription billed.
    pub(crate) place: Option<u64>,
    pub(crate) proration: bool,
    pub(crate) item_discount: i64,
    pub(crate) invoice_discount: i64,
    /// What a credit grant paid.
    pub(crate) credit: i64,
    pub(crate) tax: i64,
    pub(crate) inclusive: bool,
}

impl Line {
    /// What is left after discounts and credits, before tax is added.
    pub(crate) fn taxable(&self) -> i64 {
        self.amount - self.item_discount - self.invoice_discount - self.credit
    }

    pub(crate) fn is_discountable(&self) -> bool {
        !self.proration && self.amount > 0
    }
}

/// All the money of an invoice, in steps.
#[derive(Clone, Debug)]
pub(crate) struct Ledger {
    pub(crate) currency: Currency,
    pub(crate) lines: Vec<Line>,
    /// The invoice's own, its subscription's or its customer's discount.
    pub(crate) discount: Option<Holder>,
    /// Amount and tax of shipping.
    pub(crate) shipping: Option<(i64, i64)>,
    pub(crate) taxed: bool,
}

impl Ledger {
    pub(crate) fn sum(&self, part: impl Fn(&Line) -> i64) -> i64 {
        self.lines.iter().map(part).sum()
    }

    pub(crate) fn subtotal(&self) -> i64 {
        self.sum(|line| line.amount - line.item_discount)
    }

    pub(crate) fn tax(&self, inclusive: bool) -> i64 {
        self.sum(|line| if line.inclusive == inclusive { line.tax } else { 0 })
    }

    pub(crate) fn total(&self) -> i64 {
        let (shipping, shipping_tax) = self.shipping.unwrap_or_default();
        self.sum(Line::taxable) + self.tax(false) + shipping + shipping_tax
    }

    pub(crate) fn total_excluding_tax(&self) -> i64 {
        let shipping_tax = self.shipping.unwrap_or_default().1;
        self.total() - self.tax(false) - self.tax(true) - shipping_tax
    }
}

/// `amount * part / whole`, rounded half up.
fn share(amount: i64, part: i64, whole: i64) -> i64 {
    (2 * amount * part + whole).div_euclid(2 * whole)
}

fn line_count(index: u64) -> u64 {
    match index {
        _ if history::is_refund(index) => 1,
        _ if index % 997 == 44 => 260,
        _ if index % 211 == 20 => 130,
        _ if index % 17 == 9 => 14,
        _ => 1 + (index >> 1) % 3,
    }
}

/// Rate in hundred-thousandths and whether it is inside the price.
fn tax_of(index: u64, place: u64) -> Option<(i64, bool)> {
    match index % 4 {
        _ if index % 31 == 11 => Some((20_000, place % 2 == 1)),
        1 => Some((19_000, false)),
        2 => Some((20_000, true)),
        3 => Some((8_875, false)),
        _ => None,
    }
}

impl World {
    /// The money of a generated invoice.
    pub(crate) fn ledger(&self, index: u64) -> Ledger {
        let currency = self.invoice_currency(index);
        let subscription = self.invoice_subscription(index);
        let mut lines: Vec<Line> = (0..line_count(index))
            .map(|place| match subscription {
                Some(billed) => self.subscription_line(index, billed, place),
                None => self.one_time_line(index, currency, place),
            })
            .collect();
        let discount = self.invoice_discount(index, subscription);
        if let Some(holder) = discount {
            take_off(&mut lines, self.coupon_of(holder, currency));
        }
        if index % 15 == 6 && subscription.is_some() {
            for line in lines.iter_mut().filter(|line| line.is_discountable()) {
                line.credit = line.taxable() / 10;
            }
        }
        for (place, line) in (0..).zip(&mut lines) {
            levy(line, tax_of(index, place));
        }
        let taxed = tax_of(index, 0).is_some();
        let shipped = index % 21 == 10 && !history::is_free(index) && subscription.is_none();
        let shipping = shipped.then_some((500, if taxed { 95 } else { 0 }));
        Ledger {
            currency,
            lines,
            discount,
            shipping,
            taxed,
        }
    }

    fn subscription_line(&self, index: u64, billed: u64, place: u64) -> Line {
        let item_place = place % Self::item_count(billed);
        let item = self.item(billed, item_place);
        let cost = self.cost_steps(item.price, item.quantity);
        let adjusted = index % 7 == 3 || history::is_refund(index);
        let mut line = Line {
            amount: cost,
            quantity: item.quantity,
            price: Some(item.price),
            place: Some(item_place),
            ..Line::default()
        };
        if history::is_free(index) {
            line.amount = 0;
        } else if adjusted && place == 0 {
            line.amount = -(cost / 3).max(1);
            line.proration = true;
        } else if adjusted && place == 1 {
            line.amount = cost - cost / 4;
            line.proration = true;
        } else if item::has_discount(billed, item_place) && self.item_discount_holds(index, billed, item_place) {
            let coupon = self.coupon_of(Holder::Item(billed, item_place), Currency::Usd);
            if let Worth::PerMille(off) = coupon::worth(coupon)
                && coupon::covers(coupon, price::product_of(item.price))
            {
                line.item_discount = share(cost, off, 1_000);
            }
        }
        line
    }

    fn one_time_line(&self, index: u64, currency: Currency, place: u64) -> Line {
        let chance = self.mix(40, index * LINES_PER_INVOICE + place);
        let product = self.product_in(currency, chance);
        let price = product * price::SLOTS + price::ONE_TIME;
        let price = price::is_one_time(price).then_some(price);
        let quantity = 1 + below(chance >> 20, 5);
        let unit = price.map_or(700 + below(chance >> 30, 9_000), |price| self.unit_steps(price));
        let amount = match place {
            _ if history::is_free(index) => 0,
            _ if history::is_refund(index) => -unit,
            1 if index % 13 == 5 => -350,
            _ => unit * quantity,
        };
        Line {
            amount,
            quantity,
            price,
            ..Line::default()
        }
    }

    fn item_discount_holds(&self, index: u64, billed: u64, place: u64) -> bool {
        let created = self.created(Kind::Invoice, index);
        self.holds_at(Holder::Item(billed, place), Currency::Usd, created)
    }

    /// The invoice's own discount, else its subscription's, else its customer's.
    fn invoice_discount(&self, index: u64, subscription: Option<u64>) -> Option<Holder> {
        if index % 9 == 4 {
            return Some(Holder::Invoice(index));
        }
        let held = match subscription.filter(|billed| subscription::has_discount(*billed)) {
            Some(billed) => Holder::Subscription(billed),
            None => Holder::Customer(
                self.invoice_customer(index)
                    .filter(|customer| self.customer_has_discount(*customer))?,
            ),
        };
        let created = self.created(Kind::Invoice, index);
        self.holds_at(held, self.invoice_currency(index), created)
            .then_some(held)
    }
}

/// Spreads a coupon over the lines it holds for.
fn take_off(lines: &mut [Line], coupon: u64) {
    let holds = |line: &Line| {
        line.is_discountable()
            && line
                .price
                .map_or(coupon != 3, |price| coupon::covers(coupon, price::product_of(price)))
    };
    let base: i64 = lines.iter().filter(|line| holds(line)).map(Line::taxable).sum();
    let mut seen = 0;
    for line in lines.iter_mut().filter(|line| holds(line)) {
        let open = line.taxable();
        line.invoice_discount = match coupon::worth(coupon) {
            Worth::PerMille(off) => share(open, off, 1_000),
            // Differences of a running share leave no rest over.
            Worth::Steps(steps) if base > 0 => {
                let off = steps.min(base);
                off * (seen + open) / base - off * seen / base
            }
            Worth::Steps(_) => 0,
        };
        seen += open;
    }
}

fn levy(line: &mut Line, tax: Option<(i64, bool)>) {
    let Some((rate, inclusive)) = tax else { return };
    line.inclusive = inclusive;
    line.tax = if inclusive {
        line.taxable() - share(line.taxable(), WHOLE, WHOLE + rate)
    } else {
        share(line.taxable(), rate, WHOLE)
    };
}
