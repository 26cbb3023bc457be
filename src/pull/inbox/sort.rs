//! Sorts the events that wait: all of one object together, with a verdict for it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use entity::kind::{EventOutcome, StripeKind};
use sea_orm::ConnectionTrait;

use super::effect::{self, Effect};
use super::event::Event;
use super::verdict::{self, Here, Telling, Told, Verdict};
use crate::error::Error;
use crate::pull::alone::by_kind;
use crate::pull::reading::{Origin, Reading};
use crate::pull::rules::Rules;
use crate::store::source::{self, Stored};
use crate::store::{SourceKey, reference};
use crate::stripe::Seen;
use crate::stripe::object::canonical_digest;

/// The events that wait, sorted.
#[derive(Debug, Default)]
pub(super) struct Sorted {
    /// The objects that they tell of.
    pub(super) objects: Vec<Object>,
    /// Events that have no effect, by their index.
    pub(super) ignored: Vec<(usize, EventOutcome)>,
    /// The latest event that tells of the account itself, by its index.
    pub(super) account: Option<usize>,
    /// Objects went without a word of their own.
    pub(super) relist: bool,
}

/// One object with all events that tell of it.
#[derive(Debug)]
pub(super) struct Object {
    /// By their index.
    pub(super) events: BTreeSet<usize>,
    pub(super) next: Next,
    /// The second of the newest of them.
    pub(super) told_at: i64,
    /// An event has told of its payment.
    pub(super) brought_in: bool,
}

/// What is to be done with an object.
#[derive(Debug)]
pub(super) enum Next {
    /// What was told.
    Apply(Box<Reading>),
    Read(SourceKey, Origin),
    Drop,
}

/// An event's word on an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Word {
    State,
    Deleted,
    Hint,
    HintIfHere,
}

type Words = BTreeMap<SourceKey, Vec<(usize, Word)>>;

/// Sorts `events`.
pub(super) async fn sort(conn: &impl ConnectionTrait, rules: &Rules, events: &[Event]) -> Result<Sorted, Error> {
    let mut sorted = Sorted::default();
    let mut words = Words::new();
    let mut ended: Vec<(usize, String)> = Vec::new();
    for (index, event) in events.iter().enumerate() {
        let own = (rules.livemode, rules.account.as_deref());
        if let Some(outcome) = verdict::refuses((event.livemode, event.account.as_deref()), own) {
            sorted.ignored.push((index, outcome));
            continue;
        }
        let may_be_strange = verdict::may_be_strange(event.account.as_deref(), own.1);
        let effects = effect::effects(event);
        if effects.is_empty() {
            sorted.ignored.push((index, why_without_effect(event)));
        }
        for effect in effects {
            let (key, word) = match effect {
                Effect::State(key) | Effect::Deleted(key) if may_be_strange => (key, Word::Hint),
                Effect::State(key) => (key, Word::State),
                Effect::Deleted(key) => (key, Word::Deleted),
                Effect::Look(key) => (key, Word::Hint),
                Effect::LookIfHere(key) => (key, Word::HintIfHere),
                Effect::SubscriptionsOf(customer) => {
                    ended.push((index, customer));
                    continue;
                }
                Effect::Account => {
                    sorted.account = Some(index);
                    sorted.ignored.push((index, EventOutcome::Applied));
                    continue;
                }
                Effect::Relist => {
                    sorted.relist = true;
                    sorted.ignored.push((index, EventOutcome::Applied));
                    continue;
                }
            };
            words.entry(key).or_default().push((index, word));
        }
    }
    add_subscriptions(conn, rules, ended, &mut words).await?;
    let stored = find_stored(conn, rules, &words).await?;
    for (key, words) in words {
        let here = stored.get(&key.0).and_then(|stored| stored.get(&key.1));
        sorted.objects.push(decide(rules, events, key, words, here));
    }
    Ok(sorted)
}

fn why_without_effect(event: &Event) -> EventOutcome {
    if effect::is_known(&event.name) {
        EventOutcome::Nameless
    } else {
        EventOutcome::UnknownType
    }
}

