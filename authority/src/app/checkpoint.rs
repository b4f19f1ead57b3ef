//! Checkpoints: signs the position of the log, in the database and beside it.
//!
//! Everything works without one, but then a log that was cut, or an older database, is harder to notice.

use crate::app::block_on::block_on;
use crate::app::{App, AppError, AuditKeyInfo, OpenError};
use crate::audit::{AuditKeyError, AuditSigner, Checkpoint, CheckpointFile};
use crate::clock::Clock;
use crate::store::{ChainLink, Store};
use crate::vault::Vault;

impl App {
    /// Returns the key that signs checkpoints and exports.
    pub fn audit_key(&self) -> AuditKeyInfo {
        AuditKeyInfo { public_key: self.signer.public().to_string(), created: self.signer.created() }
    }

    /// Signs and stores the log's position. A failure is only logged.
    pub(super) async fn checkpoint(&self) {
        if let Err(because) = self.sign_head().await {
            tracing::error!(%because, "no checkpoint was written");
        }
    }

    /// Signs the log's position and returns it. The position is written beside the database first and into the database
    /// after that. So a database with checkpoints always has that file.
    pub(super) async fn sign_head(&self) -> Result<ChainLink, AppError> {
        let head = self.store.chain_end().await?;
        if head.seq > 0 {
            let checkpoint = self.signed(head)?;
            self.checkpoint_file.write(&self.vault, &checkpoint).map_err(AppError::conflict)?;
            self.store.checkpointed(checkpoint).await?;
        }
        Ok(head)
    }

    /// Signs an earlier position of the log, in the database.
    pub(super) async fn sign(&self, link: ChainLink) -> Result<(), AppError> {
        self.store.checkpointed(self.signed(link)?).await.map_err(AppError::from)
    }

    fn signed(&self, link: ChainLink) -> Result<Checkpoint, AppError> {
        Checkpoint::sign(&self.signer, &self.vault, link, self.clock.now()).map_err(AppError::from)
    }
}

/// Returns the key of this home. If there is none, makes one.
pub(super) fn open_signer(vault: &Vault, store: &dyn Store, clock: &Clock) -> Result<AuditSigner, OpenError> {
    let first = AuditSigner::generate(vault, clock.now()).map_err(AuditKeyError::Vault)?;
    Ok(AuditSigner::open(vault, block_on(store.audit_key(first))?)?)
}

/// Checks that the log holds everything that it held at the last look. An older database may lack revocations.
pub(super) fn check_history(
    file: &CheckpointFile,
    vault: &Vault,
    signer: &AuditSigner,
    store: &dyn Store,
) -> Result<(), OpenError> {
    let Some(seen) = file.read(vault, &signer.public())? else {
        // The file is written before the first checkpoint in the database, and never removed.
        let signed = block_on(store.checkpoints(0, u64::try_from(i64::MAX).unwrap_or_default()))?;
        return match signed.is_empty() {
            true => Ok(()),
            false => Err(OpenError::Unwitnessed(file.path().to_owned())),
        };
    };
    let is_there = block_on(store.record(seen.seq))?.is_some_and(|record| record.hash == seen.hash);
    if is_there || is_rotated(seen, signer, store)? {
        return Ok(());
    }
    Err(OpenError::Older { seq: seen.seq })
}

/// Whether the records up to `seen` were moved to a file since. If so, the log's base is not before them, and is
/// signed.
fn is_rotated(seen: ChainLink, signer: &AuditSigner, store: &dyn Store) -> Result<bool, OpenError> {
    let base = block_on(store.log_base())?;
    if base.seq < seen.seq || (base.seq == seen.seq && base.hash != seen.hash) {
        return Ok(false);
    }
    let signed = block_on(store.checkpoints(base.seq, base.seq))?;
    Ok(signed.iter().any(|checkpoint| checkpoint.link == base && checkpoint.is_signed_by(&signer.public())))
}
