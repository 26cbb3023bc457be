//! Signed-in browsers: a random cookie of which only the SHA-256 is stored, with an idle and an absolute end.

use entity::session;
use uuid::Uuid;

use super::{Caller, Peer, Proof, TOUCH_MS, note, secret};
use crate::app::App;
use crate::error::Error;
use crate::store;

/// A session ends after this long without a call, milliseconds.
pub const IDLE_MS: i64 = 60 * 60 * 1000;
/// A session ends after this long whatever happens, milliseconds.
pub const ABSOLUTE_MS: i64 = 12 * 60 * 60 * 1000;

const SECRET_BYTES: usize = 32;
const MAX_USER_AGENT_CHARS: usize = 400;

/// Begins a session; gives the cookie's secret beside it, which is stored nowhere.
pub async fn begin(app: &App, user_id: Uuid, peer: &Peer) -> Result<(session::Model, String), Error> {
    let secret = hex::encode(secret::random_bytes::<SECRET_BYTES>()?);
    let now = app.clock.now_ms();
    let row = session::Model {
        id: Uuid::now_v7(),
        user_id,
        secret_hash: secret::digest(&secret),
        created_at: now,
        last_seen_at: now,
        expires_at: now + ABSOLUTE_MS,
        ip: peer.ip.map(|ip| ip.to_string()),
        user_agent: peer.user_agent.as_deref().map(shorten),
    };
    let transaction = app.db.begin().await?;
    store::session::delete_ended(&transaction, now, now - IDLE_MS).await?;
    store::session::insert(&transaction, row.clone()).await?;
    store::user::record_sign_in(&transaction, user_id, now).await?;
    transaction.commit().await?;
    Ok((row, secret))
}

fn shorten(text: &str) -> String {
    text.chars()
        .filter(|c| !c.is_control())
        .take(MAX_USER_AGENT_CHARS)
        .collect()
}

/// Who the cookie's `secret` belongs to; `None` when the session has ended or the user is disabled. Counts as a call.
pub async fn find_caller(app: &App, secret: &str) -> Result<Option<Caller>, Error> {
    let found = find_live(app, secret).await?;
    let now = app.clock.now_ms();
    if let Some(Proof::Session(row)) = found.as_ref().map(|caller| &caller.proof)
        && now - row.last_seen_at >= TOUCH_MS
    {
        note(store::session::touch(app.db.write(), row.id, now)).await;
    }
    Ok(found)
}

/// The same, without counting as a call: an open socket does not keep its session from ending.
pub async fn find_live(app: &App, secret: &str) -> Result<Option<Caller>, Error> {
    if secret.len() != SECRET_BYTES * 2 {
        return Ok(None);
    }
    let now = app.clock.now_ms();
    let row = store::session::find_by_secret_hash(app.db.read(), &secret::digest(secret)).await?;
    let Some(row) = row.filter(|row| is_live(row, now)) else {
        return Ok(None);
    };
    let user = store::user::find(app.db.read(), row.user_id).await?;
    let Some(user) = user.filter(|user| user.enabled) else {
        return Ok(None);
    };
    Ok(Some(Caller {
        scope: user.role,
        user,
        proof: Proof::Session(row),
    }))
}

fn is_live(row: &session::Model, now: i64) -> bool {
    now < row.expires_at && now < row.last_seen_at + IDLE_MS
}

/// The user's sessions that have not ended, newest first.
pub async fn list_live(app: &App, user_id: Uuid) -> Result<Vec<session::Model>, Error> {
    let now = app.clock.now_ms();
    let mut rows = store::session::list_of_user(app.db.read(), user_id).await?;
    rows.retain(|row| is_live(row, now));
    Ok(rows)
}

/// Ends a session.
pub async fn end(app: &App, id: Uuid) -> Result<(), Error> {
    Ok(store::session::delete(app.db.write(), id).await?)
}
