//! A Stripe customer becomes a client, by the admin's rules.

use chrono::NaiveDate;
use entity::client::Model;
use entity::kind::ClientStatus;
use serde_json::Value;

use super::fit::Fitted;
use super::rule::{CompiledRules, Given, may_write};
use super::{MapError, stripe_id};

/// A client's mapped fields.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[expect(missing_docs, reason = "entity::client says what each field means")]
pub struct ClientDraft {
    pub name: String,
    pub status: Status,
    pub email: Option<String>,
    pub phone: Option<String>,
    pub site_url: Option<String>,
    pub external_id: Option<String>,
    pub address_line1: Option<String>,
    pub address_line2: Option<String>,
    pub address_city: Option<String>,
    pub address_state: Option<String>,
    pub address_postal_code: Option<String>,
    pub address_country: Option<String>,
    pub currency: Option<String>,
    pub inception_date: Option<NaiveDate>,
    pub warnings: Vec<String>,
}

/// A client's status; active unless a rule says otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Status(pub ClientStatus);

impl Default for Status {
    fn default() -> Self {
        Self(ClientStatus::Active)
    }
}

/// Maps a customer. Fields that no rule writes stay as they are in `existing`.
pub fn map(rules: &CompiledRules, customer: &Value, existing: Option<&Model>) -> Result<ClientDraft, MapError> {
    let id = stripe_id(customer)?;
    let mut draft = existing.map(ClientDraft::of).unwrap_or_default();
    let mut warnings = Vec::new();
    for given in rules.give(customer, &mut warnings)? {
        draft.put(given, id);
    }
    if draft.name.is_empty() {
        id.clone_into(&mut draft.name);
    }
    draft.warnings = warnings;
    Ok(draft)
}

impl ClientDraft {
    fn of(row: &Model) -> Self {
        let row = row.clone();
        Self {
            name: row.name,
            status: Status(row.status),
            email: row.email,
            phone: row.phone,
            site_url: row.site_url,
            external_id: row.external_id,
            address_line1: row.address_line1,
            address_line2: row.address_line2,
            address_city: row.address_city,
            address_state: row.address_state,
            address_postal_code: row.address_postal_code,
            address_country: row.address_country,
            currency: row.currency,
            inception_date: row.inception_date,
            warnings: Vec::new(),
        }
    }

    fn put(&mut self, given: Given, stripe_id: &str) {
        let Given { target, policy, value } = given;
        match (target, value) {
            ("name", value) => {
                if may_write(policy, self.name.is_empty()) {
                    self.name = if let Fitted::Text(name) = value {
                        name
                    } else {
                        stripe_id.to_owned()
                    };
                }
            }
            ("status", Fitted::Status(status)) => self.status = Status(status),
            ("status", _) => self.status = Status::default(),
            ("inceptionDate", value) => {
                if may_write(policy, self.inception_date.is_none()) {
                    self.inception_date = if let Fitted::Day(day) = value { Some(day) } else { None };
                }
            }
            (target, value) => {
                if let Some(slot) = self.text(target)
                    && may_write(policy, slot.is_none())
                {
                    *slot = if let Fitted::Text(text) = value {
                        Some(text)
                    } else {
                        None
                    };
                }
            }
        }
    }

