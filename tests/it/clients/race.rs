//! Imports, events, saves, links, partings and settings at once: nothing is doubled, nothing is left behind, and a quiet run
//! afterwards changes nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};

use entity::kind::{ClientOrigin, StripeKind};
use entity::{client, client_link, client_unlink, source_object, unmatched_customer};
use futures_util::future::join_all;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use sandbox::{Kind, Options};
use sea_orm::EntityTrait;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{Office, rule, rule_by, text};

const PEOPLE: u64 = 6;
const ACTS: usize = 25;
const ADDRESSES: u32 = 30;

/// What people at work have between them.
struct Race {
    office: Office,
    customers: Vec<String>,
    clients: std::sync::Mutex<Vec<String>>,
    saved: AtomicUsize,
}

fn address(dice: &mut StdRng) -> String {
    format!("{}@acme.test", dice.random_range(0..ADDRESSES))
}

impl Race {
    async fn begin(direction: &str) -> Self {
        let office = Office::open_on(Options {
            customers: 250,
            products: 6,
            invoices: 200,
            subscriptions: 20,
            ..Options::default()
        })
        .await;
        office.direction("CUSTOMER", direction).await;
        // An edit that Stripe's word would win over is gone after whatever comes next.
        office.map("CUSTOMER", &[rule_by("LOCAL_WINS", "email", "email")]).await;
        let mut dice = StdRng::seed_from_u64(1);
        let customers: Vec<String> = (0..60)
            .map(|_| office.customer(json!({ "name": "Racing", "email": address(&mut dice) })))
            .collect();
        for customer in &customers {
            office.invoice(customer);
        }
        office.pass_a_minute();
        Self {
            office,
            customers,
            clients: std::sync::Mutex::default(),
            saved: AtomicUsize::new(0),
        }
    }

    fn any_client(&self, dice: &mut StdRng) -> Option<String> {
        self.clients.lock().unwrap().choose(dice).cloned()
    }

