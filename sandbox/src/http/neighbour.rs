//! Another company at the same address: who asks with one of its keys is told
//! of it alone.
//!
//! Every id that Stripe makes holds a part that is the account's own. Each world
//! makes the same ids, so the neighbour's are made its own on their way: the two
//! companies' parts change places, in the request and in the answer. Ids of the
//! merchant's choice stay as they are, as with Stripe.

use hyper::Uri;

use super::Server;
use super::key::key_of;

/// What every id of a world's making holds.
const OWN: &str = "Kq4Tw";
/// What stands in its place in the neighbour's.
const NEIGHBOURS: &str = "Zn7Hx";

impl Server {
    /// Who answers a request with this authorization.
    pub(super) fn of(&self, authorization: Option<&str>) -> &Self {
        let key = authorization.and_then(key_of);
        self.neighbour
            .as_deref()
            .filter(|neighbour| key.is_some_and(|key| neighbour.keys.knows(&key)))
            .unwrap_or(self)
    }

    /// The address as this company's world knows it.
    pub(super) fn at_home(&self, uri: &Uri) -> Uri {
        if !self.is_neighbour {
            return uri.clone();
        }
        translate(&uri.to_string()).parse().unwrap_or_else(|_odd| uri.clone())
    }

    /// The answer as the outside knows it.
    pub(super) fn abroad(&self, text: String) -> String {
        if self.is_neighbour { translate(&text) } else { text }
    }
}

/// The same text, with the parts in each other's places.
fn translate(text: &str) -> String {
    let parts: Vec<String> = text.split(OWN).map(|part| part.replace(NEIGHBOURS, OWN)).collect();
    parts.join(NEIGHBOURS)
}

#[cfg(test)]
mod tests {
    use super::translate;

    #[test]
    fn twice_is_as_before() {
        let text = "in_00Kq4Tw2s cus_01Zn7Hx2s gold";
        assert_eq!(translate(text), "in_00Zn7Hx2s cus_01Kq4Tw2s gold");
        assert_eq!(translate(&translate(text)), text);
    }
}
