//! The one thread that writes, and group commit.
//!
//! Jobs wait in a bounded queue; the thread takes all that are there, runs each in a savepoint of its own
//! inside one transaction, commits once, and only then answers. Under load many callers share one fsync.
//! A job that fails undoes itself alone; a commit that fails is told to everyone in it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use tokio::sync::{oneshot, watch};

use super::StoreFault;
use super::audit::Chain;
use crate::store::Line;

/// More callers than this at once are turned away.
const QUEUE: usize = 8_192;
/// The most jobs that share one transaction.
const GROUP: usize = 512;

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
}

impl Writing<'_> {
    /// Appends to the audit log in this transaction.
    pub fn append(&mut self, line: &Line) -> rusqlite::Result<u64> {
        self.chain.append(self.connection, line)
    }
}

type Answering = Box<dyn FnOnce(Result<(), StoreFault>) + Send>;
type Work = Box<dyn FnOnce(&mut Writing<'_>) -> Ran + Send>;

/// How long outcomes, which nobody waits for, wait for an intent to share its commit.
const GATHER: Duration = Duration::from_millis(10);

struct Job {
    work: Work,
    /// Whether somebody waits for it.
    awaited: bool,
}

/// A job that ran, and whom to tell when it is durable.
struct Ran {
    outcome: Result<bool, rusqlite::Error>,
    answer: Answering,
}

/// The handle; dropping it runs what is queued and waits for the thread.
pub(super) struct Writer {
    sender: Option<Sender<Job>>,
    waiting: Arc<AtomicUsize>,
    head: watch::Receiver<u64>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub fn start(connection: Connection) -> Result<Self, StoreFault> {
        let chain = Chain::load(&connection).map_err(|error| super::fault(&error))?;
        let (head_sender, head) = watch::channel(chain.head().seq);
        let (sender, jobs) = channel();
        let waiting = Arc::new(AtomicUsize::new(0));
        let thread = std::thread::Builder::new()
            .name("store-writer".into())
            .spawn({
                let waiting = waiting.clone();
                move || Loop { connection, chain, jobs, waiting, head: head_sender }.run()
            })
            .map_err(|error| StoreFault(format!("the store's thread did not start: {error}")))?;
        Ok(Self { sender: Some(sender), waiting, head, thread: Some(thread) })
    }

    /// Runs a job and answers when it is durable.
    pub async fn write<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Writing<'_>) -> rusqlite::Result<Verdict<T>> + Send + 'static,
    ) -> Result<T, StoreFault> {
        if self.waiting.load(Ordering::Relaxed) >= QUEUE {
            return Err(StoreFault(format!("more than {QUEUE} writes are waiting")));
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
        self.send(Job { work, awaited: true });
        receiver.await.unwrap_or_else(|_| Err(stopped()))
    }

    /// Runs a job when its turn comes. For outcomes, of which there is one for each intent, so that the
    /// queue's bound holds for them too.
    pub fn write_later(&self, job: impl FnOnce(&mut Writing<'_>) -> rusqlite::Result<()> + Send + 'static) {
        let work: Work = Box::new(move |writing| {
            let outcome = job(writing).map(|()| true);
            let answer: Answering = Box::new(|committed| {
                if let Err(fault) = committed {
                    tracing::error!(%fault, "an outcome was not recorded");
                }
            });
            Ran { outcome, answer }
        });
        self.send(Job { work, awaited: false });
    }

    pub fn head(&self) -> watch::Receiver<u64> {
        self.head.clone()
    }

    /// Where the thread is gone the job is dropped, and its caller sees that.
    fn send(&self, job: Job) {
        let Some(sender) = &self.sender else { return };
        self.waiting.fetch_add(1, Ordering::Relaxed);
        if sender.send(job).is_err() {
            tracing::error!("the store's thread is gone");
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.sender = None;
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
    jobs: Receiver<Job>,
    waiting: Arc<AtomicUsize>,
    head: watch::Sender<u64>,
}

impl Loop {
    fn run(mut self) {
        while let Ok(first) = self.jobs.recv() {
            let mut group = Vec::with_capacity(16);
            group.push(first);
            while group.len() < GROUP
                && let Ok(job) = self.jobs.try_recv()
            {
                group.push(job);
            }
            self.gather(&mut group);
            self.waiting.fetch_sub(group.len(), Ordering::Relaxed);
            self.commit(group);
        }
    }

    /// A commit costs the same for one job as for many: where nobody waits, it waits a little for company.
    fn gather(&self, group: &mut Vec<Job>) {
        let until = Instant::now() + GATHER;
        while group.len() < GROUP && !group.iter().any(|job| job.awaited) {
            let left = until.saturating_duration_since(Instant::now());
            match self.jobs.recv_timeout(left) {
                Ok(job) => group.push(job),
                Err(_) => return,
            }
        }
    }

    fn commit(&mut self, group: Vec<Job>) {
        let mut answers: Vec<Answering> = Vec::with_capacity(group.len());
        let begun = self.connection.execute_batch("BEGIN IMMEDIATE").map_err(|error| super::fault(&error));
        for job in group {
            match &begun {
                Ok(()) => self.run_one(job.work, &mut answers),
                // The job is dropped unrun; its caller is told that the store stopped for it.
                Err(fault) => tracing::error!(%fault, "no transaction was begun"),
            }
        }
        if begun.is_err() {
            return;
        }
        let committed = self.connection.execute_batch("COMMIT").map_err(|error| super::fault(&error));
        if committed.is_err() {
            self.roll_back();
        }
        self.head
            .send_if_modified(|head| std::mem::replace(head, self.chain.head().seq) != self.chain.head().seq);
        for answer in answers {
            answer(committed.clone());
        }
    }

    fn run_one(&mut self, work: Work, answers: &mut Vec<Answering>) {
        let kept_head = self.chain.head();
        if let Err(error) = self.connection.prepare_cached("SAVEPOINT job").and_then(|mut s| s.execute([])) {
            // Dropping the job tells its caller.
            tracing::error!(%error, "a write was not begun");
            return;
        }
        let Ran { outcome, answer } =
            work(&mut Writing { connection: &self.connection, chain: &mut self.chain });
        let keep = matches!(outcome, Ok(true));
        let end = if keep { "RELEASE job" } else { "ROLLBACK TO job" };
        let ended = self.connection.prepare_cached(end).and_then(|mut s| s.execute([]).map(|_| ()));
        if !keep {
            self.chain.restore(kept_head);
        }
        match outcome.and(ended) {
            Ok(()) => answers.push(answer),
            Err(error) => {
                let fault = super::fault(&error);
                answer(Err(fault.clone()));
                self.recover(&fault, answers);
            }
        }
    }

    /// A full disk makes SQLite drop the whole transaction by itself: then nobody in it was written.
    fn recover(&mut self, fault: &StoreFault, answers: &mut Vec<Answering>) {
        if !self.connection.is_autocommit() {
            return;
        }
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
