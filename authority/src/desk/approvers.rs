//! The keys that approvers sign with: made, retired, published.
//!
//! A private seed is sealed in the store and opened only to sign. As with root keys, Hallpass trusts only the public
//! keys that these seeds make. Once a retirement has been rotated out of the log, Hallpass no longer knows of it.
//!
//! - Invariant: A public key that somebody writes into the database makes nobody an approver. Neither does a retired
//!   key that comes back from an older copy (`whoever_writes_the_database_makes_nobody_an_approver`,
//!   `an_approver_who_was_retired_is_not_put_back_from_an_older_copy`).

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use datalog::{ApproverKeyPair, ApproverKeys, ApproverName, Hinted};
use time::OffsetDateTime;

use crate::store::ApproverRow;
use crate::vault::{Place, Sealed, Vault, VaultError, random};

/// The approvers of this home, in memory.
pub(crate) struct Approvers {
    state: RwLock<ApproversState>,
    /// Held while a key is made, so that two callers do not both make one.
    pub making: tokio::sync::Mutex<()>,
}

struct ApproversState {
    rows: BTreeMap<ApproverName, ApproverRow>,
    trusted: Arc<ApproverKeys>,
}

#[derive(Debug, thiserror::Error)]
pub enum ApproversError {
    #[error(transparent)]
    Vault(#[from] VaultError),
    #[error("the public half of the key of approver `{0}` does not belong to its private half")]
    Mismatch(ApproverName),
    #[error("the approver `{0}` was retired, and has a key in the database again")]
    Revived(ApproverName),
    #[error("there is no approver `{0}`")]
    Unknown(ApproverName),
    #[error("the approver `{0}` was retired")]
    Retired(ApproverName),
}

impl Hinted for ApproversError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Vault(error) => error.hint(),
            Self::Mismatch(_) => Some("the database was changed from outside".into()),
            Self::Revived(_) => {
                Some("the database was changed from outside, or put back from an older copy".into())
            }
            Self::Unknown(name) => Some(format!("make one with `hallpass approvers add {name}`")),
            Self::Retired(_) => None,
        }
    }
}

impl Approvers {
    /// Opens the approvers. `retired` are those whose retirement is in the log, so that nobody puts one back unnoticed.
    pub(crate) fn open(
        vault: &Vault,
        rows: Vec<ApproverRow>,
        retired: &[ApproverName],
    ) -> Result<Self, ApproversError> {
        for row in &rows {
            if row.seed.is_some() && retired.contains(&row.name) {
                return Err(ApproversError::Revived(row.name.clone()));
            }
            if let Some(seed) = &row.seed
                && unseal(vault, &row.name, seed)?.public() != row.public
            {
                return Err(ApproversError::Mismatch(row.name.clone()));
            }
        }
        let rows: BTreeMap<_, _> = rows.into_iter().map(|row| (row.name.clone(), row)).collect();
        let trusted = trusted(&rows);
        Ok(Self {
            state: RwLock::new(ApproversState { rows, trusted }),
            making: tokio::sync::Mutex::default(),
        })
    }

    pub(crate) fn trusted(&self) -> Arc<ApproverKeys> {
        self.state.read().unwrap_or_else(PoisonError::into_inner).trusted.clone()
    }

    pub(crate) fn list(&self) -> Vec<ApproverRow> {
        self.state.read().unwrap_or_else(PoisonError::into_inner).rows.values().cloned().collect()
    }

    pub(crate) fn knows(&self, name: &ApproverName) -> bool {
        self.state.read().unwrap_or_else(PoisonError::into_inner).rows.contains_key(name)
    }

    /// Returns the key pair to sign with.
    pub(crate) fn pair(&self, vault: &Vault, name: &ApproverName) -> Result<ApproverKeyPair, ApproversError> {
        let row = self.state.read().unwrap_or_else(PoisonError::into_inner).rows.get(name).cloned();
        let row = row.ok_or_else(|| ApproversError::Unknown(name.clone()))?;
        let seed = row.seed.ok_or_else(|| ApproversError::Retired(name.clone()))?;
        unseal(vault, name, &seed)
    }

    /// Adds a row that is already durable.
    pub(crate) fn add(&self, row: ApproverRow) {
        self.change(|rows| {
            rows.insert(row.name.clone(), row);
        });
    }

    /// Stops trusting this key.
    pub(crate) fn retire(&self, name: &ApproverName) {
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

/// Returns a new key pair, sealed.
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
