//! Headers of every kind.

use entity::custom_field;
use entity::kind::{CustomFieldOwner, FieldType};
use entity::list::PicklistOptions;
use uuid::Uuid;

use super::*;
use crate::clients::editable;

fn custom(key: &str, label: &str) -> custom_field::Model {
    custom_field::Model {
        id: Uuid::now_v7(),
        owner: CustomFieldOwner::Client,
        key: key.to_owned(),
        label: label.to_owned(),
        field_type: FieldType::Text,
        options: PicklistOptions::default(),
        created_at: 0,
    }
}

fn read(header: &[&str], maps: &[(&str, &str)]) -> Result<Vec<Column>, String> {
    let fields = [
        custom("tier", "Tier of service"),
        custom("phone", "Phone"),
        custom("a_b", "€"),
        custom("ab", "Twin"),
        custom("twin", "twin"),
    ];
    let own = |(title, field): &(&str, &str)| ((*title).to_owned(), (*field).to_owned());
    let maps: Vec<(String, String)> = maps.iter().map(own).collect();
    let read = Columns::read(&ByteRecord::from(header.to_vec()), &editable(&fields), &maps);
    read.map(|columns| columns.all).map_err(|error| error.to_string())
}

fn field(path: &str) -> Column {
    Column::Field(path.to_owned())
}

#[test]
fn a_column_is_a_field_by_its_name_or_label_however_it_is_written() {
    for (titles, column) in [
        (&["id", "ID", " Id "][..], Column::Id),
        (&["stripeId", "stripe_id", "Stripe ID", "STRIPE-ID"], Column::StripeId),
        (&["integrationId", "integration_id"], Column::IntegrationId),
        (
            &["siteUrl", "Site URL", "site_url", "SITE-URL", "Web site"],
            field("siteUrl"),
        ),
        (&["E-mail", "email", "EMAIL"], field("email")),
        (
            &["externalId", "external_id", "Id in another system"],
            field("externalId"),
        ),
        (
            &["address.line1", "address_line1", "Address Line 1", "Address, line 1"],
            field("address.line1"),
        ),
        (
            &["address.postalCode", "Postal code", "postal_code"],
            field("address.postalCode"),
        ),
        (&["custom.tier", "Custom Tier", "tier of service"], field("custom.tier")),
        (&["phone", "Phone number"][..1], field("phone")),
        (&["custom.phone"], field("custom.phone")),
        (&["custom.a_b", "€"], field("custom.a_b")),
        (&["custom.ab", "Twin"], field("custom.ab")),
        (&["twin"], field("custom.twin")),
        (&["", "  "], Column::Nameless),
    ] {
        for title in titles {
            assert_eq!(
                read(&["name", title], &[]),
                Ok(vec![field("name"), column.clone()]),
                "{title:?}"
            );
        }
    }
}

#[test]
fn what_is_nobodys_field_is_told_with_all_there_is() {
    let error = read(&["name", "Colour", "Phone number", "Size\u{1b}[2J"], &[]).unwrap_err();
    for said in [
        r#"called "Colour", "Phone number", "Size\u{1b}[2J";"#,
        r#"--map "Colour"=FIELD"#,
        "id, stripeId, integrationId, name (Name), status (Status), email (E-mail)",
        "custom.tier (Tier of service)",
    ] {
        assert!(error.contains(said), "{error}");
    }
    let long = "x".repeat(1 << 20);
    assert!(read(&["name", &long], &[]).unwrap_err().len() < 2_000);
}

#[test]
fn a_file_without_a_header_or_parted_otherwise_is_told_so() {
    for (header, said) in [
        (
            &["Acme", "a@acme.example"][..],
            "the first line has to name the columns",
        ),
        (&["Name;E-mail"], "give --delimiter ';'"),
        (&["Name\tE-mail"], r"give --delimiter '\t'"),
        (&["Name;E-mail", "Phone number"], "give --delimiter ';'"),
        (&["name", "Acme;Beta"], "leave it out"),
        (&["n\0a\0m\0e\0"], "UTF-16"),
    ] {
        let error = read(header, &[]).unwrap_err();
        assert!(error.contains(said), "{header:?}: {error}");
    }
}

#[test]
fn a_map_says_what_a_column_is_or_leaves_it_out() {
    let maps = [
        ("Company", "name"),
        ("Notes", ""),
        ("Phone", "custom.phone"),
        ("Tel", "Phone"),
    ];
    assert_eq!(
        read(&["Company", "Notes", "Notes", "Phone", " Tel "], &maps),
        Ok(vec![
            field("name"),
            Column::LeftOut,
            Column::LeftOut,
            field("custom.phone"),
            field("phone")
        ])
    );
    for (header, map, said) in [
        (&["name"][..], ("Company", "name"), r#"there is no column "Company""#),
        (
            &["name"],
            ("name", "colour"),
            r#""colour" is no field of a client; fields are id, "#,
        ),
        (
            &["name", "Company"],
            ("Company", "name"),
            r#""name" and "Company" are the same field"#,
        ),
    ] {
        let error = read(header, &[map]).unwrap_err();
        assert!(error.contains(said), "{error}");
    }
}

#[test]
fn two_columns_of_one_field_and_one_column_of_two_fields_are_refused() {
    for (header, said) in [
        (
            &["E-mail", "email"][..],
            r#""E-mail" and "email" are the same field; leave one out with --map "email"="#,
        ),
        (&["name", "name"], "are the same field"),
        (&["Stripe id", "stripe_id"], "are the same field"),
        (&["TWIN"], "may be custom.ab or custom.twin"),
        (&["Custom AB"], "may be custom.a_b or custom.ab"),
    ] {
        let error = read(header, &[]).unwrap_err();
        assert!(error.contains(said), "{header:?}: {error}");
    }
}
