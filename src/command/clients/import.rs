//! `tributary clients import`: clients from a CSV file, all or none.

mod file;

use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;

use anyhow::{Context, bail};
use async_graphql::ID;
use clap::Args;
use entity::integration;
use uuid::Uuid;

use super::column::{Column, Columns};
use super::report::{Counts, Outcome, Report};
use super::row::Rows;
use super::sheet::Sheet;
use crate::app::App;
use crate::clients::{self, ClientEdit, Fate, Line, editable};
use crate::command::{explain, open, say};
use crate::config::Config;
use crate::error::{Code, Problem};
use crate::graphql::id::IdType;
use crate::store;

/// Lines that are saved together: at most so many, and not many more bytes.
const LINES: usize = 250;
const BYTES: usize = 1 << 20;

#[derive(Debug, Args)]
pub(in crate::command) struct Import {
    /// The file, or - for stdin. Its first line names the columns.
    file: PathBuf,
    /// Try everything and store nothing.
    #[arg(long)]
    dry_run: bool,
    /// Store what is well, though other lines are refused.
    #[arg(long)]
    skip_bad: bool,
    /// Which field a column is, e.g. "Company=name"; without a field it is left out. May be given several times.
    #[arg(long = "map", value_name = "COLUMN=FIELD", value_parser = parse_map)]
    maps: Vec<(String, String)>,
    /// The connected account that Stripe customers are of, where several are connected.
    #[arg(long, value_name = "ID")]
    integration: Option<String>,
    /// What parts the columns: one sign, or "tab".
    #[arg(long, default_value = ",", value_name = "SIGN", value_parser = parse_delimiter)]
    delimiter: u8,
}

/// Lines as they were read: edits, or the sentences that say why not.
type Batch = Vec<(u64, Result<ClientEdit, Vec<String>>)>;

impl Import {
    pub(super) async fn run(self, config: Config) -> anyhow::Result<()> {
        let mut sheet = Sheet::open(file::open(&self.file)?, self.delimiter)?;
        let app = open(config).await?;
        let rows = self.rows(&app, &mut sheet).await?;
        let mut import = clients::Import::begin(&app).await.map_err(explain)?;
        let mut report = Report::new();
        loop {
            let batch = next_batch(&mut sheet, &rows)?;
            if batch.is_empty() {
                break;
            }
            for (line, outcome) in save(&mut import, &rows, batch).await? {
                report.put(line, &outcome)?;
            }
        }
        let counts = report.counts;
        let is_stored = !self.dry_run && (self.skip_bad || counts.refused == 0);
        if is_stored {
            import.keep().await.map_err(explain)?;
        } else {
            drop(import);
        }
        let shown = report.show(io::stdout().lock(), is_stored);
        self.conclude(counts, is_stored)?;
        shown.context("the report cannot be written")
    }

    /// What the first line says of the others.
    async fn rows(&self, app: &App, sheet: &mut Sheet<File>) -> anyhow::Result<Rows> {
        let fields = store::custom_field::list(app.db.read()).await?;
        let integrations = store::integration::list(app.db.read()).await?;
        let Some((_, header)) = sheet.next()? else {
            bail!("the file is empty; its first line has to name the columns");
        };
        let columns = Columns::read(header, &editable(&fields), &self.maps)?;
        let integration_id = self.integration(&integrations)?;
        let has = |column| columns.place(&column).is_some();
        if integrations.len() > 1 && integration_id.is_none() && has(Column::StripeId) && !has(Column::IntegrationId) {
            let name = |of: &integration::Model| format!("{} ({})", *IdType::Integration.encode(of.id), of.name);
            let names: Vec<String> = integrations.iter().map(name).collect();
            let names = names.join(", ");
            bail!(
                "several Stripe accounts are connected; say which one the customers are of with --integration: {names}"
            );
        }
        Ok(Rows {
            columns,
            integration_id,
            is_connected: !integrations.is_empty(),
        })
    }

    fn integration(&self, integrations: &[integration::Model]) -> anyhow::Result<Option<Uuid>> {
        let Some(given) = &self.integration else {
            return Ok(None);
        };
        let id = IdType::Integration.decode(&ID(given.clone()), &[]).ok();
        let known = integrations.iter().find(|of| Some(of.id) == id);
        let known = known.with_context(|| format!("--integration: there is no integration {given:?}"))?;
        Ok(Some(known.id))
    }

    fn conclude(&self, counts: Counts, is_stored: bool) -> anyhow::Result<()> {
        say(&format!("{counts}."));
        let (refused, all) = (counts.refused, counts.all());
        match (refused, is_stored) {
            (0, true) => say("They are stored."),
            (0, false) => say("Nothing was stored: it was a dry run."),
            (_, true) => bail!("{refused} of {all} lines were refused; the others are stored"),
            (_, false) if self.dry_run => {
                bail!("{refused} of {all} lines were refused; nothing was stored: it was a dry run")
            }
            (_, false) => bail!(
                "{refused} of {all} lines were refused, so nothing was stored; mend them, or leave them out with --skip-bad"
            ),
        }
        Ok(())
    }
}

fn next_batch(sheet: &mut Sheet<impl Read>, rows: &Rows) -> anyhow::Result<Batch> {
    let (mut batch, mut bytes) = (Vec::new(), 0);
    while batch.len() < LINES && bytes < BYTES {
        let Some((line, record)) = sheet.next()? else { break };
        bytes += record.as_slice().len();
        batch.push((line, rows.edit(record)));
    }
    Ok(batch)
}

async fn save(import: &mut clients::Import<'_>, rows: &Rows, batch: Batch) -> anyhow::Result<Vec<(u64, Outcome)>> {
    let (mut lines, mut read) = (Vec::new(), Vec::new());
    for (number, edit) in batch {
        match edit {
            Ok(edit) => {
                lines.push(Line { number, edit });
                read.push((number, None));
            }
            Err(problems) => read.push((number, Some(problems))),
        }
    }
    let mut fates = import.save(lines).await.map_err(explain)?.into_iter();
    let mut outcome = |problems: Option<Vec<String>>| match problems {
        Some(problems) => Err(problems),
        None => match fates.next() {
            Some(Fate::Saved(id, effect, is_unseen)) => Ok((id, effect, is_unseen.then(|| rows.tell(&unseen())))),
            Some(Fate::Refused(problems)) => Err(problems.iter().map(|problem| rows.tell(problem)).collect()),
            None => Err(Vec::new()),
        },
    };
    Ok(read
        .into_iter()
        .map(|(number, problems)| (number, outcome(problems)))
        .collect())
}

/// Said of a line that is stored all the same: clients may be imported before Stripe's customers are.
fn unseen() -> Problem {
    let message = "No customer of this id has been seen yet. The client gets its contracts once Stripe has told of it.";
    Problem::new(&["stripe", "stripeId"], Code::NotFound, message)
}

fn parse_map(text: &str) -> Result<(String, String), String> {
    let (column, field) = text.rsplit_once('=').ok_or("write COLUMN=FIELD")?;
    Ok((column.trim().to_owned(), field.trim().to_owned()))
}

fn parse_delimiter(text: &str) -> Result<u8, String> {
    match text.as_bytes() {
        b"tab" | b"\\t" => Ok(b'\t'),
        [sign] if *sign == b'\t' || sign.is_ascii_punctuation() && *sign != b'"' => Ok(*sign),
        _ => Err("give one sign, such as ; or tab".to_owned()),
    }
}
