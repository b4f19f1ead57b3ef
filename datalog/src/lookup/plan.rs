//! Which look-up a decision still lacks, as the request that fetches it.
//!
//! A plan decides until nothing is missing: what the pass refuses anyway is not looked up, and neither is what no caveat
//! reads. What only a later block reads is looked up only if the pass could read it itself: a holder writes such a block, and
//! would otherwise ask about what it may not see.

use time::OffsetDateTime;

use super::{Finds, Found, Needed, Observed, Unfound};
use super::{access, calendar, conversation, draft, event, person, thread};
use crate::budget::Claim;
use crate::catalog::{IdPart, Look, RawRequest, Service};
use crate::caveat::Caveat;
use crate::decide::{Context, Ground};
use crate::effect::{Effect, Effects};
use crate::json::Json;
use crate::judge::{Answered, Question};
use crate::request::{Body, LateDigest, Request, Scalar};
use crate::told;
use crate::verify::VerifiedPass;

/// More look-ups than this are not made for one request: a group of nine has eleven.
const MAX_LOOKS: usize = 16;

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

    /// Reads what the service answered.
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
                Finds::Series => event::of_series(&json, &self.request),
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

    /// What the decision lacks, if nothing but that stands against the request.
    fn missing(&self, pass: &VerifiedPass, now: OffsetDateTime) -> Option<Finds> {
        let claims = pass.claims(&self.request, &self.context.observed, now).known;
        let digest = LateDigest::of(&self.request);
        let question = question(pass, &self.request, &digest, &self.context, &claims, now);
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

/// The authority block reads every word that the look-up tells and any block reads.
fn is_vouched(pass: &VerifiedPass, finds: Finds) -> bool {
    let told = told::words_of(finds);
    let reads = |caveats: &[Caveat]| caveats.iter().fold(0, |bits, caveat| bits | caveat.reads());
    let authority = pass.content().blocks.first().map_or(0, |block| reads(&block.caveats));
    pass.content().reads() & told & !authority == 0
}

/// The pass allows this very request, without a count or a condition on the answer that it would have to keep.
fn may_read(pass: &VerifiedPass, request: &Request, now: OffsetDateTime) -> bool {
    let (context, digest) = (Context::default(), LateDigest::of(request));
    let content = pass.content();
    !content.asks_answers
        && content.redactions.is_empty()
        && pass.limits_for(request).is_empty()
        && question(pass, request, &digest, &context, &[], now).answer(pass.asks()).0 == Answered::Allow
}

fn is_unread_draft(request: &Request, observed: &Observed) -> bool {
    names(request, Finds::Draft) && !observed.tried(Finds::Draft) && !draft::holds_message(request)
}

/// Whether the request names what this look-up finds.
pub(crate) fn names(request: &Request, finds: Finds) -> bool {
    let observed = Observed::default();
    let mut looks = request.operation.looks.iter().filter(|look| look.finds == finds);
    looks.any(|look| !targets(look, request, &observed).is_empty())
}

/// Path and query of a look-up, for each thing that the request names or that was pointed to; none where there is none.
pub(crate) fn targets(look: &Look, request: &Request, observed: &Observed) -> Vec<Result<String, Unfound>> {
    let given = |name: &str| request.arguments.iter().any(|argument| argument.is_within(name));
    if look.without.iter().any(|name| given(name)) {
        return Vec::new();
    }
    let mut targets = vec![Ok(String::new())];
    for part in &look.get {
        let ids = match part {
            IdPart::Text(literal) => {
                targets.iter_mut().flatten().for_each(|target| target.push_str(literal));
                continue;
            }
            IdPart::Argument(name) if name.is_empty() => {
                observed.pointed(look.finds).into_iter().map(str::to_owned).collect()
            }
            IdPart::Argument(name) => meant(look, &named(request, name)),
        };
        let with = |target: &Result<String, Unfound>, id: &str| {
            let target = target.as_ref().map_err(|unfound| *unfound)?;
            if is_plain(id) { Ok(format!("{target}{}", id.replace(':', "%3A"))) } else { Err(Unfound::Id) }
        };
        targets = targets.iter().flat_map(|target| ids.iter().map(|id| with(target, id))).collect();
    }
    targets
}

/// Of the ids in an argument, which is a list of them where it has commas, those that the look-up is for.
fn meant(look: &Look, values: &[String]) -> Vec<String> {
    let ids = values.iter().flat_map(|value| value.split(','));
    let is_meant = |id: &&str| {
        let begins = look.letters.is_empty() || id.starts_with(|first| look.letters.contains(first));
        begins && !look.own.iter().any(|own| **own == **id)
    };
    ids.filter(is_meant).map(str::to_owned).collect()
}

/// The text of an argument.
pub(super) fn argument<'a>(request: &'a Request, name: &str) -> Option<&'a str> {
    let argument = request.arguments.iter().find(|argument| &*argument.name == name)?;
    match &argument.value {
        Scalar::String(text) => Some(text),
        Scalar::Int(_) | Scalar::Bool(_) | Scalar::Other(_) => None,
    }
}

/// The values of an argument, or of a field of the body that is about to be sent. What is no text is no id.
fn named(request: &Request, name: &str) -> Vec<String> {
    let text = |value: &Scalar| match value {
        Scalar::String(text) => text.clone(),
        Scalar::Int(_) | Scalar::Bool(_) | Scalar::Other(_) => String::new(),
    };
    let own = request.arguments.iter().filter(|argument| &*argument.name == name);
    let values: Vec<String> = own.map(|argument| text(&argument.value)).collect();
    if !values.is_empty() {
        return values;
    }
    let json = match &request.body {
        Body::Json(json) | Body::Related { metadata: json, .. } => json,
        Body::Empty | Body::Form(_) | Body::Media { .. } => return Vec::new(),
    };
    let field = name.split('.').try_fold(json, |at, name| at.field(name));
    field.map(|field| field.as_str().unwrap_or_default().to_owned()).into_iter().collect()
}

/// The ids that the services give out, and nothing that means more in a path or query.
pub(super) fn is_plain(id: &str) -> bool {
    (1..=256).contains(&id.len())
        && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_@.:".contains(&b))
        && id.bytes().any(|b| b != b'.')
}
