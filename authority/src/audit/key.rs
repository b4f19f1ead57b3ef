//! The key that checkpoints and exports are signed with: Ed25519 (RFC 8032), its private half sealed.
//!
//! It signs where the log stood and nothing else; passes have keys of their own.

use std::fmt;
use std::str::FromStr;

use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use time::OffsetDateTime;

use super::hex;
use crate::store::AuditKeyRow;
use crate::vault::{Place, Sealed, Vault, VaultError, random};

const PLACE: Place<'_> = Place { table: "audit_key", row: "1", column: "seed", generation: 0 };

/// The public half: what an export is verified with, wherever it is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct AuditKey(VerifyingKey);

/// Both halves; the private one is opened to sign and forgotten again.
pub(crate) struct AuditSigner {
    seed: Sealed,
    public: AuditKey,
    created: OffsetDateTime,
}

#[derive(Debug, thiserror::Error)]
pub enum AuditKeyError {
    #[error(
        "`{0}` is not an audit key: expected 64 hexadecimal digits\nhint: `hallpass keys audit` prints this home's"
    )]
    NotAKey(String),
    #[error(
        "the public half of the audit key does not belong to its private half\nhint: the database was changed from outside"
    )]
    Mismatch,
    #[error(transparent)]
    Vault(#[from] VaultError),
}

impl AuditKey {
    /// Whether `signature` is this key's over `text`, in the one encoding that counts.
    pub(crate) fn signed(&self, text: &str, signature: &[u8; 64]) -> bool {
        self.0.verify_strict(text.as_bytes(), &Signature::from_bytes(signature)).is_ok()
    }
}

impl FromStr for AuditKey {
    type Err = AuditKeyError;

    fn from_str(text: &str) -> Result<Self, AuditKeyError> {
        let key = unhex::<32>(text.trim()).and_then(|bytes| VerifyingKey::from_bytes(&bytes).ok());
        key.map(Self).ok_or_else(|| AuditKeyError::NotAKey(text.escape_debug().to_string()))
    }
}

impl fmt::Display for AuditKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(self.0.as_bytes()))
    }
}

impl fmt::Debug for AuditKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AuditKey({self})")
    }
}

impl AuditSigner {
    /// A new key pair, sealed.
    pub fn generate(vault: &Vault, now: OffsetDateTime) -> Result<AuditKeyRow, VaultError> {
        let seed = random::<32>().map_err(VaultError::Random)?;
        let public = SigningKey::from_bytes(&seed).verifying_key().to_bytes();
        Ok(AuditKeyRow { public, seed: vault.seal(PLACE, seed.as_slice())?, created: now })
    }

    /// The key of this home; a public half that someone wrote beside it is noticed.
    pub fn open(vault: &Vault, row: AuditKeyRow) -> Result<Self, AuditKeyError> {
        let public = private(vault, &row.seed)?.verifying_key();
        if public.to_bytes() != row.public {
            return Err(AuditKeyError::Mismatch);
        }
        Ok(Self { seed: row.seed, public: AuditKey(public), created: row.created })
    }

    pub fn public(&self) -> AuditKey {
        self.public
    }

    pub fn created(&self) -> OffsetDateTime {
        self.created
    }

    pub fn sign(&self, vault: &Vault, text: &str) -> Result<[u8; 64], AuditKeyError> {
        Ok(private(vault, &self.seed)?.sign(text.as_bytes()).to_bytes())
    }
}

fn private(vault: &Vault, seed: &Sealed) -> Result<SigningKey, AuditKeyError> {
    let bytes = vault.open_bytes(PLACE, seed)?;
    let seed = bytes.as_slice().try_into().map_err(|_| AuditKeyError::Mismatch)?;
    Ok(SigningKey::from_bytes(seed))
}

/// Bytes in lower-case hexadecimal, and in nothing else: what is signed has one spelling.
pub(super) fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let mut bytes = [0; N];
    let pairs = text.as_bytes().chunks_exact(2);
    if text.len() != 2 * N {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(pairs) {
        *byte = match pair {
            [high, low] => digit(*high)? << 4 | digit(*low)?,
            _ => return None,
        };
    }
    Some(bytes)
}