    async fn save(&self, client: Value, key: String) {
        // Twice at once, as somebody whose first request seems lost.
        let once = json!({ "clients": [client], "idempotencyKey": key });
        let (first, second) =
            futures_util::join!(self.office.try_save_once(once.clone()), self.office.try_save_once(once));
        assert_eq!(
            (&first["userErrors"], &first["clients"][0]["id"]),
            (&json!([]), &second["clients"][0]["id"])
        );
        let id = text(&first["clients"][0]["id"]);
        let mut clients = self.clients.lock().unwrap();
        if !clients.contains(&id) {
            clients.push(id);
            self.saved.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// One person at work.
    async fn work(&self, person: u64) {
        let mut dice = StdRng::seed_from_u64(person);
        for act in 0..ACTS {
            let customer = self.customers.choose(&mut dice).unwrap().clone();
            let client = self.any_client(&mut dice);
            let key = format!("{person} {act}");
            match (dice.random_range(0..10), client) {
                (0..=3, _) | (_, None) => {
                    self.save(json!({ "name": key, "email": address(&mut dice) }), key)
                        .await;
                }
                (4 | 5, Some(id)) => self.save(json!({ "id": id, "email": address(&mut dice) }), key).await,
                (6, Some(id)) => _ = self.office.pair("linkClient", &id, &customer).await,
                (7, Some(id)) => _ = self.office.pair("unlinkClient", &id, &customer).await,
                (8, Some(_)) => {
                    let rules: &[&str] = if dice.random_bool(0.5) {
                        &["STRIPE_ID"]
                    } else {
                        &["STRIPE_ID", "EMAIL"]
                    };
                    self.office.matching(rules, None).await;
                }
                (_, Some(_)) => {
                    let email = json!({ "email": address(&mut dice) });
                    self.office.world().update(Kind::Customer, &customer, email);
                }
            }
        }
    }

    async fn import(&self) {
        for _ in 0..3 {
            let run = self.office.app.admin().import(&self.office.id).await;
            assert_eq!(run["state"], "SUCCEEDED", "{run}");
        }
    }

    async fn run(&self) {
        let people = join_all((0..PEOPLE).map(|person| self.work(person)));
        futures_util::join!(people, self.import());
        self.office.matching(&["STRIPE_ID", "EMAIL"], None).await;
        self.office.pass_a_minute();
        self.office.tell().await;
    }
}

/// Everything that says which customer is which client.
struct Picture {
    clients: BTreeMap<Uuid, client::Model>,
    /// By customer.
    links: BTreeMap<String, Uuid>,
    parted: BTreeSet<(String, Uuid)>,
    waiting: BTreeSet<String>,
}

impl Picture {
    async fn of(office: &Office) -> Self {
        let db = office.app.db().read();
        let clients = client::Entity::find().all(db).await.unwrap();
        let links = client_link::Entity::find().all(db).await.unwrap();
        let parted = client_unlink::Entity::find().all(db).await.unwrap();
        let waiting = unmatched_customer::Entity::find().all(db).await.unwrap();
        Self {
            clients: clients.into_iter().map(|row| (row.id, row)).collect(),
            links: links
                .into_iter()
                .map(|row| (row.stripe_customer_id, row.client_id))
                .collect(),
            parted: parted
                .into_iter()
                .map(|row| (row.stripe_customer_id, row.client_id))
                .collect(),
            waiting: waiting.into_iter().map(|row| row.stripe_customer_id).collect(),
        }
    }

    fn assert_sound(&self) {
        for (customer, client) in &self.links {
            assert!(
                self.clients.contains_key(client),
                "{customer} is a client that is not there"
            );
            assert!(
                !self.parted.contains(&(customer.clone(), *client)),
                "{customer} is linked and parted"
            );
            assert!(!self.waiting.contains(customer), "{customer} is linked and waits");
        }
        for client in self.clients.values() {
            let has_link = self.links.values().any(|linked| *linked == client.id);
            let is_shell = client.origin == ClientOrigin::Stripe && client.edited.0.is_empty() && !has_link;
            let is_parted = self.parted.iter().any(|(_, parted)| *parted == client.id);
            assert!(!is_shell || is_parted, "nothing is left of {client:?}");
        }
    }

    /// The clients that a customer of this address could be by its e-mail.
    fn candidates(&self, customer: &str, email: &str) -> usize {
        let fits = |client: &&client::Model| {
            client.origin == ClientOrigin::Manual
                && client.email.as_deref() == Some(email)
                && !self.parted.contains(&(customer.to_owned(), client.id))
        };
        self.clients.values().filter(fits).count()
    }
}

/// Everything comes in once more, and is mapped once more.
async fn assert_quiet(race: &Race) {
    let office = &race.office;
    let before = Picture::of(office).await;
    before.assert_sound();
    let attached = attached(office).await;
    office.pull().await;
    office.map("CUSTOMER", &[rule("metadata.none", "siteUrl")]).await;
    office.remap(&["CUSTOMER", "CONTRACT"]).await;
    let after = Picture::of(office).await;
    assert_eq!(
        (&after.links, &after.parted, &after.waiting),
        (&before.links, &before.parted, &before.waiting)
    );
    for (id, client) in &before.clients {
        assert_eq!(after.clients.get(id), Some(client));
    }
    assert_eq!(after.clients.len(), before.clients.len());
    assert_eq!(self::attached(office).await, attached);
}

/// The client of each contract; one at most, as each is shown once for all clients together.
async fn attached(office: &Office) -> BTreeMap<String, String> {
    let mut attached = BTreeMap::new();
    for client in Picture::of(office).await.clients.into_keys() {
        let id = format!("client_{}", client.simple());
        for contract in office.client(&id).await["contracts"]["nodes"].as_array().unwrap() {
            let before = attached.insert(text(&contract["stripeId"]), id.clone());
            assert_eq!(before, None, "{contract} is two clients'");
        }
    }
    attached
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_from_elsewhere_are_matched_in_any_order_of_things() {
    let race = Race::begin("DISABLED").await;
    race.run().await;
    let picture = Picture::of(&race.office).await;
    assert_eq!(
        picture.clients.len(),
        race.saved.load(Ordering::SeqCst),
        "none twice, none lost"
    );
    for customer in race.office.world().truth(Kind::Customer) {
        let (id, email) = (text(&customer["id"]), customer["email"].as_str());
        if customer["deleted"] == true || picture.links.contains_key(&id) {
            continue;
        }
        assert!(picture.waiting.contains(&id), "{customer}");
        assert_ne!(
            email.map(|email| picture.candidates(&id, email)),
            Some(1),
            "{customer} has been overlooked"
        );
    }
    assert!(picture.links.len() > 10, "the race was one");
    assert_quiet(&race).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn customers_that_become_clients_do_so_once() {
    let race = Race::begin("PULL").await;
    race.run().await;
    let picture = Picture::of(&race.office).await;
    let sources = source_object::Entity::find()
        .all(race.office.app.db().read())
        .await
        .unwrap();
    let here = sources
        .iter()
        .filter(|source| source.kind == StripeKind::Customer && !source.deleted);
    let here: BTreeSet<&String> = here.map(|source| &source.stripe_id).collect();
    let linked: BTreeSet<&String> = picture.links.keys().collect();
    assert_eq!(linked, here);
    assert_eq!(picture.waiting, BTreeSet::new());
    let made = picture
        .clients
        .values()
        .filter(|client| client.origin == ClientOrigin::Manual)
        .count();
    assert_eq!(made, race.saved.load(Ordering::SeqCst));
    assert_quiet(&race).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_direction_that_goes_to_and_fro_leaves_nobody_behind() {
    let race = Race::begin("DISABLED").await;
    let to_and_fro = async {
        for turn in 0..10 {
            let direction = if turn % 2 == 0 { "PULL" } else { "DISABLED" };
            race.office.direction("CUSTOMER", direction).await;
        }
        race.office.direction("CUSTOMER", "PULL").await;
    };
    futures_util::join!(race.run(), to_and_fro);
    race.office.rest().await;
    let picture = Picture::of(&race.office).await;
    assert_eq!(picture.waiting, BTreeSet::new());
    for customer in race.office.world().truth(Kind::Customer) {
        let is_linked = picture.links.contains_key(customer["id"].as_str().unwrap());
        assert!(is_linked || customer["deleted"] == true, "{customer}");
    }
    assert_quiet(&race).await;
}
