//! A Stripe customer becomes a client, by the admin's rules. What a person sets goes into the same fields.

mod by_hand;

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use entity::client::Model;
use entity::kind::{ClientOrigin, ClientStatus};
use entity::list::{CustomValues, EditedFields, Held, HeldBefore, Warnings};
use serde_json::Value;
use uuid::Uuid;

use super::fit::Fitted;
use super::key::{email_key, findable, name_key, search_key};
use super::rule::{Before, CompiledRules, Given, Target, may_write};
use super::{MapError, stripe_id};

pub use by_hand::kept;

/// A client's fields.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[expect(missing_docs, reason = "entity::client says what each field means")]
pub struct ClientDraft {
    pub name: String,
    pub status: Status,
    pub email: Option<String>,
    pub phone: Option<String>,
    pub site_url: Option<String>,
    pub external_id: Option<String>,
    pub address_line1: Option<String>,
    pub address_line2: Option<String>,
    pub address_city: Option<String>,
    pub address_state: Option<String>,
    pub address_postal_code: Option<String>,
    pub address_country: Option<String>,
    pub currency: Option<String>,
    pub inception_date: Option<NaiveDate>,
    pub custom_values: BTreeMap<Uuid, String>,
    pub edited: BTreeSet<String>,
    pub held_before: BTreeMap<String, Held>,
    pub warnings: Vec<String>,
}

/// Who has made the client that a customer is mapped to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Whose {
    /// The customer does, now.
    New,
    /// A customer.
    Stripes,
    /// A person, a file or another system.
    ByHand,
}

impl Whose {
    fn of(existing: Option<&Model>) -> Self {
        match existing.map(|row| row.origin) {
            None => Self::New,
            Some(ClientOrigin::Stripe) => Self::Stripes,
            Some(ClientOrigin::Manual) => Self::ByHand,
        }
    }
}

/// A client's status; active unless a rule says otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Status(pub ClientStatus);

impl Default for Status {
    fn default() -> Self {
        Self(ClientStatus::Active)
    }
}

/// Maps a customer. Fields that no rule writes stay as they are in `existing`.
pub fn map(rules: &CompiledRules, customer: &Value, existing: Option<&Model>) -> Result<ClientDraft, MapError> {
    let id = stripe_id(customer)?;
    let mut draft = existing.map(ClientDraft::of).unwrap_or_default();
    let whose = Whose::of(existing);
    let mut warnings = Vec::new();
    for given in rules.give(customer, &mut warnings)? {
        draft.follow(given, &id, whose);
    }
    if draft.name.is_empty() {
        draft.name = id;
    }
    draft.warnings = warnings;
    Ok(draft)
}

impl ClientDraft {
    /// The fields of a client that is here.
    pub fn of(row: &Model) -> Self {
        let row = row.clone();
        Self {
            name: row.name,
            status: Status(row.status),
            email: row.email,
            phone: row.phone,
            site_url: row.site_url,
            external_id: row.external_id,
            address_line1: row.address_line1,
            address_line2: row.address_line2,
            address_city: row.address_city,
            address_state: row.address_state,
            address_postal_code: row.address_postal_code,
            address_country: row.address_country,
            currency: row.currency,
            inception_date: row.inception_date,
            custom_values: row.custom_values.0,
            edited: row.edited.0,
            held_before: row.held_before.0,
            warnings: row.warnings.0,
        }
    }

