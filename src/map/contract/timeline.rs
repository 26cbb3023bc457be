//! What the invoices of one subscription say together: what each item brings from when to when, and which invoice was left behind by
//! newer ones, or given back.
//!
//! A line opens a span of its item, or closes those before it. On a day an item brings what the newest span that has begun says, if it
//! holds that day; what lies between two spans brings nothing.

use std::collections::BTreeMap;

use entity::kind::SpanKind;

use crate::map::MapError;
use crate::map::fraction::Fraction;

/// What a line of an invoice says, in Unix seconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// The subscription item.
    pub item_id: String,
    /// Opened or closed.
    pub kind: SpanKind,
    /// It is a regular period, no proration.
    pub is_regular: bool,
    /// The first second.
    pub from: i64,
    /// The second after the last.
    pub until: i64,
    /// Minor units a month.
    pub monthly: Fraction,
    /// What is sold.
    pub product_id: Option<String>,
}

/// An invoice as the timeline reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bill {
    /// `in_…`
    pub stripe_id: String,
    /// When Stripe made it, Unix seconds.
    pub issued_at: i64,
    /// What its lines say, in their order.
    pub spans: Vec<Span>,
}

/// What an item brings from one second to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// The subscription item.
    pub item_id: String,
    /// The first second.
    pub from: i64,
    /// The second after the last.
    pub until: i64,
    /// Minor units a month.
    pub monthly: Fraction,
    /// What is sold.
    pub product_id: Option<String>,
    /// When the invoice that says so was made, Unix seconds.
    pub told_at: i64,
}

/// An invoice whose items have all left it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Left {
    /// When the last of them did, Unix seconds.
    pub at: i64,
    /// Nothing newer took the place of any of them: they were given back.
    pub is_given_back: bool,
}

/// What the invoices say together.
#[derive(Debug, Default)]
pub struct Timeline {
    /// By item and time; those of one item do not overlap, and two that say the same do not touch.
    pub pieces: Vec<Piece>,
    /// Of each invoice, in the order that they were given in.
    pub left: Vec<Option<Left>>,
}

/// An opened span while the timeline is made.
#[derive(Debug)]
struct Open<'a> {
    span: &'a Span,
    /// Which invoice, in the order that they were given in.
    bill: usize,
    issued_at: i64,
    /// The later an invoice was made, the higher.
    rank: usize,
    monthly: Fraction,
    until: i64,
    closed_at: Option<i64>,
    is_exchanged: bool,
}

/// A closed span.
struct Close<'a> {
    span: &'a Span,
    rank: usize,
    /// The same invoice charges for another item from there on.
    is_exchange: bool,
}

impl Timeline {
    /// Of all invoices of a subscription, in any order.
    pub fn of(bills: &[Bill]) -> Result<Self, MapError> {
        let mut by_age: Vec<usize> = (0..bills.len()).collect();
        by_age.sort_by_key(|bill| (bills[*bill].issued_at, &bills[*bill].stripe_id));
        let mut items: BTreeMap<&str, (Vec<Open<'_>>, Vec<Close<'_>>)> = BTreeMap::new();
        for (rank, bill) in by_age.into_iter().enumerate() {
            let spans = &bills[bill].spans;
            for span in spans {
                let (opens, closes) = items.entry(&span.item_id).or_default();
                match span.kind {
                    SpanKind::Opens => open(opens, span, (bill, rank, bills[bill].issued_at))?,
                    SpanKind::Closes => closes.push(Close {
                        span,
                        rank,
                        is_exchange: spans.iter().any(|other| takes_the_place(other, span)),
                    }),
                }
            }
        }
        let mut timeline = Self::default();
        let mut leavings: Vec<Vec<Option<Left>>> = vec![Vec::new(); bills.len()];
        for (mut opens, mut closes) in items.into_values() {
            close(&mut opens, &mut closes);
            opens.sort_by_key(|open| (open.span.from, open.rank, open.span.is_regular));
            timeline.pieces.extend(pieces(&opens));
            for (bill, left) in leavings_of(&opens) {
                leavings[bill].push(left);
            }
        }
        timeline.left = leavings.into_iter().map(all_left).collect();
        Ok(timeline)
    }

