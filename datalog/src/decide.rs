//! The only place that says yes.
//!
//! (`VerifiedPass`, `Request`, context, now) to allow, ask or deny, each owning the very request that was
//! judged. Total: it does not fail, wait, read a clock or panic. What cannot be evaluated is denied.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use time::OffsetDateTime;

use crate::budget::{self, Reservation, Spent};
use crate::decode::DecodeError;
use crate::judge::{Answered, Question};
use crate::lookup::Observed;
use crate::provenance::Known;
use crate::request::{LateDigest, Request, RequestDigest};
use crate::response::{Review, Unfit};
use crate::verify::VerifiedPass;

/// Who could lift a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LiftableBy {
    /// A person's answer to an ask.
    Approval,
    /// Whoever made the pass, by making another.
    Parent,
    Nobody,
}

/// One reason of a decision, in words for the agent and the person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// The block of the pass that the caveat stands in; none for the fixed policy.
    pub block: Option<usize>,
    /// The caveat or policy, as Datalog.
    pub caveat: String,
    pub expected: String,
    /// In the agent's own words: what its arguments hold, and whom it would reach.
    pub got: String,
    /// `got` as a record may keep it, where that holds values.
    #[serde(skip)]
    pub kept: Option<String>,
    pub liftable_by: LiftableBy,
}

impl Reason {
    /// `got` without what arguments hold, whom a request reaches, and what letters say.
    pub fn recorded(&self) -> &str {
        self.kept.as_deref().unwrap_or(&self.got)
    }

    fn uncounted(hidden: &DecodeError) -> Self {
        Self {
            block: None,
            caveat: "budget_counts".into(),
            expected: "a request that says with certainty what it takes of each budget".into(),
            got: hidden.without_values(),
            kept: None,
            liftable_by: LiftableBy::Parent,
        }
    }
}

/// What the decision depends on beside the pass and the request.
#[derive(Debug, Clone, Default)]
pub struct Context {
    /// How budgets stand; a budget that is absent was never used.
    pub used: BTreeMap<String, Spent>,
    /// The digest of a request that a person approved.
    pub approved: Option<RequestDigest>,
    /// What was looked up of what the request refers to.
    pub observed: Observed,
    /// What earlier answers have shown of the things that the request touches; nothing, unless it was asked for.
    pub known: Known,
}

/// The answer.
#[derive(Debug)]
pub enum Decided {
    Allow(Permitted),
    Ask(Refused),
    Deny(Refused),
}

/// A request that may be sent. Only `decide` makes one, and sending consumes it.
#[derive(Debug)]
pub struct Permitted {
    request: Request,
    digest: RequestDigest,
    reservations: Vec<Reservation>,
    reasons: Vec<Reason>,
    approval: Approval,
    review: Option<Review>,
}

/// Whether an approval was given to the decision, which sending then uses up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Approval {
    None,
    Given,
}

/// Why a request is not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ground {
    /// A caveat or a grant stands against it.
    Denied,
    /// A budget that is used up is all that stands against it.
    Exhausted,
    /// Something in the pass has no answer for this request.
    Unevaluable,
    /// A person has to be asked.
    Ask,
}

/// A request that may not be sent (now), and why.
#[derive(Debug)]
pub struct Refused {
    request: Request,
    digest: RequestDigest,
    ground: Ground,
    wait: Option<Duration>,
    reasons: Vec<Reason>,
}

impl Permitted {
    pub fn request(&self) -> &Request {
        &self.request
    }

    pub fn digest(&self) -> RequestDigest {
        self.digest
    }

    /// Budgets to reserve before the request leaves.
    pub fn reservations(&self) -> &[Reservation] {
        &self.reservations
    }

    /// What allowed it.
    pub fn reasons(&self) -> &[Reason] {
        &self.reasons
    }

    /// Whether it was permitted given an approval of it.
    pub fn approval(&self) -> Approval {
        self.approval
    }

    /// What the pass asks of the answer, where it asks anything.
    pub fn review(&self) -> Option<&Review> {
        self.review.as_ref()
    }

    pub fn into_request(self) -> Request {
        self.request
    }
}

impl Refused {
    /// The very request, to be judged again.
    pub fn into_request(self) -> Request {
        self.request
    }

    pub fn request(&self) -> &Request {
        &self.request
    }

    pub fn digest(&self) -> RequestDigest {
        self.digest
    }

    pub fn ground(&self) -> Ground {
        self.ground
    }

    /// Whether a budget that is used up is all that stands against it.
    pub fn exhausted(&self) -> bool {
        self.ground == Ground::Exhausted
    }

    /// How long until the budgets that are used up have room again, where waiting helps.
    pub fn wait(&self) -> Option<Duration> {
        self.wait
    }

    /// Never empty; the first is the one to show.
    pub fn reasons(&self) -> &[Reason] {
        &self.reasons
    }
}

/// Decides one request.
pub fn decide(pass: &Arc<VerifiedPass>, request: Request, context: &Context, now: OffsetDateTime) -> Decided {
    let late = LateDigest::of(&request);
    let digest = late.known();
    let claims = pass.claims(&request, &context.observed, now);
    let question = Question {
        content: pass.content(),
        policy: pass.policy(),
        request: &request,
        digest: &late,
        context,
        claims: &claims.known,
        now,
    };
    let (answer, reasons) = question.answer(pass.asks());
    match answer {
        // The pass's own caveat says so; one that another tool wrote may not.
        Answered::Allow if let Some(hidden) = &claims.unknown => {
            let reasons = vec![Reason::uncounted(hidden)];
            Decided::Deny(Refused { request, digest, ground: Ground::Unevaluable, wait: None, reasons })
        }
        Answered::Allow => {
            let review = match Review::of(pass, &question) {
                Ok(review) => review,
                Err(Unfit { ground, reason }) => {
                    let reasons = vec![*reason];
                    return Decided::Deny(Refused { request, digest, ground, wait: None, reasons });
                }
            };
            let reservations = claims.known.iter().map(|claim| claim.reservation(context)).collect();
            let approval = late.approval(context.approved);
            Decided::Allow(Permitted { request, digest, reservations, reasons, approval, review })
        }
        Answered::No(Ground::Ask) => {
            Decided::Ask(Refused { request, digest, ground: Ground::Ask, wait: None, reasons })
        }
        Answered::No(ground) => {
            let wait = if ground == Ground::Exhausted { budget::wait(&claims.known, context) } else { None };
            let wait = wait.map(Duration::from_millis);
            Decided::Deny(Refused { request, digest, ground, wait, reasons })
        }
    }
}
