//! Which media type an answer has, and the one table of status codes.
//!
//! The codes follow the public audit suite of GraphQL over HTTP: a client that takes only `application/json` gets 200 for every
//! well-formed GraphQL request, one that takes `application/graphql-response+json` gets 4xx when nothing was executed.

use actix_web::http::StatusCode;
use actix_web::http::header::{ACCEPT, HeaderMap};

use crate::store::Failure;

/// The media type of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Media {
    /// `application/json`
    Json,
    /// `application/graphql-response+json`
    GraphqlResponse,
}

impl Media {
    /// The value of the content type.
    pub(super) fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json; charset=utf-8",
            Self::GraphqlResponse => "application/graphql-response+json; charset=utf-8",
        }
    }
}

/// What became of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It was executed.
    Executed,
    /// A well-formed request with a document that cannot be executed.
    DocumentRefused,
    /// The document asks for what needs a sign-in.
    SignInNeeded,
    /// It was executed, and all of it was refused to this caller.
    ExecutedForbidden,
    /// It was executed and broke on our side.
    ExecutedBroken,
    /// It was executed and found the database full, busy or too slow.
    ExecutedUnavailable,
    /// No GraphQL request.
    Malformed,
    /// The bearer token is bad.
    BadToken,
    /// It may come from another site.
    CrossSite,
    /// The method does not fit.
    WrongMethod,
    /// No media type that we speak.
    NotAcceptable,
    /// The body came too slowly.
    BodyTimeout,
    /// The body is too long.
    TooLarge,
    /// The body is not JSON in UTF-8, or compressed.
    UnsupportedBody,
    /// It broke on our side.
    Broken,
    /// It took too long.
    Timeout,
    /// The caller cannot be identified while the database is like this.
    Unavailable(Failure),
    /// There is no room for it now.
    Overloaded,
}

/// The status code.
pub(super) fn status(outcome: Outcome, media: Media) -> StatusCode {
    let plain = media == Media::Json;
    match outcome {
        Outcome::Executed => StatusCode::OK,
        Outcome::DocumentRefused
        | Outcome::SignInNeeded
        | Outcome::ExecutedForbidden
        | Outcome::ExecutedBroken
        | Outcome::ExecutedUnavailable
            if plain =>
        {
            StatusCode::OK
        }
        Outcome::DocumentRefused | Outcome::Malformed => StatusCode::BAD_REQUEST,
        Outcome::SignInNeeded | Outcome::BadToken => StatusCode::UNAUTHORIZED,
        Outcome::ExecutedForbidden | Outcome::CrossSite => StatusCode::FORBIDDEN,
        Outcome::WrongMethod => StatusCode::METHOD_NOT_ALLOWED,
        Outcome::NotAcceptable => StatusCode::NOT_ACCEPTABLE,
        Outcome::BodyTimeout => StatusCode::REQUEST_TIMEOUT,
        Outcome::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Outcome::UnsupportedBody => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        Outcome::Broken | Outcome::ExecutedBroken => StatusCode::INTERNAL_SERVER_ERROR,
        Outcome::Timeout | Outcome::Overloaded | Outcome::ExecutedUnavailable | Outcome::Unavailable(_) => {
            StatusCode::SERVICE_UNAVAILABLE
        }
    }
}

/// The media type to answer in; `None` when the client takes neither.
pub(super) fn media(headers: &HeaderMap) -> Option<Media> {
    let mut accepts = headers.get_all(ACCEPT).peekable();
    if accepts.peek().is_none() {
        return Some(Media::Json);
    }
    let text: Vec<&str> = accepts.filter_map(|value| value.to_str().ok()).collect();
    let text = text.join(",");
    if text.trim().is_empty() {
        return Some(Media::Json);
    }
    let graphql = quality(&text, &["application/graphql-response+json"]);
    // A wildcard means plain JSON: clients that know the other type name it.
    let json = quality(&text, &["application/json", "application/*", "*/*"]);
    match (json, graphql) {
        (None, None) => None,
        (json, graphql) if graphql >= json => Some(Media::GraphqlResponse),
        _ => Some(Media::Json),
    }
}

/// How much a client wants a type, thousandths, by the first of `ranges` that it names. `None`: not at all.
fn quality(accept: &str, ranges: &[&str]) -> Option<u32> {
    let named = |range: &&str| {
        accept.split(',').find_map(|part| {
            let mut words = part.split(';').map(|word| word.trim().to_ascii_lowercase());
            (words.next()? == **range).then(|| weigh(words))
        })
    };
    ranges.iter().find_map(named)?.filter(|thousandths| *thousandths > 0)
}

/// The `q` of a range's parameters in thousandths; `None` when it asks for a character set that we do not speak.
fn weigh(parameters: impl Iterator<Item = String>) -> Option<u32> {
    let mut thousandths = 1000;
    for parameter in parameters {
        match parameter
            .split_once('=')
            .map(|(name, value)| (name.trim(), value.trim().trim_matches('"')))
        {
            Some(("charset", charset)) if charset != "utf-8" => return None,
            Some(("q", value)) => thousandths = parse_quality(value),
            _ => {}
        }
    }
    Some(thousandths)
}

/// `1`, `0.8`, `0.005`; what is none of the kind counts as 0.
fn parse_quality(text: &str) -> u32 {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let digits = format!("{part:0<3}");
    match (whole, digits.parse::<u32>()) {
        ("1", Ok(0)) => 1000,
        ("0", Ok(thousandths)) if digits.len() == 3 => thousandths,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn negotiated(accept: &str) -> Option<Media> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, accept.parse().unwrap());
        media(&headers)
    }

    #[test]
    fn wildcards_and_nothing_mean_json() {
        assert_eq!(media(&HeaderMap::new()), Some(Media::Json));
        for accept in [
            "*/*",
            "application/*",
            "application/json",
            "application/json; charset=utf-8",
            "text/html, */*;q=0.1",
            "",
        ] {
            assert_eq!(negotiated(accept), Some(Media::Json), "{accept}");
        }
    }

    #[test]
    fn the_wanted_type_wins() {
        for accept in [
            "application/graphql-response+json",
            "application/graphql-response+json; charset=UTF-8",
            "application/graphql-response+json, application/json;q=0.9",
            "application/json, application/graphql-response+json",
            "application/graphql-response+json, */*",
        ] {
            assert_eq!(negotiated(accept), Some(Media::GraphqlResponse), "{accept}");
        }
        let accept = "application/graphql-response+json;q=0.5, application/json";
        assert_eq!(negotiated(accept), Some(Media::Json));
    }

    #[test]
    fn what_we_do_not_speak_is_not_acceptable() {
        for accept in [
            "text/html",
            "application/json;q=0",
            "application/json; charset=utf-16",
            "application/xml, text/*",
            "q",
        ] {
            assert_eq!(negotiated(accept), None, "{accept}");
        }
    }
}
