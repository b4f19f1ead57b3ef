//! One question to a pass: evaluates the policy and every caveat over the facts of one request.
//!
//! It answers and explains, and permits nothing. `decide` turns a yes into a `Permitted`; `can` turns it into a line
//! of a table.

use time::OffsetDateTime;

use crate::catalog::finds::Finds;
use crate::caveats::explain;
use crate::decision::budget::Claim;
use crate::decision::context::Context;
use crate::decision::facts::{FactsSubject, request_facts};
use crate::decision::types::{Ground, LiftableBy, Reason};
use crate::decision::{doubt, lookup};
use crate::engine::actual::{Actual, actual};
use crate::engine::caveat::Caveat;
use crate::engine::evaluate::{EvaluateError, Steps, World};
use crate::engine::open::Held;
use crate::engine::ordered::{NONE, Ordered};
use crate::pass::content::Content;
use crate::pass::policy::{Policy, Rule};
use crate::request::answerable::Answerable;
use crate::request::approval::Approval;
use crate::request::canonical::{LateDigest, Request};
use crate::request::decode::error::DecodeError;
use crate::request::gather::Stage;

/// The work limit of one decision. An admitted pass needs a fraction of it on any common request.
pub(crate) const STEPS: u32 = 200_000;

/// Yes, or the ground of a no.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answered {
    Allow,
    No(Ground),
}

/// Everything that one decision depends on.
pub(crate) struct Question<'a> {
    pub(crate) content: &'a Content,
    pub(crate) policy: &'a Policy,
    pub(crate) request: &'a Request,
    pub(crate) digest: &'a LateDigest<'a>,
    pub(crate) context: &'a Context,
    pub(crate) claims: &'a [Claim<'a>],
    pub(crate) now: OffsetDateTime,
}

/// The results of the policy and of every caveat.
struct Judgement {
    rule: Result<Rule, EvaluateError>,
    failed: Vec<FailedCaveat>,
    /// Caveats that read something unknown, or are about things that the request does not name: neither met nor
    /// failed.
    open: Vec<FailedCaveat>,
    facts: Ordered,
}

struct FailedCaveat {
    block: usize,
    caveat: usize,
    error: Option<EvaluateError>,
}

impl Judgement {
    fn holds(&self) -> bool {
        self.stands() && self.open.is_empty()
    }

    /// Whether only unknown things stand against the request.
    fn stands(&self) -> bool {
        matches!(self.rule, Ok(Rule::Allowed | Rule::Approved)) && self.failed.is_empty()
    }
}

