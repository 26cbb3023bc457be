//! An answer on its way out: headers, and the damage a fault does to it.

use hyper::Response;
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE, DATE, RETRY_AFTER};

use super::body::{Body, Broken};
use super::error::Refusal;
use super::fault::Fault;
use crate::json::Json;
use crate::world::API_VERSION;

/// Status and body before any fault.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Json,
    limiter: Option<&'static str>,
    should_retry: bool,
    retry_after: Option<u32>,
}

/// What the headers tell besides the answer itself.
pub(crate) struct Heading<'a> {
    /// The request's number.
    pub(crate) number: u64,
    pub(crate) date: Option<i64>,
    /// The version that was asked for.
    pub(crate) version: Option<&'a str>,
}

impl From<Json> for Answer {
    fn from(body: Json) -> Self {
        Self {
            status: 200,
            body,
            limiter: None,
            should_retry: false,
            retry_after: None,
        }
    }
}

impl From<Refusal> for Answer {
    fn from(refusal: Refusal) -> Self {
        Self {
            status: refusal.status,
            body: refusal.body,
            limiter: refusal.limiter,
            should_retry: refusal.should_retry,
            retry_after: refusal.retry_after,
        }
    }
}

impl Answer {
    /// The answer's text.
    pub(crate) fn text(&self) -> String {
        serde_json::to_string(&self.body).unwrap_or_default()
    }

    /// The response with this text, or the cut that takes its place.
    pub(crate) fn render(
        self,
        text: String,
        heading: &Heading<'_>,
        fault: Option<Fault>,
    ) -> Result<Response<Body>, Broken> {
        let (text, kind) = match fault {
            Some(Fault::Reset) => return Err(Broken),
            Some(Fault::Html) => ("<!doctype html><title>Bad gateway</title>".to_owned(), "text/html"),
            Some(Fault::TruncatedJson) => (half(&text).to_owned(), "application/json"),
            Some(Fault::InvalidJson) => (text.replacen(':', "=", 1), "application/json"),
            Some(Fault::PlainText) => (text, "text/plain"),
            _ => (text, "application/json"),
        };
        let mut response = self.head(kind, heading);
        let body = match fault {
            Some(Fault::HalfBody) => Body::cut(half(&text)),
            Some(Fault::SlowBody) => Body::slow(&text),
            Some(Fault::Trickle(bytes_per_second)) => Body::trickle(&text, bytes_per_second),
            Some(Fault::Endless) => Body::endless(),
            Some(Fault::Flood(_)) => Body::flood(),
            _ => Body::whole(text.clone()),
        };
        if body.ends() {
            response = response.header(CONTENT_LENGTH, text.len());
        }
        response.body(body).map_err(|_unusable| Broken)
    }

    fn head(&self, kind: &str, heading: &Heading<'_>) -> hyper::http::response::Builder {
        let mut response = Response::builder()
            .status(self.status)
            .header(CONTENT_TYPE, kind)
            .header("Stripe-Version", heading.version.unwrap_or(API_VERSION));
        // Stripe names no request on lock timeouts.
        if self.body["error"]["code"] != "lock_timeout" {
            response = response.header("Request-Id", format!("req_Sandbox{:08}", heading.number));
        }
        if let Some(limiter) = self.limiter {
            response = response.header("Stripe-Rate-Limited-Reason", limiter);
        }
        if self.should_retry {
            response = response.header("Stripe-Should-Retry", "true");
        }
        if let Some(seconds) = self.retry_after {
            response = response.header(RETRY_AFTER, seconds);
        }
        if let Some(date) = heading.date {
            response = response.header(DATE, http_date(date));
        }
        response
    }
}

fn half(text: &str) -> &str {
    &text[..text.floor_char_boundary(text.len() / 2)]
}

/// Seconds since 1970 as HTTP writes a date.
fn http_date(seconds: i64) -> String {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let (days, time) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let weekday = usize::try_from(days.rem_euclid(7)).unwrap_or_default();
    // Howard Hinnant's civil_from_days, with years that begin in March.
    let shifted = days + 719_468;
    let (era, of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = (from_march + 2) % 12;
    let year = year_of_era + era * 400 + i64::from(month < 2);
    let name = MONTHS[usize::try_from(month).unwrap_or_default()];
    let (hour, minute, second) = (time / 3_600, time / 60 % 60, time % 60);
    format!(
        "{}, {day:02} {name} {year} {hour:02}:{minute:02}:{second:02} GMT",
        DAYS[weekday]
    )
}

#[cfg(test)]
mod tests {
    use super::http_date;

    #[test]
    fn dates_are_written_as_http_does() {
        assert_eq!(http_date(784_111_777), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(http_date(951_782_400), "Tue, 29 Feb 2000 00:00:00 GMT");
        assert_eq!(http_date(0), "Thu, 01 Jan 1970 00:00:00 GMT");
    }
}
