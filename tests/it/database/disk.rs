//! SQLite on a disk that fails or is full: whatever was acknowledged is in the file after a power cut, what was not written is refused
//! with a code, and writing goes on by itself once it can.

use std::process::Command;

use serde_json::{Value, json};

use crate::support::faulty_disk::{EIO, ENOSPC, EROFS, FaultyDisk};
use crate::support::program::{Serving, token_of_admin};
use crate::support::{Client, TestDatabase, on_postgres, until};

const SAVE: &str =
    "mutation($name: String) { saveClients(input: {clients: [{name: $name}]}) { clients { id } userErrors { code } } }";
const NAMES: &str = "query($after: String) { clients(first: 100, after: $after) { nodes { name } pageInfo { hasNextPage endCursor } } }";
/// More changes of files than a round of the test takes.
const FAR_TOO_MANY: u32 = 300;

/// A server on a disk that can be made to fail.
struct Machine {
    disk: FaultyDisk,
    database: TestDatabase,
    token: String,
    serving: Serving,
    client: Client,
}

impl Machine {
    async fn start() -> Self {
        let database = TestDatabase::create().await;
        let token = token_of_admin(&database);
        let disk = FaultyDisk::build();
        disk.mend();
        let (serving, client) = serve(&database, &disk, &token);
        Self {
            disk,
            database,
            token,
            serving,
            client,
        }
    }

    /// As a power cut would, as far as the program can tell.
    fn kill_and_start_again(&mut self) {
        self.serving.kill();
        (self.serving, self.client) = serve(&self.database, &self.disk, &self.token);
    }

    /// Saves a client; true when that is acknowledged. What is not, says why.
    async fn save(&self, name: &str) -> bool {
        let answer = self.client.response(SAVE, json!({ "name": name })).await;
        if answer["data"]["saveClients"]["clients"][0]["id"].is_string() {
            assert_eq!(answer.get("errors"), None, "{answer}");
            return true;
        }
        let code = answer["errors"][0]["extensions"]["code"].as_str();
        let told = ["DISK_FULL", "DATABASE_UNWRITABLE", "INTERNAL"];
        assert!(code.is_some_and(|code| told.contains(&code)), "{answer}");
        false
    }

    /// A mutation that is refused: its transaction is begun, and not committed.
    async fn be_refused(&self) {
        let answer = self.client.response(SAVE, json!({ "name": " " })).await;
        let refused = !answer["data"]["saveClients"]["userErrors"]
            .as_array()
            .is_none_or(Vec::is_empty);
        assert!(refused || answer["errors"].is_array(), "{answer}");
    }

    async fn names(&self) -> Vec<String> {
        let (mut names, mut after) = (Vec::new(), Value::Null);
        loop {
            let page = self.client.graphql(NAMES, json!({ "after": after })).await["clients"].take();
            let nodes = page["nodes"].as_array().unwrap();
            names.extend(nodes.iter().map(|node| node["name"].as_str().unwrap().to_owned()));
            if page["pageInfo"]["hasNextPage"] != true {
                names.sort();
                return names;
            }
            after = page["pageInfo"]["endCursor"].clone();
        }
    }

    async fn code(&self) -> Value {
        let mut answer = self.client.response(SAVE, json!({ "name": "nobody" })).await;
        answer["errors"][0]["extensions"]["code"].take()
    }
}

fn serve(database: &TestDatabase, disk: &FaultyDisk, token: &str) -> (Serving, Client) {
    let variables = disk.variables();
    let variables: Vec<(&str, &str)> = variables.iter().map(|(name, value)| (&**name, &**value)).collect();
    let flags = ["--database-url", database.url()];
    let mut serving = Serving::start_with(database.folder(), &flags, &variables);
    let client = Client::new(&serving.address()).with_token(token);
    (serving, client)
}

