//! Where a request comes from: the caller's address and browser, and whether a page of ours sent it.

use std::net::IpAddr;

use actix_web::HttpRequest;
use actix_web::http::header::{HeaderMap, ORIGIN, USER_AGENT};
use ipnet::IpNet;

use crate::account::Peer;

/// The caller's address and browser.
pub(super) fn peer(request: &HttpRequest, trusted: &[IpNet]) -> Peer {
    let socket = request.peer_addr().map(|address| address.ip());
    Peer {
        ip: socket.map(|ip| client_ip(ip, request.headers(), trusted)),
        user_agent: request
            .headers()
            .get(USER_AGENT)
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned),
    }
}

/// The nearest address that is not a trusted proxy's. `X-Forwarded-For` grows to the right, so what stands left of the first
/// stranger is the stranger's own word.
fn client_ip(socket: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |ip: &IpAddr| trusted.iter().any(|net| net.contains(&ip.to_canonical()));
    let said: Vec<&str> = headers
        .get_all("x-forwarded-for")
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .collect();
    let mut nearest = socket;
    for hop in said.iter().rev() {
        if !is_trusted(&nearest) {
            break;
        }
        match hop.trim().parse() {
            Ok(ip) => nearest = ip,
            Err(_not_an_address) => break,
        }
    }
    nearest.to_canonical()
}

/// A page of `ours` sent it, by what the browser says and a page cannot forge. A client that says nothing is no browser of ours.
pub(super) fn is_ours(headers: &HeaderMap, ours: &str) -> bool {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    match (text("sec-fetch-site"), text(ORIGIN.as_str())) {
        (Some(site), _) => site == "same-origin",
        (None, Some(origin)) => origin == ours,
        (None, None) => false,
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};

    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let pairs = pairs
            .iter()
            .map(|&(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        pairs.collect()
    }

    #[test]
    fn forwarded_for_is_believed_from_trusted_proxies_only() {
        let trusted: Vec<IpNet> = vec!["10.0.0.0/8".parse().unwrap()];
        let ip = |socket: &str, said: &'static str| {
            client_ip(
                socket.parse().unwrap(),
                &headers(&[("x-forwarded-for", said)]),
                &trusted,
            )
            .to_string()
        };
        assert_eq!(ip("192.0.2.1", "198.51.100.7"), "192.0.2.1");
        assert_eq!(ip("10.0.0.1", "198.51.100.7"), "198.51.100.7");
        assert_eq!(ip("10.0.0.1", "1.1.1.1, 198.51.100.7, 10.0.0.2"), "198.51.100.7");
        assert_eq!(ip("10.0.0.1", "junk"), "10.0.0.1");
        assert_eq!(ip("::ffff:10.0.0.1", "198.51.100.7"), "198.51.100.7");
    }

    #[test]
    fn only_a_page_of_ours_is_ours() {
        let ours = "https://tributary.example.com";
        let yes = |pairs: &[(&'static str, &'static str)]| is_ours(&headers(pairs), ours);
        assert!(yes(&[("sec-fetch-site", "same-origin")]));
        assert!(yes(&[("origin", ours)]));
        assert!(!yes(&[]));
        for site in ["cross-site", "same-site", "none", ""] {
            assert!(!yes(&[("sec-fetch-site", site), ("origin", ours)]), "{site}");
        }
        for origin in [
            "null",
            "https://tributary.example.com.evil.com",
            "http://tributary.example.com",
            "",
        ] {
            assert!(!yes(&[("origin", origin)]), "{origin}");
        }
    }
}
