//! The fields that rules may write. What is not here cannot be written by any mapping.

use std::borrow::Cow;

use entity::custom_field;
use entity::kind::{CustomFieldOwner, FieldType, SyncObject};
use uuid::Uuid;

use crate::map::fit::Takes;

/// A field that rules may write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// How rules name it.
    pub path: Cow<'static, str>,
    /// How people name it.
    pub label: Cow<'static, str>,
    /// A rule for it has to be there.
    pub required: bool,
    /// The custom field that it is.
    pub field_id: Option<Uuid>,
    pub(crate) takes: Takes,
}

impl Target {
    const fn built_in(path: &'static str, label: &'static str, takes: Takes, required: bool) -> Self {
        Self {
            path: Cow::Borrowed(path),
            label: Cow::Borrowed(label),
            required,
            field_id: None,
            takes,
        }
    }

    /// A field that an admin has added.
    pub fn custom(field: &custom_field::Model) -> Self {
        Self {
            path: format!("custom.{}", field.key).into(),
            label: field.label.clone().into(),
            required: false,
            field_id: Some(field.id),
            takes: Takes::of(field),
        }
    }

    /// What its values are.
    pub fn field_type(&self) -> FieldType {
        self.takes.field_type()
    }
}

const REQUIRED: bool = true;
const OPTIONAL: bool = false;

/// Fields of clients.
pub(super) const CLIENT_TARGETS: [Target; 15] = [
    Target::built_in("stripeId", "Stripe id", Takes::Text, REQUIRED),
    Target::built_in("name", "Name", Takes::Text, REQUIRED),
    Target::built_in("status", "Status", Takes::Status, REQUIRED),
    Target::built_in("email", "E-mail", Takes::Text, OPTIONAL),
    Target::built_in("phone", "Phone", Takes::Text, OPTIONAL),
    Target::built_in("siteUrl", "Web site", Takes::Link, OPTIONAL),
    Target::built_in("externalId", "Id in another system", Takes::Text, OPTIONAL),
    Target::built_in("address.line1", "Address, line 1", Takes::Text, OPTIONAL),
    Target::built_in("address.line2", "Address, line 2", Takes::Text, OPTIONAL),
    Target::built_in("address.city", "City", Takes::Text, OPTIONAL),
    Target::built_in("address.state", "State", Takes::Text, OPTIONAL),
    Target::built_in("address.postalCode", "Postal code", Takes::Text, OPTIONAL),
    Target::built_in("address.country", "Country", Takes::Text, OPTIONAL),
    Target::built_in("currency", "Currency", Takes::CurrencyCode, OPTIONAL),
    Target::built_in("inceptionDate", "Client since", Takes::Day, OPTIONAL),
];

/// Fields of products.
pub(super) const PRODUCT_TARGETS: [Target; 5] = [
    Target::built_in("stripeId", "Stripe id", Takes::Text, REQUIRED),
    Target::built_in("name", "Name", Takes::Text, REQUIRED),
    Target::built_in("description", "Description", Takes::Text, OPTIONAL),
    Target::built_in("active", "Active", Takes::Flag, OPTIONAL),
    Target::built_in("sku", "SKU", Takes::Text, OPTIONAL),
];

/// What the mapping of `object` may write: the built-in fields, then those of `fields` that are its own. Contracts have none.
pub fn targets(object: SyncObject, fields: &[custom_field::Model]) -> Vec<Target> {
    let built_in: &[Target] = match object {
        SyncObject::Customer => &CLIENT_TARGETS,
        SyncObject::Product => &PRODUCT_TARGETS,
        SyncObject::Contract => return Vec::new(),
    };
    let owner = owner_of(object);
    let own = fields.iter().filter(|field| Some(field.owner) == owner);
    built_in.iter().cloned().chain(own.map(Target::custom)).collect()
}

/// Whose custom fields the mapping of `object` writes.
pub fn owner_of(object: SyncObject) -> Option<CustomFieldOwner> {
    match object {
        SyncObject::Customer => Some(CustomFieldOwner::Client),
        SyncObject::Product => Some(CustomFieldOwner::Product),
        SyncObject::Contract => None,
    }
}
