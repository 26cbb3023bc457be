//! Watches which records are made and changed.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use entity::kind::SyncObject;
use entity::record_change::Model;
use uuid::Uuid;

use super::cursor::{self, Mark, Place, Question};
use super::pace::Pace;
use crate::app::App;
use crate::error::{Code, Error};
use crate::store::{self, change};

/// Ids of one batch at most.
pub const MOST_IDS: usize = 250;
/// Changes read at once.
const ROWS: u64 = 8;
/// Gathers what is committed in short order.
const REST: Duration = Duration::from_millis(100);
/// A watcher that is told nothing, because what changes is not what it asked for, gets a new cursor this often. Else its own would
/// be older than what is kept one day. Milliseconds.
const FRESH_MS: i64 = 60 * 60 * 1000;

/// Records that were made or changed, in the order of the commits.
#[derive(Debug, Default)]
pub struct Batch {
    /// Those that were made.
    pub created: Vec<(SyncObject, Uuid)>,
    /// Those that were changed.
    pub updated: Vec<(SyncObject, Uuid)>,
    /// Goes on after them.
    pub cursor: String,
}

impl Batch {
    fn len(&self) -> usize {
        self.created.len() + self.updated.len()
    }
}

/// The changes from one place on.
#[derive(Debug)]
pub struct RecordWatch {
    app: Arc<App>,
    question: Question,
    place: Place,
    pace: Pace,
    /// When the last cursor was given, by the clock that dates the changes.
    told_ms: i64,
    /// A watcher that begins now is told at once where that is.
    is_told: bool,
    turn: usize,
}

impl RecordWatch {
    /// Watches from the cursor `after` on, or from now. [`Error::NotFound`] when there is no such integration; a cursor that
    /// cannot be gone on from is refused.
    pub async fn begin(app: Arc<App>, question: Question, after: Option<&str>) -> Result<Self, Error> {
        if let Some(id) = question.integration_id {
            store::integration::find(app.db.read(), id)
                .await?
                .ok_or(Error::NotFound)?;
        }
        let waker = Pace::new(&app, REST);
        let place = match after {
            Some(text) => Place::read(text, &question)?,
            None => now(&app, &question).await?,
        };
        let watch = Self {
            told_ms: app.clock.now_ms(),
            is_told: after.is_some(),
            turn: 0,
            app,
            question,
            place,
            pace: waker,
        };
        if after.is_some() {
            watch.check().await?;
        }
        Ok(watch)
    }

    /// The next batch; waits for it as long as it takes.
    pub async fn next(&mut self) -> Result<Batch, Error> {
        if !self.is_told {
            return Ok(self.tell(Batch::default(), self.told_ms));
        }
        loop {
            match self.look().await? {
                Look::Batch(batch) => return Ok(batch),
                Look::NothingForThem => {}
                Look::Nothing => self.pace.wait().await,
            }
        }
    }

    /// What is new, of each integration in turn.
    async fn look(&mut self) -> Result<Look, Error> {
        let last = change::last_numbers(self.app.db.read(), self.question.integration_id).await?;
        let mut behind: Vec<_> = last.into_iter().filter(|(id, seq)| self.mark(*id).seq < *seq).collect();
        if behind.is_empty() {
            return Ok(Look::Nothing);
        }
        // Else the import of one would keep the others' news back.
        let first = self.turn % behind.len();
        behind.rotate_left(first);
        self.turn = self.turn.wrapping_add(1);
        let mut batch = Batch::default();
        let mut newest_ms = self.told_ms;
        for (id, _) in behind {
            if batch.len() == MOST_IDS {
                break;
            }
            for row in self.read(id).await? {
                if batch.len() == MOST_IDS {
                    break;
                }
                newest_ms = newest_ms.max(row.at);
                let mark = take(&row, &self.question, self.mark(id), &mut batch);
                self.place.0.insert(id, mark);
            }
        }
        if batch.len() > 0 || newest_ms - self.told_ms >= FRESH_MS {
            return Ok(Look::Batch(self.tell(batch, newest_ms)));
        }
        Ok(Look::NothingForThem)
    }

    fn tell(&mut self, batch: Batch, at_ms: i64) -> Batch {
        (self.is_told, self.told_ms) = (true, at_ms);
        Batch {
            cursor: self.place.write(&self.question),
            ..batch
        }
    }

    fn mark(&self, integration_id: Uuid) -> Mark {
        self.place.0.get(&integration_id).copied().unwrap_or_default()
    }

    /// The changes after the mark. Numbers have no gaps: where one is missing, it is no longer kept.
    async fn read(&self, integration_id: Uuid) -> Result<Vec<Model>, Error> {
        let after = self.mark(integration_id).seq;
        let rows = change::list_after(self.app.db.read(), integration_id, after, ROWS).await?;
        if rows.iter().zip(after + 1..).all(|(row, seq)| row.seq == seq) && !rows.is_empty() {
            return Ok(rows);
        }
        let message =
            "This cursor is older than what is kept (24 hours). Read the records again, and watch without it.";
        Err(Error::refused(&["after"], Code::OutOfRange, message))
    }

    /// Refuses a place that cannot have been given here, or from which not everything is kept.
    async fn check(&self) -> Result<(), Error> {
        let last = change::last_numbers(self.app.db.read(), self.question.integration_id).await?;
        for (id, mark) in &self.place.0 {
            let last = last.get(id).copied().unwrap_or_default();
            if mark.seq > last || (mark.seq == last && mark.inside > 0) {
                return Err(cursor::not_one_of_these());
            }
        }
        for (id, last) in last {
            if self.mark(id).seq < last {
                self.read(id).await?;
            }
        }
        Ok(())
    }
}

/// What a look has come to.
enum Look {
    Batch(Batch),
    /// Only what was not asked for has changed.
    NothingForThem,
    Nothing,
}

async fn now(app: &App, question: &Question) -> Result<Place, Error> {
    let last: BTreeMap<Uuid, i64> = change::last_numbers(app.db.read(), question.integration_id).await?;
    let marks = last.into_iter().map(|(id, seq)| (id, Mark { seq, inside: 0 }));
    Ok(Place(marks.collect()))
}

/// Moves as many ids of `row` into the batch as it takes; gives where that leaves off.
fn take(row: &Model, question: &Question, mark: Mark, batch: &mut Batch) -> Mark {
    let whole = Mark {
        seq: row.seq,
        inside: 0,
    };
    if !question.objects.contains(&row.object) {
        return whole;
    }
    let (created, updated) = (&row.created.0, &row.updated.0);
    let until = (mark.inside + MOST_IDS - batch.len()).min(created.len() + updated.len());
    for at in mark.inside..until {
        match created.get(at) {
            Some(id) => batch.created.push((row.object, *id)),
            None => batch.updated.push((row.object, updated[at - created.len()])),
        }
    }
    if until == created.len() + updated.len() {
        return whole;
    }
    Mark { inside: until, ..mark }
}
