//! The program is killed with SIGKILL, at named points and at any moment; started again it goes on by itself, nothing is lost or
//! doubled, and hardly anything is read twice.
//!
//! `CRASH_KILLS=200` kills so often at random moments.

use std::collections::HashMap;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use sandbox::{Kind, Options, Sandbox};
use serde_json::{Value, json};
use tributary::crash::POINTS;

use crate::support::program::{Serving, token_of_admin};
use crate::support::{Client, Oracle, TestDatabase, on_postgres, until};

const AT_ONCE: usize = 4;
/// Fetchers of an import: at a kill each loses the page it holds.
const FETCHERS: usize = 8;
const KILLS_OF_A_LIFE: usize = 5;
/// Customers of whom events tell at once.
const CHANGED: usize = 100;

/// A company, a database, and the program that is killed and started again.
struct Life {
    sandbox: Sandbox,
    database: TestDatabase,
    token: String,
    flags: Vec<String>,
    serving: Serving,
    kills: usize,
    said: String,
}

impl Life {
    async fn begin(seed: u64, die_at: Option<&str>) -> Self {
        let options = Options {
            seed,
            customers: 220,
            products: 8,
            invoices: 450,
            subscriptions: 150,
            ..Options::default()
        };
        let sandbox = Sandbox::start(options).await.unwrap();
        sandbox.faults().set_latency(Duration::from_millis(5));
        let database = TestDatabase::create().await;
        let token = token_of_admin(&database);
        let flags = [
            ("--database-url", database.url()),
            ("--stripe-api-base", &sandbox.base_url()),
            ("--stripe-rate-limit", "0"),
            ("--stripe-endpoint-rate-limit", "0"),
        ];
        let flags: Vec<String> = flags
            .into_iter()
            .flat_map(|(flag, value)| [flag.to_owned(), value.to_owned()])
            .collect();
        let serving = start(&database, &flags, die_at);
        Self {
            sandbox,
            database,
            token,
            flags,
            serving,
            kills: 0,
            said: String::new(),
        }
    }

    fn client(&mut self) -> Client {
        Client::new(&self.serving.address()).with_token(&self.token)
    }

    /// Kills it if it lives, and starts it again.
    fn start_again(&mut self) {
        self.kills += 1;
        self.serving.kill();
        self.said += &self.serving.all_it_said();
        self.serving = start(&self.database, &self.flags, None);
    }

    /// Asks until there is an answer, and starts the program again when it has died over it.
    async fn ask(&mut self, query: &str, variables: Value) -> Value {
        loop {
            if let Some(data) = self.client().try_graphql(query, variables.clone()).await {
                return data;
            }
            self.start_again();
        }
    }

    async fn start_import(&mut self, id: &str) -> String {
        let start = "mutation($id: ID!) { startImport(input: {integrationId: $id, idempotencyKey: \"once\"}) { run { id } userErrors { code } } }";
        let started = self.ask(start, json!({ "id": id })).await;
        started["startImport"]["run"]["id"].as_str().unwrap().to_owned()
    }

