//! A Stripe product becomes a product, by the admin's rules.

use entity::product::Model;
use serde_json::Value;

use super::fit::Fitted;
use super::rule::{CompiledRules, Given, may_write};
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
        draft.put(given, &id, existing.is_none());
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
            warnings: Vec::new(),
        }
    }

    fn of(row: &Model) -> Self {
        let row = row.clone();
        Self {
            name: row.name,
            description: row.description,
            sku: row.sku,
            active: row.active,
            ..Self::blank()
        }
    }

    fn put(&mut self, given: Given, stripe_id: &str, is_new: bool) {
        let Given { target, policy, value } = given;
        let text = |value| {
            if let Fitted::Text(text) = value {
                Some(text)
            } else {
                None
            }
        };
        match (target, value) {
            ("name", value) if may_write(policy, self.name.is_empty()) => {
                self.name = text(value).unwrap_or_else(|| stripe_id.to_owned());
            }
            ("description", value) if may_write(policy, self.description.is_none()) => self.description = text(value),
            ("sku", value) if may_write(policy, self.sku.is_none()) => self.sku = text(value),
            ("active", value) if may_write(policy, is_new) => self.active = value != Fitted::Flag(false),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests;
