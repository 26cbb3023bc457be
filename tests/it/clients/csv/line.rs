//! Lines of one file among each other.

use std::fmt::Write;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tributary::clients::{ClientEdit, Effect, Fate, Import, Line, StripeCustomer};
use uuid::Uuid;

use super::{connect, everything, import, named};
use crate::support::{TestApp, TestDatabase};

/// Many lines more than are saved together.
const FAR: usize = 600;

#[tokio::test]
async fn the_second_line_for_a_client_is_refused_however_far_away() {
    let database = TestDatabase::create().await;
    let db = database.open().await;
    connect(&db).await;
    import(&database, "name,externalId,stripe_id\nHere,H1,cus_h\n", &[]);
    let here = super::id_of(&named(&db, "Here").await);
    for far in [0, FAR] {
        for (shows, first, second, blamed) in [
            ("one id", format!("{here},A,,"), format!("{here},B,,"), "id"),
            (
                "one external id, known",
                ",A,H1,".to_owned(),
                ",B,H1,".to_owned(),
                "externalId",
            ),
            (
                "one external id, new",
                ",A,N1,".to_owned(),
                ",B, N1,".to_owned(),
                "externalId",
            ),
            (
                "its id and its external id",
                format!("{here},A,,"),
                ",B,H1,".to_owned(),
                "externalId",
            ),
            (
                "its external id and its id",
                ",A,H1,".to_owned(),
                format!("{here},B,,"),
                "id",
            ),
            (
                "an external id given to it",
                format!("{here},A,N1,"),
                ",B,N1,".to_owned(),
                "externalId",
            ),
            (
                "an external id taken from it",
                format!("{here},A,N1,"),
                ",B,H1,".to_owned(),
                "externalId",
            ),
            (
                "one customer, known",
                ",A,,cus_h".to_owned(),
                ",B,,cus_h".to_owned(),
                "stripe_id",
            ),
            (
                "one customer, new",
                ",A,,cus_n".to_owned(),
                ",B,,cus_n".to_owned(),
                "stripe_id",
            ),
            (
                "its customer and its id",
                ",A,,cus_h".to_owned(),
                format!("{here},B,,"),
                "id",
            ),
            (
                "a first line that is refused",
                ",,N1,".to_owned(),
                ",B,N1,".to_owned(),
                "externalId",
            ),
        ] {
            let mut file = format!("id,name,externalId,stripe_id\n{first}\n");
            for number in 0..far {
                writeln!(file, ",Between {number},,").unwrap();
            }
            writeln!(file, "{second}").unwrap();
            let told = import(&database, &file, &["--dry-run"]);
            let last = u64::try_from(far).unwrap() + 3;
            assert_eq!(
                told.problem(last),
                format!("{blamed}: Line 2 is about this client, too."),
                "{shows}, {far} lines between"
            );
        }
    }
    let swap = format!("id,name,externalId,stripe_id\n{here},A,H2,\n,Other,H3,\n");
    assert_eq!(import(&database, &swap, &["--dry-run"]).code, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_becomes_of_lines_does_not_hang_on_how_they_are_parted() {
    let app = TestApp::start().await;
    connect(app.db()).await;
    for seed in 0..20 {
        let mut dice = StdRng::seed_from_u64(seed);
        let known = seed_clients(&app, seed, &mut dice).await;
        let lines: Vec<Line> = (2..40)
            .map(|number| any_line(&mut dice, (seed, number), &known))
            .collect();
        let whole = fates(&app, &lines, || 100).await;
        let one_by_one = fates(&app, &lines, || 1).await;
        let at_random = fates(&app, &lines, || dice.random_range(1..8)).await;
        assert_eq!((&one_by_one, &at_random), (&whole, &whole), "seed {seed}: {lines:#?}");
        assert!(whole.iter().any(|fate| fate.starts_with("refused")), "seed {seed}");
    }
}

/// Some clients with ids that lines may name.
async fn seed_clients(app: &TestApp, seed: u64, dice: &mut StdRng) -> Vec<Uuid> {
    let mut import = Import::begin(app.app()).await.unwrap();
    let lines = (0..6).map(|number| Line {
        number,
        edit: ClientEdit {
            fields: vec![
                ("name".to_owned(), Some(format!("Client {number}"))),
                ("externalId".to_owned(), Some(any_external_id(dice, seed))),
            ],
            stripe: Some(any_customer(dice, seed)),
            ..ClientEdit::default()
        },
    });
    import.save(lines.collect()).await.unwrap();
    import.keep().await.unwrap();
    let (clients, _) = everything(app.db()).await;
    clients.iter().rev().take(6).map(|client| client.id).collect()
}

fn any_external_id(dice: &mut StdRng, seed: u64) -> String {
    format!("E{seed}-{}", dice.random_range(0..12))
}

fn any_customer(dice: &mut StdRng, seed: u64) -> StripeCustomer {
    StripeCustomer {
        integration_id: None,
        stripe_id: format!("cus_{seed}_{}", dice.random_range(0..12)),
    }
}

fn any_line(dice: &mut StdRng, (seed, number): (u64, u64), known: &[Uuid]) -> Line {
    let id = dice.random_bool(0.3).then(|| known[dice.random_range(0..known.len())]);
    let external_id = dice.random_bool(0.6).then(|| any_external_id(dice, seed));
    let customer = dice.random_bool(0.4).then(|| any_customer(dice, seed));
    let name = dice.random_bool(0.9).then(|| format!("Name {number}"));
    let fields = vec![("name".to_owned(), name), ("externalId".to_owned(), external_id)];
    Line {
        number,
        edit: ClientEdit {
            id,
            fields,
            stripe: customer,
            only_news: true,
        },
    }
}

/// The fates of lines that are saved so many together, none of which is kept.
async fn fates(app: &TestApp, lines: &[Line], mut count: impl FnMut() -> usize) -> Vec<String> {
    let mut import = Import::begin(app.app()).await.unwrap();
    let mut fates = Vec::new();
    let mut left = lines;
    while !left.is_empty() {
        let (some, rest) = left.split_at(count().min(left.len()));
        fates.extend(import.save(some.to_vec()).await.unwrap());
        left = rest;
    }
    let shown = fates.into_iter().map(|fate| match fate {
        Fate::Saved(_, Effect::Created, _) => "created".to_owned(),
        Fate::Saved(id, effect, _) => format!("{effect:?} {id}"),
        Fate::Refused(problems) => format!("refused {problems:?}"),
    });
    shown.collect()
}
