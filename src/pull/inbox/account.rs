//! What Stripe says of the account itself: its time zone. Its name here is the admin's own word, and stays.

use serde_json::Value;

use super::event::Event;
use crate::pull::halt::Halt;
use crate::pull::rules::Rules;
use crate::stripe::object::is_word;
use crate::stripe::{Client, Error};

/// The account's time zone as an event tells it, or as Stripe does where the event does not; `None` where nobody tells. Only a refused
/// key is a reason to stop.
pub(super) async fn timezone(client: &Client, rules: &Rules, event: &Event) -> Result<Option<String>, Halt> {
    // By a key that might not say whose it is, there is nothing to ask for.
    let Some(own) = rules.account.as_deref() else {
        return Ok(None);
    };
    if let Some(told) = event
        .snapshot()
        .filter(|account| account["id"] == own)
        .and_then(timezone_of)
    {
        return Ok(Some(told));
    }
    match client.account().await {
        Ok(account) => Ok(timezone_of(&account).filter(|_| account["id"] == own)),
        Err(error @ Error::KeyRejected { .. }) => Err(error.into()),
        Err(error) => {
            tracing::debug!(%error, "the account cannot be read");
            Ok(None)
        }
    }
}

fn timezone_of(account: &Value) -> Option<String> {
    let name = account["settings"]["dashboard"]["timezone"].as_str()?;
    is_word(name).then(|| name.to_owned())
}
