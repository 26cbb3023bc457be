//! Global ids: a type's prefix, an underscore, 32 hex digits.

use async_graphql::ID;
use uuid::Uuid;

use crate::error::{Code, Error};

const PREFIXES: [(IdType, &str); 11] = [
    (IdType::User, "user"),
    (IdType::Session, "session"),
    (IdType::ApiToken, "token"),
    (IdType::Integration, "integration"),
    (IdType::Client, "client"),
    (IdType::Product, "product"),
    (IdType::Contract, "contract"),
    (IdType::ContractLine, "line"),
    (IdType::Run, "run"),
    (IdType::SyncError, "error"),
    (IdType::CustomField, "field"),
];

/// A type that has global ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum IdType {
    /// `user_…`
    User,
    /// `session_…`
    Session,
    /// `token_…`
    ApiToken,
    /// `integration_…`
    Integration,
    /// `client_…`
    Client,
    /// `product_…`
    Product,
    /// `contract_…`
    Contract,
    /// `line_…`
    ContractLine,
    /// `run_…`
    Run,
    /// `error_…`
    SyncError,
    /// `field_…`
    CustomField,
}

impl IdType {
    /// The global id of the row `id`.
    pub fn encode(self, id: Uuid) -> ID {
        let prefix = PREFIXES
            .iter()
            .find(|(of, _)| *of == self)
            .map_or("", |(_, prefix)| prefix);
        ID(format!("{prefix}_{}", id.simple()))
    }

    /// The row's id, if the global id is of this type. One of another type names nothing here: [`Error::NotFound`]. What is no
    /// global id at all is refused at `path`.
    pub fn decode(self, id: &ID, path: &[&str]) -> Result<Uuid, Error> {
        let (of, id) = decode(id).ok_or_else(|| Error::refused(path, Code::Invalid, "This is not an id."))?;
        if of == self { Ok(id) } else { Err(Error::NotFound) }
    }
}

/// Type and row of a global id; `None` when it is none.
pub fn decode(id: &ID) -> Option<(IdType, Uuid)> {
    let (prefix, digits) = id.split_once('_')?;
    let (of, _) = PREFIXES.iter().find(|(_, known)| *known == prefix)?;
    let is_hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    if digits.len() != 32 || !digits.bytes().all(is_hex) {
        return None;
    }
    Some((*of, Uuid::try_parse(digits).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_comes_back() {
        let row = Uuid::now_v7();
        for (of, _) in PREFIXES {
            assert_eq!(decode(&of.encode(row)), Some((of, row)));
            assert_eq!(of.decode(&of.encode(row), &[]).ok(), Some(row));
        }
    }

    #[test]
    fn other_types_are_not_found_and_junk_is_refused() {
        let row = Uuid::now_v7();
        let other = IdType::Run.encode(row);
        assert!(matches!(IdType::Client.decode(&other, &["id"]), Err(Error::NotFound)));
        let upper = format!("client_{}", row.simple()).to_uppercase();
        for junk in [
            "",
            "client",
            "client_",
            "client_1",
            "klient_0",
            &row.to_string(),
            &upper,
            &format!("client_{row}"),
        ] {
            let decoded = IdType::Client.decode(&ID(junk.to_owned()), &["id"]);
            assert!(matches!(decoded, Err(Error::Refused(_))), "{junk}");
        }
    }
}
