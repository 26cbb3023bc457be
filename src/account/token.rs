//! Tokens of scripts: `trib_`, 30 random characters, and a checksum by which junk is told without asking the database.

use entity::kind::Scope;
use entity::{api_token, user};
use uuid::Uuid;

use super::{Caller, Proof, TOUCH_MS, name, note, secret};
use crate::app::App;
use crate::error::{Code, Error};
use crate::store;

const PREFIX: &str = "trib_";
const RANDOM_CHARS: usize = 30;
const CHECKSUM_CHARS: usize = 6;
const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const MAX_IDEMPOTENCY_KEY_CHARS: usize = 200;

/// What a new token is made of.
#[derive(Debug)]
pub struct NewToken {
    /// What it is for.
    pub name: String,
    /// What it may do at most.
    pub scope: Scope,
    /// Unix milliseconds; `None`: it does not expire.
    pub expires_at: Option<i64>,
    /// The caller's key against making it twice.
    pub idempotency_key: Option<String>,
}

/// Makes a token of `owner` and gives its secret, which is stored nowhere. The same idempotency key gives the same token again,
/// without the secret.
pub async fn create(
    app: &App,
    owner: &user::Model,
    new: NewToken,
) -> Result<(api_token::Model, Option<String>), Error> {
    let name = name::check(&new.name, "Say what the token is for.")?.to_owned();
    check_idempotency_key(new.idempotency_key.as_deref())?;
    let now = app.clock.now_ms();
    if new.expires_at.is_some_and(|at| at <= now) {
        return Err(Error::refused(
            &["expiresAt"],
            Code::OutOfRange,
            "This is not in the future.",
        ));
    }
    let secret = generate()?;
    let row = api_token::Model {
        id: Uuid::now_v7(),
        user_id: owner.id,
        name,
        display: display(&secret),
        secret_hash: secret::digest(&secret),
        scope: new.scope,
        idempotency_key: new.idempotency_key,
        created_at: now,
        last_used_at: None,
        expires_at: new.expires_at,
        revoked_at: None,
    };
    if store::token::insert(app.db.write(), row.clone()).await? {
        return Ok((row, Some(secret)));
    }
    replay(app, &row).await.map(|row| (row, None))
}

/// The token that was made with this idempotency key, if it was the same request.
async fn replay(app: &App, row: &api_token::Model) -> Result<api_token::Model, Error> {
    let key = row.idempotency_key.as_deref().unwrap_or_default();
    let earlier = store::token::find_by_idempotency_key(app.db.read(), row.user_id, key)
        .await?
        .ok_or_else(|| Error::Internal("a token could not be stored".into()))?;
    let parts = |row: &api_token::Model| (row.name.clone(), row.scope, row.expires_at);
    if parts(&earlier) == parts(row) {
        return Ok(earlier);
    }
    let message = "This key was used for a token with another name, scope or end.";
    Err(Error::refused(&["idempotencyKey"], Code::IdempotencyMismatch, message))
}

/// Refuses what `caller` may not hand on: a scope above its own or, from a token that expires, a later end.
pub fn check_grant(caller: &Caller, new: &NewToken) -> Result<(), Error> {
    if new.scope > caller.scope {
        let message = "A token may do at most what you may do yourself.";
        return Err(Error::refused(&["scope"], Code::OutOfRange, message));
    }
    let Proof::Token(api_token::Model {
        expires_at: Some(end), ..
    }) = &caller.proof
    else {
        return Ok(());
    };
    if new.expires_at.is_none_or(|at| at > *end) {
        let message = "A token that expires makes only tokens that expire no later.";
        return Err(Error::refused(&["expiresAt"], Code::OutOfRange, message));
    }
    Ok(())
}

/// Revokes a token of the caller, or anybody's if the caller is an ADMIN. Doing it twice is harmless.
pub async fn revoke(app: &App, caller: &Caller, id: Uuid) -> Result<(), Error> {
    let row = store::token::find(app.db.read(), id).await?.ok_or(Error::NotFound)?;
    if row.user_id != caller.user.id && caller.scope < Scope::Admin {
        return Err(Error::NotFound);
    }
    Ok(store::token::revoke(app.db.write(), id, app.clock.now_ms()).await?)
}

/// Who the bearer `token` belongs to; `None` when it is junk, expired or revoked, or the user is disabled. Counts as a
/// use.
pub async fn find_caller(app: &App, token: &str) -> Result<Option<Caller>, Error> {
    let found = find_live(app, token).await?;
    let now = app.clock.now_ms();
    if let Some(Proof::Token(row)) = found.as_ref().map(|caller| &caller.proof)
        && row.last_used_at.is_none_or(|at| now - at >= TOUCH_MS)
    {
        note(store::token::touch(app.db.write(), row.id, now)).await;
    }
    Ok(found)
}

