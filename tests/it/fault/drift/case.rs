//! One odd object in each of many shapes, imported among sound ones.

use entity::kind::ContractSource;
use entity::{client, client_link, contract, product};
use sandbox::{Kind, Options};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::{Value, json};

use crate::fault::support::{MINUTE, connected, mend, pass, reconcile};
use crate::support::TestApp;

/// A shape, and what becomes of an object in it.
pub(super) struct Case {
    /// What is odd.
    pub(super) shows: &'static str,
    /// Makes a sound object odd.
    pub(super) change: fn(&mut Value),
    pub(super) end: End,
}

/// A case.
pub(super) const fn case(shows: &'static str, change: fn(&mut Value), end: End) -> Case {
    Case { shows, change, end }
}

/// What becomes of an odd object.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum End {
    /// A record without a word.
    Here,
    /// A record with a warning that says this.
    Warned(&'static str),
    /// A failure with this code.
    Fails(&'static str),
    /// Nothing: it is no business of ours in this shape.
    Passed,
}

pub(super) use End::{Fails, Here, Passed, Warned};

/// Text that no database can make much shorter.
pub(super) fn long_text(letters: usize) -> String {
    let mut state: u32 = 7;
    let letter = |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        char::from_digit(state >> 27, 36).unwrap()
    };
    (0..letters).map(letter).collect()
}

/// Imports a company in which one object a case is odd, and judges; then all that once more where sound records are here already.
pub(super) async fn import(kind: Kind, cases: &[Case]) {
    let (app, id) = connected(Options {
        customers: 90,
        products: 24,
        invoices: 260,
        subscriptions: 120,
        ..Options::default()
    })
    .await;
    // Only what is sent can hold half a character.
    app.sandbox().faults().rewrite("<half>", "\\ud83d");
    let sound = candidates(&app, kind);
    assert!(
        sound.len() >= cases.len(),
        "{} objects for {} cases",
        sound.len(),
        cases.len()
    );
    let odd: Vec<(&Case, String)> = cases
        .iter()
        .zip(&sound)
        .map(|(case, object)| (case, id_of(object)))
        .collect();
    spoil(&app, kind, cases, &sound);
    let run = app.admin().import(&id).await;
    assert_ends_as_it_should(&app, &run, kind, &odd).await;
    assert_nothing_else_is_missing(&app, kind, &odd).await;
    cure(&app, kind, &odd);
    mend(&app).await;
    let run = app.admin().import(&id).await;
    assert_eq!(run["state"], "SUCCEEDED", "{run}");
    app.prove(&id).await;

    let before = records(&app, kind).await;
    spoil(&app, kind, cases, &sound);
    pass(&app, MINUTE);
    let run = reconcile(&app, &id).await;
    assert_ends_as_it_should(&app, &run, kind, &odd).await;
    let after = records(&app, kind).await;
    for (case, id) in odd.iter().filter(|(case, _)| matches!(case.end, Fails(_))) {
        let of = |records: &[(String, String, Vec<String>)]| records.iter().find(|(known, ..)| known == id).cloned();
        assert_eq!(of(&after), of(&before), "{}: the record is not lost for it", case.shows);
    }
    cure(&app, kind, &odd);
    mend(&app).await;
    let run = app.admin().import(&id).await;
    assert_eq!(run["state"], "SUCCEEDED", "{run}");
    app.prove(&id).await;
}

fn id_of(object: &Value) -> String {
    object["id"].as_str().unwrap().to_owned()
}

/// Sound objects of which each makes a record, and that the sandbox sends whole.
fn candidates(app: &TestApp, kind: Kind) -> Vec<Value> {
    let is_meant = |object: &Value| match kind {
        Kind::Invoice => {
            let lines = object["lines"]["data"].as_array().unwrap().len();
            object["status"] == "paid" && object["total"] != 0 && (1..=10).contains(&lines)
        }
        Kind::Subscription => {
            let items = object["items"]["data"].as_array().unwrap();
            let price = &items[0]["price"];
            let is_plain = price["billing_scheme"] == "per_unit" && price["recurring"]["usage_type"] == "licensed";
            is_plain && object["status"] == "active" && object["discounts"] == json!([]) && items.len() <= 10
        }
        Kind::Price => object["recurring"].is_object() && object["active"] == true,
        _ => object["deleted"] != true && object["name"].is_string(),
    };
    let mut objects = app.sandbox().world().truth(kind);
    objects.retain(is_meant);
    objects
}

