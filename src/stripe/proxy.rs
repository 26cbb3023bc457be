//! The one proxy that Stripe may be asked through: the one that was named for it. What the environment names is for other programs.

use std::fmt;

use reqwest::Url;

/// A proxy's address. Debug shows it without user and password.
#[derive(Clone)]
pub struct Proxy(Url);

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scheme, host) = (self.0.scheme(), self.0.host_str().unwrap_or_default());
        write!(f, "Proxy({scheme}://{host})")
    }
}

impl Proxy {
    /// Reads an address; the reason why it is none does not repeat it.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        const FORM: &str =
            "give it as http://proxy.example.com:3128, with <user>:<password>@ before the host where it wants them";
        let url = Url::parse(text).map_err(|_error| FORM)?;
        let is_bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        if !matches!(url.scheme(), "http" | "https") || !is_bare {
            return Err(FORM);
        }
        let proxy = Self(url);
        proxy.for_requests().map_err(|_error| FORM)?;
        Ok(proxy)
    }

    /// As requests take it.
    pub(super) fn for_requests(&self) -> reqwest::Result<reqwest::Proxy> {
        reqwest::Proxy::all(self.0.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_scheme_host_port_and_who_we_are() {
        for good in [
            "http://proxy.example.com:3128",
            "http://127.0.0.1:1/",
            "https://user:p%40ss@[::1]:8443",
            "http://proxy",
        ] {
            assert!(Proxy::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "proxy.example.com:3128",
            "user:pass@proxy:3128",
            "http://",
            "http://user:pass@",
            "http://user:pass@proxy:99999",
            "socks5://proxy:1080",
            "file:///etc/passwd",
            "http://proxy/path",
            "http://proxy?x=1",
            "http://proxy#x",
        ] {
            assert!(Proxy::parse(bad).is_err_and(|said| !said.contains("pass@")), "{bad}");
        }
    }

    #[test]
    fn its_password_is_not_shown() {
        let shown = format!("{:?}", Proxy::parse("http://user:secret@proxy:1").unwrap());
        assert_eq!(shown, "Proxy(http://proxy)");
    }
}
