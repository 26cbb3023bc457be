//! Whether the server is alive, and whether it can work.

use std::time::Duration;

use actix_web::{HttpResponse, web};

use super::Shared;
use crate::store;

const PATIENCE: Duration = Duration::from_secs(2);

pub(super) fn routes(routes: &mut web::ServiceConfig) {
    routes
        .route("/healthz", web::get().to(healthz))
        .route("/readyz", web::get().to(readyz));
}

/// The process answers.
async fn healthz() -> HttpResponse {
    HttpResponse::Ok().body("ok")
}

/// The database answers too.
async fn readyz(shared: web::Data<Shared>) -> HttpResponse {
    let db = shared.app.db.clone();
    let asked = shared.runtime.spawn(async move { store::db::ping(&db).await });
    match tokio::time::timeout(PATIENCE, asked).await {
        Ok(Ok(Ok(()))) => HttpResponse::Ok().body("ok"),
        _ => HttpResponse::ServiceUnavailable().body("the database does not answer"),
    }
}