    /// What the newest spans of the items of one invoice come to a month; what it gives back itself is nothing.
    pub fn newest(bill: &Bill) -> Result<Fraction, MapError> {
        let timeline = Self::of(std::slice::from_ref(bill))?;
        for piece in &timeline.pieces {
            // What cannot be kept is an error of this invoice, and no other's.
            piece.monthly.parts()?;
        }
        let mut newest: BTreeMap<String, Piece> = BTreeMap::new();
        for piece in timeline.pieces {
            newest.insert(piece.item_id.clone(), piece);
        }
        let closes: Vec<(String, i64)> = bill
            .spans
            .iter()
            .filter(|span| span.kind == SpanKind::Closes)
            .map(|span| (span.item_id.clone(), span.from))
            .collect();
        newest
            .into_values()
            .filter(|piece| !closes.contains(&(piece.item_id.clone(), piece.until)))
            .try_fold(Fraction::ZERO, |sum, piece| sum.plus(piece.monthly))
    }
}

/// An invoice that gives one item back charges for another from then on.
fn takes_the_place(opened: &Span, closed: &Span) -> bool {
    opened.kind == SpanKind::Opens && opened.from == closed.from && opened.item_id != closed.item_id
}

/// Lines of one invoice for one item and start are its tiers: they add up.
fn open<'a>(
    opens: &mut Vec<Open<'a>>,
    span: &'a Span,
    (bill, rank, issued_at): (usize, usize, i64),
) -> Result<(), MapError> {
    let tier = opens
        .iter_mut()
        .find(|open| open.bill == bill && (open.span.from, open.span.is_regular) == (span.from, span.is_regular));
    if let Some(tier) = tier {
        tier.monthly = tier.monthly.plus(span.monthly)?;
        tier.until = tier.until.max(span.until);
        return Ok(());
    }
    opens.push(Open {
        span,
        bill,
        issued_at,
        rank,
        monthly: span.monthly,
        until: span.until.max(span.from),
        closed_at: None,
        is_exchanged: false,
    });
    Ok(())
}

impl Open<'_> {
    fn holds(&self, at: i64) -> bool {
        self.span.from <= at && at < self.until
    }
}

/// What an invoice gives back was charged by an older one; where no older one charges for it, by itself for an earlier start.
fn close(opens: &mut [Open<'_>], closes: &mut [Close<'_>]) {
    closes.sort_by_key(|close| (close.rank, close.span.from));
    for close in closes {
        let (from, until) = (close.span.from, close.span.until);
        let is_meant = |open: &Open<'_>| open.span.from < until && open.until > from;
        let is_older = |open: &Open<'_>| open.rank < close.rank && is_meant(open);
        let any_older = opens.iter().any(is_older);
        for open in opens.iter_mut() {
            let is_own = !any_older && open.rank == close.rank && open.span.from < from && is_meant(open);
            if is_older(open) || is_own {
                open.until = from.max(open.span.from);
                open.closed_at = Some(open.until);
                open.is_exchanged = close.is_exchange;
            }
        }
    }
}

