//! Ask: what a pass asks a person about waits for the answer to this very request.
//!
//! The authority keeps the question; the gateway finds it again for the same request, holds the request open as
//! long as the agent prefers, and takes a yes only as blocks that trusted approvers signed for this pass and this
//! request. Whether the request is then sent is `decide`'s to say again, and the intent uses the approval up.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use datalog::lookup::Observed;
use datalog::{ApprovalError, ApprovalId, Approved, Reason, Request, Shown, VerifiedPass};
use http::HeaderMap;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};

use crate::admit::Admitted;
use crate::gateway::Gateway;
use crate::ports::{Ask, AskError, Asked, Opinion, StoreFault};
use crate::refusal::{Fault, FaultCode, Refusal, RefusalCode, Stop};

/// The longest that a request is held open.
const LONGEST: Duration = Duration::from_secs(300);
/// How often a held request looks whether anybody still waits for it.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// How long the agent would rather wait than be told to come back: `Prefer: wait=N` (RFC 7240, section 4.3).
pub(crate) fn patience(headers: &HeaderMap) -> Option<Duration> {
    let preferences = headers.get_all("prefer").iter().filter_map(|line| line.to_str().ok());
    // Of a preference that stands twice the first counts.
    let wait = preferences.flat_map(|line| line.split(',')).find_map(|preference| {
        let (name, value) = preference.split(';').next()?.split_once('=')?;
        name.trim().eq_ignore_ascii_case("wait").then(|| value.trim().trim_matches('"').parse::<u64>().ok())
    })??;
    (wait > 0).then(|| Duration::from_secs(wait).min(LONGEST))
}

/// What it takes to wait for an answer.
pub(crate) struct Waiting<'a> {
    pub gateway: &'a Gateway,
    pub admitted: &'a Admitted,
    pub pass: &'a Arc<VerifiedPass>,
    /// Where the agent reaches this gateway: `http://HOST`.
    pub host: &'a str,
    pub patience: Option<Duration>,
    pub gone: &'a AtomicBool,
    /// Set when the gateway is to end.
    pub ending: watch::Receiver<bool>,
}

