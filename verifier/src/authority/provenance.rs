//! Where the things of a request come from: the gateway asks before the decision, and remembers before the answer.
//!
//! This is only for passes that read it. The pass says what follows from it (`decide`), and the authority stores it.
//!
//! - Invariant: Every id in a request must have been shown before, not just one of them
//!   (`every_id_of_a_batch_has_to_have_been_shown`).
//! - Invariant: Only a pass that limits provenance costs a question to the store
//!   (`a_pass_that_asks_no_provenance_costs_no_question`).

use datalog::response::Revealed;
use datalog::{ConnectionName, Known, Request, VerifiedPass};

use crate::authority::in_time::InTime;
use crate::ports::Learned;
use crate::refusal::unanswered::Unanswered;

impl InTime {
    /// Returns what the lineage knows about the things of this request.
    pub(crate) async fn known(&self, pass: &VerifiedPass, request: &Request) -> Result<Known, Unanswered> {
        let Some(lineage) = pass.lineage().first().filter(|_| pass.asks_provenance()) else {
            return Ok(Known::default());
        };
        if request.resources.is_empty() {
            return Ok(Known::default());
        }
        let known = self.authority().known(lineage, &request.connection, &request.resources);
        Ok(self.answer(known).await?)
    }

    /// Stores the ids of an answer before the agent has it, so that its next request finds them. Ids that cannot be
    /// stored count as not shown: the agent still gets the answer, but requests for those ids are refused.
    pub(crate) async fn remember(
        &self,
        pass: &VerifiedPass,
        connection: &ConnectionName,
        revealed: Revealed,
    ) {
        let Some(lineage) = pass.lineage().first() else { return };
        let Revealed { seen, created } = revealed;
        if seen.is_empty() {
            return;
        }
        let shown = Learned {
            lineage: lineage.clone(),
            ends: pass.lineage_ends(),
            connection: connection.clone(),
            seen,
            created,
        };
        if let Err(fault) = self.answer(self.authority().remember(shown)).await {
            tracing::error!(%fault, "the ids of an answer could not be kept, and count as not shown");
        }
    }
}
