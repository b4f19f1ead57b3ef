//! The one thread that writes, and group commit.
//!
//! Jobs wait in a bounded inbox. The thread takes all of them, runs each inside one transaction, commits once, and only
//! then answers, so under load many callers share one fsync. A failed job undoes only itself, by its own savepoint. A
//! job that is sure to succeed has no savepoint; if it fails anyway, nothing of the group is stored. If a commit fails,
//! everybody in it is told.
//!
//! - Invariant: While the disk takes no record, nothing is forwarded. Once it takes them again, no restart is needed
//!   (`on_a_full_disk_nothing_is_forwarded_until_there_is_room`,
//!   `on_a_disk_that_takes_no_write_nothing_is_forwarded_until_it_does`).

use std::sync::Arc;
use std::thread::JoinHandle;

use rusqlite::Connection;
use tokio::sync::{oneshot, watch};

use super::StoreFault;
use super::budget_cache::{BudgetCache, Change};
use super::inbox::{Awaited, Inbox};
use crate::store::Line;
use crate::store::sqlite::chain::Chain;

/// The result of a job.
pub(super) enum Verdict<T> {
    Keep(T),
    /// The answer is `T`, and nothing that the job wrote is kept.
    Undo(T),
}

/// The job's access to the database.
pub(super) struct Writing<'a> {
    pub connection: &'a Connection,
    chain: &'a mut Chain,
    changes: &'a mut Vec<Change>,
}

impl Writing<'_> {
    /// Appends to the audit log in this transaction.
    pub(super) fn append(&mut self, line: &Line) -> rusqlite::Result<u64> {
        self.chain.append(self.connection, line)
    }

    /// Sets the state of a budget. It holds from the commit on.
    pub(super) fn budget(&mut self, change: Change) {
        self.changes.push(change);
    }
}

type Answering = Box<dyn FnOnce(Result<(), StoreFault>) + Send>;
type Work = Box<dyn FnOnce(&mut Writing<'_>) -> Ran + Send>;

/// How a failed job's writes are undone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Undoing {
    /// By a savepoint, which copies every page that the job changes.
    Savepoint,
    /// With its group, because the job writes at most once, or writes only if it is sure.
    Group,
}

struct Job {
    work: Work,
    undoing: Undoing,
}

/// A finished job, and its answer, which is sent when the job is durable.
struct Ran {
    outcome: Result<bool, rusqlite::Error>,
    answer: Answering,
}

/// The handle. Dropping it runs the queued jobs and waits for the thread.
pub(super) struct Writer {
    inbox: Arc<Inbox<Job>>,
    head: watch::Receiver<u64>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub(super) fn start(connection: Connection, standing: Arc<BudgetCache>) -> Result<Self, StoreFault> {
        let chain = Chain::load(&connection).map_err(|error| super::fault(&error))?;
        let (head_sender, head) = watch::channel(chain.head().seq);
        let inbox = Arc::new(Inbox::default());
        let jobs = inbox.clone();
        let thread = std::thread::Builder::new()
            .name("store-writer".into())
            .spawn(move || {
                let changes = Vec::new();
                Loop { connection, chain, jobs, standing, changes, head: head_sender }.run();
            })
            .map_err(|error| StoreFault::new(format!("the store's thread did not start: {error}")))?;
        Ok(Self { inbox, head, thread: Some(thread) })
    }

