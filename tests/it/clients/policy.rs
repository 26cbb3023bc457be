//! Who wins a field, Stripe or a person: after an edit, an event, a re-map and an import.

use sandbox::Kind;
use serde_json::{Value, json};

use crate::support::{Office, rule, rule_by, text};

const POLICIES: [&str; 3] = ["STRIPE_WINS", "LOCAL_WINS", "FILL_IF_EMPTY"];

/// Fields by what they are called in a mapping, in a query, and in Stripe's metadata, where the test's rules find them.
const FIELDS: [(&str, &str, &str); 5] = [
    ("phone", "/phone", "phone"),
    ("address.city", "/address/city", "city"),
    ("siteUrl", "/siteUrl", "site"),
    ("inceptionDate", "/inceptionDate", "since"),
    ("custom.tier", "/customValues/0/value", "tier"),
];

/// What Stripe says at a time, in all fields.
fn said(time: u8) -> Value {
    json!({ "phone": format!("Stripe {time}"), "city": format!("Stripe {time}"), "site": format!("https://stripe{time}.test"),
        "since": format!("2020-01-0{time}"), "tier": format!("Stripe {time}") })
}

/// What a person says of all fields.
fn typed() -> Value {
    json!({ "phone": "Typed", "address": { "city": "Typed" }, "siteUrl": "https://typed.test", "inceptionDate": "2021-01-01",
        "customValues": [{ "key": "tier", "value": "Typed" }] })
}

fn emptied() -> Value {
    json!({ "phone": null, "address": { "city": null }, "siteUrl": null, "inceptionDate": null,
        "customValues": [{ "key": "tier", "value": null }] })
}

/// What is in the fields: what Stripe said at a time, what was typed, or nothing.
fn state(client: &Value) -> String {
    let mut states: Vec<String> = FIELDS
        .iter()
        .map(|(target, pointer, _)| match client.pointer(pointer).unwrap() {
            Value::Null => "empty".to_owned(),
            value if text(value).to_lowercase().contains("typed") || value == "2021-01-01" => "typed".to_owned(),
            value => {
                let text = text(value);
                let digit = text.trim_end_matches(".test").chars().last();
                format!("stripe {}", digit.unwrap_or_else(|| panic!("{target} {value}")))
            }
        })
        .collect();
    states.dedup();
    assert_eq!(states.len(), 1, "the fields differ: {client}");
    states.remove(0)
}

struct Case {
    office: Office,
    customer: String,
    client: String,
}

impl Case {
    async fn begin(policy: &str) -> Self {
        let office = Office::open().await;
        office.field("CLIENT", "tier", "TEXT", None).await;
        let rules: Vec<Value> = FIELDS
            .iter()
            .map(|(target, _, key)| rule_by(policy, &format!("metadata.{key}"), target))
            .collect();
        office.map("CUSTOMER", &rules).await;
        let customer = office.customer(json!({ "name": "Acme", "metadata": said(1) }));
        office.pull().await;
        let client = office.whose(&customer).await.unwrap();
        Self {
            office,
            customer,
            client,
        }
    }

    async fn state(&self) -> String {
        state(&self.office.client(&self.client).await)
    }

    /// Whatever way what is known comes in again, it changes nothing.
    async fn assert_rests_at(&self, expected: &str, policy: &str) {
        assert_eq!(self.state().await, expected, "{policy}");
        let before = self.office.client(&self.client).await;
        self.office.pull().await;
        self.office.map("CUSTOMER", &[rule("description", "externalId")]).await;
        self.office.remap(&["CUSTOMER"]).await;
        self.office
            .map("CUSTOMER", &[rule("metadata.none", "externalId")])
            .await;
        self.office.pull().await;
        assert_eq!(self.office.client(&self.client).await, before, "{policy}");
    }

    async fn edit(&self, mut fields: Value) {
        fields["id"] = json!(self.client);
        self.office.save(json!([fields])).await;
    }

