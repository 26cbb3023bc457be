//! Whether the server is alive, and whether it can work.

use std::sync::Arc;
use std::time::Duration;

use actix_web::{HttpResponse, web};
use tokio_util::task::AbortOnDropHandle;

use super::Shared;
use crate::store::Failure;

const PATIENCE: Duration = Duration::from_secs(2);
const UNANSWERED: &str = "the database does not answer";

pub(super) fn routes(routes: &mut web::ServiceConfig) {
    routes
        .route("/healthz", web::get().to(healthz))
        .route("/readyz", web::get().to(readyz));
}

/// The process answers.
async fn healthz() -> HttpResponse {
    HttpResponse::Ok().body("ok")
}

/// The database can be written too.
async fn readyz(shared: web::Data<Shared>) -> HttpResponse {
    let app = Arc::clone(&shared.app);
    let asked = shared
        .runtime
        .spawn(async move { app.db.check_writable(app.clock.now_ms()).await });
    let reason = match tokio::time::timeout(PATIENCE, AbortOnDropHandle::new(asked)).await {
        Ok(Ok(Ok(()))) => return HttpResponse::Ok().body("ok"),
        Ok(Ok(Err(Failure::DiskFull))) => "the disk of the database is full",
        Ok(Ok(Err(Failure::Unwritable))) => "the database cannot be written",
        _ => UNANSWERED,
    };
    HttpResponse::ServiceUnavailable().body(reason)
}
