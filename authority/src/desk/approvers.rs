//! The keys that approvers sign with: made, retired, published.
//!
//! A private seed is sealed in the store and opened only to sign. As with root keys, what is trusted is what
//! those seeds make: a public key that someone wrote into the database is not.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use datalog::{ApproverKeyPair, ApproverKeys, ApproverName};
use time::OffsetDateTime;

use crate::store::ApproverRow;
use crate::vault::{Place, Sealed, Vault, VaultError, random};

/// The approvers of this home, in memory.
pub(crate) struct Approvers {
    state: RwLock<State>,
    /// Held while a key is made, so that two who need the same name do not both make it.
    pub making: tokio::sync::Mutex<()>,
}

struct State {
    rows: BTreeMap<ApproverName, ApproverRow>,
    trusted: Arc<ApproverKeys>,
}

#[derive(Debug, thiserror::Error)]
pub enum ApproversError {
    #[error(transparent)]
    Vault(#[from] VaultError),
    #[error(
        "the public half of the key of approver `{0}` does not belong to its private half\nhint: the database was changed from outside"
    )]
    Mismatch(ApproverName),
    #[error("there is no approver `{0}`\nhint: make one with `hallpass approvers add {0}`")]
    Unknown(ApproverName),
    #[error("the approver `{0}` was retired")]
    Retired(ApproverName),
}

impl Approvers {
    pub fn open(vault: &Vault, rows: Vec<ApproverRow>) -> Result<Self, ApproversError> {
        for row in &rows {
            if let Some(seed) = &row.seed
                && unseal(vault, &row.name, seed)?.public() != row.public
            {
                return Err(ApproversError::Mismatch(row.name.clone()));
            }
        }
        let rows: BTreeMap<_, _> = rows.into_iter().map(|row| (row.name.clone(), row)).collect();
        let trusted = trusted(&rows);
        Ok(Self { state: RwLock::new(State { rows, trusted }), making: tokio::sync::Mutex::default() })
    }

    pub fn trusted(&self) -> Arc<ApproverKeys> {
        self.state.read().unwrap_or_else(PoisonError::into_inner).trusted.clone()
    }

    pub fn list(&self) -> Vec<ApproverRow> {
        self.state.read().unwrap_or_else(PoisonError::into_inner).rows.values().cloned().collect()
    }

    pub fn knows(&self, name: &ApproverName) -> bool {
        self.state.read().unwrap_or_else(PoisonError::into_inner).rows.contains_key(name)
    }

    /// The pair to sign with.
    pub fn pair(&self, vault: &Vault, name: &ApproverName) -> Result<ApproverKeyPair, ApproversError> {
        let row = self.state.read().unwrap_or_else(PoisonError::into_inner).rows.get(name).cloned();
        let row = row.ok_or_else(|| ApproversError::Unknown(name.clone()))?;
        let seed = row.seed.ok_or_else(|| ApproversError::Retired(name.clone()))?;
        unseal(vault, name, &seed)
    }

    /// Takes in a row that is durable.
    pub fn add(&self, row: ApproverRow) {
        self.change(|rows| {
            rows.insert(row.name.clone(), row);
        });
    }

    /// Trusts this key no more.
    pub fn retire(&self, name: &ApproverName) {
        self.change(|rows| {
            if let Some(row) = rows.get_mut(name) {
                row.seed = None;
            }
        });
    }

    fn change(&self, change: impl FnOnce(&mut BTreeMap<ApproverName, ApproverRow>)) {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        change(&mut state.rows);
        state.trusted = trusted(&state.rows);
    }
}

/// A new key pair, sealed.
pub(crate) fn generate(
    vault: &Vault,
    name: ApproverName,
    now: OffsetDateTime,
) -> Result<ApproverRow, VaultError> {
    let seed = random::<32>().map_err(VaultError::Random)?;
    let pair = ApproverKeyPair::from_seed(name.clone(), *seed);
    let sealed = vault.seal(place(name.as_str()), pair.seed())?;
    Ok(ApproverRow { name, public: pair.public(), seed: Some(sealed), created: now })
}

fn unseal(vault: &Vault, name: &ApproverName, sealed: &Sealed) -> Result<ApproverKeyPair, ApproversError> {
    let bytes = vault.open_bytes(place(name.as_str()), sealed)?;
    let seed = <[u8; 32]>::try_from(bytes.as_slice()).map_err(|_| ApproversError::Mismatch(name.clone()))?;
    Ok(ApproverKeyPair::from_seed(name.clone(), seed))
}

fn place(row: &str) -> Place<'_> {
    Place { table: "approver", row, column: "seed", generation: 0 }
}

fn trusted(rows: &BTreeMap<ApproverName, ApproverRow>) -> Arc<ApproverKeys> {
    let live = rows.values().filter(|row| row.seed.is_some());
    Arc::new(ApproverKeys::new(live.map(|row| (row.name.clone(), row.public))))
}
