//! Secrets at rest: sealed with XChaCha20-Poly1305 under a key that never enters the database.

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::path::Path;

use chacha20poly1305::aead::{Aead, Generate, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use secrecy::{ExposeSecret, SecretString};
use uuid::Uuid;

use crate::private;

/// First byte of everything sealed; other numbers are kept for later forms.
const VERSION: u8 = 1;
const NONCE_LENGTH: usize = 24;

/// Seals and opens secrets. A sealed secret opens only for the row and the purpose it was sealed for.
pub struct Vault {
    cipher: XChaCha20Poly1305,
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Vault")
    }
}

/// Why a secret stays closed: the row was moved, the bytes were changed, or the key file is another one.
#[derive(Debug, thiserror::Error)]
#[error("the sealed secret cannot be opened with this key file")]
pub struct CannotOpen;

impl Vault {
    /// Reads the key from `file`, 64 hex digits; makes the file, 0600, where there is none. One that others can read or write is refused.
    pub fn open(file: &Path) -> Result<Self, String> {
        let text = read_key_file(file)?;
        let bytes = hex::decode(text.trim()).unwrap_or_default();
        let key = Key::try_from(bytes.as_slice())
            .map_err(|_length| format!("the key file {} does not hold 64 hex digits", file.display()))?;
        Ok(Self {
            cipher: XChaCha20Poly1305::new(&key),
        })
    }

    /// Seals `secret` for the row `id`: version byte, nonce, cipher text.
    pub fn seal(&self, purpose: &str, id: Uuid, secret: &SecretString) -> Result<Vec<u8>, CannotOpen> {
        let nonce = XNonce::generate();
        let aad = associated_data(purpose, id);
        let payload = Payload {
            msg: secret.expose_secret().as_bytes(),
            aad: &aad,
        };
        let sealed = self.cipher.encrypt(&nonce, payload).map_err(|_aead| CannotOpen)?;
        Ok([&[VERSION], nonce.as_slice(), &sealed].concat())
    }

    /// Opens what [`Vault::seal`] made for the same purpose and row.
    pub fn unseal(&self, purpose: &str, id: Uuid, sealed: &[u8]) -> Result<SecretString, CannotOpen> {
        let Some((&VERSION, rest)) = sealed.split_first() else {
            return Err(CannotOpen);
        };
        let (nonce, text) = rest.split_at_checked(NONCE_LENGTH).ok_or(CannotOpen)?;
        let nonce = XNonce::try_from(nonce).map_err(|_length| CannotOpen)?;
        let aad = associated_data(purpose, id);
        let plain = self
            .cipher
            .decrypt(&nonce, Payload { msg: text, aad: &aad })
            .map_err(|_aead| CannotOpen)?;
        String::from_utf8(plain)
            .map(SecretString::from)
            .map_err(|_utf8| CannotOpen)
    }
}

fn associated_data(purpose: &str, id: Uuid) -> Vec<u8> {
    [&[VERSION], purpose.as_bytes(), b":", id.as_bytes()].concat()
}

fn read_key_file(file: &Path) -> Result<String, String> {
    let shown = file.display();
    let say = |error: std::io::Error| format!("cannot read the key file {shown}: {error}");
    let mut opened = match fs::File::open(file) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            make_key_file(file)?;
            fs::File::open(file).map_err(say)?
        }
        opened => opened.map_err(say)?,
    };
    // Asked of what is open, so that what is read is what was looked at, whatever links lead there.
    let held = opened.metadata().map_err(say)?;
    if let Some(mode) = private::open_mode(&held).filter(|_| !held.is_dir()) {
        let mend = private::command_to_close(file, &held);
        return Err(format!(
            "others can read or write the key file {shown} (mode {mode:04o}); run: {mend}"
        ));
    }
    let mut text = String::new();
    opened.read_to_string(&mut text).map_err(say)?;
    Ok(text)
}

fn make_key_file(file: &Path) -> Result<(), String> {
    let say = |error: std::io::Error| format!("cannot make the key file {}: {error}", file.display());
    private::make_folder_of(file).map_err(say)?;
    let text = hex::encode(Key::generate());
    let mut options = private::options();
    options.write(true).create_new(true);
    // Under a name of its own first: whoever breaks off in between leaves no file that holds half a key, nor one in the next one's way.
    let half = file.with_extension(format!("{}.new", Uuid::now_v7().simple()));
    let mut opened = options.open(&half).map_err(say)?;
    opened
        .write_all(text.as_bytes())
        .and_then(|()| opened.sync_all())
        .map_err(say)?;
    let named = fs::hard_link(&half, file);
    fs::remove_file(&half).map_err(say)?;
    match named {
        // Another process has made one meanwhile: that is the key.
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        named => named.map_err(say),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vault() -> (tempfile::TempDir, Vault) {
        let folder = tempfile::tempdir().unwrap();
        let vault = Vault::open(&folder.path().join("key")).unwrap();
        (folder, vault)
    }

    #[test]
    fn opens_only_for_its_row_and_purpose() {
        let (folder, vault) = vault();
        let (row, other) = (Uuid::now_v7(), Uuid::now_v7());
        let sealed = vault.seal("stripe-key", row, &"sk_test_x".into()).unwrap();
        assert_eq!(
            vault.unseal("stripe-key", row, &sealed).unwrap().expose_secret(),
            "sk_test_x"
        );
        assert!(vault.unseal("stripe-key", other, &sealed).is_err());
        assert!(vault.unseal("webhook", row, &sealed).is_err());
        let again = Vault::open(&folder.path().join("key")).unwrap();
        assert!(again.unseal("stripe-key", row, &sealed).is_ok());
    }

    #[test]
    fn all_who_make_the_key_file_at_once_have_the_same_key() {
        let folder = tempfile::tempdir().unwrap();
        let (file, row) = (folder.path().join("key"), Uuid::now_v7());
        let vaults: Vec<Vault> = std::thread::scope(|scope| {
            let open = || Vault::open(&file).unwrap();
            let opening: Vec<_> = (0..16).map(|_| scope.spawn(open)).collect();
            opening.into_iter().map(|open| open.join().unwrap()).collect()
        });
        let sealed = vaults[0].seal("stripe-key", row, &"sk_test_x".into()).unwrap();
        for vault in vaults {
            assert!(vault.unseal("stripe-key", row, &sealed).is_ok());
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn every_changed_byte_is_noticed() {
        let (_folder, vault) = vault();
        let row = Uuid::now_v7();
        let sealed = vault.seal("stripe-key", row, &"sk_test_x".into()).unwrap();
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(vault.unseal("stripe-key", row, &changed).is_err(), "byte {at}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn the_key_file_is_for_its_owner_only() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("data/key"), folder.path().join("link"));
        Vault::open(&file).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&file), mode(&folder.path().join("data"))), (0o600, 0o700));
        std::os::unix::fs::symlink(&file, &link).unwrap();
        for open in [0o644, 0o640, 0o604, 0o620, 0o602, 0o610, 0o777] {
            fs::set_permissions(&file, fs::Permissions::from_mode(open)).unwrap();
            for path in [&file, &link] {
                let said = Vault::open(path).unwrap_err();
                let mend = format!("(mode {open:04o}); run: chmod 600 {}", path.display());
                assert!(said.ends_with(&mend), "{said}");
            }
        }
        for closed in [0o600, 0o400, 0o700] {
            fs::set_permissions(&file, fs::Permissions::from_mode(closed)).unwrap();
            Vault::open(&link).unwrap();
        }
    }
}
