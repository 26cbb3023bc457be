//! The whole road of clients that another system keeps: a thousand from a file, Stripe's customers find them, the rest wait for theirs.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write;

use sandbox::{Kind, Options};
use serde_json::{Value, json};

use super::{Told, clients, everything};
use crate::support::TestApp;

const DISABLE: &str = "mutation($id: ID!) {
    updateCustomerMapping(input: {integrationId: $id, direction: DISABLED}) { userErrors { code message } }
}";
const MATCH: &str = "mutation($id: ID!) {
    updateSettings(input: {
        integrationId: $id, invoiceLookbackDays: 3650, contractSources: [INVOICE, SUBSCRIPTION],
        clientMatching: [STRIPE_ID, EXTERNAL_ID, EMAIL], externalIdSource: \"metadata.crm_id\"
    }) { userErrors { code message } }
}";
const CONTRACTS: &str = "query($after: String, $linked: Boolean) {
    contracts(first: 100, after: $after, filter: {linked: $linked}) {
        totalCount nodes { stripeCustomerId client { name } } pageInfo { hasNextPage endCursor }
    }
}";
const HEADER: &str = "Company,E-mail,CRM no.,Stripe customer,Notes\n";
const MAPS: [&str; 8] = [
    "--map",
    "Company=name",
    "--map",
    "CRM no.=externalId",
    "--map",
    "Stripe customer=stripeId",
    "--map",
    "Notes=",
];

/// How the file tells of a customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    StripeId,
    ExternalId,
    Email,
    Nothing,
}

const WAYS: [By; 4] = [By::StripeId, By::ExternalId, By::Email, By::Nothing];

fn line(by: By, customer: &str) -> String {
    let name = name_of(customer);
    match by {
        By::StripeId => format!("{name},,S-{customer},{customer},x\n"),
        By::ExternalId => format!("{name},other-{customer}@example.org,CRM-{customer},,x\n"),
        By::Email => format!("{name}, {}@EXAMPLE.org ,M-{customer},,x\n", customer.to_uppercase()),
        By::Nothing => format!("{name},nobody-{customer}@example.org,N-{customer},,x\n"),
    }
}

fn name_of(customer: &str) -> String {
    format!("Client of {customer}")
}

/// A company whose customers carry what they are to be found by; they are given in the order of their making.
async fn world() -> (TestApp, String, Vec<String>) {
    let options = Options {
        customers: 1_240,
        products: 10,
        invoices: 2_600,
        subscriptions: 300,
        ..Options::default()
    };
    let app = TestApp::builder().sandbox(options).start().await;
    let living = |customer: &Value| (customer["deleted"] != true).then(|| customer["id"].as_str().unwrap().to_owned());
    let customers: Vec<String> = app
        .sandbox()
        .world()
        .truth(Kind::Customer)
        .iter()
        .filter_map(living)
        .collect();
    for customer in &customers {
        let known = json!({
            "email": format!("{}@example.org", customer.to_lowercase()),
            "metadata": { "crm_id": format!("CRM-{customer}") },
        });
        app.sandbox().world().update(Kind::Customer, customer, known);
    }
    let integration = app.admin().connect_stripe(app.sandbox().key(), 3_650).await;
    for (mutation, query) in [("updateCustomerMapping", DISABLE), ("updateSettings", MATCH)] {
        app.admin().mutate(mutation, query, json!({ "id": integration })).await;
    }
    (app, integration, customers)
}

fn import(app: &TestApp, file: &str) -> Told {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("crm.csv"), file).unwrap();
    let nowhere = ["--stripe-api-base", "http://127.0.0.1:1"];
    let args = [&["import", "crm.csv"], &MAPS[..], &nowhere].concat();
    let told = clients(folder.path(), app.database_url(), &args);
    assert_eq!(told.code, Some(0), "{}", told.stderr);
    told
}

