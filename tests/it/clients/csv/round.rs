//! What is exported is safe to open, and imported it changes nothing, whatever it holds.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use entity::kind::{ClientOrigin, ClientStatus, CustomFieldOwner, FieldType};
use entity::list::{CustomValues, EditedFields, HeldBefore, PicklistOptions, Warnings};
use entity::{client, client_link, custom_field};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel};
use tributary::map::client::{ClientDraft, Status};
use tributary::store::{self, Db};
use uuid::Uuid;

use super::{clients, connect, everything, export, import_bytes, insert_fields};
use crate::support::TestDatabase;

/// More than are read together.
const CLIENTS: usize = 1_100;
const FORMULAS: [&str; 11] = ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"];

/// Any text that a database holds; many begin like formulas, numbers and quotations.
fn any_text() -> impl Strategy<Value = String> {
    let text = "(?s)['=+@＝＋－＠\\t\\r\\n \",;0-9.-]{0,3}.{0,12}['\" \\r\\n,;]{0,2}";
    let special = prop::sample::select(vec![
        "-19.90",
        "-5",
        "=cmd|' /C calc'!A0",
        "'=1",
        "''",
        "\"",
        "\u{feff}x",
        "\u{202e}gnp.exe",
        "a\u{200b}b",
        "1\r\n2\n3\r4",
        ",",
        ".",
        " ",
        "𝒳🧑‍🚀",
    ]);
    prop_oneof![4 => text.prop_map(|text| text.replace('\0', "0")), 1 => special.prop_map(str::to_owned)]
}

fn any_maybe() -> impl Strategy<Value = Option<String>> {
    prop::option::of(any_text().prop_filter("empty is none", |text| !text.trim().is_empty()))
}

fn any_draft(fields: Vec<Uuid>) -> impl Strategy<Value = ClientDraft> {
    let name = any_text().prop_map(|name| if name.trim().is_empty() { "x".to_owned() } else { name });
    let status = prop::sample::select(vec![
        ClientStatus::Active,
        ClientStatus::Inactive,
        ClientStatus::Trial,
        ClientStatus::Terminated,
    ]);
    let texts = prop::collection::vec(any_maybe(), 11);
    let day = prop::option::of((1..=9999_i32, 1..=365_u32));
    let edited = prop::collection::btree_set(prop::sample::select(vec!["name", "phone", "custom.notes"]), 0..3);
    let values = prop::collection::vec(any_maybe(), fields.len());
    (name, status, texts, day, edited, values).prop_map(move |(name, status, mut texts, day, edited, values)| {
        let mut text = || texts.pop().flatten();
        let values = fields.iter().copied().zip(values);
        ClientDraft {
            name,
            status: Status(status),
            email: text(),
            phone: text(),
            site_url: text(),
            external_id: text(),
            address_line1: text(),
            address_line2: text(),
            address_city: text(),
            address_state: text(),
            address_postal_code: text(),
            address_country: text(),
            currency: text(),
            inception_date: day.and_then(|(year, day)| NaiveDate::from_yo_opt(year, day)),
            custom_values: values
                .filter_map(|(id, value)| Some((id, value?)))
                .collect::<BTreeMap<_, _>>(),
            edited: edited.into_iter().map(str::to_owned).collect::<BTreeSet<_>>(),
            held_before: BTreeMap::new(),
            warnings: Vec::new(),
        }
    })
}

fn blank(number: usize) -> client::Model {
    client::Model {
        id: Uuid::now_v7(),
        origin: if number.is_multiple_of(2) {
            ClientOrigin::Manual
        } else {
            ClientOrigin::Stripe
        },
        name: String::new(),
        name_key: String::new(),
        search_key: String::new(),
        status: ClientStatus::Active,
        email: None,
        email_key: None,
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
        custom_values: CustomValues::default(),
        edited: EditedFields::default(),
        held_before: HeldBefore::default(),
        deleted_in_stripe: false,
        warnings: Warnings::default(),
        created_at: 1,
        updated_at: 1,
    }
}

/// Clients with anything in them, of which every third is one Stripe customer and every ninth two, of two accounts.
async fn fill(db: &Db) {
    let integrations = [connect(db).await.0, connect(db).await.0];
    let fields: Vec<custom_field::Model> = ["notes", "more"]
        .into_iter()
        .map(|key| custom_field::Model {
            id: Uuid::now_v7(),
            owner: CustomFieldOwner::Client,
            key: key.to_owned(),
            label: format!("={key}"),
            field_type: FieldType::Text,
            options: PicklistOptions::default(),
            created_at: 1,
        })
        .collect();
    let drafts = any_draft(fields.iter().map(|field| field.id).collect());
    insert_fields(db, fields).await;
    let mut runner = TestRunner::deterministic();
    for number in 0..CLIENTS {
        let draft = drafts.new_tree(&mut runner).unwrap().current();
        let existing = blank(number);
        let customers: Vec<String> = match number {
            _ if number % 9 == 0 => vec![format!("cus_{number}"), format!("=cus_{number}")],
            _ if number % 3 == 0 => vec![format!("cus_{number}")],
            _ => Vec::new(),
        };
        let links = customers.iter().zip(0..).map(|(customer, place)| client_link::Model {
            integration_id: integrations[usize::try_from(place).unwrap()],
            stripe_customer_id: customer.clone(),
            client_id: existing.id,
            linked_by: "PERSON".to_owned(),
            deleted_in_stripe: false,
            created_at: place,
        });
        for link in links {
            link.into_active_model().reset_all().insert(db.write()).await.unwrap();
        }
        let row = draft.into_row(&existing, customers.iter().map(String::as_str));
        row.into_active_model().reset_all().insert(db.write()).await.unwrap();
    }
}

