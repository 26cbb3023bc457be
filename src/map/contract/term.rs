//! When the service of an invoice runs.

use chrono::NaiveDate;
use entity::kind::LineKind;

use super::day;
use super::line::Charged;
use crate::days::Days;
use crate::map::MapError;
use crate::stripe::object::Line;

/// From the first day to the day after the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Term {
    pub(super) from: NaiveDate,
    pub(super) until: NaiveDate,
}

/// The kinds of lines that may tell a term, those that tell it best first. What is sold once neither stretches the term of what comes again nor shifts its
/// start; usage is billed behind what is licensed.
const TELLING: [fn(&Charged) -> bool; 4] = [
    |line| line.draft.kind == LineKind::Recurring,
    |line| line.draft.kind == LineKind::Usage,
    |line| matches!(line.draft.kind, LineKind::Proration | LineKind::Credit) && !line.is_once,
    |line| line.is_once && line.draft.period_end > line.draft.period_start,
];

/// The service periods of the best telling lines, else the day on which the invoice is booked.
pub(super) fn term(lines: &[Line], charged: &[Charged], booking_date: NaiveDate, days: Days) -> Result<Term, MapError> {
    for tells in TELLING {
        let telling = lines.iter().zip(charged).filter(|(_, charged)| tells(charged));
        let periods: Vec<_> = telling.filter_map(|(line, _)| line.period).collect();
        let start = periods.iter().map(|period| period.start).min();
        let end = periods.iter().map(|period| period.end).max();
        if let Some((start, end)) = start.zip(end) {
            return Ok(Term {
                from: day(start, days)?,
                until: day(end.max(start), days)?,
            });
        }
    }
    Ok(Term {
        from: booking_date,
        until: booking_date,
    })
}
