//! What the demo shows: a bar a phase, the counts, and what to paste next.

use entity::kind::SyncObject;
use entity::list::RunPhase;
use entity::run;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use sea_orm::{EntityTrait, PaginatorTrait};

use super::super::print;
use super::Admin;
use crate::app::App;

/// A bar for each phase of the import.
pub(super) struct Bars {
    all: MultiProgress,
    phases: Vec<(SyncObject, ProgressBar)>,
}

impl Bars {
    pub(super) fn new() -> Self {
        let all = MultiProgress::new();
        let named = [
            (SyncObject::Customer, "customers"),
            (SyncObject::Product, "products"),
            (SyncObject::Contract, "contracts"),
        ];
        let phases = named.map(|(object, name)| (object, all.add(bar(name)))).into();
        Self { all, phases }
    }

    pub(super) fn show(&self, run: &run::Model) {
        for phase in &run.phases.0 {
            for (_, bar) in self.phases.iter().filter(|(object, _)| *object == phase.object) {
                bar.set_position(u64::from(phase.done_permille));
                bar.set_message(format!("{} seen, {} created", phase.seen, phase.created));
            }
        }
    }

    pub(super) fn clear(&self) {
        for (_, bar) in &self.phases {
            bar.finish();
        }
        // Without a terminal there is nothing to clear.
        let _ = self.all.clear();
    }
}

fn bar(name: &'static str) -> ProgressBar {
    let style = ProgressStyle::with_template("{prefix:>10} [{bar:40}] {msg}")
        .unwrap_or_else(|_bad_template| ProgressStyle::default_bar());
    ProgressBar::new(1000).with_style(style).with_prefix(name)
}

pub(super) fn beginning(sandbox_url: &str, url: &str) -> anyhow::Result<()> {
    print(&format!(
        "A stand-in for Stripe answers at {sandbox_url}; Tributary serves {url} and imports from it."
    ))
}

pub(super) async fn end(app: &App, run: &run::Model, admin: &Admin, url: &str) -> anyhow::Result<()> {
    print(&counts(app, run).await?)?;
    print(&format!("\nGraphQL: {url}/graphql"))?;
    print(&format!(
        "Sign in as {} with the password {}\n",
        admin.user.email, admin.password
    ))?;
    print(&format!(
        "A browser's session:\n  {}\n",
        curl(url, None, &sign_in(admin))
    ))?;
    print("Four queries:")?;
    for query in QUERIES {
        print(&format!("  {}\n", curl(url, Some(&admin.token), query)))?;
    }
    Ok(())
}

async fn counts(app: &App, run: &run::Model) -> anyhow::Result<String> {
    let db = app.db.read();
    let clients = entity::client::Entity::find().count(db).await?;
    let products = entity::product::Entity::find().count(db).await?;
    let contracts = entity::contract::Entity::find().count(db).await?;
    let lines = entity::contract_line::Entity::find().count(db).await?;
    let took_ms = run
        .finished_at
        .zip(run.started_at)
        .map_or(0, |(end, start)| end - start);
    let phases: String = run.phases.0.iter().map(phase_line).collect();
    Ok(format!(
        "\nImported in {}.{:03} s with {} requests:\n  {clients} clients, {products} products, {contracts} contracts with {lines} lines{phases}",
        took_ms / 1000,
        took_ms % 1000,
        run.stripe_requests
    ))
}

fn phase_line(phase: &RunPhase) -> String {
    format!(
        "\n  {:?}: seen {} = created {} + updated {} + unchanged {} + skipped {} + failed {}",
        phase.object, phase.seen, phase.created, phase.updated, phase.unchanged, phase.skipped, phase.failed
    )
}

fn sign_in(admin: &Admin) -> String {
    let (email, password) = (&admin.user.email, &admin.password);
    format!(
        r#"mutation {{ signIn(input: {{email: "{email}", password: "{password}"}}) {{ viewer {{ scope }} userErrors {{ code message }} }} }}"#
    )
}

const QUERIES: [&str; 4] = [
    "{ clients(first: 3) { totalCount nodes { name email contracts(first: 1) { nodes { name bookingDate total { decimal currency } } } } } }",
    "{ contracts(first: 3, orderBy: {field: TOTAL, direction: DESC}) { nodes { number name termEnd total { decimal currency } client { name } lines(first: 3) { nodes { description net { decimal } product { name } } } } } }",
    "{ revenue { currency contracts total { decimal } net { decimal } mrr { decimal } arr { decimal } } }",
    "{ runs(first: 1, filter: {kind: [IMPORT]}) { nodes { state stripeRequests phases { object seen created updated unchanged skipped failed } } } }",
];

/// A line for a shell. The document is put between single quotes, which no query of ours holds.
fn curl(url: &str, token: Option<&str>, document: &str) -> String {
    let credentials = token
        .map(|token| format!(" -H 'Authorization: Bearer {token}'"))
        .unwrap_or_default();
    let body = serde_json::json!({ "query": document });
    format!("curl -s {url}/graphql -H 'Content-Type: application/json'{credentials} -d '{body}'")
}
