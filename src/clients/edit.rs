//! What a person or another system says of a client: each field checked, and written as a mapping would write it.

use std::collections::HashSet;

use entity::client::Model;
use entity::custom_field;
use entity::kind::SyncObject;
use serde_json::Value;
use uuid::Uuid;

use crate::account::email;
use crate::error::{Code, Error, Problem};
use crate::map::client::ClientDraft;
use crate::map::fit::{Fitted, fit};
use crate::map::rule::{Target, targets};

/// Longest values by field, in characters; other fields may have as many as a text can.
const LENGTHS: [(&str, usize); 10] = [
    ("name", 500),
    ("phone", 100),
    ("externalId", 255),
    ("siteUrl", 2_000),
    ("address.line1", 500),
    ("address.line2", 500),
    ("address.city", 200),
    ("address.state", 200),
    ("address.postalCode", 50),
    ("address.country", 100),
];

/// What is to become of one client. Only the given fields change; none = emptied.
#[derive(Debug, Clone, Default)]
pub struct ClientEdit {
    /// The client; none = a new one.
    pub id: Option<Uuid>,
    /// Values by the paths that mappings name them by, custom fields as `custom.<key>`.
    pub fields: Vec<(String, Option<String>)>,
    /// A Stripe customer that it is.
    pub stripe: Option<StripeCustomer>,
}

/// A customer of a connected account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StripeCustomer {
    /// The account; may be left out where there is one.
    pub integration_id: Option<Uuid>,
    /// Stripe's id of the customer.
    pub stripe_id: String,
}

/// The fields that people may set: all that mappings may write but Stripe's id.
pub(super) fn editable(fields: &[custom_field::Model]) -> Vec<Target> {
    let mut targets = targets(SyncObject::Customer, fields);
    targets.retain(|target| target.path != "stripeId");
    targets
}

impl ClientEdit {
    /// The client's fields after it. `existing` is the client, or one without anything.
    pub(super) fn apply(&self, existing: &Model, targets: &[Target]) -> Result<ClientDraft, Vec<Problem>> {
        let mut draft = ClientDraft::of(existing);
        let mut problems = Vec::new();
        let mut met = HashSet::new();
        for (path, value) in &self.fields {
            if !met.insert(path) {
                let at: Vec<&str> = path.split('.').collect();
                problems.push(Problem::new(&at, Code::Conflict, "This field is there twice."));
            }
            match fitted(targets, path, value.as_deref()) {
                Ok((target, value)) => draft.edit(target, value),
                Err(problem) => problems.push(problem),
            }
        }
        let names_it = self.fields.iter().any(|(path, _)| path == "name");
        if self.id.is_none() && !names_it {
            problems.push(Problem::new(&["name"], Code::Required, "Give the client a name."));
        }
        if problems.is_empty() { Ok(draft) } else { Err(problems) }
    }
}

fn fitted<'a>(targets: &'a [Target], path: &str, value: Option<&str>) -> Result<(&'a Target, Fitted), Problem> {
    let at: Vec<&str> = path.split('.').collect();
    let refuse = |code, message: String| Problem::new(&at, code, message);
    let target = targets
        .iter()
        .find(|target| target.path == path)
        .ok_or_else(|| refuse(Code::NotFound, "Clients have no such field.".to_owned()))?;
    let value = value.map(str::trim).filter(|value| !value.is_empty());
    let Some(value) = value else {
        return if path == "name" {
            Err(refuse(Code::Required, "A client has a name.".to_owned()))
        } else {
            Ok((target, Fitted::None))
        };
    };
    if value.contains('\0') {
        return Err(refuse(Code::Invalid, "Text holds no NUL character.".to_owned()));
    }
    let longest = LENGTHS
        .iter()
        .find(|(known, _)| *known == path)
        .map(|(_, length)| *length);
    if let Some(longest) = longest.filter(|longest| value.chars().count() > *longest) {
        return Err(refuse(Code::TooLong, format!("At most {longest} characters.")));
    }
    if path == "email" {
        check_email(value)?;
    }
    match fit(&target.takes, Value::String(value.to_owned())) {
        Ok(fitted) => Ok((target, fitted)),
        Err(why) => Err(refuse(Code::Invalid, format!("This does not fit: {why}."))),
    }
}

fn check_email(value: &str) -> Result<(), Problem> {
    match email::check(value) {
        Err(Error::Refused(problems)) => Err(problems
            .into_iter()
            .next()
            .unwrap_or_else(|| Problem::new(&["email"], Code::Invalid, "This is not an e-mail address."))),
        _ => Ok(()),
    }
}
