//! People: making them, and signing them in.

use entity::kind::Scope;
use entity::user;
use uuid::Uuid;

use super::{Caller, Peer, Proof, email, password, session};
use crate::app::App;
use crate::error::{Code, Error};
use crate::store;

const MAX_NAME_CHARS: usize = 100;

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
    let name = check_name(new.name.unwrap_or(address))?;
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

fn check_name(name: &str) -> Result<&str, Error> {
    let name = name.trim();
    let refused = |code, message: String| Err(Error::refused(&["name"], code, message));
    match name.chars().count() {
        0 => refused(Code::Required, "Give a name.".into()),
        _ if name.chars().any(char::is_control) => refused(Code::Invalid, "A name has no control characters.".into()),
        1..=MAX_NAME_CHARS => Ok(name),
        _ => refused(
            Code::TooLong,
            format!("A name has at most {MAX_NAME_CHARS} characters."),
        ),
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
