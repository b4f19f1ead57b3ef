//! Reserve: budgets are taken before the request leaves, and given back only if it certainly never did.
//!
//! What the budgets are, and what a request costs, the pass says (`decide`); the authority counts.

use std::collections::BTreeMap;
use std::time::Duration;

use datalog::{Claims, Counts, Reservation, Spent, VerifiedPass, Window};
use time::OffsetDateTime;
use tokio::time::timeout;

use crate::config::Limits;
use crate::ports::{Authority, IntentError, Record, RecordId, StoreFault};
use crate::refusal::{Fault, Refusal, RefusalCode, Stop};

/// What was used of the budgets that this request would take from. No budgets, no question to the store.
pub(crate) async fn used(
    authority: &dyn Authority,
    limits: &Limits,
    claims: Claims<'_>,
) -> Result<BTreeMap<String, Spent>, Stop> {
    // Where it cannot be told what the request takes, the decision says so.
    let asked: Vec<Reservation> = claims.known.into_iter().map(|claim| claim.takes).collect();
    if asked.is_empty() {
        return Ok(BTreeMap::new());
    }
    let spent = in_time(limits, authority.used(&asked)).await.map_err(|fault| store_fault(&fault))?;
    Ok(asked.into_iter().map(|one| one.budget).zip(spent).collect())
}

/// Takes what the decision said and writes the intent, in one durable step: all of it or nothing.
pub(crate) async fn reserve(
    authority: &dyn Authority,
    limits: &Limits,
    intent: Record,
) -> Result<RecordId, Stop> {
    let reservations = intent.reservations.clone();
    match timeout(limits.authority, authority.intent(intent)).await {
        Ok(Ok(id)) => Ok(id),
        Ok(Err(IntentError::Exhausted(budget))) => {
            // Another request of the lineage was faster between the decision and here.
            tracing::debug!(budget, "a budget ran out between decision and reservation");
            let mut refusal = Refusal::new(RefusalCode::BudgetExhausted, "a budget of the pass is used up")
                .hint("`GET /pass` shows what is left of each budget");
            refusal.wait = wait(authority, limits, &reservations, &budget).await;
            Err(refusal.into())
        }
        Ok(Err(IntentError::ApprovalUsed)) => Err(Refusal::approval_used().into()),
        Ok(Err(IntentError::Fault(fault))) => Err(store_fault(&fault)),
        Err(_) => Err(store_fault(&StoreFault("timed out".into()))),
    }
}

/// Takes one look-up of what a lineage may have looked up in a minute. The count is durable when this returns, in the store
/// that the audit log is in: look-ups come before the intent, and this is what holds them to it.
pub(crate) async fn look_up(
    authority: &dyn Authority,
    limits: &Limits,
    pass: &VerifiedPass,
    now: OffsetDateTime,
) -> Result<(), Stop> {
    let lineage = pass.lineage().first().ok_or_else(Fault::audit)?;
    let one = Reservation {
        budget: format!("{lineage}#look-ups"),
        max: limits.look_ups,
        cost: 1,
        counts: Counts::Each,
        window: Some(Window::Minute),
        at: u64::try_from(now.unix_timestamp_nanos() / 1_000_000).unwrap_or(0),
        ends: u64::try_from(pass.lineage_ends().unix_timestamp()).unwrap_or(u64::MAX),
    };
    match timeout(limits.authority, authority.take(vec![one.clone()])).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(IntentError::Fault(fault))) => Err(store_fault(&fault)),
        Ok(Err(_)) => {
            let mut refusal = Refusal::new(
                RefusalCode::BudgetExhausted,
                "as much was looked up for the pass and its relatives in this minute as may be",
            )
            .expected(format!("at most {} look-ups a minute", limits.look_ups), "one more")
            .hint("what a request refers to is looked up before it is decided on; wait, then send it again");
            let budget = one.budget.clone();
            refusal.wait = wait(authority, limits, &[one], &budget).await;
            Err(refusal.into())
        }
        Err(_) => Err(store_fault(&StoreFault("timed out".into()))),
    }
}

/// How long until a budget that ran out has room, where waiting helps.
async fn wait(
    authority: &dyn Authority,
    limits: &Limits,
    reservations: &[Reservation],
    budget: &str,
) -> Option<Duration> {
    let short: Vec<Reservation> = reservations.iter().filter(|one| one.budget == budget).cloned().collect();
    let spent = in_time(limits, authority.used(&short)).await.ok()?;
    spent.first()?.wait.map(Duration::from_millis)
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

pub(crate) fn store_fault(fault: &StoreFault) -> Stop {
    tracing::error!(%fault, "the audit log or the budgets did not answer");
    Fault::audit().into()
}
