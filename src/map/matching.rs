//! Which client that is here already a Stripe customer is. Pure: what was found in, the decision out.

use entity::client;
use entity::kind::ClientMatchRule;
use serde_json::Value;
use uuid::Uuid;

use super::expression::{Expression, compile};
use super::fit::without_nul;
use super::key::{email_key, findable};

/// How customers find clients, as an admin has set it.
#[derive(Debug)]
pub struct Matching {
    rules: Vec<ClientMatchRule>,
    external_id: Option<Expression>,
}

/// What a customer can be found by; none where no rule asks for it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Keys {
    /// The e-mail address in the form that is compared.
    pub email_key: Option<String>,
    /// The id by which another system knows it.
    pub external_id: Option<String>,
}

impl Keys {
    /// What a client is found by.
    pub fn of(client: &client::Model) -> Self {
        Self {
            email_key: client.email_key.clone(),
            external_id: client.external_id.clone(),
        }
    }

    /// Nothing to find a client by.
    pub fn is_empty(&self) -> bool {
        self.email_key.is_none() && self.external_id.is_none()
    }
}

/// A client that a person or another system keeps, and what it can be found by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The client.
    pub client_id: Uuid,
    /// What it is found by.
    pub keys: Keys,
}

/// What the rules came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Match {
    /// This client, by this rule.
    Found(Uuid, ClientMatchRule),
    /// None; these rules found so many each, of which none can be told to be the one.
    None(Vec<(ClientMatchRule, usize)>),
}

impl Matching {
    /// `external_id_source` is a JMESPath expression; the sentence says what is wrong with it.
    pub fn compile(rules: &[ClientMatchRule], external_id_source: Option<&str>) -> Result<Self, String> {
        Ok(Self {
            rules: rules.to_vec(),
            external_id: external_id_source.map(compile).transpose()?,
        })
    }

    /// What `customer` is found by.
    pub fn keys(&self, customer: &Value) -> Keys {
        let has = |rule| self.rules.contains(&rule);
        let email = customer["email"].as_str().filter(|_| has(ClientMatchRule::Email));
        let external_id = self.external_id.as_ref().filter(|_| has(ClientMatchRule::ExternalId));
        Keys {
            email_key: email.and_then(|email| findable(email_key(&without_nul(email)))),
            external_id: external_id.and_then(|source| external_id_of(source, customer)),
        }
    }

    /// Of the candidates the one that the first rule finds which finds just one. Those in `parted` are not it.
    pub fn choose(&self, keys: &Keys, candidates: &[Candidate], is_parted: impl Fn(Uuid) -> bool) -> Match {
        let mut unsure = Vec::new();
        for rule in &self.rules {
            let fits = |candidate: &&Candidate| fits(*rule, keys, &candidate.keys) && !is_parted(candidate.client_id);
            let found: Vec<Uuid> = candidates.iter().filter(fits).map(|found| found.client_id).collect();
            match found.as_slice() {
                [] => {}
                [one] => return Match::Found(*one, *rule),
                many => unsure.push((*rule, many.len())),
            }
        }
        Match::None(unsure)
    }
}

fn fits(rule: ClientMatchRule, wanted: &Keys, here: &Keys) -> bool {
    match rule {
        // A link that is known stands before all rules are asked.
        ClientMatchRule::StripeId => false,
        ClientMatchRule::ExternalId => wanted.external_id.is_some() && wanted.external_id == here.external_id,
        ClientMatchRule::Email => wanted.email_key.is_some() && wanted.email_key == here.email_key,
    }
}

