//! People: making them, and signing them in.

use entity::kind::Scope;
use entity::user;
use uuid::Uuid;

use super::{Caller, Peer, Proof, email, name, password, session};
use crate::app::App;
use crate::error::{Code, Error};
use crate::store;

/// What a new person is made of.
#[derive(Debug)]
pub struct NewUser<'a> {
    /// The address to sign in with.
    pub email: &'a str,
    /// The name people see; the address when it is not given.
    pub name: Option<&'a str>,
    /// What the person may do.
    pub role: Scope,
    /// The password, bytes exactly as given.
    pub password: &'a str,
}

/// Makes a person who may sign in.
pub async fn create(app: &App, new: NewUser<'_>) -> Result<user::Model, Error> {
    let address = email::check(new.email)?;
    let name = new.name.map_or(Ok(address), |name| name::check(name, "Give a name."))?;
    password::check_new(new.password, &["password"])?;
    let row = user::Model {
        id: Uuid::now_v7(),
        email: address.to_owned(),
        email_key: email::key(address),
        name: name.to_owned(),
        role: new.role,
        password_hash: password::hash(new.password).await?,
        enabled: true,
        created_at: app.clock.now_ms(),
        last_sign_in_at: None,
    };
    if store::user::insert(app.db.write(), row.clone()).await? {
        Ok(row)
    } else {
        let message = "There is a user with this e-mail address already.";
        Err(Error::refused(&["email"], Code::AlreadyExists, message))
    }
}

/// Begins a fresh session for whoever knows `address` and `password`; gives the cookie's secret beside it. A wrong password, an
/// unknown address and a disabled user are told apart by nothing, the time it takes included.
pub async fn sign_in(app: &App, address: &str, password: &str, peer: &Peer) -> Result<(Caller, String), Error> {
    let found = store::user::find_by_email_key(app.db.read(), &email::key(address)).await?;
    let is_right = password::verify(password, found.as_ref().map(|user| user.password_hash.as_str())).await?;
    let user = found
        .filter(|user| is_right && user.enabled)
        .ok_or_else(|| Error::refused(&[], Code::BadCredentials, "E-mail or password is wrong."))?;
    let (row, secret) = session::begin(app, user.id, peer).await?;
    let caller = Caller {
        scope: user.role,
        user: user::Model {
            last_sign_in_at: Some(row.created_at),
            ..user
        },
        proof: Proof::Session(row),
    };
    Ok((caller, secret))
}
