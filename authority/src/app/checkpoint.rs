//! Checkpoints: signing where the log stands, in the database and beside it.
//!
//! Without one everything goes on; only a log that is cut, or an older database, is noticed less well.

use super::open::block_on;
use super::{App, AppError, AuditKeyInfo, OpenError};
use crate::audit::{AuditKeyError, AuditSigner, Checkpoint, CheckpointFile};
use crate::clock::Clock;
use crate::store::{ChainLink, Store};
use crate::vault::Vault;

impl App {
    /// The key that checkpoints and exports are signed with.
    pub fn audit_key(&self) -> AuditKeyInfo {
        AuditKeyInfo { public_key: self.signer.public().to_string(), created: self.signer.created() }
    }

    /// Writes down where the log stands. A failure is logged and nothing more.
    pub(super) async fn checkpoint(&self) {
        if let Err(because) = self.sign_head().await {
            tracing::error!(%because, "no checkpoint was written");
        }
    }

    /// Signs where the log stands: in the database first, then beside it. Answers that place.
    pub(super) async fn sign_head(&self) -> Result<ChainLink, AppError> {
        let head = self.store.chain_end().await?;
        if head.seq > 0 {
            let checkpoint = self.sign(head).await?;
            self.checkpoint_file.write(&self.vault, &checkpoint).map_err(AppError::conflict)?;
        }
        Ok(head)
    }

    /// A checkpoint of this place of the log, durable in the database.
    pub(super) async fn sign(&self, link: ChainLink) -> Result<Checkpoint, AppError> {
        let checkpoint = Checkpoint::sign(&self.signer, &self.vault, link, self.clock.now());
        let checkpoint = checkpoint.map_err(|error| AppError::audit_key(&error))?;
        self.store.checkpointed(checkpoint).await?;
        Ok(checkpoint)
    }
}

/// The key of this home; one is made where there is none.
pub(super) fn open_signer(vault: &Vault, store: &dyn Store, clock: &Clock) -> Result<AuditSigner, OpenError> {
    let first = AuditSigner::generate(vault, clock.now()).map_err(AuditKeyError::Vault)?;
    Ok(AuditSigner::open(vault, block_on(store.audit_key(first))?)?)
}

/// The log holds what it held when it was last looked at. An older database lacks revocations.
pub(super) fn check_history(
    file: &CheckpointFile,
    vault: &Vault,
    signer: &AuditSigner,
    store: &dyn Store,
) -> Result<(), OpenError> {
    let Some(seen) = file.read(vault, &signer.public())? else { return Ok(()) };
    let is_there = block_on(store.record(seen.seq))?.is_some_and(|record| record.hash == seen.hash);
    if is_there || is_rotated(seen, signer, store)? {
        return Ok(());
    }
    Err(OpenError::Older { checkpoint: file.path().to_owned(), seq: seen.seq })
}

/// Whether what was seen was moved to a file since: the base is behind it, and signed.
fn is_rotated(seen: ChainLink, signer: &AuditSigner, store: &dyn Store) -> Result<bool, OpenError> {
    let base = block_on(store.log_base())?;
    if base.seq < seen.seq || (base.seq == seen.seq && base.hash != seen.hash) {
        return Ok(false);
    }
    let signed = block_on(store.checkpoints(base.seq, base.seq))?;
    Ok(signed.iter().any(|checkpoint| checkpoint.link == base && checkpoint.is_signed_by(&signer.public())))
}