/// A deleted customer's subscriptions end with it.
async fn add_subscriptions(
    conn: &impl ConnectionTrait,
    rules: &Rules,
    ended: Vec<(usize, String)>,
    words: &mut Words,
) -> Result<(), Error> {
    for (index, customer) in ended {
        let named = (StripeKind::Customer, customer);
        for id in reference::list_naming(conn, rules.integration_id, StripeKind::Subscription, &named).await? {
            words
                .entry((StripeKind::Subscription, id))
                .or_default()
                .push((index, Word::HintIfHere));
        }
    }
    Ok(())
}

async fn find_stored(
    conn: &impl ConnectionTrait,
    rules: &Rules,
    words: &Words,
) -> Result<HashMap<StripeKind, HashMap<String, Stored>>, Error> {
    let keys: Vec<SourceKey> = words.keys().cloned().collect();
    let mut stored = HashMap::new();
    for (kind, ids) in by_kind(&keys) {
        stored.insert(kind, source::find_stored(conn, rules.integration_id, kind, ids).await?);
    }
    Ok(stored)
}

fn decide(
    rules: &Rules,
    events: &[Event],
    key: SourceKey,
    mut words: Vec<(usize, Word)>,
    here: Option<&Stored>,
) -> Object {
    let told_by = words.iter().map(|(index, _)| *index).collect();
    let brought_in = words.iter().any(|(index, _)| effect::brings_in(&events[*index].name));
    let stored = here.map(|here| Seen {
        min_ms: here.seen_min,
        max_ms: here.seen_max,
    });
    if stored.is_none() && words.iter().any(|(_, word)| *word != Word::HintIfHere) {
        words.retain(|(_, word)| *word != Word::HintIfHere);
    }
    let newest = words
        .iter()
        .map(|(index, _)| events[*index].created)
        .max()
        .unwrap_or_default();
    words.retain(|(index, _)| events[*index].created == newest);
    let telling = Telling {
        kind: key.0,
        created: newest,
        told: told(events, words[0]),
        contested: is_contested(events, &words),
        brings_in: brought_in,
    };
    let here = Here {
        stored,
        events_from: rules.events_from,
        window_start: rules.window_start,
        keeps_owed: rules.keeps_owed(),
        unsettled_from: rules.unsettled_from(),
    };
    let next = match verdict::judge(&telling, here) {
        Verdict::Believe => Next::Apply(Box::new(reading(key, &telling, brought_in))),
        Verdict::Read => Next::Read(key, Origin::Alone(stored)),
        Verdict::Drop => Next::Drop,
    };
    Object {
        events: told_by,
        next,
        told_at: newest,
        brought_in,
    }
}

fn told(events: &[Event], (index, word): (usize, Word)) -> Told<'_> {
    let event = &events[index];
    match (word, event.snapshot()) {
        (Word::State, Some(object)) => Told::State(object, event.version()),
        (Word::Deleted, _) => Told::Deleted,
        (Word::State | Word::Hint, _) => Told::Hint,
        (Word::HintIfHere, _) => Told::HintIfHere,
    }
}

/// Several events of one second tell an object's state in no known order, unless they all tell the same.
fn is_contested(events: &[Event], words: &[(usize, Word)]) -> bool {
    let digest = |(index, word): &(usize, Word)| {
        let object = events[*index].snapshot().filter(|_| *word == Word::State);
        (
            *word,
            object.map(canonical_digest),
            events[*index].version().map(str::to_owned),
        )
    };
    let Some((first, rest)) = words.split_first() else {
        return false;
    };
    !rest.is_empty() && rest.iter().any(|word| digest(word) != digest(first))
}

fn reading((kind, id): SourceKey, telling: &Telling<'_>, brought_in: bool) -> Reading {
    let seen = Seen::of_event(telling.created);
    let mut reading = match telling.told {
        Told::State(object, _) => Reading::whole(kind, id, object.clone(), seen, Origin::Told),
        Told::Deleted | Told::Hint | Told::HintIfHere => Reading::gone(kind, id, seen, Origin::Told),
    };
    reading.brought_in = brought_in;
    reading
}
