//! What an edit does to a client's fields, without a database.

use entity::kind::{ClientOrigin, CustomFieldOwner, FieldType};
use entity::list::PicklistOptions;

use super::*;
use crate::pull::blank_client;

fn notes() -> custom_field::Model {
    custom_field::Model {
        id: Uuid::from_u128(7),
        owner: CustomFieldOwner::Client,
        key: "notes".to_owned(),
        label: "Notes".to_owned(),
        field_type: FieldType::Text,
        options: PicklistOptions::default(),
        created_at: 0,
    }
}

fn blank() -> Model {
    blank_client(Uuid::from_u128(1), ClientOrigin::Manual, 0)
}

fn edit(fields: &[(&str, Option<&str>)]) -> ClientEdit {
    let own = |(path, value): &(&str, Option<&str>)| ((*path).to_owned(), value.map(str::to_owned));
    ClientEdit {
        fields: fields.iter().map(own).collect(),
        ..ClientEdit::default()
    }
}

#[test]
fn a_text_is_no_longer_than_what_a_mapping_may_write() {
    let targets = editable(&[notes()]);
    let apply = |text: &str| edit(&[("name", Some("Acme")), ("custom.notes", Some(text))]).apply(&blank(), &targets);
    assert!(apply(&"é".repeat(TEXT_LIMIT / 2)).is_ok());
    let problems = apply(&"é".repeat(TEXT_LIMIT / 2 + 1)).unwrap_err();
    assert_eq!(
        problems,
        [Problem::new(
            &["custom", "notes"],
            Code::TooLong,
            "At most 65536 bytes."
        )]
    );
}

#[test]
fn of_a_file_only_what_differs_is_set_by_hand() {
    let targets = editable(&[notes()]);
    let mut here = blank();
    here.name = " Acme ".to_owned();
    here.status = entity::kind::ClientStatus::Trial;
    here.currency = Some("EUR".to_owned());
    here.email = Some("as Stripe has it".to_owned());
    here.phone = Some("1".repeat(200));
    here.external_id = Some("A-1".to_owned());
    let long = "1".repeat(200);
    let apply = |id: Option<Uuid>, fields: &[(&str, Option<&str>)]| {
        let edit = ClientEdit {
            id,
            only_news: true,
            ..edit(fields)
        };
        let before = if id.is_some() { here.clone() } else { blank() };
        let edited = edit.apply(&before, &targets).map(|draft| draft.edited);
        edited.map(|edited| edited.into_iter().collect::<Vec<String>>())
    };
    let known = |fields: &[(&str, Option<&str>)]| apply(Some(here.id), fields).unwrap();
    let all_as_it_is = [
        ("name", Some(" Acme ")),
        ("status", Some("TRIAL")),
        ("currency", Some("EUR")),
        ("email", Some("as Stripe has it")),
        ("phone", Some(&*long)),
        ("siteUrl", None),
        ("custom.notes", None),
    ];
    assert_eq!(known(&all_as_it_is), [""; 0], "whether a person could write it or not");
    assert_eq!(
        known(&[("currency", Some(" eur ")), ("status", Some("trial"))]),
        [""; 0]
    );
    assert_eq!(known(&[("name", Some("Acme")), ("phone", None)]), ["name", "phone"]);
    assert_eq!(known(&[("status", None)]), ["status"], "without one a client is active");
    assert!(apply(Some(here.id), &[("name", None)]).is_err());
    assert!(apply(Some(here.id), &[("email", Some("as Stripe has it not"))]).is_err());

    let new = |fields: &[(&str, Option<&str>)]| apply(None, fields).unwrap();
    let given = [
        ("name", Some("Acme")),
        ("status", Some("ACTIVE")),
        ("phone", None),
        ("currency", Some(" ")),
    ];
    assert_eq!(new(&given), ["name", "status"], "a new client has nothing yet");
    assert!(apply(None, &[("name", Some(" "))]).is_err());
    assert!(apply(None, &[("phone", Some("1"))]).is_err());
}

#[test]
fn what_an_edit_gives_is_set_by_hand_whether_it_differs_or_not() {
    let targets = editable(&[]);
    let mut here = blank();
    here.name = "Acme".to_owned();
    let edit = ClientEdit {
        id: Some(here.id),
        ..edit(&[("name", Some("Acme")), ("phone", None)])
    };
    let edited: Vec<String> = edit.apply(&here, &targets).unwrap().edited.into_iter().collect();
    assert_eq!(edited, ["name", "phone"]);
}