    /// Runs a job and answers when it is durable.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Writing<'_>) -> rusqlite::Result<Verdict<T>> + Send + 'static,
    ) -> Result<T, StoreFault> {
        self.awaited(job, Undoing::Savepoint).await
    }

    /// The same for a job that writes at most once, or that writes only if it is sure to keep everything.
    pub(super) async fn write_surely<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Writing<'_>) -> rusqlite::Result<Verdict<T>> + Send + 'static,
    ) -> Result<T, StoreFault> {
        self.awaited(job, Undoing::Group).await
    }

    async fn awaited<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Writing<'_>) -> rusqlite::Result<Verdict<T>> + Send + 'static,
        undoing: Undoing,
    ) -> Result<T, StoreFault> {
        if self.inbox.is_full() {
            return Err(StoreFault("more writes are waiting than may".into()));
        }
        let (sender, receiver) = oneshot::channel();
        let work: Work = Box::new(move |writing| {
            let (outcome, value) = match job(writing) {
                Ok(Verdict::Keep(value)) => (Ok(true), Some(value)),
                Ok(Verdict::Undo(value)) => (Ok(false), Some(value)),
                Err(error) => (Err(error), None),
            };
            let answer: Answering = Box::new(move |committed| {
                let answer = committed.and_then(|()| value.ok_or_else(|| StoreFault("no answer".into())));
                // If the caller has gone away, it needs no answer.
                let _ = sender.send(answer);
            });
            Ran { outcome, answer }
        });
        self.inbox.put(Job { work, undoing }, Awaited::Yes);
        receiver.await.unwrap_or_else(|_| Err(stopped()))
    }

    /// Runs a job when its turn comes. It is for outcomes. Each intent has one outcome, so the limit of the queue holds
    /// for them too.
    pub(super) fn write_later(
        &self,
        job: impl FnOnce(&mut Writing<'_>) -> rusqlite::Result<()> + Send + 'static,
    ) {
        self.later(job, Undoing::Savepoint, || {});
    }

    /// The same. `then` is called after the commit. If there is no commit, it is not called.
    pub(super) fn write_later_and(
        &self,
        job: impl FnOnce(&mut Writing<'_>) -> rusqlite::Result<()> + Send + 'static,
        then: impl FnOnce() + Send + 'static,
    ) {
        self.later(job, Undoing::Savepoint, then);
    }

    /// The same for a job that writes at most once.
    pub(super) fn write_once_later(
        &self,
        job: impl FnOnce(&mut Writing<'_>) -> rusqlite::Result<()> + Send + 'static,
    ) {
        self.later(job, Undoing::Group, || {});
    }

    fn later(
        &self,
        job: impl FnOnce(&mut Writing<'_>) -> rusqlite::Result<()> + Send + 'static,
        undoing: Undoing,
        then: impl FnOnce() + Send + 'static,
    ) {
        let work: Work = Box::new(move |writing| {
            let outcome = job(writing).map(|()| true);
            let answer: Answering = Box::new(move |committed| match committed {
                Ok(()) => then(),
                Err(fault) => tracing::error!(%fault, "an outcome was not recorded"),
            });
            Ran { outcome, answer }
        });
        self.inbox.put(Job { work, undoing }, Awaited::No);
    }

    pub(super) fn head(&self) -> watch::Receiver<u64> {
        self.head.clone()
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.inbox.close();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the store's thread panicked");
        }
    }
}

struct Loop {
    connection: Connection,
    chain: Chain,
    jobs: Arc<Inbox<Job>>,
    standing: Arc<BudgetCache>,
    /// The budget changes of this transaction's jobs.
    changes: Vec<Change>,
    head: watch::Sender<u64>,
}

impl Loop {
    fn run(mut self) {
        while let Some(group) = self.jobs.take() {
            self.commit(group);
        }
    }

    fn commit(&mut self, group: Vec<Job>) {
        let mut answers: Vec<Answering> = Vec::with_capacity(group.len());
        let begun = self.execute("BEGIN IMMEDIATE").map_err(|error| super::fault(&error));
        for job in group {
            match &begun {
                Ok(()) => self.run_one(job, &mut answers),
                // The job does not run. Its caller learns that the store has stopped.
                Err(fault) => tracing::error!(%fault, "no transaction was begun"),
            }
        }
        if begun.is_err() {
            return;
        }
        let committed = self.execute("COMMIT").map_err(|error| super::fault(&error));
        if committed.is_err() {
            self.roll_back();
        }
        self.standing.learn(std::mem::take(&mut self.changes));
        self.head
            .send_if_modified(|head| std::mem::replace(head, self.chain.head().seq) != self.chain.head().seq);
        for answer in answers {
            answer(committed.clone());
        }
    }

    fn execute(&self, statement: &str) -> rusqlite::Result<()> {
        self.connection.prepare_cached(statement)?.execute([]).map(|_| ())
    }

    fn run_one(&mut self, job: Job, answers: &mut Vec<Answering>) {
        let savepoint = job.undoing == Undoing::Savepoint;
        let (kept_head, kept_changes) = (self.chain.head(), self.changes.len());
        if savepoint && let Err(error) = self.execute("SAVEPOINT job") {
            // The job is dropped, and by that its caller learns it.
            tracing::error!(%error, "a write was not begun");
            return;
        }
        let Loop { connection, chain, changes, .. } = self;
        let Ran { outcome, answer } = (job.work)(&mut Writing { connection, chain, changes });
        let keep = matches!(outcome, Ok(true));
        if !keep {
            self.chain.restore(kept_head);
            self.changes.truncate(kept_changes);
        }
        let ended = match (savepoint, keep) {
            (true, true) => self.execute("RELEASE job"),
            (true, false) => self.execute("ROLLBACK TO job"),
            (false, _) => Ok(()),
        };
        match outcome.and(ended) {
            Ok(()) => answers.push(answer),
            Err(error) => {
                let fault = super::fault(&error);
                answer(Err(fault.clone()));
                if !savepoint {
                    // If the job wrote anything before it failed, that is undone with everything else.
                    self.roll_back();
                }
                self.recover(&fault, answers);
            }
        }
    }

    /// Recovers after a fault. On a full disk SQLite drops the whole transaction by itself, so nothing in it was
    /// written.
    fn recover(&mut self, fault: &StoreFault, answers: &mut Vec<Answering>) {
        if !self.connection.is_autocommit() {
            return;
        }
        self.changes.clear();
        self.reload_chain();
        for answer in answers.drain(..) {
            answer(Err(fault.clone()));
        }
        if let Err(error) = self.connection.execute_batch("BEGIN IMMEDIATE") {
            tracing::error!(%error, "no transaction was begun");
        }
    }

    fn roll_back(&mut self) {
        if !self.connection.is_autocommit()
            && let Err(error) = self.connection.execute_batch("ROLLBACK")
        {
            tracing::error!(%error, "a failed commit was not rolled back");
        }
        self.changes.clear();
        self.reload_chain();
    }

    /// Sets the end of the chain to what is on disk, whatever was intended. If the disk cannot be read, the next record
    /// does not fit, and is refused.
    fn reload_chain(&mut self) {
        match Chain::load(&self.connection) {
            Ok(chain) => self.chain = chain,
            Err(error) => tracing::error!(%error, "the end of the audit log cannot be read"),
        }
    }
}

fn stopped() -> StoreFault {
    StoreFault("the write was not made".into())
}