/// `opens` in the order of their starts, the newest of one start last.
fn pieces(opens: &[Open<'_>]) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    let begun: Vec<&Open<'_>> = opens.iter().filter(|open| open.until > open.span.from).collect();
    for (at, open) in begun.iter().enumerate() {
        let next = begun.get(at + 1).map_or(i64::MAX, |next| next.span.from);
        let piece = Piece {
            item_id: open.span.item_id.clone(),
            from: open.span.from,
            until: open.until.min(next),
            monthly: open.monthly,
            product_id: open.span.product_id.clone(),
            told_at: open.issued_at,
        };
        match pieces.last_mut() {
            Some(last) if last.until == piece.from && says_the_same(last, &piece) => last.until = piece.until,
            _ if piece.until > piece.from => pieces.push(piece),
            _ => {}
        }
    }
    pieces
}

fn says_the_same(one: &Piece, other: &Piece) -> bool {
    (one.monthly, &one.product_id) == (other.monthly, &other.product_id)
}

/// When the item left each of the invoices that charge for it; `None` where it stays to the end of its period.
fn leavings_of(opens: &[Open<'_>]) -> BTreeMap<usize, Option<Left>> {
    let mut last: BTreeMap<usize, usize> = BTreeMap::new();
    for (at, open) in opens.iter().enumerate() {
        last.insert(open.bill, at);
    }
    last.into_iter()
        .map(|(bill, at)| (bill, leaving(&opens[at], &opens[at + 1..], opens)))
        .collect()
}

fn leaving(open: &Open<'_>, later: &[Open<'_>], all: &[Open<'_>]) -> Option<Left> {
    let others = || {
        later
            .iter()
            .filter(|other| other.bill != open.bill && other.until > other.span.from)
    };
    let next = others().map(|other| other.span.from).find(|from| *from < open.until);
    let at = [open.closed_at, next].into_iter().flatten().min()?;
    let newer = all.iter().any(|other| other.bill != open.bill && other.holds(at));
    Some(Left {
        at,
        is_given_back: !newer && (!open.is_exchanged || open.closed_at != Some(at)),
    })
}

fn all_left(items: Vec<Option<Left>>) -> Option<Left> {
    let left: Vec<Left> = items.into_iter().collect::<Option<_>>()?;
    let at = left.iter().map(|left| left.at).max()?;
    Some(Left {
        at,
        is_given_back: left.iter().all(|left| left.is_given_back),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 86_400;

    /// `+` opens a regular period, `p` one by a proration, `-` closes; then item, first day, day after the last, amount a month.
    fn bill(id: &str, issued: i64, lines: &[(char, &str, i64, i64, i64)]) -> Bill {
        let spans = lines.iter().map(|(kind, item, from, until, monthly)| Span {
            item_id: (*item).to_owned(),
            kind: if *kind == '-' {
                SpanKind::Closes
            } else {
                SpanKind::Opens
            },
            is_regular: *kind == '+',
            from: from * DAY,
            until: until * DAY,
            monthly: Fraction::whole(*monthly),
            product_id: None,
        });
        Bill {
            stripe_id: id.to_owned(),
            issued_at: issued * DAY,
            spans: spans.collect(),
        }
    }

    fn pieces(bills: &[Bill]) -> Vec<(String, i64, i64, i64)> {
        let told = |bills: &[Bill]| {
            let pieces = Timeline::of(bills).unwrap().pieces.into_iter();
            let told = pieces.map(|piece| {
                (
                    piece.item_id,
                    piece.from / DAY,
                    piece.until / DAY,
                    piece.monthly.half_even().unwrap(),
                )
            });
            told.collect::<Vec<_>>()
        };
        let reversed: Vec<Bill> = bills.iter().rev().cloned().collect();
        assert_eq!(told(bills), told(&reversed), "in any order");
        told(bills)
    }

    fn left(bills: &[Bill]) -> Vec<Option<(i64, bool)>> {
        let left = Timeline::of(bills).unwrap().left.into_iter();
        left.map(|left| left.map(|left| (left.at / DAY, left.is_given_back)))
            .collect()
    }

    fn piece(item: &str, from: i64, until: i64, monthly: i64) -> (String, i64, i64, i64) {
        (item.to_owned(), from, until, monthly)
    }

    #[test]
    fn months_that_follow_each_other_are_one_piece() {
        let bills = [
            bill("in_1", 0, &[('+', "si", 0, 30, 10)]),
            bill("in_2", 30, &[('+', "si", 30, 60, 10)]),
            bill("in_3", 60, &[('+', "si", 60, 90, 12)]),
        ];
        assert_eq!(pieces(&bills), [piece("si", 0, 60, 10), piece("si", 60, 90, 12)]);
        assert_eq!(left(&bills), [None, None, None]);
    }

    #[test]
    fn several_periods_of_one_invoice_each_have_their_days() {
        let bills = [bill(
            "in_1",
            60,
            &[('+', "si", 60, 90, 10), ('+', "si", 30, 60, 10), ('+', "si", 0, 30, 8)],
        )];
        assert_eq!(pieces(&bills), [piece("si", 0, 30, 8), piece("si", 30, 90, 10)]);
        assert_eq!(Timeline::newest(&bills[0]).unwrap(), Fraction::whole(10));
    }

    #[test]
    fn a_new_cycle_before_the_old_one_ends_takes_its_place() {
        let bills = [
            bill("in_year", 0, &[('+', "si", 0, 365, 100)]),
            bill("in_month", 70, &[('+', "si", 70, 100, 15)]),
        ];
        assert_eq!(pieces(&bills), [piece("si", 0, 70, 100), piece("si", 70, 100, 15)]);
        assert_eq!(left(&bills), [Some((70, false)), None]);
    }

    #[test]
    fn prorations_move_what_an_item_brings() {
        let bills = [
            bill("in_1", 0, &[('+', "si", 0, 30, 500)]),
            bill("in_2", 10, &[('-', "si", 10, 30, 0), ('p', "si", 10, 30, 800)]),
        ];
        assert_eq!(pieces(&bills), [piece("si", 0, 10, 500), piece("si", 10, 30, 800)]);
        assert_eq!(left(&bills), [Some((10, false)), None]);
    }

    #[test]
    fn prorations_may_come_with_the_next_period() {
        let late = [
            ('-', "si", 10, 30, 0),
            ('p', "si", 10, 30, 800),
            ('-', "si", 20, 30, 0),
            ('p', "si", 20, 30, 600),
            ('+', "si", 30, 60, 600),
        ];
        let bills = [bill("in_1", 0, &[('+', "si", 0, 30, 500)]), bill("in_2", 30, &late)];
        let expected = [
            piece("si", 0, 10, 500),
            piece("si", 10, 20, 800),
            piece("si", 20, 60, 600),
        ];
        assert_eq!(pieces(&bills), expected);
        assert_eq!(Timeline::newest(&bills[1]).unwrap(), Fraction::whole(600));
    }

    #[test]
    fn what_is_given_back_brings_nothing_more() {
        let bills = [
            bill("in_1", 0, &[('+', "si_a", 0, 30, 500), ('+', "si_b", 0, 30, 100)]),
            bill("in_2", 10, &[('-', "si_a", 10, 30, 0)]),
        ];
        assert_eq!(pieces(&bills), [piece("si_a", 0, 10, 500), piece("si_b", 0, 30, 100)]);
        assert_eq!(left(&bills), [None, None], "another item stays");
        let bills = [
            bill("in_1", 0, &[('+', "si_a", 0, 30, 500), ('+', "si_b", 0, 30, 100)]),
            bill("in_2", 10, &[('-', "si_a", 10, 30, 0), ('-', "si_b", 12, 30, 0)]),
        ];
        assert_eq!(left(&bills), [Some((12, true)), None]);
    }

    #[test]
    fn an_item_that_gives_way_to_another_is_not_given_back() {
        let bills = [
            bill("in_1", 0, &[('+', "si_a", 0, 30, 500)]),
            bill("in_2", 10, &[('-', "si_a", 10, 30, 0), ('p', "si_b", 10, 30, 700)]),
        ];
        assert_eq!(pieces(&bills), [piece("si_a", 0, 10, 500), piece("si_b", 10, 30, 700)]);
        assert_eq!(left(&bills), [Some((10, false)), None]);
    }

    #[test]
    fn prebilled_periods_are_closed_and_opened_again_together() {
        let prebilled = [('+', "si", 0, 30, 50), ('+', "si", 30, 60, 50), ('+', "si", 60, 90, 50)];
        let changed = [
            ('-', "si", 10, 30, 0),
            ('-', "si", 30, 60, 0),
            ('-', "si", 60, 90, 0),
            ('p', "si", 10, 90, 70),
        ];
        let bills = [bill("in_1", 0, &prebilled), bill("in_2", 10, &changed)];
        assert_eq!(pieces(&bills), [piece("si", 0, 10, 50), piece("si", 10, 90, 70)]);
        assert_eq!(left(&bills), [Some((60, false)), None]);
    }

    #[test]
    fn two_invoices_of_one_second_are_told_apart_by_their_age() {
        let bills = [
            bill("in_1", 0, &[('+', "si", 0, 30, 50)]),
            bill("in_2", 1, &[('+', "si", 0, 365, 40)]),
        ];
        assert_eq!(pieces(&bills), [piece("si", 0, 365, 40)]);
        assert_eq!(left(&bills), [Some((0, false)), None]);
    }

    #[test]
    fn tiers_of_one_item_add_up() {
        let bills = [bill(
            "in_1",
            0,
            &[('+', "si", 0, 30, 50), ('+', "si", 0, 30, 20), ('+', "si", 30, 60, 70)],
        )];
        assert_eq!(pieces(&bills), [piece("si", 0, 60, 70)]);
    }

    #[test]
    fn a_gap_brings_nothing() {
        let bills = [
            bill("in_1", 0, &[('+', "si", 0, 30, 50)]),
            bill("in_2", 40, &[('+', "si", 40, 70, 50)]),
        ];
        assert_eq!(pieces(&bills), [piece("si", 0, 30, 50), piece("si", 40, 70, 50)]);
        assert_eq!(left(&bills), [None, None]);
    }
}
