//! Which look-up a decision still lacks, as the request that fetches it.
//!
//! A plan decides until nothing is missing. It plans no look-up if the pass refuses the request anyway, or if no caveat
//! reads the result. If only a later block reads the result, the pass itself must be allowed to read it: a holder
//! writes such a block, and could otherwise ask about things that the holder may not see.
//!
//! - Invariant: A holder cannot use a check of its own to learn what the pass may not read
//!   (`a_later_block_is_no_way_to_ask_about_what_the_pass_may_not_read`,
//!   `a_later_block_looks_nothing_up_that_the_pass_may_not_read`).

use time::OffsetDateTime;

use crate::catalog::Service;
use crate::catalog::finds::Finds;
use crate::classify::raw::RawRequest;
use crate::decision::budget::Claim;
use crate::decision::context::Context;
use crate::decision::judge::{Answered, Question};
use crate::decision::lookup::{
    Found, Needed, access, blind, calendar, conversation, draft, event, person, thread,
};
use crate::decision::types::Ground;
use crate::engine::caveat::Caveat;
use crate::pass::verify::VerifiedPass;
use crate::request::answerable;
use crate::request::canonical::{LateDigest, Request};
use crate::request::found::Unfound;
use crate::request::target::targets;
use crate::words::effect::{Effect, Effects};
use crate::words::json::Json;

/// The most look-ups for one request: a group of nine needs eleven.
const MAX_LOOKS: usize = 16;

/// Whether any look-up could be needed: false for nearly every request, at no cost.
pub fn could_need(pass: &VerifiedPass, request: &Request) -> bool {
    !request.operation.looks.is_empty() && (pass.asks() || pass.content().reads() & answerable::ALL != 0)
}

/// A request, and what is known about it so far.
#[derive(Debug)]
pub struct Inquiry {
    request: Request,
    context: Context,
}

impl Inquiry {
    pub fn about(request: Request, context: Context) -> Self {
        Self { request, context }
    }

    /// The request, with a draft's content in it, and the context with everything that was found.
    pub fn into_parts(self) -> (Request, Context) {
        (self.request, self.context)
    }

    /// The next look-up. Each is planned only once, so this ends.
    pub fn next(&mut self, pass: &VerifiedPass, service: &Service, now: OffsetDateTime) -> Option<Needed> {
        while let Some(finds) = self.missing(pass, now) {
            let target = self.untried(finds)?;
            match self.plan(finds, &target, pass, service, now) {
                Ok(request) => return Some(Needed { finds, target, request }),
                Err(unfound) => self.context.observed.note(finds, target, Err(unfound)),
            }
        }
        None
    }

    /// The first thing of the kind that was not looked up yet.
    fn untried(&self, finds: Finds) -> Option<String> {
        let observed = &self.context.observed;
        let looks = self.request.operation.looks.iter().filter(|look| look.finds == finds);
        let mut all = looks.flat_map(|look| targets(look, &self.request, observed)).filter_map(Result::ok);
        all.find(|target| observed.at(finds, target).is_none())
    }

    /// Reads the service's answer.
    pub fn learn(&mut self, needed: &Needed, answer: Result<&[u8], Unfound>) {
        let found = answer.and_then(|bytes| {
            let json = Json::parse(bytes).map_err(|_| Unfound::Unreadable)?;
            match needed.finds {
                Finds::Draft => {
                    self.context.observed.replaced = draft::pin(&json, &mut self.request)?;
                    Ok(Found::default())
                }
                Finds::Thread => thread::participants(&json),
                Finds::Event => event::reached(&json, &mut self.request),
                Finds::Series => event::of_series(&json, &needed.request),
                Finds::Imported => event::of_import(&json, &needed.request, &self.request),
                Finds::Calendar => calendar::readers(&json, &needed.request),
                Finds::Rule => calendar::of_rule(&json, &self.request),
                Finds::Permission => access::grantee(&json, &self.request),
                Finds::Access => access::all(&json),
                Finds::Conversation => conversation::standing(&json, &needed.request),
                Finds::Members => conversation::members(&json),
                Finds::Person => person::standing(&json, &needed.request),
            }
        });
        self.context.observed.note(needed.finds, needed.target.clone(), found);
    }

    /// What the decision lacks, if nothing else stands against the request.
    fn missing(&self, pass: &VerifiedPass, now: OffsetDateTime) -> Option<Finds> {
        let claims = pass.claims(&self.request, &self.context.observed, now).known;
        let digest = LateDigest::of(&self.request);
        let question = question(pass, &self.request, &digest, &self.context, &claims, now);
        let (answer, missing) = question.lacks();
        match answer {
            // A person who is asked about a draft is asked about its content, and that content is then sent.
            Answered::No(Ground::Ask) => blind::lacking(&self.request, &self.context.observed),
            _ => missing,
        }
    }

    fn plan(
        &self,
        finds: Finds,
        target: &str,
        pass: &VerifiedPass,
        service: &Service,
        now: OffsetDateTime,
    ) -> Result<Request, Unfound> {
        if self.context.observed.count() >= MAX_LOOKS {
            return Err(Unfound::TooMany);
        }
        let (path, query) =
            target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
        let raw = RawRequest { query, ..RawRequest::new("GET", path) };
        let request = service
            .classify(&self.request.connection, &self.request.account, &raw)
            .map_err(|_| Unfound::Id)?;
        let only_reads = request.effects == Effects::NONE.with(Effect::Read);
        let readable = is_vouched(pass, finds) || may_read(pass, &request, now);
        if only_reads && readable { Ok(request) } else { Err(Unfound::NotReadable) }
    }
}

fn question<'a>(
    pass: &'a VerifiedPass,
    request: &'a Request,
    digest: &'a LateDigest<'a>,
    context: &'a Context,
    claims: &'a [Claim<'a>],
    now: OffsetDateTime,
) -> Question<'a> {
    Question { content: pass.content(), policy: pass.policy(), request, digest, context, claims, now }
}

/// The authority block reads every word that the look-up informs and that any block reads.
fn is_vouched(pass: &VerifiedPass, finds: Finds) -> bool {
    let told = answerable::words_of(finds);
    let reads = |caveats: &[Caveat]| caveats.iter().fold(0, |bits, caveat| bits | caveat.reads());
    let authority = pass.content().blocks.first().map_or(0, |block| reads(&block.caveats));
    pass.content().reads() & told & !authority == 0
}

/// The pass allows this very request, without a count or a condition on the answer.
fn may_read(pass: &VerifiedPass, request: &Request, now: OffsetDateTime) -> bool {
    let (context, digest) = (Context::default(), LateDigest::of(request));
    let content = pass.content();
    !content.asks_answers
        && content.redactions.is_empty()
        && pass.limits_for(request).is_empty()
        && question(pass, request, &digest, &context, &[], now).answer().0 == Answered::Allow
}
