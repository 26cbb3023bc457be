//! What a failed statement means for whoever asked: whether to make room, to ask for less, or to come again.

use sea_orm::sqlx::Error as SqlxError;
use sea_orm::{ConnAcquireErr, DbErr, RuntimeErr};

/// What a failed statement means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// There is no room on the disk. Nothing was written; writing goes on once there is.
    DiskFull,
    /// The database cannot be written for another reason: it is read-only, or its disk fails.
    Unwritable,
    /// It took longer than a statement of the API may take.
    TooSlow,
    /// No connection became free in time, or somebody else holds the file.
    Busy,
    /// The server of the database cannot be reached, or stops.
    Unreachable,
    /// Anything else.
    Other,
}

/// SQLite's own codes, as the driver gives them: extended codes with the primary one in the low byte.
mod sqlite {
    pub(super) const BUSY: i32 = 5;
    pub(super) const READ_ONLY: i32 = 8;
    pub(super) const INTERRUPTED: i32 = 9;
    pub(super) const IO_ERROR: i32 = 10;
    pub(super) const FULL: i32 = 13;
    pub(super) const CANNOT_OPEN: i32 = 14;
}

impl Failure {
    /// What `error` means.
    pub fn of(error: &DbErr) -> Self {
        match error {
            DbErr::ConnectionAcquire(ConnAcquireErr::Timeout) => Self::Busy,
            DbErr::Conn(RuntimeErr::SqlxError(error))
            | DbErr::Exec(RuntimeErr::SqlxError(error))
            | DbErr::Query(RuntimeErr::SqlxError(error)) => Self::of_driver(error),
            _ => Self::Other,
        }
    }

    fn of_driver(error: &SqlxError) -> Self {
        match error {
            SqlxError::PoolTimedOut => Self::Busy,
            SqlxError::Io(_) => Self::Unreachable,
            SqlxError::Database(error) => error.code().map_or(Self::Other, |code| Self::of_code(&code)),
            _ => Self::Other,
        }
    }

    /// PostgreSQL's codes have five characters, SQLite's are numbers of at most four.
    fn of_code(code: &str) -> Self {
        match code {
            // disk_full
            "53100" => return Self::DiskFull,
            // query_canceled, which statement_timeout gives as well
            "57014" => return Self::TooSlow,
            // read_only_sql_transaction, io_error
            "25006" | "58030" => return Self::Unwritable,
            // too_many_connections, lock_not_available
            "53300" | "55P03" => return Self::Busy,
            // admin_shutdown, crash_shutdown, cannot_connect_now
            "57P01" | "57P02" | "57P03" => return Self::Unreachable,
            // connection exceptions
            code if code.len() == 5 && code.starts_with("08") => return Self::Unreachable,
            _ => {}
        }
        match code
            .parse::<i32>()
            .ok()
            .filter(|_| code.len() < 5)
            .map(|code| code & 0xFF)
        {
            Some(sqlite::FULL) => Self::DiskFull,
            Some(sqlite::BUSY) => Self::Busy,
            Some(sqlite::INTERRUPTED) => Self::TooSlow,
            Some(sqlite::READ_ONLY | sqlite::IO_ERROR | sqlite::CANNOT_OPEN) => Self::Unwritable,
            _ => Self::Other,
        }
    }

    /// All codes that [`Failure::code`] gives.
    pub const CODES: [&str; 5] = [
        "DISK_FULL",
        "DATABASE_UNWRITABLE",
        "DATABASE_UNREACHABLE",
        "TIMEOUT",
        "OVERLOADED",
    ];

    /// A code for programs, where the failure has one of its own.
    pub fn code(self) -> Option<&'static str> {
        match self {
            Self::DiskFull => Some("DISK_FULL"),
            Self::Unwritable => Some("DATABASE_UNWRITABLE"),
            Self::Unreachable => Some("DATABASE_UNREACHABLE"),
            Self::TooSlow => Some("TIMEOUT"),
            Self::Busy => Some("OVERLOADED"),
            Self::Other => None,
        }
    }

    /// What people are told, and what they can do.
    pub fn message(self) -> &'static str {
        match self {
            Self::DiskFull => {
                "The disk of the database is full. Nothing was stored. Make room; writing then goes on by itself."
            }
            Self::Unwritable => {
                "The database cannot be written: it is read-only, or its disk fails. Nothing was stored. The server's log says more."
            }
            Self::TooSlow => "The operation took too long; ask for less at a time.",
            Self::Unreachable => "The database cannot be reached; try again in a moment.",
            Self::Busy => "The server has too much to do; try again in a moment.",
            Self::Other => "The database failed. The server's log says more.",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_has_its_meaning() {
        for (code, meaning) in [
            ("13", Failure::DiskFull),
            ("778", Failure::Unwritable),
            ("8", Failure::Unwritable),
            ("1032", Failure::Unwritable),
            ("14", Failure::Unwritable),
            ("9", Failure::TooSlow),
            ("5", Failure::Busy),
            ("517", Failure::Busy),
            ("53300", Failure::Busy),
            ("57P01", Failure::Unreachable),
            ("08006", Failure::Unreachable),
            ("2067", Failure::Other),
            ("53100", Failure::DiskFull),
            ("57014", Failure::TooSlow),
            ("25006", Failure::Unwritable),
            ("58030", Failure::Unwritable),
            ("23505", Failure::Other),
            // Its low byte is SQLite's code of a full disk.
            ("53005", Failure::Other),
        ] {
            assert_eq!(Failure::of_code(code), meaning, "{code}");
        }
    }

    #[test]
    fn nobody_free_is_busy() {
        assert_eq!(
            Failure::of(&DbErr::ConnectionAcquire(ConnAcquireErr::Timeout)),
            Failure::Busy
        );
        assert_eq!(Failure::of(&DbErr::Custom("disk full".to_owned())), Failure::Other);
    }
}
