//! Is what an event tells of an object to be believed, dropped, or is the object to be read? One pure decision.

use entity::kind::{EventOutcome, StripeKind};
use serde_json::Value;

use crate::pull::news::{self, Way};
use crate::pull::scope::{is_in_window, is_kept_unpaid, is_unpaid};
use crate::stripe::Seen;

/// The first version of the API whose shapes are today's but for additions.
const SAME_SHAPE_SINCE: &str = "2025-12-15";

/// What an event tells of one object.
#[derive(Debug, Clone, Copy)]
pub struct Telling<'a> {
    /// The object's kind.
    pub kind: StripeKind,
    /// When, Unix seconds.
    pub created: i64,
    /// What it tells.
    pub told: Told<'a>,
    /// Another event of the same second tells it otherwise.
    pub contested: bool,
    /// It belongs here whatever the window says.
    pub brings_in: bool,
}

/// What is told of an object.
#[derive(Debug, Clone, Copy)]
pub enum Told<'a> {
    /// Its state, in the shape of a version of the API.
    State(&'a Value, Option<&'a str>),
    /// Stripe has deleted it.
    Deleted,
    /// That something is different.
    Hint,
    /// The same, and no matter where the object is not here.
    HintIfHere,
}

/// What is here of the object.
#[derive(Debug, Clone, Copy)]
pub struct Here {
    /// When Stripe held that state; `None` where nothing is here.
    pub stored: Option<Seen>,
    /// Of what is not here, events before this second tell nothing: the first import saw what there was. Unix seconds.
    pub events_from: i64,
    /// A new invoice that was neither created nor paid since this second is out of scope.
    pub window_start: i64,
    /// Sent invoices that wait to be paid are in scope.
    pub keeps_owed: bool,
    /// Other invoices that are not paid are in scope when they were made since this second.
    pub unsettled_from: Option<i64>,
}

/// What to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// What is told is the newest state.
    Believe,
    /// It is old, or no business of ours.
    Drop,
    /// Only Stripe can tell.
    Read,
}

/// The decision for one object.
pub fn judge(telling: &Telling<'_>, here: Here) -> Verdict {
    let whole = match telling.told {
        Told::State(object, version) => is_whole(telling.kind, object, version),
        Told::Deleted => true,
        Told::Hint | Told::HintIfHere => false,
    };
    let believed = |believed: bool| if believed { Verdict::Believe } else { Verdict::Read };
    match here.stored {
        Some(stored) => match news::order(Way::Told, Seen::of_event(telling.created), stored) {
            (_, true) => Verdict::Drop,
            (later, false) => believed(later && whole && !telling.contested),
        },
        None if is_none_of_ours(telling, here) => Verdict::Drop,
        None => believed(telling.created >= here.events_from && whole && !telling.contested),
    }
}

fn is_none_of_ours(telling: &Telling<'_>, here: Here) -> bool {
    match telling.told {
        Told::HintIfHere => true,
        Told::Deleted => {
            matches!(
                telling.kind,
                StripeKind::Invoice | StripeKind::CreditNote | StripeKind::Refund
            )
        }
        Told::State(invoice, _) if telling.kind == StripeKind::Invoice && !telling.contested => {
            let is_kept = is_kept_unpaid(invoice, here.keeps_owed, here.unsettled_from);
            !is_kept && (is_unpaid(invoice) || !(telling.brings_in || is_in_window(invoice, here.window_start)))
        }
        Told::State(..) | Told::Hint => false,
    }
}

/// Whether a payload has all that is kept of an object: in today's shape, its lists complete, and nothing to it that only an
/// expansion gives.
fn is_whole(kind: StripeKind, object: &Value, version: Option<&str>) -> bool {
    let is_of_today = version.is_some_and(|version| version.get(..10).is_some_and(|day| day >= SAME_SHAPE_SINCE));
    is_of_today && object["deleted"] != true && !has_more(object) && needs_no_expansion(kind, object)
}

fn needs_no_expansion(kind: StripeKind, object: &Value) -> bool {
    let no_discounts = |object: &Value| object["discounts"].as_array().is_none_or(Vec::is_empty);
    match kind {
        // Tiers, amounts in other currencies and the products that a coupon applies to are never in a payload.
        // Nor is the invoice that a refund's payment was for.
        StripeKind::Price | StripeKind::Coupon | StripeKind::Refund => false,
        StripeKind::Invoice => no_discounts(object),
        StripeKind::Subscription => {
            let items = object["items"]["data"].as_array();
            no_discounts(object) && items.is_some_and(|items| items.iter().all(no_discounts))
        }
        StripeKind::Customer | StripeKind::Product | StripeKind::CreditNote => true,
    }
}

/// A nested list goes on elsewhere.
fn has_more(value: &Value) -> bool {
    match value {
        Value::Object(fields) => fields.get("has_more") == Some(&Value::Bool(true)) || fields.values().any(has_more),
        Value::Array(values) => values.iter().any(has_more),
        _ => false,
    }
}

/// Why an event has no effect whatever it tells: it is of the other mode, or of an account that is not ours.
pub fn refuses(
    (livemode, account): (Option<bool>, Option<&str>),
    (own_livemode, own_account): (bool, Option<&str>),
) -> Option<EventOutcome> {
    if livemode.is_some_and(|livemode| livemode != own_livemode) {
        return Some(EventOutcome::WrongMode);
    }
    match (account, own_account) {
        (Some(theirs), Some(ours)) if theirs != ours => Some(EventOutcome::WrongAccount),
        _ => None,
    }
}

/// Whether an event may be of an account that is not ours: it names one, and ours is not known. What it tells is not believed, but a
/// reason to look: of another account's object our key is told that there is none.
pub fn may_be_strange(account: Option<&str>, own_account: Option<&str>) -> bool {
    account.is_some() && own_account.is_none()
}

#[cfg(test)]
mod tests;
