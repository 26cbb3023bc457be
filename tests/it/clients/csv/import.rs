//! What an import makes of its lines.

use std::fmt::Write;

use entity::custom_field;
use entity::kind::{ClientOrigin, ClientStatus, CustomFieldOwner, FieldType};
use entity::list::PicklistOptions;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use uuid::Uuid;

use super::{connect, everything, export, id_of, import, import_bytes, import_well, insert_fields, named};
use crate::support::TestDatabase;

const CRM: &str = "Name,E-mail,Phone,external_id,Status,Postal code,Client since\r\n\
    Acme,a@acme.example,+43 1,A1,TRIAL,1010,2024-02-29\r\n\
    Beta,,,B1,,,\r\n";

fn custom(key: &str, label: &str, field_type: FieldType, options: &[&str]) -> custom_field::Model {
    custom_field::Model {
        id: Uuid::now_v7(),
        owner: CustomFieldOwner::Client,
        key: key.to_owned(),
        label: label.to_owned(),
        field_type,
        options: PicklistOptions(options.iter().map(|option| (*option).to_owned()).collect()),
        created_at: 0,
    }
}

#[tokio::test]
async fn lines_make_clients_and_the_same_file_again_changes_nothing() {
    let database = TestDatabase::create().await;
    let told = import_well(&database, CRM, &[]);
    let db = database.open().await;
    let acme = named(&db, "Acme").await;
    let beta = named(&db, "Beta").await;
    assert_eq!((acme.origin, acme.status), (ClientOrigin::Manual, ClientStatus::Trial));
    assert_eq!(acme.phone.as_deref(), Some("+43 1"));
    assert_eq!(acme.address_postal_code.as_deref(), Some("1010"));
    assert_eq!(acme.inception_date.unwrap().to_string(), "2024-02-29");
    let edited: Vec<&str> = beta.edited.0.iter().map(String::as_str).collect();
    assert_eq!(edited, ["externalId", "name"], "nothing was said of the rest");
    let row = |line: &str, outcome: &str, id: String| [line.to_owned(), outcome.to_owned(), id, String::new()];
    assert_eq!(
        told.report(),
        [row("2", "created", id_of(&acme)), row("3", "created", id_of(&beta))]
    );
    assert!(
        told.stderr
            .contains("2 lines: 2 created, 0 changed, 0 unchanged, 0 refused."),
        "{told:?}"
    );

    let before = everything(&db).await;
    let again = import_well(&database, CRM, &[]);
    assert_eq!(
        again.report(),
        [row("2", "unchanged", id_of(&acme)), row("3", "unchanged", id_of(&beta))]
    );
    assert_eq!(everything(&db).await, before);
}

#[tokio::test]
async fn an_empty_cell_empties_a_field_and_an_absent_column_keeps_it() {
    let database = TestDatabase::create().await;
    import_well(&database, CRM, &[]);
    let db = database.open().await;
    let acme = named(&db, "Acme").await;
    let by_id = format!("id,name,phone\n{},Acme Ltd,\n", id_of(&acme));
    let told = import_well(&database, &by_id, &[]);
    assert_eq!(told.outcomes(), [(2, "changed".to_owned())]);
    let now = named(&db, "Acme Ltd").await;
    let kept = (now.id, now.email, now.external_id);
    assert_eq!(kept, (acme.id, acme.email, acme.external_id));
    assert_eq!(now.phone, None);

    let told = import(&database, "externalId,phone\nA1,+1\nC1,+2\n", &[]);
    assert_eq!(told.problem(3), "Give the client a name.", "C1 would be new");
}

#[tokio::test]
async fn a_line_finds_the_client_of_its_external_id_if_it_is_just_one() {
    let database = TestDatabase::create().await;
    let twice = "name,externalId,phone\nAcme,A1,\nTwin,T1,\nOther,T2,\n";
    import_well(&database, twice, &[]);
    let db = database.open().await;
    let other = named(&db, "Other").await;
    import_well(&database, &format!("id,externalId\n{},T1\n", id_of(&other)), &[]);

    let told = import(&database, "externalId,phone\nA1,1\n T1 ,2\n", &["--skip-bad"]);
    assert_eq!(told.outcomes(), [(2, "changed".to_owned()), (3, "refused".to_owned())]);
    assert!(
        told.problem(3).starts_with("externalId: 2 clients have this id."),
        "{told:?}"
    );
    assert_eq!(named(&db, "Acme").await.phone.as_deref(), Some("1"));
    let by_id = format!("id,externalId,phone\n{},T1,3\n", id_of(&other));
    import_well(&database, &by_id, &[]);
    assert_eq!(named(&db, "Other").await.phone.as_deref(), Some("3"));

    let told = import(
        &database,
        "id,name\nclient_1,X\nclient_00000000000000000000000000000000,Y\n",
        &[],
    );
    for line in [2, 3] {
        assert_eq!(told.problem(line), "id: There is no such client.");
    }
}

