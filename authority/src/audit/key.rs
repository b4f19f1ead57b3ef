//! The key that signs checkpoints and exports: Ed25519 (RFC 8032), with its private half sealed.
//!
//! It signs only the position of the log. Passes have other keys.

use std::fmt;
use std::str::FromStr;

use datalog::Hinted;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use time::OffsetDateTime;

use super::hex;
use crate::audit::hex::unhex;
use crate::vault::{Place, Sealed, Vault, VaultError, random};

const PLACE: Place<'_> = Place { table: "audit_key", row: "1", column: "seed", generation: 0 };

/// The public half, which verifies an export anywhere.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct AuditKey(VerifyingKey);

/// Both halves. The private half is opened to sign, and then forgotten again.
pub(crate) struct AuditSigner {
    seed: Sealed,
    public: AuditKey,
    created: OffsetDateTime,
}

#[derive(Debug, thiserror::Error)]
pub enum AuditKeyError {
    #[error("`{0}` is not an audit key: expected 64 hexadecimal digits")]
    NotAKey(String),
    #[error("the public half of the audit key does not belong to its private half")]
    Mismatch,
    #[error(transparent)]
    Vault(#[from] VaultError),
}

impl Hinted for AuditKeyError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::NotAKey(_) => Some("`hallpass keys audit` prints this home's".into()),
            Self::Mismatch => Some("the database was changed from outside".into()),
            Self::Vault(error) => error.hint(),
        }
    }
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
    /// Returns a new key pair, sealed.
    pub(crate) fn generate(vault: &Vault, now: OffsetDateTime) -> Result<AuditKeyRow, VaultError> {
        let seed = random::<32>().map_err(VaultError::Random)?;
        let public = SigningKey::from_bytes(&seed).verifying_key().to_bytes();
        Ok(AuditKeyRow { public, seed: vault.seal(PLACE, seed.as_slice())?, created: now })
    }

    /// Opens the key of this home. If the public half beside it does not belong to it, this fails.
    pub(crate) fn open(vault: &Vault, row: AuditKeyRow) -> Result<Self, AuditKeyError> {
        let public = private(vault, &row.seed)?.verifying_key();
        if public.to_bytes() != row.public {
            return Err(AuditKeyError::Mismatch);
        }
        Ok(Self { seed: row.seed, public: AuditKey(public), created: row.created })
    }

    pub(crate) fn public(&self) -> AuditKey {
        self.public
    }

    pub(crate) fn created(&self) -> OffsetDateTime {
        self.created
    }

    pub(crate) fn sign(&self, vault: &Vault, text: &str) -> Result<[u8; 64], AuditKeyError> {
        Ok(private(vault, &self.seed)?.sign(text.as_bytes()).to_bytes())
    }
}

fn private(vault: &Vault, seed: &Sealed) -> Result<SigningKey, AuditKeyError> {
    let bytes = vault.open_bytes(PLACE, seed)?;
    let seed = bytes.as_slice().try_into().map_err(|_| AuditKeyError::Mismatch)?;
    Ok(SigningKey::from_bytes(seed))
}

/// The key that checkpoints are signed with.
#[derive(Clone)]
pub(crate) struct AuditKeyRow {
    pub public: [u8; 32],
    /// Bound to `audit_key`, row 1, `seed`, generation 0.
    pub seed: Sealed,
    pub created: OffsetDateTime,
}