fn external_id_of(source: &Expression, customer: &Value) -> Option<String> {
    let text = match source.evaluate(customer).ok()? {
        Value::String(text) => text,
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    findable(without_nul(text.trim()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ALL: [ClientMatchRule; 3] = [
        ClientMatchRule::StripeId,
        ClientMatchRule::ExternalId,
        ClientMatchRule::Email,
    ];

    fn keys(external_id: Option<&str>, email: Option<&str>) -> Keys {
        Keys {
            external_id: external_id.map(str::to_owned),
            email_key: email.map(str::to_owned),
        }
    }

    fn candidate(number: u128, external_id: Option<&str>, email: Option<&str>) -> Candidate {
        Candidate {
            client_id: Uuid::from_u128(number),
            keys: keys(external_id, email),
        }
    }

    #[test]
    fn the_first_rule_that_finds_just_one_decides() {
        let matching = Matching::compile(&ALL, Some("metadata.crm")).unwrap();
        let here = [
            candidate(1, Some("A"), Some("a@x")),
            candidate(2, Some("B"), Some("b@x")),
            candidate(3, Some("B"), Some("c@x")),
            candidate(4, None, Some("a@x")),
            candidate(5, None, None),
        ];
        let found = |number, rule| Match::Found(Uuid::from_u128(number), rule);
        for (shows, wanted, expected) in [
            (
                "by the first rule",
                keys(Some("A"), Some("b@x")),
                found(1, ClientMatchRule::ExternalId),
            ),
            (
                "by the second",
                keys(Some("Z"), Some("c@x")),
                found(3, ClientMatchRule::Email),
            ),
            (
                "two by the first: it matches none, the next is asked",
                keys(Some("B"), Some("b@x")),
                found(2, ClientMatchRule::Email),
            ),
            (
                "two by each",
                keys(Some("B"), Some("a@x")),
                Match::None(vec![(ClientMatchRule::ExternalId, 2), (ClientMatchRule::Email, 2)]),
            ),
            ("nobody", keys(Some("Z"), Some("z@x")), Match::None(vec![])),
            ("nothing to be found by", keys(None, None), Match::None(vec![])),
        ] {
            assert_eq!(matching.choose(&wanted, &here, |_| false), expected, "{shows}");
        }
        let parted = |id| id == Uuid::from_u128(1);
        assert_eq!(
            matching.choose(&keys(Some("A"), Some("a@x")), &here, parted),
            found(4, ClientMatchRule::Email),
            "a parted client is not there at all"
        );
        let by_email_first = Matching::compile(&[ClientMatchRule::Email, ClientMatchRule::ExternalId], None).unwrap();
        let wanted = keys(Some("A"), Some("b@x"));
        assert_eq!(
            by_email_first.choose(&wanted, &here, |_| false),
            found(2, ClientMatchRule::Email)
        );
    }

    #[test]
    fn only_what_a_rule_asks_for_is_read() {
        let customer = json!({"email": " Ada@X.test ", "metadata": {"crm": " 7 ", "n": 8, "list": [1], "blank": " "}});
        let read = |rules: &[ClientMatchRule], source| Matching::compile(rules, Some(source)).unwrap().keys(&customer);
        assert_eq!(read(&ALL, "metadata.crm"), keys(Some("7"), Some("ada@x.test")));
        assert_eq!(read(&ALL, "metadata.n"), keys(Some("8"), Some("ada@x.test")));
        for nothing in [
            "metadata.list",
            "metadata.blank",
            "metadata.missing",
            "upper(metadata.n)",
        ] {
            assert_eq!(read(&ALL, nothing), keys(None, Some("ada@x.test")), "{nothing}");
        }
        assert!(read(&[ClientMatchRule::StripeId], "metadata.crm").is_empty());
        assert!(Matching::compile(&ALL, Some("a..b")).is_err());
    }
    #[test]
    fn what_is_too_long_for_a_key_finds_nothing() {
        let long = "x".repeat(1_001);
        let customer = json!({"email": "\u{149}".repeat(450), "metadata": {"crm": long, "short": long[1..]}});
        let read = |source| Matching::compile(&ALL, Some(source)).unwrap().keys(&customer);
        assert!(
            customer["email"].as_str().unwrap().len() < 1_000,
            "it is the folded form that counts"
        );
        assert_eq!(read("metadata.crm"), keys(None, None));
        assert_eq!(read("metadata.short"), keys(Some(&long[1..]), None));
    }
}
