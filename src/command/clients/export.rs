//! `tributary clients export`: all clients as CSV, as they were at one moment.

use std::io::{self, Write};
use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use csv::{Terminator, Writer, WriterBuilder};
use entity::{client, client_link};
use sea_orm::ConnectionTrait;

use super::cell::guarded;
use super::column::{ID, INTEGRATION_ID, STRIPE_ID};
use crate::clients::editable;
use crate::command::{open, say};
use crate::config::Config;
use crate::graphql::id::IdType;
use crate::map::client::ClientDraft;
use crate::map::rule::Target;
use crate::private;
use crate::store;

/// Clients that are read together.
const BATCH: u64 = 500;

#[derive(Debug, Args)]
pub(in crate::command) struct Export {
    /// The file to write; made for its owner only [default: stdout].
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

impl Export {
    pub(super) async fn run(self, config: Config) -> anyhow::Result<()> {
        let app = open(config).await?;
        let view = app.db.begin_view().await?;
        let count = match &self.out {
            None => write(&view, io::stdout()).await?,
            Some(path) => {
                let cannot = || format!("{} cannot be written", path.display());
                let mut options = private::options();
                let file = options
                    .write(true)
                    .create(true)
                    .truncate(true)
                    .open(path)
                    .with_context(cannot)?;
                write(&view, file).await.with_context(cannot)?
            }
        };
        say(&format!("{count} clients."));
        Ok(())
    }
}

/// Writes all clients, the oldest first; gives their number.
async fn write(conn: &impl ConnectionTrait, out: impl Write) -> anyhow::Result<u64> {
    let targets = editable(&store::custom_field::list(conn).await?);
    let mut out = WriterBuilder::new().terminator(Terminator::CRLF).from_writer(out);
    let paths = targets.iter().map(|target| &*target.path);
    out.write_record([ID].into_iter().chain(paths).chain([STRIPE_ID, INTEGRATION_ID]))?;
    let (mut count, mut after) = (0, None);
    loop {
        let clients = store::client::list_after(conn, after, BATCH).await?;
        let Some(last) = clients.last() else { break };
        after = Some(last.id);
        let ids: Vec<_> = clients.iter().map(|client| client.id).collect();
        let links = store::client::list_links(conn, &ids).await?;
        for client in &clients {
            let first = links.iter().find(|link| link.client_id == client.id);
            write_row(&mut out, &targets, client, first)?;
            count += 1;
        }
    }
    out.flush()?;
    Ok(count)
}

fn write_row(
    out: &mut Writer<impl Write>,
    targets: &[Target],
    client: &client::Model,
    link: Option<&client_link::Model>,
) -> anyhow::Result<()> {
    out.write_field(IdType::Client.encode(client.id).as_str())?;
    let shown = ClientDraft::of(client);
    for target in targets {
        out.write_field(&*guarded(&shown.shown(target).unwrap_or_default()))?;
    }
    let (customer, account) = match link {
        Some(link) => (
            &*link.stripe_customer_id,
            IdType::Integration.encode(link.integration_id).0,
        ),
        None => ("", String::new()),
    };
    out.write_field(&*guarded(customer))?;
    out.write_field(&account)?;
    Ok(out.write_record(None::<&[u8]>)?)
}
