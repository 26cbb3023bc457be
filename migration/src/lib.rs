//! Tributary's schema, one dated file a step. Each step is one text for SQLite and PostgreSQL alike; [`ddl`] fills in the words
//! in which they differ.

pub use sea_orm_migration::MigratorTrait;
use sea_orm_migration::prelude::MigrationTrait;

mod ddl;
mod m20261123_000001_main_road;
mod m20261123_000002_events;
mod m20261123_000003_live;
mod m20261124_000004_clients;
mod m20261124_000005_contracts;
mod m20261125_000006_renewal;
mod m20261125_000007_failures;
mod m20261201_000008_write_check;
mod m20261201_000009_accounts;
mod m20261201_000010_recurring_revenue;
mod m20261201_000011_terms;
mod m20261201_000012_given_back;

/// All steps, oldest first.
#[derive(Debug)]
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261123_000001_main_road::Migration),
            Box::new(m20261123_000002_events::Migration),
            Box::new(m20261123_000003_live::Migration),
            Box::new(m20261124_000004_clients::Migration),
            Box::new(m20261124_000005_contracts::Migration),
            Box::new(m20261125_000006_renewal::Migration),
            Box::new(m20261125_000007_failures::Migration),
            Box::new(m20261201_000008_write_check::Migration),
            Box::new(m20261201_000009_accounts::Migration),
            Box::new(m20261201_000010_recurring_revenue::Migration),
            Box::new(m20261201_000011_terms::Migration),
            Box::new(m20261201_000012_given_back::Migration),
        ]
    }
}
