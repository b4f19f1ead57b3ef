//! The only place that says yes.
//!
//! It turns a `VerifiedPass`, a `Request`, a context and the time into allow, ask or deny. Each answer owns the request
//! that was judged. The function is total: it does not fail, wait, read a clock or panic. It denies what it cannot
//! evaluate.

use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;

use crate::decision::budget;
use crate::decision::context::Context;
use crate::decision::judge::{Answered, Question};
use crate::decision::response::review::{Review, Unfit};
use crate::decision::types::{Ground, Reason};
use crate::pass::reservation::Reservation;
use crate::pass::verify::VerifiedPass;
use crate::request::approval::Approval;
use crate::request::canonical::{LateDigest, Request, RequestDigest};

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

    /// The reasons that allowed it.
    pub fn reasons(&self) -> &[Reason] {
        &self.reasons
    }

    /// Whether an approval was needed for it.
    pub fn approval(&self) -> Approval {
        self.approval
    }

    /// The pass's conditions on the answer, if there are any.
    pub fn review(&self) -> Option<&Review> {
        self.review.as_ref()
    }

    pub fn into_request(self) -> Request {
        self.request
    }
}

impl Refused {
    /// The same request, to be judged again.
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

    /// Whether only a used-up budget stands against the request.
    pub fn exhausted(&self) -> bool {
        self.ground == Ground::Exhausted
    }

    /// How long until the used-up budgets have room again, if waiting helps.
    pub fn wait(&self) -> Option<Duration> {
        self.wait
    }

    /// The reasons: at least one. The first one is shown.
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
    let (answer, reasons) = question.answer();
    match answer {
        // The pass's own caveat would deny this, but a caveat from another tool may not.
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
