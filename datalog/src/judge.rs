//! One question put to a pass: the policy and every caveat, evaluated over the facts of one request.
//!
//! It answers and explains; it permits nothing. `decide` makes a `Permitted` of a yes, `can` a line of a table.

use time::OffsetDateTime;

use crate::caveat::{Caveat, Fact};
use crate::content::{Content, Limit};
use crate::decide::{Context, Ground, LiftableBy, Reason};
use crate::decode::{self, DecodeError, Reached};
use crate::evaluate::{self, EvaluateError, Steps, World};
use crate::explain;
use crate::facts::{Subject, reads_recipients, request_facts};
use crate::policy::{Policy, Rule};
use crate::request::{Request, RequestDigest};

/// The work that one decision may be; a pass that was admitted needs a fraction of it on any common request.
const STEPS: u32 = 200_000;

/// Yes, or the ground on which it is no.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answered {
    Allow,
    No(Ground),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Approval {
    None,
    Given,
}

/// Everything that one decision depends on.
pub(crate) struct Question<'a> {
    pub(crate) content: &'a Content,
    pub(crate) policy: &'a Policy,
    pub(crate) request: &'a Request,
    pub(crate) digest: RequestDigest,
    pub(crate) context: &'a Context,
    pub(crate) limits: &'a [&'a Limit],
    pub(crate) now: OffsetDateTime,
}

/// What came of the policy and of every caveat.
struct Judgement {
    rule: Result<Rule, EvaluateError>,
    failed: Vec<Failed>,
    facts: Vec<Fact>,
}

struct Failed {
    block: usize,
    caveat: usize,
    error: Option<EvaluateError>,
}

impl Judgement {
    fn holds(&self) -> bool {
        matches!(self.rule, Ok(Rule::Allowed | Rule::Approved)) && self.failed.is_empty()
    }
}

impl Question<'_> {
    /// The answer and its reasons. `asks` tells whether an approval could change anything.
    pub(crate) fn answer(&self, asks: bool) -> (Answered, Vec<Reason>) {
        let reached = match reads_recipients(self.content.reads()) {
            false => Ok(Reached::default()),
            true => decode::reached(self.request),
        };
        match reached {
            Ok(reached) => self.answer_for(&reached, asks),
            // What cannot be told is not a missing fact but a denial, which no approval lifts.
            Err(error) => (Answered::No(Ground::Unevaluable), vec![self.unknown_recipients(&error)]),
        }
    }

    fn answer_for(&self, reached: &Reached, asks: bool) -> (Answered, Vec<Reason>) {
        let approved = self.context.approved == Some(self.digest);
        let first = self.judge(reached, if approved { Approval::Given } else { Approval::None });
        if first.holds() {
            return (Answered::Allow, self.why_allowed(&first));
        }
        if asks && !approved {
            let second = self.judge(reached, Approval::Given);
            if second.holds() {
                return (Answered::No(Ground::Ask), self.why_not(&first, LiftableBy::Approval));
            }
            return (Answered::No(self.ground(&second)), self.why_not(&second, LiftableBy::Parent));
        }
        (Answered::No(self.ground(&first)), self.why_not(&first, LiftableBy::Parent))
    }

    fn judge(&self, reached: &Reached, approval: Approval) -> Judgement {
        let digest = self.digest.hex();
        let approved = (approval == Approval::Given).then_some(digest.as_str());
        let reads = self.content.reads() | self.policy.reads(approved.is_some());
        let facts = request_facts(
            reads,
            &Subject {
                request: self.request,
                digest: &digest,
                context: self.context,
                limits: self.limits,
                zones: &self.content.zones,
                reached,
                approved,
                now: self.now,
            },
        );
        let mut steps = Steps::new(STEPS);
        let authority = self.content.blocks.first().map_or(&[][..], |block| &block.facts);
        let rule = if self.request.effects.is_empty() {
            Ok(Rule::Uncovered)
        } else {
            self.policy.apply(World { facts: [&facts, authority, &[]] }, &mut steps)
        };
        let mut failed = Vec::new();
        for (number, block) in self.content.blocks.iter().enumerate() {
            let own = if number == 0 { &[][..] } else { &block.facts };
            let world = World { facts: [&facts, authority, own] };
            for (place, caveat) in block.caveats.iter().enumerate() {
                let error = match evaluate::holds(caveat, world, &mut steps) {
                    Ok(true) => continue,
                    Ok(false) => None,
                    Err(error) => Some(error),
                };
                failed.push(Failed { block: number, caveat: place, error });
            }
        }
        Judgement { rule, failed, facts }
    }

    fn unknown_recipients(&self, error: &DecodeError) -> Reason {
        let reads = |caveat: &&Caveat| reads_recipients(caveat.reads());
        let caveats = self.content.blocks.iter().flat_map(|block| &block.caveats);
        Reason {
            block: None,
            caveat: caveats.clone().find(reads).map(ToString::to_string).unwrap_or_default(),
            expected: "a request that says with certainty whom it reaches".into(),
            got: error.to_string(),
            liftable_by: LiftableBy::Parent,
        }
    }

    fn ground(&self, judgement: &Judgement) -> Ground {
        if judgement.rule.is_err() || judgement.failed.iter().any(|failed| failed.error.is_some()) {
            return Ground::Unevaluable;
        }
        let spent = |failed: &Failed| self.caveat(failed).is_some_and(|caveat| caveat.mentions("used"));
        let covered = matches!(judgement.rule, Ok(Rule::Allowed | Rule::Approved));
        if covered && judgement.failed.iter().all(spent) { Ground::Exhausted } else { Ground::Denied }
    }

    fn caveat(&self, failed: &Failed) -> Option<&Caveat> {
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
            liftable_by: LiftableBy::Nobody,
        }]
    }

    fn why_not(&self, judgement: &Judgement, liftable_by: LiftableBy) -> Vec<Reason> {
        let mut reasons = Vec::new();
        let of_policy = |rule, expected, got| Reason {
            block: None,
            caveat: explain::rule_text(rule).into(),
            expected,
            got,
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
            reasons.push(Reason {
                block: Some(failed.block),
                caveat: caveat.to_string(),
                expected: explain::caveat(caveat),
                got: failed
                    .error
                    .map_or_else(|| explain::facts_read(caveat, &judgement.facts), |error| error.to_string()),
                liftable_by,
            });
        }
        reasons
    }
}
