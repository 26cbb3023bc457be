//! Why a Stripe object is here, is not here, or failed: from what is kept of it, and else from Stripe itself.

mod asked;
mod kept;
mod matching;
mod reason;
mod redact;

use entity::integration;
use entity::kind::{RecordState, StripeKind};
use sea_orm::EntityTrait;
use serde_json::Value;
use uuid::Uuid;

use crate::app::App;
use crate::error::{Code, Error};
use crate::store::source;
use crate::stripe::object::is_id;
use crate::stripe::object::own::kind_of;

/// The largest source that is shown, bytes of JSON.
const SOURCE_LIMIT: usize = 64 << 10;

/// What is known of a Stripe object, and why it is so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// The connected account.
    pub integration_id: Uuid,
    /// What it is.
    pub kind: StripeKind,
    /// Stripe's id.
    pub stripe_id: String,
    /// What became of it.
    pub state: RecordState,
    /// Why, for people.
    pub reason: String,
    /// The run that failed over it last.
    pub run_id: Option<Uuid>,
    /// When Stripe was last seen to have it so, not after, Unix milliseconds of Stripe's clock; `None` when it could never be read.
    pub seen_max: Option<i64>,
}

/// Explains an object. What is kept is told without asking Stripe; else Stripe is asked once, and it fails with [`Error::Stripe`] when it cannot be read.
pub async fn explain(app: &App, integration_id: Uuid, kind: StripeKind, stripe_id: &str) -> Result<Explanation, Error> {
    check_stripe_id(stripe_id)?;
    let known = integration::Entity::find_by_id(integration_id)
        .one(app.db.read())
        .await?;
    let known = known.ok_or_else(Error::no_such_integration)?;
    if let Some(explanation) = kept::explain(app, &known, kind, stripe_id).await? {
        return Ok(explanation);
    }
    check_kind(kind, stripe_id)?;
    asked::explain(app, &known, kind, stripe_id).await
}

/// Refuses the id of another kind. It has to be of Stripe's own making to tell: Stripe has let accounts choose ids.
pub fn check_kind(kind: StripeKind, stripe_id: &str) -> Result<(), Error> {
    match kind_of(stripe_id).filter(|other| *other != kind) {
        None => Ok(()),
        Some(other) => {
            let name = |kind: StripeKind| kind.object_name().replace('_', " ");
            let message = format!("This is the id of a {}, not of a {}.", name(other), name(kind));
            Err(Error::refused(&["kind"], Code::Invalid, message))
        }
    }
}

/// Refuses what cannot be the id of a Stripe object.
pub fn check_stripe_id(stripe_id: &str) -> Result<(), Error> {
    if is_id(stripe_id) {
        return Ok(());
    }
    let message = "A Stripe id has 1 to 255 characters and no control characters.";
    Err(Error::refused(&["stripeId"], Code::Invalid, message))
}

/// The JSON that is kept of an object, secrets left out; `None` when nothing is kept but that it is gone. Refuses what is larger
/// than can be shown.
pub async fn source(app: &App, of: &Explanation) -> Result<Option<Value>, Error> {
    let ids = vec![of.stripe_id.as_str()];
    let mut bodies = source::find_bodies(app.db.read(), of.integration_id, of.kind, ids).await?;
    let Some(body) = bodies.remove(&of.stripe_id) else {
        return Ok(None);
    };
    let value = body.value()?;
    if value.as_object().is_some_and(serde_json::Map::is_empty) {
        return Ok(None);
    }
    let value = redact::redacted(value);
    let bytes = value.to_string().len();
    if bytes <= SOURCE_LIMIT {
        return Ok(Some(value));
    }
    let message =
        format!("The JSON has {bytes} bytes; at most {SOURCE_LIMIT} are shown. Stripe's dashboard shows all of it.");
    Err(Error::refused(&[], Code::OutOfRange, message))
}
