//! Secrets at rest: XChaCha20-Poly1305 under one key, each bound to the exact place where it is stored.
//!
//! A sealed value that is moved to another table, row, column or generation does not open. This file does not know
//! where sealed values are stored, or what they mean.
//!
//! - Invariant: A sealed value opens at its own place and nowhere else
//!   (`what_is_sealed_opens_at_its_own_place_and_nowhere_else`).

use std::fmt;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use datalog::Hinted;
use secrecy::{ExposeSecret, SecretBox, SecretString};
use zeroize::{Zeroize, Zeroizing};

use crate::home::{HomeError, check_private, create_private_file};

const KEY_PREFIX: &str = "hallpass-vault-key-";
const VERSION: u8 = 1;
const NONCE: usize = 24;

/// The place of a sealed value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place<'a> {
    pub table: &'a str,
    pub row: &'a str,
    pub column: &'a str,
    pub generation: u64,
}

/// A sealed value: version, nonce, ciphertext with its tag.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Sealed(pub(crate) Vec<u8>);

#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    #[error(
        "the sealed value at {0} does not open: it was moved or changed, or the vault key is another one"
    )]
    DoesNotOpen(String),
    #[error(
        "`{path}` is not a vault key: expected `hallpass-vault-key-` and 43 characters",
        path = .0
    )]
    NotAKey(String),
    #[error(transparent)]
    Home(#[from] HomeError),
    #[error("the system gives no random bytes: {0}")]
    Random(getrandom::Error),
}

impl Hinted for VaultError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::NotAKey(_) => Some("restore the file that belongs to this home".into()),
            Self::Home(error) => error.hint(),
            Self::DoesNotOpen(_) | Self::Random(_) => None,
        }
    }
}

/// Seals values and opens them.
pub(crate) struct Vault {
    key: SecretBox<[u8; 32]>,
}

impl Vault {
    /// Makes a key file that only this user reads.
    pub(crate) fn create_key(path: &Path) -> Result<(), VaultError> {
        let key = random::<32>().map_err(VaultError::Random)?;
        let mut text = Zeroizing::new(String::from(KEY_PREFIX));
        URL_SAFE_NO_PAD.encode_string(key.as_slice(), &mut text);
        text.push('\n');
        Ok(create_private_file(path, text.as_bytes())?)
    }

    pub(crate) fn open(path: &Path) -> Result<Self, VaultError> {
        check_private(path, 0o600)?;
        let text = std::fs::read(path).map(Zeroizing::new).map_err(|error| HomeError::Io {
            path: path.to_owned(),
            verb: "read",
            error,
        })?;
        let not_a_key = || VaultError::NotAKey(path.display().to_string());
        let encoded = text.trim_ascii().strip_prefix(KEY_PREFIX.as_bytes()).ok_or_else(not_a_key)?;
        let bytes = URL_SAFE_NO_PAD.decode(encoded).map(Zeroizing::new).map_err(|_| not_a_key())?;
        let key = <[u8; 32]>::try_from(bytes.as_slice()).map_err(|_| not_a_key())?;
        Ok(Self { key: SecretBox::new(Box::new(key)) })
    }

    pub(crate) fn seal(&self, place: Place<'_>, secret: &[u8]) -> Result<Sealed, VaultError> {
        let nonce = random::<NONCE>().map_err(VaultError::Random)?;
        let ciphertext = self
            .cipher()
            .encrypt(XNonce::from_slice(nonce.as_slice()), Payload { msg: secret, aad: &place.bytes() })
            .map_err(|_| VaultError::DoesNotOpen(place.to_string()))?;
        let mut sealed = Vec::with_capacity(1 + NONCE + ciphertext.len());
        sealed.push(VERSION);
        sealed.extend_from_slice(nonce.as_slice());
        sealed.extend_from_slice(&ciphertext);
        Ok(Sealed(sealed))
    }

