//! `stop` and `resume` of one pass, task or connection. Memory changes first, as with every refusal.
//!
//! The circuit breaker comes in here too. The emergency stop of everything is beside revocation.

use super::{App, AppError, StopTarget, SuspendArgs, SuspendReport, Suspension};
use crate::audit::{Event, EventEntry, plain};
use crate::breaker::Tripped;
use crate::desk::Changed;
use crate::store::{Line, Suspended, SuspensionRow};

impl App {
    /// In force for the next request, and for what is held open or on its way back.
    pub async fn suspend(&self, args: SuspendArgs) -> Result<SuspendReport, AppError> {
        let target = checked(args.target)?;
        let because = args.because.as_deref().map(plain);
        let row = SuspensionRow { what: target.into(), because, at: self.clock.now() };
        self.desk.suspensions.add(row.clone());
        self.desk.tell(Changed::Stop);
        let event = self.suspension_event(Event::Suspended, &row);
        let (written, not_recalled) = tokio::join!(self.store.suspended(row.clone(), event), self.recall());
        written.map_err(AppError::only_in_memory)?;
        self.checkpoint().await;
        Ok(SuspendReport { stopped: info(row), not_recalled })
    }

    /// Lifts what `suspend`, or the circuit breaker, stopped.
    pub async fn lift(&self, target: StopTarget) -> Result<StopTarget, AppError> {
        let what = Suspended::from(checked(target.clone())?);
        if !self.desk.suspensions.contains(&what) {
            return Err(AppError::NotFound(
                "this is not stopped\nhint: `hallpass stop --list` tells what is".into(),
            ));
        }
        let row = SuspensionRow { what: what.clone(), because: None, at: self.clock.now() };
        self.store.lifted(what.clone(), self.suspension_event(Event::Lifted, &row)).await?;
        self.desk.suspensions.remove(&what);
        self.desk.tell(Changed::Stop);
        Ok(target)
    }

    /// Suspends a pass that was refused too often. In force even where it could not be written.
    pub(super) async fn trip(&self, Tripped { pass, because }: Tripped) {
        tracing::warn!(%pass, because, "a pass is suspended");
        let args = SuspendArgs { target: StopTarget::Pass(pass), because: Some(because) };
        if let Err(error) = self.suspend(args).await {
            tracing::error!(%error, "a suspension is not durable");
        }
    }

    /// What is stopped by itself, the oldest first.
    pub fn suspensions(&self) -> Vec<Suspension> {
        self.desk.suspensions.list().into_iter().map(info).collect()
    }

    fn suspension_event(&self, event: Event, row: &SuspensionRow) -> Line {
        let entry = match &row.what {
            Suspended::Pass(id) => EventEntry::on_lineage(event, id.as_str()),
            Suspended::Task(task) => EventEntry::on_everything(event).task(task),
            Suspended::Connection(name) => EventEntry::on_connection(event, name),
        };
        row.because.iter().fold(entry, |entry, because| entry.detail(because)).at(row.at)
    }
}

fn checked(target: StopTarget) -> Result<StopTarget, AppError> {
    match &target {
        StopTarget::Task(task) if task.trim().is_empty() || task.chars().count() > 200 => {
            Err(AppError::Invalid("expected a task of 1 to 200 characters".into()))
        }
        _ => Ok(target),
    }
}

fn info(row: SuspensionRow) -> Suspension {
    let target = match row.what {
        Suspended::Pass(id) => StopTarget::Pass(id),
        Suspended::Task(task) => StopTarget::Task(task),
        Suspended::Connection(name) => StopTarget::Connection(name),
    };
    Suspension { target, because: row.because, since: row.at }
}

impl From<StopTarget> for Suspended {
    fn from(target: StopTarget) -> Self {
        match target {
            StopTarget::Pass(id) => Self::Pass(id),
            StopTarget::Task(task) => Self::Task(task),
            StopTarget::Connection(name) => Self::Connection(name),
        }
    }
}