    /// Waits for the end of a run, through deaths.
    async fn end_of_run(&mut self, id: &str) -> Value {
        let query = "query($id: ID!) { node(id: $id) { ... on Run { state drift phases { object seen created updated unchanged skipped failed } } } }";
        let end = tokio::time::Instant::now() + Duration::from_mins(3);
        loop {
            let run = self.ask(query, json!({ "id": id })).await["node"].take();
            if !["QUEUED", "RUNNING", "CANCELING"].contains(&run["state"].as_str().unwrap()) {
                return run;
            }
            assert!(tokio::time::Instant::now() < end, "the run does not end: {run}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Things change in Stripe, and the events are looked at now.
    async fn change_and_look(&mut self, id: &str) {
        let world = self.sandbox.world();
        let ids = |kind| {
            let living = world.truth(kind).into_iter().filter(|object| object["deleted"] != true);
            living
                .filter_map(|object| object["id"].as_str().map(str::to_owned))
                .collect::<Vec<_>>()
        };
        let (customers, products) = (ids(Kind::Customer), ids(Kind::Product));
        world.update(Kind::Customer, &customers[0], json!({ "name": "Renamed" }));
        world.delete_customer(&customers[1]);
        world.update(Kind::Product, &products[0], json!({ "name": "Renamed" }));
        let price = world.create_price(&products[0], 4_200, json!({}));
        let new = world.create_customer(json!({ "name": "New" }));
        world.create_subscription(&new, &[&price]);
        let now = world.now();
        world.create_paid_invoice(&new, now - 500 * 86_400, now);
        self.look(id).await;
    }

    /// Turning sync on makes a look at the events due at once.
    async fn turn_on(&mut self, id: &str) {
        let on =
            "mutation($id: ID!) { setSyncEnabled(input: {integrationId: $id, enabled: true}) { userErrors { code } } }";
        self.ask(on, json!({ "id": id })).await;
    }

    async fn look(&mut self, id: &str) {
        self.turn_on(id).await;
        let newest = self.newest_event().await;
        let lag = "query($id: ID!) { integration(id: $id) { syncLagSeconds activeRuns { id } } clients(filter: {search: \"Renamed\"}) { totalCount } }";
        let end = tokio::time::Instant::now() + Duration::from_mins(2);
        loop {
            let seen = self.ask(lag, json!({ "id": id })).await;
            let rests = seen["integration"]["activeRuns"] == json!([]) && seen["integration"]["syncLagSeconds"] == 0;
            if rests && self.has_event(&newest).await {
                return;
            }
            assert!(tokio::time::Instant::now() < end, "the events do not arrive: {seen}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn newest_event(&self) -> String {
        let events = self.sandbox.world().events_after(0);
        events.last().unwrap()["id"].as_str().unwrap().to_owned()
    }

    async fn has_event(&self, id: &str) -> bool {
        use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
        let db = self.database.open().await;
        let known = entity::stripe_event::Entity::find()
            .filter(entity::stripe_event::Column::EventId.eq(id))
            .filter(entity::stripe_event::Column::AppliedAt.is_not_null());
        let known = known.one(db.read()).await.unwrap().is_some();
        db.close().await.unwrap();
        known
    }

    /// Asks for a run, `of` certain objects; gives its id.
    async fn start_run(&mut self, mutation: &str, of: &str, id: &str) -> String {
        let start = format!(
            "mutation($id: ID!) {{ {mutation}(input: {{integrationId: $id, {of} idempotencyKey: \"{mutation}\"}}) {{ run {{ id }} userErrors {{ code }} }} }}"
        );
        let started = self.ask(&start, json!({ "id": id })).await[mutation]["run"]["id"].take();
        started.as_str().unwrap().to_owned()
    }

    /// The mapping is edited, and applied to everything that is here.
    async fn map_otherwise(&mut self, id: &str) {
        let run_id = self.begin_mapping_otherwise(id).await;
        let run = self.end_of_run(&run_id).await;
        assert_eq!(run["state"], "SUCCEEDED", "{run}");
        let stale = "query($id: ID!) { integration(id: $id) { customerMapping { staleCount } } }";
        let left = self.ask(stale, json!({ "id": id })).await["integration"]["customerMapping"]["staleCount"].take();
        assert_eq!(left, 0, "everything is mapped by the new rules");
    }

    /// Gives the run.
    async fn begin_mapping_otherwise(&mut self, id: &str) -> String {
        let rule = |source: &str, target: &str| json!({ "source": source, "target": target });
        let rules = "query($id: ID!) { integration(id: $id) { customerMapping { rules { source target } } } }";
        let mut rules = self.ask(rules, json!({ "id": id })).await["integration"]["customerMapping"]["rules"].take();
        rules.as_array_mut().unwrap().push(rule("id", "externalId"));
        let save =
            "mutation($input: UpdateMappingInput!) { updateCustomerMapping(input: $input) { userErrors { code } } }";
        self.ask(save, json!({ "input": { "integrationId": id, "rules": rules } }))
            .await;
        self.start_run("startRemap", "objects: [CUSTOMER],", id).await
    }

    /// What is here is what Stripe has, and no secret was told on the way.
    async fn prove(mut self, id: &str, run: &Value) {
        assert_eq!(run["state"], "SUCCEEDED", "{run}");
        let (client, db) = (self.client(), self.database.open().await);
        let oracle = Oracle {
            client: &client,
            db: &db,
            sandbox: &self.sandbox,
            integration: id,
            window_start: i64::MIN,
        };
        oracle.prove().await;
        db.close().await.unwrap();
        let key = self.sandbox.key().to_owned();
        self.serving.terminate();
        self.said += &self.serving.all_it_said();
        assert!(!self.said.contains(&key), "a key was logged");
    }

    /// Pages that were asked for more than once while the import ran.
    fn pages_read_again(&self) -> usize {
        let mut asked: HashMap<String, usize> = HashMap::new();
        for request in self.sandbox.requests() {
            let path = &request.path_and_query;
            if path.contains("starting_after") && !path.starts_with("/v1/events") && !path.contains("/lines") {
                *asked.entry(path.clone()).or_default() += 1;
            }
        }
        asked.values().map(|times| times - 1).sum()
    }
}

fn start(database: &TestDatabase, flags: &[String], die_at: Option<&str>) -> Serving {
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    Serving::start_to_die(database.folder(), &flags, die_at)
}

async fn connect(life: &mut Life) -> String {
    let key = life.sandbox.key().to_owned();
    life.client().connect_stripe(&key, 3650).await
}

async fn die_at(point: &str, passing: usize) -> bool {
    let mut life = Life::begin(11, Some(&format!("{point}:{passing}"))).await;
    let id = connect(&mut life).await;
    let run_id = life.start_import(&id).await;
    let run = life.end_of_run(&run_id).await;
    let again = life.pages_read_again();
    assert!(again <= life.kills * FETCHERS, "{point}: {again} pages were read again");
    life.change_and_look(&id).await;
    life.map_otherwise(&id).await;
    let died = life.kills > 0;
    life.prove(&id, &run).await;
    died
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_named_point_it_goes_on_where_it_was() {
    // Another process may take a run up only after the lease of the dead one: half a minute a death.
    let every = if on_postgres() { 9 } else { 1 };
    let points: Vec<(usize, &str)> = POINTS.into_iter().enumerate().step_by(every).collect();
    let never_died: Vec<&str> = stream::iter(points)
        .map(|(index, point)| async move {
            // Some points are passed once only.
            let passing = if point.starts_with("pages") || point.starts_with("apply") {
                1 + index % 3
            } else {
                1
            };
            (point, die_at(point, passing).await)
        })
        .buffer_unordered(AT_ONCE)
        .filter_map(async |(point, died)| (!died).then_some(point))
        .collect()
        .await;
    assert_eq!(never_died, Vec::<&str>::new(), "these points were never passed");
}

/// What it may be killed over once the import has ended.
#[derive(Debug, Clone, Copy)]
enum Work {
    Events,
    Remap,
    Reconcile,
}

impl Life {
    /// Waits until so many more requests were made, or nothing is at work any more.
    async fn some_more(&mut self, requests: u64) {
        let more = self.sandbox.request_count() + requests;
        let client = self.client();
        until("some more was read", async || {
            if self.sandbox.request_count() >= more {
                return Some(());
            }
            let busy = client
                .graphql("{ integrations { activeRuns { id } } }", json!({}))
                .await;
            let is_idle = busy["integrations"][0]["activeRuns"] == json!([]);
            (is_idle && !self.has_work().await).then_some(())
        })
        .await;
    }

    /// A run has begun and not ended, or events wait.
    async fn has_work(&self) -> bool {
        use entity::{run, stripe_event};
        use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};
        let db = self.database.open().await;
        let runs = run::Entity::find()
            .filter(run::Column::FinishedAt.is_null())
            .filter(run::Column::StartedAt.is_not_null());
        let events = stripe_event::Entity::find().filter(stripe_event::Column::AppliedAt.is_null());
        let left = runs.count(db.read()).await.unwrap() + events.count(db.read()).await.unwrap();
        db.close().await.unwrap();
        left > 0
    }

    /// Kills it, and starts it again; says whether it had work in hand.
    async fn kill(&mut self) -> bool {
        self.serving.kill();
        let was_at_work = self.has_work().await;
        self.start_again();
        was_at_work
    }

    /// Kills it over some work, which it ends afterwards; says whether that was in hand.
    async fn kill_over(&mut self, work: Work, id: &str, dice: &mut StdRng) -> bool {
        let run = match work {
            Work::Events => {
                self.happen_much(id).await;
                self.some_more(dice.random_range(5..60)).await;
                None
            }
            Work::Reconcile => {
                let started = self.start_run("startReconcile", "", id).await;
                self.some_more(dice.random_range(0..25)).await;
                Some(started)
            }
            Work::Remap => {
                let started = self.begin_mapping_otherwise(id).await;
                // It asks Stripe for nothing: all there is to go by is time.
                tokio::time::sleep(Duration::from_millis(dice.random_range(0..60))).await;
                Some(started)
            }
        };
        let was_at_work = self.kill().await;
        match run {
            Some(run_id) => {
                let run = self.end_of_run(&run_id).await;
                assert_eq!(run["state"], "SUCCEEDED", "{run}");
            }
            None => self.look(id).await,
        }
        was_at_work
    }

    /// Many things change, each of which has to be read, and the events are to be looked at.
    async fn happen_much(&mut self, id: &str) {
        let world = self.sandbox.world();
        world.tell_in_old_version();
        let customers = world.truth(Kind::Customer).into_iter();
        let living = customers.filter(|customer| customer["deleted"] != true);
        for (number, customer) in living.take(CHANGED).enumerate() {
            let name = json!({ "name": format!("Renamed {number}") });
            world.update(Kind::Customer, customer["id"].as_str().unwrap(), name);
        }
        self.turn_on(id).await;
    }
}

#[expect(
    clippy::print_stdout,
    reason = "it is shown where a test fails, and with --nocapture"
)]
fn tell(what: &str) {
    println!("{what}");
}

/// Gives how often it was killed over work in hand.
async fn die_at_random(seed: u64) -> usize {
    let mut dice = StdRng::seed_from_u64(seed);
    let mut life = Life::begin(seed, None).await;
    let id = connect(&mut life).await;
    let mut works = [Work::Events, Work::Remap, Work::Reconcile];
    works.shuffle(&mut dice);
    let run_id = life.start_import(&id).await;
    let mut at_work = 0;
    for _ in works.len()..KILLS_OF_A_LIFE {
        life.some_more(dice.random_range(1..20)).await;
        at_work += usize::from(life.kill().await);
    }
    let run = life.end_of_run(&run_id).await;
    let again = life.pages_read_again();
    assert!(
        again <= life.kills * FETCHERS,
        "seed {seed}: {again} pages were read again"
    );
    for work in works {
        let hit = life.kill_over(work, &id, &mut dice).await;
        tell(&format!("seed {seed}: killed over {work:?}, in hand: {hit}"));
        at_work += usize::from(hit);
    }
    life.change_and_look(&id).await;
    life.prove(&id, &run).await;
    at_work
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_random_moments_it_goes_on_where_it_was() {
    let lives = kills().div_ceil(KILLS_OF_A_LIFE);
    let seeds = 1..=u64::try_from(lives).unwrap();
    let at_work: usize = stream::iter(seeds)
        .map(die_at_random)
        .buffer_unordered(AT_ONCE)
        .fold(0, async |sum, at_work| sum + at_work)
        .await;
    let kills = lives * KILLS_OF_A_LIFE;
    tell(&format!("{at_work} of {kills} kills hit work"));
    assert!(at_work * 2 >= kills, "{at_work} of {kills} kills hit work");
}

#[expect(
    clippy::disallowed_methods,
    reason = "how often to kill is for whoever runs the tests to say"
)]
fn kills() -> usize {
    let few = if on_postgres() { 5 } else { 20 };
    std::env::var("CRASH_KILLS").map_or(few, |text| text.parse().unwrap())
}
