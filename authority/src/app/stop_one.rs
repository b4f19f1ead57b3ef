//! `stop` and `resume` of one pass, task or connection. Memory changes first, as with every refusal.
//!
//! Only what exists can be stopped, so that a person in a hurry notices a typing error. A task is the exception,
//! because a stop also covers its future passes; if no pass has the task now, the answer says so. The circuit breaker
//! comes in here too.
//!
//! - Invariant: A person can stop only what exists. A resume ends what its hint says, and names what stays stopped
//!   (`what_is_not_there_is_not_stopped`, `resuming_everything_leaves_what_was_stopped_by_its_name_and_says_so`).

use datalog::Message;

use crate::app::{App, AppError, Hit, LogQuery, ResumeReport, Stop, StopOneArgs, StopOneReport, StopTarget};
use crate::audit::{Event, EventEntry, plain};
use crate::breaker::Tripped;
use crate::desk::Changed;
use crate::nearest::nearest;
use crate::store::{Line, PassRow};

/// How many names are listed if one is missing.
const LISTED: usize = 10;

impl App {
    /// Stops one thing, from the next request on. It also stops requests that are held open or on their way back.
    pub async fn stop_one(&self, args: StopOneArgs) -> Result<StopOneReport, AppError> {
        let target = checked(args.target)?;
        self.is_there(&target).await?;
        let stop = Stop {
            target: target.clone(),
            because: args.because.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(plain),
            since: self.clock.now(),
        };
        let hit = self.enforce(&stop).await?;
        let unknown = |_| (0, vec!["the number of affected passes is unknown".to_owned()]);
        let (passes, warnings) = self.hits(&target).await.unwrap_or_else(unknown);
        Ok(StopOneReport { stopped: stop, hit: Hit { passes, ..hit }, warnings })
    }

    async fn enforce(&self, stop: &Stop) -> Result<Hit, AppError> {
        self.desk.stops.add(stop.clone());
        self.desk.tell(Changed::Stop);
        let _turn = self.turns.stops().await;
        // If somebody resumed it meanwhile, that was before this stop.
        self.desk.stops.add(stop.clone());
        let event = self.stop_event(Event::Stopped, stop);
        let (written, hit) = tokio::join!(self.store.stopped_one(stop.clone(), event), self.recall());
        written.map_err(AppError::OnlyInMemory)?;
        self.checkpoint().await;
        Ok(hit)
    }

    /// Refuses to stop something that does not exist. If the store does not answer, the thing is stopped anyway.
    async fn is_there(&self, target: &StopTarget) -> Result<(), AppError> {
        match target {
            StopTarget::Connection(name) if !self.live().contains_key(name) => Err(self.no_connection(name)),
            StopTarget::Pass(id) if id.as_str().starts_with("p_") => {
                match self.store.known_passes(&[id.to_string()]).await {
                    Ok(known) if known.is_empty() => Err(crate::app::pass::no_pass(id.as_str())),
                    Ok(_) | Err(_) => Ok(()),
                }
            }
            // A holder's block has no record before its first request, and a task may come later. So these are not
            // checked.
            StopTarget::Connection(_) | StopTarget::Pass(_) | StopTarget::Task(_) => Ok(()),
        }
    }

    /// Returns how many passes a target means, and a note if there are none.
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
                of(count, "this pass has ended, or was revoked: no request comes with it any more".into())
            }
            StopTarget::Pass(id) => {
                let query = LogQuery { pass: Some(id.clone()), limit: Some(1), ..LogQuery::default() };
                let strange = "no request has come with this block yet: check whether it is the right one";
                let warnings =
                    if self.log(query).await?.is_empty() { vec![strange.into()] } else { Vec::new() };
                Ok((1, warnings))
            }
        }
    }

    /// Ends a stop that a person or the circuit breaker made.
    pub async fn resume_one(&self, target: StopTarget) -> Result<ResumeReport, AppError> {
        let _turn = self.turns.stops().await;
        if !self.desk.stops.contains(&target) {
            return Err(self.not_stopped(&target));
        }
        let stop = Stop { target: target.clone(), because: None, since: self.clock.now() };
        self.store.resumed_one(target.clone(), self.stop_event(Event::Resumed, &stop)).await?;
        self.desk.stops.remove(&target);
        self.desk.tell(Changed::Stop);
        Ok(ResumeReport { resumed: target, still: self.stops() })
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

    /// Stops a pass that was refused too often. The stop holds even if it could not be written.
    pub(super) async fn trip(&self, Tripped { pass, because }: Tripped) {
        tracing::warn!(%pass, because, "a pass is stopped");
        let target = StopTarget::Pass(pass);
        let stop = Stop { target, because: Some(plain(&because)), since: self.clock.now() };
        if let Err(error) = self.enforce(&stop).await {
            tracing::error!(%error, "the stop of a pass is not durable");
        }
    }

    /// Returns the single things that are stopped, oldest first.
    pub fn single_stops(&self) -> Vec<Stop> {
        self.desk.stops.list()
    }

    fn stop_event(&self, event: Event, stop: &Stop) -> Line {
        let entry = match &stop.target {
            StopTarget::Pass(id) => EventEntry::on_lineage(event, id.as_str()),
            StopTarget::Task(task) => EventEntry::on_everything(event).task(task),
            StopTarget::Connection(name) => EventEntry::on_connection(event, name),
        };
        stop.because.iter().fold(entry, |entry, because| entry.detail(because)).at(stop.since)
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
        // As at minting: a task has no spaces around it and no control characters.
        StopTarget::Task(task) if task.chars().any(char::is_control) => {
            Err(AppError::invalid("no task has control characters in it"))
        }
        StopTarget::Task(task) => Ok(StopTarget::Task(task.trim().to_owned())),
        other => Ok(other),
    }
}
