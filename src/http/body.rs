//! Reading a GraphQL request, from a JSON body or from a query string. Nothing is taken that is not exactly one request.

use std::time::Duration;

use actix_web::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap};
use actix_web::web::Payload;
use async_graphql::{Request, Variables};
use futures_util::StreamExt;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::answer::Refusal;
use super::bodies::{Body, Full, Share};
use super::negotiate::Outcome;

const MAX_VARIABLES_BYTES: usize = 512 * 1024;
const BODY_TIMEOUT: Duration = Duration::from_secs(10);

fn malformed(message: impl Into<String>) -> Refusal {
    Refusal::new(Outcome::Malformed, message)
}

/// Refuses any body but plain `application/json` in UTF-8. Browsers ask before they send that across sites, other forms not.
pub(super) fn check_type(headers: &HeaderMap) -> Result<(), Refusal> {
    let unsupported = |message| Err(Refusal::new(Outcome::UnsupportedBody, message));
    let encoding = headers
        .get(CONTENT_ENCODING)
        .map(|value| value.to_str().unwrap_or_default());
    if encoding.is_some_and(|encoding| !encoding.eq_ignore_ascii_case("identity")) {
        return unsupported("Send the body as it is, not compressed.");
    }
    let content_type = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let mut parts = content_type.split(';').map(str::trim);
    let is_json = parts
        .next()
        .is_some_and(|media| media.eq_ignore_ascii_case("application/json"));
    let is_utf_8 = parts.filter_map(|part| part.split_once('=')).all(|(name, value)| {
        !name.trim().eq_ignore_ascii_case("charset") || value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
    });
    if headers.get_all(CONTENT_TYPE).count() == 1 && is_json && is_utf_8 {
        Ok(())
    } else {
        unsupported("Send the request as application/json in UTF-8.")
    }
}

/// Reads a body into `share`, in at most 10 s.
pub(super) async fn read(headers: &HeaderMap, payload: Payload, share: &Share) -> Result<Body, Refusal> {
    let most = share.of_one;
    let too_large = || Refusal::new(Outcome::TooLarge, format!("A body of yours has at most {most} bytes."));
    let announced = headers
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|bytes| usize::try_from(bytes).map_or(true, |bytes| bytes > most)) {
        return Err(too_large());
    }
    let reading = async {
        let mut payload = payload;
        let mut body = share.begin();
        while let Some(chunk) = payload.next().await {
            let chunk = chunk.map_err(|_cut_off| malformed("The body ended early."))?;
            if body.len() + chunk.len() > most {
                return Err(too_large());
            }
            body.add(&chunk).map_err(|Full| overloaded())?;
        }
        Ok(body)
    };
    tokio::time::timeout(BODY_TIMEOUT, reading)
        .await
        .map_err(|_elapsed| Refusal::new(Outcome::BodyTimeout, "The body came too slowly."))?
}

fn overloaded() -> Refusal {
    let message = "Too many requests are being read; send this one again in a moment.";
    Refusal::new(Outcome::Overloaded, message)
}

/// A body without the byte order mark that some programs put before JSON.
pub(super) fn unmarked(body: &[u8]) -> &[u8] {
    body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body)
}

/// The parts of a request, their types not yet checked. A part that is given twice is refused; others than these are ignored.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Parts<'a> {
    #[serde(borrow)]
    query: Option<&'a RawValue>,
    #[serde(borrow)]
    operation_name: Option<&'a RawValue>,
    #[serde(borrow)]
    variables: Option<&'a RawValue>,
    #[serde(borrow)]
    extensions: Option<&'a RawValue>,
}

/// The request in a JSON body.
pub(super) fn parse(body: &[u8]) -> Result<Request, Refusal> {
    let text = str::from_utf8(unmarked(body)).map_err(|_utf8| malformed("The body is not UTF-8."))?;
    if text.trim_start().starts_with('[') {
        return Err(malformed("Batches are not taken; send one request at a time."));
    }
    let parts: Parts<'_> = serde_json::from_str(text)
        .map_err(|_json| malformed("The body is not a JSON object as GraphQL over HTTP has it."))?;
    let query = text_of(parts.query, "query")?.ok_or_else(|| malformed("\"query\" is missing."))?;
    let mut request = Request::new(query);
    request.operation_name = text_of(parts.operation_name, "operationName")?;
    request.variables = variables(parts.variables.map(RawValue::get))?;
    check_map(parts.extensions.map(RawValue::get), "extensions")?;
    Ok(request)
}

fn text_of(part: Option<&RawValue>, name: &str) -> Result<Option<String>, Refusal> {
    let parse = |part: &RawValue| serde_json::from_str::<Option<String>>(part.get());
    part.map_or(Ok(None), parse)
        .map_err(|_type| malformed(format!("\"{name}\" is not a string.")))
}

fn check_map(part: Option<&str>, name: &str) -> Result<(), Refusal> {
    match part.map(str::trim_start) {
        Some(part) if !part.starts_with('{') && part.trim_end() != "null" => {
            Err(malformed(format!("\"{name}\" is not an object.")))
        }
        _ => Ok(()),
    }
}

