//! What a person or another system says of a client: each field checked, and written as a mapping would write it.

use std::collections::HashSet;

use entity::client::Model;
use entity::custom_field;
use entity::kind::SyncObject;
use serde_json::Value;
use uuid::Uuid;

use crate::account::email;
use crate::error::{Code, Error, Problem};
use crate::map::client::{ClientDraft, Status};
use crate::map::fit::{Fitted, TEXT_LIMIT, fit};
use crate::map::rule::{Target, targets};

/// Longest values by field, in characters; others may be as long as what a mapping writes.
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
    /// Only what differs from what the client has counts as set by hand. For files, which say all of a client each time.
    pub only_news: bool,
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
pub fn editable(fields: &[custom_field::Model]) -> Vec<Target> {
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
            match self.news(&draft, targets, path, value.as_deref()) {
                Ok(Some((target, value))) => draft.edit(target, value),
                Ok(None) => {}
                Err(problem) => problems.push(problem),
            }
        }
        let names_it = self.fields.iter().any(|(path, _)| path == "name");
        if self.id.is_none() && !names_it {
            problems.push(Problem::new(&["name"], Code::Required, "Give the client a name."));
        }
        if problems.is_empty() { Ok(draft) } else { Err(problems) }
    }

    /// What a field is to become; none where it is to stay as it is in `before`.
    fn news<'a>(
        &self,
        before: &ClientDraft,
        targets: &'a [Target],
        path: &str,
        value: Option<&str>,
    ) -> Result<Option<(&'a Target, Fitted)>, Problem> {
        let at: Vec<&str> = path.split('.').collect();
        let found = targets.iter().find(|target| target.path == path);
        let target = found.ok_or_else(|| Problem::new(&at, Code::NotFound, "Clients have no such field."))?;
        let shown = before.shown(target);
        let is_here = match self.id {
            // What Stripe has written may be longer than, or otherwise than, a person may write it.
            Some(_) => shown.as_deref() == value,
            None => path != "name" && value.is_none_or(|value| value.trim().is_empty()),
        };
        if self.only_news && is_here {
            return Ok(None);
        }
        let fitted = fitted(target, value)?;
        let is_news = !self.only_news || self.id.is_none() || fitted.clone().into_text() != shown;
        Ok(is_news.then_some((target, fitted)))
    }
}

fn fitted(target: &Target, value: Option<&str>) -> Result<Fitted, Problem> {
    let path = &*target.path;
    let at: Vec<&str> = path.split('.').collect();
    let refuse = |code, message: String| Problem::new(&at, code, message);
    let value = value.map(str::trim).filter(|value| !value.is_empty());
    let Some(value) = value else {
        return match path {
            "name" => Err(refuse(Code::Required, "A client has a name.".to_owned())),
            "status" => Ok(Fitted::Status(Status::default().0)),
            _ => Ok(Fitted::None),
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
    if value.len() > TEXT_LIMIT {
        return Err(refuse(Code::TooLong, format!("At most {TEXT_LIMIT} bytes.")));
    }
    if path == "email" {
        check_email(value)?;
    }
    fit(&target.takes, Value::String(value.to_owned()))
        .map_err(|why| refuse(Code::Invalid, format!("This does not fit: {why}.")))
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

#[cfg(test)]
mod tests;