/// Fails the first, second, third … change of a file, until a round of writing needs no more.
async fn fail_each_change(error: i32) {
    let mut machine = Machine::start().await;
    let mut acknowledged = Vec::new();
    let mut round = 0;
    loop {
        round += 1;
        machine.disk.fail_once(round, error);
        for at in 0..3 {
            let name = format!("round {round:03}, client {at}");
            if machine.save(&name).await {
                acknowledged.push(name);
            }
            machine.be_refused().await;
        }
        let has_failed = machine.disk.mend();
        let name = format!("round {round:03}, the last");
        assert!(machine.save(&name).await, "writing goes on by itself, round {round}");
        acknowledged.push(name);
        if !has_failed {
            break;
        }
        assert!(round < FAR_TOO_MANY, "a round without a fault never came");
    }
    assert!(round > 10, "only {round} rounds: the disk did not fail");
    assert_eq!(machine.names().await, acknowledged);
    machine.kill_and_start_again();
    assert_eq!(machine.names().await, acknowledged, "after a restart");
}

#[tokio::test]
async fn whichever_write_the_disk_fails_nothing_acknowledged_is_lost() {
    if !on_postgres() {
        fail_each_change(EIO).await;
    }
}

#[tokio::test]
async fn whichever_write_finds_no_room_nothing_acknowledged_is_lost() {
    if !on_postgres() {
        fail_each_change(ENOSPC).await;
    }
}

/// While all changes fail with `error`, writing has the code and reads go on; afterwards everything does by itself.
async fn fail_for_a_while(error: i32, code: &str, readiness: &str) {
    let mut machine = Machine::start().await;
    assert!(machine.save("before").await);
    machine.disk.fail(error);
    assert_eq!(machine.code().await, code);
    let ready = machine.client.get("/readyz").await;
    assert_eq!((ready.status.as_u16(), ready.text.as_str()), (503, readiness));
    assert_eq!(machine.client.get("/healthz").await.status, 200);
    assert_eq!(machine.names().await, ["before"]);
    machine.be_refused().await;
    assert_eq!(machine.code().await, code);
    machine.disk.mend();
    until("it is ready again", async || {
        (machine.client.get("/readyz").await.status == 200).then_some(())
    })
    .await;
    machine.be_refused().await;
    assert!(machine.save("later").await);
    let written = ["before", "later"];
    assert_eq!(machine.names().await, written);
    machine.kill_and_start_again();
    assert_eq!(machine.names().await, written, "after a restart");
}

#[tokio::test]
async fn a_full_disk_is_told_and_writing_goes_on_once_there_is_room() {
    if !on_postgres() {
        fail_for_a_while(ENOSPC, "DISK_FULL", "the disk of the database is full").await;
    }
}

#[tokio::test]
async fn a_read_only_file_is_told_and_writing_goes_on_once_it_is_not() {
    if !on_postgres() {
        fail_for_a_while(EROFS, "DATABASE_UNWRITABLE", "the database cannot be written").await;
    }
}

/// How large the files of the server may become, in bytes.
fn limit_files(serving: &Serving, bytes: &str) {
    let pid = serving.pid().to_string();
    let limit = format!("--fsize={bytes}:unlimited");
    let set = Command::new("prlimit").args(["--pid", &pid, &limit]).status().unwrap();
    assert!(set.success());
}

#[tokio::test]
async fn a_limit_on_the_size_of_files_is_no_end_and_no_loss() {
    if on_postgres() {
        return;
    }
    let mut machine = Machine::start().await;
    let log = machine.database.folder().join("tributary.db-wal");
    let mut acknowledged = Vec::new();
    let room = std::fs::metadata(log).unwrap().len() + 100_000;
    limit_files(&machine.serving, &room.to_string());
    loop {
        let name = format!("client {:03}", acknowledged.len());
        if !machine.save(&name).await {
            break;
        }
        acknowledged.push(name);
        assert!(acknowledged.len() < 500, "the limit was never met");
    }
    // A small write may still have fitted.
    limit_files(&machine.serving, "4096");
    assert_eq!(machine.client.get("/readyz").await.status, 503);
    machine.be_refused().await;
    limit_files(&machine.serving, "unlimited");
    machine.be_refused().await;
    let name = "there is room again".to_owned();
    assert!(machine.save(&name).await);
    acknowledged.push(name);
    assert_eq!(machine.names().await, acknowledged);
    machine.kill_and_start_again();
    assert_eq!(machine.names().await, acknowledged, "after a restart");
}
