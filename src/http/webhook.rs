//! Stripe's webhooks: the signature over the very bytes first, then the event goes into the inbox, and Stripe is answered as soon as
//! it is safe there. What it means is found out later.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_ENCODING, RETRY_AFTER};
use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse, web};
use async_graphql::ID;
use entity::kind::{EventOutcome, EventWay};
use entity::{integration, stripe_event};

use super::negotiate::{Media, status};
use super::{Shared, body};
use crate::app::App;
use crate::error::Error;
use crate::graphql::id::{self, IdType};
use crate::pull::inbox::verdict;
use crate::store::{self, source};
use crate::stripe::event::{Envelope, envelope};
use crate::stripe::signature::verify;

const SIGNATURE: &str = "Stripe-Signature";

pub(super) fn routes(routes: &mut web::ServiceConfig) {
    let resource = web::resource("/webhooks/stripe/{integration}")
        .route(web::post().to(receive))
        .default_service(web::to(async || {
            HttpResponse::MethodNotAllowed()
                .insert_header(("Allow", "POST"))
                .finish()
        }));
    routes.service(resource);
}

/// How a delivery is answered. Stripe sends again what is not answered with 2xx.
enum Answered {
    Stored,
    Unknown,
    Refused(&'static str),
    NotStored,
}

impl Answered {
    fn into_http(self) -> HttpResponse {
        match self {
            Self::Stored => HttpResponse::Ok().finish(),
            Self::Unknown => HttpResponse::NotFound().body("there is no webhook endpoint here"),
            Self::Refused(why) => HttpResponse::BadRequest().body(why),
            Self::NotStored => HttpResponse::ServiceUnavailable()
                .insert_header((RETRY_AFTER, "10"))
                .body("the event could not be stored"),
        }
    }
}

async fn receive(request: HttpRequest, path: Path<String>, payload: Payload, shared: Data<Shared>) -> HttpResponse {
    if request.headers().contains_key(CONTENT_ENCODING) {
        return HttpResponse::build(StatusCode::UNSUPPORTED_MEDIA_TYPE).body("send the body as it is");
    }
    let body = match body::read(request.headers(), payload).await {
        Ok(body) => body,
        Err(refusal) => {
            return HttpResponse::build(status(refusal.outcome, Media::GraphqlResponse)).body(refusal.message);
        }
    };
    let signatures: Vec<_> = request.headers().get_all(SIGNATURE).collect();
    let signature = match signatures.as_slice() {
        [one] => one.to_str().unwrap_or_default().to_owned(),
        _ => return Answered::Refused("there has to be one Stripe-Signature header").into_http(),
    };
    let app = Arc::clone(&shared.app);
    let taking = shared
        .runtime
        .spawn(async move { take(&app, &path.into_inner(), &signature, body).await });
    match taking.await {
        Ok(Ok(answered)) => answered.into_http(),
        Ok(Err(error)) => {
            tracing::error!(%error, "a webhook could not be taken");
            Answered::NotStored.into_http()
        }
        Err(panic) => {
            tracing::error!(%panic, "a webhook could not be taken");
            Answered::NotStored.into_http()
        }
    }
}

async fn take(app: &Arc<App>, id: &str, signature: &str, body: Vec<u8>) -> Result<Answered, Error> {
    let Some((IdType::Integration, integration_id)) = id::decode(&ID::from(id)) else {
        return Ok(Answered::Unknown);
    };
    let Some(integration) = store::integration::find(app.db.read(), integration_id).await? else {
        return Ok(Answered::Unknown);
    };
    let secrets = app.webhook_secrets(&integration)?;
    if secrets.is_empty() {
        return Ok(Answered::Unknown);
    }
    if let Err(error) = verify(signature, &body, &secrets, app.clock.now().timestamp()) {
        tracing::info!(%error, integration = %integration_id.simple(), "a webhook is not believed");
        return Ok(Answered::Refused("the signature does not fit"));
    }
    let Ok(envelope) = envelope(&body) else {
        return Ok(Answered::Refused("the body is no event"));
    };
    let event = row(app, &integration, envelope, &body);
    if app.intake.put(&app.db, event).await.is_err() {
        return Ok(Answered::NotStored);
    }
    app.wake.notify_one();
    Ok(Answered::Stored)
}

/// What is none of ours is remembered by its id and goes no further.
fn row(app: &App, integration: &integration::Model, envelope: Envelope, body: &[u8]) -> stripe_event::Model {
    let now_ms = app.clock.now_ms();
    let told = (Some(envelope.livemode), envelope.account.as_deref());
    let own = (integration.livemode, integration.stripe_account_id.as_deref());
    let refused: Option<EventOutcome> = verdict::refuses(told, own);
    stripe_event::Model {
        integration_id: integration.id,
        event_id: envelope.id,
        event_type: envelope.event_type,
        created: envelope.created,
        came_by: EventWay::Webhook,
        received_at: now_ms,
        body: refused.is_none().then(|| source::pack_bytes(body)),
        applied_at: refused.map(|_| now_ms),
        outcome: refused,
    }
}