#[tokio::test]
async fn all_or_none_unless_bad_lines_are_skipped_and_a_dry_run_stores_nothing() {
    let database = TestDatabase::create().await;
    let db = database.open().await;
    // More than what is saved together, so that much was saved before what is wrong is read.
    let mut file = "name,E-mail\n".to_owned();
    for number in 0..600 {
        writeln!(file, "Client {number},c{number}@x.example").unwrap();
    }
    let bad = format!("{file}Bad,nowhere\n");
    for (file, args, code, said) in [
        (&file, &["--dry-run"][..], 0, "Nothing was stored: it was a dry run."),
        (&bad, &[], 1, "1 of 601 lines were refused, so nothing was stored"),
        (&bad, &["--dry-run"], 1, "nothing was stored: it was a dry run"),
        (
            &bad,
            &["--dry-run", "--skip-bad"],
            1,
            "nothing was stored: it was a dry run",
        ),
    ] {
        let told = import(&database, file, args);
        assert!(
            told.code == Some(code) && told.stderr.contains(said),
            "{args:?}: {}",
            told.stderr
        );
        assert_eq!(told.counts()["created"], 600, "{args:?}");
        assert!(
            told.report().iter().all(|row| row[2].is_empty()),
            "{args:?}: who was not stored has no id"
        );
        assert_eq!(everything(&db).await.0, [], "{args:?}");
    }
    let told = import(&database, &bad, &["--skip-bad"]);
    assert_eq!(told.code, Some(1));
    assert!(
        told.stderr
            .contains("1 of 601 lines were refused; the others are stored"),
        "{}",
        told.stderr
    );
    assert_eq!(told.problem(602), "E-mail: This is not an e-mail address.");
    let stored: Vec<String> = everything(&db).await.0.iter().map(id_of).collect();
    let report = told.report().into_iter().map(|row| row[2].clone());
    assert_eq!(report.filter(|id| !id.is_empty()).collect::<Vec<_>>(), stored);
}

