//! A life as its file tells it.

use std::fs;
use std::path::Path;

use chrono::NaiveDate;
use serde_json::{Value, json};

use crate::contracts::golden::{for_stripe, own_ids, seconds, suffix};

/// A file of the table. Times are Unix seconds, ids the life's own.
pub(super) struct Life {
    pub(super) name: String,
    /// Of the account that it needs.
    pub(super) settings: Value,
    pub(super) customer: String,
    pub(super) steps: Vec<Step>,
    pub(super) expected: Vec<Expected>,
    /// Contracts, as the file names them, that an import of later makes no more.
    pub(super) not_imported: Vec<String>,
}

/// What happens at one moment.
pub(super) struct Step {
    pub(super) at: i64,
    pub(super) put: Vec<Value>,
    pub(super) change: Vec<Value>,
    pub(super) delete: Vec<String>,
}

/// What has to be said, with ids and money as the file writes them.
pub(super) struct Expected {
    /// When it is asked.
    pub(super) at: i64,
    /// As the file tells when, for people.
    pub(super) on: String,
    pub(super) as_of: Option<NaiveDate>,
    pub(super) told: Value,
}

const NOON: i64 = 12 * 3600;
const WORDS: [&str; 5] = ["shows", "settings", "steps", "expected", "notImported"];
const STEP_WORDS: [&str; 4] = ["at", "put", "change", "delete"];
const EXPECTED_WORDS: [&str; 5] = ["on", "asOf", "contracts", "revenue", "products"];

impl Life {
    /// All files of the table.
    pub(super) fn all() -> Vec<Self> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/fixtures/lives");
        let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
        let mut lives: Vec<Self> = files
            .filter(|path| path.extension().is_some_and(|end| end == "json"))
            .map(|path| Self::read(&path))
            .collect();
        lives.sort_by(|one, other| one.name.cmp(&other.name));
        lives
    }

    fn read(path: &Path) -> Self {
        let file = fs::read_to_string(path).unwrap();
        let life: Value = serde_json::from_str(&file).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let shows = life["shows"].as_str().unwrap_or_default();
        assert!(shows.len() > 20, "{name}: what does it show?");
        check_words(&life, &WORDS, &name);
        let steps = list(&life["steps"]);
        let mut own = own_ids(steps.iter().map(|step| &step["put"]).collect());
        // The customer is put by the table, the other one by nobody.
        own.extend(["cus_1".to_owned(), "sub_gone".to_owned()]);
        let step = |step: &Value| {
            check_words(step, &STEP_WORDS, &name);
            let at = second(&step["at"], 0);
            let objects = |part: &str| {
                let objects = list(&step[part]).into_iter();
                objects
                    .map(|object| for_stripe(object, &own, &name))
                    .collect::<Vec<_>>()
            };
            let customer = for_stripe(json!("cus_1"), &own, &name);
            Step {
                at,
                put: objects("put")
                    .into_iter()
                    .map(|object| whole(object, at, &customer))
                    .collect(),
                change: objects("change"),
                delete: objects("delete").iter().map(text).collect(),
            }
        };
        let expected = list(&life["expected"]);
        assert!(!expected.is_empty(), "{name}: what is expected?");
        Self {
            settings: life.get("settings").cloned().unwrap_or(json!({})),
            customer: format!("cus_1{}", suffix(&name)),
            steps: steps.iter().map(step).collect(),
            expected: expected
                .into_iter()
                .map(|expected| Expected::of(expected, &name))
                .collect(),
            not_imported: list(&life["notImported"]).iter().map(text).collect(),
            name,
        }
    }

    /// An id of the file as Stripe's.
    pub(super) fn own(&self, id: &str) -> String {
        id.to_owned() + &suffix(&self.name)
    }

    /// What was said, as the file would write it.
    pub(super) fn as_written(&self, said: &Value) -> Value {
        serde_json::from_str(&said.to_string().replace(&suffix(&self.name), "")).unwrap()
    }
}

impl Expected {
    fn of(told: Value, name: &str) -> Self {
        check_words(&told, &EXPECTED_WORDS, name);
        Self {
            at: second(&told["on"], NOON),
            on: text(&told["on"]),
            as_of: told["asOf"].as_str().map(|day| day.parse().unwrap()),
            told,
        }
    }
}

/// An instant, or so many seconds after a day's midnight.
fn second(when: &Value, of_day: i64) -> i64 {
    let when = when.as_str().unwrap_or_default();
    let second = seconds(when).unwrap_or_else(|| panic!("when is {when:?}?"));
    if when.parse::<NaiveDate>().is_ok() {
        second + of_day
    } else {
        second
    }
}

/// With what every object has: when it was made and, where it bills somebody, whom.
fn whole(mut object: Value, at: i64, customer: &Value) -> Value {
    let bills = matches!(object["object"].as_str(), Some("invoice" | "subscription"));
    let fields = object.as_object_mut().unwrap();
    fields.entry("created").or_insert(json!(at));
    if bills {
        fields.entry("customer").or_insert(customer.clone());
    }
    object
}

fn list(value: &Value) -> Vec<Value> {
    value.as_array().cloned().unwrap_or_default()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// A word that means nothing would be a check that checks nothing.
fn check_words(value: &Value, words: &[&str], name: &str) {
    for word in value.as_object().into_iter().flat_map(serde_json::Map::keys) {
        assert!(words.contains(&word.as_str()), "{name}: what is {word}?");
    }
}