fn spoil(app: &TestApp, kind: Kind, cases: &[Case], sound: &[Value]) {
    for (case, object) in cases.iter().zip(sound) {
        let mut odd = object.clone();
        (case.change)(&mut odd);
        app.sandbox().world().poison(kind, &id_of(object), odd);
    }
}

fn cure(app: &TestApp, kind: Kind, odd: &[(&Case, String)]) {
    for (_, id) in odd {
        app.sandbox().world().cure(kind, id);
    }
}

/// Stripe id, name and warnings of each record of a kind.
async fn records(app: &TestApp, kind: Kind) -> Vec<(String, String, Vec<String>)> {
    let read = app.db().read();
    match kind {
        Kind::Customer => {
            let links = client_link::Entity::find().all(read).await.unwrap();
            let clients = client::Entity::find().all(read).await.unwrap();
            let of = |link: client_link::Model| {
                let client = clients.iter().find(|client| client.id == link.client_id).unwrap();
                (link.stripe_customer_id, client.name.clone(), client.warnings.0.clone())
            };
            links.into_iter().map(of).collect()
        }
        Kind::Product | Kind::Price => {
            let rows = product::Entity::find().all(read).await.unwrap();
            rows.into_iter()
                .map(|row| (row.stripe_id, row.name, row.warnings.0))
                .collect()
        }
        _ => {
            let source = if kind == Kind::Invoice {
                ContractSource::Invoice
            } else {
                ContractSource::Subscription
            };
            let rows = contract::Entity::find().filter(contract::Column::Source.eq(source));
            let rows = rows.all(read).await.unwrap();
            rows.into_iter()
                .map(|row| (row.stripe_id, row.name, row.warnings.0))
                .collect()
        }
    }
}

async fn assert_ends_as_it_should(app: &TestApp, run: &Value, kind: Kind, odd: &[(&Case, String)]) {
    let any_fails = odd.iter().any(|(case, _)| matches!(case.end, Fails(_)));
    assert_eq!(run["state"], if any_fails { "PARTIAL" } else { "SUCCEEDED" }, "{run}");
    let query = "{ syncErrors(first: 100, filter: {resolved: false}) { nodes { stripeId code message hint } } }";
    let errors = app.graphql(query, json!({})).await["syncErrors"]["nodes"].take();
    let records = records(app, kind).await;
    for (case, id) in odd {
        let error = errors.as_array().unwrap().iter().find(|error| error["stripeId"] == *id);
        let record = records.iter().find(|(known, ..)| known == id);
        match case.end {
            Fails(code) => {
                let error = error.unwrap_or_else(|| panic!("{}: nothing says that it failed", case.shows));
                assert_eq!(error["code"], code, "{}: {error}", case.shows);
                let message = error["message"].as_str().unwrap();
                assert!(
                    (10..2_000).contains(&message.len()),
                    "{}: {} bytes",
                    case.shows,
                    message.len()
                );
                assert!(error["hint"].is_string(), "{}: {error}", case.shows);
            }
            Here | Warned(_) | Passed => assert_eq!(error, None, "{}", case.shows),
        }
        if let (Warned(_) | Here, Kind::Customer | Kind::Product | Kind::Invoice | Kind::Subscription) =
            (case.end, kind)
        {
            let (_, name, warnings) = record.unwrap_or_else(|| panic!("{}: it is not here", case.shows));
            assert!(!name.contains('\0'), "{}", case.shows);
            let is_told = match case.end {
                Warned(text) => warnings.iter().any(|warning| warning.contains(text)),
                _ => warnings.is_empty(),
            };
            assert!(is_told, "{}: {warnings:?}", case.shows);
        }
    }
    let failing = odd.iter().filter(|(case, _)| matches!(case.end, Fails(_))).count();
    assert_eq!(errors.as_array().unwrap().len(), failing, "{errors}");
}

/// What is not odd is here: the other objects of the kind, and those of all other kinds.
async fn assert_nothing_else_is_missing(app: &TestApp, kind: Kind, odd: &[(&Case, String)]) {
    for other in [Kind::Customer, Kind::Product, Kind::Invoice, Kind::Subscription] {
        let here = records(app, other).await;
        let objects = app.sandbox().world().truth(other).into_iter();
        let makes_record = |object: &Value| match other {
            Kind::Invoice => object["status"] == "paid" && object["total"] != 0,
            Kind::Subscription => object["status"] != "incomplete",
            _ => object["deleted"] != true,
        };
        for id in objects.filter(makes_record).map(|object| id_of(&object)) {
            let is_odd = other == kind && odd.iter().any(|(_, known)| *known == id);
            assert!(is_odd || here.iter().any(|(known, ..)| *known == id), "{id} is missing");
        }
    }
}
