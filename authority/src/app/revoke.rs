//! `revoke`: it is in force from the next request on, and durable before it answers.
//!
//! Memory changes first. If the store then fails, the pass is refused anyway, and the caller learns that this will not
//! outlast the process.
//!
//! - Invariant: A revocation holds from the next request on, and after a restart
//!   (`a_revocation_is_in_force_at_once_and_after_a_restart`).

use std::sync::PoisonError;

use datalog::RevocationId;

use crate::app::{App, AppError, Hit, RevokeArgs, RevokeReport};
use crate::audit::{Event, EventEntry, plain};
use crate::desk::Changed;
use crate::store::RevocationRow;

const MOST: usize = 1_000;

impl App {
    /// Revokes passes from the next request on, with everything attenuated from them.
    pub async fn revoke(&self, args: RevokeArgs) -> Result<RevokeReport, AppError> {
        if args.ids.is_empty() || args.ids.len() > MOST {
            return Err(AppError::invalid(format!("expected 1 to {MOST} ids, got {}", args.ids.len())));
        }
        let (mut ids, unknown) = self.minted_here(args.ids).await;
        if args.even_unknown {
            ids.extend(unknown.iter().cloned());
        }
        if ids.is_empty() {
            return Err(crate::app::pass::no_pass(unknown.first().map_or("", RevocationId::as_str)));
        }
        let (mut revoked, mut already) = (Vec::new(), Vec::new());
        {
            let mut all = self.revoked.write().unwrap_or_else(PoisonError::into_inner);
            for id in ids {
                if all.insert(id.clone()) { revoked.push(id) } else { already.push(id) }
            }
        }
        self.desk.tell(Changed::Passes);
        // Earlier revocations are written again, because the write before may have failed.
        let now = self.clock.now();
        let because = args.because.as_deref().map(plain);
        let rows = revoked.iter().chain(&already).map(|id| {
            let event = EventEntry::on_lineage(Event::Revoked, id.as_str());
            let event = because.iter().fold(event, |event, because| event.detail(because));
            let row = RevocationRow { id: id.clone(), at: now, because: because.clone() };
            (row, event.at(now))
        });
        let written = self.store.revoked(rows.collect());
        let (written, Hit { not_recalled, .. }) = tokio::join!(written, self.recall());
        written.map_err(AppError::OnlyInMemory)?;
        self.checkpoint().await;
        revoked.retain(|id| !unknown.contains(id));
        Ok(RevokeReport { revoked, already, unknown, not_recalled })
    }

    /// Splits the ids in two. The first are ids of passes minted here, and ids of blocks: nobody can know a block
    /// before its first use. The second belong to no known pass. If the store does not answer, every id is among the
    /// first.
    async fn minted_here(&self, ids: Vec<RevocationId>) -> (Vec<RevocationId>, Vec<RevocationId>) {
        let texts: Vec<String> = ids.iter().map(ToString::to_string).collect();
        let Ok(known) = self.store.known_passes(&texts).await else { return (ids, Vec::new()) };
        let is_known =
            |id: &RevocationId| !id.as_str().starts_with("p_") || known.iter().any(|one| one == id.as_str());
        ids.into_iter().partition(is_known)
    }
}
