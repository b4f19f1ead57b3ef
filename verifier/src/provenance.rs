//! Where the things that a request touches come from: asked before the decision, remembered before the answer.
//!
//! Only for passes that ask; the pass says what follows from it (`decide`), the authority keeps it.

use datalog::response::Revealed;
use datalog::{ConnectionName, Known, Request, VerifiedPass};

use crate::config::Limits;
use crate::ports::{Authority, Learned};
use crate::refusal::Stop;
use crate::reserve::{in_time, store_fault};

/// What the lineage knows of the things that this request touches.
pub(crate) async fn known(
    authority: &dyn Authority,
    limits: &Limits,
    pass: &VerifiedPass,
    request: &Request,
) -> Result<Known, Stop> {
    let Some(lineage) = pass.lineage().first().filter(|_| pass.asks_provenance()) else {
        return Ok(Known::default());
    };
    if request.resources.is_empty() {
        return Ok(Known::default());
    }
    let known = authority.known(lineage, &request.connection, &request.resources);
    in_time(limits, known).await.map_err(|fault| store_fault(&fault))
}

/// Keeps the ids of an answer before the agent has it, so that its next request finds them. What cannot be kept
/// was not shown: the answer is the agent's all the same, and what it does with those ids is refused.
pub(crate) async fn remember(
    authority: &dyn Authority,
    limits: &Limits,
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
    if let Err(fault) = in_time(limits, authority.remember(shown)).await {
        tracing::error!(%fault, "the ids of an answer could not be kept, and count as not shown");
    }
}
