//! Explains what something is kept of: a source object, or at least an error.

use entity::kind::{RecordState, StripeKind};
use entity::{integration, sync_error};

use super::{Explanation, reason};
use crate::app::App;
use crate::error::Error;
use crate::store::source::{self, Standing};
use crate::store::{reference, sync_error as errors};

/// One more than a sentence names.
const NAMES_READ: u64 = 6;

/// `None` when nothing is kept of it.
pub(super) async fn explain(
    app: &App,
    integration: &integration::Model,
    kind: StripeKind,
    stripe_id: &str,
) -> Result<Option<Explanation>, Error> {
    let db = app.db.read();
    let standing = source::find_standing(db, integration.id, kind, stripe_id).await?;
    let error = errors::find_of_object(db, integration.id, kind, stripe_id).await?;
    let open = error.as_ref().filter(|error| error.resolved_at.is_none());
    let (state, reason) = match (&standing, open) {
        (None, None) => return Ok(None),
        (None, Some(open)) => (RecordState::Failed, told(open)),
        (Some(standing), open) => {
            let mut why = why(app, integration, kind, stripe_id, standing, open).await?;
            let is_erased = standing.reason.as_deref() == Some(source::ERASED);
            if kind == StripeKind::Customer && !is_erased {
                why = format!("{why} {}", super::matching::explain(app, integration, stripe_id).await?);
            }
            (standing.state, why)
        }
    };
    Ok(Some(Explanation {
        integration_id: integration.id,
        kind,
        stripe_id: stripe_id.to_owned(),
        state,
        reason,
        run_id: error.and_then(|error| error.run_id),
        seen_max: standing.map(|standing| standing.seen_max),
    }))
}

async fn why(
    app: &App,
    integration: &integration::Model,
    kind: StripeKind,
    stripe_id: &str,
    standing: &Standing,
    open: Option<&sync_error::Model>,
) -> Result<String, Error> {
    let code = standing.reason.as_deref();
    let mut why = match standing.state {
        RecordState::Imported => reason::imported(kind).to_owned(),
        RecordState::Skipped => reason::skipped(code.unwrap_or_default()),
        RecordState::Failed => open.map_or_else(|| reason::failed(code), told),
        RecordState::Pending => {
            let missing =
                reference::list_missing_of(app.db.read(), integration.id, kind, stripe_id, NAMES_READ).await?;
            reason::pending(&missing)
        }
    };
    if let (RecordState::Imported | RecordState::Skipped | RecordState::Pending, Some(open)) = (standing.state, open) {
        why = format!("{why} Reading it again failed: {}", told(open));
    }
    if standing.deleted && standing.state != RecordState::Skipped {
        why.push_str(" It has been deleted in Stripe since; what is here of it stays.");
    } else if standing.deleted && !code.is_some_and(|code| code.ends_with("DELETED")) {
        why.push_str(" It has been deleted in Stripe since.");
    }
    Ok(why)
}

/// What an error says, with what to do about it.
fn told(error: &sync_error::Model) -> String {
    match &error.hint {
        Some(hint) => format!("{} {hint}", error.message),
        None => error.message.clone(),
    }
}
