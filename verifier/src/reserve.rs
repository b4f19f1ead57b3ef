//! Reserve: budgets are taken before the request leaves, and given back only if it certainly never did.
//!
//! What the budgets are, and what a request costs, the pass says (`decide`); the authority counts.

use std::collections::BTreeMap;

use datalog::{Request, Reservation, VerifiedPass};
use tokio::time::timeout;

use crate::config::Limits;
use crate::ports::{Authority, IntentError, Record, RecordId, StoreFault};
use crate::refusal::{Fault, Refusal, RefusalCode, Stop};

/// What was used of the budgets that this request would take from. No budgets, no question to the store.
pub(crate) async fn used(
    authority: &dyn Authority,
    limits: &Limits,
    pass: &VerifiedPass,
    request: &Request,
) -> Result<BTreeMap<String, u64>, Stop> {
    if pass.limits().is_empty() {
        return Ok(BTreeMap::new());
    }
    let budgets: Vec<String> =
        pass.limits_for(request).into_iter().map(|limit| limit.budget.clone()).collect();
    if budgets.is_empty() {
        return Ok(BTreeMap::new());
    }
    let counts = in_time(limits, authority.used(&budgets)).await.map_err(|fault| store_fault(&fault))?;
    Ok(budgets.into_iter().zip(counts).collect())
}

/// Takes what the decision said and writes the intent, in one durable step: all of it or nothing.
pub(crate) async fn reserve(
    authority: &dyn Authority,
    limits: &Limits,
    intent: Record,
) -> Result<RecordId, Stop> {
    match timeout(limits.authority, authority.intent(intent)).await {
        Ok(Ok(id)) => Ok(id),
        Ok(Err(IntentError::Exhausted(budget))) => {
            // Another request of the lineage was faster between the decision and here.
            tracing::debug!(budget, "a budget ran out between decision and reservation");
            Err(Refusal::new(RefusalCode::BudgetExhausted, "a budget of the pass is used up")
                .hint("`GET /pass` shows what is left of each budget")
                .into())
        }
        Ok(Err(IntentError::ApprovalUsed)) => {
            let detail = "this request was approved once, and another one like it has used that";
            Err(Refusal::new(RefusalCode::ApprovalRequired, detail)
                .hint("to do it once more, send it again: a person is asked again")
                .into())
        }
        Ok(Err(IntentError::Fault(fault))) => Err(store_fault(&fault)),
        Err(_) => Err(store_fault(&StoreFault("timed out".into()))),
    }
}

/// Gives back what was reserved for a request that never left.
pub(crate) async fn release(authority: &dyn Authority, limits: &Limits, reservations: &[Reservation]) {
    if reservations.is_empty() {
        return;
    }
    if let Err(fault) = in_time(limits, authority.release(reservations)).await {
        tracing::error!(%fault, "a budget could not be given back, and stays used");
    }
}

pub(crate) async fn in_time<T>(
    limits: &Limits,
    answer: impl Future<Output = Result<T, StoreFault>>,
) -> Result<T, StoreFault> {
    match timeout(limits.authority, answer).await {
        Ok(answer) => answer,
        Err(_) => Err(StoreFault("timed out".into())),
    }
}

fn store_fault(fault: &StoreFault) -> Stop {
    tracing::error!(%fault, "the audit log or the budgets did not answer");
    Fault::audit().into()
}