/// Read by the executor's own type: a general JSON value would take one key of its library's for something else.
fn variables(part: Option<&str>) -> Result<Variables, Refusal> {
    check_map(part, "variables")?;
    let text = part.unwrap_or("null");
    if text.len() > MAX_VARIABLES_BYTES {
        let message = format!("Variables have at most {MAX_VARIABLES_BYTES} bytes.");
        return Err(Refusal::new(Outcome::TooLarge, message));
    }
    serde_json::from_str(text).map_err(|_json| malformed("\"variables\" cannot be read."))
}

/// The request in a query string.
pub(super) fn parse_query(query: &str) -> Result<Request, Refusal> {
    let (mut document, mut operation_name, mut vars, mut extensions) = (None, None, None, None);
    for (name, value) in url_pairs(query)? {
        let part = match name.as_str() {
            "query" => &mut document,
            "operationName" => &mut operation_name,
            "variables" => &mut vars,
            "extensions" => &mut extensions,
            _ => continue,
        };
        if part.replace(value).is_some() {
            return Err(malformed(format!("\"{name}\" is given twice.")));
        }
    }
    let mut request = Request::new(document.ok_or_else(|| malformed("\"query\" is missing."))?);
    request.operation_name = operation_name.filter(|name| !name.is_empty());
    request.variables = variables(vars.as_deref().filter(|text| !text.is_empty()))?;
    let extensions = extensions.filter(|text| !text.is_empty());
    let is_json = |text: &str| serde_json::from_str::<&RawValue>(text).is_ok();
    if extensions.as_deref().is_some_and(|text| !is_json(text)) {
        return Err(malformed("\"extensions\" cannot be read."));
    }
    check_map(extensions.as_deref(), "extensions")?;
    Ok(request)
}

fn url_pairs(query: &str) -> Result<Vec<(String, String)>, Refusal> {
    actix_web::web::Query::<Vec<(String, String)>>::from_query(query)
        .map(actix_web::web::Query::into_inner)
        .map_err(|_form| malformed("The query string cannot be read."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(body: &str) -> Option<Outcome> {
        parse(body.as_bytes()).err().map(|refusal| refusal.outcome)
    }

    #[test]
    fn only_one_request_with_parts_of_the_right_type_is_taken() {
        for good in [
            r#"{"query":"{a}"}"#,
            r#" {"query":"{a}","operationName":null,"variables":null,"extensions":null}"#,
            r#"{"query":"{a}","operationName":"A","variables":{},"extensions":{"a":1},"other":[]}"#,
            "\u{feff}{\"query\":\"{a}\"}",
        ] {
            assert_eq!(outcome(good), None, "{good}");
        }
        for bad in [
            "",
            "null",
            r#""x""#,
            "{}",
            "[]",
            r#"[{"query":"{a}"}]"#,
            r#"{"qeury":"{a}"}"#,
            r#"{"query":null}"#,
            r#"{"query":1}"#,
            r#"{"query":["{a}"]}"#,
            r#"{"query":"{a}","operationName":1}"#,
            r#"{"query":"{a}","variables":[]}"#,
            r#"{"query":"{a}","variables":"x"}"#,
            r#"{"query":"{a}","extensions":0}"#,
            r#"{"query":"{a}","query":"{b}"}"#,
            r#"{"query":"{a}","variables":{"a":"\ud800"}}"#,
            r#"{"query":"{a}","variables":{"a":1e400}}"#,
            "\u{feff}\u{feff}{\"query\":\"{a}\"}",
            "\u{feff}[]",
            "\u{feff}",
        ] {
            assert_eq!(outcome(bad), Some(Outcome::Malformed), "{bad}");
        }
        assert!(parse(b"{\"query\":\"\xff\"}").is_err());
    }

    #[test]
    fn variables_at_the_limit_and_one_more() {
        let body = |bytes: usize| format!(r#"{{"query":"{{a}}","variables":{{"a":"{}"}}}}"#, "x".repeat(bytes - 8));
        assert_eq!(outcome(&body(MAX_VARIABLES_BYTES)), None);
        assert_eq!(outcome(&body(MAX_VARIABLES_BYTES + 1)), Some(Outcome::TooLarge));
    }

    #[test]
    fn the_query_string_has_the_same_parts() {
        let request = parse_query("query=%7Ba%7D&operationName=A&variables=%7B%22b%22%3A1%7D&x=y").unwrap();
        assert_eq!(
            (request.query.as_str(), request.operation_name.as_deref()),
            ("{a}", Some("A"))
        );
        assert_eq!(request.variables.len(), 1);
        for bad in [
            "",
            "query=a&query=b",
            "query=a&variables=1",
            "query=a&variables=%7B",
            "query=a&extensions=%5B%5D",
        ] {
            assert!(parse_query(bad).is_err(), "{bad}");
        }
    }
}