/// The customers of contracts, each with the name of its client and how many there are.
async fn contracts(app: &TestApp, linked: Option<bool>) -> BTreeMap<(String, Option<String>), usize> {
    let (mut found, mut after) = (BTreeMap::new(), Value::Null);
    loop {
        let data = app
            .graphql(CONTRACTS, json!({ "after": after, "linked": linked }))
            .await;
        let page = &data["contracts"];
        for node in page["nodes"].as_array().unwrap() {
            let customer = node["stripeCustomerId"].as_str().unwrap_or_default().to_owned();
            let client = node["client"]["name"].as_str().map(str::to_owned);
            *found.entry((customer, client)).or_default() += 1;
        }
        if page["pageInfo"]["hasNextPage"] != true {
            assert_eq!(page["totalCount"], found.values().sum::<usize>());
            return found;
        }
        after = page["pageInfo"]["endCursor"].clone();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn contracts_find_their_clients_by_each_rule_and_the_rest_wait_for_theirs() {
    let (app, integration, customers) = world().await;
    let (here, missing) = customers.split_at(1_000);
    let mut way: HashMap<&str, By> = HashMap::new();
    let mut file = HEADER.to_owned();
    for (customer, by) in here.iter().zip(WAYS.into_iter().cycle()) {
        way.insert(customer, by);
        file += &line(by, customer);
    }
    assert_eq!(import(&app, &file).counts(), [("created".to_owned(), 1_000)].into());
    let run = app.admin().import(&integration).await;
    assert_eq!(run["state"], "SUCCEEDED", "{run}");

    let (rows, links) = everything(app.db()).await;
    assert_eq!(rows.len(), 1_000, "Stripe makes no clients");
    let known: BTreeSet<_> = links
        .iter()
        .map(|link| (&*link.linked_by, &*link.stripe_customer_id))
        .collect();
    let expected = here.iter().filter_map(|customer| match way[&**customer] {
        By::StripeId => Some(("STRIPE_ID", &**customer)),
        By::ExternalId => Some(("EXTERNAL_ID", &**customer)),
        By::Email => Some(("EMAIL", &**customer)),
        By::Nothing => None,
    });
    assert_eq!(known, expected.collect());
    let all = contracts(&app, None).await;
    let mut by_way = BTreeMap::new();
    for ((customer, client), count) in &all {
        let by = way.get(&**customer).copied().unwrap_or(By::Nothing);
        let expected = (by != By::Nothing).then(|| name_of(customer));
        assert_eq!(*client, expected, "{customer} {by:?}");
        *by_way.entry(format!("{by:?}")).or_insert(0) += count;
    }
    assert!(
        by_way.len() == 4 && by_way.values().all(|count| *count > 100),
        "{by_way:?}"
    );
    let waiting = contracts(&app, Some(false)).await;
    assert_eq!(waiting.values().sum::<usize>(), by_way["Nothing"]);

    // From here on nothing is pulled: what attaches now does so by the file alone.
    app.stop_sync(&integration).await;
    let mut second = HEADER.to_owned();
    for (customer, by) in missing.iter().zip(WAYS[..3].iter().cycle()) {
        second += &line(*by, customer);
    }
    // Those of the first file whom no rule could find get the address by which one can.
    for customer in here.iter().filter(|customer| way[&***customer] == By::Nothing) {
        let address = format!("{customer}@example.org");
        writeln!(second, "{},{address},N-{customer},,x", name_of(customer)).unwrap();
    }
    let told = import(&app, &second).counts();
    assert_eq!(
        told,
        [("changed".to_owned(), 250), ("created".to_owned(), missing.len())].into()
    );
    let living: BTreeSet<&str> = customers.iter().map(String::as_str).collect();
    for ((customer, client), _) in contracts(&app, None).await {
        let expected = living.contains(&*customer).then(|| name_of(&customer));
        assert_eq!(client, expected, "{customer}");
    }
    let before = everything(app.db()).await;
    assert_eq!(import(&app, &second).counts()["unchanged"], 250 + missing.len());
    assert_eq!(everything(app.db()).await, before);
}
