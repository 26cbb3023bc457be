//! The oracle: what has to hold in the end, whatever went wrong on the way.

use entity::kind::RunState;
use entity::{client, contract, contract_line, product, run, stripe_event, sync_error};
use sandbox::Sandbox;
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder};
use serde_json::{Value, json};
use tributary::store::Db;

use super::sums::assert_same_sums;
use super::{Client, TestApp, assert_equals_truth, log, until};

const RECONCILE: &str =
    "mutation($id: ID!) { startReconcile(input: {integrationId: $id}) { run { id } userErrors { code } } }";
const DRIFT: &str = "query($id: ID!) { node(id: $id) { ... on Run { state drift } } }";

/// What is to be judged: one integration with everything that Stripe has.
pub(crate) struct Oracle<'a> {
    /// An admin's.
    pub(crate) client: &'a Client,
    pub(crate) db: &'a Db,
    pub(crate) sandbox: &'a Sandbox,
    pub(crate) integration: &'a str,
    /// Invoices created or paid from this second on belong here.
    pub(crate) window_start: i64,
}

type Records = (
    Vec<client::Model>,
    Vec<product::Model>,
    Vec<contract::Model>,
    Vec<contract_line::Model>,
);

impl Oracle<'_> {
    /// Fails where something was lost, doubled, left over or left open. Everything has to be in by now: a comparison with Stripe
    /// finds nothing to mend, and another import nothing to do.
    pub(crate) async fn prove(&self) {
        self.assert_nothing_is_open().await;
        assert_equals_truth(self.db, self.sandbox, |invoice| self.is_kept(invoice)).await;
        assert_same_sums(self.db, self.sandbox, |invoice| self.is_kept(invoice)).await;
        let before = self.records().await;
        self.assert_nothing_drifted().await;
        self.assert_nothing_to_import().await;
        assert!(before == self.records().await, "records were touched by comparing them");
        self.assert_nothing_is_open().await;
        assert_eq!(self.sandbox.non_get_count(), 0, "Stripe is only read");
    }

    fn is_kept(&self, invoice: &Value) -> bool {
        is_since(invoice, self.window_start)
    }

    /// Each run has ended with counts that add up, each event had its effect, each failure was mended.
    async fn assert_nothing_is_open(&self) {
        let runs = until("all runs have ended", async || {
            let runs = run::Entity::find().all(self.db.read()).await.unwrap();
            runs.iter().all(|run| run.finished_at.is_some()).then_some(runs)
        })
        .await;
        for run in runs {
            assert!(is_final(run.state), "{run:?}");
            for phase in &run.phases.0 {
                assert!(is_final(phase.state), "{run:?}");
                let parts = phase.created + phase.updated + phase.unchanged + phase.skipped + phase.failed;
                assert_eq!(phase.seen, parts, "{run:?}");
            }
        }
        let waiting = stripe_event::Entity::find().filter(stripe_event::Column::AppliedAt.is_null());
        assert_eq!(waiting.count(self.db.read()).await.unwrap(), 0, "events wait");
        let open = sync_error::Entity::find().filter(sync_error::Column::ResolvedAt.is_null());
        let open = open.all(self.db.read()).await.unwrap();
        assert_eq!(open, [], "failures are open");
    }

    async fn assert_nothing_drifted(&self) {
        let id = json!({ "id": self.integration });
        let started = self.client.mutate("startReconcile", RECONCILE, id).await;
        let run_id = started["run"]["id"].as_str().unwrap();
        self.client.end_of_run(run_id).await;
        let shown = self.client.graphql(DRIFT, json!({ "id": run_id })).await;
        assert_eq!(shown["node"], json!({ "state": "SUCCEEDED", "drift": 0 }));
    }

    async fn assert_nothing_to_import(&self) {
        let run = self.client.import(self.integration).await;
        assert_eq!(run["state"], "SUCCEEDED", "{run}");
        for phase in run["phases"].as_array().unwrap() {
            let changed: Vec<&Value> = ["created", "updated", "failed"].map(|name| &phase[name]).into();
            assert_eq!(changed, [0, 0, 0], "{run}");
        }
    }

    async fn records(&self) -> Records {
        let read = self.db.read();
        let clients = client::Entity::find().order_by_asc(client::Column::Id).all(read);
        let products = product::Entity::find().order_by_asc(product::Column::Id).all(read);
        let contracts = contract::Entity::find().order_by_asc(contract::Column::Id).all(read);
        let lines = contract_line::Entity::find()
            .order_by_asc(contract_line::Column::Id)
            .all(read);
        (
            clients.await.unwrap(),
            products.await.unwrap(),
            contracts.await.unwrap(),
            lines.await.unwrap(),
        )
    }
}

/// Whether an invoice was created or paid from this second on.
pub(crate) fn is_since(invoice: &Value, second: i64) -> bool {
    let times = [&invoice["created"], &invoice["status_transitions"]["paid_at"]];
    times.into_iter().filter_map(Value::as_i64).any(|at| at >= second)
}

fn is_final(state: RunState) -> bool {
    matches!(
        state,
        RunState::Succeeded | RunState::Partial | RunState::Failed | RunState::Canceled
    )
}

impl TestApp {
    /// Has the oracle judge it, and its log: no secret is in there.
    pub(crate) async fn prove(&self, integration: &str) {
        self.prove_from(integration, i64::MIN).await;
    }

    /// The same, where only invoices created or paid from `window_start` on belong here.
    pub(crate) async fn prove_from(&self, integration: &str, window_start: i64) {
        let oracle = Oracle {
            client: self.admin(),
            db: self.db(),
            sandbox: self.sandbox(),
            integration,
            window_start,
        };
        oracle.prove().await;
        assert_eq!(
            log::lines_with(&[self.sandbox().key()]),
            Vec::<String>::new(),
            "a key was logged"
        );
    }
}