    fn text(&mut self, target: &str) -> Option<&mut Option<String>> {
        match target {
            "email" => Some(&mut self.email),
            "phone" => Some(&mut self.phone),
            "siteUrl" => Some(&mut self.site_url),
            "externalId" => Some(&mut self.external_id),
            "address.line1" => Some(&mut self.address_line1),
            "address.line2" => Some(&mut self.address_line2),
            "address.city" => Some(&mut self.address_city),
            "address.state" => Some(&mut self.address_state),
            "address.postalCode" => Some(&mut self.address_postal_code),
            "address.country" => Some(&mut self.address_country),
            "currency" => Some(&mut self.currency),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use entity::kind::FieldPolicy;
    use proptest::prelude::*;
    use serde_json::json;

    use super::super::rule::default_customer_rules;
    use super::*;

    fn by_default(customer: &Value) -> ClientDraft {
        map(
            &CompiledRules::compile(&default_customer_rules()).unwrap(),
            customer,
            None,
        )
        .unwrap()
    }

    #[test]
    fn a_full_customer() {
        let draft = by_default(&json!({
            "id": "cus_1", "name": "Acme", "email": "a@acme.test", "phone": "+49 1", "currency": "eur", "created": 1_792_592_000,
            "address": {"line1": "Weg 1", "line2": null, "city": "Köln", "state": "NW", "postal_code": "50667", "country": "DE"},
        }));
        assert_eq!(draft.name, "Acme");
        assert_eq!(draft.status, Status(ClientStatus::Active));
        assert_eq!(
            [draft.email, draft.currency, draft.address_postal_code],
            ["a@acme.test", "EUR", "50667"].map(|text| Some(text.to_owned()))
        );
        assert_eq!(draft.inception_date, NaiveDate::from_ymd_opt(2026, 10, 21));
        assert_eq!((draft.address_line2, draft.warnings), (None, vec![]));
    }

    #[test]
    fn the_name_is_the_first_there_is() {
        for (customer, name) in [
            (json!({"id": "cus_1", "name": "", "business_name": "Biz"}), "Biz"),
            (json!({"id": "cus_1", "individual_name": "Ida"}), "Ida"),
            (json!({"id": "cus_1", "email": "a@b.c"}), "a@b.c"),
            (json!({"id": "cus_1"}), "cus_1"),
            (json!({"id": "cus_1", "name": "  "}), "cus_1"),
        ] {
            assert_eq!(by_default(&customer).name, name, "{customer}");
        }
    }

    #[test]
    fn null_empties_a_field_unless_it_may_only_be_filled() {
        let mut rules = default_customer_rules();
        let before = crate::map::client::tests::row("old@acme.test");
        let mapped = |rules: &[entity::list::MappingRule]| {
            let customer = json!({"id": "cus_1", "email": null, "phone": "1"});
            map(&CompiledRules::compile(rules).unwrap(), &customer, Some(&before)).unwrap()
        };
        assert_eq!(mapped(&rules).email, None);
        rules.iter_mut().for_each(|rule| rule.policy = FieldPolicy::FillIfEmpty);
        assert_eq!(mapped(&rules).email.as_deref(), Some("old@acme.test"));
        assert_eq!(mapped(&rules).phone.as_deref(), Some("1"));
        rules.retain(|rule| rule.target != "email");
        assert_eq!(
            mapped(&rules).email.as_deref(),
            Some("old@acme.test"),
            "no rule, no change"
        );
    }

    #[test]
    fn what_does_not_fit_is_left_out_and_told() {
        let draft =
            by_default(&json!({"id": "cus_1", "name": "A\0B", "email": ["x"], "currency": "dollars", "created": "x"}));
        assert_eq!(
            (draft.name.as_str(), draft.email, draft.currency, draft.inception_date),
            ("A\u{FFFD}B", None, None, None)
        );
        assert_eq!(draft.warnings.len(), 4, "{:?}", draft.warnings);
    }

    #[test]
    fn an_object_without_id_or_too_large_fails_alone() {
        let rules = CompiledRules::compile(&default_customer_rules()).unwrap();
        assert_eq!(map(&rules, &json!({"name": "x"}), None).unwrap_err().code, "NO_ID");
        let large = json!({"id": "cus_1", "phone": "1".repeat(70_000)});
        assert_eq!(map(&rules, &large, None).unwrap_err().code, "VALUE_TOO_LARGE");
    }

    pub(crate) fn row(email: &str) -> Model {
        Model {
            id: uuid::Uuid::nil(),
            origin: entity::kind::ClientOrigin::Stripe,
            name: "Old".into(),
            name_key: "old".into(),
            search_key: "old".into(),
            status: ClientStatus::Active,
            email: Some(email.into()),
            phone: None,
            site_url: None,
            external_id: None,
            address_line1: None,
            address_line2: None,
            address_city: None,
            address_state: None,
            address_postal_code: None,
            address_country: None,
            currency: None,
            inception_date: None,
            deleted_in_stripe: false,
            warnings: entity::list::Warnings::default(),
            created_at: 0,
            updated_at: 0,
        }
    }

    proptest! {
        #[test]
        fn no_customer_makes_it_panic(name in ".*", created in any::<i64>(), email in proptest::option::of(".*")) {
            let customer = json!({"id": "cus_1", "name": name, "created": created, "email": email, "address": created});
            let _ = by_default(&customer);
        }
    }
}
