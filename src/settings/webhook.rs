//! The signing secret of the webhook endpoint that an admin has made in Stripe.

use entity::integration;
use sea_orm::{ActiveModelTrait, Set};
use secrecy::{ExposeSecret, SecretString};
use uuid::Uuid;

use crate::app::{App, WEBHOOK_SECRET, WEBHOOK_SECRET_BEFORE};
use crate::error::{Code, Error};

/// Stripe signs with both secrets so long after one was rolled (docs.stripe.com/webhooks).
const BOTH_MS: i64 = 24 * 3_600_000;
const PREFIX: &str = "whsec_";
const LENGTHS: std::ops::RangeInclusive<usize> = 16..=240;
const TAIL: usize = 4;

/// Sets the signing secret, or turns webhooks off. The one before stays good for a day; the same again changes nothing.
pub async fn set_webhook_secret(
    app: &App,
    integration_id: Uuid,
    secret: Option<SecretString>,
) -> Result<integration::Model, Error> {
    if let Some(secret) = &secret {
        check(secret.expose_secret())?;
    }
    let tx = app.db.begin().await?;
    let known = super::get(&tx, integration_id).await?;
    // One that does not open any more, because the key file is another one, is replaced as if there had been none.
    let before = app.webhook_secret(&known).unwrap_or_else(|error| {
        tracing::warn!(%error, "the signing secret before could not be opened");
        None
    });
    let same = |secret: &SecretString| {
        before
            .as_ref()
            .is_some_and(|before| before.expose_secret() == secret.expose_secret())
    };
    if secret.as_ref().is_some_and(same) {
        return Ok(known);
    }
    let seal = |purpose, secret: &SecretString| {
        app.vault
            .seal(purpose, known.id, secret)
            .map_err(|error| Error::Internal(error.to_string()))
    };
    let rolled = before.filter(|_| secret.is_some());
    let row = integration::ActiveModel {
        id: Set(known.id),
        webhook_secret: Set(secret.as_ref().map(|secret| seal(WEBHOOK_SECRET, secret)).transpose()?),
        webhook_secret_display: Set(secret.as_ref().map(|secret| display(secret.expose_secret()))),
        webhook_secret_before: Set(rolled
            .as_ref()
            .map(|secret| seal(WEBHOOK_SECRET_BEFORE, secret))
            .transpose()?),
        webhook_secret_before_until: Set(rolled.map(|_| app.clock.now_ms() + BOTH_MS)),
        ..Default::default()
    };
    let updated = row.update(&tx).await?;
    tx.commit().await?;
    Ok(updated)
}

fn check(secret: &str) -> Result<(), Error> {
    let is_key = ["sk_", "rk_", "pk_"].iter().any(|prefix| secret.starts_with(prefix));
    let rest = secret.strip_prefix(PREFIX).unwrap_or_default();
    let is_secret = LENGTHS.contains(&rest.len())
        && rest
            .chars()
            .all(|letter| letter.is_ascii_alphanumeric() || "+/=_-".contains(letter));
    let message = if secret.is_empty() {
        "The secret is blank. Give null to turn webhooks off."
    } else if is_key {
        "This is an API key. The signing secret of the webhook endpoint begins with whsec_; Stripe shows it on the endpoint's page."
    } else if is_secret {
        return Ok(());
    } else {
        "This is no signing secret: whsec_ and 16 to 240 letters and digits, without spaces."
    };
    Err(Error::refused(&["secret"], Code::KeyMalformed, message))
}

fn display(secret: &str) -> String {
    let tail = secret.len().saturating_sub(TAIL);
    format!("{PREFIX}…{}", secret.get(tail..).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_signing_secrets_are_taken() {
        assert!(check("whsec_0123456789abcdef").is_ok());
        for bad in [
            "",
            "whsec_",
            "whsec_short",
            "whsec_0123456789 abcdef",
            "whsec_0123456789abcdef\n",
            "sk_test_0123456789abcdef",
            "0123456789abcdef0123",
            "whsec_0123456789abcdé0",
        ] {
            assert!(check(bad).is_err(), "{bad}");
        }
        assert!(check(&format!("whsec_{}", "a".repeat(241))).is_err());
    }

    #[test]
    fn shown_without_its_middle() {
        assert_eq!(display("whsec_0123456789abcdef"), "whsec_…cdef");
    }
}