#[tokio::test]
async fn custom_fields_are_columns_by_key_and_by_label() {
    let database = TestDatabase::create().await;
    let db = database.open().await;
    let tier = custom("tier", "Tier of service", FieldType::Picklist, &["Gold", "Tin"]);
    let fee = custom("fee", "Fee", FieldType::Currency, &[]);
    let product = custom_field::Model {
        owner: CustomFieldOwner::Product,
        ..custom("weight", "Weight", FieldType::Integer, &[])
    };
    insert_fields(&db, vec![tier.clone(), fee.clone(), product]).await;
    let told = import_well(
        &database,
        "name,Tier of Service,custom.fee\nAcme,gold,-19.90\nBeta,,\n",
        &[],
    );
    assert_eq!(told.counts()["created"], 2);
    let values = |client: entity::client::Model| client.custom_values.0.into_iter().collect::<Vec<_>>();
    let expected = vec![(tier.id, "Gold".to_owned()), (fee.id, "-19.90".to_owned())];
    assert_eq!(values(named(&db, "Acme").await), expected);
    assert_eq!(values(named(&db, "Beta").await), []);
    let told = import(&database, "name,Tier of Service,custom.fee\nC,Lead,1.999.-\n", &[]);
    let problem = told.problem(2);
    assert!(
        problem.contains("Tier of Service: This does not fit: it is none of the options Gold, Tin."),
        "{problem}"
    );
    assert!(problem.contains("custom.fee: This does not fit"), "{problem}");
    let told = import(&database, "name,Weight\nAcme,1\n", &[]);
    assert!(
        told.stderr.contains(r#"called "Weight""#),
        "a product's field is no client's: {told:?}"
    );
}

#[tokio::test]
async fn a_line_says_which_stripe_customer_a_client_is() {
    let database = TestDatabase::create().await;
    let db = database.open().await;
    let file = "name,Stripe id\nAcme,cus_1\nBeta,\n";
    let told = import(&database, file, &[]);
    assert_eq!(
        told.problem(2),
        "No Stripe account is connected that could have this customer."
    );

    let (one, one_id) = connect(&db).await;
    import_well(&database, file, &[]);
    let acme = named(&db, "Acme").await;
    let (_, links) = everything(&db).await;
    let linked: Vec<_> = links
        .iter()
        .map(|link| (link.integration_id, &*link.stripe_customer_id, link.client_id))
        .collect();
    assert_eq!(linked, [(one, "cus_1", acme.id)]);

    let told = import_well(&database, "Stripe id,phone\ncus_1,1\n", &[]);
    assert_eq!(
        told.outcomes(),
        [(2, "changed".to_owned())],
        "it is known by its customer"
    );
    assert_eq!(named(&db, "Acme").await.phone.as_deref(), Some("1"));
    let beta = id_of(&named(&db, "Beta").await);
    let told = import(&database, &format!("id,Stripe id\n{beta},cus_1\n"), &[]);
    assert!(
        told.problem(2)
            .starts_with("Stripe id: This customer is another client already."),
        "{told:?}"
    );
    let again = format!("id,Stripe id\n{},cus_1\n", id_of(&acme));
    assert_eq!(
        import_well(&database, &again, &[]).outcomes(),
        [(2, "unchanged".to_owned())]
    );

    let (two, two_id) = connect(&db).await;
    let file = "name,Stripe id\nGamma,cus_1\n";
    let told = import(&database, file, &[]);
    let names_both = told.stderr.contains(&one_id) && told.stderr.contains(&two_id);
    assert!(
        told.code == Some(1) && names_both && told.stderr.contains("--integration"),
        "{told:?}"
    );
    assert_eq!(
        import_well(&database, file, &["--integration", &two_id]).counts()["created"],
        1
    );
    let by_column = format!("name,Stripe id,integration_id\nDelta,cus_2,{two_id}\nEpsilon,cus_2,{one_id}\n");
    import_well(&database, &by_column, &[]);
    let told = import(&database, "name,Stripe id,integration_id\nZeta,cus_3,\n", &[]);
    assert!(told.problem(2).contains("Say which connected account"), "{told:?}");
    let (_, links) = everything(&db).await;
    let of_two: Vec<&str> = links
        .iter()
        .filter(|link| link.integration_id == two)
        .map(|link| &*link.stripe_customer_id)
        .collect();
    assert_eq!(of_two, ["cus_1", "cus_2"]);
}

#[tokio::test]
async fn an_apostrophe_before_a_formula_is_taken_off() {
    let database = TestDatabase::create().await;
    import_well(&database, "name,phone\n'=1+1,'+43\n'n Sync,=2\n", &[]);
    let db = database.open().await;
    let named_so = named(&db, "=1+1").await;
    assert_eq!(named_so.phone.as_deref(), Some("+43"));
    assert_eq!(named(&db, "'n Sync").await.phone.as_deref(), Some("=2"));
    let text = String::from_utf8(export(&database)).unwrap();
    assert!(
        text.contains(",'=1+1,") && text.contains(",'+43,") && text.contains(",'=2,"),
        "{text}"
    );
}

#[tokio::test]
async fn the_report_cannot_run_in_a_spreadsheet_either() {
    let database = TestDatabase::create().await;
    let told = import(
        &database,
        "=cmd()\u{1b}[2J,name\nhere,Acme\n",
        &["--map", "=cmd()\u{1b}[2J=email"],
    );
    assert_eq!(told.problem(2), "'=cmd() [2J: This is not an e-mail address.");
}

#[tokio::test]
async fn the_longest_values_are_stored() {
    let database = TestDatabase::create().await;
    // Each of these letters sorts as up to six others.
    let mut dice = StdRng::seed_from_u64(1);
    let mut wide = |count: u32| -> String {
        let letters = (0..count).map(|_| char::from_u32(dice.random_range(0x3300..0x3358)).unwrap());
        letters.collect()
    };
    let (name, external_id) = (wide(500), wide(255));
    let email = format!("{}@x.example", wide(244));
    let file = format!(
        "name,externalId,email,phone\n{name},{external_id},{email},{}\n",
        wide(100)
    );
    import_well(&database, &file, &[]);
    let db = database.open().await;
    let stored = named(&db, &name).await;
    assert_eq!((stored.external_id, stored.email), (Some(external_id), Some(email)));
    assert_eq!(import_well(&database, &file, &[]).counts()["unchanged"], 1);
    let all = export(&database);
    assert_eq!(import_bytes(&database, &all, &[]).counts()["unchanged"], 1);
}

#[tokio::test]
async fn only_ids_of_customers_are_taken_and_one_never_seen_is_told() {
    let database = TestDatabase::create().await;
    let db = database.open().await;
    connect(&db).await;
    let file = "name,Stripe id\nA,sub_1\nB,CUS_1\nC,acme\nD,prod_1\nE,cus_1\nF,\n";
    let told = import(&database, file, &["--skip-bad"]);
    for line in 2..=5 {
        assert_eq!(
            told.problem(line),
            "Stripe id: This is not the id of a Stripe customer: those begin with cus_."
        );
    }
    let unseen = "Stripe id: No customer of this id has been seen yet. The client gets its contracts once Stripe has told of it.";
    assert_eq!((told.problem(6).as_str(), told.problem(7).as_str()), (unseen, ""));
    assert_eq!(told.counts()["created"], 2);
    let id = id_of(&named(&db, "E").await);
    let again = import(&database, &format!("id,name,Stripe id\n{id},E,cus_1\n"), &[]);
    assert_eq!((again.problem(2).as_str(), again.counts()["unchanged"]), (unseen, 1));
}
