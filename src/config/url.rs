//! Addresses as flags give them. What is refused is not repeated: a password may stand in it.

use std::ffi::OsStr;
use std::net::IpAddr;

use clap::builder::TypedValueParser;
use clap::error::ErrorKind;
use clap::{Arg, Command};
use reqwest::Url;

use crate::stripe::Proxy;

/// Reads a flag's value by a function; unlike clap's own, its refusal names the flag and the reason only.
#[derive(Debug, Clone, Copy)]
pub(super) struct Unrepeated<T>(pub(super) fn(&str) -> Result<T, String>);

impl<T: Clone + Send + Sync + 'static> TypedValueParser for Unrepeated<T> {
    type Value = T;

    fn parse_ref(&self, command: &Command, flag: Option<&Arg>, value: &OsStr) -> Result<T, clap::Error> {
        let read = value
            .to_str()
            .ok_or_else(|| "it is not UTF-8".to_owned())
            .and_then(self.0);
        read.map_err(|reason| {
            let flag = flag.map(ToString::to_string).unwrap_or_default();
            let said = format!("invalid value for '{flag}': {reason}");
            clap::Error::raw(ErrorKind::ValueValidation, said + "\n").with_cmd(command)
        })
    }
}

pub(super) fn parse_public_url(text: &str) -> Result<Url, String> {
    let url = parse_plain_url(text)?;
    match (url.path(), url.scheme()) {
        ("/", "http" | "https") => Ok(url),
        _ => Err("give scheme, host and port only, e.g. https://tributary.example.com".into()),
    }
}

/// Anything but https would carry the key in the clear; loopback is for stand-ins.
pub(super) fn parse_stripe_api_base(text: &str) -> Result<Url, String> {
    let url = parse_plain_url(text)?;
    match url.scheme() {
        "https" => Ok(url),
        "http" if is_loopback(&url) => Ok(url),
        "http" => Err("http is allowed to a loopback address only (127.0.0.1, [::1] or localhost)".into()),
        _ => Err("give an https address".into()),
    }
}

pub(super) fn parse_stripe_proxy(text: &str) -> Result<Proxy, String> {
    Proxy::parse(text).map_err(str::to_owned)
}

fn parse_plain_url(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| error.to_string())?;
    if !url.username().is_empty() || url.password().is_some() || url.query().is_some() || url.fragment().is_some() {
        return Err("user, password, query and fragment have no place here".into());
    }
    Ok(url)
}

/// The address is this machine's own, and what is sent there does not leave it.
pub(super) fn is_loopback(url: &Url) -> bool {
    let host = url
        .host_str()
        .unwrap_or_default()
        .trim_start_matches('[')
        .trim_end_matches(']');
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.to_canonical().is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stripe_api_base_is_https_or_loopback() {
        for good in [
            "https://api.stripe.com",
            "http://127.0.0.1:12111",
            "http://[::1]:1",
            "http://[::ffff:127.0.0.1]:1",
            "http://localhost:80/base",
        ] {
            assert!(parse_stripe_api_base(good).is_ok(), "{good}");
        }
        for bad in [
            "http://169.254.169.254",
            "http://example.com",
            "http://localhost.example.com",
            "file:///etc/passwd",
            "https://user@api.stripe.com",
            "https://api.stripe.com?x=1",
            "ftp://127.0.0.1",
            "stripe",
            "",
        ] {
            assert!(parse_stripe_api_base(bad).is_err(), "{bad}");
        }
    }
}
