//! A fixed amount off, split over the items that it is for.

use super::left::Left;
use crate::map::MapError;
use crate::map::fraction::Fraction;
use crate::map::money::{less, sum};

/// Takes the amount off an invoice that bills all of them: in whole minor units, by what is left of each; never more than there is.
pub(super) fn over_one_invoice(amount: i64, lefts: Vec<&mut Left>) -> Result<(), MapError> {
    let wholes = lefts
        .iter()
        .map(|left| left.half_up())
        .collect::<Result<Vec<i64>, _>>()?;
    let all = sum(wholes.iter().copied())?;
    let off = amount.clamp(0, all.max(0));
    let (mut so_far, mut taken) = (0, 0);
    for (left, whole) in lefts.into_iter().zip(wholes) {
        *left = Left::whole(whole);
        if off > 0 {
            // Differences of a running share leave no rest over, and none is larger than what it is taken off.
            so_far = sum([so_far, whole])?;
            let share = Fraction::whole(so_far).over(Fraction::whole(all))?;
            let until_here = Fraction::whole(off).times(share)?.half_up()?;
            *left = Left::whole(less(whole, [less(until_here, [taken])?])?);
            taken = until_here;
        }
    }
    Ok(())
}

/// Takes the amount off each invoice of a year, by what a year bills of each; beside them stands how often a year they are charged.
/// Where all are charged together, that is what one invoice takes off.
pub(super) fn over_a_year(amount: i64, lefts: Vec<(&mut Left, Option<Fraction>)>) -> Result<(), MapError> {
    let mut rhythms = lefts.iter().filter_map(|(_, rhythm)| *rhythm);
    let first = rhythms.next();
    if rhythms.all(|rhythm| Some(rhythm) == first) {
        return over_one_invoice(amount, lefts.into_iter().map(|(left, _)| left).collect());
    }
    let mut charged: Vec<(&mut Left, Fraction)> = lefts
        .into_iter()
        .filter_map(|(left, rhythm)| Some((left, rhythm?)))
        .collect();
    let mut all = Fraction::ZERO;
    for (left, rhythm) in &charged {
        all = all.plus(left.exact().times(*rhythm)?)?;
    }
    if all.compare(Fraction::ZERO)?.is_le() {
        return Ok(());
    }
    let share = off_a_year(amount, &charged)?.over(all)?;
    charged.iter_mut().try_for_each(|(left, _)| left.less_share(share))
}

/// What a year's invoices take off. Each item's interval is a multiple of the shortest, by Stripe's rule: an invoice of what is charged
/// seldom bills what is charged more often, too. No invoice takes off more than it bills.
fn off_a_year(amount: i64, charged: &[(&mut Left, Fraction)]) -> Result<Fraction, MapError> {
    let mut off = Fraction::ZERO;
    for (_, rhythm) in charged {
        let mut billed = Fraction::ZERO;
        let mut seldomer = Fraction::ZERO;
        for (left, other) in charged {
            if other.compare(*rhythm)?.is_lt() {
                seldomer = larger(seldomer, *other)?;
            } else {
                billed = billed.plus(left.exact())?;
            }
        }
        let same = charged.iter().filter(|(_, other)| other == rhythm).count();
        let invoices = rhythm.less(seldomer)?;
        let each = smaller(Fraction::whole(amount.max(0)), larger(billed, Fraction::ZERO)?)?;
        // Items of one rhythm are on the same invoices.
        off = off.plus(each.times(invoices)?.over(count(same))?)?;
    }
    Ok(off)
}

fn count(of: usize) -> Fraction {
    Fraction::whole(i64::try_from(of).unwrap_or(i64::MAX))
}

fn larger(one: Fraction, other: Fraction) -> Result<Fraction, MapError> {
    Ok(if one.compare(other)?.is_lt() { other } else { one })
}

fn smaller(one: Fraction, other: Fraction) -> Result<Fraction, MapError> {
    Ok(if one.compare(other)?.is_lt() { one } else { other })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fraction(top: i64, bottom: i64) -> Fraction {
        Fraction::whole(top).over(Fraction::whole(bottom)).unwrap()
    }

    /// What a year comes to after the amount is off each of its invoices; items are amounts with their charges a year.
    fn year(amount: i64, items: &[(i64, Fraction)]) -> Fraction {
        let mut lefts: Vec<Left> = items.iter().map(|(amount, _)| Left::whole(*amount)).collect();
        let rhythms = items.iter().map(|(_, rhythm)| Some(*rhythm));
        over_a_year(amount, lefts.iter_mut().zip(rhythms).collect()).unwrap();
        lefts
            .iter()
            .zip(items)
            .fold(Fraction::ZERO, |sum, (left, (_, rhythm))| {
                sum.plus(left.exact().times(*rhythm).unwrap()).unwrap()
            })
    }

    #[test]
    fn each_invoice_of_a_year_takes_it_off() {
        let (month, quarter, year_) = (fraction(12, 1), fraction(4, 1), fraction(1, 1));
        for (amount, items, expected) in [
            (1_000, &[(3_000, month), (120_000, year_)][..], 12 * 12_000),
            (1_000, &[(120_000, year_), (3_000, month)], 12 * 12_000),
            (1_000, &[(3_000, month), (3_000, month)], 12 * 5_000),
            // An invoice of 5.00 takes 5.00 off, eleven times; the twelfth bills more.
            (
                1_000,
                &[(500, month), (120_000, year_)],
                6_000 + 120_000 - 11 * 500 - 1_000,
            ),
            (
                700,
                &[(500, month), (900, quarter), (10_000, year_)],
                6_000 + 3_600 + 10_000 - 8 * 500 - 3 * 700 - 700,
            ),
            (1_000_000, &[(3_000, month), (120_000, year_)], 0),
            (0, &[(3_000, month), (120_000, year_)], 36_000 + 120_000),
            (1_000, &[(0, month), (0, year_)], 0),
        ] {
            assert_eq!(year(amount, items), Fraction::whole(expected), "{amount} {items:?}");
        }
        assert_eq!(
            year(100, &[(1_000, fraction(52, 1)), (2_000, fraction(26, 1))]),
            Fraction::whole(52_000 + 52_000 - 5_200)
        );
    }

    #[test]
    fn what_is_charged_together_is_split_to_the_whole_unit() {
        let (mut one, mut other, mut usage) = (Left::whole(2_000), Left::whole(4_000), Left::whole(0));
        let month = Some(fraction(12, 1));
        over_a_year(500, vec![(&mut usage, None), (&mut one, month), (&mut other, month)]).unwrap();
        assert_eq!(
            [one, other, usage].map(Left::exact),
            [1_833, 3_667, 0].map(Fraction::whole)
        );
    }

    #[test]
    fn it_is_split_by_what_a_year_bills() {
        let (mut month, mut year) = (Left::whole(3_000), Left::whole(120_000));
        let lefts = vec![(&mut month, Some(fraction(12, 1))), (&mut year, Some(fraction(1, 1)))];
        over_a_year(1_000, lefts).unwrap();
        // 120.00 of 1,560.00, of both.
        assert_eq!(month.exact(), fraction(3_000 * 12, 13));
        assert_eq!(year.exact(), fraction(120_000 * 12, 13));
    }
}
