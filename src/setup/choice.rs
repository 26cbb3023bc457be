//! Which integration a key belongs to: one that is here, or a new one. Where nothing proves it, the admin is asked.

use entity::integration::Model;
use uuid::Uuid;

use super::same::Sameness;
use crate::error::{Code, Error};
use crate::store;

/// What the admin says of the key's account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Account {
    /// Nothing: it is to be found out.
    FoundOut,
    /// It is none of those that are here.
    New,
    /// It is this integration's.
    Of(Uuid),
}

/// The integration whose key it is to be; `None` = a new one.
pub(super) fn choose(
    said: Account,
    integrations: Vec<Model>,
    judge: impl Fn(&Model) -> Sameness,
) -> Result<Option<Model>, Error> {
    let judged = integrations.into_iter().map(|known| (judge(&known), known));
    let (going, here): (Vec<_>, Vec<_>) = judged.partition(|(_, known)| known.purge_requested_at.is_some());
    let of = |sameness: Sameness| {
        here.iter()
            .filter(move |(told, _)| *told == sameness)
            .map(|(_, known)| known)
    };
    let same: Vec<&Model> = of(Sameness::Same).collect();
    if let [one, other, ..] = same[..] {
        return Err(connected_twice(one, other));
    }
    let same = same.first().copied();
    if let Account::Of(id) = said {
        return said_of(id, &here, &going, same).map(Some);
    }
    if same.is_none() && going.iter().any(|(told, _)| *told == Sameness::Same) {
        return Err(goes("apiKey"));
    }
    match (said, same) {
        (Account::New, Some(same)) => Err(mismatch("newAccount", same)),
        (_, Some(same)) => Ok(Some(same.clone())),
        (Account::New, None) => Ok(None),
        (_, None) => match of(Sameness::Untold).chain(of(Sameness::Unread)).next() {
            Some(untold) => Err(unknown(untold)),
            None => Ok(None),
        },
    }
}

/// The admin's word counts where nothing that is here could tell. Where something could, the key has to be allowed to read it.
fn said_of(
    id: Uuid,
    here: &[(Sameness, Model)],
    going: &[(Sameness, Model)],
    same: Option<&Model>,
) -> Result<Model, Error> {
    if going.iter().any(|(_, known)| known.id == id) {
        return Err(goes("integrationId"));
    }
    if same.is_none() && going.iter().any(|(told, _)| *told == Sameness::Same) {
        return Err(goes("apiKey"));
    }
    let said = here.iter().find(|(_, known)| known.id == id);
    let (told, known) = said.ok_or_else(Error::no_such_integration)?;
    match (told, same) {
        (Sameness::Same, _) | (Sameness::Untold, None) => Ok(known.clone()),
        (_, Some(same)) => Err(mismatch("apiKey", same)),
        (Sameness::Another, None) => Err(Error::refused(
            &["apiKey"],
            Code::KeyAccountMismatch,
            format!(
                "This key is not of the account of {}. Nothing was stored.",
                shown(known)
            ),
        )),
        (Sameness::Unread, None) => Err(Error::refused(
            &["apiKey"],
            Code::KeyPermissionMissing,
            format!(
                "It cannot be told whether this key is of the account of {}: it may read neither the account nor anything that was \
                 imported. In Stripe's dashboard, edit the key and allow Read on the account or on customers.",
                shown(known)
            ),
        )),
    }
}

fn shown(known: &Model) -> String {
    store::integration::shown(&known.name, known.key_display.as_deref())
}

fn goes(field: &str) -> Error {
    let message = "Everything of this account is being removed. Connect it again when that is done.";
    Error::refused(&[field], Code::Conflict, message)
}

fn mismatch(field: &str, same: &Model) -> Error {
    let message = format!("This key is of the account of {}. Nothing was stored.", shown(same));
    Error::refused(&[field], Code::KeyAccountMismatch, message)
}

fn connected_twice(one: &Model, other: &Model) -> Error {
    let message = format!(
        "{} and {} are both of this key's account. Disconnect one of them with purge (disconnectStripe), then authenticate \
         again.",
        shown(one),
        shown(other)
    );
    Error::refused(&["apiKey"], Code::Conflict, message)
}

fn unknown(known: &Model) -> Error {
    let message = format!(
        "It cannot be told whether this key is of the account of {}. If it is, give that integration the key (rotateStripeKey); if it \
         is of another account, say so (authenticateStripe with newAccount: true). A key that may read the account needs neither.",
        shown(known)
    );
    Error::refused(&["apiKey"], Code::KeyAccountUnknown, message)
}

#[cfg(test)]
mod tests;