    /// The row, for a client that is the Stripe customers `stripe_ids`. What mapping does not decide is as in `existing`.
    pub fn into_row<'a>(self, existing: &Model, stripe_ids: impl IntoIterator<Item = &'a str>) -> Model {
        let search_key = {
            let own = [
                Some(self.name.as_str()),
                self.email.as_deref(),
                self.external_id.as_deref(),
            ];
            let mut parts: Vec<&str> = own.into_iter().flatten().collect();
            for id in stripe_ids {
                parts.push(id);
            }
            search_key(parts.into_iter())
        };
        Model {
            name_key: name_key(&self.name),
            search_key,
            email_key: self.email.as_deref().map(email_key).and_then(findable),
            name: self.name,
            status: self.status.0,
            email: self.email,
            phone: self.phone,
            site_url: self.site_url,
            external_id: self.external_id,
            address_line1: self.address_line1,
            address_line2: self.address_line2,
            address_city: self.address_city,
            address_state: self.address_state,
            address_postal_code: self.address_postal_code,
            address_country: self.address_country,
            currency: self.currency,
            inception_date: self.inception_date,
            custom_values: CustomValues(self.custom_values),
            edited: EditedFields(self.edited),
            held_before: HeldBefore(self.held_before),
            warnings: Warnings(self.warnings),
            ..existing.clone()
        }
    }

    /// What is in a field, as text; none when it is empty.
    pub fn shown(&self, target: &Target) -> Option<String> {
        match (&*target.path, target.field_id) {
            (_, Some(field)) => self.custom_values.get(&field).cloned(),
            ("name", _) => Some(self.name.clone()).filter(|name| !name.is_empty()),
            ("status", _) => Fitted::Status(self.status.0).into_text(),
            ("inceptionDate", _) => self.inception_date.map(|day| day.to_string()),
            (path, _) => self.text(path).cloned(),
        }
    }

    /// Lets a rule write, if its policy allows it.
    fn follow(&mut self, given: Given<'_>, stripe_id: &str, whose: Whose) {
        if !self.lets_write(&given, whose) {
            return;
        }
        let Given { target, value, .. } = given;
        let before = self.shown(target);
        let is_edited = self.edited.contains(&*target.path);
        let value = match (&*target.path, value) {
            ("name", Fitted::None) => Fitted::Text(stripe_id.to_owned()),
            (_, value) => value,
        };
        self.set(target, value);
        if self.shown(target) == before {
            return;
        }
        if whose == Whose::ByHand {
            self.hold(target, before, is_edited);
        }
        self.edited.remove(&*target.path);
    }

    fn lets_write(&self, given: &Given<'_>, whose: Whose) -> bool {
        let before = self.before(given.target, whose);
        may_write(given.policy, before) && !by_hand::keeps(given, whose, before)
    }

    fn before(&self, target: &Target, whose: Whose) -> Before {
        Before {
            is_empty: match &*target.path {
                "status" => whose == Whose::New,
                _ => self.shown(target).is_none(),
            },
            is_edited: self.edited.contains(&*target.path),
        }
    }

    /// Takes over what a person has set. A name is not emptied.
    pub(crate) fn edit(&mut self, target: &Target, value: Fitted) {
        self.set(target, value);
        self.edited.insert(target.path.to_string());
        self.held_before.remove(&*target.path);
    }

    fn set(&mut self, target: &Target, value: Fitted) {
        match (&*target.path, target.field_id, value) {
            (_, Some(field), value) => {
                match value.into_text() {
                    Some(text) => self.custom_values.insert(field, text),
                    None => self.custom_values.remove(&field),
                };
            }
            ("name", _, Fitted::Text(name)) => self.name = name,
            ("status", _, value) => {
                self.status = if let Fitted::Status(status) = value {
                    Status(status)
                } else {
                    Status::default()
                };
            }
            ("inceptionDate", _, value) => {
                self.inception_date = if let Fitted::Day(day) = value { Some(day) } else { None };
            }
            (path, _, value) => {
                if let Some(slot) = self.text_mut(path) {
                    *slot = value.into_text();
                }
            }
        }
    }

    fn text(&self, path: &str) -> Option<&String> {
        match path {
            "email" => self.email.as_ref(),
            "phone" => self.phone.as_ref(),
            "siteUrl" => self.site_url.as_ref(),
            "externalId" => self.external_id.as_ref(),
            "address.line1" => self.address_line1.as_ref(),
            "address.line2" => self.address_line2.as_ref(),
            "address.city" => self.address_city.as_ref(),
            "address.state" => self.address_state.as_ref(),
            "address.postalCode" => self.address_postal_code.as_ref(),
            "address.country" => self.address_country.as_ref(),
            "currency" => self.currency.as_ref(),
            _ => None,
        }
    }

    fn text_mut(&mut self, path: &str) -> Option<&mut Option<String>> {
        match path {
            "email" => Some(&mut self.email),
            "phone" => Some(&mut self.phone),
            "siteUrl" => Some(&mut self.site_url),
            "externalId" => Some(&mut self.external_id),
            "address.line1" => Some(&mut self.address_line1),
            "address.line2" => Some(&mut self.address_line2),
            "address.city" => Some(&mut self.address_city),
            "address.state" => Some(&mut self.address_state),
            "address.postalCode" => Some(&mut self.address_postal_code),
            "address.country" => Some(&mut self.address_country),
            "currency" => Some(&mut self.currency),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
