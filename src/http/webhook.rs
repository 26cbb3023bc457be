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
use secrecy::SecretString;

use super::answer::{AGAIN_AFTER, Refusal};
use super::negotiate::{Media, Outcome, status};
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

/// An endpoint that there is.
struct Endpoint {
    integration: integration::Model,
    secrets: Vec<SecretString>,
}

async fn receive(request: HttpRequest, path: Path<String>, payload: Payload, shared: Data<Shared>) -> HttpResponse {
    if request.headers().contains_key(CONTENT_ENCODING) {
        return HttpResponse::build(StatusCode::UNSUPPORTED_MEDIA_TYPE).body("send the body as it is");
    }
    let signatures: Vec<_> = request.headers().get_all(SIGNATURE).collect();
    let signature = match signatures.as_slice() {
        [one] => one.to_str().unwrap_or_default().to_owned(),
        _ => return Answered::Refused("there has to be one Stripe-Signature header").into_http(),
    };
    // Nothing is read for an endpoint that there is not.
    let app = Arc::clone(&shared.app);
    let endpoint = match on_the_runtime(&shared, async move { find(&app, &path.into_inner()).await }).await {
        Some(Some(endpoint)) => endpoint,
        Some(None) => return Answered::Unknown.into_http(),
        None => return Answered::NotStored.into_http(),
    };
    let body = match body::read(request.headers(), payload, &shared.bodies.webhooks).await {
        Ok(body) => body,
        Err(refusal) => return refused_body(refusal),
    };
    let app = Arc::clone(&shared.app);
    let taking = async move { Ok(take(&app, &endpoint, &signature, &body).await) };
    let answered = on_the_runtime(&shared, taking).await;
    answered.unwrap_or(Answered::NotStored).into_http()
}

fn refused_body(refusal: Refusal) -> HttpResponse {
    let mut answer = HttpResponse::build(status(refusal.outcome, Media::GraphqlResponse));
    if refusal.outcome == Outcome::Overloaded {
        answer.insert_header((RETRY_AFTER, AGAIN_AFTER));
    }
    answer.body(refusal.message)
}

/// `None` when it cannot be done, which is logged.
async fn on_the_runtime<T: Send + 'static>(
    shared: &Shared,
    work: impl Future<Output = Result<T, Error>> + Send + 'static,
) -> Option<T> {
    match shared.runtime.spawn(work).await {
        Ok(Ok(done)) => Some(done),
        Ok(Err(error)) => {
            tracing::error!(%error, "a webhook could not be taken");
            None
        }
        Err(panic) => {
            tracing::error!(%panic, "a webhook could not be taken");
            None
        }
    }
}

/// The endpoint of an integration whose webhooks are on.
async fn find(app: &App, id: &str) -> Result<Option<Endpoint>, Error> {
    let Some((IdType::Integration, integration_id)) = id::decode(&ID::from(id)) else {
        return Ok(None);
    };
    let Some(integration) = store::integration::find(app.db.read(), integration_id).await? else {
        return Ok(None);
    };
    let secrets = app.webhook_secrets(&integration)?;
    Ok((!secrets.is_empty()).then_some(Endpoint { integration, secrets }))
}

async fn take(app: &Arc<App>, endpoint: &Endpoint, signature: &str, body: &[u8]) -> Answered {
    let Endpoint { integration, secrets } = endpoint;
    if let Err(error) = verify(signature, body, secrets, app.clock.now().timestamp()) {
        tracing::info!(%error, integration = %integration.id.simple(), "a webhook is not believed");
        return Answered::Refused("the signature does not fit");
    }
    let body = body::unmarked(body);
    let Ok(envelope) = envelope(body) else {
        return Answered::Refused("the body is no event");
    };
    let event = row(app, integration, envelope, body);
    if app.intake.put(&app.db, event).await.is_err() {
        return Answered::NotStored;
    }
    app.wake.notify_one();
    Answered::Stored
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
