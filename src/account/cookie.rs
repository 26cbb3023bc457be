//! The session cookie: its name and its attributes.

use super::session::ABSOLUTE_MS;

/// The cookie's name. By https it has the prefix with which browsers insist on `Secure`, `Path=/` and no `Domain`.
pub fn name(https: bool) -> &'static str {
    if https {
        "__Host-tributary_session"
    } else {
        "tributary_session"
    }
}

/// The header value that hands the browser `secret`.
pub fn set(secret: &str, https: bool) -> String {
    header(secret, ABSOLUTE_MS / 1000, https)
}

/// The header value that makes the browser forget the cookie.
pub fn clear(https: bool) -> String {
    header("", 0, https)
}

fn header(value: &str, max_age_seconds: i64, https: bool) -> String {
    let secure = if https { "; Secure" } else { "" };
    let name = name(https);
    format!("{name}={value}; Path=/; Max-Age={max_age_seconds}; HttpOnly; SameSite=Strict{secure}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_https_the_cookie_is_bound_to_the_host() {
        assert_eq!(
            set("abc", true),
            "__Host-tributary_session=abc; Path=/; Max-Age=43200; HttpOnly; SameSite=Strict; Secure"
        );
        assert_eq!(
            clear(false),
            "tributary_session=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict"
        );
    }
}
