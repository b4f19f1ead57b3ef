//! Reserve: takes the budgets before the request leaves, and gives them back only if it certainly never left.
//!
//! The pass says which budgets there are and what a request costs (`decide`). The authority counts.

use std::collections::BTreeMap;
use std::time::Duration;

use datalog::lookup::Observed;
use datalog::{Claims, Counts, Refused, Reservation, Spent, VerifiedPass, Window};
use time::OffsetDateTime;

use crate::authority::in_time::InTime;
use crate::ports::{Fate, IntentError, Record, RecordId, Same};
use crate::refusal::unanswered::Unanswered;
use crate::refusal::{Fault, Refusal, RefusalCode};

impl InTime {
    /// Returns how much is used of the budgets that this request would take from. If there are none, it does not ask
    /// the store.
    pub(crate) async fn used(&self, claims: Claims<'_>) -> Result<BTreeMap<String, Spent>, Unanswered> {
        // If nobody knows how much the request takes, the decision says so.
        let asked: Vec<Reservation> = claims.known.into_iter().map(|claim| claim.takes).collect();
        if asked.is_empty() {
            return Ok(BTreeMap::new());
        }
        let spent = self.answer(self.authority().used(&asked)).await?;
        Ok(asked.into_iter().map(|one| one.budget).zip(spent).collect())
    }

    /// Takes the amounts of the decision and writes the intent, in one durable step: all or nothing.
    pub(crate) async fn reserve(&self, intent: Record) -> Result<RecordId, Unanswered> {
        let reservations = intent.reservations.clone();
        match self.answer(self.authority().intent(intent)).await {
            Ok(id) => Ok(id),
            Err(IntentError::Exhausted(budget)) => {
                // Another request of the lineage took the rest between the decision and this step.
                tracing::debug!(budget, "a budget ran out between decision and reservation");
                let mut refusal =
                    Refusal::new(RefusalCode::BudgetExhausted, "a budget of the pass is used up")
                        .hint("`GET /pass` shows what is left of each budget");
                refusal.wait = self.wait(&reservations, &budget).await;
                Err(refusal.into())
            }
            Err(IntentError::ApprovalUsed) => Err(Refusal::approval_used().into()),
            Err(IntentError::SentBefore(first)) => Err(Fault::sent_before(first).into()),
            Err(IntentError::Fault(fault)) => Err(fault.into()),
        }
    }

    /// Stops a request if an identical one was already sent and its agent got no answer. Then no person is asked about
    /// it.
    pub(crate) async fn not_sent_before(
        &self,
        pass: &VerifiedPass,
        refused: &Refused,
        observed: &Observed,
        now: OffsetDateTime,
    ) -> Result<(), Unanswered> {
        let Some(lineage) = pass.lineage().first() else { return Ok(()) };
        let same = Same { digest: refused.digest(), question: refused.request().question(observed, now) };
        let sent = self.answer(self.authority().sent_before(lineage, same, now)).await;
        match sent? {
            Some(first) if first.fate != Fate::OnItsWay => Err(Fault::sent_before(first).into()),
            _ => Ok(()),
        }
    }

    /// Counts one look-up. A lineage may make so many of them in a minute. The count is durable in the store of the
    /// audit log when this returns. So no look-up leaves while that store cannot write.
    pub(crate) async fn look_up(
        &self,
        pass: &VerifiedPass,
        most: u64,
        now: OffsetDateTime,
    ) -> Result<(), Unanswered> {
        let lineage = pass.lineage().first().ok_or_else(Fault::audit)?;
        let one = Reservation {
            budget: format!("{lineage}#look-ups"),
            max: most,
            cost: 1,
            counts: Counts::Each,
            window: Some(Window::Minute),
            at: u64::try_from(now.unix_timestamp_nanos() / 1_000_000).unwrap_or(0),
            ends: u64::try_from(pass.lineage_ends().unix_timestamp()).unwrap_or(u64::MAX),
        };
        match self.answer(self.authority().take(vec![one.clone()])).await {
            Ok(()) => Ok(()),
            Err(IntentError::Fault(fault)) => Err(fault.into()),
            Err(_) => {
                let mut refusal = Refusal::new(
                    RefusalCode::BudgetExhausted,
                    "the pass and its relatives have used up the look-ups of this minute",
                )
                .expected(format!("at most {} look-ups a minute", most), "one more")
                .hint(
                    "before it decides, the gateway looks up what a request refers to; wait, then send it again",
                );
                let budget = one.budget.clone();
                refusal.wait = self.wait(&[one], &budget).await;
                Err(refusal.into())
            }
        }
    }

    /// Returns how long it takes until a used-up budget has room, if waiting helps.
    async fn wait(&self, reservations: &[Reservation], budget: &str) -> Option<Duration> {
        let short: Vec<Reservation> =
            reservations.iter().filter(|one| one.budget == budget).cloned().collect();
        let spent = self.answer(self.authority().used(&short)).await.ok()?;
        spent.first()?.wait.map(Duration::from_millis)
    }

    /// Gives back what was reserved for a request that never left.
    pub(crate) async fn release(&self, reservations: &[Reservation]) {
        if reservations.is_empty() {
            return;
        }
        if let Err(fault) = self.answer(self.authority().release(reservations)).await {
            tracing::error!(%fault, "a budget could not be given back, and stays used");
        }
    }
}
