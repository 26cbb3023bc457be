//! `/graphql`: from a request to its answer.

use std::sync::Arc;
use std::time::Duration;

use actix_web::web::{self, Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use async_graphql::parser::types::OperationType;
use async_graphql::{Request, Response};
use tokio::runtime::Handle;
use tokio::time::timeout;
use tokio_util::task::AbortOnDropHandle;
use tracing::Instrument;

use super::answer::{self, Refusal};
use super::bodies::Body;
use super::credentials::{self, Shown};
use super::negotiate::{self, Media, Outcome};
use super::{Shared, body, headers, origin, socket};
use crate::account::{Caller, Peer};
use crate::graphql::{Executed, guard, request_data};
use crate::store::db::api_request;

const OPERATION_TIMEOUT: Duration = Duration::from_secs(10);

pub(super) fn routes(routes: &mut web::ServiceConfig) {
    let graphql = web::resource("/graphql")
        .route(web::post().to(post))
        .route(web::get().to(get));
    routes.service(graphql);
}

async fn post(http: HttpRequest, payload: Payload, shared: Data<Shared>) -> HttpResponse {
    let read = async {
        body::check_type(http.headers())?;
        let caller = identify(&http, &shared).await?;
        let share = match caller {
            Some(_) => &shared.bodies.callers,
            None => &shared.bodies.strangers,
        };
        let body = body::read(http.headers(), payload, share).await?;
        Ok(Asked {
            request: body::parse(&body)?,
            caller,
            body: Some(body),
        })
    };
    respond(&http, &shared, read).await
}

async fn get(http: HttpRequest, payload: Payload, shared: Data<Shared>) -> HttpResponse {
    if socket::is_wanted(http.headers()) {
        return socket::open(&http, payload, shared.into_inner());
    }
    let read = async {
        let caller = identify(&http, &shared).await?;
        Ok(Asked {
            request: body::parse_query(http.query_string())?,
            caller,
            body: None,
        })
    };
    respond(&http, &shared, read).await
}

/// Who asks. Looked at before anything is read: a bad token is not worth a body.
async fn identify(http: &HttpRequest, shared: &Data<Shared>) -> Result<Option<Caller>, Refusal> {
    let shown = credentials::read(http, &shared.app, &shared.origin)?;
    if matches!(shown, Shown::Nothing) {
        return Ok(None);
    }
    let app = Arc::clone(&shared.app);
    let asked = async move { credentials::identify(&app, shown).await };
    let work = Box::pin(api_request::scope(api_request::alone(), asked));
    on_the_runtime(&shared.runtime, OPERATION_TIMEOUT, work).await
}

async fn respond(
    http: &HttpRequest,
    shared: &Data<Shared>,
    read: impl Future<Output = Result<Asked, Refusal>>,
) -> HttpResponse {
    let id = headers::id_of(http);
    let Some(media) = negotiate::media(http.headers()) else {
        let message = "Accept application/graphql-response+json or application/json.";
        return Refusal::new(Outcome::NotAcceptable, message).into_http(Media::Json, &id);
    };
    let asked = match read.await {
        Ok(asked) => asked,
        Err(refusal) => return refusal.into_http(media, &id),
    };
    let call = Call {
        asked,
        peer: origin::peer(http, &shared.app.config.trusted_proxies),
        is_get: http.method() == actix_web::http::Method::GET,
    };
    let span = tracing::info_span!("graphql", request = id);
    let turns = match &call.asked.caller {
        Some(caller) => shared.turns.of(caller.user.id),
        None => api_request::alone(),
    };
    let work = api_request::scope(turns, call.execute(Arc::clone(shared))).instrument(span);
    match on_the_runtime(&shared.runtime, OPERATION_TIMEOUT, work).await {
        Ok((response, executed)) => answer::from_response(response, executed, media, &id),
        Err(refusal) => refusal.into_http(media, &id),
    }
}

/// Works on the program's own runtime: the worker stays free for its sockets, and a panic ends the task, not the connection. The
/// work ends when the client leaves.
async fn on_the_runtime<T: Send + 'static>(
    runtime: &Handle,
    limit: Duration,
    work: impl Future<Output = Result<T, Refusal>> + Send + 'static,
) -> Result<T, Refusal> {
    let task = AbortOnDropHandle::new(runtime.spawn(work));
    match timeout(limit, task).await {
        Ok(Ok(done)) => done,
        Ok(Err(error)) => {
            tracing::error!(%error, "a request panicked");
            Err(Refusal::new(Outcome::Broken, answer::BROKEN))
        }
        Err(_elapsed) => {
            let message = "The operation took too long; ask for less at a time.";
            Err(Refusal::new(Outcome::Timeout, message))
        }
    }
}

