//! Query strings in Stripe's bracketed form.

use super::error::Refusal;

/// The decoded parameters of a request, in order.
#[derive(Debug, Default)]
pub(crate) struct Query {
    pairs: Vec<(String, String)>,
    is_old: bool,
}

impl Query {
    pub(crate) fn parse(text: &str) -> Self {
        let pairs = text
            .split('&')
            .filter(|pair| !pair.is_empty())
            .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
            .map(|(name, value)| (decode(&name.replace('+', " ")), decode(&value.replace('+', " "))))
            .collect();
        Self { pairs, is_old: false }
    }

    /// The same, asked in this version.
    pub(crate) fn in_version(mut self, version: Option<&str>) -> Self {
        self.is_old = version.is_some_and(super::old::is_old);
        self
    }

    /// Asked in a version whose discounts hold their coupons.
    pub(crate) fn is_old(&self) -> bool {
        self.is_old
    }

    /// The same without a parameter.
    pub(crate) fn without(mut self, name: &str) -> Self {
        self.pairs.retain(|(known, _)| known != name);
        self
    }

    pub(crate) fn find(&self, name: &str) -> Option<&str> {
        self.pairs
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// All values of `name[]` and `name[0]`, `name[1]` and so on.
    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        self.pairs
            .iter()
            .filter(|(known, _)| base(known) == name && known != name)
            .map(|(_, value)| value.as_str())
            .collect()
    }

    /// A whole number, if the parameter was given.
    pub(crate) fn integer(&self, name: &str) -> Result<Option<i64>, Refusal> {
        let Some(text) = self.find(name) else {
            return Ok(None);
        };
        let parsed = text.parse().ok();
        parsed
            .map(Some)
            .ok_or_else(|| Refusal::invalid(name, &format!("Invalid integer: {text}")))
    }

    /// Refuses what is not among the names; a name ending in `[` stands for
    /// everything in its brackets.
    pub(crate) fn allow(&self, names: &[&str]) -> Result<(), Refusal> {
        let known = |given: &str| {
            names
                .iter()
                .any(|name| *name == given || (name.ends_with('[') && given.starts_with(name)))
        };
        match self.pairs.iter().find(|(given, _)| !known(given)) {
            Some((given, _)) => Err(Refusal::unknown_parameter(given)),
            None => Ok(()),
        }
    }

    /// The seconds of creation asked for, both ends included.
    pub(crate) fn created(&self) -> Result<(i64, i64), Refusal> {
        if let Some(exact) = self.integer("created")? {
            return Ok((exact, exact));
        }
        let (mut since, mut until) = (i64::MIN, i64::MAX);
        for (name, _) in self.pairs.iter().filter(|(name, _)| name.starts_with("created[")) {
            let bound = self.integer(name)?.unwrap_or_default();
            match name.as_str() {
                "created[gt]" => since = since.max(bound.saturating_add(1)),
                "created[gte]" => since = since.max(bound),
                "created[lt]" => until = until.min(bound.saturating_sub(1)),
                "created[lte]" => until = until.min(bound),
                _ => return Err(Refusal::unknown_parameter(name)),
            }
        }
        Ok((since, until))
    }
}

fn base(name: &str) -> &str {
    name.split_once('[').map_or(name, |(base, _)| base)
}

/// Text with its percent escapes resolved; what is no escape stays.
pub(crate) fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let decoded = match byte {
            b'%' => {
                let ahead: Vec<u8> = rest.clone().take(2).collect();
                match hex::decode(&ahead).as_deref() {
                    Ok([decoded]) => {
                        rest.nth(1);
                        *decoded
                    }
                    _ => b'%',
                }
            }
            other => other,
        };
        bytes.push(decoded);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::Query;

    #[test]
    fn brackets_and_escapes_are_read() {
        let query = Query::parse("expand%5B%5D=data.tiers&expand[1]=x&email=a%2Bb+c%zz");
        assert_eq!(query.all("expand"), ["data.tiers", "x"]);
        assert_eq!(query.find("email"), Some("a+b c%zz"));
        assert!(query.allow(&["expand[", "email"]).is_ok());
        assert!(query.allow(&["email"]).is_err());
    }
}
