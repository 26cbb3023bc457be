//! A Stripe customer becomes a client, by the admin's rules.

use chrono::NaiveDate;
use entity::client::Model;
use entity::kind::ClientStatus;
use serde_json::Value;

use super::fit::Fitted;
use super::rule::{CompiledRules, Given, may_write};
use super::{MapError, stripe_id};

/// A client's mapped fields.
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
    pub warnings: Vec<String>,
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
    let mut warnings = Vec::new();
    for given in rules.give(customer, &mut warnings)? {
        draft.put(given, &id, existing.is_none());
    }
    if draft.name.is_empty() {
        draft.name = id;
    }
    draft.warnings = warnings;
    Ok(draft)
}

impl ClientDraft {
    fn of(row: &Model) -> Self {
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
            warnings: Vec::new(),
        }
    }

    fn put(&mut self, given: Given, stripe_id: &str, is_new: bool) {
        let Given { target, policy, value } = given;
        match (target, value) {
            ("name", value) => {
                if may_write(policy, self.name.is_empty()) {
                    self.name = if let Fitted::Text(name) = value {
                        name
                    } else {
                        stripe_id.to_owned()
                    };
                }
            }
            ("status", value) => {
                if may_write(policy, is_new) {
                    self.status = if let Fitted::Status(status) = value {
                        Status(status)
                    } else {
                        Status::default()
                    };
                }
            }
            ("inceptionDate", value) => {
                if may_write(policy, self.inception_date.is_none()) {
                    self.inception_date = if let Fitted::Day(day) = value { Some(day) } else { None };
                }
            }
            (target, value) => {
                if let Some(slot) = self.text(target)
                    && may_write(policy, slot.is_none())
                {
                    *slot = if let Fitted::Text(text) = value {
                        Some(text)
                    } else {
                        None
                    };
                }
            }
        }
    }

    fn text(&mut self, target: &str) -> Option<&mut Option<String>> {
        match target {
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
