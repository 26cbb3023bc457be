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
