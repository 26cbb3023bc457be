//! Argon2id off the async threads, on few threads whose memory is used again: each hash takes 19 MiB and a core.

use std::cell::RefCell;
use std::io;
use std::num::NonZero;
use std::sync::LazyLock;
use std::thread::available_parallelism;

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{ARGON2ID_IDENT, Algorithm, Argon2, Block, Params, Version};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Semaphore;

use super::secret;
use crate::error::Error;

const SALT_BYTES: usize = 16;

/// As many hashes at a time as there are cores, in the whole process.
static PERMITS: LazyLock<Semaphore> = LazyLock::new(|| Semaphore::new(cores()));

/// Threads of their own: on the shared blocking threads the allocator would keep memory for each of them.
static THREADS: LazyLock<io::Result<Runtime>> =
    LazyLock::new(|| Builder::new_current_thread().max_blocking_threads(cores()).build());

thread_local! {
    /// Goes back to the system when the thread has been idle for some seconds and ends.
    static MEMORY: RefCell<Vec<Block>> = const { RefCell::new(Vec::new()) };
}

fn cores() -> usize {
    available_parallelism().map_or(1, NonZero::get)
}

/// Runs `work` on a hashing thread. The permit goes with the work: a caller who leaves does not let one more in.
pub(super) async fn on_a_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Error> {
    let stopped = |_error| Error::Internal("hashing was stopped".into());
    let permit = PERMITS.acquire().await.map_err(stopped)?;
    let work = move || {
        let done = work();
        drop(permit);
        done
    };
    let threads = THREADS
        .as_ref()
        .map_err(|error| Error::Internal(format!("there are no threads to hash on: {error}")))?;
    threads
        .spawn_blocking(work)
        .await
        .map_err(|error| Error::Internal(format!("hashing failed: {error}")))
}

/// The hash of `password` in PHC form, with a salt of its own.
pub(super) fn hash(password: &str) -> Result<String, Error> {
    let failed = |error: &dyn std::fmt::Display| Error::Internal(format!("a password cannot be hashed: {error}"));
    let salt = Salt::new(&secret::random_bytes::<SALT_BYTES>()?).map_err(|error| failed(&error))?;
    let params = Params::default();
    let hash = PasswordHash {
        algorithm: ARGON2ID_IDENT,
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(&params).map_err(|error| failed(&error))?,
        hash: Some(fill(password, &salt, params).map_err(|error| failed(&error))?),
        salt: Some(salt),
    };
    Ok(hash.to_string())
}

/// Whether `hash` was made of `password`. The comparison takes the same time wherever they differ.
pub(super) fn matches(password: &str, hash: &str) -> bool {
    let Ok(hash) = PasswordHash::new(hash) else {
        return false;
    };
    let (Some(salt), Some(expected), Ok(params)) = (&hash.salt, &hash.hash, Params::try_from(&hash)) else {
        return false;
    };
    hash.algorithm == ARGON2ID_IDENT && fill(password, salt, params).is_ok_and(|output| output == *expected)
}

fn fill(password: &str, salt: &[u8], params: Params) -> Result<Output, argon2::Error> {
    let mut output = [0; Params::DEFAULT_OUTPUT_LEN];
    let blocks = params.block_count();
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    MEMORY.with_borrow_mut(|memory| {
        memory.resize(blocks, Block::new());
        argon2.hash_password_into_with_memory(password.as_bytes(), salt, &mut output, memory.as_mut_slice())
    })?;
    Output::new(&output).map_err(|_length| argon2::Error::OutputTooLong)
}

#[cfg(test)]
mod tests {
    use argon2::PasswordVerifier;

    use super::*;

    #[test]
    fn the_hash_is_what_the_library_makes() {
        let hash = hash("correct horse battery").unwrap();
        let parsed = PasswordHash::new(&hash).unwrap();
        assert!(
            Argon2::default()
                .verify_password(b"correct horse battery", &parsed)
                .is_ok()
        );
        assert!(
            Argon2::default()
                .verify_password(b"correct horse batterx", &parsed)
                .is_err()
        );
    }

    #[test]
    fn hashes_that_are_none_match_nothing() {
        let hash = hash("correct horse battery").unwrap();
        assert!(matches("correct horse battery", &hash));
        for broken in [
            "",
            "x",
            &hash[..40],
            &hash.replace("argon2id", "argon2d"),
            &hash.replace("t=2", "t=3"),
        ] {
            assert!(!matches("correct horse battery", broken), "{broken}");
        }
    }
}
