//! What is stopped until a person resumes it: everything, or one pass, task or connection.

use super::Line;
use crate::stopped::{EmergencyStop, Stop, StopTarget};
use crate::store::stored::Stored;

pub(crate) trait StopStore {
    /// Stops everything. If it is already stopped, that stop stays.
    fn stopped(&self, stop: EmergencyStop, event: Line) -> Stored<'_, ()>;
    fn resumed(&self, event: Line) -> Stored<'_, ()>;
    fn emergency_stop(&self) -> Stored<'_, Option<EmergencyStop>>;
    /// Stops a single thing. If it is already stopped, that stop stays.
    fn stopped_one(&self, stop: Stop, event: Line) -> Stored<'_, ()>;
    fn resumed_one(&self, target: StopTarget, event: Line) -> Stored<'_, ()>;
    /// Returns the single stops, the oldest first.
    fn single_stops(&self) -> Stored<'_, Vec<Stop>>;
}
