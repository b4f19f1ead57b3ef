//! What is stopped until a person resumes it: a pass, a task, a connection. The emergency stop is with revocations.

use datalog::{ConnectionName, RevocationId};
use time::OffsetDateTime;

use super::{Line, Stored};

/// What can be stopped by itself.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Suspended {
    /// A pass or a delegated block, with everything attenuated from it.
    Pass(RevocationId),
    /// Every pass for this task, those to come too.
    Task(String),
    Connection(ConnectionName),
}

#[derive(Debug, Clone)]
pub struct SuspensionRow {
    pub what: Suspended,
    pub because: Option<String>,
    pub at: OffsetDateTime,
}

pub trait SuspensionStore {
    /// Stops it; one that is stopped already stays as it is.
    fn suspended(&self, row: SuspensionRow, event: Line) -> Stored<'_, ()>;
    fn lifted(&self, what: Suspended, event: Line) -> Stored<'_, ()>;
    fn suspensions(&self) -> Stored<'_, Vec<SuspensionRow>>;
}