impl Waiting<'_> {
    /// The approval of this request, once there is one.
    pub(crate) async fn answer(
        &mut self,
        (request, observed): (&Request, &Observed),
        reasons: &[Reason],
    ) -> Result<Approved, Stop> {
        let mut ask = self.question(request, observed)?;
        let authority = &self.gateway.authority;
        let mut changes = authority.changes();
        let until = self.patience.map(|patience| Instant::now() + patience);
        loop {
            changes.mark_unchanged();
            let asked = self.put(&ask).await?;
            match &asked.opinion {
                Opinion::Approved { blocks } => return self.approved((request, observed), blocks, &asked.id),
                Opinion::Denied { because } => return Err(denied(because.as_deref()).into()),
                Opinion::Used => return Err(Refusal::approval_used().into()),
                Opinion::Pending => {}
            }
            let Some(until) = until else { return Err(self.required(&asked.id, reasons).into()) };
            ask.waits_for = Some(asked.id.clone());
            match self.wait(until, &mut changes).await? {
                News::Perhaps => {}
                News::None => return Err(self.required(&asked.id, reasons).into()),
            }
        }
    }

    fn question(&self, request: &Request, observed: &Observed) -> Result<Ask, Stop> {
        let sealed =
            |error: ApprovalError| Stop::from(Refusal::new(RefusalCode::Unevaluable, error.to_string()));
        let quorum = self.pass.quorum();
        Ok(Ask {
            at: self.gateway.clock.now(),
            lineage: self.pass.lineage().to_vec(),
            task: self.pass.task().to_owned(),
            pass_ends: self.pass.expires(),
            connection: request.connection.clone(),
            operation: request.operation.id.clone(),
            digest: request.digest(),
            alike: request.alike(observed),
            shown: Shown::of(request, observed),
            request: self.pass.approval_request().map_err(sealed)?,
            quorum,
            waits_for: None,
        })
    }

    async fn put(&self, ask: &Ask) -> Result<Asked, Stop> {
        let limits = &self.gateway.config.limits;
        match timeout(limits.authority, self.gateway.authority.ask(ask.clone())).await {
            Ok(Ok(asked)) => Ok(asked),
            Ok(Err(AskError::TooMany { waiting })) => Err(Fault::before(
                FaultCode::Overloaded,
                format!("{waiting} requests wait for a person already, who has to answer some first"),
            )
            .into()),
            Ok(Err(AskError::Fault(fault))) => Err(broken(&fault)),
            Err(_) => Err(broken(&StoreFault("timed out".into()))),
        }
    }

    /// The signatures are what counts, not that the authority says so.
    fn approved(
        &self,
        request: (&Request, &Observed),
        blocks: &[Vec<u8>],
        id: &ApprovalId,
    ) -> Result<Approved, Stop> {
        let keys = self.gateway.authority.approver_keys();
        Approved::verify(self.pass, request, blocks, &keys, self.gateway.clock.now())
            .and_then(
                |approved| if approved.approval() == id { Ok(approved) } else { Err(ApprovalError::Other) },
            )
            .map_err(|error| {
                tracing::warn!(%id, %error, "an approval does not hold");
                Refusal::new(
                    RefusalCode::ApprovalRequired,
                    format!("the approval {id} does not hold: {error}"),
                )
                .into()
            })
    }

    /// Until something changes, the patience ends, or nobody waits any more.
    async fn wait(
        &mut self,
        until: Instant,
        changes: &mut watch::Receiver<crate::ports::Changes>,
    ) -> Result<News, Stop> {
        loop {
            let look = (Instant::now() + LOOK_EVERY).min(until);
            let changed = tokio::select! {
                changed = changes.changed() => changed.is_ok(),
                () = sleep_until(look) => false,
            };
            if self.gone.load(Ordering::Acquire) {
                return Err(Fault::before(FaultCode::Abandoned, "the agent went away while it waited").into());
            }
            // A stop, a revocation or the end of the pass ends the wait at once.
            self.gateway.verify(&self.admitted.pass)?;
            self.gateway.covered(self.pass, self.admitted)?;
            if changed {
                return Ok(News::Perhaps);
            }
            if Instant::now() >= until || *self.ending.borrow() {
                return Ok(News::None);
            }
        }
    }

    fn required(&self, id: &ApprovalId, reasons: &[Reason]) -> Refusal {
        let mut refusal = Refusal::new(RefusalCode::ApprovalRequired, "a person is asked about this request");
        refusal.reasons = reasons.to_vec();
        refusal.approval = Some(Box::new(crate::refusal::Pending {
            id: id.clone(),
            status: format!("http://{}/approvals/{id}", self.host),
        }));
        refusal.hint("send the same request again once it is approved, or with `Prefer: wait=60` to wait for the answer")
    }
}

enum News {
    Perhaps,
    None,
}

fn denied(because: Option<&str>) -> Refusal {
    let detail = match because {
        Some(because) => format!("a person said no: {because}"),
        None => "a person said no".into(),
    };
    Refusal::new(RefusalCode::ApprovalDenied, detail)
}

fn broken(fault: &StoreFault) -> Stop {
    tracing::error!(%fault, "the authority did not take a question for a person");
    Fault::audit().into()
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn seconds(lines: &[&'static str]) -> Option<u64> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append("prefer", HeaderValue::from_static(line));
        }
        patience(&headers).map(|patience| patience.as_secs())
    }

    #[test]
    fn a_preference_to_wait_is_read_as_rfc_7240_writes_it_and_bounded() {
        assert_eq!(seconds(&["wait=60"]), Some(60));
        assert_eq!(seconds(&["respond-async, Wait=10; x"]), Some(10));
        assert_eq!(seconds(&["return=minimal", "wait=\"5\""]), Some(5));
        assert_eq!(seconds(&["wait=100000"]), Some(300));
        for none in ["wait=0", "wait", "wait=-1", "wait=soon", "await=5"] {
            assert_eq!(seconds(&[none]), None, "{none}");
        }
        assert_eq!(seconds(&[]), None);
    }
}
