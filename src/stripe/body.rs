//! Reads the bodies of answers, never more of them than an honest answer has.

use reqwest::Response;
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use serde_json::Value;

use super::attempt::Attempt;
use super::json;

/// A page of 100 invoices with ten lines each is about 3 MB; nothing honest comes near this.
const ANSWER_LIMIT: usize = 64 << 20;
/// Stripe says what is wrong in a few hundred bytes.
const REFUSAL_LIMIT: usize = 64 << 10;
const JSON: &[u8] = b"application/json";

/// The JSON of an answer.
pub(super) async fn read_json(response: Response) -> Result<Value, Attempt> {
    if !is_json(response.headers()) {
        return Err(Attempt::odd("the answer is not JSON"));
    }
    let bytes = read(response, ANSWER_LIMIT).await?;
    json::read(&bytes).map_err(|_syntax| Attempt::odd("the answer is not whole JSON"))
}

/// Unless something says that it is not: a page of somebody between may begin like JSON, too.
fn is_json(headers: &HeaderMap) -> bool {
    headers.get(CONTENT_TYPE).is_none_or(|kind| {
        let kind = kind.as_bytes();
        kind.get(..JSON.len())
            .is_some_and(|kind| kind.eq_ignore_ascii_case(JSON))
    })
}

/// What is said of a request that was refused; nothing where it does not arrive.
pub(super) async fn read_refusal(response: Response) -> Vec<u8> {
    read(response, REFUSAL_LIMIT).await.unwrap_or_default()
}

async fn read(mut response: Response, limit: usize) -> Result<Vec<u8>, Attempt> {
    let announced = usize::try_from(response.content_length().unwrap_or(0)).unwrap_or(0);
    let mut bytes = Vec::with_capacity(announced.min(limit));
    while let Some(chunk) = response.chunk().await.map_err(|error| Attempt::broken(&error))? {
        if bytes.len() + chunk.len() > limit {
            return Err(Attempt::odd("the answer does not end"));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}
