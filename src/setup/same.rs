//! Whether a key is of the account of an integration that is here. Where the account's id cannot be compared, because one of the keys may
//! not read it, Stripe is asked under the new key for objects that are stored: what it gives is of the same account, whatever
//! became of the key that they were read with.

use std::collections::HashMap;

use entity::integration;
use entity::kind::StripeKind;
use sea_orm::ConnectionTrait;
use secrecy::ExposeSecret;
use serde_json::Value;
use uuid::Uuid;

use super::probe::Findings;
use crate::app::App;
use crate::error::Error;
use crate::store::{self, source};
use crate::stripe::list::resource;
use crate::stripe::object::own::{is_same, outlives_deletion};
use crate::stripe::{self, Client, Key};

/// Whether a key is of an integration's account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sameness {
    /// It is.
    Same,
    /// It is of another account.
    Another,
    /// Nothing is here that could tell.
    Untold,
    /// What is here could tell, and the key may read none of it.
    Unread,
}

/// What is known of a key, and of its relation to what is here.
#[derive(Debug)]
pub(super) struct Evidence<'a> {
    app: &'a App,
    key: &'a Key,
    account: Option<String>,
    told_by_objects: HashMap<Uuid, Sameness>,
}

/// Those that tell best first: of the customers of another account, copies may be here under the same ids.
const TELLING: [&[StripeKind]; 3] = [
    &[StripeKind::Invoice, StripeKind::Subscription, StripeKind::CreditNote],
    &[StripeKind::Customer],
    &[StripeKind::Product, StripeKind::Price],
];
/// Objects of an integration that Stripe is asked for, at most.
const ASKED: usize = 3;

type Witness = (StripeKind, String, Value);

impl<'a> Evidence<'a> {
    /// Asks Stripe what has to be asked. To be done outside of any transaction.
    pub(super) async fn gather(
        app: &'a App,
        client: &Client,
        key: &'a Key,
        findings: &Findings,
    ) -> Result<Self, Gather> {
        let mut evidence = Self {
            app,
            key,
            account: findings.account.as_ref().map(|account| account.id.clone()),
            told_by_objects: HashMap::new(),
        };
        for known in store::integration::list(app.db.read()).await? {
            if evidence.without_objects(&known).is_none() {
                let told = by_objects(app.db.read(), client, findings, known.id).await?;
                evidence.told_by_objects.insert(known.id, told);
            }
        }
        Ok(evidence)
    }

    /// Whether the key is of the account of `known`, as that stands now. Asks Stripe nothing.
    pub(super) fn judge(&self, known: &integration::Model) -> Sameness {
        let told = || self.told_by_objects.get(&known.id).copied();
        self.without_objects(known).or_else(told).unwrap_or(Sameness::Untold)
    }

    /// By the account's id, or because it is the very same key.
    fn without_objects(&self, known: &integration::Model) -> Option<Sameness> {
        match (&self.account, &known.stripe_account_id) {
            (Some(one), Some(other)) if one == other => Some(Sameness::Same),
            (Some(_), Some(_)) => Some(Sameness::Another),
            _ => self.is_key_of(known).then_some(Sameness::Same),
        }
    }

    fn is_key_of(&self, known: &integration::Model) -> bool {
        let own = self.key.secret().expose_secret();
        known.key_sealed.is_some()
            && self
                .app
                .stripe_key(known)
                .is_ok_and(|stored| stored.secret().expose_secret() == own)
    }
}

/// Why the evidence could not be gathered.
#[derive(Debug, thiserror::Error)]
pub(super) enum Gather {
    /// Stripe did not answer.
    #[error(transparent)]
    Stripe(#[from] stripe::Error),
    /// We could not look.
    #[error(transparent)]
    Own(#[from] Error),
}

impl From<sea_orm::DbErr> for Gather {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::Own(error.into())
    }
}

async fn by_objects(
    conn: &impl ConnectionTrait,
    client: &Client,
    findings: &Findings,
    integration_id: Uuid,
) -> Result<Sameness, Gather> {
    let mut is_unread = false;
    for kinds in TELLING {
        let (witnesses, unread) = witnesses(conn, findings, integration_id, kinds).await?;
        is_unread |= unread;
        if !witnesses.is_empty() {
            return Ok(ask(client, witnesses).await?);
        }
    }
    Ok(if is_unread { Sameness::Unread } else { Sameness::Untold })
}

/// The newest of each kind, then the oldest; and whether there are some that the key may not read.
async fn witnesses(
    conn: &impl ConnectionTrait,
    findings: &Findings,
    integration_id: Uuid,
    kinds: &[StripeKind],
) -> Result<(Vec<Witness>, bool), Error> {
    let (mut newest, mut oldest, mut is_unread) = (Vec::new(), Vec::new(), false);
    for kind in kinds {
        let ends = source::find_ends(conn, integration_id, *kind).await?;
        if !findings.may_read(resource(Some(*kind))) {
            is_unread |= !ends.is_empty();
            continue;
        }
        let mut ends = ends.into_iter().map(|(id, body)| (*kind, id, body));
        newest.extend(ends.next());
        oldest.extend(ends);
    }
    newest.extend(oldest);
    newest.truncate(ASKED);
    Ok((newest, is_unread))
}

/// One that Stripe gives is enough. One that it does not have is another account's, unless it can be deleted.
async fn ask(client: &Client, witnesses: Vec<Witness>) -> Result<Sameness, stripe::Error> {
    let mut told = Sameness::Untold;
    for (kind, id, stored) in witnesses {
        match client.object_or_stub(kind, &id).await {
            Ok(answer) => match is_same(&stored, &answer.body) {
                Some(true) => return Ok(Sameness::Same),
                Some(false) => told = Sameness::Another,
                // A stub, which may be left of a copy.
                None => {}
            },
            Err(stripe::Error::NotFound { .. }) if outlives_deletion(kind) => told = Sameness::Another,
            Err(stripe::Error::NotFound { .. } | stripe::Error::PermissionMissing { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(told)
}
