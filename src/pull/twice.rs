//! One account under two integrations would count everything twice. Where the accounts are not known to be two, what is new under one
//! integration must not be here under the other.
//!
//! It is asked where everything passes, in the transaction that would write it, so that no way in is forgotten and two imports that begin at
//! once are told apart as well. It costs one look at the few integrations a batch, and a look into the index where there may be two
//! of one account; objects that are here already are not asked for.

use entity::kind::StripeKind;
use uuid::Uuid;

use super::reading::Reading;
use crate::error::Error;
use crate::store::{self, Transaction, source, turn};
use crate::stripe::object::own::{is_same, prefix};

/// The other integrations that may be of the same account.
#[derive(Debug)]
pub(super) struct Others(Vec<(Uuid, String)>);

impl Others {
    /// Finds them. Where there are any, nobody else writes what may be of the same account until the transaction ends.
    pub(super) async fn find(tx: &Transaction, integration_id: Uuid) -> Result<Self, Error> {
        let others = store::integration::list_maybe_same(tx, integration_id).await?;
        if !others.is_empty() {
            turn::take_maybe_same(tx).await?;
        }
        Ok(Self(others))
    }

    /// Refuses what is here under one of them.
    pub(super) async fn refuse(
        &self,
        tx: &Transaction,
        kind: StripeKind,
        new: impl Iterator<Item = &Reading>,
    ) -> Result<(), Error> {
        let Some(prefix) = prefix(kind).filter(|_| !self.0.is_empty()) else {
            return Ok(());
        };
        let new: Vec<&Reading> = new.filter(|reading| reading.stripe_id.starts_with(prefix)).collect();
        let ids: Vec<&str> = new.iter().map(|reading| reading.stripe_id.as_str()).collect();
        let integrations: Vec<Uuid> = self.0.iter().map(|(id, _)| *id).collect();
        let found = source::find_elsewhere(tx, &integrations, kind, &ids).await?;
        let same = found.into_iter().find(|(_, stripe_id, body)| {
            let own = new.iter().filter(|reading| reading.stripe_id == *stripe_id);
            let mut own = own.filter_map(|reading| reading.value.as_ref());
            own.any(|own| is_same(own, body) == Some(true))
        });
        match same {
            None => Ok(()),
            Some((other, ..)) => Err(Error::ConnectedTwice(self.shown(other))),
        }
    }

    fn shown(&self, id: Uuid) -> String {
        let other = self.0.iter().find(|(other, _)| *other == id);
        other.map(|(_, shown)| shown.clone()).unwrap_or_default()
    }
}
