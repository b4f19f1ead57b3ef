//! The root keys that mint passes: makes, rotates, retires and publishes them.
//!
//! A private seed is sealed in the store and opened only to mint. Only the keys that these seeds make are trusted: a
//! public key that somebody writes into the database is not.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use datalog::{Hinted, RootKeyPair, RootKeys};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::audit::hex;
use crate::store::RootKeyRow;
use crate::vault::{Place, Sealed, Vault, VaultError, random};

/// The keys of this home, in memory.
pub(crate) struct Keyring {
    state: RwLock<KeyringState>,
}

struct KeyringState {
    keys: BTreeMap<u32, TrustedKey>,
    trusted: Arc<RootKeys>,
}

#[derive(Clone)]
struct TrustedKey {
    public: [u8; 32],
    /// None once retired.
    seed: Option<Sealed>,
    created: OffsetDateTime,
}

#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error(transparent)]
    Vault(#[from] VaultError),
    #[error("the public half of root key {0} does not belong to its private half")]
    Mismatch(u32),
    #[error("there is no root key that mints")]
    NoneMints,
}

impl Hinted for KeyError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Vault(error) => error.hint(),
            Self::Mismatch(_) => Some("the database was changed from outside".into()),
            Self::NoneMints => Some("run `hallpass init`".into()),
        }
    }
}

impl Keyring {
    pub(crate) fn open(vault: &Vault, rows: Vec<RootKeyRow>) -> Result<Self, KeyError> {
        let mut keys = BTreeMap::new();
        for row in rows {
            let seed = row.seed.filter(|_| !row.is_retired);
            if let Some(sealed) = &seed
                && unseal(vault, row.id, sealed)?.public() != (row.id, row.public)
            {
                return Err(KeyError::Mismatch(row.id));
            }
            keys.insert(row.id, TrustedKey { public: row.public, seed, created: row.created });
        }
        let trusted = trusted(&keys);
        Ok(Self { state: RwLock::new(KeyringState { keys, trusted }) })
    }

    /// Returns the public keys that verify passes.
    pub(crate) fn trusted(&self) -> Arc<RootKeys> {
        self.state.read().unwrap_or_else(PoisonError::into_inner).trusted.clone()
    }

    pub(crate) fn list(&self) -> Vec<RootKeyInfo> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        let minting = minting(&state.keys);
        state.keys.iter().map(|(id, key)| info(*id, key, minting)).collect()
    }

    /// Returns the key pair that mints: the newest that is not retired.
    pub(crate) fn minting(&self, vault: &Vault) -> Result<RootKeyPair, KeyError> {
        let (id, sealed) = {
            let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
            let id = minting(&state.keys).ok_or(KeyError::NoneMints)?;
            let sealed = state.keys.get(&id).and_then(|key| key.seed.clone()).ok_or(KeyError::NoneMints)?;
            (id, sealed)
        };
        unseal(vault, id, &sealed)
    }

    /// Makes a row for the next id.
    pub(crate) fn next(&self, vault: &Vault, now: OffsetDateTime) -> Result<RootKeyRow, KeyError> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        let id = state.keys.last_key_value().map_or(1, |(last, _)| last.saturating_add(1));
        Ok(generate(vault, id, now)?)
    }

    /// Adds a row that is already durable.
    pub(crate) fn add(&self, row: &RootKeyRow) {
        let key = TrustedKey { public: row.public, seed: row.seed.clone(), created: row.created };
        self.change(|keys| {
            keys.insert(row.id, key);
        });
    }

    /// Stops trusting this key.
    pub(crate) fn retire(&self, id: u32) {
        self.change(|keys| {
            if let Some(key) = keys.get_mut(&id) {
                key.seed = None;
            }
        });
    }

    fn change(&self, change: impl FnOnce(&mut BTreeMap<u32, TrustedKey>)) {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        change(&mut state.keys);
        state.trusted = trusted(&state.keys);
    }
}

/// Returns a new key pair, sealed.
pub(crate) fn generate(vault: &Vault, id: u32, now: OffsetDateTime) -> Result<RootKeyRow, VaultError> {
    let seed = random::<32>().map_err(VaultError::Random)?;
    let pair = RootKeyPair::from_seed(id, *seed);
    let sealed = vault.seal(place(&id.to_string()), pair.seed())?;
    Ok(RootKeyRow { id, public: pair.public().1, seed: Some(sealed), created: now, is_retired: false })
}

fn unseal(vault: &Vault, id: u32, sealed: &Sealed) -> Result<RootKeyPair, KeyError> {
    let bytes = vault.open_bytes(place(&id.to_string()), sealed)?;
    let seed = <[u8; 32]>::try_from(bytes.as_slice()).map_err(|_| KeyError::Mismatch(id))?;
    Ok(RootKeyPair::from_seed(id, seed))
}

fn place(row: &str) -> Place<'_> {
    Place { table: "root_key", row, column: "seed", generation: 0 }
}

fn minting(keys: &BTreeMap<u32, TrustedKey>) -> Option<u32> {
    keys.iter().rev().find(|(_, key)| key.seed.is_some()).map(|(id, _)| *id)
}

fn trusted(keys: &BTreeMap<u32, TrustedKey>) -> Arc<RootKeys> {
    Arc::new(RootKeys::new(
        keys.iter().filter(|(_, key)| key.seed.is_some()).map(|(id, key)| (*id, key.public)),
    ))
}

fn info(id: u32, key: &TrustedKey, minting: Option<u32>) -> RootKeyInfo {
    let status = match (&key.seed, minting) {
        (None, _) => RootKeyStatus::Retired,
        (Some(_), Some(minting)) if minting == id => RootKeyStatus::Minting,
        (Some(_), _) => RootKeyStatus::Trusted,
    };
    RootKeyInfo { id, public_key: hex(key.public), created: key.created, status }
}

/// One root key, without its private half.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RootKeyInfo {
    pub id: u32,
    /// Ed25519, 64 hexadecimal digits.
    pub public_key: String,
    #[serde(with = "time::serde::rfc3339")]
    pub created: OffsetDateTime,
    pub status: RootKeyStatus,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RootKeyStatus {
    /// Mints new passes.
    Minting,
    /// It no longer mints. Its passes are valid until they end.
    Trusted,
    /// Its passes are refused.
    Retired,
}