#[tokio::test]
async fn an_export_that_is_imported_changes_nothing() {
    let database = TestDatabase::create().await;
    let db = database.open().await;
    fill(&db).await;
    let before = everything(&db).await;
    let exported = export(&database);
    let told = import_bytes(&database, &exported, &[]);
    assert_eq!(told.code, Some(0), "{}", told.stderr);
    assert_eq!(told.counts(), [("unchanged".to_owned(), CLIENTS)].into());
    assert_eq!(everything(&db).await, before);
    assert_eq!(export(&database), exported);

    let out = clients(database.folder(), database.url(), &["export", "--out", "all.csv"]);
    assert!(out.code == Some(0) && out.stdout.is_empty(), "{out:?}");
    assert_eq!(std::fs::read(database.folder().join("all.csv")).unwrap(), exported);
}

#[tokio::test]
async fn an_export_holds_everything_and_nothing_that_a_spreadsheet_would_run() {
    let database = TestDatabase::create().await;
    let db = database.open().await;
    fill(&db).await;
    let rows = parse(&String::from_utf8(export(&database)).unwrap());
    let header = "id,name,status,email,phone,siteUrl,externalId,address.line1,address.line2,address.city,address.state,\
        address.postalCode,address.country,currency,inceptionDate,custom.more,custom.notes,stripeId,integrationId";
    assert_eq!(rows[0].join(","), header);
    for cell in rows.iter().flatten() {
        let runs = FORMULAS
            .iter()
            .any(|sign| cell.trim_start_matches(' ').starts_with(sign));
        let is_number = cell
            .strip_prefix('-')
            .is_some_and(|digits| digits.chars().all(|c| c.is_ascii_digit() || c == '.'));
        assert!(!runs || is_number, "{cell:?}");
    }
    let (clients, links) = everything(&db).await;
    assert_eq!(rows.len() - 1, clients.len());
    let unguarded = |cell: &str| match cell.strip_prefix('\'') {
        Some(text)
            if text
                .trim_start_matches([' ', '\''])
                .starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']) =>
        {
            text.to_owned()
        }
        _ => cell.to_owned(),
    };
    for (row, client) in rows[1..].iter().zip(&clients) {
        assert_eq!(row[0], super::id_of(client), "the oldest first");
        assert_eq!(unguarded(&row[1]), client.name);
        assert_eq!(Some(unguarded(&row[4])).filter(|phone| !phone.is_empty()), client.phone);
        let day = client.inception_date.map(|day| day.to_string());
        assert_eq!(row[14], day.unwrap_or_default());
        let mut own: Vec<_> = links.iter().filter(|link| link.client_id == client.id).collect();
        own.sort_by_key(|link| link.created_at);
        let first = own.first().map(|link| link.stripe_customer_id.clone());
        assert_eq!(row[17], first.unwrap_or_default());
    }
}

/// RFC 4180 to the letter, and nothing else.
fn parse(text: &str) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut rest) = (Vec::new(), Vec::new(), text);
    while !rest.is_empty() {
        let cell = match rest.strip_prefix('"') {
            None => {
                let end = rest.find([',', '\r', '\n', '"']).unwrap();
                let (cell, left) = rest.split_at(end);
                rest = left;
                cell.to_owned()
            }
            Some(quoted) => {
                let parts = quoted.replace("\"\"", "\0");
                let (cell, left) = parts.split_once('"').unwrap();
                let taken = cell.replace('\0', "\"\"").len();
                rest = &quoted[taken + 1..];
                assert_eq!(left.replace('\0', "\"\""), rest);
                cell.replace('\0', "\"")
            }
        };
        row.push(cell);
        if let Some(left) = rest.strip_prefix(',') {
            rest = left;
        } else {
            rest = rest.strip_prefix("\r\n").unwrap_or_else(|| panic!("{:?}", &rest[..20]));
            rows.push(std::mem::take(&mut row));
        }
    }
    assert_eq!(row, [""; 0]);
    rows
}

#[tokio::test]
async fn an_export_is_of_one_moment() {
    let database = TestDatabase::create().await;
    let db = database.open().await;
    let insert = async |number| {
        let row = client::Model {
            name: format!("Client {number}"),
            ..blank(number)
        };
        row.into_active_model().reset_all().insert(db.write()).await.unwrap();
    };
    insert(1).await;
    let view = db.begin_view().await.unwrap();
    assert_eq!(store::client::list_after(&view, None, 10).await.unwrap().len(), 1);
    insert(2).await;
    let seen = store::client::list_after(&view, None, 10).await.unwrap();
    assert_eq!(seen.len(), 1);
    assert_eq!(client::Entity::find().all(db.read()).await.unwrap().len(), 2);
}
