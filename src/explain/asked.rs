//! Explains what nothing is kept of, by asking Stripe for it.

use entity::integration;
use entity::kind::{ContractSource, RecordState, StripeKind};

use super::{Explanation, reason};
use crate::app::App;
use crate::error::{Code, Error};
use crate::pull::reading::{Origin, Reading};
use crate::pull::rules::Rules;
use crate::pull::scope;
use crate::pull::{absent, paid};
use crate::store::read_count;
use crate::stripe;
use crate::stripe::list::Found;

pub(super) async fn explain(
    app: &App,
    integration: &integration::Model,
    kind: StripeKind,
    stripe_id: &str,
) -> Result<Explanation, Error> {
    let (reason, seen) = match ask(app, integration, kind, stripe_id).await? {
        Found::Whole(value, seen) => {
            let rules = Rules::load(app.db.read(), integration, app.clock.now_ms()).await?;
            let reading = Reading::whole(kind, stripe_id.to_owned(), value, seen, Origin::Alone(None));
            let code = scope::bars(&rules, &reading)
                .unwrap_or_else(|| not_here(&rules, app.clock.now().timestamp(), &reading));
            (reason(integration, code), seen)
        }
        Found::Gone(seen) => (reason::skipped("DELETED"), seen),
        Found::Missing(seen) => (absent::told(kind), seen),
    };
    Ok(Explanation {
        integration_id: integration.id,
        kind,
        stripe_id: stripe_id.to_owned(),
        state: RecordState::Skipped,
        reason,
        run_id: None,
        seen_max: Some(seen.max_ms),
    })
}

async fn ask(app: &App, integration: &integration::Model, kind: StripeKind, stripe_id: &str) -> Result<Found, Error> {
    if integration.key_sealed.is_none() {
        let message = "Nothing is kept of this object, and Stripe cannot be asked: it is not connected.";
        return Err(Error::refused(&["integrationId"], Code::SetupIncomplete, message));
    }
    let client = app.stripe_client(integration)?.hasty();
    let found = client.object(kind, stripe_id).await;
    let (day, reads) = (app.clock.now().date_naive(), client.requests());
    let reads = i64::try_from(reads).unwrap_or(i64::MAX);
    read_count::add(app.db.write(), integration.id, day, reads).await?;
    found.map_err(unread)
}

/// What the caller can mend is told as such.
fn unread(error: stripe::Error) -> Error {
    let code = match &error {
        stripe::Error::KeyRejected { .. } => Code::KeyRejected,
        stripe::Error::PermissionMissing { .. } => Code::KeyPermissionMissing,
        _ => return error.into(),
    };
    Error::refused(&[], code, error.to_string())
}

/// Why an object is not here that no rule keeps out.
fn not_here(rules: &Rules, now: i64, reading: &Reading) -> &'static str {
    match reading.kind {
        // Without the source, the lists of invoices are not read at all.
        StripeKind::Invoice if !rules.has_source(ContractSource::Invoice) => reason::SOURCE_OFF,
        StripeKind::Invoice
            if reading
                .value
                .as_ref()
                .is_some_and(|invoice| !paid::finds(rules, now, invoice)) =>
        {
            reason::PAID_LONG_AFTER
        }
        StripeKind::CreditNote => reason::ONLY_BY_EVENT,
        _ => reason::NOT_SEEN_YET,
    }
}

fn reason(integration: &integration::Model, code: &'static str) -> String {
    let said = reason::skipped(code);
    if code == reason::NOT_SEEN_YET && !integration.sync_enabled {
        return format!("{said} Sync is turned off.");
    }
    said
}
