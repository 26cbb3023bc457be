//! Clients kept by hand: what people wrote in one stays, or comes back when its customers go.

use chrono::NaiveDate;
use entity::client::Model;
use entity::kind::FieldPolicy;
use entity::list::Held;
use serde_json::Value;

use super::{ClientDraft, Status, Whose};
use crate::map::fit::{Fitted, Takes, fit};
use crate::map::rule::{Before, CompiledRules, Given, Target};

/// Whether a client keeps what is in a field although the rule's policy gives it to Stripe.
pub(super) fn keeps(given: &Given<'_>, whose: Whose, before: Before) -> bool {
    let is_stripes = given.policy == FieldPolicy::StripeWins;
    whose == Whose::ByHand && is_stripes && !given.over_manual && before.is_edited && !before.is_empty
}

/// The fields of a client kept by hand that would be Stripe's if their rules had `overManual`.
pub fn kept<'a>(rules: &'a CompiledRules, customer: &Value, existing: &Model) -> Vec<&'a Target> {
    let draft = ClientDraft::of(existing);
    let whose = Whose::of(Some(existing));
    let given = rules.give(customer, &mut Vec::new()).unwrap_or_default();
    let kept = given.into_iter().filter(|given| {
        let before = draft.before(given.target, whose);
        keeps(given, whose, before) && given.value.clone().into_text() != draft.shown(given.target)
    });
    kept.map(|given| given.target).collect()
}

impl ClientDraft {
    /// Remembers what was in a field before Stripe first wrote it.
    pub(super) fn hold(&mut self, target: &Target, value: Option<String>, edited: bool) {
        let held = || Held {
            value,
            edited,
            field_id: target.field_id,
        };
        self.held_before.entry(target.path.to_string()).or_insert_with(held);
    }

    /// What Stripe has written goes, and what was there before comes back.
    pub fn give_back(&mut self) {
        for (path, held) in std::mem::take(&mut self.held_before) {
            if held.edited {
                self.edited.insert(path.clone());
            }
            self.put(&path, held);
        }
    }

    fn put(&mut self, path: &str, held: Held) {
        match (path, held.field_id, held.value) {
            (_, Some(field), Some(text)) => {
                self.custom_values.insert(field, text);
            }
            (_, Some(field), None) => {
                self.custom_values.remove(&field);
            }
            ("name", _, value) => self.name = value.unwrap_or_default(),
            ("status", _, value) => {
                let fitted = fit(&Takes::Status, value.into());
                self.status = match fitted {
                    Ok(Fitted::Status(status)) => Status(status),
                    _ => Status::default(),
                };
            }
            ("inceptionDate", _, value) => {
                self.inception_date = value.and_then(|day| day.parse::<NaiveDate>().ok());
            }
            (path, _, value) => {
                if let Some(slot) = self.text_mut(path) {
                    *slot = value;
                }
            }
        }
    }
}