    pub(crate) fn open_bytes(
        &self,
        place: Place<'_>,
        sealed: &Sealed,
    ) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        let failed = || VaultError::DoesNotOpen(place.to_string());
        let (version, rest) = sealed.0.split_first().ok_or_else(failed)?;
        if *version != VERSION {
            return Err(failed());
        }
        let (nonce, ciphertext) = rest.split_at_checked(NONCE).ok_or_else(failed)?;
        self.cipher()
            .decrypt(XNonce::from_slice(nonce), Payload { msg: ciphertext, aad: &place.bytes() })
            .map(Zeroizing::new)
            .map_err(|_| failed())
    }

    pub(crate) fn open_string(&self, place: Place<'_>, sealed: &Sealed) -> Result<SecretString, VaultError> {
        let bytes = self.open_bytes(place, sealed)?;
        let text = std::str::from_utf8(&bytes).map_err(|_| VaultError::DoesNotOpen(place.to_string()))?;
        Ok(SecretString::from(text))
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(self.key.expose_secret().into())
    }
}

impl Place<'_> {
    /// Returns the bytes of a place. Each part has its length before it, so that no two places have the same bytes.
    fn bytes(&self) -> Vec<u8> {
        let mut bytes = b"hallpass vault v1".to_vec();
        for part in [self.table, self.row, self.column] {
            bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
            bytes.extend_from_slice(part.as_bytes());
        }
        bytes.extend_from_slice(&self.generation.to_be_bytes());
        bytes
    }
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{} of {}, generation {}", self.table, self.column, self.row, self.generation)
    }
}

/// Returns random bytes from the operating system.
pub(crate) fn random<const N: usize>() -> Result<Zeroizing<[u8; N]>, getrandom::Error> {
    let mut bytes = [0u8; N];
    getrandom::fill(&mut bytes)?;
    let kept = Zeroizing::new(bytes);
    bytes.zeroize();
    Ok(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACE: Place<'_> = Place { table: "credential", row: "7", column: "refresh", generation: 3 };

    fn vault(dir: &tempfile::TempDir, name: &str) -> Vault {
        let path = dir.path().join(name);
        Vault::create_key(&path).unwrap();
        Vault::open(&path).unwrap()
    }

    #[test]
    fn what_is_sealed_opens_at_its_own_place_and_nowhere_else() {
        let dir = tempfile::tempdir().unwrap();
        let vault = vault(&dir, "key");
        let sealed = vault.seal(PLACE, b"token").unwrap();
        assert_eq!(vault.open_string(PLACE, &sealed).unwrap().expose_secret(), "token");
        let elsewhere = [
            Place { table: "root_key", ..PLACE },
            Place { row: "8", ..PLACE },
            Place { column: "access", ..PLACE },
            Place { generation: 2, ..PLACE },
            Place { generation: 4, ..PLACE },
            Place { table: "credential7", row: "", ..PLACE },
        ];
        for place in elsewhere {
            let error = vault.open_bytes(place, &sealed).unwrap_err();
            assert!(matches!(error, VaultError::DoesNotOpen(_)), "{place}");
        }
    }

    #[test]
    fn a_changed_or_cut_value_does_not_open() {
        let dir = tempfile::tempdir().unwrap();
        let vault = vault(&dir, "key");
        let sealed = vault.seal(PLACE, b"token").unwrap();
        for position in 0..sealed.0.len() {
            let mut changed = sealed.clone();
            changed.0[position] ^= 1;
            assert!(vault.open_bytes(PLACE, &changed).is_err(), "byte {position}");
            assert!(vault.open_bytes(PLACE, &Sealed(sealed.0[..position].to_vec())).is_err());
        }
    }

    #[test]
    fn another_key_opens_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let sealed = vault(&dir, "one").seal(PLACE, b"token").unwrap();
        assert!(vault(&dir, "two").open_bytes(PLACE, &sealed).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn a_key_file_that_others_can_read_is_refused_with_what_to_do() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        Vault::create_key(&path).unwrap();
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        let error = datalog::Message::from(Vault::open(&path).err().unwrap()).in_full();
        assert!(error.contains("mode 640") && error.contains("hint: chmod 600"), "{error}");
    }

    #[test]
    fn a_file_that_is_no_key_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        create_private_file(&path, b"hallpass-vault-key-short\n").unwrap();
        assert!(matches!(Vault::open(&path), Err(VaultError::NotAKey(_))));
    }
}
