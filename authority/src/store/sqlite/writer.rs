//! The one thread that writes, and group commit.
//!
//! Jobs wait in a bounded inbox; the thread takes all that are there, runs each inside one transaction, commits once,
//! and only then answers. Under load many callers share one fsync. A job that fails undoes itself alone, by a savepoint
//! of its own; one that is sure beforehand needs none, and should it fail all the same, nothing of the group is kept.
//! A commit that fails is told to everyone in it.

use std::sync::Arc;
use std::thread::JoinHandle;

use rusqlite::Connection;
use tokio::sync::{oneshot, watch};

use super::StoreFault;
use super::audit::Chain;
use super::inbox::{Awaited, Inbox};
use super::standing::{Change, Standing};
use crate::store::Line;

/// What a job leaves behind.
pub(super) enum Verdict<T> {
    Keep(T),
    /// The answer is `T`, and nothing that the job wrote stays.
    Undo(T),
}

/// What a job writes with.
pub(super) struct Writing<'a> {
    pub connection: &'a Connection,
    chain: &'a mut Chain,
    changes: &'a mut Vec<Change>,
}

impl Writing<'_> {
    /// Appends to the audit log in this transaction.
    pub fn append(&mut self, line: &Line) -> rusqlite::Result<u64> {
        self.chain.append(self.connection, line)
    }

    /// Says how a budget stands, from the commit on.
    pub fn budget(&mut self, change: Change) {
        self.changes.push(change);
    }
}

type Answering = Box<dyn FnOnce(Result<(), StoreFault>) + Send>;
type Work = Box<dyn FnOnce(&mut Writing<'_>) -> Ran + Send>;

/// How what a job wrote is undone where it fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Undoing {
    /// A savepoint copies every page that the job changes.
    Savepoint,
    /// It writes once at most, or only when it is sure.
    Group,
}

struct Job {
    work: Work,
    undoing: Undoing,
}

/// A job that ran, and whom to tell when it is durable.
struct Ran {
    outcome: Result<bool, rusqlite::Error>,
    answer: Answering,
}

/// The handle; dropping it runs what is queued and waits for the thread.
pub(super) struct Writer {
    inbox: Arc<Inbox<Job>>,
    head: watch::Receiver<u64>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub fn start(connection: Connection, standing: Arc<Standing>) -> Result<Self, StoreFault> {
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
            .map_err(|error| StoreFault(format!("the store's thread did not start: {error}")))?;
        Ok(Self { inbox, head, thread: Some(thread) })
    }

    /// Runs a job and answers when it is durable.
    pub async fn write<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Writing<'_>) -> rusqlite::Result<Verdict<T>> + Send + 'static,
    ) -> Result<T, StoreFault> {
        self.awaited(job, Undoing::Savepoint).await
    }

    /// The same for a job that writes once at most, or nothing unless it is sure to keep it.
    pub async fn write_surely<T: Send + 'static>(
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
                // A caller that went away does not need one.
                let _ = sender.send(answer);
            });
            Ran { outcome, answer }
        });
        self.inbox.put(Job { work, undoing }, Awaited::Yes);
        receiver.await.unwrap_or_else(|_| Err(stopped()))
    }

    /// Runs a job when its turn comes. For outcomes, of which there is one for each intent, so that the
    /// queue's bound holds for them too.
    pub fn write_later(&self, job: impl FnOnce(&mut Writing<'_>) -> rusqlite::Result<()> + Send + 'static) {
        self.later(job, Undoing::Savepoint);
    }

    /// The same for a job that writes once at most.
    pub fn write_once_later(
        &self,
        job: impl FnOnce(&mut Writing<'_>) -> rusqlite::Result<()> + Send + 'static,
    ) {
        self.later(job, Undoing::Group);
    }

    fn later(
        &self,
        job: impl FnOnce(&mut Writing<'_>) -> rusqlite::Result<()> + Send + 'static,
        undoing: Undoing,
    ) {
        let work: Work = Box::new(move |writing| {
            let outcome = job(writing).map(|()| true);
            let answer: Answering = Box::new(|committed| {
                if let Err(fault) = committed {
                    tracing::error!(%fault, "an outcome was not recorded");
                }
            });
            Ran { outcome, answer }
        });
        self.inbox.put(Job { work, undoing }, Awaited::No);
    }

    pub fn head(&self) -> watch::Receiver<u64> {
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
    standing: Arc<Standing>,
    /// What the jobs of this transaction changed of budgets.
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
                // The job is dropped unrun; its caller is told that the store stopped for it.
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
            // Dropping the job tells its caller.
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
                    // What it may have written before it failed is undone with everything else.
                    self.roll_back();
                }
                self.recover(&fault, answers);
            }
        }
    }

    /// A full disk makes SQLite drop the whole transaction by itself: then nobody in it was written.
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

    /// What is on disk is the end of the chain, whatever was meant to be. Where that cannot be read the next
    /// record does not fit, and is refused.
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
