//! Which column of a file is which field of a client.

use anyhow::bail;
use csv::ByteRecord;

use crate::map::rule::Target;

/// How columns are named that are no fields.
pub(super) const ID: &str = "id";
pub(super) const STRIPE_ID: &str = "stripeId";
pub(super) const INTEGRATION_ID: &str = "integrationId";

/// Letters of a name that a message shows.
const SHOWN: usize = 60;

/// What the cells of a column are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Column {
    /// Our id of the client.
    Id,
    /// A Stripe customer that it is.
    StripeId,
    /// The connected account of that customer.
    IntegrationId,
    /// A field, by its path.
    Field(String),
    /// Nothing: it has no name, so nothing may be in it.
    Nameless,
    /// Left out by who imports.
    LeftOut,
}

/// The columns of a file, in order.
#[derive(Debug)]
pub(super) struct Columns {
    /// What each is.
    pub(super) all: Vec<Column>,
    titles: Vec<String>,
}

/// What a column may be, and the names that it goes by.
struct Known {
    column: Column,
    path: String,
    label: String,
}

impl Columns {
    /// Reads the first record of a file. `maps` says of columns by their titles which fields they are, nothing leaves one out.
    pub(super) fn read(header: &ByteRecord, targets: &[Target], maps: &[(String, String)]) -> anyhow::Result<Self> {
        let titles = titles(header)?;
        let known = known(targets);
        for (title, _) in maps {
            if !titles.contains(title) {
                bail!("--map: there is no column {}", quoted(title));
            }
        }
        let (mut all, mut strange) = (Vec::new(), Vec::new());
        for title in &titles {
            match column(title, &known, maps)? {
                Some(column) => all.push(column),
                None => strange.push(title.as_str()),
            }
        }
        if !strange.is_empty() {
            bail!(refusal(&strange, &titles, &known));
        }
        let columns = Self { all, titles };
        columns.refuse_twins()?;
        Ok(columns)
    }

    /// What the file calls a column.
    pub(super) fn title(&self, place: usize) -> &str {
        self.titles.get(place).map_or("", String::as_str)
    }

    /// The place of a column.
    pub(super) fn place(&self, column: &Column) -> Option<usize> {
        self.all.iter().position(|own| own == column)
    }

    fn refuse_twins(&self) -> anyhow::Result<()> {
        for (place, column) in self.all.iter().enumerate() {
            let is_one = !matches!(column, Column::Nameless | Column::LeftOut);
            let first = self.place(column).filter(|first| is_one && *first != place);
            if let Some(first) = first {
                let (one, other) = (quoted(self.title(first)), quoted(self.title(place)));
                bail!("line 1: the columns {one} and {other} are the same field; leave one out with --map {other}=");
            }
        }
        Ok(())
    }
}

fn titles(header: &ByteRecord) -> anyhow::Result<Vec<String>> {
    let mut titles = Vec::new();
    for cell in header {
        let Ok(title) = std::str::from_utf8(cell) else {
            bail!("line 1 is not UTF-8; save the file as UTF-8");
        };
        if title.contains('\0') {
            bail!("line 1 holds NUL characters, as UTF-16 does; save the file as UTF-8");
        }
        titles.push(title.trim().to_owned());
    }
    Ok(titles)
}

fn known(targets: &[Target]) -> Vec<Known> {
    let own = |column, path: &str, label: &str| Known {
        column,
        path: path.to_owned(),
        label: label.to_owned(),
    };
    let mut known = vec![
        own(Column::Id, ID, ID),
        own(Column::StripeId, STRIPE_ID, STRIPE_ID),
        own(Column::IntegrationId, INTEGRATION_ID, INTEGRATION_ID),
    ];
    known.extend(
        targets
            .iter()
            .map(|target| own(Column::Field(target.path.to_string()), &target.path, &target.label)),
    );
    known
}

fn column(title: &str, known: &[Known], maps: &[(String, String)]) -> anyhow::Result<Option<Column>> {
    let Some((_, name)) = maps.iter().find(|(of, _)| of == title) else {
        return if title.is_empty() {
            Ok(Some(Column::Nameless))
        } else {
            find(title, known)
        };
    };
    if name.is_empty() {
        return Ok(Some(Column::LeftOut));
    }
    match find(name, known)? {
        Some(column) => Ok(Some(column)),
        None => bail!(
            "--map: {} is no field of a client; fields are {}",
            quoted(name),
            list(known)
        ),
    }
}

/// By path, then by label, written just so before written otherwise.
fn find(name: &str, known: &[Known]) -> anyhow::Result<Option<Column>> {
    let folded = fold(name);
    let ways: [&dyn Fn(&Known) -> bool; 4] = [
        &|known| known.path == name,
        &|known| !folded.is_empty() && fold(&known.path) == folded,
        &|known| known.label == name,
        &|known| !folded.is_empty() && fold(&known.label) == folded,
    ];
    for way in ways {
        let found: Vec<&Known> = known.iter().filter(|known| way(known)).collect();
        match found.as_slice() {
            [] => {}
            [one] => return Ok(Some(one.column.clone())),
            several => {
                let paths: Vec<&str> = several.iter().map(|known| &*known.path).collect();
                let (name, paths) = (quoted(name), paths.join(" or "));
                bail!("the column {name} may be {paths}; say which one with --map {name}=FIELD");
            }
        }
    }
    Ok(None)
}

/// Names that differ in capitals, spaces and signs only are one.
fn fold(name: &str) -> String {
    let letters = name.chars().filter(|letter| letter.is_alphanumeric());
    letters.flat_map(char::to_lowercase).collect()
}

fn refusal(strange: &[&str], titles: &[String], known: &[Known]) -> String {
    let names: Vec<String> = strange.iter().map(|title| quoted(title)).collect();
    let is_known = |title: &String| !title.is_empty() && !strange.contains(&title.as_str());
    let holds = |sign: &char| titles.iter().any(|title| title.contains(*sign));
    let advice = if titles.iter().any(is_known) {
        let first = &names[0];
        format!("say which field a column is with --map {first}=FIELD, or leave it out with --map {first}=")
    } else if let Some(sign) = [';', '\t', '|'].into_iter().find(holds) {
        format!("the columns seem to be parted by {sign:?}, so give --delimiter {sign:?}")
    } else {
        "the first line has to name the columns".to_owned()
    };
    let (names, fields) = (names.join(", "), list(known));
    format!("line 1: no field of a client is called {names}; {advice}; fields are {fields}")
}

fn list(known: &[Known]) -> String {
    let name = |known: &Known| {
        if known.path == known.label {
            known.path.clone()
        } else {
            format!("{} ({})", known.path, known.label.escape_debug())
        }
    };
    known.iter().map(name).collect::<Vec<_>>().join(", ")
}

/// A name from a file, safe to show.
fn quoted(name: &str) -> String {
    let mut shown: String = name.chars().take(SHOWN).collect();
    if shown.len() < name.len() {
        shown.push('…');
    }
    format!("{shown:?}")
}

#[cfg(test)]
mod tests;
