//! The suspensions that last until a person resumes: of a pass, a task or a connection. The emergency stop is with
//! revocations.

use datalog::{ConnectionName, RevocationId};
use time::OffsetDateTime;

use super::Line;
use crate::store::stored::Stored;

/// A single thing that can be stopped.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Suspended {
    /// A pass or a delegated block, with everything attenuated from it.
    Pass(RevocationId),
    /// Every pass for this task, including future ones.
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
    /// Stops it. If it is already stopped, that stop stays.
    fn suspended(&self, row: SuspensionRow, event: Line) -> Stored<'_, ()>;
    fn lifted(&self, what: Suspended, event: Line) -> Stored<'_, ()>;
    fn suspensions(&self) -> Stored<'_, Vec<SuspensionRow>>;
}
