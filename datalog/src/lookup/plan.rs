//! Which look-up a decision still lacks, as the request that fetches it.
//!
//! A plan decides until nothing is missing: what the pass refuses anyway is not looked up, and neither is what no caveat
//! reads. What only a later block reads is looked up only if the pass could read it itself: a holder writes such a block, and
//! would otherwise ask about what it may not see.

use time::OffsetDateTime;

use super::{Finds, Needed, Observed, Unfound, conversation, draft, event, permission, thread};
use crate::budget::Claim;
use crate::catalog::{IdPart, Look, RawRequest, Service};
use crate::caveat::Caveat;
use crate::decide::{Context, Ground};
use crate::effect::{Effect, Effects};
use crate::json::Json;
use crate::judge::{Answered, Question};
use crate::request::{Body, Request, Scalar};
use crate::told;
use crate::verify::VerifiedPass;

/// Whether any look-up could be needed: false for nearly every request, at no cost.
pub fn could_need(pass: &VerifiedPass, request: &Request) -> bool {
    !request.operation.looks.is_empty() && (pass.asks() || pass.content().reads() & told::ALL != 0)
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

    /// The request, with what a draft holds in it, and the context with all that was found.
    pub fn into_parts(self) -> (Request, Context) {
        (self.request, self.context)
    }

    /// The next look-up. Every one is planned once, so that this ends.
    pub fn next(&mut self, pass: &VerifiedPass, service: &Service, now: OffsetDateTime) -> Option<Needed> {
        while let Some(finds) = self.missing(pass, now) {
            match self.plan(finds, pass, service, now) {
                Ok(request) => return Some(Needed { finds, request }),
                Err(unfound) => self.context.observed.note(finds, Err(unfound)),
            }
        }
        None
    }

    /// Reads what the service answered.
    pub fn learn(&mut self, needed: &Needed, answer: Result<&[u8], Unfound>) {
        let found = answer.and_then(|bytes| {
            let json = Json::parse(bytes).map_err(|_| Unfound::Unreadable)?;
            match needed.finds {
                Finds::Draft => {
                    self.context.observed.replaced = draft::pin(&json, &mut self.request)?;
                    Ok(Vec::new())
                }
                Finds::Thread => thread::participants(&json),
                Finds::Event => event::reached(&json, &mut self.request),
                Finds::Permission => permission::grantee(&json, &self.request),
                Finds::Conversation => {
                    self.context.observed.external = conversation::is_external(&json, &needed.request)?;
                    Ok(Vec::new())
                }
            }
        });
        self.context.observed.note(needed.finds, found);
    }

    /// What the decision lacks, if nothing but that stands against the request.
    fn missing(&self, pass: &VerifiedPass, now: OffsetDateTime) -> Option<Finds> {
        let claims = pass.claims(&self.request, &self.context.observed, now).known;
        let question = question(pass, &self.request, &self.context, &claims, now);
        let (answer, missing) = question.lacks(pass.asks());
        match answer {
            // Who is asked about a draft is asked about what it holds, and that is what is then sent.
            Answered::No(Ground::Ask) if is_unread_draft(&self.request, &self.context.observed) => {
                Some(Finds::Draft)
            }
            _ => missing,
        }
    }

    fn plan(
        &self,
        finds: Finds,
        pass: &VerifiedPass,
        service: &Service,
        now: OffsetDateTime,
    ) -> Result<Request, Unfound> {
        let look = find(&self.request, finds).ok_or(Unfound::Id)?;
        let target = target(look, &self.request).ok_or(Unfound::Id)??;
        let (path, query) =
            target.split_once('?').map_or((&*target, None), |(path, query)| (path, Some(query)));
        let raw = RawRequest {
            method: "GET",
            method_override: None,
            host: None,
            path,
            query,
            headers: &[],
            content_type: None,
            body: &[],
        };
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
    context: &'a Context,
    claims: &'a [Claim<'a>],
    now: OffsetDateTime,
) -> Question<'a> {
    Question {
        content: pass.content(),
        policy: pass.policy(),
        request,
        digest: request.digest(),
        context,
        claims,
        now,
    }
}

/// The authority block reads every word that the look-up tells and any block reads.
fn is_vouched(pass: &VerifiedPass, finds: Finds) -> bool {
    let told = told::words_of(finds);
    let reads = |caveats: &[Caveat]| caveats.iter().fold(0, |bits, caveat| bits | caveat.reads());
    let authority = pass.content().blocks.first().map_or(0, |block| reads(&block.caveats));
    pass.content().reads() & told & !authority == 0
}

/// The pass allows this very request, without a count or a condition on the answer that it would have to keep.
fn may_read(pass: &VerifiedPass, request: &Request, now: OffsetDateTime) -> bool {
    let context = Context::default();
    let content = pass.content();
    !content.asks_answers
        && content.redactions.is_empty()
        && pass.limits_for(request).is_empty()
        && question(pass, request, &context, &[], now).answer(pass.asks()).0 == Answered::Allow
}

pub(super) fn find(request: &Request, finds: Finds) -> Option<&Look> {
    request.operation.looks.iter().find(|look| look.finds == finds)
}

fn is_unread_draft(request: &Request, observed: &Observed) -> bool {
    names(request, Finds::Draft) && observed.of(Finds::Draft).is_none() && !draft::holds_message(request)
}

/// Whether the request names what this look-up finds.
pub(crate) fn names(request: &Request, finds: Finds) -> bool {
    find(request, finds).is_some_and(|look| target(look, request).is_some())
}

/// Path and query of the look-up; none where the request does not name what it finds.
fn target(look: &Look, request: &Request) -> Option<Result<String, Unfound>> {
    let mut text = String::new();
    for part in &look.get {
        match part {
            IdPart::Text(literal) => text.push_str(literal),
            IdPart::Argument(name) => {
                let id = named(request, name)?;
                if !is_plain(&id) {
                    return Some(Err(Unfound::Id));
                }
                text.push_str(&id);
            }
        }
    }
    Some(Ok(text))
}

/// The text of an argument.
pub(super) fn argument<'a>(request: &'a Request, name: &str) -> Option<&'a str> {
    let argument = request.arguments.iter().find(|argument| &*argument.name == name)?;
    match &argument.value {
        Scalar::String(text) => Some(text),
        Scalar::Int(_) | Scalar::Bool(_) | Scalar::Other(_) => None,
    }
}

/// An argument, or a field of the body that is about to be sent.
fn named(request: &Request, name: &str) -> Option<String> {
    let argument = request.arguments.iter().find(|argument| &*argument.name == name);
    match argument.map(|argument| &argument.value) {
        Some(Scalar::String(text)) => return Some(text.clone()),
        Some(Scalar::Int(_) | Scalar::Bool(_) | Scalar::Other(_)) => return Some(String::new()),
        None => {}
    }
    let json = match &request.body {
        Body::Json(json) | Body::Related { metadata: json, .. } => json,
        Body::Empty | Body::Form(_) | Body::Media { .. } => return None,
    };
    let field = name.split('.').try_fold(json, |at, name| at.field(name))?;
    Some(field.as_str().unwrap_or_default().to_owned())
}

/// The ids that the services give out, and nothing that means more in a path.
pub(super) fn is_plain(id: &str) -> bool {
    (1..=256).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
}
