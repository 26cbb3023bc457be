//! Clients from a file: lines of any number, in one transaction, each told what it did.

mod here;
mod met;

use std::collections::BTreeMap;

use entity::integration;
use uuid::Uuid;

use super::{ClientEdit, Effect, Saved, save_all, take_turns};
use crate::app::App;
use crate::error::{Error, Problem};
use crate::store::Transaction;
use here::Here;
use met::Met;

/// A line of a file.
#[derive(Debug, Clone)]
pub struct Line {
    /// Its number.
    pub number: u64,
    /// What it says. Without an id, the client is found by its id in another system, then by its Stripe customer.
    pub edit: ClientEdit,
}

/// What became of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// This client was saved; the last says whether it names a Stripe customer that has never been seen here.
    Saved(Uuid, Effect, bool),
    /// Nothing of it was saved. Paths are those of a client's fields.
    Refused(Vec<Problem>),
}

/// An import that has begun. Nothing of it is stored before [`Import::keep`].
#[derive(Debug)]
pub struct Import<'a> {
    app: &'a App,
    tx: Transaction,
    integrations: Vec<integration::Model>,
    met: Met,
}

impl<'a> Import<'a> {
    /// Begins one: until its end nobody else writes clients, and on SQLite nobody writes at all.
    pub async fn begin(app: &'a App) -> Result<Self, Error> {
        let tx = app.db.begin().await?;
        let integrations = take_turns(&tx).await?;
        Ok(Self {
            app,
            tx,
            integrations,
            met: Met::default(),
        })
    }

    /// Saves what is well of some lines, after all that were saved before; gives the fate of each. It does not matter how lines are
    /// parted into calls.
    pub async fn save(&mut self, lines: Vec<Line>) -> Result<Vec<Fate>, Error> {
        let here = Here::find(&self.tx, &self.integrations, &lines).await?;
        let mut fates = Vec::with_capacity(lines.len());
        let (mut edits, mut places) = (Vec::new(), Vec::new());
        for line in lines {
            match self.met.meet(&line, &here) {
                Ok(client_id) => {
                    places.push(fates.len());
                    edits.push(ClientEdit {
                        id: client_id,
                        ..line.edit
                    });
                    fates.push(Fate::Refused(Vec::new()));
                }
                Err(problem) => fates.push(Fate::Refused(vec![problem])),
            }
        }
        let (saved, problems) = save_all(self.app, &self.tx, &self.integrations, &edits).await?;
        for Saved {
            index,
            id,
            effect,
            is_unseen,
        } in saved
        {
            fates[places[index]] = Fate::Saved(id, effect, is_unseen);
        }
        for (index, problems) in by_index(problems) {
            fates[places[index]] = Fate::Refused(problems);
        }
        Ok(fates)
    }

    /// Stores everything that was saved.
    pub async fn keep(self) -> Result<(), Error> {
        self.tx.commit().await?;
        self.app.changed.send_replace(());
        Ok(())
    }
}

/// The problems of each edit, without the path to it.
fn by_index(problems: Vec<Problem>) -> BTreeMap<usize, Vec<Problem>> {
    let mut of_each: BTreeMap<usize, Vec<Problem>> = BTreeMap::new();
    for mut problem in problems {
        let index = problem.path.get(1).and_then(|index| index.parse().ok());
        problem.path.drain(..2.min(problem.path.len()));
        of_each.entry(index.unwrap_or_default()).or_default().push(problem);
    }
    of_each
}
