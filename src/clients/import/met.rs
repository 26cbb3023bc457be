//! Which line of a file was about which client: no two are about one.

use std::collections::HashMap;

use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::Line;
use super::here::{Here, external_id};
use crate::clients::ClientEdit;
use crate::error::{Code, Problem};

/// What the lines so far were about, whether they were well or not: which lines are saved must not hang on how they are parted into
/// batches. It holds a few dozen bytes for each thing that a line says, however long that is.
#[derive(Debug, Default)]
pub(super) struct Met(HashMap<Key, u64>);

type Key = [u8; 16];

/// What a line says of which client it is about.
struct Said {
    external_id: Option<Key>,
    customer: Option<Key>,
}

impl Said {
    fn of(edit: &ClientEdit, here: &Here) -> Self {
        let customer = here.customer(edit);
        Self {
            external_id: external_id(edit).map(external_id_key),
            customer: customer.map(|(of, customer)| key(&format!("customer of {of}"), customer)),
        }
    }
}

impl Met {
    /// The client that a line is about; none = a new one. Refused if a line before it was about the same one.
    pub(super) fn meet(&mut self, line: &Line, here: &Here) -> Result<Option<Uuid>, Problem> {
        let edit = &line.edit;
        let said = Said::of(edit, here);
        let is_named = edit.id.is_some();
        if !is_named {
            self.refuse(said.external_id, &["externalId"])?;
            self.refuse(said.customer, &["stripe", "stripeId"])?;
        }
        let client_id = here.identify(edit)?;
        let client = client_id.map(|id| key("client", &id.to_string()));
        let found_by: &[&str] = match (is_named, said.external_id) {
            (true, _) => &["id"],
            (false, Some(_)) => &["externalId"],
            (false, None) => &["stripe", "stripeId"],
        };
        self.refuse(client, found_by)?;
        // By the id that it has until now it would be found no more, or another one would.
        let before = client_id.and_then(|id| here.external_id_of(id)).map(external_id_key);
        for key in [client, said.external_id, said.customer, before].into_iter().flatten() {
            self.0.entry(key).or_insert(line.number);
        }
        Ok(client_id)
    }

    fn refuse(&self, key: Option<Key>, path: &[&str]) -> Result<(), Problem> {
        let Some(first) = key.and_then(|key| self.0.get(&key)) else {
            return Ok(());
        };
        let message = format!("Line {first} is about this client, too.");
        Err(Problem::new(path, Code::Conflict, message))
    }
}

fn external_id_key(external_id: &str) -> Key {
    key("external id", external_id)
}

fn key(kind: &str, text: &str) -> Key {
    let digest = Sha256::digest(format!("{kind}\n{text}"));
    std::array::from_fn(|at| digest[at])
}
