//! A Stripe product becomes a product, by the admin's rules.

use std::collections::BTreeMap;

use entity::list::{CustomValues, Warnings};
use entity::product::Model;
use serde_json::Value;
use uuid::Uuid;

use super::fit::Fitted;
use super::key::{name_key, search_key};
use super::rule::{Before, CompiledRules, Given, Target, may_write};
use super::{MapError, stripe_id};

/// A product's mapped fields.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "entity::product says what each field means")]
pub struct ProductDraft {
    pub name: String,
    pub description: Option<String>,
    pub sku: Option<String>,
    pub active: bool,
    pub recurring: bool,
    pub custom_values: BTreeMap<Uuid, String>,
    pub warnings: Vec<String>,
}

/// Maps a product. `recurring`: it has an active recurring price. Fields that no rule writes stay as they are in `existing`.
pub fn map(
    rules: &CompiledRules,
    product: &Value,
    recurring: bool,
    existing: Option<&Model>,
) -> Result<ProductDraft, MapError> {
    let id = stripe_id(product)?;
    let mut draft = existing.map_or_else(ProductDraft::blank, ProductDraft::of);
    let mut warnings = Vec::new();
    for given in rules.give(product, &mut warnings)? {
        draft.follow(given, &id, existing.is_none());
    }
    if draft.name.is_empty() {
        draft.name = id;
    }
    Ok(ProductDraft {
        recurring,
        warnings,
        ..draft
    })
}

impl ProductDraft {
    fn blank() -> Self {
        Self {
            name: String::new(),
            description: None,
            sku: None,
            active: true,
            recurring: false,
            custom_values: BTreeMap::new(),
            warnings: Vec::new(),
        }
    }

    /// The fields of a product that is here.
    pub fn of(row: &Model) -> Self {
        let row = row.clone();
        Self {
            name: row.name,
            description: row.description,
            sku: row.sku,
            active: row.active,
            recurring: row.recurring,
            custom_values: row.custom_values.0,
            warnings: row.warnings.0,
        }
    }

    /// The row of the Stripe product `stripe_id`. What mapping does not decide is as in `existing`.
    pub fn into_row(self, existing: &Model, stripe_id: &str) -> Model {
        let search_key = {
            let parts = [Some(self.name.as_str()), self.sku.as_deref(), Some(stripe_id)];
            search_key(parts.into_iter().flatten())
        };
        Model {
            stripe_id: stripe_id.to_owned(),
            name_key: name_key(&self.name),
            search_key,
            name: self.name,
            description: self.description,
            sku: self.sku,
            active: self.active,
            recurring: self.recurring,
            custom_values: CustomValues(self.custom_values),
            warnings: Warnings(self.warnings),
            deleted_in_stripe: false,
            ..existing.clone()
        }
    }

    /// What is in a field, as text; none when it is empty.
    pub fn shown(&self, target: &Target) -> Option<String> {
        match (&*target.path, target.field_id) {
            (_, Some(field)) => self.custom_values.get(&field).cloned(),
            ("name", _) => Some(self.name.clone()).filter(|name| !name.is_empty()),
            ("description", _) => self.description.clone(),
            ("sku", _) => self.sku.clone(),
            ("active", _) => Some(self.active.to_string()),
            _ => None,
        }
    }

    /// Lets a rule write, if its policy allows it. Nobody edits products by hand.
    fn follow(&mut self, given: Given<'_>, stripe_id: &str, is_new: bool) {
        let Given {
            target, policy, value, ..
        } = given;
        let is_empty = match &*target.path {
            "active" => is_new,
            _ => self.shown(target).is_none(),
        };
        let before = Before {
            is_empty,
            is_edited: false,
        };
        if !may_write(policy, before) {
            return;
        }
        match (&*target.path, target.field_id, value) {
            (_, Some(field), value) => {
                match value.into_text() {
                    Some(text) => self.custom_values.insert(field, text),
                    None => self.custom_values.remove(&field),
                };
            }
            ("name", _, value) => self.name = value.into_text().unwrap_or_else(|| stripe_id.to_owned()),
            ("description", _, value) => self.description = value.into_text(),
            ("sku", _, value) => self.sku = value.into_text(),
            ("active", _, value) => self.active = value != Fitted::Flag(false),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests;
