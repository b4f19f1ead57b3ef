//! `revoke`, `stop` and `resume`: in force for the next request, and durable before they answer.
//!
//! Memory changes first: where the store fails, what was to be refused is refused all the same, and whoever
//! asked is told that it will not outlast this process.

use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::Duration;

use datalog::RevocationId;

use super::{App, AppError, RevokeArgs, RevokeReport, StopReport};
use crate::audit::{Event, EventEntry, plain};
use crate::desk::Changed;
use crate::store::{Line, RevocationRow};

const MOST: usize = 1_000;
/// Far more than it takes to drop what is under way.
const RECALL: Duration = Duration::from_secs(2);

impl App {
    /// Takes effect on the next request, for the lineage below too.
    pub async fn revoke(&self, args: RevokeArgs) -> Result<RevokeReport, AppError> {
        if args.ids.is_empty() || args.ids.len() > MOST {
            return Err(AppError::Invalid(format!("expected 1 to {MOST} ids, got {}", args.ids.len())));
        }
        let texts: Vec<String> = args.ids.iter().map(ToString::to_string).collect();
        let (mut revoked, mut already) = (Vec::new(), Vec::new());
        {
            let mut all = self.revoked.write().unwrap_or_else(PoisonError::into_inner);
            for id in args.ids {
                if all.insert(id.clone()) { revoked.push(id) } else { already.push(id) }
            }
        }
        self.desk.tell(Changed::Passes);
        // Those that were revoked before are written again: the write before may have failed.
        let now = self.clock.now();
        let because = args.because.as_deref().map(plain);
        let rows = revoked.iter().chain(&already).map(|id| {
            let event = EventEntry::on_lineage(Event::Revoked, id.as_str());
            let event = because.iter().fold(event, |event, because| event.detail(because));
            let row = RevocationRow { id: id.clone(), at: now, because: because.clone() };
            (row, event.at(now))
        });
        let written = self.store.revoked(rows.collect());
        let (written, not_recalled) = tokio::join!(written, self.recall());
        written.map_err(AppError::only_in_memory)?;
        self.checkpoint().await;
        let known = self.store.known_passes(&texts).await?;
        let is_unknown =
            |id: &RevocationId| id.as_str().starts_with("p_") && !known.iter().any(|k| k == id.as_str());
        let unknown = revoked.iter().filter(|id| is_unknown(id)).cloned().collect();
        revoked.retain(|id| !is_unknown(id));
        Ok(RevokeReport { revoked, already, unknown, not_recalled })
    }

    /// The emergency stop: no request is forwarded until `resume`.
    pub async fn stop(&self) -> Result<StopReport, AppError> {
        self.stopped.store(true, Ordering::SeqCst);
        self.desk.tell(Changed::Stop);
        let written = self.store.stopped(self.event(Event::Stopped));
        let (written, not_recalled) = tokio::join!(written, self.recall());
        written.map_err(AppError::only_in_memory)?;
        self.checkpoint().await;
        Ok(StopReport { stopped: true, not_recalled })
    }

    pub async fn resume(&self) -> Result<StopReport, AppError> {
        self.store.resumed(self.event(Event::Resumed)).await?;
        self.stopped.store(false, Ordering::SeqCst);
        self.desk.tell(Changed::Stop);
        Ok(StopReport { stopped: false, not_recalled: 0 })
    }

    /// Whether the emergency stop holds.
    pub fn stop_report(&self) -> StopReport {
        StopReport { stopped: self.stopped.load(Ordering::SeqCst), not_recalled: 0 }
    }

    /// Returns when nothing that does not stand any more is on its way to a service; or, where that takes too long,
    /// how many requests still are.
    pub(super) async fn recall(&self) -> usize {
        if tokio::time::timeout(RECALL, self.departures.recall()).await.is_ok() {
            return 0;
        }
        let not_recalled = self.departures.unanswered();
        tracing::error!(not_recalled, "requests that were stopped did not end within {RECALL:?}");
        not_recalled
    }

    fn event(&self, event: Event) -> Line {
        EventEntry::on_everything(event).at(self.clock.now())
    }
}
