//! `tributary migrate`: brings the database up to date.

use crate::config::Config;

pub(super) async fn run(config: Config) -> anyhow::Result<()> {
    let app = super::open(config).await?;
    app.db.clone().close().await?;
    super::say("The database is up to date.");
    Ok(())
}