/// The same, without counting as a use.
pub async fn find_live(app: &App, token: &str) -> Result<Option<Caller>, Error> {
    if !has_checksum(token) {
        return Ok(None);
    }
    let now = app.clock.now_ms();
    let row = store::token::find_by_secret_hash(app.db.read(), &secret::digest(token)).await?;
    let Some(row) = row.filter(|row| row.revoked_at.is_none() && row.expires_at.is_none_or(|at| now < at)) else {
        return Ok(None);
    };
    let user = store::user::find(app.db.read(), row.user_id).await?;
    let Some(user) = user.filter(|user| user.enabled) else {
        return Ok(None);
    };
    Ok(Some(Caller {
        scope: row.scope.min(user.role),
        user,
        proof: Proof::Token(row),
    }))
}

fn check_idempotency_key(key: Option<&str>) -> Result<(), Error> {
    let refused = |code, message: String| Err(Error::refused(&["idempotencyKey"], code, message));
    match key.map(|key| key.chars().count()) {
        None | Some(1..=MAX_IDEMPOTENCY_KEY_CHARS) => Ok(()),
        Some(0) => refused(Code::Required, "Leave the key out or give one.".into()),
        Some(_) => refused(
            Code::TooLong,
            format!("A key has at most {MAX_IDEMPOTENCY_KEY_CHARS} characters."),
        ),
    }
}

fn generate() -> Result<String, Error> {
    let mut random = String::with_capacity(RANDOM_CHARS);
    while random.len() < RANDOM_CHARS {
        // Bytes past the largest multiple of 62 are thrown away: the rest would favour the first letters.
        let fair = secret::random_bytes::<RANDOM_CHARS>()?
            .into_iter()
            .filter(|&byte| byte < 248);
        random.extend(fair.map(|byte| char::from(BASE62[usize::from(byte % 62)])));
    }
    random.truncate(RANDOM_CHARS);
    Ok(format!("{PREFIX}{random}{}", checksum(&random)))
}

/// Prefix and last four characters.
fn display(token: &str) -> String {
    format!("{PREFIX}…{}", &token[token.len() - 4..])
}

fn has_checksum(token: &str) -> bool {
    token
        .strip_prefix(PREFIX)
        .filter(|rest| rest.is_ascii())
        .and_then(|rest| rest.split_at_checked(RANDOM_CHARS))
        .is_some_and(|(random, sum)| checksum(random) == sum)
}

/// CRC-32 in base 62, six characters.
fn checksum(text: &str) -> String {
    let mut rest = crc32(text.as_bytes());
    let mut digits = [b'0'; CHECKSUM_CHARS];
    for digit in digits.iter_mut().rev() {
        *digit = usize::try_from(rest % 62).map_or(b'0', |at| BASE62[at]);
        rest /= 62;
    }
    digits.iter().copied().map(char::from).collect()
}

/// CRC-32 as in zip and PNG.
fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32| {
        if crc & 1 == 1 {
            (crc >> 1) ^ 0xEDB8_8320
        } else {
            crc >> 1
        }
    };
    let add = |crc: u32, byte: &u8| (0..8).fold(crc ^ u32::from(*byte), |crc, _bit| step(crc));
    !bytes.iter().fold(!0, add)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_crc_32() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
        assert_eq!(checksum("").len(), CHECKSUM_CHARS);
    }

    #[test]
    fn one_changed_character_is_noticed() {
        let token = generate().unwrap();
        assert_eq!(token.len(), PREFIX.len() + RANDOM_CHARS + CHECKSUM_CHARS);
        assert!(has_checksum(&token));
        for at in 0..token.len() {
            let mut changed = token.clone().into_bytes();
            changed[at] = if changed[at] == b'x' { b'y' } else { b'x' };
            assert!(!has_checksum(&String::from_utf8(changed).unwrap()), "character {at}");
        }
        for junk in ["", "trib_", "trib_é", &token[..40], &format!("{token}0")] {
            assert!(!has_checksum(junk), "{junk}");
        }
    }

    #[test]
    fn tokens_differ_and_show_only_their_end() {
        let (one, other) = (generate().unwrap(), generate().unwrap());
        assert_ne!(one, other);
        assert_eq!(display(&one), format!("trib_…{}", &one[37..]));
    }
}