/// A request, read and not yet looked into, and who asks.
struct Asked {
    request: Request,
    caller: Option<Caller>,
    /// Held until the answer is there: what was made of it takes as much.
    body: Option<Body>,
}

/// A request on its way.
struct Call {
    asked: Asked,
    peer: Peer,
    is_get: bool,
}

impl Call {
    /// Gives the response, and whether anything was executed.
    async fn execute(self, shared: Arc<Shared>) -> Result<(Response, bool), Refusal> {
        let Self { asked, peer, is_get } = self;
        let Asked {
            mut request,
            caller,
            body: _held,
        } = asked;
        match guard::admit(&mut request, caller.as_ref()) {
            Err(error) => return Ok((Response::from_errors(vec![error]), false)),
            Ok(Some(OperationType::Subscription)) => {
                let message = "Subscriptions are taken over a WebSocket (graphql-transport-ws) only.";
                let error = guard::refuse("BAD_REQUEST", message, None);
                return Ok((Response::from_errors(vec![error]), false));
            }
            Ok(Some(OperationType::Mutation)) if is_get => {
                return Err(Refusal::new(
                    Outcome::WrongMethod,
                    "GET is for queries; send this by POST.",
                ));
            }
            Ok(_) => {}
        }
        let executed = Executed::default();
        request_data(&shared.app, &mut request.data);
        request = request.data(executed.clone()).data(peer);
        request = match caller {
            Some(caller) => request.data(caller),
            None => request.disable_introspection(),
        };
        Ok((shared.schema.execute(request).await, executed.get()))
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use tokio::sync::oneshot;

    use super::*;

    const LONG: Duration = Duration::from_secs(30);

    async fn outcome(
        limit: Duration,
        work: impl Future<Output = Result<(), Refusal>> + Send + 'static,
    ) -> Option<Outcome> {
        let done = on_the_runtime(&Handle::current(), limit, work).await;
        done.err().map(|refusal| refusal.outcome)
    }

    #[tokio::test]
    async fn a_panic_is_a_failure_of_ours() {
        let panics = async { std::panic::panic_any("a resolver's secret") };
        assert_eq!(outcome(LONG, panics).await, Some(Outcome::Broken));
        assert_eq!(outcome(LONG, async { Ok(()) }).await, None);
    }

    #[tokio::test]
    async fn what_takes_too_long_is_ended() {
        let (sender, ended) = oneshot::channel::<()>();
        let work = async move {
            let _held = sender;
            pending().await
        };
        assert_eq!(outcome(Duration::from_millis(1), work).await, Some(Outcome::Timeout));
        assert!(timeout(LONG, ended).await.unwrap().is_err());
    }

    #[tokio::test]
    async fn work_ends_when_the_client_leaves() {
        let (sender, ended) = oneshot::channel::<()>();
        let work = async move {
            let _held = sender;
            pending().await
        };
        assert!(timeout(Duration::from_millis(1), outcome(LONG, work)).await.is_err());
        assert!(timeout(LONG, ended).await.unwrap().is_err());
    }
}
