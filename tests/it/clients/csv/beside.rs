//! Imports and exports beside a running server, and beside each other.

use std::collections::HashSet;
use std::fmt::Write;
use std::thread;

use serde_json::json;

use super::{clients, everything, export, import, import_well};
use crate::support::program::{Serving, token_of_admin};
use crate::support::{Client, TestDatabase};

const SAVE: &str = "mutation($clients: [ClientInput!]!) {
    saveClients(input: {clients: $clients}) { clients { id } userErrors { field code message } }
}";
const COUNT: &str =
    "query($search: String!) { clients(filter: {search: $search}) { totalCount nodes { id name phone } } }";

fn serve(database: &TestDatabase) -> (Serving, Client) {
    let token = token_of_admin(database);
    let mut serving = Serving::start(database.folder(), &["--database-url", database.url()]);
    let client = Client::new(&serving.address()).with_token(&token);
    (serving, client)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_shows_at_once_what_was_imported_and_gives_what_it_has() {
    let database = TestDatabase::create().await;
    let (_serving, client) = serve(&database);
    import_well(&database, "name,externalId,phone\nAcme,A1,1\nBeta,B1,\n", &[]);
    let shown = client.graphql(COUNT, json!({ "search": "acme" })).await;
    let acme = &shown["clients"]["nodes"][0];
    assert_eq!(
        (&shown["clients"]["totalCount"], &acme["phone"]),
        (&json!(1), &json!("1"))
    );

    let edit = json!([{ "id": acme["id"], "phone": "2" }]);
    client.mutate("saveClients", SAVE, json!({ "clients": edit })).await;
    let exported = String::from_utf8(export(&database)).unwrap();
    assert!(exported.contains(",Acme,ACTIVE,,2,"), "{exported}");
    let told = import_well(&database, "externalId,phone\nA1,3\nB1,\n", &[]);
    assert_eq!(
        told.outcomes(),
        [(2, "changed".to_owned()), (3, "unchanged".to_owned())]
    );
    let shown = client.graphql(COUNT, json!({ "search": "acme" })).await;
    assert_eq!(shown["clients"]["nodes"][0]["phone"], "3");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_file_many_times_at_once_makes_each_client_once() {
    let database = TestDatabase::create().await;
    let (_serving, client) = serve(&database);
    let mut file = "name,externalId\n".to_owned();
    for number in 0..300 {
        writeln!(file, "Client {number},E{number}").unwrap();
    }
    std::fs::write(database.folder().join("same.csv"), &file).unwrap();
    let others: Vec<_> = (0..3)
        .map(|_| {
            let (folder, url) = (database.folder().to_owned(), database.url().to_owned());
            thread::spawn(move || clients(&folder, &url, &["import", "same.csv"]))
        })
        .collect();
    for number in 0..10 {
        let new = json!([{ "name": format!("By hand {number}") }]);
        client.mutate("saveClients", SAVE, json!({ "clients": new })).await;
    }
    let mut created = 0;
    for other in others {
        let told = other.join().unwrap();
        assert_eq!(told.code, Some(0), "{told:?}");
        created += told.counts().get("created").copied().unwrap_or_default();
    }
    assert_eq!(created, 300);
    let db = database.open().await;
    let (all, _) = everything(&db).await;
    let ids: HashSet<_> = all.iter().filter_map(|client| client.external_id.as_deref()).collect();
    assert_eq!((all.len(), ids.len()), (310, 300));
    assert_eq!(import(&database, &file, &[]).counts()["unchanged"], 300);
}