    async fn stripe_says(&self, metadata: &Value) {
        self.office.pass_a_minute();
        let patch = json!({ "metadata": metadata });
        self.office.world().update(Kind::Customer, &self.customer, patch);
        self.office.tell().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_gives_way_or_stays_as_the_policy_says() {
    for (policy, after_edit, after_event) in [
        // Until Stripe says something again, by whatever way, an edit stands; Stripe's word is what is mapped.
        ("STRIPE_WINS", "stripe 1", "stripe 2"),
        ("LOCAL_WINS", "typed", "typed"),
        ("FILL_IF_EMPTY", "typed", "typed"),
    ] {
        let case = Case::begin(policy).await;
        case.assert_rests_at("stripe 1", policy).await;
        case.edit(typed()).await;
        assert_eq!(case.state().await, "typed", "{policy}: the edit itself is kept");
        case.office.map("CUSTOMER", &[rule("email", "externalId")]).await;
        case.office.remap(&["CUSTOMER"]).await;
        case.assert_rests_at(after_edit, policy).await;
        case.stripe_says(&said(2)).await;
        case.assert_rests_at(after_event, policy).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_field_that_a_person_has_emptied_is_filled_unless_theirs_wins() {
    for (policy, after) in [
        ("STRIPE_WINS", "stripe 2"),
        ("LOCAL_WINS", "empty"),
        ("FILL_IF_EMPTY", "stripe 2"),
    ] {
        let case = Case::begin(policy).await;
        case.edit(emptied()).await;
        assert_eq!(case.state().await, "empty", "{policy}");
        case.stripe_says(&said(2)).await;
        case.assert_rests_at(after, policy).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stripe_empties_is_emptied_only_where_stripe_wins() {
    let nothing = json!({ "phone": "", "city": null, "site": " ", "since": null, "tier": null });
    for (policy, untouched, edited) in [
        ("STRIPE_WINS", "empty", "empty"),
        ("LOCAL_WINS", "empty", "typed"),
        ("FILL_IF_EMPTY", "stripe 1", "typed"),
    ] {
        let case = Case::begin(policy).await;
        case.stripe_says(&nothing).await;
        case.assert_rests_at(untouched, policy).await;
        let case = Case::begin(policy).await;
        case.edit(typed()).await;
        case.stripe_says(&nothing).await;
        case.assert_rests_at(edited, policy).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_fit_counts_as_nothing_and_is_told() {
    for (policy, after) in [
        ("STRIPE_WINS", Value::Null),
        ("LOCAL_WINS", Value::Null),
        ("FILL_IF_EMPTY", json!("2020-01-01")),
    ] {
        let case = Case::begin(policy).await;
        let mut wrong = said(2);
        wrong["since"] = json!("yesterday");
        case.stripe_says(&wrong).await;
        let client = case.office.client(&case.client).await;
        assert_eq!(client["inceptionDate"], after, "{policy}");
        assert_eq!(
            client["warnings"],
            json!(["The rule for inceptionDate gives nothing that fits: a date is written YYYY-MM-DD."])
        );
        case.stripe_says(&said(3)).await;
        assert_eq!(
            case.office.client(&case.client).await["warnings"],
            json!([]),
            "{policy}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn required_fields_fall_back() {
    for policy in POLICIES {
        let office = Office::open().await;
        let rules = [
            rule_by(policy, "metadata.name", "name"),
            rule_by(policy, "metadata.status", "status"),
        ];
        office.map("CUSTOMER", &rules).await;
        let named = office.customer(json!({ "metadata": { "name": "Acme", "status": "trial" } }));
        let nameless = office.customer(json!({ "metadata": {} }));
        office.pull().await;
        let shown = async |customer: &str| {
            let client = office.client_of(customer).await;
            (text(&client["name"]), text(&client["status"]))
        };
        let own = |text: &str, status: &str| (text.to_owned(), status.to_owned());
        assert_eq!(shown(&named).await, own("Acme", "TRIAL"), "{policy}");
        assert_eq!(shown(&nameless).await, own(&nameless, "ACTIVE"), "{policy}");
        office.pass_a_minute();
        office.world().update(
            Kind::Customer,
            &named,
            json!({ "metadata": { "name": null, "status": null } }),
        );
        office.tell().await;
        let expected = if policy == "FILL_IF_EMPTY" {
            own("Acme", "TRIAL")
        } else {
            own(&named, "ACTIVE")
        };
        assert_eq!(shown(&named).await, expected, "{policy}");

        let id = office.whose(&named).await.unwrap();
        office
            .save(json!([{ "id": id, "name": "Typed", "status": "TERMINATED" }]))
            .await;
        office.pass_a_minute();
        office.world().update(Kind::Customer, &named, json!({ "phone": "1" }));
        office.tell().await;
        let expected = if policy == "STRIPE_WINS" {
            own(&named, "ACTIVE")
        } else {
            own("Typed", "TERMINATED")
        };
        assert_eq!(shown(&named).await, expected, "{policy}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn once_stripe_has_won_a_later_policy_protects_no_old_edit() {
    let case = Case::begin("STRIPE_WINS").await;
    case.edit(json!({ "phone": "Typed" })).await;
    case.stripe_says(&said(2)).await;
    case.office
        .map("CUSTOMER", &[rule_by("LOCAL_WINS", "metadata.phone", "phone")])
        .await;
    case.stripe_says(&said(3)).await;
    assert_eq!(case.state().await, "stripe 3");
    // An edit that says what Stripe says is an edit still.
    case.edit(json!({ "phone": "Stripe 3" })).await;
    case.stripe_says(&said(4)).await;
    assert_eq!(case.office.client(&case.client).await["phone"], "Stripe 3");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_rule_writes_stays_as_it_is() {
    let case = Case::begin("STRIPE_WINS").await;
    let mut rules = case.office.rules("CUSTOMER").await;
    rules.retain(|rule| rule["target"] != "phone");
    let off = rules.iter_mut().find(|rule| rule["target"] == "address.city").unwrap();
    off["enabled"] = json!(false);
    let changed = case.office.update("CUSTOMER", json!({ "rules": rules })).await;
    assert_eq!(changed["userErrors"], json!([]));
    case.stripe_says(&said(2)).await;
    let client = case.office.client(&case.client).await;
    let shown = [&client["phone"], &client["address"]["city"], &client["siteUrl"]];
    assert_eq!(shown, ["Stripe 1", "Stripe 1", "https://stripe2.test"]);
}