impl Question<'_> {
    /// The answer and its reasons.
    pub(crate) fn answer(&self) -> (Answered, Vec<Reason>) {
        self.answer_for(&self.told())
    }

    /// The answer, and the look-up that it lacks if nothing else stands against the request.
    pub(crate) fn lacks(&self) -> (Answered, Option<Finds>) {
        let told = self.told();
        let answer = self.answer_for(&told).0;
        let open = answer == Answered::No(Ground::Unevaluable);
        (answer, if open { told.missing(self.content.reads()) } else { None })
    }

    fn told(&self) -> Answerable {
        Answerable::of(self.request, &self.context.observed, self.content.reads())
    }

    fn answer_for(&self, told: &Answerable) -> (Answered, Vec<Reason>) {
        let approval = self.digest.approval(self.context.approved);
        let first = self.judge(told, approval);
        if first.holds() {
            return (Answered::Allow, self.why_allowed(&first));
        }
        // An approval could change something only if the pass asks.
        if self.content.asks() && approval == Approval::None {
            let second = self.judge(told, Approval::Given);
            if second.holds() {
                if let Some(hidden) = lookup::blind(self.request, &self.context.observed) {
                    return (Answered::No(Ground::Unevaluable), vec![unshown(&hidden)]);
                }
                return (Answered::No(Ground::Ask), self.why_not(&first, told, LiftableBy::Approval));
            }
            return (Answered::No(self.ground(&second)), self.why_not(&second, told, LiftableBy::Parent));
        }
        (Answered::No(self.ground(&first)), self.why_not(&first, told, LiftableBy::Parent))
    }

    fn judge(&self, told: &Answerable, approval: Approval) -> Judgement {
        let facts = self.facts_with(Stage::Request, told, approval);
        let mut steps = Steps::new(STEPS);
        let authority = self.content.authority();
        let rule = if self.request.effects.is_empty() {
            Ok(Rule::Uncovered)
        } else {
            self.policy.apply(World::of(&facts, authority, &NONE), &mut steps)
        };
        let (mut failed, mut open) = (Vec::new(), Vec::new());
        for (number, block) in self.content.blocks.iter().enumerate() {
            let world = World::of(&facts, authority, self.content.own(number));
            for (place, caveat) in block.caveats.iter().enumerate() {
                if told.unknown(caveat.reads()).is_some() {
                    open.push(FailedCaveat { block: number, caveat: place, error: None });
                    continue;
                }
                let error = match crate::engine::open::held(caveat, world, &mut steps) {
                    Ok(Held::Yes) => continue,
                    Ok(Held::Open) => {
                        open.push(FailedCaveat { block: number, caveat: place, error: None });
                        continue;
                    }
                    Ok(Held::No) => None,
                    Err(error) => Some(error),
                };
                failed.push(FailedCaveat { block: number, caveat: place, error });
            }
        }
        Judgement { rule, failed, open, facts }
    }

    /// The facts of a permitted request at a stage.
    pub(crate) fn facts(&self, stage: Stage) -> Ordered {
        let told = Answerable::of(self.request, &self.context.observed, self.content.reads());
        self.facts_with(stage, &told, self.digest.approval(self.context.approved))
    }

    fn facts_with(&self, stage: Stage, told: &Answerable, approval: Approval) -> Ordered {
        let reads = self.content.reads() | self.policy.reads(approval);
        Ordered::of(request_facts(
            reads,
            &FactsSubject {
                stage,
                request: self.request,
                digest: self.digest,
                context: self.context,
                claims: self.claims,
                zones: &self.content.zones,
                kinds: &self.content.kinds,
                told,
                approval,
                now: self.now,
            },
        ))
    }

    /// An unknown thing is a denial, not a missing fact, and no approval lifts it.
    fn why_open(&self, open: &FailedCaveat, told: &Answerable, facts: &Ordered) -> Option<Reason> {
        let caveat = self.caveat(open)?;
        let Some(unknown) = told.unknown(caveat.reads()) else {
            let mut reason = doubt::reason(open.block, caveat, facts);
            if let Some(instead) = doubt::instead(caveat, &self.request.operation) {
                reason.expected = format!("{}; {instead}", reason.expected);
            }
            return Some(reason);
        };
        let plain = unknown.without_values();
        // Agents never learn what was looked up, even if it cannot be read.
        let is_own = told.looked_up & caveat.reads() == 0;
        Some(Reason {
            block: Some(open.block),
            caveat: caveat.to_string(),
            expected: "a request that shows with certainty what the pass checks".into(),
            got: if is_own { unknown.to_string() } else { plain.clone() },
            kept: Some(plain),
            liftable_by: LiftableBy::Parent,
        })
    }

    fn ground(&self, judgement: &Judgement) -> Ground {
        if judgement.stands()
            || judgement.rule.is_err()
            || judgement.failed.iter().any(|failed| failed.error.is_some())
        {
            return Ground::Unevaluable;
        }
        let spent = |failed: &FailedCaveat| self.caveat(failed).is_some_and(|caveat| caveat.mentions("used"));
        let covered = matches!(judgement.rule, Ok(Rule::Allowed | Rule::Approved));
        if covered && judgement.failed.iter().all(spent) { Ground::Exhausted } else { Ground::Denied }
    }

    fn caveat(&self, failed: &FailedCaveat) -> Option<&Caveat> {
        self.content.blocks.get(failed.block)?.caveats.get(failed.caveat)
    }

    fn why_allowed(&self, judgement: &Judgement) -> Vec<Reason> {
        let (rule, expected) = match judgement.rule {
            Ok(Rule::Approved) => (Rule::Approved, "a person's approval of this very request"),
            _ => (Rule::Allowed, "a grant that covers it"),
        };
        vec![Reason {
            block: None,
            caveat: explain::rule_text(rule).into(),
            expected: expected.into(),
            got: explain::request(self.request),
            kept: None,
            liftable_by: LiftableBy::Nobody,
        }]
    }

    fn why_not(&self, judgement: &Judgement, told: &Answerable, liftable_by: LiftableBy) -> Vec<Reason> {
        let mut reasons: Vec<Reason> = Vec::new();
        let of_policy = |rule, expected, got| Reason {
            block: None,
            caveat: explain::rule_text(rule).into(),
            expected,
            got,
            kept: None,
            liftable_by,
        };
        match &judgement.rule {
            Ok(Rule::Allowed | Rule::Approved) => {}
            Ok(rule) => {
                let expected = explain::rule_expected(*rule, self.content, self.request);
                reasons.push(of_policy(*rule, expected, explain::request(self.request)));
            }
            Err(error) => {
                let expected = "grants that can be evaluated".into();
                reasons.push(of_policy(Rule::Uncovered, expected, error.to_string()));
            }
        }
        for failed in &judgement.failed {
            let Some(caveat) = self.caveat(failed) else { continue };
            let got = match failed.error {
                None => actual(caveat, &judgement.facts, told.looked_up),
                Some(error) => Actual { told: error.to_string(), kept: error.to_string() },
            };
            reasons.push(Reason {
                block: Some(failed.block),
                caveat: caveat.to_string(),
                expected: explain::caveat(caveat),
                got: got.told,
                kept: Some(got.kept),
                liftable_by,
            });
        }
        reasons.extend(judgement.open.iter().filter_map(|open| self.why_open(open, told, &judgement.facts)));
        reasons
    }
}

/// The reason to ask nobody: nobody could know what a yes means.
fn unshown(hidden: &DecodeError) -> Reason {
    Reason {
        block: None,
        caveat: explain::rule_text(Rule::Asked).into(),
        expected: "a request whose effect a person can be shown before they answer".into(),
        got: hidden.without_values(),
        kept: None,
        liftable_by: LiftableBy::Nobody,
    }
}
