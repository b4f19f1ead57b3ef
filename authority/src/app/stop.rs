//! `stop` and `resume` of everything, and the words for all stops. They hold from the next request on, and are durable
//! before they answer.
//!
//! Memory changes first. If the store then fails, requests are refused anyway, and the caller learns that this will not
//! outlast the process.
//!
//! - Invariant: A person who stops something learns how many requests were too late to call back
//!   (`whoever_stops_is_told_of_what_could_not_be_called_back`,
//!   `a_person_who_stops_reads_how_many_requests_could_not_be_called_back`).

use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::Duration;

use datalog::{ConnectionName, RevocationId};

use crate::app::{AllStops, App, AppError, EmergencyStop, Hit, StopReport, StopTarget, Stopped};
use crate::audit::{Event, EventEntry, plain};
use crate::desk::Changed;
use crate::store::{PassQuery, PassRow};

/// Far more than it takes to drop requests under way.
const RECALL: Duration = Duration::from_secs(2);
/// Passes that are counted for a report. There are never more live passes than this.
const MOST: u32 = 10_000;

impl App {
    /// Sets the emergency stop: no request is forwarded until `resume`. A stop that already holds stays.
    pub async fn stop(&self, because: Option<String>) -> Result<StopReport, AppError> {
        let because = because.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(plain);
        let now = self.clock.now();
        let stop = EmergencyStop { since: Some(now), because: because.clone() };
        let before = self.set(&stop);
        self.desk.tell(Changed::Stop);
        let _turn = self.turns.stops().await;
        // If somebody resumed meanwhile, that was before this stop.
        let changed = before | self.set(&stop);
        let event = because
            .iter()
            .fold(EventEntry::on_everything(Event::Stopped), |event, because| event.detail(because));
        let (written, hit) = tokio::join!(self.store.stopped(stop, event.at(now)), self.recall());
        written.map_err(AppError::OnlyInMemory)?;
        self.checkpoint().await;
        let hit = Hit { passes: self.counting(None).await.map_or(0, |rows| rows.len()), ..hit };
        Ok(StopReport { hit, ..self.report(changed) })
    }

    /// Sets the stop in memory. Returns whether nothing was stopped before.
    fn set(&self, stop: &EmergencyStop) -> bool {
        let mut held = self.emergency_stop.write().unwrap_or_else(PoisonError::into_inner);
        let changed = held.is_none();
        held.get_or_insert_with(|| stop.clone());
        self.stopped.store(true, Ordering::SeqCst);
        changed
    }

    /// Ends the emergency stop, and no other.
    pub async fn resume(&self) -> Result<StopReport, AppError> {
        let _turn = self.turns.stops().await;
        let changed = self.stopped.load(Ordering::SeqCst);
        let event = EventEntry::on_everything(Event::Resumed).at(self.clock.now());
        self.store.resumed(event).await?;
        *self.emergency_stop.write().unwrap_or_else(PoisonError::into_inner) = None;
        self.stopped.store(false, Ordering::SeqCst);
        self.desk.tell(Changed::Stop);
        Ok(self.report(changed))
    }

    /// Ends every stop.
    pub async fn resume_all(&self) -> Result<StopReport, AppError> {
        let mut resumed = Vec::new();
        for one in self.single_stops() {
            self.resume_one(one.target.clone()).await?;
            resumed.push(one.target);
        }
        let report = match self.stopped.load(Ordering::SeqCst) {
            true => self.resume().await?,
            false => self.report(false),
        };
        Ok(StopReport { resumed, ..report })
    }

    /// Whether the emergency stop holds.
    pub fn stop_report(&self) -> StopReport {
        self.report(false)
    }

    /// Returns everything that is stopped.
    pub fn stops(&self) -> AllStops {
        AllStops { everything: self.emergency_stop(), stops: self.single_stops() }
    }

    fn report(&self, changed: bool) -> StopReport {
        StopReport {
            stopped: self.stopped.load(Ordering::SeqCst),
            changed,
            hit: Hit::default(),
            resumed: Vec::new(),
            stops: self.single_stops(),
        }
    }

    pub(super) fn emergency_stop(&self) -> Option<EmergencyStop> {
        self.emergency_stop.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns the stop of a pass, if it is stopped. The stop of the pass itself comes first.
    pub(super) fn stopped_pass(&self, row: &PassRow) -> Option<Stopped> {
        let stops = self.single_stops();
        let id = RevocationId::from(&row.id);
        let of_pass = |one: &StopTarget| matches!(one, StopTarget::Pass(own) if *own == id);
        let of_task = |one: &StopTarget| matches!(one, StopTarget::Task(task) if *task == row.task);
        let found = |is: &dyn Fn(&StopTarget) -> bool| stops.iter().find(|one| is(&one.target)).cloned();
        // A pass for several connections still counts for those that are not stopped.
        let connections = || {
            let stopped = |name: &ConnectionName| {
                found(&|one| matches!(one, StopTarget::Connection(own) if own == name))
            };
            row.connections.iter().find_map(stopped)
        };
        let by_itself = found(&of_pass).or_else(|| found(&of_task)).map(Stopped::from);
        by_itself
            .or_else(|| self.emergency_stop().map(Stopped::from))
            .or_else(|| connections().map(Stopped::from))
    }

    /// Returns the passes that count now, or would count if nothing were stopped.
    pub(super) async fn counting(
        &self,
        connection: Option<ConnectionName>,
    ) -> Result<Vec<PassRow>, AppError> {
        let query = PassQuery {
            connection,
            revoked: Some(false),
            ends_after: Some(self.clock.now()),
            ends_before: None,
            limit: MOST,
        };
        let trusted = self.keyring.trusted();
        let mut rows = self.store.passes(query).await?;
        rows.retain(|row| trusted.iter().any(|(id, _)| id == row.root_key));
        Ok(rows)
    }

    /// Waits until no stopped request is on its way to a service. If that takes too long, returns how many still are.
    pub(super) async fn recall(&self) -> Hit {
        let before = self.in_flight.called_back();
        let in_time = tokio::time::timeout(RECALL, self.in_flight.recall()).await.is_ok();
        let called_back = self.in_flight.called_back().saturating_sub(before);
        let not_recalled = if in_time { 0 } else { self.in_flight.unanswered() };
        if !in_time {
            tracing::error!(not_recalled, "requests that were stopped did not end within {RECALL:?}");
        }
        Hit { passes: 0, called_back, not_recalled }
    }
}
