//! A place among the changes of records, as text that callers keep and give back.
//!
//! It holds how far each integration's changes were delivered, and a fingerprint of that and of what was asked for: one that was
//! edited, or that belongs to another question, is refused.

use std::collections::BTreeMap;

use entity::kind::SyncObject;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::error::{Code, Error};

/// No honest cursor is longer: that of some 300 integrations.
const LONGEST: usize = 48 << 10;

/// Which changes are watched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// Of one integration; of all of them.
    pub integration_id: Option<Uuid>,
    /// Of these nouns, in the order of the enum and without repetition.
    pub objects: Vec<SyncObject>,
}

/// How far an integration's changes were delivered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// All changes up to this number.
    pub seq: i64,
    /// So many ids of the change after it.
    pub inside: usize,
}

/// How far the changes of each integration were delivered. One that is not in it had none when it was made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place(pub BTreeMap<Uuid, Mark>);

#[derive(Serialize, Deserialize)]
struct Written {
    fingerprint: String,
    marks: Vec<(Uuid, Mark)>,
}

impl Place {
    /// As text.
    pub fn write(&self, question: &Question) -> String {
        let marks: Vec<_> = self.0.iter().map(|(id, mark)| (*id, *mark)).collect();
        let written = Written {
            fingerprint: fingerprint(question, &marks),
            marks,
        };
        hex::encode(serde_json::to_string(&written).unwrap_or_default())
    }

    /// From text that [`Place::write`] has made for the same question; anything else is refused.
    pub fn read(text: &str, question: &Question) -> Result<Self, Error> {
        Self::parse(text, question).ok_or_else(not_one_of_these)
    }

    fn parse(text: &str, question: &Question) -> Option<Self> {
        let bytes = Some(text).filter(|text| text.len() <= LONGEST)?;
        let written: Written = serde_json::from_slice(&hex::decode(bytes).ok()?).ok()?;
        if written.fingerprint != fingerprint(question, &written.marks) {
            return None;
        }
        let fits = |id: &Uuid| question.integration_id.is_none_or(|only| only == *id);
        let is_whole = written.marks.iter().all(|(id, mark)| fits(id) && mark.seq >= 0);
        is_whole.then(|| Self(written.marks.into_iter().collect()))
    }
}

/// Refuses a cursor that was not given for this question.
pub(super) fn not_one_of_these() -> Error {
    let message = "This cursor is not one of recordsChanged with this integration and these objects.";
    Error::refused(&["after"], Code::Invalid, message)
}

fn fingerprint(question: &Question, marks: &[(Uuid, Mark)]) -> String {
    let digest = Sha256::digest(format!("recordsChanged {question:?} {marks:?}"));
    hex::encode(&digest[..8])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(objects: &[SyncObject]) -> Question {
        Question {
            integration_id: None,
            objects: objects.to_vec(),
        }
    }

    fn place() -> Place {
        let mark = |seq, inside| (Uuid::now_v7(), Mark { seq, inside });
        Place([mark(0, 0), mark(7, 249), mark(i64::MAX, 0)].into())
    }

    #[test]
    fn it_comes_back_to_the_same_question_only() {
        let (asked, place) = (question(&[SyncObject::Customer]), place());
        let text = place.write(&asked);
        assert_eq!(Place::read(&text, &asked).unwrap(), place);
        let of_one = Question {
            integration_id: place.0.keys().next().copied(),
            ..asked.clone()
        };
        for other in [question(&[SyncObject::Product]), question(&[]), of_one] {
            assert!(Place::read(&text, &other).is_err(), "{other:?}");
        }
        let empty = Place::default();
        assert_eq!(Place::read(&empty.write(&asked), &asked).unwrap(), empty);
    }

    #[test]
    fn a_changed_character_is_noticed() {
        let asked = question(&[SyncObject::Contract]);
        let text = place().write(&asked);
        for at in 0..text.len() {
            let mut changed = text.clone().into_bytes();
            changed[at] = if changed[at] == b'3' { b'4' } else { b'3' };
            let changed = String::from_utf8(changed).unwrap();
            assert!(Place::read(&changed, &asked).is_err(), "character {at}");
        }
        for junk in [
            "",
            "00",
            "zz",
            "7b7d",
            &text[..text.len() - 2],
            &"0".repeat(LONGEST + 2),
        ] {
            assert!(Place::read(junk, &asked).is_err(), "{junk}");
        }
    }
}
