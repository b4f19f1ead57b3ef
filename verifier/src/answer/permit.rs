//! What must stay true while an answer streams.

use std::sync::Arc;

use datalog::{ConnectionName, VerifiedPass};

use crate::authority::in_time::InTime;
use crate::clock::Clock;
use crate::refusal::RefusalCode;

/// Decides whether an answer may go on.
pub(crate) struct StreamPermit {
    pub in_time: InTime,
    pub clock: Arc<dyn Clock>,
    pub pass: Arc<VerifiedPass>,
    pub connection: ConnectionName,
}

impl StreamPermit {
    pub(crate) fn holds(&self) -> Result<(), RefusalCode> {
        // To the second, like `verify`.
        if self.clock.now().unix_timestamp() > self.pass.expires().unix_timestamp() {
            return Err(RefusalCode::PassExpired);
        }
        let authority = self.in_time.authority();
        let is_held = || authority.stopped_by(self.pass.lineage(), self.pass.task(), Some(&self.connection));
        let is_revoked = || self.pass.lineage().iter().any(|id| authority.is_revoked(id));
        if is_revoked() {
            return Err(RefusalCode::PassRevoked);
        }
        if authority.is_stopped() || is_held().is_some() {
            return Err(RefusalCode::Stopped);
        }
        Ok(())
    }
}
