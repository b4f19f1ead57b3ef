//! `stop` and `resume` of one pass, task or connection. Memory changes first, as with every refusal.
//!
//! Only what exists can be stopped, so that a person in a hurry notices a typing error. A task is the exception,
//! because a stop also covers its future passes; if no pass has the task now, the answer says so. The circuit breaker
//! comes in here too.
//!
//! - Invariant: A person can stop only what exists. A resume lifts what its hint says, and names what stays stopped
//!   (`what_is_not_there_is_not_stopped`, `resuming_everything_leaves_what_was_stopped_by_its_name_and_says_so`).

use datalog::Message;

use crate::app::{
    App, AppError, Hit, LiftReport, LogQuery, StopTarget, SuspendArgs, SuspendReport, Suspension,
};
use crate::audit::{Event, EventEntry, plain};
use crate::breaker::Tripped;
use crate::desk::Changed;
use crate::nearest::nearest;
use crate::store::{Line, PassRow, Suspended, SuspensionRow};

/// How many names are listed if one is missing.
const LISTED: usize = 10;

impl App {
    /// In force from the next request on, and for requests held open or on their way back.
    pub async fn suspend(&self, args: SuspendArgs) -> Result<SuspendReport, AppError> {
        let target = checked(args.target)?;
        self.is_there(&target).await?;
        let row = SuspensionRow {
            what: target.clone().into(),
            because: args.because.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(plain),
            at: self.clock.now(),
        };
        let hit = self.hold(&row).await?;
        let unknown = |_| (0, vec!["how many passes this hits is not known".to_owned()]);
        let (passes, warnings) = self.hits(&target).await.unwrap_or_else(unknown);
        Ok(SuspendReport { stopped: info(row), hit: Hit { passes, ..hit }, warnings })
    }

    async fn hold(&self, row: &SuspensionRow) -> Result<Hit, AppError> {
        self.desk.suspensions.add(row.clone());
        self.desk.tell(Changed::Stop);
        let _turn = self.turns.stops().await;
        // Anybody who lifted it meanwhile did so before this stop.
        self.desk.suspensions.add(row.clone());
        let event = self.suspension_event(Event::Suspended, row);
        let (written, hit) = tokio::join!(self.store.suspended(row.clone(), event), self.recall());
        written.map_err(AppError::OnlyInMemory)?;
        self.checkpoint().await;
        Ok(hit)
    }

    /// Refuses something that does not exist. If the store does not answer, it is stopped anyway.
    async fn is_there(&self, target: &StopTarget) -> Result<(), AppError> {
        match target {
            StopTarget::Connection(name) if !self.live().contains_key(name) => Err(self.no_connection(name)),
            StopTarget::Pass(id) if id.as_str().starts_with("p_") => {
                match self.store.known_passes(&[id.to_string()]).await {
                    Ok(known) if known.is_empty() => Err(crate::app::pass::no_pass(id.as_str())),
                    Ok(_) | Err(_) => Ok(()),
                }
            }
            // A holder's block has no record before its first request, and a task may come later.
            StopTarget::Connection(_) | StopTarget::Pass(_) | StopTarget::Task(_) => Ok(()),
        }
    }

    /// How many passes a target means, and a note about it.
    async fn hits(&self, target: &StopTarget) -> Result<(usize, Vec<String>), AppError> {
        let of =
            |count: usize, warning: String| Ok((count, if count == 0 { vec![warning] } else { Vec::new() }));
        match target {
            StopTarget::Connection(name) => Ok((self.counting(Some(name.clone())).await?.len(), Vec::new())),
            StopTarget::Task(task) => {
                let rows = self.counting(None).await?;
                of(rows.iter().filter(|row| row.task == *task).count(), unknown_task(task, &rows))
            }
            StopTarget::Pass(id) if id.as_str().starts_with("p_") => {
                let is_own = |row: &&PassRow| row.id.as_str() == id.as_str();
                let count = self.counting(None).await?.iter().filter(is_own).count();
                of(count, "this pass has ended, or was revoked: nothing comes with it any more".into())
            }
            StopTarget::Pass(id) => {
                let query = LogQuery { pass: Some(id.clone()), limit: Some(1), ..LogQuery::default() };
                let strange = "no request has come with this block yet: look whether it is the right one";
                let warnings =
                    if self.log(query).await?.is_empty() { vec![strange.into()] } else { Vec::new() };
                Ok((1, warnings))
            }
        }
    }

    /// Lifts the stop by `suspend` or by the circuit breaker.
    pub async fn lift(&self, target: StopTarget) -> Result<LiftReport, AppError> {
        let what = Suspended::from(target.clone());
        let _turn = self.turns.stops().await;
        if !self.desk.suspensions.contains(&what) {
            return Err(self.not_stopped(&target));
        }
        let row = SuspensionRow { what: what.clone(), because: None, at: self.clock.now() };
        self.store.lifted(what.clone(), self.suspension_event(Event::Lifted, &row)).await?;
        self.desk.suspensions.remove(&what);
        self.desk.tell(Changed::Stop);
        Ok(LiftReport { lifted: target, still: self.stops() })
    }

    fn not_stopped(&self, target: &StopTarget) -> AppError {
        let stops = self.stops();
        let mut stopped: Vec<String> = stops.stops.iter().map(|one| one.target.to_string()).collect();
        if stops.everything.is_some() {
            stopped.insert(0, "everything".into());
        }
        let hint = if stopped.is_empty() {
            "nothing is stopped".into()
        } else {
            format!("stopped: {}", stopped.join(", "))
        };
        AppError::not_found(Message::new(format!("{target} is not stopped")).hint(hint))
    }

    /// Suspends a pass that was refused too often. It is in force even if it could not be written.
    pub(super) async fn trip(&self, Tripped { pass, because }: Tripped) {
        tracing::warn!(%pass, because, "a pass is suspended");
        let what = Suspended::Pass(pass);
        let row = SuspensionRow { what, because: Some(plain(&because)), at: self.clock.now() };
        if let Err(error) = self.hold(&row).await {
            tracing::error!(%error, "a suspension is not durable");
        }
    }

    /// The single things that are stopped, oldest first.
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

fn unknown_task(task: &str, rows: &[PassRow]) -> String {
    let mut tasks: Vec<&str> = rows.iter().map(|row| row.task.as_str()).collect();
    tasks.sort_unstable();
    tasks.dedup();
    let near = nearest(task, tasks.iter().copied()).map(|near| format!("; did you mean `{near}`?"));
    let listed: Vec<String> = tasks.iter().take(LISTED).map(|one| format!("`{one}`")).collect();
    let more =
        tasks.len().checked_sub(LISTED).filter(|more| *more > 0).map(|more| format!(" and {more} more"));
    match tasks.len() {
        0 => "no live pass has this task, and there is no live pass".into(),
        count => format!(
            "no live pass has this task; {count} live {}: {}{}{}",
            if count == 1 { "task" } else { "tasks" },
            listed.join(", "),
            more.unwrap_or_default(),
            near.unwrap_or_default()
        ),
    }
}

fn checked(target: StopTarget) -> Result<StopTarget, AppError> {
    match target {
        StopTarget::Task(task) if task.trim().is_empty() || task.chars().count() > 200 => {
            Err(AppError::invalid("expected a task of 1 to 200 characters"))
        }
        // As minting takes it: a task has neither spaces around it nor control characters.
        StopTarget::Task(task) if task.chars().any(char::is_control) => {
            Err(AppError::invalid("no task has control characters in it"))
        }
        StopTarget::Task(task) => Ok(StopTarget::Task(task.trim().to_owned())),
        other => Ok(other),
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
