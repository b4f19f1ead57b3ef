//! The same decision by biscuit-auth itself, from the same facts and the same policy text.
//!
//! It is fifty times slower and not on the path of a request. It keeps the compiled evaluator honest.

use std::sync::Arc;
use std::time::Duration;

use biscuit_auth::builder::{AuthorizerBuilder, Fact as BiscuitFact, Policy as BiscuitPolicy};
use biscuit_auth::{AuthorizerLimits, error};
use time::OffsetDateTime;

use crate::decision::context::Context;
use crate::decision::facts::{FactsSubject, request_facts};
use crate::decision::response::{Item, hidden, item_facts};
use crate::engine::caveat::Fact;
use crate::engine::ordered::Ordered;
use crate::pass::policy::POLICIES;
use crate::pass::verify::VerifiedPass;
use crate::record::stored_facts;
use crate::request::answerable::Answerable;
use crate::request::canonical::{LateDigest, Request};
use crate::request::gather::Stage;
use crate::words::value::Value;

/// What biscuit-auth says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReferenceVerdict {
    Allow,
    Deny,
}

/// Decides like biscuit-auth, with only this context.
pub fn reference(
    pass: &Arc<VerifiedPass>,
    request: &Request,
    context: &Context,
    now: OffsetDateTime,
) -> Result<ReferenceVerdict, error::Token> {
    let told = Answerable::of(request, &context.observed, pass.content().reads());
    if told.unknown(u64::MAX).is_some() {
        return Ok(ReferenceVerdict::Deny);
    }
    let facts = facts(pass, request, context, now, Stage::Request);
    if stored_facts::doubted(pass.content(), &Ordered::of(facts.clone())).is_some() {
        return Ok(ReferenceVerdict::Deny);
    }
    authorize(pass, facts)
}

/// Whether an item of the answer may be shown like this, decided by biscuit-auth over the whole pass again. None if
/// the pass reads something that the item does not state, because to biscuit-auth that is a missing fact.
pub fn reference_of_item(
    pass: &Arc<VerifiedPass>,
    request: &Request,
    context: &Context,
    now: OffsetDateTime,
    item: &Item,
) -> Result<Option<ReferenceVerdict>, error::Token> {
    let content = pass.content();
    let redacted = hidden(content, request).last().copied().unwrap_or(u64::MAX);
    if content.reads() & (item.unsaid() | redacted) != 0 {
        return Ok(None);
    }
    let mut facts = facts(pass, request, context, now, Stage::Response);
    facts.extend(item_facts(u64::MAX, item, now.unix_timestamp()).iter().cloned());
    authorize(pass, facts).map(Some)
}

fn facts(
    pass: &Arc<VerifiedPass>,
    request: &Request,
    context: &Context,
    now: OffsetDateTime,
    stage: Stage,
) -> Vec<Fact> {
    let claims = pass.claims(request, &context.observed, now).known;
    let digest = &LateDigest::of(request);
    let approval = digest.approval(context.approved);
    let (zones, kinds) = (&pass.content().zones, &pass.content().kinds);
    let told = &Answerable::of(request, &context.observed, pass.content().reads());
    let subject =
        FactsSubject { stage, request, digest, context, claims: &claims, zones, kinds, told, approval, now };
    request_facts(u64::MAX, &subject)
}

fn authorize(pass: &Arc<VerifiedPass>, facts: Vec<Fact>) -> Result<ReferenceVerdict, error::Token> {
    let mut builder = AuthorizerBuilder::new()
        .set_limits(AuthorizerLimits { max_time: Duration::from_secs(5), ..AuthorizerLimits::default() });
    for fact in facts {
        let terms: Vec<_> = fact.terms.iter().map(Value::to_term).collect();
        builder = builder.fact(BiscuitFact::new(fact.name.to_string(), terms))?;
    }
    for (_, text) in POLICIES {
        builder = builder.policy(BiscuitPolicy::try_from(text)?)?;
    }
    match builder.build(pass.biscuit())?.authorize() {
        Ok(_) => Ok(ReferenceVerdict::Allow),
        Err(error::Token::FailedLogic(_) | error::Token::Execution(_)) => Ok(ReferenceVerdict::Deny),
        Err(error) => Err(error),
    }
}
