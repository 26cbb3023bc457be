//! Changes that a test makes up, and a subscriber that goes on where it left off.

use entity::kind::SyncObject;
use serde_json::Value;
use tributary::store::change::{self, Changed};
use uuid::Uuid;

use super::support::Socket;
use crate::support::TestApp;

/// The subscription of a [`Reader`].
pub(super) const WATCH: &str = "subscription($integration: ID, $objects: [SyncObject!], $after: String) {
    recordsChanged(integrationId: $integration, objects: $objects, after: $after) { cursor created updated }
}";
/// That of the changes that a test makes up.
const INTEGRATION: Uuid = Uuid::from_u128(7);

/// Notes that `count` clients were made, as a run does; gives their global ids.
pub(super) async fn change(app: &TestApp, count: usize) -> Vec<String> {
    let ids = change_elsewhere(app, SyncObject::Customer, count).await;
    app.app().changed.send_replace(());
    ids
}

/// The same by another process, whose commits nobody is told of.
pub(super) async fn change_elsewhere(app: &TestApp, object: SyncObject, count: usize) -> Vec<String> {
    change_often_elsewhere(app, object, 1, count).await
}

/// So many changes in one transaction, each of `count` records.
pub(super) async fn change_often_elsewhere(
    app: &TestApp,
    object: SyncObject,
    changes: usize,
    count: usize,
) -> Vec<String> {
    let ids: Vec<Uuid> = (0..count * changes).map(|_| Uuid::now_v7()).collect();
    let prefix = match object {
        SyncObject::Customer => "client",
        SyncObject::Product => "product",
        SyncObject::Contract => "contract",
    };
    let global = ids.iter().map(|id| format!("{prefix}_{}", id.simple())).collect();
    let tx = app.db().begin().await.unwrap();
    for ids in ids.chunks(count) {
        let batch = Changed::of(ids.to_vec(), |_| true);
        change::note(&tx, INTEGRATION, object, batch, app.clock.now_ms())
            .await
            .unwrap();
    }
    tx.commit().await.unwrap();
    global
}

/// A subscriber that goes on where it left off.
#[derive(Default)]
pub(super) struct Reader {
    pub(super) variables: Value,
    pub(super) seen: Vec<String>,
    pub(super) messages: usize,
}

impl Reader {
    pub(super) fn of(variables: Value) -> Self {
        Self {
            variables,
            ..Self::default()
        }
    }

    pub(super) async fn connect(&self, app: &TestApp, token: &str) -> Socket {
        let mut socket = Socket::with_token(app, token).await;
        socket.subscribe("1", WATCH, self.variables.clone()).await;
        socket
    }

    /// Takes one message.
    pub(super) async fn read(&mut self, socket: &mut Socket) {
        let event = socket.event("1").await["recordsChanged"].take();
        let ids = |list: &str| event[list].as_array().unwrap().iter();
        let new = ids("created").map(|id| (id, "created"));
        let changed = ids("updated").map(|id| (id, "updated"));
        let before = self.seen.len();
        self.seen.extend(
            new.chain(changed)
                .map(|(id, how)| format!("{how} {}", id.as_str().unwrap())),
        );
        assert!(self.seen.len() - before <= 250);
        self.variables["after"] = event["cursor"].clone();
        self.messages += 1;
    }

    /// Takes messages until there are so many ids.
    pub(super) async fn read_until(&mut self, socket: &mut Socket, ids: usize) {
        while self.seen.len() < ids {
            self.read(socket).await;
        }
    }
}

/// As a [`Reader`] notes records that were made.
pub(super) fn created(ids: &[String]) -> Vec<String> {
    ids.iter().map(|id| format!("created {id}")).collect()
}
